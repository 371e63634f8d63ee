//! Options of computed workloads, and of the machine that `--simulate` simulates in virtual time.

use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::UsageError;
use super::values::{MAX_CORES, first_given, parse_size, parse_switch_interval, whole};
use crate::app::playback::{DEFAULT_SLOWDOWN, MAX_SLOWDOWN};
use crate::model::plan::MAX_TASKS;
use crate::model::setup::DEFAULT_COMPUTE_TASKS;
use crate::model::{ComputeSpec, Selection, Simulation, Workload};

#[derive(Args, Debug)]
#[command(next_help_heading = "CPU work")]
pub(super) struct ComputeArgs {
    /// Kind of tasks [default: followers; cpu with --simulate]
    #[arg(long, value_enum)]
    workload: Option<Workload>,
    /// Number of tasks [default: 8]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole::<u32>(1..=u64::from(MAX_TASKS)),
        allow_negative_numbers = true
    )]
    tasks: Option<u32>,
    /// Approximate time of one task alone [default: 150ms]
    #[arg(long, value_name = "DURATION", value_parser = parse_size)]
    size: Option<Duration>,
    /// Percentage of CPU work in a mixed task [default: 30]
    #[arg(
        long,
        value_name = "PERCENT",
        value_parser = whole::<u8>(0..=100),
        allow_negative_numbers = true
    )]
    share: Option<u8>,
    /// The time that a thread waits for the GIL before it requests it [default: 5ms]
    #[arg(long, value_name = "DURATION", value_parser = parse_switch_interval)]
    switch_interval: Option<Duration>,
}

impl ValueEnum for Workload {
    fn value_variants<'value>() -> &'value [Self] {
        &Self::SELECTABLE
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let spec = self.spec();
        Some(PossibleValue::new(spec.name).help(spec.help))
    }
}

/// The workload and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeOptions {
    /// The workload.
    pub workload: Workload,
    /// The work of each task, if it is computed.
    pub compute: ComputeSpec,
    /// The number of computed tasks.
    pub tasks: u32,
}

impl ComputeArgs {
    pub(super) fn resolve(
        &self,
        simulation: Option<Simulation>,
    ) -> Result<ComputeOptions, UsageError> {
        let usual = if simulation.is_some() { Workload::Cpu } else { Workload::Followers };
        let workload = self.workload.unwrap_or(usual);
        if simulation.is_some() && !workload.is_computed() {
            return Err(UsageError::SimulatedFollowers { given: "--workload followers" });
        }
        if self.share.is_some() && !workload.spec().has_io_share {
            return Err(UsageError::ShareWithoutMixed);
        }
        let given = first_given([
            (self.tasks.is_some(), "--tasks"),
            (self.size.is_some(), "--size"),
            (self.switch_interval.is_some(), "--switch-interval"),
        ]);
        if let Some(option) = given.filter(|_| !workload.is_computed()) {
            return Err(UsageError::NothingComputed { option });
        }
        let usual = ComputeSpec::default();
        let compute = ComputeSpec {
            size: self.size.map_or(usual.size, Into::into),
            share: self.share.unwrap_or(usual.share),
            switch_interval: self.switch_interval.map_or(usual.switch_interval, Into::into),
            simulation,
            ..usual
        };
        Ok(ComputeOptions { workload, compute, tasks: self.tasks.unwrap_or(DEFAULT_COMPUTE_TASKS) })
    }
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Simulation")]
pub(super) struct SimulateArgs {
    /// Simulate the machine: reproducible, and in slow motion on the screen
    #[arg(long)]
    pub(super) simulate: bool,
    /// Seed of what is random on a real machine [default: 1]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole::<u64>(0..=u64::MAX),
        allow_negative_numbers = true
    )]
    seed: Option<u64>,
    /// Number of cores, 1 to 64 [default: 2]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole::<u16>(1..=MAX_CORES),
        allow_negative_numbers = true
    )]
    cores: Option<u16>,
    /// On the screen, N times slower than real time [default: 20; 1 for a sweep]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole::<u32>(1..=u64::from(MAX_SLOWDOWN)),
        allow_negative_numbers = true
    )]
    slow: Option<u32>,
}

impl SimulateArgs {
    /// Returns the simulated machine, or `None` without `--simulate`.
    pub(super) fn simulation(&self) -> Result<Option<Simulation>, UsageError> {
        if !self.simulate {
            let given = first_given([
                (self.seed.is_some(), "--seed"),
                (self.cores.is_some(), "--cores"),
                (self.slow.is_some(), "--slow"),
            ]);
            let needs = |option| Err(UsageError::Needs { option, needed: "--simulate" });
            return given.map_or(Ok(None), needs);
        }
        let usual = Simulation::default();
        Ok(Some(Simulation {
            seed: self.seed.unwrap_or(usual.seed),
            cores: self.cores.unwrap_or(usual.cores),
        }))
    }

    /// Returns the factor by which runs are slower than real time: 1 for a sweep, whose many runs would
    /// take too long.
    pub(super) fn slow_factor(&self, selection: Selection) -> u32 {
        self.slow.unwrap_or(if selection.is_sweep() { 1 } else { DEFAULT_SLOWDOWN })
    }
}
