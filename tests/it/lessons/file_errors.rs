//! The errors in the file of a lesson, each with its line.

use proptest::prelude::*;
use threadline::cli::{LessonFileError, parse_lesson, read_lesson};

/// A right file. Each case replaces a part of it.
const LESSON: &str = r#"name = "waves"
title = "Waves"
asks = "how long three threads take"
claim = "Equal pages are done in waves."
source = "a book"
try = "{key run} runs again."

[[question]]
ask = "How long do three threads take?"
figure = "threads.seconds"
answers = [
    { value = 1, text = "One second" },
    { value = 1.85, text = "Two waves" },
    { value = 4.5, text = "As long as one thread" },
]
[question.run]
workload = "followers"
modes = ["sequential", "threads"]
threads = 3
[[question.explanation]]
text = "It took [three threads](lanes threads) {threads.seconds}."
holds = ["threads.seconds < 0.5 * sequential.seconds"]

[[question]]
ask = "And under the GIL?"
figure = "gil.speed-up"
answers = [
    { value = 1, text = "No faster" },
    { value = 2, text = "Twice" },
    { value = 4, text = "Four times" },
]
[question.run]
workload = "cpu"
modes = ["sequential", "gil"]
threads = 4
tasks = 4
size = "100ms"
view = "switches"
[[question.explanation]]
text = "It was {gil.speed-up}."
holds = ["gil.speed-up < 1.1"]
"#;

/// A part of the file, its replacement, and the problem that this is.
const PROBLEMS: &[(&str, &str, &str)] = &[
    ("name = \"waves\"", "nam = \"waves\"", "line 1: unknown key \"nam\": did you mean name?"),
    ("name = \"waves\"", "name = \"4\"", "line 1: name: use a word of small letters"),
    ("title = \"Waves\"", "title = 7", "line 2: title: use a text in quotes"),
    ("title = \"Waves\"", "title = \" \"", "line 2: title: is empty; write a text"),
    ("title = \"Waves\"", "title = \"\\u001b[2J\"", "line 2: title: has characters"),
    ("source = \"a book\"\n", "", "line 1: missing key source; a lesson needs it"),
    ("try = ", "try = # ", "line 6: "),
    ("{key run}", "{key rum}", "line 6: try: unknown action \"rum\"; did you mean run?"),
    ("{key run}", "{gil.seconds}", "try: gil.seconds: gil does not run; use sequential or threads"),
    ("{key run}", "{key run", "line 6: try: '{' is not closed"),
    (
        "three threads take?",
        "{threads.seconds} take?",
        "line 9: ask: threads.seconds: nothing has run yet",
    ),
    (
        "figure = \"threads.seconds\"",
        "figure = \"threads.second\"",
        "line 10: figure: unknown quantity",
    ),
    (
        "figure = \"threads.seconds\"",
        "figure = \"gil.seconds\"",
        "line 10: gil.seconds: gil does not run",
    ),
    (
        "figure = \"threads.seconds\"",
        "figure = \"before.threads.seconds\"",
        "no run of another question",
    ),
    (
        "figure = \"threads.seconds\"",
        "figure = \"threads.gil-held\"",
        "these runs have no gil-held",
    ),
    (
        "    { value = 1, text = \"One second\" },\n",
        "",
        "line 11: answers: 2 are given; use three or four",
    ),
    ("value = 1,", "value = 0,", "line 12: value: use a number above 0"),
    ("value = 1,", "value = 1.85,", "line 13: value: two answers have the same"),
    ("value = 1,", "value = \"1\",", "line 12: value: use a number, such as 4 or 1.05"),
    ("value = 1,", "value = nan,", "line 12: value: use a number, such as 4 or 1.05"),
    (
        "workload = \"followers\"",
        "workload = \"folowers\"",
        "line 17: workload: unknown workload \"folowers\"; did you mean followers?",
    ),
    (
        "[\"sequential\", \"threads\"]",
        "[\"thread\"]",
        "line 18: modes: unknown mode \"thread\"; did you mean threads?",
    ),
    ("[\"sequential\", \"threads\"]", "[]", "line 18: modes: name at least one"),
    (
        "[\"sequential\", \"threads\"]",
        "[\"threads\", \"threads\"]",
        "modes: threads is there twice",
    ),
    ("threads = 3", "threads = 0", "line 19: threads: use a whole number from 1 to 1000"),
    ("threads = 3\n", "", "line 16: missing key threads; a run needs it"),
    (
        "threads = 3",
        "threads = 3\ntasks = 4",
        "line 20: tasks does not apply to the workload followers; remove it",
    ),
    ("size = \"100ms\"", "size = \"100\"", "line 37: size: use 1ms to 10m, with the unit"),
    ("size = \"100ms\"", "share = 30", "line 37: share does not apply to the workload cpu"),
    ("view = \"switches\"", "view = \"all\"", "line 38: view: use \"whole\" or \"switches\""),
    (
        "[\"sequential\", \"gil\"]",
        "[\"sequential\", \"threads\"]",
        "line 38: view: these runs have no GIL",
    ),
    (
        "(lanes threads)",
        "(lane threads)",
        "line 21: text: unknown part of the screen \"lane threads\"",
    ),
    ("(lanes threads)", "(gil)", "line 21: text: these runs have no GIL; add gil to the modes"),
    ("(lanes threads)", "(lanes gil)", "line 21: text: gil does not run"),
    (
        "[three threads](lanes threads)",
        "[three threads]",
        "line 21: text: [three threads] needs a part",
    ),
    (
        "threads.seconds < 0.5 * sequential.seconds",
        "threads.seconds = 2",
        "line 22: holds: \"threads.seconds = 2\" compares nothing",
    ),
    (
        "threads.seconds < 0.5 * sequential.seconds",
        "1 < 2",
        "line 22: holds: 1 < 2: compare a figure",
    ),
    (
        "threads.seconds < 0.5 * sequential.seconds",
        "processes.seconds < 2",
        "line 22: holds: processes.seconds: processes does not run",
    ),
    (
        "[\"threads.seconds < 0.5 * sequential.seconds\"]",
        "[]",
        "line 22: holds: name what makes the sentence true",
    ),
    ("holds = [\"gil.speed-up < 1.1\"]\n", "", "line 39: missing key holds; a sentence needs it"),
    (
        "[question.run]\nworkload = \"followers\"\nmodes = [\"sequential\", \"threads\"]\nthreads = 3\n",
        "",
        "line 8: missing table [question.run]; the first question needs a run",
    ),
    ("name = \"waves\"", "name = \"waves\"\nname = \"b\"", "line 2: duplicate key name"),
];

