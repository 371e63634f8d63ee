//! Drawing at any size: it never panics, and if there is room for lanes, the workload, the mode and
//! the selected lane are visible. Modes of followers are drawn at every size from 0x0 to 200x60,
//! other scenes near each change of the layout and at every 29th width and height between.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::KeyCode;
use ratatui::layout::Rect;
use threadline::app::{App, Msg};
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use super::programs;
use crate::app_driver::program_script::{counted, exact};
use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};

const MAX_WIDTH: u16 = 200;
const MAX_HEIGHT: u16 = 60;

const TERMINAL_KINDS: [TerminalKind; 4] = [
    COLOUR,
    TerminalKind(ColorDepth::Mono, GlyphSet::Unicode),
    TerminalKind(ColorDepth::Sixteen, GlyphSet::Ascii),
    TerminalKind(ColorDepth::Indexed, GlyphSet::Unicode),
];

/// The sizes at which the layout changes, with their neighbours, and every 29th size between.
fn sampled(max: u16, borders: &[u16]) -> Vec<u16> {
    let near = |size: u16| borders.iter().any(|&border| border.abs_diff(size) <= 1);
    (0..=max).filter(|&size| size < 4 || size % 29 == 0 || size == max || near(size)).collect()
}

/// The minimum width and height with lanes.
const MIN_SIZE_WITH_LANES: (u16, u16) = (40, 10);

/// The minimum height with a title.
const MIN_HEIGHT_WITH_TITLE: u16 = 20;

/// A terminal that is resized for each frame: a new one would allocate three screens.
struct Canvas(Terminal<TestBackend>);

impl Canvas {
    fn new() -> Self {
        Self(Terminal::new(TestBackend::new(0, 0)).unwrap())
    }

    /// Draws a screen of this size and returns it.
    fn draw(
        &mut self,
        driver: &mut AppDriver,
        (width, height): (u16, u16),
        terminal_kind: TerminalKind,
    ) -> &Buffer {
        self.0.resize(Rect::new(0, 0, width, height)).unwrap();
        self.0.current_buffer_mut().reset();
        driver.draw_on(&mut self.0, terminal_kind);
        self.0.current_buffer_mut()
    }
}

fn draw_sampled(mut driver: AppDriver, terminal_kind: TerminalKind) {
    let widths = sampled(MAX_WIDTH, &[40, 60, 80, 110]);
    draw_sizes(&mut driver, widths, &sampled(MAX_HEIGHT, &[10, 14, 20, 30]), terminal_kind);
}

fn draw_every(mut driver: AppDriver, terminal_kind: TerminalKind) {
    let heights: Vec<u16> = (0..=MAX_HEIGHT).collect();
    draw_sizes(&mut driver, 0..=MAX_WIDTH, &heights, terminal_kind);
}

fn draw_sizes(
    driver: &mut AppDriver,
    widths: impl IntoIterator<Item = u16>,
    heights: &[u16],
    terminal_kind: TerminalKind,
) {
    let mut canvas = Canvas::new();
    for width in widths {
        for &height in heights {
            let buffer = canvas.draw(driver, (width, height), terminal_kind);
            assert_selection_in(buffer, &driver.app);
        }
    }
}

/// The name of the selected lane. Empty for the only lane of a run, whose row may have the
/// name of the run.
pub(crate) fn selected_lane_name(app: &App) -> Option<String> {
    let mut index = app.picture().lane_index()?;
    for (run, _) in app.visible_runs() {
        match index.checked_sub(run.lanes().len()) {
            Some(rest) => index = rest,
            None if run.lanes().len() == 1 => return Some(String::new()),
            None => return Some(run.worker_name(index as u16)),
        }
    }
    None
}

/// Draws a screen and asserts that the workload, the mode and the selected lane are visible, unless
/// an overlay or a pane may cover them.
#[track_caller]
pub(crate) fn assert_selection_visible(
    driver: &mut AppDriver,
    size: (u16, u16),
    terminal_kind: TerminalKind,
) {
    let mut terminal = driver.draw(size, terminal_kind);
    assert_selection_in(terminal.current_buffer_mut(), &driver.app);
}

