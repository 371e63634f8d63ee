//! Recordings from outside: what a sitting was goes into a file, and comes out of it the same.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may stop at once when what it is about is not there"
)]

#[path = "../common/fabricate.rs"]
mod fabricate;

mod hostile;

use threadline::app::App;
use threadline::recording::{self, Recording};

/// A sitting's recording, as the bytes of its file.
fn recorded(app: &App) -> Vec<u8> {
    let mut file = Vec::new();
    recording::write(app.session().setup(), app.session().kept(), &mut file).unwrap();
    file
}

/// The recording that a file is, which is whole.
fn opened(file: &[u8]) -> Recording {
    let recording = recording::read("a file", file).unwrap();
    assert_eq!(recording.flaw(), None);
    recording
}
