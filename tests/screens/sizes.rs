//! No size panics, and at each that has room for lanes the workload, the mode and the lane that was
//! chosen are in sight. Every size from 0x0 to 200x60 is drawn for each mode finished and in its middle,
//! and for a race that failed, with a lane chosen; every other scene takes every size near where the
//! layout changes, and every 29th width and height between.

use std::ops::Range;

use ratatui::crossterm::event::KeyCode;
use threadline::app::{App, Msg};
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};

const MAX_WIDTH: u16 = 200;
const MAX_HEIGHT: u16 = 60;

const KITS: [TerminalKind; 4] = [
    COLOUR,
    TerminalKind(ColorDepth::Mono, GlyphSet::Unicode),
    TerminalKind(ColorDepth::Sixteen, GlyphSet::Ascii),
    TerminalKind(ColorDepth::Indexed, GlyphSet::Unicode),
];

/// Sizes at which the layout changes, each with its neighbours, and every 29th between.
fn sampled(most: u16, borders: &[u16]) -> Vec<u16> {
    let near = |size: u16| borders.iter().any(|&border| border.abs_diff(size) <= 1);
    (0..=most).filter(|&size| size < 4 || size % 29 == 0 || size == most || near(size)).collect()
}

/// The least width and height that have room for lanes.
const LANES: (u16, u16) = (40, 10);

/// The least height that has a title.
const TITLE: u16 = 20;

fn draw_sampled(mut driver: AppDriver, terminal_kind: TerminalKind) {
    let heights = sampled(MAX_HEIGHT, &[10, 14, 20, 30]);
    for &width in &sampled(MAX_WIDTH, &[40, 60, 80, 110]) {
        for &height in &heights {
            assert_in_sight(&mut driver, (width, height), terminal_kind);
        }
    }
}

fn draw_every(mut driver: AppDriver, terminal_kind: TerminalKind) {
    for width in 0..=MAX_WIDTH {
        for height in 0..=MAX_HEIGHT {
            assert_in_sight(&mut driver, (width, height), terminal_kind);
        }
    }
}

/// The name of the lane that was chosen.
pub(crate) fn chosen_lane(app: &App) -> Option<String> {
    let mut place = app.lane_index()?;
    for (run, _) in app.visible_runs() {
        match place.checked_sub(run.lanes().len()) {
            Some(rest) => place = rest,
            None if run.plan().mode == Mode::Sequential => return Some(String::new()),
            None => return Some(run.worker_name(place as u16)),
        }
    }
    None
}

/// Draws a screen, and asserts what a person must see on it. What lies over it may cover all.
#[track_caller]
pub(crate) fn assert_in_sight(
    driver: &mut AppDriver,
    (width, height): (u16, u16),
    terminal_kind: TerminalKind,
) {
    let mut terminal = driver.draw((width, height), terminal_kind);
    let app = &driver.app;
    let covered = app.overlay().is_some() || app.detail_pane().is_some();
    if covered || width < LANES.0 || height < LANES.1 {
        return;
    }
    let buffer = terminal.current_buffer_mut();
    let cells =
        |y, columns: Range<u16>| -> String { columns.map(|x| buffer[(x, y)].symbol()).collect() };
    let shown = app.selection();
    let screen = format!("{shown} of {} at {width}x{height}", shown.workload);
    let modes = u16::from(height >= TITLE);
    let title = cells(0, 0..width);
    assert!(title.contains(&shown.workload.to_string()), "{screen}: no workload in {title:?}");
    let row = cells(modes, 0..width);
    // Where there is little room: `seq`, `w-3`, and a number of lanes that have no row of their own.
    let mode: String = shown.to_string().chars().take(3).collect();
    assert!(row.contains(&mode), "{screen}: no mode in {row:?}");
    if let Some(name) = chosen_lane(app) {
        let marked = |&y: &u16| cells(y, 0..3).trim_start_matches(['│', '|']).starts_with('>');
        let marked: Vec<String> = (0..height).filter(marked).map(|y| cells(y, 0..width)).collect();
        let [lane] = marked.as_slice() else {
            let rows: Vec<String> = (0..height).map(|y| cells(y, 0..width)).collect();
            panic!("{screen}: not one lane is marked:\n{}", rows.join("\n"));
        };
        let number = name.rsplit(['-', ' ']).next().unwrap();
        let named = lane.contains(number) || lane.contains(" +");
        assert!(named, "{screen}: {name} is not {lane:?}");
    }
}

