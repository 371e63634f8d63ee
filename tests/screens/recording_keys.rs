//! The keys of a recording: from moment to moment, faster and slower, from mode to mode.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::replay::ReplaySpeed;
use threadline::app::session::LogEntry;
use threadline::app::{App, Background, Effect, Msg};
use threadline::model::{EventKind, ExportKind, Mode, Nanos, Selection, Workload};
use threadline::recording::Recording;

use crate::app_driver::{AppDriver, Scenario};
use crate::recordings::{picture, playing, recorded, row, total};

const SIZE: (u16, u16) = (120, 36);

/// A recording that is played, and the time.
struct ReplayDriver {
    app: App,
    clock: Nanos,
    total: Nanos,
}

impl ReplayDriver {
    fn new(recording: &Recording) -> Self {
        let mut played =
            Self { app: playing(recording), clock: Nanos(77), total: total(recording) };
        played.title();
        played
    }

    fn race() -> Self {
        Self::new(&recorded(&AppDriver::race().play_to_end().app))
    }

    /// So many thousandths of the recording's time go by.
    fn wait(&mut self, thousandths: u64) {
        self.clock = self.clock + Nanos(self.total.0 * thousandths / 1_000);
        self.title();
    }

    fn press(&mut self, keys: &str) -> Option<Effect> {
        let mut effect = None;
        for key in keys.chars() {
            let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
            effect = self.app.update(Msg::Key(key)).or(effect);
        }
        effect
    }

    fn title(&mut self) -> String {
        row(&picture(&mut self.app, self.clock, SIZE), 0)
    }

    fn keys(&mut self) -> String {
        row(&picture(&mut self.app, self.clock, SIZE), SIZE.1 - 1)
    }

    /// What the title says of the recording.
    fn says(&mut self) -> String {
        let title = self.title();
        let (_, said) = title.split_once("recording").expect("a recording");
        format!("recording{}", said.split("   ").next().unwrap().trim_end())
    }

    /// The picture without its title, which tells how it is played, and without the keys.
    fn body(&mut self) -> Vec<String> {
        let picture = picture(&mut self.app, self.clock, SIZE);
        (1..SIZE.1 - 1).map(|y| row(&picture, y)).collect()
    }
}

/// The recording of a race that was ended after so many entries.
fn cut_off(entries: impl Fn(&[LogEntry]) -> usize) -> App {
    let (setup, mut all) = recorded(&AppDriver::race().play_to_end().app).into_parts();
    all.truncate(entries(&all));
    let mut app = App::for_replay(setup, all, ReplaySpeed::default(), Background::Dark);
    app.start();
    app
}

/// Where the picture of a recording ends.
fn at_its_end(app: &mut App) -> String {
    let minute = Nanos::from_millis(60_000);
    let last = (0..2).map(|frame| picture(app, Nanos(minute.0 * frame), (120, 36))).last().unwrap();
    (0..36).map(|y| row(&last, y) + "\n").collect()
}

#[test]
fn a_recording_that_ends_early_does_not_seem_to_run_on() {
    for (cut, stage) in [(20, "during sequential"), (1, "before the first request")] {
        let shown = at_its_end(&mut cut_off(|_| cut));
        let said = format!("the recording ends here, {stage}");
        assert!(shown.contains("recording 100 %") && shown.contains(&said), "{shown}");
        let moves =
            shown.contains("running:") || shown.contains("race…") || shown.contains("following");
        assert!(!moves, "{shown}");
    }
    let ends_run = |entry: &LogEntry| match entry {
        LogEntry::Event(event) => matches!(event.kind, EventKind::RunFinished { .. }),
        LogEntry::Start(_) => false,
    };
    let second = |all: &[LogEntry]| {
        let ends = (1..).zip(all).filter(|(_, entry)| ends_run(entry)).map(|(place, _)| place);
        ends.take(2).last().unwrap()
    };
    let shown = at_its_end(&mut cut_off(second));
    assert!(shown.contains("the recording ends here, before threads started"), "{shown}");
}

