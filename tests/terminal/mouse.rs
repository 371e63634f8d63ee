//! The mouse: off unless asked for, and off again on every way out.

use crate::pty::{LEAVE, PtyExit, ScreenView};
use crate::{SAME, USUAL, WIDE, ask_with, endless, quick};

const ON: [&str; 2] = ["\x1b[?1002h", "\x1b[?1006h"];
const OFF: [&str; 2] = ["\x1b[?1002l", "\x1b[?1006l"];

/// Where a text begins on the screen, as the mouse counts: from 1.
fn place(view: &ScreenView<'_>, text: &str) -> (usize, usize) {
    let screen = view.screen.contents();
    let found = (1..).zip(screen.lines()).find_map(|(row, line)| {
        let (before, _) = line.split_once(text)?;
        Some((before.chars().count() + 1, row))
    });
    found.expect("the text")
}

fn report(button: u8, (column, row): (usize, usize), end: char) -> String {
    format!("\x1b[<{button};{column};{row}{end}")
}

#[test]
fn it_is_the_terminals_own_unless_asked_for() {
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark"], &[], WIDE);
    pty.wait_text(SAME);
    pty.keys("q");
    let output = pty.wait_for_exit().output;
    assert!(ON.iter().chain(&OFF).all(|code| !output.contains(code)), "no word of a mouse");
}

#[test]
fn a_click_looks_closely_the_wheel_zooms_and_dragging_marks_a_range() {
    let server = quick();
    let mut pty = ask_with(&server, &["--mouse", "--theme", "dark"], &[], WIDE);
    pty.wait_text(SAME);
    let (column, row) = pty.inspect(|view| place(view, "worker-3"));
    let on_lane = |cells: usize| (column + 20 + cells, row);
    pty.keys(report(0, on_lane(0), 'M') + &report(0, on_lane(0), 'm'));
    pty.wait_text("> worker-3");
    pty.wait_text("▼");
    let scale = |view: &ScreenView<'_>| {
        let screen = view.screen.contents();
        screen.split_once("timeline").map(|(_, rest)| rest.split("/cell").next().map(str::to_owned))
    };
    let before = pty.inspect(scale);
    pty.keys(report(64, on_lane(0), 'M'));
    pty.wait("a finer scale", |view| scale(view) != before);
    pty.keys(
        report(0, on_lane(0), 'M') + &report(32, on_lane(9), 'M') + &report(0, on_lane(9), 'm'),
    );
    pty.wait_text("range ");
    // Where nothing is to point at.
    pty.keys(report(0, (1, 1), 'M') + &report(64, (500, 500), 'M') + &report(65, (1, 36), 'M'));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[track_caller]
fn assert_off(ended: &PtyExit) {
    let (screen, _) = ended.output.rsplit_once(LEAVE).expect("a farewell");
    for (on, off) in ON.into_iter().zip(OFF) {
        let (last_on, last_off) = (screen.rfind(on), screen.rfind(off));
        assert!(last_on.is_some() && last_off > last_on, "{on:?} at {last_on:?}, off {last_off:?}");
    }
}

#[test]
fn it_is_given_back_on_every_way_out() {
    let server = endless();
    let start = || {
        let pty = ask_with(&server, &["--mouse", "--theme", "dark"], &[], USUAL);
        pty.wait_text("running: sequential");
        pty
    };
    for signal in ["TERM", "HUP", "INT"] {
        let pty = start();
        pty.signal(signal);
        assert_off(&pty.wait_for_exit());
    }
    let mut pty = start();
    pty.keys("qq");
    assert_off(&pty.wait_for_exit());
    let mut pty = start();
    pty.keys("\x1a");
    pty.wait_stopped();
    pty.wait("the mouse given back", |view| {
        let output = String::from_utf8_lossy(view.bytes);
        OFF.iter().all(|off| output.matches(off).count() == 1)
    });
    pty.signal("CONT");
    pty.wait("the mouse taken again", |view| {
        let output = String::from_utf8_lossy(view.bytes);
        ON.iter().all(|on| output.matches(on).count() == 2)
    });
    pty.keys("\x03");
    assert_off(&pty.wait_for_exit());
}
