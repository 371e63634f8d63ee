//! What happens, in sentences for a screen reader: a line each, never drawn over, nothing that a
//! voice stumbles over. A fold of events: no clock, no terminal.

use std::collections::BTreeMap;

use crate::model::sweep::{Trial, Words};
use crate::model::text::printable_within;
use crate::model::{
    End, Event, Failure, FailureKind, Kind, Lane, LaneId, Mode, Nanos, Outcome, Plan, Product, Run,
    State, TaskId, Why, Work, stats,
};

/// Between two sentences on how far a run is, at a quarter of its tasks.
const QUARTER_PACE: Nanos = Nanos::from_millis(1_000);

/// The same where nothing else was to be said meanwhile.
const SILENCE: Nanos = Nanos::from_millis(10_000);

/// A run tells no more failures one by one.
const MOST_TROUBLES: u32 = 20;

/// A command is named by no more characters.
const LONGEST_COMMAND: usize = 60;

/// How advice begins.
const ADVICE: [&str; 7] =
    ["try again", "check ", "is it a GitHub API?", "it may be busy", "come back", "make ", "set "];

/// Tells of one run after the other.
#[derive(Debug, Default)]
pub(super) struct Narrator {
    /// How many tasks the run has, as was said last.
    known: u32,
    /// Quarters of its tasks that were told.
    quarters: u32,
    /// When something was said last.
    said_at: Nanos,
    troubles: u32,
    limits: usize,
    /// What limits bring, by the lanes that met them: said once they are waited for, as a run may
    /// give up instead.
    held: BTreeMap<LaneId, String>,
    /// What the run is called.
    name: String,
    /// What the last whole sequential run took: others are compared with it.
    sequential: Option<Nanos>,
}

impl Narrator {
    /// What is to be said of an event that `run` has just taken in, a sentence a line. In a sweep,
    /// `trial` tells which one the run is.
    pub(super) fn event(
        &mut self,
        run: &Run,
        event: &Event,
        trial: Option<String>,
    ) -> Option<String> {
        let plan = run.plan();
        let sentence = match &event.kind {
            Kind::RunStarted { .. } => Some(self.begin(run, trial)),
            Kind::Queued { tasks } if *tasks != std::mem::replace(&mut self.known, *tasks) => {
                Some(format!("there are {}", count(plan, *tasks)))
            }
            Kind::AttemptFailed { task, failure, again } => {
                let wait = seconds(again.since(event.at));
                let is_limit = failure.kind == FailureKind::RateLimited;
                let said = self.trouble(|| match reason(failure) {
                    _ if is_limit => throttled(run, event.lane.0, &wait),
                    reason => format!("{} failed, again in {wait}: {reason}", name(plan, *task)),
                });
                if is_limit { self.hold(event.lane, said) } else { said }
            }
            Kind::Entered { state: State::Throttled } => self.held.remove(&event.lane),
            Kind::Limited(limit) if run.limits().len() > self.limits => {
                self.limits = run.limits().len();
                let wait = seconds(limit.until.since(event.at));
                let said = format!("a rate limit is reached: no request leaves for {wait}");
                self.hold(event.lane, Some(said))
            }
            Kind::Allowed { in_flight, why } => {
                let said = self.allowed(plan, event.at, *in_flight, *why);
                if *why == Why::RateLimit { self.hold(event.lane, said) } else { said }
            }
            Kind::Finished { task, outcome } => self.finish(run, event.at, *task, outcome),
            Kind::RunFinished { end } => self.end(run, end),
            _ => None,
        };
        if sentence.is_some() {
            self.said_at = event.at;
        }
        sentence
    }

    /// What is to be said of a run of which nothing was heard for a while.
    pub(super) fn silence(&mut self, run: &Run, elapsed: Nanos) -> Option<String> {
        if elapsed.since(self.said_at) < SILENCE {
            return None;
        }
        self.said_at = elapsed;
        Some(progress(run, elapsed))
    }

    fn begin(&mut self, run: &Run, trial: Option<String>) -> String {
        let (plan, known) = (run.plan(), run.known_tasks());
        let name = if trial.is_some() { workers(plan) } else { plan.name() };
        *self = Self { known, sequential: self.sequential, name, ..Self::default() };
        match (&plan.work, trial) {
            (Work::Profile(target), _) => format!("asking {} for {}", target.api, target.user),
            (_, Some(trial)) => trial + &self.name,
            _ => format!("{} begins: {}", self.name, count(plan, known)),
        }
    }

