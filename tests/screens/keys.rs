//! Every key does what its help says, through `App::update`: here those that change what runs and
//! what is shown, in `view_keys.rs` those that change how.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::keymap::{Action, BINDINGS, Keymap};
use threadline::app::session::{MOST_WORKERS, MOST_WORKERS_ON_QUOTA};
use threadline::app::{Effect, Msg, Popup};
use threadline::model::{End, Mode, Nanos, Plan, Run, Selection, Workload};

use crate::fabricate::{COLOUR, Job, Sitting};

const RACE: Selection = Selection::race(Workload::Followers);
const SEQUENTIAL: Selection = Selection::only(Workload::Followers, Mode::Sequential);
const THREADS: Selection = Selection::only(Workload::Followers, Mode::Threads);
const GIL: Selection = Selection::only(Workload::Followers, Mode::Gil);
const PROCESSES: Selection = Selection::only(Workload::Followers, Mode::Processes);
const SWEEP: Selection = Selection::sweep(Workload::Followers);

fn real() -> Job {
    Job { costs_quota: true, ..Job::default() }
}

/// A race that is over, seen once at 120x36: keys act on a picture.
pub(crate) fn seen() -> Sitting {
    let mut sitting = Sitting::race().finished();
    sitting.draw((120, 36), COLOUR);
    sitting
}

/// What a key started.
fn plan(effect: Option<Effect>) -> Plan {
    match effect {
        Some(Effect::Start(plan)) => plan,
        other => panic!("a run was to start, not {other:?}"),
    }
}

pub(crate) fn press(sitting: &mut Sitting, key: char) -> Option<Effect> {
    sitting.press(KeyCode::Char(key))
}

#[test]
fn digits_choose_a_mode() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    for (key, selection) in
        [('3', THREADS), ('5', PROCESSES), ('1', RACE), ('4', GIL), ('2', SEQUENTIAL)]
    {
        assert_eq!(press(&mut sitting, key), None, "a run goes on");
        assert_eq!(sitting.app.shown(), selection);
    }
    assert_eq!(press(&mut sitting, '6'), None);
    assert_eq!(sitting.app.shown(), SWEEP);
}

#[test]
fn commands_have_three_modes_and_no_other_workload() {
    let race = Selection::race(Workload::Commands);
    let mut sitting = Sitting::new(Job::default(), race).finished();
    for key in ['4', '5', '6', 'w'] {
        assert_eq!(press(&mut sitting, key), None);
        assert_eq!(sitting.app.shown(), race, "{key}");
    }
    assert_eq!(press(&mut sitting, '3'), None, "a command does not run again unasked");
    let plan = plan(press(&mut sitting, 'r'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Commands, Mode::Threads));
}

#[test]
fn w_goes_round_the_workloads_in_the_mode_that_is_shown() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100).pressed("4");
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed, Workload::Followers] {
        assert_eq!(press(&mut sitting, 'w'), None, "a run goes on");
        assert_eq!(sitting.app.shown(), Selection::only(workload, Mode::Gil));
    }
    let mut sitting = sitting.finished();
    let plan = plan(press(&mut sitting, 'w'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Cpu, Mode::Gil), "it runs at once");
}

#[test]
fn tab_goes_round_and_shift_tab_back() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    for selection in [SEQUENTIAL, THREADS, GIL, PROCESSES, SWEEP, RACE] {
        sitting.press(KeyCode::Tab);
        assert_eq!(sitting.app.shown(), selection);
    }
    for selection in [SWEEP, PROCESSES, GIL, THREADS, SEQUENTIAL, RACE] {
        // Terminals report Shift-Tab with Shift held.
        sitting.press_with(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(sitting.app.shown(), selection);
    }
}

#[test]
fn a_mode_not_yet_run_starts_by_itself_where_it_costs_nothing() {
    let mut sitting = Sitting::race().finished();
    let effect = press(&mut sitting, '3');
    assert_eq!(plan(effect).mode, Mode::Threads);
    assert_eq!(sitting.app.session().active(), Some(THREADS));
}

#[test]
fn a_mode_chosen_during_a_run_starts_when_that_is_over() {
    let mut sitting = Sitting::race().until(Mode::Threads, 500);
    assert_eq!(press(&mut sitting, '2'), None, "one run at a time");
    let sitting = sitting.finished();
    let done = |selection| {
        let runs = sitting.app.session().runs(selection);
        runs.iter().filter(|run| run.end() == Some(&End::Finished)).count()
    };
    assert_eq!((done(RACE), done(SEQUENTIAL), done(THREADS)), (2, 1, 0));
}

