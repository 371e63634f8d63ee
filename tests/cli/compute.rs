//! The laboratory without a screen: what is computed, in every mode, by real threads and processes.

use super::{CliOutput, run_to_end, threadline};

fn compute(args: &[&str]) -> CliOutput {
    let usual = ["--tasks", "4", "--size", "1ms", "--threads", "2"];
    run_to_end(threadline().args(usual).args(args))
}

#[test]
fn every_mode_comes_to_the_same() {
    for workload in ["cpu", "native", "mixed"] {
        let CliOutput { code, out, err } = compute(&["--workload", workload, "--plain"]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        let names = ["single_threaded", "multi_threaded", "multi_threaded_gil", "multi_process"];
        for (line, name) in out.lines().zip(names) {
            let time = line.strip_prefix(&format!("{name} time(sec): "));
            let time = time.and_then(|time| time.parse::<f64>().ok());
            assert!(time.is_some_and(|time| time > 0.0), "{out}");
        }
        assert!(out.contains(&format!("\n{workload}: 4 tasks of about 1.0 ms each (")), "{out}");
        for line in ["\nGIL          held ", "\nprocesses    ", "\nmeaning      "] {
            assert!(out.contains(line), "{out}");
        }
        assert!(out.contains("\nresults      the same 4 in all 4 modes\n"), "{out}");
        assert!(!out.contains("GIL broken"), "{out}");
    }
}

#[test]
fn one_mode_alone_is_not_compared() {
    for (mode, name) in
        [("threads", "threads x2"), ("gil", "gil x2"), ("processes", "processes x2")]
    {
        let CliOutput { code, out, err } =
            compute(&["--workload", "cpu", "--mode", mode, "--plain"]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.contains(&format!("\n{name} ")), "{out}");
        assert!(!out.contains("\nresults") && !out.contains("\nmeaning"), "{out}");
    }
}

#[test]
fn followers_under_a_gil_and_in_processes_are_the_same_followers() {
    for (mode, name, line) in [
        ("gil", "multi_threaded_gil", "\nGIL          held "),
        ("processes", "multi_process", "\nprocesses    "),
    ] {
        let CliOutput { code, out, err } =
            run_to_end(threadline().args(["--mode", mode, "--plain"]));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.contains(&format!("\n{name} count: 127\n")), "{out}");
        assert!(out.contains(line), "{out}");
    }
}
