//! Whatever is read, in whatever order: events never contradict each other.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use threadline::model::{Event, EventKind, Exactness, InterpreterId, LaneId, Nanos, State, TaskId};
use threadline::source::program::kernel_record::{KernelRecord, RecordKind};
use threadline::source::program::proc_line::SchedStat;
use threadline::source::program::reading::{Reading, Sight};

use crate::program::tape::{fold, readings, run};

/// The end of each tape, after all readings.
const END: Nanos = Nanos(10_000_000);

fn sight() -> impl Strategy<Value = Sight> {
    let line = prop_oneof![
        Just("running".to_owned()),
        Just("-1 0x0 0x0".to_owned()),
        Just("230 0x0 0x0 0x0 0x0 0x0 0x0".to_owned()),
        Just("219 0x0 0x0 0x0 0x0 0x0 0x0".to_owned()),
        (0_u32..5).prop_map(|tid| format!("202 0x10 0x109 {tid:#x} 0x0 0x0 0x0")),
        "[0-9a-fx -]{0,30}",
    ];
    let call = (line, any::<Option<u8>>()).prop_map(|(line, owner)| Sight::Call {
        line,
        abi: threadline::source::program::system_calls::Abi::X86_64,
        owner: owner.map(|owner| u32::from(owner % 5)),
        file: None,
    });
    prop_oneof![
        call,
        Just(Sight::Function("pipe_read".to_owned())),
        "[RSDTtZ]".prop_map(|letter| Sight::Letter(letter.chars().next().unwrap())),
        Just(Sight::Unchanged),
        Just(Sight::Denied),
    ]
}

fn counters() -> impl Strategy<Value = SchedStat> {
    let sum = 0..20_000_000_u64;
    (sum.clone(), sum, 0..9_u64).prop_map(|(on_cpu, no_core, slices)| SchedStat {
        on_cpu: Nanos(on_cpu),
        no_core: Nanos(no_core),
        slices,
    })
}

/// A reading of one of a few threads at any time: mostly records, any of which may be missing, doubled
/// or late.
fn reading() -> impl Strategy<Value = Reading> {
    let kind = prop_oneof![
        4 => Just(RecordKind::SwitchIn),
        4 => any::<bool>().prop_map(|preempted| RecordKind::SwitchOut { preempted }),
        2 => (1_u32..5).prop_map(|parent_tid| RecordKind::Fork { parent_pid: 1, parent_tid }),
        1 => Just(RecordKind::Exit),
        1 => ("[ab][12]", any::<bool>())
            .prop_map(|(name, exec)| RecordKind::Renamed { name, exec }),
        1 => (1_u64..9, 0_u64..END.0, any::<bool>()).prop_map(|(count, since, one_thread)| {
            RecordKind::Lost { count, since: Nanos(since), one_thread }
        }),
    ];
    let record = (1_u32..3, 1_u32..5, kind).prop_map(|(pid, tid, kind)| {
        Reading::Record(KernelRecord { at: Nanos::ZERO, pid, tid, kind })
    });
    let at = Nanos::ZERO;
    let tid = 1_u32..5;
    prop_oneof![
        12 => record,
        5 => Just(Reading::Drained { at }),
        4 => (tid.clone(), sight()).prop_map(move |(tid, sight)| Reading::Look { at, tid, sight }),
        3 => (tid.clone(), counters())
            .prop_map(move |(tid, counters)| Reading::Counters { at, tid, counters }),
        1 => (1_u32..3, "[ST]").prop_map(move |(pid, letter)| {
            Reading::Letter { at, pid, letter: letter.chars().next().unwrap() }
        }),
        1 => tid.clone().prop_map(move |tid| Reading::Gone { at, tid }),
        1 => (1_u32..3, tid.clone(), "[RSDTZ]", any::<bool>(), counters()).prop_map(
            move |(pid, tid, letter, is_read, counters)| Reading::Found {
                at,
                pid,
                tid,
                name: "found".to_owned(),
                letter: letter.chars().next().unwrap(),
                counters: is_read.then_some(counters),
            }
        ),
        1 => (tid, counters(), sight()).prop_map(move |(tid, counters, sight)| {
            Reading::Sample { at, tid, counters: Some(counters), sight }
        }),
        1 => prop_oneof![Just("0 exact"), Just("0 counted"), Just("0 attached")]
            .prop_map(|line| readings(line).remove(0)),
    ]
}

