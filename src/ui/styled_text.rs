//! Text with styles, wrapped between words.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text;
use super::theme::Theme;
use crate::analysis::lesson::FilledText;

/// A text whose parts have styles of their own.
#[derive(Clone, Debug, Default)]
pub(super) struct StyledText(Vec<(String, Style)>);

/// A word, whose parts may differ in style.
#[derive(Default)]
struct StyledWord {
    parts: Vec<(String, Style)>,
    width: usize,
}

impl StyledText {
    /// Appends words in a style. Adds a space before them, unless the text is empty.
    pub(super) fn sentence(mut self, words: impl AsRef<str>, style: Style, theme: Theme) -> Self {
        self.push_space(style);
        self.push(words.as_ref(), style, theme);
        self
    }

    /// Appends the text of a lesson, whose words about parts of the screen have the accent.
    pub(super) fn filled(mut self, text: &FilledText, style: Style, theme: Theme) -> Self {
        self.push_space(style);
        for part in &text.0 {
            let style = part.highlight.map_or(style, |_| theme.accent());
            self.push(&part.text, style, theme);
        }
        self
    }

    /// Appends words without a space before them.
    pub(super) fn push(&mut self, words: &str, style: Style, theme: Theme) {
        self.0.push((text::to_drawable(words.to_owned(), theme), style));
    }

    fn push_space(&mut self, style: Style) {
        if !self.0.is_empty() {
            self.0.push((" ".to_owned(), style));
        }
    }

    /// Wraps the text into lines of `width` cells. A word that is longer than a line is cut.
    pub(super) fn lines(&self, theme: Theme, width: usize) -> Vec<Line<'static>> {
        let mut lines: Vec<Vec<(String, Style)>> = Vec::new();
        let mut used = usize::MAX;
        for word in self.words() {
            let fits = used.saturating_add(1 + word.width) <= width;
            if let Some(line) = lines.last_mut().filter(|_| fits) {
                let style = gap_style(line.last(), word.parts.first());
                line.push((" ".to_owned(), style));
                line.extend(word.parts);
                used += 1 + word.width;
            } else {
                used = word.width;
                lines.push(cut(word, theme, width));
            }
        }
        lines.into_iter().map(line_of).collect()
    }

    fn words(&self) -> Vec<StyledWord> {
        let mut words = vec![StyledWord::default()];
        for (text, style) in &self.0 {
            for (index, piece) in text.split(' ').enumerate() {
                if index > 0 {
                    words.push(StyledWord::default());
                }
                if let Some(word) = words.last_mut().filter(|_| !piece.is_empty()) {
                    word.width += text::width(piece);
                    word.parts.push((piece.to_owned(), *style));
                }
            }
        }
        words.retain(|word| word.width > 0);
        words
    }
}

/// Returns the style of the space between two words: theirs if they have the same.
fn gap_style(before: Option<&(String, Style)>, after: Option<&(String, Style)>) -> Style {
    let styles = before.zip(after).filter(|((_, before), (_, after))| before == after);
    styles.map_or(Style::new(), |((_, style), _)| *style)
}

/// Cuts a word that is longer than a line.
fn cut(word: StyledWord, theme: Theme, width: usize) -> Vec<(String, Style)> {
    if word.width <= width {
        return word.parts;
    }
    let style = word.parts.first().map_or(Style::new(), |(_, style)| *style);
    let whole: String = word.parts.into_iter().map(|(text, _)| text).collect();
    vec![(text::truncate(whole, theme, width), style)]
}

fn line_of(parts: Vec<(String, Style)>) -> Line<'static> {
    parts.into_iter().map(|(text, style)| Span::styled(text, style)).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;

    use super::*;
    use crate::app::Background;
    use crate::ui::theme::{ColorDepth, GlyphSet};

    const THEME: Theme = Theme::new(ColorDepth::Mono, GlyphSet::Ascii, Background::Dark);

    fn texts(text: &StyledText, width: usize) -> Vec<String> {
        text.lines(THEME, width).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn text_is_wrapped_between_words() {
        let text = StyledText::default().sentence("One two three.", Style::new(), THEME);
        let text = text.sentence("Four.", Style::new(), THEME);
        assert_eq!(texts(&text, 8), ["One two", "three.", "Four."]);
        assert_eq!(texts(&text, 80), ["One two three. Four."]);
    }

    #[test]
    fn stop_after_a_marked_word_stays_with_it() {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let mut text = StyledText::default();
        text.push("see ", Style::new(), THEME);
        text.push("five lanes", bold, THEME);
        text.push(".", Style::new(), THEME);
        assert_eq!(texts(&text, 9), ["see five", "lanes."]);
        let lines = text.lines(THEME, 80);
        let marked = lines[0].spans.iter().filter(|span| span.style == bold);
        assert_eq!(marked.map(|span| &*span.content).collect::<String>(), "five lanes");
    }

    #[test]
    fn word_longer_than_a_line_is_cut() {
        let text = StyledText::default().sentence("https://example.org", Style::new(), THEME);
        assert_eq!(texts(&text, 10), ["https:/..."]);
    }
}
