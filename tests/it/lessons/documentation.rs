//! The page on lessons: its example is a lesson that is true, and its tables name what there is.

use std::fs;
use std::path::Path;

use threadline::cli::{built_in_lessons, parse_lesson};
use threadline::model::lesson::{LessonFigure, LessonText};

use super::played_lesson::PlayedLesson;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/docs/lessons.md");
    fs::read_to_string(path).unwrap()
}

/// Returns the words in backticks in the first column of the table that begins with `header`.
fn first_column(page: &str, header: &str) -> Vec<String> {
    let (_, rest) = page.split_once(header).unwrap();
    let rows = rest.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cell = |row: &str| row.split('|').nth(1).unwrap().to_owned();
    let cells: Vec<String> = rows.map(cell).collect();
    let words = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.map(str::to_owned).collect()
}

#[test]
fn the_example_is_a_lesson_whose_sentences_hold() {
    let page = page();
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let played = PlayedLesson::new(parse_lesson(example, "lessons.md").unwrap());
    for question in 0..2 {
        let outcome = played.outcome(question);
        assert!(outcome.statements.iter().all(|one| one.holds), "{:?}", outcome.statements);
        let right = &played.lesson.questions[question].answers[outcome.right];
        assert!((right.value / outcome.measured - 1.0).abs() < 0.01, "{}", outcome.measured);
    }
}

#[test]
fn the_table_of_quantities_is_complete() {
    let error = "threads.nonsense".parse::<LessonFigure>().unwrap_err().to_string();
    let (_, names) = error.split_once("use one of ").unwrap();
    let documented = first_column(&page(), "| quantity | meaning |\n");
    let (names, _) = names.split_once(", a state").unwrap();
    for name in names.split(", ") {
        assert!(documented.iter().any(|one| one == name), "{name}");
    }
    for name in documented {
        assert!(format!("threads.{name}").parse::<LessonFigure>().is_ok(), "{name}");
    }
}

#[test]
fn the_table_of_texts_is_valid_and_names_every_part_of_the_screen() {
    let texts = first_column(&page(), "| in a text | shown as |\n");
    for text in &texts {
        assert!(text.parse::<LessonText>().is_ok(), "{text}");
    }
    let error = "[words](nonsense)".parse::<LessonText>().unwrap_err().to_string();
    let (_, parts) = error.split_once("use ").unwrap();
    for part in parts.split(", ").flat_map(|part| part.split(" or ")) {
        let part = part.trim_end_matches(|c: char| c.is_ascii_uppercase()).trim();
        let begins = format!("[words]({part}");
        assert!(texts.iter().any(|text| text.starts_with(&begins)), "{part}");
    }
}

#[test]
fn the_tables_of_keys_are_those_of_the_file() {
    let page = page();
    let names = |header: &str| first_column(&page, header);
    let (lesson, run) = (names("| key | meaning |\n"), names("| key | workload | meaning |\n"));
    let error = |text: &str| parse_lesson(text, "my.toml").unwrap_err().to_string();
    let unknown = |key: &str| format!("unknown key \"{key}\"");
    for key in &run {
        let text = format!("[[question]]\n[question.run]\n{key} = 1");
        assert!(!error(&text).contains(&unknown(key)), "{key}");
    }
    let run_error = error("[[question]]\n[question.run]\nxyzzy = 1");
    let (_, known) = run_error.split_once("use one of ").unwrap();
    let known = known.lines().next().unwrap();
    assert_eq!(known.split(", ").count(), run.len(), "{known}");
    for key in lesson {
        let place = if ["ask", "answers", "figure", "explanation"].contains(&key.as_str()) {
            "[[question]]\n"
        } else {
            ""
        };
        assert!(!error(&format!("{place}{key} = 1")).contains(&unknown(&key)), "{key}");
    }
}

#[test]
fn the_table_of_lessons_has_all_in_their_order() {
    let lessons = built_in_lessons().unwrap();
    let page = page();
    let (_, rest) = page.split_once("| lesson | name | it asks |\n").unwrap();
    let rows: Vec<&str> = rest.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), lessons.len());
    for ((number, lesson), row) in (1..).zip(&lessons).zip(rows) {
        assert!(row.starts_with(&format!("| {number} | `{}` |", lesson.name)), "{row}");
    }
}
