//! Keys that start, stop and select runs, through `App::update`. The keys that change the view are
//! in `view_keys.rs`.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::keymap::{Action, DEFAULT_BINDINGS, Keymap};
use threadline::app::{Effect, Msg};
use threadline::model::setup::{MAX_WORKERS, MAX_WORKERS_WITH_QUOTA};
use threadline::model::{Mode, Nanos, Plan, Run, RunOutcome, Selection, Workload};

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use crate::screens::follower_runs::api_with_quota;

const RACE: Selection = Selection::race(Workload::Followers);
const SEQUENTIAL: Selection = Selection::only(Workload::Followers, Mode::Sequential);
const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);
const GIL: Selection = Selection::only(Workload::Followers, Mode::Gil);
const PROCESSES: Selection = Selection::only(Workload::Followers, Mode::Processes);
const SWEEP: Selection = Selection::sweep(Workload::Followers);

/// A finished race, drawn once at 120x36, because keys act on the last frame.
pub(crate) fn finished_race() -> AppDriver {
    let mut driver = AppDriver::race().play_to_end();
    driver.draw((120, 36), COLOUR);
    driver
}

/// The plan of the run that an effect starts.
pub(crate) fn started_plan(effect: Option<Effect>) -> Plan {
    match effect {
        Some(Effect::Start(mut runs)) => runs.remove(0).plan,
        other => panic!("expected Effect::Start, got {other:?}"),
    }
}

pub(crate) fn press(driver: &mut AppDriver, key: char) -> Option<Effect> {
    driver.press(KeyCode::Char(key))
}

#[test]
fn digits_select_a_mode() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    for (key, selection) in
        [('3', THREADS), ('5', PROCESSES), ('1', RACE), ('4', GIL), ('2', SEQUENTIAL)]
    {
        press(&mut driver, key);
        assert_eq!(driver.app.selection(), selection);
    }
    assert_eq!(press(&mut driver, '6'), Some(Effect::Stop));
    assert_eq!(driver.app.selection(), SWEEP);
}

#[test]
fn commands_have_three_modes_and_no_other_workload() {
    let race = Selection::race(Workload::Commands);
    let mut driver = AppDriver::new(Scenario::default(), race).play_to_end();
    for key in ['4', '5', '6', 'w'] {
        assert_eq!(press(&mut driver, key), None);
        assert_eq!(driver.app.selection(), race, "{key}");
    }
    assert_eq!(press(&mut driver, '3'), None, "commands run again only on r");
    let plan = started_plan(press(&mut driver, 'r'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Commands, Mode::Threads));
}

#[test]
fn w_cycles_through_the_workloads_in_the_selected_mode() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys("4");
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed, Workload::Followers] {
        assert_eq!(press(&mut driver, 'w'), Some(Effect::Stop), "replaces the active run");
        assert_eq!(driver.app.selection(), Selection::only(workload, Mode::Gil));
    }
    let mut driver = driver.play_to_end();
    let plan = started_plan(press(&mut driver, 'w'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Cpu, Mode::Gil), "starts immediately");
}

#[test]
fn tab_cycles_through_the_modes_and_shift_tab_reverses() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    for selection in [SEQUENTIAL, THREADS, GIL, PROCESSES, SWEEP, RACE] {
        driver.press(KeyCode::Tab);
        assert_eq!(driver.app.selection(), selection);
    }
    for selection in [SWEEP, PROCESSES, GIL, THREADS, SEQUENTIAL, RACE] {
        // Terminals report Shift-Tab with Shift held.
        driver.press_with(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(driver.app.selection(), selection);
    }
}

#[test]
fn selecting_a_new_mode_starts_it_if_it_costs_no_quota() {
    let mut driver = AppDriver::race().play_to_end();
    let effect = press(&mut driver, '3');
    assert_eq!(started_plan(effect).mode, Mode::Threads);
    assert_eq!(driver.app.session().active(), Some(THREADS));
}

#[test]
fn mode_that_costs_quota_waits_for_r() {
    let mut driver = AppDriver::new(api_with_quota(), RACE).play_to_end();
    assert_eq!(press(&mut driver, '3'), None);
    assert!(driver.app.runs().is_empty());
    let screen = driver.rows((120, 36)).join("\n");
    assert!(screen.contains("5 requests"), "no cost:\n{screen}");
    let effect = press(&mut driver, 'r');
    assert_eq!(started_plan(effect).mode, Mode::Threads);
    assert_eq!(driver.app.runs()[0].plan().mode, Mode::Threads);
}

