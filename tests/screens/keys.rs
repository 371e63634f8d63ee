//! Every key does what its help says, through `App::update`: here those that change what runs and
//! what is shown, in `view_keys.rs` those that change how.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::keymap::{Action, DEFAULT_BINDINGS, Keymap};
use threadline::app::session::{MAX_WORKERS, MAX_WORKERS_WITH_QUOTA};
use threadline::app::{Effect, Msg, Overlay};
use threadline::model::{Mode, Nanos, Plan, Run, RunOutcome, Selection, Workload};

use crate::app_driver::{AppDriver, COLOUR, Scenario};

const RACE: Selection = Selection::race(Workload::Followers);
const SEQUENTIAL: Selection = Selection::only(Workload::Followers, Mode::Sequential);
const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);
const GIL: Selection = Selection::only(Workload::Followers, Mode::Gil);
const PROCESSES: Selection = Selection::only(Workload::Followers, Mode::Processes);
const SWEEP: Selection = Selection::sweep(Workload::Followers);

fn real() -> Scenario {
    Scenario { costs_quota: true, ..Scenario::default() }
}

/// A race that is over, seen once at 120x36: keys act on a picture.
pub(crate) fn seen() -> AppDriver {
    let mut driver = AppDriver::race().play_to_end();
    driver.draw((120, 36), COLOUR);
    driver
}

/// What a key started.
fn plan(effect: Option<Effect>) -> Plan {
    match effect {
        Some(Effect::Start(plan)) => plan,
        other => panic!("a run was to start, not {other:?}"),
    }
}

pub(crate) fn press(driver: &mut AppDriver, key: char) -> Option<Effect> {
    driver.press(KeyCode::Char(key))
}

#[test]
fn digits_choose_a_mode() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    for (key, selection) in
        [('3', THREADS), ('5', PROCESSES), ('1', RACE), ('4', GIL), ('2', SEQUENTIAL)]
    {
        assert_eq!(press(&mut driver, key), None, "a run goes on");
        assert_eq!(driver.app.selection(), selection);
    }
    assert_eq!(press(&mut driver, '6'), None);
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
    assert_eq!(press(&mut driver, '3'), None, "a command does not run again unasked");
    let plan = plan(press(&mut driver, 'r'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Commands, Mode::Threads));
}

#[test]
fn w_goes_round_the_workloads_in_the_mode_that_is_shown() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys("4");
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed, Workload::Followers] {
        assert_eq!(press(&mut driver, 'w'), None, "a run goes on");
        assert_eq!(driver.app.selection(), Selection::only(workload, Mode::Gil));
    }
    let mut driver = driver.play_to_end();
    let plan = plan(press(&mut driver, 'w'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Cpu, Mode::Gil), "it runs at once");
}

#[test]
fn tab_goes_round_and_shift_tab_back() {
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
fn a_mode_not_yet_run_starts_by_itself_where_it_costs_nothing() {
    let mut driver = AppDriver::race().play_to_end();
    let effect = press(&mut driver, '3');
    assert_eq!(plan(effect).mode, Mode::Threads);
    assert_eq!(driver.app.session().active(), Some(THREADS));
}

#[test]
fn a_mode_chosen_during_a_run_starts_when_that_is_over() {
    let mut driver = AppDriver::race().play_until(Mode::Threads, 500);
    assert_eq!(press(&mut driver, '2'), None, "one run at a time");
    let driver = driver.play_to_end();
    let done = |selection| {
        let runs = driver.app.session().runs(selection);
        runs.iter().filter(|run| run.outcome() == Some(&RunOutcome::Finished)).count()
    };
    assert_eq!((done(RACE), done(SEQUENTIAL), done(THREADS)), (2, 1, 0));
}

#[test]
fn a_mode_not_yet_run_waits_to_be_asked_for_where_it_costs_quota() {
    let mut driver = AppDriver::new(real(), RACE).play_to_end();
    assert_eq!(press(&mut driver, '3'), None);
    assert!(driver.app.runs().is_empty());
    let screen = driver.rows((120, 36)).join("\n");
    assert!(screen.contains("6 requests"), "it says what it costs:\n{screen}");
    let effect = press(&mut driver, 'r');
    assert_eq!(plan(effect).workload(), Workload::Profile, "what is left is asked anew");
    assert_eq!(driver.app.runs()[0].plan().mode, Mode::Threads);
}

#[test]
fn every_mode_keeps_its_picture_while_another_runs() {
    let mut driver = AppDriver::race().play_to_end();
    let race = driver.rows((120, 36));
    press(&mut driver, '3');
    driver.play_to(Nanos::from_millis(500));
    let threads = driver.rows((120, 36));
    press(&mut driver, '1');
    let same = |now: &[String], then: &[String]| {
        // The rows of the modes and of the keys tell of the run that goes on.
        assert_eq!(now[2..35], then[2..35]);
    };
    same(&driver.rows((120, 36)), &race);
    press(&mut driver, '3');
    same(&driver.rows((120, 36)), &threads);
}

#[test]
fn r_runs_again_and_enter_loses_nothing() {
    let mut driver = AppDriver::race().play_to_end();
    assert_eq!(driver.press(KeyCode::Enter), None);
    let plan = plan(press(&mut driver, 'r'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Followers, Mode::Sequential));
    assert_eq!(driver.app.runs().iter().filter(|run| run.is_over()).count(), 0);
}

#[test]
fn r_while_a_run_goes_on_says_so_until_the_next_key() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    assert_eq!(press(&mut driver, 'r'), None);
    assert_eq!(driver.app.notice(), Some("race is running; x stops it"));
    press(&mut driver, 't');
    assert_eq!(driver.app.notice(), None);
}

