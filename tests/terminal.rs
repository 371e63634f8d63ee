//! The program itself in a terminal: its main job, and every way out of it.
#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "common/pty.rs"]
#[expect(dead_code, reason = "CPU time is read by a benchmark alone")]
mod pty;

use std::time::Duration;

use pty::{Ended, LEAVE, Pty, SHOW_CURSOR};
use threadline::engine::clock::wall_clock;
use threadline::github::server::{Latency, Server, Settings};

const WIDE: (u16, u16) = (120, 36);
const USUAL: (u16, u16) = (80, 24);

/// What the screen says when a race has gone well.
const SAME: &str = "same 127 followers, same order";

/// A server that answers within milliseconds.
fn quick() -> Server {
    let (latency, jitter) = (Duration::from_millis(8), Duration::from_millis(2));
    serve(Latency::Uniform { latency, jitter, seed: 1 })
}

/// A server whose pages never come: runs go on until they are stopped.
fn endless() -> Server {
    let profile = r#"{ "profile_ms": 1, "pages": [{ "wait_ms": 3600000, "receive_ms": 0 }] }"#;
    serve(Latency::Profile(serde_json::from_str(profile).expect("a latency profile")))
}

fn serve(latency: Latency) -> Server {
    let user = "aaronlelevier".to_owned();
    let settings = Settings { user, followers: 127, latency, port: 0, wall_clock };
    Server::start(settings).expect("a server")
}

/// threadline with these arguments on a usual terminal.
fn threadline(arguments: &[&str]) -> Pty {
    Pty::start(env!("CARGO_BIN_EXE_threadline"), arguments, &[], USUAL)
}

/// threadline, asking `server`, on a terminal of this size.
fn ask_with(
    server: &Server,
    arguments: &[&str],
    variables: &[(&str, &str)],
    size: (u16, u16),
) -> Pty {
    let url = server.url();
    let mut all = vec!["aaronlelevier", "--api-url", &url];
    all.extend(arguments);
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &all, variables, size)
}

fn ask(server: &Server) -> Pty {
    ask_with(server, &["--theme", "dark"], &[("COLORTERM", "truecolor")], WIDE)
}

/// A run that goes on until it is stopped.
fn running(server: &Server) -> Pty {
    let pty = ask(server);
    pty.wait_text("sequential runs");
    pty.wait_text("p1");
    pty
}

/// Asserts that the program said nothing after it had left its screen.
fn assert_silent(ended: &Ended) {
    assert_eq!(ended.farewell(), SHOW_CURSOR, "after the screen");
    assert_eq!(ended.screen.trim(), "", "the terminal's own screen");
}

#[test]
fn the_main_job_without_arguments() {
    let program = env!("CARGO_BIN_EXE_threadline");
    let mut pty = Pty::start(program, &["--theme", "dark"], &[], WIDE);
    pty.wait_text("aaronlelevier @ built-in server");
    pty.wait("the first lane", |view| view.has("sequential runs") && view.has("worker-5"));
    pty.wait_text(SAME);
    pty.look(|view| {
        let rows: Vec<String> = view.screen.rows(0, 120).collect();
        for mode in ["sequential", "threads x5"] {
            let row = rows.iter().find(|row| row.contains(&format!("│ {mode}"))).expect(mode);
            assert!(row.contains(" 5/5 ") && row.contains(" 127 "), "{row}");
        }
    });
    pty.keys("q");
    let ended = pty.ended();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

#[test]
fn a_race_of_a_user_asked_for() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.look(|view| assert!(view.has("aaronlelevier @ 127.0.0.1:")));
    assert_eq!(server.counts().requests, 11, "one profile, and five pages twice");
    pty.keys("q");
    let ended = pty.ended();
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
    pty.wait("threads alone, done", |view| view.has("done") && !view.has("sequential  █"));
    pty.keys("\x1b[Z");
    pty.wait("sequential alone, done", |view| view.has("done") && !view.has("worker-1"));
    pty.keys("\t\t");
    pty.wait_text(SAME);
    assert_eq!(server.counts().requests, 21, "nothing ran twice");
    pty.keys("q");
    assert_eq!(pty.ended().code, 0);
}

#[test]
fn control_c_ends_with_130() {
    let server = endless();
    let mut pty = running(&server);
    pty.assert_settings_are_taken();
    pty.keys("\x03");
    let ended = pty.ended();
    assert_eq!(ended.code, 130);
    assert_silent(&ended);
}

#[test]
fn signals_end_with_128_and_their_number() {
    let server = endless();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let pty = running(&server);
        pty.signal(signal);
        let ended = pty.ended();
        assert_eq!(ended.code, code, "SIG{signal}");
        assert_silent(&ended);
    }
}

#[test]
fn quitting_in_the_middle_is_asked_once() {
    let server = endless();
    let mut pty = running(&server);
    pty.keys("q");
    pty.wait_text("Quit all the same?");
    pty.keys("\x1b");
    pty.wait("the question gone", |view| !view.has("Quit all the same?"));
    pty.keys("q");
    pty.wait_text("Quit all the same?");
    pty.keys("q");
    let ended = pty.ended();
    assert_eq!(ended.code, 0);
    assert_silent(&ended);
}

#[test]
fn x_stops_requests_that_never_come() {
    let server = endless();
    let mut pty = running(&server);
    pty.keys("x");
    pty.wait_text("stopped");
    pty.keys("q");
    assert_eq!(pty.ended().code, 0);
}

