//! Screens of sweeps: the chart, its table and the lanes of the active trial.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Effect;
use threadline::model::{LimitKind, Mode, Nanos, Selection, SweepSetup, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::screen_text::{
    ALL_SIZES, STANDARD, WIDE, draw_screens, screen_styles, screens,
};

const SWEEP: Selection = Selection::sweep(Workload::Followers);

/// 60 pages from a service that processes 8 requests at once.
fn limited_service() -> Scenario {
    Scenario { followers: 1_800, listed: 1_800, at_once: Some(8), ..Scenario::default() }
}

/// Plays a sweep until `trials` trials have ended and the next has run for `millis` milliseconds.
fn play_trials(scenario: Scenario, trials: usize, millis: u64) -> AppDriver {
    let mut driver = AppDriver::new(scenario, SWEEP);
    let finished_trials = |driver: &AppDriver| {
        driver.app.session().sweep(SWEEP).map_or(0, |sweep| sweep.trials().len())
    };
    while finished_trials(&driver) < trials {
        driver.play_event().unwrap();
    }
    driver.play_to(Nanos::from_millis(millis));
    driver
}

#[test]
fn sweep_is_drawn_before_its_first_trial() {
    insta::assert_snapshot!(screens(AppDriver::new(limited_service(), SWEEP), &ALL_SIZES));
}

#[test]
fn active_sweep_is_drawn_at_every_size() {
    insta::assert_snapshot!(screens(play_trials(limited_service(), 9, 200), &ALL_SIZES));
}

#[test]
fn finished_sweep_is_drawn_at_every_size() {
    insta::assert_snapshot!(screens(
        AppDriver::new(limited_service(), SWEEP).play_to_end(),
        &ALL_SIZES
    ));
}

/// `tests/bench/sweep.rs` measures the same on a real machine.
#[test]
fn service_limited_to_8_requests_is_a_plateau_with_its_knee_at_8() {
    let driver = AppDriver::new(limited_service(), SWEEP).play_to_end();
    let sweep = driver.app.session().sweep(SWEEP).unwrap();
    assert_eq!(sweep.fits()[0].name(), "plateau");
    assert!((7..=9).contains(&sweep.knee().unwrap().workers), "{:?}", sweep.knee());
    assert!(sweep.points().iter().all(|point| point.trials == 3));
}

#[test]
fn sweep_of_the_built_in_example_is_drawn() {
    insta::assert_snapshot!(screens(
        AppDriver::new(Scenario::default(), SWEEP).play_to_end(),
        &ALL_SIZES
    ));
}

/// More counts than rows, on a linear axis.
#[test]
fn sweep_of_24_counts_is_drawn() {
    let sweep = SweepSetup { counts: Some((1..=24).collect()), repeats: 1 };
    let driver = AppDriver::new(Scenario { sweep, ..limited_service() }, SWEEP).play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD]));
}

/// The captions stay above the shown rows.
#[test]
fn crowded_sweep_table_counts_the_omitted_rows() {
    let sweep = SweepSetup { counts: Some((1..=24).collect()), repeats: 1 };
    let mut driver = AppDriver::new(Scenario { sweep, ..limited_service() }, SWEEP).play_to_end();
    for size in [WIDE, STANDARD] {
        let screen = driver.text(size, TerminalKind(ColorDepth::True, GlyphSet::Unicode));
        let captions = screen.find(" threads     time").unwrap();
        let omitted = screen.find(" more  ").unwrap();
        assert!(captions < omitted, "{screen}");
    }
}

/// The median and the maximum of service times are left out first.
#[test]
fn plot_has_half_of_the_width_below_140_columns() {
    let mut driver = AppDriver::new(limited_service(), SWEEP).play_to_end();
    let [wide, very_wide] = [WIDE, (140, 36)].map(|size| driver.text(size, COLOUR));
    let captions = |screen: &str| {
        let row = screen.lines().find(|line| line.contains(" threads     time")).unwrap();
        row.chars().take_while(|&c| c != 't').count()..row.chars().count()
    };
    let has = |screen: &str, caption: &str| screen.contains(&format!(" {caption} "));
    assert!(captions(&wide).start >= 60, "{wide}");
    assert!(!has(&wide, "p50") && !has(&wide, "p99") && has(&wide, "p95"), "{wide}");
    assert!(has(&wide, "pages/s") && has(&wide, "efficiency"), "{wide}");
    assert!(has(&very_wide, "p50") && has(&very_wide, "p99"), "{very_wide}");
}

/// Returns the heights of the marks above the ticks of the counts, in rows above the axis.
fn mark_heights(screen: &str) -> Vec<f64> {
    let rows: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let axis = rows.iter().position(|row| row.contains(&'└') && row.contains(&'┴')).unwrap();
    let ticks = (0..rows[axis].len())
        .filter(|&x| "┴┻".contains(rows[axis][x]) || is_braille(rows[axis][x]));
    let height = |x: usize| {
        let dots = (0..=axis).flat_map(|row| dot_heights(rows[axis - row][x], row as f64));
        let dots: Vec<f64> = dots.collect();
        dots.iter().sum::<f64>() / dots.len() as f64
    };
    ticks.map(height).collect()
}

