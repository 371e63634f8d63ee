//! Fuzzes complete recordings, with lines missing, duplicated, swapped or mutated, and truncated
//! anywhere. Those that can be read are folded, drawn at several times and sizes, and exported in
//! every format.

use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(unix)]
use std::sync::{Arc, atomic::AtomicBool};

use fastrand::Rng;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::playback::PlaybackSpeed;
use threadline::app::{App, Keymap, Msg, Options, Session};
use threadline::cli::{DisplayOptions, OutputMode, OutputOptions, Progress, ThemeArg};
use threadline::model::{Background, LimitKind, Mode, Nanos, Run, Selection, SweepSetup, Workload};
use threadline::report::followers::{self, FollowerFormat};
use threadline::report::{ReportSubject, markdown, svg, trace};
use threadline::run::read_recording;
use threadline::run::{self, ExportTargets, OpenedSession, Streams};
use threadline::source::recording::{self, Recording};
use threadline::terminal::signals::Signals;
use threadline::ui;
use threadline::ui::theme::Theme;

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use crate::fuzz::{EVENT_TOKENS, assert_run_invariants, mutate, number_from_env};

/// The divisor of the number of cases: a case here costs 100 times as much as one of a line.
const CASES_DIVISOR: u64 = 100;

/// Returns the recordings of several sessions, among them one with faults.
fn recordings() -> Vec<String> {
    let scenario = Scenario::default;
    let sweep = SweepSetup { counts: Some(vec![1, 4]), repeats: 1 };
    let with_faults = Scenario {
        costs_quota: true,
        bad_page: Some((Mode::Sequential, 2)),
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, LimitKind::Secondary)),
        ..scenario()
    };
    let cases = [
        (with_faults, Selection::race(Workload::Followers)),
        (Scenario { sweep, ..scenario() }, Selection::sweep(Workload::Followers)),
        (Scenario { auto: true, ..scenario() }, Selection::race(Workload::Followers)),
        (Scenario { lost: Some(2), ..scenario() }, Selection::race(Workload::Cpu)),
        (scenario(), Selection::only(Workload::Mixed, Mode::Gil)),
        (scenario(), Selection::race(Workload::Commands)),
    ];
    let record = |(scenario, selection)| {
        // Another mode follows, unless it would cost quota.
        let driver =
            AppDriver::new(scenario, selection).play_to_end().press_keys("3").play_to_end();
        let (mut file, session) = (Vec::new(), driver.app.session());
        recording::write(session.setup(), &driver.log_entries(), &mut file).unwrap();
        String::from_utf8(file).unwrap()
    };
    cases.map(record).into()
}

/// Removes, duplicates or swaps some lines of a text, except the first.
fn mutate_lines(text: &str, random: &mut Rng) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    for _ in 0..random.u8(0..4) {
        let [one, other] = [(); 2].map(|()| random.usize(1..lines.len()));
        match random.u8(0..3) {
            0 => _ = lines.remove(one),
            1 => lines.insert(one, lines[other]),
            _ => lines.swap(one, other),
        }
    }
    lines.concat()
}

/// Returns a recording that may have mutated lines, mutated bytes, escape sequences, and a
/// truncated end.
fn damage(text: &str, random: &mut Rng) -> Vec<u8> {
    let tokens = [&EVENT_TOKENS[..], &["\\u001b[2J", "\\u009b", "\\u202e", "\\n"]].concat();
    // In the user's name, an escape sequence leaves the line valid.
    let text = mutate_lines(text, random).replace("aaron", random.choice(&tokens).unwrap());
    let mut text = if random.bool() { mutate(&text, &tokens, random) } else { text.into_bytes() };
    if random.bool() {
        text.truncate(random.usize(0..=text.len()));
    }
    text
}

#[test]
fn damaged_recording_is_refused_or_reported_exported_and_drawn() {
    let texts = recordings();
    for text in &texts {
        assert_eq!(read_recording("whole", text.as_bytes()).unwrap().defect(), None);
    }
    let signals = watched_signals();
    let first = number_from_env("FUZZ_SEED", 0);
    for seed in first..first + number_from_env("FUZZ_CASES", 20_000).div_ceil(CASES_DIVISOR) {
        let mut random = Rng::with_seed(seed);
        let text = damage(random.choice(&texts).unwrap(), &mut random);
        let checked = catch_unwind(AssertUnwindSafe(|| {
            let Ok(recording) = read_recording("a file", text.as_slice()) else { return };
            Session::from_log(recording.setup(), recording.entries())
                .all_runs()
                .for_each(assert_run_invariants);
            report(&text, &signals);
            write_exports(&recording);
            play(recording, &mut random);
        }));
        assert!(checked.is_ok(), "FUZZ_SEED={seed}");
    }
}

