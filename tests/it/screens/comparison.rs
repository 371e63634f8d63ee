//! Comparisons with a previous run, another mode or a recording.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Difference;
use threadline::model::{Mode, Nanos, Run, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::screens::run_keys::{finished_race, press};
use crate::screens::screen_text::{ALL_SIZES, STANDARD, WIDE, screens};

/// A threads run with three workers, after one with five.
fn rerun_with_fewer_workers() -> AppDriver {
    let selection = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(Scenario::default(), selection).play_to_end();
    let mut driver = driver.press_keys("[[r").play_to_end();
    driver.draw(WIDE, COLOUR);
    driver
}

fn screen_at(driver: &mut AppDriver, size: (u16, u16)) -> String {
    driver.rows(size).join("\n")
}

#[test]
fn c_compares_a_run_with_the_previous_run_of_its_mode() {
    let mut driver = rerun_with_fewer_workers().press_keys("c");
    let notice = driver.app.notice().unwrap_or_default().to_owned();
    assert_eq!(notice, "compared with the previous run; c ends it");
    let [difference] = driver.app.picture().differences(driver.app.session()).try_into().unwrap();
    let Difference { run, other, .. } = difference;
    assert_eq!((run.plan().workers, other.plan().workers), (3, 5));
    let (new, old) = (run.duration().unwrap(), other.duration().unwrap());
    let speed_up = old.as_secs_f64() / new.as_secs_f64();
    assert!((difference.times.unwrap() - speed_up).abs() < 1e-9);
    assert!((difference.elapsed.unwrap() - (1.0 / speed_up - 1.0)).abs() < 1e-9);
    assert!((difference.rate.unwrap() - (speed_up - 1.0)).abs() < 1e-9);
    // The pages are the same, so their times differ only by the connections.
    assert!(difference.p50.unwrap().abs() < 0.01 && difference.p95.unwrap().abs() < 0.01);
    let shown = screen_at(&mut driver, WIDE);
    assert!(
        shown.contains("3 threads: 1.84 s; 5 threads before: 1.05 s (1.75x as fast)  p50 "),
        "{shown}"
    );
    assert_eq!(shown.matches("  x5 before ").count(), 5, "one row for each lane of the baseline");
}

#[test]
fn c_cycles_through_the_baselines_and_then_none() {
    let mut driver = rerun_with_fewer_workers().press_keys("2").play_to_end().press_keys("3");
    driver.draw(WIDE, COLOUR);
    let mut names = Vec::new();
    for _ in 0..4 {
        press(&mut driver, 'c');
        names.push(
            driver.app.picture().baseline(driver.app.session()).map(|baseline| baseline.name),
        );
    }
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        names,
        [some("the previous run"), some("sequential"), None, some("the previous run")]
    );
    let app = driver.press_keys("2").app;
    assert_eq!(
        app.picture().baseline(app.session()).map(|baseline| baseline.name),
        None,
        "the baseline does not apply to another mode"
    );
}

#[test]
fn modes_are_compared_across_single_runs_and_races() {
    let driver = finished_race().press_keys("3").play_to_end().press_keys("c");
    let pairs = |driver: &AppDriver| {
        let differences = driver.app.picture().differences(driver.app.session()).into_iter();
        let modes = differences.map(|pair| (pair.run.plan().mode, pair.other.plan().mode));
        modes.collect::<Vec<_>>()
    };
    assert_eq!(pairs(&driver), [(Mode::Threads, Mode::Threads)], "the threads run of the race");
    let driver = driver.press_keys("1c");
    assert_eq!(
        pairs(&driver),
        [(Mode::Threads, Mode::Threads)],
        "no sequential run outside the race"
    );
    let driver = driver.press_keys("4").play_to_end().press_keys("c");
    assert_eq!(pairs(&driver), [(Mode::Gil, Mode::Sequential)]);
}

#[test]
fn c_without_an_earlier_run_suggests_to_run_again() {
    let driver = finished_race().press_keys("c");
    let notice = "no other run to compare with; r runs again and keeps this run";
    assert_eq!(driver.app.notice(), Some(notice));
    assert!(driver.app.picture().baseline(driver.app.session()).is_none());
    let mut driver = driver.press_keys("r").play_until(Mode::Sequential, 2_000);
    driver.draw(WIDE, COLOUR);
    let driver = driver.press_keys("c");
    assert!(
        driver.app.picture().baseline(driver.app.session()).is_some(),
        "an active run can be compared"
    );
    let [difference] = driver.app.picture().differences(driver.app.session()).try_into().unwrap();
    assert_eq!((difference.times, difference.elapsed), (None, None), "the run has not ended");
}

/// The latest complete run remains the baseline.
#[test]
fn stopped_run_is_not_a_baseline() {
    let driver = rerun_with_fewer_workers().press_keys("r").play_until(Mode::Threads, 500);
    let stopped =
        driver.press_keys("x").play_to_end().press_keys("r").play_to_end().press_keys("c");
    let [Difference { other, .. }] =
        stopped.app.picture().differences(stopped.app.session()).try_into().unwrap();
    assert!(other.is_complete());
    assert_eq!(other.plan().workers, 3);
}

#[test]
fn external_baseline_comes_first() {
    let recorded_runs = finished_race().app.runs().to_vec();
    let mut driver = rerun_with_fewer_workers();
    driver.app.set_external_baseline(recorded_runs, "slow.jsonl".to_owned());
    let mut driver = driver.press_keys("c");
    let [Difference { other, .. }] =
        driver.app.picture().differences(driver.app.session()).try_into().unwrap();
    assert_eq!(other.plan().workers, 5);
    assert!(
        screen_at(&mut driver, WIDE)
            .contains("3 threads: 1.84 s; 5 threads in slow.jsonl: 1.05 s (1.75x")
    );
}