#[test]
fn a_word_on_the_file_makes_room_for_the_keys() {
    let keys = |app: &mut App, millis| row(&picture(app, Nanos::from_millis(millis), (80, 24)), 23);
    let mut app =
        cut_off(<[LogEntry]>::len).with_startup_notice(Some("line 9 was cut off".to_owned()));
    assert!(keys(&mut app, 1_000).contains("line 9 was cut off"));
    assert!(keys(&mut app, 6_900).contains("line 9 was cut off") && app.needs_frames());
    assert!(keys(&mut app, 7_000).contains("scrub"));
}

#[test]
fn a_mode_that_only_the_race_has_is_said_to_be_there() {
    let mut app = cut_off(<[LogEntry]>::len);
    for (key, said) in [
        ('2', "sequential was recorded as part of the race (1)"),
        ('3', "threads were recorded as part of the race (1)"),
        ('4', "the recording does not contain gil"),
    ] {
        app.update(Msg::Key(KeyEvent::from(KeyCode::Char(key))));
        assert_eq!(app.notice(), Some(said));
    }
}

#[test]
fn it_plays_by_itself_to_its_end() {
    let mut played = ReplayDriver::race();
    assert_eq!(played.says(), "recording 0 %, 1x");
    assert!(played.app.needs_frames());
    played.wait(503);
    assert_eq!(played.says(), "recording 50 %, 1x");
    played.wait(2_000);
    assert_eq!(played.says(), "recording 100 %");
    assert!(!played.app.needs_frames());
    assert_eq!(played.press(" "), None);
    assert!(played.keys().contains("end of the recording; r plays it again"));
    played.press("r");
    assert_eq!(played.says(), "recording 0 %, 1x");
}

#[test]
fn it_is_held_still_and_goes_on_where_it_was() {
    let mut played = ReplayDriver::race();
    played.wait(303);
    played.press(" ");
    assert!(!played.app.needs_frames());
    played.wait(9_000);
    assert_eq!(played.says(), "recording 30 %, paused");
    assert!(played.keys().contains("Space play"));
    played.press(" ");
    played.wait(0);
    assert_eq!(played.says(), "recording 30 %, 1x");
    played.wait(100);
    assert_eq!(played.says(), "recording 40 %, 1x");
}

#[test]
fn the_programs_sleep_is_no_time_of_the_recordings() {
    let mut played = ReplayDriver::race();
    played.wait(203);
    played.app.update(Msg::Resumed(Nanos(9)));
    played.wait(500);
    assert_eq!(played.says(), "recording 20 %, 1x");
    assert_eq!(played.app.notice(), None);
}

#[test]
fn it_is_played_at_any_speed() {
    let mut played = ReplayDriver::race();
    played.press(">>>");
    assert_eq!(played.app.notice(), Some("playback speed: 10x"));
    played.wait(21);
    assert_eq!(played.says(), "recording 21 %, 10x");
    played.press("<<<<<<<<<");
    assert_eq!(played.says(), "recording 21 %, 0.1x");
    played.press(&">".repeat(20));
    assert_eq!(played.says(), "recording 21 %, 1000x");
}

#[test]
fn scrubbing_goes_by_a_twentieth_and_a_moment_looks_the_same_from_both_sides() {
    let mut played = ReplayDriver::race();
    played.press(" ))))))))");
    assert_eq!(played.says(), "recording 40 %, paused");
    let before = played.body();
    let twelve = ")".repeat(12);
    played.press(&twelve);
    assert_eq!(played.says(), "recording 100 %");
    assert_ne!(played.body(), before);
    played.press(&twelve.replace(')', "("));
    assert_eq!((played.says().as_str(), played.body()), ("recording 40 %, paused", before));
    played.press(&"(".repeat(30));
    assert_eq!(played.says(), "recording 0 %, paused");
    played.press(&")".repeat(30));
    assert_eq!(played.says(), "recording 100 %");
}

