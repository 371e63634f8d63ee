//! What the screen says in words of CPU work, the GIL, worker processes, commands and the queue.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Selection, Workload};

use crate::app_driver::{AppDriver, Scenario};
use crate::snapshots::{NARROW, USUAL, WIDE};

const CPU: Selection = Selection::race(Workload::Cpu);
const PROCESSES: Selection = Selection::only(Workload::Cpu, Mode::Processes);

#[track_caller]
fn says(driver: &mut AppDriver, size: (u16, u16), words: &str) {
    let rows = driver.rows(size);
    let is_said = rows.iter().any(|row| row.contains(words));
    assert!(is_said, "{words}\n{}", rows.join("\n"));
}

#[test]
fn what_the_times_mean_is_said_in_as_many_clauses_as_fit() {
    let mut driver = AppDriver::new(Scenario::default(), CPU).play_to_end();
    let gil = " threads under the GIL: 1.00x, no gain on CPU work";
    let others = "4 threads without a GIL: 2.00x, 4 processes: 1.93x on 2 cores";
    says(&mut driver, WIDE, &format!("{gil}; {others} "));
    says(&mut driver, USUAL, &format!("{gil}; 4 threads without a GIL: "));
    says(&mut driver, USUAL, " 2.00x, 4 processes: 1.93x on 2 cores ");
    says(&mut driver, (60, 14), &format!("{gil} "));
    says(&mut driver, NARROW, " threads under the GIL: 1.00x, no gain… ");
}

#[test]
fn other_results_are_said_before_all_else() {
    let wrong = Some((Mode::Gil, 3));
    let mut driver = AppDriver::new(Scenario { wrong, ..Scenario::default() }, CPU).play_to_end();
    let words =
        " the modes disagree on the result of 1 task; threads under the GIL: 1.00x, no gain ";
    says(&mut driver, WIDE, words);
}

#[test]
fn a_run_that_was_stopped_concludes_nothing() {
    let driver =
        AppDriver::new(Scenario::default(), CPU).play_until(Mode::Gil, 500).press_keys("x");
    let mut driver = driver.play_to_end();
    says(&mut driver, WIDE, "│ stopped ");
    assert!(!driver.rows(WIDE).concat().contains("no gain"));
}

#[test]
fn a_mode_alone_is_measured_against_the_sequential_run_before() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    says(&mut driver, WIDE, "│ done ");
    let mut driver = driver.press_keys("2").play_to_end().press_keys("4");
    says(&mut driver, WIDE, "│ threads under the GIL: 1.00x, no gain on CPU work ");
}

#[test]
fn a_dead_worker_process_is_reported_with_its_task() {
    let mut driver =
        AppDriver::new(Scenario { lost: Some(2), ..Scenario::default() }, PROCESSES).play_to_end();
    says(&mut driver, WIDE, "a worker process died; its task was retried ");
    // Its lane has another process by then.
    says(&mut driver, WIDE, "pid 4005 ");
    let mut driver = driver.press_keys("jj");
    says(&mut driver, WIDE, "pid 4005  t2 failed: worker process 4002 was killed by signal 9 ");
    let rows = driver.rows(WIDE);
    assert!(rows.iter().any(|row| row.contains("t2#2")), "{}", rows.join("\n"));
}

#[test]
fn commands_that_fail_are_counted_and_the_chosen_lane_names_one() {
    let race = Selection::race(Workload::Commands);
    let mut driver = AppDriver::new(Scenario::default(), race).play_to_end();
    for size in [WIDE, USUAL, NARROW] {
        says(&mut driver, size, " 3 side by side: 2.09x; 1 failed ");
    }
    let mut driver = driver.press_keys("jjjj");
    says(&mut driver, WIDE, "worker-3  `cargo doc` ended with status 101 ");
    assert!(!driver.rows(WIDE).concat().contains("tries again"), "nothing is to be repaired");
}

#[test]
fn the_queue_says_where_the_tasks_are() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let mut driver = AppDriver::new(Scenario::default(), threads).play_until(Mode::Threads, 350);
    says(&mut driver, WIDE, " 0 waiting 4 out 4 done ");
    says(&mut driver, USUAL, " 0 wait  4 done");
    let mut driver = AppDriver::new(Scenario::default(), threads).play_until(Mode::Threads, 100);
    says(&mut driver, WIDE, " 4 waiting 4 out 0 done ");
    // Where there is no row for what is in flight, this one says it.
    let mut driver = AppDriver::new(Scenario::default(), CPU).play_until(Mode::Gil, 100);
    says(&mut driver, USUAL, " queue gil ");
    says(&mut driver, USUAL, " 4 wait  4 out");
    says(&mut driver, (60, 14), " 4 wait");
}

#[test]
fn a_queue_with_a_bound_says_what_found_no_room() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let job = Scenario { queue: Some(1), ..Scenario::default() };
    let mut driver = AppDriver::new(job, threads).play_until(Mode::Threads, 100);
    says(&mut driver, WIDE, " 3 unsent 1 wait 0 done");
}

#[test]
fn a_view_that_is_held_says_what_waited_then() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let driver = AppDriver::new(Scenario::default(), threads).play_until(Mode::Threads, 100);
    let mut driver = driver.press_keys(" ").play_to_end();
    says(&mut driver, WIDE, " 4 waiting ");
}

/// Half a number would be another one.
#[test]
fn what_is_known_of_the_gil_is_never_cut() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut driver = AppDriver::new(Scenario::default(), gil).play_to_end();
    let figures = |driver: &mut AppDriver, width| -> Vec<String> {
        let rows = driver.rows((width, 24));
        let row = rows.iter().rfind(|row| row.starts_with(" gil x4")).unwrap();
        let parts = row.trim_start_matches(" gil x4").split("  ").map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let mut whole = figures(&mut driver, 140);
    assert_eq!(whole.len(), 5, "{whole:?}");
    whole.extend(figures(&mut driver, 90));
    for width in 40..140 {
        for figure in figures(&mut driver, width) {
            assert!(whole.contains(&figure), "{figure:?} at {width}, not of {whole:?}");
        }
    }
    assert!(whole.contains(&"held 100 %".to_owned()), "{whole:?}");
    assert!(whole.contains(&"199 switches/s".to_owned()), "{whole:?}");
}

#[test]
fn followers_are_fetched_on_demand_in_a_session_that_began_with_cpu_work() {
    let mut driver = AppDriver::new(Scenario::default(), CPU).play_to_end();
    for _ in 0..3 {
        driver.press(KeyCode::Char('w'));
        driver = driver.play_to_end();
    }
    let race = Selection::race(Workload::Followers);
    assert_eq!(driver.app.selection(), race);
    assert!(driver.app.session().agreement(race).is_some(), "it ran by itself");
}
