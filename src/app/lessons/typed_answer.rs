//! The answer to a question as it is typed: the number of an answer, or a number.

use crate::analysis::lesson::Prediction;

/// The maximum number of characters.
const MAX_LENGTH: usize = 8;

/// The digits and the decimal point that were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypedAnswer(String);

impl TypedAnswer {
    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Adds a character. Returns `false` if it is no part of a number.
    pub(super) fn push(&mut self, typed: char) -> bool {
        let typed = if typed == ',' { '.' } else { typed };
        let is_point = typed == '.';
        if !(typed.is_ascii_digit() || is_point) {
            return false;
        }
        if self.0.len() < MAX_LENGTH && !(is_point && self.0.contains('.')) {
            self.0.push(typed);
        }
        true
    }

    /// Deletes the last character. Returns `false` if there is none.
    pub(super) fn pop(&mut self) -> bool {
        self.0.pop().is_some()
    }

    /// Replaces the text by the number of the answer with this index.
    pub(super) fn choose(&mut self, index: usize) {
        self.0 = (index + 1).to_string();
    }

    /// Returns the prediction that the text stands for, if there are this many answers: one digit is the
    /// number of an answer, as long as there is one; anything else is a number.
    pub(super) fn prediction(&self, answers: usize) -> Option<Prediction> {
        let index = match self.0.as_bytes() {
            [digit @ b'1'..=b'9'] => Some(usize::from(digit - b'1')),
            _ => None,
        };
        if let Some(index) = index.filter(|&index| index < answers) {
            return Some(Prediction::Answer(index));
        }
        self.0.parse().ok().map(Prediction::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Option<Prediction> {
        let mut answer = TypedAnswer::default();
        text.chars().for_each(|c| _ = answer.push(c));
        answer.prediction(4)
    }

    #[test]
    fn one_digit_is_an_answer_and_anything_longer_a_number() {
        assert_eq!(typed("1"), Some(Prediction::Answer(0)));
        assert_eq!(typed("4"), Some(Prediction::Answer(3)));
        assert_eq!(typed("5"), Some(Prediction::Number(5.0)));
        assert_eq!(typed("0"), Some(Prediction::Number(0.0)));
        assert_eq!(typed("12"), Some(Prediction::Number(12.0)));
        assert_eq!(typed("2.0"), Some(Prediction::Number(2.0)));
        assert_eq!(typed("2,5"), Some(Prediction::Number(2.5)));
        assert_eq!(typed("1."), Some(Prediction::Number(1.0)));
        assert_eq!(typed(".5"), Some(Prediction::Number(0.5)));
    }

    #[test]
    fn text_that_is_no_number_is_no_prediction() {
        assert_eq!(typed(""), None);
        assert_eq!(typed("."), None);
    }

    #[test]
    fn typing_stops_at_the_maximum_length_and_at_a_second_point() {
        assert_eq!(typed("123456789"), Some(Prediction::Number(12_345_678.0)));
        assert_eq!(typed("1.2.3"), Some(Prediction::Number(1.23)));
    }

    #[test]
    fn deleting_ends_at_the_empty_text() {
        let mut answer = TypedAnswer::default();
        answer.choose(2);
        assert_eq!((answer.pop(), answer.pop(), answer.text()), (true, false, ""));
    }
}