    /// Says it once the lane waits. Returns nothing, which is to be said now.
    fn hold(&mut self, lane: LaneId, sentence: Option<String>) -> Option<String> {
        let sentence = sentence?;
        let said = self.held.entry(lane).or_default();
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&sentence);
        None
    }

    /// One of many sentences that may be said over and over.
    fn trouble(&mut self, sentence: impl FnOnce() -> String) -> Option<String> {
        self.troubles += 1;
        match self.troubles {
            ..=MOST_TROUBLES => Some(sentence()),
            _ if self.troubles == MOST_TROUBLES + 1 => {
                Some("more goes wrong: the report counts it".to_owned())
            }
            _ => None,
        }
    }

    /// What changes again and again is told now and then; what went wrong, always.
    fn allowed(&self, plan: &Plan, at: Nanos, in_flight: u16, why: Why) -> Option<String> {
        let usual = match why {
            _ if plan.workers < 2 => return None,
            Why::Start | Why::Probe | Why::Probed => return None,
            Why::NoQueue { .. } | Why::Queue { .. } | Why::Recovered => true,
            _ => false,
        };
        let requests = if in_flight == 1 { "request" } else { "requests" };
        (!usual || at.since(self.said_at) >= QUARTER_PACE)
            .then(|| format!("at most {in_flight} {requests} at once from now on: {why}"))
    }

    fn finish(&mut self, run: &Run, at: Nanos, task: TaskId, outcome: &Outcome) -> Option<String> {
        let plan = run.plan();
        let task = name(plan, task);
        match outcome {
            Outcome::Done(done) => match &done.product {
                Product::Profile(profile) => {
                    Some(format!("{} has {} followers", profile.login, profile.followers))
                }
                _ => self.quarter(run, at),
            },
            // The report tells why nothing comes after it.
            Outcome::Failed(_) if matches!(plan.work, Work::Profile(_)) => None,
            // Its failure names it.
            Outcome::Failed(failure) if failure.kind == FailureKind::Command => {
                self.trouble(|| failure.message.clone())
            }
            Outcome::Failed(failure) => {
                self.trouble(|| format!("{task} failed: {}", reason(failure)))
            }
            Outcome::Lost(failure) => {
                self.trouble(|| format!("{task} is to be done anew: {}", reason(failure)))
            }
            Outcome::Stopped => None,
        }
    }

    fn quarter(&mut self, run: &Run, at: Nanos) -> Option<String> {
        let quarters = (4 * u64::from(ended(run)) / u64::from(run.known_tasks().max(1))) as u32;
        if at.since(self.said_at) < QUARTER_PACE || !(self.quarters + 1..4).contains(&quarters) {
            return None;
        }
        self.quarters = quarters;
        Some(progress(run, at))
    }

    fn end(&mut self, run: &Run, end: &End) -> Option<String> {
        let (plan, took) = (run.plan(), run.took().unwrap_or_default());
        if matches!(plan.work, Work::Profile(_)) {
            return None;
        }
        let mode = &self.name;
        let found = run.allowed().filter(|_| plan.auto);
        let found = found.map_or_else(String::new, |most| format!("; {most} at once in the end"));
        if run.is_whole() {
            let baseline = self.sequential.filter(|_| plan.mode != Mode::Sequential);
            if plan.mode == Mode::Sequential {
                self.sequential = Some(took);
            }
            let speed_up = baseline.and_then(|baseline| stats::speed_up(baseline, took));
            let speed_up = speed_up.map_or_else(String::new, |times| format!(", {times:.2}x"));
            return Some(format!("{mode} done: {took}{speed_up}{found}"));
        }
        let word = match end {
            End::Finished => "ended",
            End::Stopped => "stopped",
            End::Failed(_) => "failed",
        };
        let (done, all) = (run.done_tasks(), count(plan, run.known_tasks()));
        Some(format!("{mode} {word} after {took}: {done} of {all} done{found}"))
    }
}

/// What a trial of a sweep came to, of which nothing else is left, where another comes next.
pub(super) fn trial(next: &Plan, trial: &Trial) -> String {
    let plan = Plan { workers: trial.workers, ..next.clone() };
    format!("{} done: {}", workers(&plan), trial.took)
}

/// What each lane did, a sentence a lane, and how many were not needed where that was to be found.
pub(super) fn lanes(runs: &[Run]) -> impl Iterator<Item = String> {
    runs.iter().filter(|run| run.has_begun()).flat_map(|run| {
        let spare = |lane: &Lane| run.plan().auto && lane.spans().count() == 0;
        let all = (0..).zip(run.lanes()).zip(ends(run));
        let worked = all.filter(move |((_, lane), _)| !spare(lane));
        let told = worked.map(|((at, lane), ends)| told(run, at, lane, ends));
        let spares = run.lanes().iter().filter(|lane| spare(lane)).count();
        let mode = run.plan().name();
        told.chain(match spares {
            0 => None,
            1 => Some(format!("{mode}: 1 more worker was not needed")),
            spares => Some(format!("{mode}: {spares} more workers were not needed")),
        })
    })
}

