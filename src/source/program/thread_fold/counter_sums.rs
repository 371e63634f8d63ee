//! The sums of a thread's times: from the scheduler's counters, which are exact but cannot be read
//! once the thread has ended, and from its records since they were last read.

use crate::model::{Nanos, ThreadCounters};
use crate::source::program::proc_line::SchedStat;

/// The end of a wait before the counters were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WakeUp {
    pub(super) index: usize,
    /// The length of the wait, in which the thread may have been ready to run.
    pub(super) length: Nanos,
}

/// The sums of one thread since it was first seen.
#[derive(Debug, Default)]
pub(super) struct CounterSums {
    /// `true` if the thread ended a wait since the counters were last read.
    pub(super) is_outdated: bool,
    /// `true` if the thread ran since then.
    pub(super) has_run: bool,
    /// The counters at the first reading, and the sums by records until then.
    base: Option<(SchedStat, Nanos, Nanos)>,
    last: SchedStat,
    pending: Option<(Nanos, SchedStat)>,
    /// The time on a CPU by records, of all that was sent.
    run: Nanos,
    /// The same at the last reading.
    run_at_reading: Nanos,
    /// The time without a core by records since the last reading.
    waited: Nanos,
    /// The growth of the counters that belongs to a wake-up whose record has not come.
    carry: Nanos,
    switches: u64,
    preempted: u64,
    resolved_run: Nanos,
}

impl CounterSums {
    /// Creates the sums of a thread whose counters are known at the time at which it is first seen.
    pub(super) fn new(counters: Option<SchedStat>) -> Self {
        let base = counters.map(|counters| (counters, Nanos::ZERO, Nanos::ZERO));
        Self { base, last: counters.unwrap_or_default(), ..Self::default() }
    }

    /// Counts a switch from the CPU.
    pub(super) fn count_switch(&mut self, preempted: bool) {
        self.switches += 1;
        self.preempted += u64::from(preempted);
    }

    /// The number of times that the thread had been put on a CPU when the counters were last read.
    pub(super) fn slices(&self) -> Option<u64> {
        self.base.is_some().then_some(self.last.slices)
    }

    /// Records the counters.
    pub(super) fn read(&mut self, at: Nanos, counters: SchedStat) {
        (self.is_outdated, self.has_run) = (false, false);
        self.pending = Some((at, counters));
    }

    /// Returns `true` if counters wait for the records from before they were read.
    pub(super) const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Adds time on a CPU that was sent.
    pub(super) fn sent_run(&mut self, time: Nanos) {
        self.run = self.run + time;
    }

    /// Adds time without a core that was sent and is not in the counters that were read.
    pub(super) fn sent_wait(&mut self, time: Nanos) {
        self.waited = self.waited + time;
    }

    /// Begins to use the counters, if all records from before they were read are there. Returns the
    /// time at which they were read.
    pub(super) fn start_resolution(&mut self, horizon: Nanos) -> Option<Nanos> {
        let (at, _) = self.pending.filter(|(at, _)| *at <= horizon)?;
        self.resolved_run = self.run;
        Some(at)
    }

    /// Adds time on a CPU from before the counters were read.
    pub(super) fn add_run(&mut self, time: Nanos) {
        self.resolved_run = self.resolved_run + time;
    }

    /// Adds time without a core, known from records, from before the counters were read.
    pub(super) fn add_known(&mut self, time: Nanos) {
        self.waited = self.waited + time;
    }

    /// Uses the counters: what grew beyond the known times is the time between waking up and getting a
    /// core. It is exact if one wait ended; several have equal shares of the sum.
    pub(super) fn finish_resolution(&mut self, wake_ups: &[WakeUp]) -> Vec<(usize, Nanos)> {
        let Some((_, counters)) = self.pending.take() else { return Vec::new() };
        let known = std::mem::take(&mut self.waited);
        let growth = counters.no_core.since(self.last.no_core);
        let is_first = self.base.is_none();
        let (base, ..) = *self.base.get_or_insert((counters, self.resolved_run, known));
        if counters.on_cpu < base.on_cpu || counters.on_cpu < self.last.on_cpu {
            // Another thread has taken this one's TID by executing a program.
            let (on_cpu, no_core) = self.sums_until_reading();
            let run = self.resolved_run.since(self.run_at_reading);
            self.base = Some((counters, on_cpu + run, no_core + known));
        }
        self.last = counters;
        self.run_at_reading = self.resolved_run;
        if is_first {
            return Vec::new();
        }
        let woken = (growth + self.carry).since(known);
        self.carry = if wake_ups.is_empty() { woken } else { Nanos::ZERO };
        shares(woken, wake_ups)
    }