/// Returns the problems of the file in which `old` is replaced by `new`.
#[track_caller]
fn problems(old: &str, new: &str) -> String {
    assert!(LESSON.contains(old), "{old}");
    let text = LESSON.replacen(old, new, 1);
    match parse_lesson(&text, "my.toml") {
        Err(error @ LessonFileError::Invalid { .. }) => error.to_string(),
        other => panic!("{new}: {other:?}"),
    }
}

#[test]
fn a_right_file_is_a_lesson() {
    let lesson = parse_lesson(LESSON, "my.toml").unwrap();
    assert_eq!((lesson.name.as_str(), lesson.questions.len()), ("waves", 2));
    assert_eq!(lesson.questions[1].run.as_ref().unwrap().slowdown, 20);
    assert_eq!(lesson.reality, None);
}

#[test]
fn each_problem_has_its_line_and_its_remedy() {
    for &(old, new, expected) in PROBLEMS {
        let text = problems(old, new);
        let found = text.contains(expected) || text.contains(&expected.replacen("; ", ": ", 1));
        assert!(found, "{new}\n{text}\ndoes not say\n{expected}");
    }
}

#[test]
fn a_panel_has_at_most_seventy_words() {
    let text = problems("How long do", &"long ".repeat(80));
    assert!(text.contains("line 8: the question and its answers have 9"), "{text}");
    assert!(text.contains("words; use at most 70"), "{text}");
}

#[test]
fn a_speed_up_needs_a_sequential_run_of_this_or_the_first_question() {
    let other_work = LESSON.replace("[\"sequential\", \"gil\"]", "[\"gil\"]");
    let cpu = "workload = \"cpu\"\ntasks = 4\nsize = \"100ms\"";
    let same_work = other_work.replace("workload = \"followers\"", cpu);
    assert!(parse_lesson(&same_work, "my.toml").is_ok());
    let error = parse_lesson(&other_work, "my.toml").unwrap_err().to_string();
    assert!(
        error.contains("add sequential to the modes; a speed-up needs it")
            || error.contains("add sequential to the modes: a speed-up needs it"),
        "{error}"
    );
}

#[test]
fn a_lesson_has_two_questions() {
    let (first, _) = LESSON.split_once("[[question]]\nask = \"And").unwrap();
    let error = parse_lesson(first, "my.toml").unwrap_err().to_string();
    assert_eq!(
        error,
        "my.toml, line 8: a lesson has two questions, not 1; write [[question]] twice"
    );
}

#[test]
fn several_problems_have_a_line_each_in_the_order_of_the_file() {
    let text = LESSON.replace("title = ", "titel = ").replace("threads = 3", "threads = 3000");
    let error = parse_lesson(&text, "my.toml").unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(
        lines,
        [
            "my.toml has 3 problems:",
            "  line 1: missing key title: a lesson needs it",
            "  line 2: unknown key \"titel\": did you mean title?",
            "  line 19: threads: use a whole number from 1 to 1000",
        ]
    );
}

#[test]
fn unreadable_files_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_lesson(&folder.path().join("none.toml")).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read the lesson in ") && error.contains("none.toml"),
        "{error}"
    );
    let file = folder.path().join("my.toml");
    std::fs::write(&file, b"name = \"\xff\"").unwrap();
    assert!(read_lesson(&file).unwrap_err().to_string().contains("UTF-8"));
    std::fs::write(&file, LESSON).unwrap();
    assert!(read_lesson(&file).is_ok());
}

proptest! {
    /// Any text is a lesson or has problems.
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        _ = parse_lesson(&text, "my.toml");
    }

    /// Nor does a right file that is damaged anywhere.
    #[test]
    fn no_damage_panics(at in 0..LESSON.len(), cut in 0..40_usize, insert in "[\\[\\]{}\"=a-z.0-9<*\n ]{0,12}") {
        let (mut bytes, end) = (LESSON.as_bytes().to_vec(), (at + cut).min(LESSON.len()));
        bytes.splice(at..end, insert.bytes());
        _ = parse_lesson(&String::from_utf8_lossy(&bytes), "my.toml");
    }
}
