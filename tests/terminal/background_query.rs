//! Tests the query for the terminal's background colour: no key is lost, however and whenever the
//! terminal replies.

use crate::exit_and_suspend::assert_suspends_and_resumes;
use crate::pty::{Pty, ScreenView};
use crate::{WIDE, assert_no_output_after_screen, stalled_server, start_with};
use threadline::server::Server;

/// The start of the query, as the terminal receives it.
const QUERY: &str = "\x1b]11;?";

/// The replies of a light and of a dark terminal.
const LIGHT: &str = "\x1b]11;rgb:ffff/ffff/ffff\x07";
const DARK: &str = "\x1b]11;rgb:0000/0000/0000\x1b\\";

/// The reply to the query for device attributes, which every terminal answers.
const ATTRIBUTES: &str = "\x1b[?62;22c";

/// The colour of captions on a light background, and on a dark one.
const CAPTION_ON_LIGHT: vt100::Color = vt100::Color::Rgb(0x58, 0x5e, 0x68);
const CAPTION_ON_DARK: vt100::Color = vt100::Color::Rgb(0x9a, 0xa0, 0xaa);

/// A text for the search field, which shows every key typed.
const TEXT: &str = "every key counts, all 30 of it";

/// Starts a race on a terminal that does not answer the query.
fn start_without_reply(server: &Server, variables: &[(&str, &str)]) -> Pty {
    start_with(server, &[], &[&[("COLORTERM", "truecolor")], variables].concat(), WIDE)
}

/// Starts a race and waits until it has sent the query.
fn start_and_wait_for_query(server: &Server) -> Pty {
    let pty = start_without_reply(server, &[]);
    wait_for_queries(&pty, 1);
    pty
}

/// Waits until the query was sent this many times.
fn wait_for_queries(pty: &Pty, times: usize) {
    pty.wait("the query", |view| {
        String::from_utf8_lossy(view.bytes).matches(QUERY).count() == times
    });
}

fn has_colour(view: &ScreenView<'_>, colour: vt100::Color) -> bool {
    let cells = (0..WIDE.1).flat_map(|y| (0..WIDE.0).map(move |x| (y, x)));
    cells.filter_map(|(y, x)| view.screen.cell(y, x)).any(|cell| cell.fgcolor() == colour)
}

/// Waits until the captions have one colour and not the other.
fn wait_for_colour(pty: &Pty, colour: vt100::Color, other: vt100::Color) {
    pty.wait("the caption colour", |view| has_colour(view, colour) && !has_colour(view, other));
}

/// Types the text key by key into the search field.
fn type_search(pty: &mut Pty) {
    pty.keys("/");
    for key in TEXT.as_bytes() {
        pty.keys([*key]);
    }
    pty.wait_text(&format!("find: {TEXT} "));
}

fn interrupt(mut pty: Pty) {
    pty.keys("\x03");
    let exit = pty.wait_for_exit();
    assert_eq!(exit.code, 130);
    assert_no_output_after_screen(&exit);
}

#[test]
fn keys_typed_before_the_background_reply_are_all_processed() {
    let server = stalled_server();
    let mut pty = start_and_wait_for_query(&server);
    type_search(&mut pty);
    pty.inspect(|view| {
        assert!(has_colour(view, CAPTION_ON_DARK) && !has_colour(view, CAPTION_ON_LIGHT));
    });
    pty.keys([LIGHT, ATTRIBUTES].concat());
    wait_for_colour(&pty, CAPTION_ON_LIGHT, CAPTION_ON_DARK);
    pty.inspect(|view| assert!(view.has(&format!("find: {TEXT} ")), "the reply types no key"));
    interrupt(pty);
}

#[test]
fn unanswered_background_query_does_not_delay_the_exit() {
    let server = stalled_server();
    for (keys, code) in [("\x03", 130), ("qq", 0)] {
        let mut pty = start_and_wait_for_query(&server);
        pty.keys(keys);
        let exit = pty.wait_for_exit();
        assert_eq!(exit.code, code, "{keys:?}");
        assert_no_output_after_screen(&exit);
    }
}

/// Left unread, the reply would appear as typed text in the shell.
#[test]
fn background_reply_after_the_quit_keys_is_consumed() {
    let server = stalled_server();
    for keys in ["\x03", "qq"] {
        let mut pty = start_and_wait_for_query(&server);
        pty.keys([keys, LIGHT, ATTRIBUTES].concat());
        assert_no_output_after_screen(&pty.wait_for_exit());
    }
}

