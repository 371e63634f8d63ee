//! A system that allows few open files: the workers that cannot be had are shown.

use std::cell::Cell;

use crate::pty::Pty;
use crate::{WIDE, quick};

#[test]
fn workers_without_files_are_shown_with_the_reason() {
    let server = quick();
    let command = "ulimit -n 40 && exec \"$0\" aaronlelevier --api-url \"$1\" --per-page 1 \
                   --mode threads --threads 16";
    let arguments = ["-c", command, env!("CARGO_BIN_EXE_threadline"), &server.url()];
    let mut pty = Pty::start("/bin/sh", &arguments, &[], WIDE);
    pty.wait_text("workers are missing: a system limit");
    // Any of the lanes may be the one without files.
    let missing = Cell::new(0);
    pty.wait("a lane without files", |view| {
        let mut rows = view.screen.rows(0, 120).filter(|row| row.contains("worker-"));
        let position = rows.position(|row| row.contains("system limit"));
        missing.set(position.map_or(0, |position| position + 1));
        position.is_some()
    });
    pty.keys("j".repeat(missing.get()));
    pty.wait_text("only 40 files may be open");
    pty.keys("q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
