//! Nothing that a server says is obeyed by the terminal: every byte that reaches it is text, or one of
//! the sequences that the program itself uses.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

use crossbeam_channel::unbounded;

use crate::peer::{Peer, PeerRequest, PeerStep, response_bytes};
use crate::pty::{Pty, PtyExit, ScreenView};

/// So wide that a message fits on a line.
const SIZE: (u16, u16) = (400, 36);

/// What follows each hazard, so that it is found again.
const MARK: &str = "EVIL";

/// So many hazards are in one message: more would be cut.
const TOGETHER: usize = 6;

/// What terminals obey, what misleads the eye, and what does not fit its cell. All control
/// characters come besides.
const HAZARDS: [&str; 22] = [
    "\u{1b}[66J",
    "\u{1b}[66;66H",
    "\u{1b}[35;66m",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://x\u{1b}\\",
    "\u{1b}]52;c;eA==\u{7}",
    "\u{1b}P$q\"p\u{1b}\\",
    "\u{1b}_x\u{1b}\\",
    "\u{9b}66;66H",
    "\u{9d}0;title\u{9c}",
    "\u{202a}\u{202b}\u{202c}",
    "\u{202d}\u{202e}",
    "\u{2066}\u{2067}\u{2068}\u{2069}",
    "\u{200e}\u{200f}\u{61c}",
    "\u{200b}\u{200c}\u{200d}",
    "\u{2060}\u{feff}\u{ad}",
    "\u{2028}\u{2029}",
    "\u{e0041}\u{fe0f}",
    "e\u{301}\u{302}\u{303}",
    "\u{1f9f5}\u{1f469}\u{200d}\u{1f467}",
    "漢字かな",
    "\u{fdfd}\u{3000}",
];

/// Every hazard, with its mark.
fn hazards() -> Vec<String> {
    let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).map(String::from);
    let hazards = controls.chain(HAZARDS.map(str::to_owned));
    hazards.map(|hazard| format!("{hazard}{MARK}")).collect()
}

fn groups() -> Vec<String> {
    hazards().chunks(TOGETHER).map(|hazards| hazards.join(" ")).collect()
}

/// Asserts that the terminal was sent text and the program's own sequences alone.
#[track_caller]
fn assert_own(sent: &str, sequences: &[&str]) {
    let mut rest = sent;
    while let Some((_, found)) = rest.find(is_hazard).map(|at| rest.split_at(at)) {
        let after = strip_sequence(found, sequences);
        let beginning: String = found.chars().take(60).collect();
        assert!(after.is_some(), "the terminal was sent {beginning:?}");
        rest = after.unwrap_or_default();
    }
    for hazard in hazards().iter().filter(|hazard| hazard.contains(is_hazard)) {
        assert!(!sent.contains(hazard), "the terminal was sent {hazard:?}");
    }
}

/// Controls, and what has no place of its own: no font shows it, or it changes what others look like.
fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{e0000}'..='\u{e01ef}')
}

/// What follows one of these: a whole sequence, or the letter that ends one with only numbers.
fn strip_sequence<'text>(text: &'text str, sequences: &[&str]) -> Option<&'text str> {
    sequences.iter().find_map(|sequence| match sequence.strip_prefix('#') {
        None => text.strip_prefix(sequence),
        Some(letter) => {
            let numbers = text.strip_prefix("\u{1b}[")?;
            numbers
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .strip_prefix(letter)
        }
    })
}

/// What the screen needs: to go to a place, colours, to clear; and its modes.
const SCREEN: [&str; 12] = [
    "#H",
    "#m",
    "#J",
    "\u{1b}[?1049h",
    "\u{1b}[?1049l",
    "\u{1b}[?2004h",
    "\u{1b}[?2004l",
    "\u{1b}[?2026h",
    "\u{1b}[?2026l",
    "\u{1b}[?25h",
    "\u{1b}[?25l",
    "\r\n",
];

