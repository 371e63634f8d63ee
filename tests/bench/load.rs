//! The wall time and peak memory of a million followers: 10,000 pages without latency, on 8 workers,
//! with the screen, without it, and with a plain client on standard sockets that parses and keeps
//! them, in turn. Exits with 1 if a run needs more memory than promised. `cargo bench --bench load`
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
    use std::io::{BufRead, BufReader, Read as _, Write as _};
    use std::net::TcpStream;
    use std::path::Path;
    use std::process::{Command, ExitCode, Stdio};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

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
        let arguments = [&arguments[..], &["--per-page", "100", "--threads", "8"]].concat();
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("followers.ndjson");
        let (mut with, mut without, mut written, mut sockets) = (vec![], vec![], vec![], vec![]);
        for round in 1..=ROUNDS {
            let screen = measure_screen(&arguments);
            let plain = measure_plain(&arguments);
            let file = measure_file(&arguments, &file);
            let plain_sockets = measure_sockets(server.url());
            println!(
                "round {round}/{ROUNDS}     {:.2} s with the screen, {:.2} s without, {file:.2} s with a \
                 file, {plain_sockets:.2} s of plain sockets",
                screen.time, plain.time
            );
            with.push(screen);
            without.push(plain);
            written.push(file);
            sockets.push(plain_sockets);
        }
        let ratios = with.iter().zip(&without).map(|(with, without)| with.time / without.time);
        let (low, ratio, high) = spread(ratios.collect());
        let file_ratios = written.iter().zip(&sockets).map(|(written, sockets)| written / sockets);
        let (file_low, file_ratio, file_high) = spread(file_ratios.collect());
        let (_, sockets, _) = spread(sockets);
        println!(
            "with a file   ratio {file_ratio:.2} ({file_low:.2}-{file_high:.2}) to {sockets:.2} s of plain \
             sockets that parse and keep   promise: 1.5"
        );
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

    /// Measures a run that writes a file, from start to exit, in seconds.
    fn measure_file(arguments: &[&str], file: &Path) -> f64 {
        let clock = Clock::system();
        let status = Command::new(PROGRAM)
            .args(arguments)
            .args(["--plain", "--output", file.to_str().expect("a path")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("the program");
        assert!(status.success());
        clock.now().as_secs_f64()
    }

    /// A follower as the plain client keeps it.
    #[derive(serde::Deserialize)]
    struct KeptFollower {
        id: u64,
        login: String,
        html_url: String,
    }

    /// Measures eight threads that fetch, parse and keep the pages over standard sockets, in seconds.
    fn measure_sockets(url: &str) -> f64 {
        let clock = Clock::system();
        let address = url.trim_start_matches("http://");
        let next = AtomicU32::new(1);
        let pages: u32 = PAGES.parse().expect("a number");
        let kept: usize = thread::scope(|scope| {
            let fetch = || {
                let stream = TcpStream::connect(address).expect("the server");
                stream.set_nodelay(true).expect("a socket");
                let (mut reader, mut stream) =
                    (BufReader::new(stream.try_clone().expect("a socket")), stream);
                let (mut kept, mut body) = (Vec::new(), Vec::new());
                loop {
                    let page = next.fetch_add(1, Ordering::Relaxed);
                    if page > pages {
                        return kept;
                    }
                    // One write: `write!` on a socket sends each part of the text as a packet of
                    // its own, and the second waits 40 ms for the delayed acknowledgement.
                    let request = format!(
                        "GET /users/aaronlelevier/followers?per_page=100&page={page} HTTP/1.1\r\n\
                         Host: {address}\r\nUser-Agent: bench\r\n\r\n"
                    );
                    stream.write_all(request.as_bytes()).expect("a request");
                    let length = content_length(&mut reader);
                    body.resize(length, 0);
                    reader.read_exact(&mut body).expect("a body");
                    kept.push(serde_json::from_slice::<Vec<KeptFollower>>(&body).expect("a page"));
                }
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(fetch)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("a thread"))
                .map(|page| {
                    page.iter()
                        .filter(|one| one.id > 0 && one.html_url.ends_with(&one.login))
                        .count()
                })
                .sum()
        });
        assert_eq!(kept.to_string(), FOLLOWERS);
        clock.now().as_secs_f64()
    }

    /// Reads the head of a response and returns the length of its body.
    fn content_length(reader: &mut impl BufRead) -> usize {
        let mut length = 0;
        for line in reader.lines().map(|line| line.expect("a header")) {
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse().expect("a length");
            }
        }
        length
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
