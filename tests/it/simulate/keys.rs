//! The keys for simulation and its speed, through `App::update`.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::playback::PlaybackSpeed;
use threadline::app::{App, Effect, Msg, Options, Session};
use threadline::model::{
    EventKind, LaneId, ModeChoice, RunId, RunOutcome, Selection, Setup, Target,
};

use super::*;

const CPU: Selection = Selection::only(Workload::Cpu, Mode::Gil);

fn app(selection: Selection, simulation: Option<Simulation>) -> App {
    app_at(Options::default().speed, selection, simulation)
}

fn app_at(speed: PlaybackSpeed, selection: Selection, simulation: Option<Simulation>) -> App {
    let target = Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let compute = ComputeSpec { simulation, ..ComputeSpec::default() };
    let setup = Setup { compute, ..Setup::followers(target, Some(2)) };
    App::new(Session::new(setup), selection, Options { speed, ..Options::default() })
}

fn press(app: &mut App, key: char) -> Option<Effect> {
    app.update(Msg::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)))
}

/// Returns the simulation of the run that an effect starts.
fn started_simulation(effect: Option<Effect>) -> Option<Simulation> {
    match effect {
        Some(Effect::Start(runs)) => runs[0].plan.work.compute().unwrap().simulation,
        other => unreachable!("expected Effect::Start, not {other:?}"),
    }
}

/// Finishes the current run.
fn finish_run(app: &mut App) -> Option<Effect> {
    finish_run_of_race(app, RunId(0))
}

fn finish_run_of_race(app: &mut App, run: RunId) -> Option<Effect> {
    let kind = EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None };
    let effect = app.update(Msg::Event(run, Event { at: Nanos::ZERO, lane: LaneId(0), kind }));
    // The player of a simulated run applies the event at the next frame.
    app.update(Msg::Frame { now: Nanos::ZERO, columns: 80 }).or(effect)
}

fn speed(app: &App) -> Option<String> {
    app.simulated_speed().map(|speed| speed.to_string())
}

#[test]
fn s_toggles_between_a_simulated_and_a_real_run() {
    let mut app = app(CPU, None);
    assert_eq!(started_simulation(app.start()), None);
    assert_eq!(speed(&app), None);
    finish_run(&mut app);
    assert_eq!(started_simulation(press(&mut app, 's')), Some(Simulation { seed: 1, cores: 2 }));
    assert_eq!(speed(&app).as_deref(), Some("0.05x"));
    finish_run(&mut app);
    assert_eq!(started_simulation(press(&mut app, 's')), None);
}

#[test]
fn s_returns_to_the_requested_simulation() {
    let requested = Some(Simulation { seed: 7, cores: 3 });
    let mut app = app(CPU, requested);
    assert_eq!(started_simulation(app.start()), requested);
    finish_run(&mut app);
    assert_eq!(started_simulation(press(&mut app, 's')), None);
    finish_run(&mut app);
    assert_eq!(started_simulation(press(&mut app, 's')), requested);
}

/// All modes in slow motion, one after another, would take minutes.
#[test]
fn s_slows_one_mode_of_a_race_and_follows_it_where_switches_are_seen() {
    for (lanes, mode) in [("", Mode::Gil), ("j", Mode::Sequential), ("jj", Mode::Threads)] {
        let mut app = app(Selection::race(Workload::Cpu), None);
        app.start();
        for run in (0..4).map(RunId) {
            finish_run_of_race(&mut app, run);
        }
        for key in lanes.chars() {
            press(&mut app, key);
        }
        let effect = press(&mut app, 's');
        assert!(matches!(effect, Some(Effect::Start(runs)) if runs[0].plan.mode == mode), "{mode}");
        assert_eq!(app.selection(), Selection::only(Workload::Cpu, mode));
        let viewport = app.picture().viewport();
        assert!(viewport.is_following());
        assert_eq!(viewport.is_fitted(), mode != Mode::Gil, "{mode}");
        if mode == Mode::Gil {
            assert_eq!(viewport.window().cell, Nanos::from_millis(2));
            press(&mut app, 'g');
            assert!(app.picture().viewport().is_fitted(), "g goes back to the whole run");
        }
    }
}

