//! The trace: a Chrome trace array, an event a line, that Perfetto, Firefox Profiler and speedscope
//! open. Each run is a process, each lane a thread, and all runs begin at 0: the file is the race.
//!
//! The format: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.

mod trace_writer;

use std::io::{self, Write};

use serde::Serialize;

use super::attempt_record::{AttemptRecord, AttemptResult};
use crate::model::printable::printable;
use crate::model::{
    FailureKind, LevelSeries, LimitKind, Nanos, Run, Span, State, StateInterval, TaskId, Workload,
};
use trace_writer::{TraceTrack, TraceWriter};

/// Threads of different runs have different numbers, as no run has more workers.
const MAX_LANES: u32 = 1_000;

/// A slice ends so much before what follows it, and before the one around it: viewers add start and
/// length as floating-point numbers, and draw one that ends only a rounding error later than the next
/// begins as lying around that (speedscope). This is more than the error within 26 days.
const SLICE_GAP: u64 = 1;

/// No name of a slice is longer.
const MAX_NAME_LENGTH: usize = 80;

/// What viewers show of an attempt.
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

/// Writes the trace of the runs that have begun.
pub fn write(out: &mut dyn Write, runs: &[Run]) -> io::Result<()> {
    let mut lines = TraceWriter::new(out);
    for (pid, run) in (1..).zip(runs.iter().filter(|run| run.has_started())) {
        TraceProcess { run, pid, until: run.elapsed(Nanos::ZERO) }.write_run(&mut lines)?;
    }
    lines.finish_array()
}

/// A run as a viewer sees it.
struct TraceProcess<'run> {
    run: &'run Run,
    pid: u32,
    /// When what goes on is cut off.
    until: Nanos,
}

impl TraceProcess<'_> {
    fn write_run(&self, lines: &mut TraceWriter<'_>) -> io::Result<()> {
        let mut attempts = AttemptRecord::for_run(self.run);
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
        for (at, limit) in self.run.limit_times() {
            let args = LimitArgs { kind: limit.kind, until_s: limit.until.as_secs_f64() };
            lines.write_instant(self.lane_track(0), ("rate limit", "limit"), at, &args)?;
        }
        for step in self.run.limit_changes() {
            let args = LimitChangeArgs { in_flight: step.to, why: step.reason.to_string() };
            lines.write_instant(self.lane_track(0), ("most in flight", "limit"), step.at, &args)?;
        }
        let mut rest = attempts.as_slice();
        for lane in 0..self.run.lanes().len() {
            let own = rest.partition_point(|attempt| usize::from(attempt.lane) <= lane);
            let (own, others) = rest.split_at_checked(own).unwrap_or((rest, &[]));
            self.write_lane(lines, lane, own)?;
            rest = others;
        }
        Ok(())
    }

    /// A lane's attempts, each before the states that lie in it.
    fn write_lane(
        &self,
        lines: &mut TraceWriter<'_>,
        lane: usize,
        attempts: &[AttemptRecord],
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
        attempt: &AttemptRecord,
    ) -> io::Result<()> {
        let (span, result) = (attempt.span, attempt.result(self.run));
        let name: String = self.run.plan().label(span.task).chars().take(MAX_NAME_LENGTH).collect();
        let time = (span.start, end_before(self.span_end(span)).max(span.start));
        lines.write_slice(place, (&name, "task"), time, &self.attempt_args(span, &result))?;
        match &result.error {
            Some(failure) => {
                let args = ErrorArgs { kind: failure.kind, error: &failure.message };
                lines.write_instant(place, ("error", "error"), self.span_end(span), &args)
            }
            None => Ok(()),
        }
    }

    fn attempt_args<'fate>(&self, span: Span, result: &'fate AttemptResult) -> AttemptArgs<'fate> {
        let plan = self.run.plan();
        let TaskId(number) = span.task;
        let is_page = plan.workload() == Workload::Followers;
        let answer = result.done.as_ref().and_then(|done| done.response);
        AttemptArgs {
            page: is_page.then_some(number),
            task: (!is_page).then_some(number),
            command: plan.command(span.task).map(printable),
            attempt: span.attempt,
            outcome: result.outcome_word,
            status: result.status(),
            bytes: answer.map(|answer| answer.bytes),
            followers: result.followers(),
            value: result.value(),
            connection: answer.map(|answer| if answer.connected { "new" } else { "reused" }),
            error: result.error.as_ref().map(|failure| failure.message.as_str()),
        }
    }

    fn write_counters(&self, lines: &mut TraceWriter<'_>) -> io::Result<()> {
        let place = self.lane_track(0);
        let mut count = |name: &str, level: LevelSeries<'_>| {
            level.changes().try_for_each(|(at, tasks)| {
                lines.write_counter(place, name, at, &TasksArgs { tasks })
            })
        };
        count("in flight", self.run.in_flight_level())?;
        count("queue", self.run.queue_level())?;
        if !self.run.limit_changes().is_empty() {
            count("most in flight", self.run.concurrency_limit_level())?;
        }
        if self.run.quota().is_some() {
            for (at, requests) in self.run.quota_level().changes() {
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

    /// How many lanes waited for the GIL, from when on.
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

/// The end of a slice that something follows at this moment.
const fn end_before(end: Nanos) -> Nanos {
    end.since(Nanos(SLICE_GAP))
}

/// A state inside the lane's attempt that ends at `limit`, or after it. An error took no time: its
/// attempt says it.
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
    lines.write_slice(place, (state.label(), "state"), (start, end), &EmptyArgs {})
}
