//! Computed workloads without a screen, in every mode, on real threads and processes.

use super::{CliOutput, run_to_end, threadline};

fn compute(args: &[&str]) -> CliOutput {
    let defaults = ["--tasks", "4", "--size", "1ms", "--threads", "2"];
    run_to_end(threadline().args(defaults).args(args))
}

#[test]
fn every_mode_computes_the_same_results() {
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
        for line in
            ["\nGIL          held ", "\nprocesses    ", "\nAll 4 modes got the same 4 results"]
        {
            assert!(out.contains(line), "{out}");
        }
        assert!(!out.contains("GIL broken"), "{out}");
    }
}

#[test]
fn single_mode_prints_no_comparison() {
    for (mode, name) in [
        ("threads", "threads (no GIL) x2"),
        ("gil", "GIL threads x2"),
        ("processes", "processes x2"),
    ] {
        let CliOutput { code, out, err } =
            compute(&["--workload", "cpu", "--mode", mode, "--plain"]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.contains(&format!("\n{name} ")), "{out}");
        assert!(!out.contains("modes got") && !out.contains("faster"), "{out}");
    }
}

#[test]
fn gil_and_process_modes_fetch_all_followers() {
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
