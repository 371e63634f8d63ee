//! Finding: what is typed is text, hits are counted, and each is gone to.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use threadline::app::{Effect, SearchStatus};
use threadline::model::search::SearchMatch;
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::keys::seen;
use crate::snapshots::{EVERY, screens};

/// Looks for a text.
fn sought(driver: AppDriver, text: &str) -> AppDriver {
    let mut driver = driver.press_keys("/").press_keys(text);
    driver.press(KeyCode::Enter);
    driver
}

/// The hit that is said: its place, how many there are, its task, and what of it was found.
fn hit(driver: &AppDriver) -> (usize, usize, String, SearchMatch) {
    match driver.app.search_status() {
        Some(SearchStatus::Hit { number, all, task, found, .. }) => (number, all, task, found),
        told => panic!("no hit: {told:?}"),
    }
}

fn task(driver: &AppDriver) -> (usize, usize, String) {
    let (number, all, task, _) = hit(driver);
    (number, all, task)
}

/// A race in which page 3 fails twice with threads before it goes well.
fn troubled() -> AppDriver {
    let job = Scenario { retried: Some((Mode::Threads, 3, 2)), ..Scenario::default() };
    let mut driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    driver.draw((120, 36), COLOUR);
    driver
}

fn commands() -> AppDriver {
    let selection = Selection::race(Workload::Commands);
    let mut driver = AppDriver::new(Scenario::default(), selection).play_to_end();
    driver.draw((120, 36), COLOUR);
    driver
}

#[test]
fn a_page_is_found_by_its_number_in_every_run() {
    for text in ["4", "p4", " P4 "] {
        let mut driver = sought(seen(), text);
        assert_eq!(task(&driver), (1, 2, "p4".to_owned()), "{text}");
        assert_eq!(driver.app.lane_index(), Some(0));
        let first = driver.app.cursor();
        assert_eq!(first, driver.app.selected_span().map(|span| span.start));
        driver = driver.press_keys("n");
        assert_eq!(task(&driver), (2, 2, "p4".to_owned()));
        assert_eq!(driver.app.lane_index(), Some(4), "worker-4, below the sequential lane");
        driver = driver.press_keys("n");
        assert_eq!((task(&driver).0, driver.app.cursor()), (1, first), "and round again");
        assert_eq!(task(&driver.press_keys("N")).0, 2, "both ways");
    }
}

#[test]
fn a_login_is_found_whatever_its_case_and_says_how_many_more() {
    let driver = sought(seen(), "WER-12");
    // follower-12 on the first page, follower-120 to 126 on the last.
    let (number, all, page, found) = hit(&driver);
    assert_eq!((number, all, page.as_str()), (1, 4, "p1"));
    assert_eq!(found, SearchMatch::Login("follower-12".to_owned(), 0));
    let (_, _, page, found) = hit(&driver.press_keys("n"));
    assert_eq!(page, "p5");
    assert_eq!(found, SearchMatch::Login("follower-120".to_owned(), 6));
}

#[test]
fn a_status_is_found_also_of_attempts_that_failed() {
    let driver = sought(troubled(), "502");
    assert_eq!(task(&driver), (1, 2, "p3".to_owned()));
    assert!(matches!(hit(&driver).3, SearchMatch::Failure(_)));
    let first = driver.app.cursor();
    let driver = driver.press_keys("n");
    assert_eq!(task(&driver), (2, 2, "p3 #2".to_owned()));
    assert!(driver.app.cursor() > first);
    assert_eq!(task(&sought(driver, "200")).1, 10, "each page of either run once");
}

/// The words of a limit do not hold its status.
#[test]
fn a_limit_is_found_by_its_status_and_shown_in_the_table_and_the_inspector() {
    let limited = Some((Mode::Threads, 3, LimitKind::Secondary));
    let job = Scenario { limited, ..Scenario::default() };
    let mut driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    driver.draw((120, 36), COLOUR);
    let mut driver = sought(driver, "429");
    assert_eq!(hit(&driver), (1, 1, "p3".to_owned(), SearchMatch::Status(429)));
    driver.press(KeyCode::Enter);
    let shown = driver.text((120, 36), COLOUR);
    assert!(shown.contains("429, failed"), "{shown}");
    let mut driver = driver.press_keys("T");
    let shown = driver.text((120, 36), COLOUR);
    let row = shown.lines().find(|line| line.contains("429")).expect("a row");
    assert!(row.contains("p3"), "{row}");
}

