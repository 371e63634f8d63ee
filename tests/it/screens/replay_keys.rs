//! Keys during a replay: seeking, speed and mode selection.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::playback::PlaybackSpeed;
use threadline::app::{App, Effect, Msg, Options};
use threadline::model::{EventKind, LogEntry, Mode, Nanos, Selection, Workload};
use threadline::source::recording::Recording;

use crate::app_driver::{AppDriver, Scenario};
use crate::screens::replay::{draw_frame, record_session, replay_app, row_text, total_duration};

const SIZE: (u16, u16) = (120, 36);

/// A replay with its clock.
struct ReplayDriver {
    app: App,
    clock: Nanos,
    total: Nanos,
}

impl ReplayDriver {
    fn new(recording: &Recording) -> Self {
        let mut replay =
            Self { app: replay_app(recording), clock: Nanos(77), total: total_duration(recording) };
        replay.title();
        replay
    }

    fn race() -> Self {
        Self::new(&record_session(&AppDriver::race().play_to_end()))
    }

    /// Advances the clock by thousandths of the recording's duration.
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
        row_text(&draw_frame(&mut self.app, self.clock, SIZE), 0)
    }

    fn key_bar(&mut self) -> String {
        row_text(&draw_frame(&mut self.app, self.clock, SIZE), SIZE.1 - 1)
    }

    /// The progress and speed in the title.
    fn progress(&mut self) -> String {
        let title = self.title();
        let (_, progress) = title.split_once("recording").expect("a replay");
        format!("recording{}", progress.split("   ").next().unwrap().trim_end())
    }

    /// The screen without the title, which has the progress, and without the key bar.
    fn body(&mut self) -> Vec<String> {
        let frame = draw_frame(&mut self.app, self.clock, SIZE);
        (1..SIZE.1 - 1).map(|y| row_text(&frame, y)).collect()
    }
}

/// The replay of a race's recording, truncated to the number of entries that `count` returns.
fn truncated_replay(count: impl Fn(&[LogEntry]) -> usize) -> App {
    let (setup, mut entries) = record_session(&AppDriver::race().play_to_end()).into_parts();
    entries.truncate(count(&entries));
    let mut app = App::for_replay(
        setup,
        entries,
        Options { speed: PlaybackSpeed::default(), ..Options::default() },
    );
    app.start();
    app
}

/// The last screen of a replay, as text.
fn last_screen(app: &mut App) -> String {
    let minute = Nanos::from_millis(60_000);
    let last =
        (0..2).map(|frame| draw_frame(app, Nanos(minute.0 * frame), (120, 36))).last().unwrap();
    (0..36).map(|y| row_text(&last, y) + "\n").collect()
}

#[test]
fn truncated_recording_shows_its_end_and_no_activity() {
    for (cut, stage) in [(20, "during sequential"), (1, "before sequential started")] {
        let shown = last_screen(&mut truncated_replay(|_| cut));
        let notice = format!("the recording ends here, {stage}");
        assert!(shown.contains("recording 100 %") && shown.contains(&notice), "{shown}");
        let is_active =
            shown.contains("so far") || shown.contains("race…") || shown.contains("following");
        assert!(!is_active, "{shown}");
    }
    let ends_run = |entry: &LogEntry| match entry {
        LogEntry::Event { event, .. } => matches!(event.kind, EventKind::RunFinished { .. }),
        LogEntry::Start(_) => false,
    };
    let end_of_first_run = |all: &[LogEntry]| {
        let mut ends = (1..).zip(all).filter(|(_, entry)| ends_run(entry)).map(|(count, _)| count);
        ends.next().unwrap()
    };
    let shown = last_screen(&mut truncated_replay(end_of_first_run));
    assert!(shown.contains("the recording ends here, before threads (no GIL) started"), "{shown}");
}

#[test]
fn startup_notice_gives_way_to_the_key_bar() {
    let bottom_row = |app: &mut App, millis| {
        row_text(&draw_frame(app, Nanos::from_millis(millis), (80, 24)), 23)
    };
    let mut app = truncated_replay(<[LogEntry]>::len)
        .with_startup_notice(Some("line 9 was cut off".to_owned()));
    assert!(bottom_row(&mut app, 1_000).contains("line 9 was cut off"));
    assert!(bottom_row(&mut app, 6_900).contains("line 9 was cut off"));
    assert_eq!(app.notice_end(), Some(Nanos::from_millis(7_000)));
    assert!(!bottom_row(&mut app, 7_000).contains("line 9"));
}

#[test]
fn key_of_a_mode_recorded_in_a_race_points_to_the_race() {
    let mut app = truncated_replay(<[LogEntry]>::len);
    for (key, notice) in [
        ('2', "sequential was recorded as part of the race (1)"),
        ('3', "threads (no GIL) were recorded as part of the race (1)"),
        ('4', "the recording does not contain GIL threads"),
    ] {
        app.update(Msg::Key(KeyEvent::from(KeyCode::Char(key))));
        assert_eq!(app.notice(), Some(notice));
    }
}

#[test]
fn replay_plays_to_its_end() {
    let mut replay = ReplayDriver::race();
    assert_eq!(replay.progress(), "recording 0 %, 1x");
    assert!(replay.app.needs_frames());
    replay.wait(503);
    assert_eq!(replay.progress(), "recording 50 %, 1x");
    replay.wait(2_000);
    assert_eq!(replay.progress(), "recording 100 %");
    assert!(!replay.app.needs_frames());
    assert_eq!(replay.press(" "), None);
    assert!(replay.key_bar().contains("end of the recording; r plays it again"));
    replay.press("r");
    assert_eq!(replay.progress(), "recording 0 %, 1x");
}

