//! Conclusions about watched programs: each sentence from a program that deserves it.

use crate::scripted_program::ScriptedProgram;
use threadline::analysis::verdict::{Conclusion, Verdict};
use threadline::model::Nanos;

fn conclude(table: &str) -> Conclusion {
    let run = ScriptedProgram::new(table).run();
    Verdict::new(&[run], None).conclusion().unwrap()
}

fn sentence(table: &str) -> String {
    conclude(table).sentence()
}

/// The longest sentence about a program so far.
fn sentence_so_far(table: &str, seconds: f64) -> String {
    let run = ScriptedProgram::new(table).run_until(seconds);
    let now = Nanos((seconds * 1e9) as u64);
    Verdict::new(&[run], None).progress_forms(now)[0].clone()
}

/// Returns the lines of threads that do the same.
fn threads(numbers: std::ops::Range<u32>, name: &str, steps: &str) -> String {
    let lines: Vec<String> = numbers.map(|number| format!("{name}-{number}: {steps}")).collect();
    lines.join("\n")
}

/// Four threads that compute in turn, and a main thread that waits for them.
const GIL_BOUND: &str = "
    cores 2
    python 3.12
    main: parked 10 futex
    worker-1: 100x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    worker-2: lock_wait 0.025 futex:GIL, 99x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    worker-3: lock_wait 0.05 futex:GIL, 99x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    worker-4: lock_wait 0.075 futex:GIL, 99x [computing 0.025 in work /srv/app.py:12, lock_wait 0.075 futex:GIL]
    exit 0";

/// Three threads that work, and five that wait for a mutex.
const LOCK_BOUND: &str = "
    cores 2
    indexer: 10x [on_cpu 0.62, sleeping 0.38 clock_nanosleep]
    reader-1: 10x [on_cpu 0.63, waiting 0.07 read:pipe, parked 0.3 futex]
    reader-2: 10x [on_cpu 0.63, waiting 0.07 read:pipe, parked 0.3 futex]
    waiter-1: 10x [on_cpu 0.01, lock_wait 0.71 futex:mutex>indexer, sleeping 0.28]
    waiter-2: 10x [on_cpu 0.01, lock_wait 0.71 futex:mutex>indexer, sleeping 0.28]
    waiter-3: 10x [on_cpu 0.01, lock_wait 0.71 futex:mutex>indexer, sleeping 0.28]
    waiter-4: 10x [on_cpu 0.01, lock_wait 0.71 futex:mutex>indexer, sleeping 0.28]
    waiter-5: 10x [on_cpu 0.01, lock_wait 0.71 futex:mutex>indexer, sleeping 0.28]";

#[test]
fn threads_that_wait_for_the_gil_buy_nothing() {
    let conclusion = conclude(GIL_BOUND);
    let sentence = "4 threads wanted the GIL 100 % of the time, most in work() at app.py:12: \
                    threads buy nothing here. Processes could use 2 cores";
    assert_eq!(conclusion.sentence(), sentence);
    let next = "Next: processes (multiprocessing), or a free-threaded build of Python";
    assert_eq!(conclusion.details(), next);
    let forms: Vec<String> = conclusion.sentence_forms().collect();
    assert_eq!(forms[2], "4 threads wanted the GIL 100 % of the time, most in work() at app.py:12");
    let so_far = "4 threads want the GIL 100 % of the time, most in work() at app.py:12: threads buy \
                  nothing here. Processes could use 2 cores";
    assert_eq!(sentence_so_far(GIL_BOUND, 5.0), so_far);
}

#[test]
fn processes_are_no_way_out_with_one_core() {
    let sentence = sentence(&GIL_BOUND.replace("cores 2", "cores 1"));
    assert!(sentence.ends_with("threads buy nothing here"), "{sentence}");
}

