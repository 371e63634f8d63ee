//! The bytes that terminals send, and the keys, gestures and answers that they decode to.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::Gesture;
use threadline::model::Background;
use threadline::terminal::decoder::Decoder;
use threadline::terminal::{MouseEvent, TerminalInput};

/// The time between ESC and the rest of a sequence, and of an answer.
const MAX_GAP: Duration = Duration::from_millis(25);
const MAX_GAP_IN_ANSWER: Duration = Duration::from_millis(250);

fn plain_key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn keys(decoder: &mut Decoder, bytes: &[u8]) -> Vec<KeyEvent> {
    decoder.decode(bytes).into_iter().filter_map(only_key).collect()
}

fn only_key(input: TerminalInput) -> Option<KeyEvent> {
    if let TerminalInput::Key(key) = input { Some(key) } else { None }
}

#[test]
fn mouse_reports_are_decoded() {
    let done = |bytes: &[u8]| {
        let inputs = Decoder::default().decode(bytes).into_iter();
        let done = inputs.map(|input| match input {
            TerminalInput::Mouse(MouseEvent { gesture, column, row }) => (gesture, column, row),
            other => panic!("{other:?}"),
        });
        done.collect::<Vec<_>>()
    };
    let pressed = b"\x1b[<0;1;1M\x1b[<32;300;200M\x1b[<0;300;200m\x1b[<64;5;6M\x1b[<65;5;6M";
    let gestures = [
        (Gesture::Press, 0, 0),
        (Gesture::Drag, 299, 199),
        (Gesture::Release, 299, 199),
        (Gesture::ScrollUp, 4, 5),
        (Gesture::ScrollDown, 4, 5),
    ];
    assert_eq!(done(pressed), gestures);
    assert_eq!(done(b"\x1b[<16;2;2M"), [(Gesture::Press, 1, 1)], "with Ctrl");
    for other in ["2;2;2M", "35;2;2M", "66;2;2M", "0;0;2M", "0;2M", "0;2;2;2M", "0;2;2q", "<0;2;2M"]
    {
        assert_eq!(done(format!("\x1b[<{other}").as_bytes()), [], "{other}");
    }
    assert_eq!(done(b"\x1b[0;<2;2M\x1b[200~\x1b[<0;2;2M\x1b[201~"), [], "and in a paste");
}

/// Returns the keys decoded from `bytes`, which are the same byte by byte and all at once.
fn pressed(bytes: &[u8]) -> Vec<KeyCode> {
    let mut decoder = Decoder::default();
    let single = bytes.iter().flat_map(|byte| keys(&mut decoder, &[*byte]));
    let single: Vec<KeyEvent> = single.collect();
    let whole = keys(&mut Decoder::default(), bytes);
    assert_eq!(single, whole, "{:?}", String::from_utf8_lossy(bytes));
    whole.into_iter().map(|key| key.code).collect()
}

/// Returns the keys decoded from `bytes` if no other byte follows.
fn typed(decoder: &mut Decoder, bytes: &[u8]) -> Vec<KeyEvent> {
    let mut pressed = keys(decoder, bytes);
    pressed.extend(decoder.flush().and_then(only_key));
    pressed
}

fn chars(text: &str) -> Vec<KeyCode> {
    text.chars().map(KeyCode::Char).collect()
}

#[test]
fn keys_are_decoded() {
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
    let held = keys(&mut Decoder::default(), b"\x03\x1b[1;5A\x1b[6;3~\x1b[1;2D\x1b[1;2C");
    let held = held.into_iter().map(|key| (key.code, key.modifiers));
    let expected = [
        (KeyCode::Char('c'), KeyModifiers::CONTROL),
        (KeyCode::Up, KeyModifiers::CONTROL),
        (KeyCode::PageDown, KeyModifiers::ALT),
        (KeyCode::Left, KeyModifiers::SHIFT),
        (KeyCode::Right, KeyModifiers::SHIFT),
    ];
    assert_eq!(held.collect::<Vec<_>>(), expected);
}

#[test]
fn lone_escape_is_a_key() {
    let mut decoder = Decoder::default();
    assert_eq!(typed(&mut decoder, b"\x1b"), [plain_key(KeyCode::Esc)]);
    assert_eq!(typed(&mut decoder, b"q"), [plain_key(KeyCode::Char('q'))]);
    assert_eq!(pressed(b"\x1b\x1bq"), [KeyCode::Esc], "and q with Alt");
}

