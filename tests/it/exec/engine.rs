//! Commands as tasks of the engine, and runs that are stopped at different moments.

use std::process::Command;
use std::sync::Arc;

use threadline::http::RetryPolicy;
use threadline::model::{
    Event, EventKind, ExitStatus, FailureKind, Mode, Plan, Product, RunOutcome, State, TaskId,
    TaskOutcome, WorkSpec,
};
use threadline::source::{Clock, Launcher, RunHandle};

use super::{LONG_SLEEP, MAX_WAIT};
use crate::engine::{collect_events, fold};

fn plan(workers: u16, commands: &[String]) -> Plan {
    let work = WorkSpec::Commands { commands: Arc::from(commands) };
    let mode = if workers == 1 { Mode::Sequential } else { Mode::Threads };
    Plan::new(work, mode, workers, commands.len() as u32)
}

fn start(plan: &Plan) -> RunHandle {
    Launcher::new(None, RetryPolicy::default(), Clock::system()).start(plan.clone())
}

#[test]
fn command_events_arrive_in_order() {
    let plan = plan(1, &["echo hi".to_owned()]);
    let events = collect_events(&start(&plan));
    let kinds: Vec<&EventKind> = events.iter().map(|event| &event.kind).collect();
    let [
        ..,
        EventKind::TaskStarted { .. },
        EventKind::StateEntered { state: State::Running },
        EventKind::CommandOutput { output, .. },
        EventKind::TaskFinished { outcome, .. },
        EventKind::LaneClosed { .. },
        EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
    ] = kinds.as_slice()
    else {
        panic!("{kinds:?}")
    };
    assert_eq!((&*output.text, output.status), ("hi\n", ExitStatus::Code(0)));
    assert!(matches!(outcome, TaskOutcome::Done(done) if done.product == Product::Success));
}

#[test]
fn every_command_keeps_its_own_output_and_status() {
    let commands: Vec<String> = (1..=300).map(|i| format!("echo {i}; exit $(({i} % 2))")).collect();
    let plan = plan(8, &commands);
    let run = fold(&plan, &collect_events(&start(&plan)));
    assert_eq!(
        (run.progress().done_tasks(), run.progress().known_tasks(), run.timing().in_flight()),
        (150, 300, 0)
    );
    assert!(run.timing().in_flight_level().peak() <= 8);
    for i in 1..=300 {
        let task = TaskId(i);
        assert_eq!(&*run.tasks().output(task).unwrap().text, format!("{i}\n"));
        let failed = match run.tasks().get(task).unwrap().outcome {
            Some(TaskOutcome::Failed(failure)) => {
                assert_eq!(failure.kind, FailureKind::Command);
                true
            }
            _ => false,
        };
        assert_eq!(failed, i % 2 == 1, "{i}");
    }
}

/// Returns whether a process runs whose arguments contain `mark`.
fn has_marked_process(mark: &str) -> bool {
    let all = Command::new("ps").args(["-A", "-o", "stat=,args="]).output().unwrap();
    let all = String::from_utf8_lossy(&all.stdout).into_owned();
    all.lines().any(|line| line.contains(mark) && !line.trim_start().starts_with('Z'))
}

/// Waits until no process with this mark runs: killed processes take a moment to disappear.
#[track_caller]
fn assert_no_marked_process(mark: &str) {
    let clock = Clock::system();
    while has_marked_process(mark) {
        assert!(clock.now() < MAX_WAIT.into(), "{mark} is still running");
    }
}

/// Stops the run after each number of events that its beginning has.
#[test]
fn stop_ends_the_run_after_any_number_of_events() {
    // All four workers sleep after 18 events, and no further event arrives.
    for event_count in (0..=18).chain(0..=18) {
        // A duration that no other process sleeps for.
        let mark = format!("sleep 3{event_count:02}.{}", std::process::id());
        let commands: Vec<String> =
            (0..30).map(|i| if i % 3 == 0 { "true".to_owned() } else { mark.clone() }).collect();
        let plan = plan(4, &commands);
        let run = start(&plan);
        let mut received = Vec::new();
        while received.len() < event_count {
            received.push(run.events().recv_timeout(MAX_WAIT).unwrap());
        }
        run.stop();
        received.extend(collect_events(&run));
        let run = fold(&plan, &received);
        assert_eq!(run.outcome(), Some(&RunOutcome::Stopped), "after {event_count} events");
        assert_eq!(run.timing().in_flight(), 0);
        assert_no_marked_process(&mark);
    }
}

#[test]
fn dropped_handle_leaves_no_process() {
    let mark = format!("sleep 299.{}", std::process::id());
    let plan = plan(3, &vec![format!("trap '' TERM; {mark}; true"); 6]);
    let run = start(&plan);
    let is_running =
        |event: &Event| matches!(event.kind, EventKind::StateEntered { state: State::Running });
    let mut started = 0;
    while started < 3 {
        started += usize::from(is_running(&run.events().recv_timeout(MAX_WAIT).unwrap()));
    }
    drop(run);
    assert_no_marked_process(&mark);
}

#[test]
fn stopped_command_keeps_its_output() {
    let fifo = super::Fifo::new();
    let plan = plan(1, &[fifo.in_command(&format!("echo half; echo > FIFO; {LONG_SLEEP}"))]);
    let run = start(&plan);
    fifo.read();
    run.stop();
    let run = fold(&plan, &collect_events(&run));
    assert_eq!(run.tasks().get(TaskId(1)).unwrap().outcome, Some(TaskOutcome::Stopped));
    assert_eq!(&*run.tasks().output(TaskId(1)).unwrap().text, "half\n");
}
