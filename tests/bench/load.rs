//! What a million followers cost: 10,000 pages that come at once, on 32 workers, with the screen and
//! without, in turns: wall time, and memory at its peak. Exits with 1 if a run needs more memory than
//! promised. `cargo bench --bench load`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at once when what it measures is not there"
)]

#[cfg(target_os = "linux")]
#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "a benchmark needs less of it than the tests do")]
mod pty;

#[cfg(target_os = "linux")]
#[path = "process.rs"]
mod process;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

/// Elsewhere no process says how much memory it had.
#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, ExitCode, Stdio};

    use threadline::engine::Clock;

    use crate::process::{PROGRAM, ServerProcess, spread};
    use crate::pty::Pty;

    const ROUNDS: usize = 4;
    const FOLLOWERS: &str = "1000000";
    const PAGES: &str = "10000";

    /// In megabytes.
    const MAX_MEMORY: f64 = 200.0;

    /// What a run took: seconds, and megabytes at the peak.
    struct LoadCost {
        time: f64,
        memory: f64,
    }

    pub(crate) fn main() -> ExitCode {
        // `cargo test --benches` only asks whether this builds.
        if std::env::args().any(|argument| argument == "--test") {
            return ExitCode::SUCCESS;
        }
        let server = ServerProcess::start(FOLLOWERS, "0ms");
        let arguments = ["aaronlelevier", "--api-url", server.url(), "--mode", "threads"];
        let arguments = [&arguments[..], &["--per-page", "100", "--threads", "32"]].concat();
        let (with, without): (Vec<LoadCost>, Vec<LoadCost>) =
            (0..ROUNDS).map(|_| (screen(&arguments), plain(&arguments))).unzip();
        let ratios = with.iter().zip(&without).map(|(with, without)| with.time / without.time);
        let (low, ratio, high) = spread(ratios.collect());
        let of = |costs: &[LoadCost], figure: fn(&LoadCost) -> f64| {
            spread(costs.iter().map(figure).collect())
        };
        let time = |costs: &[LoadCost]| of(costs, |cost| cost.time);
        let ((least, one, most), (lowest, other, highest)) = (time(&with), time(&without));
        println!(
            "wall time     {one:.2} s ({least:.2}-{most:.2}) with the screen, {other:.2} s \
             ({lowest:.2}-{highest:.2}) without: {ratio:.2} x ({low:.2}-{high:.2})   promised: 1.25"
        );
        let memory = |costs: &[LoadCost]| of(costs, |cost| cost.memory).2;
        let (with, without) = (memory(&with), memory(&without));
        println!(
            "memory        {with:.0} MB with the screen, {without:.0} MB without   promised: \
             {MAX_MEMORY:.0} MB"
        );
        if with.max(without) <= MAX_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Up to the picture that shows the last page.
    fn screen(arguments: &[&str]) -> LoadCost {
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

    /// Up to the first follower that it prints: until the others are read it cannot end.
    fn plain(arguments: &[&str]) -> LoadCost {
        let clock = Clock::system();
        let mut process = Command::new(PROGRAM)
            .args(arguments)
            .args(["--plain", "--output", "-"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(process.stdout.take().expect("its list")).lines();
        lines.next().expect("a follower").expect("a line");
        let time = clock.now().as_secs_f64();
        let memory = peak_memory(&process.id().to_string());
        assert_eq!((lines.count() + 1).to_string(), FOLLOWERS);
        assert!(process.wait().expect("the program").success());
        LoadCost { time, memory }
    }

    /// The most memory that a process had so far, in megabytes (proc(5): `VmHWM`).
    fn peak_memory(id: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
        let kibibytes = line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number");
        kibibytes * 1024.0 / 1e6
    }
}
