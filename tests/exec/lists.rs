//! Where commands come from, and what is no list of them.

use std::io::Write as _;
use std::process::Stdio;

use tempfile::NamedTempFile;

use super::{ExecOutput, ended, exec, run_to_end};

/// Exit 2, nothing on stdout, and one line on stderr that holds `words`.
#[track_caller]
fn refused(ended: ExecOutput, words: &str) {
    let ExecOutput { code, out, err } = ended;
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("threadline: ") && err.lines().count() <= 3, "{err:?}");
    assert!(err.contains(words), "{err:?}");
}

fn file(text: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    file
}

/// What `--from -` comes to with this text.
fn from_stdin(text: &[u8]) -> ExecOutput {
    let mut child = exec(&["--only", "sequential", "--from", "-"]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    ended(child)
}

const LIST: &[u8] = b"# a comment\n\necho one\r\n  echo 'two # 2'  \n\t\n#echo never";

#[test]
fn a_line_is_a_command() {
    let list = file(LIST);
    for ExecOutput { code, out, err } in
        [run_to_end(&["--from", list.path().to_str().unwrap()]), from_stdin(LIST)]
    {
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains(": echo one\none\n==> command 2 of 2, "), "{out}");
        assert!(out.contains(": echo 'two # 2'\ntwo # 2\n\n"), "{out}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let text = [b"\xEF\xBB\xBF", LIST].concat();
    let list = file(&text);
    for ExecOutput { code, out, err } in
        [run_to_end(&["--from", list.path().to_str().unwrap()]), from_stdin(&text)]
    {
        assert_eq!((code, err.as_str()), (Some(0), ""));
        assert!(out.contains("==> command 2 of 2, ") && out.contains(": echo one\none\n"), "{out}");
    }
    let command = file(b"\xEF\xBB\xBFecho a\n");
    let ended = run_to_end(&["--plain", "--from", command.path().to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
}

#[test]
fn no_command_is_said_to_be_none() {
    refused(run_to_end(&[]), "exec needs at least one command");
    refused(run_to_end(&["--"]), "exec needs at least one command");
    refused(run_to_end(&["--", "true", " "]), "command 2 is empty");
    for text in [&b""[..], b"\n\n", b"# only\n  # comments\n"] {
        let list = file(text);
        refused(run_to_end(&["--from", list.path().to_str().unwrap()]), "contains no commands");
        refused(from_stdin(text), "stdin contains no commands");
    }
}

#[test]
fn a_list_that_cannot_be_read_is_named() {
    refused(
        run_to_end(&["--from", "/no/such/list"]),
        "cannot read the commands in /no/such/list: No such",
    );
    refused(run_to_end(&["--from", "/"]), "cannot read the commands in /: ");
    refused(from_stdin(b"true\necho \xff\n"), "stdin, line 2, is not UTF-8");
    refused(from_stdin(b"true\n\necho \0\n"), "stdin, line 3, contains a NUL byte");
    refused(run_to_end(&["--from", "/dev/zero"]), "64 MB");
}

#[test]
fn options_that_make_no_sense() {
    refused(run_to_end(&["--from", "list", "--", "true"]), "--from and CMD exclude each other");
    refused(run_to_end(&["--plain", "--json", "--", "true"]), "exclude each other");
    for jobs in ["0", "1001", "70000"] {
        refused(run_to_end(&["-j", jobs, "--", "true"]), "use 1 to 1000");
    }
    for jobs in ["-1", "many", ""] {
        refused(run_to_end(&["--jobs", jobs, "--", "true"]), "a whole number");
    }
    refused(run_to_end(&["--queue", "0", "--", "true"]), "--queue");
    refused(
        run_to_end(&["--only", "threads", "--", "true"]),
        "possible values: sequential, parallel",
    );
    refused(run_to_end(&["true"]), "unexpected argument \"true\"");
}

/// A dash at its beginning makes no option of it, and a line break two commands.
#[test]
fn a_command_is_what_the_shell_gets() {
    let ExecOutput { code, out, .. } =
        run_to_end(&["--only", "sequential", "--", "-n", "echo a\necho b"]);
    assert_eq!(code, Some(1), "there is no command -n");
    assert!(out.contains("-n: not found") || out.contains("-n: command not found"), "{out}");
    assert!(out.contains(": echo a echo b\na\nb\n"), "{out}");
}

#[test]
fn the_help_says_that_a_race_runs_them_twice() {
    let ExecOutput { code, out, .. } = run_to_end(&["--help"]);
    assert_eq!(code, Some(0));
    for words in
        ["Every command runs twice", "--only parallel", "Exit codes:", "Examples:", "--from"]
    {
        assert!(out.contains(words), "{words}: {out}");
    }
}
