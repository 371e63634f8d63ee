//! The keys of slow motion, through `App::update`.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::session::Setup;
use threadline::app::{App, Background, Effect, Msg, Session};
use threadline::model::{EventKind, LaneId, ModeChoice, RunOutcome, Selection, Target};

use super::*;

const CPU: Selection = Selection::only(Workload::Cpu, Mode::Gil);

fn app(shown: Selection, simulation: Option<Simulation>) -> App {
    let target = Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let compute = ComputeSpec { simulation, ..ComputeSpec::default() };
    let setup = Setup { compute, ..Setup::followers(target, Some(2)) };
    App::new(Session::new(setup), shown, Background::Dark)
}

fn press(app: &mut App, key: char) -> Option<Effect> {
    app.update(Msg::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)))
}

/// The simulation of the run that an effect starts.
fn simulation(effect: Option<Effect>) -> Option<Simulation> {
    match effect {
        Some(Effect::Start(plan)) => plan.work.compute().unwrap().simulation,
        other => unreachable!("a run was to start, not {other:?}"),
    }
}

/// Ends the run that goes on.
fn end(app: &mut App) -> Option<Effect> {
    let kind = EventKind::RunFinished { outcome: RunOutcome::Finished };
    app.update(Msg::Event(Event { at: Nanos::ZERO, lane: LaneId(0), kind }))
}

#[test]
fn s_simulates_what_is_shown_and_runs_it_really_again() {
    let mut app = app(CPU, None);
    assert_eq!(simulation(app.start()), None);
    assert_eq!(app.simulated_slowdown(), None);
    end(&mut app);
    assert_eq!(simulation(press(&mut app, 's')), Some(Simulation { seed: 1, cores: 2 }));
    assert_eq!(app.simulated_slowdown(), Some(20));
    end(&mut app);
    assert_eq!(simulation(press(&mut app, 's')), None);
}

#[test]
fn s_comes_back_to_the_machine_that_a_person_asked_for() {
    let asked = Some(Simulation { seed: 7, cores: 3 });
    let mut app = app(CPU, asked);
    assert_eq!(simulation(app.start()), asked);
    end(&mut app);
    assert_eq!(simulation(press(&mut app, 's')), None);
    end(&mut app);
    assert_eq!(simulation(press(&mut app, 's')), asked);
}

/// A real time and a simulated one are not measured against each other.
#[test]
fn s_forgets_what_was_computed_before_in_every_mode() {
    let mut app = app(Selection::only(Workload::Cpu, Mode::Sequential), None);
    app.start();
    end(&mut app);
    press(&mut app, '4');
    end(&mut app);
    press(&mut app, 's');
    end(&mut app);
    assert_eq!(simulation(press(&mut app, '2')), Some(Simulation::default()), "it runs anew");
    assert_eq!(app.session().all_runs().count(), 2);
}

#[test]
fn s_waits_for_a_run_of_its_kind_and_says_so() {
    let mut app = app(CPU, None);
    app.start();
    assert_eq!(press(&mut app, 's'), None);
    assert_eq!(app.notice(), Some("gil is running; x stops it"));
    assert_eq!(app.simulated_slowdown(), None);
}

#[test]
fn s_says_that_followers_are_not_simulated() {
    let mut app = app(Selection::race(Workload::Followers), None);
    assert_eq!(press(&mut app, 's'), None);
    let notice = app.notice().unwrap();
    assert!(notice.contains("cpu, native and mixed") && notice.contains('w'), "{notice}");
    let setup = app.session().setup();
    assert_eq!(setup.compute.simulation, None);
}

#[test]
fn less_and_greater_change_the_pace_in_steps_and_stay_in_bounds() {
    let mut app = app(CPU, Some(Simulation::default())).with_slowdown(30);
    app.start();
    assert_eq!(press(&mut app, '<'), Some(Effect::SetSlowdown(50)));
    assert_eq!(app.simulated_slowdown(), Some(50));
    assert_eq!(app.notice(), Some("simulated 50 times slower than real time"));
    let faster = [20, 10, 5, 2, 1].map(|slow| Some(Effect::SetSlowdown(slow)));
    assert_eq!([(); 5].map(|()| press(&mut app, '>')), faster);
    assert_eq!(app.notice(), Some("simulated in real time"));
    assert_eq!(press(&mut app, '>'), None, "real time is the fastest");
    for _ in 0..15 {
        press(&mut app, '<');
    }
    assert_eq!(app.simulated_slowdown(), Some(100_000));
    assert_eq!(press(&mut app, '<'), None);
}

#[test]
fn a_real_run_has_no_pace_and_says_so() {
    let mut app = app(CPU, None);
    app.start();
    for key in ['<', '>'] {
        assert_eq!(press(&mut app, key), None);
        assert!(app.notice().unwrap().contains("a real run"), "{:?}", app.notice());
    }
    assert_eq!(app.slowdown(), 20);
}

/// The next run of a race, and another workload, go on at the same pace.
#[test]
fn the_pace_stays() {
    let mut app = app(Selection { choice: ModeChoice::Race, ..CPU }, Some(Simulation::default()));
    app.start();
    press(&mut app, '<');
    assert_eq!(simulation(end(&mut app)), Some(Simulation::default()));
    assert_eq!(app.slowdown(), 50);
    press(&mut app, 'w');
    assert_eq!((app.selection().workload, app.simulated_slowdown()), (Workload::Native, Some(50)));
}

#[test]
fn a_simulated_run_that_slept_with_the_program_lost_no_time() {
    for (simulation, is_told) in [(None, true), (Some(Simulation::default()), false)] {
        let mut app = app(CPU, simulation);
        app.start();
        app.update(Msg::Resumed(Nanos::from_millis(1_000)));
        assert_eq!(app.notice().is_some(), is_told, "{simulation:?}");
    }
}
