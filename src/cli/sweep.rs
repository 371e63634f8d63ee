//! Options of sweeps: the number of trials.

use clap::Args;

use super::usage::{self, UsageError};
use crate::model::setup::MAX_SWEEP_REPEATS;
use crate::model::{Selection, SweepSetup};

#[derive(Args, Debug)]
#[command(next_help_heading = "Sweep")]
pub(super) struct SweepArgs {
    /// Number of trials per thread count [default: 3]
    #[arg(
        long,
        value_name = "N",
        value_parser = usage::whole::<u16>(1..=u64::from(MAX_SWEEP_REPEATS)),
        allow_negative_numbers = true
    )]
    repeats: Option<u16>,
}

impl SweepArgs {
    /// The setup of the sweep, if one was requested.
    pub(super) fn resolve(
        &self,
        counts: Option<Vec<u16>>,
        selection: Selection,
    ) -> Result<SweepSetup, UsageError> {
        if self.repeats.is_some() && !selection.is_sweep() {
            return Err(UsageError::NoSweep { option: "--repeats" });
        }
        let usual = SweepSetup::default();
        let repeats = self.repeats.unwrap_or(usual.repeats);
        Ok(SweepSetup { counts, repeats })
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn the_help_states_the_default() {
        let help = SweepArgs::augment_args(Command::new("x")).render_long_help().to_string();
        let repeats = format!("[default: {}]", SweepSetup::default().repeats);
        assert!(help.contains(&repeats), "{help}");
    }
}
