//! The colours of the states can be told apart by every eye, and the glyphs without any colour.
//!
//! Two colours are compared by CIEDE2000 (Sharma, Wu, Dalal: "The CIEDE2000 Color-Difference
//! Formula", 2005), as seen by a usual eye, through the three dichromacies of Machado, Oliveira and
//! Fernandes ("A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009,
//! severity 1.0), and as greys.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at once when what it is about is not there"
)]

use std::collections::BTreeSet;

use ratatui::style::Color;
use threadline::app::Background;
use threadline::model::{LaneId, State};
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};

/// The states that are told apart by their colours: idle has none, those of [`GLYPHED`] have a glyph of
/// their own, and running, which has that of receiving, is never beside it.
const COLOURED: [State; 7] = [
    State::HandOver,
    State::Waiting,
    State::Receiving,
    State::Computing,
    State::LockWait,
    State::Throttled,
    State::Error,
];

/// The states that share a colour with another, or lie on the background, and have a glyph of their own
/// at every depth.
const GLYPHED: [(State, State); 3] = [
    (State::Starting, State::HandOver),
    (State::Connecting, State::Waiting),
    (State::Native, State::Computing),
];

/// As many colours as there are for the lanes that hold the GIL.
const HOLDERS: [LaneId; 4] = [LaneId(0), LaneId(1), LaneId(2), LaneId(3)];

/// What every pair of states must differ by for every kind of colour vision, and as greys.
const APART: f64 = 12.0;
const APART_GREY: f64 = 7.0;

/// Linear RGB, 0 to 1 each.
type Rgb = [f64; 3];

/// L*, a*, b*.
type CieLab = [f64; 3];

/// A way of seeing: linear RGB in, linear RGB out.
type Eye = [[f64; 3]; 3];

const USUAL: Eye = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// Machado et al., severity 1.0.
const PROTAN: Eye = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTAN: Eye = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const TRITAN: Eye = [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_900],
];

/// Relative luminance (sRGB) on every channel.
const GREY: Eye = [[0.2126, 0.7152, 0.0722]; 3];

fn see(eye: &Eye, colour: Rgb) -> Rgb {
    eye.map(|row| {
        row.iter().zip(colour).map(|(weight, part)| weight * part).sum::<f64>().clamp(0.0, 1.0)
    })
}

