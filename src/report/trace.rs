//! The trace: a Chrome trace array with one event per line, for Perfetto, Firefox Profiler and
//! speedscope. Each run is a process and each lane a thread. All runs begin at 0, so that the viewer
//! shows them as a race.
//!
//! The format: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.

mod trace_writer;

use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::{Attempt, AttemptOutcome};
use crate::model::printable::printable;
use crate::model::{
    FailureKind, LevelSeries, LimitKind, Nanos, Run, Span, State, StateInterval, TaskId,
};
use trace_writer::{TraceTrack, TraceWriter};

/// The maximum number of lanes per run. It keeps the thread IDs of different runs distinct.
const MAX_LANES: u32 = 1_000;

/// The gap in nanoseconds between a slice and its successor or the end of its parent. Viewers add start
/// and duration as floating-point numbers, and speedscope nests a slice inside its predecessor if they
/// overlap by a rounding error. The gap exceeds that error for traces of up to 26 days.
const SLICE_GAP: u64 = 1;

/// The maximum length of a slice name in characters.
const MAX_NAME_LENGTH: usize = 80;

/// The arguments of an attempt, which viewers show next to the slice.
#[derive(Serialize)]
struct AttemptArgs<'run> {
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    attempt: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    followers: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'run str>,
}

#[derive(Serialize)]
struct NameArgs {
    name: String,
}

#[derive(Serialize)]
struct SortIndexArgs {
    sort_index: usize,
}

#[derive(Serialize)]
struct EmptyArgs {}

#[derive(Serialize)]
struct ErrorArgs<'run> {
    kind: FailureKind,
    error: &'run str,
}

#[derive(Serialize)]
struct LimitArgs {
    kind: LimitKind,
    until_s: f64,
}

#[derive(Serialize)]
struct LimitChangeArgs {
    in_flight: u16,
    why: String,
}

#[derive(Serialize)]
struct TasksArgs {
    tasks: u32,
}

#[derive(Serialize)]
struct RequestsArgs {
    requests: u32,
}

#[derive(Serialize)]
struct LanesArgs {
    lanes: u32,
}

/// Writes the trace of all started runs.
pub fn write(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let mut lines = TraceWriter::new(out);
    for (pid, run) in (1..).zip(runs.iter().filter(|run| run.has_started())) {
        TraceProcess { run, pid, until: run.elapsed(Nanos::ZERO) }.write_run(&mut lines)?;
    }
    lines.finish_array()
}

/// A run as a process of the trace.
struct TraceProcess<'run> {
    run: &'run Run,
    pid: u32,
    /// The moment at which open spans and states are cut off.
    until: Nanos,
}

