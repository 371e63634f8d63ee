//! The rows below the lanes, on the same time axis: requests in flight, the queue, the remaining
//! quota.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::layout::WidthClass;
use super::row_labels::mode_names;
use super::timeline::Timeline;
use super::timeline_rows::MetricRows;
use super::{area_chart, concurrency_limit, rate_limits, text};
use crate::model::{LevelSeries, Mode, Nanos, Run};

impl Timeline<'_> {
    /// Draws the levels of the run with the selected lane, or else of the last run that has started;
    /// and the summary of the selected lane.
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
        // The row above names the mode, if there is one.
        let whose = mode_names(run.plan().selection()).map(|mode| format!("queue {mode}"));
        let [_, _, whose] = whose;
        let name = if metric_rows.in_flight == 0 { &whose } else { "queue" };
        self.draw_level(name, run.queue_level(), until, style, queue, buf);
        let figures = match self.app.picture().time_behind(self.app.session()) {
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

    /// Returns the run whose levels are shown, and the time until which they are drawn.
    fn metrics_run(&self) -> Option<(&Run, Nanos)> {
        let mut place = 0;
        let mut found = None;
        for (run, until) in self.app.visible_runs() {
            let lanes = place..place + run.lanes().len();
            place = lanes.end;
            match self.app.picture().lane_index() {
                Some(lane) if lanes.contains(&lane) => found = Some((run, until)),
                None if run.has_started() => found = Some((run, until)),
                _ => {}
            }
        }
        found
    }

    /// Draws the remaining quota on one line, because a quota is usually full and would merge with
    /// the queue above; and its figures: the remaining requests and, on a second line, the reset
    /// time.
    fn draw_quota(&self, run: &Run, until: Nanos, area: Rect, buf: &mut Buffer) {
        let mut lines = area.rows();
        let (first, last) = (lines.next(), lines.next_back());
        let Some(lowest) = last.or(first) else { return };
        self.draw_level("quota", run.quota_level(), until, self.theme.muted(), lowest, buf);
        // Before the first response of a run, the quota is known from the run before.
        let known = run.quota().or_else(|| self.app.session().latest_quota());
        if let Some(quota) = known {
            self.draw_fitting_figures(rate_limits::remaining_texts(quota), first, buf);
            self.draw_fitting_figures(rate_limits::reset_texts(quota), last, buf);
        }
    }

    /// Draws a level with its name.
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
            let indent = usize::from(self.layout.width != WidthClass::Tiny);
            self.draw_name(&format!("{:indent$}{name}", ""), self.theme.muted(), row, buf);
        }
    }

    /// Draws the first of these forms that fits beside a row. A truncated number would be wrong.
    fn draw_fitting_figures(
        &self,
        forms: impl IntoIterator<Item = String>,
        row: Option<Rect>,
        buf: &mut Buffer,
    ) {
        if let Some(row) = row {
            // Keeps one cell between the figures and the box.
            let edge = self.bar_area(row).right() + u16::from(self.layout.boxed);
            let room = row.right().saturating_sub(edge);
            self.draw_figure_text(&text::first_fitting(forms, room.into()), row, buf);
        }
    }
}

/// Returns the number of requests in flight with its peak and, if reduced or adaptive, its limit,
/// from the longest form to the shortest.
fn in_flight_texts(run: &Run, until: Nanos) -> Vec<String> {
    let level = run.in_flight_level();
    let now = level.value_at(until);
    let peak = format!("{now:>6}  peak {}", level.peak());
    // A number without a word would be unclear, so the shortest form is empty.
    let short = [format!(" {now} now"), String::new()];
    let step = run.limit_change_at(until).filter(|_| run.plan().auto).map(|step| step.to);
    let most = step.or_else(|| run.reduced_limit().filter(|_| !run.is_over()));
    let long = match most {
        Some(most) => [format!("{peak}  limit {most}"), format!("{now:>6}  limit {most}")],
        None => [format!("{peak}  {}", run.plan().selection()), peak],
    };
    long.into_iter().chain(short).collect()
}

/// Returns the number of tasks at each stage, from the longest form to the shortest: in the queue,
/// handed out, done. The row above may show the number handed out.
fn queue_texts(run: &Run, out_shown_above: bool) -> Vec<String> {
    let (waiting, out) = (run.queued_tasks(), run.tasks_in_work());
    // Includes failed commands, but not CPU work that was abandoned.
    let done = run.ended_tasks();
    let last = if out_shown_above { format!("{done} done") } else { format!("{out} out") };
    vec![
        format!("  {waiting} waiting  {out} handed out  {done} done"),
        format!("  {waiting} waiting  {out} out  {done} done"),
        format!(" {waiting} waiting {out} out {done} done"),
        format!(" {waiting} wait {out} out {done} done"),
        format!("  {waiting} wait  {last}"),
        format!(" {waiting} wait {last}"),
        format!(" {waiting} wait"),
        String::new(),
    ]
}

/// Like [`queue_texts`] for a paused view, which knows only the number of tasks in the queue.
fn paused_queue_texts(run: &Run, until: Nanos) -> Vec<String> {
    let waiting = run.queue_level().value_at(until);
    vec![format!("  {waiting} waiting"), format!(" {waiting} wait"), String::new()]
}