#[test]
fn each_mode_keeps_its_screen_while_another_runs() {
    let mut driver = AppDriver::race().play_to_end();
    let race = driver.rows((120, 36));
    press(&mut driver, '3');
    driver.play_to(Nanos::from_millis(500));
    let threads = driver.rows((120, 36));
    press(&mut driver, '1');
    // The rows of the modes and of the keys depend on the active run.
    let body = 2..35;
    assert_eq!(driver.rows((120, 36))[body.clone()], race[body.clone()]);
    press(&mut driver, '3');
    assert_eq!(driver.rows((120, 36))[body.clone()], threads[body]);
}

#[test]
fn r_runs_again_and_enter_does_not() {
    let mut driver = AppDriver::race().play_to_end();
    assert_eq!(driver.press(KeyCode::Enter), None);
    let plan = started_plan(press(&mut driver, 'r'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Followers, Mode::Sequential));
    assert_eq!(driver.app.runs().iter().filter(|run| run.is_over()).count(), 0);
}

#[test]
fn r_during_a_run_that_costs_quota_shows_a_notice_until_the_next_key() {
    let race = AppDriver::new(api_with_quota(), RACE);
    let mut driver = race.play_until(Mode::Sequential, 100);
    assert_eq!(press(&mut driver, 'r'), None);
    assert_eq!(driver.app.notice(), Some("race is running; x stops it"));
    press(&mut driver, 't');
    assert_eq!(driver.app.notice(), None);
}

#[test]
fn r_during_a_run_that_costs_nothing_starts_it_again() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    assert_eq!(press(&mut driver, 'r'), Some(Effect::Stop));
    assert_eq!(driver.app.notice(), None);
    let driver = driver.play_to_end();
    let [sequential, threads] = driver.app.runs() else { panic!("a race has two runs") };
    assert!(sequential.is_complete() && threads.is_complete());
    assert_eq!(driver.app.session().all_runs().count(), 2, "the stopped race is kept");
}

#[test]
fn x_stops_the_race_before_its_next_mode() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
    let driver = driver.play_to_end();
    let [sequential, threads] = driver.app.runs() else { panic!("a race has two runs") };
    assert_eq!(sequential.outcome(), Some(&RunOutcome::Stopped));
    assert_eq!(sequential.progress().result_count(), 30, "pages fetched before the stop are kept");
    assert!(!threads.has_started());
    assert_eq!(driver.app.session().active(), None);
}

#[test]
fn x_stops_all_modes_of_a_race_at_the_same_moment() {
    let mut driver = AppDriver::built_in_race().play_until(Mode::Sequential, 1_000);
    assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
    let driver = driver.play_to_end();
    let [sequential, threads, gil] = driver.app.runs() else { panic!("a race has three runs") };
    for run in [sequential, threads, gil] {
        assert_eq!(run.outcome(), Some(&RunOutcome::Stopped), "{}", run.plan().name());
    }
    assert_eq!(threads.progress().done_tasks(), 4, "pages fetched before the stop are kept");
    assert_eq!(driver.app.session().active(), None);
}

#[test]
fn mode_selected_during_a_race_at_the_same_moment_replaces_all_of_its_modes() {
    let mut driver = AppDriver::built_in_race().play_until(Mode::Threads, 500);
    assert_eq!(press(&mut driver, '2'), Some(Effect::Stop));
    let driver = driver.play_to_end();
    assert!(driver.app.session().runs(RACE).is_empty(), "the replaced race is kept");
    let [again] = driver.app.runs() else { panic!("one mode is one run") };
    assert_eq!(again.outcome(), Some(&RunOutcome::Finished));
}

#[test]
fn race_stopped_after_some_of_its_modes_is_reported_as_stopped() {
    let mut driver = AppDriver::built_in_race().play_until(Mode::Sequential, 1_500);
    assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
    let mut driver = driver.play_to_end();
    let screen = driver.rows((120, 36)).join("\n");
    assert!(screen.contains("stopped; what was fetched is kept"), "{screen}");
    assert!(!screen.contains("all pages fetched"), "{screen}");
}

/// A pause holds all modes at their own times.
#[test]
fn space_pauses_the_view_of_all_modes_at_the_same_moment() {
    let mut driver = AppDriver::built_in_race().play_until(Mode::Sequential, 500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys(" ");
    driver.play_to(Nanos::from_millis(2_000));
    let shown: Vec<Nanos> = driver.app.visible_runs().map(|(_, until)| until).collect();
    assert_eq!(shown, [Nanos::from_millis(500); 3]);
    driver.draw((120, 36), COLOUR);
    let behind = driver.app.picture().time_behind(driver.app.session());
    assert_eq!(behind, Some(Nanos::from_millis(1_500)), "not the sum of the modes");
}

#[test]
fn x_stops_the_active_run_of_another_mode() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500).press_keys("3");
    assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
}

