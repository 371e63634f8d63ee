//! Comparing: with the run before, with other modes, with runs from elsewhere.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Nanos, Run, Selection, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};
use crate::keys::{press, seen};
use crate::snapshots::{EVERY, USUAL, WIDE, screens};

/// Threads alone, run with five workers, and then with three.
fn fewer_workers() -> Sitting {
    let selection = Selection::only(Workload::Followers, Mode::Threads);
    let sitting = Sitting::new(Job::default(), selection).finished();
    let mut sitting = sitting.pressed("[[r").finished();
    sitting.draw(WIDE, COLOUR);
    sitting
}

fn screen(sitting: &mut Sitting, size: (u16, u16)) -> String {
    sitting.rows(size).join("\n")
}

#[test]
fn a_run_is_compared_with_the_same_run_before() {
    let mut sitting = fewer_workers().pressed("c");
    let notice = sitting.app.notice().unwrap_or_default().to_owned();
    assert_eq!(notice, "compared with the run before; c ends it");
    let [(run, other, difference)] = sitting.app.differences().try_into().unwrap();
    assert_eq!((run.plan().workers, other.plan().workers), (3, 5));
    let (new, old) = (run.took().unwrap(), other.took().unwrap());
    let times = old.as_secs_f64() / new.as_secs_f64();
    assert!((difference.times.unwrap() - times).abs() < 1e-9);
    assert!((difference.elapsed.unwrap() - (1.0 / times - 1.0)).abs() < 1e-9);
    assert!((difference.rate.unwrap() - (times - 1.0)).abs() < 1e-9);
    // The same pages, so the same times, but for a connection or so.
    assert!(difference.p50.unwrap().abs() < 0.01 && difference.p95.unwrap().abs() < 0.01);
    let shown = screen(&mut sitting, WIDE);
    assert!(
        shown.contains("threads x3 against the run before, 1.050 s:  0.57x  elapsed +75.2 %"),
        "{shown}"
    );
    assert_eq!(shown.matches(" before ").count(), 5, "a row for each lane it had");
}

#[test]
fn c_goes_through_what_there_is_and_ends() {
    let mut sitting = fewer_workers().pressed("2").finished().pressed("3");
    sitting.draw(WIDE, COLOUR);
    let mut names = Vec::new();
    for _ in 0..4 {
        press(&mut sitting, 'c');
        names.push(sitting.app.rival().map(|rival| rival.name));
    }
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(names, [some("the run before"), some("sequential"), None, some("the run before")]);
    assert_eq!(sitting.pressed("2").app.rival().map(|rival| rival.name), None, "not another mode");
}

#[test]
fn a_mode_alone_is_compared_with_any_other_a_race_mode_by_mode() {
    let sitting = seen().pressed("3").finished().pressed("c");
    let pairs = |sitting: &Sitting| {
        let differences = sitting.app.differences().into_iter();
        let modes = differences.map(|(run, other, _)| (run.plan().mode, other.plan().mode));
        modes.collect::<Vec<_>>()
    };
    assert_eq!(pairs(&sitting), [(Mode::Threads, Mode::Threads)], "that of the race");
    let sitting = sitting.pressed("1c");
    assert_eq!(pairs(&sitting), [(Mode::Threads, Mode::Threads)], "sequential did not run alone");
    let sitting = sitting.pressed("4").finished().pressed("c");
    assert_eq!(pairs(&sitting), [(Mode::Gil, Mode::Sequential)]);
}

#[test]
fn without_another_run_it_says_what_to_do() {
    let sitting = seen().pressed("c");
    let said = "there is no other run to compare with: r runs this again, and keeps this one";
    assert_eq!(sitting.app.notice(), Some(said));
    assert!(sitting.app.rival().is_none());
    let mut sitting = sitting.pressed("r").until(Mode::Sequential, 2_000);
    sitting.draw(WIDE, COLOUR);
    let sitting = sitting.pressed("c");
    assert!(sitting.app.rival().is_some(), "while a run goes on, too");
    let [(_, _, difference)] = sitting.app.differences().try_into().unwrap();
    assert_eq!((difference.times, difference.elapsed), (None, None), "it is not over");
}

/// What did not come to its end is nothing to compare with, and does not push out what did.
#[test]
fn a_stopped_run_is_not_kept() {
    let sitting = fewer_workers().pressed("r").until(Mode::Threads, 500);
    let stopped = sitting.pressed("x").finished().pressed("r").finished().pressed("c");
    let [(_, other, _)] = stopped.app.differences().try_into().unwrap();
    assert!(other.is_whole());
    assert_eq!(other.plan().workers, 3);
}

#[test]
fn runs_from_elsewhere_come_first() {
    let given = seen().app.runs().to_vec();
    let mut sitting = fewer_workers();
    sitting.app.compare_with(given, "slow.jsonl".to_owned());
    let mut sitting = sitting.pressed("c");
    let [(_, other, _)] = sitting.app.differences().try_into().unwrap();
    assert_eq!(other.plan().workers, 5);
    assert!(screen(&mut sitting, WIDE).contains("threads x3 against slow.jsonl, 1.050 s:"));
}

