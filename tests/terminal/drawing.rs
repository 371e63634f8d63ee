//! Tests the screen of a race: its text, colours and frames, and the keys that change it.

use crate::pty::{LEAVE_ALTERNATE_SCREEN, Pty};
use crate::{
    DEFAULT_SIZE, RACE_SUMMARY, WIDE, assert_race_stays_after_screen, fast_server, stalled_server,
    start_race, start_running_race, start_with,
};

#[test]
fn race_runs_without_arguments() {
    let program = env!("CARGO_BIN_EXE_threadline");
    let mut pty = Pty::start(program, &["--theme", "dark"], &[], WIDE);
    pty.wait_text("demo data, built-in server");
    pty.wait("the first lane", |view| view.has("one page after another") && view.has("worker-5"));
    pty.wait("the threads are done while the sequential run is not", |view| {
        view.has("threads are done after") && view.has(" >1.")
    });
    pty.wait_text("All 3 modes got the same 127 followers");
    pty.inspect(|view| {
        let rows: Vec<String> = view.screen.rows(0, 120).collect();
        for mode in ["sequential", "threads (no GIL) x5", "GIL threads x5"] {
            let row = rows.iter().find(|row| row.contains(&format!("│ {mode}"))).expect(mode);
            assert!(row.contains(" 5/5 ") && row.contains(" 127 "), "{row}");
        }
    });
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert_race_stays_after_screen(&exit);
}

#[test]
fn race_fetches_the_given_user() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.inspect(|view| assert!(view.has("aaronlelevier @ 127.0.0.1:")));
    assert_eq!(server.request_counts().requests, 10, "five pages twice");
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert_race_stays_after_screen(&exit);
}

/// A mode runs when it is selected for the first time, and keeps its timeline.
#[test]
fn keys_toggle_modes_and_run_each_once() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("3");
    pty.wait("the finished run with threads alone", |view| {
        view.has("5 done") && view.has("run again") && !view.has(RACE_SUMMARY)
    });
    pty.keys("\x1b[Z");
    pty.wait("the finished sequential run alone", |view| {
        view.has("5 done") && view.has("run again") && !view.has("worker-1")
    });
    pty.keys("\t\x1b[Z\x1b[Z");
    pty.wait_text(RACE_SUMMARY);
    assert_eq!(server.request_counts().requests, 20, "each mode fetched its pages once");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn x_stops_stalled_requests() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    pty.keys("x");
    pty.wait_text("stopped");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn resize_redraws_the_whole_screen() {
    let server = stalled_server();
    let pty = start_running_race(&server);
    pty.resize((60, 14));
    pty.wait("the small screen", |view| {
        view.has("? help  q quit") && !view.has("timeline") && view.has("w-5")
    });
    pty.resize((30, 5));
    pty.wait("one line", |view| view.has("sequential") && !view.has("worker-1"));
    pty.resize(WIDE);
    pty.wait("the boxes", |view| view.has("╭ totals ") && view.has("worker-5"));
    pty.signal("TERM");
    assert_eq!(pty.wait_for_exit().code, 143);
}

/// A frame is written only if something has changed.
#[test]
fn finished_race_writes_no_output() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.assert_output_stops();
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn no_color_screen_uses_bold_and_reverse_instead_of_colours() {
    let server = fast_server();
    let variables = [("NO_COLOR", "1"), ("COLORTERM", "truecolor")];
    let mut pty = start_with(&server, &["--theme", "dark"], &variables, DEFAULT_SIZE);
    pty.wait_text(RACE_SUMMARY);
    pty.inspect(|view| {
        let cells = (0..24).flat_map(|y| (0..80).filter_map(move |x| view.screen.cell(y, x)));
        let (mut bold, mut inverse) = (0, 0);
        for cell in cells {
            assert_eq!(cell.fgcolor(), vt100::Color::Default, "{:?}", cell.contents());
            assert_eq!(cell.bgcolor(), vt100::Color::Default, "{:?}", cell.contents());
            bold += usize::from(cell.bold());
            inverse += usize::from(cell.inverse());
        }
        assert!(bold > 10 && inverse > 5, "{bold} bold cells, {inverse} reversed");
    });
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn ascii_option_writes_only_ascii() {
    let server = fast_server();
    let mut pty = start_with(&server, &["--theme", "dark", "--ascii"], &[], DEFAULT_SIZE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert!(exit.output.is_ascii(), "{:?}", exit.output);
}

/// The terminal's reply to the background query types no key.
#[test]
fn light_terminal_gets_light_colours() {
    let server = fast_server();
    let mut pty = start_with(&server, &[], &[("COLORTERM", "truecolor")], DEFAULT_SIZE);
    pty.wait("the background query", |view| {
        String::from_utf8_lossy(view.bytes).contains("\x1b]11;?")
    });
    pty.keys("\x1b]10;rgb:0000/0000/0000\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;c");
    pty.wait("light colours", |view| {
        // Waiting is this blue on light terminals.
        let blue = vt100::Color::Rgb(0x08, 0x4e, 0xc4);
        let mut cells = (0..80).filter_map(|x| view.screen.cell(6, x));
        cells.any(|cell| [cell.fgcolor(), cell.bgcolor()].contains(&blue))
    });
    pty.wait_text(RACE_SUMMARY);
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert_race_stays_after_screen(&exit);
}

#[test]
fn race_is_drawn_on_a_terminal_that_answers_no_query() {
    let server = fast_server();
    let mut pty = start_with(&server, &[], &[], DEFAULT_SIZE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("q");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 0);
    assert_race_stays_after_screen(&exit);
}

/// Every frame is one synchronized update, which the terminal shows without tearing.
#[test]
fn frames_are_written_atomically() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("q");
    let exit = pty.wait_for_exit();
    let (begin, end) = ("\x1b[?2026h", "\x1b[?2026l");
    let mut rest = exit.output.as_str();
    let mut frames = 0;
    while let Some((_, frame)) = rest.split_once(begin) {
        let (frame, after) = frame.split_once(end).expect("the end of the frame");
        assert!(!frame.contains(begin), "nested frame");
        (rest, frames) = (after, frames + 1);
    }
    assert!(frames > 2, "{frames} frames");
    assert_eq!(
        exit.output.matches(LEAVE_ALTERNATE_SCREEN).count(),
        1,
        "the alternate screen is left once"
    );
}
