//! State colours that differ for every kind of colour vision, and glyphs that need no colour.
//!
//! Two colours are compared by CIEDE2000 (Sharma, Wu, Dalal: "The CIEDE2000 Color-Difference
//! Formula", 2005), as seen with normal vision, with the three dichromacies of Machado, Oliveira
//! and Fernandes ("A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009,
//! severity 1.0), and in greyscale.

mod colour_vision;

use std::collections::BTreeSet;

use ratatui::style::Color;
use threadline::model::{Background, LaneId, State};
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};

use colour_vision::{
    DEUTAN, GREY, NORMAL, PROTAN, Rgb, TRITAN, Vision, ciede2000, lab, linear, simulate,
};

/// The states that must differ by colour. Idle has no colour, the first states in [`GLYPH_PAIRS`]
/// have their own glyphs, and running, which has the colour of receiving, never occurs with it.
const COLOURED_STATES: [State; 7] = [
    State::HandOver,
    State::Waiting,
    State::Receiving,
    State::Computing,
    State::LockWait,
    State::Throttled,
    State::Error,
];

/// The states of a watched program that must differ by colour. On a CPU is computing as the kernel
/// tells it, so that both share a colour; the others have glyphs of their own.
const PROGRAM_STATES: [State; 3] = [State::Waiting, State::Computing, State::LockWait];

/// The states of a watched program that have glyphs of their own on the background at every colour
/// depth.
const QUIET_STATES: [State; 6] =
    [State::Parked, State::Sleeping, State::Events, State::Blocked, State::Stopped, State::Unknown];

/// Pairs of states with different glyphs at every colour depth: they share a colour, or the first
/// one is drawn on the background.
const GLYPH_PAIRS: [(State, State); 6] = [
    (State::Unknown, State::Starting),
    (State::Unknown, State::HandOver),
    (State::Starting, State::HandOver),
    (State::Connecting, State::Waiting),
    (State::Native, State::Computing),
    (State::RetryWait, State::Throttled),
];

/// One lane for each colour of GIL holders.
const HOLDERS: [LaneId; 4] = [LaneId(0), LaneId(1), LaneId(2), LaneId(3)];

/// The minimum CIEDE2000 difference of any two states, for every kind of colour vision.
const MIN_DIFFERENCE: f64 = 12.0;

/// The same in greyscale, except that a hand-over between processes never meets a lock wait.
const MIN_GREY_DIFFERENCE: f64 = 7.0;

/// The same for 256 colours on a light background, without errors, which have their own glyph: too few
/// of these colours are dark enough to be seen on white.
const MIN_INDEXED_GREY_DIFFERENCE: f64 = 5.0;

/// The minimum contrast of a graphical object to its background: WCAG 2.2, 1.4.11,
/// <https://www.w3.org/TR/WCAG22/#non-text-contrast>.
const MIN_CONTRAST: f64 = 3.0;

/// The standard colours of the 16-colour palette in the order of their numbers, in VGA's text mode and
/// in xterm.
const STANDARD_COLOURS: [(&str, [u32; 16]); 2] = [
    (
        "VGA",
        [
            0x00_0000, 0xaa_0000, 0x00_aa00, 0xaa_5500, 0x00_00aa, 0xaa_00aa, 0x00_aaaa, 0xaa_aaaa,
            0x55_5555, 0xff_5555, 0x55_ff55, 0xff_ff55, 0x55_55ff, 0xff_55ff, 0x55_ffff, 0xff_ffff,
        ],
    ),
    (
        "xterm",
        [
            0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5,
            0x7f_7f7f, 0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
        ],
    ),
];

/// The linear RGB that a terminal shows, with xterm's values for the 256-colour palette.
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

/// Returns the 24-bit colour that a terminal with these standard colours shows.
fn standard(color: Color, palette: &[u32; 16]) -> Color {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let number = NAMED.iter().position(|&named| named == color).expect("a standard colour");
    Color::from_u32(palette[number])
}

/// The contrast ratio of two colours (WCAG 2.2).
fn contrast(one: Color, two: Color) -> f64 {
    let [one, two] = [one, two].map(|color| simulate(&GREY, rgb(color))[0] + 0.05);
    f64::max(one, two) / f64::min(one, two)
}

