//! `threadline replay`: which recording, how fast, and what is to be seen of it; and `--record`, which
//! makes one; and `--compare`, which sets one beside what runs.

use std::path::PathBuf;

use clap::Args;

use super::export::{EXPORT, ExportArgs, Exports};
use super::picture::{Picture, PictureArgs, Way};
use super::places::{self, CONFIGURATION};
use super::{Environment, LOOK, UsageError};
use crate::app::replay::{FASTEST, SLOWEST, Speed};

#[derive(Args, Debug)]
pub(super) struct RecordArgs {
    /// Record to FILE while it runs, for threadline replay
    #[arg(long, help_heading = EXPORT, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct CompareArgs {
    /// Compare with the recording FILE, on the screen: c shows it beneath the lanes
    #[arg(
        long,
        hide_short_help = true,
        help_heading = LOOK,
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
        value_parser = speed,
        allow_negative_numbers = true
    )]
    speed: Speed,
    #[command(flatten)]
    picture: PictureArgs,
    #[command(flatten)]
    export: ExportArgs,
}

/// A recording, and what is to be seen of it.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Where it is; `-` for stdin.
    pub path: PathBuf,
    /// How fast it is played.
    pub speed: Speed,
    /// What a person wants to see.
    pub way: Way,
    /// What is taken along.
    pub exports: Exports,
    /// How the screen is to look.
    pub picture: Picture,
}

impl ReplayArgs {
    /// Where nothing but the recording is to be seen, there is a screen.
    pub(super) fn resolve(self, environment: Environment<'_>) -> Result<Replay, UsageError> {
        let Self { path, speed, mut picture, export } = self;
        picture.configure(environment)?;
        let (exports, way) = export.resolve(None, picture.way())?;
        let configuration = picture.configuration(environment);
        let read =
            [("the recording", Some(path.as_path())), (CONFIGURATION, configuration.as_deref())];
        places::check(&read, &exports, None)?;
        Ok(Replay { path, speed, way, exports, picture: picture.into() })
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    let times = text.strip_suffix('x').unwrap_or(text).parse().ok();
    times.and_then(Speed::new).ok_or_else(|| format!("give a number from {SLOWEST} to {FASTEST}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_within_bounds() {
        for text in ["0", "0.09", "1001", "-1", "NaN", "inf", "", "fast", "x"] {
            assert!(speed(text).is_err(), "{text:?}");
        }
        for (text, said) in [("0.1", "0.1x"), ("2", "2x"), ("2.5x", "2.5x"), ("1e3", "1000x")] {
            assert_eq!(speed(text).unwrap().to_string(), said);
        }
    }
}
