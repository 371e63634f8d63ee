//! Watched programs on the screen.

use ratatui::crossterm::event::KeyCode;
use threadline::model::{Accuracy, Event, ExitStatus, Nanos, State, WatchedProgram};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::program_script::{ProgramScript, Thread, counted, exact};
use crate::app_driver::{AppDriver, COLOUR, TerminalKind};

const SIXTEEN: TerminalKind = TerminalKind(ColorDepth::Sixteen, GlyphSet::Unicode);
const MONO: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Unicode);
const ASCII: TerminalKind = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);

/// The sizes of the snapshots.
const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (40, 12)];

/// A CPython program: two threads compute in turns, a third reads from a socket, the main thread joins.
pub(crate) fn python_script(accuracy: Accuracy) -> ProgramScript {
    let mut script = ProgramScript::new("python3 app.py --workers 2", accuracy);
    let main = script.birth(0, "MainThread");
    script.enter(main, 0, State::Computing);
    script.find_python(400);
    script.output(20_000, "starting 2 workers\n");
    let [one, other] = [script.birth(30_000, "cpu-A"), script.birth(31_000, "cpu-B")];
    let reader = script.birth(32_000, "fetcher");
    script.wait(main, 33_000, State::Parked, ("futex", Some("join")), None);
    script.place(one, 30_500, "crunch", 12);
    script.place(other, 31_500, "crunch", 12);
    script.place(reader, 32_500, "fetch_page", 40);
    script.wait(reader, 33_000, State::Waiting, ("recvfrom", Some("socket")), None);
    script.wait(other, 33_000, State::LockWait, ("futex", Some("GIL")), Some(one));
    let mut holder = (one, other);
    script.pass_gil(None, one, 33_000);
    for turn in 0..860_u64 {
        let at = 38_000 + turn * 5_200;
        let (from, to) = holder;
        if turn % 9 == 4 {
            script.enter(from, at - 2_400, State::NoCore);
        }
        script.pass_gil(Some(from), to, at);
        script.wait(from, at, State::LockWait, ("futex", Some("GIL")), Some(to));
        holder = (to, from);
        if turn % 40 == 20 {
            script.wait(reader, at + 1_000, State::LockWait, ("futex", Some("GIL")), Some(to));
            script.enter(reader, at + 2_600, State::Native);
            script.wait(reader, at + 9_000, State::Waiting, ("recvfrom", Some("socket")), None);
        }
    }
    script.measure(4_400_000);
    script
}

/// A mutex that its holder keeps while it sleeps.
pub(crate) fn convoy() -> ProgramScript {
    let mut script = ProgramScript::new("./server --shards 1 --config /etc/server.toml", exact());
    let main = script.birth(0, "server");
    script.wait(main, 500, State::Events, ("epoll_wait", None), None);
    let holder = script.birth(1_000, "flusher");
    let workers: Vec<Thread> =
        (0..3).map(|number| script.birth(2_000 + number, &format!("worker-{number}"))).collect();
    for round in 0..46_u64 {
        let at = 3_000 + round * 100_000;
        script.enter(holder, at, State::OnCpu);
        script.wait(holder, at + 6_000, State::Waiting, ("fsync", Some("wal.log")), None);
        for (index, &worker) in workers.iter().enumerate() {
            let turn = at + 70_000 + index as u64 * 8_000;
            script.wait(worker, at + 500, State::LockWait, ("futex", Some("mutex")), Some(holder));
            script.enter(worker, turn, State::OnCpu);
            script.enter(worker, turn + 6_000, State::NoCore);
            script.enter(worker, turn + 7_500, State::OnCpu);
        }
        script.wait(holder, at + 68_000, State::Sleeping, ("nanosleep", None), None);
    }
    script.measure(4_400_000);
    script
}

