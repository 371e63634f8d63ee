//! No size panics. Every size from 0x0 to 200x60 is drawn for each mode finished and in its middle,
//! and for a race that failed, with a lane chosen; every other scene takes every size near where the
//! layout changes, and every 29th width and height between.

use ratatui::crossterm::event::KeyCode;
use threadline::app::Msg;
use threadline::model::{LimitKind, Mode, Nanos, Selection, Workload};
use threadline::ui::theme::{Depth, Glyphs};

use crate::fabricate::{COLOUR, Job, Kit, Sitting};

const WIDEST: u16 = 200;
const HIGHEST: u16 = 60;

const KITS: [Kit; 4] = [
    COLOUR,
    Kit(Depth::Mono, Glyphs::Unicode),
    Kit(Depth::Sixteen, Glyphs::Ascii),
    Kit(Depth::Indexed, Glyphs::Unicode),
];

/// Sizes at which the layout changes, each with its neighbours, and every 29th between.
fn sampled(most: u16, borders: &[u16]) -> Vec<u16> {
    let near = |size: u16| borders.iter().any(|&border| border.abs_diff(size) <= 1);
    (0..=most).filter(|&size| size < 4 || size % 29 == 0 || size == most || near(size)).collect()
}

fn draw_sampled(mut sitting: Sitting, kit: Kit) {
    let heights = sampled(HIGHEST, &[10, 14, 20, 30]);
    for &width in &sampled(WIDEST, &[40, 60, 80, 110]) {
        for &height in &heights {
            sitting.draw((width, height), kit);
        }
    }
}

