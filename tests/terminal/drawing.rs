//! What stands on the screen, and which keys the program takes from the terminal.

use crate::pty::{LEAVE, Pty};
use crate::{SAME, USUAL, WIDE, ask, ask_with, assert_silent, endless, quick, running};

#[test]
fn the_main_job_without_arguments() {
    let program = env!("CARGO_BIN_EXE_threadline");
    let mut pty = Pty::start(program, &["--theme", "dark"], &[], WIDE);
    pty.wait_text("aaronlelevier @ built-in server");
    pty.wait("the first lane", |view| view.has("running: sequential") && view.has("worker-5"));
    pty.wait_text(SAME);
    pty.inspect(|view| {
        let rows: Vec<String> = view.screen.rows(0, 120).collect();
        for mode in ["sequential", "threads x5"] {
            let row = rows.iter().find(|row| row.contains(&format!("│ {mode}"))).expect(mode);
            assert!(row.contains(" 5/5 ") && row.contains(" 127 "), "{row}");
        }
    });
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

#[test]
fn a_race_of_a_user_asked_for() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.inspect(|view| assert!(view.has("aaronlelevier @ 127.0.0.1:")));
    assert_eq!(server.request_counts().requests, 11, "one profile, and five pages twice");
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

/// A mode not yet run starts when it is chosen, and each keeps its picture.
#[test]
fn modes_are_toggled_with_the_keyboard() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.keys("3");
    pty.wait("threads alone, done", |view| view.has("5 done") && !view.has(SAME));
    pty.keys("\x1b[Z");
    pty.wait("sequential alone, done", |view| view.has("5 done") && !view.has("worker-1"));
    pty.keys("\t\x1b[Z\x1b[Z");
    pty.wait_text(SAME);
    assert_eq!(server.request_counts().requests, 21, "nothing ran twice");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn x_stops_requests_that_never_come() {
    let server = endless();
    let mut pty = running(&server);
    pty.keys("x");
    pty.wait_text("stopped");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn a_new_size_is_drawn_whole() {
    let server = endless();
    let pty = running(&server);
    pty.resize((60, 14));
    pty.wait("the small screen", |view| {
        view.has("? help  q quit") && !view.has("timeline") && view.has("worker-5")
    });
    pty.resize((30, 5));
    pty.wait("one line", |view| view.has("sequential") && !view.has("worker-1"));
    pty.resize(WIDE);
    pty.wait("the boxes", |view| view.has("┌ totals ") && view.has("worker-5"));
    pty.signal("TERM");
    assert_eq!(pty.wait_for_exit().code, 143);
}

/// Nothing is drawn while nothing changes.
#[test]
fn a_finished_race_writes_nothing() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.assert_quiet();
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn without_colour_there_is_bold_and_reverse() {
    let server = quick();
    let variables = [("NO_COLOR", "1"), ("COLORTERM", "truecolor")];
    let mut pty = ask_with(&server, &["--theme", "dark"], &variables, USUAL);
    pty.wait_text(SAME);
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
fn ascii_is_ascii_on_the_wire() {
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark", "--ascii"], &[], USUAL);
    pty.wait_text(SAME);
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert!(ended.output.is_ascii(), "{:?}", ended.output);
}

/// The terminal is asked for its background; what it answers is no key.
#[test]
fn a_light_terminal_gets_light_colours() {
    let server = quick();
    let mut pty = ask_with(&server, &[], &[("COLORTERM", "truecolor")], USUAL);
    pty.wait("the question", |view| String::from_utf8_lossy(view.bytes).contains("\x1b]11;?"));
    pty.keys("\x1b]10;rgb:0000/0000/0000\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;c");
    pty.wait("light colours", |view| {
        // The bar of the threaded run, blue for light terminals.
        (0..80).any(|x| {
            let cell = view.screen.cell(4, x);
            cell.is_some_and(|cell| cell.fgcolor() == vt100::Color::Rgb(0x31, 0x62, 0xd7))
        })
    });
    pty.wait_text(SAME);
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

/// A terminal that does not answer keeps nobody waiting.
#[test]
fn a_terminal_that_tells_nothing_is_drawn_on_all_the_same() {
    let server = quick();
    let mut pty = ask_with(&server, &[], &[], USUAL);
    pty.wait_text(SAME);
    pty.keys("q");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

/// Every frame stands between the marks of a synchronised update, and nothing is torn.
#[test]
fn frames_come_whole() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.keys("q");
    let ended = pty.wait_for_exit();
    let (begin, end) = ("\x1b[?2026h", "\x1b[?2026l");
    let mut rest = ended.output.as_str();
    let mut frames = 0;
    while let Some((_, frame)) = rest.split_once(begin) {
        let (frame, after) = frame.split_once(end).expect("a frame's end");
        assert!(!frame.contains(begin), "no frame within a frame");
        (rest, frames) = (after, frames + 1);
    }
    assert!(frames > 2, "{frames} frames");
    assert_eq!(ended.output.matches(LEAVE).count(), 1, "the screen is left once");
}