/// A pool of 64 workers, of which a few are on a CPU at a time.
pub(crate) fn pool(workers: u64) -> ProgramScript {
    let mut script = ProgramScript::new("java -jar build/libs/app.jar", exact());
    let main = script.birth(0, "java");
    script.wait(main, 900, State::Parked, ("futex", None), None);
    let gc = script.birth(1_000, "G1 Conc#0");
    script.wait(gc, 1_500, State::Parked, ("futex", None), None);
    let threads: Vec<Thread> = (0..workers)
        .map(|number| script.birth(2_000 + number * 100, &format!("pool-1-thread-{number}")))
        .collect();
    for (index, &thread) in (0_u64..).zip(&threads) {
        let born = 2_000 + index * 100;
        script.wait(thread, born, State::Parked, ("futex", Some("condition")), None);
        let mut at = 20_000 + index * 7_919 % 400_000;
        let mut round = index;
        while at < 4_500_000 {
            script.enter(thread, at, State::NoCore);
            script.enter(thread, at + 1_500 + round % 5 * 700, State::OnCpu);
            script.wait(thread, at + 16_000, State::LockWait, ("futex", Some("mutex")), None);
            script.enter(thread, at + 261_000, State::OnCpu);
            script.wait(thread, at + 272_000, State::Parked, ("futex", Some("condition")), None);
            at += 500_000 + round * 37 % 2_000 * 1_000;
            round += 7;
        }
    }
    script.measure(4_400_000);
    script
}

/// 500 threads, of which eight work.
pub(crate) fn five_hundred() -> ProgramScript {
    let mut script = ProgramScript::new("./many --threads 500", exact());
    let main = script.birth(0, "many");
    script.wait(main, 400, State::Sleeping, ("clock_nanosleep", None), None);
    let name = |number: u64| match number % 4 {
        0 => format!("http-{number}"),
        1 => format!("db-{number}"),
        2 => format!("timer-{number}"),
        _ => format!("job-{number}"),
    };
    let threads: Vec<Thread> =
        (0..492).map(|number| script.birth(500 + number * 20, &name(number))).collect();
    for (index, &thread) in threads.iter().enumerate() {
        let at = 500 + index as u64 * 20;
        match index % 4 {
            0 => script.wait(thread, at, State::Events, ("epoll_wait", None), None),
            1 => script.wait(thread, at, State::Waiting, ("recvfrom", Some("socket")), None),
            2 => script.wait(thread, at, State::Sleeping, ("nanosleep", None), None),
            _ => script.wait(thread, at, State::Parked, ("futex", Some("condition")), None),
        }
    }
    let names = ["encoder", "decoder", "mixer", "indexer", "compactor", "gc", "logger"];
    for (index, name) in (0_u64..).zip(names) {
        let thread = script.birth(30_000 + index, name);
        script.wait(thread, 30_000 + index, State::Waiting, ("read", Some("pipe")), None);
        let mut at = 31_000 + index * 3_000;
        while at < 4_500_000 {
            script.enter(thread, at, State::OnCpu);
            let busy = 70_000 / (2 * index + 1);
            script.enter(thread, at + busy, State::NoCore);
            script.enter(thread, at + busy + 4_000, State::OnCpu);
            script.wait(thread, at + busy + 6_000, State::Waiting, ("read", Some("pipe")), None);
            at += 160_000;
        }
    }
    script.measure(4_400_000);
    script
}

/// A build that runs short programs one after another, and ends.
pub(crate) fn build() -> (WatchedProgram, Vec<Event>) {
    let mut script = ProgramScript::new("make -j2", exact());
    let make = script.birth(0, "make");
    script.enter(make, 0, State::OnCpu);
    script.wait(make, 8_000, State::Waiting, ("wait4", Some("child")), None);
    let mut slots = [None, None];
    for step in 0..24_u64 {
        let at = 10_000 + step * 60_000;
        let slot = &mut slots[step as usize % 2];
        let thread = match *slot {
            Some(lane) => script.birth_on(lane, at, "cc1"),
            None => script.birth(at, "cc1"),
        };
        *slot = Some(thread.lane);
        script.wait(thread, at, State::Waiting, ("read", Some("main.c")), None);
        script.enter(thread, at + 3_000, State::OnCpu);
        script.enter(thread, at + 70_000, State::NoCore);
        script.enter(thread, at + 76_000, State::OnCpu);
        script.death(thread, at + 110_000);
    }
    script.measure(1_500_000);
    script.enter(make, 1_505_000, State::OnCpu);
    script.death(make, 1_510_000);
    script.exit(1_512_000, ExitStatus::Code(0))
}

