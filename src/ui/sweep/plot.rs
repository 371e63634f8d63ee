//! The plot of a sweep: what was measured, as dots; the law, as a curve; the axes.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::model::Sweep;
use crate::model::scaling::Fit;
use crate::ui::theme::Theme;

/// A trial, and the median of those of one count; with and without other signs than ASCII's.
pub(super) const DOT: (&str, &str) = ("○", "o");
const MEDIAN: (&str, &str) = ("●", "*");

/// Low, in the middle and high in a cell: a curve has three steps a row.
const LEVELS: [(&str, &str); 3] = [("▁", "."), ("━", "-"), ("▔", "'")];

/// Room for the figures left of the plot: `threads`, and a gap.
const MARGIN: u16 = 8;

/// Beyond so many times the smallest count a step from one to the next says little: the axis is
/// logarithmic, unless most counts are there.
const SPARSE: usize = 2;

/// The sign of a median.
pub(super) const fn median(theme: Theme) -> &'static str {
    theme.pick(MEDIAN.0, MEDIAN.1)
}

/// Where the figures of a sweep are on an area.
pub(super) struct Plot<'a> {
    sweep: &'a Sweep,
    theme: Theme,
    /// All of it.
    area: Rect,
    /// The cells for dots.
    cells: Rect,
    /// The first and the last count, as the axis has them.
    ends: [f64; 2],
    logarithmic: bool,
    /// What the upper edge stands for.
    top: f64,
}

