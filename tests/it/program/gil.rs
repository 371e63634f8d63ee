//! Tapes of CPython: who holds the GIL between two looks at it, and what its threads do then.

use threadline::model::{InterpreterId, Nanos, Run};

use crate::program::tape::{assert_story, fold, readings, run};

/// Returns the holds of an interpreter's GIL up to `end`, in microseconds.
fn holds(run: &Run, interpreter: u16, end: u64) -> Vec<String> {
    let gil = run.interpreter_gil(InterpreterId(interpreter)).unwrap();
    let program = run.program().unwrap();
    let hold = |hold: threadline::model::GilHold| {
        let is_on_lane = |thread: &&threadline::model::ThreadRecord| thread.lane == hold.lane;
        let name = &program.threads().iter().find(is_on_lane).unwrap().identity.name;
        let (from, to) = (hold.start.0 / 1_000, (hold.start + hold.length).0 / 1_000);
        format!("{from}-{to} {name}")
    };
    gil.holds_between(Nanos::ZERO, Nanos(end * 1_000)).map(hold).collect()
}

/// Two threads that compute. One waits for the GIL, is switched in when it gets it, and the other blocks
/// until that has happened.
const TWO_HOGS: &str = "
    0 exact
    10 exec 7 a
    20 fork 8 by 7
    30 name 8 b
    40 in 8
    50 python 7 with 9000
    60 out 8
    1000 drained
    1010 gil 7 7 100
    1020 look 8 gil
    2000 drained
    2010 gil 7 7 100
    3000 in 8
    3005 out 7
    3020 in 7
    3040 out 7
    4000 drained
    4010 gil 7 8 101
    4020 look 7 gil
    6000 drained
    6010 gil 7 8 101
    8000 drained
";

#[test]
fn thread_that_waited_has_the_gil_from_its_switch_in_on() {
    let run = assert_story(
        TWO_HOGS,
        8_000,
        &[
            "a on lane 0: 10-50 on CPU, 50-530 native, 530-3000 computing, 3000-3005 native, \
             3005-3020 blocked, 3020-3040 native, 3040-8000 lock wait (futex GIL of b)",
            "b on lane 1: 20-40 no core, 40-50 on CPU, 50-60 native, \
             60-3000 lock wait (futex GIL of a), 3000-8000 computing",
        ],
    );
    assert_eq!(holds(&run, 0, 8_000), ["530-3000 a", "3000-8000 b"]);
    assert_eq!(run.program().unwrap().interpreters()[0].hand_overs, 1);
}

#[test]
fn holder_that_is_preempted_holds_the_gil_without_a_core() {
    let tape = "
        0 exact
        0 exec 7 a
        10 python 7 with 9000
        20 gil 7 7 5
        500 preempted 7
        700 in 7
        1000 drained
        1010 gil 7 7 5
        2000 drained
        3000 drained
    ";
    let story = "a on lane 0: 0-10 on CPU, 10-15 native, 15-500 computing, 500-700 no core, \
                 700-3000 computing";
    let run = assert_story(tape, 3_000, &[story]);
    assert_eq!(holds(&run, 0, 3_000), ["15-3000 a"]);
}

#[test]
fn thread_that_woke_and_blocked_between_two_looks_has_held_the_free_gil() {
    // `io` sleeps most of the time; `a` computes, and gives the GIL away for a moment.
    let tape = "
        0 exact
        0 exec 7 a
        10 fork 8 by 7
        20 name 8 io
        25 in 8
        30 out 8
        40 python 7 with 9000
        40 thread 8 of python
        50 gil 7 7 5
        1000 drained
        1010 gil 7 7 5
        2000 in 8
        2010 out 8
        2100 out 7
        2105 in 8
        2150 out 8
        2160 in 7
        3000 drained
        3010 gil 7 7 7
        3020 look 8 sleep
        4000 drained
        5000 drained
    ";
    let run = assert_story(
        tape,
        5_000,
        &[
            "a on lane 0: 0-40 on CPU, 40-45 native, 45-2100 computing, 2100-2160 blocked, \
             2160-5000 computing",
            "io on lane 1: 10-25 no core, 25-30 on CPU, 30-2000 blocked, 2000-2010 native, \
             2010-2105 blocked, 2105-2150 computing, 2150-5000 sleeping (clock_nanosleep)",
        ],
    );
    assert_eq!(holds(&run, 0, 5_000), ["45-2100 a", "2105-2150 io", "2160-5000 a"]);
}

#[test]
fn thread_that_does_not_hold_the_gil_works_natively_and_gets_no_part_of_it() {
    // The GIL did not change hands, so that nobody else can have had it.
    let tape = "
        0 exact
        0 exec 7 a
        10 fork 8 by 7
        20 name 8 hash
        25 in 8
        40 python 7 with 9000
        40 thread 8 of python
        50 gil 7 7 5
        500 out 8
        600 in 8
        800 out 8
        900 in 8
        1000 drained
        1010 gil 7 7 5
        2000 drained
        3000 drained
    ";
    let run = assert_story(
        tape,
        3_000,
        &[
            "a on lane 0: 0-40 on CPU, 40-45 native, 45-3000 computing",
            "hash on lane 1: 10-25 no core, 25-40 on CPU, 40-500 native, 500-600 blocked, \
             600-800 native, 800-900 blocked, 900-3000 native",
        ],
    );
    assert_eq!(holds(&run, 0, 3_000), ["45-3000 a"]);
}

