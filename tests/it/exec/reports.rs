//! Results of commands: outputs, statuses, reports and exit codes.

use serde_json::{Value, json as value};

use super::{
    ExecOutput, Fifo, MAX_WAIT, PROGRAM, exec, is_running, json_report, kill, run_to_end,
    wait_for_output,
};

/// Returns the commands of a report's only run.
fn commands(report: &Value) -> &Vec<Value> {
    assert_eq!(report["runs"].as_array().unwrap().len(), 1, "{report}");
    report["runs"][0]["commands"].as_array().unwrap()
}

#[test]
fn every_exit_status_is_reported() {
    let report =
        json_report(2, &["true", "exit 3", "kill -KILL $$", "exec no-such-command-here", "echo é"]);
    let status = |command: &Value| {
        let [outcome, status, signal] =
            ["outcome", "status", "signal"].map(|key| command[key].clone());
        (outcome, status, signal)
    };
    let statuses: Vec<_> = commands(&report).iter().map(status).collect();
    assert_eq!(
        statuses,
        [
            (value!("succeeded"), value!(0), value!(null)),
            (value!("failed"), value!(3), value!(null)),
            (value!("failed"), value!(null), value!(9)),
            (value!("failed"), value!(127), value!(null)),
            (value!("succeeded"), value!(0), value!(null)),
        ]
    );
    let commands = commands(&report);
    assert_eq!(commands[1]["error"], "command 2, \"exit 3\", ended with exit status 3");
    assert_eq!(commands[2]["error"], "command 3, \"kill -KILL $$\", was killed by signal 9");
    assert_eq!((&commands[4]["output"], &commands[4]["bytes"]), (&value!("é\n"), &value!(3)));
    let run = &report["runs"][0];
    assert_eq!(
        (&run["mode"], &run["jobs"], &run["end"]),
        (&value!("parallel"), &value!(2), &value!("finished"))
    );
    assert_eq!((&run["succeeded"], &run["failed"]), (&value!(2), &value!(3)));
}

#[test]
fn stdout_and_stderr_keep_their_order() {
    let count = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done";
    let lines: Vec<String> = (1..10).map(|i| format!("out {i}\nerr {i}\n")).collect();
    assert_eq!(commands(&json_report(1, &[count]))[0]["output"], lines.concat());
    // The same holds if a command reopens its output.
    let reopening = "echo one; echo two >> /dev/stderr; echo three";
    assert_eq!(commands(&json_report(1, &[reopening]))[0]["output"], "one\ntwo\nthree\n");
}

#[test]
fn command_has_empty_stdin() {
    let report = json_report(1, &["cat; echo over"]);
    assert_eq!(commands(&report)[0]["output"], "over\n");
}

#[test]
fn invalid_utf8_in_output_is_replaced() {
    let report = json_report(1, &["printf 'a\\377\\000\\033[2Jb'"]);
    let command = &commands(&report)[0];
    assert_eq!(command["output"], "a\u{fffd}\0\u{1b}[2Jb");
    assert_eq!((&command["bytes"], &command["left_out"]), (&value!(8), &value!(0)));
}

#[test]
fn output_is_kept_whole_up_to_a_megabyte() {
    let fill = |count: usize, byte: char| format!("head -c {count} /dev/zero | tr '\\0' {byte}");
    let (head, tail) = (1 << 18, 3 << 18);
    let whole = format!("{}; {}", fill(head, 'a'), fill(tail, 'z'));
    let longer = format!("{}; printf 1234567; {}", fill(head, 'a'), fill(tail, 'z'));
    let report = json_report(1, &["true", &whole, &longer]);
    let [nothing, whole, longer] = &commands(&report)[..] else { panic!("three commands ran") };
    assert_eq!((&nothing["output"], &nothing["bytes"]), (&value!(""), &value!(0)));
    let (head, tail) = ("a".repeat(head), "z".repeat(tail));
    assert_eq!((&whole["bytes"], &whole["left_out"]), (&value!(1 << 20), &value!(0)));
    assert!(whole["output"] == format!("{head}{tail}"), "the captured text differs");
    assert_eq!((&longer["bytes"], &longer["left_out"]), (&value!((1 << 20) + 7), &value!(7)));
    let expected = format!("{head}\n[threadline: 7 bytes left out here]\n{tail}");
    assert!(longer["output"] == expected, "the captured text differs");
}

