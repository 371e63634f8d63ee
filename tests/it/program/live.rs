//! Real programs, watched by real records. Where the system does not permit them, a test says so on
//! stderr with the reason and holds nothing.

use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use threadline::model::{Event, Exactness, InterpreterId, Nanos, Run, State};
use threadline::source::Clock;
use threadline::source::program::observer::Observer;

use crate::program::skipped::skip;
use crate::program::tape::plan;

/// A shell that stops itself, and executes its arguments once it is continued.
const HOLDER: &str = "kill -STOP $$; exec \"$0\" \"$@\"";

/// Starts a program under a holder, and returns it stopped.
fn hold(program: &[&str]) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", HOLDER]).args(program).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.spawn().unwrap();
    let stopped = waitpid(Some(Pid::from_child(&child)), WaitOptions::UNTRACED);
    assert!(stopped.unwrap().unwrap().1.stopped());
    child
}

/// Watches a program from its first instruction to its end. Returns `None` if its switches may not be
/// recorded here.
fn watch(program: &[&str]) -> Option<Run> {
    let mut child = hold(program);
    let clock = Clock::system();
    let mut observer = Observer::held(child.id(), &clock);
    let mut run = Run::opened(plan());
    kill_process(Pid::from_child(&child), Signal::CONT).unwrap();
    let mut apply = |event: Event| run.apply(&event);
    loop {
        let status = observer.poll(&mut apply);
        // A zombie keeps its ID until then.
        let has_ended = child.try_wait().unwrap().is_some();
        if has_ended && !status.threads_alive {
            break;
        }
        // Waits for records, which come at the program's pace.
        crossbeam_channel::never::<()>().recv_timeout(status.wait).unwrap_err();
    }
    observer.finish(&mut apply);
    let accuracy = run.program().unwrap().accuracy().unwrap();
    if accuracy.edges != Exactness::Exact {
        skip(accuracy.why.as_deref().unwrap_or_default());
        return None;
    }
    Some(run)
}

#[test]
fn births_deaths_names_and_processes_are_complete() {
    let Some(run) =
        watch(&["sh", "-c", "for i in 1 2 3 4 5; do true | cat; done; exec sleep 0.05"])
    else {
        return;
    };
    let program = run.program().unwrap();
    let names: Vec<&str> =
        program.threads().iter().map(|thread| thread.identity.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "cat").count(), 5, "{names:?}");
    assert_eq!(names[0], "sleep", "the shell executed it last: {names:?}");
    assert_eq!(names.len(), 11, "{names:?}");
    assert!(program.threads().iter().all(|thread| thread.ended.is_some()));
    assert!(run.lanes().len() <= 8, "{} lanes", run.lanes().len());
}

#[test]
fn wait_has_its_reason_and_its_length() {
    let Some(run) = watch(&["sleep", "0.2"]) else { return };
    let program = run.program().unwrap();
    let [thread] = program.threads() else { panic!("{:?}", program.threads()) };
    let lane = &run.lanes()[usize::from(thread.lane.0)];
    let times = lane.state_times_between(thread.born, thread.ended.unwrap());
    let waited = times[State::Sleeping] + times[State::Blocked];
    assert!(waited >= Nanos::from_millis(195).0, "{times:?}");
    let sleep = lane
        .state_intervals(thread.ended.unwrap())
        .find(|interval| interval.state == State::Sleeping);
    if let Some(sleep) = sleep {
        let reason = program.wait_reason(thread.lane, sleep.start).unwrap();
        assert!(reason.call.contains("nanosleep"), "{reason:?}");
    }
}

/// Compares two counts of the same program's time: the sum of its states by records, and that of the
/// kernel's counters. The load of the machine changes both alike.
#[test]
fn time_on_a_cpu_by_records_is_that_of_the_counters() {
    let spin = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
    let Some(run) = watch(&["sh", "-c", spin]) else { return };
    let program = run.program().unwrap();
    let thread = &program.threads()[0];
    let life = thread.ended.unwrap().since(thread.born).0 as f64;
    let lane = &run.lanes()[usize::from(thread.lane.0)];
    let times = lane.state_times_between(thread.born, thread.ended.unwrap());
    let share = |time: u64| 100.0 * time as f64 / life;
    let (by_records, by_counters) = (share(times[State::OnCpu]), share(thread.counters.on_cpu.0));
    assert!((by_records - by_counters).abs() < 3.0, "{by_records} and {by_counters}");
}

/// Two threads of Python that compute for 1.5 s, and one that sleeps.
const HOGS: &str = "
import threading, time
end = time.monotonic() + 1.5
def spin():
    while time.monotonic() < end:
        for _ in range(10000): pass
def doze():
    while time.monotonic() < end: time.sleep(0.05)
for name, work in ('hog-a', spin), ('hog-b', spin), ('dozer', doze):
    threading.Thread(target=work, name=name).start()
";

/// Runs the script with the `python3` on the PATH, if there is a CPython that can be read.
fn watch_python(script: &str) -> Option<Run> {
    let version = Command::new("python3").arg("-V").output();
    if !version.is_ok_and(|output| output.status.success()) {
        skip("no python3 on the PATH");
        return None;
    }
    let run = watch(&["python3", "-c", script])?;
    let interpreters = run.program().unwrap().interpreters();
    let found = interpreters.first().map(|found| &found.details);
    let reason = match found {
        Some(found) if found.switch_interval.is_some() => return Some(run),
        Some(found) => found.why.clone().unwrap_or_default(),
        None => "no interpreter was found in python3".to_owned(),
    };
    skip(&reason);
    None
}

/// The time for which a thread holds the GIL lies between its time on a CPU and that with the time in
/// which it wants one: a thread that is preempted may be the holder.
#[test]
fn share_of_the_gil_is_between_that_on_a_cpu_and_that_with_no_core() {
    let Some(run) = watch_python(HOGS) else { return };
    let program = run.program().unwrap();
    let gil = run.interpreter_gil(InterpreterId(0)).unwrap();
    assert_eq!(gil.violation_count(), 0);
    for name in ["hog-a", "hog-b", "dozer"] {
        let is_named = |thread: &&threadline::model::ThreadRecord| thread.identity.name == name;
        let thread = program.threads().iter().find(is_named).unwrap_or_else(|| panic!("{name}"));
        let (born, ended) = (thread.born, thread.ended.unwrap());
        let life = ended.since(born).0 as f64;
        let share = |time: u64| 100.0 * time as f64 / life;
        let holds = gil.holds_between(born, ended).filter(|hold| hold.lane == thread.lane);
        let held = share(holds.map(|hold| hold.length.0).sum());
        let counters = thread.counters;
        let (on_cpu, no_core) = (share(counters.on_cpu.0), share(counters.no_core.0));
        assert!(
            on_cpu - 3.0 <= held && held <= on_cpu + no_core + 3.0,
            "{name}: {on_cpu} % on a CPU, {no_core} % no core, {held} % with the GIL"
        );
        let function = program.places(thread.lane).last().map(|(_, place)| &*place.function);
        assert_eq!(function, Some(if name == "dozer" { "doze" } else { "spin" }));
    }
}