#[test]
fn an_error_is_found_by_its_words() {
    assert_eq!(task(&sought(troubled(), "bad gateway")), (1, 2, "p3".to_owned()));
    let told = format!("{:?}", sought(seen(), "bad gateway").app.search_status());
    assert_eq!(told, "Some(NoMatch(\"bad gateway\"))");
    // A number in the words that is no status.
    let _ = hit(&sought(troubled(), "3"));
    assert_eq!(task(&sought(troubled(), "3")).1, 4, "page 3, once and three times");
}

#[test]
fn a_command_is_found_by_its_words_or_number() {
    let mut driver = commands();
    let command = driver.app.runs()[0].plan().command(threadline::model::TaskId(2)).unwrap();
    let part: String = command.to_uppercase().chars().take(8).collect();
    for text in [part.as_str(), "2"] {
        driver = sought(driver, text);
        assert_eq!(task(&driver).0, 1, "{text}");
        assert!(matches!(hit(&driver).3, SearchMatch::Task));
    }
}

#[test]
fn while_text_is_entered_no_key_does_anything_else() {
    let mut driver = seen().press_keys("/");
    for key in ['q', '?', 'x', ' ', '3', 't', 'T', 'é', '日'] {
        assert_eq!(driver.press(KeyCode::Char(key)), None);
    }
    let Some(SearchStatus::Input(line)) = driver.app.search_status() else { panic!("no text") };
    assert_eq!(line.parts(), ("q?x 3tTé日", ""));
    assert_eq!(driver.app.overlay(), None);
    assert_eq!(driver.app.selection(), Selection::race(Workload::Followers));
    let out = driver.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(out, Some(Effect::Interrupt), "but for the way out");
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(driver.app.search_status(), None);
    assert_eq!(driver.press(KeyCode::Char('q')), Some(Effect::Quit), "keys are keys again");
}

#[test]
fn an_empty_text_goes_on_and_backspace_gives_up() {
    let driver = sought(sought(seen(), "4"), "");
    assert_eq!(task(&driver).0, 2);
    let mut driver = driver.press_keys("/");
    driver.press(KeyCode::Backspace);
    assert_eq!(driver.app.search_status(), None);
    assert_eq!(sought(seen(), "").app.notice(), Some("no search yet; / starts one"));
    assert_eq!(task(&driver.press_keys("n")).0, 1, "what was looked for is kept");
}

/// The search begins where a person looks.
#[test]
fn the_first_hit_is_the_one_after_the_cursor() {
    let mut driver = seen();
    driver.app.go_to(0, Nanos::from_millis(1_500));
    let driver = sought(driver, "200");
    let (number, all, page) = task(&driver);
    assert_eq!((number, all, page.as_str()), (3, 10, "p3"));
}

#[test]
fn hits_grow_with_the_run_and_begin_anew_with_another() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    driver.draw((120, 36), COLOUR);
    let mut driver = sought(driver, "follower-1");
    assert!(matches!(driver.app.search_status(), Some(SearchStatus::NoMatch(_))));
    driver.play_to(Nanos::from_millis(2_500));
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys("n");
    assert_eq!(task(&driver), (1, 1, "p1".to_owned()));
    driver.play_to(Nanos::from_millis(4_600));
    driver.draw((120, 36), COLOUR);
    assert_eq!(task(&driver).1, 2, "without another key: pages 1 and 4 have such a login");
    let mut driver = driver.play_to_end();
    assert_eq!(task(&driver.press_keys("n")).1, 6);
    driver = AppDriver::race().play_to_end();
    driver.draw((120, 36), COLOUR);
    let driver = sought(driver, "p2").press_keys("r").play_until(Mode::Sequential, 1_100);
    assert_eq!(task(&driver.press_keys("n")), (1, 1, "p2".to_owned()));
}

/// A view that is held still has no hit that is not seen.
#[test]
fn a_held_view_finds_what_it_shows() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys(" ");
    driver.play_to(Nanos::from_millis(4_600));
    driver.draw((120, 36), COLOUR);
    let driver = sought(driver, "200");
    assert_eq!(task(&driver).1, 1);
    assert_eq!(task(&driver.press_keys(" n")).1, 4);
}

#[test]
fn finding() {
    insta::assert_snapshot!("find_entering", screens(seen().press_keys("/bad gat"), &EVERY));
    insta::assert_snapshot!("find_hit", screens(sought(troubled(), "502"), &EVERY));
    insta::assert_snapshot!("find_nothing", screens(sought(seen(), "octocat"), &EVERY[1..]));
    let mut driver = sought(seen(), "WER-12").press_keys("n");
    let mono = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);
    insta::assert_snapshot!("find_ascii", driver.text((80, 24), mono));
}
