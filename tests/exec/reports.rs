//! What commands come to: outputs, statuses, reports, exit codes.

use serde_json::{Value, json as value};

use super::{ExecOutput, Fifo, HANGS, PROGRAM, ended, exec, json, kill, run_to_end, runs};

/// The commands of a report's only run.
fn commands(report: &Value) -> &Vec<Value> {
    assert_eq!(report["runs"].as_array().unwrap().len(), 1, "{report}");
    report["runs"][0]["commands"].as_array().unwrap()
}

#[test]
fn every_end_is_reported() {
    let report = json(2, &["true", "exit 3", "kill -KILL $$", "no-such-command-here", "echo é"]);
    let told = |command: &Value| {
        let [outcome, status, signal] =
            ["outcome", "status", "signal"].map(|key| command[key].clone());
        (outcome, status, signal)
    };
    let told: Vec<_> = commands(&report).iter().map(told).collect();
    assert_eq!(
        told,
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
fn both_outputs_come_in_the_order_in_which_they_were_written() {
    let count = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done";
    let lines: Vec<String> = (1..10).map(|i| format!("out {i}\nerr {i}\n")).collect();
    assert_eq!(commands(&json(1, &[count]))[0]["output"], lines.concat());
    // Also where a command opens its outputs anew.
    let anew = "echo one; echo two >> /dev/stderr; echo three";
    assert_eq!(commands(&json(1, &[anew]))[0]["output"], "one\ntwo\nthree\n");
}

#[test]
fn a_command_has_no_input() {
    let report = json(1, &["cat; echo over"]);
    assert_eq!(commands(&report)[0]["output"], "over\n");
}

#[test]
fn output_that_is_no_text_is_kept_as_far_as_it_is() {
    let report = json(1, &["printf 'a\\377\\000\\033[2Jb'"]);
    let command = &commands(&report)[0];
    assert_eq!(command["output"], "a\u{fffd}\0\u{1b}[2Jb");
    assert_eq!((&command["bytes"], &command["left_out"]), (&value!(8), &value!(0)));
}

#[test]
fn of_a_huge_output_beginning_and_end_are_kept() {
    const BYTES: u64 = 30_000_000;
    let report = json(1, &["echo begin; head -c 29999990 /dev/zero | tr '\\0' x; echo end"]);
    let command = &commands(&report)[0];
    let output = command["output"].as_str().unwrap();
    assert_eq!(command["bytes"], BYTES);
    assert_eq!(command["left_out"], BYTES - (1 << 20));
    assert!(output.starts_with("begin\nxxx") && output.ends_with("xxxend\n"));
    let note = format!("\n[threadline: {} bytes left out here]\n", BYTES - (1 << 20));
    assert_eq!(output.len(), (1 << 20) + note.len());
    assert!(output.contains(&note));
}

/// Discarded output takes no disk space while the command runs; the command waits for that itself.
#[test]
fn a_command_that_writes_without_end_takes_a_few_megabytes_on_disk() {
    const BYTES: u64 = 100_000_000;
    let command = "
        exec 3>&1
        blocks() { stat -Lc %b /dev/fd/3 2> /dev/null || stat -Lf %b /dev/fd/3; }
        echo begin
        head -c 99999989 /dev/zero | tr '\\0' x
        looks=0
        until [ $(blocks) -lt 16384 ] || [ $looks -gt 3000 ]; do
            looks=$((looks + 1))
            sleep 0.01
        done
        [ $(blocks) -lt 16384 ] && echo end.";
    let report = json(1, &[command]);
    let command = &commands(&report)[0];
    let output = command["output"].as_str().unwrap();
    assert!(output.starts_with("begin\nxxx") && output.ends_with("xxxend.\n"));
    if cfg!(target_os = "linux") {
        assert_eq!(command["bytes"], BYTES);
        assert_eq!(command["left_out"], BYTES - (1 << 20));
        assert!(!output.contains('\0'), "a hole is in what is kept");
    }
}

/// Neither could end without the other.
#[test]
fn they_really_run_side_by_side() {
    let (one, other) = (Fifo::new(), Fifo::new());
    let first = one.in_command("echo from one > FIFO; ") + &other.in_command("cat FIFO");
    let second = one.in_command("cat FIFO; ") + &other.in_command("echo from two > FIFO");
    let report = json(2, &[&first, &second]);
    let outputs: Vec<&Value> = commands(&report).iter().map(|command| &command["output"]).collect();
    assert_eq!(outputs, ["from two\n", "from one\n"]);
}

#[test]
fn a_race_runs_them_twice_and_compares() {
    let ExecOutput { code, out, err } =
        run_to_end(&["-j", "2", "--", "echo a", "printf b", "true"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out.matches("==> command").count(), 3, "the last run's outputs: {out}");
    assert!(out.contains(": printf b\nb\n==> command 3 of 3, exit status 0, "), "{out}");
    let (_, report) = out.split_once("\n\n").unwrap();
    let firsts: Vec<&str> =
        report.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(firsts, ["mode", "sequential", "parallel", "", "speed-up"], "{report}");
    assert!(report.contains(" with 2 jobs, efficiency "), "{report}");
}

#[test]
fn what_failed_is_listed_and_ends_with_1() {
    let ExecOutput { code, out, err } = run_to_end(&["-j", "2", "--", "true", "exit 3", "exit 4"]);
    assert_eq!(code, Some(1));
    let named = "command 2, \"exit 3\", ended with exit status 3\n";
    assert!(err.starts_with(&format!("threadline: {named}")), "{err}");
    assert_eq!(err.lines().count(), 2, "each once, though both runs had it: {err}");
    assert!(out.contains(&format!("failed       {named}")), "{out}");
    assert!(out.contains("x with 2 jobs, efficiency "), "{out}");
}

#[test]
fn not_all_of_very_many_are_named_beside_the_report() {
    let commands = vec!["false"; 50];
    let ExecOutput { code, out, err } =
        run_to_end(&[&["-j", "4", "--only", "parallel", "--"][..], &commands].concat());
    assert_eq!((code, err.lines().count()), (Some(1), 21), "{err}");
    assert!(err.ends_with("30 more commands failed; the report lists them all\n"), "{err}");
    assert_eq!(out.matches("\nfailed       command ").count(), 50);
}

#[test]
fn a_failure_says_no_more_of_a_command_than_a_line_holds() {
    let long = format!("exit 7 # \u{1b}[2J\u{7} {}", "é".repeat(500));
    let ExecOutput { err, .. } = run_to_end(&["--only", "sequential", "--", &long]);
    assert!(err.starts_with("threadline: command 1, \"exit 7 # \\u{1b}[2J\\u{7} éé"), "{err}");
    assert!(err.ends_with("é...\", ended with exit status 7\n"), "{err}");
    assert!(err.chars().count() < 150, "{err}");
}

#[test]
fn without_a_shell_nothing_can_be_run() {
    let mut command = exec(&["--only", "sequential", "--", "true"]);
    let ExecOutput { code, err, .. } = ended(command.env("PATH", "/nowhere").spawn().unwrap());
    assert_eq!(code, Some(1));
    assert!(err.contains("command 1, \"true\", cannot be run by sh: No such file"), "{err}");
}

/// Also a hundred times as many would do with these few file handles.
#[test]
fn three_hundred_commands_need_few_file_handles() {
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
    let ExecOutput { code, out, .. } = ended(child);
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
fn a_queue_with_a_bound_changes_nothing() {
    let commands: Vec<String> = (1..=20).map(|i| format!("echo {i}")).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let arguments = ["-j", "2", "--queue", "1", "--only", "parallel", "--"];
    let ExecOutput { code, out, .. } = run_to_end(&[&arguments[..], &commands].concat());
    assert_eq!(code, Some(0));
    assert!(out.contains(" 20/20 "), "{out}");
}

/// Nobody who has ended is left as a zombie.
#[test]
fn whoever_has_ended_is_buried() {
    let zombies = "ps -A -o ppid=,stat= | awk -v me=$PPID '$1 == me && $2 ~ /Z/' | wc -l";
    let ExecOutput { out, .. } =
        run_to_end(&["--only", "sequential", "--", "true", "false", zombies]);
    let (_, last) = out.split_once("==> command 3 of 3").unwrap();
    assert_eq!(last.lines().nth(1).unwrap().trim(), "0", "{out}");
}

#[test]
fn what_a_command_leaves_in_the_background_holds_nothing_up() {
    let clock = threadline::engine::Clock::system();
    let report = json(2, &["sleep 200 & echo $!", "true"]);
    assert!(clock.now() < HANGS.into(), "it was waited for");
    let command = &commands(&report)[0];
    assert_eq!(command["outcome"], "succeeded");
    let left = command["output"].as_str().unwrap().trim();
    assert!(runs(left), "it goes on");
    kill("-KILL", left);
}
