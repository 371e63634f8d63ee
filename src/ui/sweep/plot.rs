//! The plot of a sweep: measurements and the scaling model at their true heights, and the axes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::dot_grid::{DotGrid, Mark};
use super::vertical_scale::VerticalScale;
use crate::analysis::Sweep;
use crate::analysis::scaling::Fit;
use crate::ui::layout::draw_symbol;
use crate::ui::theme::Theme;

/// A symbol of the plot, in both glyph sets.
#[derive(Clone, Copy)]
pub(super) struct Symbol {
    unicode: &'static str,
    ascii: &'static str,
}

impl Symbol {
    const fn new(unicode: &'static str, ascii: &'static str) -> Self {
        Self { unicode, ascii }
    }

    /// Returns the glyph of the theme's set.
    pub(super) const fn glyph(self, theme: Theme) -> &'static str {
        theme.pick(self.unicode, self.ascii)
    }
}

/// The lines of the axes.
const LEVEL: Symbol = Symbol::new("─", "-");
const STEEP: Symbol = Symbol::new("│", "|");

/// The symbol of the knee on the axis, and of its confidence interval.
pub(super) const KNEE: Symbol = Symbol::new("┻", "^");
const KNEE_RANGE: Symbol = Symbol::new("━", "=");

/// The symbols of the axes: their ticks, and the corner where they meet.
const VERTICAL_TICK: Symbol = Symbol::new("┤", "+");
const HORIZONTAL_TICK: Symbol = Symbol::new("┴", "+");
const CORNER: Symbol = Symbol::new("└", "+");

/// The width of the labels left of the plot: `threads` and a gap.
const MARGIN: u16 = 8;

/// The minimum mean distance of counts for a logarithmic axis, which keeps sparse counts apart.
const SPARSE: usize = 2;

/// A sweep with the geometry of its plot.
pub(super) struct SweepPlot<'a> {
    sweep: &'a Sweep,
    theme: Theme,
    /// The whole area.
    area: Rect,
    /// The cells above the horizontal axis.
    cells: Rect,
    /// The positions of the first and the last count on the axis.
    ends: [f64; 2],
    logarithmic: bool,
    scale: VerticalScale,
}

impl<'a> SweepPlot<'a> {
    pub(super) fn new(sweep: &'a Sweep, theme: Theme, area: Rect) -> Self {
        let (first, last) = (sweep.counts().first(), sweep.counts().last());
        let (first, last) = (first.copied().unwrap_or(1), last.copied().unwrap_or(1));
        let logarithmic = usize::from(last / first.max(1)) > SPARSE * sweep.counts().len()
            || usize::from(last - first) >= SPARSE * sweep.counts().len();
        let left = MARGIN.min(area.width);
        let cells = Rect {
            x: area.x + left,
            width: (area.width - left).saturating_sub(2),
            height: area.height.saturating_sub(2),
            ..area
        };
        let ends = [first, last].map(|count| axis_position(f64::from(count), logarithmic));
        let scale = VerticalScale::new(extent(sweep), cells.height);
        Self { sweep, theme, area, cells, ends, logarithmic, scale }
    }

    pub(super) fn draw(&self, buf: &mut Buffer) {
        if self.cells.is_empty() {
            return;
        }
        self.draw_vertical_axis(buf);
        self.draw_horizontal_axis(buf);
        // The lowest values are in the row of the axis.
        let rows = self.cells.height + 1;
        let mut dots = DotGrid::new(Rect { height: rows, ..self.cells }, self.theme);
        if let Some(fit) = self.sweep.fits().first() {
            self.draw_curve(fit, &mut dots);
        }
        // The rate of a trial that rate limits held back says nothing about its number of threads.
        for trial in self.sweep.trials().iter().filter(|trial| !trial.is_held_back) {
            self.draw_mark(trial.workers, trial.rate(), Mark::Trial, &mut dots);
        }
        for point in self.sweep.points().iter().filter(|point| point.is_counted()) {
            self.draw_mark(point.workers, point.rate, Mark::Median, &mut dots);
        }
        dots.draw(buf);
    }

