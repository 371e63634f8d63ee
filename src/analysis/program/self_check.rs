//! A check of the figures: the same time by two ways that know nothing of each other.

use crate::model::{Nanos, Run, State};

/// The maximum time that a stretch on a CPU is short in the records: the switch itself.
const MAX_SWITCH: u64 = 16_000;

/// The maximum time by which the kernel's counters of a running thread lag behind: a tick at 100 Hz.
const MAX_TICK: u64 = 10_000_000;

/// The figures of all threads that have counters, until the latest count of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelfCheck {
    /// The number of threads.
    pub threads: u64,
    /// The time on a CPU by the records.
    pub recorded: Nanos,
    /// The time on a CPU by the counters.
    pub counted: Nanos,
    /// The number of switches.
    pub switches: u64,
    /// The time on a CPU and without a core by the counters, and in all other states by the records.
    pub summed: Nanos,
    /// The threads' lives.
    pub life: Nanos,
}

impl SelfCheck {
    /// Checks the figures of a run, or returns `None` if it watches no program or has no counters yet.
    pub fn of_run(run: &Run) -> Option<Self> {
        let mut check = Self::default();
        for thread in run.program()?.threads() {
            let (Some(lane), Some(counted)) =
                (run.lanes().get(usize::from(thread.lane.0)), thread.counted)
            else {
                continue;
            };
            let times = lane.state_times_between(thread.born, counted);
            let on_cpu: u64 = [State::OnCpu, State::Computing, State::Native]
                .map(|state| times[state])
                .iter()
                .sum();
            let waits = times.total() - on_cpu - times[State::NoCore];
            let counters = thread.counters;
            check.threads += 1;
            check.recorded = check.recorded + Nanos(on_cpu);
            check.counted = check.counted + counters.on_cpu;
            check.switches += counters.switches;
            check.summed = check.summed + counters.on_cpu + counters.no_core + Nanos(waits);
            check.life = check.life + counted.since(thread.born);
        }
        (check.threads > 0).then_some(check)
    }

    /// Returns `true` if the records and the counters agree on the time on a CPU: the records are short by
    /// at most 16 µs a switch.
    pub fn on_cpu_agrees(&self) -> bool {
        let lag = self.threads * MAX_TICK;
        let short = self.switches.saturating_mul(MAX_SWITCH);
        self.recorded.0 <= self.counted.0.saturating_add(lag)
            && self.counted.0 <= self.recorded.0.saturating_add(short).saturating_add(lag)
    }

    /// Returns `true` if the states add up to the threads' lives. Two switches bound each stretch.
    pub fn sum_agrees(&self) -> bool {
        let slack = self.switches.saturating_mul(2 * MAX_SWITCH) + self.threads * MAX_TICK;
        self.summed.0.abs_diff(self.life.0) <= slack
    }

    /// Returns both checks in words: `on CPU 12.304 s by switches, 12.311 s by counters: they agree`.
    pub fn texts(&self) -> [String; 2] {
        let agree = |agrees: bool| if agrees { "they agree" } else { "they differ" };
        let (recorded, counted) = (self.recorded, self.counted);
        [
            format!(
                "on CPU {recorded} by switches, {counted} by counters: {}",
                agree(self.on_cpu_agrees())
            ),
            format!(
                "sum of states {}, lives of threads {}: {}",
                self.summed,
                self.life,
                agree(self.sum_agrees())
            ),
        ]
    }
}
