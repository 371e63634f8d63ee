//! A run is recorded, and the recording played.

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::threadline;

const THREADLINE: &str = env!("CARGO_BIN_EXE_threadline");

/// A simulated race in a file: its runs take 3.7 s in all.
fn recorded() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.jsonl").display().to_string();
    let mut pty = threadline(&["--theme", "dark", "--simulate", "--slow", "1", "--record", &file]);
    pty.wait_text("run again");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert!(
        ended.output_after_screen().contains("lines recorded in"),
        "{}",
        ended.output_after_screen()
    );
    (folder, file)
}

#[test]
fn a_recording_is_played_and_its_keys_work() {
    let (_folder, file) = recorded();
    let mut pty = threadline(&["replay", &file, "--theme", "dark", "--speed", "0.1"]);
    pty.wait_text("recording 0 %, 0.1x");
    pty.keys(" ");
    pty.wait_text("paused");
    pty.assert_quiet();
    pty.keys("))))))))))");
    pty.wait_text("recording 5");
    pty.keys("x");
    pty.wait_text("not available in a recording");
    pty.keys(" ");
    pty.keys(">".repeat(12));
    pty.wait_text("recording 100 %");
    pty.assert_quiet();
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
}

#[test]
fn a_recording_that_was_cut_off_says_so_on_the_screen() {
    let (_folder, file) = recorded();
    let whole = fs::read(&file).expect("the recording");
    fs::write(&file, whole.get(..whole.len() / 2).expect("half of it"))
        .expect("a folder that can be written to");
    let mut pty = threadline(&["replay", &file, "--theme", "dark"]);
    pty.wait_text("was cut off");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

/// SIGKILL lets nobody tidy up.
#[test]
fn a_program_that_is_killed_leaves_a_recording_that_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("run.jsonl").display().to_string();
    let pty = threadline(&["exec", "--record", &file, "--", "echo one", "sleep 3600"]);
    pty.wait_text("running: sequential");
    // What came before is written when nothing more comes.
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
