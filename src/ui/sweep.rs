//! The chart of a sweep: the plot, a table of the thread counts, the scaling model, and the waves.

mod plot;
mod summary;

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::layout::{HeightClass, ScreenLayout};
use super::text;
use super::theme::Theme;
use crate::analysis::Sweep;
use crate::analysis::stats::efficiency;
use crate::analysis::sweep::SweepPoint;
use crate::app::App;
use crate::model::Workload;
use crate::model::printable::three_digits;
use plot::SweepPlot;
pub(super) use summary::{
    conclusion, kept_trials, one_line_text, planned_trials, progress_text, repeats_text,
};

/// The minimum width of the chart for a table beside the plot.
const MIN_WIDTH_WITH_TABLE: u16 = 70;

/// A column of the table.
struct SweepColumn {
    caption: Cow<'static, str>,
    width: usize,
    figure: fn(&Sweep, &SweepPoint) -> String,
}

const THREADS: SweepColumn =
    SweepColumn { caption: Cow::Borrowed("threads"), width: 9, figure: threads };
const MEDIAN: SweepColumn =
    SweepColumn { caption: Cow::Borrowed("median"), width: 10, figure: median };
const SPEED_UP: SweepColumn =
    SweepColumn { caption: Cow::Borrowed("speed-up"), width: 10, figure: speed_up };
const EFFICIENCY: SweepColumn =
    SweepColumn { caption: Cow::Borrowed("efficiency"), width: 12, figure: worker_efficiency };

/// The chart of a sweep.
pub(super) struct SweepChart<'app> {
    sweep: Cow<'app, Sweep>,
    workload: Workload,
    layout: ScreenLayout,
    theme: Theme,
}

impl<'app> SweepChart<'app> {
    /// Creates the chart of the selected sweep, or returns `None` before it has started.
    pub(super) fn for_app(app: &'app App, layout: ScreenLayout, theme: Theme) -> Option<Self> {
        let (shown, session) = (app.selection(), app.session());
        let started = session.sweep(shown).map(Cow::Borrowed);
        // An empty chart keeps its place while the tasks are being counted.
        let begins = shown.is_sweep() && session.active() == Some(shown);
        let planned = || begins.then(|| Cow::Owned(session.planned_sweep(shown.workload)));
        let sweep = started.or_else(planned)?;
        Some(Self { sweep, workload: shown.workload, layout, theme })
    }

    /// Returns the number of rows on a screen of this height, including the frame.
    pub(super) fn row_count(&self, height: u16) -> u16 {
        match self.layout.height {
            // A little more than half of the rows that titles, totals and keys leave.
            HeightClass::Normal => (height.saturating_sub(9) * 11 / 20).clamp(7, 26),
            HeightClass::Low => 2,
            HeightClass::Tiny => 1,
        }
    }

    /// Returns the heading on the left, and the legend of the plot on the right.
    pub(super) fn heading(&self) -> Option<(String, String)> {
        if !self.layout.has_headings() {
            return None;
        }
        let left = match self.rate_unit() {
            Some(unit) => format!(" sweep: {unit} by threads "),
            None => " sweep: speed-up by threads ".to_owned(),
        };
        let fitted = self.sweep.fits().first().map_or_else(String::new, |fit| {
            format!("  {} {}", self.theme.pick(plot::LEVEL.0, plot::LEVEL.1), fit.name())
        });
        let knee = self.sweep.knee().zip(self.sweep.counts().last());
        let knee =
            knee.filter(|(knee, last)| knee.workers <= **last).map_or_else(String::new, |_| {
                format!("  {} knee", self.theme.pick(plot::KNEE.0, plot::KNEE.1))
            });
        let (dot, median) =
            (self.theme.pick(plot::DOT.0, plot::DOT.1), plot::median_sign(self.theme));
        Some((left, format!(" {dot} measured  {median} median{fitted}{knee} ")))
    }

    /// Returns the unit of rates if no speed-up is known.
    fn rate_unit(&self) -> Option<String> {
        let rate = self.sweep.points().first().map(|point| point.rate);
        let known = rate.is_none_or(|rate| self.sweep.speed_up(rate).is_some());
        (!known).then(|| self.workload.spec().rate.to_owned())
    }