#[test]
fn holder_that_a_look_shows_blocked_holds_the_gil_on() {
    let tape = "
        0 exact
        0 exec 7 a
        10 python 7 with 9000
        20 gil 7 7 5
        500 out 7
        1000 drained
        1010 gil 7 7 5
        1020 look 7 read
        1500 in 7
        1600 out 7
        1700 in 7
        2000 drained
        2010 gil 7 7 5
        3000 drained
    ";
    let readings = readings(tape);
    let run = run(&fold(&readings, Nanos(3_000_000)));
    assert_eq!(holds(&run, 0, 3_000), ["15-1600 a", "1700-3000 a"]);
}

#[test]
fn each_process_has_a_gil_of_its_own() {
    let tape = "
        0 exact
        0 exec 7 a
        10 process 9 by 7
        20 in 9
        30 python 7 with 9000
        40 python 9 with 9000
        50 gil 7 7 1
        50 gil 9 9 4
        1000 drained
        1010 gil 7 7 1
        1010 gil 9 9 4
        1500 out 9
        2000 drained
        2010 gil 7 7 1
        2010 gil 9 - 4 last 9
        3000 exec 9 other
        4000 drained
        5000 drained
    ";
    let run = assert_story(
        tape,
        5_000,
        &[
            "a on lane 0: 0-30 on CPU, 30-40 native, 40-5000 computing",
            "other on lane 1: 10-20 no core, 20-40 on CPU, 40-45 native, 45-1500 computing, \
             1500-3000 blocked, 3000-5000 on CPU",
        ],
    );
    assert_eq!(holds(&run, 0, 5_000), ["40-5000 a"]);
    assert_eq!(holds(&run, 1, 5_000), ["45-1500 other"]);
}

#[test]
fn interpreter_without_a_gil_to_see_leaves_threads_as_they_are() {
    let tape = "
        0 exact
        0 exec 7 a
        10 python 7 unknown layout
        20 gil 7 7 5
        1000 drained
        2000 drained
    ";
    let run = assert_story(tape, 2_000, &["a on lane 0: 0-2000 on CPU"]);
    let [interpreter] = run.program().unwrap().interpreters() else { panic!() };
    assert_eq!(interpreter.details.why.as_deref(), Some("unknown layout"));
    assert_eq!(interpreter.details.switch_interval, None);
}

#[test]
fn names_of_the_program_are_kept_and_functions_are_told() {
    let tape = "
        0 exact
        0 exec 7 python3
        10 python 7 with 9000
        20 thread 7 is MainThread
        30 thread 7 in work 12
        40 name 7 python3
        1000 drained
        1010 thread 7 in work 14
        2000 drained
        3000 drained
    ";
    let run = assert_story(tape, 3_000, &["MainThread on lane 0: 0-10 on CPU, 10-3000 native"]);
    let program = run.program().unwrap();
    let places: Vec<(u64, u32)> = program
        .places(program.threads()[0].lane)
        .map(|(at, place)| (at.0 / 1_000, place.line.unwrap()))
        .collect();
    assert_eq!(places, [(30, 12), (1010, 14)]);
}

#[test]
fn lane_of_a_thread_with_a_name_of_its_program_is_used_again() {
    let tape = "
        0 exact
        0 exec 7 python3
        10 python 7 with 9000
        20 fork 8 by 7
        30 in 8
        1000 drained
        30000 drained
        30010 thread 8 is cpu-1
        40000 exit 8
        50000 drained
        60000 drained
        60020 fork 9 by 7
        60030 in 9
        90000 drained
        120000 drained
    ";
    let run = run(&fold(&readings(tape), Nanos(130_000_000)));
    assert_eq!(run.program().unwrap().threads().len(), 3);
    assert_eq!(run.lanes().len(), 2);
}

#[test]
fn a_thread_that_python_does_not_know_by_name_has_not_the_name_of_its_creator() {
    let tape = "
        0 exact
        0 exec 7 pytest
        10 python 7 with 9000
        20 thread 7 is MainThread
        1000 drained
        30000 drained
        30020 fork 8 by 7
        30030 in 8
        60000 drained
        60010 thread 8 of python
        90000 drained
    ";
    let run = run(&fold(&readings(tape), Nanos(100_000_000)));
    let threads = run.program().unwrap().threads().iter();
    let names: Vec<&str> = threads.map(|thread| thread.identity.name.as_str()).collect();
    assert_eq!(names, ["MainThread", "pytest"]);
}

#[test]
fn without_records_the_holder_is_known_to_a_period() {
    let tape = "
        0 counted
        0 found 7 a R
        0 found 8 b R
        0 python 7 with 9000
        4000 gil 7 7 5
        4000 sample 7 4000 0 1 running
        4000 sample 8 0 0 1 gil
        8000 gil 7 7 5
        8000 sample 7 8000 0 2 running
        8000 sample 8 0 0 1 same
        12000 gil 7 8 6
        12000 sample 7 10000 0 2 gil
        12000 sample 8 2000 0 2 running
        16000 gil 7 8 6
        16000 sample 7 10000 0 2 same
        16000 sample 8 6000 0 3 running
    ";
    let run = run(&fold(&readings(tape), Nanos(16_000_000)));
    assert_eq!(holds(&run, 0, 16_000), ["2000-10000 a", "10000-16000 b"]);
    let story = crate::program::tape::story(&run);
    assert!(story[0].contains("-10000 computing, 10000-16000 lock wait"), "{story:?}");
    assert!(story[1].ends_with("10000-16000 computing"), "{story:?}");
}
