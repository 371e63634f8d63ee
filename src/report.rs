//! Exports: the plain report, the JSON report, the trace, the picture, the Markdown report and the list
//! of followers.

mod atomic_file;
pub mod commands;
mod export_target;
pub mod followers;
pub mod items;
pub mod json;
pub mod markdown;
pub mod plain;
pub mod program_output;
pub mod svg;
pub mod trace;

pub use atomic_file::replace_file;
pub use export_target::{ExportError, ExportOutcome, ExportTarget, free_path};

use crate::analysis::stats::{self, Agreement, sequential_run};
use crate::analysis::verdict::{self, Conclusion, LIMITED, Verdict};
use crate::analysis::{RateLimitHold, Sweep};
use crate::model::{Background, Mode, Nanos, Run, State, Target};

/// The subject of an export: the runs and their context.
#[derive(Clone, Copy, Debug)]
pub struct ReportSubject<'a> {
    /// The user and the API whose followers are fetched, or `None` for other workloads.
    pub target: Option<&'a Target>,
    /// The runs on the screen, in order.
    pub runs: &'a [Run],
    /// The sweep on the screen, if any; `runs` then contains its last trial.
    pub sweep: Option<&'a Sweep>,
    /// The run whose followers are exported.
    pub fetched: Option<&'a Run>,
    /// The elapsed time of a run in progress, by its own clock.
    pub now: Nanos,
    /// The number of cores of this machine, if known.
    pub cores: Option<u16>,
    /// The background of the picture.
    pub background: Background,
    /// The command line that started the session.
    pub command: &'a str,
    /// The lesson whose runs these are, if they are of one.
    pub lesson: Option<&'a LessonCaption>,
}

/// The lesson that a picture is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonCaption {
    /// The title of the lesson.
    pub title: String,
    /// The claim, then what was predicted and what happened.
    pub sentences: Vec<String>,
    /// A mark on the time axis, with the word beside it: the prediction.
    pub mark: Option<(String, Nanos)>,
}

impl ReportSubject<'_> {
    /// Returns the elapsed time of a run; for a run in progress, the time until now.
    fn elapsed(&self, run: &Run) -> Nanos {
        run.elapsed(self.now)
    }

    /// Returns the advice of the sweep or the conclusion from the runs.
    fn conclusion(&self) -> Option<Conclusion> {
        let workload = self.runs.first()?.plan().workload();
        let advice = self.sweep.and_then(|sweep| sweep.advice(workload, Mode::Threads));
        let advice = advice.map(Conclusion::of_text);
        advice.or_else(|| Verdict::new(self.runs, self.cores).conclusion())
    }
}

/// A comparison of a run with the sequential one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The speed-up over the sequential run, or `None` unless both runs completed all tasks.
    pub speed_up: Option<f64>,
    /// The speed-up divided by the number of workers.
    pub efficiency: Option<f64>,
    /// The efficiency in percent, unless it is above 100 % and no measurement says why.
    efficiency_percent: Option<u32>,
    /// `true` if a rate limit held back one of the runs.
    is_limited: bool,
    /// The agreement between the results of both runs.
    pub agreement: Agreement,
}

impl Comparison {
    /// Compares the threads run of a race. Returns `None` until both runs are over.
    pub fn for_threads(runs: &[Run]) -> Option<Self> {
        let threads = runs.iter().find(|run| run.plan().mode == Mode::Threads)?;
        Self::for_run(runs, threads)
    }

    /// Compares any run. Returns `None` for the sequential run itself, and until both runs are over.
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
        let is_limited = [first, run].iter().any(|run| RateLimitHold::affects(run, Nanos::ZERO));
        Some(Self {
            speed_up,
            efficiency_percent: speed_up
                .and_then(|times| verdict::efficiency_percent(runs, run, times, run_time(run))),
            is_limited,
            efficiency: speed_up
                .map(|times| stats::efficiency(times, run.mean_workers(run_time(run)))),
            agreement: Agreement::compare(first, run),
        })
    }

    /// Returns the speed-up and the efficiency as texts, if they are known: `3.90x` and `98 %`, or
    /// `limited` and `-` if a rate limit held back one of the runs.
    fn texts(self) -> Option<[String; 2]> {
        let times = self.speed_up?;
        if self.is_limited {
            return Some([LIMITED, "-"].map(str::to_owned));
        }
        let percent = self.efficiency_percent.map(|percent| format!("{percent} %"));
        Some([format!("{times:.2}x"), percent.unwrap_or_else(|| "-".to_owned())])
    }
}

/// Returns the time that all lanes of a run spent in a state until a moment.
fn time_in(run: &Run, state: State, until: Nanos) -> Nanos {
    let lanes = run.lanes().iter();
    lanes.fold(Nanos::ZERO, |sum, lane| sum + lane.time_in(state, until))
}

/// Returns the duration of a run that has ended, complete or not, or else zero.
fn run_time(run: &Run) -> Nanos {
    run.duration().unwrap_or_default()
}

/// Returns the percentiles of a run's task durations, one for each share. `None` if no task ended.
fn duration_percentiles<const N: usize>(run: &Run, shares: [f64; N]) -> Option<[Nanos; N]> {
    let mut times: Vec<Nanos> = run.task_durations().collect();
    (!times.is_empty())
        .then(|| shares.map(|share| stats::percentile(&mut times, share).unwrap_or_default()))
}

/// Returns the median and the 95th percentile of a run's task durations as texts, or dashes.
fn median_and_p95(run: &Run) -> [String; 2] {
    duration_percentiles(run, [0.5, 0.95])
        .map_or_else(|| ["-", "-"].map(str::to_owned), |both| both.map(|time| time.to_string()))
}