#[test]
fn a_gil_that_is_often_free_is_no_verdict_on_threads() {
    let table = "
        python 3.12
        a: 10x [computing 0.3, lock_wait 0.3 futex:GIL, waiting 0.4 recvfrom]
        b: 10x [lock_wait 0.3 futex:GIL, computing 0.3, waiting 0.4 recvfrom]";
    let found = "2 threads wanted the GIL 60 % of the time, and waited for it 30 %";
    assert_eq!(
        sentence(table).split(". ").next(),
        Some("2 threads did all of the work, 0.6 of 2 cores")
    );
    assert_eq!(sentence(&table.replace("waiting 0.4 recvfrom", "sleeping 0.4")), found);
}

#[test]
fn the_thread_that_held_a_mutex_is_named() {
    let found = "3 of 8 threads did 97 % of the work, 1.9 of 2 cores. \
                 5 waited 71 % of the time for a mutex that \"indexer\" held";
    let conclusion = conclude(LOCK_BOUND);
    assert_eq!(conclusion.sentence(), found);
    assert_eq!(conclusion.details(), "Next: hold that lock for less time, or split it");
    let so_far = "3 of 8 threads do 97 % of the work, 1.9 of 2 cores. \
                  5 wait 71 % of the time for a mutex that \"indexer\" holds";
    assert_eq!(sentence_so_far(LOCK_BOUND, 9.99), so_far);
}

#[test]
fn workers_that_wait_for_a_mutex_are_they() {
    let waiter = "10x [on_cpu 0.1, lock_wait 0.8 futex:mutex>holder, sleeping 0.1]";
    let table = format!("a: {waiter}\nb: {waiter}\nholder: on_cpu 0.01, sleeping 9.99");
    let found = "2 of 3 threads did 99 % of the work, 0.2 of 2 cores. \
                 They waited 80 % of the time for a mutex that \"holder\" held";
    assert_eq!(sentence(&table), found);
}

#[test]
fn a_mutex_without_a_known_holder_has_no_name() {
    let nobody = LOCK_BOUND.replace(">indexer", "");
    let waited = "5 \"waiter\" threads waited 71 % of the time for";
    assert!(sentence(&nobody).ends_with(&format!("{waited} mutexes")), "{}", sentence(&nobody));
    let unread = LOCK_BOUND.replace(" futex:mutex>indexer", "");
    assert!(sentence(&unread).ends_with(&format!("{waited} locks")), "{}", sentence(&unread));
}

#[test]
fn a_deadlock_has_no_work_to_speak_of() {
    let table = "
        a: on_cpu 0.001, lock_wait 9.999 futex:mutex>b
        b: on_cpu 0.001, lock_wait 9.999 futex:mutex>a";
    assert_eq!(sentence(table), "2 threads waited 100 % of the time for mutexes");
}

#[test]
fn more_threads_than_cores_wait_for_a_core() {
    let busy = "10x [on_cpu 0.5, no_core 0.35, sleeping 0.15]";
    let table = format!("a: {busy}\nb: {busy}\nc: {busy}\nd: {busy}\ncores 2");
    let found =
        "4 threads wanted 3.4 cores and got 2: none was free 41 % of the time that they wanted one";
    let conclusion = conclude(&table);
    assert_eq!(conclusion.sentence(), found);
    assert_eq!(conclusion.details(), "Next: no more busy threads than cores");
    let so_far =
        "4 threads want 3.4 cores and get 2: none is free 41 % of the time that they want one";
    assert_eq!(sentence_so_far(&table, 9.99), so_far);
}

#[test]
fn a_quota_that_is_used_up_holds_threads_back() {
    let busy = "10x [on_cpu 0.25, no_core 0.75]";
    let table = format!("a: {busy}\nb: {busy}\ncores 8\nquota 500 100 96");
    let conclusion = conclude(&table);
    let found = "2 threads wanted 2 cores and got 0.5: their CPU quota was 0.5 cores, used up in 96 % of \
                 the periods";
    assert_eq!(conclusion.sentence(), found);
    assert_eq!(conclusion.details(), "Next: a higher CPU quota (cpu.max)");
    let unused = table.replace("100 96", "100 9");
    assert!(sentence(&unused).contains("none was free"), "{}", sentence(&unused));
}

