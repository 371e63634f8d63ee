//! Search: text input, match counts and navigation between matches.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::analysis::search::SearchMatch;
use threadline::app::{Effect, Gesture, Msg, PointerTarget, SearchStatus};
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::run_keys::finished_race;
use crate::screens::screen_text::{ALL_SIZES, screens};

/// Searches for a text.
fn search_for(driver: AppDriver, text: &str) -> AppDriver {
    let mut driver = driver.press_keys("/").press_keys(text);
    driver.press(KeyCode::Enter);
    driver
}

/// The current match: its number, the number of all matches, its task and the part that matched.
fn current_match(driver: &AppDriver) -> (usize, usize, String, SearchMatch) {
    match driver.app.picture().search_status(driver.app.session()) {
        Some(SearchStatus::Hit { number, all, task, found, .. }) => (number, all, task, found),
        other => panic!("expected a match, got {other:?}"),
    }
}

fn match_position(driver: &AppDriver) -> (usize, usize, String) {
    let (number, all, task, _) = current_match(driver);
    (number, all, task)
}

/// A race in which the threads run fetches page 3 on its third attempt.
fn race_with_retries() -> AppDriver {
    let scenario = Scenario { retried: Some((Mode::Threads, 3, 2)), ..Scenario::default() };
    let mut driver = AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end();
    driver.draw((120, 36), COLOUR);
    driver
}

fn commands_race() -> AppDriver {
    let selection = Selection::race(Workload::Commands);
    let mut driver = AppDriver::new(Scenario::default(), selection).play_to_end();
    driver.draw((120, 36), COLOUR);
    driver
}

#[test]
fn search_finds_a_page_by_number_in_every_run() {
    for text in ["4", "p4", " P4 "] {
        let mut driver = search_for(finished_race(), text);
        assert_eq!(match_position(&driver), (1, 2, "p4".to_owned()), "{text}");
        assert_eq!(driver.app.picture().lane_index(), Some(0));
        let first = driver.app.picture().cursor();
        assert_eq!(
            first,
            driver.app.picture().selected_span(driver.app.session()).map(|span| span.start)
        );
        driver = driver.press_keys("n");
        assert_eq!(match_position(&driver), (2, 2, "p4".to_owned()));
        assert_eq!(
            driver.app.picture().lane_index(),
            Some(4),
            "worker-4, after the sequential lane"
        );
        driver = driver.press_keys("n");
        assert_eq!(
            (match_position(&driver).0, driver.app.picture().cursor()),
            (1, first),
            "wraps around"
        );
        assert_eq!(match_position(&driver.press_keys("N")).0, 2, "N searches backwards");
    }
}

#[test]
fn login_search_ignores_case_and_counts_further_logins_on_the_page() {
    let driver = search_for(finished_race(), "WER-12");
    // follower-12 on the first page, follower-120 to 126 on the last.
    let (number, all, page, found) = current_match(&driver);
    assert_eq!((number, all, page.as_str()), (1, 4, "p1"));
    assert_eq!(found, SearchMatch::Login("follower-12".to_owned(), 0));
    let (_, _, page, found) = current_match(&driver.press_keys("n"));
    assert_eq!(page, "p5");
    assert_eq!(found, SearchMatch::Login("follower-120".to_owned(), 6));
}

#[test]
fn search_finds_the_status_of_failed_attempts() {
    let driver = search_for(race_with_retries(), "502");
    assert_eq!(match_position(&driver), (1, 2, "p3".to_owned()));
    assert!(matches!(current_match(&driver).3, SearchMatch::Failure(_)));
    let first = driver.app.picture().cursor();
    let driver = driver.press_keys("n");
    assert_eq!(match_position(&driver), (2, 2, "p3 #2".to_owned()));
    assert!(driver.app.picture().cursor() > first);
    assert_eq!(
        match_position(&search_for(driver, "200")).1,
        10,
        "one match per page of either run"
    );
}

