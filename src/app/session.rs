//! The runs of a session: the active run, the completed ones, and the choice of the next.

mod active_runs;
mod baselines;
mod quota_estimate;
mod session_log;
mod sweep;

use std::collections::BTreeMap;

use crate::analysis::stats::{self, Agreement};
use crate::analysis::{RateLimitHold, Sweep};
use crate::model::setup::{
    DEFAULT_COMPUTE_WORKERS, DEFAULT_WORKERS, MAX_AUTO_WORKERS, MAX_PROCESSES,
    MAX_WORKERS_WITH_QUOTA, max_workers,
};
use crate::model::{
    Event, EventKind, Failure, LogSink, Mode, ModeChoice, Nanos, PageAddressing, PagedList, Plan,
    PlannedRun, Run, RunId, RunOutcome, Selection, Setup, Simulation, Target, TaskKind, Workload,
};
use active_runs::ActiveRuns;
pub use baselines::Baseline;
use baselines::ExternalBaseline;
pub use quota_estimate::{QuotaEstimate, RequestCost};
pub(super) use session_log::Checkpoint;

/// The setup of a session and its runs.
#[derive(Debug)]
pub struct Session {
    setup: Setup,
    /// The number of pages, once a response has reported it.
    pages: Option<u32>,
    run_sets: BTreeMap<Selection, RunSet>,
    active: Option<ActiveRuns>,
    latest: Option<LatestRun>,
    /// The duration of the latest complete sequential run of each workload.
    sequential: BTreeMap<Workload, Nanos>,
    external_baseline: Option<ExternalBaseline>,
    /// The destination of the log, if the session is recorded.
    log: Option<Box<dyn LogSink>>,
}

/// The latest runs of a selection, in the order of its modes.
#[derive(Clone, Debug, Default)]
struct RunSet {
    runs: Vec<Run>,
    /// The agreement of the results once all runs have ended. Cached, because it is drawn in every
    /// frame.
    agreement: Option<Agreement>,
    /// The runs before these, as a baseline.
    earlier: Vec<Run>,
    /// The results of the trials so far, if the selection is a sweep. Only the latest trial is kept
    /// as a run.
    sweep: Option<Sweep>,
}

/// The run that ended most recently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LatestRun {
    selection: Selection,
    run: RunId,
}

