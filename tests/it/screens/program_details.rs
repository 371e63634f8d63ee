//! The details of a watched program's screen: figures, labels, shares, edges and groups.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{
    Accuracy, Event, EventKind, Exactness, InterpreterId, Nanos, PythonInterpreter, State,
    ThreadCounters, ThreadIdentity, WatchedProgram,
};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use super::programs::{convoy, pool, python_script, watching};
use crate::app_driver::program_script::{ProgramScript, Thread, counted, exact};
use crate::app_driver::{AppDriver, COLOUR, TerminalKind};

const SIZE: (u16, u16) = (120, 36);

/// Returns the first row with a text.
fn row_with(driver: &mut AppDriver, text: &str) -> String {
    let rows = driver.rows(SIZE);
    let found = rows.iter().find(|row| row.contains(text));
    found.unwrap_or_else(|| panic!("no row with {text}:\n{}", rows.join("\n"))).clone()
}

/// Plays a program for four seconds and a half.
fn played(script: ProgramScript) -> AppDriver {
    watching(script.finish())
}

#[test]
fn totals_change_four_times_a_second_and_are_right_once_time_stands_still() {
    let (program, events) = pool(64).finish();
    let mut driver = AppDriver::watching(program, events);
    let totals = |driver: &mut AppDriver, millis| {
        driver.play_to(Nanos::from_millis(millis));
        row_with(driver, "of 2 cores  ")
    };
    let first = totals(&mut driver, 1_000);
    assert_eq!(totals(&mut driver, 1_200), first, "200 ms later");
    let second = totals(&mut driver, 1_260);
    assert_ne!(second, first, "260 ms later");
    assert_eq!(totals(&mut driver, 1_400), second, "140 ms after that");
    let paused = totals(&mut driver, 1_400);
    assert_ne!(paused, second, "time stands still");
    assert_eq!(totals(&mut driver, 1_400), paused);
}

#[test]
fn waits_of_the_moment_are_told_in_words() {
    let mut driver = played(convoy());
    let row = row_with(&mut driver, "switches/s");
    assert!(row.contains("now 1 in events, 1 sleeping"), "{row}");
    assert!(!row.contains("futex") && !row.contains("epoll"), "{row}");
}

/// A thread that waits for a lock, and wakes for a moment in every second cell.
fn restless_wait() -> ProgramScript {
    let mut script = ProgramScript::new("./search", exact());
    let indexer = script.birth(0, "indexer");
    script.enter(indexer, 0, State::OnCpu);
    let query = script.birth(1, "query");
    script.enter(query, 1, State::OnCpu);
    for round in 0..28_u64 {
        let at = 100_000 + round * 160_000;
        script.wait(query, at, State::LockWait, ("futex", Some("mutex")), Some(indexer));
        script.enter(query, at + 154_000, State::OnCpu);
        script.enter(query, at + 156_000, State::NoCore);
        script.enter(query, at + 158_000, State::OnCpu);
    }
    script.measure(4_400_000);
    script
}

#[test]
fn holder_of_a_lock_is_named_on_a_bar_that_looks_whole() {
    let mut driver = played(restless_wait());
    let row = row_with(&mut driver, "query");
    assert!(row.contains("held by indexer"), "{row}");
}

#[test]
fn label_without_room_for_its_meaning_is_left_out() {
    let mut script = ProgramScript::new("./short", exact());
    let holder = script.birth(0, "a-holder-with-a-long-name");
    script.enter(holder, 0, State::OnCpu);
    let waiter = script.birth(1, "waiter");
    script.wait(waiter, 1, State::LockWait, ("futex", None), Some(holder));
    script.enter(waiter, 800_000, State::OnCpu);
    let mut driver = played(script);
    let row = row_with(&mut driver, "waiter");
    assert!(!row.contains("hel"), "{row}");
}

#[test]
fn code_outside_functions_has_no_parentheses() {
    let mut script = ProgramScript::new("python3 app.py", exact());
    let main = script.birth(0, "MainThread");
    script.find_python(1);
    script.place(main, 2, "<module>", 1);
    script.pass_gil(None, main, 3);
    let row = row_with(&mut played(script), "1 MainThread");
    assert!(row.contains("<module>") && !row.contains("<module>()"), "{row}");
}

