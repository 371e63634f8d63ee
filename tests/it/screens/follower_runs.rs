//! Whole screens of follower runs. After an intended change:
//! `INSTA_UPDATE=always cargo test --test it screens::`, then read the diff.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::screen_text::{
    ALL_SIZES, NARROW, SHORT, STANDARD, TINY, WIDE, screen_styles, screens,
};

/// The built-in example with other numbers of followers and workers.
fn example_with(followers: u32, workers: u16) -> Scenario {
    Scenario { followers, listed: followers, workers: Some(workers), ..Scenario::default() }
}

/// The built-in example on an API with a quota.
pub(crate) fn api_with_quota() -> Scenario {
    Scenario { costs_quota: true, ..Scenario::default() }
}

#[test]
fn finished_race_is_drawn_at_every_size() {
    insta::assert_snapshot!(screens(AppDriver::race().play_to_end(), &ALL_SIZES));
}

#[test]
fn race_is_drawn_during_its_sequential_run() {
    let driver = AppDriver::race().play_until(Mode::Sequential, 2_500);
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn race_is_drawn_during_its_threads_run() {
    let driver = AppDriver::race().play_until(Mode::Threads, 600);
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

/// The threads are home while the sequential run fetches its second page.
#[test]
fn built_in_race_is_drawn_while_the_sequential_run_crawls() {
    let driver = AppDriver::built_in_race().play_until(Mode::Sequential, 1_600);
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn finished_built_in_race_is_drawn_at_every_size() {
    insta::assert_snapshot!(screens(AppDriver::built_in_race().play_to_end(), &ALL_SIZES));
}

#[test]
fn threads_run_shows_its_speed_up_over_an_earlier_sequential_run() {
    let sequential =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Sequential))
            .play_to_end();
    let threads = sequential.press_keys("3").play_to_end();
    insta::assert_snapshot!(screens(threads, &[WIDE, STANDARD, SHORT]));
}

#[test]
fn sequential_run_is_drawn() {
    let driver =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Sequential))
            .play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD, NARROW]));
}

#[test]
fn mode_queued_behind_an_active_run_is_drawn() {
    let driver = AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys("3");
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD, TINY]));
}

#[test]
fn mode_that_costs_quota_shows_its_cost_before_it_runs() {
    let race = AppDriver::new(api_with_quota(), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(race.press_keys("3"), &ALL_SIZES));
}

#[test]
fn unknown_user_is_reported() {
    let scenario = Scenario { unknown_user: true, ..api_with_quota() };
    let driver = AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn failed_page_is_reported() {
    let scenario = Scenario { bad_page: Some((Mode::Sequential, 3)), ..Scenario::default() };
    let driver = AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn stopped_race_is_drawn_at_every_size() {
    let driver =
        AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys("x").play_to_end();
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn help_is_drawn_at_every_size() {
    let driver = AppDriver::race().play_to_end().press_keys("?");
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn quit_confirmation_is_drawn() {
    let driver = AppDriver::race().play_until(Mode::Threads, 600).press_keys("q");
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD, NARROW, TINY]));
}

#[test]
fn paused_view_shows_its_lag() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 2_500).press_keys(" ");
    driver.play_to(threadline::model::Nanos::from_millis(4_000));
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn zoomed_and_panned_view_is_drawn() {
    let mut driver = AppDriver::race().play_to_end();
    // Keys act on the last frame.
    driver.draw(WIDE, COLOUR);
    let mut driver = driver.press_keys("+++");
    driver.press(KeyCode::Left);
    insta::assert_snapshot!(screens(driver, &[WIDE]));
}

#[test]
fn selected_lane_is_drawn() {
    let driver = AppDriver::race().play_to_end().press_keys("jjj");
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD, SHORT, NARROW]));
}

#[test]
fn notice_of_r_during_an_active_run_is_drawn() {
    let race = AppDriver::new(api_with_quota(), Selection::race(Workload::Followers));
    let driver = race.play_until(Mode::Sequential, 2_500).press_keys("r]");
    let driver = driver.press_keys("r");
    insta::assert_snapshot!(screens(driver, &[STANDARD]));
}

#[test]
fn forty_lanes_are_drawn() {
    let driver =
        AppDriver::new(example_with(3_000, 40), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD, SHORT, NARROW]));
}

#[test]
fn forty_lanes_are_drawn_with_the_last_one_selected() {
    let driver =
        AppDriver::new(example_with(3_000, 40), Selection::race(Workload::Followers)).play_to_end();
    insta::assert_snapshot!(screens(driver.press_keys(&"j".repeat(41)), &[STANDARD]));
}

#[test]
fn figures_of_ten_thousand_pages_on_a_thousand_lanes_are_complete() {
    let driver = AppDriver::new(
        example_with(300_000, 1_000),
        Selection::only(Workload::Followers, Mode::Threads),
    );
    insta::assert_snapshot!(screens(
        driver.play_until(Mode::Threads, 5_000),
        &[WIDE, STANDARD, NARROW]
    ));
}

/// The finished race on another kind of terminal.
fn finished_race_on(depth: ColorDepth, glyphs: GlyphSet) -> String {
    AppDriver::race().play_to_end().text(STANDARD, TerminalKind(depth, glyphs))
}

#[test]
fn finished_race_is_drawn_in_ascii() {
    let screen = finished_race_on(ColorDepth::True, GlyphSet::Ascii);
    assert!(screen.is_ascii(), "not only ASCII:\n{screen}");
    insta::assert_snapshot!(screen);
}

#[test]
fn finished_race_is_drawn_without_colour() {
    insta::assert_snapshot!(finished_race_on(ColorDepth::Mono, GlyphSet::Unicode));
}

#[test]
fn finished_race_is_drawn_in_sixteen_colours() {
    insta::assert_snapshot!(finished_race_on(ColorDepth::Sixteen, GlyphSet::Unicode));
}

#[test]
fn finished_race_styles_are_drawn_on_dark() {
    insta::assert_snapshot!(screen_styles(&mut AppDriver::race().play_to_end(), COLOUR));
}

#[test]
fn finished_race_styles_are_drawn_on_light() {
    insta::assert_snapshot!(screen_styles(
        &mut AppDriver::race().play_to_end().press_keys("t"),
        COLOUR
    ));
}

#[test]
fn finished_race_styles_are_drawn_without_colour() {
    let terminal_kind = TerminalKind(ColorDepth::Mono, GlyphSet::Unicode);
    insta::assert_snapshot!(screen_styles(&mut AppDriver::race().play_to_end(), terminal_kind));
}
