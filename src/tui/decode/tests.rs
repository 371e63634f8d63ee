//! Bytes that terminals send, and what is pressed.

use super::*;

fn keys(decoder: &mut Decoder, bytes: &[u8]) -> Vec<KeyEvent> {
    decoder.typed(bytes).into_iter().filter_map(only_key).collect()
}

fn only_key(typed: Typed) -> Option<KeyEvent> {
    if let Typed::Key(key) = typed { Some(key) } else { None }
}

#[test]
fn the_mouse_is_understood() {
    let done = |bytes: &[u8]| {
        let typed = Decoder::default().typed(bytes).into_iter();
        let done = typed.map(|typed| match typed {
            Typed::Mouse(Mouse { gesture, column, row }) => (gesture, column, row),
            Typed::Key(key) => panic!("{key:?}"),
        });
        done.collect::<Vec<_>>()
    };
    let pressed = b"\x1b[<0;1;1M\x1b[<32;300;200M\x1b[<0;300;200m\x1b[<64;5;6M\x1b[<65;5;6M";
    let gestures = [
        (Gesture::Press, 0, 0),
        (Gesture::Drag, 299, 199),
        (Gesture::Release, 299, 199),
        (Gesture::Closer, 4, 5),
        (Gesture::Farther, 4, 5),
    ];
    assert_eq!(done(pressed), gestures);
    assert_eq!(done(b"\x1b[<16;2;2M"), [(Gesture::Press, 1, 1)], "with Ctrl");
    for other in ["2;2;2M", "35;2;2M", "66;2;2M", "0;0;2M", "0;2M", "0;2;2;2M", "0;2;2q", "<0;2;2M"]
    {
        assert_eq!(done(format!("\x1b[<{other}").as_bytes()), [], "{other}");
    }
    assert_eq!(done(b"\x1b[0;<2;2M\x1b[200~\x1b[<0;2;2M\x1b[201~"), [], "and in a paste");
}

/// What is pressed, a byte at a time and all at once.
fn pressed(bytes: &[u8]) -> Vec<KeyCode> {
    let mut decoder = Decoder::default();
    let single = bytes.iter().flat_map(|byte| keys(&mut decoder, &[*byte]));
    let single: Vec<KeyEvent> = single.collect();
    let whole = keys(&mut Decoder::default(), bytes);
    assert_eq!(single, whole, "{:?}", String::from_utf8_lossy(bytes));
    whole.into_iter().map(|key| key.code).collect()
}

/// What is pressed if nothing follows.
fn typed(decoder: &mut Decoder, bytes: &[u8]) -> Vec<KeyEvent> {
    let mut pressed = keys(decoder, bytes);
    pressed.extend(decoder.settle().and_then(only_key));
    pressed
}

fn chars(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

#[test]
fn keys_are_keys() {
    assert_eq!(pressed(b"qH 0[]~"), chars("qH 0[]~"));
    assert_eq!(pressed(b"\t\r"), [KeyCode::Tab, KeyCode::Enter]);
    let arrows = [KeyCode::Up, KeyCode::Down, KeyCode::Right, KeyCode::Left];
    assert_eq!(pressed(b"\x1b[A\x1b[B\x1b[C\x1b[D"), arrows);
    assert_eq!(pressed(b"\x1bOA\x1bOB\x1bOC\x1bOD"), arrows);
    assert_eq!(pressed(b"\x1b[1;2A\x1b[Z"), [KeyCode::Up, KeyCode::BackTab]);
    for home in [b"\x1b[H".as_slice(), b"\x1bOH", b"\x1b[1~", b"\x1b[7~"] {
        assert_eq!(pressed(home), [KeyCode::Home]);
    }
    for end in [b"\x1b[F".as_slice(), b"\x1bOF", b"\x1b[4~", b"\x1b[8~"] {
        assert_eq!(pressed(end), [KeyCode::End]);
    }
    assert_eq!(pressed(b"\x1b[5~\x1b[6~"), [KeyCode::PageUp, KeyCode::PageDown]);
    assert_eq!(pressed(b"\x7f\x1b[3~"), [KeyCode::Backspace, KeyCode::Delete]);
    let text = "a\u{e9}\u{65e5}\u{1f600}";
    assert_eq!(pressed(text.as_bytes()), chars(text));
    let held = keys(&mut Decoder::default(), b"\x03\x1b[1;5A\x1b[6;3~");
    let held = held.into_iter().map(|key| (key.code, key.modifiers));
    let expected = [
        (KeyCode::Char('c'), KeyModifiers::CONTROL),
        (KeyCode::Up, KeyModifiers::CONTROL),
        (KeyCode::PageDown, KeyModifiers::ALT),
    ];
    assert_eq!(held.collect::<Vec<_>>(), expected);
}

#[test]
fn escape_is_a_key_where_nothing_follows() {
    let mut decoder = Decoder::default();
    assert_eq!(typed(&mut decoder, b"\x1b"), [key(KeyCode::Esc)]);
    assert_eq!(typed(&mut decoder, b"q"), [key(KeyCode::Char('q'))]);
    assert_eq!(pressed(b"\x1b\x1bq"), [KeyCode::Esc], "and q with Alt");
}

/// Each is followed by a key, which is one.
#[test]
fn what_is_no_key_presses_none() {
    for bytes in [
        b"\x1bq".as_slice(),
        b"\x1b[200~q\x03x\r\x1b[A\x1b]q\x1b\x1b[201~",
        b"\x1b[200~\x1b[M\x1b[201~",
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        b"\x1b]0;q\x1b[?62;c",
        b"\x1bPq\x1b\\\x1b_q\x1b\\\x1b^q\x1b\\\x1bXq\x1b\\",
        b"\x1b[<0;10;10M\x1b[<0;10;10m\x1b[Mqqq\x1b[M\xff\x7fq",
        b"\x1b[?62;22c\x1b[10;10R\x1b[I\x1b[O\x1b[?1u\x1b[8;36;120t",
        b"\x1b[[A\x1b[15~\x1b[3$\x1bOq\x1b[97;5u\x1b[1;2;3;4q",
        b"\x1b[99999999999999999999;99999999999999999999q",
        b"\x9b\xff\x00\x1c\xa9",
        // Cut off, too long for what it is, a surrogate, too large, a control.
        b"\xe6\x97\xc0\xb1\xe0\x81\xb1\xed\xa0\x80\xf4\x90\x80\x80\xc2\x9b\xe6",
    ] {
        let bytes = [bytes, b"?"].concat();
        assert_eq!(pressed(&bytes), chars("?"), "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn an_end_that_never_comes_takes_nothing_away() {
    let mut decoder = Decoder::default();
    let mut typed = |bytes: &[u8]| typed(&mut decoder, bytes).len();
    assert_eq!(typed(b"\x1b[200~q\x03q\x1b"), 0);
    assert_eq!(typed(b"[A"), 0, "still in the paste");
    assert_eq!(typed(b"q\x03"), 1, "Ctrl-C, and nothing after it");
    assert_eq!(typed(b"q"), 1);
    assert_eq!(typed(b"\x1b]"), 0, "Alt and ]");
    assert_eq!(typed(b"q"), 1);
    assert_eq!(typed(b"\x1b]11;q"), 0, "an answer, up to here");
    assert_eq!(typed(b"q\x03"), 1, "Ctrl-C ends it");
    assert_eq!(typed(b"\x1b[12;"), 0);
    assert_eq!(typed(b"\x1b"), 1);
}