    /// Returns the column of a thread count.
    fn column_of(&self, workers: f64) -> u16 {
        let [first, last] = self.ends;
        let share = if last > first {
            (axis_position(workers, self.logarithmic) - first) / (last - first)
        } else {
            0.5
        };
        let room = f64::from(self.cells.width.saturating_sub(3));
        self.cells.x + 1 + (share.clamp(0.0, 1.0) * room).round() as u16
    }

    /// Returns the thread count at a position in cells, of which whole numbers are the middle.
    fn workers_at(&self, x: f64) -> f64 {
        let [first, last] = self.ends;
        let room = f64::from(self.cells.width.saturating_sub(3)).max(1.0);
        let share = (x - f64::from(self.cells.x + 1)) / room;
        let scaled = first + share.clamp(0.0, 1.0) * (last - first);
        if self.logarithmic { scaled.exp2() } else { scaled }
    }

    fn draw_mark(&self, workers: u16, rate: f64, mark: Mark, dots: &mut DotGrid) {
        let x = self.column_of(f64::from(workers)) - self.cells.x;
        dots.mark(x, self.scale.height_of(value_of(self.sweep, rate)), mark);
    }

    /// Draws the fitted model between the first and the last count that it rests on, including steps due
    /// to waves.
    fn draw_curve(&self, fit: &Fit, dots: &mut DotGrid) {
        let at = |workers: u16| value_of(self.sweep, self.sweep.fitted_rate(fit, workers));
        let counted = || self.sweep.points().iter().filter(|point| point.is_counted());
        let (Some(first), Some(last)) = (counted().next(), counted().next_back()) else { return };
        let [first, last] = [first, last].map(|point| self.column_of(point.workers.into()));
        let (per_cell, _) = dots.density();
        let columns = first * per_cell..(last + 1) * per_cell;
        let heights = columns.map(|column| {
            let middle = (f64::from(column) + 0.5) / f64::from(per_cell) - 0.5;
            let workers = self.workers_at(middle);
            let below = workers.floor().max(1.0) as u16;
            let (low, high) = (at(below), at(below.saturating_add(1)));
            let value = low + (workers - f64::from(below)) * (high - low);
            (column - self.cells.x * per_cell, self.scale.height_of(value))
        });
        dots.draw_curve(heights);
    }

    /// Draws the vertical axis with as many round numbers as fit.
    fn draw_vertical_axis(&self, buf: &mut Buffer) {
        let x = self.cells.x.saturating_sub(1);
        for y in self.cells.top()..self.cells.bottom() {
            self.draw_symbol(x, y, STEEP, self.theme.border(), buf);
        }
        if self.sweep.trials().is_empty() {
            return;
        }
        for (row, value) in self.scale.ticks().skip(1) {
            let y = self.cells.bottom() - row;
            self.draw_symbol(x, y, VERTICAL_TICK, self.theme.border(), buf);
            self.draw_axis_label(&self.tick_label(value), y, buf);
        }
    }

    fn tick_label(&self, value: f64) -> String {
        let unit = if self.is_speed_up() && value > 0.0 { "x" } else { "" };
        self.scale.label(value) + unit
    }

    fn is_speed_up(&self) -> bool {
        self.sweep.points().first().is_none_or(|point| self.sweep.speed_up(point.rate).is_some())
    }