fn is_braille(cell: char) -> bool {
    ('\u{2801}'..='\u{28ff}').contains(&cell)
}

/// Returns the heights of the dots of a braille cell in a row, of which whole numbers are the middle.
fn dot_heights(cell: char, row: f64) -> impl Iterator<Item = f64> {
    let bits = if is_braille(cell) { u32::from(cell) - 0x2800 } else { 0 };
    let dots =
        [(0x40 | 0x80, -0.375), (0x04 | 0x20, -0.125), (0x02 | 0x10, 0.125), (0x01 | 0x08, 0.375)];
    dots.into_iter().filter(move |(mask, _)| bits & mask != 0).map(move |(_, dot)| row + dot)
}

/// Returns the rows of the ticks of the vertical axis, from the top, with that of the horizontal axis.
fn tick_rows(screen: &str) -> Vec<usize> {
    let axis = screen.lines().position(|line| line.contains('└') && line.contains('┴')).unwrap();
    let ticks = screen.lines().take(axis).enumerate().filter(|(_, line)| line.contains('┤'));
    ticks.map(|(row, _)| row).chain([axis]).collect()
}

/// The speed-ups with 1, 2, 4, 8, 12 and 16 threads.
#[test]
fn medians_are_drawn_at_their_true_heights() {
    let mut driver = AppDriver::new(limited_service(), SWEEP).play_to_end();
    let sweep = driver.app.session().sweep(SWEEP).unwrap();
    let speed_ups: Vec<f64> =
        sweep.points().iter().map(|point| sweep.speed_up(point.rate).unwrap()).collect();
    for size in [WIDE, STANDARD] {
        let screen = driver.text(size, TerminalKind(ColorDepth::True, GlyphSet::Unicode));
        let rows = tick_rows(&screen);
        let spacings: Vec<usize> = rows.windows(2).map(|rows| rows[1] - rows[0]).collect();
        assert!(spacings.windows(2).all(|two| two[0] == two[1]), "{spacings:?}\n{screen}");
        let heights = mark_heights(&screen);
        let scale = heights[5] / speed_ups[5];
        for (height, speed_up) in heights.iter().zip(&speed_ups) {
            assert!((height - speed_up * scale).abs() <= 0.2, "{heights:?}\n{screen}");
        }
        assert!(heights.windows(2).take(3).all(|two| two[0] + 0.2 < two[1]), "{heights:?}");
    }
}

/// Seven of eight counts have not been measured yet.
#[test]
fn table_reserves_a_row_for_each_count() {
    let counts = vec![1, 2, 3, 4, 5, 6, 8, 10, 12, 16];
    let sweep = SweepSetup { counts: Some(counts.clone()), repeats: 1 };
    let mut driver = play_trials(Scenario { sweep, ..limited_service() }, 2, 0);
    let during = driver.text(STANDARD, COLOUR);
    let after = driver.play_to_end().text(STANDARD, COLOUR);
    for screen in [during, after] {
        let captions = screen.lines().position(|line| line.contains(" threads     time")).unwrap();
        let rows = screen.lines().skip(captions + 1);
        for (count, row) in counts.iter().zip(rows) {
            let cells: String = row.chars().skip(42).collect();
            assert_eq!(cells.split_whitespace().next(), Some(&*count.to_string()), "{screen}");
        }
    }
}

#[test]
fn time_left_is_shown_once_each_count_was_measured() {
    let [first, later] =
        [3, 9].map(|trials| play_trials(limited_service(), trials, 200).text(STANDARD, COLOUR));
    assert!(first.contains("trial 4 of 18: 8 threads  "), "{first}");
    assert!(later.contains("trial 10 of 18: 4 threads, about 12 s left"), "{later}");
}

/// All speed-ups are between 1 and 2.
#[test]
fn chart_axis_has_two_ticks_for_small_differences() {
    let sweep = SweepSetup { counts: Some(vec![1, 2, 4]), repeats: 1 };
    let scenario = Scenario {
        sweep,
        at_once: Some(2),
        followers: 1_800,
        listed: 1_800,
        ..Scenario::default()
    };
    let mut driver = AppDriver::new(scenario, SWEEP).play_to_end();
    let screen = driver.text(STANDARD, TerminalKind(ColorDepth::True, GlyphSet::Unicode));
    assert!(screen.matches('┤').count() >= 2, "{screen}");
}

/// There is no trial with one thread, and there are too few counts to fit a model.
#[test]
fn sweep_of_two_counts_is_drawn() {
    let sweep = SweepSetup { counts: Some(vec![4, 8]), repeats: 1 };
    let driver = AppDriver::new(Scenario { sweep, ..limited_service() }, SWEEP).play_to_end();
    insta::assert_snapshot!(screens(driver, &[WIDE, STANDARD]));
}

