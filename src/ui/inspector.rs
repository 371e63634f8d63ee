//! The inspector: the details of one span on the selected lane, and of the cell under the cursor.

use ratatui::text::Line;

use super::inspector_lines::{cursor_lines, state_lines};
use super::layout::Heading;
use super::pane_content::{PaneContent, PaneSide, PaneSize, field_lines, quantile_lines};
use super::theme::Theme;
use super::{text, thread_inspector, timeline};
use crate::analysis::latency::{self, LatencySummary};
use crate::app::{App, SelectedLane};
use crate::model::printable::printable;
use crate::model::{Completion, FailedAttempt, Failure, Nanos, Product, Span, TaskOutcome};

/// Returns the content of the inspector.
pub(super) fn content(app: &App, theme: Theme, room: PaneSize) -> PaneContent {
    let Some(selected) = app.picture().selected_lane(app.session()) else {
        return PaneContent::default();
    };
    if let Some(record) = selected.run.program() {
        return thread_inspector::content(app, &selected, record, theme, room);
    }
    let worker = selected.run.worker_name(selected.index);
    let mode = format!(" {} ", selected.run.plan().name());
    let cursor = cursor_lines(app, &selected, theme, room.wide);
    let Some(span) = app.picture().selected_span(app.session()) else {
        let nothing = vec![Line::styled("No task has started on this lane yet.", theme.text())];
        let parts = vec![(PaneSide::Left, nothing), (PaneSide::Left, cursor)];
        let heading = Heading { title: format!(" {worker} "), captions: mode };
        return PaneContent { heading, parts };
    };
    let inspector = Inspector { selected, span, theme, room };
    let label = printable(&selected.run.plan().label(span.task));
    let (number, count) = (span.attempt, inspector.attempt_count());
    let title = format!(" {label}, attempt {number} of {count}, {worker} ");
    let parts = vec![
        (PaneSide::Left, inspector.outcome_lines()),
        (PaneSide::Right, inspector.state_lines()),
        (PaneSide::Left, cursor),
        (PaneSide::Right, inspector.attempt_lines()),
        (PaneSide::Right, inspector.quantile_lines()),
    ];
    PaneContent { heading: Heading { title, captions: mode }, parts }
}

struct Inspector<'app> {
    selected: SelectedLane<'app>,
    span: Span,
    theme: Theme,
    room: PaneSize,
}

