//! The plot of a sweep: measurements as dots, the scaling model as a curve, and the axes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

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

/// The symbol of a trial.
pub(super) const DOT: Symbol = Symbol::new("○", "o");

/// The symbol of the median of one thread count.
pub(super) const MEDIAN: Symbol = Symbol::new("●", "*");

/// The pieces of the curve, in the middle of their cells like the dots: level, steep, and corners.
pub(super) const LEVEL: Symbol = Symbol::new("─", "-");
const STEEP: Symbol = Symbol::new("│", "|");
const RISES: [Symbol; 2] = [Symbol::new("╯", "'"), Symbol::new("╭", ".")];
const FALLS: [Symbol; 2] = [Symbol::new("╮", "."), Symbol::new("╰", "'")];

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
    /// The cells for dots.
    cells: Rect,
    /// The positions of the first and the last count on the axis.
    ends: [f64; 2],
    logarithmic: bool,
    /// The values at the axis and at the top row.
    heights: [f64; 2],
    /// The distance between two ticks of the vertical axis.
    step: f64,
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
        let (heights, step) = ([0.0, 1.0], 1.0);
        let mut plot = Self { sweep, theme, area, cells, ends, logarithmic, heights, step };
        let [low, high] = plot.extent();
        plot.step = round_step(high, cells.height);
        // Values in the upper half use all rows. A closer view would exaggerate small differences.
        let is_high = low < high && low >= high / 2.0;
        let bottom = if is_high { (high / 2.0 / plot.step).floor() * plot.step } else { 0.0 };
        plot.heights = [bottom, high];
        plot.step = round_step(high - bottom, cells.height);
        plot
    }

    pub(super) fn draw(&self, buf: &mut Buffer) {
        if self.cells.is_empty() {
            return;
        }
        self.draw_vertical_axis(buf);
        self.draw_horizontal_axis(buf);
        if let Some(fit) = self.sweep.fits().first() {
            self.draw_curve(fit, buf);
        }
        let trials = self.sweep.trials().iter().map(|trial| (trial.workers, trial.rate()));
        for (workers, rate) in trials {
            self.draw_dot(workers, rate, DOT, self.theme.text(), buf);
        }
        for point in self.sweep.points() {
            self.draw_dot(point.workers, point.rate, MEDIAN, self.theme.key(), buf);
        }
    }

    /// Returns the value of a rate on the vertical axis: the speed-up, if known.
    fn height_of(&self, rate: f64) -> f64 {
        self.sweep.speed_up(rate).unwrap_or(rate)
    }

    /// Returns the minimum and the maximum of the values drawn.
    fn extent(&self) -> [f64; 2] {
        let measured = self.sweep.trials().iter().map(|trial| self.height_of(trial.rate()));
        let fitted = self.sweep.fits().first().into_iter().flat_map(|fit| {
            let counts = self.sweep.counts().iter();
            counts.map(|&workers| self.height_of(self.sweep.fitted_rate(fit, workers)))
        });
        let sound = measured.chain(fitted).filter(|value| value.is_finite() && *value >= 0.0);
        let [low, high] =
            sound.fold([f64::INFINITY, 0.0], |[low, high], one| [one.min(low), one.max(high)]);
        if high > 0.0 { [low, high] } else { [0.0, 1.0] }
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

    /// Returns the thread count at a column.
    fn workers_at(&self, x: u16) -> f64 {
        let [first, last] = self.ends;
        let room = f64::from(self.cells.width.saturating_sub(3)).max(1.0);
        let share = f64::from(x.saturating_sub(self.cells.x + 1)) / room;
        let scaled = first + share.min(1.0) * (last - first);
        if self.logarithmic { scaled.exp2() } else { scaled }
    }

    /// Returns the row nearest to a value. The lowest value falls on the row above the axis.
    fn row_of(&self, height: f64) -> u16 {
        let (rows, [bottom, top]) = (f64::from(self.cells.height), self.heights);
        let row = ((height - bottom) / (top - bottom) * rows).round().clamp(1.0, rows);
        self.cells.bottom() - row as u16
    }

    fn draw_dot(&self, workers: u16, rate: f64, symbol: Symbol, style: Style, buf: &mut Buffer) {
        let y = self.row_of(self.height_of(rate));
        self.draw_symbol(self.column_of(f64::from(workers)), y, symbol, style, buf);
    }

    /// Draws the fitted model between the first and the last count, including steps due to waves.
    fn draw_curve(&self, fit: &Fit, buf: &mut Buffer) {
        let at = |workers: u16| self.height_of(self.sweep.fitted_rate(fit, workers));
        let first = self.column_of(self.sweep.counts().first().copied().map_or(1.0, f64::from));
        let last = self.column_of(self.sweep.counts().last().copied().map_or(1.0, f64::from));
        let mut before = None;
        for x in first..=last {
            let mut counts = self.sweep.counts().iter();
            let counted = counts.find(|&&count| self.column_of(count.into()) == x).copied();
            let workers = counted.map_or_else(|| self.workers_at(x), f64::from);
            let below = workers.floor().max(1.0) as u16;
            let (low, high) = (at(below), at(below.saturating_add(1)));
            let y = self.row_of(low + (workers - f64::from(below)) * (high - low));
            self.draw_curve_step(before.unwrap_or(y), y, x, buf);
            before = Some(y);
        }
    }

    /// Draws the curve in one column, starting at its row in the previous column.
    fn draw_curve_step(&self, from: u16, to: u16, x: u16, buf: &mut Buffer) {
        let style = self.theme.bar(false);
        if from == to {
            self.draw_symbol(x, to, LEVEL, style, buf);
            return;
        }
        for y in from.min(to)..from.max(to) {
            self.draw_symbol(x, y, STEEP, style, buf);
        }
        let [leaves, arrives] = if to < from { RISES } else { FALLS };
        self.draw_symbol(x, from, leaves, style, buf);
        self.draw_symbol(x, to, arrives, style, buf);
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
        let ([bottom, top], step) = (self.heights, self.step);
        let first = (bottom / step).floor() + 1.0;
        for tick in 0..self.cells.height {
            let height = step * (first + f64::from(tick));
            if height > top * (1.0 + f64::EPSILON) {
                break;
            }
            let y = self.row_of(height);
            self.draw_symbol(x, y, VERTICAL_TICK, self.theme.border(), buf);
            self.draw_axis_label(&self.tick_label(height), y, buf);
        }
    }

    fn tick_label(&self, height: f64) -> String {
        let unit = if self.is_speed_up() { "x" } else { "" };
        let digits = usize::from(self.step < 1.0);
        format!("{height:.digits$}{unit}")
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
        let begin = match self.heights {
            [bottom, _] if bottom > 0.0 => self.tick_label(bottom),
            _ => "0".to_owned(),
        };
        self.draw_axis_label(&begin, y, buf);
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

/// Returns the distance between ticks for an axis of this height on `rows` rows: 1, 2 or 5 times a
/// power of ten. At least two ticks fit, unless there are very few rows.
fn round_step(height: f64, rows: u16) -> f64 {
    let steps = || (-3..12).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
    let of = |max_steps: f64| steps().find(|step| height / step <= max_steps.max(1.0));
    let (loose, tight) = (of(f64::from(rows) * 0.6), of(rows.into()));
    loose.filter(|step| height / step >= 2.0).or(tight).unwrap_or(height)
}
