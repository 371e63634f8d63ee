//! `threadline learn` without a screen: the list, what is done, and a lesson as text.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::clean_command::threadline;

/// A home of its own for what is remembered.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn progress_file(&self) -> PathBuf {
        self.path().join("threadline/lessons.toml")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = threadline();
        command.env("XDG_STATE_HOME", self.path()).env_remove("COLUMNS").arg("learn").args(args);
        command
    }

    /// Runs `threadline learn`, which must succeed, and returns its stdout.
    fn learn(&self, args: &[&str], answers: &str) -> String {
        let output = self.command(args).write_stdin(answers).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && err.is_empty(), "{args:?}: {err}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `threadline learn`, which must fail with a code, and returns its stderr.
    fn refuse(&self, args: &[&str], code: i32) -> String {
        let output = self.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The numbers of the lessons that the list calls done.
    fn done(&self) -> Vec<String> {
        let list = self.learn(&["--list"], "");
        let done = list.lines().filter(|line| line.ends_with("  done"));
        done.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}

#[test]
fn list_has_a_lesson_a_line_with_its_number_first() {
    let list = Home::new().learn(&["--list"], "");
    assert_eq!(list.lines().count(), 9);
    for (number, line) in (1..).zip(list.lines()) {
        assert!(line.starts_with(&format!("{number}  ")), "{line}");
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains("..."), "what it asks is not cut: {line}");
    }
}

#[test]
fn lesson_is_named_by_number_or_name_and_an_unknown_one_is_told_with_the_list() {
    let home = Home::new();
    let by_number = home.learn(&["4", "--plain"], "");
    assert!(by_number.starts_with("lesson       4 of 9: "), "{by_number}");
    assert_eq!(home.learn(&["gil", "--plain"], ""), by_number);
    let error = home.refuse(&["12"], 2);
    assert!(error.starts_with("threadline: there is no lesson 12\nhint: use one of 1 "), "{error}");
    assert!(error.contains(", 4 gil,"), "{error}");
    let error = home.refuse(&["wavs"], 2);
    assert!(error.ends_with("hint: did you mean waves?\n"), "{error}");
    assert!(home.refuse(&["--json"], 2).contains("a lesson has no JSON document"));
    assert!(home.refuse(&["missing.toml"], 2).contains("cannot read the lesson in missing.toml"));
}

#[test]
fn lesson_as_text_asks_runs_and_compares() {
    let home = Home::new();
    let text = home.learn(&["gil"], "2\nnonsense\n0.4 s\n");
    let parts = [
        "claim        ",
        "source       ",
        "question     ",
        "\n  3          ",
        "your answer: 2\n",
        "running      sequential, gil, on a simulated machine\n",
        "you said     Twice",
        "it was       1.0x: ",
        "why          ",
        "screen       ",
        "try          threadline --workload cpu ",
        "\nquestion     ",
        "your answer: nonsense\n\"nonsense\" is no answer; type 1 to 3, or a time as 2.5 s",
        "your answer: 0.4 s\n",
        "you said     0.40 s\n",
        "it was       0.40 s: as you said\n",
        "for real     ",
    ];
    let mut rest = text.as_str();
    for part in parts {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in {rest}"));
        rest = after;
    }
    assert!(!text.contains("did not hold"), "{text}");
    assert_eq!(home.done(), ["4"]);
    assert_eq!(home.learn(&["4", "--plain"], "2\nnonsense\n0.4 s\n"), text, "the same again");
}

#[test]
fn question_is_skipped_at_the_end_of_input_and_after_three_wrong_answers() {
    let home = Home::new();
    let text = home.learn(&["gil", "--plain"], "\n");
    assert_eq!(text.matches("skipped      no prediction\n").count(), 2, "{text}");
    assert!(!text.contains("you said") && text.contains("it was       1.0x"), "{text}");
    let text = home.learn(&["gil", "--plain"], "a\nb\nc\n2\n");
    assert_eq!(text.matches(" is no answer; ").count(), 3, "{text}");
    assert_eq!(text.matches("skipped").count(), 1, "{text}");
    assert_eq!(home.done(), Vec::<String>::new(), "a lesson with a skipped question is not done");
}

#[test]
fn lessons_are_chosen_from_the_list_until_nothing_is() {
    let home = Home::new();
    let text = home.learn(&[], "");
    assert!(text.starts_with("1  ") && text.ends_with("lesson, 1 to 9 (Enter alone ends): \n"));
    let text = home.learn(&["--plain"], "99\n4\n3\n2\n\n");
    assert!(text.contains("(Enter alone ends): 99\nthere is no lesson 99; use one of "), "{text}");
    assert!(text.contains("lesson       4 of 9: "), "{text}");
    assert_eq!(text.matches("  done\n").count(), 1, "the second list knows it: {text}");
}

#[test]
fn commands_in_a_lesson_can_be_typed() {
    let home = Home::new();
    let text = home.learn(&["gil", "--plain"], "");
    let is_command = |line: &&str| line.contains("threadline --");
    let commands: Vec<&str> = text.lines().filter(is_command).collect();
    assert_eq!(commands.len(), 2, "{text}");
    for command in commands {
        let words = command.split_once("threadline ").unwrap().1.split(' ');
        threadline().args(words).assert().success();
    }
}

#[test]
fn narration_has_sentences_about_the_runs() {
    let home = Home::new();
    let output = home.command(&["gil", "--narrate"]).write_stdin("1\n1\n").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("sequential starts: 4 tasks") && err.contains("done: "), "{err}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("you said"));
}

#[test]
fn reset_forgets_what_is_done() {
    let home = Home::new();
    home.learn(&["gil"], "1\n1\n");
    assert_eq!(home.done(), ["4"]);
    let said = home.learn(&["--reset"], "");
    assert!(said.contains("no lesson counts as done any more") && said.contains("lessons.toml"));
    assert!(!home.progress_file().exists());
    assert_eq!(home.done(), Vec::<String>::new());
    assert!(home.learn(&["--reset"], "").starts_with("no lesson was done yet"));
    assert!(home.refuse(&["--reset", "4"], 2).contains("exclude each other"));
}

#[test]
fn lesson_is_never_stopped_by_a_file_that_cannot_be_kept() {
    let home = Home::new();
    let file = home.progress_file();
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, "done = nonsense").unwrap();
    let output = home.command(&["gil"]).write_stdin("1\n1\n").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert_eq!(err.matches("cannot read which lessons are done in ").count(), 1, "{err}");
    assert!(err.contains("--reset"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "done = nonsense", "left as it is");
    let output = home.command(&["--list"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("it is no TOML"));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 9);
}

#[test]
fn folder_of_what_is_done_is_private_and_a_relative_one_is_ignored() {
    let home = Home::new();
    let mut command = home.command(&["gil"]);
    command.env("XDG_STATE_HOME", "relative").env("HOME", home.path()).write_stdin("1\n1\n");
    command.assert().success();
    let folder = home.path().join(".local/state/threadline");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(fs::read_to_string(folder.join("lessons.toml")).unwrap().contains("\"gil\""));
}

#[test]
fn lesson_of_a_file_is_played_and_not_remembered() {
    let home = Home::new();
    let path = home.path().join("own.toml");
    let text = include_str!("../../assets/lessons/gil.toml");
    fs::write(&path, text.replace("title = \"", "title = \"Own ")).unwrap();
    let text = home.learn(&[path.to_str().unwrap(), "--plain"], "1\n1\n");
    assert!(text.starts_with("lesson       Own "), "{text}");
    assert!(!home.progress_file().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn recording_is_told_in_place_of_a_python_that_does_not_work() {
    let home = Home::new();
    let broken = home.path().join("python3");
    let play = |home: &Home| {
        let mut command = home.command(&["real", "--plain"]);
        command.env("PATH", home.path()).write_stdin("2\n2\n").output().unwrap()
    };
    let text = String::from_utf8(play(&home).stdout).unwrap();
    assert!(text.contains("recording    there is no python3; this is a recording\n"), "{text}");
    assert!(text.contains("you said") && !text.contains("did not hold"), "{text}");
    fs::write(&broken, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    let text = String::from_utf8(play(&home).stdout).unwrap();
    assert!(text.contains("the python3 here does not run; this is a recording\n"), "{text}");
    assert_eq!(home.done(), ["9"]);
}

#[test]
fn words_for_lessons_are_told_the_command() {
    for word in ["lesson", "lessons", "teach"] {
        let error = threadline().arg(word).output().unwrap().stderr;
        let error = String::from_utf8(error).unwrap();
        assert!(error.contains("did you mean threadline learn?"), "{error}");
    }
}
