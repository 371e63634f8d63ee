//! What the screen says in words of CPU work, the GIL, worker processes, commands and the queue.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Mode, Selection, Workload};

use crate::fabricate::{Job, Sitting};
use crate::snapshots::{NARROW, USUAL, WIDE};

const CPU: Selection = Selection::race(Workload::Cpu);
const PROCESSES: Selection = Selection::only(Workload::Cpu, Mode::Processes);

#[track_caller]
fn says(sitting: &mut Sitting, size: (u16, u16), words: &str) {
    let rows = sitting.rows(size);
    let is_said = rows.iter().any(|row| row.contains(words));
    assert!(is_said, "{words}\n{}", rows.join("\n"));
}

#[test]
fn what_the_times_mean_is_said_in_as_many_clauses_as_fit() {
    let mut sitting = Sitting::new(Job::default(), CPU).finished();
    let gil = " threads under the GIL: 1.00x, no gain on CPU work";
    let others = "4 threads without a GIL: 2.00x, 4 processes: 1.93x on 2 cores";
    says(&mut sitting, WIDE, &format!("{gil}; {others} "));
    says(&mut sitting, USUAL, &format!("{gil}; 4 threads without a GIL: "));
    says(&mut sitting, USUAL, " 2.00x, 4 processes: 1.93x on 2 cores ");
    says(&mut sitting, (60, 14), &format!("{gil} "));
    says(&mut sitting, NARROW, " threads under the GIL: 1.00x, no gain… ");
}

#[test]
fn other_results_are_said_before_all_else() {
    let wrong = Some((Mode::Gil, 3));
    let mut sitting = Sitting::new(Job { wrong, ..Job::default() }, CPU).finished();
    let words =
        " the modes came to another result in 1 task; threads under the GIL: 1.00x, no gain ";
    says(&mut sitting, WIDE, words);
}

#[test]
fn a_run_that_was_stopped_concludes_nothing() {
    let sitting = Sitting::new(Job::default(), CPU).until(Mode::Gil, 500).pressed("x");
    let mut sitting = sitting.finished();
    says(&mut sitting, WIDE, "│ stopped ");
    assert!(!sitting.rows(WIDE).concat().contains("no gain"));
}

#[test]
fn a_mode_alone_is_measured_against_the_sequential_run_before() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut sitting = Sitting::new(Job::default(), gil).finished();
    says(&mut sitting, WIDE, "│ done ");
    let mut sitting = sitting.pressed("2").finished().pressed("4");
    says(&mut sitting, WIDE, "│ threads under the GIL: 1.00x, no gain on CPU work ");
}

#[test]
fn a_worker_process_that_died_is_told_and_so_is_what_it_died_over() {
    let mut sitting = Sitting::new(Job { lost: Some(2), ..Job::default() }, PROCESSES).finished();
    says(&mut sitting, WIDE, "a worker process died, and its task was done anew ");
    // Its lane has another process by then.
    says(&mut sitting, WIDE, "pid 4005 ");
    let mut sitting = sitting.pressed("jj");
    says(&mut sitting, WIDE, "pid 4005  t2 failed: worker process 4002 was killed by signal 9 ");
    let rows = sitting.rows(WIDE);
    assert!(rows.iter().any(|row| row.contains("t2#2")), "{}", rows.join("\n"));
}

#[test]
fn commands_that_fail_are_counted_and_the_chosen_lane_names_one() {
    let race = Selection::race(Workload::Commands);
    let mut sitting = Sitting::new(Job::default(), race).finished();
    for size in [WIDE, USUAL, NARROW] {
        says(&mut sitting, size, " 3 side by side: 2.09x; 1 failed ");
    }
    let mut sitting = sitting.pressed("jjjj");
    says(&mut sitting, WIDE, "worker-3  `cargo doc` ended with status 101 ");
    assert!(!sitting.rows(WIDE).concat().contains("tries again"), "nothing is to be repaired");
}

#[test]
fn the_queue_says_where_the_tasks_are() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let mut sitting = Sitting::new(Job::default(), threads).until(Mode::Threads, 350);
    says(&mut sitting, WIDE, " 0 waiting 4 out 4 done ");
    says(&mut sitting, USUAL, " 0 wait  4 done");
    let mut sitting = Sitting::new(Job::default(), threads).until(Mode::Threads, 100);
    says(&mut sitting, WIDE, " 4 waiting 4 out 0 done ");
    // Where there is no row for what is in flight, this one says it.
    let mut sitting = Sitting::new(Job::default(), CPU).until(Mode::Gil, 100);
    says(&mut sitting, USUAL, " queue gil ");
    says(&mut sitting, USUAL, " 4 wait  4 out");
    says(&mut sitting, (60, 14), " 4 wait");
}

#[test]
fn a_queue_with_a_bound_says_what_found_no_room() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let job = Job { queue: Some(1), ..Job::default() };
    let mut sitting = Sitting::new(job, threads).until(Mode::Threads, 100);
    says(&mut sitting, WIDE, " 3 to put 1 wait 0 done");
}

#[test]
fn a_view_that_is_held_says_what_waited_then() {
    let threads = Selection::only(Workload::Cpu, Mode::Threads);
    let sitting = Sitting::new(Job::default(), threads).until(Mode::Threads, 100);
    let mut sitting = sitting.pressed(" ").finished();
    says(&mut sitting, WIDE, " 4 waiting ");
}

/// Half a number would be another one.
#[test]
fn what_is_known_of_the_gil_is_never_cut() {
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    let mut sitting = Sitting::new(Job::default(), gil).finished();
    let figures = |sitting: &mut Sitting, width| -> Vec<String> {
        let rows = sitting.rows((width, 24));
        let row = rows.iter().rfind(|row| row.starts_with(" gil x4")).unwrap();
        let parts = row.trim_start_matches(" gil x4").split("  ").map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let mut whole = figures(&mut sitting, 140);
    assert_eq!(whole.len(), 5, "{whole:?}");
    whole.extend(figures(&mut sitting, 90));
    for width in 40..140 {
        for figure in figures(&mut sitting, width) {
            assert!(whole.contains(&figure), "{figure:?} at {width}, not of {whole:?}");
        }
    }
    assert!(whole.contains(&"held 100 %".to_owned()), "{whole:?}");
    assert!(whole.contains(&"199 switches/s".to_owned()), "{whole:?}");
}

#[test]
fn followers_are_fetched_when_their_turn_comes_in_a_sitting_that_began_with_cpu_work() {
    let mut sitting = Sitting::new(Job::default(), CPU).finished();
    for _ in 0..3 {
        sitting.press(KeyCode::Char('w'));
        sitting = sitting.finished();
    }
    let race = Selection::race(Workload::Followers);
    assert_eq!(sitting.app.shown(), race);
    assert!(sitting.app.session().agreement(race).is_some(), "it ran by itself");
}
