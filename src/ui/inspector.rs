//! The inspector: all that is known of one span of the lane chosen, and of the cell under the cursor.

use ratatui::text::{Line, Span as Piece};

use super::pane::{Content, Room, Side, field, quantiles};
use super::theme::Theme;
use super::{axis, text};
use crate::app::{App, Looked};
use crate::model::text::printable;
use crate::model::{
    Done, FailedAttempt, Failure, HeldCell, Nanos, Outcome, Product, Span, State, Workload,
};

/// What the inspector says.
pub(super) fn content(app: &App, theme: Theme, room: Room) -> Content {
    let Some(looked) = app.looked() else { return Content::default() };
    let worker = looked.run.worker_name(looked.index);
    let mode = format!(" {} ", looked.run.plan().name());
    let cursor = cursor(app, &looked, theme, room.wide);
    let Some(span) = app.span() else {
        let nothing = vec![Line::styled("No task has begun here by then.", theme.text())];
        let parts = vec![(Side::Left, nothing), (Side::Left, cursor)];
        return Content { title: format!(" {worker} "), captions: mode, parts };
    };
    let inspector = Inspector { looked, span, theme, room };
    let label = printable(&looked.run.plan().label(span.task));
    Content {
        title: format!(" {label}, attempt {} of {}, {worker} ", span.attempt, inspector.attempts()),
        captions: mode,
        parts: vec![
            (Side::Left, inspector.facts()),
            (Side::Right, inspector.phases()),
            (Side::Left, cursor),
            (Side::Right, inspector.all_attempts()),
            (Side::Right, inspector.quantiles()),
        ],
    }
}

struct Inspector<'app> {
    looked: Looked<'app>,
    span: Span,
    theme: Theme,
    room: Room,
}

impl Inspector<'_> {
    /// How many attempts at the task there are so far.
    fn attempts(&self) -> usize {
        let failed = self.looked.run.failed_attempts(self.span.task).len();
        // One that failed and is the last so far has another to come.
        (failed + 1).max(self.span.attempt as usize)
    }

    fn field(&self, label: &str, text: &str) -> Vec<Line<'static>> {
        field(label, text, self.theme, self.room.wide)
    }

    /// What came of the attempt, and how long it took.
    fn facts(&self) -> Vec<Line<'static>> {
        let Looked { run, lane, until, .. } = self.looked;
        let span = &self.span;
        let mut lines = self.field("status", &self.status());
        if let Some(Outcome::Done(done)) = self.outcome() {
            lines.extend(self.answer(&done));
        }
        let end = span.end.filter(|&end| end <= until);
        let took = end.unwrap_or(until).since(span.start);
        let to = end.map_or_else(|| "now".to_owned(), axis::exact);
        let from = axis::exact(span.start);
        let from = end.map_or(from.as_str(), |_| from.trim_end_matches(" s"));
        lines.extend(self.field("when", &format!("{from}-{to}, {took}")));
        let [sent, queued] = if run.plan().workload() == Workload::Followers {
            ["sent to body", "queued to body"]
        } else {
            ["begun to done", "queued to done"]
        };
        let known = |time: Option<Nanos>, what: &str| match time.filter(|_| end.is_some()) {
            Some(time) => format!("{time}, {what}"),
            None if end.is_some() => "not known".to_owned(),
            None => "not over".to_owned(),
        };
        let has_failed = run.failure_in(span).is_some();
        let sent = if has_failed { "until it failed" } else { sent };
        lines.extend(self.field("service", &known(run.service(lane, span), sent)));
        let response = match self.failed_attempt() {
            Some(_) => "none, as it failed".to_owned(),
            None => known(run.response(lane, span), queued),
        };
        lines.extend(self.field("response", &response));
        lines
    }

    /// How long all requests of the run take.
    fn quantiles(&self) -> Vec<Line<'static>> {
        let Looked { run, until, .. } = self.looked;
        let times = run.times(Nanos::ZERO, until);
        let rows = [("service", times.service), ("response", times.response)];
        let so_far = if run.is_over() { "" } else { ", so far" };
        let of = format!("{}{so_far}", run.plan().name());
        quantiles(&of, rows, times.every, self.theme, self.room.narrow)
    }

    /// How the task ended, if this is its last attempt.
    fn outcome(&self) -> Option<Outcome> {
        let run = self.looked.run;
        let failed = run.failed_attempts(self.span.task).len();
        let ended = self.span.end.is_some_and(|end| end <= self.looked.until);
        let is_last = ended && self.span.attempt as usize > failed;
        run.task(self.span.task).filter(|_| is_last)?.outcome
    }

    /// Why the attempt failed, if it did and others followed.
    fn failed_attempt(&self) -> Option<&FailedAttempt> {
        let failed = self.looked.run.failed_attempts(self.span.task);
        let ended = self.span.end.is_some_and(|end| end <= self.looked.until);
        let own = (self.span.attempt as usize).checked_sub(1)?;
        failed.get(own).filter(|_| ended)
    }

    fn status(&self) -> String {
        match (self.failed_attempt(), self.outcome()) {
            (Some(attempt), _) => failed(&attempt.failure),
            (None, Some(Outcome::Done(done))) => match (done.answer, done.product) {
                (Some(answer), Product::NoMore) => format!("{}, no such page", answer.status),
                (Some(answer), _) if answer.connected => {
                    format!("{}, new connection", answer.status)
                }
                (Some(answer), _) => format!("{}, connection reused", answer.status),
                (None, Product::Value(value)) => format!("done: {value:016x}"),
                (None, _) => "done".to_owned(),
            },
            (None, Some(Outcome::Failed(failure) | Outcome::Lost(failure))) => failed(&failure),
            (None, Some(Outcome::Stopped)) => "stopped".to_owned(),
            (None, None) => "goes on".to_owned(),
        }
    }

    /// What the server's answer brought.
    fn answer(&self, done: &Done) -> Vec<Line<'static>> {
        let Some(answer) = done.answer else { return Vec::new() };
        let bytes = text::grouped(u32::try_from(answer.bytes).unwrap_or(u32::MAX));
        let body = match &done.product {
            Product::Followers(page) => format!("{bytes} bytes, {} followers", page.len()),
            _ => format!("{bytes} bytes"),
        };
        self.field("body", &body)
    }

    /// Time in each state, and its share of the attempt.
    fn phases(&self) -> Vec<Line<'static>> {
        let Looked { lane, until, .. } = self.looked;
        let Span { start, end, .. } = self.span;
        let sums = lane.between(start, end.unwrap_or(until).min(until));
        let whole = sums.iter().sum::<u64>().max(1);
        let spent = State::ALL.into_iter().zip(sums).filter(|(_, time)| *time > 0);
        let room = self.room.narrow.saturating_sub(28);
        let line = |(state, time): (State, u64)| {
            let bar = (time as f64 / whole as f64 * room as f64).round() as usize;
            let (glyph, style) = self.theme.state_cell(state);
            let millis = format!("{:>12.3} ms  ", Nanos(time).as_secs_f64() * 1e3);
            Line::from(vec![
                Piece::styled(format!("{:<11}", state.word()), self.theme.quiet()),
                Piece::styled(millis, self.theme.text()),
                Piece::styled(glyph.repeat(bar), style),
            ])
        };
        spent.map(line).collect()
    }

    /// The attempts at the task, where there are several: when, how long, and why they failed.
    fn all_attempts(&self) -> Vec<Line<'static>> {
        let Looked { run, until, .. } = self.looked;
        let failed = run.failed_attempts(self.span.task);
        if failed.is_empty() {
            return Vec::new();
        }
        let own = self.own_spans();
        let mut lines = Vec::new();
        for number in 1..=self.attempts() as u32 {
            let span = own.iter().find(|span| span.attempt == number);
            let reason = failed.get(number as usize - 1);
            let when = span.map(|span| {
                let took = span.end.unwrap_or(until).min(until).since(span.start);
                format!("at {}, took {took}", axis::exact(span.start))
            });
            let is_this = number == self.span.attempt;
            let message = |failed: &FailedAttempt| {
                let message = printable(&failed.failure.message);
                if is_this { String::new() } else { format!(": {message}") }
            };
            let said = match (when, reason) {
                (Some(when), Some(failed)) => {
                    let end = span.and_then(|span| span.end).unwrap_or(until);
                    format!("{when}, again after {}{}", failed.again.since(end), message(failed))
                }
                (Some(when), None) => when,
                // Another worker's, which died over it.
                (None, Some(failed)) => {
                    format!("until {}{}", axis::exact(failed.again), message(failed))
                }
                (None, None) => "to come".to_owned(),
            };
            let said = if is_this { format!("this one, {said}") } else { said };
            let label = format!("attempt {number}");
            lines.extend(field(&label, &said, self.theme, self.room.narrow));
        }
        lines
    }

    /// The attempts at the task on this lane, in order.
    fn own_spans(&self) -> Vec<Span> {
        let Looked { lane, until, .. } = self.looked;
        let same = |span: &Span| span.task == self.span.task && span.start <= until;
        let before = |span: &Span| lane.span_at(Nanos(span.start.0.checked_sub(1)?));
        let first = std::iter::successors(Some(self.span), |span| before(span).filter(same));
        let first = first.last().unwrap_or(self.span);
        let after = |span: &Span| lane.span_from(span.start + Nanos(1)).filter(same);
        std::iter::successors(Some(first), after).collect()
    }
}

