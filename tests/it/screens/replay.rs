//! A replay draws the same cells as the live session at every time.

use std::collections::VecDeque;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use threadline::app::playback::PlaybackSpeed;
use threadline::app::{App, Msg, Options};
use threadline::model::{EventKind, LimitKind, LogEntry, Mode, Nanos, Selection, Workload};
use threadline::source::recording::{self, Recording};
use threadline::ui::{self, theme};

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use threadline::run::read_recording;

const SIZES: [(u16, u16); 2] = [(120, 36), (80, 24)];

/// Writes the recording of a session and reads it back.
pub(crate) fn record_session(driver: &AppDriver) -> Recording {
    let mut file = Vec::new();
    recording::write(driver.app.session().setup(), &driver.log_entries(), &mut file).unwrap();
    let recording = read_recording("run.jsonl", file.as_slice()).unwrap();
    assert_eq!(recording.defect(), None);
    recording
}

/// A replay of a recording, at its start.
pub(crate) fn replay_app(recording: &Recording) -> App {
    let (setup, entries) = recording.clone().into_parts();
    let mut app = App::for_replay(
        setup,
        entries,
        Options { speed: PlaybackSpeed::default(), ..Options::default() },
    );
    assert_eq!(app.start(), None);
    app
}

/// Draws a frame at the time `clock`.
pub(crate) fn draw_frame(app: &mut App, clock: Nanos, (width, height): (u16, u16)) -> Buffer {
    let columns = ui::timeline_columns(app, Size::new(width, height));
    app.update(Msg::Clock(clock));
    app.update(Msg::Frame { now: clock, columns });
    let theme = theme::Theme::new(COLOUR.0, COLOUR.1, app.background());
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    ui::render(app, theme, &mut terminal.get_frame());
    terminal.current_buffer_mut().clone()
}

/// A row of a frame as text.
pub(crate) fn row_text(frame: &Buffer, y: u16) -> String {
    (0..frame.area.width).map(|x| frame[(x, y)].symbol()).collect()
}

/// The durations of the runs, in order.
pub(crate) fn run_durations(recording: &Recording) -> Vec<Nanos> {
    let ends = recording.entries().iter().filter_map(|entry| match entry {
        LogEntry::Event { event, .. } if matches!(event.kind, EventKind::RunFinished { .. }) => {
            Some(event.at)
        }
        _ => None,
    });
    ends.collect()
}

/// The sum of the durations of all runs.
pub(crate) fn total_duration(recording: &Recording) -> Nanos {
    run_durations(recording).into_iter().fold(Nanos::ZERO, |sum, duration| sum + duration)
}

/// A live session on one time axis for all of its runs.
struct LiveDriver {
    driver: AppDriver,
    /// The durations of the runs that have not ended.
    durations: VecDeque<Nanos>,
    /// The start of the active run.
    run_start: Nanos,
}

impl LiveDriver {
    /// Plays until a time on the axis of all runs.
    fn play(&mut self, until: Nanos) {
        while let Some(&duration) =
            self.durations.front().filter(|duration| self.run_start + **duration <= until)
        {
            self.durations.pop_front();
            while !matches!(self.driver.play_event().unwrap().kind, EventKind::RunFinished { .. }) {
            }
            self.run_start = self.run_start + duration;
        }
        if !self.durations.is_empty() {
            self.driver.play_to(until.since(self.run_start));
        }
    }
}

/// Asserts that a live session and its replay draw the same frames.
fn assert_replay_matches(scenario: &Scenario, selection: Selection, frames: u64) {
    let driver = || AppDriver::new(scenario.clone(), selection);
    let recording = record_session(&driver().play_to_end());
    let (durations, total) = (run_durations(&recording), total_duration(&recording));
    assert!(durations.len() > 1 && total > Nanos::ZERO);
    for size in SIZES {
        let mut replay = replay_app(&recording);
        let durations = durations.clone().into();
        let mut live = LiveDriver { driver: driver(), durations, run_start: Nanos::ZERO };
        for frame in 0..=frames {
            let time = Nanos(total.0 * frame / frames);
            live.play(time);
            let live_frame = live.driver.draw(size, COLOUR).current_buffer_mut().clone();
            let replay_frame = draw_frame(&mut replay, time, size);
            let label = format!("{selection} at {frame}/{frames}, {size:?}");
            assert_same_body(&live_frame, &replay_frame, &label);
        }
    }
}

/// Asserts that two frames are equal except for the first row, which names the recording, and the
/// last, which has the keys.
fn assert_same_body(live: &Buffer, replay: &Buffer, label: &str) {
    let (width, height) = (live.area.width, live.area.height);
    assert_eq!(live.area, replay.area);
    for y in 1..height - 1 {
        // A recording cannot try anything next.
        let row = row_text(live, y);
        let end = row.find("Next: ").map_or(width, |at| at.saturating_sub(3) as u16);
        let is_equal = (0..end).all(|x| live[(x, y)] == replay[(x, y)]);
        assert!(is_equal, "{label}, row {y}:\n{}\n{}", row_text(live, y), row_text(replay, y));
    }
    assert!(!row_text(live, 0).contains("recording"), "{label}");
    assert!(row_text(replay, 0).contains("recording"), "{label}");
}

#[test]
fn replay_matches_a_live_race_with_retries_and_a_limit() {
    let scenario = Scenario {
        costs_quota: true,
        retried: Some((Mode::Sequential, 2, 2)),
        limited: Some((Mode::Threads, 3, LimitKind::Secondary)),
        ..Scenario::default()
    };
    assert_replay_matches(&scenario, Selection::race(Workload::Followers), 40);
}

#[test]
fn replay_matches_a_live_race_at_the_same_moment() {
    let recording = record_session(&AppDriver::built_in_race().play_to_end());
    let total = run_durations(&recording).into_iter().max().unwrap();
    for size in SIZES {
        let (mut live, mut replay) = (AppDriver::built_in_race(), replay_app(&recording));
        for frame in 0..=40 {
            let time = Nanos(total.0 * frame / 40);
            live.play_to(time);
            let live_frame = live.draw(size, COLOUR).current_buffer_mut().clone();
            let replay_frame = draw_frame(&mut replay, time, size);
            assert_same_body(&live_frame, &replay_frame, &format!("{frame}/40, {size:?}"));
        }
    }
}

#[test]
fn replay_matches_a_live_cpu_race_with_a_gil_and_processes() {
    let scenario = Scenario { lost: Some(3), ..Scenario::default() };
    assert_replay_matches(&scenario, Selection::race(Workload::Cpu), 40);
}

#[test]
fn replay_matches_a_live_race_of_commands() {
    assert_replay_matches(&Scenario::default(), Selection::race(Workload::Commands), 20);
}