/// A real duration and a simulated one must not be compared.
#[test]
fn s_discards_the_runs_of_every_mode() {
    let mut app = app(Selection::only(Workload::Cpu, Mode::Sequential), None);
    app.start();
    finish_run(&mut app);
    press(&mut app, '4');
    finish_run(&mut app);
    press(&mut app, 's');
    finish_run(&mut app);
    assert_eq!(
        started_simulation(press(&mut app, '2')),
        Some(Simulation::default()),
        "the mode runs again"
    );
    assert_eq!(app.session().all_runs().count(), 2);
}

/// Ends the active run as a stop does.
fn stop_run(app: &mut App) -> Option<Effect> {
    let kind = EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None };
    app.update(Msg::Event(RunId(0), Event { at: Nanos::ZERO, lane: LaneId(0), kind }))
}

#[test]
fn s_during_a_run_replaces_it_by_a_simulated_one() {
    let mut app = app(CPU, None);
    app.start();
    assert_eq!(press(&mut app, 's'), Some(Effect::Stop));
    assert_eq!((app.notice(), speed(&app)), (None, None), "the real run has not ended");
    assert_eq!(started_simulation(stop_run(&mut app)), Some(Simulation::default()));
    // A simulated run is stopped by its player.
    assert_eq!(started_simulation(press(&mut app, 's')), None);
    assert_eq!(app.session().all_runs().count(), 1);
}

#[test]
fn r_during_a_run_that_costs_nothing_starts_it_again() {
    for simulation in [None, Some(Simulation::default())] {
        let mut app = app(CPU, simulation);
        app.start();
        let effect = press(&mut app, 'r');
        let started = if simulation.is_some() {
            effect
        } else {
            assert_eq!(effect, Some(Effect::Stop));
            stop_run(&mut app)
        };
        assert_eq!(started_simulation(started), simulation);
        assert_eq!(app.session().all_runs().count(), 1, "the stopped run is discarded");
    }
}

#[test]
fn s_shows_a_notice_for_the_followers_workload() {
    let mut app = app(Selection::race(Workload::Followers), None);
    assert_eq!(press(&mut app, 's'), None);
    let notice = app.notice().unwrap();
    assert!(notice.contains("cpu, native and mixed") && notice.contains('w'), "{notice}");
    let setup = app.session().setup();
    assert_eq!(setup.compute.simulation, None);
}

#[test]
fn less_and_greater_keys_change_the_speed_in_steps_within_bounds() {
    let slow = PlaybackSpeed::from_slowdown(30);
    let mut app = app_at(slow, CPU, Some(Simulation::default()));
    app.start();
    assert_eq!(speed(&app).unwrap(), "0.0333x");
    let mut speed_after = |key| {
        assert_eq!(press(&mut app, key), None);
        assert_eq!(app.notice().unwrap(), format!("playback speed: {}", speed(&app).unwrap()));
        speed(&app).unwrap()
    };
    assert_eq!(speed_after('<'), "0.02x");
    let faster = [(); 5].map(|()| speed_after('>'));
    assert_eq!(faster, ["0.05x", "0.1x", "0.2x", "0.5x", "1x"]);
    assert_eq!((0..10).map(|_| speed_after('>')).last().unwrap(), "1000x");
    assert_eq!((0..30).map(|_| speed_after('<')).last().unwrap(), "0.00001x");
}

#[test]
fn speed_keys_show_a_notice_for_a_real_run() {
    let mut app = app(CPU, None);
    app.start();
    for key in ['<', '>'] {
        assert_eq!(press(&mut app, key), None);
        assert!(app.notice().unwrap().contains("a real run"), "{:?}", app.notice());
    }
}

/// Both the next run of a race and a run of another workload keep the speed.
#[test]
fn speed_is_kept_for_later_runs() {
    let mut app = app(Selection { choice: ModeChoice::Race, ..CPU }, Some(Simulation::default()));
    app.start();
    press(&mut app, '<');
    assert_eq!(started_simulation(finish_run(&mut app)), Some(Simulation::default()));
    assert_eq!(speed(&app).unwrap(), "0.02x");
    press(&mut app, 'w');
    assert_eq!(app.selection().workload, Workload::Native);
    assert_eq!(speed(&app).unwrap(), "0.02x");
}

#[test]
fn resume_from_suspension_shows_a_notice_only_for_a_real_run() {
    for (simulation, has_notice) in [(None, true), (Some(Simulation::default()), false)] {
        let mut app = app(CPU, simulation);
        app.start();
        app.update(Msg::Resumed(Nanos::from_millis(1_000)));
        assert_eq!(app.notice().is_some(), has_notice, "{simulation:?}");
    }
}
