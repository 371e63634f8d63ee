//! The result of one mode: its speed-up, and what its workers did meanwhile, in words.

use super::plural;
use crate::analysis::rate_limit_hold::RateLimitHold;
use crate::analysis::stats;
use crate::analysis::sweep::WorkerTerms;
use crate::model::state::StateTimes;
use crate::model::{Mode, Nanos, Plan, Run, State, Waves};

/// The minimum speed-up that counts as a gain: identical runs differ by less.
pub(super) const MIN_GAIN: f64 = 1.15;

/// The maximum ratio of a measured to the possible speed-up. A higher one is no rounding error.
const MAX_EXCESS: f64 = 1.05;

/// The minimum share of the workers' time that explains a result.
pub(super) const MIN_SHARE: f64 = 0.2;

/// The complete run of a mode.
#[derive(Clone, Copy)]
pub(super) struct ModeResult<'run> {
    pub(super) run: &'run Run,
    pub(super) mode: Mode,
    pub(super) workers: u16,
    pub(super) speed_up: f64,
    /// The time of the sequential run's workers per task, if there is one.
    sequential_task: Option<f64>,
}

impl<'run> ModeResult<'run> {
    /// Returns the result of a parallel run, or `None` if it does not count.
    pub(super) fn of_run(run: &'run Run, runs: &[Run], baseline: Nanos) -> Option<Self> {
        let mode = run.plan().mode;
        let is_limited = RateLimitHold::affects(run, Nanos::ZERO);
        if mode == Mode::Sequential || !run.is_comparable() || is_limited {
            return None;
        }
        let speed_up = stats::speed_up(baseline, run.duration()?)?;
        let workers = run.mean_workers(Nanos::ZERO).round() as u16;
        let sequential_task = stats::sequential_run(runs).map(time_per_task);
        Some(Self { run, mode, workers, speed_up, sequential_task })
    }

    /// Returns `true` if the mode is faster than the sequential run.
    pub(super) fn is_gain(self) -> bool {
        self.speed_up >= MIN_GAIN
    }

    /// The maximum speed-up of equal tasks on the workers: all waves but the last are full.
    fn max_speed_up(self) -> f64 {
        let tasks = self.run.progress().known_tasks();
        f64::from(tasks) / f64::from(Waves::new(tasks, self.workers).count.max(1))
    }

    /// Returns the workers in words: `5 threads`, `4 GIL threads`, `3 jobs`.
    pub(super) fn subject(self) -> String {
        workers_text(self.run.plan(), self.workers)
    }

    /// Returns the speed-up in words: `4.4x faster`, `no faster (1.02x)`.
    pub(super) fn gain_text(self) -> String {
        let times = self.speed_up;
        if self.is_gain() {
            format!("{} faster", factor_text(times))
        } else if times * MIN_GAIN > 1.0 {
            format!("no faster ({times:.2}x)")
        } else {
            format!("slower ({times:.2}x)")
        }
    }

    /// Returns the cause of the speed-up as measured, or `None` if no measurement gives one.
    pub(super) fn cause(self, cores: Option<u16>) -> Option<String> {
        if self.max_speed_up() <= 1.0 {
            let one_task = self.run.progress().known_tasks() == 1;
            let reason = if one_task { "one task runs on one" } else { "there was only one" };
            let terms = WorkerTerms::for_run(self.run.plan().workload(), self.mode);
            return Some(format!("{reason} {}", terms.worker));
        }
        let did = WorkShares::of_run(self.run);
        if self.mode == Mode::Gil
            && let Some(text) = self.gil_text(did)
        {
            return Some(text);
        }
        if self.is_gain() { did.overlap_text(cores) } else { self.cost_text(did, cores) }
    }

    /// Returns what cost the time that workers without a gain might have saved.
    fn cost_text(self, did: WorkShares, cores: Option<u16>) -> Option<String> {
        let longer = self.sequential_task.filter(|&one| one > 0.0);
        let longer = longer.map(|one| time_per_task(self.run) / one).filter(|&times| times > 1.3);
        if did.retry_wait >= MIN_SHARE {
            Some(format!("they waited to retry {} of the time", percent(did.retry_wait)))
        } else if did.overhead >= MIN_SHARE {
            let share = percent(did.overhead);
            Some(format!("starting and hand-over took {share} of their time"))
        } else if cores == Some(1) && did.computing + did.native >= 0.5 {
            Some("one core computes one task at a time".to_owned())
        } else {
            let task = self.run.plan().workload().spec().task;
            longer.map(|times| format!("each {task} took {} as long", factor_text(times)))
        }
    }