/// Common background colours of terminals.
fn paper(background: Background) -> &'static [Color] {
    match background {
        Background::Dark => &[Color::Rgb(0, 0, 0), Color::Rgb(0x1e, 0x1e, 0x1e)],
        Background::Light => &[Color::Rgb(0xff, 0xff, 0xff)],
    }
}

/// The smallest difference between any two items, and these items.
fn closest<T: Copy>(items: &[T], color: impl Fn(T) -> Color, vision: &Vision) -> (f64, T, T) {
    let to_lab = |item| lab(simulate(vision, rgb(color(item))));
    let pairs = items
        .iter()
        .enumerate()
        .flat_map(|(index, &one)| items.iter().skip(index + 1).map(move |&two| (one, two)));
    let differences = pairs.map(|(one, two)| (ciede2000(to_lab(one), to_lab(two)), one, two));
    differences.min_by(|a, b| a.0.total_cmp(&b.0)).expect("at least two items")
}

/// Returns the colour of a state.
fn state_color(theme: Theme) -> impl Fn(State) -> Color {
    move |state| theme.color(state).expect("a colour")
}

/// Returns the colour of a lane that holds the GIL.
fn gil_holder_color(theme: Theme) -> impl Fn(LaneId) -> Color {
    move |lane| theme.holder_color(lane).expect("a colour")
}

