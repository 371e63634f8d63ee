//! The runs of this sitting: what is to run next, what ran, and how they compare.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::plan::MOST_TASKS;
use crate::model::stats::{self, Agreement};
use crate::model::time::time_of_day;
use crate::model::{
    Choice, Compute, End, Event, Failure, FailureKind, Kind, Mode, Nanos, Plan, Quota, Run,
    Selection, Target, Work, Workload,
};

/// Workers, when a person does not say how many: as many as there are pages, up to this.
pub const DEFAULT_WORKERS: u16 = 8;

/// Workers for CPU work, when a person does not say how many.
pub const DEFAULT_COMPUTE_WORKERS: u16 = 4;

/// Tasks of CPU work, when a person does not say how many.
pub const DEFAULT_COMPUTE_TASKS: u32 = 8;

/// GitHub allows no more requests at once:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
pub const MOST_WORKERS_ON_QUOTA: u16 = 100;

/// On this machine, where only threads are spent.
pub const MOST_WORKERS: u16 = 1000;

/// Each takes some megabytes.
pub const MOST_PROCESSES: u16 = 100;

/// What a sitting has to run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Whose followers, where there are followers to fetch.
    pub target: Option<Target>,
    /// What a task of CPU work is.
    pub compute: Compute,
    /// How many there are of these.
    pub tasks: u32,
    /// A person's commands, where that is what the sitting is about.
    pub commands: Arc<[String]>,
    /// How many workers, where a person said so.
    pub workers: Option<u16>,
    /// How many tasks the queue holds at most; nothing for no bound.
    pub queue: Option<u32>,
    /// Whether a selection is begun even if the quota is too small for it.
    pub force: bool,
}

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
    /// How long each workload took one task after another, when that was last done.
    sequential: BTreeMap<Workload, Nanos>,
}

/// A selection's last runs, in the order of its modes.
#[derive(Clone, Debug, Default)]
struct Bout {
    runs: Vec<Run>,
    /// Whether all runs brought the same, once they are over: not reckoned for every frame.
    agreement: Option<Agreement>,
}

/// What a selection takes of somebody's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// How many requests.
    pub requests: u64,
    /// What there is.
    pub quota: Quota,
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

impl Setup {
    /// Followers, and CPU work beside them. Without a number of workers, each run takes as many as
    /// there are pages, up to [`DEFAULT_WORKERS`].
    pub fn followers(target: Target, workers: Option<u16>) -> Self {
        Self {
            target: Some(target),
            compute: Compute::default(),
            tasks: DEFAULT_COMPUTE_TASKS,
            commands: Arc::default(),
            workers,
            queue: None,
            force: false,
        }
    }

    /// Nothing but these commands, so many side by side.
    pub fn commands(commands: Arc<[String]>, workers: u16) -> Self {
        Self {
            target: None,
            compute: Compute::default(),
            tasks: 0,
            commands,
            workers: Some(workers),
            queue: None,
            force: false,
        }
    }

