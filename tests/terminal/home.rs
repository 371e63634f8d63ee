//! A person's own keys, and the ways for those who want less of a picture.

use crate::{SAME, USUAL, WIDE, ask_with, quick};

/// A folder that holds this configuration.
fn configured(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("threadline");
    std::fs::create_dir(&place).expect("a folder in it");
    std::fs::write(place.join("config.toml"), text).expect("a file");
    folder
}

#[test]
fn keys_of_ones_own_do_what_they_say_and_are_shown() {
    let folder = configured("[keys]\nquit = \"Q\"\nhelp = \"F\"\npause = []\n");
    let home = folder.path().to_str().expect("a path");
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark"], &[("XDG_CONFIG_HOME", home)], WIDE);
    pty.wait_text(SAME);
    pty.wait_text("Q quit");
    pty.wait_text("F help");
    assert!(pty.inspect(|view| !view.has("pause")), "what no key does is no hint");
    pty.keys("q?F");
    pty.wait_text("Q  quit; asks first during a run");
    pty.keys("FQ");
    assert_eq!(pty.wait_for_exit().code, 0);
}

#[test]
fn accessible_tells_in_lines_and_draws_nothing() {
    let server = quick();
    let variables = [("ACCESSIBLE", "1")];
    let ended = ask_with(&server, &["--threads", "2"], &variables, USUAL).wait_for_exit();
    assert_eq!(ended.code, 0);
    let told = ended.output.replace("\r\n", "\n");
    for words in [
        "sequential starts: 5 pages",
        "threads x2 done: ",
        "threads x2, worker-2: busy ",
        "speed-up",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains(['\x1b', '\r']), "nothing is drawn over: {told:?}");
    assert!(told.is_ascii(), "nothing that a voice stumbles over: {told}");
}

#[test]
fn reduced_motion_shows_what_is_asked_for_at_once() {
    let server = quick();
    let mut pty = ask_with(&server, &["--theme", "dark", "--reduced-motion"], &[], WIDE);
    pty.wait_text(SAME);
    pty.keys("?");
    pty.wait_text("these keys");
    pty.keys("?q");
    assert_eq!(pty.wait_for_exit().code, 0);
}
