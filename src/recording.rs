//! Recordings: a sitting in a file, a line for each thing that happened, and the same sitting again.
//!
//! A recording is text, a JSON object a line ([JSON lines](https://jsonlines.org)):
//!
//! - the first is the header: `format`, `version`, the version of the `events`, and the `setup` that
//!   the sitting began with ([`Setup`]); no token is ever in it;
//! - one with `begin` says that a selection was begun, with the `setup` as it stood then, and how many
//!   `pages` were known ([`Begun`]);
//! - every other one is an [`Event`](crate::model::Event) of the run that goes on.
//!
//! A reader leaves out keys that it does not know. What it would misread raises one of the versions.

mod error;
mod file;
mod read;
mod tame;
mod write;

use serde::{Deserialize, Serialize};

use crate::app::Session;
use crate::app::session::{Begun, Entry, Setup};
use crate::model::{Nanos, Run, Selection};
pub use error::{Flaw, RecordError, RecordingError, Why};
pub use read::{open, read};
pub use write::{Recorder, write};

/// What the header's `format` is.
pub const FORMAT: &str = "threadline.recording";

/// The version of what is around the events.
pub const VERSION: u32 = 1;

/// A recording's first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header<'a> {
    format: &'a str,
    version: u32,
    events: u32,
    setup: Setup,
}

/// A sitting that was recorded, as far as its file can be read.
#[derive(Clone, Debug)]
pub struct Recording {
    name: String,
    setup: Setup,
    entries: Vec<Entry>,
    /// The selection that was begun last.
    last: Selection,
    flaw: Option<Flaw>,
}

impl Recording {
    /// What its file is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the sitting had to run when it began.
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// What happened in it.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Why there is no more of it, if the file has more.
    pub const fn flaw(&self) -> Option<&Flaw> {
        self.flaw.as_ref()
    }

    /// The sitting as it was in the end.
    pub fn session(&self) -> Session {
        let mut session = Session::new(self.setup.clone());
        self.entries.iter().for_each(|entry| session.replay(entry));
        session
    }

    /// The selection that was begun last.
    pub const fn last(&self) -> Selection {
        self.last
    }

    /// The selections in the order in which they were begun.
    pub fn begun(&self) -> impl Iterator<Item = &Begun> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Begun(begun) => Some(&**begun),
            Entry::Event(_) => None,
        })
    }

    /// When what it ends with happened, on the clock of its run.
    pub fn latest(&self) -> Nanos {
        match self.entries.last() {
            Some(Entry::Event(event)) => event.at,
            _ => Nanos::ZERO,
        }
    }

    /// The runs of the selection that was begun last, in the order of its modes.
    pub fn runs(&self) -> Vec<Run> {
        self.session().runs(self.last).to_vec()
    }

    /// What the sitting had to run, and what happened in it.
    pub fn into_parts(self) -> (Setup, Vec<Entry>) {
        (self.setup, self.entries)
    }
}
