//! Tests the mouse: captured unless `--no-mouse` is given, and released on every exit and suspension.

use crate::pty::{LEAVE_ALTERNATE_SCREEN, PtyExit, ScreenView};
use crate::{DEFAULT_SIZE, RACE_SUMMARY, WIDE, fast_server, stalled_server, start_with};

/// The escape sequences that turn mouse reports on and off.
const ON: [&str; 2] = ["\x1b[?1002h", "\x1b[?1006h"];
const OFF: [&str; 2] = ["\x1b[?1002l", "\x1b[?1006l"];

/// Returns the column and row of a text on the screen, counted from 1, as in mouse reports.
fn position(view: &ScreenView<'_>, text: &str) -> (usize, usize) {
    let screen = view.screen.contents();
    let found = (1..).zip(screen.lines()).find_map(|(row, line)| {
        let (before, _) = line.split_once(text)?;
        Some((before.chars().count() + 1, row))
    });
    found.expect("the text")
}

/// Returns the mouse report of a button; the final `M` stands for a press, `m` for a release.
fn report(button: u8, (column, row): (usize, usize), final_letter: char) -> String {
    format!("\x1b[<{button};{column};{row}{final_letter}")
}

#[test]
fn no_mouse_leaves_the_mouse_to_the_terminal() {
    let server = fast_server();
    let mut pty = start_with(&server, &["--no-mouse", "--theme", "dark"], &[], WIDE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("q");
    let output = pty.wait_for_exit().output;
    assert!(
        ON.iter().chain(&OFF).all(|code| !output.contains(code)),
        "mouse sequence in the output"
    );
}

#[test]
fn click_selects_a_span_wheel_zooms_and_drag_marks_a_range() {
    let server = fast_server();
    let mut pty = start_with(&server, &["--theme", "dark"], &[], WIDE);
    pty.wait_text(RACE_SUMMARY);
    let (column, row) = pty.inspect(|view| position(view, "worker-3"));
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
    // Reports outside of the timeline and of the screen.
    pty.keys(report(0, (2, 1), 'M') + &report(64, (500, 500), 'M') + &report(65, (1, 36), 'M'));
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

/// Asserts that mouse reports are turned off before the alternate screen is left.
#[track_caller]
fn assert_released(exit: &PtyExit) {
    let (screen, _) =
        exit.output.rsplit_once(LEAVE_ALTERNATE_SCREEN).expect("an alternate screen that is left");
    for (on, off) in ON.into_iter().zip(OFF) {
        let (last_on, last_off) = (screen.rfind(on), screen.rfind(off));
        assert!(last_on.is_some() && last_off > last_on, "{on:?} at {last_on:?}, off {last_off:?}");
    }
}

#[test]
fn mouse_capture_is_released_on_every_exit_and_suspension() {
    let server = stalled_server();
    let start_with_mouse = || {
        let pty = start_with(&server, &["--theme", "dark"], &[], DEFAULT_SIZE);
        pty.wait_text("one page after another");
        pty
    };
    for signal in ["TERM", "HUP", "INT"] {
        let pty = start_with_mouse();
        pty.signal(signal);
        assert_released(&pty.wait_for_exit());
    }
    let mut pty = start_with_mouse();
    pty.keys("qq");
    assert_released(&pty.wait_for_exit());
    let mut pty = start_with_mouse();
    pty.keys("\x1a");
    pty.wait_stopped();
    pty.wait("the mouse to be released", |view| {
        let output = String::from_utf8_lossy(view.bytes);
        OFF.iter().all(|off| output.matches(off).count() == 1)
    });
    pty.signal("CONT");
    pty.wait("the mouse to be captured again", |view| {
        let output = String::from_utf8_lossy(view.bytes);
        ON.iter().all(|on| output.matches(on).count() == 2)
    });
    pty.keys("\x03");
    assert_released(&pty.wait_for_exit());
}
