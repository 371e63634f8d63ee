//! The cost of running commands: 200 short ones, 8 at a time, with `threadline exec` and with
//! `xargs -P 8` on the same list, alternately. `cargo bench --bench exec`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

#[expect(dead_code, reason = "this benchmark starts no server")]
mod process;

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use process::{PROGRAM, spread};
use threadline::source::Clock;

const COMMANDS: usize = 200;
const JOBS: &str = "8";

/// The number of runs of each program; the result is their median.
const ROUNDS: usize = 15;

fn main() {
    // `cargo test --benches` only checks that this builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    if Command::new("xargs").arg("true").stdin(Stdio::null()).status().is_err() {
        eprintln!("xargs is not installed");
        return;
    }
    for command in ["true", "sleep 0.01"] {
        compare(command);
    }
}

/// Measures both programs alternately, on a list that repeats one command.
fn compare(command: &str) {
    let mut list = tempfile::NamedTempFile::new().expect("a file");
    list.write_all(format!("{command}\n").repeat(COMMANDS).as_bytes()).expect("a list");
    let ours = || {
        let mut ours = Command::new(PROGRAM);
        ours.args(["exec", "-j", JOBS, "--only", "parallel", "--plain", "--from"]).arg(list.path());
        ours.stdin(Stdio::null());
        ours
    };
    let theirs = || {
        let mut theirs = Command::new("xargs");
        theirs.args(["-P", JOBS, "-I{}", "sh", "-c", "{}"]);
        theirs.stdin(File::open(list.path()).expect("the list"));
        theirs
    };
    // A warm-up run of each, so that neither has to read its files from disk.
    let (_, _) = (measure_time(ours()), measure_time(theirs()));
    let (ours, theirs): (Vec<f64>, Vec<f64>) =
        (0..ROUNDS).map(|_| (measure_time(ours()), measure_time(theirs()))).unzip();
    let (ours, theirs) = (spread(ours), spread(theirs));
    let format_spread = |(low, median, high)| format!("{median:.0} ms ({low:.0}-{high:.0})");
    println!(
        "{COMMANDS} x {command:?}, {JOBS} at a time: threadline {}, xargs {}; ratio {:.2} \
         (promise: 1.1)",
        format_spread(ours),
        format_spread(theirs),
        ours.1 / theirs.1
    );
}

/// Returns the wall time of a program in milliseconds.
fn measure_time(mut program: Command) -> f64 {
    let clock = Clock::system();
    let status = program.stdout(Stdio::null()).status().expect("the program");
    assert!(status.success(), "{program:?}");
    clock.now().as_secs_f64() * 1e3
}