#[test]
fn paused_replay_resumes_at_the_same_time() {
    let mut replay = ReplayDriver::race();
    replay.wait(303);
    replay.press(" ");
    assert!(!replay.app.needs_frames());
    replay.wait(9_000);
    assert_eq!(replay.progress(), "recording 30 %, paused");
    assert!(replay.key_bar().contains("Space play"));
    replay.press(" ");
    replay.wait(0);
    assert_eq!(replay.progress(), "recording 30 %, 1x");
    replay.wait(100);
    assert_eq!(replay.progress(), "recording 40 %, 1x");
}

#[test]
fn suspended_time_does_not_advance_the_replay() {
    let mut replay = ReplayDriver::race();
    replay.wait(203);
    replay.app.update(Msg::Resumed(Nanos(9)));
    replay.wait(500);
    assert_eq!(replay.progress(), "recording 20 %, 1x");
    assert_eq!(replay.app.notice(), None);
}

#[test]
fn angle_brackets_change_the_replay_speed_within_bounds() {
    let mut replay = ReplayDriver::race();
    replay.press(">>>");
    assert_eq!(replay.app.notice(), Some("playback speed: 10x"));
    replay.wait(21);
    assert_eq!(replay.progress(), "recording 21 %, 10x");
    replay.press(&"<".repeat(30));
    assert_eq!(replay.progress(), "recording 21 %, 0.00001x");
    replay.press(&">".repeat(30));
    assert_eq!(replay.progress(), "recording 21 %, 1000x");
}

#[test]
fn scrubbing_moves_by_a_twentieth_and_is_reversible() {
    let mut replay = ReplayDriver::race();
    replay.press(" ))))))))");
    assert_eq!(replay.progress(), "recording 40 %, paused");
    let before = replay.body();
    let forward = ")".repeat(12);
    replay.press(&forward);
    assert_eq!(replay.progress(), "recording 100 %");
    assert_ne!(replay.body(), before);
    replay.press(&forward.replace(')', "("));
    assert_eq!((replay.progress().as_str(), replay.body()), ("recording 40 %, paused", before));
    replay.press(&"(".repeat(30));
    assert_eq!(replay.progress(), "recording 0 %, paused");
    replay.press(&")".repeat(30));
    assert_eq!(replay.progress(), "recording 100 %");
}

#[test]
fn scrubbing_keeps_the_zoom() {
    let mut replay = ReplayDriver::race();
    replay.press(" ))))))))))");
    replay.press("++");
    replay.title();
    let window = replay.app.picture().viewport().window();
    replay.press("(");
    replay.title();
    assert_eq!(replay.app.picture().viewport().window().cell, window.cell);
}

#[test]
fn stepping_moves_event_by_event_and_is_reversible() {
    let mut replay = ReplayDriver::race();
    replay.wait(300);
    replay.press("]");
    let (before, forward) = (replay.body(), "]".repeat(7));
    replay.press(&forward);
    assert_ne!(replay.body(), before);
    assert!(replay.progress().ends_with("paused"));
    replay.press(&forward.replace(']', "["));
    assert_eq!(replay.body(), before);
    replay.press(&"[".repeat(1_000));
    assert_eq!(replay.progress(), "recording 0 %, paused");
    assert!(!replay.app.runs().is_empty() || replay.app.session().active().is_some());
    replay.press(&"]".repeat(1_000));
    assert_eq!(replay.progress(), "recording 100 %");
}

/// The recording of a session with two modes, the second with another number of workers.
fn two_modes() -> Recording {
    let scenario = Scenario { workers: Some(3), ..Scenario::default() };
    let driver = AppDriver::new(scenario, Selection::only(Workload::Followers, Mode::Sequential));
    record_session(&driver.play_to_end().press_keys("]3").play_to_end())
}

#[test]
fn recorded_modes_can_be_selected() {
    let mut replay = ReplayDriver::new(&two_modes());
    let only = |mode| Selection::only(Workload::Followers, mode);
    assert_eq!(replay.app.selection(), only(Mode::Sequential));
    replay.press("3");
    assert_eq!(replay.app.selection(), only(Mode::Threads));
    let runs = replay.app.runs();
    assert_eq!((runs.len(), runs[0].plan().workers, runs[0].progress().done_tasks()), (1, 4, 0));
    replay.press("2");
    assert_eq!(replay.app.selection(), only(Mode::Sequential));
    assert!(replay.app.runs()[0].is_over());
    replay.press("\t1");
    assert_eq!(replay.app.notice(), Some("the recording does not contain race"));
    assert_eq!(replay.app.selection(), only(Mode::Sequential));
    replay.app.update(Msg::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE)));
    assert_eq!(replay.app.selection(), only(Mode::Threads));
    replay.press("w");
    assert_eq!(replay.app.notice(), Some("the recording contains only followers"));
}

#[test]
fn replay_switches_to_the_mode_that_starts() {
    let mut replay = ReplayDriver::new(&two_modes());
    replay.wait(1_001);
    assert_eq!(replay.app.selection().choice, threadline::model::ModeChoice::Only(Mode::Threads));
    assert!(replay.app.runs()[0].is_complete());
    // The speed-up is relative to the first run, as in the live session.
    assert!(replay.body().iter().any(|row| row.contains("x faster")));
}

#[test]
fn replay_starts_no_runs_and_quits_without_confirmation() {
    let mut replay = ReplayDriver::race();
    for key in ["x", "s"] {
        assert_eq!(replay.press(key), None);
        assert_eq!(
            replay.app.notice(),
            Some("not available in a recording; it can only be played")
        );
    }
    for key in ["r", "1", "2", "5", "\t", "w", " "] {
        assert_eq!(replay.press(key), None);
    }
    // Nothing would be lost.
    assert_eq!(replay.press("q"), Some(Effect::Quit));
}