#[track_caller]
fn assert_selection_in(buffer: &Buffer, app: &App) {
    let Rect { width, height, .. } = buffer.area;
    let is_covered = app.overlay().is_some() || app.picture().detail_pane().is_some();
    if is_covered || width < MIN_SIZE_WITH_LANES.0 || height < MIN_SIZE_WITH_LANES.1 {
        return;
    }
    let rows: Vec<&[Cell]> = buffer.content().chunks(width.into()).collect();
    let text = |y: usize| -> String { rows[y].iter().map(Cell::symbol).collect() };
    let selection = app.selection();
    let screen = || format!("{selection} of {} at {width}x{height}", selection.workload);
    let title = text(0);
    let is_program = selection.workload.is_program();
    let workload = if is_program { "watch".to_owned() } else { selection.workload.to_string() };
    assert!(title.contains(&workload), "{}: no workload in {title:?}", screen());
    let row = if height >= MIN_HEIGHT_WITH_TITLE { text(1) } else { title };
    // Narrow screens have short names: `seq`, `w-3`, and `+5` for lanes without a row of their own.
    let mode: String = selection.to_string().chars().take(3).collect();
    assert!(is_program || row.contains(&mode), "{}: no mode in {row:?}", screen());
    if let Some(name) = selected_lane_name(app) {
        let is_marked = |row: &[Cell]| {
            let mut start = row.iter().take(3).map(Cell::symbol);
            start.find(|symbol| !["│", "|"].contains(symbol)) == Some(">")
        };
        let mut marked = (0..rows.len()).filter(|&y| is_marked(rows[y]));
        let (Some(lane), None) = (marked.next().map(text), marked.next()) else {
            let rows: Vec<String> = (0..rows.len()).map(text).collect();
            panic!("{}: expected one marked lane:\n{}", screen(), rows.join("\n"));
        };
        let number = name.rsplit(['-', ' ']).next().unwrap();
        // A folded group stands for its threads, and long names are cut.
        let is_group = is_program && (lane.contains('▸') || lane.contains("+ "));
        let is_cut = is_program && lane.contains(name.get(..3).unwrap_or(&name));
        let is_named = lane.contains(number) || lane.contains(" +") || is_group || is_cut;
        assert!(is_named, "{}: no {name} in {lane:?}", screen());
    }
}

fn every_selection() -> impl Iterator<Item = Selection> {
    Selection::all(Workload::Followers)
}

fn last_mode(selection: Selection) -> Mode {
    *selection.modes(false).last().unwrap()
}

#[test]
fn active_race_draws_at_every_size() {
    draw_every(AppDriver::race().play_until(Mode::Threads, 600), COLOUR);
}

#[test]
fn active_sequential_run_draws_at_every_size() {
    let sequential = Selection::only(Workload::Followers, Mode::Sequential);
    let driver = AppDriver::new(Scenario::default(), sequential);
    draw_every(driver.play_until(Mode::Sequential, 2_500), COLOUR);
}

#[test]
fn active_threads_run_draws_at_every_size() {
    let driver =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Threads));
    draw_every(driver.play_until(Mode::Threads, 600), COLOUR);
}

#[test]
fn finished_race_draws_at_every_size() {
    draw_every(AppDriver::race().play_to_end(), COLOUR);
}

#[test]
fn finished_sequential_run_draws_at_every_size() {
    let sequential = Selection::only(Workload::Followers, Mode::Sequential);
    draw_every(AppDriver::new(Scenario::default(), sequential).play_to_end(), COLOUR);
}

#[test]
fn finished_threads_run_draws_at_every_size() {
    draw_every(
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Threads))
            .play_to_end(),
        COLOUR,
    );
}

#[test]
fn failed_race_with_a_selected_lane_draws_at_every_size() {
    let scenario = Scenario { bad_page: Some((Mode::Sequential, 3)), ..Scenario::default() };
    draw_every(
        AppDriver::new(scenario, Selection::race(Workload::Followers))
            .play_to_end()
            .press_keys("jj"),
        COLOUR,
    );
}

