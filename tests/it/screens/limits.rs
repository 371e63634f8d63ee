//! Screens of runs with rate limits, failures and partial lists.

use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::follower_runs::api_with_quota;
use crate::screens::screen_text::{ALL_SIZES, STANDARD, screens};

fn rate_limited(kind: LimitKind) -> Scenario {
    let limited = Some((Mode::Threads, 5, kind));
    Scenario { followers: 720, listed: 720, remaining: 1_250, limited, ..api_with_quota() }
}

#[test]
fn active_secondary_limit_is_drawn_at_every_size() {
    let driver =
        AppDriver::new(rate_limited(LimitKind::Secondary), Selection::race(Workload::Followers));
    insta::assert_snapshot!(screens(driver.play_until(Mode::Threads, 20_000), &ALL_SIZES));
}

#[test]
fn active_primary_limit_is_drawn_at_every_size() {
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(rate_limited(LimitKind::Primary), threads);
    insta::assert_snapshot!(screens(
        driver.play_until(Mode::Threads, 51_000).press_keys("jjjjj"),
        &ALL_SIZES
    ));
}

#[test]
fn concurrency_is_reduced_after_a_limit() {
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(rate_limited(LimitKind::Secondary), threads);
    insta::assert_snapshot!(screens(driver.play_until(Mode::Threads, 60_900), &ALL_SIZES));
}

#[test]
fn finished_race_reports_the_retry_after_a_limit() {
    let driver =
        AppDriver::new(rate_limited(LimitKind::Secondary), Selection::race(Workload::Followers))
            .play_to_end();
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

fn scenario_with_retries() -> Scenario {
    Scenario { retried: Some((Mode::Threads, 3, 2)), ..api_with_quota() }
}

#[test]
fn page_waiting_for_its_retry_is_drawn() {
    let driver = AppDriver::new(scenario_with_retries(), Selection::race(Workload::Followers))
        .play_until(Mode::Threads, 700);
    insta::assert_snapshot!(screens(driver.press_keys("jjjj"), &ALL_SIZES));
}

#[test]
fn page_fetched_on_its_third_attempt_is_drawn() {
    let driver =
        AppDriver::new(scenario_with_retries(), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver.press_keys("jjjj"), &ALL_SIZES));
}

#[test]
fn partial_follower_list_is_reported() {
    let scenario = Scenario { followers: 300, listed: 300, shown: 6, ..api_with_quota() };
    insta::assert_snapshot!(screens(
        AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end(),
        &ALL_SIZES
    ));
}

/// An active limit on another kind of terminal.
fn limit_on(depth: ColorDepth, glyphs: GlyphSet) -> String {
    let driver =
        AppDriver::new(rate_limited(LimitKind::Secondary), Selection::race(Workload::Followers));
    driver.play_until(Mode::Threads, 20_000).text(STANDARD, TerminalKind(depth, glyphs))
}

