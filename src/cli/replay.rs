//! `threadline replay`: which recording, how fast, and what is to be seen of it; and `--record`, which
//! makes one; and `--compare`, which sets one beside what runs.

use std::path::PathBuf;

use clap::Args;

use super::display::{DisplayArgs, DisplayOptions, OutputMode};
use super::export::{EXPORT_HEADING, ExportArgs, ExportPaths};
use super::path_conflicts::{self, CONFIGURATION};
use super::{DISPLAY_HEADING, Environment, UsageError};
use crate::app::replay::{MAX_SPEED, MIN_SPEED, ReplaySpeed};

#[derive(Args, Debug)]
pub(super) struct RecordArgs {
    /// Record to FILE while it runs, for threadline replay
    #[arg(long, help_heading = EXPORT_HEADING, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct CompareArgs {
    /// Compare with the recording FILE, on the screen: c shows it beneath the lanes
    #[arg(
        long,
        hide_short_help = true,
        help_heading = DISPLAY_HEADING,
        value_name = "FILE",
        conflicts_with_all = ["plain", "json"]
    )]
    pub(super) compare: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    /// The recording, as --record writes it; - for stdin, which leaves no keys, so no screen
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Play it so many times as fast as it happened, 0.1 to 1000
    #[arg(
        long,
        value_name = "TIMES",
        default_value = "1",
        value_parser = parse_speed,
        allow_negative_numbers = true
    )]
    speed: ReplaySpeed,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    export: ExportArgs,
}

/// A recording, and what is to be seen of it.
#[derive(Clone, Debug)]
pub struct ReplayCommand {
    /// Where it is; `-` for stdin.
    pub path: PathBuf,
    /// How fast it is played.
    pub speed: ReplaySpeed,
    /// What a person wants to see.
    pub output_mode: OutputMode,
    /// What is taken along.
    pub exports: ExportPaths,
    /// How the screen is to look.
    pub display: DisplayOptions,
}

impl ReplayArgs {
    /// Where nothing but the recording is to be seen, there is a screen.
    pub(super) fn resolve(self, environment: Environment<'_>) -> Result<ReplayCommand, UsageError> {
        let Self { path, speed, mut display, export } = self;
        display.apply_config(environment)?;
        let (exports, output_mode) = export.resolve(None, display.output_mode())?;
        let configuration = display.config_path(environment);
        let read =
            [("the recording", Some(path.as_path())), (CONFIGURATION, configuration.as_deref())];
        path_conflicts::check_conflicts(&read, &exports, None)?;
        Ok(ReplayCommand { path, speed, output_mode, exports, display: display.into() })
    }
}

fn parse_speed(text: &str) -> Result<ReplaySpeed, String> {
    let times = text.strip_suffix('x').unwrap_or(text).parse().ok();
    times
        .and_then(ReplaySpeed::new)
        .ok_or_else(|| format!("give a number from {MIN_SPEED} to {MAX_SPEED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_within_bounds() {
        for text in ["0", "0.09", "1001", "-1", "NaN", "inf", "", "fast", "x"] {
            assert!(parse_speed(text).is_err(), "{text:?}");
        }
        for (text, said) in [("0.1", "0.1x"), ("2", "2x"), ("2.5x", "2.5x"), ("1e3", "1000x")] {
            assert_eq!(parse_speed(text).unwrap().to_string(), said);
        }
    }
}