#[test]
fn x_stops_and_the_race_goes_no_further() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
    let driver = driver.play_to_end();
    let [sequential, threads] = driver.app.runs() else { panic!("a race has two runs") };
    assert_eq!(sequential.outcome(), Some(&RunOutcome::Stopped));
    assert_eq!(sequential.follower_count(), 30, "what was fetched is kept");
    assert!(!threads.has_started());
    assert_eq!(driver.app.session().active(), None);
}

#[test]
fn x_stops_the_run_of_another_mode_too() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500).press_keys("3");
    assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
}

/// A selection that costs nothing starts by itself when the active run is over, but not after `x`.
#[test]
fn x_starts_nothing_that_was_chosen_before_it() {
    for (keys, queued, notice) in [
        ("6", SWEEP, "race stops and sweep does not start; r runs it"),
        ("3", THREADS, "race stops and threads does not start; r runs it"),
        (
            "w",
            Selection::race(Workload::Cpu),
            "race of followers stops and race of cpu does not start; r runs it",
        ),
    ] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500).press_keys(keys);
        assert_eq!(press(&mut driver, 'x'), Some(Effect::Stop));
        assert_eq!(driver.app.notice(), Some(notice));
        let screen = driver.rows((120, 36)).join("\n");
        assert!(screen.contains("can run when it is over"), "{screen}");
        let mut driver = driver.play_to_end();
        assert_eq!((driver.app.session().active(), driver.app.selection()), (None, queued));
        assert!(driver.app.runs().is_empty(), "{queued} began");
        assert_eq!(driver.app.notice(), Some(notice), "it stands until the next key");
        let screen = driver.rows((120, 36)).join("\n");
        assert!(screen.contains("r runs it."), "{screen}");
        plan(press(&mut driver, 'r'));
        assert_eq!(driver.app.session().active(), Some(queued));
    }
}

#[test]
fn a_mode_chosen_after_x_starts_when_the_run_is_over() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500).press_keys("6");
    press(&mut driver, 'x');
    let driver = driver.press_keys("3").play_to_end();
    let [threads] = driver.app.runs() else { panic!("one mode is one run") };
    assert_eq!(threads.outcome(), Some(&RunOutcome::Finished));
    assert!(driver.app.session().runs(SWEEP).is_empty());
}

/// The sequential run is over before it hears of the stop.
#[test]
fn x_that_comes_too_late_for_a_run_stops_the_race_before_the_next() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    let x = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE);
    assert_eq!(driver.app.update(Msg::Key(x)), Some(Effect::Stop));
    let driver = driver.play_to_end();
    let [sequential, threads] = driver.app.runs() else { panic!("a race has two runs") };
    assert_eq!((sequential.outcome(), threads.has_started()), (Some(&RunOutcome::Stopped), false));
    assert_eq!(driver.app.session().active(), None);
}

#[test]
fn x_does_nothing_when_nothing_runs() {
    assert_eq!(press(&mut AppDriver::race().play_to_end(), 'x'), None);
}

#[test]
fn brackets_change_the_next_run_and_stay_in_bounds() {
    for (job, most) in [(Scenario::default(), MAX_WORKERS), (real(), MAX_WORKERS_WITH_QUOTA)] {
        let driver = AppDriver::new(job, RACE).play_to_end();
        let driver = driver.press_keys("]");
        assert_eq!(driver.app.session().worker_count(Workload::Followers), 6);
        assert_eq!(driver.app.next_workers(), Some(6), "the picture has 5");
        let driver = driver.press_keys(&"]".repeat(usize::from(most)));
        assert_eq!(driver.app.session().worker_count(Workload::Followers), most);
        let driver = driver.press_keys(&"[".repeat(usize::from(most)));
        assert_eq!(driver.app.session().worker_count(Workload::Followers), 1);
        let mut driver = driver.press_keys("]]");
        press(&mut driver, 'r');
        assert_eq!(driver.app.runs()[1].lanes().len(), 3);
    }
}