/// A reading about CPython: of a GIL, which any thread may hold, also one that does not exist.
fn python_reading() -> impl Strategy<Value = Reading> {
    let gil = (1_u32..3, prop::option::of(1_u32..6), 0_u64..9).prop_map(|(pid, holder, count)| {
        let at = Nanos::ZERO;
        let (address, last_holder, hand_overs) = (0x9000, holder, count);
        Reading::Gil { at, pid, address, holder, last_holder, hand_overs }
    });
    prop_oneof![
        8 => gil,
        2 => (1_u32..5).prop_map(|tid| readings(&format!("0 thread {tid} of python")).remove(0)),
        1 => (1_u32..5).prop_map(|tid| readings(&format!("0 thread {tid} is T")).remove(0)),
        1 => (1_u32..5).prop_map(|tid| readings(&format!("0 thread {tid} in f 1")).remove(0)),
        1 => (1_u32..3).prop_map(|pid| readings(&format!("0 python {pid} with 9000")).remove(0)),
        1 => (1_u32..3)
            .prop_map(|pid| Reading::InterpretersGone { at: Nanos::ZERO, pid }),
    ]
}

/// Gives a reading a time.
fn stamp(reading: &mut Reading, time: Nanos) {
    match reading {
        Reading::Record(record) => record.at = time,
        Reading::Method { at, .. }
        | Reading::Drained { at }
        | Reading::Found { at, .. }
        | Reading::Counters { at, .. }
        | Reading::Look { at, .. }
        | Reading::Letter { at, .. }
        | Reading::Sample { at, .. }
        | Reading::Name { at, .. }
        | Reading::Gone { at, .. }
        | Reading::Interpreter { at, .. }
        | Reading::Gil { at, .. }
        | Reading::InterpretersGone { at, .. }
        | Reading::PythonThread { at, .. } => *at = time,
    }
}

fn tape() -> impl Strategy<Value = Vec<Reading>> {
    tape_of(reading(), "0 exact\n0 exec 1 app")
}

fn python_tape() -> impl Strategy<Value = Vec<Reading>> {
    let reading = prop_oneof![3 => reading(), 2 => python_reading()];
    tape_of(reading, "0 exact\n0 exec 1 app\n0 python 1 with 9000")
}

fn tape_of(
    reading: impl Strategy<Value = Reading>,
    start: &'static str,
) -> impl Strategy<Value = Vec<Reading>> {
    let steps = prop::collection::vec((reading, 0_u64..60_000, 0_u64..30_000), 0..120);
    steps.prop_map(move |steps| {
        let mut now = 0;
        let mut tape = readings(start);
        for (mut reading, step, late) in steps {
            now += step;
            // Records may come late; what is read has the time at which it is read.
            let late = if matches!(reading, Reading::Record(_)) { late } else { 0 };
            stamp(&mut reading, Nanos(u64::saturating_sub(now, late)));
            tape.push(reading);
        }
        tape
    })
}

/// Checks that the events of each lane are in the order of time, that a lane has one task at a time,
/// that states belong to tasks, and that each reason belongs to the state that began with it.
fn assert_consistent(events: &[Event]) {
    let mut tasks: HashMap<LaneId, TaskId> = HashMap::new();
    let mut clocks: HashMap<LaneId, Nanos> = HashMap::new();
    let mut states: HashMap<LaneId, Nanos> = HashMap::new();
    let mut opened = HashSet::new();
    let mut started = 0;
    let mut finished = HashSet::new();
    for event in events {
        let Event { at, lane, kind } = event;
        let has_effect_on_lane = matches!(
            kind,
            EventKind::TaskStarted { .. }
                | EventKind::StateEntered { .. }
                | EventKind::WaitExplained(_)
                | EventKind::TaskFinished { .. }
        );
        if has_effect_on_lane {
            let clock = clocks.entry(*lane).or_default();
            assert!(*at >= *clock, "time runs back on {lane:?}: {event:?} after {clock:?}");
            *clock = *at;
        }
        match kind {
            EventKind::LaneOpened { .. } => assert!(opened.insert(*lane), "{lane:?} opened twice"),
            EventKind::TaskStarted { task } => {
                assert!(opened.contains(lane));
                started += 1;
                assert_eq!(task.0, started, "threads are numbered in order");
                assert_eq!(tasks.insert(*lane, *task), None, "{lane:?} has two threads");
            }
            EventKind::TaskFinished { task, .. } => {
                assert_eq!(tasks.remove(lane), Some(*task));
                assert!(finished.insert(*task));
            }
            EventKind::StateEntered { state } => {
                assert!(tasks.contains_key(lane), "a state without a thread: {event:?}");
                assert_ne!(*state, State::Idle);
                states.insert(*lane, *at);
            }
            EventKind::WaitExplained(_) => {
                assert_eq!(states.get(lane), Some(at), "a reason without its state: {event:?}");
            }
            EventKind::ThreadCounted(_) | EventKind::ThreadIdentified(_) => {
                assert!(tasks.contains_key(lane), "{event:?}");
            }
            _ => {}
        }
    }
    assert_eq!(finished.len() as u32, started, "each thread ends");
}

