//! The steps of a simulated task, and its value.

use super::cores::CpuWork;
use crate::model::{ComputeSpec, Mode, Nanos, Plan, State, TaskId, Workload};

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
pub(super) enum TaskStep {
    /// CPU work that needs the GIL, if there is one.
    Compute(CpuWork),
    /// CPU work that does not need the GIL.
    Native(CpuWork),
    /// A pause in the given state.
    Pause(State, Nanos),
}

/// Returns the steps of each task of a plan. At least one of them computes, even if for no time.
pub(super) fn task_steps(plan: &Plan, compute: &ComputeSpec) -> Vec<TaskStep> {
    let size = compute.size.min(Nanos::MAX);
    let work = match plan.workload() {
        Workload::Native => {
            let wrapping = Nanos(size.0 / WRAPPING);
            let heavy = size.since(wrapping).since(wrapping);
            vec![
                TaskStep::Compute(CpuWork::from_core_time(wrapping)),
                TaskStep::Native(CpuWork::from_core_time(heavy)),
                TaskStep::Compute(CpuWork::from_core_time(wrapping)),
            ]
        }
        Workload::Mixed => {
            let computed = percent(size, compute.share);
            let request = size.since(computed);
            let body = Nanos(request.0 / BODY);
            vec![
                TaskStep::Pause(State::Waiting, request.since(body)),
                TaskStep::Pause(State::Receiving, body),
                TaskStep::Compute(CpuWork::from_core_time(computed)),
            ]
        }
        _ => vec![TaskStep::Compute(CpuWork::from_core_time(size))],
    };
    let hand_over =
        (plan.mode == Mode::Processes).then_some(TaskStep::Pause(State::HandOver, HAND_OVER));
    let steps = hand_over.into_iter().chain(work).chain(hand_over);
    steps.filter(|step| !step.is_nothing()).collect()
}

impl TaskStep {
    fn is_nothing(self) -> bool {
        match self {
            Self::Compute(_) => false,
            Self::Native(work) => work == CpuWork::default(),
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
pub(super) fn complete_plan(plan: &Plan, compute: &ComputeSpec) -> Plan {
    let mut plan = plan.clone();
    if let Some(settled) = plan.work.compute_mut() {
        settled.turns = compute.size.0 / TURN.0;
    }
    plan
}

/// Returns the value of a task with this number of turns. Nothing is computed in a simulation, so this
/// is a hash of both (splitmix64, Steele, Lea and Flood 2014).
pub(super) const fn task_value(turns: u64, task: TaskId) -> u64 {
    let mut hash = turns ^ (task.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