fn every_selection() -> impl Iterator<Item = Selection> {
    Selection::all(Workload::Followers)
}

fn mode_of(selection: Selection) -> Mode {
    *selection.modes().last().unwrap()
}

#[test]
fn every_size_in_the_middle_of_a_race() {
    draw_every(AppDriver::race().play_until(Mode::Threads, 600), COLOUR);
}

#[test]
fn every_size_in_the_middle_of_sequential() {
    let sequential = Selection::only(Workload::Followers, Mode::Sequential);
    let driver = AppDriver::new(Scenario::default(), sequential);
    draw_every(driver.play_until(Mode::Sequential, 2_500), COLOUR);
}

#[test]
fn every_size_in_the_middle_of_threads() {
    let driver =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Threads));
    draw_every(driver.play_until(Mode::Threads, 600), COLOUR);
}

#[test]
fn every_size_of_a_finished_race() {
    draw_every(AppDriver::race().play_to_end(), COLOUR);
}

#[test]
fn every_size_of_finished_sequential() {
    let sequential = Selection::only(Workload::Followers, Mode::Sequential);
    draw_every(AppDriver::new(Scenario::default(), sequential).play_to_end(), COLOUR);
}

#[test]
fn every_size_of_finished_threads() {
    draw_every(
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Threads))
            .play_to_end(),
        COLOUR,
    );
}

#[test]
fn every_size_of_a_failed_run_with_a_lane_chosen() {
    let job = Scenario { bad_page: Some((Mode::Sequential, 3)), ..Scenario::default() };
    draw_every(
        AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end().press_keys("jj"),
        COLOUR,
    );
}

/// A limit is reached at the fifth page of the threads, and the third was asked for three times.
fn limited(kind: LimitKind) -> AppDriver {
    let job = Scenario {
        costs_quota: true,
        followers: 720,
        listed: 720,
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, kind)),
        ..Scenario::default()
    };
    AppDriver::new(job, Selection::race(Workload::Followers))
}

#[test]
fn every_size_while_a_limit_holds() {
    draw_every(
        limited(LimitKind::Secondary).play_until(Mode::Threads, 20_000).press_keys("jjjj"),
        COLOUR,
    );
}

#[test]
fn every_kit_before_while_and_after_a_limit_holds() {
    for millis in [700, 60_000, 299_000, 301_500] {
        for terminal_kind in KITS {
            let driver = limited(LimitKind::Primary).play_until(Mode::Threads, millis);
            draw_sampled(driver.press_keys("jjjj"), terminal_kind);
        }
    }
}

#[test]
fn every_mode_before_its_first_event() {
    for selection in every_selection() {
        draw_sampled(AppDriver::new(Scenario::default(), selection), COLOUR);
    }
}

#[test]
fn every_mode_not_yet_run() {
    let real = Scenario { costs_quota: true, ..Scenario::default() };
    let mut driver = AppDriver::new(real, Selection::race(Workload::Followers)).play_to_end();
    for key in ['2', '3'] {
        driver = driver.press_keys(&key.to_string());
        assert!(driver.app.runs().is_empty(), "a costly mode does not run unasked");
        for width in sampled(MAX_WIDTH, &[40, 60, 80, 110]) {
            for height in sampled(MAX_HEIGHT, &[10, 14, 20, 30]) {
                assert_in_sight(&mut driver, (width, height), COLOUR);
            }
        }
    }
}

#[test]
fn every_mode_in_its_middle() {
    for selection in every_selection() {
        let driver = AppDriver::new(Scenario::default(), selection);
        draw_sampled(driver.play_until(mode_of(selection), 500), COLOUR);
    }
}

#[test]
fn every_mode_finished_in_every_kit() {
    for (selection, terminal_kind) in every_selection().zip(KITS.into_iter().cycle()) {
        draw_sampled(AppDriver::new(Scenario::default(), selection).play_to_end(), terminal_kind);
    }
    draw_sampled(AppDriver::race().play_to_end(), KITS[3]);
}

