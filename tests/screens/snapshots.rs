//! Whole screens as text: each scene at the sizes at which it is drawn differently. After a change
//! on purpose: `INSTA_UPDATE=always cargo test --test screens`, then read the diff.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::crossterm::event::KeyCode;
use ratatui::style::Color;
use threadline::model::{Mode, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};

/// Boxes; a usual terminal; a low one; a narrow one; one without room for lanes.
pub(crate) const WIDE: (u16, u16) = (120, 36);
pub(crate) const USUAL: (u16, u16) = (80, 24);
const LOW: (u16, u16) = (60, 14);
pub(crate) const NARROW: (u16, u16) = (40, 12);
const TINY: (u16, u16) = (39, 9);
pub(crate) const EVERY: [(u16, u16); 5] = [WIDE, USUAL, LOW, NARROW, TINY];

/// The scene at each of the sizes, one below the other.
pub(crate) fn screens(mut driver: AppDriver, sizes: &[(u16, u16)]) -> String {
    pictures(&mut driver, sizes)
}

/// The same of a sitting that goes on.
pub(crate) fn pictures(driver: &mut AppDriver, sizes: &[(u16, u16)]) -> String {
    let mut text = String::new();
    for &size in sizes {
        let screen = driver.text(size, COLOUR);
        writeln!(text, "{}x{}\n{screen}", size.0, size.1).unwrap();
    }
    text
}

/// The built-in example with `followers`, and what a person may have asked for.
fn many(followers: u32, workers: u16) -> Scenario {
    Scenario { followers, listed: followers, workers: Some(workers), ..Scenario::default() }
}

pub(crate) fn real() -> Scenario {
    Scenario { costs_quota: true, ..Scenario::default() }
}

#[test]
fn race_finished() {
    insta::assert_snapshot!(screens(AppDriver::race().play_to_end(), &EVERY));
}

#[test]
fn race_asking_for_the_profile() {
    let mut driver = AppDriver::race();
    driver.play_to(threadline::model::Nanos::from_millis(120));
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL, TINY]));
}

#[test]
fn race_in_the_middle_of_sequential() {
    let driver = AppDriver::race().play_until(Mode::Sequential, 2_500);
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn race_in_the_middle_of_threads() {
    let driver = AppDriver::race().play_until(Mode::Threads, 600);
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn threads_alone_against_the_sequential_run_before() {
    let sequential =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Sequential))
            .play_to_end();
    let threads = sequential.press_keys("3").play_to_end();
    insta::assert_snapshot!(screens(threads, &[WIDE, USUAL, LOW]));
}

#[test]
fn sequential_alone() {
    let driver =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Sequential))
            .play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL, NARROW]));
}

#[test]
fn a_mode_that_waits_for_another_to_be_over() {
    let driver = AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys("3");
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL, TINY]));
}

#[test]
fn a_mode_not_yet_run_says_what_it_costs() {
    let race = AppDriver::new(real(), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(race.press_keys("3"), &EVERY));
}

#[test]
fn an_unknown_user() {
    let job = Scenario { unknown_user: true, ..real() };
    let driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn a_page_that_failed() {
    let job = Scenario { bad_page: Some((Mode::Sequential, 3)), ..Scenario::default() };
    let driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn a_list_that_is_shorter_than_the_profile_says() {
    let job = Scenario { followers: 152, ..Scenario::default() };
    let driver = AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &[USUAL]));
}

#[test]
fn stopped() {
    let driver =
        AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys("x").play_to_end();
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn the_keys() {
    let driver = AppDriver::race().play_to_end().press_keys("?");
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn the_question_before_quitting() {
    let driver = AppDriver::race().play_until(Mode::Threads, 600).press_keys("q");
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL, NARROW, TINY]));
}

#[test]
fn paused_and_behind() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys(" ");
    driver.play_to(threadline::model::Nanos::from_millis(4_000));
    insta::assert_snapshot!(screens(driver, &EVERY));
}

