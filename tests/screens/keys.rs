//! Every key does what its help says, through `App::update`.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use threadline::app::keymap::{self, Action, BINDINGS};
use threadline::app::session::{MOST_WORKERS, MOST_WORKERS_ON_QUOTA};
use threadline::app::{Background, Effect, Popup};
use threadline::model::{End, Mode, Nanos, Plan, Run, Selection, Workload};

use crate::fabricate::{COLOUR, Job, Sitting};

const RACE: Selection = Selection::Race;
const SEQUENTIAL: Selection = Selection::Only(Mode::Sequential);
const THREADS: Selection = Selection::Only(Mode::Threads);

fn real() -> Job {
    Job { costs_quota: true, ..Job::default() }
}

/// A race that is over, seen once at 120x36: keys act on a picture.
fn seen() -> Sitting {
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

fn press(sitting: &mut Sitting, key: char) -> Option<Effect> {
    sitting.press(KeyCode::Char(key))
}

#[test]
fn digits_choose_a_mode() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    for (key, selection) in [('3', THREADS), ('1', RACE), ('2', SEQUENTIAL)] {
        assert_eq!(press(&mut sitting, key), None, "a run goes on");
        assert_eq!(sitting.app.shown(), selection);
    }
    assert_eq!(press(&mut sitting, '4'), None);
    assert_eq!(sitting.app.shown(), SEQUENTIAL, "a mode that there is not is not chosen");
}

#[test]
fn tab_goes_round_and_shift_tab_back() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    for selection in [SEQUENTIAL, THREADS, RACE] {
        sitting.press(KeyCode::Tab);
        assert_eq!(sitting.app.shown(), selection);
    }
    for selection in [THREADS, SEQUENTIAL, RACE] {
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
    assert!(screen.contains("5 requests"), "it says what it costs:\n{screen}");
    let effect = press(&mut sitting, 'r');
    assert_eq!(plan(effect).mode, Mode::Threads);
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
fn r_and_enter_run_again() {
    for key in [KeyCode::Char('r'), KeyCode::Enter] {
        let mut sitting = Sitting::race().finished();
        let plan = plan(sitting.press(key));
        assert_eq!((plan.workload, plan.mode), (Workload::Followers, Mode::Sequential));
        assert_eq!(sitting.app.runs().iter().filter(|run| run.is_over()).count(), 0);
    }
}

#[test]
fn r_while_a_run_goes_on_says_so_until_the_next_key() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    assert_eq!(press(&mut sitting, 'r'), None);
    assert_eq!(sitting.app.notice(), Some("race goes on: x stops it"));
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

#[test]
fn x_does_nothing_when_nothing_runs() {
    assert_eq!(press(&mut Sitting::race().finished(), 'x'), None);
}

#[test]
fn brackets_change_the_next_run_and_stay_in_bounds() {
    for (job, most) in [(Job::default(), MOST_WORKERS), (real(), MOST_WORKERS_ON_QUOTA)] {
        let sitting = Sitting::new(job, RACE).finished();
        let sitting = sitting.pressed("]");
        assert_eq!(sitting.app.session().workers(), 6);
        assert_eq!(sitting.app.next_workers(), Some(6), "the picture has 5");
        let sitting = sitting.pressed(&"]".repeat(usize::from(most)));
        assert_eq!(sitting.app.session().workers(), most);
        let sitting = sitting.pressed(&"[".repeat(usize::from(most)));
        assert_eq!(sitting.app.session().workers(), 1);
        let mut sitting = sitting.pressed("]]");
        press(&mut sitting, 'r');
        assert_eq!(sitting.app.runs()[1].lanes().len(), 3);
    }
}

#[test]
fn space_holds_the_view_and_never_the_run() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_000).pressed(" ");
    sitting.play(Nanos::from_millis(3_000));
    sitting.draw((120, 36), COLOUR);
    assert_eq!(
        sitting.app.behind(),
        Some(Nanos::from_millis(3_000 - 926 - 3))
            .map(|_| { sitting.app.runs()[0].elapsed(sitting.app.now()).since(held_at(&sitting)) })
    );
    assert!(sitting.app.runs()[0].done_tasks() >= 2, "the run goes on");
    let until: Vec<Nanos> = sitting.app.visible().map(|(_, until)| until).collect();
    assert!(until[0] < Nanos::from_millis(1_001), "the picture does not: {until:?}");
    let sitting = sitting.pressed(" ");
    assert_eq!(sitting.app.behind(), None);
}

fn held_at(sitting: &Sitting) -> Nanos {
    sitting.app.visible().map(|(_, until)| until).max().unwrap()
}

