//! Describes events in sentences for a screen reader: one per line, never redrawn, without symbols
//! that a speech synthesizer stumbles over. A fold of events: no clock, no terminal.

use std::collections::BTreeMap;

use super::program_narrator;
use crate::analysis::sweep::{Trial, WorkerTerms};
use crate::analysis::{RateLimitHold, TimeShare, plural, stats, verdict};
use crate::model::printable::printable_up_to;
use crate::model::{
    ChangeReason, Event, EventKind, Failure, FailureKind, Lane, LaneId, Mode, Nanos, Plan, Run,
    RunId, RunOutcome, State, TaskId, TaskOutcome,
};

/// The minimum interval between two sentences about the progress of a run, one per quarter of its
/// tasks.
const MIN_QUARTER_INTERVAL: Nanos = Nanos::from_millis(1_000);

/// The maximum time without a sentence.
const MAX_SILENCE: Nanos = Nanos::from_millis(10_000);

/// The maximum number of failures per run that are described one by one.
const MAX_FAILURES: u32 = 20;

/// The maximum length of a command's name.
const MAX_COMMAND_LENGTH: usize = 60;

/// The beginnings of advice in failure messages.
const ADVICE_PREFIXES: [&str; 7] =
    ["try again", "check ", "is it a GitHub API?", "it may be busy", "come back", "make ", "set "];

/// Describes the runs, which follow one another or start at the same moment.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    runs: BTreeMap<RunId, RunNarrator>,
    /// The duration of the latest complete sequential run, with which others are compared.
    sequential: Option<Nanos>,
    /// The complete runs of a race that ended before the sequential one.
    ahead: Vec<(String, Nanos)>,
}

/// Describes one run.
#[derive(Debug, Default)]
struct RunNarrator {
    /// The number of tasks that was announced last.
    known: u32,
    /// The number of quarters that were announced.
    quarters: u32,
    /// The time of the latest sentence.
    said_at: Nanos,
    failures: u32,
    limits: usize,
    /// Sentences about the effects of limits, by lane. They are deferred until the lane is
    /// held back, because the run may give up instead.
    held: BTreeMap<LaneId, String>,
    /// The name of the run.
    name: String,
    /// Other runs started at the same moment, so that each sentence needs the name of its run.
    is_race: bool,
}

/// The state of the session after an event.
pub(super) struct EventContext {
    /// The name of the trial, in a sweep.
    pub(super) trial: Option<String>,
    /// The number of tasks, once known.
    pub(super) tasks: Option<u32>,
    /// The runs of the selection start at the same moment.
    pub(super) is_race: bool,
}

impl Narrator {
    /// Returns the sentences, one per line, for an event that `run` has just applied.
    pub(super) fn describe_event(
        &mut self,
        id: RunId,
        run: &Run,
        event: &Event,
        context: EventContext,
    ) -> Option<String> {
        let narrator = self.runs.entry(id).or_default();
        match &event.kind {
            EventKind::RunStarted { .. } => {
                let sentence;
                (*narrator, sentence) = RunNarrator::begin(run, context);
                Some(sentence)
            }
            EventKind::RunFinished { outcome, .. } => {
                narrator.said_at = event.at;
                if let Some(sentence) = program_narrator::end_sentence(run) {
                    return Some(sentence);
                }
                let sentence = narrator.describe_end(run, outcome);
                let found = verdict::limit_text(run).map(|text| format!("; {text}"));
                Some(sentence + &self.compare(run) + &found.unwrap_or_default())
            }
            _ => narrator.describe_event(run, event, context.tasks.is_some()),
        }
    }

    /// Returns a progress sentence of a run after a while without a sentence.
    pub(super) fn describe_silence(
        &mut self,
        id: RunId,
        run: &Run,
        elapsed: Nanos,
    ) -> Option<String> {
        self.runs.entry(id).or_default().describe_silence(run, elapsed)
    }

