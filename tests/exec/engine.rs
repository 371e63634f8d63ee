//! The engine: commands as tasks of a run, and stops at any moment.

use std::process::Command;
use std::sync::Arc;

use threadline::engine::{Clock, Launcher, RunHandle};
use threadline::github::RetryPolicy;
use threadline::model::{
    Event, EventKind, ExitStatus, FailureKind, Mode, Plan, Product, Run, RunOutcome, State, TaskId,
    TaskOutcome, WorkSpec,
};

use super::{HANGS, LONG};

fn plan(workers: u16, commands: &[String]) -> Plan {
    let work = WorkSpec::Commands { commands: Arc::from(commands) };
    let mode = if workers == 1 { Mode::Sequential } else { Mode::Threads };
    Plan::new(work, mode, workers, commands.len() as u32)
}

fn start(plan: &Plan) -> RunHandle {
    Launcher::new(None, RetryPolicy::default(), Clock::system()).start(plan.clone())
}

/// What happens up to the run's end, and nothing after it.
fn events(run: &RunHandle) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let event = run.events().recv_timeout(HANGS).unwrap();
        let over = matches!(event.kind, EventKind::RunFinished { .. });
        events.push(event);
        if over {
            assert!(run.events().recv_timeout(HANGS).is_err(), "something comes after the end");
            return events;
        }
    }
}

fn fold(plan: &Plan, events: &[Event]) -> Run {
    let mut run = Run::new(plan.clone());
    for event in events {
        run.apply(event);
    }
    run
}

#[test]
fn a_command_runs_writes_and_is_finished_in_this_order() {
    let plan = plan(1, &["echo hi".to_owned()]);
    let events = events(&start(&plan));
    let kinds: Vec<&EventKind> = events.iter().map(|event| &event.kind).collect();
    let [
        ..,
        EventKind::TaskStarted { .. },
        EventKind::StateEntered { state: State::Running },
        EventKind::CommandOutput { output, .. },
        EventKind::TaskFinished { outcome, .. },
        EventKind::RunFinished { outcome: RunOutcome::Finished },
    ] = kinds.as_slice()
    else {
        panic!("{kinds:?}")
    };
    assert_eq!((&*output.text, output.status), ("hi\n", ExitStatus::Code(0)));
    assert!(matches!(outcome, TaskOutcome::Done(done) if done.product == Product::Success));
}

#[test]
fn many_commands_each_come_to_their_own() {
    let commands: Vec<String> = (1..=300).map(|i| format!("echo {i}; exit $(({i} % 2))")).collect();
    let plan = plan(8, &commands);
    let run = fold(&plan, &events(&start(&plan)));
    assert_eq!((run.done_tasks(), run.known_tasks(), run.in_flight()), (150, 300, 0));
    assert!(run.in_flight_level().peak() <= 8);
    for i in 1..=300 {
        let task = TaskId(i);
        assert_eq!(&*run.output(task).unwrap().text, format!("{i}\n"));
        let failed = match run.task(task).unwrap().outcome {
            Some(TaskOutcome::Failed(failure)) => {
                assert_eq!(failure.kind, FailureKind::Command);
                true
            }
            _ => false,
        };
        assert_eq!(failed, i % 2 == 1, "{i}");
    }
}

/// Whether a process runs whose arguments have this in them.
fn is_running(mark: &str) -> bool {
    let all = Command::new("ps").args(["-A", "-o", "stat=,args="]).output().unwrap();
    let all = String::from_utf8_lossy(&all.stdout).into_owned();
    all.lines().any(|line| line.contains(mark) && !line.trim_start().starts_with('Z'))
}

/// Waits until none such runs: who was killed may take a moment to be gone.
#[track_caller]
fn assert_gone(mark: &str) {
    let clock = Clock::system();
    while is_running(mark) {
        assert!(clock.now() < HANGS.into(), "{mark} is left behind");
    }
}

/// Stops at every moment of a run's beginning: each ends, and leaves nothing running.
#[test]
fn a_stop_at_any_moment_ends_the_run() {
    // So many events come before all four sleep, and no more.
    for moment in (0..=18).chain(0..=18) {
        // A number of seconds that nobody else sleeps.
        let mark = format!("sleep 3{moment:02}.{}", std::process::id());
        let commands: Vec<String> =
            (0..30).map(|i| if i % 3 == 0 { "true".to_owned() } else { mark.clone() }).collect();
        let plan = plan(4, &commands);
        let run = start(&plan);
        let mut seen = Vec::new();
        while seen.len() < moment {
            seen.push(run.events().recv_timeout(HANGS).unwrap());
        }
        run.stop();
        seen.extend(events(&run));
        let run = fold(&plan, &seen);
        assert_eq!(run.outcome(), Some(&RunOutcome::Stopped), "after {moment} events");
        assert_eq!(run.in_flight(), 0);
        assert_gone(&mark);
    }
}

#[test]
fn a_handle_that_is_dropped_leaves_nothing_running() {
    let mark = format!("sleep 299.{}", std::process::id());
    let plan = plan(3, &vec![format!("trap '' TERM; {mark}; true"); 6]);
    let run = start(&plan);
    let running =
        |event: &Event| matches!(event.kind, EventKind::StateEntered { state: State::Running });
    let mut begun = 0;
    while begun < 3 {
        begun += usize::from(running(&run.events().recv_timeout(HANGS).unwrap()));
    }
    drop(run);
    assert_gone(&mark);
}

/// A stop keeps what was written until then.
#[test]
fn a_stopped_command_keeps_its_output() {
    let fifo = super::Fifo::new();
    let plan = plan(1, &[fifo.in_command(&format!("echo half; echo > FIFO; {LONG}"))]);
    let run = start(&plan);
    fifo.read();
    run.stop();
    let run = fold(&plan, &events(&run));
    assert_eq!(run.task(TaskId(1)).unwrap().outcome, Some(TaskOutcome::Stopped));
    assert_eq!(&*run.output(TaskId(1)).unwrap().text, "half\n");
}
