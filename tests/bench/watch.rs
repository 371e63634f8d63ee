//! The cost of watching a program: our own for 2,000 idle and 100 busy threads, and the program's per
//! switch, by its own CPU clock, beside the figure that is shown. And the hand-overs of CPython's GIL
//! relative to what its switch interval allows. `cargo bench --bench watch`
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, Builder};
use std::time::Duration;

use serde_json::Value;

#[expect(dead_code, reason = "this benchmark starts no server")]
mod process;

use process::{PROGRAM, spread};

const ROUNDS: usize = 5;

/// The times that the program with many threads is watched for, in seconds: the difference of the costs is
/// that of watching, without that of opening.
const WATCH_SECONDS: [u64; 2] = [3, 9];

/// Two threads of Python that compute, with the switch interval in seconds as the argument. It prints how
/// often one noticed, per second, that the other had run.
const TWO_HOGS: &str = "
import sys, threading, time
sys.setswitchinterval(float(sys.argv[1]))
end = time.monotonic() + 3
last, noticed = [0], [0, 0]
def work(me):
    while time.monotonic() < end:
        if last[0] != me:
            last[0] = me
            noticed[me] += 1
threads = [threading.Thread(target=work, args=(me,)) for me in (0, 1)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(noticed) / 3)
";

const SWITCH_INTERVALS: [f64; 2] = [0.005, 0.02];

const IDLE_THREADS: usize = 2_000;
const BUSY_THREADS: usize = 100;

/// The round trips of a burst, and the number of bursts: few enough switches per second that the kernel
/// records them all.
const BURST: usize = 20;
const BURSTS: usize = 400;
const PAUSE: Duration = Duration::from_millis(5);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // `cargo test --benches` only checks that this builds.
        [_, .., "--test"] => {}
        [_, "idle"] => idle_target(),
        [_, "ping-pong", path] => ping_pong_target(Path::new(path)),
        _ => {
            measure_own_cost();
            measure_cost_per_switch();
            measure_hand_overs();
        }
    }
}

/// Measures this program's CPU time while it watches many threads.
fn measure_own_cost() {
    let (mut opening, mut shares) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let [(short, first), (long, second)] = WATCH_SECONDS.map(watch_many_threads);
        let share = (second - first) / (long - short);
        opening.push(1e3 * (first - share * short));
        shares.push(100.0 * share);
    }
    let (low, share, high) = spread(shares);
    println!(
        "{IDLE_THREADS} idle and {BUSY_THREADS} busy threads: {share:.1} % of a core \
         ({low:.1}-{high:.1})   promise: 3 %"
    );
    let (low, opening, high) = spread(opening);
    println!("to begin with, once: {opening:.0} ms ({low:.0}-{high:.0})");
}

/// Watches many threads for some seconds; returns the elapsed time, and the CPU time of watching.
fn watch_many_threads(seconds: u64) -> (f64, f64) {
    let mut target = start(&["idle"]);
    let (pid, duration) = (target.id().to_string(), format!("{seconds}s"));
    let output = Command::new(PROGRAM)
        .args(["watch", "-p", &pid, "--duration", &duration, "--json"])
        .stderr(Stdio::null())
        .output()
        .expect("threadline runs");
    target.kill().expect("the target lives");
    target.wait().expect("the target ends");
    let report = report(&output.stdout);
    let elapsed = report["elapsed_s"].as_f64().expect("a number");
    (elapsed, elapsed * total(&output.stdout, "own_cores"))
}

/// Compares the number of times that the GIL changed hands with what the program noticed itself, and with
/// the switch interval.
fn measure_hand_overs() {
    for interval in SWITCH_INTERVALS {
        let (mut shares, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let command = ["--", "python3", "-c", TWO_HOGS, &interval.to_string()];
            let output = Command::new(PROGRAM)
                .args(["watch", "--json"])
                .args(command)
                .output()
                .expect("threadline runs");
            let shown = report(&output.stdout)["gil"][0]["hand_overs_per_second"].as_f64();
            // Without a screen, the program's stdout goes to stderr.
            let noticed = String::from_utf8_lossy(&output.stderr).trim().parse::<f64>().ok();
            if let (Some(shown), Some(noticed)) = (shown, noticed) {
                shares.push(shown * interval);
                ratios.push(shown / noticed);
            }
        }
        if ratios.is_empty() {
            println!("hand-overs: not measured, there is no python3 with a GIL");
            return;
        }
        let ((low, share, high), (_, ratio, _)) = (spread(shares), spread(ratios));
        println!(
            "hand-overs at {:.0} ms: {share:.2} x 1/interval ({low:.2}-{high:.2})   promise: \
             0.85-1.15; {ratio:.2} x what the program noticed itself",
            1e3 * interval
        );
    }
}

