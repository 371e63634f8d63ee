//! Maps roles to styles. No other module knows colours and glyphs.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier, Style};

use crate::model::palette::HOLDER_COLORS;
use crate::model::{Background, ColorRole, LaneId, State};

/// The number of colours that the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorDepth {
    /// No colours, or none wanted.
    Mono,
    /// The sixteen ANSI colours, from the terminal's own palette.
    Sixteen,
    /// The 256-colour palette.
    Indexed,
    /// 24-bit colour.
    True,
}

/// The glyphs that the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlyphSet {
    /// Blocks and box lines.
    Unicode,
    /// ASCII only.
    Ascii,
}

/// The styles and glyphs of all widgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    depth: ColorDepth,
    glyphs: GlyphSet,
    background: Background,
}

impl ColorDepth {
    /// Returns the colour depth that the environment asks for (<https://no-color.org>,
    /// <https://bixense.com/clicolors>, COLORTERM, TERM). The terminal library's own detection is
    /// not used, because it also drops bold and reverse under `NO_COLOR`.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        match set("COLORTERM").as_deref() {
            _ if set("NO_COLOR").is_some() && !forced => Self::Mono,
            _ if term == "dumb" && !forced => Self::Mono,
            Some("truecolor" | "24bit") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Sixteen,
        }
    }
}

impl Theme {
    /// Creates a theme for a terminal of this kind.
    pub const fn new(depth: ColorDepth, glyphs: GlyphSet, background: Background) -> Self {
        Self { depth, glyphs, background }
    }

    /// Returns whether states differ by glyph, because there are no colours to fill cells with.
    pub fn has_patterns(self) -> bool {
        self.is_ascii() || self.depth == ColorDepth::Mono
    }

    /// Returns whether the lanes that hold the GIL differ by their numbers, because the colours do not
    /// suffice for them and the states.
    pub fn has_holder_digits(self) -> bool {
        self.has_patterns() || self.depth == ColorDepth::Sixteen
    }

    /// Returns whether a chart can stack the states on top of each other by their colours alone.
    pub(super) fn can_stack(self) -> bool {
        !self.has_patterns() && self.depth != ColorDepth::Sixteen
    }

    /// Returns whether only ASCII may be drawn.
    pub fn is_ascii(self) -> bool {
        self.glyphs == GlyphSet::Ascii
    }

    /// Returns the colour of a state, or `None` if it has none.
    pub fn color(self, state: State) -> Option<Color> {
        if state == State::Idle {
            return None;
        }
        let [ansi, indexed] = self.palette_colors(state);
        match self.depth {
            ColorDepth::Mono => None,
            ColorDepth::Sixteen => Some(ansi),
            ColorDepth::Indexed => Some(indexed),
            ColorDepth::True => Some(Color::from_u32(self.background.state_color(state))),
        }
    }

    /// Returns the colour of a state in the 16 and in the 256 colours. All are visible on the background,
    /// the 16 in the palettes of VGA and xterm, and keep their distance from each other.
    fn palette_colors(self, state: State) -> [Color; 2] {
        let ((dark, dark_index), (light, light_index)) = match state.color_role() {
            ColorRole::Blank => ((Color::Reset, 0), (Color::Reset, 0)),
            ColorRole::Start | ColorRole::Rest | ColorRole::Block => {
                ((Color::Gray, 245), (Color::DarkGray, 245))
            }
            ColorRole::Transfer => ((Color::Green, 244), (Color::DarkGray, 237)),
            ColorRole::Request => ((Color::LightBlue, 105), (Color::Blue, 21)),
            ColorRole::Response => ((Color::LightCyan, 153), (Color::LightBlue, 31)),
            ColorRole::CoreWait => ((Color::Yellow, 136), (Color::Magenta, 136)),
            ColorRole::Compute => ((Color::Yellow, 179), (Color::Magenta, 94)),
            ColorRole::Lock => ((Color::LightMagenta, 133), (Color::LightRed, 53)),
            ColorRole::Throttle => ((Color::White, 229), (Color::Black, 136)),
            ColorRole::Gap | ColorRole::Halt => ((Color::Gray, 244), (Color::DarkGray, 244)),
            ColorRole::Failure => ((Color::LightRed, 160), (Color::Red, 52)),
        };
        self.pick_ink([dark, Color::Indexed(dark_index)], [light, Color::Indexed(light_index)])
    }