#[test]
fn what_is_given_is_told_at_once_and_why_it_is_not_used() {
    let selection = Selection::only(Workload::Cpu, Mode::Threads);
    let cpu = Sitting::new(Job::default(), selection).finished().app.runs().to_vec();
    let mut sitting = Sitting::race().finished();
    let said = |sitting: &mut Sitting, runs: &[Run], name: &str| {
        sitting.app.compare_with(runs.to_vec(), name.to_owned());
        press(sitting, 'c');
        [sitting.app.on_given(), sitting.app.notice().map(str::to_owned)].map(Option::unwrap)
    };
    let mut is_unused = |runs: &[Run], name: &str, why: &str| {
        let [first, then] = said(&mut sitting, runs, name);
        assert!(first == why && then.starts_with(why), "{first} / {then}");
        assert!(sitting.app.rival().is_none());
    };
    is_unused(&cpu, "cpu.jsonl", "cpu.jsonl has cpu runs, this is followers");
    let stopped = Sitting::race().until(Mode::Sequential, 2_000);
    is_unused(stopped.app.runs(), "cut.jsonl", "no run in cut.jsonl is whole");
    let alone = Sitting::new(Job::default(), Selection::only(Workload::Followers, Mode::Gil));
    let alone = alone.finished().app.runs().to_vec();
    is_unused(&alone, "gil.jsonl", "gil.jsonl has gil alone, this is a race");
    let half = Sitting::race().until(Mode::Threads, 300);
    let [first, then] = said(&mut sitting, half.app.runs(), "half.jsonl");
    assert_eq!(first, "c compares with half.jsonl, as far as it is whole");
    assert_eq!(then, "compared with half.jsonl; c ends it");
    assert_eq!(sitting.app.differences().len(), 1);
}

/// A part of a run is no slower than the whole of the same.
#[test]
fn a_run_that_goes_on_is_compared_with_what_the_other_had_done_by_then() {
    for millis in [1_500, 2_500, 3_500, 4_500] {
        let sitting = Sitting::race().finished().pressed("r").until(Mode::Sequential, millis);
        let mut sitting = sitting.pressed("c");
        sitting.draw(WIDE, COLOUR);
        let [(.., difference)] = sitting.app.differences().try_into().unwrap();
        assert_eq!(difference.rate, None);
        assert!(difference.p50 == Some(0.0) && difference.p95 == Some(0.0), "{difference:?}");
    }
}

/// The other run moves with the picture: both have one axis.
#[test]
fn the_other_run_has_the_same_axis() {
    let mut sitting = fewer_workers().pressed("c");
    let before = |sitting: &mut Sitting| {
        let rows = sitting.rows(WIDE);
        let row = rows.iter().find(|row| row.contains("  before ")).unwrap().clone();
        row.chars().filter(|&c| c == '━').count()
    };
    let whole = before(&mut sitting);
    sitting.press(KeyCode::Home);
    let sitting = &mut sitting.pressed("+");
    assert!(before(sitting) > whole);
}

#[test]
fn the_chosen_lane_keeps_its_other_where_rows_are_short() {
    let job = Job { followers: 1_200, listed: 1_200, workers: Some(40), ..Job::default() };
    let selection = Selection::only(Workload::Followers, Mode::Threads);
    let sitting = Sitting::new(job, selection).finished().pressed("r").finished();
    let mut sitting = sitting.pressed("c");
    for _ in 0..31 {
        press(&mut sitting, 'j');
    }
    let rows = sitting.rows(USUAL);
    let at = rows.iter().position(|row| row.contains("worker-31")).unwrap();
    assert!(rows[at + 1].contains("before"), "{}", rows.join("\n"));
}

#[test]
fn only_one_bout_is_kept() {
    let mut sitting = Sitting::race().finished();
    for _ in 0..5 {
        sitting = sitting.pressed("r").finished();
    }
    let rivals = sitting.app.session().rivals(Selection::race(Workload::Followers));
    assert_eq!(rivals.len(), 1);
    assert!(rivals[0].of(&sitting.app.runs()[0]).is_some_and(|run| run.took() > Some(Nanos::ZERO)));
}

#[test]
fn compare() {
    insta::assert_snapshot!("compare_before", screens(fewer_workers().pressed("c"), &EVERY));
    let race = Sitting::race().finished().pressed("r").until(Mode::Threads, 600).pressed("c");
    insta::assert_snapshot!("compare_race", screens(race, &EVERY[..4]));
    let mut mono = fewer_workers().pressed("c");
    mono.press(KeyCode::Esc);
    insta::assert_snapshot!("compare_mono", mono.text(USUAL, Kit(Depth::Mono, Glyphs::Unicode)));
    insta::assert_snapshot!("compare_ascii", mono.text(USUAL, Kit(Depth::Mono, Glyphs::Ascii)));
}