    /// Compares a run that has ended with the sequential one. The sequential one is compared with those
    /// that were faster.
    fn compare(&mut self, run: &Run) -> String {
        let (plan, took) = (run.plan(), run.duration().unwrap_or_default());
        if !run.is_complete() || RateLimitHold::affects(run, took) {
            return String::new();
        }
        self.sequential = stats::baseline_time(run).or(self.sequential);
        let Some(sequential) = self.sequential else {
            self.ahead.push((plan.name(), took));
            return String::new();
        };
        let times = |took| stats::speed_up(sequential, took).unwrap_or_default();
        if plan.mode == Mode::Sequential {
            let faster = std::mem::take(&mut self.ahead).into_iter();
            let faster = faster.map(|(name, took)| format!("; {name} {:.2}x", times(took)));
            return faster.collect::<Vec<_>>().concat();
        }
        format!(", {:.2}x", times(took))
    }
}

impl RunNarrator {
    /// Begins to describe a run, with the first sentence.
    fn begin(run: &Run, context: EventContext) -> (Self, String) {
        let EventContext { trial, tasks, is_race } = context;
        let plan = run.plan();
        if let Some(sentence) = program_narrator::start_sentence(plan) {
            return (Self::default(), sentence);
        }
        let name = if trial.is_some() { worker_count(plan) } else { plan.name() };
        let sentence = match (trial, tasks) {
            (Some(trial), _) => trial + &name,
            (None, Some(tasks)) => format!("{name} starts: {}", task_count(plan, tasks)),
            (None, None) => format!("{name} starts"),
        };
        (Self { known: tasks.unwrap_or_default(), name, is_race, ..Self::default() }, sentence)
    }

    /// Puts the name of the run before each of these sentences, if other runs are described, too.
    fn named(&self, sentences: &str) -> String {
        if !self.is_race {
            return sentences.to_owned();
        }
        let named = |line: &str| format!("{}: {line}", self.name);
        sentences.lines().map(named).collect::<Vec<_>>().join("\n")
    }

    fn describe_event(&mut self, run: &Run, event: &Event, is_counted: bool) -> Option<String> {
        let plan = run.plan();
        // The threads of a program come and go: its sentence says what they do.
        if plan.workload().is_program() {
            return None;
        }
        let sentence = match &event.kind {
            EventKind::TaskCountChanged { tasks }
                if is_counted && *tasks != std::mem::replace(&mut self.known, *tasks) =>
            {
                Some(format!("there are {}", task_count(plan, *tasks)))
            }
            EventKind::AttemptFailed { task, failure, retry_at } => {
                let wait = format_seconds(retry_at.since(event.at));
                let is_limit = failure.kind == FailureKind::RateLimited;
                let text = self.describe_failure(|| match failure_reason(failure) {
                    _ if is_limit => held_sentence(run, event.lane.0, &wait),
                    reason => {
                        format!("{} failed, retrying in {wait}: {reason}", task_name(plan, *task))
                    }
                });
                if is_limit { self.hold_sentence(event.lane, text) } else { text }
            }
            EventKind::StateEntered { state: State::Throttled } => self.held.remove(&event.lane),
            EventKind::RateLimited(limit) if run.limits().reached().len() > self.limits => {
                self.limits = run.limits().reached().len();
                let wait = format_seconds(limit.until.since(event.at));
                let text = format!("rate limit reached: no requests for {wait}");
                self.hold_sentence(event.lane, Some(text))
            }
            EventKind::ConcurrencyChanged { in_flight, reason: why } => {
                let text = self.describe_limit_change(plan, event.at, *in_flight, *why);
                if *why == ChangeReason::RateLimit {
                    self.hold_sentence(event.lane, text)
                } else {
                    text
                }
            }
            EventKind::TaskFinished { task, outcome } => {
                self.describe_outcome(run, event.at, *task, outcome)
            }
            _ => None,
        };
        if sentence.is_some() {
            self.said_at = event.at;
        }
        sentence.map(|sentence| self.named(&sentence))
    }

    fn describe_silence(&mut self, run: &Run, elapsed: Nanos) -> Option<String> {
        if elapsed.since(self.said_at) < MAX_SILENCE {
            return None;
        }
        self.said_at = elapsed;
        let of_program = program_narrator::progress_sentence(run, elapsed);
        of_program.or_else(|| Some(self.named(&progress_sentence(run, elapsed))))
    }

