//! `--simulate`: the laboratory in virtual time.

use clap::{Args, value_parser};

use crate::app::slow_motion::{DEFAULT_SLOWDOWN, MAX_SLOWDOWN};
use crate::model::{Selection, Simulation};

/// More cores than a picture has lanes would show nothing new.
const MAX_CORES: i64 = 64;

#[derive(Args, Debug)]
#[command(next_help_heading = "Laboratory")]
pub(super) struct SimulateArgs {
    /// Compute the machine, too: as slow as you like
    #[arg(long)]
    pub(super) simulate: bool,
    /// What decides where the simulated machine has a choice [default: 1]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "N",
        requires = "simulate",
        allow_negative_numbers = true
    )]
    seed: Option<u64>,
    /// Cores of the simulated machine, 1 to 64 [default: 2]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "N",
        requires = "simulate",
        value_parser = value_parser!(u16).range(1..=MAX_CORES),
        allow_negative_numbers = true
    )]
    cores: Option<u16>,
    /// On the screen, N times slower than real time; a sweep, once [default: 20]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "N",
        requires = "simulate",
        value_parser = value_parser!(u32).range(1..=i64::from(MAX_SLOWDOWN)),
        allow_negative_numbers = true
    )]
    slow: Option<u32>,
}

impl SimulateArgs {
    /// The simulated machine, if there is to be one.
    pub(super) fn simulation(&self) -> Option<Simulation> {
        let usual = Simulation::default();
        self.simulate.then(|| Simulation {
            seed: self.seed.unwrap_or(usual.seed),
            cores: self.cores.unwrap_or(usual.cores),
        })
    }

    /// How many times slower than real time: a sweep has many runs, and is about how long they take.
    pub(super) fn slow_factor(&self, selection: Selection) -> u32 {
        self.slow.unwrap_or(if selection.is_sweep() { 1 } else { DEFAULT_SLOWDOWN })
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn the_defaults_and_bounds_are_those_that_the_help_tells() {
        let help = SimulateArgs::augment_args(Command::new("x")).render_long_help().to_string();
        let Simulation { seed, cores } = Simulation::default();
        let cores = format!("1 to {MAX_CORES} [default: {cores}]");
        let seed = format!("a choice [default: {seed}]");
        for text in [seed, cores, format!("[default: {DEFAULT_SLOWDOWN}]")] {
            assert!(help.contains(&text), "{text} {help}");
        }
    }
}
