//! A grid of dots that is finer than the cells of the screen: braille, or two heights per cell in ASCII.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::ui::layout::draw_symbol;
use crate::ui::theme::Theme;

/// The bits of a braille cell by column, each from the lowest dot to the highest: <https://www.unicode.org/charts/PDF/U2800.pdf>.
const BRAILLE_BITS: [[u8; 4]; 2] = [[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]];

/// The braille cell without dots.
const BLANK_BRAILLE: u32 = 0x2800;

/// A kind of mark. In a cell, a later one hides the curve and gives its colour to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// The scaling model: a line.
    Curve,
    /// A trial: one dot.
    Trial,
    /// The median of one thread count: four dots.
    Median,
}

/// The dots of a plot. Positions are in cells from the lower left corner, and whole numbers are the
/// middle of a cell.
pub(super) struct DotGrid {
    area: Rect,
    theme: Theme,
    cells: Vec<Option<(Mark, u8)>>,
}

impl Mark {
    /// Returns the glyph for the legend.
    pub(super) const fn glyph(self, theme: Theme) -> &'static str {
        match self {
            Self::Curve => theme.pick("⠒", "-"),
            Self::Trial => theme.pick("⠂", "'"),
            Self::Median => theme.pick("⠶", "*"),
        }
    }

    fn style(self, theme: Theme) -> Style {
        match self {
            Self::Curve => theme.bar(false),
            Self::Trial => theme.text(),
            Self::Median => theme.key(),
        }
    }

    /// Returns the ASCII glyph for the lower half of a cell, the upper half, or both.
    const fn ascii_glyph(self, halves: u8) -> char {
        match (self, halves) {
            (Self::Curve, 0b01) => '_',
            (Self::Curve, 0b10) => '-',
            (Self::Curve, _) => '|',
            (Self::Trial, 0b01) => '.',
            (Self::Trial, 0b10) => '\'',
            (Self::Trial, _) => ':',
            (Self::Median, 0b01) => 'o',
            (Self::Median, _) => '*',
        }
    }
}

impl DotGrid {
    pub(super) fn new(area: Rect, theme: Theme) -> Self {
        Self { area, theme, cells: vec![None; area.area() as usize] }
    }

    /// The number of dot columns and of dot rows of a cell.
    pub(super) fn density(&self) -> (u16, u16) {
        if self.theme.is_ascii() { (1, 2) } else { (2, 4) }
    }

    /// Marks a trial or a median in a column, at its true height.
    pub(super) fn mark(&mut self, x: u16, height: f64, mark: Mark) {
        let (columns, _) = self.density();
        let is_block = mark == Mark::Median && columns > 1;
        // A block of two rows is at the height of the line between them.
        let row = self.dot_row(if is_block { height - 0.125 } else { height });
        self.add_dot(x * columns, row, mark);
        if is_block {
            for (column, row) in [(1, row), (0, row + 1), (1, row + 1)] {
                self.add_dot(x * columns + column, row, mark);
            }
        }
    }

    /// Draws a line through these heights, one for each column of dots.
    pub(super) fn draw_curve(&mut self, heights: impl Iterator<Item = (u16, f64)>) {
        let mut before = None;
        for (column, height) in heights {
            let row = self.dot_row(height);
            let from = before.replace(row).unwrap_or(row);
            // No gap where the line is steep.
            let (lowest, highest) =
                if from < row { (from + 1, row) } else { (row, row.max(from.saturating_sub(1))) };
            for row in lowest..=highest {
                self.add_dot(column, row, Mark::Curve);
            }
        }
    }

    /// Returns the row of dots nearest to a height, from the bottom.
    fn dot_row(&self, height: f64) -> u16 {
        let (_, rows) = self.density();
        let last = (self.area.height * rows).saturating_sub(1);
        let row = height * f64::from(rows) + f64::from(rows - 1) / 2.0;
        row.round().clamp(0.0, last.into()) as u16
    }

    fn add_dot(&mut self, column: u16, row: u16, mark: Mark) {
        let (columns, rows) = self.density();
        let (x, y) = (column / columns, row / rows);
        let (column, row, is_ascii) = (column % columns, row % rows, self.theme.is_ascii());
        let braille =
            BRAILLE_BITS.get(usize::from(column)).and_then(|bits| bits.get(usize::from(row)));
        let bit = braille.filter(|_| !is_ascii).map_or(1 << row, |&bit| bit);
        let place = usize::from(y) * usize::from(self.area.width) + usize::from(x);
        let Some(cell) = self.cells.get_mut(place).filter(|_| x < self.area.width) else { return };
        *cell = match *cell {
            Some((known, _)) if known > mark && (is_ascii || mark == Mark::Curve) => return,
            Some((known, _)) if known < mark && (is_ascii || known == Mark::Curve) => {
                Some((mark, bit))
            }
            Some((known, dots)) => Some((known.max(mark), dots | bit)),
            None => Some((mark, bit)),
        };
    }

    pub(super) fn draw(&self, buf: &mut Buffer) {
        let rows = self.cells.chunks(usize::from(self.area.width.max(1)));
        for (row, y) in rows.zip((self.area.top()..self.area.bottom()).rev()) {
            for (cell, x) in row.iter().zip(self.area.left()..) {
                let Some((mark, dots)) = *cell else { continue };
                let glyph = if self.theme.is_ascii() {
                    mark.ascii_glyph(dots)
                } else {
                    char::from_u32(BLANK_BRAILLE + u32::from(dots)).unwrap_or(' ')
                };
                draw_symbol(x, y, glyph.encode_utf8(&mut [0; 4]), mark.style(self.theme), buf);
            }
        }
    }
}
