//! Options for recordings: `threadline replay`, `--record` and `--compare`.

use std::path::PathBuf;

use clap::Args;

use super::output::{DisplayArgs, ExportArgs, FILES, NamedPath, OutputOptions};
use super::{Environment, SCREEN, Terminals, UsageError};
use crate::app::playback::{MAX_SPEED, MIN_SPEED, PlaybackSpeed};
use crate::model::Workload;

#[derive(Args, Debug)]
pub(super) struct RecordArgs {
    /// Record everything that runs, for threadline replay
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct CompareArgs {
    /// Compare with a recording: c shows it below the lanes
    #[arg(
        long,
        help_heading = SCREEN,
        value_name = "FILE",
        conflicts_with_all = ["plain", "json"]
    )]
    pub(super) compare: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct ReplayArgs {
    /// A recording of --record; - is stdin, without a screen
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// Speed, 0.00001 to 1000 times real time
    #[arg(
        long,
        value_name = "TIMES",
        default_value = "1",
        value_parser = parse_speed,
        allow_negative_numbers = true
    )]
    speed: PlaybackSpeed,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    export: ExportArgs,
}

/// The arguments of `threadline replay`.
#[derive(Clone, Debug)]
pub struct ReplayCommand {
    /// The path of the recording; `-` is stdin.
    pub path: PathBuf,
    /// The playback speed.
    pub speed: PlaybackSpeed,
    /// The output, without a recording.
    pub output: OutputOptions,
}

impl ReplayArgs {
    /// Resolves the options.
    pub(super) fn resolve(
        self,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<ReplayCommand, UsageError> {
        let Self { path, speed, mut display, export } = self;
        display.apply_config(environment)?;
        let read = [NamedPath { name: "the recording", path: Some(&path) }];
        let exports = export.paths(None, Workload::Followers);
        let output = OutputOptions::resolve(display, exports, None, &read, environment, terminals)?;
        Ok(ReplayCommand { path, speed, output })
    }
}

fn parse_speed(text: &str) -> Result<PlaybackSpeed, String> {
    let times = text.strip_suffix('x').unwrap_or(text).parse().ok();
    times
        .and_then(PlaybackSpeed::new)
        .ok_or_else(|| format!("use a number from {MIN_SPEED} to {MAX_SPEED}"))
}
