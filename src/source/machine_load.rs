//! Measures the load of the machine during a run, from the CPU times that Linux reports in `/proc`
//! (proc(5)). Other platforms report nothing that can be read without a further dependency.

use std::fs;

use super::Clock;
use crate::model::{MachineLoad, Plan, TaskKind};

/// The minimum measured time of a core, in ticks: 200 ms on Linux, whose ticks take 10 ms. One tick is
/// then 5 % of it, a third of what counts as noise.
const MIN_TICKS: u64 = 20;

/// A measurement of the machine's load from the start to the end of a run.
#[derive(Debug)]
pub(super) struct LoadMeter {
    at_start: Option<CpuTimes>,
}

impl LoadMeter {
    /// Starts the measurement, if the run of the plan competes for cores and `clock` counts real time.
    pub(super) fn start(plan: &Plan, clock: &Clock) -> Self {
        let computes = plan.workload().kind() != TaskKind::Page;
        let is_real = computes && clock.zero().is_some();
        Self { at_start: if is_real { CpuTimes::read() } else { None } }
    }

    /// Ends the measurement. Returns `None` if the load is unknown or the run was too short.
    pub(super) fn finish(self) -> Option<MachineLoad> {
        self.at_start?.load_until(CpuTimes::read()?)
    }
}

/// CPU times since the machine was started, summed over its cores, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CpuTimes {
    cores: u16,
    idle: u64,
    /// The time of all programs, interrupts included.
    busy: u64,
    stolen: u64,
    /// The time of this process and of the children that it has waited for.
    own: u64,
}

impl CpuTimes {
    /// Reads the times. Returns `None` if this system does not report them.
    fn read() -> Option<Self> {
        let read = |path| fs::read_to_string(path).ok();
        Self::parse(&read("/proc/stat")?, &read("/proc/self/stat")?)
    }

    /// Parses the contents of `/proc/stat` and `/proc/self/stat`.
    fn parse(machine: &str, process: &str) -> Option<Self> {
        let mut lines = machine.lines();
        let all = lines.next()?.strip_prefix("cpu ")?;
        let cores = lines.take_while(|line| line.starts_with("cpu")).count();
        // Guest time, which follows, is a part of user time.
        let mut fields = all.split_whitespace().map(|field| field.parse::<u64>().ok());
        let mut next = || fields.next().flatten();
        let [user, nice, system, idle, io_wait] = [next()?, next()?, next()?, next()?, next()?];
        let [irq, soft_irq, stolen] = [next()?, next()?, next()?];
        // The name of the program, in parentheses, may contain spaces.
        let (_, fields) = process.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // The times in user and kernel mode, of the process itself and of its children.
        let times = fields.get(11..15)?;
        let own = times.iter().map(|field| field.parse::<u64>()).sum::<Result<u64, _>>().ok()?;
        Some(Self {
            cores: u16::try_from(cores).ok().filter(|&cores| cores > 0)?,
            idle: idle + io_wait,
            busy: user + nice + system + irq + soft_irq,
            stolen,
            own,
        })
    }

    /// Returns the load from these times to later ones. Returns `None` if too little time passed, or
    /// if a core was added or removed meanwhile.
    fn load_until(self, end: Self) -> Option<MachineLoad> {
        // The kernel's idle times may run backwards by a tick.
        let [idle, busy, stolen, own] = [
            (self.idle, end.idle),
            (self.busy, end.busy),
            (self.stolen, end.stolen),
            (self.own, end.own),
        ]
        .map(|(start, end)| end.saturating_sub(start));
        let (cores, all) = (u64::from(self.cores), idle + busy + stolen);
        if self.cores != end.cores || all < MIN_TICKS * cores {
            return None;
        }
        let millicores = |ticks: u64| (ticks * cores * 1_000 / all) as u32;
        Some(MachineLoad {
            cores: self.cores,
            own_millicores: millicores(own),
            other_millicores: millicores(busy.saturating_sub(own)),
            stolen_millicores: millicores(stolen),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "cpu  100 10 50 800 5 0 5 20 7 0\ncpu0 50 5 25 400 3 0 3 10 3 0\n\
                         cpu1 50 5 25 400 2 0 2 10 4 0\nintr 12 0\n";
    const PROCESS: &str = "4 (a) b) S 1 1 1 0 -1 0 9 9 9 9 30 10 2 1 20 0 1 0 65880";

    fn times(machine: &str) -> CpuTimes {
        CpuTimes::parse(machine, PROCESS).unwrap()
    }

    #[test]
    fn times_are_those_of_the_machine_and_of_this_process_with_its_children() {
        let expected = CpuTimes { cores: 2, idle: 805, busy: 165, stolen: 20, own: 43 };
        assert_eq!(times(START), expected);
        for unknown in ["", "cpu  1 2 3\n", "cpu  1 2 3 4 5 6 7 8\n"] {
            assert_eq!(CpuTimes::parse(unknown, PROCESS), None, "{unknown:?}");
        }
        assert_eq!(CpuTimes::parse(START, "4 (a) S 1"), None);
    }

    #[test]
    fn load_is_the_mean_number_of_cores() {
        let start = times(START);
        let after = |idle, busy, stolen, own| CpuTimes {
            idle: start.idle + idle,
            busy: start.busy + busy,
            stolen: start.stolen + stolen,
            own: start.own + own,
            ..start
        };
        let load = |own_millicores, other_millicores, stolen_millicores| {
            Some(MachineLoad { cores: 2, own_millicores, other_millicores, stolen_millicores })
        };
        assert_eq!(start.load_until(after(20, 160, 20, 110)), load(1_100, 500, 200));
        // Of a short run, the process's own time may exceed that of the machine by a tick.
        assert_eq!(start.load_until(after(39, 1, 0, 2)), load(100, 0, 0));
        assert_eq!(start.load_until(after(30, 9, 0, 9)), None);
        let fewer_cores = CpuTimes { cores: 1, ..after(500, 500, 0, 500) };
        assert_eq!(start.load_until(fewer_cores), None);
    }
}