impl TraceProcess<'_> {
    fn write_run(&self, lines: &mut TraceWriter<'_>) -> io::Result<()> {
        let mut attempts = self.run.attempts();
        attempts.sort_by_key(|attempt| (attempt.lane, attempt.span.start, attempt.span.end));
        lines.write_metadata(
            self.lane_track(0),
            "process_name",
            &NameArgs { name: self.run.plan().name() },
        )?;
        for lane in 0..self.run.lanes().len() {
            let name = self.run.worker_name(lane as u16);
            lines.write_metadata(self.lane_track(lane), "thread_name", &NameArgs { name })?;
            lines.write_metadata(
                self.lane_track(lane),
                "thread_sort_index",
                &SortIndexArgs { sort_index: lane },
            )?;
        }
        self.write_counters(lines)?;
        for (at, limit) in self.run.limits().reached_times() {
            let args = LimitArgs { kind: limit.kind, until_s: limit.until.as_secs_f64() };
            lines.write_instant(self.lane_track(0), "rate limit", "limit", at, &args)?;
        }
        for step in self.run.limits().concurrency_changes() {
            let args = LimitChangeArgs { in_flight: step.to, why: step.reason.to_string() };
            lines.write_instant(self.lane_track(0), "most in flight", "limit", step.at, &args)?;
        }
        let mut rest = attempts.as_slice();
        for lane in 0..self.run.lanes().len() {
            let own = rest.partition_point(|attempt| usize::from(attempt.lane.0) <= lane);
            let (own, others) = rest.split_at_checked(own).unwrap_or((rest, &[]));
            self.write_lane(lines, lane, own)?;
            rest = others;
        }
        Ok(())
    }

    /// Writes the attempts of a lane, each followed by the states within it.
    fn write_lane(
        &self,
        lines: &mut TraceWriter<'_>,
        lane: usize,
        attempts: &[Attempt<'_>],
    ) -> io::Result<()> {
        let Some(states) = self.run.lanes().get(lane) else { return Ok(()) };
        let place = self.lane_track(lane);
        let mut attempts = attempts.iter().peekable();
        let mut parent: Option<Span> = None;
        for stretch in states.state_intervals(self.until) {
            while let Some(attempt) = attempts.next_if(|next| next.span.start <= stretch.start) {
                self.write_attempt(lines, place, attempt)?;
                parent = Some(attempt.span);
            }
            write_state(lines, place, stretch, parent.map(|span| self.span_end(span)))?;
        }
        attempts.try_for_each(|attempt| self.write_attempt(lines, place, attempt))
    }

    fn write_attempt(
        &self,
        lines: &mut TraceWriter<'_>,
        place: TraceTrack,
        attempt: &Attempt<'_>,
    ) -> io::Result<()> {
        let (span, outcome) = (attempt.span, attempt.outcome());
        let name: String = self.run.label(span.task).chars().take(MAX_NAME_LENGTH).collect();
        let end = end_before(self.span_end(span)).max(span.start);
        let args = self.attempt_args(attempt, outcome);
        lines.write_slice(place, &name, "task", span.start, end, &args)?;
        match outcome.reported_failure() {
            Some(failure) => {
                let args = ErrorArgs { kind: failure.kind, error: &failure.message };
                lines.write_instant(place, "error", "error", self.span_end(span), &args)
            }
            None => Ok(()),
        }
    }

    fn attempt_args<'run>(
        &self,
        attempt: &Attempt<'run>,
        outcome: AttemptOutcome<'run>,
    ) -> AttemptArgs<'run> {
        let (plan, span) = (self.run.plan(), attempt.span);
        let TaskId(number) = span.task;
        let is_page = plan.workload().is_fetched();
        let answer = outcome.response();
        AttemptArgs {
            page: is_page.then_some(number),
            task: (!is_page).then_some(number),
            command: plan.command(span.task).map(printable),
            attempt: span.attempt,
            outcome: attempt.outcome_word(),
            status: outcome.status(),
            bytes: answer.map(|answer| answer.bytes),
            followers: attempt.follower_count().map(|count| count as u64),
            value: attempt.value(),
            connection: answer.map(|answer| if answer.connected { "new" } else { "reused" }),
            error: outcome.reported_failure().map(|failure| failure.message.as_str()),
        }
    }

    fn write_counters(&self, lines: &mut TraceWriter<'_>) -> io::Result<()> {
        let place = self.lane_track(0);
        let mut count = |name: &str, level: LevelSeries<'_>| {
            level.changes().try_for_each(|(at, tasks)| {
                lines.write_counter(place, name, at, &TasksArgs { tasks })
            })
        };
        count("in flight", self.run.timing().in_flight_level())?;
        count("queue", self.run.timing().queue_level())?;
        if !self.run.limits().concurrency_changes().is_empty() {
            count("most in flight", self.run.limits().concurrency_level())?;
        }
        if self.run.limits().quota().is_some() {
            for (at, requests) in self.run.limits().quota_level().changes() {
                lines.write_counter(place, "quota", at, &RequestsArgs { requests })?;
            }
        }
        if self.run.gil().is_some() {
            for (at, lanes) in self.gil_waiters() {
                lines.write_counter(place, "waiting for the GIL", at, &LanesArgs { lanes })?;
            }
        }
        Ok(())
    }

    /// Returns the number of lanes waiting for the GIL over time.
    fn gil_waiters(&self) -> Vec<(Nanos, u32)> {
        let lanes = self.run.lanes().iter();
        let stretches = lanes.flat_map(|lane| lane.state_intervals(self.until));
        let waits = stretches.filter(|stretch| stretch.state == State::LockWait);
        let mut steps: Vec<(Nanos, i32)> =
            waits.flat_map(|wait| [(wait.start, 1), (wait.end, -1)]).collect();
        steps.sort_unstable();
        let mut waiters: Vec<(Nanos, u32)> = vec![(Nanos::ZERO, 0)];
        let mut now = 0_u32;
        for (at, step) in steps {
            now = now.saturating_add_signed(step);
            match waiters.last_mut().filter(|(last, _)| *last == at) {
                Some((_, value)) => *value = now,
                None => waiters.push((at, now)),
            }
        }
        waiters
    }

    fn lane_track(&self, lane: usize) -> TraceTrack {
        let base = self.pid.saturating_mul(MAX_LANES);
        TraceTrack { pid: self.pid, tid: base.saturating_add(1).saturating_add(lane as u32) }
    }

    fn span_end(&self, span: Span) -> Nanos {
        span.end.unwrap_or(self.until).min(self.until).max(span.start)
    }
}

/// Returns the end of a slice that is followed by another one at this moment.
const fn end_before(end: Nanos) -> Nanos {
    end.since(Nanos(SLICE_GAP))
}

/// Writes a state, shortened to the attempt that contains it and ends at `limit`. An error has no
/// duration and is part of its attempt.
fn write_state(
    lines: &mut TraceWriter<'_>,
    place: TraceTrack,
    stretch: StateInterval,
    limit: Option<Nanos>,
) -> io::Result<()> {
    let StateInterval { state, start, end } = stretch;
    let limit = limit.filter(|&limit| start < limit);
    let end = end_before(limit.map_or(end, |limit| end.min(end_before(limit))));
    if state == State::Idle || end <= start {
        return Ok(());
    }
    lines.write_slice(place, state.label(), "state", start, end, &EmptyArgs {})
}