    /// Defers a sentence until the lane is held back. Returns `None`, so that nothing is written
    /// now.
    fn hold_sentence(&mut self, lane: LaneId, sentence: Option<String>) -> Option<String> {
        let sentence = sentence?;
        let text = self.held.entry(lane).or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&sentence);
        None
    }

    /// Returns the sentence for a failure, unless there were too many.
    fn describe_failure(&mut self, sentence: impl FnOnce() -> String) -> Option<String> {
        self.failures += 1;
        match self.failures {
            ..=MAX_FAILURES => Some(sentence()),
            _ if self.failures == MAX_FAILURES + 1 => {
                Some("more failures; the report counts them".to_owned())
            }
            _ => None,
        }
    }

    /// Returns the sentence for a changed limit. Routine changes are described only if the latest
    /// sentence was some time ago.
    fn describe_limit_change(
        &self,
        plan: &Plan,
        at: Nanos,
        in_flight: u16,
        why: ChangeReason,
    ) -> Option<String> {
        let usual = match why {
            _ if plan.workers < 2 => return None,
            ChangeReason::Start | ChangeReason::Probe | ChangeReason::ProbeEnd => return None,
            ChangeReason::NoQueue { .. } | ChangeReason::Queue { .. } | ChangeReason::Recovered => {
                true
            }
            _ => false,
        };
        let requests = plural::count(in_flight, "request");
        (!usual || at.since(self.said_at) >= MIN_QUARTER_INTERVAL)
            .then(|| format!("at most {requests} at once from now on: {why}"))
    }

    fn describe_outcome(
        &mut self,
        run: &Run,
        at: Nanos,
        task: TaskId,
        outcome: &TaskOutcome,
    ) -> Option<String> {
        let plan = run.plan();
        let task = task_name(plan, task);
        match outcome {
            TaskOutcome::Done(_) => self.describe_quarter(run, at),
            // The message names the command.
            TaskOutcome::Failed(failure) if failure.kind == FailureKind::Command => {
                self.describe_failure(|| failure.message.clone())
            }
            TaskOutcome::Failed(failure) => {
                self.describe_failure(|| format!("{task} failed: {}", failure_reason(failure)))
            }
            TaskOutcome::Requeued(failure) => self
                .describe_failure(|| format!("{task} will be redone: {}", failure_reason(failure))),
            TaskOutcome::Stopped => None,
        }
    }

    fn describe_quarter(&mut self, run: &Run, at: Nanos) -> Option<String> {
        let quarters = (4 * u64::from(count_ended(run))
            / u64::from(run.progress().known_tasks().max(1))) as u32;
        if at.since(self.said_at) < MIN_QUARTER_INTERVAL
            || !(self.quarters + 1..4).contains(&quarters)
        {
            return None;
        }
        self.quarters = quarters;
        Some(progress_sentence(run, at))
    }

    fn describe_end(&self, run: &Run, end: &RunOutcome) -> String {
        let (mode, took) = (&self.name, run.duration().unwrap_or_default());
        if run.is_complete() {
            return format!("{mode} done: {took}");
        }
        let word = match end {
            RunOutcome::Finished => "ended",
            RunOutcome::Stopped => "stopped",
            RunOutcome::Failed(_) => "failed",
        };
        let (done, all) =
            (run.progress().done_tasks(), task_count(run.plan(), run.progress().known_tasks()));
        format!("{mode} {word} after {took}: {done} of {all} done")
    }
}

/// Returns the sentence for a completed trial of a sweep that is followed by another.
pub(super) fn trial_sentence(next: &Plan, trial: &Trial) -> String {
    let plan = Plan { workers: trial.workers, ..next.clone() };
    format!("{} done: {}", worker_count(&plan), trial.duration)
}

/// Returns a sentence per lane about its work and, for `auto`, one about the workers that were not
/// needed.
pub(super) fn lane_sentences(runs: &[Run]) -> impl Iterator<Item = String> {
    let programs = runs.iter().flat_map(program_narrator::thread_sentences);
    let started = |run: &&Run| run.has_started() && run.program().is_none();
    programs.chain(runs.iter().filter(started).flat_map(|run| {
        let spare = |lane: &Lane| run.plan().auto && lane.spans().count() == 0;
        let all = (0..).zip(run.lanes()).zip(ended_tasks_by_lane(run));
        let worked = all.filter(move |((_, lane), _)| !spare(lane));
        let sentences = worked.map(|((at, lane), ended)| lane_sentence(run, at, lane, ended));
        let spares = run.lanes().iter().filter(|lane| spare(lane)).count();
        let mode = run.plan().name();
        let spares = verdict::spare_workers_text(spares);
        sentences.chain(spares.map(|text| format!("{mode}: {text}")))
    }))
}