/// The colour sets that look the same on every terminal.
fn color_sets() -> [(&'static str, Theme); 4] {
    let theme = |depth, background| Theme::new(depth, GlyphSet::Unicode, background);
    [
        ("dark", theme(ColorDepth::True, Background::Dark)),
        ("light", theme(ColorDepth::True, Background::Light)),
        ("256 dark", theme(ColorDepth::Indexed, Background::Dark)),
        ("256 light", theme(ColorDepth::Indexed, Background::Light)),
    ]
}

#[test]
fn state_colours_differ_for_every_kind_of_colour_vision() {
    let visions = [("normal", NORMAL), ("protan", PROTAN), ("deutan", DEUTAN), ("tritan", TRITAN)];
    for (set, theme) in color_sets() {
        for (name, vision) in &visions {
            let (difference, one, two) = closest(&COLOURED_STATES, state_color(theme), vision);
            assert!(
                difference >= MIN_DIFFERENCE,
                "{set}, {name}: {one:?} and {two:?} by {difference:.1}"
            );
            let (difference, one, two) = closest(&HOLDERS, gil_holder_color(theme), vision);
            assert!(
                difference >= MIN_DIFFERENCE,
                "{set}, {name}: {one:?} and {two:?} by {difference:.1}"
            );
        }
    }
}

/// Without a core is the colour of the CPU, dimmed; it is striped where a second tone would not keep its
/// distance.
#[test]
fn program_colours_differ_for_every_kind_of_colour_vision() {
    let visions = [("normal", NORMAL), ("protan", PROTAN), ("deutan", DEUTAN), ("tritan", TRITAN)];
    for (set, theme) in color_sets() {
        let has_dim = theme.state_cell(State::NoCore).1.bg.is_some();
        assert_eq!(has_dim, !set.starts_with("256"), "{set}");
        let dim = has_dim.then_some(State::NoCore);
        let states: Vec<State> = PROGRAM_STATES.into_iter().chain(dim).collect();
        for (name, vision) in &visions {
            let (difference, one, two) = closest(&states, state_color(theme), vision);
            assert!(
                difference >= MIN_DIFFERENCE,
                "{set}, {name}: {one:?} and {two:?} by {difference:.1}"
            );
        }
        let (difference, one, two) = closest(&states, state_color(theme), &GREY);
        let min =
            if set == "256 light" { MIN_INDEXED_GREY_DIFFERENCE } else { MIN_GREY_DIFFERENCE };
        assert!(difference >= min, "{set}: {one:?} and {two:?} by {difference:.1}");
    }
}

#[test]
fn quiet_states_of_a_program_differ_by_pattern() {
    for depth in [ColorDepth::Mono, ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
        for background in [Background::Dark, Background::Light] {
            let theme = Theme::new(depth, GlyphSet::Unicode, background);
            let patterns = QUIET_STATES.into_iter().chain([State::NoCore, State::Idle]);
            let glyphs: BTreeSet<&str> = patterns.map(|state| theme.state_cell(state).0).collect();
            assert_eq!(glyphs.len(), QUIET_STATES.len() + 2, "{depth:?} {background:?}");
            for state in QUIET_STATES {
                let style = theme.state_cell(state).1;
                assert_eq!(style.bg, None, "{depth:?} {background:?} {state:?}");
            }
        }
    }
}

#[test]
fn state_colours_differ_in_greyscale() {
    for (set, theme) in color_sets() {
        let is_limited = set == "256 light";
        let min = if is_limited { MIN_INDEXED_GREY_DIFFERENCE } else { MIN_GREY_DIFFERENCE };
        for absent in [State::HandOver, State::LockWait] {
            let states: Vec<State> = COLOURED_STATES
                .into_iter()
                .filter(|&state| state != absent && !(is_limited && state == State::Error))
                .collect();
            let (difference, one, two) = closest(&states, state_color(theme), &GREY);
            assert!(difference >= min, "{set}: {one:?} and {two:?} by {difference:.1}");
        }
        let (difference, one, two) = closest(&HOLDERS, gil_holder_color(theme), &GREY);
        assert!(difference >= MIN_GREY_DIFFERENCE, "{set}: {one:?} and {two:?} by {difference:.1}");
    }
}

/// The holder's colour must not be mistaken for a state.
#[test]
fn gil_holder_colours_differ_from_all_states() {
    for (set, theme) in color_sets() {
        for lane in HOLDERS {
            let to_lab = |color| lab(simulate(&NORMAL, rgb(color)));
            let holder = to_lab(gil_holder_color(theme)(lane));
            for state in COLOURED_STATES.into_iter().chain([State::NoCore]) {
                // It is striped where it has no colour of its own.
                if state == State::NoCore && theme.state_cell(state).1.bg.is_none() {
                    continue;
                }
                let difference = ciede2000(holder, to_lab(state_color(theme)(state)));
                assert!(
                    difference >= MIN_DIFFERENCE,
                    "{set}: {lane:?} and {state:?} by {difference:.1}"
                );
            }
        }
    }
}

/// Page numbers and remaining seconds are drawn on state colours and must be readable: WCAG 2.2,
/// 1.4.3, <https://www.w3.org/TR/WCAG22/#contrast-minimum>. An error has no text except its mark.
#[test]
fn text_on_state_colours_meets_wcag_contrast() {
    for (set, theme) in color_sets() {
        let states = COLOURED_STATES.into_iter().chain([State::OnCpu]);
        for state in states.filter(|&state| state != State::Error) {
            let background = theme.color(state).expect("a colour");
            let text = theme.label_style(background).fg.expect("a colour");
            let contrast = contrast(background, text);
            assert!(contrast >= 4.5, "{set}: on {state:?} by {contrast:.1}");
        }
        for lane in HOLDERS {
            let contrast = contrast(gil_holder_color(theme)(lane), theme.text_on_holder(lane));
            assert!(contrast >= 4.5, "{set}: on {lane:?} by {contrast:.1}");
        }
    }
}

#[test]
fn every_state_and_label_is_visible_on_its_background() {
    for background in [Background::Dark, Background::Light] {
        for depth in [ColorDepth::True, ColorDepth::Indexed, ColorDepth::Sixteen] {
            let theme = Theme::new(depth, GlyphSet::Unicode, background);
            let states = State::ALL.into_iter().map(|state| {
                let style = theme.state_cell(state).1;
                (format!("{state:?}"), style.bg.or(style.fg))
            });
            let labels = [("key", theme.key()), ("problem", theme.problem())];
            let labels = labels.map(|(name, style)| (name.to_owned(), style.fg));
            for (name, color) in states.chain(labels) {
                let color = color.expect("a colour");
                for (palette, colours) in &STANDARD_COLOURS {
                    let shown = match depth {
                        ColorDepth::Sixteen => standard(color, colours),
                        _ => color,
                    };
                    for &paper in paper(background) {
                        // The 16-colour palettes come with a black background.
                        if depth == ColorDepth::Sixteen && paper == Color::Rgb(0x1e, 0x1e, 0x1e) {
                            continue;
                        }
                        let found = contrast(shown, paper);
                        assert!(
                            found >= MIN_CONTRAST,
                            "{background:?} {depth:?} {palette}: {name} by {found:.2}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn standard_colours_of_states_differ() {
    for background in [Background::Dark, Background::Light] {
        let theme = Theme::new(ColorDepth::Sixteen, GlyphSet::Unicode, background);
        // An error has its own glyph at every depth.
        let states: Vec<State> =
            COLOURED_STATES.into_iter().filter(|&state| state != State::Error).collect();
        for (palette, colours) in &STANDARD_COLOURS {
            let color = |state| standard(theme.color(state).expect("a colour"), colours);
            let (difference, one, two) = closest(&PROGRAM_STATES, color, &NORMAL);
            assert!(
                difference >= MIN_DIFFERENCE,
                "{background:?} {palette}: {one:?} and {two:?} by {difference:.1}"
            );
            let (difference, one, two) = closest(&states, color, &NORMAL);
            assert!(
                difference >= MIN_DIFFERENCE,
                "{background:?} {palette}: {one:?} and {two:?} by {difference:.1}"
            );
        }
    }
}

#[test]
fn without_colours_states_differ_by_glyph() {
    for (depth, glyphs) in [
        (ColorDepth::Mono, GlyphSet::Unicode),
        (ColorDepth::Mono, GlyphSet::Ascii),
        (ColorDepth::Sixteen, GlyphSet::Ascii),
        (ColorDepth::True, GlyphSet::Ascii),
    ] {
        let theme = Theme::new(depth, glyphs, Background::Dark);
        let drawn: BTreeSet<&str> = State::ALL.iter().map(|&state| theme.glyph(state)).collect();
        assert_eq!(drawn.len(), State::ALL.len(), "{depth:?} {glyphs:?}: {drawn:?}");
        for state in State::ALL.into_iter().filter(|&state| state != State::Idle) {
            let (cell, style) = theme.state_cell(state);
            assert_eq!(cell, theme.glyph(state), "{depth:?} {glyphs:?} {state:?}");
            assert_eq!(style.fg.is_none(), depth == ColorDepth::Mono, "{depth:?} {state:?}");
            assert_eq!(style.bg, None, "{depth:?} {state:?}: a glyph has no background");
            assert!(glyphs == GlyphSet::Unicode || cell.is_ascii(), "{cell}");
        }
    }
}

#[test]
fn states_that_share_a_colour_differ_by_glyph() {
    for depth in [ColorDepth::Mono, ColorDepth::Sixteen, ColorDepth::Indexed, ColorDepth::True] {
        let theme = Theme::new(depth, GlyphSet::Unicode, Background::Dark);
        for (state, other) in GLYPH_PAIRS {
            assert_ne!(theme.state_cell(state).0, theme.state_cell(other).0, "{depth:?} {state:?}");
        }
        for (state, other) in GLYPH_PAIRS.into_iter().skip(3) {
            assert_eq!(theme.color(state), theme.color(other), "{depth:?} {state:?}");
        }
    }
}

/// Pairs from the test data that Sharma, Wu and Dalal publish with their paper.
#[test]
fn ciede2000_matches_the_published_test_data() {
    for (one, two, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0009], 7.1792),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([90.8027, -2.0831, 1.4410], [91.1528, -1.6435, 0.0447], 1.4441),
        ([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082),
    ] {
        let found = ciede2000(one, two);
        assert!((found - expected).abs() < 1e-4, "{one:?} {two:?}: {found}, not {expected}");
    }
}

#[test]
fn table_is_in_the_order_of_the_states() {
    for (index, state) in State::ALL.into_iter().enumerate() {
        assert_eq!(state as usize, index, "{state:?}");
    }
}