#[test]
fn an_unknown_user_is_told_on_the_screen_and_after_it() {
    let server = quick();
    let mut pty = threadline(&["nobody", "--api-url", &server.url(), "--theme", "dark"]);
    pty.wait_text("knows no user \"nobody\"");
    pty.keys("q");
    let ended = pty.ended();
    assert_eq!(ended.code, 3);
    assert!(ended.screen.contains("knows no user \"nobody\""), "{}", ended.screen);
    assert!(!ended.farewell().replace(SHOW_CURSOR, "").contains('\x1b'), "plain words");
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
    assert_eq!(pty.ended().code, 143);
}

/// Waits until the program is stopped and the terminal is the shell's, and calls it back.
fn assert_stopped_and_back(pty: &mut Pty) {
    pty.wait_stopped();
    pty.wait("the terminal given back", |view| {
        !view.screen.alternate_screen() && !view.screen.hide_cursor()
    });
    pty.assert_settings_are_back();
    let before = pty.look(|view| {
        assert!(!view.screen.bracketed_paste());
        assert_eq!(view.screen.contents().trim(), "", "the shell's screen");
        view.bytes.len()
    });
    pty.signal("CONT");
    // The alternate screen is empty when it is entered: only a full repaint fills it.
    pty.wait("the whole screen again", |view| {
        view.screen.alternate_screen()
            && view.has("? help  q quit")
            && view.has("threadline")
            && view.has("worker-5")
    });
    assert!(pty.look(|view| view.bytes.len()) > before);
    pty.assert_settings_are_taken();
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the help gone", |view| !view.has("Shift-Tab"));
}

#[test]
fn control_z_and_back() {
    let server = endless();
    let mut pty = running(&server);
    for _ in 0..2 {
        pty.keys("\x1a");
        assert_stopped_and_back(&mut pty);
    }
    pty.keys("\x03");
    assert_eq!(pty.ended().code, 130);
}

#[test]
fn stopped_from_outside_and_back() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.signal("TSTP");
    assert_stopped_and_back(&mut pty);
    pty.keys("q");
    assert_eq!(pty.ended().code, 0);
}

/// As a person does it: Ctrl-Z, a word with the shell, `fg`.
#[test]
fn under_a_shell_with_job_control() {
    let server = endless();
    let mut pty = Pty::start("/bin/sh", &["-i"], &[("PS1", "ready> ")], WIDE);
    pty.wait_text("ready>");
    let program = env!("CARGO_BIN_EXE_threadline");
    let url = server.url();
    pty.keys(&format!("{program} aaronlelevier --api-url {url} --theme dark\r"));
    pty.wait_text("sequential runs");
    pty.keys("\x1a");
    pty.wait("the shell", |view| {
        !view.screen.alternate_screen()
            && view.has("topped")
            && view.screen.contents().trim_end().ends_with("ready>")
    });
    pty.keys("echo $((6 * 7))\r");
    pty.wait_text("42");
    pty.keys("fg\r");
    pty.wait("the whole screen again", |view| {
        view.screen.alternate_screen() && view.has("? help  q quit") && view.has("worker-5")
    });
    pty.keys("\x03");
    // What is typed before the program has ended would be its own.
    pty.wait("the shell", |view| {
        !view.screen.alternate_screen() && view.screen.contents().trim_end().ends_with("ready>")
    });
    pty.keys("echo code $?\r");
    pty.wait_text("code 130");
    pty.keys("exit\r");
    assert_eq!(pty.ended().code, 0);
}

/// Nothing is drawn while nothing changes.
#[test]
fn a_finished_race_writes_nothing() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    pty.assert_quiet();
    pty.keys("q");
    assert_eq!(pty.ended().code, 0);
}

#[test]
fn without_colour_there_is_bold_and_reverse() {
    let server = quick();
    let variables = [("NO_COLOR", "1"), ("COLORTERM", "truecolor")];
    let mut pty = ask_with(&server, &["--theme", "dark"], &variables, USUAL);
    pty.wait_text(SAME);
    pty.look(|view| {
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
    assert_eq!(pty.ended().code, 0);
}

#[test]
fn ascii_is_ascii_on_the_wire() {
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark", "--ascii"], &[], USUAL);
    pty.wait_text(SAME);
    pty.keys("q");
    let ended = pty.ended();
    assert_eq!(ended.code, 0);
    assert!(ended.output.is_ascii(), "{:?}", ended.output);
}

/// Pasted text is text, not keys: a `q` in it does not quit.
#[test]
fn a_paste_presses_no_keys() {
    let server = endless();
    let mut pty = running(&server);
    pty.look(|view| assert!(view.screen.bracketed_paste()));
    pty.keys("\x1b[200~q q x\x03\x1b[201~?");
    pty.wait_text("Shift-Tab");
    pty.look(|view| assert!(!view.has("Quit all the same?")));
    pty.keys("\x03");
    assert_eq!(pty.ended().code, 130);
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
    let ended = pty.ended();
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
    let ended = pty.ended();
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
    let ended = pty.ended();
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

#[test]
fn a_closed_window_ends_the_program() {
    let server = endless();
    let pty = running(&server);
    assert_eq!(pty.hang_up(), 129);
}

/// Where nobody reads why a run failed, that is no failure of its own.
#[test]
fn a_closed_window_ends_the_program_after_a_failed_run_too() {
    let server = quick();
    let pty = threadline(&["nobody", "--api-url", &server.url(), "--theme", "dark"]);
    pty.wait_text("knows no user");
    assert_eq!(pty.hang_up(), 129);
}
