//! Tests the search, the attempts table, comparisons, and the help with the keys of a terminal.

use crate::{DEFAULT_SIZE, RACE_SUMMARY, WIDE, fast_server, start_race, start_with};

#[test]
fn search_accepts_any_script_and_finds_tasks() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("/q日é\x7f\x7f");
    pty.wait_text("find: q ");
    pty.keys("\x15p4\r");
    pty.wait_text("1 of 2 for \"p4\": p4 on main");
    pty.keys("n");
    pty.wait_text("2 of 2 for \"p4\": p4 on worker-");
    pty.keys("/nobody\r");
    pty.wait_text("no match for \"nobody\"");
    pty.keys("/x\x03");
    assert_eq!(pty.wait_for_exit().code, 130, "Ctrl-C in the search field");
}

#[test]
fn enter_on_a_table_row_shows_its_span() {
    let server = fast_server();
    let mut pty = start_with(&server, &["--theme", "dark"], &[], DEFAULT_SIZE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("T");
    pty.wait_text(" 10 attempts ");
    // Sorts by task, and goes to the last one.
    pty.keys("<<<<<\x1b[F");
    pty.wait_text("task▲");
    pty.wait_text(">p5");
    pty.keys("\r");
    pty.wait("the timeline", |view| view.has("timeline") && view.has(">"));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn repeated_race_is_compared_with_the_previous_one() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("c");
    pty.wait_text("no other run to compare with");
    pty.keys("r");
    pty.wait_text("one page after another");
    pty.wait_text(RACE_SUMMARY);
    pty.keys("c");
    pty.wait_text("; before: ");
    pty.keys("c");
    pty.wait("the comparison to close", |view| !view.has("; before: "));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn race_is_compared_with_a_recording() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("before.jsonl");
    let file = file.to_str().expect("a path");
    let server = fast_server();
    let mut pty = start_with(&server, &["--theme", "dark", "--record", file], &[], WIDE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    let mut pty = start_with(&server, &["--theme", "dark", "--compare", file], &[], WIDE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("c");
    pty.wait_text("compared with ");
    pty.wait_text("  before.jso");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    let pty = start_with(&server, &["--compare", "nothing.jsonl"], &[], WIDE);
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 1, "{}", exit.screen);
}

#[test]
fn help_shows_the_overhead_of_the_program() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    // The last page.
    pty.keys("?k");
    pty.wait_text("overhead: ");
    pty.wait_text("slowest");
    pty.wait_text("L = X R: in flight");
    pty.keys("?q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