#[test]
fn a_paused_view_stays_paused_when_the_run_is_over() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_000);
    sitting.draw((120, 36), COLOUR);
    let held = sitting.pressed(" ").finished();
    let until: Vec<Nanos> = held.app.visible().map(|(_, until)| until).collect();
    assert_eq!(until, [Nanos::from_millis(1_000), Nanos::ZERO]);
    assert!(held.app.behind().is_some_and(|behind| behind > Nanos::from_millis(4_600)));
}

#[test]
fn plus_and_minus_zoom_and_zero_fits() {
    let mut sitting = seen();
    let fitted = sitting.app.viewport().window();
    for (keys, closer) in [("+", true), ("=", true), ("-", false), ("_", false)] {
        let cell = sitting.pressed(keys);
        let window = cell.app.viewport().window();
        assert_eq!(window.cell < fitted.cell, closer, "{keys}");
        assert_eq!(window.cell > fitted.cell, !closer, "{keys}");
        sitting = cell.pressed("0");
        assert_eq!(sitting.app.viewport().window(), fitted);
    }
}

/// Both runs of a race begin at zero, so the one that goes on may be far left of the other's end.
#[test]
fn a_view_that_follows_goes_with_the_run_that_goes_on() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 2_500);
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sitting.pressed("+++");
    sitting.press(KeyCode::End);
    let in_view = |sitting: &mut Sitting, millis: u64| {
        sitting.draw((120, 36), COLOUR);
        let window = sitting.app.viewport().window();
        let to = window.from.0 + window.cell.0 * u64::from(window.columns);
        (window.from.0..to).contains(&Nanos::from_millis(millis).0)
    };
    assert!(in_view(&mut sitting, 2_500) && !in_view(&mut sitting, 600));
    let mut sitting = sitting.until(Mode::Threads, 600);
    assert!(in_view(&mut sitting, 600) && !in_view(&mut sitting, 4_600));
    // Nothing jumps when it is over.
    sitting.play(Nanos::from_millis(1_040));
    assert!(in_view(&mut sitting, 1_040));
    let mut sitting = sitting.finished();
    assert!(in_view(&mut sitting, 1_040) && !in_view(&mut sitting, 4_600));
    sitting.press(KeyCode::End);
    assert!(in_view(&mut sitting, 4_600));
}

#[test]
fn there_is_no_way_out_of_the_picture() {
    let mut sitting = seen();
    for key in [KeyCode::Right, KeyCode::Char('-')] {
        for _ in 0..30 {
            sitting.press(key);
        }
        let window = sitting.app.viewport().window();
        let end = sitting.app.runs()[0].took().unwrap().0;
        let seen = end.saturating_sub(window.from.0) / window.cell.0;
        assert!(seen > u64::from(window.columns / 5), "{key:?}: {seen} of {window:?}");
        sitting.press(KeyCode::Esc);
    }
}

#[test]
fn zooming_in_and_out_again_ends_where_it_began() {
    let sitting = seen().pressed("++");
    let before = sitting.app.viewport().window();
    let sitting = sitting.pressed("++--");
    assert_eq!(sitting.app.viewport().window().cell, before.cell);
}

#[test]
fn arrows_and_letters_pan_home_and_end_go_to_the_ends() {
    for (earlier, later) in
        [(KeyCode::Left, KeyCode::Right), (KeyCode::Char('h'), KeyCode::Char('l'))]
    {
        let mut sitting = seen().pressed("+++");
        sitting.press(KeyCode::Home);
        let start = sitting.app.viewport().window();
        assert_eq!(start.from, Nanos::ZERO);
        sitting.press(earlier);
        assert_eq!(sitting.app.viewport().window(), start, "nothing is before the start");
        sitting.press(later);
        sitting.press(later);
        let later = sitting.app.viewport().window();
        assert!(later.from > start.from);
        sitting.press(earlier);
        assert!(sitting.app.viewport().window().from < later.from);
        sitting.press(KeyCode::End);
        let end = sitting.app.viewport().window();
        let right = end.from.0 + end.cell.0 * u64::from(end.columns);
        assert!(right > sitting.app.runs()[0].took().unwrap().0, "the newest is in view");
        assert!(sitting.app.viewport().follows());
    }
}

#[test]
fn letters_and_arrows_choose_a_lane_and_stop_at_the_ends() {
    for (below, above) in [(KeyCode::Char('j'), KeyCode::Char('k')), (KeyCode::Down, KeyCode::Up)] {
        let mut sitting = seen();
        assert_eq!(sitting.app.lane(), None);
        for lane in [0, 1, 2, 3, 4, 5, 5] {
            sitting.press(below);
            assert_eq!(sitting.app.lane(), Some(lane));
        }
        for lane in [4, 3, 2, 1, 0, 0] {
            sitting.press(above);
            assert_eq!(sitting.app.lane(), Some(lane));
        }
    }
}