/// A queued selection without quota cost starts when the active run ends, but not after `x`.
#[test]
fn x_cancels_the_queued_selection() {
    for (keys, queued, notice) in [
        ("6", SWEEP, "stopping race; r runs sweep"),
        ("3", THREADS, "stopping race; r runs threads (no GIL)"),
        ("w", Selection::race(Workload::Cpu), "stopping race of followers; r runs race of cpu"),
    ] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500).press_keys(keys);
        assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
        assert_eq!(driver.app.notice(), Some(notice));
        let screen = driver.rows((120, 36)).join("\n");
        assert!(screen.contains("can run afterwards"), "{screen}");
        let mut driver = driver.play_to_end();
        assert_eq!((driver.app.session().active(), driver.app.selection()), (None, queued));
        assert!(driver.app.runs().is_empty(), "{queued} has started");
        assert_eq!(driver.app.notice(), Some(notice), "the notice stays until the next key");
        let screen = driver.rows((120, 36)).join("\n");
        assert!(screen.contains("r runs it."), "{screen}");
        started_plan(press(&mut driver, 'r'));
        assert_eq!(driver.app.session().active(), Some(queued));
    }
}

/// Showing a mode replaces the active run, and showing that again starts it anew.
#[test]
fn free_mode_replaces_the_active_run_at_once() {
    for (keys, selection) in [("3", THREADS), ("6", SWEEP), ("w", Selection::race(Workload::Cpu))] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
        assert_eq!(press(&mut driver, keys.chars().next().unwrap()), Some(Effect::Stop));
        assert_eq!(driver.app.selection(), selection);
        while driver.app.session().active() == Some(RACE) {
            driver.play_event();
        }
        assert_eq!(driver.app.session().active(), Some(selection));
        assert!(driver.app.session().runs(RACE).is_empty(), "the replaced race is kept");
        let mut driver = driver.press_keys("1");
        if selection.workload == Workload::Cpu {
            driver = driver.press_keys("www");
        }
        let driver = driver.play_to_end();
        assert_eq!(driver.app.selection(), RACE);
        assert!(driver.app.runs().iter().all(Run::is_complete), "the race has not run again");
    }
}

/// A mode that was run before is shown, and the active run goes on behind it.
#[test]
fn mode_with_runs_replaces_nothing() {
    let mut driver = finished_race().press_keys("3");
    assert_eq!(driver.app.session().active(), Some(THREADS));
    assert_eq!(press(&mut driver, '1'), None);
    assert_eq!(driver.app.session().active(), Some(THREADS));
}

/// A mode that costs requests waits until the active run is over. The picture stays in view.
#[test]
fn mode_that_costs_requests_waits_beside_the_picture() {
    let mut driver =
        AppDriver::new(api_with_quota(), RACE).play_until(Mode::Sequential, 500).press_keys("3");
    assert_eq!((driver.app.selection(), driver.app.session().active()), (RACE, Some(RACE)));
    let notice = driver.app.notice().unwrap().to_owned();
    assert!(notice.starts_with("threads (no GIL) (at least 1 request)"), "{notice}");
    assert!(notice.ends_with(" can run when race is over; x stops race"), "{notice}");
    let screen = driver.rows((120, 36)).join("\n");
    assert!(screen.contains(&notice) && screen.contains("main"), "{screen}");
}

#[test]
fn mode_selected_after_x_starts_after_the_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500).press_keys("6");
    press(&mut driver, 'x');
    let driver = driver.press_keys("3").play_to_end();
    let [threads] = driver.app.runs() else { panic!("one mode is one run") };
    assert_eq!(threads.outcome(), Some(&RunOutcome::Finished));
    assert!(driver.app.session().runs(SWEEP).is_empty());
}

/// The sequential run ends before the stop reaches it.
#[test]
fn late_x_still_stops_the_race_before_its_next_mode() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    // Without the driver, so that the effect is not performed.
    let x = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE);
    assert_eq!(driver.app.update(Msg::Key(x)), Some(Effect::Stop));
    let driver = driver.play_to_end();
    let [sequential, threads] = driver.app.runs() else { panic!("a race has two runs") };
    assert_eq!((sequential.outcome(), threads.has_started()), (Some(&RunOutcome::Stopped), false));
    assert_eq!(driver.app.session().active(), None);
}

#[test]
fn x_does_nothing_without_an_active_run() {
    assert_eq!(press(&mut AppDriver::race().play_to_end(), 'x'), None);
}