/// That it failed, and why, with the status that a server refused it with.
fn failed(failure: &Failure) -> String {
    let status = failure.status.map_or_else(String::new, |status| format!("{status}, "));
    format!("{status}failed: {}", printable(&failure.message))
}

/// What the lane does under the cursor, and what the cell there holds.
fn cursor(app: &App, looked: &Looked<'_>, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let Some(at) = app.cursor() else { return Vec::new() };
    let Looked { lane, until, .. } = *looked;
    if at > until {
        let place =
            if looked.run.is_over() { "after the run" } else { "the run is not so far yet" };
        return field("cursor", &format!("{}, {place}", axis::exact(at)), theme, width);
    }
    let state = lane.state_at(at);
    let holder = looked.run.gil().filter(|_| state == State::LockWait);
    let holder = holder.and_then(|gil| gil.cells(at, Nanos(1), 1, until).next());
    let holder = match holder {
        Some(HeldCell::Whole(Some(holder))) => {
            format!(", {} holds the GIL", looked.run.worker_name(holder.0))
        }
        _ => String::new(),
    };
    let state = format!("{}{holder}", state.word());
    let (from, to) = app.viewport().window().cell_of(at);
    let cell = lane.contents(from, to.min(until));
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    let errors = match cell.errors {
        0 => "no error".to_owned(),
        errors => format!("{}, shown", count(errors, "error")),
    };
    let what = if looked.run.plan().workload() == Workload::Followers { "request" } else { "task" };
    let cell =
        format!("{}, {}, {errors}", count(cell.changes, "change"), count(cell.attempts, what));
    let mut lines = field("cursor", &format!("{}, {state}", axis::exact(at)), theme, width);
    lines.extend(field("this cell", &cell, theme, width));
    lines
}
