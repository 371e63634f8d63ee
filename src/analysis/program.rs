//! A watched program in figures: its threads with their seconds per state, its totals, and its GILs, over
//! the whole run or a part of it.
//!
//! The time on a CPU and the time without a core are the kernel's own sums; the other states share the rest
//! of a thread's life as its records say (`thread_summary`).

mod function_share;
mod gil_summary;
mod lane_times;
mod self_check;
mod thread_summary;
mod time_sums;
mod wait_sum;

pub use function_share::FunctionShare;
pub use gil_summary::{GilSummary, LongestHold};
pub use lane_times::lane_times;
pub use self_check::SelfCheck;
pub use thread_summary::{THREAD_STATES, ThreadSummary};
pub use wait_sum::{WaitSum, longest_wait};

use crate::model::printable::{printable, printable_up_to};
use crate::model::{
    Accuracy, CodePlace, CpuQuota, Exactness, Nanos, ProgramRecord, Run, State, TaskId, WatchCost,
    WatchedProgram,
};

/// The maximum length of the name of a function or a file in a sentence.
const MAX_PLACE_CHARS: usize = 40;

/// The stretch of time that is searched for reasons and functions while the program runs: several times a
/// second, so that it must not grow.
const LIVE_DETAIL: Nanos = Nanos::from_millis(10_000);

/// The maximum number of states of all threads that are searched for reasons while the program runs.
const MAX_LIVE_STATES: usize = 4_096;

/// A watched program in figures, over [`Self::start`] to [`Self::end`].
#[derive(Clone, Debug)]
pub struct ProgramSummary<'run> {
    /// The program.
    pub program: &'run WatchedProgram,
    /// The start of the time that the figures are about.
    pub start: Nanos,
    /// The end of that time.
    pub end: Nanos,
    /// The exactness of the latest events, or `None` before it is known.
    pub accuracy: Option<&'run Accuracy>,
    /// `true` if all events were exact.
    pub is_exact: bool,
    /// The threads that lived during that time, in the order of birth.
    pub threads: Vec<ThreadSummary<'run>>,
    /// The totals.
    pub totals: ProgramTotals,
    /// The GILs, one per interpreter that has one.
    pub gils: Vec<GilSummary<'run>>,
}

/// The totals of a watched program.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProgramTotals {
    /// The mean number of cores in use.
    pub on_cpu_cores: f64,
    /// The mean number of threads that wanted to run and had no core.
    pub no_core_mean: f64,
    /// The number of threads that live at the end.
    pub threads_now: usize,
    /// The maximum number of threads that lived at the same time.
    pub threads_peak: usize,
    /// The number of threads.
    pub threads_born: usize,
    /// The number of times per second that a thread left a CPU.
    pub switches_per_second: f64,
    /// The cost of the records to the program, in cores.
    pub cost_to_program_cores: f64,
    /// The CPU time of this program, in cores.
    pub own_cores: f64,
    /// The CPU quota and its use over the whole run, or `None` if there is none or it cannot be read.
    pub quota: Option<CpuQuota>,
}

/// The part of the time whose single states are searched.
#[derive(Clone, Copy, Debug)]
struct Detail {
    /// The figures are about the whole run, as are the counts that are known only in total.
    is_whole: bool,
    from: Nanos,
    /// The maximum number of states per thread; the latest count.
    max_states: usize,
}

impl<'run> ProgramSummary<'run> {
    /// The time since its start, in every state that a thread can be in, of a run whose clock shows `now`.
    /// Returns `None` for a run that watches no program.
    pub fn new(run: &'run Run, now: Nanos) -> Option<Self> {
        Self::between(run, Nanos::ZERO, run.elapsed(now))
    }

    /// Summarizes [a, b).
    pub fn between(run: &'run Run, a: Nanos, b: Nanos) -> Option<Self> {
        Self::with_detail(
            run,
            a,
            b,
            Detail {
                is_whole: a == Nanos::ZERO && b >= run.elapsed(b),
                from: a,
                max_states: usize::MAX,
            },
        )
    }

    /// Summarizes an active run several times a second for the screen: who waited for whom, and the functions, are
    /// those of the latest seconds.
    pub fn so_far(run: &'run Run, now: Nanos) -> Option<Self> {
        let end = run.elapsed(now);
        let from = end.since(LIVE_DETAIL);
        let max_states = (MAX_LIVE_STATES / run.program()?.threads().len().max(1)).max(8);
        Self::with_detail(run, Nanos::ZERO, end, Detail { is_whole: true, from, max_states })
    }

    /// Summarizes a run for the screen: so far, or all of it once it is over.
    pub fn shown(run: &'run Run, now: Nanos) -> Option<Self> {
        if run.is_over() { Self::new(run, now) } else { Self::so_far(run, now) }
    }

    fn with_detail(run: &'run Run, a: Nanos, b: Nanos, detail: Detail) -> Option<Self> {
        let (program, record) = (run.plan().work.program()?, run.program()?);
        let tasks = (1..).map(TaskId).zip(record.threads());
        let threads = tasks.filter_map(|(task, thread)| {
            ThreadSummary::of_thread(run, record, (task, thread), (a, b), detail)
        });
        let threads: Vec<ThreadSummary<'run>> = threads.collect();
        Some(Self {
            program,
            start: a,
            end: b,
            accuracy: record.accuracy(),
            is_exact: is_exact(record),
            totals: ProgramTotals::of_threads(record, &threads, (a, b), detail),
            gils: GilSummary::of_interpreters(run, record, &threads, (a, b), detail),
            threads,
        })
    }

