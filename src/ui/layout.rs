//! The layout of the screen by its size (the rows by height, the figures by width), and the boxes,
//! lines and headings of its parts.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Margin, Position, Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::theme::Theme;
use crate::app::App;

/// The class of a screen's height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HeightClass {
    /// Shows the modes, the totals, lanes and the keys.
    Tiny,
    /// Adds the axis and the rows below the lanes.
    Low,
    /// Shows everything.
    Normal,
}

/// The class of a screen's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WidthClass {
    /// Shows the name and the bar of a lane.
    Tiny,
    /// Adds its largest share of time, after a sample of the state.
    Narrow,
    /// Adds the name of that state.
    Normal,
    /// Adds the number of its tasks.
    Wide,
    /// Adds its second share of time.
    VeryWide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScreenLayout {
    pub(super) height: HeightClass,
    pub(super) width: WidthClass,
    /// If set, parts are drawn in boxes.
    pub(super) boxed: bool,
    /// If set, lanes have the names of a program's threads, which are longer than those of workers.
    pub(super) has_threads: bool,
}

impl ScreenLayout {
    /// Returns the layout for a screen of this size, or `None` if it has no room for lanes.
    pub(super) const fn for_size(size: Size) -> Option<Self> {
        let height = match size.height {
            20.. => HeightClass::Normal,
            14.. => HeightClass::Low,
            10.. => HeightClass::Tiny,
            _ => return None,
        };
        let width = match size.width {
            140.. => WidthClass::VeryWide,
            110.. => WidthClass::Wide,
            80.. => WidthClass::Normal,
            60.. => WidthClass::Narrow,
            40.. => WidthClass::Tiny,
            _ => return None,
        };
        let boxed = size.height >= 30 && size.width >= 110;
        Some(Self { height, width, boxed, has_threads: false })
    }

    /// Returns the layout of an app on a screen of this size.
    pub(super) fn for_app(app: &App, size: Size) -> Option<Self> {
        let has_threads = app.selection().workload.is_program();
        Self::for_size(size).map(|layout| Self { has_threads, ..layout })
    }

    /// Returns whether parts have headings.
    pub(super) const fn has_headings(self) -> bool {
        matches!(self.height, HeightClass::Normal)
    }

    /// Returns the number of rows of a part that its heading and box take.
    pub(super) const fn frame_rows(self) -> u16 {
        match (self.boxed, self.has_headings()) {
            (true, _) => 2,
            (false, headings) => headings as u16,
        }
    }
}

/// Returns the inner width of a part.
pub(super) const fn inner_width(layout: ScreenLayout, area: Rect) -> u16 {
    area.width.saturating_sub(if layout.boxed { 4 } else { 2 })
}

/// The heading of a part or an overlay: a title on the left and captions on the right, which are
/// omitted if both do not fit.
#[derive(Default)]
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) captions: String,
}

/// Draws the heading of a part, and a box if the layout has boxes. Returns the inside, which is one
/// column away from the edge.
pub(super) fn draw_part(
    area: Rect,
    heading: Option<&Heading>,
    layout: ScreenLayout,
    theme: Theme,
    buf: &mut Buffer,
) -> Rect {
    let inside = part_area(layout, heading.is_some(), area);
    if let Some(heading) = heading {
        if layout.boxed {
            draw_box(theme, area, buf);
        } else {
            draw_rule(theme, area, buf);
        }
        draw_heading(heading, theme, area, buf);
    }
    inside
}

/// Returns the inside of a part with or without a heading.
pub(super) fn part_area(layout: ScreenLayout, headed: bool, area: Rect) -> Rect {
    let inside = match (headed, layout.boxed) {
        (true, true) => area.inner(Margin::new(1, 1)),
        (true, false) => {
            let height = area.height.min(1);
            Rect { y: area.y + height, height: area.height - height, ..area }
        }
        (false, _) => area,
    };
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// Draws a box along the edge of `area`, and returns the inside.
fn draw_box(theme: Theme, area: Rect, buf: &mut Buffer) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return area;
    }
    let (right, bottom) = (area.right() - 1, area.bottom() - 1);
    draw_rule(theme, area, buf);
    draw_rule(theme, Rect { y: bottom, ..area }, buf);
    for y in area.y..=bottom {
        for x in [area.x, right] {
            draw_symbol(x, y, theme.pick("│", "|"), theme.border(), buf);
        }
    }
    let corners =
        [(area.x, area.y, "╭"), (right, area.y, "╮"), (area.x, bottom, "╰"), (right, bottom, "╯")];
    for (x, y, corner) in corners {
        draw_symbol(x, y, theme.pick(corner, "+"), theme.border(), buf);
    }
    let inside = Rect { x: area.x + 1, y: area.y + 1, ..area };
    Rect { width: area.width.saturating_sub(2), height: area.height.saturating_sub(2), ..inside }
        .intersection(area)
}

/// Clears an area, draws a box with a heading around it, and returns the inside.
pub(super) fn draw_overlay_box(
    heading: &Heading,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) -> Rect {
    let area = area.intersection(buf.area);
    Clear.render(area, buf);
    let inside = draw_box(theme, area, buf);
    draw_heading(heading, theme, area, buf);
    inside
}

/// Draws a line along the top of `area`.
fn draw_rule(theme: Theme, area: Rect, buf: &mut Buffer) {
    if !area.is_empty() {
        for x in area.left()..area.right() {
            draw_symbol(x, area.y, theme.pick("─", "-"), theme.border(), buf);
        }
    }
}

/// Draws a symbol into a cell, if that is on the screen.
pub(super) fn draw_symbol(x: u16, y: u16, symbol: &str, style: Style, buf: &mut Buffer) {
    if let Some(cell) = buf.cell_mut(Position::new(x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// Draws a heading on the top line of `area`.
fn draw_heading(heading: &Heading, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Heading { title, captions } = heading;
    let row = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    let row = row.intersection(area);
    Line::from(Span::styled(title.as_str(), theme.strong())).render(row, buf);
    let width = captions.chars().count();
    if title.chars().count() + width >= usize::from(row.width) {
        return;
    }
    let row = Rect { x: row.right() - width as u16, width: width as u16, ..row };
    for (words, x) in split_at_rules(captions) {
        let words = Span::styled(words, theme.muted());
        words.render(Rect { x: row.x + x, width: row.width - x, ..row }, buf);
    }
}

/// Splits a heading at its rule characters, so that the line shows through; returns each part with
/// its column.
fn split_at_rules(heading: &str) -> impl Iterator<Item = (&str, u16)> {
    let mut column = 0;
    heading.split('─').filter_map(move |part| {
        let at = column;
        column += part.chars().count() as u16 + 1;
        (!part.is_empty()).then_some((part, at))
    })
}

/// Draws one line aligned left and, if both fit, another aligned right.
pub(super) fn draw_left_and_right(left: Line<'_>, right: Line<'_>, area: Rect, buf: &mut Buffer) {
    let fits = left.width() + right.width() <= usize::from(area.width);
    left.render(area, buf);
    if fits {
        right.alignment(Alignment::Right).render(area, buf);
    }
}
