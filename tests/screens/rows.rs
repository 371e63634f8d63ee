//! Nothing jumps: a lane's row stays where it was from the moment its run begins, event by event.

use std::collections::BTreeMap;

use threadline::model::{EventKind, LimitKind, Mode, Selection, Workload};

use crate::app_driver::{AppDriver, Scenario};

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
fn assert_nothing_jumps(mut driver: AppDriver, size: (u16, u16), lanes: usize) {
    let mut first: Option<BTreeMap<String, usize>> = None;
    let mut frames = 0;
    while let Some(event) = driver.play_event() {
        let session = driver.app.session();
        if session.task_count(Workload::Followers).is_none() || session.active().is_none() {
            continue;
        }
        let now = places(&driver.rows(size));
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
        assert_nothing_jumps(AppDriver::race(), size, 5);
    }
}

#[test]
fn no_lane_jumps_with_threads_alone() {
    let threads =
        || AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Threads));
    for size in SIZES {
        assert_nothing_jumps(threads(), size, 5);
    }
}

/// Whatever there is to say about it, and wherever in the race.
#[test]
fn no_lane_jumps_when_a_page_fails() {
    for bad_page in [(Mode::Sequential, 3), (Mode::Threads, 2)] {
        let job = Scenario { bad_page: Some(bad_page), ..Scenario::default() };
        for size in SIZES {
            assert_nothing_jumps(
                AppDriver::new(job.clone(), Selection::race(Workload::Followers)),
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
        let job = Scenario { costs_quota: true, limited, retried, ..Scenario::default() };
        for size in SIZES.into_iter().chain([(100, 30)]) {
            let mut driver =
                AppDriver::new(job.clone(), Selection::race(Workload::Followers)).play_to_end();
            let quota = driver.rows(size).iter().any(|row| row.contains(" of 5,000"));
            assert_eq!(quota, size.1 >= 24, "a quota at {size:?}");
            assert_nothing_jumps(
                AppDriver::new(job.clone(), Selection::race(Workload::Followers)),
                size,
                5,
            );
        }
    }
}

/// More tasks than lanes, and more lanes than there is need for.
#[test]
fn no_lane_jumps_with_many_pages() {
    let job = Scenario { followers: 600, listed: 600, ..Scenario::default() };
    assert_nothing_jumps(AppDriver::new(job, Selection::race(Workload::Followers)), (120, 36), 8);
    let job = Scenario { followers: 31, listed: 31, workers: Some(8), ..Scenario::default() };
    assert_nothing_jumps(AppDriver::new(job, Selection::race(Workload::Followers)), (120, 36), 8);
}

/// The profile promised 8 pages, and 8 lanes stand there; the list has 6 pages. The threaded run is
/// laid out again, but not before it begins, and the rows above stay.
#[test]
fn rows_above_stay_when_the_list_is_shorter_than_promised() {
    let job = Scenario { followers: 240, listed: 180, ..Scenario::default() };
    for size in SIZES {
        let mut driver = AppDriver::new(job.clone(), Selection::race(Workload::Followers));
        let mut main = None;
        while let Some(event) = driver.play_event() {
            let followers = matches!(
                &event.kind,
                EventKind::RunStarted { plan } if plan.workload() == Workload::Followers
            );
            if followers || main.is_some() {
                let places = places(&driver.rows(size));
                let name = if size.1 >= 30 { "main" } else { "sequential" };
                let y = places[name];
                assert_eq!(*main.get_or_insert(y), y, "{name} at {size:?} after {event:?}");
            }
        }
        assert!(main.is_some());
    }
}

/// A race of four modes, of which not all lanes have room everywhere.
fn four_modes() -> AppDriver {
    AppDriver::new(Scenario::default(), Selection::race(Workload::Mixed))
}

const CROWDED: [(u16, u16); 7] =
    [(120, 36), (110, 30), (80, 24), (80, 20), (60, 14), (40, 12), (40, 10)];

/// The rows on which something stands in the column of names, from the timeline on.
fn named(rows: &[String]) -> Vec<usize> {
    let name = |row: &str| row.chars().skip(1).take(8).any(char::is_alphanumeric);
    let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(0);
    let rows = rows.iter().enumerate().skip(timeline + 1);
    rows.filter(|(_, row)| name(row)).map(|(y, _)| y).collect()
}

#[test]
fn no_row_jumps_in_a_race_of_four_modes() {
    for size in CROWDED {
        let mut driver = four_modes();
        driver.play_event();
        let first = named(&driver.rows(size));
        assert!(first.len() > 3, "{first:?}");
        while let Some(event) = driver.play_event() {
            if driver.app.session().active().is_some() {
                assert_eq!(named(&driver.rows(size)), first, "{size:?} after {event:?}");
            }
        }
    }
}

/// How many lanes have a row of their own, and how many are counted on another; and whether one of
/// the rows is chosen.
fn lanes_named(rows: &[String]) -> (usize, usize, bool) {
    const MODES: [&str; 7] = ["seq", "sequential", "thr", "threads", "gil", "proc", "processes"];
    let (mut shown, mut counted, mut chosen) = (0, 0, false);
    let totals = rows.iter().rposition(|row| row.contains(" s  ") && row.contains('x')).unwrap();
    let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(totals);
    for row in rows.iter().skip(timeline + 1) {
        let row = row.trim_start_matches('│');
        let words: Vec<&str> = row.trim_start_matches(['>', ' ', '▌']).split(' ').collect();
        let worker = ["worker-", "w-", "pid", "main"].iter().any(|name| words[0].starts_with(name));
        // Not so a run's name above its lanes.
        let name = row.trim_end_matches([' ', '│']).ends_with(words[0])
            || words.get(1).is_some_and(|x| x.starts_with('x'));
        let lane = MODES.contains(&words[0]) && !name;
        // Below the lanes stands what the chosen one did.
        let told = row.contains("waiting ") && row.contains(" ms  ");
        if (worker || lane) && !told {
            shown += 1;
            chosen |= row.starts_with('>');
        }
        let count = words.iter().find_map(|word| word.strip_prefix('+')?.parse::<usize>().ok());
        counted += count.filter(|_| !row.starts_with(" Tab")).unwrap_or(0);
    }
    (shown, counted, chosen)
}

#[test]
fn every_lane_has_a_row_or_is_counted_and_the_chosen_one_has_one() {
    for size in CROWDED {
        let mut driver = four_modes().play_until(Mode::Processes, 100);
        for lane in 0..13 {
            driver = driver.press_keys("j");
            let rows = driver.rows(size);
            let (shown, counted, chosen) = lanes_named(&rows);
            let screen = rows.join("\n");
            assert_eq!(shown + counted, 13, "lane {lane} at {size:?}: {shown}\n{screen}");
            assert!(chosen, "lane {lane} at {size:?}\n{screen}");
            assert!(shown == 13 || size != (120, 36), "all of them fit\n{screen}");
        }
    }
}

/// Not only the runs that stand first.
#[test]
fn every_run_has_its_name_and_a_lane_in_sight() {
    let names = [["sequential", "seq "], ["threads x4", "thr"], ["gil x4", "gil +"]];
    let names = names.into_iter().chain([["processes x4", "proc +"]]);
    for size in [(120, 36), (110, 30), (80, 24), (80, 20), (60, 14), (40, 12)] {
        let rows = four_modes().play_until(Mode::Gil, 100).rows(size);
        let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(5);
        let below = rows[timeline..].join("\n");
        for forms in names.clone() {
            assert!(forms.iter().any(|name| below.contains(name)), "{forms:?}\n{below}");
        }
        assert!(below.contains(" GIL "), "{below}");
    }
}