    /// What there is to choose from, in the order of the key.
    pub fn workloads(&self) -> &'static [Workload] {
        if self.commands.is_empty() { &Workload::CHOICES } else { &[Workload::Commands] }
    }

    /// Whether a workload's requests are counted against somebody's quota.
    pub fn costs_quota(&self, workload: Workload) -> bool {
        let followers = matches!(workload, Workload::Profile | Workload::Followers);
        followers && self.target.as_ref().is_some_and(|target| target.costs_quota)
    }

    /// What a workload's tasks are about; nothing where the sitting has none of it.
    fn work(&self, workload: Workload) -> Option<Work> {
        Some(match workload {
            Workload::Profile => Work::Profile(self.target.clone()?),
            Workload::Followers => Work::Followers(self.target.clone()?),
            Workload::Cpu => Work::Cpu(self.compute),
            Workload::Native => Work::Native(self.compute),
            Workload::Mixed => Work::Mixed(self.compute),
            Workload::Commands => Work::Commands { commands: Arc::clone(&self.commands) },
        })
    }
}

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
            sequential: BTreeMap::new(),
        }
    }

    /// Begins a selection, unless something runs: returns what to start first. Where requests cost
    /// quota, what is left of it is asked each time.
    pub fn begin(&mut self, selection: Selection) -> Option<Plan> {
        if self.active.is_some() {
            return None;
        }
        self.bouts.remove(&selection);
        let known = self.tasks(selection.workload).is_some();
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
                (finished && counted.is_some()).then(|| self.begin_run(selection, 0)).flatten()
            }
            Active::Run(selection, index) => {
                self.learn(selection, index);
                finished.then(|| self.begin_run(selection, index + 1)).flatten()
            }
        }
    }

    /// A preparing request that went well has failed all the same, if it showed that the quota is
    /// too small for what is to follow.
    fn judged<'event>(&self, event: &'event Event) -> Cow<'event, Event> {
        let over = event.kind == Kind::RunFinished { end: End::Finished };
        let too_little = match self.active {
            Some(Active::Profile(selection)) if over && !self.setup.force => {
                self.too_little(selection)
            }
            _ => None,
        };
        match too_little {
            Some(failure) => {
                let kind = Kind::RunFinished { end: End::Failed(failure) };
                Cow::Owned(Event { kind, ..event.clone() })
            }
            None => Cow::Borrowed(event),
        }
    }

    fn too_little(&self, selection: Selection) -> Option<Failure> {
        let Bill { requests, quota } = self.bill(selection)?;
        let Quota { limit, remaining, .. } = quota;
        let (api, reset) = (&self.setup.target.as_ref()?.api, time_of_day(quota.reset));
        let message = format!(
            "{selection} takes {requests} more requests, and {api} has {remaining} of {limit} left \
             until {reset} UTC: come back then, ask for less with --mode or --per-page 100, or go on \
             with --force"
        );
        let kind = FailureKind::RateLimited;
        (requests > u64::from(remaining)).then_some(Failure { kind, message })
    }

    /// What the selection costs after the preparing request, and what that left to pay it from;
    /// nothing where requests cost nobody anything.
    pub fn bill(&self, selection: Selection) -> Option<Bill> {
        let costs = self.setup.costs_quota(selection.workload);
        let quota = self.profile.as_ref()?.quota().filter(|_| costs)?;
        Some(Bill { requests: requests(self.pages_by_profile()?, selection), quota })
    }

    /// How many pages there are by the profile's count. The list decides how many pages there really
    /// are, so even a count of 0 is looked into.
    fn pages_by_profile(&self) -> Option<u32> {
        let followers = self.profile.as_ref()?.profile()?.followers;
        let pages = followers.div_ceil(u64::from(self.setup.target.as_ref()?.per_page));
        Some(pages.clamp(1, u64::from(MOST_TASKS)) as u32)
    }

    /// Compares what is over, and takes from a whole run what later ones build on.
    fn learn(&mut self, selection: Selection, index: usize) {
        let bout = self.bouts.entry(selection).or_default();
        if let [first, others @ ..] = bout.runs.as_slice()
            && others.last().is_some_and(Run::is_over)
        {
            bout.agreement = Agreement::of_all(first, others);
        }
        let Some(run) = bout.runs.get(index).filter(|run| run.is_whole()) else { return };
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
        let plans: Vec<Plan> =
            modes.filter_map(|&mode| self.plan(selection.workload, mode, tasks)).collect();
        let runs = &mut self.bouts.entry(selection).or_default().runs;
        runs.truncate(index);
        runs.extend(plans.into_iter().map(Run::new));
    }

    fn plan(&self, workload: Workload, mode: Mode, tasks: u32) -> Option<Plan> {
        let workers = match mode {
            Mode::Sequential => 1,
            Mode::Threads | Mode::Gil => self.workers(workload),
            Mode::Processes => self.workers(workload).min(MOST_PROCESSES),
        };
        let work = self.setup.work(workload)?;
        Some(Plan { queue: self.setup.queue, ..Plan::new(work, mode, workers, tasks) })
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

    /// Fewer or more workers for the next run that has several, within what the server allows.
    pub fn change_workers(&mut self, workload: Workload, by: i32) {
        let workers = i32::from(self.workers(workload)).saturating_add(by);
        let most = most_workers(self.setup.costs_quota(workload));
        self.setup.workers = u16::try_from(workers.clamp(1, i32::from(most))).ok();
    }

    /// How many requests the selection costs, as far as is known, the preparing one included.
    pub fn cost(&self, selection: Selection) -> Option<u64> {
        let pages = self.pages.filter(|_| selection.workload == Workload::Followers)?;
        Some(requests(pages, selection) + 1)
    }

    /// The sequential time that the selection's runs are measured against.
    pub fn baseline(&self, selection: Selection) -> Option<Nanos> {
        match selection.choice {
            Choice::Race => {
                let sequential = self.runs(selection).first();
                sequential.filter(|run| run.is_whole()).and_then(Run::took)
            }
            Choice::Only(_) => self.sequential.get(&selection.workload).copied(),
        }
    }

    /// The speed-up of a run of the selection, once it is over; before, of its pages so far, if
    /// there are any: how many times as many a second as in the sequential run.
    pub fn speed_up(&self, selection: Selection, run: &Run, now: Nanos) -> Option<f64> {
        let baseline = self.baseline(selection)?;
        let done = f64::from(run.done_tasks()) / f64::from(run.known_tasks().max(1));
        match run.end() {
            Some(_) if run.is_whole() => stats::speed_up(baseline, run.took()?),
            Some(_) => None,
            None if run.done_tasks() == 0 => None,
            None => Some(stats::speed_up(baseline, run.elapsed(now))? * done),
        }
    }

    /// Whether the selection's runs brought the same, once the last is over.
    pub fn agreement(&self, selection: Selection) -> Option<Agreement> {
        self.bouts.get(&selection)?.agreement
    }
}

/// Each mode asks for each page.
fn requests(pages: u32, selection: Selection) -> u64 {
    u64::from(pages) * selection.modes().len() as u64
}

/// How many workers a person may ask for.
pub const fn most_workers(costs_quota: bool) -> u16 {
    if costs_quota { MOST_WORKERS_ON_QUOTA } else { MOST_WORKERS }
}
