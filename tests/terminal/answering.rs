//! The terminal is asked for its background: whatever it answers, and whenever, no key is lost.

use crate::leaving::assert_stopped_and_back;
use crate::pty::{Pty, ScreenView};
use crate::{WIDE, ask_with, assert_silent, endless};
use threadline::github::server::Server;

/// The query for the background, as the terminal receives it.
const QUERY: &str = "\x1b]11;?";

/// The answers to it.
const LIGHT: &str = "\x1b]11;rgb:ffff/ffff/ffff\x07";
const DARK: &str = "\x1b]11;rgb:0000/0000/0000\x1b\\";

/// The answer to the last query, which every terminal understands.
const ATTRIBUTES: &str = "\x1b[?62;22c";

/// The colour of captions on a light background, and on a dark one.
const ON_LIGHT: vt100::Color = vt100::Color::Rgb(0x58, 0x5e, 0x68);
const ON_DARK: vt100::Color = vt100::Color::Rgb(0x9a, 0xa0, 0xaa);

/// Text for the search, which shows each of its keys.
const TEXT: &str = "every key counts, all 30 of it";

/// threadline with a run that goes on, on a terminal that does not answer.
fn start(server: &Server, variables: &[(&str, &str)]) -> Pty {
    ask_with(server, &[], &[&[("COLORTERM", "truecolor")], variables].concat(), WIDE)
}

/// threadline, once it has asked.
fn asking(server: &Server) -> Pty {
    let pty = start(server, &[]);
    wait_query(&pty, 1);
    pty
}

/// Waits until the terminal was asked so many times.
fn wait_query(pty: &Pty, times: usize) {
    pty.wait("the query", |view| {
        String::from_utf8_lossy(view.bytes).matches(QUERY).count() == times
    });
}

fn has_colour(view: &ScreenView<'_>, colour: vt100::Color) -> bool {
    let cells = (0..WIDE.1).flat_map(|y| (0..WIDE.0).map(move |x| (y, x)));
    cells.filter_map(|(y, x)| view.screen.cell(y, x)).any(|cell| cell.fgcolor() == colour)
}

fn wait_colours(pty: &Pty, colour: vt100::Color, other: vt100::Color) {
    pty.wait("the colours", |view| has_colour(view, colour) && !has_colour(view, other));
}

/// Types a text key by key into the search.
fn search(pty: &mut Pty) {
    pty.keys("/");
    for key in TEXT.as_bytes() {
        pty.keys([*key]);
    }
    pty.wait_text(&format!("find: {TEXT} "));
}

fn interrupt(mut pty: Pty) {
    pty.keys("\x03");
    let ended = pty.wait_for_exit();
    assert_eq!(ended.code, 130);
    assert_silent(&ended);
}

#[test]
fn keys_typed_before_the_answer_are_all_heeded() {
    let server = endless();
    let mut pty = asking(&server);
    search(&mut pty);
    pty.inspect(|view| assert!(has_colour(view, ON_DARK) && !has_colour(view, ON_LIGHT)));
    pty.keys([LIGHT, ATTRIBUTES].concat());
    wait_colours(&pty, ON_LIGHT, ON_DARK);
    pty.inspect(|view| assert!(view.has(&format!("find: {TEXT} ")), "the answer is no key"));
    interrupt(pty);
}

#[test]
fn a_terminal_that_never_answers_delays_no_end() {
    let server = endless();
    for (keys, code) in [("\x03", 130), ("qq", 0)] {
        let mut pty = asking(&server);
        pty.keys(keys);
        let ended = pty.wait_for_exit();
        assert_eq!(ended.code, code, "{keys:?}");
        assert_silent(&ended);
    }
}

/// What the terminal still answers is not left to the shell, where it would look typed.
#[test]
fn an_answer_after_the_last_key_is_taken() {
    let server = endless();
    for keys in ["\x03", "qq"] {
        let mut pty = asking(&server);
        pty.keys([keys, LIGHT, ATTRIBUTES].concat());
        assert_silent(&pty.wait_for_exit());
    }
}

/// The terminal itself heeds Ctrl-C as long as nobody reads its keys.
#[test]
fn what_is_typed_before_the_program_has_the_terminal_counts() {
    let server = endless();
    let mut pty = start(&server, &[]);
    pty.keys("qq");
    assert_eq!(pty.wait_for_exit().code, 0);
    let mut pty = start(&server, &[]);
    pty.keys("\x03");
    // 1 is for a program that a signal ended before it watched for one.
    assert!([130, 1].contains(&pty.wait_for_exit().code));
}

#[test]
fn an_answer_in_pieces_is_one_answer_and_no_key() {
    let server = endless();
    let mut pty = asking(&server);
    pty.wait_text("running: sequential");
    for answer in [LIGHT, ATTRIBUTES] {
        // How long ESC may be apart from the rest is no matter of this machine's speed.
        let (beginning, rest) = answer.split_at(3);
        pty.keys(beginning);
        rest.bytes().for_each(|byte| pty.keys([byte]));
    }
    wait_colours(&pty, ON_LIGHT, ON_DARK);
    pty.inspect(|view| assert!(view.has("running: sequential") && view.has("? help")));
    search(&mut pty);
    interrupt(pty);
}

#[test]
fn the_last_answer_counts_until_a_person_chooses() {
    let server = endless();
    let mut pty = asking(&server);
    pty.keys(LIGHT);
    wait_colours(&pty, ON_LIGHT, ON_DARK);
    pty.keys([ATTRIBUTES, DARK, ATTRIBUTES].concat());
    wait_colours(&pty, ON_DARK, ON_LIGHT);
    pty.keys("t");
    wait_colours(&pty, ON_LIGHT, ON_DARK);
    pty.keys([DARK, ATTRIBUTES, "?"].concat());
    pty.wait_text("Shift-Tab");
    wait_colours(&pty, ON_LIGHT, ON_DARK);
    interrupt(pty);
}

#[test]
fn stopped_before_the_answer_and_asked_again_after_it() {
    let server = endless();
    for stop_by_key in [false, true] {
        let mut pty = asking(&server);
        pty.wait_text("worker-5");
        if stop_by_key {
            pty.keys("\x1a");
        } else {
            pty.signal("TSTP");
        }
        assert_stopped_and_back(&mut pty);
        wait_query(&pty, 2);
        search(&mut pty);
        pty.keys([LIGHT, ATTRIBUTES].concat());
        wait_colours(&pty, ON_LIGHT, ON_DARK);
        pty.inspect(|view| assert!(view.has(&format!("find: {TEXT} "))));
        interrupt(pty);
    }
}

/// Where the background is known, or does not matter, and where no answer can be had.
#[test]
fn what_is_known_is_not_asked() {
    let server = endless();
    let light = ("COLORFGBG", "0;default;15");
    for (variable, colour) in [
        (light, Some(ON_LIGHT)),
        (("COLORFGBG", "15;0"), Some(ON_DARK)),
        (("TERM", "screen"), Some(ON_DARK)),
        (("TERM", "Eterm"), Some(ON_DARK)),
        (("NO_COLOR", "1"), None),
    ] {
        let mut pty = start(&server, &[variable]);
        pty.wait_text("running: sequential");
        pty.inspect(|view| {
            for one in [ON_LIGHT, ON_DARK] {
                assert_eq!(has_colour(view, one), colour == Some(one), "{variable:?}");
            }
        });
        pty.keys("\x1a");
        assert_stopped_and_back(&mut pty);
        pty.keys("\x03");
        let ended = pty.wait_for_exit();
        assert!(!ended.output.contains("\x1b]") && !ended.output.contains("\x1b[c"));
    }
}
