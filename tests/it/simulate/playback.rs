//! The player of simulated runs: whole screens, and the runs and the log that a session keeps.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::KeyCode;
use threadline::model::{EventKind, LogEntry, ModeChoice, RunOutcome, Selection, SweepSetup};

use super::*;
use crate::app_driver::{AppDriver, COLOUR, Scenario};

const SIZE: (u16, u16) = (120, 36);

const RACE: Selection = Selection::race(Workload::Cpu);

const SWEEP: Selection = Selection { workload: Workload::Cpu, choice: ModeChoice::Sweep };

/// A session that plays a simulated selection, with its clock.
struct Playback {
    driver: AppDriver,
    selection: Selection,
    millis: u64,
}

impl Playback {
    /// Starts to play a selection in real time: its eight tasks take 150 ms each.
    fn new(selection: Selection) -> Self {
        let compute =
            ComputeSpec { simulation: Some(Simulation::default()), ..ComputeSpec::default() };
        let sweep = SweepSetup { counts: Some(vec![1, 2, 4]), ..SweepSetup::default() };
        let scenario = Scenario { compute, sweep, workers: Some(3), ..Scenario::default() };
        let mut playback =
            Self { driver: AppDriver::new(scenario, selection), selection, millis: 0 };
        playback.cells();
        playback.press(">>>>");
        playback
    }

    /// Advances the clock, with a frame every 10 ms.
    fn wait(&mut self, millis: u64) {
        for _ in 0..millis / 10 {
            self.millis += 10;
            self.driver.play_to(Nanos::from_millis(self.millis));
            self.cells();
        }
    }

    /// Plays until no run is active.
    fn finish(&mut self) {
        while self.driver.app.session().active().is_some() {
            self.wait(10);
        }
    }

    /// Presses keys, with a frame after each.
    fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.driver.press(KeyCode::Char(key));
            self.cells();
        }
    }

    fn cells(&mut self) -> Buffer {
        self.driver.draw(SIZE, COLOUR).current_buffer_mut().clone()
    }

    fn title(&mut self) -> String {
        self.driver.rows(SIZE).swap_remove(0)
    }

    fn now(&self) -> Nanos {
        self.driver.app.now()
    }

    fn runs(&self) -> &[Run] {
        self.driver.app.session().runs(self.selection)
    }

    /// The active run's mode, and the number of its events that are applied.
    fn position(&self) -> Option<(Mode, u64)> {
        let run = self.driver.app.session().active_run()?;
        Some((run.plan().mode, run.timing().event_count()))
    }

    /// The events in the log.
    fn logged_events(&self) -> Vec<Event> {
        let event = |entry| match entry {
            LogEntry::Event { event, .. } => Some(event),
            LogEntry::Start(_) => None,
        };
        self.driver.log_entries().into_iter().filter_map(event).collect()
    }
}

#[test]
fn space_pauses_a_simulated_run() {
    let mut playback = Playback::new(RACE);
    playback.wait(300);
    playback.press(" ");
    let paused = playback.cells();
    assert!(playback.title().contains("simulated, 2 cores, seed 1, paused"));
    insta::assert_snapshot!(playback.driver.text(SIZE, COLOUR));
    assert!(!playback.driver.app.needs_frames());
    playback.wait(1_000);
    assert_eq!(playback.cells(), paused);
    assert_eq!(playback.now(), Nanos::from_millis(300));
    playback.press(" ");
    playback.wait(110);
    assert!(playback.title().contains("simulated, 2 cores, seed 1, 1x"));
    // The first frame after a pause only takes the time.
    assert!(playback.now() >= Nanos::from_millis(400));
}

#[test]
fn less_key_slows_a_simulated_run() {
    let mut playback = Playback::new(RACE);
    playback.press("<<<<<<");
    assert!(playback.title().contains("0.01x"));
    playback.wait(1_000);
    assert_eq!(playback.now(), Nanos::from_millis(10));
}

#[test]
fn braces_step_by_one_event_and_brackets_change_the_workers() {
    let mut playback = Playback::new(RACE);
    playback.wait(300);
    let (mode, count) = playback.position().unwrap();
    playback.press("{");
    assert_eq!(playback.position(), Some((mode, count - 1)));
    playback.wait(100);
    assert_eq!(playback.position(), Some((mode, count - 1)), "a step pauses");
    playback.press("}}");
    assert_eq!(playback.position(), Some((mode, count + 1)));
    let workers = |playback: &Playback| playback.driver.app.session().worker_count(Workload::Cpu);
    playback.press("[");
    assert_eq!((workers(&playback), playback.position()), (2, Some((mode, count + 1))));
    playback.press("]]");
    assert_eq!(workers(&playback), 4);
}