/// The records of a thread that is switched often are short of its time on a CPU.
#[test]
fn share_beside_a_lane_is_that_of_the_counters() {
    let mut script = ProgramScript::new("./often", exact());
    let often = script.birth(0, "often");
    for round in 0..45_u64 {
        script.enter(often, round * 100_000, State::OnCpu);
        script.wait(often, round * 100_000 + 40_000, State::Sleeping, ("nanosleep", None), None);
    }
    let on_cpu = Nanos::from_millis(2_205);
    let counters = ThreadCounters { on_cpu, ..ThreadCounters::default() };
    script.emit(often.lane, 4_500_000, EventKind::ThreadCounted(counters));
    let row = row_with(&mut played(script), "  often  ");
    assert!(row.contains("on CPU 49 %"), "{row}");
}

/// Returns a thread that runs and reads in turns, seen once in a period.
fn seen_now_and_then(period: u64) -> ProgramScript {
    let edges = Exactness::Counted { period: Nanos::from_millis(period) };
    let mut script = ProgramScript::new("./turns", Accuracy { edges, ..counted() });
    let turns = script.birth(0, "turns");
    for round in 0..6_u64 {
        script.enter(turns, round * 750_000, State::OnCpu);
        let at = round * 750_000 + 370_000;
        script.wait(turns, at, State::Waiting, ("read", Some("pipe")), None);
    }
    script
}

#[test]
fn edges_that_are_not_exact_are_not_drawn_as_eighths() {
    let eighths = |period| {
        let row = row_with(&mut played(seen_now_and_then(period)), "  turns  ");
        row.chars().filter(|&c| "▎▍▌▋▊▉".contains(c)).count()
    };
    assert!(eighths(4) > 3, "4 ms are less than an eighth of a cell");
    assert_eq!(eighths(40), 0, "40 ms are more");
}

#[test]
fn stretch_in_which_a_state_may_have_begun_is_hatched() {
    let row = row_with(&mut played(seen_now_and_then(200)), "  turns  ");
    assert!(row.contains("▒▒"), "{row}");
    let row = row_with(&mut played(seen_now_and_then(40)), "  turns  ");
    assert!(!row.contains('▒'), "{row}");
}

/// Two interpreters, the second of which does the work.
fn two_interpreters() -> (WatchedProgram, Vec<Event>) {
    let mut script = ProgramScript::new("python3 pool.py", exact());
    for (number, busy) in [(0, 100_000), (1, 700_000)] {
        let (pid, born) = (5_000 + u32::from(number), u64::from(number));
        let threads: [Thread; 3] = ["MainThread", "worker", "logger"].map(|name| {
            let name = format!("{name}-{number}");
            let thread = script.birth(born, &name);
            let identity = ThreadIdentity { tid: pid + thread.task, pid, name };
            script.emit(thread.lane, born, EventKind::ThreadIdentified(identity));
            thread
        });
        let [main, worker, logger] = threads;
        let found = PythonInterpreter {
            pid,
            version: "3.12".to_owned(),
            switch_interval: Some(Nanos::from_millis(5)),
            why: None,
        };
        let interpreter = InterpreterId(number);
        let kind = EventKind::InterpreterFound { interpreter, found };
        script.emit(main.lane, 2 + born, kind);
        script.wait(main, 10, State::Parked, ("futex", Some("join")), None);
        script.wait(logger, 10, State::Sleeping, ("nanosleep", None), None);
        for round in 0..4_u64 {
            let at = 20 + round * 1_000_000;
            script.emit(worker.lane, at, EventKind::GilTaken { interpreter });
            script.enter(worker, at, State::Computing);
            script.emit(worker.lane, at + busy, EventKind::GilReleased { interpreter });
            script.wait(worker, at + busy, State::Waiting, ("read", Some("pipe")), None);
        }
    }
    script.measure(4_400_000);
    script.finish()
}

#[test]
fn threads_of_several_interpreters_are_below_their_own_gil() {
    let mut driver = watching(two_interpreters());
    let names = [
        "GIL 5000",
        "GIL 5001",
        "MainThread-0",
        "worker-0",
        "logger-0",
        "MainThread-1",
        "worker-1",
        "logger-1",
    ];
    let rows = driver.rows(SIZE);
    let name_in = |row: &String| names.into_iter().find(|name| row.contains(&format!("{name} ")));
    // The totals name the GIL and its longest holder, too.
    let rows_of_lanes = rows.iter().filter(|row| !row.contains("longest hold"));
    let found: Vec<&str> = rows_of_lanes.filter_map(name_in).collect();
    let of_one = ["GIL 5001", "worker-1", "MainThread-1", "logger-1"];
    let of_other = ["GIL 5000", "worker-0", "MainThread-0", "logger-0"];
    assert_eq!(found, [of_one, of_other].concat(), "{}", rows.join("\n"));
}