#[test]
fn a_view_that_was_zoomed_stays_where_it_is() {
    let mut played = ReplayDriver::race();
    played.press(" ))))))))))");
    played.press("++");
    played.title();
    let window = played.app.viewport().window();
    played.press("(");
    played.title();
    assert_eq!(played.app.viewport().window().cell, window.cell);
}

#[test]
fn stepping_goes_event_by_event_there_and_back() {
    let mut played = ReplayDriver::race();
    played.wait(300);
    played.press("]");
    let (here, steps) = (played.body(), "]".repeat(7));
    played.press(&steps);
    assert_ne!(played.body(), here);
    assert!(played.says().ends_with("paused"));
    played.press(&steps.replace(']', "["));
    assert_eq!(played.body(), here);
    played.press(&"[".repeat(1_000));
    assert_eq!(played.says(), "recording 0 %, paused");
    assert!(!played.app.runs().is_empty() || played.app.session().active().is_some());
    played.press(&"]".repeat(1_000));
    assert_eq!(played.says(), "recording 100 %");
}

/// It is there already.
#[test]
fn a_recording_is_not_recorded_again() {
    let mut played = ReplayDriver::race();
    played.wait(900);
    assert!(matches!(played.press("e"), Some(Effect::FindExportNames(_))));
    let kinds: Vec<ExportKind> = played.app.export_entries().map(|(kind, _)| kind).collect();
    let [first @ .., recording] = ExportKind::ALL;
    assert_eq!((kinds.as_slice(), recording), (first.as_slice(), ExportKind::Recording));
}

/// A sitting in which two modes were run, the second with other workers.
fn two_modes() -> Recording {
    let job = Scenario { workers: Some(3), ..Scenario::default() };
    let driver = AppDriver::new(job, Selection::only(Workload::Followers, Mode::Sequential));
    recorded(&driver.play_to_end().press_keys("]3").play_to_end().app)
}

#[test]
fn modes_that_were_recorded_can_be_chosen() {
    let mut played = ReplayDriver::new(&two_modes());
    let only = |mode| Selection::only(Workload::Followers, mode);
    assert_eq!(played.app.selection(), only(Mode::Sequential));
    played.press("3");
    assert_eq!(played.app.selection(), only(Mode::Threads));
    let runs = played.app.runs();
    assert_eq!((runs.len(), runs[0].plan().workers, runs[0].done_tasks()), (1, 4, 0));
    played.press("2");
    assert_eq!(played.app.selection(), only(Mode::Sequential));
    assert!(played.app.runs()[0].is_over());
    played.press("\t1");
    assert_eq!(played.app.notice(), Some("the recording does not contain race"));
    assert_eq!(played.app.selection(), only(Mode::Sequential));
    played.app.update(Msg::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    assert_eq!(played.app.selection(), only(Mode::Threads));
    played.press("w");
    assert_eq!(played.app.notice(), Some("the recording contains only followers"));
}

#[test]
fn playing_turns_to_what_was_begun() {
    let mut played = ReplayDriver::new(&two_modes());
    played.wait(1_001);
    assert_eq!(played.app.selection().choice, threadline::model::ModeChoice::Only(Mode::Threads));
    assert!(played.app.runs()[0].is_complete());
    // Its speed-up is against the first, as it was live.
    assert!(played.body().iter().any(|row| row.contains("times as fast as sequential")));
}

#[test]
fn nothing_runs_in_a_recording() {
    let mut played = ReplayDriver::race();
    for key in ["x", "s"] {
        assert_eq!(played.press(key), None);
        assert_eq!(
            played.app.notice(),
            Some("not available in a recording; it can only be played")
        );
    }
    for key in ["r", "1", "2", "5", "\t", "w", " "] {
        assert_eq!(played.press(key), None);
    }
    // No question: nothing is lost.
    assert_eq!(played.press("q"), Some(Effect::Quit));
}