/// Each sequence is followed by a key, which is decoded.
#[test]
fn unknown_sequences_emit_no_key() {
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
        // Cut off, overlong, a surrogate, out of range, a control character.
        b"\xe6\x97\xc0\xb1\xe0\x81\xb1\xed\xa0\x80\xf4\x90\x80\x80\xc2\x9b\xe6",
    ] {
        let bytes = [bytes, b"?"].concat();
        assert_eq!(pressed(&bytes), chars("?"), "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn unterminated_paste_does_not_swallow_later_keys() {
    let mut decoder = Decoder::default();
    let mut typed = |bytes: &[u8]| typed(&mut decoder, bytes).len();
    assert_eq!(typed(b"\x1b[200~q\x03q\x1b"), 0);
    assert_eq!(typed(b"[A"), 0, "still in the paste");
    assert_eq!(typed(b"q\x03"), 1, "Ctrl-C, and nothing after it");
    assert_eq!(typed(b"q"), 1);
    assert_eq!(typed(b"\x1b]"), 0, "Alt and ]");
    assert_eq!(typed(b"q"), 1);
    assert_eq!(typed(b"\x1b]11;q"), 0, "an unfinished answer");
    assert_eq!(typed(b"q\x03"), 1, "Ctrl-C ends it");
    assert_eq!(typed(b"\x1b[12;"), 0);
    assert_eq!(typed(b"\x1b"), 1);
}

/// Returns the inputs decoded from `bytes`, which are the same byte by byte and all at once.
fn answers(bytes: &[u8]) -> Vec<TerminalInput> {
    let mut decoder = Decoder::default();
    decoder.expect_answers();
    let single: Vec<_> = bytes.iter().flat_map(|byte| decoder.decode(&[*byte])).collect();
    assert_eq!(single, Decoder::default().decode(bytes), "{:?}", String::from_utf8_lossy(bytes));
    single
}

#[test]
fn every_color_syntax_yields_a_background() {
    for (color, background) in [
        ("rgb:0/0/0", Background::Dark),
        ("rgb:f/F/f", Background::Light),
        ("rgb:1b/1e/24", Background::Dark),
        ("rgb:fdf/6f6/e3e", Background::Light),
        ("rgb:0000/2b2b/3636", Background::Dark),
        ("rgb:ffff/ffff/ffff", Background::Light),
        ("rgba:0000/0000/0000/cccc", Background::Dark),
        ("rgba:ff/ff/ff/ff", Background::Light),
        ("#000000", Background::Dark),
        ("#ffffffffffff", Background::Light),
    ] {
        for end in ["\x07", "\x1b\\"] {
            let bytes = format!("\x1b]11;{color}{end}");
            assert_eq!(
                answers(bytes.as_bytes()),
                [TerminalInput::Background(background)],
                "{bytes:?}"
            );
        }
    }
    // urxvt ends its answer with half a terminator.
    let bytes = b"\x1b]11;rgb:0/0/0\x1b\x1b[?62;c";
    let expected = [TerminalInput::Background(Background::Dark), TerminalInput::Attributes];
    assert_eq!(answers(bytes), expected);
}

#[test]
fn other_answers_yield_no_background() {
    for color in ["", "?", "rgb:", "rgb:0/0", "rgb:0/0/0/0", "rgba:0/0/0", "rgb:00000/0/0", "red"] {
        assert_eq!(answers(format!("\x1b]11;{color}\x07").as_bytes()), [], "{color}");
    }
    for other in [
        b"\x1b]10;rgb:ffff/ffff/ffff\x07".as_slice(),
        b"\x1b]11;#\xc3\xa9\xc3\xa9\xc3\xa9\x07",
        b"\x1b]11;rgb:f/f/f\x00",
        b"\x1bP11;rgb:f/f/f\x1b\\",
        b"\x1b[200~\x1b]11;rgb:f/f/f\x07\x1b[?62;c\x1b[201~",
        b"\x1b[>0;276;0c\x1b[c\x1b[0c",
    ] {
        assert_eq!(answers(other), [], "{:?}", String::from_utf8_lossy(other));
    }
    let long = [b"\x1b]11;rgb:f/f/f".as_slice(), &[b'f'; 100], b"\x07"].concat();
    assert_eq!(answers(&long), []);
}

#[test]
fn attributes_are_recognized_with_any_parameters() {
    for attributes in ["\x1b[?6c", "\x1b[?1;2c", "\x1b[?62;c", "\x1b[?64;1;2;6;9;15;16;17;22c"] {
        assert_eq!(answers(attributes.as_bytes()), [TerminalInput::Attributes], "{attributes:?}");
    }
}

/// A slow line may split an answer anywhere, for longer than the timeout of ESC.
#[test]
fn answer_in_pieces_emits_no_key() {
    let answer = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c";
    let expected = [TerminalInput::Background(Background::Light), TerminalInput::Attributes];
    for at in 0..answer.len() {
        let mut decoder = Decoder::default();
        decoder.expect_answers();
        let mut inputs = decoder.decode(&answer[..at]);
        inputs.extend(decoder.flush());
        inputs.extend(decoder.decode(&answer[at..]));
        assert_eq!(inputs, expected, "cut at {at}");
    }
}

#[test]
fn escape_is_a_key_while_an_answer_is_expected() {
    let escape = TerminalInput::Key(plain_key(KeyCode::Esc));
    let letter = TerminalInput::Key(plain_key(KeyCode::Char('q')));
    let expecting = || {
        let mut decoder = Decoder::default();
        decoder.expect_answers();
        assert_eq!(decoder.decode(b"\x1b"), []);
        assert_eq!(decoder.timeout(), Some(MAX_GAP));
        assert_eq!(decoder.flush(), None, "it may be the first byte of an answer");
        assert_eq!(decoder.timeout(), Some(MAX_GAP_IN_ANSWER));
        decoder
    };
    assert_eq!(expecting().decode(b"q"), [escape, letter], "Alt-q would have arrived at once");
    assert_eq!(expecting().decode(b"\x1b[A"), [escape, TerminalInput::Key(plain_key(KeyCode::Up))]);
    assert_eq!(
        expecting().decode(b"\x03"),
        [escape, TerminalInput::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL))]
    );
    assert_eq!(expecting().decode(b"[?62;c"), [TerminalInput::Attributes]);
    let mut decoder = expecting();
    assert_eq!(decoder.flush(), Some(escape));
    assert_eq!(decoder.timeout(), None);
    assert_eq!(
        (decoder.decode(b"\x1b"), decoder.flush()),
        (vec![], Some(escape)),
        "no longer expected"
    );
}

#[test]
fn escape_is_not_held_after_all_answers_arrived() {
    let mut decoder = Decoder::default();
    decoder.expect_answers();
    assert_eq!(decoder.decode(b"\x1b[?62;c\x1b"), [TerminalInput::Attributes]);
    assert_eq!(decoder.flush(), Some(TerminalInput::Key(plain_key(KeyCode::Esc))));
}