#[test]
fn sweep_of_cpu_work_is_drawn() {
    let mut driver =
        AppDriver::race().play_to_end().press_keys("w").play_to_end().press_keys("6").play_to_end();
    insta::assert_snapshot!(draw_screens(&mut driver, &[WIDE, STANDARD]));
}

#[test]
fn stopped_sweep_is_drawn_at_every_size() {
    let driver = play_trials(limited_service(), 9, 200).press_keys("x").play_to_end();
    insta::assert_snapshot!(screens(driver, &ALL_SIZES));
}

#[test]
fn failed_trial_is_reported() {
    let scenario = Scenario { bad_page: Some((Mode::Threads, 3)), ..limited_service() };
    insta::assert_snapshot!(screens(AppDriver::new(scenario, SWEEP).play_to_end(), &ALL_SIZES));
}

/// Each trial meets a limit.
#[test]
fn trials_held_back_by_rate_limits_are_drawn() {
    let limited = Some((Mode::Threads, 3, LimitKind::Secondary));
    let sweep = SweepSetup { counts: Some(vec![1, 2, 4]), repeats: 1 };
    let driver = AppDriver::new(Scenario { sweep, limited, ..limited_service() }, SWEEP);
    insta::assert_snapshot!(screens(driver.play_to_end(), &[WIDE, STANDARD]));
}

#[test]
fn sweep_that_costs_quota_waits_for_r() {
    let mut driver =
        AppDriver::new(Scenario { costs_quota: true, ..limited_service() }, SWEEP).play_to_end();
    assert!(driver.app.runs().is_empty(), "nothing was requested");
    insta::assert_snapshot!(draw_screens(&mut driver, &ALL_SIZES));
    assert!(matches!(driver.press(KeyCode::Char('r')), Some(Effect::Start(_))));
    let driver = driver.play_to_end();
    let sweep = driver.app.session().sweep(SWEEP).unwrap();
    assert_eq!((sweep.trials().len(), sweep.planned_trials()), (18, 18));
}

#[test]
fn brackets_do_not_change_the_counts_of_a_running_sweep() {
    let mut driver = play_trials(limited_service(), 1, 0);
    for key in ['[', ']'] {
        assert_eq!(driver.press(KeyCode::Char(key)), None);
        assert_eq!(driver.app.notice(), Some("the counts of a running sweep are fixed"));
    }
    assert_eq!(driver.app.next_workers(), None);
}

#[test]
fn brackets_change_the_counts_before_the_sweep_starts() {
    let scenario = Scenario { costs_quota: true, ..limited_service() };
    let driver = AppDriver::new(scenario, SWEEP).press_keys("]");
    assert_eq!(driver.app.notice(), Some("next sweep: 1, 2, 4, 8, 12, 16 and 20 threads"));
    let mut driver = driver.press_keys("[[[[");
    assert_eq!(driver.app.notice(), Some("next sweep: 1, 2 and 4 threads"));
    assert!(driver.text(WIDE, COLOUR).contains("1, 2 and 4 threads, each 3 times."));
    let driver = driver.press_keys("r").play_to_end();
    assert_eq!(driver.app.session().sweep(SWEEP).unwrap().counts(), [1, 2, 4]);
    let driver = driver.press_keys("[[[[]");
    assert_eq!(driver.app.notice(), Some("next sweep: 1, 2 and 3 threads"));
}

#[test]
fn pause_ends_with_its_trial() {
    let mut driver = play_trials(limited_service(), 2, 100).press_keys(" ");
    assert!(driver.app.picture().time_behind(driver.app.session()).is_some());
    driver.play_to(Nanos::from_millis(300));
    assert!(driver.app.picture().time_behind(driver.app.session()).unwrap() > Nanos::ZERO);
    let driver = driver.play_to_end();
    assert_eq!(driver.app.picture().time_behind(driver.app.session()), None);
}

#[test]
fn sweep_is_drawn_in_ascii_and_without_colour() {
    let mut driver = AppDriver::new(limited_service(), SWEEP).play_to_end();
    let ascii = driver.text(WIDE, TerminalKind(ColorDepth::True, GlyphSet::Ascii));
    assert!(ascii.is_ascii(), "not only ASCII:\n{ascii}");
    insta::assert_snapshot!(
        ascii + &driver.text(STANDARD, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
}

#[test]
fn finished_sweep_styles_are_drawn() {
    insta::assert_snapshot!(screen_styles(
        &mut AppDriver::new(limited_service(), SWEEP).play_to_end(),
        COLOUR
    ));
}

/// The chart, the lanes and the inspector do not fit together.
#[test]
fn inspector_covers_the_chart_on_a_small_screen() {
    let mut driver = AppDriver::new(limited_service(), SWEEP).play_to_end().press_keys("j.");
    driver.press(KeyCode::Enter);
    let [small, large] = [STANDARD, WIDE].map(|size| driver.text(size, COLOUR));
    assert!(small.contains("attempt 1 of 1") && !small.contains("in flight"), "{small}");
    assert!(large.contains("attempt 1 of 1") && large.contains("in flight"), "{large}");
}