/// What lines of text need; a terminal makes the first of the second.
const LINES: [&str; 2] = ["\r\n", "\r"];

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn error(said: &str) -> String {
    format!(r#"{{"message":{}}}"#, json(said))
}

/// A server whose every field is hostile. The pages fail, each with some of the hazards in why.
fn hostile(request: &PeerRequest, groups: &[String]) -> Vec<PeerStep> {
    let (count, all) = (groups.len(), groups.concat());
    let account = |id: &str| format!(r#"{{"id":{id},"login":{0},"html_url":{0}}}"#, json(&all));
    let raw: String = all.chars().filter(|c| !matches!(c, '\0' | '\r' | '\n')).collect();
    let Some(page) = (request.page() as usize).checked_sub(1) else {
        let profile = format!(r#"{{"login":{},"followers":{}}}"#, json(&all), count * 3);
        return vec![PeerStep::Send(response_bytes(200, "", profile))];
    };
    let bytes = match (page / count, groups.get(page % count)) {
        (1, Some(group)) => response_bytes(500, "", error(group)),
        (2, Some(group)) => response_bytes(200, "", format!("[{}]", account(&json(group)))),
        _ => match page % count {
            0 => response_bytes(200, &format!("x-evil: {raw}\r\n"), "[]"),
            1 => response_bytes(200, &format!("link: <{raw}>; rel=\"next\"\r\n"), "[]"),
            2 => response_bytes(200, &format!("link: </?page=9&{raw}>; rel=\"{raw}\"\r\n"), "[]"),
            3 => response_bytes(302, &format!("location: http://evil.example/{raw}\r\n"), ""),
            4 => response_bytes(302, &format!("location: /{raw}\r\n"), ""),
            5 => format!("HTTP/1.1 500 {raw}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
            6 => response_bytes(200, &format!("content-type: {raw}\r\n"), "<html>"),
            _ => response_bytes(200, "", format!("[{}]", account(&page.to_string()))),
        },
    };
    vec![PeerStep::Send(bytes)]
}

/// threadline in a terminal, asking that server.
fn ask(server: &Peer, more: &[&str]) -> Pty {
    let url = server.url();
    let all = ["octocat", "--api-url", &url, "--per-page", "1", "--theme", "dark"];
    let arguments = [&all[..], &["--retries", "0", "--max-wait=0s"], more].concat();
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &arguments, &[], SIZE)
}

/// Whether the boxes' sides are above each other: no character is wider or narrower than its place.
fn is_straight(view: &ScreenView<'_>, columns: u16) -> bool {
    let side =
        |row, column| view.screen.cell(row, column).is_some_and(|cell| cell.contents() == "│");
    let sides = (0..SIZE.1).map(|row| (side(row, 0), side(row, columns - 1)));
    let sides: Vec<_> = sides.collect();
    let boxed = sides.iter().filter(|(left, _)| *left).count() > 20;
    boxed && sides.iter().all(|(left, right)| left == right)
}

#[test]
fn no_field_of_a_server_acts_on_the_screen() {
    let groups = groups();
    let count = groups.len() * 3;
    // Each lane has one page: none is answered before all are asked for.
    let ((open, gate), asked) = (unbounded(), AtomicUsize::new(0));
    let server = Peer::start(move |request| {
        let answer = hostile(request, &groups);
        if request.page() == 0 {
            return answer;
        }
        if asked.fetch_add(1, Ordering::SeqCst) + 1 == count {
            (0..count).for_each(|_| open.send(()).expect("a gate"));
        }
        iter::once(PeerStep::Wait(gate.clone())).chain(answer).collect()
    });
    let threads = count.to_string();
    let mut pty = ask(&server, &["--mode", "threads", "--threads", &threads]);
    pty.wait_text(" r run ");
    let mut told = 0;
    for lane in 1..=count {
        pty.keys("j");
        pty.wait("the lane chosen", |view| view.has(&format!("│ worker-{lane}  ")));
        pty.inspect(|view| {
            assert!(is_straight(view, SIZE.0), "{}", view.screen.contents());
            let chosen = view.screen.rows(0, SIZE.0).find(|row| row.starts_with("│ worker-"));
            told += chosen.map_or(0, |row| row.matches(MARK).count());
        });
    }
    // The last has wide characters in it, which also stand where a line ends.
    for columns in 110..130 {
        pty.resize((columns, SIZE.1));
        pty.wait("straight sides", |view| is_straight(view, columns));
    }
    pty.keys("q");
    let PtyExit { code, output, .. } = pty.wait_for_exit();
    assert_eq!(code, 6);
    assert_own(&output, &SCREEN);
    assert!(told >= hazards().len() * 2, "{told} are told");
}

/// One after another, each failure is said in the lines of text, too.
#[test]
fn no_field_of_a_server_acts_on_a_terminal_without_a_screen() {
    let ways: [&[&str]; 3] = [&["--plain"], &["--json"], &["-o", "-"]];
    thread::scope(|scope| {
        for way in ways {
            let check = move || {
                for group in groups() {
                    let refusal = error(&group);
                    let refused = Peer::answering(response_bytes(403, "", &refusal));
                    let said = ask(&refused, way).wait_for_exit();
                    assert_eq!(said.code, 4, "{}", said.output);
                    assert_own(&said.output, &LINES);
                    assert!(said.output.contains(MARK), "{}", said.output);
                }
                let server = Peer::start(move |request| hostile(request, &groups()));
                for mode in ["sequential", "threads"] {
                    let said = ask(&server, &[way, &["--mode", mode]].concat()).wait_for_exit();
                    assert_eq!(said.code, 6, "{}", said.output);
                    assert_own(&said.output, &LINES);
                }
            };
            Builder::new().spawn_scoped(scope, check).expect("a thread");
        }
    });
}

/// The finder itself.
#[test]
fn every_hazard_is_found() {
    for hazard in hazards() {
        if hazard.starts_with(['漢', '\u{fdfd}', '\r', '\n']) {
            continue;
        }
        let found = std::panic::catch_unwind(|| assert_own(&format!("a{hazard}"), &SCREEN));
        assert!(found.is_err(), "{hazard:?}");
    }
    assert_own("a\u{1b}[1;2Hb\u{1b}[?25h\u{1b}[0mc\r\n", &SCREEN);
}
