//! The runs of this sitting: what is to run next, what ran, and how they compare.

mod auto;
mod bill;
mod figures;
mod journal;
mod rivals;
mod setup;
mod stage;
mod sweep;

use std::collections::BTreeMap;

use crate::model::stats::Agreement;
use crate::model::{
    End, Event, Failure, Kind, Mode, Nanos, Plan, Run, Selection, Simulation, Sweep, Target,
    Workload,
};
pub use bill::Bill;
use journal::Journal;
pub use journal::{Begun, Entry, Tape};
use rivals::Given;
pub use rivals::Rival;
pub use setup::{
    DEFAULT_COMPUTE_TASKS, DEFAULT_COMPUTE_WORKERS, DEFAULT_WORKERS, MOST_AUTO, MOST_PROCESSES,
    MOST_WORKERS, MOST_WORKERS_ON_QUOTA, Setup, most_workers,
};
pub use sweep::{MOST_COUNTS, MOST_REPEATS, SweepSetup};

/// The runs of this sitting.
#[derive(Debug)]
pub struct Session {
    setup: Setup,
    profile: Option<Run>,
    /// How many pages there are: by the profile's count, and once a run was whole, as it found.
    pages: Option<u32>,
    bouts: BTreeMap<Selection, Bout>,
    active: Option<Active>,
    latest: Option<Latest>,
    /// Whether what goes on may cost what it costs: that was known when it was begun, or agreed to.
    agreed: bool,
    /// How long each workload took one task after another, when that was last done.
    sequential: BTreeMap<Workload, Nanos>,
    given: Option<Given>,
    journal: Journal,
}

/// A selection's last runs, in the order of its modes.
#[derive(Clone, Debug, Default)]
struct Bout {
    runs: Vec<Run>,
    /// Whether all runs brought the same, once they are over: not reckoned for every frame.
    agreement: Option<Agreement>,
    /// Those before, to compare with.
    earlier: Vec<Run>,
    /// What the trials so far came to, where the selection is a sweep: it keeps the last run only.
    sweep: Option<Sweep>,
}

/// The run that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Active {
    /// The preparing request, and what is to follow.
    Profile(Selection),
    /// A selection's run, by its place among the selection's modes.
    Run(Selection, usize),
}

/// The run that ended last.
type Latest = Active;