/// Plays a program for four seconds and a half.
pub(crate) fn watching((program, events): (WatchedProgram, Vec<Event>)) -> AppDriver {
    let mut driver = AppDriver::watching(program, events);
    driver.play_to(Nanos::from_millis(4_500));
    // Keys act on what a frame has shown.
    driver.rows((120, 36));
    driver
}

/// Returns the screens of a program at the sizes of the snapshots.
fn screens(mut driver: AppDriver, terminal_kind: TerminalKind) -> String {
    let text =
        SIZES.map(|size| format!("{}x{}\n{}", size.0, size.1, driver.text(size, terminal_kind)));
    text.join("\n")
}

#[test]
fn python_program_is_drawn_at_every_size() {
    insta::assert_snapshot!(screens(watching(python_script(exact()).finish()), COLOUR));
}

#[test]
fn convoy_names_the_holder_of_its_lock() {
    insta::assert_snapshot!(screens(watching(convoy().finish()), COLOUR));
}

#[test]
fn pool_of_64_workers_is_folded() {
    insta::assert_snapshot!(screens(watching(pool(64).finish()), COLOUR));
}

#[test]
fn five_hundred_threads_are_drawn_by_their_work() {
    insta::assert_snapshot!(screens(watching(five_hundred().finish()), COLOUR));
}

#[test]
fn short_threads_share_lanes() {
    insta::assert_snapshot!(screens(watching(build()), COLOUR));
}

#[test]
fn counted_accuracy_is_explained() {
    insta::assert_snapshot!(screens(watching(python_script(counted()).finish()), COLOUR));
}

#[test]
fn attached_program_is_drawn() {
    insta::assert_snapshot!(screens(watching(convoy().attached().finish()), COLOUR));
}

#[test]
fn programs_are_drawn_in_sixteen_colours_and_without() {
    let mut text = String::new();
    for kind in [SIXTEEN, MONO, ASCII] {
        for script in [python_script(exact()), pool(64)] {
            text += &watching(script.finish()).text((80, 24), kind);
            text.push('\n');
        }
    }
    insta::assert_snapshot!(text);
}

/// Returns the rows of a screen of 120 columns and 36 rows that contain a text, without the verdict.
fn rows_with(driver: &mut AppDriver, text: &str) -> Vec<String> {
    let rows = driver.rows((120, 36)).into_iter();
    rows.filter(|row| row.contains(text) && !row.contains("of the work")).collect()
}

#[test]
fn inspector_of_a_waiting_thread_tells_what_the_holder_does() {
    let mut driver = watching(convoy().finish()).press_keys("/worker-2");
    driver.press(KeyCode::Enter);
    let mut driver = driver.press_keys("+++→→→→→→→→→→→→→→→→→→→→→→→→");
    driver.press(KeyCode::Enter);
    insta::assert_snapshot!(driver.text((120, 36), COLOUR));
}

#[test]
fn group_opens_and_closes() {
    let mut driver = watching(pool(64).finish());
    assert_eq!(rows_with(&mut driver, "pool-1-thread").len(), 1);
    let mut driver = driver.press_keys("j");
    assert_eq!(rows_with(&mut driver, "pool-1").len(), 2, "the group and its summary");
    driver.press(KeyCode::Enter);
    assert!(rows_with(&mut driver, "pool-1").len() > 10, "the members have rows");
    insta::assert_snapshot!(driver.text((80, 24), COLOUR));
    driver.press(KeyCode::Enter);
    assert_eq!(rows_with(&mut driver, "pool-1").len(), 2, "the group and its summary");
}

#[test]
fn threads_that_only_waited_are_hidden_and_counted() {
    let mut driver = watching(five_hundred().finish()).press_keys("i");
    assert_eq!(rows_with(&mut driver, "+ 493 that only waited").len(), 1);
    assert_eq!(rows_with(&mut driver, "timer").len(), 0);
    let mut driver = driver.press_keys("i");
    assert_eq!(rows_with(&mut driver, "timer").len(), 1);
}

