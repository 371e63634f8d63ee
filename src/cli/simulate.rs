//! `--simulate`: CPU work in virtual time.

use clap::Args;

use super::usage::{self, UsageError};
use crate::app::playback::{DEFAULT_SLOWDOWN, MAX_SLOWDOWN};
use crate::model::{Selection, Simulation};

/// The maximum number of cores. More cores than lanes on a screen would show nothing new.
const MAX_CORES: u64 = 64;

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
        value_parser = usage::whole::<u64>(0..=u64::MAX),
        allow_negative_numbers = true
    )]
    seed: Option<u64>,
    /// Number of cores, 1 to 64 [default: 2]
    #[arg(
        long,
        value_name = "N",
        value_parser = usage::whole::<u16>(1..=MAX_CORES),
        allow_negative_numbers = true
    )]
    cores: Option<u16>,
    /// On the screen, N times slower than real time [default: 20; 1 for a sweep]
    #[arg(
        long,
        value_name = "N",
        value_parser = usage::whole::<u32>(1..=u64::from(MAX_SLOWDOWN)),
        allow_negative_numbers = true
    )]
    slow: Option<u32>,
}

impl SimulateArgs {
    /// Returns the simulated machine, or `None` without `--simulate`.
    pub(super) fn simulation(&self) -> Result<Option<Simulation>, UsageError> {
        let given = [
            (self.seed.is_some(), "--seed"),
            (self.cores.is_some(), "--cores"),
            (self.slow.is_some(), "--slow"),
        ];
        if !self.simulate {
            return match given.into_iter().find(|(given, _)| *given) {
                Some((_, option)) => Err(UsageError::Needs { option, needed: "--simulate" }),
                None => Ok(None),
            };
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

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn the_help_states_the_defaults_and_bounds() {
        let help = SimulateArgs::augment_args(Command::new("x")).render_long_help().to_string();
        let Simulation { seed, cores } = Simulation::default();
        let cores = format!("1 to {MAX_CORES} [default: {cores}]");
        let seed = format!("machine [default: {seed}]");
        for text in [seed, cores, format!("[default: {DEFAULT_SLOWDOWN}; 1 for a sweep]")] {
            assert!(help.contains(&text), "{text} {help}");
        }
    }
}