/// The sRGB curve, undone.
fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// From linear sRGB to CIELAB under D65.
fn lab(rgb: Rgb) -> CieLab {
    let xyz = see_xyz(rgb);
    let f =
        |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = xyz.map(f);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// From linear sRGB to XYZ, relative to the white of D65.
fn see_xyz([r, g, b]: Rgb) -> [f64; 3] {
    [
        (0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47,
        0.212_672_9 * r + 0.715_152_2 * g + 0.072_175_0 * b,
        (0.019_333_9 * r + 0.119_192_0 * g + 0.950_304_1 * b) / 1.088_83,
    ]
}

/// CIEDE2000 with all weights 1.
fn difference(one: CieLab, two: CieLab) -> f64 {
    let chroma = |[_, a, b]: CieLab| a.hypot(b);
    let mean_chroma7 = f64::midpoint(chroma(one), chroma(two)).powi(7);
    let stretch = 0.5 * (1.0 - (mean_chroma7 / (mean_chroma7 + 25_f64.powi(7))).sqrt());
    let primed = |[l, a, b]: CieLab| {
        let a = a * (1.0 + stretch);
        let hue =
            if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
        (l, a.hypot(b), hue)
    };
    let ((l1, c1, h1), (l2, c2, h2)) = (primed(one), primed(two));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        turn if turn > 180.0 => turn - 360.0,
        turn if turn < -180.0 => turn + 360.0,
        turn => turn,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => f64::midpoint(sum, 360.0),
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.20 * cos(4.0 * h - 63.0);
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let c7 = c.powi(7);
    let rc = 2.0 * (c7 / (c7 + 25_f64.powi(7))).sqrt();
    let rt = -rc * (60.0 * (-((h - 275.0) / 25.0).powi(2)).exp()).to_radians().sin();
    let (dl, dc, dh) = (dl / sl, dc / sc, dh / sh);
    (dl * dl + dc * dc + dh * dh + rt * dc * dh).sqrt()
}

/// What a terminal shows; xterm's values for the palette of 256.
fn rgb(color: Color) -> Rgb {
    let parts = match color {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Indexed(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
        }
        Color::Indexed(index @ 232..) => [8 + 10 * (index - 232); 3],
        other => panic!("{other:?} looks different on every terminal"),
    };
    parts.map(linear)
}

/// The two that are hardest to tell apart, and by how much they differ.
fn closest<T: Copy>(things: &[T], color: impl Fn(T) -> Color, eye: &Eye) -> (f64, T, T) {
    let seen = |thing| lab(see(eye, rgb(color(thing))));
    let pairs = things
        .iter()
        .enumerate()
        .flat_map(|(index, &one)| things.iter().skip(index + 1).map(move |&two| (one, two)));
    let differences = pairs.map(|(one, two)| (difference(seen(one), seen(two)), one, two));
    differences.min_by(|a, b| a.0.total_cmp(&b.0)).expect("two")
}

/// A state's colour.
fn of_state(theme: Theme) -> impl Fn(State) -> Color {
    move |state| theme.color(state).expect("a colour")
}

/// The colour of a lane that holds the GIL.
fn of_holder(theme: Theme) -> impl Fn(LaneId) -> Color {
    move |lane| theme.holder_color(lane).expect("a colour")
}

/// The sets of colours that do not depend on the terminal.
fn sets() -> [(&'static str, Theme); 3] {
    let theme = |depth, background| Theme::new(depth, GlyphSet::Unicode, background);
    [
        ("dark", theme(ColorDepth::True, Background::Dark)),
        ("light", theme(ColorDepth::True, Background::Light)),
        ("256", theme(ColorDepth::Indexed, Background::Dark)),
    ]
}

#[test]
fn states_differ_for_every_eye() {
    let eyes = [("usual", USUAL), ("protan", PROTAN), ("deutan", DEUTAN), ("tritan", TRITAN)];
    for (set, theme) in sets() {
        for (name, eye) in &eyes {
            let (difference, one, two) = closest(&COLOURED, of_state(theme), eye);
            assert!(difference >= APART, "{set}, {name}: {one:?} and {two:?} by {difference:.1}");
            let (difference, one, two) = closest(&HOLDERS, of_holder(theme), eye);
            assert!(difference >= APART, "{set}, {name}: {one:?} and {two:?} by {difference:.1}");
        }
    }
}

#[test]
fn states_differ_as_greys() {
    for (set, theme) in sets() {
        let (difference, one, two) = closest(&COLOURED, of_state(theme), &GREY);
        assert!(difference >= APART_GREY, "{set}: {one:?} and {two:?} by {difference:.1}");
        let (difference, one, two) = closest(&HOLDERS, of_holder(theme), &GREY);
        assert!(difference >= APART_GREY, "{set}: {one:?} and {two:?} by {difference:.1}");
    }
}

/// Who holds the GIL has a colour that says nothing of what it does.
#[test]
fn a_holder_looks_like_no_state() {
    for (set, theme) in sets() {
        for lane in HOLDERS {
            let seen = |color| lab(see(&USUAL, rgb(color)));
            let holder = seen(of_holder(theme)(lane));
            for state in COLOURED {
                let apart = difference(holder, seen(of_state(theme)(state)));
                assert!(apart >= APART, "{set}: {lane:?} and {state:?} by {apart:.1}");
            }
        }
    }
}

/// What lies on a state's colour (a page's number, the seconds left) can be read: WCAG 2.2, 1.4.3,
/// <https://www.w3.org/TR/WCAG22/#contrast-minimum>. Nothing lies on an error but its own mark.
#[test]
fn text_on_a_state_can_be_read() {
    let luminance = |color| {
        let [grey, _, _] = see(&GREY, rgb(color));
        grey + 0.05
    };
    let contrast = |behind, text| {
        let (one, two) = (luminance(behind), luminance(text));
        f64::max(one, two) / f64::min(one, two)
    };
    for (set, theme) in sets() {
        for state in COLOURED.into_iter().filter(|&state| state != State::Error) {
            let behind = theme.color(state).expect("a colour");
            let text = theme.label_style(behind).fg.expect("a colour");
            let contrast = contrast(behind, text);
            assert!(contrast >= 4.5, "{set}: on {state:?} by {contrast:.1}");
        }
        for lane in HOLDERS {
            let contrast = contrast(of_holder(theme)(lane), theme.text_on_holder(lane));
            assert!(contrast >= 4.5, "{set}: on {lane:?} by {contrast:.1}");
        }
    }
}

/// On a light background 256 colours are the same as on a dark one.
#[test]
fn the_palette_of_256_has_one_set() {
    for state in COLOURED {
        let of = |background| {
            Theme::new(ColorDepth::Indexed, GlyphSet::Unicode, background).color(state)
        };
        assert_eq!(of(Background::Dark), of(Background::Light));
    }
}

#[test]
fn without_colours_states_differ_by_glyph() {
    for (depth, glyphs) in [
        (ColorDepth::Mono, GlyphSet::Unicode),
        (ColorDepth::Mono, GlyphSet::Ascii),
        (ColorDepth::Sixteen, GlyphSet::Unicode),
        (ColorDepth::True, GlyphSet::Ascii),
    ] {
        let theme = Theme::new(depth, glyphs, Background::Dark);
        let drawn: BTreeSet<&str> = State::ALL.iter().map(|&state| theme.glyph(state)).collect();
        assert_eq!(drawn.len(), State::ALL.len(), "{depth:?} {glyphs:?}: {drawn:?}");
        for state in State::ALL.into_iter().filter(|&state| state != State::Idle) {
            let (cell, style) = theme.state_cell(state);
            assert_eq!(cell, theme.glyph(state), "{depth:?} {glyphs:?} {state:?}");
            assert_eq!(style.fg.is_none(), depth == ColorDepth::Mono, "{depth:?} {state:?}");
            assert_eq!(style.bg, None, "{depth:?} {state:?}: nothing lies under a glyph");
            assert!(glyphs == GlyphSet::Unicode || cell.is_ascii(), "{cell}");
        }
    }
}

#[test]
fn states_of_one_colour_differ_by_glyph() {
    for depth in [ColorDepth::Mono, ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
        let theme = Theme::new(depth, GlyphSet::Unicode, Background::Dark);
        for (state, other) in GLYPHED {
            assert_ne!(theme.state_cell(state).0, theme.state_cell(other).0, "{depth:?} {state:?}");
        }
        for (state, other) in GLYPHED.into_iter().skip(1) {
            assert_eq!(theme.color(state), theme.color(other), "{depth:?} {state:?}");
        }
    }
}

/// Pairs from the test data that Sharma, Wu and Dalal publish with their paper.
#[test]
fn the_difference_is_that_of_the_paper() {
    for (one, two, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0009], 7.1792),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([90.8027, -2.0831, 1.4410], [91.1528, -1.6435, 0.0447], 1.4441),
        ([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082),
    ] {
        let found = difference(one, two);
        assert!((found - expected).abs() < 1e-4, "{one:?} {two:?}: {found}, not {expected}");
    }
}
