//! The steps of a simulated task, and its value.

use super::cores::Work;
use crate::model::{Compute, Mode, Nanos, Plan, State, TaskId, Work as Tasks, Workload};

/// The time of a turn of CPU work on the simulated machine: about that of an iteration of a loop in
/// CPython.
const TURN: Nanos = Nanos(50);

/// The time to send a task or its result from one process to another.
const HAND_OVER: Nanos = Nanos(200_000);

/// The computing time of a worker process before it can take a task, like that of a Python process that
/// loads its modules.
pub(super) const START_UP: Nanos = Nanos::from_millis(30);

/// The share of a native task that needs the GIL, as a divisor: this part before the native work, and
/// the same after it.
const WRAPPING: u64 = 100;

/// The share of a request's time in which the response body arrives, as a divisor.
const BODY: u64 = 20;

/// A step of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// CPU work that needs the GIL, if there is one.
    Compute(Work),
    /// CPU work that does not need the GIL.
    Native(Work),
    /// A pause in the given state.
    Pause(State, Nanos),
}

/// Returns the steps of each task of a plan. At least one of them computes, even if for no time.
pub(super) fn steps(plan: &Plan, compute: &Compute) -> Vec<Step> {
    let size = compute.size.min(Nanos::LATEST);
    let work = match plan.workload() {
        Workload::Native => {
            let wrapping = Nanos(size.0 / WRAPPING);
            let heavy = size.since(wrapping).since(wrapping);
            vec![
                Step::Compute(Work::alone(wrapping)),
                Step::Native(Work::alone(heavy)),
                Step::Compute(Work::alone(wrapping)),
            ]
        }
        Workload::Mixed => {
            let computed = percent(size, compute.share);
            let request = size.since(computed);
            let body = Nanos(request.0 / BODY);
            vec![
                Step::Pause(State::Waiting, request.since(body)),
                Step::Pause(State::Receiving, body),
                Step::Compute(Work::alone(computed)),
            ]
        }
        _ => vec![Step::Compute(Work::alone(size))],
    };
    let hand_over =
        (plan.mode == Mode::Processes).then_some(Step::Pause(State::HandOver, HAND_OVER));
    let steps = hand_over.into_iter().chain(work).chain(hand_over);
    steps.filter(|step| !step.is_nothing()).collect()
}

impl Step {
    fn is_nothing(self) -> bool {
        match self {
            Self::Compute(_) => false,
            Self::Native(work) => work == Work::default(),
            Self::Pause(_, time) => time == Nanos::ZERO,
        }
    }
}

/// Returns `share` percent of a time, without overflow.
fn percent(time: Nanos, share: u8) -> Nanos {
    let share = u64::from(share.min(100));
    Nanos(time.0 / 100 * share + time.0 % 100 * share / 100)
}

/// Returns the plan with its number of turns per task filled in.
pub(super) fn settled(plan: &Plan, compute: &Compute) -> Plan {
    let mut plan = plan.clone();
    if let Tasks::Cpu(settled) | Tasks::Native(settled) | Tasks::Mixed(settled) = &mut plan.work {
        settled.turns = compute.size.0 / TURN.0;
    }
    plan
}

/// Returns the value of a task with this number of turns. Nothing is computed in a simulation, so this
/// is a hash of both (splitmix64, Steele, Lea and Flood 2014).
pub(super) const fn value(turns: u64, task: TaskId) -> u64 {
    let mut hash = turns ^ (task.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
