//! Simulated runs in virtual time: exact durations, invariants, determinism and playback.

mod determinism;
mod invariants;
mod keys;
mod options;
mod playback;
mod speedup;
mod stop;

use threadline::model::{
    ComputeSpec, Event, Mode, Nanos, Plan, Run, Simulation, WorkSpec, Workload,
};
use threadline::source::simulate::SimulatedRun;

/// A builder of simulated plans, with eight tasks on two cores by default.
#[derive(Clone, Copy, Debug)]
struct SimulationPlan {
    workload: Workload,
    mode: Mode,
    workers: u16,
    tasks: u32,
    compute: ComputeSpec,
    simulation: Simulation,
}

impl SimulationPlan {
    fn new(workload: Workload, mode: Mode, workers: u16) -> Self {
        Self {
            workload,
            mode,
            workers,
            tasks: 8,
            compute: ComputeSpec::default(),
            simulation: Simulation { seed: 1, cores: 2 },
        }
    }

    fn tasks(self, tasks: u32) -> Self {
        Self { tasks, ..self }
    }

    fn cores(self, cores: u16) -> Self {
        Self { simulation: Simulation { cores, ..self.simulation }, ..self }
    }

    fn seed(self, seed: u64) -> Self {
        Self { simulation: Simulation { seed, ..self.simulation }, ..self }
    }

    fn switch_interval(self, interval: Nanos) -> Self {
        Self { compute: ComputeSpec { switch_interval: interval, ..self.compute }, ..self }
    }

    fn size(self, size: Nanos) -> Self {
        Self { compute: ComputeSpec { size, ..self.compute }, ..self }
    }

    fn share(self, share: u8) -> Self {
        Self { compute: ComputeSpec { share, ..self.compute }, ..self }
    }

    fn plan(self) -> Plan {
        let compute = ComputeSpec { simulation: Some(self.simulation), ..self.compute };
        let work = match self.workload {
            Workload::Cpu => WorkSpec::Cpu(compute),
            Workload::Native => WorkSpec::Native(compute),
            _ => WorkSpec::Mixed(compute),
        };
        let workers = if self.mode == Mode::Sequential { 1 } else { self.workers };
        Plan::new(work, self.mode, workers, self.tasks)
    }

    fn simulated(self) -> SimulatedRun {
        SimulatedRun::new(&self.plan()).unwrap()
    }

    fn events(self) -> Vec<Event> {
        self.simulated().collect()
    }

    fn run(self) -> Run {
        let run = fold(&self.plan(), &self.events());
        assert!(run.is_complete(), "{self:?} ended with {:?}", run.outcome());
        run
    }

    fn duration(self) -> Nanos {
        self.run().duration().unwrap()
    }

    /// Returns the speedup over sequential mode, in thousandths.
    fn speedup_in_thousandths(self) -> u64 {
        let sequential = Self { mode: Mode::Sequential, ..self }.duration();
        sequential.0 * 1_000 / self.duration().0
    }
}

fn fold(plan: &Plan, events: &[Event]) -> Run {
    let mut run = Run::new(plan.clone());
    for event in events {
        run.apply(event);
    }
    run
}

/// Returns the events as JSON, one per line.
fn to_json_lines(events: &[Event]) -> String {
    events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
}
