//! The conclusions from runs, each fact in one wording: what was faster and by how much, because of
//! what was measured; whether the results agree, and what else happened; and what to try next. The
//! advice of a sweep is worded in [`super::sweep`].

mod ceiling;
mod conclusion;
mod efficiency;
mod mode_result;
mod noise;
mod program;
mod progress;
mod rate_limits;
mod suggestion;

pub use conclusion::Conclusion;
pub use efficiency::efficiency_percent;
pub use suggestion::Suggestion;

use super::plural;
use super::rate_limit_hold::RateLimitHold;
use super::stats::{self, Agreement};
use crate::model::{
    ChangeReason, LimitChange, Mode, Nanos, Run, TaskId, TaskKind, TaskOutcome, Waves,
};
use conclusion::Clause;
pub use mode_result::workers_text;
use mode_result::{ModeResult, factor_text};
use noise::Noise;

/// The word in place of a speed-up that a rate limit makes meaningless.
pub const LIMITED: &str = "limited";

/// The minimum ratio of the speed-ups with and without a GIL at which the GIL makes no difference.
const MIN_GIL_RATIO: f64 = 0.9;

/// The reason why the pages of some lists are fetched one after another in every mode.
const CHAINED: &str = "threads cannot help here: the address of each page is in the page before";

/// The runs of one selection, as the basis of a conclusion.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'run> {
    /// The runs, in the order of their modes.
    pub runs: &'run [Run],
    /// The sequential time that speed-ups refer to.
    pub baseline: Option<Nanos>,
    /// The agreement of the results, once all runs have ended.
    pub agreement: Option<Agreement>,
    /// The number of cores of this machine, if known.
    pub cores: Option<u16>,
}

impl<'run> Verdict<'run> {
    /// Compares the runs with the sequential one among them.
    pub fn new(runs: &'run [Run], cores: Option<u16>) -> Self {
        let baseline = stats::sequential_time(runs);
        Self { runs, baseline, agreement: Agreement::of_runs(runs), cores }
    }

    /// Returns the conclusion. An incomplete run comes first. Returns `None` before a run has started.
    pub fn conclusion(&self) -> Option<Conclusion> {
        let mut started = self.runs.iter().filter(|run| run.has_started());
        let first = started.clone().next()?;
        if let Some(conclusion) = program::conclusion(first, Nanos::ZERO) {
            return Some(conclusion);
        }
        let incomplete = started.find(|run| !run.is_comparable());
        let mut clauses = match incomplete {
            Some(run) => vec![Clause::other(incomplete_text(run))],
            None => self.not_comparable_clauses().into_iter().chain(self.findings()).collect(),
        };
        if clauses.is_empty() {
            clauses.extend(self.runs.last().map(|run| Clause::other(completion_text(run))));
        }
        let noise = Noise::of_runs(self.runs).filter(|_| incomplete.is_none());
        if let Some(noise) = &noise {
            noise.qualify(&mut clauses);
        }
        let bug = self.disagreement_text().filter(|_| incomplete.is_none());
        clauses.splice(
            0..0,
            bug.map(Clause::other).into_iter().chain(ceiling::leading_clause(self.runs)),
        );
        let all_over = self.runs.iter().all(Run::is_over);
        let mut suggestions = if incomplete.is_none() && all_over {
            Suggestion::after(self.runs, noise.is_some())
        } else {
            Vec::new()
        };
        if self.is_chained() || self.runs.iter().any(|run| RateLimitHold::affects(run, Nanos::ZERO))
        {
            suggestions.retain(|one| !one.changes_workers());
        }
        Some(Conclusion { clauses, checks: self.checks(), suggestions, ..Conclusion::default() })
    }

    /// Returns `true` if the pages had to be fetched one after another.
    fn is_chained(&self) -> bool {
        self.runs.iter().any(|run| run.progress().is_chained())
    }