#[test]
fn a_gil_that_is_mostly_free_is_not_blamed_for_a_lock_of_python() {
    let busy =
        "10x [computing 0.15 in work /srv/app.py:12, lock_wait 0.13 futex:GIL, parked 0.72 futex]";
    let table = format!("python 3.12\na: {busy}\nb: {busy}\nc: {busy}");
    let found = sentence(&table);
    let expected = "they were parked 72 % of the time, as for a lock or a queue of Python";
    assert!(found.contains(expected), "{found}");
    assert!(sentence(&table.replace("parked 0.72", "parked 0.2")).contains("wanted the GIL"));
}

#[test]
fn a_program_that_gets_few_of_the_cores_needs_free_ones() {
    let brief = threads(1..30, "sh", "on_cpu 0.001, no_core 0.001");
    let table = format!("cores 2\na: 10x [on_cpu 0.2, no_core 0.8]\n{brief}");
    let conclusion = conclude(&table);
    let found =
        "1 thread wanted 1 core and got 0.2: none was free 80 % of the time that it wanted one";
    assert_eq!(conclusion.sentence(), found);
    assert_eq!(conclusion.details(), "Next: a less busy machine, or a higher CPU limit");
}

#[test]
fn parked_threads_are_no_obstacle() {
    let parked = threads(1..12, "pool", "on_cpu 0.01, parked 9.99 futex");
    let table = format!("cores 2\nmain: on_cpu 9.9, sleeping 0.1\n{parked}");
    let found = "1 of 12 threads did 99 % of the work; the others were parked: \
                 more cores would not help";
    assert_eq!(sentence(&table), found);
    let slept = table.replace("parked 9.99 futex", "sleeping 9.99");
    assert!(sentence(&slept).contains("; the others slept: "));
    let events = table.replace("parked 9.99 futex", "events 9.99 epoll_wait");
    assert!(sentence(&events).contains("; the others waited for events: "));
    let so_far = "1 of 12 threads does 99 % of the work; the others are parked: \
                  more cores would not help";
    assert_eq!(sentence_so_far(&table, 9.8), so_far);
}

#[test]
fn a_program_of_one_thread_has_no_others() {
    let found = "1 thread did all of the work, most in work() at app.py:12, 1 of 2 cores: \
                 more cores would not help";
    assert_eq!(sentence("cores 2\nmain: on_cpu 5 in work app.py:12"), found);
}

#[test]
fn all_cores_can_be_in_use() {
    let found = "2 threads did all of the work: all 2 cores were in use";
    assert_eq!(sentence("cores 2\na: on_cpu 5\nb: on_cpu 5"), found);
}

#[test]
fn threads_with_work_that_wait_in_a_call_name_it() {
    let table = "
        a: 10x [on_cpu 0.1, waiting 0.9 recvfrom:socket]
        b: 10x [on_cpu 0.1, waiting 0.8 recvfrom:socket, waiting 0.1 fsync]
        logger: on_cpu 0.001, waiting 9.999 read:pipe";
    let found = "2 of 3 threads did 99 % of the work, 0.2 of 2 cores. \
                 They waited 90 % of the time in recvfrom";
    assert_eq!(sentence(table), found);
}

#[test]
fn the_worst_obstacle_comes_first() {
    let table = "
        cores 2
        a: 10x [on_cpu 0.5, no_core 0.3, lock_wait 0.2 futex:mutex>b]
        b: 10x [on_cpu 0.5, no_core 0.3, lock_wait 0.2 futex:mutex>a]";
    assert!(sentence(table).contains("none was free"), "{}", sentence(table));
    let locked =
        table.replace("no_core 0.3", "no_core 0.1").replace("lock_wait 0.2", "lock_wait 0.4");
    assert!(sentence(&locked).contains("mutex"), "{}", sentence(&locked));
}

