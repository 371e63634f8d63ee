//! What the screen costs, and whether threads reach the limit behind it: the real program in a
//! terminal of 120x36, against `threadline serve` in a process of its own, beside the same race
//! without a screen. `cargo bench --bench screen`
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and may stop at once when what it measures is not there"
)]

#[cfg(unix)]
#[path = "../common/pty.rs"]
#[expect(dead_code, reason = "a benchmark needs less of it than the tests do")]
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
    use threadline::engine::Clock;

    use crate::process::{PROGRAM, ServerProcess, spread};
    use crate::pty::Pty;

    const ROUNDS: usize = 5;
    const PAGES: f64 = 100.0;
    /// ceil(100 pages / 16 workers).
    const WAVES: f64 = 7.0;

    pub(crate) fn main() {
        // `cargo test --benches` only asks whether this builds.
        if std::env::args().any(|argument| argument == "--test") {
            return;
        }
        first_frame();
        idle();
        measure_session();
        race();
    }

    /// From the start of the process to the first picture.
    fn first_frame() {
        let clock = Clock::system();
        let times: Vec<f64> = (0..10)
            .map(|_| {
                let start = clock.now();
                // As a person starts it: the terminal is asked for its background.
                let pty = Pty::start(PROGRAM, &[], &[], (120, 36));
                pty.wait_text("race");
                let time = clock.now().since(start).as_secs_f64() * 1e3;
                quit(pty);
                time
            })
            .collect();
        let (low, median, high) = spread(times);
        println!("first frame   {median:.1} ms ({low:.1}-{high:.1})   promised: 30 ms");
    }

    /// A finished race left alone.
    fn idle() {
        let pty = screen(&[]);
        pty.wait_text("same 127");
        rest(Duration::from_secs(1));
        let (bytes, cpu) = (pty.inspect(|view| view.bytes.len()), pty.cpu_ticks());
        rest(Duration::from_secs(10));
        let bytes = pty.inspect(|view| view.bytes.len()) - bytes;
        let ticks = pty.cpu_ticks().zip(cpu).map(|(after, before)| after - before);
        let cpu = ticks.map_or("unknown".to_owned(), |ticks| format!("{} ms", ticks * 10));
        println!("idle 10 s     {bytes} bytes, {cpu} CPU   promised: 0 bytes, 10 ms");
        quit(pty);
    }

    /// The same race 50 times: what a run took is given back with the next.
    fn measure_session() {
        let server = ServerProcess::start("10000", "1ms");
        let url = server.url();
        let mut pty =
            screen(&["aaronlelevier", "--api-url", url, "--per-page", "100", "--threads", "16"]);
        let mut memory = Vec::new();
        for _ in 0..50 {
            pty.wait_text("same 10000");
            memory.push(pty.memory());
            pty.keys("r");
            pty.wait("the next run", |view| !view.has("same 10000"));
        }
        quit(pty);
        let after = |runs: usize| memory.get(runs - 1).copied().flatten();
        let more =
            after(50).zip(after(5)).map(|(last, early)| last.cast_signed() - early.cast_signed());
        let more = more.map_or("unknown".to_owned(), |kilobytes| format!("{kilobytes} kB"));
        println!("50 runs       {more} more than after 5   promised: 1024 kB");
    }

    /// 100 pages of 50 ms, 16 workers, with the screen and without.
    fn race() {
        let server = ServerProcess::start("10000", "50ms");
        let url = server.url();
        let arguments = ["aaronlelevier", "--api-url", url, "--per-page", "100", "--threads", "16"];
        let (mut ratios, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let pty = screen(&arguments);
            pty.wait_text("same 10000");
            let rows = pty.inspect(|view| view.screen.contents());
            let (sequential, threads) =
                (elapsed(&rows, "sequential"), elapsed(&rows, "threads x16"));
            ratios.push(threads / (WAVES * sequential / PAGES));
            with.extend(pty.cpu_ticks());
            quit(pty);
            without.extend(plain(&arguments));
        }
        let (low, median, high) = spread(ratios);
        println!("race          {median:.3} x the limit ({low:.3}-{high:.3})   promised: 1.05");
        println!(
            "              limit: {WAVES} waves x the mean request time of the sequential run"
        );
        let ticks =
            |ticks: Vec<u64>| spread(ticks.into_iter().map(|ticks| ticks as f64 * 10.0).collect());
        let ((low, one, high), (least, other, most)) = (ticks(with), ticks(without));
        println!(
            "CPU           {one:.0} ms ({low:.0}-{high:.0}) with the screen, {other:.0} ms \
             ({least:.0}-{most:.0}) without: {:.2} x   promised: 1.5",
            one / other
        );
    }

    fn screen(arguments: &[&str]) -> Pty {
        let arguments = [arguments, &["--theme", "dark"]].concat();
        Pty::start(PROGRAM, &arguments, &[("COLORTERM", "truecolor")], (120, 36))
    }

    fn quit(mut pty: Pty) {
        pty.keys("qq");
        pty.wait_for_exit();
    }

    /// CPU time of the same race without a screen, in hundredths of a second.
    fn plain(arguments: &[&str]) -> Option<u64> {
        let before = children_ticks();
        let status =
            Command::new(PROGRAM).args(arguments).arg("--plain").stdout(Stdio::null()).status();
        assert!(status.expect("the program").success());
        Some(children_ticks()? - before?)
    }

    /// A mode's elapsed time as the totals show it, in seconds.
    fn elapsed(screen: &str, mode: &str) -> f64 {
        let row = screen.lines().find(|line| line.contains(mode) && line.contains(" s "));
        let before = row.and_then(|row| row.split(" s ").next()).expect("the mode's row");
        before.split_whitespace().last().expect("a time").parse().expect("a number")
    }

    fn children_ticks() -> Option<u64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        crate::pty::ticks(&stat, [13, 14])
    }

    fn rest(time: Duration) {
        after(time).recv().expect("the time to pass");
    }
}