    /// Returns what was faster and why.
    fn findings(&self) -> Vec<Clause> {
        let results = self.runs.iter().filter_map(|run| {
            self.baseline.and_then(|baseline| ModeResult::of_run(run, self.runs, baseline))
        });
        let results: Vec<ModeResult<'_>> = results.collect();
        let of_mode = |mode| results.iter().copied().find(|result| result.mode == mode);
        let (gil, threads) = (of_mode(Mode::Gil), of_mode(Mode::Threads));
        let Some(first) = gil.or(threads).or(results.first().copied()) else { return Vec::new() };
        let mut clauses = match (gil, threads) {
            (Some(gil), Some(threads)) if is_unhindered(gil, threads) => {
                self.unhindered_clauses(gil, threads)
            }
            _ => self.contrast_clauses(first, threads),
        };
        let processes = of_mode(Mode::Processes).filter(|result| result.mode != first.mode);
        let is_list = clauses.last().is_some_and(Clause::is_figure);
        clauses.extend(processes.map(|processes| {
            let text = self.processes_text(first, processes);
            if is_list { Clause::more(text) } else { Clause::other(text) }
        }));
        let computes = first.run.plan().workload().is_computed() && clauses.len() > 2;
        let cores = self.core_count().filter(|_| computes);
        clauses.extend(
            cores.map(|cores| Clause::more(format!("on {}", plural::count(cores, "core")))),
        );
        clauses
    }

    /// The number of cores of the machine that the runs were on.
    fn core_count(&self) -> Option<u16> {
        let compute = self.runs.first()?.plan().work.compute();
        let simulated = compute.and_then(|compute| compute.simulation);
        simulated.map(|machine| machine.cores).or(self.cores)
    }

    /// Returns the speed-up of processes beside that of threads.
    fn processes_text(&self, threads: ModeResult<'_>, processes: ModeResult<'_>) -> String {
        let same = processes.workers == threads.workers;
        let subject = if same { "processes".to_owned() } else { processes.subject() };
        let cause = processes.cause(self.core_count()).filter(|_| !processes.is_gain());
        let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
        format!("{subject} {}{cause}", factor_text(processes.speed_up))
    }

    /// Returns the clauses about threads that are as fast with a GIL as without one.
    fn unhindered_clauses(&self, gil: ModeResult<'_>, threads: ModeResult<'_>) -> Vec<Clause> {
        let [with, without] = [gil, threads].map(|result| factor_text(result.speed_up));
        let also = if with == without {
            Clause::more("with or without a GIL".to_owned())
        } else {
            Clause::other(format!("{with} with a GIL"))
        };
        let head = format!("{} were {}", threads.subject(), threads.gain_text());
        let cause = gil.cause(self.core_count()).map(Clause::cause);
        [Clause::other(head)].into_iter().chain(cause).chain([also]).collect()
    }

    /// Returns the clauses about a mode, and about threads without a GIL if that is another.
    fn contrast_clauses(
        &self,
        first: ModeResult<'_>,
        threads: Option<ModeResult<'_>>,
    ) -> Vec<Clause> {
        let verb = if first.workers == 1 { "was" } else { "were" };
        let head = format!("{} {verb} {}", first.subject(), first.gain_text());
        let than = if self.runs.len() == 1 { " than sequential" } else { "" };
        let than = if first.gain_text().ends_with("faster") { than } else { "" };
        let cause = first.cause(self.core_count()).map(Clause::cause);
        let threads = threads.filter(|threads| threads.mode != first.mode).map(|threads| {
            let times = factor_text(threads.speed_up);
            Clause::figure(if threads.workers == first.workers {
                format!("without a GIL {times}")
            } else {
                format!("{} without a GIL {times}", threads.subject())
            })
        });
        [Clause::other(head + than)].into_iter().chain(cause).chain(threads).collect()
    }

    /// Returns whether the results agree, and what else happened.
    fn checks(&self) -> Vec<String> {
        let kind = self.runs.first().map(|run| run.plan().workload().kind());
        let failed = self.runs.iter().rfind(|run| run.is_over()).map(Run::failed_tasks);
        let failed = failed.filter(|&failed| failed > 0 && kind == Some(TaskKind::Command));
        let failed = failed.map(|failed| plural::count(failed, "command") + " failed");
        let agreement = self.agreement_text().filter(|_| kind != Some(TaskKind::Command));
        let mut checks: Vec<String> = agreement.into_iter().chain(failed).collect();
        checks.extend(self.is_chained().then(|| CHAINED.to_owned()));
        checks.extend(duplicates_text(self.runs));
        checks.extend(self.held_back_check());
        checks.extend(self.excess_check());
        checks.extend(ceiling::remark(self.runs));
        checks.extend(self.runs.iter().rev().find_map(limit_text));
        checks.extend(remarks(self.runs));
        checks
    }

