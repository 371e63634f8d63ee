//! What running commands costs: 200 short ones, 8 at a time, by `threadline exec` and by `xargs -P 8`
//! on the same list, in turns. `cargo bench --bench exec`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and may stop at once when what it measures is not there"
)]

#[expect(dead_code, reason = "no server is asked here")]
mod process;

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use process::{PROGRAM, spread};
use threadline::engine::Clock;

const COMMANDS: usize = 200;
const JOBS: &str = "8";

/// Runs of each, of which the median is told.
const ROUNDS: usize = 15;

fn main() {
    // `cargo test --benches` only asks whether this builds.
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

/// Runs a list of one command, over and over, both ways in turns.
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
    // Once beforehand, so that neither reads its files for the first time.
    let (_, _) = (time(ours()), time(theirs()));
    let (ours, theirs): (Vec<f64>, Vec<f64>) =
        (0..ROUNDS).map(|_| (time(ours()), time(theirs()))).unzip();
    let (ours, theirs) = (spread(ours), spread(theirs));
    let told = |(low, median, high)| format!("{median:.0} ms ({low:.0}-{high:.0})");
    println!(
        "{COMMANDS} x {command:?}, {JOBS} at a time: threadline {}, xargs {}: {:.2} x (promise: 1.1)",
        told(ours),
        told(theirs),
        ours.1 / theirs.1
    );
}

/// How long a program takes, in milliseconds.
fn time(mut program: Command) -> f64 {
    let clock = Clock::system();
    let status = program.stdout(Stdio::null()).status().expect("the program");
    assert!(status.success(), "{program:?}");
    clock.now().as_secs_f64() * 1e3
}
