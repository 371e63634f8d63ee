//! The player of simulated runs: whole screens, and what a session keeps of them.

use threadline::app::playback::PlaybackSpeed;
use threadline::model::{EventKind, LogSink as _};
use threadline::model::{LogEntry, ModeChoice, RunOutcome, Selection, SweepSetup};

use super::*;
use crate::app_driver::{AppDriver, Scenario};

const SIZE: (u16, u16) = (120, 36);

const RACE: Selection = Selection::race(Workload::Cpu);

/// A session that plays a simulated selection, in real time.
struct Playback(AppDriver);
