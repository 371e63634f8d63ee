//! Suggestions of what to try next after a run.

use std::fmt;

use crate::analysis::plural;
use crate::model::{Mode, Run, Target, Waves, Workload};

/// The maximum difference from the number of workers that is suggested instead of a sweep.
const MAX_WORKER_STEPS: u16 = 4;

/// The maximum number of waves of which one makes a difference.
const MAX_WAVES: u32 = 6;

/// Something to try next. Its text names it; a key or an option starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suggestion {
    /// The lessons, after the demo.
    Lessons,
    /// Another number of workers, which makes a difference.
    Workers {
        /// The number of workers of the run.
        from: u16,
        /// The number to try.
        to: u16,
    },
    /// The number of workers that the tasks need: a sweep.
    Sweep,
    /// The comparison with the other modes.
    Race,
    /// The same on a simulated machine, slowly.
    SlowMotion,
    /// The same on a simulated machine, because this one is busy.
    IdleMachine,
    /// Another workload.
    Workload(Workload),
    /// Python code that runs on several cores, because its threads wait for the GIL.
    NoGil,
    /// Less time under the lock that threads wait for.
    ShorterLock,
    /// No more threads that compute than there are cores.
    FewerThreads,
    /// Cores that nothing else uses, because the program got few of those that there are.
    FreeCores,
    /// A higher CPU quota, because the program used its own up.
    HigherQuota,
    /// More system calls at the same time, because threads wait in them.
    MoreCalls,
}

impl Suggestion {
    /// Returns what to try after complete runs of a workload, whose times may be noisy.
    pub(super) fn after(runs: &[Run], is_noisy: bool) -> Vec<Self> {
        let Some(first) = runs.first().map(Run::plan) else { return Vec::new() };
        let order = Workload::SELECTABLE;
        let place = order.iter().position(|&one| one == first.workload());
        let next = place.and_then(|place| order.get((place + 1) % order.len()));
        let next = next.copied().map(Self::Workload);
        let here = match runs {
            _ if is_noisy && first.workload().is_computed() => Some(Self::IdleMachine),
            [_] => Some(Self::Race).filter(|_| next.is_some()),
            _ if first.workload().is_computed() => {
                Some(Self::SlowMotion).filter(|_| !first.is_simulated())
            }
            _ => runs.iter().find(|run| run.plan().mode == Mode::Threads).and_then(Self::workers),
        };
        if !is_demo(runs) {
            return here.into_iter().chain(next).collect();
        }
        // The longest comes last, because it is the first to be dropped on a narrow screen.
        [Self::Lessons].into_iter().chain(next).chain(here).collect()
    }

    /// Returns the nearest number of workers that changes the number of waves, or a sweep if that is
    /// far away.
    fn workers(run: &Run) -> Option<Self> {
        let Waves { tasks, workers: from, count, .. } = run.waves()?;
        if tasks < 2 || !run.plan().workload().is_fetched() {
            return None;
        }
        let waves = match count {
            1 => 2,
            2..=MAX_WAVES => count - 1,
            _ => return Some(Self::Sweep),
        };
        let to = u16::try_from(tasks.div_ceil(waves)).unwrap_or(u16::MAX);
        if to < 2 {
            return None;
        }
        let near = to != from && to.abs_diff(from) <= MAX_WORKER_STEPS;
        Some(if near { Self::Workers { from, to } } else { Self::Sweep })
    }

    /// Returns `true` if it changes the number of workers, which does not help against a rate limit.
    pub(super) const fn changes_workers(self) -> bool {
        matches!(self, Self::Workers { .. } | Self::Sweep)
    }

    /// Returns the option that starts it: `--threads 3`. `None` for the lessons, which are a command, and for
    /// a change of the user's own program.
    pub fn option(self) -> Option<String> {
        Some(match self {
            Self::NoGil
            | Self::ShorterLock
            | Self::FewerThreads
            | Self::FreeCores
            | Self::HigherQuota
            | Self::MoreCalls
            | Self::Lessons => return None,
            Self::Workers { to, .. } => format!("--threads {to}"),
            Self::Sweep => "--mode sweep".to_owned(),
            Self::Race => "--mode race".to_owned(),
            Self::SlowMotion | Self::IdleMachine => "--simulate".to_owned(),
            Self::Workload(workload) => format!("--workload {workload}"),
        })
    }
}

/// Returns `true` for a race on the built-in server.
fn is_demo(runs: &[Run]) -> bool {
    let is_built_in = |run: &Run| run.plan().work.target().is_some_and(Target::is_built_in);
    runs.len() > 1 && runs.iter().all(is_built_in)
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lessons => f.write_str("threadline learn"),
            Self::Workers { to, .. } => f.write_str(&plural::count(*to, "worker")),
            Self::Sweep => f.write_str("how many threads help"),
            Self::Race => f.write_str("race all modes"),
            Self::SlowMotion => f.write_str("slow motion"),
            Self::IdleMachine => f.write_str("an idle machine, simulated"),
            Self::Workload(workload) => f.write_str(workload.spec().short_heading),
            Self::NoGil => {
                f.write_str("processes (multiprocessing), or a free-threaded build of Python")
            }
            Self::ShorterLock => f.write_str("hold that lock for less time, or split it"),
            Self::FewerThreads => f.write_str("no more busy threads than cores"),
            Self::FreeCores => f.write_str("a less busy machine, or a higher CPU limit"),
            Self::HigherQuota => f.write_str("a higher CPU quota (cpu.max)"),
            Self::MoreCalls => f.write_str("more of these calls at the same time"),
        }
    }
}