    /// Returns the part of the GIL in the result.
    fn gil_text(self, did: WorkShares) -> Option<String> {
        let own = did.computing + did.native + did.server + did.commands;
        let share = if own > 0.0 { did.computing / own } else { 0.0 };
        let most = 1.0 / share.max(f64::EPSILON);
        if self.speed_up > most * MAX_EXCESS && self.is_gain() {
            return Some(format!(
                "more than the {most:.2}x that {} computing allows, so something slowed the \
                 sequential run",
                percent(share)
            ));
        }
        if !self.is_gain() {
            let waited = percent(did.lock);
            return (did.lock >= MIN_SHARE)
                .then(|| format!("each waited for the GIL {waited} of the time"));
        }
        if share >= MIN_SHARE && most < self.max_speed_up() {
            return Some(format!(
                "waits overlap, but computing ({} of the work) does not, so {} at most",
                percent(share),
                factor_text(most)
            ));
        }
        (did.native > did.server).then(|| "native code releases the GIL".to_owned())
    }
}

/// Returns a number of workers of a plan in words: `5 threads`, `4 GIL threads`, `9 threads (auto)`.
/// A sequential run has no number.
pub fn workers_text(plan: &Plan, workers: u16) -> String {
    if plan.mode == Mode::Sequential {
        return plan.selection().to_string();
    }
    let terms = WorkerTerms::for_run(plan.workload(), plan.mode);
    let noun = if plan.mode == Mode::Gil { "GIL thread" } else { terms.worker };
    let auto = if plan.auto { " (auto)" } else { "" };
    plural::count(workers, noun) + auto
}

/// Returns a factor in words: `1.95x`, `4.4x`, `12x`.
pub(super) fn factor_text(times: f64) -> String {
    match times {
        ..1.995 => format!("{times:.2}x"),
        ..9.95 => format!("{times:.1}x"),
        _ => format!("{times:.0}x"),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Returns the time that workers spent per completed task, in nanoseconds.
fn time_per_task(run: &Run) -> f64 {
    busy_times(run).0 / f64::from(run.ended_tasks().max(1))
}

/// Returns the time that the workers of a run had work, in nanoseconds, and the times per state.
pub(super) fn busy_times(run: &Run) -> (f64, StateTimes) {
    let times = run.state_times_between(Nanos::ZERO, run.elapsed(Nanos::ZERO));
    let all: u64 = times.spent().filter(|(state, _)| state.is_busy()).map(|(_, time)| time).sum();
    (all as f64, times)
}

/// The shares of the workers' time with work: what they did.
#[derive(Clone, Copy)]
struct WorkShares {
    /// Connecting, waiting for a response, receiving it.
    server: f64,
    /// Computing; under the GIL, with the GIL.
    computing: f64,
    /// Computing in native code, without the GIL.
    native: f64,
    /// Running a command.
    commands: f64,
    /// Waiting for the GIL.
    lock: f64,
    /// Waiting for a retry.
    retry_wait: f64,
    /// Starting processes, and passing tasks and results.
    overhead: f64,
}

impl WorkShares {
    fn of_run(run: &Run) -> Self {
        let (all, times) = busy_times(run);
        let share = |states: &[State]| {
            states.iter().map(|&state| times[state] as f64).sum::<f64>() / all.max(1.0)
        };
        Self {
            server: share(&[State::Connecting, State::Waiting, State::Receiving]),
            computing: share(&[State::Computing]),
            native: share(&[State::Native]),
            commands: share(&[State::Running]),
            lock: share(&[State::LockWait]),
            retry_wait: share(&[State::RetryWait]),
            overhead: share(&[State::Starting, State::HandOver]),
        }
    }

    /// Returns what workers with a gain did side by side.
    fn overlap_text(self, cores: Option<u16>) -> Option<String> {
        let location =
            cores.map_or_else(String::new, |cores| format!(" on {}", plural::count(cores, "core")));
        let (share, text) = [
            (self.server, "they waited for the server side by side".to_owned()),
            (self.computing, format!("they computed side by side{location}")),
            (self.native, format!("they computed side by side{location}")),
            (self.commands, "they ran side by side".to_owned()),
            // Waiting to retry is no reason for a gain, so there is nothing to say.
            (self.retry_wait, String::new()),
        ]
        .into_iter()
        .max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (share >= MIN_SHARE && !text.is_empty()).then_some(text)
    }
}