#[test]
fn notice_explains_an_unusable_external_baseline() {
    let selection = Selection::only(Workload::Cpu, Mode::Threads);
    let cpu = AppDriver::new(Scenario::default(), selection).play_to_end().app.runs().to_vec();
    let mut driver = AppDriver::race().play_to_end();
    let notices = |driver: &mut AppDriver, runs: &[Run], name: &str| {
        driver.app.set_external_baseline(runs.to_vec(), name.to_owned());
        press(driver, 'c');
        [driver.app.external_baseline_notice(), driver.app.notice().map(str::to_owned)]
            .map(Option::unwrap)
    };
    let mut assert_unusable = |runs: &[Run], name: &str, reason: &str| {
        let [at_start, on_key] = notices(&mut driver, runs, name);
        assert!(at_start == reason && on_key.starts_with(reason), "{at_start} / {on_key}");
        assert!(driver.app.picture().baseline(driver.app.session()).is_none());
    };
    assert_unusable(&cpu, "cpu.jsonl", "cpu.jsonl contains cpu runs, not followers");
    let stopped = AppDriver::race().play_until(Mode::Sequential, 2_000);
    assert_unusable(stopped.app.runs(), "cut.jsonl", "cut.jsonl contains no complete run");
    let alone =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Gil));
    let alone = alone.play_to_end().app.runs().to_vec();
    assert_unusable(&alone, "gil.jsonl", "gil.jsonl contains only GIL threads, not a race");
    let half = AppDriver::race().play_until(Mode::Threads, 300);
    let [at_start, on_key] = notices(&mut driver, half.app.runs(), "half.jsonl");
    assert_eq!(at_start, "c compares with half.jsonl (complete runs only)");
    assert_eq!(on_key, "compared with half.jsonl; c ends it");
    assert_eq!(driver.app.picture().differences(driver.app.session()).len(), 1);
}

/// Part of a run has the same service times as the same part of its baseline.
#[test]
fn active_run_is_compared_at_the_same_elapsed_time() {
    for millis in [1_500, 2_500, 3_500, 4_500] {
        let driver =
            AppDriver::race().play_to_end().press_keys("r").play_until(Mode::Sequential, millis);
        let mut driver = driver.press_keys("c");
        driver.draw(WIDE, COLOUR);
        let [difference] =
            driver.app.picture().differences(driver.app.session()).try_into().unwrap();
        assert_eq!(difference.rate, None);
        assert!(difference.p50 == Some(0.0) && difference.p95 == Some(0.0), "{difference:?}");
    }
}

/// Zooming in stretches the bars of the baseline, too.
#[test]
fn baseline_shares_the_time_axis() {
    let mut driver = rerun_with_fewer_workers().press_keys("c");
    let baseline_cells = |driver: &mut AppDriver| {
        let rows = driver.rows(WIDE);
        let row = rows.iter().find(|row| row.contains("  x5 before ")).unwrap().clone();
        row.chars().filter(|&c| c == '━').count()
    };
    let fitted = baseline_cells(&mut driver);
    driver.press(KeyCode::Home);
    let driver = &mut driver.press_keys("+");
    assert!(baseline_cells(driver) > fitted);
}

#[test]
fn selected_lane_keeps_its_baseline_row_on_a_crowded_screen() {
    let scenario =
        Scenario { followers: 1_200, listed: 1_200, workers: Some(40), ..Scenario::default() };
    let selection = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(scenario, selection).play_to_end().press_keys("r").play_to_end();
    let mut driver = driver.press_keys("c");
    for _ in 0..31 {
        press(&mut driver, 'j');
    }
    let rows = driver.rows(STANDARD);
    let at = rows.iter().position(|row| row.contains("worker-31")).unwrap();
    assert!(rows[at + 1].contains("before"), "{}", rows.join("\n"));
}

#[test]
fn only_the_previous_runs_of_a_selection_are_kept_as_baseline() {
    let mut driver = AppDriver::race().play_to_end();
    for _ in 0..5 {
        driver = driver.press_keys("r").play_to_end();
    }
    let baselines = driver.app.session().baselines(Selection::race(Workload::Followers));
    assert_eq!(baselines.len(), 1);
    assert!(
        baselines[0]
            .run_for(&driver.app.runs()[0])
            .is_some_and(|run| run.duration() > Some(Nanos::ZERO))
    );
}

#[test]
fn comparison_is_drawn_at_every_size() {
    insta::assert_snapshot!(
        "comparison_with_previous_run",
        screens(rerun_with_fewer_workers().press_keys("c"), &ALL_SIZES)
    );
    let race = AppDriver::race()
        .play_to_end()
        .press_keys("r")
        .play_until(Mode::Threads, 600)
        .press_keys("c");
    insta::assert_snapshot!("comparison_of_active_race", screens(race, &ALL_SIZES[..4]));
    let mut mono = rerun_with_fewer_workers().press_keys("c");
    mono.press(KeyCode::Esc);
    insta::assert_snapshot!(
        "comparison_without_colour",
        mono.text(STANDARD, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
    insta::assert_snapshot!(
        "comparison_in_ascii",
        mono.text(STANDARD, TerminalKind(ColorDepth::Mono, GlyphSet::Ascii))
    );
}
