//! Status lines about CPU work, the GIL, worker processes, commands and the queue.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Selection, Workload};

use crate::app_driver::{AppDriver, Scenario};
use crate::screens::screen_text::{NARROW, STANDARD, WIDE};

const CPU: Selection = Selection::race(Workload::Cpu);
const PROCESSES: Selection = Selection::only(Workload::Cpu, Mode::Processes);

#[track_caller]
fn assert_shows(driver: &mut AppDriver, size: (u16, u16), text: &str) {
    let rows = driver.rows(size);
    let is_shown = rows.iter().any(|row| row.contains(text));
    assert!(is_shown, "no {text:?} in\n{}", rows.join("\n"));
}

#[test]
fn verdict_shows_as_many_clauses_as_fit() {
    let mut driver = AppDriver::new(Scenario::default(), CPU).play_to_end();
    let gil = " 4 GIL threads were no faster (1.00x): each waited for the GIL 75 % of the time";
    assert_shows(&mut driver, WIDE, &format!("{gil}; without a GIL 2.0x, processes 1.93x. "));
    assert_shows(&mut driver, WIDE, " All 4 modes got the same 8 results.  Next: slow motion (s)");
    assert_shows(
        &mut driver,
        (140, 36),
        &format!("{gil}; without a GIL 2.0x, processes 1.93x, on 2"),
    );
    assert_shows(&mut driver, STANDARD, &format!("{gil} "));
    assert_shows(&mut driver, (60, 14), " 4 GIL threads were no faster (1.00x). ");
    assert_shows(&mut driver, NARROW, " 4 GIL threads were no faster (1.00x). ");
}

#[test]
fn differing_results_are_reported_before_speed_ups() {
    let wrong = Some((Mode::Gil, 3));
    let mut driver = AppDriver::new(Scenario { wrong, ..Scenario::default() }, CPU).play_to_end();
    let text =
        " The modes disagree on 1 result, a bug in threadline, please report it; 4 GIL threads";
    assert_shows(&mut driver, WIDE, text);
}

#[test]
fn stopped_run_has_no_verdict() {
    let driver =
        AppDriver::new(Scenario::default(), CPU).play_until(Mode::Gil, 500).press_keys("x");
    let mut driver = driver.play_to_end();
    assert_shows(&mut driver, WIDE, " stopped ");
    assert!(!driver.rows(WIDE).concat().contains("no gain"));
}

#[test]
fn single_mode_is_compared_with_an_earlier_sequential_run() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    assert_shows(&mut driver, WIDE, " 8 tasks done in 1.200 s by 4 GIL threads.");
    let mut driver = driver.press_keys("2").play_to_end().press_keys("4");
    assert_shows(&mut driver, WIDE, " 4 GIL threads were no faster (1.00x): each waited");
}

#[test]
fn dead_worker_process_is_reported_with_its_task() {
    let mut driver =
        AppDriver::new(Scenario { lost: Some(2), ..Scenario::default() }, PROCESSES).play_to_end();
    assert_shows(&mut driver, WIDE, "1 worker process died; its task was retried ");
    // The lane has a replacement process by then.
    assert_shows(&mut driver, WIDE, "pid 4005 ");
    let mut driver = driver.press_keys("jj");
    assert_shows(
        &mut driver,
        WIDE,
        "pid 4005  t2 failed: worker process 4002 was killed by signal 9 ",
    );
    let rows = driver.rows(WIDE);
    assert!(rows.iter().any(|row| row.contains("t2#2")), "{}", rows.join("\n"));
}

#[test]
fn failed_commands_are_counted_and_named_on_the_selected_lane() {
    let race = Selection::race(Workload::Commands);
    let mut driver = AppDriver::new(Scenario::default(), race).play_to_end();
    for size in [WIDE, STANDARD, NARROW] {
        assert_shows(&mut driver, size, " 3 jobs were 2.1x faster");
    }
    let mut driver = driver.press_keys("jjjj");
    assert_shows(&mut driver, WIDE, "worker-3  `cargo doc` ended with status 101 ");
    assert!(!driver.rows(WIDE).concat().contains("tries again"), "a failed command is not retried");
}

#[test]
fn queue_row_counts_tasks_by_progress() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let mut driver = AppDriver::new(Scenario::default(), threads).play_until(Mode::Threads, 350);
    assert_shows(&mut driver, WIDE, " 0 queued  4 done");
    assert_shows(&mut driver, STANDARD, " 0 queued 4 done");
    let mut driver = AppDriver::new(Scenario::default(), threads).play_until(Mode::Threads, 100);
    assert_shows(&mut driver, WIDE, " 4 queued  0 done");
    // With several runs, a lane's row is worth more than the queue's.
    let mut driver = AppDriver::new(Scenario::default(), CPU).play_until(Mode::Gil, 100);
    assert!(!driver.rows(STANDARD).concat().contains("queue"));
}

#[test]
fn paused_view_shows_the_queue_at_the_time_of_the_pause() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let driver = AppDriver::new(Scenario::default(), threads).play_until(Mode::Threads, 100);
    let mut driver = driver.press_keys(" ").play_to_end();
    assert_shows(&mut driver, WIDE, " 4 queued ");
}

/// A truncated number would look like a different number.
#[test]
fn gil_figures_are_never_truncated() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    let figures = |driver: &mut AppDriver, width| -> Vec<String> {
        let rows = driver.rows((width, 24));
        let row = rows.iter().rfind(|row| row.starts_with(" GIL threads x4")).unwrap();
        let parts = row.trim_start_matches(" GIL threads x4").split("  ").map(str::trim);
        parts.filter(|part| !part.is_empty() && *part != "▏").map(str::to_owned).collect()
    };
    let mut complete = figures(&mut driver, 140);
    assert_eq!(complete.len(), 4, "{complete:?}");
    complete.extend(figures(&mut driver, 90));
    for width in 40..140 {
        for figure in figures(&mut driver, width) {
            assert!(complete.contains(&figure), "{figure:?} at {width} is not one of {complete:?}");
        }
    }
    assert!(complete.contains(&"GIL held 100 %".to_owned()), "{complete:?}");
    assert!(complete.contains(&"199 switches/s".to_owned()), "{complete:?}");
}

#[test]
fn session_that_started_with_cpu_work_can_fetch_followers() {
    let mut driver = AppDriver::new(Scenario::default(), CPU).play_to_end();
    for _ in 0..3 {
        driver.press(KeyCode::Char('w'));
        driver = driver.play_to_end();
    }
    let race = Selection::race(Workload::Followers);
    assert_eq!(driver.app.selection(), race);
    assert!(driver.app.session().agreement(race).is_some(), "the race started without r");
}
