//! Tests that no server can inject escape sequences: every byte sent to the terminal is text, or
//! part of a sequence of the program itself.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

use crossbeam_channel::unbounded;

use crate::peer::{Peer, PeerRequest, PeerStep, response_bytes};
use crate::pty::{Pty, PtyExit, ScreenView};

/// Wide enough for a message on one line.
const SIZE: (u16, u16) = (400, 36);

/// A text after each hazard, by which the output is searched.
const MARK: &str = "EVIL";

/// The number of hazards per message: a longer message would be truncated.
const GROUP_SIZE: usize = 6;

/// Escape sequences, characters that hide or reorder text, and characters wider than a cell.
/// [`hazards`] adds all control characters.
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

/// Returns every hazard, with its mark.
fn hazards() -> Vec<String> {
    let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).map(String::from);
    let hazards = controls.chain(HAZARDS.map(str::to_owned));
    hazards.map(|hazard| format!("{hazard}{MARK}")).collect()
}

/// Returns the hazards in groups that fit into a message.
fn groups() -> Vec<String> {
    hazards().chunks(GROUP_SIZE).map(|hazards| hazards.join(" ")).collect()
}

/// Asserts that the output consists of text and of these sequences.
#[track_caller]
fn assert_only_sequences(output: &str, sequences: &[&str]) {
    let mut rest = output;
    while let Some((_, found)) = rest.find(is_hazard).map(|at| rest.split_at(at)) {
        let after = strip_sequence(found, sequences);
        let excerpt: String = found.chars().take(60).collect();
        assert!(after.is_some(), "foreign sequence in the output: {excerpt:?}");
        rest = after.unwrap_or_default();
    }
    for hazard in hazards().iter().filter(|hazard| hazard.contains(is_hazard)) {
        assert!(!output.contains(hazard), "hazard in the output: {hazard:?}");
    }
}

/// Returns whether a character is a control, is invisible, or changes the look of others.
fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{e0000}'..='\u{e01ef}')
}

/// Strips one of the sequences from the start of a text, or returns `None`. `#H` stands for a CSI
/// sequence with any numbers and the final letter `H`.
fn strip_sequence<'text>(text: &'text str, sequences: &[&str]) -> Option<&'text str> {
    sequences.iter().find_map(|sequence| match sequence.strip_prefix('#') {
        None => text.strip_prefix(sequence),
        Some(final_letter) => {
            let numbers = text.strip_prefix("\u{1b}[")?;
            numbers
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .strip_prefix(final_letter)
        }
    })
}

/// The sequences of the screen: cursor position, colours, clearing, and modes.
const SCREEN_SEQUENCES: [&str; 16] = [
    "#H",
    "#m",
    "#J",
    "\u{1b}[?1049h",
    "\u{1b}[?1049l",
    "\u{1b}[?1002h",
    "\u{1b}[?1002l",
    "\u{1b}[?1006h",
    "\u{1b}[?1006l",
    "\u{1b}[?2004h",
    "\u{1b}[?2004l",
    "\u{1b}[?2026h",
    "\u{1b}[?2026l",
    "\u{1b}[?25h",
    "\u{1b}[?25l",
    "\r\n",
];

