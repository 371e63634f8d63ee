//! The runs of a session: the active run, the completed ones, and the choice of the next.

mod auto_workers;
mod baseline;
mod checkpoint;
mod quota_estimate;
mod session_log;
mod speed_up;
mod stage;
mod sweep;

use std::collections::BTreeMap;

use crate::analysis::Sweep;
use crate::analysis::baseline::baseline_time;
use crate::analysis::stats::Agreement;
use crate::model::setup::{DEFAULT_COMPUTE_WORKERS, DEFAULT_WORKERS, MAX_PROCESSES, max_workers};
use crate::model::{
    Event, EventKind, Failure, LogSink, Mode, Nanos, Plan, Run, RunOutcome, Selection, Setup,
    Simulation, Target, TaskKind, Workload,
};
pub use baseline::Baseline;
use baseline::ExternalBaseline;
pub(super) use checkpoint::Checkpoint;
pub use quota_estimate::QuotaEstimate;

/// The setup of a session and its runs.
#[derive(Debug)]
pub struct Session {
    setup: Setup,
    profile: Option<Run>,
    /// The number of pages: estimated from the profile's count at first, then as counted by a
    /// complete run.
    pages: Option<u32>,
    run_sets: BTreeMap<Selection, RunSet>,
    active: Option<ActiveRun>,
    latest: Option<LatestRun>,
    /// The quota cost of the active selection was known when it started, or was confirmed.
    cost_accepted: bool,
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

/// The active run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ActiveRun {
    /// The profile request, and the selection that follows it.
    Profile(Selection),
    /// A run of a selection, by its index among the selection's modes.
    Run(Selection, usize),
}

/// The run that ended most recently.
type LatestRun = ActiveRun;

