//! What a person takes along: the plain report, the JSON report, the trace, the picture, the report in
//! Markdown, the followers.

pub(crate) mod ascii_json;
mod atomic_file;
mod attempt_record;
pub mod commands;
mod export_target;
#[cfg(test)]
pub(crate) mod fixture;
pub mod followers;
mod free_path;
pub mod json;
pub mod markdown;
pub mod plain;
pub mod svg;
pub mod trace;
mod verdict_sentence;

pub use export_target::{ExportError, ExportOutcome, ExportTarget};
pub use free_path::free_path;

use crate::model::stats::{self, Agreement, Waves};
use crate::model::{Background, Mode, Nanos, Run, State, Sweep, Target, Workload};

/// What is taken along, and what is known around it.
#[derive(Clone, Copy, Debug)]
pub struct ReportSubject<'a> {
    /// Whose followers, and where, if there are any to fetch.
    pub target: Option<&'a Target>,
    /// The preparing request, if it was made.
    pub profile: Option<&'a Run>,
    /// The runs shown, in order.
    pub runs: &'a [Run],
    /// What the trials came to, where a sweep is shown: the run is its last trial then.
    pub sweep: Option<&'a Sweep>,
    /// The run whose followers are taken.
    pub followers: Option<&'a Run>,
    /// How far a run that goes on is, by its own clock.
    pub now: Nanos,
    /// How many cores this machine has, where that is known.
    pub cores: Option<u16>,
    /// What the picture is drawn on.
    pub background: Background,
    /// The command that began the sitting.
    pub command: &'a str,
}

impl ReportSubject<'_> {
    /// How long a run took; of one that goes on, how long until now.
    fn elapsed(&self, run: &Run) -> Nanos {
        run.elapsed(self.now)
    }
}

/// A run against the sequential one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// How many times quicker it was; nothing unless both runs did all that there is to do.
    pub speed_up: Option<f64>,
    /// The share of n-fold speed that n workers reached.
    pub efficiency: Option<f64>,
    /// Whether both brought the same.
    pub agreement: Agreement,
}

impl Comparison {
    /// Of the threads of a race, once both modes are over.
    pub fn for_threads(runs: &[Run]) -> Option<Self> {
        let threads = runs.iter().find(|run| run.plan().mode == Mode::Threads)?;
        Self::for_run(runs, threads)
    }

    /// Of any of the runs but the sequential one, once both are over.
    pub fn for_run(runs: &[Run], run: &Run) -> Option<Self> {
        let first = sequential_run(runs).filter(|first| first.is_over() && run.is_over())?;
        if run.plan().mode == Mode::Sequential {
            return None;
        }
        let times = first
            .duration()
            .zip(run.duration())
            .filter(|_| first.is_comparable() && run.is_comparable());
        let speed_up = times.and_then(|(one, other)| stats::speed_up(one, other));
        Some(Self {
            speed_up,
            efficiency: speed_up
                .map(|times| stats::efficiency(times, run.mean_workers(run_time(run)))),
            agreement: Agreement::compare(first, run),
        })
    }
}

/// The sequential one of several runs.
fn sequential_run(runs: &[Run]) -> Option<&Run> {
    runs.iter().find(|run| run.plan().mode == Mode::Sequential)
}

/// The time that a run's lanes were in a state until then, all together.
fn time_in(run: &Run, state: State, until: Nanos) -> Nanos {
    let lanes = run.lanes().iter();
    lanes.fold(Nanos::ZERO, |sum, lane| sum + lane.time_in(state, until))
}

/// The rounds that a run's workers needed; nothing where their number changed.
fn run_waves(run: &Run) -> Option<Waves> {
    run.waves()
}

/// How long a run took until it ended, whole or not.
fn run_time(run: &Run) -> Nanos {
    run.duration().unwrap_or_default()
}

/// Of the times that a run's requests took: the value at each of these shares, in order.
fn duration_percentiles<const N: usize>(run: &Run, shares: [f64; N]) -> Option<[Nanos; N]> {
    let mut times: Vec<Nanos> = run.task_durations().collect();
    (!times.is_empty())
        .then(|| shares.map(|share| stats::percentile(&mut times, share).unwrap_or_default()))
}

/// What the runs of a workload are about.
fn workload_heading(workload: Workload) -> String {
    match workload {
        Workload::Cpu => "CPU work that needs the GIL".to_owned(),
        Workload::Native => "CPU work of native code".to_owned(),
        Workload::Mixed => "Pages, then CPU work".to_owned(),
        Workload::Commands => "Commands".to_owned(),
        Workload::Profile | Workload::Followers => workload.to_string(),
    }
}

/// `1 page`, `2 pages`.
fn plural(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
