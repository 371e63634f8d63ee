//! Noise: what else the machine did while runs computed, as measured, and what that makes of their
//! times.

use super::conclusion::Clause;
use super::mode_result::factor_text;
use crate::model::{MachineLoad, Mode, Nanos, Plan, Run, State, TaskKind};

/// The minimum share of the cores that a run needed which other programs took. It is as much as two
/// speed-ups have to differ by to count as different (`mode_result::MIN_GAIN`).
const MIN_OTHER_SHARE: f64 = 0.15;

/// The minimum share of the machine's time that its host took. It is a third of [`MIN_OTHER_SHARE`],
/// because the time is taken from cores in use, of which a sequential run has only one.
const MIN_STOLEN_SHARE: f64 = 0.05;

/// The minimum ratio of the longest to the shortest of equal tasks that ran one after another. If the
/// others lie evenly between them, the time of all varies by half as much, which a smaller ratio leaves
/// below [`MIN_OTHER_SHARE`].
const MIN_SPREAD: f64 = 1.25;

/// The maximum number of idle cores with which the user's commands, whose need of cores is not known,
/// count as having used all they could get.
const MAX_SPARE_CORES: f64 = 0.1;

/// The noise in the times of runs.
pub(super) enum Noise {
    /// Other programs used this number of cores.
    Others { used: f64, cores: u16 },
    /// The host of the virtual machine took this share of its time.
    Host { share: f64 },
    /// The longest of equal tasks took this many times as long as the shortest, for no reason that
    /// was measured.
    Spread { times: f64 },
}

impl Noise {
    /// Returns the noise in the times of the runs, or `None` if none was measured.
    pub(super) fn of_runs(runs: &[Run]) -> Option<Self> {
        let real = || runs.iter().filter(|run| !run.plan().is_simulated());
        let loads = || real().filter_map(|run| Some((run.plan(), run.machine_load()?)));
        let others = loads().filter_map(|(plan, load)| others_share(plan, load));
        let others = others.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let stolen = loads().filter_map(|(_, load)| {
            Some(cores_of(load.stolen_millicores) / f64::from(Some(load.cores).filter(|&n| n > 0)?))
        });
        let spread = real().filter_map(task_spread).max_by(f64::total_cmp);
        others
            .filter(|&(share, _)| share >= MIN_OTHER_SHARE)
            .map(|(_, MachineLoad { cores, other_millicores, .. })| Self::Others {
                used: cores_of(other_millicores),
                cores,
            })
            .or_else(|| {
                let share = stolen.max_by(f64::total_cmp)?;
                (share >= MIN_STOLEN_SHARE).then_some(Self::Host { share })
            })
            .or_else(|| {
                let times = spread.filter(|&times| times >= MIN_SPREAD)?;
                Some(Self::Spread { times })
            })
    }

    /// Says so after the figure of a conclusion, in place of its cause.
    pub(super) fn qualify(&self, clauses: &mut Vec<Clause>) {
        let Some(first) = clauses.first_mut() else { return };
        first.append(match self {
            Self::Others { .. } | Self::Host { .. } => " on a busy machine",
            Self::Spread { .. } => ", but times vary",
        });
        clauses.retain(|clause| !clause.is_cause());
        let reason = match self {
            Self::Others { used, cores } => {
                format!("other programs used {used:.1} of {cores} cores")
            }
            Self::Host { share } => {
                format!("its host took {:.0} % of the CPU time", share * 100.0)
            }
            Self::Spread { times } => {
                format!("equal tasks took up to {} as long as others", factor_text(*times))
            }
        };
        let place = 1 + clauses.iter().skip(1).take_while(|clause| clause.is_more()).count();
        let meaning = Clause::more("so these times do not tell much".to_owned());
        clauses.splice(place..place, [Clause::cause(reason), meaning]);
    }
}

const fn cores_of(millicores: u32) -> f64 {
    millicores as f64 / 1_000.0
}

/// Returns the share of the cores that a run needed which other programs took.
fn others_share(plan: &Plan, load: MachineLoad) -> Option<(f64, MachineLoad)> {
    let needed = needed_cores(plan, load)?;
    let missing = needed + cores_of(load.other_millicores) - f64::from(load.cores);
    (needed > 0.0).then_some((missing / needed, load))
}

/// Returns the number of cores that a run could use at once, or `None` if it sends requests alone.
fn needed_cores(plan: &Plan, load: MachineLoad) -> Option<f64> {
    let (workload, cores) = (plan.workload(), f64::from(load.cores));
    match workload.kind() {
        TaskKind::Page | TaskKind::Thread => None,
        TaskKind::Command => {
            let [own, others, stolen] =
                [load.own_millicores, load.other_millicores, load.stolen_millicores].map(cores_of);
            let is_full = cores - own - others - stolen <= MAX_SPARE_CORES;
            Some(if is_full { cores } else { own })
        }
        TaskKind::Computation => {
            let share = plan.work.compute().filter(|_| workload.spec().has_io_share);
            let share = share.map_or(1.0, |compute| f64::from(compute.share) / 100.0);
            // Native code runs without the GIL.
            let is_native = workload.spec().states.contains(&State::Native);
            let has_one = plan.mode == Mode::Gil && !is_native;
            let most = if has_one { 1.0 } else { cores };
            Some((f64::from(plan.workers) * share).min(most))
        }
    }
}

/// Returns the ratio of the longest to the shortest task of a sequential run, whose tasks have equal
/// work. A server's share of a task need not be equal.
fn task_spread(run: &Run) -> Option<f64> {
    let plan = run.plan();
    if plan.mode != Mode::Sequential || !plan.workload().only_computes() {
        return None;
    }
    let [shortest, longest] = [run.task_durations().min()?, run.task_durations().max()?];
    (shortest > Nanos::ZERO).then(|| longest.0 as f64 / shortest.0 as f64)
}