fn draw_every(mut sitting: Sitting, kit: Kit) {
    for width in 0..=WIDEST {
        for height in 0..=HIGHEST {
            sitting.draw((width, height), kit);
        }
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
    draw_every(Sitting::race().until(Mode::Threads, 600), COLOUR);
}

#[test]
fn every_size_in_the_middle_of_sequential() {
    let sequential = Selection::only(Workload::Followers, Mode::Sequential);
    let sitting = Sitting::new(Job::default(), sequential);
    draw_every(sitting.until(Mode::Sequential, 2_500), COLOUR);
}

#[test]
fn every_size_in_the_middle_of_threads() {
    let sitting = Sitting::new(Job::default(), Selection::only(Workload::Followers, Mode::Threads));
    draw_every(sitting.until(Mode::Threads, 600), COLOUR);
}

#[test]
fn every_size_of_a_finished_race() {
    draw_every(Sitting::race().finished(), COLOUR);
}

#[test]
fn every_size_of_finished_sequential() {
    let sequential = Selection::only(Workload::Followers, Mode::Sequential);
    draw_every(Sitting::new(Job::default(), sequential).finished(), COLOUR);
}

#[test]
fn every_size_of_finished_threads() {
    draw_every(
        Sitting::new(Job::default(), Selection::only(Workload::Followers, Mode::Threads))
            .finished(),
        COLOUR,
    );
}

#[test]
fn every_size_of_a_failed_run_with_a_lane_chosen() {
    let job = Job { bad_page: Some((Mode::Sequential, 3)), ..Job::default() };
    draw_every(
        Sitting::new(job, Selection::race(Workload::Followers)).finished().pressed("jj"),
        COLOUR,
    );
}

/// A limit is reached at the fifth page of the threads, and the third was asked for three times.
fn limited(kind: LimitKind) -> Sitting {
    let job = Job {
        costs_quota: true,
        followers: 720,
        listed: 720,
        retried: Some((Mode::Threads, 3, 2)),
        limited: Some((Mode::Threads, 5, kind)),
        ..Job::default()
    };
    Sitting::new(job, Selection::race(Workload::Followers))
}

#[test]
fn every_size_while_a_limit_holds() {
    draw_every(limited(LimitKind::Secondary).until(Mode::Threads, 20_000).pressed("jjjj"), COLOUR);
}

#[test]
fn every_kit_before_while_and_after_a_limit_holds() {
    for millis in [700, 60_000, 299_000, 301_500] {
        for kit in KITS {
            let sitting = limited(LimitKind::Primary).until(Mode::Threads, millis);
            draw_sampled(sitting.pressed("jjjj"), kit);
        }
    }
}

#[test]
fn every_mode_before_its_first_event() {
    for selection in every_selection() {
        draw_sampled(Sitting::new(Job::default(), selection), COLOUR);
    }
}

#[test]
fn every_mode_not_yet_run() {
    let real = Job { costs_quota: true, ..Job::default() };
    let mut sitting = Sitting::new(real, Selection::race(Workload::Followers)).finished();
    for key in ['2', '3'] {
        sitting = sitting.pressed(&key.to_string());
        assert!(sitting.app.runs().is_empty(), "a costly mode does not run unasked");
        for width in sampled(WIDEST, &[40, 60, 80, 110]) {
            for height in sampled(HIGHEST, &[10, 14, 20, 30]) {
                sitting.draw((width, height), COLOUR);
            }
        }
    }
}

#[test]
fn every_mode_in_its_middle() {
    for selection in every_selection() {
        let sitting = Sitting::new(Job::default(), selection);
        draw_sampled(sitting.until(mode_of(selection), 500), COLOUR);
    }
}

#[test]
fn every_mode_finished_in_every_kit() {
    for (selection, kit) in every_selection().zip(KITS.into_iter().cycle()) {
        draw_sampled(Sitting::new(Job::default(), selection).finished(), kit);
    }
    draw_sampled(Sitting::race().finished(), KITS[3]);
}

#[test]
fn every_mode_stopped_and_failed() {
    for selection in every_selection() {
        let sitting = Sitting::new(Job::default(), selection).until(selection.modes()[0], 500);
        draw_sampled(sitting.pressed("x").finished(), COLOUR);
        let unknown = Job { unknown_user: true, ..Job::default() };
        draw_sampled(Sitting::new(unknown, selection).finished(), COLOUR);
    }
}

#[test]
fn popups_over_every_mode() {
    for selection in every_selection() {
        for key in ["?", "q"] {
            let sitting = Sitting::new(Job::default(), selection).until(mode_of(selection), 500);
            draw_sampled(sitting.pressed(key), COLOUR);
        }
    }
}

/// What is found, the table, a comparison, and why to trust it all.
#[test]
fn every_size_of_what_is_looked_up() {
    let job = Job { retried: Some((Mode::Threads, 3, 2)), ..Job::default() };
    let measured = |keys: &str| {
        let mut sitting = Sitting::new(job.clone(), Selection::race(Workload::Followers));
        sitting.app.update(Msg::EventCost(Nanos(2_000_000)));
        sitting.app.update(Msg::Drawn(Nanos(1_500_000)));
        let mut sitting = sitting.finished().pressed("r").until(Mode::Threads, 900);
        sitting.draw((120, 36), COLOUR);
        sitting.pressed(keys)
    };
    let entering = format!("/{}", "wide日本 ".repeat(30));
    for (keys, kit) in
        [&entering, "c", "T>>>>I", "?", "cjjj"].into_iter().zip(KITS.into_iter().cycle())
    {
        draw_sampled(measured(keys), kit);
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
    let job = Job { followers: 3_000, listed: 3_000, workers: Some(40), ..Job::default() };
    for keys in ["", "j", &"j".repeat(50)] {
        let sitting = Sitting::new(job.clone(), Selection::race(Workload::Followers))
            .until(Mode::Threads, 1_500);
        draw_sampled(sitting.pressed(keys), COLOUR);
    }
}

/// Far out, far in, at both ends, held still.
#[test]
fn zoomed_as_far_as_it_goes() {
    for (zoom, end) in [("+", KeyCode::Home), ("-", KeyCode::End), ("+", KeyCode::Right)] {
        let mut sitting = Sitting::race().until(Mode::Threads, 600);
        sitting.draw((120, 36), COLOUR);
        let mut sitting = sitting.pressed(&zoom.repeat(60));
        sitting.press(end);
        let mut sitting = sitting.pressed(" ");
        sitting.play(Nanos::from_millis(900));
        draw_sampled(sitting, COLOUR);
    }
}

#[test]
fn every_size_of_a_race_of_four_modes() {
    let race = Sitting::new(Job::default(), Selection::race(Workload::Mixed));
    draw_every(race.until(Mode::Processes, 100).pressed("jjjjjjjj"), COLOUR);
}

/// Every workload in every mode, in its middle and over, in every kit.
#[test]
fn every_workload_in_every_mode() {
    let workloads = Workload::CHOICES.into_iter().chain([Workload::Commands]);
    let selections = workloads.flat_map(Selection::all);
    for (selection, kit) in selections.zip(KITS.into_iter().cycle()) {
        let job = Job { lost: Some(2), queue: Some(1), ..Job::default() };
        let sitting = Sitting::new(job.clone(), selection).until(mode_of(selection), 100);
        draw_sampled(sitting.pressed("jj"), kit);
        draw_sampled(Sitting::new(job, selection).finished().pressed("j++"), kit);
    }
}
