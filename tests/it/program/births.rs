//! Tapes of births and ends of threads, their names, and the processes and lanes that they are in.

use threadline::model::{EventKind, Nanos};
use threadline::source::program::reading::Reading;

use crate::program::tape::{assert_story, fold, readings, run};

#[test]
fn thread_keeps_its_creators_name_until_it_has_its_own() {
    let tape = "
        0 exact
        10 exec 7 app
        20 fork 8 by 7
        30 in 8
        40 out 8
        1000 drained
        1200 drained
        1500 in 8
        1600 name 8 late
        2000 drained
        3000 drained
    ";
    let events = fold(&readings(tape), Nanos(5_000_000));
    let names = events.iter().filter_map(|event| match &event.kind {
        EventKind::ThreadIdentified(thread) if thread.tid == 8 => {
            Some((event.at.0 / 1_000, thread.name.as_str()))
        }
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), [(20, "app"), (1_600, "late")]);
}

#[test]
fn executing_thread_continues_as_the_first_one_of_its_process() {
    let tape = "
        0 exact
        10 exec 7 app
        20 fork 8 by 7
        21 name 8 loader
        30 in 8
        40 out 7
        100 exit 7
        120 exec 7 other
        1000 drained
        2000 out 7
        3000 drained
        4000 drained
    ";
    assert_story(
        tape,
        5_000,
        &[
            "app on lane 0: 10-40 on CPU, 40-100 blocked",
            "loader on lane 1: 20-30 no core, 30-120 on CPU",
            "other on lane 2: 120-2000 on CPU, 2000-5000 blocked",
        ],
    );
}

#[test]
fn reused_thread_id_is_another_thread() {
    let tape = "
        0 exact
        10 exec 7 app
        20 fork 8 by 7
        21 name 8 worker-1
        30 in 8
        40 exit 8
        50 fork 8 by 7
        51 name 8 worker-2
        60 in 8
        70 fork 8 by 7
        71 name 8 worker-3
        1000 drained
        2000 drained
        3000 drained
    ";
    assert_story(
        tape,
        5_000,
        &[
            "app on lane 0: 10-5000 on CPU",
            "worker-1 on lane 1: 20-30 no core, 30-40 on CPU",
            "worker-2 on lane 1: 50-60 no core, 60-70 on CPU",
            "worker-3 on lane 1: 70-5000 no core",
        ],
    );
}

#[test]
fn birth_without_its_record_is_the_first_time_on_a_cpu() {
    let tape = "
        0 exact
        10 exec 7 app
        500 in 9
        600 name 9 stray
        700 out 9
        1000 drained
        2000 drained
        3000 drained
    ";
    assert_story(
        tape,
        5_000,
        &["app on lane 0: 10-5000 on CPU", "stray on lane 1: 500-700 on CPU, 700-5000 blocked"],
    );
}

#[test]
fn child_process_is_more_threads() {
    let tape = "
        0 exact
        10 exec 7 sh
        20 process 9 by 7
        30 in 9
        40 exec 9 ls
        50 out 9
        1000 drained
        2000 drained
        3000 drained
    ";
    let run = assert_story(
        tape,
        5_000,
        &[
            "sh on lane 0: 10-5000 on CPU",
            "ls on lane 1: 20-30 no core, 30-50 on CPU, 50-5000 blocked",
        ],
    );
    let pids = run.program().unwrap().threads().iter().map(|thread| thread.identity.pid);
    assert_eq!(pids.collect::<Vec<_>>(), [7, 9]);
}

#[test]
fn ten_thousand_short_threads_share_the_lanes_of_their_like() {
    let mut readings = readings("0 exact\n10 exec 7 app");
    let mut at = 20;
    for number in 0..10_000 {
        let tid = 8 + number % 3;
        let lines = format!(
            "{at} fork {tid} by 7\n{} in {tid}\n{} name {tid} job-{number}\n{} exit {tid}",
            at + 1,
            at + 2,
            at + 3
        );
        readings.extend(crate::program::tape::readings(&lines));
        at += 4;
        if number % 50 == 0 {
            readings.push(Reading::Drained { at: Nanos(at * 1_000) });
        }
    }
    let run = run(&fold(&readings, Nanos(at * 1_000)));
    let program = run.program().unwrap();
    assert_eq!(program.threads().len(), 10_001);
    assert!(program.threads().iter().skip(1).all(|thread| thread.ended.is_some()));
    assert!(run.lanes().len() < 110, "{} lanes", run.lanes().len());
}
