//! The chart of a sweep: the plot, a table of the thread counts, the scaling model, and the waves.

mod dot_grid;
mod plot;
mod point_columns;
mod vertical_scale;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::layout::{Heading, HeightClass, ScreenLayout, WidthClass};
use super::text;
use super::theme::Theme;
use crate::analysis::scaling::{Fit, ScalingModel};
use crate::analysis::sweep::{SweepPoint, Trial, WorkerTerms, counts_text};
use crate::analysis::{Sweep, plural};
use crate::app::{Action, App};
use crate::model::printable::three_digits;
use crate::model::{Mode, Nanos, Run, RunOutcome, Waves, Workload};
use dot_grid::Mark;
use plot::SweepPlot;
use point_columns::{PointColumn, THREADS_WIDTH};

/// The height from which on the table may leave only a lane, or its details, of the timeline.
const MIN_HEIGHT_FOR_LONG_TABLE: u16 = 24;

/// The maximum number of rows of the table for which the chart grows.
const MAX_RESERVED_ROWS: usize = 11;

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
            // A little more than half of the rows that titles, totals and keys leave, and more if the
            // table needs them.
            HeightClass::Normal => {
                let has_table = self.layout.width >= WidthClass::Normal;
                let table = self.table_rows().min(MAX_RESERVED_ROWS) + 1;
                let table = table + usize::from(self.layout.frame_rows());
                let others = if height < MIN_HEIGHT_FOR_LONG_TABLE { 13 } else { 11 };
                let most = usize::from(height.saturating_sub(others));
                let table = if has_table { table.min(most) } else { 0 };
                (height.saturating_sub(9) * 11 / 20).clamp(7, 26).max(table as u16)
            }
            HeightClass::Low => 2,
            HeightClass::Tiny => 1,
        }
    }

    /// The number of rows of the whole table.
    fn table_rows(&self) -> usize {
        self.sweep.counts().len() + 1
    }

    /// Returns the heading on the left, and the legend of the plot on the right.
    pub(super) fn heading(&self) -> Option<Heading> {
        if !self.layout.has_headings() {
            return None;
        }
        let title = match self.rate_unit() {
            Some(unit) => format!(" sweep: {unit} by threads "),
            None => " sweep: speed-up by threads ".to_owned(),
        };
        let fitted = self.sweep.fits().first().map_or_else(String::new, |fit| {
            format!("  {} {}", Mark::Curve.glyph(self.theme), fit.name())
        });
        let knee = self.sweep.knee().zip(self.sweep.counts().last());
        let knee = knee
            .filter(|(knee, last)| knee.workers <= **last)
            .map_or_else(String::new, |_| format!("  {} knee", plot::KNEE.glyph(self.theme)));
        let [trial, median] = [Mark::Trial, Mark::Median].map(|mark| mark.glyph(self.theme));
        let captions = format!(" {trial} trial  {median} median{fitted}{knee} ");
        Some(Heading { title, captions })
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
            let lines = [medians_text(&self.sweep, area.width.into()), self.model_text(area)];
            for (line, row) in lines.into_iter().zip(area.rows()) {
                Line::styled(line, self.theme.text()).render(row, buf);
            }
            return;
        }
        let waves = waves_text(&self.sweep, area.width.into());
        let waves = waves.filter(|_| usize::from(area.height) > self.table_rows().max(6) + 1);
        let [plot, model, below] = area.layout(&Layout::vertical([
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(u16::from(waves.is_some())),
        ]));
        let columns = point_columns::fitting(&self.sweep, self.workload, self.layout, area.width);
        let table = point_columns::table_width(&columns);
        let [plot, table] = plot
            .layout(&Layout::horizontal([Constraint::Fill(1), Constraint::Length(table as u16)]));
        SweepPlot::new(&self.sweep, self.theme, plot).draw(buf);
        self.draw_table(&columns, table, buf);
        let style = self.theme.text();
        let model_line = if columns.is_empty() && self.sweep.fits().is_empty() {
            medians_text(&self.sweep, area.width.into())
        } else {
            self.model_text(model)
        };
        Line::styled(model_line, style).render(model, buf);
        Line::styled(waves.unwrap_or_default(), self.theme.muted()).render(below, buf);
    }

    fn model_text(&self, area: Rect) -> String {
        text::first_fitting(model_texts(&self.sweep, self.workload), area.width.into())
    }

    /// Draws the table of the counts; those that have no trial yet keep their rows. If not all fit, it
    /// shows a selection and the number omitted.
    fn draw_table(&self, columns: &[PointColumn], area: Rect, buf: &mut Buffer) {
        let line = |threads: &str, figure: &dyn Fn(&PointColumn) -> String| {
            let figures = columns.iter().map(|one| format!("{:>1$}", figure(one), one.width));
            format!("{threads:>THREADS_WIDTH$}{}", figures.collect::<Vec<_>>().concat())
        };
        let mut rows = area.rows();
        let Some(row) = rows.next().filter(|_| !columns.is_empty()) else { return };
        let captions = line("threads", &|column| column.caption.clone().into_owned());
        Line::styled(captions, self.theme.muted()).render(row, buf);
        let (counts, mut room) = (self.sweep.counts(), usize::from(area.height) - 1);
        if room < counts.len()
            && let Some(row) = rows.next_back()
        {
            room -= 1;
            let more = line(&format!("+{} more", counts.len() - room), &|_| String::new());
            Line::styled(more, self.theme.muted()).render(row, buf);
        }
        for (&count, row) in pick_evenly(counts, room).zip(rows) {
            let point = self.sweep.point(count);
            let figures = line(&count.to_string(), &|column| {
                point.map_or_else(String::new, |point| (column.figure)(&self.sweep, point))
            });
            Line::styled(figures, self.theme.text()).render(row, buf);
        }
    }
}

