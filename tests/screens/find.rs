//! Finding: what is typed is text, hits are counted, and each is gone to.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use threadline::app::{Effect, Told};
use threadline::model::search::Found;
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};
use crate::keys::seen;
use crate::snapshots::{EVERY, screens};

/// Looks for a text.
fn sought(sitting: Sitting, text: &str) -> Sitting {
    let mut sitting = sitting.pressed("/").pressed(text);
    sitting.press(KeyCode::Enter);
    sitting
}

/// The hit that is said: its place, how many there are, its task, and what of it was found.
fn hit(sitting: &Sitting) -> (usize, usize, String, Found) {
    match sitting.app.told() {
        Some(Told::Hit { number, all, task, found, .. }) => (number, all, task, found),
        told => panic!("no hit: {told:?}"),
    }
}

fn task(sitting: &Sitting) -> (usize, usize, String) {
    let (number, all, task, _) = hit(sitting);
    (number, all, task)
}

/// A race in which page 3 fails twice with threads before it goes well.
fn troubled() -> Sitting {
    let job = Job { retried: Some((Mode::Threads, 3, 2)), ..Job::default() };
    let mut sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    sitting.draw((120, 36), COLOUR);
    sitting
}

fn commands() -> Sitting {
    let selection = Selection::race(Workload::Commands);
    let mut sitting = Sitting::new(Job::default(), selection).finished();
    sitting.draw((120, 36), COLOUR);
    sitting
}

#[test]
fn a_page_is_found_by_its_number_in_every_run() {
    for text in ["4", "p4", " P4 "] {
        let mut sitting = sought(seen(), text);
        assert_eq!(task(&sitting), (1, 2, "p4".to_owned()), "{text}");
        assert_eq!(sitting.app.lane(), Some(0));
        let first = sitting.app.cursor();
        assert_eq!(first, sitting.app.span().map(|span| span.start));
        sitting = sitting.pressed("n");
        assert_eq!(task(&sitting), (2, 2, "p4".to_owned()));
        assert_eq!(sitting.app.lane(), Some(4), "worker-4, below the sequential lane");
        sitting = sitting.pressed("n");
        assert_eq!((task(&sitting).0, sitting.app.cursor()), (1, first), "and round again");
        assert_eq!(task(&sitting.pressed("N")).0, 2, "both ways");
    }
}

#[test]
fn a_login_is_found_whatever_its_case_and_says_how_many_more() {
    let sitting = sought(seen(), "WER-12");
    // follower-12 on the first page, follower-120 to 126 on the last.
    let (number, all, page, found) = hit(&sitting);
    assert_eq!((number, all, page.as_str()), (1, 4, "p1"));
    assert_eq!(found, Found::Login("follower-12".to_owned(), 0));
    let (_, _, page, found) = hit(&sitting.pressed("n"));
    assert_eq!(page, "p5");
    assert_eq!(found, Found::Login("follower-120".to_owned(), 6));
}

#[test]
fn a_status_is_found_also_of_attempts_that_failed() {
    let sitting = sought(troubled(), "502");
    assert_eq!(task(&sitting), (1, 2, "p3".to_owned()));
    assert!(matches!(hit(&sitting).3, Found::Failure(_)));
    let first = sitting.app.cursor();
    let sitting = sitting.pressed("n");
    assert_eq!(task(&sitting), (2, 2, "p3 #2".to_owned()));
    assert!(sitting.app.cursor() > first);
    assert_eq!(task(&sought(sitting, "200")).1, 10, "each page of either run once");
}

/// The words of a limit do not hold its status.
#[test]
fn a_limit_is_found_by_its_status_and_shown_in_the_table_and_the_inspector() {
    let limited = Some((Mode::Threads, 3, LimitKind::Secondary));
    let job = Job { limited, ..Job::default() };
    let mut sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sought(sitting, "429");
    assert_eq!(hit(&sitting), (1, 1, "p3".to_owned(), Found::Status(429)));
    sitting.press(KeyCode::Enter);
    let shown = sitting.text((120, 36), COLOUR);
    assert!(shown.contains("429, failed"), "{shown}");
    let mut sitting = sitting.pressed("T");
    let shown = sitting.text((120, 36), COLOUR);
    let row = shown.lines().find(|line| line.contains("429")).expect("a row");
    assert!(row.contains("p3"), "{row}");
}

#[test]
fn an_error_is_found_by_its_words() {
    assert_eq!(task(&sought(troubled(), "bad gateway")), (1, 2, "p3".to_owned()));
    let told = format!("{:?}", sought(seen(), "bad gateway").app.told());
    assert_eq!(told, "Some(Nothing(\"bad gateway\"))");
    // A number in the words that is no status.
    let _ = hit(&sought(troubled(), "3"));
    assert_eq!(task(&sought(troubled(), "3")).1, 4, "page 3, once and three times");
}