/// Returns the first word of each row of a thread, from top to bottom.
fn order(driver: &mut AppDriver) -> Vec<String> {
    let names = ["encoder", "decoder", "mixer", "indexer", "compactor", "gc", "logger", "many"];
    let rows = driver.rows((120, 36));
    let first = |row: &String| {
        row.trim_start_matches(['│', ' ', '>']).split(' ').next().unwrap_or_default().to_owned()
    };
    rows.iter().map(first).filter(|word| names.contains(&word.as_str())).collect()
}

#[test]
fn rows_are_ordered_by_work_then_by_name_then_by_age() {
    let mut driver = watching(five_hundred().finish());
    assert_eq!(order(&mut driver)[..3], ["encoder", "decoder", "mixer"]);
    let mut driver = driver.press_keys("o");
    assert_eq!(order(&mut driver)[..3], ["compactor", "decoder", "encoder"]);
    let mut driver = driver.press_keys("o");
    assert_eq!(order(&mut driver)[..3], ["many", "encoder", "decoder"]);
}

/// A thread that works later stays below those that worked before, until a key changes the view.
#[test]
fn rows_stay_in_place_while_the_program_runs() {
    let mut script = ProgramScript::new("./two", exact());
    let early = script.birth(0, "decoder");
    let late = script.birth(0, "encoder");
    script.enter(early, 0, State::OnCpu);
    script.wait(late, 0, State::Parked, ("futex", None), None);
    script.wait(early, 300_000, State::Parked, ("futex", None), None);
    script.enter(late, 1_100_000, State::OnCpu);
    let (program, events) = script.finish();
    let mut driver = AppDriver::watching(program, events);
    for millis in [200, 900, 1_050, 3_000] {
        driver.play_to(Nanos::from_millis(millis));
        assert_eq!(order(&mut driver), ["decoder", "encoder"], "after {millis} ms");
    }
    let mut driver = driver.press_keys("0");
    assert_eq!(order(&mut driver), ["encoder", "decoder"]);
}

#[test]
fn search_finds_threads_calls_and_functions() {
    for (text, found) in [("fetch", "fetcher"), ("recvfrom", "recvfrom"), ("crunch", "crunch()")] {
        let mut driver = watching(python_script(exact()).finish());
        driver = driver.press_keys("/").press_keys(text);
        driver.press(KeyCode::Enter);
        let last = driver.rows((120, 36)).pop().unwrap();
        assert!(last.contains(found), "{text}: {last}");
    }
}

#[test]
fn table_lists_threads_with_their_counters() {
    let mut driver = watching(python_script(exact()).finish()).press_keys("T");
    insta::assert_snapshot!(driver.text((120, 20), COLOUR));
}

#[test]
fn help_explains_the_rows_and_the_accuracy() {
    let mut driver = watching(python_script(counted()).finish()).press_keys("?");
    let mut text = driver.text((120, 36), COLOUR);
    driver.press(KeyCode::End);
    text += &driver.text((80, 24), COLOUR);
    insta::assert_snapshot!(text);
}

#[test]
fn output_of_the_program_stays_in_its_pane() {
    let mut script = python_script(exact());
    script.output(900_000, "\u{1b}[2Jred \u{1b}]0;title\u{7}\ttab\r\nfinished\n");
    let mut driver = watching(script.finish());
    driver.press(KeyCode::Enter);
    let text = driver.text((80, 24), COLOUR);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn keys_that_mean_nothing_to_a_program_say_so() {
    let mut driver = watching(convoy().finish());
    for key in ["1", "6", "w", "[", "]", "s", "r", "c"] {
        driver = driver.press_keys(key);
        let notice = driver.app.notice().unwrap_or_default().to_owned();
        assert!(notice.contains("program"), "{key}: {notice:?}");
    }
    let mut help = driver.press_keys("?");
    let text = help.text((120, 36), COLOUR);
    for absent in ["workers (next run)", "next workload", "sequential only", "compare with"] {
        assert!(!text.contains(absent), "{absent}:\n{text}");
    }
}