#[test]
fn brackets_change_the_worker_count_of_the_next_run_within_bounds() {
    for (scenario, max) in
        [(Scenario::default(), MAX_WORKERS), (api_with_quota(), MAX_WORKERS_WITH_QUOTA)]
    {
        let driver = AppDriver::new(scenario, RACE).play_to_end();
        let driver = driver.press_keys("]");
        assert_eq!(driver.app.session().worker_count(Workload::Followers), 6);
        assert_eq!(driver.app.next_workers(), Some(6), "the run on screen has 5");
        let driver = driver.press_keys(&"]".repeat(usize::from(max)));
        assert_eq!(driver.app.session().worker_count(Workload::Followers), max);
        let driver = driver.press_keys(&"[".repeat(usize::from(max)));
        assert_eq!(driver.app.session().worker_count(Workload::Followers), 1);
        let mut driver = driver.press_keys("]]");
        press(&mut driver, 'r');
        assert_eq!(driver.app.runs()[1].lanes().len(), 3);
    }
}

#[test]
fn unbound_keys_do_nothing() {
    let mut driver = finished_race();
    let before = driver.rows((120, 36));
    for key in [KeyCode::Char('ü'), KeyCode::F(5), KeyCode::Insert, KeyCode::Null] {
        assert_eq!(driver.press(key), None);
    }
    let alt = driver.press_with(KeyCode::Char('q'), KeyModifiers::ALT);
    let control = driver.press_with(KeyCode::Char('q'), KeyModifiers::CONTROL);
    assert_eq!((alt, control), (None, None));
    assert_eq!(driver.rows((120, 36)), before);
}

/// Every action that a test here or in another module triggers, except the digits of modes.
const TESTED_ACTIONS: &[Action] = &[
    Action::HideWaiting,
    Action::Order,
    Action::NextMode,
    Action::NextWorkload,
    Action::PreviousMode,
    Action::FewerWorkers,
    Action::MoreWorkers,
    Action::Run,
    Action::Stop,
    Action::LetGo,
    Action::Simulate,
    Action::Slower,
    Action::Faster,
    Action::Pause,
    Action::ZoomIn,
    Action::ZoomOut,
    Action::Fit,
    Action::PanLeft,
    Action::PanRight,
    Action::Start,
    Action::Follow,
    Action::NextLane,
    Action::PreviousLane,
    Action::NextLanes,
    Action::PreviousLanes,
    Action::Inspect,
    Action::NextSpan,
    Action::PreviousSpan,
    Action::CursorLeft,
    Action::CursorRight,
    Action::Range,
    Action::FitSelection,
    Action::Find,
    Action::NextFound,
    Action::PreviousFound,
    Action::ShowGil,
    Action::Table,
    Action::PreviousColumn,
    Action::NextColumn,
    Action::Compare,
    Action::Export,
    Action::StepBack,
    Action::StepForward,
    Action::ScrubBack,
    Action::ScrubForward,
    Action::LessonNext,
    Action::LessonBack,
    Action::PauseAtSwitch,
    Action::Theme,
    Action::Help,
    Action::Back,
    Action::Quit,
    Action::Interrupt,
    Action::Suspend,
];

/// A new key binding fails this test until its action has a test and is added to the list.
#[test]
fn every_bound_action_is_listed_as_tested() {
    for binding in DEFAULT_BINDINGS {
        let is_mode = matches!(binding.action, Action::Mode(0..=5));
        assert!(
            is_mode || TESTED_ACTIONS.contains(&binding.action),
            "{:?} has no test",
            binding.action
        );
        assert!(!binding.keys.is_empty() && !binding.help.is_empty());
    }
    for &action in TESTED_ACTIONS {
        assert_ne!(Keymap::default().key_of(action), "", "{action:?} has no key");
    }
}

/// Selecting another mode does not retry it.
#[test]
fn failed_first_page_is_retried_only_by_r() {
    let unknown = Scenario { unknown_user: true, ..Scenario::default() };
    let mut driver = AppDriver::new(unknown, RACE).play_to_end();
    for key in ['3', '2', '1'] {
        assert_eq!(press(&mut driver, key), None);
    }
    assert_eq!(started_plan(press(&mut driver, 'r')).mode, Mode::Sequential);
}

/// The baseline of a threads run is the latest complete sequential run of any selection.
#[test]
fn threads_speed_up_is_based_on_the_sequential_run_of_the_race() {
    let driver = AppDriver::race().play_to_end().press_keys("3").play_to_end();
    let run: &Run = &driver.app.runs()[0];
    let speed_up = driver.app.session().speed_up(THREADS, run, Nanos::ZERO).unwrap();
    assert!((4.4..4.5).contains(&speed_up), "{speed_up}");
}