/// Checks that a GIL is released by the thread that holds it before another one takes it, and that a
/// thread computes in the time in which it holds one, and only then, while its switches are recorded.
fn assert_single_holders(events: &[Event]) {
    let mut holders: HashMap<InterpreterId, LaneId> = HashMap::new();
    let mut times: HashMap<InterpreterId, Nanos> = HashMap::new();
    let is_recorded = events.iter().all(|event| match &event.kind {
        EventKind::AccuracyChanged(accuracy) => accuracy.edges == Exactness::Exact,
        _ => true,
    });
    for event in events {
        let Event { at, lane, kind } = event;
        match kind {
            EventKind::GilTaken { interpreter } => {
                let other = holders.insert(*interpreter, *lane);
                assert_eq!(other, None, "two holders: {event:?}");
            }
            EventKind::GilReleased { interpreter } => {
                assert_eq!(holders.remove(interpreter), Some(*lane), "{event:?}");
            }
            EventKind::StateEntered { state: State::Computing } if is_recorded => {
                // The holder of the moment, or of the next one: both have the same time.
                let takes = |other: &Event| {
                    (other.at, other.lane) == (*at, *lane)
                        && matches!(other.kind, EventKind::GilTaken { .. })
                };
                let holds = holders.values().any(|holder| holder == lane);
                assert!(holds || events.iter().any(takes), "computes without it: {event:?}");
            }
            _ => {}
        }
        if let EventKind::GilTaken { interpreter } | EventKind::GilReleased { interpreter } = kind {
            let last = times.entry(*interpreter).or_default();
            assert!(*at >= *last, "time runs back: {event:?} after {last:?}");
            *last = *at;
        }
    }
    assert!(holders.is_empty(), "held after the end: {holders:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn events_never_contradict_each_other(tape in tape()) {
        assert_consistent(&fold(&tape, END));
    }

    #[test]
    fn no_gil_has_two_holders(tape in python_tape()) {
        let events = fold(&tape, END);
        assert_consistent(&events);
        assert_single_holders(&events);
        let run = run(&events);
        for id in 0..run.program().unwrap().interpreters().len() {
            let gil = run.interpreter_gil(InterpreterId(id as u16)).unwrap();
            prop_assert_eq!(gil.violation_count(), 0);
        }
    }

    #[test]
    fn states_of_a_thread_add_up_to_its_life(tape in tape()) {
        let run = run(&fold(&tape, END));
        for thread in run.program().unwrap().threads() {
            let lane = &run.lanes()[usize::from(thread.lane.0)];
            let ended = thread.ended.unwrap();
            let times = lane.state_times_between(thread.born, ended);
            prop_assert_eq!(times.total(), ended.since(thread.born).0);
            prop_assert_eq!(times[State::Idle], 0);
            // The state of a lane whose task has just begun, before any of the kernel's.
            prop_assert_eq!(times[State::Computing], 0);
        }
    }

    #[test]
    fn no_reason_is_told_unless_one_was_read(tape in tape()) {
        let unread = |reading: &&Reading| {
            !matches!(reading, Reading::Look { .. } | Reading::Sample { .. } | Reading::Letter { .. })
        };
        let tape: Vec<Reading> = tape.iter().filter(unread).cloned().collect();
        let events = fold(&tape, END);
        let reason = events.iter().find(|event| matches!(event.kind, EventKind::WaitExplained(_)));
        prop_assert_eq!(reason, None);
    }
}