    /// The duration of the time that the figures are about.
    pub const fn elapsed(&self) -> Nanos {
        self.end.since(self.start)
    }

    /// Returns the thread of a task.
    pub fn thread(&self, task: TaskId) -> Option<&ThreadSummary<'run>> {
        let index = self.threads.binary_search_by_key(&task, |thread| thread.task);
        self.threads.get(index.ok()?)
    }

    /// The sum of all threads' time in a state.
    pub fn time_in(&self, state: State) -> Nanos {
        Nanos(self.threads.iter().map(|thread| thread.times[state]).sum())
    }
}

impl ProgramTotals {
    fn of_threads(
        record: &ProgramRecord,
        threads: &[ThreadSummary<'_>],
        (a, b): (Nanos, Nanos),
        detail: Detail,
    ) -> Self {
        let per_second = |sum: f64, from: Nanos| sum / b.since(from).as_secs_f64().max(1e-9);
        let mean = |state: State| {
            let sum: u64 = threads.iter().map(|thread| thread.times[state]).sum();
            per_second(Nanos(sum).as_secs_f64(), a)
        };
        let lives = threads.iter().map(|thread| (thread.born.max(a), thread.until.min(b)));
        let alive = |thread: &&ThreadSummary<'_>| thread.ended.is_none_or(|end| end > b);
        let cost = record.cost();
        Self {
            on_cpu_cores: mean(State::OnCpu),
            no_core_mean: mean(State::NoCore),
            threads_now: threads.iter().filter(alive).count(),
            threads_peak: if detail.is_whole { record.peak_threads() } else { peak(lives) },
            threads_born: threads.len(),
            switches_per_second: per_second(
                threads.iter().map(|thread| thread.switches as f64).sum(),
                a,
            ),
            cost_to_program_cores: per_second(
                cost.recorded_switches as f64 * WatchCost::PER_SWITCH.as_secs_f64(),
                Nanos::ZERO,
            ),
            own_cores: per_second(cost.own.as_secs_f64(), Nanos::ZERO),
            quota: record.quota(),
        }
    }
}

/// Returns the maximum number of lives that overlap. One that ends as another begins does not.
fn peak(lives: impl Iterator<Item = (Nanos, Nanos)>) -> usize {
    let mut steps: Vec<(Nanos, isize)> =
        lives.flat_map(|(born, until)| [(born, 1), (until.max(born), -1)]).collect();
    steps.sort_unstable();
    let levels = steps.iter().scan(0_isize, |level, (_, step)| {
        *level += step;
        Some(*level)
    });
    levels.max().map_or(0, isize::unsigned_abs)
}

fn is_exact(record: &ProgramRecord) -> bool {
    record.accuracies().iter().all(|(_, accuracy)| accuracy.edges == Exactness::Exact)
}

/// Returns the exactness in words: `exact`, or `counted ± 4 ms (perf_event_paranoid is 4)`.
pub fn accuracy_text(accuracy: &Accuracy) -> String {
    let edges = match accuracy.edges {
        Exactness::Exact => "exact".to_owned(),
        Exactness::Counted { period } => format!("counted ± {period}"),
        Exactness::Coarse => "coarse".to_owned(),
    };
    match &accuracy.why {
        Some(why) => format!("{edges} ({})", printable(why)),
        None => edges,
    }
}

/// Returns a CPU quota and its use in words: `0.5 cores, used up in 96 % of the periods`.
pub fn cpu_quota_text(quota: CpuQuota) -> String {
    let share = quota.used_up_share() * 100.0;
    let is_one = quota.millicores == 1_000;
    let cores =
        if is_one { "1 core".to_owned() } else { format!("{} cores", cores_text(quota.cores())) };
    format!("{cores}, used up in {share:.0} % of the periods")
}

/// Returns a place in the code in words, safe to print: `in work() at app.py:12`.
pub fn place_text(place: &CodePlace) -> String {
    let function = function_text(&place.function);
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or_default();
    let file = printable_up_to(file, MAX_PLACE_CHARS);
    match place.line {
        _ if file.is_empty() => format!("in {function}"),
        Some(line) => format!("in {function} at {file}:{line}"),
        None => format!("in {function} of {file}"),
    }
}

/// Returns the name of a function, safe to print: `work()`.
pub fn function_text(function: &str) -> String {
    let function = printable_up_to(function, MAX_PLACE_CHARS);
    // CPython's names of code that is no function: <module>, <lambda>.
    let call = if function.ends_with('>') { "" } else { "()" };
    format!("{function}{call}")
}

/// Formats a number of cores: `1.9`, `2`, `0.03`.
pub fn cores_text(cores: f64) -> String {
    let text = match cores {
        ..0.005 => return "0".to_owned(),
        ..0.095 => return format!("{cores:.2}"),
        _ => format!("{cores:.1}"),
    };
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}
