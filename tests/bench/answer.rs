//! How long a key takes to become a picture: the real program plays a recording of 1,000 lanes and
//! 1,000,000 events in a terminal of 200x60, while it moves and afterwards. `cargo bench --bench answer`
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
#[path = "fabricated.rs"]
#[expect(dead_code, reason = "one kind of tasks is enough here")]
mod fabricated;

#[cfg(unix)]
#[path = "process.rs"]
#[expect(dead_code, reason = "only the program is asked for")]
mod process;

#[cfg(unix)]
fn main() {
    // `cargo test --benches` only asks whether this builds.
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

    use threadline::app::session::{LogEntry, SelectionStart, Setup};
    use threadline::engine::Clock;
    use threadline::model::stats::percentile;
    use threadline::model::{Mode, Nanos, Plan, Selection, Target, WorkSpec, Workload};
    use threadline::recording;

    use crate::fabricated::{self, EventMix};
    use crate::process::PROGRAM;
    use crate::pty::Pty;

    const LANES: u16 = 1_000;
    const EVENTS: u32 = 1_000_000;

    /// What moves the view between two measurements: zoom, pan, the cursor.
    const MOVES: [&str; 6] = ["+", "l", ".", "-", "h", "}"];
    const KEYS: usize = 200;

    pub(crate) fn main() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("run.jsonl");
        record(&file);
        let name = file.display().to_string();
        // At this speed it plays for as long as the keys are pressed.
        let moving = ["replay", &name, "--speed", "0.1", "--theme", "dark"];
        let mut pty = Pty::start(PROGRAM, &moving, &[("COLORTERM", "truecolor")], (200, 60));
        pty.wait_text("recording");
        measure_answers("while it plays, at its start", &mut pty);
        pty.keys("q");
        pty.wait_for_exit();
        let over = ["replay", &name, "--speed", "1000", "--theme", "dark"];
        let mut pty = Pty::start(PROGRAM, &over, &[("COLORTERM", "truecolor")], (200, 60));
        pty.wait_text("recording 100 %");
        measure_answers("the whole run", &mut pty);
        pty.keys("q");
        pty.wait_for_exit();
    }

    /// Writes a recording of so many events.
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
        let begun = SelectionStart { selection, setup: setup.clone(), pages: Some(tasks) };
        let events = fabricated::events(&plan, EventMix::Pages).into_iter().map(LogEntry::Event);
        let entries: Vec<LogEntry> =
            std::iter::once(LogEntry::Start(Arc::new(begun))).chain(events).collect();
        let mut out = BufWriter::new(File::create(file).expect("a file"));
        recording::write(&setup, &entries, &mut out).expect("a recording");
    }

    /// Moves the view and chooses the next lane, again and again; measures until that is seen.
    fn measure_answers(when: &str, pty: &mut Pty) {
        let clock = Clock::system();
        let mut times: Vec<Nanos> = Vec::new();
        for (lane, moved) in (1..=KEYS).zip(MOVES.into_iter().cycle()) {
            let chosen = format!("> w-{lane} ");
            pty.keys(moved);
            let pressed = clock.now();
            pty.keys("j");
            pty.wait_text(&chosen);
            times.push(clock.now().since(pressed));
        }
        let [median, p95, most] = [0.5, 0.95, 1.0].map(|share| {
            percentile(&mut times, share).map_or_else(String::new, |time| time.to_string())
        });
        println!(
            "{when}: a key is seen after {median}, p95 {p95} (promise: 50 ms), {most} at most; n {KEYS}"
        );
    }
}
