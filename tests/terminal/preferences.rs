//! Tests the user's preferences: configured keys, accessible output, and reduced motion.

use crate::{DEFAULT_SIZE, RACE_SUMMARY, WIDE, fast_server, start_with};

/// Creates a configuration directory with this configuration file.
fn configuration_directory(text: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let directory = home.path().join("threadline");
    std::fs::create_dir(&directory).expect("a subdirectory");
    std::fs::write(directory.join("config.toml"), text).expect("a file");
    home
}

#[test]
fn configured_keys_work_and_are_shown() {
    let directory = configuration_directory("[keys]\nquit = \"Q\"\nhelp = \"F\"\npause = []\n");
    let home = directory.path().to_str().expect("a path");
    let server = fast_server();
    let mut pty = start_with(&server, &["--theme", "dark"], &[("XDG_CONFIG_HOME", home)], WIDE);
    pty.wait_text(RACE_SUMMARY);
    pty.wait_text("Q quit");
    pty.wait_text("F help");
    assert!(pty.inspect(|view| !view.has("pause")), "hint for an action without a key");
    pty.keys("q?F");
    pty.wait_text("Q  quit; asks first during a run");
    pty.keys("FQ");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn accessible_mode_prints_ascii_lines_and_draws_nothing() {
    let server = fast_server();
    let variables = [("ACCESSIBLE", "1")];
    let exit = start_with(&server, &["--threads", "2"], &variables, DEFAULT_SIZE).wait_for_exit();
    assert_eq!(exit.code, 0);
    let output = exit.output.replace("\r\n", "\n");
    for words in [
        "sequential starts\nthere are 5 pages\n",
        "threads (no GIL) x2 done: ",
        "threads (no GIL) x2, worker-2: waiting ",
        "speed-up",
    ] {
        assert!(output.contains(words), "{words}: {output}");
    }
    assert!(!output.contains(['\x1b', '\r']), "output with control characters: {output:?}");
    assert!(output.is_ascii(), "output with symbols: {output}");
}

#[test]
fn race_and_help_are_shown_with_reduced_motion() {
    let server = fast_server();
    let mut pty = start_with(&server, &["--theme", "dark", "--reduced-motion"], &[], WIDE);
    pty.wait_text(RACE_SUMMARY);
    pty.keys("?");
    pty.wait_text("these keys");
    pty.keys("?q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