#[test]
fn huge_output_keeps_its_beginning_and_end() {
    const BYTES: u64 = 30_000_000;
    let report = json_report(1, &["echo begin; head -c 29999990 /dev/zero | tr '\\0' x; echo end"]);
    let command = &commands(&report)[0];
    let output = command["output"].as_str().unwrap();
    assert_eq!(command["bytes"], BYTES);
    assert_eq!(command["left_out"], BYTES - (1 << 20));
    assert!(output.starts_with("begin\nxxx") && output.ends_with("xxxend\n"));
    let note = format!("\n[threadline: {} bytes left out here]\n", BYTES - (1 << 20));
    assert_eq!(output.len(), (1 << 20) + note.len());
    assert!(output.contains(&note));
}

/// The command itself waits until its discarded output no longer takes disk space.
#[test]
fn huge_output_takes_bounded_disk_space() {
    const BYTES: u64 = 100_000_000;
    let command = "
        exec 3>&1
        blocks() { stat -Lc %b /dev/fd/3 2> /dev/null || stat -Lf %b /dev/fd/3; }
        echo begin
        head -c 99999989 /dev/zero | tr '\\0' x
        checks=0
        until [ $(blocks) -lt 16384 ] || [ $checks -gt 3000 ]; do
            checks=$((checks + 1))
            sleep 0.01
        done
        [ $(blocks) -lt 16384 ] && echo end.";
    let report = json_report(1, &[command]);
    let command = &commands(&report)[0];
    let output = command["output"].as_str().unwrap();
    assert!(output.starts_with("begin\nxxx") && output.ends_with("xxxend.\n"));
    if cfg!(target_os = "linux") {
        assert_eq!(command["bytes"], BYTES);
        assert_eq!(command["left_out"], BYTES - (1 << 20));
        assert!(!output.contains('\0'), "the kept output has a hole");
    }
}

/// Neither command can end without the other.
#[test]
fn commands_run_in_parallel() {
    let (one, two) = (Fifo::new(), Fifo::new());
    let first = one.in_command("echo from one > FIFO; ") + &two.in_command("cat FIFO");
    let second = one.in_command("cat FIFO; ") + &two.in_command("echo from two > FIFO");
    let report = json_report(2, &[&first, &second]);
    let outputs: Vec<&Value> = commands(&report).iter().map(|command| &command["output"]).collect();
    assert_eq!(outputs, ["from two\n", "from one\n"]);
}

