//! Latency from a key press to the screen: the real program replays a recording of 1,000 lanes and
//! 1,000,000 events in a terminal of 200x60, during playback and afterwards.
//! `cargo bench --bench answer`
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
#[path = "synthetic_events.rs"]
#[expect(dead_code, reason = "this benchmark uses one kind of tasks")]
mod synthetic_events;

#[cfg(unix)]
#[path = "process.rs"]
#[expect(dead_code, reason = "this benchmark starts no server")]
mod process;

#[cfg(unix)]
fn main() {
    // `cargo test --benches` only checks that this builds.
    if !std::env::args().any(|argument| argument == "--test") {
        unix::main();
    }
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::BufWriter;
    use std::path::Path;
    use std::sync::Arc;

    use threadline::analysis::stats::percentile;
    use threadline::model::{LogEntry, SelectionStart};
    use threadline::model::{Mode, Nanos, Plan, Selection, Target, WorkSpec, Workload};
    use threadline::model::{RunId, Setup};
    use threadline::source::Clock;
    use threadline::source::recording;

    use crate::process::PROGRAM;
    use crate::pty::Pty;
    use crate::synthetic_events::{self, EventMix};

    const LANES: u16 = 1_000;
    const EVENTS: u32 = 1_000_000;

    /// Keys that change the view between two measurements: zoom, pan, cursor.
    const VIEW_KEYS: [&str; 6] = ["+", "l", ".", "-", "h", "\x1b[1;2C"];
    const KEYS: usize = 200;

    pub(crate) fn main() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("run.jsonl");
        record(&file);
        let name = file.display().to_string();
        // At this speed playback lasts longer than the measurement.
        let slow = ["replay", &name, "--speed", "0.1", "--theme", "dark"];
        let mut pty = Pty::start(PROGRAM, &slow, &[("COLORTERM", "truecolor")], (200, 60));
        pty.wait_text("recording");
        measure_latency("during playback, start of the run", &mut pty);
        pty.keys("q");
        pty.wait_for_exit();
        let fast = ["replay", &name, "--speed", "1000", "--theme", "dark"];
        let mut pty = Pty::start(PROGRAM, &fast, &[("COLORTERM", "truecolor")], (200, 60));
        pty.wait_text("recording 100 %");
        measure_latency("after playback, whole run", &mut pty);
        pty.keys("q");
        pty.wait_for_exit();
    }

    /// Writes a recording of `EVENTS` events.
    fn record(file: &Path) {
        let target = Target {
            user: "octocat".to_owned(),
            api: Target::BUILT_IN.to_owned(),
            per_page: 1,
            costs_quota: false,
        };
        let tasks = EVENTS / EventMix::Pages.events();
        let plan = Plan::new(WorkSpec::Followers(target.clone()), Mode::Threads, LANES, tasks);
        let setup = Setup::followers(target, Some(LANES));
        let selection = Selection::only(Workload::Followers, Mode::Threads);
        let start = SelectionStart { selection, setup: setup.clone(), pages: Some(tasks) };
        let events = synthetic_events::events(&plan, EventMix::Pages)
            .into_iter()
            .map(|event| LogEntry::Event { run: RunId(0), event });
        let entries: Vec<LogEntry> =
            std::iter::once(LogEntry::Start(Arc::new(start))).chain(events).collect();
        let mut out = BufWriter::new(File::create(file).expect("a file"));
        recording::write(&setup, &entries, &mut out).expect("a recording");
    }

    /// Changes the view and selects the next lane, repeatedly; measures the time until the screen
    /// shows the selection.
    fn measure_latency(when: &str, pty: &mut Pty) {
        let clock = Clock::system();
        let mut times: Vec<Nanos> = Vec::new();
        for (lane, view_key) in (1..=KEYS).zip(VIEW_KEYS.into_iter().cycle()) {
            let selected = format!("> w-{lane} ");
            pty.keys(view_key);
            let pressed = clock.now();
            pty.keys("j");
            pty.wait_text(&selected);
            times.push(clock.now().since(pressed));
        }
        let [median, p95, max] = [0.5, 0.95, 1.0].map(|share| {
            percentile(&mut times, share).map_or_else(String::new, |time| time.to_string())
        });
        println!("{when}: key to screen {median}, p95 {p95} (promise: 50 ms), max {max}; n {KEYS}");
    }
}