/// The message of a rate limit does not contain its status.
#[test]
fn rate_limit_is_found_by_status_and_shown_in_inspector_and_table() {
    let limited = Some((Mode::Threads, 3, LimitKind::Secondary));
    let scenario = Scenario { limited, ..Scenario::default() };
    let mut driver = AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end();
    driver.draw((120, 36), COLOUR);
    let mut driver = search_for(driver, "429");
    assert_eq!(current_match(&driver), (1, 1, "p3".to_owned(), SearchMatch::Status(429)));
    driver.press(KeyCode::Enter);
    let shown = driver.text((120, 36), COLOUR);
    assert!(shown.contains("429, failed"), "{shown}");
    let mut driver = driver.press_keys("T");
    let shown = driver.text((120, 36), COLOUR);
    let row = shown.lines().find(|line| line.contains("429")).expect("a row");
    assert!(row.contains("p3"), "{row}");
}

#[test]
fn search_finds_an_error_by_its_message() {
    assert_eq!(
        match_position(&search_for(race_with_retries(), "bad gateway")),
        (1, 2, "p3".to_owned())
    );
    let app = search_for(finished_race(), "bad gateway").app;
    let status = format!("{:?}", app.picture().search_status(app.session()));
    assert_eq!(status, "Some(NoMatch(\"bad gateway\"))");
    // A number in a message is not a status.
    let _ = current_match(&search_for(race_with_retries(), "3"));
    assert_eq!(
        match_position(&search_for(race_with_retries(), "3")).1,
        4,
        "one sequential attempt and three with threads"
    );
}

#[test]
fn search_finds_a_command_by_text_or_number() {
    let mut driver = commands_race();
    let command = driver.app.runs()[0].plan().command(threadline::model::TaskId(2)).unwrap();
    let part: String = command.to_uppercase().chars().take(8).collect();
    for text in [part.as_str(), "2"] {
        driver = search_for(driver, text);
        assert_eq!(match_position(&driver).0, 1, "{text}");
        assert!(matches!(current_match(&driver).3, SearchMatch::Task));
    }
}

#[test]
fn keys_are_text_while_the_search_prompt_is_open() {
    let mut driver = finished_race().press_keys("/");
    for key in ['q', '?', 'x', ' ', '3', 't', 'T', 'é', '日'] {
        assert_eq!(driver.press(KeyCode::Char(key)), None);
    }
    let typed = SearchStatus::Input { before: "q?x 3tTé日", after: "" };
    assert_eq!(driver.app.picture().search_status(driver.app.session()), Some(typed));
    assert!(driver.app.overlay().is_none());
    assert_eq!(driver.app.selection(), Selection::race(Workload::Followers));
    let effect = driver.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(effect, Some(Effect::Interrupt), "Ctrl-C is the exception");
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert_eq!(driver.app.picture().search_status(driver.app.session()), None);
    assert_eq!(driver.press(KeyCode::Char('q')), Some(Effect::Quit), "keys act again after Escape");
}

#[test]
fn empty_search_repeats_the_last_one_and_backspace_cancels() {
    let driver = search_for(search_for(finished_race(), "4"), "");
    assert_eq!(match_position(&driver).0, 2);
    let mut driver = driver.press_keys("/");
    driver.press(KeyCode::Backspace);
    assert_eq!(driver.app.picture().search_status(driver.app.session()), None);
    assert_eq!(search_for(finished_race(), "").app.notice(), Some("no search yet; / starts one"));
    assert_eq!(match_position(&driver.press_keys("n")).0, 1, "the text of the search is kept");
}

#[test]
fn search_starts_at_the_cursor() {
    let mut driver = finished_race();
    let target = PointerTarget { lane: Some(0), at: Some(Nanos::from_millis(1_500)), action: None };
    driver.app.update(Msg::Mouse(Gesture::Press, target));
    driver.app.update(Msg::Mouse(Gesture::Release, target));
    let driver = search_for(driver, "200");
    let (number, all, page) = match_position(&driver);
    assert_eq!((number, all, page.as_str()), (3, 10, "p3"));
}