impl<'a> Plot<'a> {
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
        let ends = [first, last].map(|count| scaled(f64::from(count), logarithmic));
        let mut plot = Self { sweep, theme, area, cells, ends, logarithmic, top: 1.0 };
        plot.top = plot.highest() * 1.04;
        plot
    }

    pub(super) fn draw(&self, buf: &mut Buffer) {
        if self.cells.is_empty() {
            return;
        }
        self.vertical(buf);
        self.horizontal(buf);
        if let Some(fit) = self.sweep.fits().first() {
            self.curve(fit, buf);
        }
        let trials = self.sweep.trials().iter().map(|trial| (trial.workers, trial.rate()));
        for (workers, rate) in trials {
            self.dot(workers, rate, (DOT, self.theme.text()), buf);
        }
        for point in self.sweep.medians() {
            self.dot(point.workers, point.rate, (MEDIAN, self.theme.key()), buf);
        }
    }

    /// What a rate is on the vertical axis: a speed-up, where one is known.
    fn height(&self, rate: f64) -> f64 {
        self.sweep.speed_up(rate).unwrap_or(rate)
    }

    fn highest(&self) -> f64 {
        let measured = self.sweep.trials().iter().map(|trial| self.height(trial.rate()));
        let fitted = self.sweep.fits().first().into_iter().flat_map(|fit| {
            let counts = self.sweep.counts().iter();
            counts.map(|&workers| self.height(self.sweep.fitted(fit, workers)))
        });
        let highest = measured.chain(fitted).filter(|value| value.is_finite()).fold(0.0, f64::max);
        if highest > 0.0 { highest } else { 1.0 }
    }

    /// The column of a count.
    fn x(&self, workers: f64) -> u16 {
        let [first, last] = self.ends;
        let share = if last > first {
            (scaled(workers, self.logarithmic) - first) / (last - first)
        } else {
            0.5
        };
        let room = f64::from(self.cells.width.saturating_sub(3));
        self.cells.x + 1 + (share.clamp(0.0, 1.0) * room).round() as u16
    }

    /// The count at a column.
    fn workers(&self, x: u16) -> f64 {
        let [first, last] = self.ends;
        let room = f64::from(self.cells.width.saturating_sub(3)).max(1.0);
        let share = f64::from(x.saturating_sub(self.cells.x + 1)) / room;
        let scaled = first + share.min(1.0) * (last - first);
        if self.logarithmic { scaled.exp2() } else { scaled }
    }

    /// The row of a height, and in which third of it that is, from the lowest.
    fn y(&self, height: f64) -> (u16, usize) {
        let rows = self.cells.height;
        let thirds = f64::from(rows) * 3.0;
        let third = (height / self.top * thirds).clamp(0.0, thirds - 1.0) as u16;
        (self.cells.bottom() - 1 - (third / 3).min(rows - 1), usize::from(third % 3))
    }

    fn dot(
        &self,
        workers: u16,
        rate: f64,
        (sign, style): ((&'static str, &'static str), Style),
        buf: &mut Buffer,
    ) {
        let (y, _) = self.y(self.height(rate));
        self.put(self.x(f64::from(workers)), y, sign, style, buf);
    }

    /// The law between the first count and the last: with its steps where waves make some.
    fn curve(&self, fit: &Fit, buf: &mut Buffer) {
        let at = |workers: u16| self.height(self.sweep.fitted(fit, workers));
        let first = self.x(self.sweep.counts().first().copied().map_or(1.0, f64::from));
        let last = self.x(self.sweep.counts().last().copied().map_or(1.0, f64::from));
        for x in first..=last {
            let workers = self.workers(x);
            let below = workers.floor().max(1.0) as u16;
            let (low, high) = (at(below), at(below.saturating_add(1)));
            let (y, level) = self.y(low + (workers - f64::from(below)) * (high - low));
            if let Some(&sign) = LEVELS.get(level) {
                self.put(x, y, sign, self.theme.bar(false), buf);
            }
        }
    }

    /// The vertical axis: round figures, as many as have room.
    fn vertical(&self, buf: &mut Buffer) {
        let x = self.cells.x.saturating_sub(1);
        for y in self.cells.top()..self.cells.bottom() {
            self.put(x, y, ("│", "|"), self.theme.line(), buf);
        }
        if self.sweep.trials().is_empty() {
            return;
        }
        let step = round_step(self.top, self.cells.height);
        let unit = if self.is_speed_up() { "x" } else { "" };
        let digits = usize::from(step < 1.0);
        for tick in 1.. {
            let height = step * f64::from(tick);
            if height > self.top {
                break;
            }
            let (y, _) = self.y(height);
            self.put(x, y, ("┤", "+"), self.theme.line(), buf);
            self.label(&format!("{height:.digits$}{unit}"), y, buf);
        }
    }

    fn is_speed_up(&self) -> bool {
        self.sweep.medians().first().is_none_or(|point| self.sweep.speed_up(point.rate).is_some())
    }

    /// The horizontal axis: a tick a count, and the knee, thicker where it may be.
    fn horizontal(&self, buf: &mut Buffer) {
        let y = self.cells.bottom();
        let corner = self.cells.x.saturating_sub(1);
        for x in corner..self.cells.right() {
            self.put(x, y, ("─", "-"), self.theme.line(), buf);
        }
        self.put(corner, y, ("└", "+"), self.theme.line(), buf);
        for &workers in self.sweep.counts() {
            self.put(self.x(workers.into()), y, ("┴", "+"), self.theme.line(), buf);
        }
        self.knee(y, buf);
        self.label("0", y, buf);
        self.label("threads", y + 1, buf);
        let mut free = self.cells.x;
        let (last, others) = match self.sweep.counts().split_last() {
            Some((last, others)) => (*last, others),
            None => return,
        };
        let place = |workers: u16| {
            let text = workers.to_string();
            let x = self.x(workers.into()).saturating_sub(text.len() as u16 / 2);
            (x, text)
        };
        let (end, _) = place(last);
        for &workers in others.iter().chain([&last]) {
            let (x, text) = place(workers);
            let width = text.len() as u16;
            let fits = x >= free && (workers == last || x + width < end);
            if fits {
                let room = Rect { x, y: y + 1, width, height: 1 }.intersection(self.area);
                Line::styled(text, self.theme.quiet()).render(room, buf);
                free = x + width + 1;
            }
        }
    }

    fn knee(&self, y: u16, buf: &mut Buffer) {
        let (Some(knee), [first, .., last]) = (self.sweep.knee(), self.sweep.counts()) else {
            return;
        };
        if let Some(between) = knee.between {
            let (low, high) = ((*between.start()).max(*first), (*between.end()).min(*last));
            if low <= high {
                for x in self.x(low.into())..=self.x(high.into()) {
                    self.put(x, y, ("━", "="), self.theme.key(), buf);
                }
            }
        }
        if (first..=last).contains(&&knee.workers) {
            self.put(self.x(knee.workers.into()), y, ("┻", "^"), self.theme.key(), buf);
        }
    }

    /// Writes left of the plot.
    fn label(&self, text: &str, y: u16, buf: &mut Buffer) {
        let room = MARGIN.saturating_sub(1);
        let text = format!("{text:>0$}", usize::from(room) - 1);
        let area = Rect { x: self.area.x, y, width: room, height: 1 }.intersection(self.area);
        Line::styled(text, self.theme.quiet()).render(area, buf);
    }

    fn put(
        &self,
        x: u16,
        y: u16,
        sign: (&'static str, &'static str),
        style: Style,
        buf: &mut Buffer,
    ) {
        let inside = self.area.contains(Position::new(x, y));
        if let Some(cell) = buf.cell_mut(Position::new(x, y)).filter(|_| inside) {
            cell.set_symbol(self.theme.pick(sign.0, sign.1)).set_style(style);
        }
    }
}

fn scaled(workers: f64, logarithmic: bool) -> f64 {
    if logarithmic { workers.max(1.0).log2() } else { workers }
}

/// The step between two figures of an axis that has so many rows: 1, 2 or 5 of a power of ten.
fn round_step(top: f64, rows: u16) -> f64 {
    let most = (f64::from(rows) * 0.6).max(1.0);
    let steps = (-3..12).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
    steps.into_iter().find(|step| top / step <= most).unwrap_or(top)
}
