//! Comparing: with the run before, with other modes, with runs from elsewhere.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Nanos, Run, Selection, Workload};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, COLOUR, Scenario, TerminalKind};
use crate::keys::{press, seen};
use crate::snapshots::{EVERY, USUAL, WIDE, screens};

/// Threads alone, run with five workers, and then with three.
fn fewer_workers() -> AppDriver {
    let selection = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(Scenario::default(), selection).play_to_end();
    let mut driver = driver.press_keys("[[r").play_to_end();
    driver.draw(WIDE, COLOUR);
    driver
}

fn screen(driver: &mut AppDriver, size: (u16, u16)) -> String {
    driver.rows(size).join("\n")
}

#[test]
fn a_run_is_compared_with_the_same_run_before() {
    let mut driver = fewer_workers().press_keys("c");
    let notice = driver.app.notice().unwrap_or_default().to_owned();
    assert_eq!(notice, "compared with the previous run; c ends it");
    let [(run, other, difference)] = driver.app.differences().try_into().unwrap();
    assert_eq!((run.plan().workers, other.plan().workers), (3, 5));
    let (new, old) = (run.duration().unwrap(), other.duration().unwrap());
    let times = old.as_secs_f64() / new.as_secs_f64();
    assert!((difference.times.unwrap() - times).abs() < 1e-9);
    assert!((difference.elapsed.unwrap() - (1.0 / times - 1.0)).abs() < 1e-9);
    assert!((difference.rate.unwrap() - (times - 1.0)).abs() < 1e-9);
    // The same pages, so the same times, but for a connection or so.
    assert!(difference.p50.unwrap().abs() < 0.01 && difference.p95.unwrap().abs() < 0.01);
    let shown = screen(&mut driver, WIDE);
    assert!(
        shown.contains("threads x3 against the previous run, 1.050 s:  0.57x  elapsed +75.2 %"),
        "{shown}"
    );
    assert_eq!(shown.matches("  previous ").count(), 5, "a row for each lane it had");
}

#[test]
fn c_goes_through_what_there_is_and_ends() {
    let mut driver = fewer_workers().press_keys("2").play_to_end().press_keys("3");
    driver.draw(WIDE, COLOUR);
    let mut names = Vec::new();
    for _ in 0..4 {
        press(&mut driver, 'c');
        names.push(driver.app.baseline().map(|baseline| baseline.name));
    }
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        names,
        [some("the previous run"), some("sequential"), None, some("the previous run")]
    );
    assert_eq!(
        driver.press_keys("2").app.baseline().map(|baseline| baseline.name),
        None,
        "not another mode"
    );
}

#[test]
fn a_mode_alone_is_compared_with_any_other_a_race_mode_by_mode() {
    let driver = seen().press_keys("3").play_to_end().press_keys("c");
    let pairs = |driver: &AppDriver| {
        let differences = driver.app.differences().into_iter();
        let modes = differences.map(|(run, other, _)| (run.plan().mode, other.plan().mode));
        modes.collect::<Vec<_>>()
    };
    assert_eq!(pairs(&driver), [(Mode::Threads, Mode::Threads)], "that of the race");
    let driver = driver.press_keys("1c");
    assert_eq!(pairs(&driver), [(Mode::Threads, Mode::Threads)], "sequential did not run alone");
    let driver = driver.press_keys("4").play_to_end().press_keys("c");
    assert_eq!(pairs(&driver), [(Mode::Gil, Mode::Sequential)]);
}

#[test]
fn without_another_run_it_says_what_to_do() {
    let driver = seen().press_keys("c");
    let said = "no other run to compare with; r runs again and keeps this run";
    assert_eq!(driver.app.notice(), Some(said));
    assert!(driver.app.baseline().is_none());
    let mut driver = driver.press_keys("r").play_until(Mode::Sequential, 2_000);
    driver.draw(WIDE, COLOUR);
    let driver = driver.press_keys("c");
    assert!(driver.app.baseline().is_some(), "while a run goes on, too");
    let [(_, _, difference)] = driver.app.differences().try_into().unwrap();
    assert_eq!((difference.times, difference.elapsed), (None, None), "it is not over");
}

/// What did not come to its end is nothing to compare with, and does not push out what did.
#[test]
fn a_stopped_run_is_not_kept() {
    let driver = fewer_workers().press_keys("r").play_until(Mode::Threads, 500);
    let stopped =
        driver.press_keys("x").play_to_end().press_keys("r").play_to_end().press_keys("c");
    let [(_, other, _)] = stopped.app.differences().try_into().unwrap();
    assert!(other.is_complete());
    assert_eq!(other.plan().workers, 3);
}

#[test]
fn runs_from_elsewhere_come_first() {
    let given = seen().app.runs().to_vec();
    let mut driver = fewer_workers();
    driver.app.set_external_baseline(given, "slow.jsonl".to_owned());
    let mut driver = driver.press_keys("c");
    let [(_, other, _)] = driver.app.differences().try_into().unwrap();
    assert_eq!(other.plan().workers, 5);
    assert!(screen(&mut driver, WIDE).contains("threads x3 against slow.jsonl, 1.050 s:"));
}