#[test]
fn active_limit_is_drawn_in_ascii() {
    let screen = limit_on(ColorDepth::True, GlyphSet::Ascii);
    assert!(screen.is_ascii(), "not only ASCII:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn active_limit_is_drawn_without_colour() {
    insta::assert_snapshot!(limit_on(ColorDepth::Mono, GlyphSet::Unicode));
}

#[test]
fn active_limit_is_drawn_in_sixteen_colours() {
    insta::assert_snapshot!(limit_on(ColorDepth::Sixteen, GlyphSet::Unicode));
}

/// A lane without a task has nothing to wait for.
#[test]
fn only_lanes_with_a_task_show_the_wait() {
    let scenario =
        Scenario { limited: Some((Mode::Threads, 3, LimitKind::Secondary)), ..api_with_quota() };
    let mut driver = AppDriver::new(scenario, Selection::race(Workload::Followers))
        .play_until(Mode::Threads, 20_000);
    for size in [(120, 36), (100, 30), (80, 24), (60, 14), (40, 12)] {
        let rows = driver.rows(size);
        let lanes = rows.iter().filter(|row| row.contains("worker-"));
        let waiting: Vec<&String> = lanes.filter(|row| row.contains(" 41 s ")).collect();
        assert!(waiting.len() == 1 && waiting[0].contains("worker-3"), "{size:?}: {waiting:#?}");
    }
}

/// An earlier failure is reported once the limit is over.
#[test]
fn active_limit_is_reported_before_a_failure() {
    let bad_page = Some((Mode::Sequential, 2));
    let driver = AppDriver::new(
        Scenario { bad_page, ..rate_limited(LimitKind::Secondary) },
        Selection::race(Workload::Followers),
    );
    let rows = driver.play_until(Mode::Threads, 20_000).rows((80, 24));
    let limit = " secondary rate limit: no requests for 41 s, until 22:09:20 UTC";
    assert!(rows.iter().any(|row| row.starts_with(limit)), "{rows:#?}");
}

/// The wait is not extrapolated to the remaining pages.
#[test]
fn limit_does_not_stretch_the_time_axis() {
    let scenario =
        Scenario { followers: 6_000, listed: 6_000, ..rate_limited(LimitKind::Secondary) };
    let mut driver = AppDriver::new(scenario, Selection::only(Workload::Followers, Mode::Threads))
        .play_until(Mode::Threads, 0);
    for second in 0..64 {
        driver.play_to(Nanos::from_millis(second * 1_000));
        driver.draw((80, 24), COLOUR);
        let horizon = driver.app.picture().viewport().horizon();
        assert!(horizon < Nanos::from_millis(120_000), "{horizon} after {second} s");
    }
}

/// The words on a screen, without borders.
fn screen_words(rows: &[String]) -> Vec<String> {
    let words = rows.iter().flat_map(|row| row.split([' ', '│']));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

const LONG_MESSAGES: [&str; 2] = [
    "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your \
     request and contact us if the problem persists, with the number A79C:1EC8F5:1A7BD6:1CF700 that",
    "サーバーエラーが発生しました しばらくしてから もう一度 お試しください サーバーエラーが発生しました \
     しばらくしてから もう一度 お試しください サーバーエラーが発生しました",
];

#[test]
fn long_message_breaks_between_words_and_reports_kept_followers() {
    for error_message in LONG_MESSAGES {
        let bad_page = Some((Mode::Sequential, 3));
        let scenario = Scenario { bad_page, error_message, ..api_with_quota() };
        let message = format!("answered page 3 with 502: {error_message}; try again later.");
        let message: Vec<&str> = message.split_whitespace().collect();
        let finished =
            AppDriver::new(scenario.clone(), Selection::race(Workload::Followers)).play_to_end();
        let active = AppDriver::new(scenario, Selection::race(Workload::Followers))
            .play_until(Mode::Threads, 600);
        for (mut driver, advice) in [(finished, "Kept: 97 followers. r tries again."), (active, "")]
        {
            for width in 40..=120 {
                for height in [10, 12, 14, 20, 30] {
                    let words = screen_words(&driver.rows((width, height)));
                    assert_unbroken(&words, &message, &format!("{width}x{height}"));
                    assert!(words.join(" ").contains(advice), "{width}x{height}: {words:?}");
                }
            }
        }
    }
}

/// Asserts that the words contain the message, or its beginning up to an ellipsis after a complete
/// word.
fn assert_unbroken(words: &[String], message: &[&str], size: &str) {
    let words = &words[words.iter().position(|word| word == message[0]).expect("a message")..];
    let same = words.iter().zip(message).take_while(|(word, expected)| word == expected).count();
    let bare = |word: &str| word.trim_end_matches(['…', ',', ';', ':', '.']).to_owned();
    let is_unbroken = same == message.len() || bare(&words[same]) == bare(message[same]);
    assert!(is_unbroken, "{size}: {} instead of {}", words[same], message[same]);
}