    /// The times on a CPU and without a core up to the last reading.
    fn sums_until_reading(&self) -> (Nanos, Nanos) {
        let Some((base, run, waited)) = self.base else { return (Nanos::ZERO, Nanos::ZERO) };
        let on_cpu = run + self.last.on_cpu.since(base.on_cpu);
        (on_cpu, waited + self.last.no_core.since(base.no_core))
    }

    /// The sums by the last reading and the records since then.
    pub(super) fn totals(&self) -> ThreadCounters {
        let (on_cpu, no_core) = self.sums_until_reading();
        ThreadCounters {
            on_cpu: on_cpu + self.run.since(self.run_at_reading),
            no_core: no_core + self.waited,
            switches: self.switches,
            preempted: self.preempted,
        }
    }

    /// Uses counters of a thread whose switches are not recorded. Returns the growth since they were
    /// last read, or `None` if they are the first.
    pub(super) fn sample(&mut self, counters: SchedStat) -> Option<SchedStat> {
        let is_first = self.base.is_none();
        self.read(Nanos::ZERO, counters);
        let last = self.last;
        self.start_resolution(Nanos::MAX);
        self.finish_resolution(&[]);
        self.carry = Nanos::ZERO;
        let slices = counters.slices.saturating_sub(last.slices);
        let growth = SchedStat {
            on_cpu: counters.on_cpu.since(last.on_cpu),
            no_core: counters.no_core.since(last.no_core),
            slices,
        };
        if !is_first {
            self.switches += slices;
        }
        (!is_first).then_some(growth)
    }
}

/// Divides a time among wake-ups: equal shares, none longer than its wait.
fn shares(time: Nanos, wake_ups: &[WakeUp]) -> Vec<(usize, Nanos)> {
    let mut sorted = wake_ups.to_vec();
    sorted.sort_by_key(|wake_up| wake_up.length);
    let (mut left, mut count) = (time.0, sorted.len() as u64);
    let share = |wake_up: WakeUp| {
        let share = (left / count).min(wake_up.length.0);
        (left, count) = (left - share, count - 1);
        (wake_up.index, Nanos(share))
    };
    sorted.into_iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wake_ups(lengths: &[u64]) -> Vec<WakeUp> {
        let wake_up = |(index, length): (usize, &u64)| WakeUp { index, length: Nanos(*length) };
        lengths.iter().enumerate().map(wake_up).collect()
    }

    #[test]
    fn single_wake_up_has_all_of_the_time() {
        assert_eq!(shares(Nanos(30), &wake_ups(&[100])), [(0, Nanos(30))]);
        assert_eq!(shares(Nanos(300), &wake_ups(&[100])), [(0, Nanos(100))]);
        assert_eq!(shares(Nanos(300), &[]), []);
    }

    #[test]
    fn several_wake_ups_have_equal_shares_within_their_waits() {
        let mut shares = shares(Nanos(100), &wake_ups(&[200, 10, 200]));
        shares.sort_unstable();
        assert_eq!(shares, [(0, Nanos(45)), (1, Nanos(10)), (2, Nanos(45))]);
    }

    #[test]
    fn counters_that_jump_back_continue_from_the_sum_before() {
        let at = |on_cpu, no_core| SchedStat {
            on_cpu: Nanos(on_cpu),
            no_core: Nanos(no_core),
            slices: 1,
        };
        let mut sums = CounterSums::new(Some(at(100, 0)));
        sums.sample(at(150, 10));
        sums.sample(at(20, 5));
        sums.sample(at(30, 6));
        let totals = sums.totals();
        assert_eq!((totals.on_cpu, totals.no_core), (Nanos(60), Nanos(11)));
    }
}