    /// Returns that the modes computed different results, which is a bug.
    fn disagreement_text(&self) -> Option<String> {
        let spec = self.runs.first()?.plan().workload().spec();
        match self.agreement? {
            Agreement::Different { only_first, .. } if spec.kind == TaskKind::Computation => {
                let results = plural::count(only_first, spec.result);
                Some(format!(
                    "the modes disagree on {results}, a bug in threadline, please report it"
                ))
            }
            _ => None,
        }
    }

    /// Returns the agreement of the results, unless they differ because of a bug.
    fn agreement_text(&self) -> Option<String> {
        let first = self.runs.first()?;
        let spec = first.plan().workload().spec();
        let all = match self.runs.len() {
            2 => "both".to_owned(),
            modes => format!("all {modes} modes"),
        };
        let same = |items| match (items, spec.results) {
            (0, _) => format!("no {} in any mode", plural::noun(0_u64, spec.result)),
            (1, _) => format!("{all} got the same {}", spec.result),
            (items, _) => format!("{all} got the same {}", plural::count(items, spec.result)),
        };
        Some(match self.agreement? {
            // Only the sizes of the bodies are known.
            Agreement::Same { items } if first.progress().counts_bytes() => {
                format!("{all} got {}", plural::count(items, "byte"))
            }
            Agreement::Different { .. } if first.progress().counts_bytes() => {
                "the sizes of the bodies differ".to_owned()
            }
            Agreement::Same { items } => same(items),
            Agreement::Reordered { items } => same(items) + ", in a different order",
            Agreement::Different { .. } if spec.kind == TaskKind::Computation => return None,
            Agreement::Different { only_first, only_second } => {
                turnover_text(spec.result, only_first, only_second)
            }
            Agreement::Incomplete => "not compared: a run is incomplete".to_owned(),
        })
    }
}

/// Returns `true` if threads gain with a GIL nearly as much as without one.
fn is_unhindered(gil: ModeResult<'_>, threads: ModeResult<'_>) -> bool {
    gil.is_gain()
        && threads.is_gain()
        && gil.workers == threads.workers
        && gil.speed_up >= threads.speed_up * MIN_GIL_RATIO
}

/// Returns what a run without a comparison did: `127 followers fetched in 1.05 s by 5 threads`.
fn completion_text(run: &Run) -> String {
    let (plan, spec) = (run.plan(), run.plan().workload().spec());
    let items = match run.result_names() {
        Some([result, _]) => plural::count(run.progress().result_count(), result),
        None => plural::count(run.ended_tasks(), spec.task),
    };
    let time = run.duration().map_or_else(String::new, |time| format!(" in {time}"));
    let how = match plan.mode {
        Mode::Sequential => format!(", one {} after another", spec.task),
        _ => format!(" by {}", workers_text(plan, run.mean_workers(Nanos::ZERO).round() as u16)),
    };
    format!("{items} {}{time}{how}", spec.done)
}

/// Returns the changes of the list between two runs: `2 followers joined and 1 left between the runs`.
fn turnover_text(result: &str, left: u64, joined: u64) -> String {
    let results = |count| plural::count(count, result);
    let turnover = match (left, joined) {
        (left, 0) => format!("{} left", results(left)),
        (0, joined) => format!("{} joined", results(joined)),
        _ => format!("{} joined and {left} left", results(joined)),
    };
    format!("{turnover} between the runs")
}

/// Returns the number of duplicates removed, one number per run if the runs differ.
pub fn duplicates_text(runs: &[Run]) -> Option<String> {
    let mut counts: Vec<u64> = runs.iter().map(|run| run.progress().duplicate_count()).collect();
    counts.dedup();
    match counts.as_slice() {
        [] | [0] => None,
        [count] => Some(format!("{} removed", plural::count(*count, "duplicate"))),
        counts => {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            Some(format!("{} duplicates removed", counts.join(" and ")))
        }
    }
}