/// Before raw mode, the terminal itself turns Ctrl-C into SIGINT.
#[test]
fn keys_typed_before_raw_mode_are_processed() {
    let server = stalled_server();
    let mut pty = start_without_reply(&server, &[]);
    pty.keys("qq");
    assert_eq!(pty.wait_for_exit().code, 0);
    let mut pty = start_without_reply(&server, &[]);
    pty.keys("\x03");
    // The code is 1 if SIGINT kills the program before it handles signals.
    assert!([130, 1].contains(&pty.wait_for_exit().code));
}

#[test]
fn background_reply_in_pieces_is_one_reply_and_no_key() {
    let server = stalled_server();
    let mut pty = start_and_wait_for_query(&server);
    pty.wait_text("one page after another");
    for reply in [LIGHT, ATTRIBUTES] {
        // ESC is not sent alone: its timeout would make the test depend on the machine's speed.
        let (start, rest) = reply.split_at(3);
        pty.keys(start);
        rest.bytes().for_each(|byte| pty.keys([byte]));
    }
    wait_for_colour(&pty, CAPTION_ON_LIGHT, CAPTION_ON_DARK);
    pty.inspect(|view| assert!(view.has("one page after another") && view.has("? help")));
    type_search(&mut pty);
    interrupt(pty);
}

#[test]
fn latest_background_reply_applies_until_the_user_chooses_a_theme() {
    let server = stalled_server();
    let mut pty = start_and_wait_for_query(&server);
    pty.keys(LIGHT);
    wait_for_colour(&pty, CAPTION_ON_LIGHT, CAPTION_ON_DARK);
    pty.keys([ATTRIBUTES, DARK, ATTRIBUTES].concat());
    wait_for_colour(&pty, CAPTION_ON_DARK, CAPTION_ON_LIGHT);
    pty.keys("t");
    wait_for_colour(&pty, CAPTION_ON_LIGHT, CAPTION_ON_DARK);
    pty.keys([DARK, ATTRIBUTES, "?"].concat());
    pty.wait_text("Shift-Tab");
    wait_for_colour(&pty, CAPTION_ON_LIGHT, CAPTION_ON_DARK);
    interrupt(pty);
}

#[test]
fn background_is_queried_again_after_a_suspension() {
    let server = stalled_server();
    for stop_by_key in [false, true] {
        let mut pty = start_and_wait_for_query(&server);
        pty.wait_text("worker-5");
        if stop_by_key {
            pty.keys("\x1a");
        } else {
            pty.signal("TSTP");
        }
        assert_suspends_and_resumes(&mut pty);
        wait_for_queries(&pty, 2);
        type_search(&mut pty);
        pty.keys([LIGHT, ATTRIBUTES].concat());
        wait_for_colour(&pty, CAPTION_ON_LIGHT, CAPTION_ON_DARK);
        pty.inspect(|view| assert!(view.has(&format!("find: {TEXT} "))));
        interrupt(pty);
    }
}

/// The variables state the background, disable colours, or name a terminal that does not answer.
#[test]
fn background_is_not_queried_if_the_environment_decides() {
    let server = stalled_server();
    let light = ("COLORFGBG", "0;default;15");
    for (variable, colour) in [
        (light, Some(CAPTION_ON_LIGHT)),
        (("COLORFGBG", "15;0"), Some(CAPTION_ON_DARK)),
        (("TERM", "screen"), Some(CAPTION_ON_DARK)),
        (("TERM", "Eterm"), Some(CAPTION_ON_DARK)),
        (("NO_COLOR", "1"), None),
    ] {
        let mut pty = start_without_reply(&server, &[variable]);
        pty.wait_text("one page after another");
        pty.inspect(|view| {
            for one in [CAPTION_ON_LIGHT, CAPTION_ON_DARK] {
                assert_eq!(has_colour(view, one), colour == Some(one), "{variable:?}");
            }
        });
        pty.keys("\x1a");
        assert_suspends_and_resumes(&mut pty);
        pty.keys("\x03");
        let exit = pty.wait_for_exit();
        assert!(!exit.output.contains("\x1b]") && !exit.output.contains("\x1b[c"));
    }
}
