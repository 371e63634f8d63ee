//! Whole screens of runs that meet limits, failures and a list that the API shows in part.

use threadline::app::Msg;
use threadline::model::{
    Event, EventKind, Failure, FailureKind, LaneId, LimitKind, Mode, Nanos, Selection, TaskId,
    Workload,
};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::snapshots::{EVERY, USUAL, real, screens};

fn limited(kind: LimitKind) -> Scenario {
    let limited = Some((Mode::Threads, 5, kind));
    Scenario { followers: 720, listed: 720, remaining: 1_250, limited, ..real() }
}

#[test]
fn a_secondary_limit_that_holds() {
    let driver =
        AppDriver::new(limited(LimitKind::Secondary), Selection::race(Workload::Followers));
    insta::assert_snapshot!(screens(driver.play_until(Mode::Threads, 20_000), &EVERY));
}

#[test]
fn a_primary_limit_that_holds() {
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(limited(LimitKind::Primary), threads);
    insta::assert_snapshot!(screens(
        driver.play_until(Mode::Threads, 51_000).press_keys("jjjjj"),
        &EVERY
    ));
}

#[test]
fn fewer_in_flight_after_a_limit() {
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(limited(LimitKind::Secondary), threads);
    insta::assert_snapshot!(screens(driver.play_until(Mode::Threads, 60_900), &EVERY));
}

#[test]
fn over_after_a_limit() {
    let driver =
        AppDriver::new(limited(LimitKind::Secondary), Selection::race(Workload::Followers))
            .play_to_end();
    insta::assert_snapshot!(screens(driver, &EVERY));
}

fn retried() -> Scenario {
    Scenario { retried: Some((Mode::Threads, 3, 2)), ..real() }
}

#[test]
fn a_page_that_waits_for_its_next_attempt() {
    let driver = AppDriver::new(retried(), Selection::race(Workload::Followers))
        .play_until(Mode::Threads, 700);
    insta::assert_snapshot!(screens(driver.press_keys("jjjj"), &EVERY));
}

#[test]
fn a_page_that_was_asked_for_three_times() {
    let driver = AppDriver::new(retried(), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver.press_keys("jjjj"), &EVERY));
}

#[test]
fn a_list_that_the_api_shows_in_part() {
    let job = Scenario { followers: 300, listed: 300, shown: 6, ..real() };
    insta::assert_snapshot!(screens(
        AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end(),
        &EVERY
    ));
}

/// A limit that holds, on a terminal of another kind.
fn on(depth: ColorDepth, glyphs: GlyphSet) -> String {
    let driver =
        AppDriver::new(limited(LimitKind::Secondary), Selection::race(Workload::Followers));
    driver.play_until(Mode::Threads, 20_000).text(USUAL, TerminalKind(depth, glyphs))
}