/// Returns the concurrency limit that a run with `auto` has found. It is worth using only once a queue
/// has shown that more would wait.
pub fn limit_text(run: &Run) -> Option<String> {
    let changes = run.limits().concurrency_changes();
    let last = changes.last().filter(|_| run.plan().auto)?;
    let is_queue = |change: &LimitChange| matches!(change.reason, ChangeReason::Queue { .. });
    let found = changes.iter().any(is_queue) && last.reason != ChangeReason::Probe;
    let advice = if found { format!(": use {}", last.to) } else { String::new() };
    Some(format!("{} in flight at the end{advice}", last.to))
}

/// Returns what else happened in the runs: retries, the end of the list, and what went wrong with
/// workers.
pub fn remarks(runs: &[Run]) -> impl Iterator<Item = String> {
    let retries = runs.iter().map(|run| u64::from(run.progress().retry_count())).sum::<u64>();
    let missing = runs.iter().map(|run| run.processes().missing_workers().len()).sum::<usize>();
    let again = (retries > 0).then(|| plural::was(retries, "request") + " retried");
    let missing =
        (missing > 0).then(|| format!("{} missing: a system limit", plural::is(missing, "worker")));
    let parts = [again, last_page_text(runs), lost_text(runs), missing];
    parts.into_iter().flatten()
}

/// Returns the number of pages that the API serves, if it does not serve all.
pub fn last_page_text(runs: &[Run]) -> Option<String> {
    let TaskId(last) = runs.iter().find_map(|run| run.progress().last_visible_page())?;
    Some(format!("the API serves at most {}", plural::count(last, "page")))
}

/// Returns the number of worker processes that died.
pub fn lost_text(runs: &[Run]) -> Option<String> {
    let lost = runs.iter().map(|run| u64::from(run.processes().deaths())).sum::<u64>();
    let tasks = if lost == 1 { "its task was" } else { "their tasks were" };
    (lost > 0).then(|| format!("{} died; {tasks} retried", plural::count(lost, "worker process")))
}

/// Returns the number of workers that a run with `auto` did not need.
pub fn spare_workers_text(count: usize) -> Option<String> {
    (count > 0).then(|| plural::was(count, "more worker") + " not needed")
}

/// Returns the number of waves in which equal pages fill the workers.
pub fn waves_text(waves: Waves) -> String {
    let Waves { tasks, workers, count, idle } = waves;
    let idle = match (idle, count) {
        (0, _) => "no lane idle".to_owned(),
        (idle, 1) => format!("{} idle", plural::count(idle, "lane")),
        (idle, _) => format!("{idle} idle in the last"),
    };
    format!("equal pages: ceil({tasks}/{workers}) = {}, {idle}", plural::count(count, "wave"))
}

/// Returns an incomplete run with the reason.
fn incomplete_text(run: &Run) -> String {
    let reason = if run.is_over() { incomplete_reason(run) } else { "still running".to_owned() };
    format!("{}: {reason}", run.plan().name())
}

/// Returns the reason why a run is incomplete.
pub fn incomplete_reason(run: &Run) -> String {
    let failed = |outcome: Option<&TaskOutcome>| matches!(outcome, Some(TaskOutcome::Failed(_)));
    let failures = run.tasks().iter().filter(|(_, record)| failed(record.outcome.as_ref())).count();
    let spec = run.plan().workload().spec();
    let (done, known) = (run.ended_tasks(), run.progress().known_tasks());
    let done = format!("{done} of {known} {} {}", spec.tasks, spec.done);
    match run.failure() {
        _ if !run.is_over() => format!("{done} so far"),
        Some(failure) if failures > 1 => {
            format!("{done}; {failures} failed, first error: {failure}")
        }
        Some(failure) => format!("{done}; {failure}"),
        None => format!("{done}, then stopped"),
    }
}

/// Returns what is missing from the first incomplete run, and the reason.
pub fn failure_summary(runs: &[Run]) -> Option<String> {
    let mut started = runs.iter().filter(|run| run.has_started());
    let run = started.find(|run| !run.is_complete())?;
    let nothing = runs.iter().all(|run| run.progress().done_tasks() == 0);
    let spec = run.plan().workload().spec();
    Some(match run.failure() {
        Some(failure) if nothing => failure.to_string(),
        None if nothing => format!("stopped before any {} was {}", spec.task, spec.done),
        _ => format!("{}: {}", run.plan().selection(), incomplete_reason(run)),
    })
}