#[test]
fn an_external_baseline_is_announced_with_why_it_is_unused() {
    let selection = Selection::only(Workload::Cpu, Mode::Threads);
    let cpu = AppDriver::new(Scenario::default(), selection).play_to_end().app.runs().to_vec();
    let mut driver = AppDriver::race().play_to_end();
    let said = |driver: &mut AppDriver, runs: &[Run], name: &str| {
        driver.app.set_external_baseline(runs.to_vec(), name.to_owned());
        press(driver, 'c');
        [driver.app.external_baseline_notice(), driver.app.notice().map(str::to_owned)]
            .map(Option::unwrap)
    };
    let mut is_unused = |runs: &[Run], name: &str, why: &str| {
        let [first, then] = said(&mut driver, runs, name);
        assert!(first == why && then.starts_with(why), "{first} / {then}");
        assert!(driver.app.baseline().is_none());
    };
    is_unused(&cpu, "cpu.jsonl", "cpu.jsonl contains cpu runs, not followers");
    let stopped = AppDriver::race().play_until(Mode::Sequential, 2_000);
    is_unused(stopped.app.runs(), "cut.jsonl", "cut.jsonl contains no complete run");
    let alone =
        AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Gil));
    let alone = alone.play_to_end().app.runs().to_vec();
    is_unused(&alone, "gil.jsonl", "gil.jsonl contains only gil, not a race");
    let half = AppDriver::race().play_until(Mode::Threads, 300);
    let [first, then] = said(&mut driver, half.app.runs(), "half.jsonl");
    assert_eq!(first, "c compares with half.jsonl (complete runs only)");
    assert_eq!(then, "compared with half.jsonl; c ends it");
    assert_eq!(driver.app.differences().len(), 1);
}

/// A part of a run is no slower than the whole of the same.
#[test]
fn a_run_that_goes_on_is_compared_with_what_the_other_had_done_by_then() {
    for millis in [1_500, 2_500, 3_500, 4_500] {
        let driver =
            AppDriver::race().play_to_end().press_keys("r").play_until(Mode::Sequential, millis);
        let mut driver = driver.press_keys("c");
        driver.draw(WIDE, COLOUR);
        let [(.., difference)] = driver.app.differences().try_into().unwrap();
        assert_eq!(difference.rate, None);
        assert!(difference.p50 == Some(0.0) && difference.p95 == Some(0.0), "{difference:?}");
    }
}

/// The other run moves with the picture: both have one axis.
#[test]
fn the_other_run_has_the_same_axis() {
    let mut driver = fewer_workers().press_keys("c");
    let before = |driver: &mut AppDriver| {
        let rows = driver.rows(WIDE);
        let row = rows.iter().find(|row| row.contains("  previous ")).unwrap().clone();
        row.chars().filter(|&c| c == '━').count()
    };
    let whole = before(&mut driver);
    driver.press(KeyCode::Home);
    let driver = &mut driver.press_keys("+");
    assert!(before(driver) > whole);
}

#[test]
fn the_chosen_lane_keeps_its_other_where_rows_are_short() {
    let job =
        Scenario { followers: 1_200, listed: 1_200, workers: Some(40), ..Scenario::default() };
    let selection = Selection::only(Workload::Followers, Mode::Threads);
    let driver = AppDriver::new(job, selection).play_to_end().press_keys("r").play_to_end();
    let mut driver = driver.press_keys("c");
    for _ in 0..31 {
        press(&mut driver, 'j');
    }
    let rows = driver.rows(USUAL);
    let at = rows.iter().position(|row| row.contains("worker-31")).unwrap();
    assert!(rows[at + 1].contains("previous"), "{}", rows.join("\n"));
}

#[test]
fn only_the_latest_earlier_runs_are_a_baseline() {
    let mut driver = AppDriver::race().play_to_end();
    for _ in 0..5 {
        driver = driver.press_keys("r").play_to_end();
    }
    let rivals = driver.app.session().baselines(Selection::race(Workload::Followers));
    assert_eq!(rivals.len(), 1);
    assert!(
        rivals[0]
            .run_for(&driver.app.runs()[0])
            .is_some_and(|run| run.duration() > Some(Nanos::ZERO))
    );
}

#[test]
fn compare() {
    insta::assert_snapshot!("compare_before", screens(fewer_workers().press_keys("c"), &EVERY));
    let race = AppDriver::race()
        .play_to_end()
        .press_keys("r")
        .play_until(Mode::Threads, 600)
        .press_keys("c");
    insta::assert_snapshot!("compare_race", screens(race, &EVERY[..4]));
    let mut mono = fewer_workers().press_keys("c");
    mono.press(KeyCode::Esc);
    insta::assert_snapshot!(
        "compare_mono",
        mono.text(USUAL, TerminalKind(ColorDepth::Mono, GlyphSet::Unicode))
    );
    insta::assert_snapshot!(
        "compare_ascii",
        mono.text(USUAL, TerminalKind(ColorDepth::Mono, GlyphSet::Ascii))
    );
}