    /// Draws the chart without its frame.
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer) {
        if self.layout.height != HeightClass::Normal {
            let lines =
                [summary::medians_text(&self.sweep, area.width.into()), self.model_text(area)];
            for (line, row) in lines.into_iter().zip(area.rows()) {
                Line::styled(line, self.theme.text()).render(row, buf);
            }
            return;
        }
        let waves = summary::waves_text(&self.sweep, area.width.into());
        let waves = waves.filter(|_| area.height > 7);
        let [plot, model, below] = area.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(u16::from(waves.is_some())),
        ]));
        let columns = self.columns(area.width);
        let table: usize = columns.iter().map(|column| column.width).sum();
        let [plot, table] = plot
            .layout(&Layout::horizontal([Constraint::Fill(1), Constraint::Length(table as u16)]));
        SweepPlot::new(&self.sweep, self.theme, plot).draw(buf);
        self.draw_table(&columns, table, buf);
        let style = self.theme.text();
        let model_line = if columns.is_empty() && self.sweep.fits().is_empty() {
            summary::medians_text(&self.sweep, area.width.into())
        } else {
            self.model_text(model)
        };
        Line::styled(model_line, style).render(model, buf);
        Line::styled(waves.unwrap_or_default(), self.theme.muted()).render(below, buf);
    }

    fn model_text(&self, area: Rect) -> String {
        text::first_fitting(summary::model_texts(&self.sweep, self.workload), area.width.into())
    }

    /// Returns the columns of the table that fit.
    fn columns(&self, width: u16) -> Vec<SweepColumn> {
        let mut columns = vec![THREADS, MEDIAN];
        match self.rate_unit() {
            Some(caption) => {
                columns.push(SweepColumn { caption: caption.into(), width: 10, figure: rate });
            }
            None => columns.extend([SPEED_UP, EFFICIENCY]),
        }
        let max_columns = match width {
            100.. => columns.len(),
            MIN_WIDTH_WITH_TABLE.. => 3,
            _ => 0,
        };
        columns.truncate(max_columns);
        columns
    }

    /// Draws the table of the counts so far. If not all fit, it shows a selection and the number
    /// omitted.
    fn draw_table(&self, columns: &[SweepColumn], area: Rect, buf: &mut Buffer) {
        let line = |texts: &mut dyn Iterator<Item = (String, usize)>| {
            texts.map(|(text, width)| format!("{text:>width$}")).collect::<Vec<_>>().concat()
        };
        let mut rows = area.rows();
        let (Some(row), Some(first)) = (rows.next(), columns.first()) else { return };
        let mut captions = columns.iter().map(|one| (one.caption.clone().into_owned(), one.width));
        Line::styled(line(&mut captions), self.theme.muted()).render(row, buf);
        let (points, mut room) = (self.sweep.points(), usize::from(area.height) - 1);
        if let (true, Some(row)) = (room < points.len(), rows.next_back()) {
            room -= 1;
            let more = format!("+{} more", points.len() - room);
            let mut more = [(more, first.width)].into_iter();
            Line::styled(line(&mut more), self.theme.muted()).render(row, buf);
        }
        for (point, row) in summary::pick_evenly(points, room).zip(rows) {
            let mut figures =
                columns.iter().map(|one| ((one.figure)(&self.sweep, point), one.width));
            Line::styled(line(&mut figures), self.theme.text()).render(row, buf);
        }
    }
}

fn threads(_: &Sweep, point: &SweepPoint) -> String {
    point.workers.to_string()
}

fn median(_: &Sweep, point: &SweepPoint) -> String {
    format!("{:.3} s", point.median.as_secs_f64())
}

fn rate(_: &Sweep, point: &SweepPoint) -> String {
    three_digits(point.rate)
}

fn speed_up(sweep: &Sweep, point: &SweepPoint) -> String {
    sweep.speed_up(point.rate).map_or_else(String::new, |times| format!("{times:.2}x"))
}

fn worker_efficiency(sweep: &Sweep, point: &SweepPoint) -> String {
    let share = |times| efficiency(times, point.workers) * 100.0;
    let share = sweep.speed_up(point.rate).map(share);
    share.map_or_else(String::new, |share| format!("{share:.0} %"))
}