#[test]
fn matches_grow_with_the_run_and_restart_with_a_new_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    driver.draw((120, 36), COLOUR);
    let mut driver = search_for(driver, "follower-1");
    assert!(matches!(
        driver.app.picture().search_status(driver.app.session()),
        Some(SearchStatus::NoMatch(_))
    ));
    driver.play_to(Nanos::from_millis(2_500));
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys("n");
    assert_eq!(match_position(&driver), (1, 1, "p1".to_owned()));
    driver.play_to(Nanos::from_millis(4_600));
    driver.draw((120, 36), COLOUR);
    assert_eq!(
        match_position(&driver).1,
        2,
        "counts grow without another key: pages 1 and 4 contain such a login"
    );
    let mut driver = driver.play_to_end();
    assert_eq!(match_position(&driver.press_keys("n")).1, 6);
    driver = AppDriver::race().play_to_end();
    driver.draw((120, 36), COLOUR);
    let driver = search_for(driver, "p2").press_keys("r").play_until(Mode::Sequential, 1_100);
    assert_eq!(match_position(&driver.press_keys("n")), (1, 1, "p2".to_owned()));
}

/// Attempts after the time of the pause are not matched.
#[test]
fn paused_view_finds_only_what_it_shows() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 1_500);
    driver.draw((120, 36), COLOUR);
    let mut driver = driver.press_keys(" ");
    driver.play_to(Nanos::from_millis(4_600));
    driver.draw((120, 36), COLOUR);
    let driver = search_for(driver, "200");
    assert_eq!(match_position(&driver).1, 1);
    assert_eq!(match_position(&driver.press_keys(" n")).1, 4);
}

#[test]
fn search_is_drawn_at_every_size() {
    insta::assert_snapshot!(
        "search_input",
        screens(finished_race().press_keys("/bad gat"), &ALL_SIZES)
    );
    insta::assert_snapshot!(
        "search_match",
        screens(search_for(race_with_retries(), "502"), &ALL_SIZES)
    );
    insta::assert_snapshot!(
        "search_without_match",
        screens(search_for(finished_race(), "octocat"), &ALL_SIZES[1..])
    );
    let mut driver = search_for(finished_race(), "WER-12").press_keys("n");
    let mono = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);
    insta::assert_snapshot!("search_in_ascii", driver.text((80, 24), mono));
}

/// Enters keys as the text of a search, and asserts the text before and after the cursor.
#[track_caller]
fn assert_input(driver: &mut AppDriver, keys: &[KeyEvent], expected: [&str; 2]) {
    for &key in keys {
        driver.press_with(key.code, key.modifiers);
    }
    let status = driver.app.picture().search_status(driver.app.session());
    let [before, after] = expected;
    assert_eq!(status, Some(SearchStatus::Input { before, after }));
}

fn typed(text: &str) -> Vec<KeyEvent> {
    text.chars().map(|c| KeyCode::Char(c).into()).collect()
}

#[test]
fn multibyte_characters_are_inserted_and_deleted() {
    let mut driver = AppDriver::race().press_keys("/");
    assert_input(&mut driver, &typed("aß日🦀"), ["aß日🦀", ""]);
    let keys = [KeyCode::Left, KeyCode::Left, KeyCode::Backspace, KeyCode::Char('x')];
    assert_input(&mut driver, &keys.map(KeyEvent::from), ["ax", "日🦀"]);
    let keys = [KeyCode::Delete, KeyCode::Home, KeyCode::Delete, KeyCode::Right];
    assert_input(&mut driver, &keys.map(KeyEvent::from), ["x", "🦀"]);
}

#[test]
fn control_keys_edit_as_in_the_shell() {
    let mut driver = AppDriver::race().press_keys("/one two  ");
    for (key, left) in [
        (KeyCode::Char('w'), ["one ", ""]),
        (KeyCode::Char('h'), ["one", ""]),
        (KeyCode::Char('a'), ["", "one"]),
        (KeyCode::Char('e'), ["one", ""]),
        (KeyCode::Left, ["", "one"]),
        (KeyCode::Right, ["one", ""]),
        (KeyCode::Char('u'), ["", ""]),
        (KeyCode::Char('q'), ["", ""]),
    ] {
        assert_input(&mut driver, &[KeyEvent::new(key, KeyModifiers::CONTROL)], left);
    }
}

#[test]
fn input_length_is_limited() {
    let mut driver = AppDriver::race().press_keys("/");
    assert_input(&mut driver, &typed(&"x".repeat(3_000)), [&"x".repeat(1_000), ""]);
}
