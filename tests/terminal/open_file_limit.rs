//! Tests the screen under a low limit of open files: workers that cannot start are shown.

use std::cell::Cell;

use crate::pty::Pty;
use crate::{WIDE, fast_server};

#[test]
fn workers_missing_due_to_the_open_file_limit_show_the_reason() {
    let server = fast_server();
    let command = "ulimit -n 40 && exec \"$0\" aaronlelevier --api-url \"$1\" --per-page 1 \
                   --mode threads --threads 16";
    let arguments = ["-c", command, env!("CARGO_BIN_EXE_threadline"), &server.url()];
    let mut pty = Pty::start("/bin/sh", &arguments, &[], WIDE);
    pty.wait_text("workers are missing: a system limit");
    // Any of the lanes may be the one that gets no file.
    let missing = Cell::new(0);
    pty.wait("a lane without a worker", |view| {
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
