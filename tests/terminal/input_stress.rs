//! Tests the terminal's input under stress: large pastes, bursts of keys, unsolicited reports, and
//! many resizes.

use crate::pty::Pty;
use crate::{RACE_SUMMARY, WIDE, fast_server, stalled_server, start_race, start_running_race};

const MEGABYTE: usize = 1 << 20;

/// Asserts that the help still opens, that the run is still active, and that no quit prompt is
/// open.
fn assert_undisturbed(pty: &mut Pty) {
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the help to close", |view| !view.has("Shift-Tab"));
    pty.inspect(|view| assert!(view.has("one page after another") && !view.has("Quit anyway?")));
}

#[test]
fn large_paste_presses_no_key_and_is_not_buffered() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    let before = pty.memory();
    pty.inspect(|view| assert!(view.screen.bracketed_paste()));
    let text = b"q x \x1b r \r \x1a ".repeat(4 * MEGABYTE / 13);
    pty.keys([b"\x1b[200~", &text[..], b"\x1b[201~"].concat());
    assert_undisturbed(&mut pty);
    let growth = pty.memory().zip(before).map(|(after, before)| after.saturating_sub(before));
    assert!(growth.is_none_or(|kilobytes| kilobytes < 2048), "{growth:?} kB");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn ctrl_c_works_during_an_unterminated_paste() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    pty.keys("\x1b[200~q q x");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

/// A terminal without bracketed paste sends a paste as keys.
#[test]
fn burst_of_keys_is_processed_to_the_last() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    pty.keys([&b"hjkl".repeat(1 << 14)[..], b"?"].concat());
    pty.wait_text("Shift-Tab");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

/// Mouse reports, unsolicited replies, Ctrl-C in a paste, and keys without a binding.
#[test]
fn reports_and_unbound_keys_change_nothing() {
    let server = stalled_server();
    let mut pty = start_running_race(&server);
    for input in [
        "\x1b[<0;10;10M\x1b[<0;10;10m",
        "\x1b[M !!\x1b[Mxqr",
        "\x1b]0;x\x07\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1bPx\x1b\\\x1b_x\x1b\\",
        "\x1b[?62;22c\x1b[10;10R\x1b[8;36;120t\x1b[?1;2x\x1b[999;999;999x",
        "\x1b[200~q\x03x\x1b[201~",
        "\x1bx\x1b[97;5u\u{e9}\u{1f600}\0",
    ] {
        pty.keys(input.repeat(30));
        assert_undisturbed(&mut pty);
    }
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn screen_is_complete_after_thousands_of_resizes() {
    let server = fast_server();
    let mut pty = start_race(&server);
    pty.wait_text(RACE_SUMMARY);
    let sides = [0, 1, 2, 7, 24, 80, 300, 1000, u16::MAX];
    for round in 0..300 {
        for (index, columns) in sides.iter().enumerate() {
            pty.report_size((*columns, sides[(index + round) % sides.len()]));
        }
    }
    pty.report_size((u16::MAX, u16::MAX));
    pty.keys("?");
    pty.wait("the help at the largest size", |view| {
        String::from_utf8_lossy(view.bytes).contains("Shift-Tab")
    });
    let memory = pty.memory();
    assert!(memory.is_none_or(|kilobytes| kilobytes < 256 * 1024), "{memory:?} kB");
    pty.keys("?");
    pty.resize((80, 24));
    pty.resize(WIDE);
    pty.wait("the complete screen", |view| {
        view.has("╭ totals ")
            && view.has("worker-5")
            && view.has(RACE_SUMMARY)
            && !view.has("Shift-Tab")
    });
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