#[test]
fn a_mode_not_yet_run_waits_to_be_asked_for_where_it_costs_quota() {
    let mut sitting = Sitting::new(real(), RACE).finished();
    assert_eq!(press(&mut sitting, '3'), None);
    assert!(sitting.app.runs().is_empty());
    let screen = sitting.rows((120, 36)).join("\n");
    assert!(screen.contains("6 requests"), "it says what it costs:\n{screen}");
    let effect = press(&mut sitting, 'r');
    assert_eq!(plan(effect).workload(), Workload::Profile, "what is left is asked anew");
    assert_eq!(sitting.app.runs()[0].plan().mode, Mode::Threads);
}

#[test]
fn every_mode_keeps_its_picture_while_another_runs() {
    let mut sitting = Sitting::race().finished();
    let race = sitting.rows((120, 36));
    press(&mut sitting, '3');
    sitting.play(Nanos::from_millis(500));
    let threads = sitting.rows((120, 36));
    press(&mut sitting, '1');
    let same = |now: &[String], then: &[String]| {
        // The rows of the modes and of the keys tell of the run that goes on.
        assert_eq!(now[2..35], then[2..35]);
    };
    same(&sitting.rows((120, 36)), &race);
    press(&mut sitting, '3');
    same(&sitting.rows((120, 36)), &threads);
}

#[test]
fn r_runs_again_and_enter_loses_nothing() {
    let mut sitting = Sitting::race().finished();
    assert_eq!(sitting.press(KeyCode::Enter), None);
    let plan = plan(press(&mut sitting, 'r'));
    assert_eq!((plan.workload(), plan.mode), (Workload::Followers, Mode::Sequential));
    assert_eq!(sitting.app.runs().iter().filter(|run| run.is_over()).count(), 0);
}

#[test]
fn r_while_a_run_goes_on_says_so_until_the_next_key() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    assert_eq!(press(&mut sitting, 'r'), None);
    assert_eq!(sitting.app.notice(), Some("race is running: x stops it"));
    press(&mut sitting, 't');
    assert_eq!(sitting.app.notice(), None);
}

#[test]
fn x_stops_and_the_race_goes_no_further() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_500);
    assert_eq!(press(&mut sitting, 'x'), Some(Effect::Stop));
    let sitting = sitting.finished();
    let [sequential, threads] = sitting.app.runs() else { panic!("a race has two runs") };
    assert_eq!(sequential.end(), Some(&End::Stopped));
    assert_eq!(sequential.follower_count(), 30, "what was fetched is kept");
    assert!(!threads.has_begun());
    assert_eq!(sitting.app.session().active(), None);
}

#[test]
fn x_stops_the_run_of_another_mode_too() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_500).pressed("3");
    assert_eq!(press(&mut sitting, 'x'), Some(Effect::Stop));
}

/// A selection that costs nothing starts by itself when the active run is over, but not after `x`.
#[test]
fn x_starts_nothing_that_was_chosen_before_it() {
    for (keys, queued, notice) in [
        ("6", SWEEP, "race stops; sweep is not started: r runs it"),
        ("3", THREADS, "race stops; threads is not started: r runs it"),
        (
            "w",
            Selection::race(Workload::Cpu),
            "race of followers stops; race of cpu is not started: r runs it",
        ),
    ] {
        let mut sitting = Sitting::race().until(Mode::Sequential, 1_500).pressed(keys);
        assert_eq!(press(&mut sitting, 'x'), Some(Effect::Stop));
        assert_eq!(sitting.app.notice(), Some(notice));
        let screen = sitting.rows((120, 36)).join("\n");
        assert!(screen.contains("can run when it is over"), "{screen}");
        let mut sitting = sitting.finished();
        assert_eq!((sitting.app.session().active(), sitting.app.shown()), (None, queued));
        assert!(sitting.app.runs().is_empty(), "{queued} began");
        assert_eq!(sitting.app.notice(), Some(notice), "it stands until the next key");
        let screen = sitting.rows((120, 36)).join("\n");
        assert!(screen.contains("r runs it."), "{screen}");
        plan(press(&mut sitting, 'r'));
        assert_eq!(sitting.app.session().active(), Some(queued));
    }
}

#[test]
fn a_mode_chosen_after_x_starts_when_the_run_is_over() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_500).pressed("6");
    press(&mut sitting, 'x');
    let sitting = sitting.pressed("3").finished();
    let [threads] = sitting.app.runs() else { panic!("one mode is one run") };
    assert_eq!(threads.end(), Some(&End::Finished));
    assert!(sitting.app.session().runs(SWEEP).is_empty());
}

