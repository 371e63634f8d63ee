//! The trace: a Chrome trace array with one event per line, for Perfetto, Firefox Profiler and
//! speedscope. Each run is a process and each lane a thread. All runs begin at 0, so that the viewer
//! shows them as a race.
//!
//! The format: <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::json::write_compact;
use crate::analysis::{Attempt, AttemptOutcome};
use crate::model::printable::printable;
use crate::model::{
    FailureKind, LaneId, LevelSeries, Nanos, Run, Span, State, StateInterval, TaskId, WaitReason,
};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    tid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    attempt: u32,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    followers: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'run str>,
}

/// The arguments of a state: the reason, in a watched program.
#[derive(Default, Serialize)]
struct StateArgs<'run> {
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'run str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
}

#[derive(Serialize)]
struct ErrorArgs<'run> {
    kind: FailureKind,
    error: &'run str,
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
        let program = self.run.plan().work.program();
        let name = program.map(|program| printable(&program.command));
        let name = json!({ "name": name.unwrap_or_else(|| self.run.plan().name()) });
        lines.write_metadata(self.lane_track(0), "process_name", &name)?;
        for lane in 0..self.run.lanes().len() {
            let track = self.lane_track(lane);
            let name = json!({ "name": self.run.worker_name(lane as u16) });
            lines.write_metadata(track, "thread_name", &name)?;
            lines.write_metadata(track, "thread_sort_index", &json!({ "sort_index": lane }))?;
        }
        self.write_counters(lines)?;
        for (at, limit) in self.run.limits().reached_times() {
            let args = json!({ "kind": limit.kind, "until_s": limit.until.as_secs_f64() });
            lines.write_instant(self.lane_track(0), "rate limit", "limit", at, &args)?;
        }
        for step in self.run.limits().concurrency_changes() {
            let args = json!({ "in_flight": step.to, "why": step.reason.to_string() });
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
            let limit = parent.map(|span| self.span_end(span));
            write_state(lines, place, stretch, limit, &self.state_args(lane, stretch))?;
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
        let thread = self.run.program().and_then(|program| program.thread(span.task));
        let is_page = plan.workload().is_fetched();
        let has_accounts = plan.workload().has_accounts();
        let count = attempt.result_count().map(|count| count as u64);
        let answer = outcome.response();
        AttemptArgs {
            page: is_page.then_some(number),
            task: (!is_page).then_some(number),
            command: plan.command(span.task).map(printable),
            tid: thread.map(|thread| thread.identity.tid),
            pid: thread.map(|thread| thread.identity.pid),
            attempt: span.attempt,
            outcome: attempt.outcome_word(),
            status: outcome.status(),
            bytes: answer.map(|answer| answer.bytes),
            followers: count.filter(|_| has_accounts),
            items: count.filter(|_| !has_accounts),
            value: attempt.value(),
            connection: answer.map(|answer| if answer.connected { "new" } else { "reused" }),
            error: outcome.reported_failure().map(|failure| failure.message.as_str()),
        }
    }

    /// Returns the reason for a state.
    fn state_args(&self, lane: usize, stretch: StateInterval) -> StateArgs<'_> {
        let program = self.run.program().filter(|_| stretch.state.has_reason());
        let reason = program.and_then(|one| one.wait_reason(LaneId(lane as u16), stretch.start));
        let Some(reason) = reason else { return StateArgs::default() };
        StateArgs {
            call: Some(&reason.call),
            object: reason.object.as_deref(),
            holder: reason.holder.map(|task| self.run.label(task)),
        }
    }

    fn write_counters(&self, lines: &mut TraceWriter<'_>) -> io::Result<()> {
        let place = self.lane_track(0);
        let mut count = |name: &str, unit: &str, level: LevelSeries<'_>| {
            level
                .changes()
                .try_for_each(|(at, value)| lines.write_counter(place, name, at, unit, value))
        };
        let in_flight = self.run.timing().in_flight_level();
        if self.run.program().is_some() {
            count("threads", "threads", in_flight)?;
        } else {
            count("in flight", "tasks", in_flight)?;
            count("queue", "tasks", self.run.timing().queue_level())?;
        }
        if !self.run.limits().concurrency_changes().is_empty() {
            count("most in flight", "tasks", self.run.limits().concurrency_level())?;
        }
        if self.run.limits().quota().is_some() {
            count("quota", "requests", self.run.limits().quota_level())?;
        }
        let waiters = self.run.gil().map(|_| self.gil_waiters()).unwrap_or_default();
        waiters.into_iter().try_for_each(|(at, lanes)| {
            lines.write_counter(place, "waiting for the GIL", at, "lanes", lanes)
        })
    }

    /// Returns the number of lanes waiting for the GIL over time.
    fn gil_waiters(&self) -> Vec<(Nanos, u32)> {
        let lanes = (0..).map(LaneId).zip(self.run.lanes());
        let waits = lanes.flat_map(|(id, lane)| {
            let waits = lane.state_intervals(self.until);
            waits.filter(move |wait| {
                wait.state == State::LockWait && self.is_gil_wait(id, wait.start)
            })
        });
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

    /// Returns `true` if a wait for a lock is one for the GIL. A watched program has other locks, too.
    fn is_gil_wait(&self, lane: LaneId, start: Nanos) -> bool {
        self.run
            .program()
            .is_none_or(|program| program.wait_reason(lane, start).is_some_and(WaitReason::is_gil))
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
    args: &StateArgs<'_>,
) -> io::Result<()> {
    let StateInterval { state, start, end } = stretch;
    let limit = limit.filter(|&limit| start < limit);
    let end = end_before(limit.map_or(end, |limit| end.min(end_before(limit))));
    if state == State::Idle || end <= start {
        return Ok(());
    }
    lines.write_slice(place, state.label(), "state", start, end, args)
}

/// The track of an event.
#[derive(Clone, Copy, Debug)]
struct TraceTrack {
    /// The process ID: the number of the run, from 1.
    pid: u32,
    /// The thread ID, which identifies the lane.
    tid: u32,
}

/// A writer of events by the rules common to Perfetto, Firefox Profiler and speedscope: one per line,
/// so that all complete lines of a truncated trace remain usable.
struct TraceWriter<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl<'a> TraceWriter<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self { out, first: true }
    }

    /// Writes a metadata event (`M`): the name or the sort index of a process or thread.
    fn write_metadata(
        &mut self,
        at: TraceTrack,
        name: &str,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("M", at, name)?;
        self.end_event(args)
    }

    /// Writes a slice (`X`). A nested slice must be written after its parent and must not end later.
    fn write_slice(
        &mut self,
        at: TraceTrack,
        name: &str,
        category: &str,
        start: Nanos,
        end: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("X", at, name)?;
        let (start, length) = (format_micros(start), format_micros(end.since(start)));
        write!(self.out, r#","cat":"{category}","ts":{start},"dur":{length}"#)?;
        self.end_event(args)
    }

    /// Writes an instant event of a thread (`i`).
    fn write_instant(
        &mut self,
        at: TraceTrack,
        name: &str,
        category: &str,
        when: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("i", at, name)?;
        write!(self.out, r#","cat":"{category}","ts":{},"s":"t""#, format_micros(when))?;
        self.end_event(args)
    }

    /// Writes a counter value that is valid from `when` on (`C`).
    fn write_counter(
        &mut self,
        at: TraceTrack,
        name: &str,
        when: Nanos,
        unit: &str,
        value: u32,
    ) -> io::Result<()> {
        self.begin_event("C", at, name)?;
        let when = format_micros(when);
        write!(self.out, r#","ts":{when},"args":{{"{unit}":{value}}}}}"#)
    }

    /// Writes the end of the array.
    fn finish_array(self) -> io::Result<()> {
        self.out.write_all(if self.first { b"[]\n" } else { b"\n]\n" })
    }

    fn begin_event(&mut self, phase: &str, at: TraceTrack, name: &str) -> io::Result<()> {
        let before: &[u8] = if std::mem::take(&mut self.first) { b"[\n" } else { b",\n" };
        self.out.write_all(before)?;
        self.out.write_all(br#"{"name":"#)?;
        write_compact(self.out, &name)?;
        write!(self.out, r#","ph":"{phase}","pid":{},"tid":{}"#, at.pid, at.tid)
    }

    fn end_event(&mut self, args: &impl Serialize) -> io::Result<()> {
        self.out.write_all(br#","args":"#)?;
        write_compact(self.out, args)?;
        self.out.write_all(b"}")
    }
}

/// Formats a time in microseconds with three decimals. Integer arithmetic keeps every nanosecond, which
/// a floating-point number would round.
fn format_micros(Nanos(nanos): Nanos) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}
