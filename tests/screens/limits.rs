//! Whole screens of runs that meet limits, failures and a list that the API shows in part.

use threadline::app::Msg;
use threadline::model::{
    Event, Failure, FailureKind, Kind, LaneId, LimitKind, Mode, Nanos, Selection, TaskId, Workload,
};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};
use crate::snapshots::{EVERY, USUAL, real, screens};

fn limited(kind: LimitKind) -> Job {
    let limited = Some((Mode::Threads, 5, kind));
    Job { followers: 720, listed: 720, remaining: 1_250, limited, ..real() }
}

#[test]
fn a_secondary_limit_that_holds() {
    let sitting = Sitting::new(limited(LimitKind::Secondary), Selection::race(Workload::Followers));
    insta::assert_snapshot!(screens(sitting.until(Mode::Threads, 20_000), &EVERY));
}

#[test]
fn a_primary_limit_that_holds() {
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let sitting = Sitting::new(limited(LimitKind::Primary), threads);
    insta::assert_snapshot!(screens(sitting.until(Mode::Threads, 51_000).pressed("jjjjj"), &EVERY));
}

#[test]
fn fewer_in_flight_after_a_limit() {
    let threads = Selection::only(Workload::Followers, Mode::Threads);
    let sitting = Sitting::new(limited(LimitKind::Secondary), threads);
    insta::assert_snapshot!(screens(sitting.until(Mode::Threads, 60_900), &EVERY));
}

#[test]
fn over_after_a_limit() {
    let sitting = Sitting::new(limited(LimitKind::Secondary), Selection::race(Workload::Followers))
        .finished();
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

fn retried() -> Job {
    Job { retried: Some((Mode::Threads, 3, 2)), ..real() }
}

#[test]
fn a_page_that_waits_for_its_next_attempt() {
    let sitting =
        Sitting::new(retried(), Selection::race(Workload::Followers)).until(Mode::Threads, 700);
    insta::assert_snapshot!(screens(sitting.pressed("jjjj"), &EVERY));
}

#[test]
fn a_page_that_was_asked_for_three_times() {
    let sitting = Sitting::new(retried(), Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(sitting.pressed("jjjj"), &EVERY));
}

#[test]
fn a_list_that_the_api_shows_in_part() {
    let job = Job { followers: 300, listed: 300, shown: 6, ..real() };
    insta::assert_snapshot!(screens(
        Sitting::new(job, Selection::race(Workload::Followers)).finished(),
        &EVERY
    ));
}

/// A limit that holds, on a terminal of another kind.
fn on(depth: Depth, glyphs: Glyphs) -> String {
    let sitting = Sitting::new(limited(LimitKind::Secondary), Selection::race(Workload::Followers));
    sitting.until(Mode::Threads, 20_000).text(USUAL, Kit(depth, glyphs))
}

#[test]
fn a_limit_in_ascii() {
    let screen = on(Depth::True, Glyphs::Ascii);
    assert!(screen.is_ascii(), "only ASCII was asked for:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn a_limit_without_colour() {
    insta::assert_snapshot!(on(Depth::Mono, Glyphs::Unicode));
}

#[test]
fn a_limit_in_sixteen_colours() {
    insta::assert_snapshot!(on(Depth::Sixteen, Glyphs::Unicode));
}

/// Where no task is left, there is nothing to hold back.
#[test]
fn only_lanes_with_a_task_say_how_long_it_waits() {
    let job = Job { limited: Some((Mode::Threads, 3, LimitKind::Secondary)), ..real() };
    let mut sitting =
        Sitting::new(job, Selection::race(Workload::Followers)).until(Mode::Threads, 20_000);
    for size in [(120, 36), (100, 30), (80, 24), (60, 14), (40, 12)] {
        let rows = sitting.rows(size);
        let lanes = rows.iter().filter(|row| row.contains("worker-"));
        let held: Vec<&String> = lanes.filter(|row| row.contains(" 41 s ")).collect();
        assert!(held.len() == 1 && held[0].contains("worker-3"), "{size:?}: {held:#?}");
    }
}

/// A page that failed before is told when there is time for it.
#[test]
fn a_limit_that_holds_goes_before_what_failed() {
    let bad_page = Some((Mode::Sequential, 2));
    let sitting = Sitting::new(
        Job { bad_page, ..limited(LimitKind::Secondary) },
        Selection::race(Workload::Followers),
    );
    let rows = sitting.until(Mode::Threads, 20_000).rows((80, 24));
    let limit = " secondary rate limit: nothing is asked for 41 s, until 22:09:20 UTC";
    assert!(rows.iter().any(|row| row.starts_with(limit)), "{rows:#?}");
}

/// The wait says nothing about how long the rest takes.
#[test]
fn a_limit_does_not_stretch_the_axis() {
    let job = Job { followers: 6_000, listed: 6_000, ..limited(LimitKind::Secondary) };
    let mut sitting = Sitting::new(job, Selection::only(Workload::Followers, Mode::Threads))
        .until(Mode::Threads, 0);
    for second in 0..64 {
        sitting.play(Nanos::from_millis(second * 1_000));
        sitting.draw((80, 24), COLOUR);
        let horizon = sitting.app.viewport().horizon();
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
        let job = Job { bad_page: Some((Mode::Sequential, 3)), said, ..real() };
        let message = format!("answered page 3 with 502: {said}; try again later.");
        let message: Vec<&str> = message.split_whitespace().collect();
        let over = Sitting::new(job.clone(), Selection::race(Workload::Followers)).finished();
        let moving =
            Sitting::new(job, Selection::race(Workload::Followers)).until(Mode::Threads, 600);
        for (mut sitting, then) in [(over, "Kept: 97 followers. r tries again."), (moving, "")] {
            for width in 40..=120 {
                for height in [10, 12, 14, 20, 30] {
                    let words = words(&sitting.rows((width, height)));
                    assert_told(&words, &message, &format!("{width}x{height}"));
                    assert!(words.join(" ").contains(then), "{width}x{height}: {words:?}");
                }
            }
        }
    }
}

/// The message is among the words, or its beginning and a mark after a whole word.
fn assert_told(words: &[String], message: &[&str], place: &str) {
    let words = &words[words.iter().position(|word| word == message[0]).expect("a message")..];
    let same = words.iter().zip(message).take_while(|(word, said)| word == said).count();
    let bare = |word: &str| word.trim_end_matches(['…', ',', ';', ':', '.']).to_owned();
    let told = same == message.len() || bare(&words[same]) == bare(message[same]);
    assert!(told, "{place}: {} for {}", words[same], message[same]);
}

#[test]
fn why_the_preparing_request_takes_so_long() {
    let mut sitting = Sitting::new(real(), Selection::race(Workload::Followers));
    let task = TaskId(1);
    while !matches!(sitting.step().unwrap().kind, Kind::Started { .. }) {}
    let message = "api.github.com cannot be reached (no route): check the network, or --api-url";
    let failure = Failure::new(FailureKind::Unreachable, message);
    let kind = Kind::AttemptFailed { task, failure, again: Nanos(9_000_000) };
    sitting.app.update(Msg::Event(Event { at: Nanos(4_000_000), lane: LaneId(0), kind }));
    let line = |sitting: &mut Sitting, size| {
        let mut rows = sitting.rows(size).into_iter();
        rows.find(|row| row.contains("trying again: ")).unwrap()
    };
    assert!(line(&mut sitting, (120, 36)).contains(message));
    assert!(line(&mut sitting, (60, 20)).trim_end().ends_with('…'));
}
