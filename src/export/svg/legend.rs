//! A picture's legend, and the patterns of states that share a colour with another.

use super::Picture;
use super::ink::{Anchor, Font, hex, xml};
use super::layout::{MARGIN, WIDTH};
use crate::model::{Background, State};

/// How wide a sample is.
const SAMPLE: f64 = 22.0;

/// A state's colour, or its pattern where another has the same.
pub(super) fn fill(state: State, background: Background) -> String {
    match pattern(state) {
        Some(name) => format!("url(#{})", id(name, background)),
        None => hex(background.state(state)),
    }
}

const fn pattern(state: State) -> Option<&'static str> {
    match state {
        State::Connecting => Some("connecting"),
        State::Starting => Some("starting"),
        State::Native => Some("native"),
        _ => None,
    }
}

/// Its own in a page that holds a dark picture and a light one.
fn id(name: &str, background: Background) -> String {
    let ground = match background {
        Background::Dark => "dark",
        Background::Light => "light",
    };
    format!("threadline-{ground}-{name}")
}

impl Picture<'_> {
    /// Draws a sample of each state that can be seen beside its word, and who made the picture.
    pub(super) fn legend(&mut self, states: &[State]) {
        self.patterns(states);
        let font = Font::new(12.0, self.background.quiet());
        self.y += 14.0;
        let mut x = MARGIN;
        for &state in states {
            let word = state.word();
            self.ink.rect([x, self.y - 10.0, SAMPLE, 12.0], &fill(state, self.background));
            self.ink.text([x + SAMPLE + 6.0, self.y], font, word);
            x += SAMPLE + 6.0 + font.width(word) + 16.0;
        }
        self.ink.line([x, self.y - 4.0, x + SAMPLE, self.y - 4.0], self.background.line());
        self.ink.text([x + SAMPLE + 6.0, self.y], font, State::Idle.word());
        let made = format!("threadline {}", env!("CARGO_PKG_VERSION"));
        let place = [WIDTH - MARGIN, self.y];
        self.ink.text(place, font.anchored(Anchor::End), &made);
        self.y += 28.0;
    }

    fn patterns(&mut self, states: &[State]) {
        for &state in states {
            let Some(name) = pattern(state) else { continue };
            let (id, color) = (xml(&id(name, self.background)), self.background.state(state));
            let (ground, stroke) = match state {
                State::Native => (color, self.background.shade()),
                _ => (self.background.ground(), color),
            };
            let (ground, stroke) = (hex(ground), hex(stroke));
            self.ink.raw(&format!(
                r#"<pattern id="{id}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="4" height="4" fill="{ground}"/><rect width="2" height="4" fill="{stroke}"/></pattern>
"#
            ));
        }
    }
}
