//! Stability of rows: a lane keeps its row from the start of its run to the end.

use std::collections::{BTreeMap, BTreeSet};

use threadline::app::{Gesture, Msg, PointerTarget};
use threadline::model::{EventKind, LimitKind, Mode, Selection, Workload};
use threadline::ui;
use threadline::ui::theme::Theme;

use crate::app_driver::{AppDriver, COLOUR, Scenario};

/// The row of each lane, by name.
fn lane_rows(rows: &[String]) -> BTreeMap<String, usize> {
    let is_lane = |word: &&str| {
        word.starts_with("worker-") || ["main", "sequential", "in", "queue", "quota"].contains(word)
    };
    // The totals above have a row called sequential, too.
    let timeline = rows.iter().position(|row| row.contains("▏0")).unwrap_or(0);
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

/// The rows below the time axis with text in the column of names, without the legend.
fn named_rows(rows: &[String]) -> Vec<usize> {
    let has_name = |row: &str| row.chars().skip(1).take(8).any(char::is_alphanumeric);
    let timeline = rows.iter().position(|row| row.contains("▏0")).unwrap_or(0);
    // The legend has the states that have occurred so far.
    let legend = (rows.len() >= 20).then(|| rows.len() - 2);
    let rows = rows.iter().enumerate().skip(timeline + 1).filter(|(y, _)| Some(*y) != legend);
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

/// Returns the lanes that can be clicked, one after another, and the number of lanes counted on rows.
fn count_lanes(driver: &mut AppDriver, size: (u16, u16)) -> (BTreeSet<usize>, usize) {
    let theme = Theme::new(COLOUR.0, COLOUR.1, driver.app.background());
    let rows = driver.rows(size);
    let mut lanes = BTreeSet::new();
    for y in 0..size.1 {
        // The lower one of two lanes on a row is selected by a second click.
        for _ in 0..2 {
            let target = ui::pointer_target(&driver.app, theme, size.into(), 2, y);
            if target.lane.is_none() {
                break;
            }
            lanes.extend(target.lane);
            driver.app.update(Msg::Mouse(Gesture::Press, target));
            driver.app.update(Msg::Mouse(Gesture::Release, PointerTarget::default()));
        }
    }
    let names = rows[4..].iter().map(|row| row.chars().take(22).collect::<String>());
    let counts = names.filter_map(|name| {
        name.split(' ').find_map(|word| word.strip_prefix('+')?.parse::<usize>().ok())
    });
    (lanes, counts.sum())
}

#[test]
fn every_lane_is_shown_or_counted() {
    for size in CROWDED_SIZES.into_iter().filter(|&size| size != (40, 10)) {
        let mut driver = race_of_four_modes().play_until(Mode::Processes, 100);
        let (lanes, counted) = count_lanes(&mut driver, size);
        let screen = driver.rows(size).join("\n");
        assert_eq!(lanes.len() + counted, 13, "{lanes:?} and {counted} at {size:?}\n{screen}");
    }
}

#[test]
fn all_lanes_of_four_modes_are_in_sight_at_80x23() {
    for size in [(120, 36), (80, 24), (80, 23)] {
        let mut driver = race_of_four_modes().play_until(Mode::Processes, 100);
        let (lanes, _) = count_lanes(&mut driver, size);
        assert_eq!(lanes, (0..13).collect(), "{}", driver.rows(size).join("\n"));
    }
}

#[test]
fn selected_lane_is_always_shown() {
    for size in CROWDED_SIZES {
        let mut driver = race_of_four_modes().play_until(Mode::Processes, 100);
        for lane in 0..13 {
            driver = driver.press_keys("j");
            let rows = driver.rows(size);
            let is_marked = |row: &String| row.trim_start_matches('│').starts_with('>');
            let screen = rows.join("\n");
            assert_eq!(rows.iter().filter(|row| is_marked(row)).count(), 1, "{lane}\n{screen}");
        }
    }
}

/// A crowded screen does not show only the first runs.
#[test]
fn every_run_and_the_gil_have_a_visible_row() {
    let names = [
        ["sequential", "seq "],
        ["threads", "thr"],
        ["GIL threads x4", "GIL"],
        ["processes", "proc +"],
    ];
    for size in [(120, 36), (110, 30), (80, 24), (80, 20), (60, 14), (40, 12)] {
        let rows = race_of_four_modes().play_until(Mode::Gil, 100).rows(size);
        let timeline = rows.iter().position(|row| row.contains("▏0")).unwrap_or(5);
        let below = rows[timeline..].join("\n");
        for forms in names {
            assert!(forms.iter().any(|name| below.contains(name)), "{forms:?}\n{below}");
        }
        // The row of the GIL is the first of its run, and has its own figure.
        assert!(below.contains(" GIL "), "{below}");
    }
}