/// A race whose threads run reaches a limit at page 5 and fetches page 3 on its third attempt.
fn limited_race(kind: LimitKind) -> AppDriver {
    let scenario = Scenario {
        costs_quota: true,
        followers: 720,
        listed: 720,
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, kind)),
        ..Scenario::default()
    };
    AppDriver::new(scenario, Selection::race(Workload::Followers))
}

#[test]
fn active_limit_draws_at_every_size() {
    draw_every(
        limited_race(LimitKind::Secondary).play_until(Mode::Threads, 20_000).press_keys("jjjj"),
        COLOUR,
    );
}

#[test]
fn limit_draws_on_every_terminal_kind_before_during_and_after() {
    for millis in [700, 60_000, 299_000, 301_500] {
        for terminal_kind in TERMINAL_KINDS {
            let driver = limited_race(LimitKind::Primary).play_until(Mode::Threads, millis);
            draw_sampled(driver.press_keys("jjjj"), terminal_kind);
        }
    }
}

#[test]
fn every_mode_draws_before_its_first_event() {
    for selection in every_selection() {
        draw_sampled(AppDriver::new(Scenario::default(), selection), COLOUR);
    }
}

#[test]
fn modes_that_cost_quota_draw_before_their_first_run() {
    let real = Scenario { costs_quota: true, ..Scenario::default() };
    let mut driver = AppDriver::new(real, Selection::race(Workload::Followers)).play_to_end();
    for key in ['2', '3'] {
        driver = driver.press_keys(&key.to_string());
        assert!(driver.app.runs().is_empty(), "a mode that costs quota must wait for r");
        let widths = sampled(MAX_WIDTH, &[40, 60, 80, 110]);
        draw_sizes(&mut driver, widths, &sampled(MAX_HEIGHT, &[10, 14, 20, 30]), COLOUR);
    }
}

#[test]
fn every_active_mode_draws() {
    for selection in every_selection() {
        let driver = AppDriver::new(Scenario::default(), selection);
        draw_sampled(driver.play_until(last_mode(selection), 500), COLOUR);
    }
    draw_sampled(AppDriver::built_in_race().play_until(Mode::Sequential, 1_500), COLOUR);
}

#[test]
fn finished_modes_draw_across_terminal_kinds() {
    for (selection, terminal_kind) in every_selection().zip(TERMINAL_KINDS.into_iter().cycle()) {
        draw_sampled(AppDriver::new(Scenario::default(), selection).play_to_end(), terminal_kind);
    }
    draw_sampled(AppDriver::race().play_to_end(), TERMINAL_KINDS[3]);
}

#[test]
fn every_stopped_or_failed_mode_draws() {
    for selection in every_selection() {
        let driver = AppDriver::new(Scenario::default(), selection)
            .play_until(selection.modes(false)[0], 500);
        draw_sampled(driver.press_keys("x").play_to_end(), COLOUR);
        let unknown = Scenario { unknown_user: true, ..Scenario::default() };
        draw_sampled(AppDriver::new(unknown, selection).play_to_end(), COLOUR);
    }
}

#[test]
fn popups_draw_over_every_mode() {
    for selection in every_selection() {
        for key in ["?", "q"] {
            let driver = AppDriver::new(Scenario::default(), selection)
                .play_until(last_mode(selection), 500);
            draw_sampled(driver.press_keys(key), COLOUR);
        }
    }
}

