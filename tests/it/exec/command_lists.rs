//! Sources of commands: arguments, files and stdin; rejected lists and options.

use std::io::Write as _;
use std::process::Stdio;

use tempfile::NamedTempFile;

use super::{ExecOutput, exec, run_to_end, wait_for_output};

/// Asserts exit code 2, no stdout, and a message of at most three lines with `message` on stderr.
#[track_caller]
fn assert_rejected(output: ExecOutput, message: &str) {
    let ExecOutput { code, out, err } = output;
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("threadline: ") && err.lines().count() <= 3, "{err:?}");
    assert!(err.contains(message), "{err:?}");
}

/// Writes `text` to a temporary file.
fn write_file(text: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    file
}

/// Runs `exec --from -` with `text` on stdin.
fn from_stdin(text: &[u8]) -> ExecOutput {
    let mut child = exec(&["--only", "sequential", "--from", "-"]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    wait_for_output(child)
}

const LIST: &[u8] = b"# a comment\n\necho one\r\n  echo 'two # 2'  \n\t\n#echo never";

#[test]
fn every_line_of_a_list_is_a_command() {
    let list = write_file(LIST);
    for ExecOutput { code, out, err } in
        [run_to_end(&["--from", list.path().to_str().unwrap()]), from_stdin(LIST)]
    {
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains(": echo one\none\n==> command 2 of 2, "), "{out}");
        assert!(out.contains(": echo 'two # 2'\ntwo # 2\n\n"), "{out}");
    }
}

#[test]
fn byte_order_mark_is_skipped() {
    let text = [b"\xEF\xBB\xBF", LIST].concat();
    let list = write_file(&text);
    for ExecOutput { code, out, err } in
        [run_to_end(&["--from", list.path().to_str().unwrap()]), from_stdin(&text)]
    {
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("==> command 2 of 2, ") && out.contains(": echo one\none\n"), "{out}");
    }
    let command = write_file(b"\xEF\xBB\xBFecho a\n");
    let output = run_to_end(&["--plain", "--from", command.path().to_str().unwrap()]);
    assert_eq!((output.code, output.err.as_str()), (Some(0), ""), "{}", output.out);
}

#[test]
fn missing_and_empty_commands_are_rejected() {
    assert_rejected(run_to_end(&[]), "exec needs at least one command");
    assert_rejected(run_to_end(&["--"]), "exec needs at least one command");
    assert_rejected(run_to_end(&["--", "true", " "]), "command 2 is empty");
    for text in [&b""[..], b"\n\n", b"# only\n  # comments\n"] {
        let list = write_file(text);
        assert_rejected(
            run_to_end(&["--from", list.path().to_str().unwrap()]),
            "contains no commands",
        );
        assert_rejected(from_stdin(text), "stdin contains no commands");
    }
}

#[test]
fn unreadable_list_is_named() {
    assert_rejected(
        run_to_end(&["--from", "/no/such/list"]),
        "cannot read the commands in /no/such/list: No such",
    );
    assert_rejected(run_to_end(&["--from", "/"]), "cannot read the commands in /: ");
    assert_rejected(from_stdin(b"true\necho \xff\n"), "stdin, line 2, is not UTF-8");
    assert_rejected(from_stdin(b"true\n\necho \0\n"), "stdin, line 3, contains a NUL byte");
    assert_rejected(run_to_end(&["--from", "/dev/zero"]), "64 MB");
}

#[test]
fn invalid_options_are_rejected() {
    assert_rejected(
        run_to_end(&["--from", "list", "--", "true"]),
        "--from and CMD exclude each other",
    );
    assert_rejected(run_to_end(&["--plain", "--json", "--", "true"]), "exclude each other");
    for jobs in ["0", "1001", "70000"] {
        assert_rejected(run_to_end(&["-j", jobs, "--", "true"]), "use 1 to 1000");
    }
    for jobs in ["-1", "many", ""] {
        assert_rejected(run_to_end(&["--jobs", jobs, "--", "true"]), "a whole number");
    }
    assert_rejected(
        run_to_end(&["--only", "threads", "--", "true"]),
        "possible values: sequential, parallel",
    );
    assert_rejected(run_to_end(&["true"]), "unexpected argument \"true\"");
}

/// A line break does not split it.
#[test]
fn command_reaches_the_shell_unchanged() {
    let ExecOutput { code, out, .. } =
        run_to_end(&["--only", "sequential", "--", "echo a\necho b"]);
    assert_eq!(code, Some(0));
    assert!(out.contains(": echo a echo b\na\nb\n"), "{out}");
}

#[test]
fn missing_programs_are_refused_before_anything_runs() {
    let place = tempfile::tempdir().unwrap();
    let mark = place.path().join("ran");
    let touch = format!("touch {}", mark.display());
    for (arguments, message) in [
        (&["sleep", "1"][..], "threadline exec -- 'sleep 1'\n"),
        (&["sh", "-c", "true"], "threadline exec -- 'sh -c true'\n"),
        (&[&touch, "no-such-program x"], "there is no program no-such-program\n"),
        (&["no-such-program"], "there is no program no-such-program\n"),
    ] {
        assert_rejected(run_to_end(&[&["--"], arguments].concat()), message);
    }
    assert!(!mark.exists(), "a command ran");
}

#[test]
fn help_explains_that_a_race_runs_commands_twice() {
    let ExecOutput { code, out, .. } = run_to_end(&["--help"]);
    assert_eq!(code, Some(0));
    for message in
        ["Every command runs twice", "--only parallel", "Exit codes:", "Examples:", "--from"]
    {
        assert!(out.contains(message), "{message}: {out}");
    }
}
