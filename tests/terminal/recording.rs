//! Records a race and replays the recording, complete, truncated, or left by a killed program.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::start;

const THREADLINE: &str = env!("CARGO_BIN_EXE_threadline");

/// Records a simulated race, whose runs take 3.7 s in all; returns the directory and the file.
fn record_race() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("run.jsonl").display().to_string();
    let mut pty = start(&["--theme", "dark", "--simulate", "--slow", "1", "--record", &file]);
    pty.wait_text("run again");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert!(
        exit.output_after_screen().contains("lines recorded in"),
        "{}",
        exit.output_after_screen()
    );
    (directory, file)
}

#[test]
fn recording_is_replayed_and_its_keys_work() {
    let (_directory, file) = record_race();
    let mut pty = start(&["replay", &file, "--theme", "dark", "--speed", "0.1"]);
    pty.wait_text("recording 0 %, 0.1x");
    pty.keys(" ");
    pty.wait_text("paused");
    pty.assert_output_stops();
    pty.keys("))))))))))");
    pty.wait_text("recording 5");
    pty.keys("x");
    pty.wait_text("not available in a recording");
    pty.keys(" ");
    pty.keys(">".repeat(12));
    pty.wait_text("recording 100 %");
    pty.assert_output_stops();
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
}

#[test]
fn truncated_recording_is_reported_on_the_screen() {
    let (_directory, file) = record_race();
    let complete = fs::read(&file).expect("the recording");
    fs::write(&file, complete.get(..complete.len() / 2).expect("half of it"))
        .expect("a writable directory");
    let mut pty = start(&["replay", &file, "--theme", "dark"]);
    pty.wait_text("was cut off");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn killed_program_leaves_a_readable_recording() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("run.jsonl").display().to_string();
    let pty = start(&["exec", "--record", &file, "--", "echo one", "sleep 3600"]);
    pty.wait_text("one command after another");
    // The recording is flushed once no more events arrive.
    let second = r#""event":"started","task":2"#;
    while !fs::read_to_string(&file).is_ok_and(|text| text.contains(second)) {
        std::thread::yield_now();
    }
    pty.signal("KILL");
    drop(pty);
    let mut replay = Command::new(THREADLINE);
    let replay = replay.args(["replay", &file, "--plain"]).stderr(Stdio::null()).output();
    let report = String::from_utf8(replay.expect("a report").stdout).expect("text");
    assert!(report.contains("exit status 0") && report.contains("one"), "{report}");
}
