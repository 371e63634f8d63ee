//! The predictions and what happened, for the main screen after the lessons.

use std::io::{self, Write as _};

use crate::app::lessons::LessonRecord;
use crate::run::word_wrap::WordWrap;
use crate::terminal::writer::{SHUTDOWN_GRACE, Writer};

use super::lesson_list::tidy;

/// Prints three lines for each question that was answered, or nothing if none was. A terminal that accepts
/// no output delays the exit only briefly.
pub(super) fn print(records: &[LessonRecord], width: Option<u16>) {
    let mut text = Vec::new();
    let mut wrap = WordWrap::new(&mut text, width);
    // Writing to memory cannot fail.
    _ = wrap.write_all(lines(records).as_bytes()).and_then(|()| wrap.flush());
    if !text.is_empty()
        && let Ok(writer) = Writer::start(io::stdout())
    {
        writer.write(text).wait(SHUTDOWN_GRACE);
    }
}

fn lines(records: &[LessonRecord]) -> String {
    let mut text = String::new();
    for record in records {
        text += &labelled("lesson", &record.title);
        let judgement = if record.is_right { ", as you said" } else { "" };
        text += &labelled("you said", &record.predicted);
        let why = if record.why.is_empty() { String::new() } else { format!(": {}", record.why) };
        text += &labelled("it was", &format!("{}{judgement}{why}", record.happened));
    }
    text
}

/// Returns a line of a label and a text, aligned as in the plain report.
pub(super) fn labelled(label: &str, text: &str) -> String {
    format!("{label:12} {}\n", tidy(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_has_its_prediction_and_what_happened() {
        let record = |predicted: &str, is_right| LessonRecord {
            title: "Waves".to_owned(),
            predicted: predicted.to_owned(),
            happened: "2.10 s".to_owned(),
            is_right,
            why: "Five pages\u{1b}[2J took two waves.".to_owned(),
        };
        assert_eq!(
            lines(&[record("about 1 s", false), record("2 s", true)]),
            "lesson       Waves\n\
             you said     about 1 s\n\
             it was       2.10 s: Five pages\\u{1b}[2J took two waves.\n\
             lesson       Waves\n\
             you said     2 s\n\
             it was       2.10 s, as you said: Five pages\\u{1b}[2J took two waves.\n"
        );
        assert_eq!(lines(&[]), "");
    }
}