/// The numbers of tasks that a lane has ended.
#[derive(Clone, Copy, Default)]
struct EndedTasks {
    done: u32,
    failed: u32,
}

fn lane_sentence(run: &Run, index: u16, lane: &Lane, ended: EndedTasks) -> String {
    let took = run.duration().unwrap_or_default();
    let failed = match ended.failed {
        0 => String::new(),
        failed => format!(" and {failed} failed"),
    };
    let states = State::ALL.into_iter().map(|state| (state, lane.time_in(state, took)));
    let states = states.filter(|(_, time)| *time >= Nanos::from_millis(1));
    let states = states.map(|(state, time)| format!("{} {}", state.label(), format_millis(time)));
    let states = states.collect::<Vec<_>>().join(", ");
    let states = if states.is_empty() { states } else { format!(": {states}") };
    let (mode, worker) = (run.plan().name(), run.worker_name(index));
    let (shares, done) =
        (TimeShare::largest_text(lane, took, 2), task_count(run.plan(), ended.done));
    format!("{mode}, {worker}: {shares}, {done} done{failed}{states}")
}

/// Returns the numbers of ended tasks per lane. Pages past the end are not counted.
fn ended_tasks_by_lane(run: &Run) -> Vec<EndedTasks> {
    let mut lanes = vec![EndedTasks::default(); run.lanes().len()];
    for (task, record) in run.tasks().iter() {
        let Some(ended) = lanes.get_mut(usize::from(record.lane.0)) else { continue };
        match record.outcome {
            Some(TaskOutcome::Done(_)) if task.0 <= run.progress().known_tasks() => ended.done += 1,
            Some(TaskOutcome::Failed(_)) => ended.failed += 1,
            _ => {}
        }
    }
    lanes
}

fn held_sentence(run: &Run, lane: u16, wait: &str) -> String {
    let working =
        run.lanes().iter().filter(|lane| lane.is_working() && lane.state() != State::Throttled);
    let (worker, working, all) = (run.worker_name(lane), working.count(), run.lanes().len());
    let others =
        if all > 1 { format!("; {working} of {all} still working") } else { String::new() };
    format!("{worker} held back {wait} by a rate limit{others}")
}

fn progress_sentence(run: &Run, elapsed: Nanos) -> String {
    let (ended, all) = (count_ended(run), task_count(run.plan(), run.progress().known_tasks()));
    format!("{ended} of {all} after {}", format_seconds(elapsed))
}

/// Returns the number of tasks that have ended, successfully or not.
fn count_ended(run: &Run) -> u32 {
    run.progress().done_tasks().saturating_add(run.failed_tasks())
}

/// Returns for example `5 pages` or `1 command`.
fn task_count(plan: &Plan, tasks: u32) -> String {
    plural::count(tasks, plan.workload().spec().task)
}

/// Returns for example `1 thread` or `8 threads`.
fn worker_count(plan: &Plan) -> String {
    WorkerTerms::for_run(plan.workload(), plan.mode).count_text(plan.workers)
}

/// Returns for example `page 3` or `command 2 (make test)`.
fn task_name(plan: &Plan, task: TaskId) -> String {
    let command = plan.command(task).map_or_else(String::new, |command| {
        format!(" ({})", printable_up_to(command, MAX_COMMAND_LENGTH))
    });
    format!("{} {}{command}", plan.workload().spec().task, task.0)
}

/// Returns the message without its advice, which the report repeats.
fn failure_reason(failure: &Failure) -> &str {
    let message = failure.message.as_str();
    let ends = message.match_indices([':', ';']);
    let is_advice = |end: &usize| {
        let rest = message.get(end + 1..).unwrap_or_default().trim_start();
        ADVICE_PREFIXES.iter().any(|advice| rest.starts_with(advice))
    };
    let end = ends.map(|(end, _)| end).find(is_advice);
    end.and_then(|end| message.get(..end)).unwrap_or(message)
}

/// Formats a time to the millisecond: `4 ms`, `1.050 s`.
fn format_millis(time: Nanos) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.9995 { format!("{:.0} ms", seconds * 1e3) } else { time.to_string() }
}

/// Formats a time in seconds: `0.4 s`, `12 s`.
fn format_seconds(time: Nanos) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}