#[test]
fn groups_show_their_shares_in_sixteen_colours() {
    let kind = TerminalKind(ColorDepth::Sixteen, GlyphSet::Unicode);
    let mut driver = played(pool(64));
    let text = driver.text((80, 24), kind);
    let first = text.lines().position(|row| row.contains("▸ pool-1-thre")).unwrap();
    let group = text.lines().nth(first + 1).unwrap();
    assert!(group.chars().filter(|&c| "▁▂▃▄▅▆▇".contains(c)).count() > 10, "{text}");
}

#[test]
fn what_works_is_on_top_after_the_first_second() {
    let mut script = ProgramScript::new("python3 app.py", exact());
    let main = script.birth(0, "starter");
    script.enter(main, 0, State::OnCpu);
    script.wait(main, 200_000, State::Parked, ("futex", None), None);
    let worker = script.birth(210_000, "crunch");
    script.enter(worker, 210_000, State::OnCpu);
    let (program, events) = script.finish();
    let mut driver = AppDriver::watching(program, events);
    driver.rows(SIZE);
    let mut is_on_top = |millis| {
        driver.play_to(Nanos::from_millis(millis));
        let rows = driver.rows(SIZE);
        let place = |name: &str| rows.iter().position(|row| row.contains(&format!(" {name} ")));
        place("starter") < place("crunch").or(Some(usize::MAX))
    };
    let order = [150, 900, 1_100, 3_000].map(&mut is_on_top);
    assert_eq!(order, [true, true, false, false]);
}

#[test]
fn table_tells_what_each_thread_waited_most_for() {
    let mut driver = played(python_script(exact())).press_keys("T");
    let text = driver.text(SIZE, COLOUR);
    assert!(text.contains("GIL held by cpu-B"), "{text}");
    assert!(text.contains("recvfrom socket"), "{text}");
}

/// A program whose threads have one name, as those of node and of Go have. Two of them work.
fn namesakes() -> ProgramScript {
    let mut script = ProgramScript::new("node workers.js", exact());
    let threads: Vec<Thread> = (0..6).map(|number| script.birth(number, "node")).collect();
    for (index, &thread) in threads.iter().enumerate() {
        script.wait(thread, 10, State::Parked, ("futex", Some("condition")), None);
        if index < 2 {
            script.enter(thread, 20_000, State::OnCpu);
            script.wait(thread, 4_499_990, State::Parked, ("futex", Some("condition")), None);
        }
    }
    script.measure(4_400_000);
    script
}

#[test]
fn threads_that_all_have_one_name_are_listed_below_their_group() {
    let mut driver = played(namesakes());
    row_with(&mut driver, "node 4711");
    row_with(&mut driver, "node 4716");
    let mut driver = driver.press_keys("j");
    for members in [0, 6, 0] {
        driver.press(KeyCode::Enter);
        let rows = driver.rows(SIZE);
        let named = rows.iter().filter(|row| row.contains("node 471")).count();
        assert_eq!(named, members, "{}", rows.join("\n"));
    }
}

#[test]
fn group_counts_its_threads_on_a_cpu_over_a_second() {
    // At the moment itself, none is.
    assert!(row_with(&mut played(namesakes()), "▾ node").contains("2 of 6 on CPU"));
}

#[test]
fn a_thread_that_lived_for_a_moment_has_the_share_of_its_work() {
    let mut script = ProgramScript::new("./app", exact());
    let app = script.birth(0, "app");
    script.enter(app, 0, State::OnCpu);
    let brief = script.birth(100_000, "uname");
    script.enter(brief, 100_000, State::OnCpu);
    script.death(brief, 101_000);
    let row = row_with(&mut played(script), "uname");
    assert!(row.contains("on CPU <1 %") && !row.contains("idle"), "{row}");
}

#[test]
fn counters_of_a_paused_picture_are_shares_of_their_own_time() {
    let mut script = ProgramScript::new("./app", exact());
    let app = script.birth(0, "app");
    script.enter(app, 0, State::OnCpu);
    script.wait(app, 4_390_000, State::Sleeping, ("nanosleep", None), None);
    script.measure(4_400_000);
    let (program, events) = script.finish();
    let mut driver = AppDriver::watching(program, events);
    driver.play_to(Nanos::from_millis(1_000));
    driver.rows(SIZE);
    let mut driver = driver.press_keys("j ");
    driver.press(KeyCode::Enter);
    driver.play_to(Nanos::from_millis(4_500));
    let row = row_with(&mut driver, "by the kernel's counters");
    assert!(row.contains("at 4.400 s"), "{row}");
    row_with(&mut driver, "s, 99.8 %");
}

#[test]
fn totals_are_of_the_gil_that_is_wanted_most() {
    let mut driver = watching(two_interpreters());
    row_with(&mut driver, "GIL of 5001 held");
}