/// The sequential run is over before it hears of the stop.
#[test]
fn x_that_comes_too_late_for_a_run_stops_the_race_before_the_next() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_500);
    let x = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::NONE);
    assert_eq!(sitting.app.update(Msg::Key(x)), Some(Effect::Stop));
    let sitting = sitting.finished();
    let [sequential, threads] = sitting.app.runs() else { panic!("a race has two runs") };
    assert_eq!((sequential.end(), threads.has_begun()), (Some(&End::Stopped), false));
    assert_eq!(sitting.app.session().active(), None);
}

#[test]
fn x_does_nothing_when_nothing_runs() {
    assert_eq!(press(&mut Sitting::race().finished(), 'x'), None);
}

#[test]
fn brackets_change_the_next_run_and_stay_in_bounds() {
    for (job, most) in [(Job::default(), MOST_WORKERS), (real(), MOST_WORKERS_ON_QUOTA)] {
        let sitting = Sitting::new(job, RACE).finished();
        let sitting = sitting.pressed("]");
        assert_eq!(sitting.app.session().workers(Workload::Followers), 6);
        assert_eq!(sitting.app.next_workers(), Some(6), "the picture has 5");
        let sitting = sitting.pressed(&"]".repeat(usize::from(most)));
        assert_eq!(sitting.app.session().workers(Workload::Followers), most);
        let sitting = sitting.pressed(&"[".repeat(usize::from(most)));
        assert_eq!(sitting.app.session().workers(Workload::Followers), 1);
        let mut sitting = sitting.pressed("]]");
        press(&mut sitting, 'r');
        assert_eq!(sitting.app.runs()[1].lanes().len(), 3);
    }
}

#[test]
fn q_quits_at_once_when_nothing_runs() {
    assert_eq!(press(&mut seen(), 'q'), Some(Effect::Quit));
}

#[test]
fn q_asks_once_while_a_run_goes_on() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    assert_eq!(press(&mut sitting, 'q'), None);
    assert_eq!(sitting.app.popup(), Some(Popup::Quit));
    assert_eq!(press(&mut sitting, 'q'), Some(Effect::Quit));
    let mut sitting = Sitting::race().until(Mode::Sequential, 100).pressed("q");
    assert_eq!(sitting.press(KeyCode::Esc), None);
    assert_eq!(sitting.app.popup(), None);
    assert_eq!(press(&mut sitting, 'q'), None, "it asks again the next time");
}

#[test]
fn control_c_interrupts_whatever_is_open() {
    for keys in ["", "?", "q"] {
        let mut sitting = Sitting::race().until(Mode::Sequential, 100).pressed(keys);
        let effect = sitting.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(effect, Some(Effect::Interrupt), "after {keys:?}");
    }
    assert_eq!(press(&mut seen(), 'c'), None, "not without Ctrl");
}

#[test]
fn control_z_goes_to_the_shell_whatever_is_open() {
    for keys in ["", "?", "q"] {
        let mut sitting = Sitting::race().until(Mode::Sequential, 100).pressed(keys);
        let effect = sitting.press_with(KeyCode::Char('z'), KeyModifiers::CONTROL);
        assert_eq!(effect, Some(Effect::Suspend), "after {keys:?}");
    }
}

#[test]
fn keys_without_a_meaning_do_nothing() {
    let mut sitting = seen();
    let before = sitting.rows((120, 36));
    for key in [KeyCode::Char('ü'), KeyCode::F(5), KeyCode::Insert, KeyCode::Null] {
        assert_eq!(sitting.press(key), None);
    }
    let alt = sitting.press_with(KeyCode::Char('q'), KeyModifiers::ALT);
    let control = sitting.press_with(KeyCode::Char('q'), KeyModifiers::CONTROL);
    assert_eq!((alt, control), (None, None));
    assert_eq!(sitting.rows((120, 36)), before);
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
    for binding in BINDINGS {
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
    let unknown = Job { unknown_user: true, ..Job::default() };
    let mut sitting = Sitting::new(unknown, RACE).finished();
    for key in ['3', '2', '1'] {
        assert_eq!(press(&mut sitting, key), None);
    }
    assert_eq!(plan(press(&mut sitting, 'r')).workload(), Workload::Profile);
}

/// The baseline for threads alone is the newest whole sequential run, whichever mode it was in.
#[test]
fn threads_alone_are_measured_against_the_sequential_run_of_the_race() {
    let sitting = Sitting::race().finished().pressed("3").finished();
    let run: &Run = &sitting.app.runs()[0];
    let speed_up = sitting.app.session().speed_up(THREADS, run, Nanos::ZERO).unwrap();
    assert!((4.4..4.5).contains(&speed_up), "{speed_up}");
}