#[test]
fn a_limit_in_ascii() {
    let screen = on(ColorDepth::True, GlyphSet::Ascii);
    assert!(screen.is_ascii(), "only ASCII was asked for:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn a_limit_without_colour() {
    insta::assert_snapshot!(on(ColorDepth::Mono, GlyphSet::Unicode));
}

#[test]
fn a_limit_in_sixteen_colours() {
    insta::assert_snapshot!(on(ColorDepth::Sixteen, GlyphSet::Unicode));
}

/// Where no task is left, there is nothing to hold back.
#[test]
fn only_lanes_with_a_task_say_how_long_it_waits() {
    let job = Scenario { limited: Some((Mode::Threads, 3, LimitKind::Secondary)), ..real() };
    let mut driver =
        AppDriver::new(job, Selection::race(Workload::Followers)).play_until(Mode::Threads, 20_000);
    for size in [(120, 36), (100, 30), (80, 24), (60, 14), (40, 12)] {
        let rows = driver.rows(size);
        let lanes = rows.iter().filter(|row| row.contains("worker-"));
        let held: Vec<&String> = lanes.filter(|row| row.contains(" 41 s ")).collect();
        assert!(held.len() == 1 && held[0].contains("worker-3"), "{size:?}: {held:#?}");
    }
}

/// A page that failed before is told when there is time for it.
#[test]
fn a_limit_that_holds_goes_before_what_failed() {
    let bad_page = Some((Mode::Sequential, 2));
    let driver = AppDriver::new(
        Scenario { bad_page, ..limited(LimitKind::Secondary) },
        Selection::race(Workload::Followers),
    );
    let rows = driver.play_until(Mode::Threads, 20_000).rows((80, 24));
    let limit = " secondary rate limit: no requests for 41 s, until 22:09:20 UTC";
    assert!(rows.iter().any(|row| row.starts_with(limit)), "{rows:#?}");
}

/// The wait says nothing about how long the rest takes.
#[test]
fn a_limit_does_not_stretch_the_axis() {
    let job = Scenario { followers: 6_000, listed: 6_000, ..limited(LimitKind::Secondary) };
    let mut driver = AppDriver::new(job, Selection::only(Workload::Followers, Mode::Threads))
        .play_until(Mode::Threads, 0);
    for second in 0..64 {
        driver.play_to(Nanos::from_millis(second * 1_000));
        driver.draw((80, 24), COLOUR);
        let horizon = driver.app.viewport().horizon();
        assert!(horizon < Nanos::from_millis(100_000), "{horizon} after {second} s");
    }
}

/// The words of a screen, without lines.
fn words(rows: &[String]) -> Vec<String> {
    let words = rows.iter().flat_map(|row| row.split([' ', '│']));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

const LONG: [&str; 2] = [
    "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your \
     request and contact us if the problem persists, with the number A79C:1EC8F5:1A7BD6:1CF700 that",
    "サーバーエラーが発生しました しばらくしてから もう一度 お試しください サーバーエラーが発生しました \
     しばらくしてから もう一度 お試しください サーバーエラーが発生しました",
];

/// However long the server's words are: none is cut in two, and what was kept is told.
#[test]
fn a_long_sentence_is_broken_between_words_and_says_what_was_kept() {
    for said in LONG {
        let job = Scenario { bad_page: Some((Mode::Sequential, 3)), said, ..real() };
        let message = format!("answered page 3 with 502: {said}; try again later.");
        let message: Vec<&str> = message.split_whitespace().collect();
        let over = AppDriver::new(job.clone(), Selection::race(Workload::Followers)).play_to_end();
        let moving = AppDriver::new(job, Selection::race(Workload::Followers))
            .play_until(Mode::Threads, 600);
        for (mut driver, then) in [(over, "Kept: 97 followers. r tries again."), (moving, "")] {
            for width in 40..=120 {
                for height in [10, 12, 14, 20, 30] {
                    let words = words(&driver.rows((width, height)));
                    assert_words(&words, &message, &format!("{width}x{height}"));
                    assert!(words.join(" ").contains(then), "{width}x{height}: {words:?}");
                }
            }
        }
    }
}

/// The message is among the words, or its beginning and a mark after a whole word.
fn assert_words(words: &[String], message: &[&str], place: &str) {
    let words = &words[words.iter().position(|word| word == message[0]).expect("a message")..];
    let same = words.iter().zip(message).take_while(|(word, said)| word == said).count();
    let bare = |word: &str| word.trim_end_matches(['…', ',', ';', ':', '.']).to_owned();
    let told = same == message.len() || bare(&words[same]) == bare(message[same]);
    assert!(told, "{place}: {} for {}", words[same], message[same]);
}

#[test]
fn why_the_preparing_request_takes_so_long() {
    let mut driver = AppDriver::new(real(), Selection::race(Workload::Followers));
    let task = TaskId(1);
    while !matches!(driver.play_event().unwrap().kind, EventKind::TaskStarted { .. }) {}
    let message = "api.github.com cannot be reached (no route); check the network, or --api-url";
    let failure = Failure::new(FailureKind::Unreachable, message);
    let kind = EventKind::AttemptFailed { task, failure, retry_at: Nanos(9_000_000) };
    driver.app.update(Msg::Event(Event { at: Nanos(4_000_000), lane: LaneId(0), kind }));
    let line = |driver: &mut AppDriver, size| {
        let mut rows = driver.rows(size).into_iter();
        rows.find(|row| row.contains("retrying: ")).unwrap()
    };
    assert!(line(&mut driver, (120, 36)).contains(message));
    assert!(line(&mut driver, (60, 20)).trim_end().ends_with('…'));
}
