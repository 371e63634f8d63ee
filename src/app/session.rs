//! The runs of this sitting: what is to run next, what ran, and how they compare.

use std::borrow::Cow;

use crate::model::plan::MOST_TASKS;
use crate::model::stats::{self, Agreement};
use crate::model::time::time_of_day;
use crate::model::{
    End, Event, Failure, FailureKind, Kind, Mode, Nanos, Plan, Quota, Run, Selection, Target,
    Workload,
};

/// Workers, when a person does not say how many: as many as there are pages, up to this.
pub const DEFAULT_WORKERS: u16 = 8;

/// GitHub allows no more requests at once:
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
pub const MOST_WORKERS_ON_QUOTA: u16 = 100;

/// On this machine, where only threads are spent.
pub const MOST_WORKERS: u16 = 1000;

/// The runs of this sitting.
#[derive(Debug)]
pub struct Session {
    target: Target,
    workers: Option<u16>,
    /// Whether a selection is begun even if the quota is too small for it.
    force: bool,
    profile: Option<Run>,
    /// How many pages there are: by the profile's count, and once a run was whole, as it found.
    pages: Option<u32>,
    bouts: Vec<Bout>,
    active: Option<Active>,
    latest: Option<Latest>,
    sequential: Option<Nanos>,
}

/// A selection's last runs, in the order of its modes.
#[derive(Clone, Debug, Default)]
struct Bout {
    runs: Vec<Run>,
    /// Whether both runs brought the same, once they are over: not reckoned for every frame.
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

impl Session {
    /// A sitting in which nothing has run yet. Without a number of workers, each run takes as many
    /// as there are pages, up to [`DEFAULT_WORKERS`].
    pub fn new(target: Target, workers: Option<u16>) -> Self {
        let bouts = vec![Bout::default(); Selection::ALL.len()];
        Self {
            target,
            workers,
            force: false,
            profile: None,
            pages: None,
            bouts,
            active: None,
            latest: None,
            sequential: None,
        }
    }

    /// The same, but a selection is begun even if the quota is too small for it, if `force` says so.
    #[must_use]
    pub fn forced(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Begins a selection, unless something runs: returns what to start first. Where requests cost
    /// quota, what is left of it is asked each time.
    pub fn begin(&mut self, selection: Selection) -> Option<Plan> {
        if self.active.is_some() {
            return None;
        }
        *self.bout_mut(selection) = Bout::default();
        if self.pages.is_some() && !self.target.costs_quota {
            return self.begin_run(selection, 0);
        }
        if self.pages.is_some() {
            self.lay_out(selection, 0);
        }
        let plan = self.plan(Workload::Profile, Mode::Sequential, 1);
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
            self.pages = Some((*tasks).max(1));
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
            Some(Active::Profile(selection)) if over && !self.force => self.too_little(selection),
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
        let (api, reset) = (&self.target.api, time_of_day(quota.reset));
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
        let quota = self.profile.as_ref()?.quota().filter(|_| self.target.costs_quota)?;
        Some(Bill { requests: requests(self.pages_by_profile()?, selection), quota })
    }

    /// How many pages there are by the profile's count. The list decides how many pages there really
    /// are, so even a count of 0 is looked into.
    fn pages_by_profile(&self) -> Option<u32> {
        let followers = self.profile.as_ref()?.profile()?.followers;
        let pages = followers.div_ceil(u64::from(self.target.per_page));
        Some(pages.clamp(1, u64::from(MOST_TASKS)) as u32)
    }

    /// Compares what is over, and takes from a whole run what later ones build on.
    fn learn(&mut self, selection: Selection, index: usize) {
        let bout = self.bout_mut(selection);
        if let [first, second] = bout.runs.as_slice()
            && second.is_over()
        {
            bout.agreement = Some(Agreement::of(first, second));
        }
        let Some(run) = self.runs(selection).get(index).filter(|run| run.is_whole()) else {
            return;
        };
        let (pages, mode, took) = (run.known_tasks(), run.plan().mode, run.took());
        self.pages = Some(pages);
        if mode == Mode::Sequential {
            self.sequential = took;
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
        let pages = self.pages.unwrap_or(1);
        let plans: Vec<Plan> =
            modes.map(|&mode| self.plan(Workload::Followers, mode, pages)).collect();
        let runs = &mut self.bout_mut(selection).runs;
        runs.truncate(index);
        runs.extend(plans.into_iter().map(Run::new));
    }

    fn plan(&self, workload: Workload, mode: Mode, tasks: u32) -> Plan {
        let workers = match mode {
            Mode::Sequential => 1,
            Mode::Threads => self.workers(),
        };
        Plan { target: self.target.clone(), workload, mode, workers, tasks }
    }

    fn active_run_mut(&mut self) -> Option<&mut Run> {
        match self.active? {
            Active::Profile(_) => self.profile.as_mut(),
            Active::Run(selection, index) => self.bout_mut(selection).runs.get_mut(index),
        }
    }

    fn bout_mut(&mut self, selection: Selection) -> &mut Bout {
        let index = selection.index().min(self.bouts.len() - 1);
        #[expect(clippy::indexing_slicing, reason = "there is a bout for every selection")]
        &mut self.bouts[index]
    }

    /// Whose followers, and where.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// The selection's last runs, in the order of its modes; none before it has run.
    pub fn runs(&self, selection: Selection) -> &[Run] {
        self.bouts.get(selection.index()).map_or(&[], |bout| bout.runs.as_slice())
    }

    /// The preparing request, once it has been made.
    pub const fn profile(&self) -> Option<&Run> {
        self.profile.as_ref()
    }

    /// How many pages there are, once that is known.
    pub const fn pages(&self) -> Option<u32> {
        self.pages
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
        let prepared = self.pages.is_none() || self.latest == Some(Active::Profile(selection));
        let profile = self.profile.as_ref().filter(|_| prepared);
        runs.find_map(Run::failure).or_else(|| profile?.failure())
    }

    /// How many workers the next threaded run has.
    pub fn workers(&self) -> u16 {
        self.workers.unwrap_or_else(|| {
            let pages = self.pages.unwrap_or(u32::from(DEFAULT_WORKERS));
            DEFAULT_WORKERS.min(u16::try_from(pages).unwrap_or(u16::MAX)).max(1)
        })
    }

    /// Whether that number is settled, by a person or by the number of pages.
    pub const fn knows_workers(&self) -> bool {
        self.workers.is_some() || self.pages.is_some()
    }

    /// Fewer or more workers for the next threaded run, within what the server allows.
    pub fn change_workers(&mut self, by: i32) {
        let workers = i32::from(self.workers()).saturating_add(by);
        let most = most_workers(self.target.costs_quota);
        self.workers = u16::try_from(workers.clamp(1, i32::from(most))).ok();
    }

    /// How many requests the selection costs, as far as is known, the preparing one included.
    pub fn cost(&self, selection: Selection) -> Option<u64> {
        Some(requests(self.pages?, selection) + 1)
    }

    /// The sequential time that the selection's runs are measured against.
    pub fn baseline(&self, selection: Selection) -> Option<Nanos> {
        match selection {
            Selection::Race => {
                let sequential = self.runs(selection).first();
                sequential.filter(|run| run.is_whole()).and_then(Run::took)
            }
            Selection::Only(_) => self.sequential,
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
        self.bouts.get(selection.index())?.agreement
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
