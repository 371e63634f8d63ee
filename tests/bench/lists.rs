//! A list of 100 pages with 100 items each, 50 ms per page, 16 at once, from start to exit, with the items in
//! a file: threadline, a plain client with 16 connections, curl with jq, and xargs with both, in turn, against
//! the HTTP server of CPython. `cargo bench --bench lists`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

#[expect(dead_code, reason = "this benchmark starts another server")]
mod process;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use process::{PROGRAM, ServerProcess, spread};
use threadline::source::Clock;

const SCRIPT: &str = include_str!("lists.py");
const ROUNDS: usize = 5;
const ITEMS: usize = 10_000;

/// Writes the items of the files p1 to p100, in order.
const JOIN: &str = "for i in $(seq 100); do cat p$i; done | jq -c '.[]' > items.ndjson";

/// The names of the clients, the first of which is threadline, and the second the plain one.
const CLIENTS: [&str; 4] = ["threadline", "plain client", "curl -Z, jq", "xargs curl, jq"];

fn main() {
    // `cargo test --benches` only checks that this builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    for program in ["python3", "curl", "jq", "xargs"] {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
        if version.is_err() {
            eprintln!("{program} is not installed");
            return;
        }
    }
    let server = ServerProcess::spawn(Command::new("python3").args(["-c", SCRIPT, "serve"]));
    let mut times = CLIENTS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for (client, times) in CLIENTS.iter().zip(&mut times) {
            times.push(measure_time(command(client, server.url())));
        }
    }
    let ratios = times[0].iter().zip(&times[1]).map(|(ours, plain)| ours / plain);
    let (low, ratio, high) = spread(ratios.collect());
    for (client, times) in CLIENTS.iter().zip(times) {
        let (min, median, max) = spread(times);
        println!("{client:<14}  {median:.3} s ({min:.3}-{max:.3})");
    }
    println!("ratio to the plain client {ratio:.2} ({low:.2}-{high:.2})   promise: 1.10");
}

/// Returns the command that writes the items to items.ndjson in its directory.
fn command(client: &str, url: &str) -> Command {
    let range = format!("{url}?page={{1..100}}");
    let curl = format!("curl -sZ --parallel-max 16 '{url}?page=[1-100]' -o 'p#1' && {JOIN}");
    let xargs = format!("seq 100 | xargs -P16 -I@ curl -s '{url}?page=@' -o p@ && {JOIN}");
    let (program, arguments) = match client {
        "threadline" => {
            let options = ["--mode", "threads", "--threads", "16", "--plain", "-o", "items.ndjson"];
            (PROGRAM, [&[range.as_str()], &options[..]].concat())
        }
        "plain client" => ("python3", vec!["-c", SCRIPT, "fetch", url, "items.ndjson"]),
        "curl -Z, jq" => ("sh", vec!["-c", &curl]),
        _ => ("sh", vec!["-c", &xargs]),
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Measures a client from start to exit, in an empty directory.
fn measure_time(mut command: Command) -> f64 {
    let directory = tempfile::tempdir().expect("a directory");
    let clock = Clock::system();
    let status = command.current_dir(directory.path()).status().expect("a client");
    let time = clock.now().as_secs_f64();
    assert!(status.success());
    assert_eq!(lines(&directory.path().join("items.ndjson")), ITEMS, "the number of items");
    time
}

fn lines(file: &Path) -> usize {
    BufReader::new(std::fs::File::open(file).expect("the items")).lines().count()
}
