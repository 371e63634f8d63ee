//! Stability of rows: a lane keeps its row from the start of its run to the end.

use std::collections::BTreeMap;

use threadline::model::{EventKind, LimitKind, Mode, Selection, Workload};

use crate::app_driver::{AppDriver, Scenario};

/// The row of each lane, by name.
fn lane_rows(rows: &[String]) -> BTreeMap<String, usize> {
    let is_lane = |word: &&str| {
        word.starts_with("worker-") || ["main", "sequential", "in", "queue", "quota"].contains(word)
    };
    // The totals above have a row called sequential, too.
    let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(0);
    let mut lane_rows = BTreeMap::new();
    for (y, row) in rows.iter().enumerate().skip(timeline) {
        let words = row.trim_start_matches(['│', ' ', '>']).split_whitespace();
        if let Some(name) = words.take(1).find(is_lane) {
            lane_rows.insert(name.to_owned(), y);
        }
    }
    lane_rows
}

/// Draws a frame after each event and asserts that every lane keeps its first row. After the last
/// run, the message of a failure may move them.
fn assert_rows_stay_fixed(mut driver: AppDriver, size: (u16, u16), lanes: usize) {
    let mut first: Option<BTreeMap<String, usize>> = None;
    let mut frames = 0;
    while let Some(event) = driver.play_event() {
        let session = driver.app.session();
        if session.task_count(Workload::Followers).is_none() || session.active().is_none() {
            continue;
        }
        let now = lane_rows(&driver.rows(size));
        let first = first.get_or_insert_with(|| now.clone());
        let names = now.keys().filter(|name| name.starts_with("worker-")).count();
        assert_eq!(names, lanes, "lanes after {event:?}: {now:?}");
        for (name, y) in first.iter() {
            assert_eq!(now.get(name), Some(y), "row of {name} at {size:?} after {event:?}");
        }
        // Rows that appear later (in flight, queue) must not move, either.
        for (name, y) in now {
            first.entry(name).or_insert(y);
        }
        frames += 1;
    }
    assert!(frames > 20, "too few frames: {frames}");
}

const SIZES: [(u16, u16); 5] = [(120, 36), (110, 30), (80, 24), (60, 14), (100, 20)];

#[test]
fn lane_rows_stay_fixed_in_a_race() {
    for size in SIZES {
        assert_rows_stay_fixed(AppDriver::race(), size, 5);
    }
}

#[test]
fn lane_rows_stay_fixed_with_threads_alone() {
    let threads =
        || AppDriver::new(Scenario::default(), Selection::only(Workload::Followers, Mode::Threads));
    for size in SIZES {
        assert_rows_stay_fixed(threads(), size, 5);
    }
}

/// The message takes no row from them, in either run of the race.
#[test]
fn lane_rows_stay_fixed_when_a_page_fails() {
    for bad_page in [(Mode::Sequential, 3), (Mode::Threads, 2)] {
        let scenario = Scenario { bad_page: Some(bad_page), ..Scenario::default() };
        for size in SIZES {
            assert_rows_stay_fixed(
                AppDriver::new(scenario.clone(), Selection::race(Workload::Followers)),
                size,
                5,
            );
        }
    }
}

/// The quota has its row from the start, a limit takes none, and a retried page keeps its lane.
#[test]
fn lane_rows_stay_fixed_under_a_rate_limit() {
    for mode in [Mode::Sequential, Mode::Threads] {
        let limited = Some((mode, 3, LimitKind::Secondary));
        let retried = Some((Mode::Threads, 2, 2));
        let scenario = Scenario { costs_quota: true, limited, retried, ..Scenario::default() };
        for size in SIZES.into_iter().chain([(100, 30)]) {
            let mut driver = AppDriver::new(scenario.clone(), Selection::race(Workload::Followers))
                .play_to_end();
            let has_quota = driver.rows(size).iter().any(|row| row.contains(" of 5,000"));
            assert_eq!(has_quota, size.1 >= 20, "quota row at {size:?}");
            assert_rows_stay_fixed(
                AppDriver::new(scenario.clone(), Selection::race(Workload::Followers)),
                size,
                5,
            );
        }
    }
}

#[test]
fn lane_rows_stay_fixed_with_surplus_pages_or_workers() {
    let scenario = Scenario { followers: 600, listed: 600, ..Scenario::default() };
    assert_rows_stay_fixed(
        AppDriver::new(scenario, Selection::race(Workload::Followers)),
        (120, 36),
        8,
    );
    let scenario = Scenario { followers: 31, listed: 31, workers: Some(8), ..Scenario::default() };
    assert_rows_stay_fixed(
        AppDriver::new(scenario, Selection::race(Workload::Followers)),
        (120, 36),
        8,
    );
}