/// What a lane did, which has done so many tasks, and failed at so many.
fn told(run: &Run, index: u16, lane: &Lane, (done, failed): (u32, u32)) -> String {
    let took = run.took().unwrap_or_default();
    let failed = if failed > 0 { format!(" and {failed} failed") } else { String::new() };
    let states = State::ALL.into_iter().map(|state| (state, lane.time_in(state, took)));
    let states = states.filter(|(_, time)| *time >= Nanos::from_millis(1));
    let states = states.map(|(state, time)| format!("{} {}", state.word(), whole(time)));
    let states = states.collect::<Vec<_>>().join(", ");
    let states = if states.is_empty() { states } else { format!(": {states}") };
    let (mode, worker) = (run.plan().name(), run.worker_name(index));
    let (busy, done) = (lane.busy_percent(took), count(run.plan(), done));
    format!("{mode}, {worker}: busy {busy} %, {done} done{failed}{states}")
}

/// How many tasks each lane has done, and how many failed on it; a page past the end is none.
fn ends(run: &Run) -> Vec<(u32, u32)> {
    let mut ends = vec![(0, 0); run.lanes().len()];
    for (task, record) in run.tasks() {
        let Some((done, failed)) = ends.get_mut(usize::from(record.lane.0)) else { continue };
        match record.outcome {
            Some(Outcome::Done(_)) if task.0 <= run.known_tasks() => *done += 1,
            Some(Outcome::Failed(_)) => *failed += 1,
            _ => {}
        }
    }
    ends
}

fn throttled(run: &Run, lane: u16, wait: &str) -> String {
    let working =
        run.lanes().iter().filter(|lane| lane.is_working() && lane.state() != State::Throttled);
    let (worker, working, all) = (run.worker_name(lane), working.count(), run.lanes().len());
    let others =
        if all > 1 { format!("; {working} of {all} still working") } else { String::new() };
    format!("{worker} throttled {wait} by a rate limit{others}")
}

fn progress(run: &Run, elapsed: Nanos) -> String {
    let (ended, all) = (ended(run), count(run.plan(), run.known_tasks()));
    format!("{ended} of {all} after {}", seconds(elapsed))
}

/// Tasks that are over, well or not.
fn ended(run: &Run) -> u32 {
    run.done_tasks().saturating_add(run.failed_tasks())
}

/// `5 pages`, `1 command`.
fn count(plan: &Plan, tasks: u32) -> String {
    format!("{tasks} {}{}", thing(plan), if tasks == 1 { "" } else { "s" })
}

const fn thing(plan: &Plan) -> &'static str {
    match &plan.work {
        Work::Profile(_) | Work::Followers(_) => "page",
        Work::Commands { .. } => "command",
        Work::Cpu(_) | Work::Native(_) | Work::Mixed(_) => "task",
    }
}

/// `1 thread`, `8 threads`.
fn workers(plan: &Plan) -> String {
    Words::of(plan.workload(), plan.mode).count(plan.workers)
}

/// `page 3`, `command 2 (make test)`.
fn name(plan: &Plan, task: TaskId) -> String {
    if matches!(plan.work, Work::Profile(_)) {
        return "the request for the profile".to_owned();
    }
    let command = plan.command(task).map_or_else(String::new, |command| {
        format!(" ({})", printable_within(command, LONGEST_COMMAND))
    });
    format!("{} {}{command}", thing(plan), task.0)
}

/// What happened, without the advice, which comes again with the report.
fn reason(failure: &Failure) -> &str {
    let message = failure.message.as_str();
    let ends = message.match_indices([':', ';']);
    let is_advice = |end: &usize| {
        let rest = message.get(end + 1..).unwrap_or_default().trim_start();
        ADVICE.iter().any(|advice| rest.starts_with(advice))
    };
    let end = ends.map(|(end, _)| end).find(is_advice);
    end.and_then(|end| message.get(..end)).unwrap_or(message)
}

/// To the millisecond: `4 ms`, `1.050 s`.
fn whole(time: Nanos) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.9995 { format!("{:.0} ms", seconds * 1e3) } else { time.to_string() }
}

/// `0.4 s`, `12 s`.
fn seconds(time: Nanos) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 9.95 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}
