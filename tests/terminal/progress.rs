//! The progress line on a terminal without a screen.

use std::io::Read as _;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::builtin_server::faulty;

/// Runs the program on a terminal of this type; returns its exit code and what it sent.
fn run_on_terminal(term: &str, args: &[&str]) -> (u32, String) {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_threadline"));
    command.args(args);
    command.env("TERM", term);
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GITHUB_API_URL"] {
        command.env_remove(name);
    }
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut sent = Vec::new();
    // Linux reports the end of a terminal as an error, after everything was read.
    _ = pair.master.try_clone_reader().unwrap().read_to_end(&mut sent);
    (child.wait().unwrap().exit_code(), String::from_utf8(sent).unwrap())
}

#[test]
fn progress_overwrites_its_line_without_escape_codes() {
    let server = faulty(127, "");
    let args = ["aaronlelevier", "--api-url", &server.url()];
    let plain = [&args[..], &["--plain"]].concat();
    for (term, args) in [("dumb", &args[..]), ("xterm-256color", &plain)] {
        let (code, sent) = run_on_terminal(term, args);
        assert_eq!(code, 0, "{sent}");
        assert!(!sent.contains('\u{1b}'), "{sent:?}");
        assert!(sent.contains("\rsequential  0/? pages  0 followers  "), "{sent:?}");
        let (progress, report) = sent.rsplit_once(" \r").unwrap();
        assert!(!progress.contains("time(sec)"), "{sent:?}");
        assert!(report.starts_with("single_threaded time(sec): "), "{sent:?}");
    }
}