#[test]
fn race_runs_commands_twice_and_compares() {
    let ExecOutput { code, out, err } =
        run_to_end(&["-j", "2", "--", "echo a", "printf b", "true"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.matches("==> command").count(), 3, "not the outputs of one run: {out}");
    assert!(out.contains(": printf b\nb\n==> command 3 of 3, exit status 0, "), "{out}");
    let (_, report) = out.split_once("\n\n").unwrap();
    let first_words = report.lines().map(|line| line.split_whitespace().next().unwrap_or_default());
    assert!(report.starts_with("2 jobs were "), "{report}");
    // Remarks on such short times may come before the table.
    let table: Vec<&str> = first_words.skip_while(|word| *word != "mode").collect();
    assert_eq!(table, ["mode", "sequential", "parallel", "", "speed-up"], "{report}");
    assert!(report.contains(" with 2 jobs, efficiency "), "{report}");
}

#[test]
fn failed_commands_are_listed_and_exit_code_is_1() {
    let ExecOutput { code, out, err } = run_to_end(&["-j", "2", "--", "true", "exit 3", "exit 4"]);
    assert_eq!(code, Some(1));
    let failure = "command 2, \"exit 3\", ended with exit status 3\n";
    assert!(err.starts_with(&format!("threadline: {failure}")), "{err}");
    assert_eq!(err.lines().count(), 2, "a failure of both runs is listed twice: {err}");
    assert!(out.contains(&format!("failed       {failure}")), "{out}");
    assert!(out.contains("x with 2 jobs, efficiency "), "{out}");
}

#[test]
fn stderr_lists_at_most_20_failed_commands() {
    let commands = vec!["false"; 50];
    let ExecOutput { code, out, err } =
        run_to_end(&[&["-j", "4", "--only", "parallel", "--"][..], &commands].concat());
    assert_eq!((code, err.lines().count()), (Some(1), 21), "{err}");
    assert!(err.ends_with("30 more commands failed; the report lists them all\n"), "{err}");
    assert_eq!(out.matches("\nfailed       command ").count(), 50);
}

#[test]
fn long_command_is_shortened_in_its_failure() {
    let long = format!("exit 7 # \u{1b}[2J\u{7} {}", "é".repeat(500));
    let ExecOutput { err, .. } = run_to_end(&["--only", "sequential", "--", &long]);
    assert!(err.starts_with("threadline: command 1, \"exit 7 # \\u{1b}[2J\\u{7} éé"), "{err}");
    assert!(err.ends_with("é...\", ended with exit status 7\n"), "{err}");
    assert!(err.chars().count() < 150, "{err}");
}

#[test]
fn missing_shell_fails_the_command() {
    let mut command = exec(&["--only", "sequential", "--", "true"]);
    let ExecOutput { code, err, .. } =
        wait_for_output(command.env("PATH", "/nowhere").spawn().unwrap());
    assert_eq!(code, Some(1));
    assert!(err.contains("command 1, \"true\", cannot be run by sh: No such file"), "{err}");
}

#[test]
fn commands_share_a_small_number_of_file_descriptors() {
    let texts: Vec<String> = (0..300).map(|i| format!("echo {i}; exit $(({i} % 3))")).collect();
    let script = format!("ulimit -n 48; exec {PROGRAM} exec -j 8 --only parallel --json --from -");
    let mut child = std::process::Command::new("sh");
    let mut child = child
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let list = texts.join("\n");
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), list.as_bytes()).unwrap();
    let ExecOutput { code, out, .. } = wait_for_output(child);
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&out).unwrap();
    for (i, command) in commands(&report).iter().enumerate() {
        assert_eq!(command["command"], texts[i]);
        assert_eq!(command["output"], format!("{i}\n"));
        assert_eq!(command["status"], i % 3);
        assert!(command["lane"].as_u64().unwrap() < 8);
        assert!(command["started_s"].as_f64() < command["finished_s"].as_f64());
    }
    assert_eq!(
        (&report["runs"][0]["succeeded"], &report["runs"][0]["failed"]),
        (&value!(100), &value!(200))
    );
}

#[test]
fn finished_commands_leave_no_zombie() {
    let zombies = "ps -A -o ppid=,stat= | awk -v me=$PPID '$1 == me && $2 ~ /Z/' | wc -l";
    let ExecOutput { out, .. } =
        run_to_end(&["--only", "sequential", "--", "true", "false", zombies]);
    let (_, last) = out.split_once("==> command 3 of 3").unwrap();
    assert_eq!(last.lines().nth(1).unwrap().trim(), "0", "{out}");
}

#[test]
fn background_process_does_not_delay_the_run() {
    let clock = threadline::source::Clock::system();
    let report = json_report(2, &["sleep 200 & echo $!", "true"]);
    assert!(clock.now() < MAX_WAIT.into(), "the run waited for it");
    let command = &commands(&report)[0];
    assert_eq!(command["outcome"], "succeeded");
    let background = command["output"].as_str().unwrap().trim();
    assert!(is_running(background), "the background process has ended");
    kill("-KILL", background);
}
