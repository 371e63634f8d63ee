//! What a simulated task consists of, and what it comes to.

use super::cores::Work;
use crate::model::{Compute, Mode, Nanos, Plan, State, TaskId, Work as Tasks, Workload};

/// How long a turn of CPU work takes on the simulated machine: about what a turn of a loop takes in
/// CPython.
const TURN: Nanos = Nanos(50);

/// A task, or what came of it, takes so long from one process to another.
const HAND_OVER: Nanos = Nanos(200_000);

/// A worker process computes so long before it can take a task, as Python's do to load modules.
pub(super) const START_UP: Nanos = Nanos::from_millis(30);

/// What is done under the GIL before native work, and after it: each this part of a task.
const WRAPPING: u64 = 100;

/// The body of an answer takes this part of the time of its request.
const BODY: u64 = 20;

/// A part of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// CPU work that needs the GIL, where there is one.
    Compute(Work),
    /// CPU work that does not.
    Native(Work),
    /// Nothing is computed for so long.
    Pause(State, Nanos),
}

/// The parts of each task of a plan; one at least is computed, be it nothing.
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

/// So many percent of a time, without an overflow.
fn percent(time: Nanos, share: u8) -> Nanos {
    let share = u64::from(share.min(100));
    Nanos(time.0 / 100 * share + time.0 % 100 * share / 100)
}

/// The plan as settled: it says how many turns a task is.
pub(super) fn settled(plan: &Plan, compute: &Compute) -> Plan {
    let mut plan = plan.clone();
    if let Tasks::Cpu(settled) | Tasks::Native(settled) | Tasks::Mixed(settled) = &mut plan.work {
        settled.turns = compute.size.0 / TURN.0;
    }
    plan
}

/// What a task of so many turns comes to, on whichever simulated machine: nothing is computed here,
/// so this is a hash of both (splitmix64, Steele, Lea and Flood 2014).
pub(super) const fn value(turns: u64, task: TaskId) -> u64 {
    let mut hash = turns ^ (task.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
