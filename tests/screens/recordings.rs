//! A recording's picture is the live run's, cell by cell, at every moment.

use std::collections::VecDeque;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Size;
use threadline::app::replay::ReplaySpeed;
use threadline::app::session::LogEntry;
use threadline::app::{App, Background, Msg};
use threadline::model::{
    ComputeSpec, EventKind, LimitKind, Mode, Nanos, Selection, Simulation, Workload,
};
use threadline::recording::{self, Recording};
use threadline::ui::{self, theme};

use crate::app_driver::{AppDriver, COLOUR, Scenario};

const SIZES: [(u16, u16); 2] = [(120, 36), (80, 24)];

/// A sitting's recording, through the bytes of its file.
pub(crate) fn recorded(app: &App) -> Recording {
    let mut file = Vec::new();
    recording::write(app.session().setup(), app.session().log_entries(), &mut file).unwrap();
    let recording = recording::read("run.jsonl", file.as_slice()).unwrap();
    assert_eq!(recording.defect(), None);
    recording
}

/// A screen that plays a recording, of which nothing has been played yet.
pub(crate) fn playing(recording: &Recording) -> App {
    let (setup, entries) = recording.clone().into_parts();
    let mut app = App::for_replay(setup, entries, ReplaySpeed::default(), Background::Dark);
    assert_eq!(app.start(), None);
    app
}

/// The picture when it is `clock`.
pub(crate) fn picture(app: &mut App, clock: Nanos, (width, height): (u16, u16)) -> Buffer {
    let columns = ui::timeline_columns(app, Size::new(width, height));
    app.update(Msg::Frame { now: clock, columns });
    let look = theme::Theme::new(COLOUR.0, COLOUR.1, app.background());
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    ui::render(app, look, &mut terminal.get_frame());
    terminal.current_buffer_mut().clone()
}

/// A row as text.
pub(crate) fn row(picture: &Buffer, y: u16) -> String {
    (0..picture.area.width).map(|x| picture[(x, y)].symbol()).collect()
}

/// How long each of its runs took, in their order.
pub(crate) fn lengths(recording: &Recording) -> Vec<Nanos> {
    let ends = recording.entries().iter().filter_map(|entry| match entry {
        LogEntry::Event(event) if matches!(event.kind, EventKind::RunFinished { .. }) => {
            Some(event.at)
        }
        _ => None,
    });
    ends.collect()
}

/// How long all of them took, one after another.
pub(crate) fn total(recording: &Recording) -> Nanos {
    lengths(recording).into_iter().fold(Nanos::ZERO, |sum, one| sum + one)
}

/// A live sitting that is looked at now and then.
struct LiveDriver {
    driver: AppDriver,
    /// How long the runs that are still to end take.
    lengths: VecDeque<Nanos>,
    /// When the run that goes on began, on the axis of all runs.
    begun: Nanos,
}

impl LiveDriver {
    /// Time goes by until this moment on the axis of all runs.
    fn play(&mut self, until: Nanos) {
        while let Some(&over) = self.lengths.front().filter(|one| self.begun + **one <= until) {
            self.lengths.pop_front();
            while !matches!(self.driver.play_event().unwrap().kind, EventKind::RunFinished { .. }) {
            }
            self.begun = self.begun + over;
        }
        if !self.lengths.is_empty() {
            self.driver.play_to(until.since(self.begun));
        }
    }
}

/// Plays the sitting live and from its recording, and compares so many pictures on the way.
fn compare(job: &Scenario, selection: Selection, frames: u64) {
    let driver = || AppDriver::new(job.clone(), selection);
    let recording = recorded(&driver().play_to_end().app);
    let (lengths, total) = (lengths(&recording), total(&recording));
    assert!(lengths.len() > 1 && total > Nanos::ZERO);
    for size in SIZES {
        let mut replay = playing(&recording);
        let lengths = lengths.clone().into();
        let mut live = LiveDriver { driver: driver(), lengths, begun: Nanos::ZERO };
        for frame in 0..=frames {
            let moment = Nanos(total.0 * frame / frames);
            live.play(moment);
            let one = live.driver.draw(size, COLOUR).current_buffer_mut().clone();
            let other = picture(&mut replay, moment, size);
            same(&one, &other, &format!("{selection} at {frame}/{frames}, {size:?}"));
        }
    }
}

/// Whether two pictures are the same but for their first row, which names the recording, and their
/// last, which names its keys.
fn same(live: &Buffer, replay: &Buffer, which: &str) {
    let (width, height) = (live.area.width, live.area.height);
    assert_eq!(live.area, replay.area);
    for y in 1..height - 1 {
        let alike = (0..width).all(|x| live[(x, y)] == replay[(x, y)]);
        assert!(alike, "{which}, row {y}:\n{}\n{}", row(live, y), row(replay, y));
    }
    assert!(!row(live, 0).contains("recording") && row(replay, 0).contains("recording"), "{which}");
}

#[test]
fn followers_with_retries_and_a_limit() {
    let job = Scenario {
        costs_quota: true,
        retried: Some((Mode::Sequential, 2, 2)),
        limited: Some((Mode::Threads, 3, LimitKind::Secondary)),
        ..Scenario::default()
    };
    compare(&job, Selection::race(Workload::Followers), 40);
}

#[test]
fn a_race_of_cpu_work_with_a_gil_and_processes() {
    let job = Scenario { queue: Some(2), lost: Some(3), ..Scenario::default() };
    compare(&job, Selection::race(Workload::Cpu), 40);
}

#[test]
fn a_simulated_race() {
    let compute = ComputeSpec { simulation: Some(Simulation::default()), ..ComputeSpec::default() };
    compare(&Scenario { compute, ..Scenario::default() }, Selection::race(Workload::Mixed), 20);
}

#[test]
fn commands() {
    compare(&Scenario::default(), Selection::race(Workload::Commands), 20);
}