impl Inspector<'_> {
    /// Returns the number of attempts at the task, including the next one if the last has failed.
    fn attempt_count(&self) -> usize {
        let failed = self.selected.run.tasks().failed_attempts(self.span.task).len();
        (failed + 1).max(self.span.attempt as usize)
    }

    fn field_lines(&self, label: &str, text: &str) -> Vec<Line<'static>> {
        field_lines(label, text, self.theme, self.room.wide)
    }

    /// Returns the outcome of the attempt and its times.
    fn outcome_lines(&self) -> Vec<Line<'static>> {
        let SelectedLane { run, lane, until, .. } = self.selected;
        let span = &self.span;
        let mut lines = self.field_lines("status", &self.status_text());
        if let Some(TaskOutcome::Done(done)) = self.outcome() {
            lines.extend(self.body_lines(&done));
        }
        let end = span.end.filter(|&end| end <= until);
        let took = end.unwrap_or(until).since(span.start);
        let to = end.map_or_else(|| "now".to_owned(), timeline::exact_time);
        let from = timeline::exact_time(span.start);
        let from = end.map_or(from.as_str(), |_| from.trim_end_matches(" s"));
        lines.extend(self.field_lines("when", &format!("{from}-{to}, {took}")));
        let [sent, queued] = if run.plan().workload().is_fetched() {
            ["sent to end", "queued to end"]
        } else {
            ["start to end", "queued to end"]
        };
        let known = |time: Option<Nanos>, what: &str| match time.filter(|_| end.is_some()) {
            Some(time) => format!("{time}, {what}"),
            None if end.is_some() => "unknown".to_owned(),
            None => "not finished".to_owned(),
        };
        let has_failed = run.attempt_failure(span).is_some();
        let sent = if has_failed { "until failure" } else { sent };
        lines.extend(
            self.field_lines("service", &known(latency::service_time(run, lane, span), sent)),
        );
        let response = match self.failed_attempt() {
            Some(_) => "none, it failed".to_owned(),
            None => known(latency::response_time(run, lane, span), queued),
        };
        lines.extend(self.field_lines("response", &response));
        lines
    }

    /// Returns the latency quantiles of the whole run.
    fn quantile_lines(&self) -> Vec<Line<'static>> {
        let SelectedLane { run, until, .. } = self.selected;
        let times = LatencySummary::between(run, Nanos::ZERO, until);
        let so_far = if run.is_over() { "" } else { ", so far" };
        let of = format!("{}{so_far}", run.plan().name());
        quantile_lines(&of, &times, self.theme, self.room.narrow)
    }

    /// Returns the outcome of the task if this is its last attempt.
    fn outcome(&self) -> Option<TaskOutcome> {
        let run = self.selected.run;
        let failed = run.tasks().failed_attempts(self.span.task).len();
        let ended = self.span.end.is_some_and(|end| end <= self.selected.until);
        let is_last = ended && self.span.attempt as usize > failed;
        run.tasks().get(self.span.task).filter(|_| is_last)?.outcome
    }

    /// Returns the failure of the attempt if it was retried.
    fn failed_attempt(&self) -> Option<&FailedAttempt> {
        let failed = self.selected.run.tasks().failed_attempts(self.span.task);
        let ended = self.span.end.is_some_and(|end| end <= self.selected.until);
        let own = (self.span.attempt as usize).checked_sub(1)?;
        failed.get(own).filter(|_| ended)
    }

    fn status_text(&self) -> String {
        match (self.failed_attempt(), self.outcome()) {
            (Some(attempt), _) => failure_text(&attempt.failure),
            (None, Some(TaskOutcome::Done(done))) => match (done.response, done.product) {
                (Some(answer), Product::PastLastPage) => format!("{}, no such page", answer.status),
                (Some(answer), _) if answer.connected => {
                    format!("{}, new connection", answer.status)
                }
                (Some(answer), _) => format!("{}, connection reused", answer.status),
                (None, Product::Value(value)) => format!("done: {value:016x}"),
                (None, _) => "done".to_owned(),
            },
            (None, Some(TaskOutcome::Failed(failure) | TaskOutcome::Requeued(failure))) => {
                failure_text(&failure)
            }
            (None, Some(TaskOutcome::Stopped)) => "stopped".to_owned(),
            (None, None) => "running".to_owned(),
        }
    }

    /// Returns the size and the content of the response body.
    fn body_lines(&self, done: &Completion) -> Vec<Line<'static>> {
        let Some(answer) = done.response else { return Vec::new() };
        let bytes = text::group_thousands(u32::try_from(answer.bytes).unwrap_or(u32::MAX));
        let body = match &done.product {
            Product::Followers(page) => format!("{bytes} bytes, {} followers", page.len()),
            Product::Items(page) if page.opaque_bytes().is_none() => {
                format!("{bytes} bytes, {} items", page.len())
            }
            _ => format!("{bytes} bytes"),
        };
        self.field_lines("body", &body)
    }

    /// Returns the time in each state, with a bar for its share of the attempt.
    fn state_lines(&self) -> Vec<Line<'static>> {
        let SelectedLane { lane, until, .. } = self.selected;
        let Span { start, end, .. } = self.span;
        let sums = lane.state_times_between(start, end.unwrap_or(until).min(until));
        state_lines(&sums, self.theme, self.room.narrow)
    }

    /// Returns the attempts at the task if there are several: start, duration and failure of each.
    fn attempt_lines(&self) -> Vec<Line<'static>> {
        let SelectedLane { run, until, .. } = self.selected;
        let failed = run.tasks().failed_attempts(self.span.task);
        if failed.is_empty() {
            return Vec::new();
        }
        let own = self.attempts_on_lane();
        let mut lines = Vec::new();
        for number in 1..=self.attempt_count() as u32 {
            let span = own.iter().find(|span| span.attempt == number);
            let reason = failed.get(number as usize - 1);
            let when = span.map(|span| {
                let took = span.end.unwrap_or(until).min(until).since(span.start);
                format!("at {}, took {took}", timeline::exact_time(span.start))
            });
            let is_this = number == self.span.attempt;
            let message = |failed: &FailedAttempt| {
                let message = printable(&failed.failure.message);
                if is_this { String::new() } else { format!(": {message}") }
            };
            let text = match (when, reason) {
                (Some(when), Some(failed)) => {
                    let end = span.and_then(|span| span.end).unwrap_or(until);
                    format!("{when}, retry after {}{}", failed.retry_at.since(end), message(failed))
                }
                (Some(when), None) => when,
                // The attempt was made by another worker, which died.
                (None, Some(failed)) => {
                    format!("until {}{}", timeline::exact_time(failed.retry_at), message(failed))
                }
                (None, None) => "pending".to_owned(),
            };
            let text = if is_this { format!("selected, {text}") } else { text };
            let label = format!("attempt {number}");
            lines.extend(field_lines(&label, &text, self.theme, self.room.narrow));
        }
        lines
    }

    /// Returns the attempts at the task on this lane, in order.
    fn attempts_on_lane(&self) -> Vec<Span> {
        let SelectedLane { lane, until, .. } = self.selected;
        let same = |span: &Span| span.task == self.span.task && span.start <= until;
        let before = |span: &Span| lane.span_at(Nanos(span.start.0.checked_sub(1)?));
        let first = std::iter::successors(Some(self.span), |span| before(span).filter(same));
        let first = first.last().unwrap_or(self.span);
        let after = |span: &Span| lane.span_from(span.start + Nanos(1)).filter(same);
        std::iter::successors(Some(first), after).collect()
    }
}

/// Returns the failure message, preceded by the HTTP status if the server sent one.
fn failure_text(failure: &Failure) -> String {
    let status = failure.status.map_or_else(String::new, |status| format!("{status}, "));
    format!("{status}failed: {}", printable(&failure.message))
}
