//! Tests the export menu, which writes files while the screen is shown.

use crate::pty::Pty;
use crate::{DEFAULT_SIZE, RACE_SUMMARY, fast_server};

#[test]
fn export_menu_writes_a_new_file_each_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = fast_server();
    let command = format!(
        "cd '{}' && exec '{}' aaronlelevier --theme dark --api-url {}",
        directory.path().display(),
        env!("CARGO_BIN_EXE_threadline"),
        server.url()
    );
    let mut pty = Pty::start("/bin/sh", &["-c", &command], &[], DEFAULT_SIZE);
    pty.wait_text(RACE_SUMMARY);
    for name in ["threadline-aaronlelevier-race.svg", "threadline-aaronlelevier-race-2.svg"] {
        pty.keys("e");
        pty.wait_text(&format!("picture    {name}"));
        pty.keys("j\r");
        pty.wait_text(&format!("picture written to {name}"));
    }
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
    let entries = std::fs::read_dir(directory.path()).expect("a directory");
    assert_eq!(entries.count(), 2, "files in the directory");
}