#[test]
fn t_changes_dark_and_light() {
    let sitting = seen().pressed("t");
    assert_eq!(sitting.app.background(), Background::Light);
    assert_eq!(sitting.pressed("t").app.background(), Background::Dark);
}

#[test]
fn the_help_comes_and_goes_and_keeps_other_keys_away() {
    for close in [KeyCode::Char('?'), KeyCode::Esc, KeyCode::Char('q')] {
        let mut sitting = seen().pressed("?");
        assert_eq!(sitting.app.popup(), Some(Popup::Help(0)));
        assert_eq!(press(&mut sitting, '3'), None);
        assert_eq!(sitting.app.shown(), RACE);
        assert_eq!(sitting.press(close), None);
        assert_eq!(sitting.app.popup(), None);
    }
}

/// Every key can be read on every screen, however low.
#[test]
fn the_help_scrolls_where_it_does_not_fit() {
    for size in [(80, 24), (60, 14), (40, 12)] {
        let mut sitting = seen().pressed("?");
        let mut read = String::new();
        for _ in BINDINGS {
            read.push_str(&sitting.rows(size).join("\n"));
            press(&mut sitting, 'j');
        }
        for binding in BINDINGS {
            // The longest sentences lose their end at 40 columns.
            let begin: String = binding.help.chars().take(20).collect();
            assert!(read.contains(&begin), "{begin} at {size:?}");
        }
        let round = sitting.rows(size);
        sitting.press(KeyCode::Down);
        sitting.press(KeyCode::Up);
        assert_eq!(sitting.rows(size), round);
        assert_eq!(sitting.app.lane(), None, "no lane is chosen meanwhile");
    }
}

#[test]
fn escape_goes_one_step_back_and_never_quits() {
    let mut sitting = seen().pressed("+ ");
    let zoomed = sitting.app.viewport().clone();
    assert_eq!(sitting.press(KeyCode::Esc), None);
    assert_eq!(sitting.app.behind(), None, "first it goes on");
    assert_eq!(sitting.app.viewport().window(), zoomed.window());
    assert_eq!(sitting.press(KeyCode::Esc), None);
    assert!(sitting.app.viewport().fits(), "then it fits");
    for _ in 0..5 {
        assert_eq!(sitting.press(KeyCode::Esc), None);
    }
    let mut running = Sitting::race().until(Mode::Sequential, 100);
    assert_eq!(running.press(KeyCode::Esc), None);
}

#[test]
fn q_quits_at_once_when_nothing_runs() {
    assert_eq!(press(&mut seen(), 'q'), Some(Effect::Quit));
}

#[test]
fn q_asks_once_while_a_run_goes_on() {
    for yes in [KeyCode::Char('q'), KeyCode::Enter] {
        let mut sitting = Sitting::race().until(Mode::Sequential, 100);
        assert_eq!(press(&mut sitting, 'q'), None);
        assert_eq!(sitting.app.popup(), Some(Popup::Quit));
        assert_eq!(sitting.press(yes), Some(Effect::Quit));
    }
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

/// Nothing in the table is there without effect: each action that a key is bound to has changed the
/// screen or asked for something in one of the tests above, and so this counts them.
#[test]
fn the_table_has_no_action_that_these_tests_do_not_press() {
    let pressed = [
        Action::Mode(0),
        Action::Mode(1),
        Action::Mode(2),
        Action::NextMode,
        Action::PreviousMode,
        Action::FewerWorkers,
        Action::MoreWorkers,
        Action::Run,
        Action::Stop,
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
        Action::Theme,
        Action::Help,
        Action::Back,
        Action::Quit,
        Action::Interrupt,
        Action::Suspend,
    ];
    for binding in BINDINGS {
        assert!(pressed.contains(&binding.action), "{:?} has no test", binding.action);
        assert!(!binding.keys.is_empty() && !binding.help.is_empty());
    }
    for action in pressed {
        assert_ne!(keymap::key_of(action), "", "{action:?} has no key");
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
    assert_eq!(plan(press(&mut sitting, 'r')).workload, Workload::Profile);
}

/// The baseline for threads alone is the newest whole sequential run, whichever mode it was in.
#[test]
fn threads_alone_are_measured_against_the_sequential_run_of_the_race() {
    let sitting = Sitting::race().finished().pressed("3").finished();
    let run: &Run = &sitting.app.runs()[0];
    let speed_up = sitting.app.session().speed_up(THREADS, run, Nanos::ZERO).unwrap();
    assert!((4.4..4.5).contains(&speed_up), "{speed_up}");
}