/// Returns the best model with its figures, from the longest form to the shortest.
fn model_texts(sweep: &Sweep, workload: Workload) -> Vec<String> {
    let Some(best) = sweep.fits().first() else {
        return vec!["fitting a model takes at least three counts".to_owned(), String::new()];
    };
    let (long, short) = fit_names(best, workload.spec().rate);
    let knee = match (sweep.knee(), sweep.max_without_knee()) {
        (Some(knee), _) => format!("  knee {knee}"),
        (None, Some(tasks)) => format!("  no knee up to {tasks}"),
        (None, None) => String::new(),
    };
    let [guess, brief] = match (sweep.is_guess(), sweep.is_single()) {
        (true, _) => ["  a guess: too few counts", "  a guess"],
        (false, true) => ["  a guess: one trial per count", "  a guess"],
        (false, false) => ["", ""],
    };
    vec![
        format!("best fit: {long}{knee}{guess}"),
        format!("{long}{knee}{guess}"),
        format!("{long}{knee}{brief}"),
        format!("{short}{knee}{brief}"),
        format!("{short}{knee}"),
        short.to_owned(),
    ]
}

/// Returns a model with its parameters, and its name alone.
fn fit_names(fit: &Fit, unit: &str) -> (String, &'static str) {
    let name = fit.name();
    let long = match fit.model {
        ScalingModel::Linear { gain } => {
            format!("{name}: {} {unit} per thread", three_digits(gain))
        }
        ScalingModel::Plateau { capacity, .. } => {
            format!("{name} at {} {unit}", three_digits(capacity))
        }
        ScalingModel::Amdahl { contention, .. } => {
            format!("{name}: {:.1} % serial", contention * 100.0)
        }
        ScalingModel::Usl { .. } => match fit.peak() {
            Some(peak) => format!("{name}: peak at {peak:.0} threads"),
            None => name.to_owned(),
        },
    };
    (long, name)
}

/// Returns the number of waves at the knee, and as many as fit of the ranges of counts that need the
/// same number and were measured to perform alike. Returns `None` if tasks do not run in waves, or before the first trial.
fn waves_text(sweep: &Sweep, room: usize) -> Option<String> {
    let tasks = sweep.tasks().filter(|_| sweep.has_wave_steps())?;
    let last = *sweep.counts().last()?;
    let about = sweep.knee().map_or(last, |knee| knee.workers.min(last));
    let Waves { count, .. } = Waves::new(tasks, about);
    let waves = plural::count(count, "wave");
    let begin = format!("{about} threads: {tasks} tasks in {waves}");
    let named = |step: RangeInclusive<u16>| format!("{}-{}", step.start(), step.end());
    let steps: Vec<String> = sweep.equal_counts().into_iter().map(named).collect();
    let forms = (1..=steps.len()).rev().filter_map(|kept| {
        let more = if kept < steps.len() { ", .." } else { "" };
        let kept = steps.get(..kept)?.join(", ");
        Some(format!("{begin}; no difference within {kept}{more}"))
    });
    Some(text::first_fitting(forms.chain([begin.clone()]), room))
}