/// Measures the CPU time of a switch in a program that is watched and in one that is not.
fn measure_cost_per_switch() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("result");
    let (mut measured, mut shown) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let own = std::env::current_exe().expect("an executable");
        let target: Vec<&str> = vec![
            "-c",
            "0",
            own.to_str().expect("UTF-8"),
            "ping-pong",
            path.to_str().expect("UTF-8"),
        ];
        Command::new("taskset").args(&target).status().expect("taskset runs");
        let alone = read_result(&path);
        let output = Command::new(PROGRAM)
            .args(["watch", "--json", "--", "taskset"])
            .args(&target)
            .stderr(Stdio::null())
            .output()
            .expect("threadline runs");
        let watched = read_result(&path);
        measured.push((watched - alone) / 2.0);
        let per_second = total(&output.stdout, "switches_per_second");
        shown.push(1e6 * total(&output.stdout, "cost_to_program_cores") / per_second);
    }
    let (low, cost, high) = spread(measured);
    println!("a switch costs the program {cost:.2} µs ({low:.2}-{high:.2})   promise: 2.5 µs");
    println!("shown: {:.2} µs", spread(shown).1);
}

fn start(arguments: &[&str]) -> Child {
    let own = std::env::current_exe().expect("an executable");
    let mut child =
        Command::new(own).args(arguments).stdout(Stdio::piped()).spawn().expect("it starts");
    let out = child.stdout.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).expect("a line");
    child
}

fn report(json: &[u8]) -> Value {
    serde_json::from_slice(json).expect("a report")
}

fn total(json: &[u8], field: &str) -> f64 {
    report(json)["totals"][field].as_f64().expect("a number")
}

fn read_result(path: &Path) -> f64 {
    fs::read_to_string(path).expect("a result").trim().parse().expect("a number")
}

/// Threads that wait for a condition, and threads that work for a moment 20 times a second.
fn idle_target() {
    let condition = Arc::new((Mutex::new(()), Condvar::new()));
    for index in 0..IDLE_THREADS + BUSY_THREADS {
        let condition = Arc::clone(&condition);
        let name = if index < IDLE_THREADS { "idle" } else { "busy" };
        let body = move || {
            if index < IDLE_THREADS {
                let guard = condition.0.lock().expect("no panic");
                drop(condition.1.wait(guard));
            }
            loop {
                thread::sleep(Duration::from_millis(50));
                std::hint::black_box((0..20_000_u64).fold(0, u64::wrapping_add));
            }
        };
        let builder = Builder::new().name(format!("{name}-{index}")).stack_size(1 << 16);
        builder.spawn(body).expect("a thread");
    }
    println!("ready");
    thread::sleep(Duration::from_secs(3_600));
}

/// Two threads that pass a byte back and forth. Writes the CPU time per round trip in microseconds.
fn ping_pong_target(path: &Path) {
    let (mut near_in, mut far_out) = io::pipe().expect("a pipe");
    let (mut far_in, mut near_out) = io::pipe().expect("a pipe");
    let echo = thread::spawn(move || {
        let mut byte = [0];
        while far_in.read_exact(&mut byte).is_ok() && far_out.write_all(&byte).is_ok() {}
    });
    let before = cpu_time();
    for _ in 0..BURSTS {
        let mut byte = [0];
        for _ in 0..BURST {
            near_out.write_all(&byte).expect("a reader");
            near_in.read_exact(&mut byte).expect("a writer");
        }
        thread::sleep(PAUSE);
    }
    let per_trip = (cpu_time() - before) / (BURSTS * BURST) as f64;
    fs::write(path, format!("{per_trip}\n")).expect("a file");
    drop(near_out);
    echo.join().expect("no panic");
}

/// Returns the CPU time of this process's threads in microseconds.
fn cpu_time() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux").flatten();
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e3
}