    /// Draws the horizontal axis with a tick per count, and the knee with its confidence interval.
    fn draw_horizontal_axis(&self, buf: &mut Buffer) {
        let y = self.cells.bottom();
        let corner = self.cells.x.saturating_sub(1);
        for x in corner..self.cells.right() {
            self.draw_symbol(x, y, LEVEL, self.theme.border(), buf);
        }
        self.draw_symbol(corner, y, CORNER, self.theme.border(), buf);
        for &workers in self.sweep.counts() {
            self.draw_symbol(
                self.column_of(workers.into()),
                y,
                HORIZONTAL_TICK,
                self.theme.border(),
                buf,
            );
        }
        self.draw_knee(y, buf);
        if let Some((_, value)) = self.scale.ticks().next() {
            self.draw_axis_label(&self.tick_label(value), y, buf);
        }
        self.draw_axis_label("threads", y + 1, buf);
        let mut free = self.cells.x;
        let (last, others) = match self.sweep.counts().split_last() {
            Some((last, others)) => (*last, others),
            None => return,
        };
        let place = |workers: u16| {
            let text = workers.to_string();
            let x = self.column_of(workers.into()).saturating_sub(text.len() as u16 / 2);
            (x, text)
        };
        let (end, _) = place(last);
        for &workers in others.iter().chain([&last]) {
            let (x, text) = place(workers);
            let width = text.len() as u16;
            let fits = x >= free && (workers == last || x + width < end);
            if fits {
                let room = Rect { x, y: y + 1, width, height: 1 }.intersection(self.area);
                Line::styled(text, self.theme.muted()).render(room, buf);
                free = x + width + 1;
            }
        }
    }

    fn draw_knee(&self, y: u16, buf: &mut Buffer) {
        let (Some(knee), [first, .., last]) = (self.sweep.knee(), self.sweep.counts()) else {
            return;
        };
        if let Some(between) = knee.between {
            let (low, high) = ((*between.start()).max(*first), (*between.end()).min(*last));
            if low <= high {
                for x in self.column_of(low.into())..=self.column_of(high.into()) {
                    self.draw_symbol(x, y, KNEE_RANGE, self.theme.key(), buf);
                }
            }
        }
        if (first..=last).contains(&&knee.workers) {
            self.draw_symbol(self.column_of(knee.workers.into()), y, KNEE, self.theme.key(), buf);
        }
    }

    /// Draws a label left of the plot.
    fn draw_axis_label(&self, text: &str, y: u16, buf: &mut Buffer) {
        let room = MARGIN.saturating_sub(1);
        let text = format!("{text:>0$}", usize::from(room) - 1);
        let area = Rect { x: self.area.x, y, width: room, height: 1 }.intersection(self.area);
        Line::styled(text, self.theme.muted()).render(area, buf);
    }

    fn draw_symbol(&self, x: u16, y: u16, symbol: Symbol, style: Style, buf: &mut Buffer) {
        if self.area.contains(Position::new(x, y)) {
            draw_symbol(x, y, symbol.glyph(self.theme), style, buf);
        }
    }
}

fn axis_position(workers: f64, logarithmic: bool) -> f64 {
    if logarithmic { workers.max(1.0).log2() } else { workers }
}

/// Returns the value of a rate on the vertical axis: the speed-up, if known.
fn value_of(sweep: &Sweep, rate: f64) -> f64 {
    sweep.speed_up(rate).unwrap_or(rate)
}

/// Returns the minimum and the maximum of the values drawn.
fn extent(sweep: &Sweep) -> [f64; 2] {
    let counted = sweep.trials().iter().filter(|trial| !trial.is_held_back);
    let measured = counted.map(|trial| value_of(sweep, trial.rate()));
    let fitted = sweep.fits().first().into_iter().flat_map(|fit| {
        let counted = sweep.points().iter().filter(|point| point.is_counted());
        counted.map(|point| value_of(sweep, sweep.fitted_rate(fit, point.workers)))
    });
    let sound = measured.chain(fitted).filter(|value| value.is_finite() && *value >= 0.0);
    let [low, high] =
        sound.fold([f64::INFINITY, 0.0], |[low, high], one| [one.min(low), one.max(high)]);
    if high > 0.0 { [low, high] } else { [0.0, 1.0] }
}
