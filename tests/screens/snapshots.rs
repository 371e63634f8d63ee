//! Whole screens as text: each scene at the sizes at which it is drawn differently. After a change
//! on purpose: `INSTA_UPDATE=always cargo test --test screens`, then read the diff.

use std::fmt::Write as _;

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Selection, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};

/// Boxes; a usual terminal; a low one; a narrow one; one without room for lanes.
pub(crate) const WIDE: (u16, u16) = (120, 36);
pub(crate) const USUAL: (u16, u16) = (80, 24);
const LOW: (u16, u16) = (60, 14);
pub(crate) const NARROW: (u16, u16) = (40, 12);
const TINY: (u16, u16) = (39, 9);
pub(crate) const EVERY: [(u16, u16); 5] = [WIDE, USUAL, LOW, NARROW, TINY];

/// The scene at each of the sizes, one below the other.
pub(crate) fn screens(mut sitting: Sitting, sizes: &[(u16, u16)]) -> String {
    pictures(&mut sitting, sizes)
}

/// The same of a sitting that goes on.
pub(crate) fn pictures(sitting: &mut Sitting, sizes: &[(u16, u16)]) -> String {
    let mut text = String::new();
    for &size in sizes {
        let screen = sitting.text(size, COLOUR);
        writeln!(text, "{}x{}\n{screen}", size.0, size.1).unwrap();
    }
    text
}

/// The built-in example with `followers`, and what a person may have asked for.
fn many(followers: u32, workers: u16) -> Job {
    Job { followers, listed: followers, workers: Some(workers), ..Job::default() }
}

pub(crate) fn real() -> Job {
    Job { costs_quota: true, ..Job::default() }
}

#[test]
fn race_finished() {
    insta::assert_snapshot!(screens(Sitting::race().finished(), &EVERY));
}

#[test]
fn race_asking_for_the_profile() {
    let mut sitting = Sitting::race();
    sitting.play(threadline::model::Nanos::from_millis(120));
    insta::assert_snapshot!(screens(sitting, &[WIDE, USUAL, TINY]));
}

#[test]
fn race_in_the_middle_of_sequential() {
    let sitting = Sitting::race().until(Mode::Sequential, 2_500);
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn race_in_the_middle_of_threads() {
    let sitting = Sitting::race().until(Mode::Threads, 600);
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn threads_alone_against_the_sequential_run_before() {
    let sequential =
        Sitting::new(Job::default(), Selection::only(Workload::Followers, Mode::Sequential))
            .finished();
    let threads = sequential.pressed("3").finished();
    insta::assert_snapshot!(screens(threads, &[WIDE, USUAL, LOW]));
}

#[test]
fn sequential_alone() {
    let sitting =
        Sitting::new(Job::default(), Selection::only(Workload::Followers, Mode::Sequential))
            .finished();
    insta::assert_snapshot!(screens(sitting, &[WIDE, USUAL, NARROW]));
}

#[test]
fn a_mode_that_waits_for_another_to_be_over() {
    let sitting = Sitting::race().until(Mode::Sequential, 2_500).pressed("3");
    insta::assert_snapshot!(screens(sitting, &[WIDE, USUAL, TINY]));
}

#[test]
fn a_mode_not_yet_run_says_what_it_costs() {
    let race = Sitting::new(real(), Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(race.pressed("3"), &EVERY));
}

#[test]
fn an_unknown_user() {
    let job = Job { unknown_user: true, ..real() };
    let sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn a_page_that_failed() {
    let job = Job { bad_page: Some((Mode::Sequential, 3)), ..Job::default() };
    let sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn a_list_that_is_shorter_than_the_profile_says() {
    let job = Job { followers: 152, ..Job::default() };
    let sitting = Sitting::new(job, Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(sitting, &[USUAL]));
}

#[test]
fn stopped() {
    let sitting = Sitting::race().until(Mode::Sequential, 2_500).pressed("x").finished();
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn the_keys() {
    let sitting = Sitting::race().finished().pressed("?");
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn the_question_before_quitting() {
    let sitting = Sitting::race().until(Mode::Threads, 600).pressed("q");
    insta::assert_snapshot!(screens(sitting, &[WIDE, USUAL, NARROW, TINY]));
}

#[test]
fn paused_and_behind() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 2_500).pressed(" ");
    sitting.play(threadline::model::Nanos::from_millis(4_000));
    insta::assert_snapshot!(screens(sitting, &EVERY));
}

#[test]
fn zoomed_and_panned() {
    let mut sitting = Sitting::race().finished();
    // A person sees a picture before pressing keys on it.
    sitting.draw(WIDE, COLOUR);
    let mut sitting = sitting.pressed("+++");
    sitting.press(KeyCode::Left);
    insta::assert_snapshot!(screens(sitting, &[WIDE]));
}

#[test]
fn a_lane_chosen() {
    let sitting = Sitting::race().finished().pressed("jjj");
    insta::assert_snapshot!(screens(sitting, &[WIDE, USUAL, LOW, NARROW]));
}

#[test]
fn a_run_refused_because_another_goes_on() {
    let sitting = Sitting::race().until(Mode::Sequential, 2_500).pressed("r]");
    let sitting = sitting.pressed("r");
    insta::assert_snapshot!(screens(sitting, &[USUAL]));
}

#[test]
fn forty_lanes() {
    let sitting = Sitting::new(many(3_000, 40), Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(sitting, &[WIDE, USUAL, LOW, NARROW]));
}

#[test]
fn forty_lanes_with_the_last_chosen() {
    let sitting = Sitting::new(many(3_000, 40), Selection::race(Workload::Followers)).finished();
    insta::assert_snapshot!(screens(sitting.pressed(&"j".repeat(41)), &[USUAL]));
}

/// No figure is cut, however long it is.
#[test]
fn ten_thousand_pages_on_a_thousand_lanes() {
    let sitting =
        Sitting::new(many(300_000, 1_000), Selection::only(Workload::Followers, Mode::Threads));
    insta::assert_snapshot!(screens(sitting.until(Mode::Threads, 5_000), &[WIDE, USUAL, NARROW]));
}

/// The finished race on a terminal of another kind.
fn on(depth: Depth, glyphs: Glyphs) -> String {
    Sitting::race().finished().text(USUAL, Kit(depth, glyphs))
}

#[test]
fn race_finished_in_ascii() {
    let screen = on(Depth::True, Glyphs::Ascii);
    assert!(screen.is_ascii(), "only ASCII was asked for:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn race_finished_without_colour() {
    insta::assert_snapshot!(on(Depth::Mono, Glyphs::Unicode));
}

#[test]
fn race_finished_in_sixteen_colours() {
    insta::assert_snapshot!(on(Depth::Sixteen, Glyphs::Unicode));
}

#[test]
fn styles_on_dark() {
    let mut screen = Sitting::race().finished().draw(USUAL, COLOUR);
    insta::assert_debug_snapshot!(screen.current_buffer_mut());
}

#[test]
fn styles_on_light() {
    let mut screen = Sitting::race().finished().pressed("t").draw(USUAL, COLOUR);
    insta::assert_debug_snapshot!(screen.current_buffer_mut());
}

#[test]
fn styles_without_colour() {
    let mut screen = Sitting::race().finished().draw(USUAL, Kit(Depth::Mono, Glyphs::Unicode));
    insta::assert_debug_snapshot!(screen.current_buffer_mut());
}
