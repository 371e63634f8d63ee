//! Tapes: readings, one a line with its time in microseconds, and the lanes that follow from them.

use threadline::model::{Nanos, ThreadCounters};
use threadline::source::program::reading::Reading;

use crate::program::tape::{assert_story, readings};

#[test]
fn states_have_the_times_of_the_records() {
    let tape = "
        0 exact
        10 exec 7 app
        30 preempted 7
        50 in 7
        80 out 7
        1000 drained
        1010 look 7 sleep
        2000 drained
        2500 in 7
        2600 exit 7
        3000 drained
        4000 drained
    ";
    let run = assert_story(
        tape,
        5_000,
        &["app on lane 0: 10-30 on CPU, 30-50 no core, 50-80 on CPU, \
           80-2500 sleeping (clock_nanosleep), 2500-2600 on CPU"],
    );
    let thread = &run.program().unwrap().threads()[0];
    assert_eq!(thread.ended, Some(Nanos(2_600_000)));
    let (on_cpu, no_core) = (Nanos(150_000), Nanos(20_000));
    assert_eq!(thread.counters, ThreadCounters { on_cpu, no_core, switches: 2, preempted: 1 });
}

#[test]
fn look_after_the_thread_ran_says_nothing_about_the_wait_before() {
    let tape = "
        0 exact
        10 exec 7 app
        20 out 7
        1000 drained
        1010 look 7 read
        1005 in 7
        1050 out 7
        2000 drained
        2010 look 7 sleep
        3000 drained
        4000 drained
    ";
    assert_story(
        tape,
        5_000,
        &["app on lane 0: 10-20 on CPU, 20-1005 blocked, 1005-1050 on CPU, \
           1050-5000 sleeping (clock_nanosleep)"],
    );
}

#[test]
fn wait_that_no_look_fell_into_has_no_reason() {
    let tape = "
        0 exact
        10 exec 7 app
        20 out 7
        90 in 7
        100 out 7
        1000 drained
        1010 look 7 read
        2000 drained
        3000 drained
    ";
    assert_story(
        tape,
        5_000,
        &["app on lane 0: 10-20 on CPU, 20-90 blocked, 90-100 on CPU, 100-5000 waiting (read)"],
    );
}

#[test]
fn growth_of_the_counter_is_the_time_between_waking_up_and_running() {
    let tape = "
        0 exact
        10 exec 7 app
        20 fork 8 by 7
        30 in 8
        40 name 8 worker
        50 out 8
        1000 drained
        1010 look 8 sleep
        1020 counters 8 20 10 1
        2000 drained
        2500 in 8
        3000 drained
        3010 counters 8 500 410 2
        4000 drained
        4500 drained
    ";
    assert_story(
        tape,
        5_000,
        &[
            "app on lane 0: 10-5000 on CPU",
            "worker on lane 1: 20-30 no core, 30-50 on CPU, 50-2100 sleeping (clock_nanosleep), \
             2100-2500 no core, 2500-5000 on CPU",
        ],
    );
}

#[test]
fn several_wake_ups_share_the_time_without_a_core() {
    let tape = "
        0 exact
        10 exec 7 app
        20 counters 7 0 0 1
        1000 drained
        1100 out 7
        1300 in 7
        1400 out 7
        1440 in 7
        2000 drained
        2010 counters 7 0 140 3
        3000 drained
        3010 drained
    ";
    assert_story(
        tape,
        4_000,
        &[
            "app on lane 0: 10-1100 on CPU, 1100-1200 blocked, 1200-1300 no core, 1300-1400 on CPU, \
           1400-1440 no core, 1440-4000 on CPU",
        ],
    );
}

#[test]
fn holder_of_a_mutex_and_the_thread_to_join_are_named() {
    let tape = "
        0 exact
        10 exec 7 app
        20 fork 8 by 7
        21 name 8 indexer
        30 in 8
        40 out 8
        50 out 7
        60 fork 9 by 7
        61 name 9 waiter
        70 in 9
        80 out 9
        1000 drained
        1010 look 7 join 9
        1011 look 8 sleep
        1012 look 9 mutex 8
        2000 drained
        3000 drained
    ";
    assert_story(
        tape,
        5_000,
        &[
            "app on lane 0: 10-50 on CPU, 50-5000 parked (futex thread of waiter)",
            "indexer on lane 1: 20-30 no core, 30-40 on CPU, 40-5000 sleeping (clock_nanosleep)",
            "waiter on lane 2: 60-70 no core, 70-80 on CPU, 80-5000 lock wait (futex mutex of indexer)",
        ],
    );
}

#[test]
fn restarted_call_is_the_one_before() {
    let tape = "
        0 exact
        10 exec 7 app
        20 out 7
        1000 drained
        1010 look 7 sleep
        2000 drained
        2100 in 7
        2110 out 7
        3000 drained
        3010 look 7 restart
        4000 drained
        4500 drained
    ";
    assert_story(
        tape,
        5_000,
        &["app on lane 0: 10-20 on CPU, 20-2100 sleeping (clock_nanosleep), 2100-2110 on CPU, \
           2110-5000 sleeping (clock_nanosleep)"],
    );
}

