//! More than anybody types, and what nobody types.

use crate::pty::Pty;
use crate::{SAME, WIDE, ask, endless, quick, running};

const MEGABYTE: usize = 1 << 20;

/// What a run that was stopped or a question to quit would show.
fn assert_undisturbed(pty: &mut Pty) {
    pty.keys("?");
    pty.wait_text("Shift-Tab");
    pty.keys("?");
    pty.wait("the help gone", |view| !view.has("Shift-Tab"));
    pty.inspect(|view| assert!(view.has("running: sequential") && !view.has("Quit anyway?")));
}

/// Pasted text is text, not keys, however much.
#[test]
fn a_huge_paste_presses_no_keys_and_costs_no_memory() {
    let server = endless();
    let mut pty = running(&server);
    let before = pty.memory();
    pty.inspect(|view| assert!(view.screen.bracketed_paste()));
    let text = b"q x \x1b r \r \x1a ".repeat(4 * MEGABYTE / 13);
    pty.keys([b"\x1b[200~", &text[..], b"\x1b[201~"].concat());
    assert_undisturbed(&mut pty);
    let grown = pty.memory().zip(before).map(|(after, before)| after.saturating_sub(before));
    assert!(grown.is_none_or(|kilobytes| kilobytes < 2048), "{grown:?} kB");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn a_paste_whose_end_never_comes_leaves_control_c() {
    let server = endless();
    let mut pty = running(&server);
    pty.keys("\x1b[200~q q x");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

/// In a terminal that knows no bracketed paste, a paste is typed.
#[test]
fn many_keys_at_once_are_all_taken() {
    let server = endless();
    let mut pty = running(&server);
    pty.keys([&b"hjkl".repeat(1 << 14)[..], b"?"].concat());
    pty.wait_text("Shift-Tab");
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

/// A program that left the mouse on, answers that nobody asked for, and Ctrl-C in a paste.
#[test]
fn what_no_key_sends_presses_none() {
    let server = endless();
    let mut pty = running(&server);
    for reports in [
        "\x1b[<0;10;10M\x1b[<0;10;10m",
        "\x1b[M !!\x1b[Mxqr",
        "\x1b]0;x\x07\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1bPx\x1b\\\x1b_x\x1b\\",
        "\x1b[?62;22c\x1b[10;10R\x1b[8;36;120t\x1b[?1;2x\x1b[999;999;999x",
        "\x1b[200~q\x03x\x1b[201~",
        "\x1bx\x1b[97;5u\u{e9}\u{1f600}\0",
    ] {
        pty.keys(reports.repeat(30));
        assert_undisturbed(&mut pty);
    }
    pty.keys("\x03");
    assert_eq!(pty.wait_for_exit().code, 130);
}

#[test]
fn a_storm_of_sizes_ends_in_a_whole_screen() {
    let server = quick();
    let mut pty = ask(&server);
    pty.wait_text(SAME);
    let sides = [0, 1, 2, 7, 24, 80, 300, 1000, u16::MAX];
    for round in 0..300 {
        for (place, columns) in sides.iter().enumerate() {
            pty.claim_size((*columns, sides[(place + round) % sides.len()]));
        }
    }
    pty.claim_size((u16::MAX, u16::MAX));
    pty.keys("?");
    pty.wait("the help, at the largest size", |view| {
        String::from_utf8_lossy(view.bytes).contains("Shift-Tab")
    });
    let memory = pty.memory();
    assert!(memory.is_none_or(|kilobytes| kilobytes < 256 * 1024), "{memory:?} kB");
    pty.keys("?");
    pty.resize((80, 24));
    pty.resize(WIDE);
    pty.wait("the whole screen", |view| {
        view.has("┌ totals ") && view.has("worker-5") && view.has(SAME) && !view.has("Shift-Tab")
    });
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