#[test]
fn q_quits_at_once_when_nothing_runs() {
    assert_eq!(press(&mut seen(), 'q'), Some(Effect::Quit));
}

#[test]
fn q_asks_once_while_a_run_goes_on() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    assert_eq!(press(&mut driver, 'q'), None);
    assert_eq!(driver.app.overlay(), Some(Overlay::Quit));
    assert_eq!(press(&mut driver, 'q'), Some(Effect::Quit));
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys("q");
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(driver.app.overlay(), None);
    assert_eq!(press(&mut driver, 'q'), None, "it asks again the next time");
}

#[test]
fn control_c_interrupts_whatever_is_open() {
    for keys in ["", "?", "q"] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys(keys);
        let effect = driver.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(effect, Some(Effect::Interrupt), "after {keys:?}");
    }
    assert_eq!(press(&mut seen(), 'c'), None, "not without Ctrl");
}

#[test]
fn control_z_goes_to_the_shell_whatever_is_open() {
    for keys in ["", "?", "q"] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys(keys);
        let effect = driver.press_with(KeyCode::Char('z'), KeyModifiers::CONTROL);
        assert_eq!(effect, Some(Effect::Suspend), "after {keys:?}");
    }
}

#[test]
fn keys_without_a_meaning_do_nothing() {
    let mut driver = seen();
    let before = driver.rows((120, 36));
    for key in [KeyCode::Char('ü'), KeyCode::F(5), KeyCode::Insert, KeyCode::Null] {
        assert_eq!(driver.press(key), None);
    }
    let alt = driver.press_with(KeyCode::Char('q'), KeyModifiers::ALT);
    let control = driver.press_with(KeyCode::Char('q'), KeyModifiers::CONTROL);
    assert_eq!((alt, control), (None, None));
    assert_eq!(driver.rows((120, 36)), before);
}

/// What is pressed in these tests, the modes' digits aside.
const PRESSED: &[Action] = &[
    Action::NextMode,
    Action::NextWorkload,
    Action::PreviousMode,
    Action::FewerWorkers,
    Action::MoreWorkers,
    Action::Run,
    Action::Stop,
    Action::Simulate,
    Action::Slower,
    Action::Faster,
    Action::Pause,
    Action::ZoomIn,
    Action::ZoomOut,
    Action::Fit,
    Action::PanLeft,
    Action::PanRight,
    Action::PageLeft,
    Action::PageRight,
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
    Action::Undo,
    Action::Find,
    Action::NextFound,
    Action::PreviousFound,
    Action::Table,
    Action::PreviousColumn,
    Action::NextColumn,
    Action::Invert,
    Action::Compare,
    Action::Export,
    Action::StepBack,
    Action::StepForward,
    Action::ScrubBack,
    Action::ScrubForward,
    Action::Theme,
    Action::Help,
    Action::Back,
    Action::Quit,
    Action::Interrupt,
    Action::Suspend,
];

/// Nothing in the table is there without effect: each action that a key is bound to has changed the
/// screen or asked for something in one of the tests above, and so this counts them.
#[test]
fn the_table_has_no_action_that_these_tests_do_not_press() {
    for binding in DEFAULT_BINDINGS {
        let is_mode = matches!(binding.action, Action::Mode(0..=5));
        assert!(is_mode || PRESSED.contains(&binding.action), "{:?} has no test", binding.action);
        assert!(!binding.keys.is_empty() && !binding.help.is_empty());
    }
    for &action in PRESSED {
        assert_ne!(Keymap::default().key_of(action), "", "{action:?} has no key");
    }
}

/// A failed profile is tried again by `r` alone, not by looking at another mode.
#[test]
fn after_an_unknown_user_only_a_person_tries_again() {
    let unknown = Scenario { unknown_user: true, ..Scenario::default() };
    let mut driver = AppDriver::new(unknown, RACE).play_to_end();
    for key in ['3', '2', '1'] {
        assert_eq!(press(&mut driver, key), None);
    }
    assert_eq!(plan(press(&mut driver, 'r')).workload(), Workload::Profile);
}

/// The baseline for threads alone is the newest whole sequential run, whichever mode it was in.
#[test]
fn threads_alone_are_measured_against_the_sequential_run_of_the_race() {
    let driver = AppDriver::race().play_to_end().press_keys("3").play_to_end();
    let run: &Run = &driver.app.runs()[0];
    let speed_up = driver.app.session().speed_up(THREADS, run, Nanos::ZERO).unwrap();
    assert!((4.4..4.5).contains(&speed_up), "{speed_up}");
}