#[test]
fn uncertain_figures_are_about() {
    let counted = format!("accuracy counted 4 perf_event_paranoid is 4\n{LOCK_BOUND}");
    let sentence = sentence(&counted);
    assert!(sentence.contains("5 waited about 71 % of the time"), "{sentence}");
    assert!(sentence.contains("did 97 % of the work"), "{sentence}");
}

#[test]
fn too_little_is_said_to_be_too_little() {
    assert_eq!(sentence("main: on_cpu 0.012"), "Too little was seen: 12 ms");
    let lost = "main: on_cpu 2, lost 8, sleeping 0.01, counted 1 0";
    assert_eq!(sentence(lost), "Too little was seen: 90 % of the threads' time is unknown");
    assert_eq!(sentence_so_far("main: on_cpu 9", 0.05), "Too little is seen: 50 ms");
}

#[test]
fn a_program_that_waits_does_next_to_nothing() {
    let table = "main: on_cpu 0.01, parked 9.99\nb: on_cpu 0.01, sleeping 1, parked 8.99";
    let found = "The program did next to nothing: its 2 threads were parked 95 % of the time";
    assert_eq!(sentence(table), found);
}

#[test]
fn many_threads_that_hardly_work_are_told_to_wait() {
    let idle = threads(0..500, "idle", "on_cpu 0.0004, parked 9.9996 futex:condition");
    let found = "The program mostly waited, 0.02 of 2 cores: its 500 threads were parked 100 % of the \
                 time, most for a condition (futex)";
    assert_eq!(sentence(&format!("cores 2\n{idle}")), found);
    let loops = "cores 2\nmain: 100x [on_cpu 0.003, events 0.097 epoll_wait]";
    let found = "The program mostly waits, 0.03 of 2 cores: its thread waits for events 97 % of the \
                 time, most in epoll_wait";
    assert_eq!(sentence_so_far(loops, 9.99), found);
}

#[test]
fn a_short_row_names_the_obstacle_before_the_work() {
    let forms: Vec<String> = conclude(LOCK_BOUND).sentence_forms().collect();
    let rest = [
        "5 \"waiter\" threads waited 71 % of the time for a mutex that \"indexer\" held",
        "5 threads waited 71 % of the time for a mutex that \"indexer\" held",
        "5 threads waited 71 % for mutexes",
        "3 of 8 threads did 97 % of the work, 1.9 of 2 cores",
        "3 of 8 threads did 97 % of the work",
    ];
    assert_eq!(forms[1..], rest);
}

#[test]
fn what_holds_up_one_thread_of_many_is_no_obstacle() {
    let pool = |n: u32| format!("pool-{n}: on_cpu 1, events 9 epoll_wait\n");
    let pool: String = (1..=64).map(pool).collect();
    let table = format!("cores 8\n{pool}main: on_cpu 1, lock_wait 1 futex:mutex, parked 8 futex");
    let found = "65 threads shared the work, 6.5 of 8 cores; they waited for events 90 % of the time: \
                 more cores would not help";
    assert_eq!(sentence(&table), found);
}

#[test]
fn unread_reasons_are_remarked() {
    let conclusion = conclude("main: 10x [on_cpu 0.5, blocked 0.3, sleeping 0.2]");
    assert_eq!(conclusion.sentence(), "1 thread did all of the work, 0.5 of 2 cores");
    assert_eq!(conclusion.details(), "30 % of the threads' time was too short to see why");
}

#[test]
fn foreign_names_are_escaped() {
    let table = "
        ev\u{1b}[2Jil: on_cpu 9, sleeping 1
        w: on_cpu 1, lock_wait 9 fu\u{7}tex:mu\u{202e}tex>ev\u{1b}[2Jil";
    let sentence = sentence(table);
    assert!(sentence.contains("a mu\\u{202e}tex that \"ev\\u{1b}[2Jil\" held"), "{sentence}");
}
