//! Finding, the table and comparing, typed at the terminal itself.

use crate::{SAME, USUAL, WIDE, ask, ask_with, quick};

#[test]
fn what_is_typed_after_a_slash_is_text_in_any_script() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.keys("/q日é\x7f\x7f");
    pty.wait_text("find: q ");
    pty.keys("\x15p4\r");
    pty.wait_text("1 of 2 for \"p4\": p4 on main");
    pty.keys("n");
    pty.wait_text("2 of 2 for \"p4\": p4 on worker-");
    pty.keys("/nobody\r");
    pty.wait_text("no match for \"nobody\"");
    pty.keys("/x\x03");
    assert_eq!(pty.wait_for_exit().code, 130, "Ctrl-C is no text");
}

#[test]
fn a_row_of_the_table_leads_to_its_span() {
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark"], &[], USUAL);
    pty.wait_text(SAME);
    pty.keys("T");
    pty.wait_text(" 10 attempts ");
    // By task, the last first.
    pty.keys("<<<<<I\x1b[H");
    pty.wait_text("task▼");
    pty.wait_text(">p5");
    pty.keys("\r");
    pty.wait("the picture", |view| view.has("timeline") && view.has(">"));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn a_race_that_is_run_again_is_compared_with_the_one_before() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.keys("c");
    pty.wait_text("no other run to compare with");
    pty.keys("r");
    pty.wait_text("running");
    pty.wait_text(SAME);
    pty.keys("c");
    pty.wait_text("threads x5 against the previous run");
    pty.keys("c");
    pty.wait("no comparison", |view| !view.has("against"));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn a_race_is_compared_with_a_recording() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("before.jsonl");
    let file = file.to_str().expect("a path");
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark", "--record", file], &[], WIDE);
    pty.wait_text(SAME);
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    let mut pty = ask_with(&server, &["--theme", "dark", "--compare", file], &[], WIDE);
    pty.wait_text(SAME);
    pty.keys("c");
    pty.wait_text("compared with ");
    pty.wait_text("  before.jso");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    let pty = ask_with(&server, &["--compare", "nothing.jsonl"], &[], WIDE);
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 1, "{}", ended.screen);
}

#[test]
fn the_help_says_what_an_event_costs() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.keys("?");
    pty.wait_text("overhead: ");
    pty.wait_text("slowest");
    pty.wait_text("L = X R: in flight");
    pty.keys("?q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