/// Eight pages are known, so the threads run has 8 lanes at first; the list has 6 pages. The
/// lanes of the threads run are laid out again when it starts, and the rows above stay.
#[test]
fn rows_above_stay_fixed_when_the_list_is_shorter_than_expected() {
    let scenario = Scenario { followers: 240, listed: 180, ..Scenario::default() };
    for size in SIZES {
        let mut driver = AppDriver::new(scenario.clone(), Selection::race(Workload::Followers));
        let mut main_row = None;
        while let Some(event) = driver.play_event() {
            // The first response has the number of pages.
            let is_counted = matches!(event.kind, EventKind::TaskCountChanged { tasks: 6 });
            if is_counted || main_row.is_some() {
                let lane_rows = lane_rows(&driver.rows(size));
                let name = if size.1 >= 30 { "main" } else { "sequential" };
                let y = lane_rows[name];
                assert_eq!(*main_row.get_or_insert(y), y, "{name} at {size:?} after {event:?}");
            }
        }
        assert!(main_row.is_some());
    }
}

/// A race of four modes, whose lanes do not all fit at every size.
fn race_of_four_modes() -> AppDriver {
    AppDriver::new(Scenario::default(), Selection::race(Workload::Mixed))
}

const CROWDED_SIZES: [(u16, u16); 7] =
    [(120, 36), (110, 30), (80, 24), (80, 20), (60, 14), (40, 12), (40, 10)];

/// The rows below the time axis with text in the column of names.
fn named_rows(rows: &[String]) -> Vec<usize> {
    let has_name = |row: &str| row.chars().skip(1).take(8).any(char::is_alphanumeric);
    let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(0);
    let rows = rows.iter().enumerate().skip(timeline + 1);
    rows.filter(|(_, row)| has_name(row)).map(|(y, _)| y).collect()
}

#[test]
fn rows_stay_fixed_in_a_race_of_four_modes() {
    for size in CROWDED_SIZES {
        let mut driver = race_of_four_modes();
        driver.play_event();
        let first = named_rows(&driver.rows(size));
        assert!(first.len() > 3, "{first:?}");
        while let Some(event) = driver.play_event() {
            if driver.app.session().active().is_some() {
                assert_eq!(named_rows(&driver.rows(size)), first, "{size:?} after {event:?}");
            }
        }
    }
}

/// The number of lanes with a row of their own, the number of lanes counted on another row, and
/// `true` if the selected lane has a row.
fn count_lanes(rows: &[String]) -> (usize, usize, bool) {
    const MODES: [&str; 7] = ["seq", "sequential", "thr", "threads", "gil", "proc", "processes"];
    let (mut shown, mut counted, mut is_selected_shown) = (0, 0, false);
    let totals = rows.iter().rposition(|row| row.contains(" s  ") && row.contains('x')).unwrap();
    let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(totals);
    for row in rows.iter().skip(timeline + 1) {
        let row = row.trim_start_matches('│');
        let words: Vec<&str> = row.trim_start_matches(['>', ' ', '▌']).split(' ').collect();
        let is_worker =
            ["worker-", "w-", "pid", "main"].iter().any(|name| words[0].starts_with(name));
        // The name of a run above its lanes is not a lane.
        let is_run_name = row.trim_end_matches([' ', '│']).ends_with(words[0])
            || words
                .iter()
                .any(|word| word.strip_prefix('x').is_some_and(|n| n.parse::<u16>().is_ok()));
        let is_single_lane = MODES.contains(&words[0]) && !is_run_name;
        // Below the lanes is the summary of the selected one.
        let is_summary = row.contains("waiting ") && row.contains(" ms  ");
        if (is_worker || is_single_lane) && !is_summary {
            shown += 1;
            is_selected_shown |= row.starts_with('>');
        }
        let count = words.iter().find_map(|word| word.strip_prefix('+')?.parse::<usize>().ok());
        counted += count.filter(|_| !row.starts_with(" Tab")).unwrap_or(0);
    }
    (shown, counted, is_selected_shown)
}

#[test]
fn every_lane_is_shown_or_counted_and_the_selected_one_is_shown() {
    for size in CROWDED_SIZES {
        let mut driver = race_of_four_modes().play_until(Mode::Processes, 100);
        for lane in 0..13 {
            driver = driver.press_keys("j");
            let rows = driver.rows(size);
            let (shown, counted, is_selected_shown) = count_lanes(&rows);
            let screen = rows.join("\n");
            assert_eq!(shown + counted, 13, "lane {lane} at {size:?}: {shown}\n{screen}");
            assert!(is_selected_shown, "lane {lane} at {size:?}\n{screen}");
            assert!(shown == 13 || size != (120, 36), "all lanes fit at 120x36\n{screen}");
        }
    }
}

/// A crowded screen does not show only the first runs.
#[test]
fn every_run_and_the_gil_have_a_visible_row() {
    let names =
        [["sequential", "seq "], ["threads (no GIL) x4", "thr"], ["GIL threads x4", "gil +"]];
    let names = names.into_iter().chain([["processes x4", "proc +"]]);
    for size in [(120, 36), (110, 30), (80, 24), (80, 20), (60, 14), (40, 12)] {
        let rows = race_of_four_modes().play_until(Mode::Gil, 100).rows(size);
        let timeline = rows.iter().position(|row| row.contains('╵')).unwrap_or(5);
        let below = rows[timeline..].join("\n");
        for forms in names.clone() {
            assert!(forms.iter().any(|name| below.contains(name)), "{forms:?}\n{below}");
        }
        assert!(below.contains(" GIL "), "{below}");
    }
}
