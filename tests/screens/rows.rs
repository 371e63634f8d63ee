//! Nothing jumps: a lane's row stays where it was from the moment its run begins, event by event.

use std::collections::BTreeMap;

use threadline::model::{Kind, LimitKind, Mode, Selection, Workload};

use crate::fabricate::{Job, Sitting};

/// Which row each lane's name stands on.
fn places(rows: &[String]) -> BTreeMap<String, usize> {
    let is_lane = |word: &&str| {
        word.starts_with("worker-") || ["main", "sequential", "in", "queue", "quota"].contains(word)
    };
    // Above are the totals, which have a row called sequential, too.
    let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(0);
    let mut places = BTreeMap::new();
    for (y, row) in rows.iter().enumerate().skip(timeline) {
        let words = row.trim_start_matches(['│', ' ', '>']).split_whitespace();
        if let Some(name) = words.take(1).find(is_lane) {
            places.insert(name.to_owned(), y);
        }
    }
    places
}

/// Draws a frame after each event, and compares every lane's place with where it was first. Once all
/// is over, a sentence on what failed may take the room that it needs.
fn assert_nothing_jumps(mut sitting: Sitting, size: (u16, u16), lanes: usize) {
    let mut first: Option<BTreeMap<String, usize>> = None;
    let mut frames = 0;
    while let Some(event) = sitting.step() {
        let session = sitting.app.session();
        if session.tasks(Workload::Followers).is_none() || session.active().is_none() {
            continue;
        }
        let now = places(&sitting.rows(size));
        let first = first.get_or_insert_with(|| now.clone());
        let names = now.keys().filter(|name| name.starts_with("worker-")).count();
        assert_eq!(names, lanes, "lanes after {event:?}: {now:?}");
        for (name, y) in first.iter() {
            assert_eq!(now.get(name), Some(y), "row of {name} at {size:?} after {event:?}");
        }
        // What comes in later (in flight, queue) stays as well.
        for (name, y) in now {
            first.entry(name).or_insert(y);
        }
        frames += 1;
    }
    assert!(frames > 20, "there was something to see: {frames} frames");
}

const SIZES: [(u16, u16); 5] = [(120, 36), (110, 30), (80, 24), (60, 14), (100, 20)];

#[test]
fn no_lane_jumps_in_a_race() {
    for size in SIZES {
        assert_nothing_jumps(Sitting::race(), size, 5);
    }
}

#[test]
fn no_lane_jumps_with_threads_alone() {
    let threads =
        || Sitting::new(Job::default(), Selection::only(Workload::Followers, Mode::Threads));
    for size in SIZES {
        assert_nothing_jumps(threads(), size, 5);
    }
}

/// Whatever there is to say about it, and wherever in the race.
#[test]
fn no_lane_jumps_when_a_page_fails() {
    for bad_page in [(Mode::Sequential, 3), (Mode::Threads, 2)] {
        let job = Job { bad_page: Some(bad_page), ..Job::default() };
        for size in SIZES {
            assert_nothing_jumps(
                Sitting::new(job.clone(), Selection::race(Workload::Followers)),
                size,
                5,
            );
        }
    }
}

/// The quota has its row from the start, a limit takes none, and a page that is asked for again has
/// its lane.
#[test]
fn no_lane_jumps_on_an_api_that_limits() {
    for mode in [Mode::Sequential, Mode::Threads] {
        let limited = Some((mode, 3, LimitKind::Secondary));
        let retried = Some((Mode::Threads, 2, 2));
        let job = Job { costs_quota: true, limited, retried, ..Job::default() };
        for size in SIZES.into_iter().chain([(100, 30)]) {
            let mut sitting =
                Sitting::new(job.clone(), Selection::race(Workload::Followers)).finished();
            let quota = sitting.rows(size).iter().any(|row| row.contains(" of 5,000"));
            assert_eq!(quota, size.1 >= 24, "a quota at {size:?}");
            assert_nothing_jumps(
                Sitting::new(job.clone(), Selection::race(Workload::Followers)),
                size,
                5,
            );
        }
    }
}

/// More tasks than lanes, and more lanes than there is need for.
#[test]
fn no_lane_jumps_with_many_pages() {
    let job = Job { followers: 600, listed: 600, ..Job::default() };
    assert_nothing_jumps(Sitting::new(job, Selection::race(Workload::Followers)), (120, 36), 8);
    let job = Job { followers: 31, listed: 31, workers: Some(8), ..Job::default() };
    assert_nothing_jumps(Sitting::new(job, Selection::race(Workload::Followers)), (120, 36), 8);
}

/// The profile promised 8 pages, and 8 lanes stand there; the list has 6 pages. The threaded run is
/// laid out again, but not before it begins, and the rows above stay.
#[test]
fn rows_above_stay_when_the_list_is_shorter_than_promised() {
    let job = Job { followers: 240, listed: 180, ..Job::default() };
    for size in SIZES {
        let mut sitting = Sitting::new(job.clone(), Selection::race(Workload::Followers));
        let mut main = None;
        while let Some(event) = sitting.step() {
            let followers = matches!(
                &event.kind,
                Kind::RunStarted { plan } if plan.workload() == Workload::Followers
            );
            if followers || main.is_some() {
                let places = places(&sitting.rows(size));
                let name = if size.1 >= 30 { "main" } else { "sequential" };
                let y = places[name];
                assert_eq!(*main.get_or_insert(y), y, "{name} at {size:?} after {event:?}");
            }
        }
        assert!(main.is_some());
    }
}
