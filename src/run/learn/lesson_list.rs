//! The list of lessons: a lesson a line, its number first.

use crate::app::Keymap;
use crate::model::Lesson;
use crate::model::printable::escape_controls;
use crate::run::finished_lessons::is_done;

/// The width of a line. It is the same in a pipe, so that the list looks the same everywhere.
const WIDTH: usize = 80;

/// The word after a lesson that is done.
const DONE: &str = "done";

/// The gap between two columns.
const GAP: usize = 2;

/// Returns the lines of the list: the number, the title, what the lesson asks, and whether it is done.
pub(super) fn lines(lessons: &[Lesson], done: &[String]) -> Vec<String> {
    let titles = lessons.iter().map(|lesson| tidy(&lesson.title));
    let titles: Vec<String> = titles.collect();
    let title_width = titles.iter().map(|title| title.chars().count()).max().unwrap_or_default();
    let number_width = lessons.len().to_string().len();
    let room = WIDTH.saturating_sub(number_width + title_width + DONE.len() + 3 * GAP);
    let line = |((number, lesson), title): ((usize, &Lesson), &String)| {
        let asks = shortened(&tidy(&lesson.asks), room);
        let done = if is_done(lesson, done) { DONE } else { "" };
        let line = format!("{number:number_width$}  {title:title_width$}  {asks:room$}  {done}");
        line.trim_end().to_owned()
    };
    (1..).zip(lessons).zip(&titles).map(line).collect()
}

/// Returns a text on one line, safe to print.
pub(super) fn tidy(text: &str) -> String {
    escape_controls(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Returns the key of an action, by the action's name in the configuration.
pub(super) fn key_named(name: &str, keys: &Keymap) -> String {
    Keymap::action_named(name).map_or_else(|| name.to_owned(), |action| keys.key_of(action))
}

/// Returns a text that is cut between words if it is longer than `room`.
fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for word in text.split(' ') {
        if short.chars().count() + word.chars().count() + 1 + "...".len() > room {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    short + "..."
}