impl Session {
    /// Creates a session without runs.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            profile: None,
            pages: None,
            run_sets: BTreeMap::new(),
            active: None,
            latest: None,
            cost_accepted: false,
            sequential: BTreeMap::new(),
            external_baseline: None,
            log: None,
        }
    }

    /// Enables or disables simulation of CPU work. Previous runs of CPU work are dropped: real and
    /// simulated times must not be compared.
    pub fn set_simulation(&mut self, simulation: Option<Simulation>) {
        self.setup.compute.simulation = simulation;
        self.run_sets.retain(|selection, _| !selection.workload.is_computed());
        self.sequential.retain(|workload, _| !workload.is_computed());
    }

    /// Starts a selection and returns the plan of its first run, or `None` if a run is active. If
    /// requests cost quota, every start begins with a profile request that reports what is left.
    pub fn start_selection(&mut self, selection: Selection) -> Option<Plan> {
        if self.active.is_some() {
            return None;
        }
        self.log_start(selection);
        self.keep_as_baseline(selection);
        let known = self.task_count(selection.workload).is_some();
        self.cost_accepted = known || self.setup.agreed;
        if known && !self.setup.costs_quota(selection.workload) {
            return self.start_run(selection, 0);
        }
        if known {
            self.plan_runs(selection, 0);
        }
        let plan = self.plan(Workload::Profile, Mode::Sequential, 1)?;
        self.profile = Some(Run::new(plan.clone()));
        self.active = Some(ActiveRun::Profile(selection));
        Some(plan)
    }

    /// Applies an event to the active run. If the run has ended, returns the plan of the next one.
    pub fn apply(&mut self, event: &Event) -> Option<Plan> {
        self.log_event(event);
        self.apply_unlogged(event)
    }

    /// Applies an event that the log has already.
    fn apply_unlogged(&mut self, event: &Event) -> Option<Plan> {
        let event = self.with_quota_check(event);
        self.active_run_mut()?.apply(&event);
        if let (EventKind::TaskCountChanged { tasks }, Some(ActiveRun::Run(selection, index))) =
            (&event.kind, self.active)
        {
            // The list's page count overrides the profile's, also for the following runs.
            if selection.workload.is_fetched() {
                self.pages = Some((*tasks).max(1));
            }
            self.plan_runs(selection, index + 1);
        }
        let EventKind::RunFinished { outcome } = &event.kind else { return None };
        let ended = self.active.take()?;
        self.latest = Some(ended);
        // A stop also counts if it arrived after the profile's response.
        let finished = *outcome == RunOutcome::Finished;
        match ended {
            ActiveRun::Profile(selection) => {
                let counted = self.profile_page_count().filter(|_| *outcome != RunOutcome::Stopped);
                self.pages = counted.or(self.pages);
                let continues =
                    finished && counted.is_some() && !self.awaits_confirmation(selection);
                continues.then(|| self.start_run(selection, 0)).flatten()
            }
            ActiveRun::Run(selection, index) => {
                self.record_results(selection, index);
                if selection.is_sweep() {
                    return self.finish_trial(selection);
                }
                finished.then(|| self.start_run(selection, index + 1)).flatten()
            }
        }
    }

    /// Compares the runs that have ended, and keeps the page count and sequential time of a
    /// complete run.
    fn record_results(&mut self, selection: Selection, index: usize) {
        let run_set = self.run_sets.entry(selection).or_default();
        run_set.agreement = Agreement::of_runs(&run_set.runs).or(run_set.agreement);
        let Some(run) = run_set.runs.get(index).filter(|run| run.is_comparable()) else { return };
        if selection.workload.is_fetched() {
            self.pages = Some(run.known_tasks());
        }
        if let Some(took) = baseline_time(run) {
            self.sequential.insert(selection.workload, took);
        }
    }

    fn start_run(&mut self, selection: Selection, index: usize) -> Option<Plan> {
        self.plan_runs(selection, index);
        let plan = self.runs(selection).get(index)?.plan().clone();
        self.active = Some(ActiveRun::Run(selection, index));
        Some(plan)
    }

    /// Plans the runs of the selection from `index` on, so that their lanes are shown before they
    /// start.
    fn plan_runs(&mut self, selection: Selection, index: usize) {
        let modes = selection.modes().iter().skip(index);
        let tasks = self.task_count(selection.workload).unwrap_or(1);
        let mut plans: Vec<Plan> =
            modes.filter_map(|&mode| self.plan(selection.workload, mode, tasks)).collect();
        if let Some(workers) = self.next_trial(selection) {
            for plan in &mut plans {
                plan.workers = workers;
            }
        }
        let runs = &mut self.run_sets.entry(selection).or_default().runs;
        runs.truncate(index);
        runs.extend(plans.into_iter().map(Run::new));
    }

    fn plan(&self, workload: Workload, mode: Mode, tasks: u32) -> Option<Plan> {
        let auto = self.max_auto_workers(workload, mode);
        let workers = match mode {
            Mode::Sequential => 1,
            Mode::Threads | Mode::Gil => self.worker_count(workload),
            Mode::Processes => self.worker_count(workload).min(MAX_PROCESSES),
        };
        let workers = auto.unwrap_or(workers);
        let work = self.setup.work(workload)?;
        let plan = Plan::new(work, mode, workers, tasks);
        Some(Plan { auto: auto.is_some(), ..plan })
    }

    fn active_run_mut(&mut self) -> Option<&mut Run> {
        match self.active? {
            ActiveRun::Profile(_) => self.profile.as_mut(),
            ActiveRun::Run(selection, index) => {
                self.run_sets.get_mut(&selection)?.runs.get_mut(index)
            }
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
            TaskKind::Profile => Some(1),
            TaskKind::Page => self.pages,
            TaskKind::Computation => Some(self.setup.tasks),
            TaskKind::Command => u32::try_from(self.setup.commands.len()).ok(),
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

    /// The run of the profile request, once started.
    pub const fn profile(&self) -> Option<&Run> {
        self.profile.as_ref()
    }

    /// The active selection.
    pub const fn active(&self) -> Option<Selection> {
        match self.active {
            Some(ActiveRun::Profile(selection) | ActiveRun::Run(selection, _)) => Some(selection),
            None => None,
        }
    }

    /// The active run.
    pub fn active_run(&self) -> Option<&Run> {
        self.active.and_then(|active| self.run(active))
    }

    /// The run that ended most recently.
    pub fn latest_run(&self) -> Option<&Run> {
        self.latest.and_then(|latest| self.run(latest))
    }

    /// The runs of the selection that ran most recently, or the profile request if no run followed
    /// it.
    pub fn latest_runs(&self) -> &[Run] {
        match self.latest {
            Some(ActiveRun::Profile(_)) => self.profile.as_slice(),
            Some(ActiveRun::Run(selection, _)) => self.runs(selection),
            None => &[],
        }
    }

    fn run(&self, which: ActiveRun) -> Option<&Run> {
        match which {
            ActiveRun::Profile(_) => self.profile.as_ref(),
            ActiveRun::Run(selection, index) => self.runs(selection).get(index),
        }
    }

    /// The failure of the selection's runs or of its profile request.
    pub fn failure(&self, selection: Selection) -> Option<&Failure> {
        let mut runs = self.runs(selection).iter();
        // The quota may be too small for one selection but sufficient for another.
        let prepared = match self.task_count(selection.workload) {
            None => true,
            Some(_) => self.latest == Some(ActiveRun::Profile(selection)),
        };
        let profile = self.profile.as_ref().filter(|_| prepared);
        runs.find_map(Run::failure).or_else(|| profile?.failure())
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
}
