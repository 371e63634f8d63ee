//! Options of computed workloads.

use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::duration;
use super::usage::{self, UsageError};
use crate::model::plan::MAX_TASKS;
use crate::model::setup::DEFAULT_COMPUTE_TASKS;
use crate::model::{ComputeSpec, Simulation, Workload};

/// The range of the time that one task takes alone.
const SIZE_RANGE: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(10 * 60)];

/// The range of the switch interval. CPython has none, but a shorter interval would measure the
/// system's timers.
const SWITCH_INTERVAL_RANGE: [Duration; 2] = [Duration::from_micros(1), Duration::from_secs(10)];

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
        value_parser = usage::whole::<u32>(1..=u64::from(MAX_TASKS)),
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
        value_parser = usage::whole::<u8>(0..=100),
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
        let given = [
            (self.tasks.is_some(), "--tasks"),
            (self.size.is_some(), "--size"),
            (self.switch_interval.is_some(), "--switch-interval"),
        ];
        if let Some((_, option)) = given.iter().find(|(given, _)| *given && !workload.is_computed())
        {
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

fn parse_size(text: &str) -> Result<Duration, String> {
    parse_within(text, SIZE_RANGE)
        .ok_or_else(|| "use 1ms to 10m, with the unit: 150ms, 1.5s".to_owned())
}

fn parse_switch_interval(text: &str) -> Result<Duration, String> {
    parse_within(text, SWITCH_INTERVAL_RANGE).ok_or_else(|| {
        "use 1us to 10s, with the unit: a thread waits this long for the GIL before it asks the \
         holder to release it (Python: 5ms)"
            .to_owned()
    })
}

fn parse_within(text: &str, [least, most]: [Duration; 2]) -> Option<Duration> {
    duration::parse_with_unit(text).ok().filter(|duration| (least..=most).contains(duration))
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;
    use crate::model::Nanos;

    #[test]
    fn the_help_states_the_defaults() {
        let help = ComputeArgs::augment_args(Command::new("x")).render_long_help().to_string();
        let ComputeSpec { size, share, switch_interval, .. } = ComputeSpec::default();
        let millis = |time: Nanos| time.0 / 1_000_000;
        for text in [
            format!("[default: {DEFAULT_COMPUTE_TASKS}]"),
            format!("[default: {}ms]", millis(size)),
            format!("[default: {share}]"),
            format!("[default: {}ms]", millis(switch_interval)),
        ] {
            assert!(help.contains(&text), "{text} {help}");
        }
    }

    #[test]
    fn times_have_a_unit_and_bounds() {
        for text in ["0", "0ms", "5", "0.9us", "10.1s", "1m", "-5ms", "x", ""] {
            let refused = parse_switch_interval(text).unwrap_err();
            assert!(refused.contains("for the GIL"), "{text}: {refused}");
        }
        assert_eq!(parse_switch_interval("1us"), Ok(SWITCH_INTERVAL_RANGE[0]));
        assert_eq!(parse_switch_interval("10s"), Ok(SWITCH_INTERVAL_RANGE[1]));
        for text in ["0.9ms", "11m", "150", "0"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!((parse_size("1ms"), parse_size("10m")), (Ok(SIZE_RANGE[0]), Ok(SIZE_RANGE[1])));
    }
}
