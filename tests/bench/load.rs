//! The wall time and peak memory of a million followers: 10,000 pages without latency, on 32
//! workers, with and without the screen alternately. Exits with 1 if a run needs more memory than
//! promised. `cargo bench --bench load`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

#[cfg(target_os = "linux")]
#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "the benchmark uses fewer helpers than the tests")]
mod pty;

#[cfg(target_os = "linux")]
#[path = "process.rs"]
mod process;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

/// Other platforms do not report the peak memory of a process.
#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, ExitCode, Stdio};

    use threadline::source::Clock;

    use crate::process::{PROGRAM, ServerProcess, spread};
    use crate::pty::Pty;

    const ROUNDS: usize = 4;
    const FOLLOWERS: &str = "1000000";
    const PAGES: &str = "10000";

    /// The promised maximum in megabytes.
    const MAX_MEMORY: f64 = 200.0;

    /// The cost of a run: seconds, and peak memory in megabytes.
    struct LoadCost {
        time: f64,
        memory: f64,
    }

    pub(crate) fn main() -> ExitCode {
        // `cargo test --benches` only checks that this builds.
        if std::env::args().any(|argument| argument == "--test") {
            return ExitCode::SUCCESS;
        }
        let server = ServerProcess::start(FOLLOWERS, "0ms");
        let arguments = ["aaronlelevier", "--api-url", server.url(), "--mode", "threads"];
        let arguments = [&arguments[..], &["--per-page", "100", "--threads", "32"]].concat();
        let (with, without): (Vec<LoadCost>, Vec<LoadCost>) =
            (0..ROUNDS).map(|_| (measure_screen(&arguments), measure_plain(&arguments))).unzip();
        let ratios = with.iter().zip(&without).map(|(with, without)| with.time / without.time);
        let (low, ratio, high) = spread(ratios.collect());
        let spread_of = |costs: &[LoadCost], figure: fn(&LoadCost) -> f64| {
            spread(costs.iter().map(figure).collect())
        };
        let time = |costs: &[LoadCost]| spread_of(costs, |cost| cost.time);
        let ((min, median, max), (plain_min, plain_median, plain_max)) =
            (time(&with), time(&without));
        println!(
            "wall time     {median:.2} s ({min:.2}-{max:.2}) with the screen, {plain_median:.2} s \
             ({plain_min:.2}-{plain_max:.2}) without: ratio {ratio:.2} ({low:.2}-{high:.2})   \
             promise: 1.25"
        );
        let memory = |costs: &[LoadCost]| spread_of(costs, |cost| cost.memory).2;
        let (with, without) = (memory(&with), memory(&without));
        println!(
            "memory        {with:.0} MB with the screen, {without:.0} MB without   promise: \
             {MAX_MEMORY:.0} MB"
        );
        if with.max(without) <= MAX_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Measures a run up to the frame that shows the last page.
    fn measure_screen(arguments: &[&str]) -> LoadCost {
        let clock = Clock::system();
        let arguments = [arguments, &["--theme", "dark"]].concat();
        let mut pty = Pty::start(PROGRAM, &arguments, &[("COLORTERM", "truecolor")], (120, 36));
        pty.wait_text(&format!("{PAGES}/{PAGES}"));
        let time = clock.now().as_secs_f64();
        let memory = peak_memory(&pty.pid());
        pty.wait_text(FOLLOWERS);
        pty.keys("qq");
        pty.wait_for_exit();
        LoadCost { time, memory }
    }

    /// Measures a run up to its first line of output; the process cannot exit before the rest is
    /// read.
    fn measure_plain(arguments: &[&str]) -> LoadCost {
        let clock = Clock::system();
        let mut process = Command::new(PROGRAM)
            .args(arguments)
            .args(["--plain", "--output", "-"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        lines.next().expect("a follower").expect("a line");
        let time = clock.now().as_secs_f64();
        let memory = peak_memory(&process.id().to_string());
        assert_eq!((lines.count() + 1).to_string(), FOLLOWERS);
        assert!(process.wait().expect("the program").success());
        LoadCost { time, memory }
    }

    /// Returns the peak memory of a process so far, in megabytes (proc(5): `VmHWM`).
    fn peak_memory(id: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))
            .expect("the status of the process");
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak memory");
        let kibibytes = line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number");
        kibibytes * 1024.0 / 1e6
    }
}