    /// Returns the first value on a dark background, or the second on a light one.
    fn pick_ink<T>(self, dark: T, light: T) -> T {
        match self.background {
            Background::Dark => dark,
            Background::Light => light,
        }
    }

    /// Returns the glyph of a state, for themes with patterns.
    pub const fn glyph(self, state: State) -> &'static str {
        let (unicode, ascii) = match state {
            State::Idle => ("·", "."),
            State::Parked => ("╌", ","),
            State::Sleeping => ("░", "_"),
            State::Events => ("◦", "'"),
            State::Starting => ("»", ">"),
            State::HandOver => ("¦", ":"),
            State::Connecting => ("╍", "-"),
            State::Waiting => ("▒", "="),
            State::Receiving => ("▓", "#"),
            State::Blocked => ("▖", "b"),
            State::Stopped => ("‖", "s"),
            State::Running => ("≡", "*"),
            State::NoCore => ("╱", "/"),
            State::OnCpu => ("■", "&"),
            State::Computing => ("█", "@"),
            State::Native => ("▚", "%"),
            State::LockWait => ("╳", "x"),
            State::RetryWait => ("↻", "+"),
            State::Throttled => ("≈", "~"),
            State::Unknown => ("?", "?"),
            State::Error => ("!", "!"),
        };
        self.pick(unicode, ascii)
    }

    /// Returns the first glyph, or the second if only ASCII may be drawn.
    pub const fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.glyphs {
            GlyphSet::Unicode => unicode,
            GlyphSet::Ascii => ascii,
        }
    }

    /// Returns the glyph and style of a state, for a whole cell of the timeline or the legend.
    pub fn state_cell(self, state: State) -> (&'static str, Style) {
        let glyph = self.glyph(state);
        match (state, self.color(state)) {
            (State::Idle, _) => {
                let color = self.color(State::Starting);
                (glyph, color.map_or(Style::new(), |color| Style::new().fg(color)))
            }
            (State::Error, color) => {
                let style = color.map_or(Style::new(), |color| Style::new().fg(color));
                (glyph, style.add_modifier(Modifier::REVERSED | Modifier::BOLD))
            }
            (_, None) => (glyph, Style::new()),
            (_, Some(color)) if self.has_patterns() || self.is_sparse(state) => {
                (glyph, Style::new().fg(color))
            }
            (State::NoCore, Some(color)) => {
                let granted = self.color(State::OnCpu).unwrap_or_default();
                (glyph, Style::new().bg(color).fg(granted))
            }
            (State::Native, Some(color)) => (glyph, Style::new().bg(color).fg(self.native_shade())),
            (_, Some(color)) => (" ", Style::new().bg(color).fg(self.text_on_state(state))),
        }
    }

    /// Returns whether a cell is filled with one state, so that a task that begins there needs a seam.
    pub fn is_filled(self, cell: &Cell) -> bool {
        if self.has_patterns() {
            return ![" ", self.glyph(State::Idle), self.glyph(State::Error)]
                .contains(&cell.symbol());
        }
        let striped = [State::Native, State::NoCore].map(|state| self.glyph(state));
        cell.bg != Color::Reset
            && ([" ", "─"].contains(&cell.symbol()) || striped.contains(&cell.symbol()))
    }

    /// Returns the line on the left of a cell with this background, where a task begins.
    pub fn seam(self, behind: Color) -> (&'static str, Style) {
        let color = match self.depth {
            _ if self.has_patterns() => return (self.pick("│", "|"), self.text()),
            ColorDepth::True => Color::from_u32(self.background.canvas()),
            ColorDepth::Indexed => self.pick_ink(Color::Indexed(234), Color::Indexed(231)),
            ColorDepth::Mono | ColorDepth::Sixteen => self.pick_ink(Color::Black, Color::White),
        };
        ("▏", Style::new().fg(color).bg(behind))
    }

    /// Returns the second tone of native code; the first is the colour of computing.
    fn native_shade(self) -> Color {
        match self.depth {
            ColorDepth::True => Color::from_u32(self.background.native_shade()),
            ColorDepth::Indexed => Color::Indexed(136),
            _ => self.pick_ink(Color::LightYellow, Color::LightMagenta),
        }
    }

    /// Returns the colour of a lane as holder of the GIL, or `None` without colours. Lanes share a
    /// few colours in turn, none of which is a state's.
    pub fn holder_color(self, lane: LaneId) -> Option<Color> {
        let place = usize::from(lane.0) % HOLDER_COLORS;
        let set = match self.depth {
            ColorDepth::Mono => return None,
            ColorDepth::Sixteen => self.pick_ink(
                [Color::Green, Color::LightMagenta, Color::Cyan, Color::LightGreen],
                [Color::Blue, Color::Magenta, Color::Red, Color::DarkGray],
            ),
            ColorDepth::Indexed => {
                self.pick_ink([107, 162, 218, 100], [65, 128, 139, 22]).map(Color::Indexed)
            }
            ColorDepth::True => self.background.holder_colors().map(Color::from_u32),
        };
        set.get(place).copied()
    }

    /// Returns the colour of text on [`Self::holder_color`].
    pub fn text_on_holder(self, lane: LaneId) -> Color {
        let place = usize::from(lane.0) % HOLDER_COLORS;
        let is_dark = match (self.depth, self.background) {
            (ColorDepth::Indexed, Background::Dark) => place == 1,
            (_, Background::Dark) => place == 3,
            (_, Background::Light) => place % 2 == 1,
        };
        self.black_or_white(is_dark)
    }

    /// Returns the style of a cell in which several lanes held the GIL.
    pub fn shared_holder(self) -> Style {
        self.bar(true)
    }

    /// Returns the style of a label on a cell with this background.
    pub fn label_style(self, behind: Color) -> Style {
        let state = State::ALL.into_iter().find(|&state| self.color(state) == Some(behind));
        let style = Style::new().bg(behind);
        state.map_or(style.fg(Color::Reset), |state| style.fg(self.text_on_state(state)))
    }

    /// Returns the colour of text on a state's colour.
    fn text_on_state(self, state: State) -> Color {
        let is_dark_background = self.background == Background::Dark;
        let light_text = match (self.depth, state.color_role()) {
            (ColorDepth::Sixteen, ColorRole::Response | ColorRole::Throttle) => !is_dark_background,
            (ColorDepth::Sixteen, ColorRole::Lock) => false,
            (ColorDepth::Indexed, ColorRole::Request) if is_dark_background => false,
            (ColorDepth::Indexed, ColorRole::Failure) => true,
            _ => self.background.is_light_text_on(state),
        };
        self.black_or_white(light_text)
    }

    const fn black_or_white(self, white: bool) -> Color {
        match (self.depth, white) {
            (ColorDepth::True, true) => Color::from_u32(0x00ff_ffff),
            (ColorDepth::True, false) => Color::from_u32(0x0010_1010),
            (ColorDepth::Sixteen, true) => Color::White,
            (ColorDepth::Sixteen, false) => Color::Black,
            (_, true) => Color::Indexed(231),
            (_, false) => Color::Indexed(16),
        }
    }

    /// Returns the colours of the background and of ordinary text, if the terminal has colours.
    pub fn paper_and_ink(self) -> Option<(Color, Color)> {
        let is_dark = self.background == Background::Dark;
        match self.depth {
            ColorDepth::Mono => None,
            ColorDepth::True => {
                let [paper, ink] = [self.background.canvas(), self.background.text()];
                Some((Color::from_u32(paper), Color::from_u32(ink)))
            }
            ColorDepth::Sixteen | ColorDepth::Indexed => {
                Some((self.black_or_white(!is_dark), self.black_or_white(is_dark)))
            }
        }
    }

    /// Returns the style of ordinary text: the terminal's own.
    pub const fn text(self) -> Style {
        Style::new().fg(Color::Reset)
    }

    /// Returns the style of emphasized text.
    pub const fn strong(self) -> Style {
        self.text().add_modifier(Modifier::BOLD)
    }

    /// Returns the style of words that are about a part of the screen, and of the name of that part.
    pub fn accent(self) -> Style {
        self.strong().add_modifier(Modifier::UNDERLINED)
    }

    /// Returns the style of secondary text: captions, units, hints.
    pub fn muted(self) -> Style {
        self.grey(self.background.muted(), [247, 240])
    }

    /// Returns the style of box lines and axes.
    pub fn border(self) -> Style {
        self.grey(self.background.line(), [240, 249])
    }

    /// Returns the line that continues a tick of the axis between the bars, or `None` if no glyph is thin
    /// enough for it.
    pub fn gridline(self) -> Option<(&'static str, Style)> {
        let style = match self.depth {
            ColorDepth::Mono => Style::new().add_modifier(Modifier::DIM),
            ColorDepth::Sixteen => Style::new().fg(Color::DarkGray),
            _ => self.grey(self.background.gridline(), [237, 252]),
        };
        (!self.is_ascii()).then_some(("▏", style))
    }

    /// Returns whether a cell shows only a gridline.
    pub fn is_gridline(self, cell: &Cell) -> bool {
        self.gridline().is_some_and(|(symbol, style)| {
            cell.symbol() == symbol
                && cell.bg == Color::Reset
                && cell.fg == style.fg.unwrap_or_default()
                && cell.modifier == style.add_modifier
        })
    }

    /// Returns a grey, by its 24-bit colour and its indices on a dark and on a light background.
    fn grey(self, color: u32, [on_dark, on_light]: [u8; 2]) -> Style {
        let is_dark = self.background == Background::Dark;
        match self.depth {
            ColorDepth::True => Style::new().fg(Color::from_u32(color)),
            ColorDepth::Indexed => {
                Style::new().fg(Color::Indexed(if is_dark { on_dark } else { on_light }))
            }
            ColorDepth::Sixteen | ColorDepth::Mono => Style::new(),
        }
    }

    /// Returns the style of the selected mode or row.
    pub const fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD.union(Modifier::REVERSED))
    }

    /// Returns the style of keys in the footer and the help.
    pub fn key(self) -> Style {
        self.color(State::Computing).map_or(self.strong(), |color| self.strong().fg(color))
    }

    /// Returns the style of a failure message.
    pub fn problem(self) -> Style {
        self.color(State::Error).map_or(self.strong(), |color| self.strong().fg(color))
    }

    /// Returns the style of a bar of the totals, and of an area chart.
    pub fn bar(self, sequential: bool) -> Style {
        let color = match (self.depth, sequential) {
            (ColorDepth::True, true) => Color::from_u32(self.background.sequential()),
            (ColorDepth::Indexed, true) => Color::Indexed(245),
            (ColorDepth::Mono | ColorDepth::Sixteen, true) | (ColorDepth::Mono, false) => {
                return Style::new();
            }
            (_, false) => self.color(State::Waiting).unwrap_or_default(),
        };
        Style::new().fg(color)
    }

    /// Returns whether a state is drawn as a glyph with gaps on the background, not as a filled cell.
    pub(super) fn is_sparse(self, state: State) -> bool {
        match state.color_role() {
            ColorRole::Rest
            | ColorRole::Block
            | ColorRole::Start
            | ColorRole::Gap
            | ColorRole::Halt => true,
            // Only 24-bit colour has a second tone of the CPU's hue that keeps its distance.
            ColorRole::CoreWait => self.depth != ColorDepth::True,
            _ => matches!(state, State::Connecting | State::RetryWait),
        }
    }
}
