//! Screens as text for snapshots, and the sizes at which they are drawn differently.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::Color;

use crate::app_driver::{AppDriver, COLOUR, TerminalKind};

/// With boxes.
pub(crate) const WIDE: (u16, u16) = (120, 36);

/// The default size of most terminals.
pub(crate) const STANDARD: (u16, u16) = (80, 24);

/// Without a title.
pub(crate) const SHORT: (u16, u16) = (60, 14);

/// With abbreviated names.
pub(crate) const NARROW: (u16, u16) = (40, 12);

/// Without room for lanes.
pub(crate) const TINY: (u16, u16) = (39, 9);

pub(crate) const ALL_SIZES: [(u16, u16); 5] = [WIDE, STANDARD, SHORT, NARROW, TINY];

/// The screen at each of the sizes, one below the other.
pub(crate) fn screens(mut driver: AppDriver, sizes: &[(u16, u16)]) -> String {
    draw_screens(&mut driver, sizes)
}

/// The same as [`screens`], without consuming the driver.
pub(crate) fn draw_screens(driver: &mut AppDriver, sizes: &[(u16, u16)]) -> String {
    let mut text = String::new();
    for &size in sizes {
        let screen = driver.text(size, COLOUR);
        writeln!(text, "{}x{}\n{screen}", size.0, size.1).unwrap();
    }
    text
}

/// The screen as spans of equal style: `[text|style]`, or the text alone in the default style.
pub(crate) fn screen_styles(driver: &mut AppDriver, terminal_kind: TerminalKind) -> String {
    let mut screen = driver.draw(STANDARD, terminal_kind);
    let buffer = screen.current_buffer_mut();
    let mut text = String::new();
    for row in buffer.content().chunks(STANDARD.0.into()) {
        for span in row.chunk_by(|one, other| cell_style(one) == cell_style(other)) {
            let symbols: String = span.iter().map(Cell::symbol).collect();
            match cell_style(&span[0]) {
                style if style.is_empty() => text.push_str(&symbols),
                style => write!(text, "[{symbols}|{style}]").unwrap(),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// The colours and modifiers of a cell: `#eba222 on #000000 bold`.
fn cell_style(cell: &Cell) -> String {
    let colour = |colour| match colour {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        other => Some(other.to_string().to_lowercase()),
    };
    let background = colour(cell.bg).map(|colour| format!("on {colour}"));
    let modifiers = cell.modifier.iter_names().map(|(name, _)| name.to_lowercase());
    colour(cell.fg).into_iter().chain(background).chain(modifiers).collect::<Vec<_>>().join(" ")
}
