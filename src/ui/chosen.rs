//! What is known of the lane chosen, on a line: which request of its failed last, or failed under
//! the cursor, and its states.

use ratatui::text::{Line, Span};

use super::timeline::Timeline;
use super::{lanes, limits, text};
use crate::app::Action;
use crate::model::{self, Lane, Nanos, Run, State, Workload};

impl Timeline<'_> {
    /// How a lane is chosen.
    pub(super) fn hint(&self) -> Line<'static> {
        let (next, previous) =
            (self.app.key_of(Action::NextLane), self.app.key_of(Action::PreviousLane));
        Line::styled(format!(" {next}/{previous} choose a lane"), self.theme.quiet())
    }

    /// What the lane chosen did.
    pub(super) fn chosen(&self, width: u16) -> Option<Line<'static>> {
        let chosen = self.app.lane()?;
        let mut place = 0;
        for (run, until) in self.app.visible() {
            if let Some(lane) = run.lanes().get(chosen - place) {
                let name = run.worker_name((chosen - place) as u16);
                return Some(self.described(&name, run, lane, until, width.into()));
            }
            place += run.lanes().len();
        }
        None
    }

    /// Its name, why a request of its failed, and its states, the longest first, as many as fit
    /// whole.
    fn described(
        &self,
        name: &str,
        run: &Run,
        lane: &Lane,
        until: Nanos,
        width: usize,
    ) -> Line<'static> {
        let mut said = Line::from(Span::styled(format!(" {name}"), self.theme.strong()));
        // With a cursor, of what is under it.
        let room = width - said.width();
        let reason = match self.app.cursor() {
            Some(at) => self.reason_under(at, run, lane, until, room),
            None => self.reason(run, lane, until, room),
        };
        if let Some(reason) = reason {
            said.push_span(Span::styled(reason, self.theme.text()));
        }
        let sums = lane.between(Nanos::ZERO, until);
        let mut times: Vec<_> =
            State::ALL.into_iter().zip(sums).filter(|(_, time)| *time > 0).collect();
        times.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        for (state, time) in times {
            let text = format!("  {} {}", state.word(), Nanos(time));
            if said.width() + text.len() > width {
                break;
            }
            said.push_span(Span::styled(text, self.theme.quiet()));
        }
        said
    }

    /// Which request of the lane failed last of those in view, and why.
    fn reason(&self, run: &Run, lane: &Lane, until: Nanos, room: usize) -> Option<String> {
        let from = self.window.from;
        let end = self.window.cell.0.saturating_mul(self.window.columns.into());
        let (span, failure) = latest_failed(run, lane, from, until.min(from + Nanos(end)))?;
        Some(self.failed((span, &failure), run, lane, until, room))
    }

    /// Which request of the lane is under the cursor, and why that failed, if it did.
    fn reason_under(
        &self,
        at: Nanos,
        run: &Run,
        lane: &Lane,
        until: Nanos,
        room: usize,
    ) -> Option<String> {
        let span = lane.span_at(at.min(until))?;
        let failure = run.failure_in(&span).filter(|_| span.end.is_some_and(|end| end <= until))?;
        Some(self.failed((span, &failure.message), run, lane, until, room))
    }

    /// That a request of the lane failed, why, and when it is made again.
    fn failed(
        &self,
        (span, failure): (model::Span, &str),
        run: &Run,
        lane: &Lane,
        until: Nanos,
        room: usize,
    ) -> String {
        let failed = if run.plan().workload() == Workload::Commands {
            // It names the command itself.
            failure.to_owned()
        } else {
            let (task, again) = lanes::label(run.plan(), &span);
            format!("{task}{again} failed: {failure}")
        };
        let left = limits::left(run, lane, until).filter(|_| lane.span_at(until) == Some(span));
        let again = left.map(|left| format!("; again in {}", limits::countdown(left)));
        let room = room.saturating_sub(2);
        let whole = again.map(|again| format!("{failed}{again}"));
        let whole = whole.filter(|whole| text::width(whole) <= room);
        let text = whole.unwrap_or_else(|| text::fit(&failed, "", self.theme, room, 1));
        format!("  {text}")
    }
}

/// The last of a lane's attempts that failed by `end`, unless another began by `from`; and why.
fn latest_failed(run: &Run, lane: &Lane, from: Nanos, end: Nanos) -> Option<(model::Span, String)> {
    let [.., throttled, _error] = lane.between(from, end);
    if throttled == 0 && run.failed_task().is_none() && run.lost() == 0 {
        return None;
    }
    let mut next = end;
    for span in lane.spans().rev().skip_while(|span| span.start >= end) {
        if next <= from {
            return None;
        }
        let over = span.end.is_some_and(|over| over <= end);
        if let Some(failure) = run.failure_in(&span).filter(|_| over) {
            return Some((span, failure.message.clone()));
        }
        next = span.start;
    }
    None
}
