//! The configuration file: where it is found, what it may contain, and `--print-keys`.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

use super::{CliOutput, run_to_end, start_server, threadline};

/// Writes a configuration file; returns its `XDG_CONFIG_HOME` and its path.
fn write_configuration(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("threadline/config.toml");
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

/// The program with this `XDG_CONFIG_HOME`.
fn command_in(folder: &Path, args: &[&str]) -> Command {
    let mut command = threadline();
    command.env("XDG_CONFIG_HOME", folder).args(args);
    command
}

/// Runs against a server with 100 followers; returns the plain report.
fn plain_report(command: &mut Command) -> String {
    let server = start_server(100);
    let command = command.args(["aaronlelevier", "--plain", "--api-url", &server.url()]);
    let CliOutput { code, out, err } = run_to_end(command);
    assert_eq!(code, Some(0), "{err}");
    out
}

#[test]
fn command_line_overrides_the_configuration_file() {
    let (folder, file) = write_configuration("threads = 2\nper-page = 50\n");
    let from_file = plain_report(&mut command_in(folder.path(), &[]));
    assert!(
        from_file.contains("2 pages, 50 each") && from_file.contains("threads (no GIL) x2"),
        "{from_file}"
    );
    let overridden =
        plain_report(&mut command_in(folder.path(), &["--threads", "3", "--per-page", "10"]));
    assert!(
        overridden.contains("10 pages, 10 each") && overridden.contains("threads (no GIL) x3"),
        "{overridden}"
    );
    let unconfigured = plain_report(&mut command_in(folder.path(), &["--config", "/dev/null"]));
    assert!(
        unconfigured.contains("4 pages, 30 each") && unconfigured.contains("threads (no GIL) x4"),
        "{unconfigured}"
    );
    let by_option = plain_report(threadline().arg("--config").arg(&file));
    assert!(by_option.contains("2 pages, 50 each"), "{by_option}");
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".config")).unwrap();
    std::fs::rename(folder.path().join("threadline"), home.path().join(".config/threadline"))
        .unwrap();
    let below_home =
        plain_report(threadline().env_remove("XDG_CONFIG_HOME").env("HOME", home.path()));
    assert!(below_home.contains("2 pages, 50 each"), "{below_home}");
}

/// Asserts exit code 2, no stdout, and a message of at most three lines with `expected` on stderr.
#[track_caller]
pub(super) fn assert_rejected(command: &mut Command, expected: &str) {
    let CliOutput { code, out, err } = run_to_end(command);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("threadline: ") && err.lines().count() <= 3, "{err:?}");
    assert!(err.contains(expected), "{err}");
}

#[test]
fn invalid_configuration_is_rejected_before_a_run() {
    for (text, message) in [
        ("# mine\nthem = 'dark'\n", "line 2: unknown setting \"them\"\nhint: did you mean theme?"),
        ("[keys]\nquit = 'F1'\n", "line 2: quit: \"F1\" is not a key"),
        ("[keys]\nquit = 'x'\nstop = 'x'\n", "x is bound to both stop and quit"),
        ("theme = \n", "line 1: "),
        ("threads = 5000\n", "threads: use a whole number"),
    ] {
        let (folder, file) = write_configuration(text);
        for args in [&["--plain"][..], &["--print-keys"], &["exec", "--plain", "--", "true"]] {
            assert_rejected(&mut command_in(folder.path(), args), message);
        }
        assert_rejected(&mut command_in(folder.path(), &["--plain"]), file.to_str().unwrap());
    }
}

#[test]
fn unreadable_configuration_is_rejected_and_missing_one_is_ignored() {
    let (folder, file) = write_configuration("");
    assert_rejected(
        threadline().args(["--plain", "--config", "/nowhere/mine.toml"]),
        "/nowhere/mine.toml: No such",
    );
    std::fs::remove_file(&file).unwrap();
    assert_eq!(run_to_end(&mut command_in(folder.path(), &["--print-keys"])).code, Some(0));
    std::fs::create_dir(&file).unwrap();
    assert_rejected(
        &mut command_in(folder.path(), &["--print-keys"]),
        "cannot read the configuration in",
    );
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, b"\xff").unwrap();
    assert_rejected(&mut command_in(folder.path(), &["--print-keys"]), "UTF-8");
    assert_rejected(threadline().args(["--plain", "--config", "/dev/zero"]), "longer than 1 MiB");
}

#[test]
fn printed_keys_are_a_valid_configuration() {
    let CliOutput { code, out, err } = run_to_end(threadline().arg("--print-keys"));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    insta::assert_snapshot!("print_keys", out);
    let (folder, _) = write_configuration(&out);
    assert_eq!(
        run_to_end(&mut command_in(folder.path(), &["--print-keys"])).out,
        out,
        "the output as configuration"
    );
    let (folder, _) = write_configuration("[keys]\nrun = [\"r\", \"Enter\"]\nquit = []\n");
    let custom = run_to_end(&mut command_in(folder.path(), &["--print-keys"])).out;
    for line in ["run = [\"r\", \"Enter\"]", "inspect = []", "quit = []"] {
        assert!(custom.contains(line), "{line}: {custom}");
    }
}