#[test]
fn stopped_process_is_stopped_from_the_moment_at_which_its_threads_left_the_cpu() {
    let tape = "
        0 exact
        10 exec 7 app
        20 out 7
        1000 drained
        1010 look 7 read
        1020 letter 7 S
        2000 drained
        2100 in 7
        2110 out 7
        3000 drained
        3010 look 7 read
        3020 letter 7 T
        4000 drained
        4500 in 7
        4600 drained
        4700 drained
    ";
    assert_story(
        tape,
        5_000,
        &["app on lane 0: 10-20 on CPU, 20-2100 waiting (read), 2100-2110 on CPU, \
           2110-4500 stopped, 4500-5000 on CPU"],
    );
}

#[test]
fn states_are_unknown_from_the_last_record_before_a_loss() {
    let tape = "
        0 exact
        10 exec 7 app
        20 fork 8 by 7
        21 name 8 worker
        30 in 8
        50 out 7
        1000 drained
        1010 look 7 read
        2000 drained
        2900 lost 40 since 2100
        3000 out 8
        4000 drained
        4010 look 8 sleep
        5000 drained
        6000 drained
    ";
    let run = assert_story(
        tape,
        7_000,
        &[
            "app on lane 0: 10-50 on CPU, 50-2100 waiting (read), 2100-7000 unknown",
            "worker on lane 1: 20-30 no core, 30-2100 on CPU, 2100-3000 unknown, \
             3000-7000 sleeping (clock_nanosleep)",
        ],
    );
    assert_eq!(run.timing().losses().events, 40);
}

#[test]
fn loss_of_one_threads_records_leaves_the_others_known() {
    let tape = "
        0 attached
        10 found 7 app R
        11 found 8 worker R
        1000 drained
        2900 lost 40 since 2100 of 8
        3000 out 8
        4000 drained
        5000 drained
    ";
    assert_story(
        tape,
        7_000,
        &[
            "app on lane 0: 10-7000 on CPU",
            "worker on lane 1: 11-2100 on CPU, 2100-3000 unknown, 3000-7000 blocked",
        ],
    );
}

#[test]
fn thread_born_after_attaching_is_unknown_until_it_is_found() {
    let tape = "
        0 attached
        10 found 7 app S
        1000 drained
        1010 look 7 sleep
        2000 drained
        2100 in 7
        2200 fork 8 by 7
        2500 found 8 worker S
        3000 drained
        3010 look 8 read
        4000 drained
        5000 drained
        5500 gone 8
        6000 drained
        7000 drained
    ";
    assert_story(
        tape,
        8_000,
        &[
            "app on lane 0: 10-2100 sleeping (clock_nanosleep), 2100-8000 on CPU",
            "worker on lane 1: 2200-2500 unknown, 2500-5500 waiting (read)",
        ],
    );
}

#[test]
fn regular_looks_divide_their_period_by_the_counters() {
    let tape = "
        0 counted
        0 found 7 app R
        4000 sample 7 4000 0 1 running
        8000 sample 7 6000 500 2 sleep
        12000 sample 7 6000 500 2 same
        16000 sample 7 7000 1500 3 read
        20000 gone 7
    ";
    let run = assert_story(
        tape,
        20_000,
        &["app on lane 0: 0-4000 on CPU, 4000-4500 no core, 4500-6500 on CPU, \
           6500-14000 sleeping (clock_nanosleep), 14000-15000 no core, 15000-16000 on CPU, \
           16000-20000 waiting (read)"],
    );
    let counters = run.program().unwrap().threads()[0].counters;
    assert_eq!((counters.on_cpu, counters.no_core), (Nanos(7_000_000), Nanos(1_500_000)));
}

#[test]
fn method_may_change_on_the_way() {
    let tape = "
        0 exact
        10 exec 7 app
        1000 drained
        1500 preempted 7
        2000 counted
        2000 sample 7 900 0 1 running
        6000 sample 7 900 4000 1 running
        8000 sample 7 2900 4000 2 running
    ";
    assert_story(
        tape,
        8_000,
        &["app on lane 0: 10-1500 on CPU, 1500-2000 no core, 2000-6000 no core, 6000-8000 on CPU"],
    );
}

#[test]
fn tape_is_written_and_read_as_lines_of_json() {
    let tape = readings(
        "0 exact\n10 exec 7 app\n20 fork 8 by 7\n30 preempted 7\n40 lost 3 since 20\n50 look 7 mutex 8\n\
         60 sample 7 1 2 3 letter D\n70 found 9 x S\n80 gone 9\n90 drained",
    );
    let lines: Vec<String> =
        tape.iter().map(|reading| serde_json::to_string(reading).unwrap()).collect();
    let read: Vec<Reading> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, tape);
    assert_eq!(
        lines[2],
        r#"{"reading":"record","at":20000,"pid":7,"tid":8,"record":"fork","parent_pid":7,"parent_tid":7}"#
    );
}