/// The table is drawn at every size.
#[test]
fn search_table_comparison_and_help_draw() {
    let scenario = Scenario { retried: Some((Mode::Threads, 3, 2)), ..Scenario::default() };
    let driver_after = |keys: &str| {
        let mut driver = AppDriver::new(scenario.clone(), Selection::race(Workload::Followers));
        driver.app.update(Msg::EventOverhead(Nanos(2_000_000)));
        driver.app.update(Msg::FrameDrawn(Nanos(1_500_000)));
        let mut driver = driver.play_to_end().press_keys("r").play_until(Mode::Threads, 900);
        driver.draw((120, 36), COLOUR);
        driver.press_keys(keys)
    };
    let search_input = format!("/{}", "wide日本 ".repeat(30));
    for (keys, terminal_kind) in [&search_input, "c", "T>>>>I", "?", "cjjj"]
        .into_iter()
        .zip(TERMINAL_KINDS.into_iter().cycle())
    {
        draw_sampled(driver_after(keys), terminal_kind);
    }
    for text in ["/wer-1", "/502", "/nobody has this"] {
        let mut driver = driver_after(text);
        driver.press(KeyCode::Enter);
        draw_sampled(driver, COLOUR);
    }
    draw_every(driver_after("T"), COLOUR);
}

#[test]
fn forty_lanes_draw_with_either_end_selected() {
    let scenario =
        Scenario { followers: 3_000, listed: 3_000, workers: Some(40), ..Scenario::default() };
    for keys in ["", "j", &"j".repeat(50)] {
        let driver = AppDriver::new(scenario.clone(), Selection::race(Workload::Followers))
            .play_until(Mode::Threads, 1_500);
        draw_sampled(driver.press_keys(keys), COLOUR);
    }
}

/// Zoomed in and out as far as possible, and paused.
#[test]
fn maximum_zoom_draws_at_either_end() {
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
fn race_of_four_modes_draws_at_every_size() {
    let race = AppDriver::new(Scenario::default(), Selection::race(Workload::Mixed));
    draw_every(race.play_until(Mode::Processes, 100).press_keys("jjjjjjjj"), COLOUR);
}

/// Active and finished, on alternating terminal kinds.
#[test]
fn every_workload_draws_in_every_mode() {
    let workloads = Workload::SELECTABLE.into_iter().chain([Workload::Commands]);
    let selections = workloads.flat_map(Selection::all);
    for (selection, terminal_kind) in selections.zip(TERMINAL_KINDS.into_iter().cycle()) {
        let scenario = Scenario { lost: Some(2), ..Scenario::default() };
        let driver =
            AppDriver::new(scenario.clone(), selection).play_until(last_mode(selection), 100);
        draw_sampled(driver.press_keys("jj"), terminal_kind);
        draw_sampled(
            AppDriver::new(scenario, selection).play_to_end().press_keys("j++"),
            terminal_kind,
        );
    }
}

#[test]
fn python_program_draws_at_every_size() {
    draw_every(programs::watching(programs::python_script(exact()).finish()), COLOUR);
}

/// Each on one terminal kind.
#[test]
fn panes_of_a_python_program_draw() {
    let keys = ["", "j", "jjj", "i", "oo", "jv→→→", "?", "T"];
    for (keys, terminal_kind) in keys.into_iter().zip(TERMINAL_KINDS.into_iter().cycle()) {
        let driver = programs::watching(programs::python_script(counted()).finish());
        draw_sampled(driver.press_keys(keys), terminal_kind);
    }
}

#[test]
fn open_panes_of_threads_draw_across_terminal_kinds() {
    for terminal_kind in TERMINAL_KINDS {
        let mut driver = programs::watching(programs::python_script(exact()).finish());
        driver.press(KeyCode::Enter);
        draw_sampled(driver, terminal_kind);
        let mut driver = programs::watching(programs::convoy().finish()).press_keys("jj");
        driver.press(KeyCode::Enter);
        draw_sampled(driver, terminal_kind);
    }
}

#[test]
fn groups_of_threads_draw_open_and_closed() {
    for (opens, terminal_kind) in [false, true, true, false].into_iter().zip(TERMINAL_KINDS) {
        let mut driver = programs::watching(programs::pool(64).finish()).press_keys("j");
        if opens {
            driver.press(KeyCode::Enter);
        }
        draw_sampled(driver.press_keys("jjjjj"), terminal_kind);
    }
}

#[test]
fn programs_with_many_threads_draw() {
    draw_sampled(programs::watching(programs::build()), COLOUR);
    draw_sampled(programs::watching(programs::five_hundred().finish()), COLOUR);
}