/// The second screen has been in the next run, of another mode, and is back.
#[test]
fn seek_back_shows_the_screen_that_playing_there_shows() {
    let mut there = Playback::new(RACE);
    there.wait(600);
    there.press(" {");
    let mut back = Playback::new(RACE);
    back.wait(1_500);
    assert_eq!(back.position().unwrap().0, Mode::Threads);
    back.press(" ");
    while back.position() != there.position() {
        back.press("{");
    }
    assert_eq!(back.now(), there.now());
    assert_eq!(back.cells(), there.cells());
}

#[test]
fn race_keeps_the_same_runs_and_log_however_it_is_played() {
    let mut straight = Playback::new(RACE);
    straight.finish();
    let mut scrubbed = Playback::new(RACE);
    for keys in ["", "(((", " ))", " ", "(((((((({}", " ", "))))))", "(", ")))"] {
        scrubbed.press(keys);
        scrubbed.wait(700);
    }
    scrubbed.finish();
    assert_eq!(scrubbed.driver.log_entries(), straight.driver.log_entries());
    assert_eq!(format!("{:?}", scrubbed.runs()), format!("{:?}", straight.runs()));
    let runs = straight.runs().iter();
    assert_eq!(runs.clone().map(|run| run.plan().mode).collect::<Vec<_>>(), Mode::ALL);
    let events = runs.flat_map(|run| SimulatedRun::new(run.plan()).unwrap());
    assert_eq!(straight.logged_events(), events.collect::<Vec<_>>());
}

#[test]
fn sweep_keeps_the_same_trials_and_log_however_it_is_played() {
    let mut straight = Playback::new(SWEEP);
    straight.finish();
    let mut scrubbed = Playback::new(SWEEP);
    scrubbed.wait(1_500);
    scrubbed.press("((((((((((((((((((((((");
    scrubbed.wait(200);
    scrubbed.finish();
    scrubbed.press("(");
    assert!(scrubbed.driver.app.session().active().is_some(), "the last trial is not over");
    scrubbed.finish();
    assert_eq!(scrubbed.driver.log_entries(), straight.driver.log_entries());
    let sweep = |playback: &Playback| format!("{:?}", playback.driver.app.session().sweep(SWEEP));
    assert_eq!(sweep(&scrubbed), sweep(&straight));
}

#[test]
fn seek_back_keeps_the_workers_of_runs_and_other_selections() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut playback = Playback::new(gil);
    playback.finish();
    playback.press("1");
    playback.selection = RACE;
    playback.wait(1_500);
    assert_eq!(playback.position().unwrap().0, Mode::Threads);
    playback.press("[ ((((((((((((((((((((");
    assert_eq!(playback.position().unwrap().0, Mode::Sequential);
    assert!(playback.driver.app.session().runs(gil)[0].is_complete());
    playback.press(" ");
    playback.finish();
    let workers = playback.runs().iter().map(|run| run.lanes().len());
    assert_eq!(workers.collect::<Vec<_>>(), [1, 3, 2, 2]);
    assert!(playback.runs().iter().all(Run::is_complete));
}

/// The run ends at the latest time that was played, so that nothing logged is undone.
#[test]
fn x_stops_a_simulated_run_also_while_it_is_paused() {
    let gil = SimulationPlan::new(Workload::Cpu, Mode::Gil, 3);
    for keys in ["", " ", " ((("] {
        let mut playback = Playback::new(Selection::only(Workload::Cpu, Mode::Gil));
        playback.wait(600);
        let last = playback.logged_events().pop().unwrap().at;
        let at = if keys.contains('(') { last } else { playback.now() };
        playback.press(keys);
        playback.press("x");
        assert_eq!(playback.logged_events(), stop::events_with_stop_at(gil, at), "{keys:?}");
        let outcome = playback.runs()[0].outcome();
        assert_eq!(outcome, Some(&RunOutcome::Stopped));
        playback.wait(100);
        assert!(playback.driver.app.session().active().is_none(), "no run follows");
        playback.press("r");
        playback.wait(100);
        assert!(playback.now() > Nanos::ZERO, "the next run is not paused");
    }
}

#[test]
fn stop_before_the_first_frame_ends_the_run_at_its_start() {
    let mut playback = Playback::new(RACE);
    playback.finish();
    playback.driver.press(KeyCode::Char('r'));
    playback.driver.press(KeyCode::Char('x'));
    let events = playback.logged_events();
    let starts = |event: &Event| matches!(event.kind, EventKind::RunStarted { .. });
    let stopped = &events[events.iter().rposition(starts).unwrap()..];
    assert_eq!(
        stopped.last().unwrap().kind,
        EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None }
    );
    assert!(stopped.iter().all(|event| event.at == Nanos::ZERO), "{stopped:?}");
}
