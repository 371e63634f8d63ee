//! `threadline learn` on a terminal: a lesson is played, left at any moment, and told on the main screen.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::pty::Pty;
use crate::{DEFAULT_SIZE, assert_no_output_after_screen};

/// A home for what is remembered, and for temporary files.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("tmp")).unwrap();
        Self(home)
    }

    fn progress_file(&self) -> PathBuf {
        self.0.path().join("threadline/lessons.toml")
    }

    fn learn(&self, arguments: &[&str]) -> Pty {
        let home = self.0.path().to_str().unwrap();
        let temporary = format!("{home}/tmp");
        let variables = [("XDG_STATE_HOME", home), ("TMPDIR", temporary.as_str())];
        let arguments: Vec<&str> = ["learn"].iter().chain(arguments).copied().collect();
        Pty::start(env!("CARGO_BIN_EXE_threadline"), &arguments, &variables, DEFAULT_SIZE)
    }

    fn assert_no_temporary_files(&self) {
        let left = fs::read_dir(self.0.path().join("tmp")).unwrap();
        assert_eq!(left.count(), 0, "temporary files are left behind");
    }
}

/// A moment of a lesson: the text that shows it, and the keys that lead on from there.
const MOMENTS: [(&str, &str); 6] = [
    ("question 1 of 2", "2\r"),
    ("running", "\r"),
    ("answer 1 of 2", "\r"),
    ("try it", "\r"),
    ("question 2 of 2", "2\r"),
    ("running", "\r"),
];

/// Plays the lesson on the GIL up to a moment, by its index.
fn play_to(home: &Home, moment: usize) -> Pty {
    let mut pty = home.learn(&["gil"]);
    for (text, keys) in MOMENTS.iter().take(moment) {
        pty.wait_text(text);
        pty.keys(keys);
    }
    pty.wait_text(MOMENTS.get(moment).map_or("answer 2 of 2", |(text, _)| text));
    pty
}

#[test]
fn lesson_is_played_remembered_and_told_on_the_main_screen() {
    let home = Home::new();
    let mut pty = play_to(&home, MOMENTS.len());
    assert!(!home.progress_file().exists(), "the lesson is not over");
    pty.keys("\r");
    pty.wait_text("end of the lesson");
    assert!(fs::read_to_string(home.progress_file()).unwrap().contains("\"gil\""));
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0, "{}", exit.output);
    let lines: Vec<&str> = exit.screen.lines().collect();
    let starts = ["lesson       The GIL and CPU work", "you said     Twice", "it was       1.0x: "];
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{}", exit.screen);
    }
    assert_eq!(exit.screen.matches("\nyou said").count(), 2, "{}", exit.screen);
    home.assert_no_temporary_files();
}

#[test]
fn escape_leaves_a_lesson_at_every_moment_and_nothing_is_lost() {
    for moment in 0..=MOMENTS.len() {
        let home = Home::new();
        let mut pty = play_to(&home, moment);
        pty.keys("\x1b");
        pty.wait_text("threadline lessons");
        pty.keys("q");
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 0, "{moment}: {}", exit.output);
        let told = exit.screen.matches("\nyou said").count();
        let answered = usize::from(moment > 1) + usize::from(moment > 5);
        assert_eq!(told, answered, "{moment}: {}", exit.screen);
    }
}

#[test]
fn control_c_ends_a_lesson_at_every_moment() {
    for moment in [0, 1, 2, 4] {
        let home = Home::new();
        let mut pty = play_to(&home, moment);
        pty.keys("\x03");
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, 130, "{moment}: {}", exit.output);
        assert_eq!(exit.screen.matches("\nyou said").count(), usize::from(moment > 1));
        home.assert_no_temporary_files();
    }
}

#[test]
fn list_is_left_without_a_trace() {
    let home = Home::new();
    let mut pty = home.learn(&[]);
    pty.wait_text("threadline lessons");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert_no_output_after_screen(&exit);
    home.assert_no_temporary_files();
}

#[test]
fn running_lesson_on_the_built_in_server_is_left_and_ends_by_a_signal() {
    let home = Home::new();
    let mut pty = home.learn(&["1"]);
    pty.wait_text("question 1 of 2");
    pty.keys("3\r");
    pty.wait_text("p1");
    pty.keys("\x1b");
    pty.wait_text("threadline lessons");
    pty.keys("\r");
    pty.wait_text("question 1 of 2");
    pty.keys("3\r");
    pty.wait_text("p1");
    pty.signal("TERM");
    assert_eq!(pty.wait_for_exit().code, 143);
}

#[test]
fn problem_with_what_is_done_is_told_on_the_screen_and_after_it() {
    let home = Home::new();
    fs::create_dir_all(home.progress_file()).unwrap();
    let mut pty = home.learn(&[]);
    pty.wait_text("cannot read which lessons are done");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert!(exit.screen.contains("it is not a file"), "{}", exit.screen);
}

#[cfg(target_os = "linux")]
#[test]
fn script_is_watched_ended_and_deleted() {
    let home = Home::new();
    let mut pty = home.learn(&["real"]);
    pty.wait_text("question 1 of 2");
    pty.keys("2\r");
    pty.wait_text("running");
    pty.keys("\x1b");
    pty.wait_text("threadline lessons");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    home.assert_no_temporary_files();
}

#[test]
fn question_in_text_is_interrupted_by_control_c() {
    let home = Home::new();
    let mut pty = home.learn(&["gil", "--plain"]);
    pty.wait_text("your answer: ");
    pty.keys("2\n");
    pty.wait_text("you said     Twice");
    pty.wait_text("or a time as");
    pty.keys("\x03");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 130, "{}", exit.output);
    assert!(exit.output.ends_with("\r\n"), "the shell's prompt gets a line of its own");
}

#[test]
fn run_of_a_lesson_in_text_is_interrupted_by_control_c() {
    let home = Home::new();
    let mut pty = home.learn(&["1", "--plain"]);
    pty.wait_text("your answer: ");
    pty.keys("1\n");
    pty.wait_text("running ");
    pty.keys("\x03");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 130, "{}", exit.output);
    assert!(!exit.screen.contains("it was"), "{}", exit.screen);
    assert!(!home.progress_file().exists());
}
