//! The legend of a picture, and the patterns of states that share a colour with another state.

use super::SvgPicture;
use super::layout::{MARGIN, WIDTH};
use super::svg_writer::{Font, TextAnchor, escape_xml, hex_color};
use crate::model::{Background, State};

/// The width of a colour swatch.
const SAMPLE_WIDTH: f64 = 22.0;

/// Returns the colour of a state, or its pattern if it shares the colour with another state.
pub(super) fn state_fill(state: State, background: Background) -> String {
    match state_pattern(state) {
        Some(name) => format!("url(#{})", pattern_id(name, background)),
        None => hex_color(background.state_color(state)),
    }
}

const fn state_pattern(state: State) -> Option<&'static str> {
    match state {
        State::Connecting => Some("connecting"),
        State::Starting => Some("starting"),
        State::Native => Some("native"),
        State::Unknown => Some("unknown"),
        _ => None,
    }
}

/// Returns the ID of a pattern. It includes the background, because a web page may contain both a dark
/// and a light picture.
fn pattern_id(name: &str, background: Background) -> String {
    let ground = match background {
        Background::Dark => "dark",
        Background::Light => "light",
    };
    format!("threadline-{ground}-{name}")
}

impl SvgPicture<'_> {
    /// Draws a colour swatch and the label of each visible state, and the version of threadline.
    pub(super) fn draw_legend(&mut self, states: &[State]) {
        self.define_patterns(states);
        let font = Font::new(12.0, self.background.muted());
        self.y += 14.0;
        let mut x = MARGIN;
        for &state in states {
            let word = state.label();
            self.writer.push_rect(
                [x, self.y - 10.0, SAMPLE_WIDTH, 12.0],
                &state_fill(state, self.background),
            );
            self.writer.push_text([x + SAMPLE_WIDTH + 6.0, self.y], font, word);
            x += SAMPLE_WIDTH + 6.0 + font.text_width(word) + 16.0;
        }
        self.writer
            .push_line([x, self.y - 4.0, x + SAMPLE_WIDTH, self.y - 4.0], self.background.line());
        self.writer.push_text([x + SAMPLE_WIDTH + 6.0, self.y], font, State::Idle.label());
        let made = format!("threadline {}", env!("CARGO_PKG_VERSION"));
        let place = [WIDTH - MARGIN, self.y];
        self.writer.push_text(place, font.with_anchor(TextAnchor::End), &made);
        self.y += 28.0;
    }

    fn define_patterns(&mut self, states: &[State]) {
        for &state in states {
            let Some(name) = state_pattern(state) else { continue };
            let (id, color) = (
                escape_xml(&pattern_id(name, self.background)),
                self.background.state_color(state),
            );
            let (ground, stroke) = match state {
                State::Native => (color, self.background.native_shade()),
                _ => (self.background.canvas(), color),
            };
            let (ground, stroke) = (hex_color(ground), hex_color(stroke));
            self.writer.push_raw(&format!(
                r#"<pattern id="{id}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="4" height="4" fill="{ground}"/><rect width="2" height="4" fill="{stroke}"/></pattern>
"#
            ));
        }
    }
}
