//! Below the lanes, on the same time axis: requests in flight, the queue, what is left of the quota.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::row_labels::mode_names;
use super::timeline::Timeline;
use super::timeline_rows::MetricRows;
use super::{area_chart, concurrency_limit, rate_limits, text};
use crate::model::{LevelSeries, Mode, Nanos, Run};

impl Timeline<'_> {
    /// Draws the levels of the run that the lane chosen is in, else of the last that has begun; and
    /// what is known of that lane.
    pub(super) fn draw_metric_rows(&self, metric_rows: &MetricRows, area: Rect, buf: &mut Buffer) {
        let Some((run, until)) = self.metrics_run() else { return };
        let heights =
            [metric_rows.in_flight, metric_rows.queue, metric_rows.quota, metric_rows.chosen];
        let heights = heights.map(|height| Constraint::Length(height as u16));
        let [in_flight, queue, quota, chosen] = area.layout(&Layout::vertical(heights));
        let style = self.theme.bar(run.plan().mode == Mode::Sequential);
        let (limit, level) = (run.concurrency_limit_level(), run.in_flight_level());
        let level = if run.plan().auto { level.with_peak(limit.peak()) } else { level };
        self.draw_level("in flight", level, until, style, in_flight, buf);
        self.draw_fitting_figures(in_flight_texts(run, until), in_flight.rows().next_back(), buf);
        if run.plan().auto {
            let limit = limit.with_peak(level.peak());
            concurrency_limit::draw(
                limit,
                self.window,
                until,
                self.theme,
                self.bar_area(in_flight),
                buf,
            );
            let changes = concurrency_limit::latest_changes(run, until, self.theme);
            for (forms, row) in changes.zip(in_flight.rows().rev().skip(1)) {
                self.draw_fitting_figures(forms, Some(row), buf);
            }
        }
        // Whose it is, the row above says, where there is one.
        let whose = mode_names(run.plan().selection()).map(|mode| format!("queue {mode}"));
        let [_, _, whose] = whose;
        let name = if metric_rows.in_flight == 0 { &whose } else { "queue" };
        self.draw_level(name, run.queue_level(), until, style, queue, buf);
        let figures = match self.app.time_behind() {
            None => queue_texts(run, metric_rows.in_flight > 0),
            Some(_) => paused_queue_texts(run, until),
        };
        self.draw_fitting_figures(figures, queue.rows().next_back(), buf);
        self.draw_quota(run, until, quota, buf);
        if let Some(row) = chosen.rows().next_back() {
            let changes = || self.limit_changes(run, until, row.width.into());
            let text = self
                .lane_summary(row.width)
                .or_else(changes)
                .unwrap_or_else(|| self.selection_hint());
            text.render(row, buf);
        }
    }

    /// The run whose levels are shown, and until when.
    fn metrics_run(&self) -> Option<(&Run, Nanos)> {
        let mut place = 0;
        let mut found = None;
        for (run, until) in self.app.visible_runs() {
            let lanes = place..place + run.lanes().len();
            place = lanes.end;
            match self.app.lane_index() {
                Some(lane) if lanes.contains(&lane) => found = Some((run, until)),
                None if run.has_started() => found = Some((run, until)),
                _ => {}
            }
        }
        found
    }

    /// Draws what was left of the quota, on one line: a quota is full as a rule, and must not grow
    /// together with the queue above. Says how much is left, and where there is another line, when
    /// it resets.
    fn draw_quota(&self, run: &Run, until: Nanos, area: Rect, buf: &mut Buffer) {
        let mut lines = area.rows();
        let (first, last) = (lines.next(), lines.next_back());
        let Some(lowest) = last.or(first) else { return };
        self.draw_level("quota", run.quota_level(), until, self.theme.muted(), lowest, buf);
        // Before its first reply, a run has what the preparing request left.
        let known = run.quota().or_else(|| self.app.session().profile().and_then(Run::quota));
        if let Some(quota) = known {
            self.draw_fitting_figures(rate_limits::remaining_texts(quota), first, buf);
            self.draw_fitting_figures(rate_limits::reset_texts(quota), last, buf);
        }
    }

    /// Draws a level and its name.
    fn draw_level(
        &self,
        name: &str,
        level: LevelSeries<'_>,
        until: Nanos,
        style: Style,
        area: Rect,
        buf: &mut Buffer,
    ) {
        area_chart::draw(level, self.window, until, self.theme, style, self.bar_area(area), buf);
        if let Some(row) = area.rows().next_back() {
            self.draw_name(&format!(" {name}"), self.theme.muted(), row, buf);
        }
    }

    /// Writes the first of these forms that fits beside a row: half a number would be another one.
    fn draw_fitting_figures(
        &self,
        forms: impl IntoIterator<Item = String>,
        row: Option<Rect>,
        buf: &mut Buffer,
    ) {
        if let Some(row) = row {
            // Away from the box.
            let edge = self.bar_area(row).right() + u16::from(self.layout.boxed);
            let room = row.right().saturating_sub(edge);
            self.draw_figure_text(&text::first_fitting(forms, room.into()), row, buf);
        }
    }
}

/// How many are in flight, and how many were at most, the longest form first; after a limit, how many
/// may be.
fn in_flight_texts(run: &Run, until: Nanos) -> Vec<String> {
    let level = run.in_flight_level();
    let now = level.value_at(until);
    let peak = format!("{now:>6}  peak {}", level.peak());
    // A number alone says nothing.
    let short = [format!(" {now} now"), String::new()];
    let step = run.limit_change_at(until).filter(|_| run.plan().auto).map(|step| step.to);
    let most = step.or_else(|| run.reduced_limit().filter(|_| !run.is_over()));
    let long = match most {
        Some(most) => [format!("{peak}  limit {most}"), format!("{now:>6}  limit {most}")],
        None => [format!("{peak}  {}", run.plan().selection()), peak],
    };
    long.into_iter().chain(short).collect()
}

/// Where the run's tasks are now, the longest form first: those that found no room in the queue yet,
/// in the queue, handed out, done. The row above may say how many are handed out.
fn queue_texts(run: &Run, out_is_told: bool) -> Vec<String> {
    let (waiting, out) = (run.queued_tasks(), run.tasks_in_work());
    // A command that failed is done with, while CPU work that was given up is not done.
    let done = run.ended_tasks();
    let outside = match run.unqueued_tasks() {
        0 if run.plan().queue.is_none() => String::new(),
        outside => format!("{outside} unsent "),
    };
    let last = if out_is_told { format!("{done} done") } else { format!("{out} out") };
    vec![
        format!("  {outside}{waiting} waiting  {out} handed out  {done} done"),
        format!("  {outside}{waiting} waiting  {out} out  {done} done"),
        format!(" {outside}{waiting} waiting {out} out {done} done"),
        format!(" {outside}{waiting} wait {out} out {done} done"),
        format!("  {outside}{waiting} wait  {last}"),
        format!(" {outside}{waiting} wait {last}"),
        format!(" {waiting} wait {last}"),
        format!(" {waiting} wait"),
        String::new(),
    ]
}

/// The same of a view that is held still: how many were in the queue then.
fn paused_queue_texts(run: &Run, until: Nanos) -> Vec<String> {
    let waiting = run.queue_level().value_at(until);
    vec![format!("  {waiting} waiting"), format!(" {waiting} wait"), String::new()]
}
