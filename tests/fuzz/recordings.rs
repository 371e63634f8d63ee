//! Whole recordings whose lines are missing, doubled, swapped or bent, and that may end anywhere. What
//! can be read of one is folded, drawn at any moment and size, and written in every form.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::replay::ReplaySpeed;
use threadline::app::session::SweepSetup;
use threadline::app::{App, Background, Msg};
use threadline::export::followers::{self, FollowerFormat};
use threadline::export::{ReportSubject, markdown, svg, trace};
use threadline::headless::{self, ExportTargets, ProgressMode, ReportFormat, Streams};
use threadline::model::{LimitKind, Mode, Nanos, Run, Selection, Workload};
use threadline::recording::{self, Recording};
use threadline::signals::Signals;
use threadline::ui::{self, theme::Theme};

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use crate::{PARTS, bent, number};

/// A case is drawn and written in all forms: 100 times the work of a line.
const SHARE: u64 = 100;

/// The recordings of sittings in which much happens.
fn recordings() -> Vec<String> {
    let job = Scenario::default;
    let sweep = SweepSetup { counts: Some(vec![1, 4]), repeats: 1, agreed: true };
    let troubled = Scenario {
        costs_quota: true,
        queue: Some(2),
        bad_page: Some((Mode::Sequential, 2)),
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, LimitKind::Secondary)),
        ..job()
    };
    let cases = [
        (troubled, Selection::race(Workload::Followers)),
        (Scenario { sweep, ..job() }, Selection::sweep(Workload::Followers)),
        (Scenario { auto: true, ..job() }, Selection::race(Workload::Followers)),
        (Scenario { lost: Some(2), ..job() }, Selection::race(Workload::Cpu)),
        (job(), Selection::only(Workload::Mixed, Mode::Gil)),
        (job(), Selection::race(Workload::Commands)),
    ];
    let recorded = |(job, selection)| {
        // Where it costs nothing, another mode follows.
        let driver = AppDriver::new(job, selection).play_to_end().press_keys("3").play_to_end();
        let (mut file, session) = (Vec::new(), driver.app.session());
        recording::write(session.setup(), session.log_entries(), &mut file).unwrap();
        String::from_utf8(file).unwrap()
    };
    cases.map(recorded).into()
}

/// A text whose lines, but for the first, are missing, doubled or swapped here and there.
fn mixed_up(text: &str, random: &mut Rng) -> String {
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

/// A recording with something wrong with it, or nothing.
fn damaged(text: &str, random: &mut Rng) -> Vec<u8> {
    let tokens = [&PARTS[..], &["\\u001b[2J", "\\u009b", "\\u202e", "\\n"]].concat();
    // In a text, where it does no other harm than on a terminal.
    let text = mixed_up(text, random).replace("aaron", random.choice(&tokens).unwrap());
    let mut text = if random.bool() { bent(&text, &tokens, random) } else { text.into_bytes() };
    if random.bool() {
        text.truncate(random.usize(0..=text.len()));
    }
    text
}

#[test]
fn a_damaged_recording_is_drawn_and_told_as_far_as_it_goes() {
    let texts = recordings();
    for text in &texts {
        assert_eq!(recording::read("whole", text.as_bytes()).unwrap().defect(), None);
    }
    let signals = Signals::for_termination().unwrap();
    let first = number("FUZZ_SEED", 0);
    for seed in first..first + number("FUZZ_CASES", 20_000).div_ceil(SHARE) {
        let mut random = Rng::with_seed(seed);
        let text = damaged(random.choice(&texts).unwrap(), &mut random);
        let checked = catch_unwind(AssertUnwindSafe(|| {
            let Ok(recording) = recording::read("a file", text.as_slice()) else { return };
            recording.replay_session().all_runs().for_each(crate::check);
            report(&recording, &signals);
            write_exports(&recording);
            play(recording, &mut random);
        }));
        assert!(checked.is_ok(), "FUZZ_SEED={seed}");
    }
}

/// Nothing in a text acts on a terminal.
fn is_harmless(text: &[u8]) {
    let text = str::from_utf8(text).unwrap();
    let acts = |c: char| c.is_control() && c != '\n';
    assert!(!text.chars().any(acts), "{text:?}");
}

/// Writes the reports of `threadline replay`.
fn report(recording: &Recording, signals: &Signals) {
    for shape in [ReportFormat::Plain, ReportFormat::Json] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exports =
            ExportTargets::prepare(&[], Background::Dark, "threadline".to_owned()).unwrap();
        let streams =
            &mut Streams { out: &mut out, err: &mut err, progress_mode: ProgressMode::Nothing };
        headless::replay::report_recording(recording, (shape, exports), streams, signals).unwrap();
        is_harmless(&out);
        is_harmless(&err);
        if shape == ReportFormat::Json {
            serde_json::from_slice::<serde_json::Value>(&out).unwrap();
        }
    }
}

/// Writes all that can be taken along.
fn write_exports(recording: &Recording) {
    let session = recording.replay_session();
    let runs = session.runs(recording.last_selection());
    let subject = ReportSubject {
        target: session.target(),
        profile: session.profile(),
        runs,
        sweep: session.sweep(recording.last_selection()),
        followers: followers::best_run(session.all_runs()),
        now: recording.end_time(),
        cores: session.setup().cores(),
        background: Background::Light,
        command: "threadline",
    };
    let [mut markdown, mut picture, mut events] = [(); 3].map(|()| Vec::new());
    markdown::write(&mut markdown, &subject).unwrap();
    is_harmless(&markdown);
    svg::write(&mut picture, &subject).unwrap();
    // Where nothing ran there is no picture.
    assert!(!picture.is_empty() || !runs.iter().any(Run::has_started));
    if !picture.is_empty() {
        roxmltree::Document::parse(str::from_utf8(&picture).unwrap()).unwrap();
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

/// Plays a recording on screens of several sizes, with keys at random.
fn play(recording: Recording, random: &mut Rng) {
    let keys = [KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Left, KeyCode::End];
    let letters = "123456wcjkloefnNv,.+-0<>r []()?tm/x".chars().map(KeyCode::Char);
    let keys: Vec<KeyCode> = keys.into_iter().chain(letters).collect();
    let (setup, entries) = recording.into_parts();
    let mut app = App::for_replay(setup, entries, ReplaySpeed::default(), Background::Dark);
    app.start();
    let mut now = Nanos::ZERO;
    for (width, height) in [(120, 36), (80, 24), (250, 70), (40, 12), (12, 3)] {
        let columns = ui::timeline_columns(&app, Size::new(width, height));
        app.update(Msg::Frame { now, columns });
        let look = Theme::new(COLOUR.0, COLOUR.1, app.background());
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        ui::render(&app, look, &mut terminal.get_frame());
        for cell in terminal.current_buffer_mut().content() {
            is_harmless(cell.symbol().as_bytes());
        }
        for _ in 0..4 {
            let key = random.choice(&keys).unwrap();
            app.update(Msg::Key(KeyEvent::new(*key, KeyModifiers::NONE)));
        }
        now = now + Nanos::from_millis(random.u64(0..3_000));
    }
}
