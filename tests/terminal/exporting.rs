//! The menu of what can be taken along writes files while the screen is there.

use crate::pty::Pty;
use crate::{SAME, USUAL, quick};

#[test]
fn e_and_enter_write_a_file_that_does_not_exist_yet() {
    let place = tempfile::tempdir().expect("a directory");
    let server = quick();
    let run = format!(
        "cd '{}' && exec '{}' aaronlelevier --theme dark --api-url {}",
        place.path().display(),
        env!("CARGO_BIN_EXE_threadline"),
        server.url()
    );
    let mut pty = Pty::start("/bin/sh", &["-c", &run], &[], USUAL);
    pty.wait_text(SAME);
    for name in ["threadline-aaronlelevier-race.svg", "threadline-aaronlelevier-race-2.svg"] {
        pty.keys("e");
        pty.wait_text(&format!("picture    {name}"));
        pty.keys("j\r");
        pty.wait_text(&format!("picture written to {name}"));
    }
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    let entries = std::fs::read_dir(place.path()).expect("a directory");
    assert_eq!(entries.count(), 2, "nothing else is left there");
}