/// The line ends of plain output: the terminal turns LF into CRLF.
const LINE_ENDS: [&str; 2] = ["\r\n", "\r"];

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn error_body(message: &str) -> String {
    format!(r#"{{"message":{}}}"#, json(message))
}

/// Returns a response with hazards in every field. Each page fails, with a group of them in the
/// message.
fn hostile_response(request: &PeerRequest, groups: &[String]) -> Vec<PeerStep> {
    let (count, all) = (groups.len(), groups.concat());
    let account = |id: &str| format!(r#"{{"id":{id},"login":{0},"html_url":{0}}}"#, json(&all));
    let raw: String = all.chars().filter(|c| !matches!(c, '\0' | '\r' | '\n')).collect();
    let Some(page) = (request.page() as usize).checked_sub(2) else {
        let link = format!("link: </?page={}>; rel=\"last\"\r\n", count * 3 + 1);
        return vec![PeerStep::Send(response_bytes(200, &link, format!("[{}]", account("1"))))];
    };
    let bytes = match (page / count, groups.get(page % count)) {
        (1, Some(group)) => response_bytes(500, "", error_body(group)),
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

/// Starts threadline with `server` as its API.
fn start_fetch(server: &Peer, options: &[&str]) -> Pty {
    let url = server.url();
    let all = ["octocat", "--api-url", &url, "--per-page", "1", "--theme", "dark"];
    let arguments = [&all[..], &["--retries", "0", "--max-wait=0s"], options].concat();
    Pty::start(env!("CARGO_BIN_EXE_threadline"), &arguments, &[], SIZE)
}

/// Returns whether the borders of the boxes are aligned: every character fits its cells.
fn are_borders_aligned(view: &ScreenView<'_>, columns: u16) -> bool {
    let side =
        |row, column| view.screen.cell(row, column).is_some_and(|cell| cell.contents() == "│");
    let sides = (0..SIZE.1).map(|row| (side(row, 0), side(row, columns - 1)));
    let sides: Vec<_> = sides.collect();
    let boxed = sides.iter().filter(|(left, _)| *left).count() > 20;
    boxed && sides.iter().all(|(left, right)| left == right)
}

#[test]
fn server_fields_inject_no_escape_sequences_into_the_screen() {
    let groups = groups();
    let count = groups.len() * 3 + 1;
    // Each lane fetches one page: none is answered before all are requested.
    let ((open, gate), requested) = (unbounded(), AtomicUsize::new(0));
    let server = Peer::start(move |request| {
        let response = hostile_response(request, &groups);
        if requested.fetch_add(1, Ordering::SeqCst) + 1 == count {
            (0..count).for_each(|_| open.send(()).expect("a gate"));
        }
        iter::once(PeerStep::Wait(gate.clone())).chain(response).collect()
    });
    let threads = count.to_string();
    let mut pty = start_fetch(&server, &["--mode", "threads", "--threads", &threads]);
    pty.wait_text(" r run ");
    let mut marks = 0;
    for lane in 1..=count {
        pty.keys("j");
        pty.wait("the selected lane", |view| view.has(&format!("│ worker-{lane}  ")));
        pty.inspect(|view| {
            assert!(are_borders_aligned(view, SIZE.0), "{}", view.screen.contents());
            let selected = view.screen.rows(0, SIZE.0).find(|row| row.starts_with("│ worker-"));
            marks += selected.map_or(0, |row| row.matches(MARK).count());
        });
    }
    // The selected message has wide characters, which also fall on the end of a line.
    for columns in 110..130 {
        pty.resize((columns, SIZE.1));
        pty.wait("aligned borders", |view| are_borders_aligned(view, columns));
    }
    pty.keys("q");
    let PtyExit { code, output, .. } = pty.wait_for_exit();
    assert_eq!(code, 6);
    assert_only_sequences(&output, &SCREEN_SEQUENCES);
    assert!(marks >= hazards().len() * 2, "{marks} marks on the screen");
}

#[test]
fn server_fields_inject_no_escape_sequences_into_plain_output() {
    let formats: [&[&str]; 3] = [&["--plain"], &["--json"], &["-o", "-"]];
    thread::scope(|scope| {
        for format in formats {
            let check = move || {
                for group in groups() {
                    let body = error_body(&group);
                    let server = Peer::answering(response_bytes(403, "", &body));
                    let exit = start_fetch(&server, format).wait_for_exit();
                    assert_eq!(exit.code, 4, "{}", exit.output);
                    assert_only_sequences(&exit.output, &LINE_ENDS);
                    assert!(exit.output.contains(MARK), "{}", exit.output);
                }
                let server = Peer::start(move |request| hostile_response(request, &groups()));
                for mode in ["sequential", "threads"] {
                    let options = [format, &["--mode", mode]].concat();
                    let exit = start_fetch(&server, &options).wait_for_exit();
                    assert_eq!(exit.code, 6, "{}", exit.output);
                    assert_only_sequences(&exit.output, &LINE_ENDS);
                }
            };
            Builder::new().spawn_scoped(scope, check).expect("a thread");
        }
    });
}

#[test]
fn assertion_detects_every_hazard() {
    for hazard in hazards() {
        if hazard.starts_with(['漢', '\u{fdfd}', '\r', '\n']) {
            continue;
        }
        let found = std::panic::catch_unwind(|| {
            assert_only_sequences(&format!("a{hazard}"), &SCREEN_SEQUENCES);
        });
        assert!(found.is_err(), "{hazard:?}");
    }
    assert_only_sequences("a\u{1b}[1;2Hb\u{1b}[?25h\u{1b}[0mc\r\n", &SCREEN_SEQUENCES);
}