impl Session {
    /// Creates a session without runs.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            pages: None,
            run_sets: BTreeMap::new(),
            active: None,
            latest: None,
            sequential: BTreeMap::new(),
            external_baseline: None,
            log: None,
        }
    }

    /// Sets the number of pages that the server is known to have.
    #[must_use]
    pub fn with_pages(self, pages: u32) -> Self {
        Self { pages: Some(pages), ..self }
    }

    /// Enables or disables simulation of CPU work. Previous runs of CPU work are dropped: real and
    /// simulated times must not be compared.
    pub fn set_simulation(&mut self, simulation: Option<Simulation>) {
        self.setup.compute.simulation = simulation;
        self.run_sets.retain(|selection, _| !selection.workload.is_computed());
        self.sequential.retain(|workload, _| !workload.is_computed());
    }

    /// Starts a selection and returns the plans of the runs that start now: the first, or all of a
    /// race at the same moment. Returns none if a run is active.
    pub fn start_selection(&mut self, selection: Selection) -> Vec<PlannedRun> {
        if self.active.is_some() {
            return Vec::new();
        }
        self.log_start(selection);
        self.keep_as_baseline(selection);
        self.start_first_runs(selection)
    }

    /// Applies an event to an active run. If the run has ended, returns the plan of the next one.
    pub fn apply(&mut self, run: RunId, event: &Event) -> Option<PlannedRun> {
        self.log_event(run, event);
        self.apply_unlogged(run, event)
    }

    /// Applies an event that the log has already.
    fn apply_unlogged(&mut self, run: RunId, event: &Event) -> Option<PlannedRun> {
        self.active_run_mut(run)?.apply(event);
        if let EventKind::TaskCountChanged { tasks } = event.kind {
            self.record_page_count(run, tasks);
        }
        if event.kind == EventKind::PagesChained {
            self.record_chain(run);
        }
        let EventKind::RunFinished { outcome, .. } = &event.kind else { return None };
        let active = self.active.take()?;
        let selection = active.selection;
        self.active = active.without(run);
        self.latest = Some(LatestRun { selection, run });
        self.record_results(selection, run);
        if selection.is_sweep() {
            return self.finish_trial(selection);
        }
        // If not even the number of pages was found, another mode would not find it either.
        let continues = *outcome == RunOutcome::Finished
            && self.task_count(selection.workload).is_some()
            && !self.is_chained(selection.workload)
            && !self.setup.is_simultaneous(selection);
        continues.then(|| self.start_run(selection, RunId(run.0 + 1))).flatten()
    }

    /// Returns `true` if a run of the active selection is followed by another one.
    pub(super) fn has_next_run(&self, run: RunId) -> bool {
        let Some(selection) = self.active() else { return false };
        if let Some(sweep) = self.sweep(selection) {
            return sweep.trials().len() + 1 < sweep.planned_trials();
        }
        let modes = self.setup.modes(selection).len();
        !self.setup.is_simultaneous(selection) && usize::from(run.0) + 1 < modes
    }

    /// Records the number of pages that a response of an active run reported, also for the following
    /// runs. Before the first response, the number is a guess.
    fn record_page_count(&mut self, run: RunId, tasks: u32) {
        let Some(selection) = self.active() else { return };
        let reported = self.run(selection, run).is_some_and(|run| run.progress().done_tasks() > 0);
        if !selection.workload.is_fetched() || !reported {
            return;
        }
        self.pages = Some(tasks.max(1));
        if !self.setup.is_simultaneous(selection) {
            self.plan_runs(selection, RunId(run.0 + 1));
        }
        self.resize_sweep(selection);
    }

    /// Records that the pages have to be fetched one after another. The runs that would follow in other
    /// modes are dropped: none could be faster.
    fn record_chain(&mut self, run: RunId) {
        let Some(selection) = self.active() else { return };
        if let Some(list) = self.setup.list.as_mut().filter(|list| !list.is_chained()) {
            list.addresses = PageAddressing::NextLinks;
        }
        if let Some(run_set) = self.run_sets.get_mut(&selection) {
            run_set.runs.truncate(usize::from(run.0) + 1);
        }
    }

    /// Returns `true` if the pages of the workload have to be fetched one after another.
    fn is_chained(&self, workload: Workload) -> bool {
        workload.is_fetched() && self.setup.list.as_ref().is_some_and(PagedList::is_chained)
    }

    /// Compares the runs that have ended, and keeps the page count and sequential time of a
    /// complete run.
    fn record_results(&mut self, selection: Selection, run: RunId) {
        let index = usize::from(run.0);
        let run_set = self.run_sets.entry(selection).or_default();
        run_set.agreement = Agreement::of_runs(&run_set.runs).or(run_set.agreement);
        let Some(run) = run_set.runs.get(index).filter(|run| run.is_comparable()) else { return };
        if selection.workload.is_fetched() {
            self.pages = Some(run.progress().known_tasks());
        }
        if let Some(took) = stats::baseline_time(run) {
            self.sequential.insert(selection.workload, took);
        }
    }

    /// Starts the first run of a selection, or all of a race at the same moment.
    fn start_first_runs(&mut self, selection: Selection) -> Vec<PlannedRun> {
        self.plan_runs(selection, RunId(0));
        let count = self.setup.first_run_count(selection);
        let runs = (0..).map(RunId).zip(self.runs(selection)).take(count);
        let started: Vec<PlannedRun> =
            runs.map(|(run, planned)| PlannedRun { run, plan: planned.plan().clone() }).collect();
        self.active = ActiveRuns::new(selection, started.iter().map(|one| one.run).collect());
        started
    }

    /// Discards the runs of a selection that were stopped because another one was chosen. The runs
    /// before them take their place, if there are any.
    pub fn discard_stopped(&mut self, selection: Selection) {
        // They may have finished before the stop reached them.
        if self.runs(selection).iter().all(Run::is_comparable) {
            return;
        }
        let Some(run_set) = self.run_sets.remove(&selection) else { return };
        if !run_set.earlier.is_empty() {
            let runs = run_set.earlier;
            let agreement = Agreement::of_runs(&runs);
            self.run_sets.insert(selection, RunSet { runs, agreement, ..RunSet::default() });
        }
    }

    fn start_run(&mut self, selection: Selection, run: RunId) -> Option<PlannedRun> {
        self.plan_runs(selection, run);
        let plan = self.run(selection, run)?.plan().clone();
        self.active = ActiveRuns::new(selection, vec![run]);
        Some(PlannedRun { run, plan })
    }

    /// Plans the runs of the selection from `first` on, so that their lanes are shown before they
    /// start.
    fn plan_runs(&mut self, selection: Selection, first: RunId) {
        let index = usize::from(first.0);
        let trial = self.next_trial(selection);
        let modes = self.setup.modes(selection).iter().enumerate().skip(index);
        let plans: Vec<Plan> = modes
            .filter_map(|(index, &mode)| {
                let plan = self.plan(selection.workload, mode, trial)?;
                Some(Plan { quota_check: self.quota_check(selection, index).map(Box::new), ..plan })
            })
            .collect();
        let runs = &mut self.run_sets.entry(selection).or_default().runs;
        runs.truncate(index);
        runs.extend(plans.into_iter().map(Run::new));
    }

    /// Plans a run; `trial` is the number of workers of a sweep's trial.
    fn plan(&self, workload: Workload, mode: Mode, trial: Option<u16>) -> Option<Plan> {
        let auto = self.max_auto_workers(workload, mode);
        let workers = match mode {
            Mode::Sequential => 1,
            Mode::Threads | Mode::Gil => self.worker_count(workload),
            Mode::Processes => self.worker_count(workload).min(MAX_PROCESSES),
        };
        let workers = trial.or(auto).unwrap_or(workers);
        let work = self.setup.work(workload)?;
        let tasks = self.task_count(workload).filter(|_| !self.is_chained(workload));
        let tasks = tasks.unwrap_or_else(|| {
            let is_chosen = trial.is_some() || self.setup.workers.is_some();
            self.first_wave(workload, workers, is_chosen)
        });
        let plan = Plan::new(work, mode, workers, tasks);
        Some(Plan { auto: auto.is_some(), ..plan })
    }

    /// The number of pages to request before the number of pages is known: one per worker, but only
    /// the first page if the others might be wasted. That is so without a token, where a quota is
    /// small, and if the user did not choose the number of workers; and for a list, whose other
    /// addresses the first page has.
    fn first_wave(&self, workload: Workload, workers: u16, is_chosen: bool) -> u32 {
        if self.setup.list.is_some() {
            return 1;
        }
        let is_costly = self.setup.costs_quota(workload);
        match (is_costly, self.setup.has_token && is_chosen) {
            (true, false) => 1,
            (true, true) => workers.into(),
            (false, _) if is_chosen => workers.into(),
            (false, _) => workers.min(DEFAULT_WORKERS).into(),
        }
    }

    /// The setup of the session.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The target of the requests, if followers can be fetched.
    pub const fn target(&self) -> Option<&Target> {
        self.setup.target.as_ref()
    }

    /// The number of tasks of a workload, once known.
    pub fn task_count(&self, workload: Workload) -> Option<u32> {
        match workload.kind() {
            TaskKind::Page => self.pages,
            TaskKind::Computation => Some(self.setup.tasks),
            TaskKind::Command => u32::try_from(self.setup.commands.len()).ok(),
            TaskKind::Thread => None,
        }
    }

    /// The latest runs of the selection in the order of its modes. Empty if it has not run yet.
    pub fn runs(&self, selection: Selection) -> &[Run] {
        self.run_sets.get(&selection).map_or(&[], |run_set| run_set.runs.as_slice())
    }

    /// The runs of every selection that has run.
    pub fn all_runs(&self) -> impl Iterator<Item = &Run> {
        self.run_sets.values().flat_map(|run_set| &run_set.runs)
    }

    /// The run that ended most recently.
    pub fn latest_run(&self) -> Option<&Run> {
        self.latest.and_then(|latest| self.run(latest.selection, latest.run))
    }

    /// The selection that ran most recently.
    pub fn latest_selection(&self) -> Option<Selection> {
        self.latest.map(|latest| latest.selection)
    }

    /// The runs of the selection that ran most recently.
    pub fn latest_runs(&self) -> &[Run] {
        self.latest_selection().map_or(&[], |selection| self.runs(selection))
    }

    /// The failure of the selection's runs.
    pub fn failure(&self, selection: Selection) -> Option<&Failure> {
        self.runs(selection).iter().find_map(Run::failure)
    }

    /// The number of workers of the workload's next parallel run.
    pub fn worker_count(&self, workload: Workload) -> u16 {
        self.setup.workers.unwrap_or_else(|| {
            if workload.is_computed() {
                return DEFAULT_COMPUTE_WORKERS;
            }
            let tasks = self.task_count(workload).unwrap_or(u32::from(DEFAULT_WORKERS));
            DEFAULT_WORKERS.min(u16::try_from(tasks).unwrap_or(u16::MAX)).max(1)
        })
    }

    /// Returns `true` if that number is final: set by the user or derived from a known task count.
    pub fn is_worker_count_known(&self, workload: Workload) -> bool {
        self.setup.workers.is_some() || self.task_count(workload).is_some()
    }

    /// Changes the number of workers of the next parallel run, within the server's limits. In
    /// `auto` mode, the change starts from the latest number found, and ends that mode.
    pub fn change_workers(&mut self, workload: Workload, by: i32) {
        let found = self.is_auto(workload).then(|| self.latest_auto_workers(workload)).flatten();
        let workers = i32::from(found.unwrap_or_else(|| self.worker_count(workload)));
        let workers = workers.saturating_add(by);
        self.setup.auto &= !workload.is_fetched();
        let max = max_workers(self.setup.costs_quota(workload));
        self.setup.workers = u16::try_from(workers.clamp(1, i32::from(max))).ok();
    }

    /// Returns `true` if the workload's next parallel run finds its number of workers itself. That
    /// needs a server whose queueing can be observed, so only pages qualify.
    pub fn is_auto(&self, workload: Workload) -> bool {
        self.setup.auto && workload.is_fetched()
    }

    /// The maximum number of workers of an `auto` run in this mode, at most one per page. `None` if
    /// the run is not `auto`.
    fn max_auto_workers(&self, workload: Workload, mode: Mode) -> Option<u16> {
        if !self.is_auto(workload) || mode == Mode::Sequential {
            return None;
        }
        let costs = self.setup.costs_quota(workload);
        let max = if costs { MAX_WORKERS_WITH_QUOTA } else { MAX_AUTO_WORKERS };
        let tasks = self.task_count(workload).unwrap_or(max.into());
        Some(max.min(u16::try_from(tasks).unwrap_or(u16::MAX)).max(1))
    }

    /// The number of workers that the latest `auto` run found.
    fn latest_auto_workers(&self, workload: Workload) -> Option<u16> {
        let active = self.active_runs().map(|(_, run)| run);
        let run = active.chain(self.latest_run()).find(|run| {
            let plan = run.plan();
            plan.auto && plan.workload() == workload
        });
        run.and_then(|run| run.limits().concurrency())
    }

    /// The sequential time that speed-ups of the selection refer to.
    pub fn baseline_time(&self, selection: Selection) -> Option<Nanos> {
        match selection.choice {
            ModeChoice::Race => stats::sequential_time(self.runs(selection)),
            ModeChoice::Sweep => {
                let points = self.sweep(selection)?.points().iter();
                points.filter(|point| point.workers == 1).map(|point| point.median).next()
            }
            ModeChoice::Only(_) => self.sequential.get(&selection.workload).copied(),
        }
    }

    /// The speed-up of a run of the selection over the sequential run. While the run is active, it
    /// is estimated from the rate of the tasks completed so far.
    pub fn speed_up(&self, selection: Selection, run: &Run, now: Nanos) -> Option<f64> {
        stats::speed_up_so_far(run, self.baseline_time(selection)?, now)
    }

    /// The minimum speed-up of a complete run whose sequential run started at the same moment and has
    /// not ended yet.
    pub fn least_speed_up(&self, selection: Selection, run: &Run, now: Nanos) -> Option<f64> {
        let mut active = self.active_runs_of(selection);
        let sequential = active.find(|run| run.plan().mode == Mode::Sequential)?;
        let took = run.duration().filter(|_| run.is_comparable())?;
        let is_limited = [sequential, run].iter().any(|run| RateLimitHold::affects(run, now));
        let least = stats::speed_up(sequential.elapsed(now), took).filter(|_| !is_limited);
        least.filter(|&times| times > 1.0 && self.setup.is_simultaneous(selection))
    }

    /// The agreement of the results of the selection's runs, once all have ended.
    pub fn agreement(&self, selection: Selection) -> Option<Agreement> {
        self.run_sets.get(&selection)?.agreement
    }
}