impl Session {
    /// A sitting in which nothing has run yet.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            profile: None,
            pages: None,
            bouts: BTreeMap::new(),
            active: None,
            latest: None,
            agreed: false,
            sequential: BTreeMap::new(),
            given: None,
            journal: Journal::default(),
        }
    }

    /// Has what is computed simulated from now on, or really run. What was computed so far is
    /// forgotten: it is not to be measured against what comes.
    pub fn simulate(&mut self, simulation: Option<Simulation>) {
        self.setup.compute.simulation = simulation;
        self.bouts.retain(|selection, _| !selection.workload.is_computed());
        self.sequential.retain(|workload, _| !workload.is_computed());
    }

    /// Begins a selection, unless something runs: returns what to start first. Where requests cost
    /// quota, what is left of it is asked each time.
    pub fn begin(&mut self, selection: Selection) -> Option<Plan> {
        if self.active.is_some() {
            return None;
        }
        self.note_begun(selection);
        self.set_aside(selection);
        let known = self.tasks(selection.workload).is_some();
        self.agreed = known || self.setup.sweep.agreed;
        if known && !self.setup.costs_quota(selection.workload) {
            return self.begin_run(selection, 0);
        }
        if known {
            self.lay_out(selection, 0);
        }
        let plan = self.plan(Workload::Profile, Mode::Sequential, 1)?;
        self.profile = Some(Run::new(plan.clone()));
        self.active = Some(Active::Profile(selection));
        Some(plan)
    }

    /// Adds what happened in the run that goes on. When it is over, returns what to start next.
    pub fn apply(&mut self, event: &Event) -> Option<Plan> {
        self.note_event(event);
        let event = self.judged(event);
        self.active_run_mut()?.apply(&event);
        if let (Kind::Queued { tasks }, Some(Active::Run(selection, index))) =
            (&event.kind, self.active)
        {
            // The list decides, as soon as it tells; the runs to come know it, too.
            if selection.workload == Workload::Followers {
                self.pages = Some((*tasks).max(1));
            }
            self.lay_out(selection, index + 1);
        }
        let Kind::RunFinished { end } = &event.kind else { return None };
        let over = self.active.take()?;
        self.latest = Some(over);
        // A stop that came after the answer is still a stop.
        let finished = *end == End::Finished;
        match over {
            Active::Profile(selection) => {
                let counted = self.pages_by_profile().filter(|_| *end != End::Stopped);
                self.pages = counted.or(self.pages);
                let goes_on = finished && counted.is_some() && !self.asks(selection);
                goes_on.then(|| self.begin_run(selection, 0)).flatten()
            }
            Active::Run(selection, index) => {
                self.learn(selection, index);
                if selection.is_sweep() {
                    return self.after_trial(selection);
                }
                finished.then(|| self.begin_run(selection, index + 1)).flatten()
            }
        }
    }

    /// Compares what is over, and takes from a whole run what later ones build on.
    fn learn(&mut self, selection: Selection, index: usize) {
        let bout = self.bouts.entry(selection).or_default();
        if let [first, others @ ..] = bout.runs.as_slice()
            && others.last().is_some_and(Run::is_over)
        {
            bout.agreement = Agreement::of_all(first, others);
        }
        let Some(run) = bout.runs.get(index).filter(|run| run.is_comparable()) else { return };
        if selection.workload == Workload::Followers {
            self.pages = Some(run.known_tasks());
        }
        if let (Mode::Sequential, Some(took)) = (run.plan().mode, run.took()) {
            self.sequential.insert(selection.workload, took);
        }
    }

    fn begin_run(&mut self, selection: Selection, index: usize) -> Option<Plan> {
        self.lay_out(selection, index);
        let plan = self.runs(selection).get(index)?.plan().clone();
        self.active = Some(Active::Run(selection, index));
        Some(plan)
    }

    /// Gives every run of the selection from this one on its lanes, so that each has its row before
    /// it begins.
    fn lay_out(&mut self, selection: Selection, index: usize) {
        let modes = selection.modes().iter().skip(index);
        let tasks = self.tasks(selection.workload).unwrap_or(1);
        let mut plans: Vec<Plan> =
            modes.filter_map(|&mode| self.plan(selection.workload, mode, tasks)).collect();
        if let Some(workers) = self.next_trial(selection) {
            for plan in &mut plans {
                plan.workers = workers;
            }
        }
        let runs = &mut self.bouts.entry(selection).or_default().runs;
        runs.truncate(index);
        runs.extend(plans.into_iter().map(Run::new));
    }

    fn plan(&self, workload: Workload, mode: Mode, tasks: u32) -> Option<Plan> {
        let auto = self.most_by_auto(workload, mode);
        let workers = match mode {
            Mode::Sequential => 1,
            Mode::Threads | Mode::Gil => self.workers(workload),
            Mode::Processes => self.workers(workload).min(MOST_PROCESSES),
        };
        let workers = auto.unwrap_or(workers);
        let work = self.setup.work(workload)?;
        let plan = Plan::new(work, mode, workers, tasks);
        Some(Plan { queue: self.setup.queue, auto: auto.is_some(), ..plan })
    }

    fn active_run_mut(&mut self) -> Option<&mut Run> {
        match self.active? {
            Active::Profile(_) => self.profile.as_mut(),
            Active::Run(selection, index) => self.bouts.get_mut(&selection)?.runs.get_mut(index),
        }
    }

    /// What this sitting has to run.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Whose followers, and where, if there are any to fetch.
    pub const fn target(&self) -> Option<&Target> {
        self.setup.target.as_ref()
    }

    /// How many tasks a workload has, once that is known.
    pub fn tasks(&self, workload: Workload) -> Option<u32> {
        match workload {
            Workload::Profile => Some(1),
            Workload::Followers => self.pages,
            Workload::Cpu | Workload::Native | Workload::Mixed => Some(self.setup.tasks),
            Workload::Commands => u32::try_from(self.setup.commands.len()).ok(),
        }
    }

    /// The selection's last runs, in the order of its modes; none before it has run.
    pub fn runs(&self, selection: Selection) -> &[Run] {
        self.bouts.get(&selection).map_or(&[], |bout| bout.runs.as_slice())
    }

    /// The runs of every selection that has run.
    pub fn all_runs(&self) -> impl Iterator<Item = &Run> {
        self.bouts.values().flat_map(|bout| &bout.runs)
    }

    /// The preparing request, once it has been made.
    pub const fn profile(&self) -> Option<&Run> {
        self.profile.as_ref()
    }

    /// The selection that runs now.
    pub const fn active(&self) -> Option<Selection> {
        match self.active {
            Some(Active::Profile(selection) | Active::Run(selection, _)) => Some(selection),
            None => None,
        }
    }

    /// The run that goes on.
    pub fn active_run(&self) -> Option<&Run> {
        self.active.and_then(|active| self.run(active))
    }

    /// The run that ended last.
    pub fn latest_run(&self) -> Option<&Run> {
        self.latest.and_then(|latest| self.run(latest))
    }

    /// The runs of the selection that ran last; of the preparing request where that was all.
    pub fn latest_runs(&self) -> &[Run] {
        match self.latest {
            Some(Active::Profile(_)) => self.profile.as_slice(),
            Some(Active::Run(selection, _)) => self.runs(selection),
            None => &[],
        }
    }

    fn run(&self, which: Active) -> Option<&Run> {
        match which {
            Active::Profile(_) => self.profile.as_ref(),
            Active::Run(selection, index) => self.runs(selection).get(index),
        }
    }

    /// Why the selection has failed, in the words for a person.
    pub fn failure(&self, selection: Selection) -> Option<&Failure> {
        let mut runs = self.runs(selection).iter();
        // The quota may be too small for one selection, and do for another.
        let prepared = match self.tasks(selection.workload) {
            None => true,
            Some(_) => self.latest == Some(Active::Profile(selection)),
        };
        let profile = self.profile.as_ref().filter(|_| prepared);
        runs.find_map(Run::failure).or_else(|| profile?.failure())
    }

    /// How many workers a workload's next run has where it has several.
    pub fn workers(&self, workload: Workload) -> u16 {
        self.setup.workers.unwrap_or_else(|| {
            if workload.is_computed() {
                return DEFAULT_COMPUTE_WORKERS;
            }
            let tasks = self.tasks(workload).unwrap_or(u32::from(DEFAULT_WORKERS));
            DEFAULT_WORKERS.min(u16::try_from(tasks).unwrap_or(u16::MAX)).max(1)
        })
    }

    /// Whether that number is settled, by a person or by the number of tasks.
    pub fn knows_workers(&self, workload: Workload) -> bool {
        self.setup.workers.is_some() || self.tasks(workload).is_some()
    }

    /// Fewer or more workers for the next run that has several, within what the server allows; from
    /// where that stands, if it was to be found.
    pub fn change_workers(&mut self, workload: Workload, by: i32) {
        let found = self.is_auto(workload).then(|| self.found(workload)).flatten();
        let workers = i32::from(found.unwrap_or_else(|| self.workers(workload)));
        let workers = workers.saturating_add(by);
        self.setup.auto &= workload != Workload::Followers;
        let most = most_workers(self.setup.costs_quota(workload));
        self.setup.workers = u16::try_from(workers.clamp(1, i32::from(most))).ok();
    }
}