#[test]
fn a_command_is_found_by_its_words_or_number() {
    let mut sitting = commands();
    let command = sitting.app.runs()[0].plan().command(threadline::model::TaskId(2)).unwrap();
    let part: String = command.to_uppercase().chars().take(8).collect();
    for text in [part.as_str(), "2"] {
        sitting = sought(sitting, text);
        assert_eq!(task(&sitting).0, 1, "{text}");
        assert!(matches!(hit(&sitting).3, Found::Task));
    }
}

#[test]
fn while_text_is_entered_no_key_does_anything_else() {
    let mut sitting = seen().pressed("/");
    for key in ['q', '?', 'x', ' ', '3', 't', 'T', 'é', '日'] {
        assert_eq!(sitting.press(KeyCode::Char(key)), None);
    }
    let Some(Told::Line(line)) = sitting.app.told() else { panic!("no text") };
    assert_eq!(line.parts(), ("q?x 3tTé日", ""));
    assert_eq!(sitting.app.popup(), None);
    assert_eq!(sitting.app.shown(), Selection::race(Workload::Followers));
    let out = sitting.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(out, Some(Effect::Interrupt), "but for the way out");
    assert_eq!(sitting.press(KeyCode::Esc), None);
    assert_eq!(sitting.app.told(), None);
    assert_eq!(sitting.press(KeyCode::Char('q')), Some(Effect::Quit), "keys are keys again");
}

#[test]
fn an_empty_text_goes_on_and_backspace_gives_up() {
    let sitting = sought(sought(seen(), "4"), "");
    assert_eq!(task(&sitting).0, 2);
    let mut sitting = sitting.pressed("/");
    sitting.press(KeyCode::Backspace);
    assert_eq!(sitting.app.told(), None);
    assert_eq!(sought(seen(), "").app.notice(), Some("nothing is looked for so far: / begins"));
    assert_eq!(task(&sitting.pressed("n")).0, 1, "what was looked for is kept");
}

/// The search begins where a person looks.
#[test]
fn the_first_hit_is_the_one_after_the_cursor() {
    let mut sitting = seen();
    sitting.app.go_to(0, Nanos::from_millis(1_500));
    let sitting = sought(sitting, "200");
    let (number, all, page) = task(&sitting);
    assert_eq!((number, all, page.as_str()), (3, 10, "p3"));
}

#[test]
fn hits_grow_with_the_run_and_begin_anew_with_another() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 100);
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sought(sitting, "follower-1");
    assert!(matches!(sitting.app.told(), Some(Told::Nothing(_))));
    sitting.play(Nanos::from_millis(2_500));
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sitting.pressed("n");
    assert_eq!(task(&sitting), (1, 1, "p1".to_owned()));
    sitting.play(Nanos::from_millis(4_600));
    sitting.draw((120, 36), COLOUR);
    assert_eq!(task(&sitting).1, 2, "without another key: pages 1 and 4 have such a login");
    let mut sitting = sitting.finished();
    assert_eq!(task(&sitting.pressed("n")).1, 6);
    sitting = Sitting::race().finished();
    sitting.draw((120, 36), COLOUR);
    let sitting = sought(sitting, "p2").pressed("r").until(Mode::Sequential, 1_100);
    assert_eq!(task(&sitting.pressed("n")), (1, 1, "p2".to_owned()));
}

/// A view that is held still has no hit that is not seen.
#[test]
fn a_held_view_finds_what_it_shows() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 1_500);
    sitting.draw((120, 36), COLOUR);
    let mut sitting = sitting.pressed(" ");
    sitting.play(Nanos::from_millis(4_600));
    sitting.draw((120, 36), COLOUR);
    let sitting = sought(sitting, "200");
    assert_eq!(task(&sitting).1, 1);
    assert_eq!(task(&sitting.pressed(" n")).1, 4);
}

#[test]
fn finding() {
    insta::assert_snapshot!("find_entering", screens(seen().pressed("/bad gat"), &EVERY));
    insta::assert_snapshot!("find_hit", screens(sought(troubled(), "502"), &EVERY));
    insta::assert_snapshot!("find_nothing", screens(sought(seen(), "octocat"), &EVERY[1..]));
    let mut sitting = sought(seen(), "WER-12").pressed("n");
    let mono = Kit(Depth::Mono, Glyphs::Ascii);
    insta::assert_snapshot!("find_ascii", sitting.text((80, 24), mono));
}