#[test]
fn every_mode_stopped_and_failed() {
    for selection in every_selection() {
        let driver =
            AppDriver::new(Scenario::default(), selection).play_until(selection.modes()[0], 500);
        draw_sampled(driver.press_keys("x").play_to_end(), COLOUR);
        let unknown = Scenario { unknown_user: true, ..Scenario::default() };
        draw_sampled(AppDriver::new(unknown, selection).play_to_end(), COLOUR);
    }
}

#[test]
fn popups_over_every_mode() {
    for selection in every_selection() {
        for key in ["?", "q"] {
            let driver =
                AppDriver::new(Scenario::default(), selection).play_until(mode_of(selection), 500);
            draw_sampled(driver.press_keys(key), COLOUR);
        }
    }
}

/// What is found, the table, a comparison, and why to trust it all.
#[test]
fn every_size_of_what_is_looked_up() {
    let job = Scenario { retried: Some((Mode::Threads, 3, 2)), ..Scenario::default() };
    let measured = |keys: &str| {
        let mut driver = AppDriver::new(job.clone(), Selection::race(Workload::Followers));
        driver.app.update(Msg::EventOverhead(Nanos(2_000_000)));
        driver.app.update(Msg::FrameDrawn(Nanos(1_500_000)));
        let mut driver = driver.play_to_end().press_keys("r").play_until(Mode::Threads, 900);
        driver.draw((120, 36), COLOUR);
        driver.press_keys(keys)
    };
    let entering = format!("/{}", "wide日本 ".repeat(30));
    for (keys, terminal_kind) in
        [&entering, "c", "T>>>>I", "?", "cjjj"].into_iter().zip(KITS.into_iter().cycle())
    {
        draw_sampled(measured(keys), terminal_kind);
    }
    for text in ["/wer-1", "/502", "/nobody has this"] {
        let mut found = measured(text);
        found.press(KeyCode::Enter);
        draw_sampled(found, COLOUR);
    }
    draw_every(measured("T"), COLOUR);
}

#[test]
fn forty_lanes_with_each_end_chosen() {
    let job =
        Scenario { followers: 3_000, listed: 3_000, workers: Some(40), ..Scenario::default() };
    for keys in ["", "j", &"j".repeat(50)] {
        let driver = AppDriver::new(job.clone(), Selection::race(Workload::Followers))
            .play_until(Mode::Threads, 1_500);
        draw_sampled(driver.press_keys(keys), COLOUR);
    }
}

/// Far out, far in, at both ends, held still.
#[test]
fn zoomed_as_far_as_it_goes() {
    for (zoom, end) in [("+", KeyCode::Home), ("-", KeyCode::End), ("+", KeyCode::Right)] {
        let mut driver = AppDriver::race().play_until(Mode::Threads, 600);
        driver.draw((120, 36), COLOUR);
        let mut driver = driver.press_keys(&zoom.repeat(60));
        driver.press(end);
        let mut driver = driver.press_keys(" ");
        driver.play_to(Nanos::from_millis(900));
        draw_sampled(driver, COLOUR);
    }
}

#[test]
fn every_size_of_a_race_of_four_modes() {
    let race = AppDriver::new(Scenario::default(), Selection::race(Workload::Mixed));
    draw_every(race.play_until(Mode::Processes, 100).press_keys("jjjjjjjj"), COLOUR);
}

/// Every workload in every mode, in its middle and over, in every kit.
#[test]
fn every_workload_in_every_mode() {
    let workloads = Workload::SELECTABLE.into_iter().chain([Workload::Commands]);
    let selections = workloads.flat_map(Selection::all);
    for (selection, terminal_kind) in selections.zip(KITS.into_iter().cycle()) {
        let job = Scenario { lost: Some(2), queue: Some(1), ..Scenario::default() };
        let driver = AppDriver::new(job.clone(), selection).play_until(mode_of(selection), 100);
        draw_sampled(driver.press_keys("jj"), terminal_kind);
        draw_sampled(AppDriver::new(job, selection).play_to_end().press_keys("j++"), terminal_kind);
    }
}