#[test]
fn zoomed_and_panned() {
    let mut driver = AppDriver::race().play_to_end();
    // A person sees a picture before pressing keys on it.
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("+++");
    driver.press(KeyCode::Left);
    insta::assert_snapshot!(screens(driver, &[WIDE]));
}

#[test]
fn a_lane_chosen() {
    let driver = AppDriver::race().play_to_end().press_keys("jjj");
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL, LOW, NARROW]));
}

#[test]
fn a_run_refused_because_another_goes_on() {
    let driver = AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys("r]");
    let driver = driver.press_keys("r");
    insta::assert_snapshot!(screens(driver, &[USUAL]));
}

#[test]
fn forty_lanes() {
    let driver =
        AppDriver::new(many(3_000, 40), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, USUAL, LOW, NARROW]));
}

#[test]
fn forty_lanes_with_the_last_chosen() {
    let driver =
        AppDriver::new(many(3_000, 40), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver.press_keys(&"j".repeat(41)), &[USUAL]));
}

/// No figure is cut, however long it is.
#[test]
fn ten_thousand_pages_on_a_thousand_lanes() {
    let driver =
        AppDriver::new(many(300_000, 1_000), Selection::only(Workload::Followers, Mode::Threads));
    insta::assert_snapshot!(screens(
        driver.play_until(Mode::Threads, 5_000),
        &[WIDE, USUAL, NARROW]
    ));
}

/// The finished race on a terminal of another kind.
fn on(depth: ColorDepth, glyphs: GlyphSet) -> String {
    AppDriver::race().play_to_end().text(USUAL, TerminalKind(depth, glyphs))
}

#[test]
fn race_finished_in_ascii() {
    let screen = on(ColorDepth::True, GlyphSet::Ascii);
    assert!(screen.is_ascii(), "only ASCII was asked for:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn race_finished_without_colour() {
    insta::assert_snapshot!(on(ColorDepth::Mono, GlyphSet::Unicode));
}

#[test]
fn race_finished_in_sixteen_colours() {
    insta::assert_snapshot!(on(ColorDepth::Sixteen, GlyphSet::Unicode));
}

/// The screen as runs of cells that look alike, a row a line: `[text|style]`, or the text alone where
/// nothing is set.
pub(crate) fn styles(driver: &mut AppDriver, terminal_kind: TerminalKind) -> String {
    let mut screen = driver.draw(USUAL, terminal_kind);
    let buffer = screen.current_buffer_mut();
    let mut text = String::new();
    for row in buffer.content().chunks(USUAL.0.into()) {
        for run in row.chunk_by(|one, other| look(one) == look(other)) {
            let symbols: String = run.iter().map(Cell::symbol).collect();
            match look(&run[0]) {
                look if look.is_empty() => text.push_str(&symbols),
                look => write!(text, "[{symbols}|{look}]").unwrap(),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// A cell's colours and modifiers: `#eba222 on #000000 bold`.
fn look(cell: &Cell) -> String {
    let colour = |colour| match colour {
        Color::Reset => None,
        Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
        other => Some(other.to_string().to_lowercase()),
    };
    let ground = colour(cell.bg).map(|colour| format!("on {colour}"));
    let modifiers = cell.modifier.iter_names().map(|(name, _)| name.to_lowercase());
    colour(cell.fg).into_iter().chain(ground).chain(modifiers).collect::<Vec<_>>().join(" ")
}

#[test]
fn styles_on_dark() {
    insta::assert_snapshot!(styles(&mut AppDriver::race().play_to_end(), COLOUR));
}

#[test]
fn styles_on_light() {
    insta::assert_snapshot!(styles(&mut AppDriver::race().play_to_end().press_keys("t"), COLOUR));
}

#[test]
fn styles_without_colour() {
    let terminal_kind = TerminalKind(ColorDepth::Mono, GlyphSet::Unicode);
    insta::assert_snapshot!(styles(&mut AppDriver::race().play_to_end(), terminal_kind));
}