/// Watches the signals, which end the tests as before.
fn watched_signals() -> Signals {
    let signals = Signals::for_termination().unwrap();
    #[cfg(unix)]
    for (_, code) in crate::cli::termination_signals() {
        let always = Arc::new(AtomicBool::new(true));
        signal_hook::flag::register_conditional_default(code - 128, always).unwrap();
    }
    signals
}

/// Asserts that a text has no control characters except line feeds.
fn assert_no_controls(text: &[u8]) {
    let text = str::from_utf8(text).unwrap();
    let is_control = |c: char| c.is_control() && c != '\n';
    assert!(!text.chars().any(is_control), "{text:?}");
}

/// Writes the reports of `threadline replay`.
fn report(text: &[u8], signals: &Signals) {
    for mode in [OutputMode::Plain(Progress::None), OutputMode::Json(Progress::None)] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let recording = read_recording("a file", text).unwrap();
        let opened = OpenedSession::recorded(recording, PlaybackSpeed::default());
        let display = DisplayOptions {
            theme: ThemeArg::Dark,
            ascii: false,
            mouse: false,
            reduced_motion: false,
            keys: Keymap::default(),
        };
        let output = OutputOptions { mode, exports: Vec::new(), record: None, display };
        let exports = ExportTargets::prepare(&output).unwrap();
        let streams = &mut Streams { out: &mut out, err: &mut err, width: None };
        run::follow(opened, &output, exports, signals, streams).unwrap();
        assert_no_controls(&out);
        assert_no_controls(&err);
        if mode == OutputMode::Json(Progress::None) {
            serde_json::from_slice::<serde_json::Value>(&out).unwrap();
        }
    }
}

/// Writes every export of a recording.
fn write_exports(recording: &Recording) {
    let session = Session::from_log(recording.setup(), recording.entries());
    let runs = session.runs(recording.last_selection());
    let subject = ReportSubject {
        target: session.target(),
        runs,
        sweep: session.sweep(recording.last_selection()),
        fetched: followers::best_run(session.all_runs()),
        now: recording.end_time(),
        cores: session.setup().cores(),
        background: Background::Light,
        command: "threadline",
        lesson: None,
    };
    let [mut markdown, mut svg, mut events] = [(); 3].map(|()| Vec::new());
    markdown::write(&mut markdown, &subject).unwrap();
    assert_no_controls(&markdown);
    svg::write(&mut svg, &subject).unwrap();
    // The SVG is empty if no run has started.
    assert!(!svg.is_empty() || !runs.iter().any(Run::has_started));
    if !svg.is_empty() {
        roxmltree::Document::parse(str::from_utf8(&svg).unwrap()).unwrap();
    }
    trace::write(&mut events, runs).unwrap();
    serde_json::from_slice::<serde_json::Value>(&events).unwrap();
    for run in runs {
        for format in [FollowerFormat::Csv, FollowerFormat::Json, FollowerFormat::Ndjson] {
            let mut list = Vec::new();
            format.write(run, &mut list).unwrap();
            assert!(str::from_utf8(&list).is_ok());
        }
    }
}

/// Replays a recording on screens of several sizes, with random keys.
fn play(recording: Recording, random: &mut Rng) {
    let keys = [KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Left, KeyCode::End];
    let letters = "123456wcjkloefnNv,.+-0<>r []()?tm/x".chars().map(KeyCode::Char);
    let keys: Vec<KeyCode> = keys.into_iter().chain(letters).collect();
    let (setup, entries) = recording.into_parts();
    let mut app = App::for_replay(
        setup,
        entries,
        Options { speed: PlaybackSpeed::default(), ..Options::default() },
    );
    app.start();
    let mut now = Nanos::ZERO;
    for (width, height) in [(120, 36), (80, 24), (250, 70), (40, 12), (12, 3)] {
        let columns = ui::timeline_columns(&app, Size::new(width, height));
        app.update(Msg::Frame { now, columns });
        let theme = Theme::new(COLOUR.0, COLOUR.1, app.background());
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        ui::render(&app, theme, &mut terminal.get_frame());
        for cell in terminal.current_buffer_mut().content() {
            assert_no_controls(cell.symbol().as_bytes());
        }
        for _ in 0..4 {
            let key = random.choice(&keys).unwrap();
            app.update(Msg::Key(KeyEvent::new(*key, KeyModifiers::NONE)));
        }
        now = now + Nanos::from_millis(random.u64(0..3_000));
    }
}