/// Returns the speed-ups of the counts on one line: all, or an even selection that fits.
fn medians_text(sweep: &Sweep, room: usize) -> String {
    let points = sweep.points();
    let each = |point: &SweepPoint| match sweep.point_speed_up(point) {
        Some(times) => format!("{}:{times:.1}", point.workers),
        None if !point.is_counted() => format!("{}:-", point.workers),
        None => format!("{}:{}", point.workers, three_digits(point.rate)),
    };
    let lines = (1..=points.len())
        .rev()
        .map(|kept| pick_evenly(points, kept).map(each).collect::<Vec<_>>().join(" "));
    text::first_fitting(lines, room)
}

/// Returns at most `most` items, evenly spaced, including the first and the last.
fn pick_evenly<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let kept = most.min(all.len());
    let last = all.len().saturating_sub(1);
    (0..kept).filter_map(move |place| all.get(place * last / kept.saturating_sub(1).max(1)))
}

/// Returns the progress of a running sweep: `trial 7 of 15: 8 threads, about 12 s left`.
pub(super) fn progress_text(app: &App) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    let run = app.session().active_run().filter(|run| run.plan().mode == Mode::Threads)?;
    let threads = WorkerTerms::for_run(app.selection().workload, Mode::Threads)
        .count_text(run.plan().workers);
    let left = sweep.time_left(run.elapsed(app.now())).map(Nanos::approximate);
    let left = left.map_or_else(String::new, |left| format!(", about {left} left"));
    Some(format!("{}: {threads}{left}", sweep.trial_text()))
}

/// Returns the name of a sweep's run in the totals, which is one trial of many: `trial 7 x8`.
pub(super) fn trial_name(app: &App, run: &Run) -> Option<String> {
    let (sweep, workers) = (app.session().sweep(app.selection())?, run.plan().workers);
    let is_last = |last: &Trial| last.workers == workers && run.duration() == Some(last.duration);
    let is_counted = sweep.trials().last().is_some_and(is_last);
    let number = sweep.trials().len() + usize::from(!is_counted);
    Some(format!("trial {number} x{workers}"))
}

/// Returns the advice; for a stopped sweep, preceded by the number of completed trials.
pub(super) fn conclusion(app: &App) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    let run = app.runs().first()?;
    let advice = sweep.advice(app.selection().workload, Mode::Threads);
    let (had, planned) = (sweep.trials().len(), sweep.planned_trials());
    if run.outcome() != Some(&RunOutcome::Stopped) {
        return advice;
    }
    let advice = advice.map_or_else(String::new, |advice| format!(": {advice}"));
    Some(format!("stopped after {had} of {planned} trials{advice}"))
}

/// Returns the sentence on the trials kept of a failed sweep.
pub(super) fn kept_trials(app: &App) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    let (had, planned) = (sweep.trials().len(), sweep.planned_trials());
    Some(format!(" Kept: {had} of {planned} trials."))
}

/// Returns the size of a sweep that has not run yet, and the keys that change it.
pub(super) fn planned_trials(app: &App) -> Option<(String, String)> {
    let (session, shown) = (app.session(), app.selection());
    let sweep = shown.is_sweep().then(|| session.planned_sweep(shown.workload))?;
    let [fewer, more] = [Action::FewerWorkers, Action::MoreWorkers].map(|key| app.key_of(key));
    let counts = counts_text(sweep.counts(), "thread");
    let keys = format!(" {fewer} and {more} change the counts.");
    Some((format!(": {counts}, {}", repeats_text(&sweep)), keys))
}

/// Returns the number of trials per count.
pub(super) fn repeats_text(sweep: &Sweep) -> String {
    match sweep.repeats() {
        1 => "each once".to_owned(),
        repeats => format!("each {repeats} times"),
    }
}

/// Returns a sweep on one line, for very small terminals.
pub(super) fn one_line_text(app: &App, room: usize) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    if let Some(sentence) = conclusion(app).filter(|_| app.runs().iter().all(Run::is_over)) {
        return Some(format!("{}  {sentence}", medians_text(sweep, room)));
    }
    let progress = progress_text(app).unwrap_or_default();
    Some(format!("{progress}  {}", medians_text(sweep, room)))
}
