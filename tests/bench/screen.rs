//! The cost of the screen, and the time of threads relative to its limit: the real program in a
//! terminal of 120x36 and without a screen, against `threadline serve` in a process of its own.
//! `cargo bench --bench screen`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

#[cfg(unix)]
#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "the benchmark uses fewer helpers than the tests")]
mod pty;

#[cfg(unix)]
#[path = "process.rs"]
mod process;

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use crossbeam_channel::after;
    use threadline::source::Clock;

    use crate::process::{PROGRAM, ServerProcess, spread};
    use crate::pty::Pty;

    const ROUNDS: usize = 5;
    const PAGES: f64 = 100.0;
    /// ceil(100 pages / 16 workers).
    const WAVES: f64 = 7.0;

    pub(crate) fn main() {
        // `cargo test --benches` only checks that this builds.
        if std::env::args().any(|argument| argument == "--test") {
            return;
        }
        measure_first_frame();
        measure_idle();
        measure_memory_growth();
        measure_race();
    }

    /// Measures the time from the start of the process to the first frame.
    fn measure_first_frame() {
        let clock = Clock::system();
        let times: Vec<f64> = (0..10)
            .map(|_| {
                let start = clock.now();
                // Without --theme, so that the program queries the background of the terminal.
                let pty = Pty::start(PROGRAM, &[], &[], (120, 36));
                pty.wait_text("race");
                let time = clock.now().since(start).as_secs_f64() * 1e3;
                quit(pty);
                time
            })
            .collect();
        let (low, median, high) = spread(times);
        println!("first frame   {median:.1} ms ({low:.1}-{high:.1})   promise: 30 ms");
    }

    /// Measures output and CPU time after the end of a race.
    fn measure_idle() {
        let pty = start(&[]);
        pty.wait_text("same 127");
        wait(Duration::from_secs(1));
        let (bytes, cpu) = (pty.inspect(|view| view.bytes.len()), pty.cpu_ticks());
        wait(Duration::from_secs(10));
        let bytes = pty.inspect(|view| view.bytes.len()) - bytes;
        let ticks = pty.cpu_ticks().zip(cpu).map(|(after, before)| after - before);
        let cpu = ticks.map_or("unknown".to_owned(), |ticks| format!("{} ms", ticks * 10));
        println!("idle 10 s     {bytes} bytes, {cpu} CPU   promise: 0 bytes, 10 ms");
        quit(pty);
    }

    /// Measures the memory growth over 50 races: each should free the memory of the one before.
    fn measure_memory_growth() {
        let server = ServerProcess::start("10000", "1ms");
        let url = server.url();
        let mut pty =
            start(&["aaronlelevier", "--api-url", url, "--per-page", "100", "--threads", "16"]);
        let mut memory = Vec::new();
        for _ in 0..50 {
            pty.wait_text("same 10000");
            memory.push(pty.memory());
            pty.keys("r");
            pty.wait("the next run", |view| !view.has("same 10000"));
        }
        quit(pty);
        let after = |runs: usize| memory.get(runs - 1).copied().flatten();
        let growth =
            after(50).zip(after(5)).map(|(last, early)| last.cast_signed() - early.cast_signed());
        let growth = growth.map_or("unknown".to_owned(), |kilobytes| format!("{kilobytes} kB"));
        println!("50 runs       {growth} more than after 5   promise: 1024 kB");
    }

    /// Measures a race of 100 pages of 50 ms on 16 workers, with and without the screen.
    fn measure_race() {
        let server = ServerProcess::start("10000", "50ms");
        let url = server.url();
        let arguments = ["aaronlelevier", "--api-url", url, "--per-page", "100", "--threads", "16"];
        let (mut ratios, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let pty = start(&arguments);
            pty.wait_text("same 10000");
            let rows = pty.inspect(|view| view.screen.contents());
            let (sequential, threads) =
                (elapsed(&rows, "sequential"), elapsed(&rows, "threads (no GIL) x16"));
            ratios.push(threads / (WAVES * sequential / PAGES));
            with.extend(pty.cpu_ticks());
            quit(pty);
            without.extend(plain_cpu_ticks(&arguments));
        }
        let (low, median, high) = spread(ratios);
        println!("race          {median:.3} times the limit ({low:.3}-{high:.3})   promise: 1.05");
        println!(
            "              limit: {WAVES} waves x the mean request time of the sequential run"
        );
        let ticks =
            |ticks: Vec<u64>| spread(ticks.into_iter().map(|ticks| ticks as f64 * 10.0).collect());
        let ((low, median, high), (plain_low, plain_median, plain_high)) =
            (ticks(with), ticks(without));
        println!(
            "CPU           {median:.0} ms ({low:.0}-{high:.0}) with the screen, \
             {plain_median:.0} ms ({plain_low:.0}-{plain_high:.0}) without: ratio {:.2}   promise: 1.5",
            median / plain_median
        );
    }

    fn start(arguments: &[&str]) -> Pty {
        let arguments = [arguments, &["--theme", "dark"]].concat();
        Pty::start(PROGRAM, &arguments, &[("COLORTERM", "truecolor")], (120, 36))
    }

    fn quit(mut pty: Pty) {
        pty.keys("qq");
        pty.wait_for_exit();
    }

    /// Returns the CPU time of the same race without a screen, in hundredths of a second.
    fn plain_cpu_ticks(arguments: &[&str]) -> Option<u64> {
        let before = children_ticks();
        let status =
            Command::new(PROGRAM).args(arguments).arg("--plain").stdout(Stdio::null()).status();
        assert!(status.expect("the program").success());
        Some(children_ticks()? - before?)
    }

    /// Returns the elapsed time of a mode in seconds, parsed from the totals.
    fn elapsed(screen: &str, mode: &str) -> f64 {
        let row = screen.lines().find(|line| line.contains(mode) && line.contains(" s "));
        let before = row.and_then(|row| row.split(" s ").next()).expect("the mode's row");
        before.split_whitespace().last().expect("a time").parse().expect("a number")
    }

    fn children_ticks() -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        crate::pty::ticks(&stat, [13, 14])
    }

    fn wait(time: Duration) {
        after(time).recv().expect("the time to pass");
    }
}
