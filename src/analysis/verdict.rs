//! The conclusions from runs, each fact in one wording: what was faster and by how much, whether the
//! results agree, and what else happened. A conclusion is a list of clauses, joined by semicolons and
//! without a full stop, so that a screen can drop the last ones. The advice of a sweep is worded in
//! [`super::sweep`].

mod gil;

use super::plural;
use super::stats::{self, Agreement};
use super::sweep::WorkerTerms;
use crate::model::{Mode, Nanos, Run, TaskId, TaskKind, TaskOutcome, Waves};

/// The length of a conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For a screen, whose totals show times and speed-ups.
    Short,
    /// For a report.
    Long,
}

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

    /// Returns the conclusion. In the long form, an incomplete run comes first. Returns `None` if
    /// there is nothing to say.
    pub fn conclusion(&self, form: Form) -> Option<String> {
        let workload = self.runs.first()?.plan().workload();
        let mut started = self.runs.iter().filter(|run| run.has_started());
        let incomplete = started.find(|run| form == Form::Long && !run.is_comparable());
        let mut clauses: Vec<String> = match workload.kind() {
            _ if incomplete.is_some() => incomplete.map(incomplete_text).into_iter().collect(),
            TaskKind::Computation => {
                let differ = self.agreement.filter(Agreement::is_difference);
                let differ = differ.and_then(|_| self.agreement_text(form));
                differ.into_iter().chain(self.interpretation()).collect()
            }
            TaskKind::Command => {
                let failed = self.runs.iter().rfind(|run| run.is_over()).map(Run::failed_tasks);
                let failed = failed.filter(|&failed| failed > 0);
                let failed = failed.map(|failed| plural::count(failed, "command") + " failed");
                self.speed_up(form).into_iter().chain(failed).collect()
            }
            TaskKind::Page => {
                let times = self.speed_up(form).filter(|_| form == Form::Long);
                let parts = times.into_iter().chain(self.agreement_text(form));
                let parts: Vec<String> = parts.collect();
                // Modes that run alone have no run to agree with: under the GIL, and in processes.
                if parts.is_empty() { self.interpretation().into_iter().collect() } else { parts }
            }
        };
        if clauses.is_empty() && form == Form::Short {
            return None;
        }
        clauses.extend(duplicates_text(self.runs));
        clauses.extend(self.runs.iter().rev().find_map(limit_text));
        clauses.extend(remarks(self.runs));
        (!clauses.is_empty()).then(|| clauses.join("; "))
    }

    /// Returns the meaning of the speed-ups for the GIL and the cores.
    pub fn interpretation(&self) -> Option<String> {
        gil::interpretation(self.runs, self.baseline?, self.cores)
    }

    /// Returns the speed-up of the threads.
    fn speed_up(&self, form: Form) -> Option<String> {
        let is_threads = |run: &&Run| run.plan().mode == Mode::Threads && run.is_comparable();
        let run = self.runs.iter().find(is_threads)?;
        let (plan, times) = (run.plan(), stats::speed_up(self.baseline?, run.duration()?)?);
        let terms = WorkerTerms::for_run(plan.workload(), plan.mode);
        let workers = if plan.auto { plan.name() } else { terms.count_text(plan.workers) };
        Some(match form {
            Form::Short => format!("{workers}: {times:.2}x"),
            Form::Long => format!("{workers}: {}", times_text(times)),
        })
    }

    /// Returns the agreement of the results.
    pub fn agreement_text(&self, form: Form) -> Option<String> {
        let spec = self.runs.first()?.plan().workload().spec();
        let results = |count| plural::count(count, spec.result);
        let modes = self.runs.len();
        let both = if modes == 2 { "both".to_owned() } else { format!("all {modes} modes") };
        let ordered = |items, order| match form {
            Form::Short => format!("same {}, {order} order", results(items)),
            Form::Long => format!("the same {} in {both}, in {order} order", results(items)),
        };
        Some(match self.agreement? {
            Agreement::Same { items: 0 } => {
                format!("no {} in either", plural::noun(0, spec.result))
            }
            Agreement::Same { items } if spec.kind == TaskKind::Computation => {
                format!("the same {} in {both}", results(items))
            }
            Agreement::Same { items: 1 } => format!("the same {} in {both}", spec.result),
            Agreement::Same { items } if form == Form::Long => ordered(items, "the same"),
            Agreement::Same { items } => ordered(items, "same"),
            Agreement::Reordered { items } if form == Form::Long => ordered(items, "a different"),
            Agreement::Reordered { items } => ordered(items, "different"),
            Agreement::Different { only_first, only_second } => match spec.kind {
                TaskKind::Computation if form == Form::Long => format!(
                    "the modes disagree on {}; this is a bug in threadline, please report it",
                    results(only_first)
                ),
                TaskKind::Computation => format!("the modes disagree on {}", results(only_first)),
                _ => turnover_text(only_first, only_second),
            },
            Agreement::Incomplete => "not compared: a run is incomplete".to_owned(),
        })
    }
}

/// Returns a speed-up over the sequential run in words.
pub fn times_text(times: f64) -> String {
    format!("{times:.2} times as fast as sequential")
}

/// Returns the changes of the list between two runs: `2 followers joined and 1 left between the runs`.
fn turnover_text(left: u64, joined: u64) -> String {
    let followers = |count| plural::count(count, "follower");
    let turnover = match (left, joined) {
        (left, 0) => format!("{} left", followers(left)),
        (0, joined) => format!("{} joined", followers(joined)),
        _ => format!("{} joined and {left} left", followers(joined)),
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

/// Returns the concurrency limit that a run with `auto` has found.
pub fn limit_text(run: &Run) -> Option<String> {
    let limit = run.limits().concurrency().filter(|_| run.plan().auto)?;
    Some(format!("{limit} in flight at the end"))
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

/// Returns the number of waves in which equal pages fill the workers. The long form names the premise.
pub fn waves_text(waves: Waves, form: Form) -> String {
    let Waves { tasks, workers, count, idle } = waves;
    let idle = match (idle, count) {
        (0, _) => "no lane idle".to_owned(),
        (idle, 1) => format!("{} idle", plural::count(idle, "lane")),
        (idle, _) => format!("{idle} idle in the last"),
    };
    let premise = if form == Form::Long { "equal pages: " } else { "" };
    format!("{premise}ceil({tasks}/{workers}) = {}, {idle}", plural::count(count, "wave"))
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
        _ => format!("{}: {}", run.plan().mode, incomplete_reason(run)),
    })
}
