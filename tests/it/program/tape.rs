//! Tapes for people: one reading a line, times in microseconds; and what a run shows of them.

use threadline::model::{
    Accuracy, CodePlace, Event, EventKind, Exactness, LaneId, Mode, Nanos, Plan, PythonInterpreter,
    ReasonSource, Run, RunOutcome, WatchedProgram, WorkSpec,
};
use threadline::source::program::kernel_record::{KernelRecord, RecordKind};
use threadline::source::program::proc_line::SchedStat;
use threadline::source::program::reading::{GilAddresses, Reading, Sight};
use threadline::source::program::system_calls::Abi;
use threadline::source::program::thread_fold::ThreadFold;

/// The process of the threads on a tape, unless a line names another.
const PID: u32 = 7;

/// The plan of a watched program.
pub(crate) fn plan() -> Plan {
    let command = "app".to_owned();
    let program = WatchedProgram { command, pid: PID, attached: false, cores: 2 };
    Plan::new(WorkSpec::Program(program), Mode::Threads, 1, 0)
}

/// Returns the events that follow from readings, with those of the end at `end`.
pub(crate) fn fold(readings: &[Reading], end: Nanos) -> Vec<Event> {
    let mut events = Vec::new();
    let start = EventKind::RunStarted { plan: plan() };
    events.push(Event { at: Nanos::ZERO, lane: LaneId(0), kind: start });
    let mut fold = ThreadFold::default();
    for reading in readings {
        fold.apply(reading, &mut |event| events.push(event));
    }
    fold.finish(end, &mut |event| events.push(event));
    let finish = EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None };
    events.push(Event { at: end, lane: LaneId(0), kind: finish });
    events
}

/// Returns the run of events.
pub(crate) fn run(events: &[Event]) -> Run {
    let mut run = Run::new(plan());
    for event in events {
        run.apply(event);
    }
    run
}

/// Parses a tape.
pub(crate) fn readings(tape: &str) -> Vec<Reading> {
    tape.lines().map(str::trim).filter(|line| !line.is_empty()).map(reading).collect()
}

fn micros(text: &str) -> Nanos {
    Nanos(text.parse::<u64>().unwrap() * 1_000)
}

fn counters(fields: &[&str]) -> SchedStat {
    let slices = fields[2].parse().unwrap();
    SchedStat { on_cpu: micros(fields[0]), no_core: micros(fields[1]), slices }
}

fn call(line: &str, owner: Option<u32>) -> Sight {
    Sight::Call { line: line.to_owned(), abi: Abi::X86_64, owner, file: None }
}

/// Returns the sight that words stand for: a letter, a name for a call, or the line of a call.
fn sight(words: &[&str]) -> Sight {
    match words {
        ["same"] => Sight::Unchanged,
        ["denied"] => Sight::Denied,
        ["running"] => call("running", None),
        ["sleep"] => call("230 0x1 0x0 0x7ffc 0x7ffc 0x0 0x0 0x7ffc 0x7f0d", None),
        ["read"] => call("0 0x3 0x7ffc 0x2000 0x0 0x0 0x0 0x7ffc 0x7f0d", None),
        ["restart"] => call("219 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f0d", None),
        ["mutex", owner] => {
            call("202 0x5500 0x80 0x2 0x0 0x0 0x0 0x7ffc 0x7f0d", owner.parse().ok())
        }
        ["join", tid] => {
            call(&format!("202 0x5500 0x109 {:#x} 0x0 0x0 0xffffffff 0x1 0x2", number(tid)), None)
        }
        // The address is in the GIL at 0x9000.
        ["gil"] => call("202 0x9028 0x189 0x0 0x7ffc 0x0 0xffffffff 0x7ffc 0x7f0d", None),
        ["letter", letter] => Sight::Letter(letter.chars().next().unwrap()),
        other => panic!("no sight: {other:?}"),
    }
}

fn python(at: Nanos, pid: u32, gil: Option<&str>, why: Option<String>) -> Reading {
    let switch_interval = gil.map(|_| Nanos::from_millis(5));
    let found = PythonInterpreter { pid, version: "3.12.1".to_owned(), switch_interval, why };
    let gil = gil.map(|start| {
        let start = u64::from_str_radix(start, 16).unwrap();
        GilAddresses { start, end: start + 0x100 }
    });
    Reading::Interpreter { at, found, gil }
}

/// Returns a look at a GIL. The holder, and the last one, are `-` for none.
fn gil(
    at: Nanos,
    pid: &str,
    (holder, last): (&str, &str),
    hand_overs: &str,
    address: &str,
) -> Reading {
    let tid = |text: &str| (text != "-").then(|| number(text));
    Reading::Gil {
        at,
        pid: number(pid),
        address: u64::from_str_radix(address, 16).unwrap(),
        holder: tid(holder),
        last_holder: tid(last),
        hand_overs: hand_overs.parse().unwrap(),
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap()
}

fn reading(line: &str) -> Reading {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (at, rest) = (micros(words[0]), &words[1..]);
    let method = |edges, from_birth| {
        let accuracy = Accuracy { edges, reasons: ReasonSource::Syscall, why: None };
        Reading::Method { at, accuracy, from_birth }
    };
    match *rest {
        ["exact"] => method(Exactness::Exact, true),
        ["attached"] => method(Exactness::Exact, false),
        ["counted"] => method(Exactness::Counted { period: Nanos::from_millis(4) }, false),
        ["drained"] => Reading::Drained { at },
        ["found", tid, name, letter] => Reading::Found {
            at,
            pid: PID,
            tid: number(tid),
            name: name.to_owned(),
            letter: letter.chars().next().unwrap(),
            counters: Some(SchedStat::default()),
        },
        ["counters", tid, ref fields @ ..] => {
            Reading::Counters { at, tid: number(tid), counters: counters(fields) }
        }
        ["look", tid, ref sights @ ..] => {
            Reading::Look { at, tid: number(tid), sight: sight(sights) }
        }
        ["sample", tid, on_cpu, no_core, slices, ref sights @ ..] => Reading::Sample {
            at,
            tid: number(tid),
            counters: Some(counters(&[on_cpu, no_core, slices])),
            sight: sight(sights),
        },
        ["letter", pid, letter] => {
            Reading::Letter { at, pid: number(pid), letter: letter.chars().next().unwrap() }
        }
        ["python", pid, "with", address] => python(at, number(pid), Some(address), None),
        ["python", pid, ref why @ ..] => python(at, number(pid), None, Some(why.join(" "))),
        ["gil", pid, holder, hand_overs] => gil(at, pid, (holder, holder), hand_overs, "9000"),
        ["gil", pid, holder, hand_overs, "of", address] => {
            gil(at, pid, (holder, holder), hand_overs, address)
        }
        ["gil", pid, holder, hand_overs, "last", last] => {
            gil(at, pid, (holder, last), hand_overs, "9000")
        }
        ["thread", tid, "of", "python"] => {
            Reading::PythonThread { at, tid: number(tid), name: None, place: None }
        }
        ["thread", tid, "is", name] => {
            let name = Some(name.to_owned());
            Reading::PythonThread { at, tid: number(tid), name, place: None }
        }
        ["thread", tid, "in", function, line] => {
            let (function, file) = (function.to_owned(), "app.py".to_owned());
            let place = Some(CodePlace { function, file, line: line.parse().ok() });
            Reading::PythonThread { at, tid: number(tid), name: None, place }
        }
        ["gone", tid] => Reading::Gone { at, tid: number(tid) },
        _ => Reading::Record(record(at, rest).unwrap_or_else(|| panic!("no reading: {line}"))),
    }
}

/// Returns the kernel's record that words stand for.
fn record(at: Nanos, words: &[&str]) -> Option<KernelRecord> {
    let of = |pid, tid: &str, kind| Some(KernelRecord { at, pid, tid: number(tid), kind });
    let record = |tid, kind| of(PID, tid, kind);
    let fork = |parent| RecordKind::Fork { parent_pid: PID, parent_tid: number(parent) };
    let lost = |count: &str, since, one_thread| {
        let count = count.parse().unwrap();
        RecordKind::Lost { count, since: micros(since), one_thread }
    };
    match *words {
        ["in", tid] => record(tid, RecordKind::SwitchIn),
        ["out", tid] => record(tid, RecordKind::SwitchOut { preempted: false }),
        ["preempted", tid] => record(tid, RecordKind::SwitchOut { preempted: true }),
        ["fork", tid, "by", parent] => record(tid, fork(parent)),
        ["process", tid, "by", parent] => of(number(tid), tid, fork(parent)),
        ["exit", tid] => record(tid, RecordKind::Exit),
        ["name", tid, name] => {
            record(tid, RecordKind::Renamed { name: name.to_owned(), exec: false })
        }
        ["exec", pid, name] => {
            let kind = RecordKind::Renamed { name: name.to_owned(), exec: true };
            of(number(pid), pid, kind)
        }
        ["lost", count, "since", since] => record("7", lost(count, since, false)),
        ["lost", count, "since", since, "of", tid] => record(tid, lost(count, since, true)),
        _ => None,
    }
}

/// Returns what a run shows of its threads: a line for each with its name, its lane, and its states in
/// microseconds, each wait with its reason.
pub(crate) fn story(run: &Run) -> Vec<String> {
    let program = run.program().unwrap();
    let thread = |thread: &threadline::model::ThreadRecord| {
        let end = thread.ended.unwrap_or(Nanos::MAX);
        let lane = &run.lanes()[usize::from(thread.lane.0)];
        let states = lane.state_intervals(end).filter(|interval| interval.start >= thread.born);
        let state = |interval: threadline::model::lane::StateInterval| {
            let (from, to) = (interval.start.0 / 1_000, interval.end.0 / 1_000);
            let mut text = format!("{from}-{to} {}", interval.state.label());
            if let Some(reason) = program.wait_reason(thread.lane, interval.start)
                && interval.state.has_reason()
            {
                text = format!("{text} ({}", reason.call);
                if let Some(object) = &reason.object {
                    text = format!("{text} {object}");
                }
                if let Some(holder) = reason.holder.and_then(|task| program.thread(task)) {
                    text = format!("{text} of {}", holder.identity.name);
                }
                text.push(')');
            }
            text
        };
        let states: Vec<String> = states.map(state).collect();
        format!("{} on lane {}: {}", thread.identity.name, thread.lane.0, states.join(", "))
    };
    program.threads().iter().map(thread).collect()
}

/// Asserts what a tape shows at the end.
#[track_caller]
pub(crate) fn assert_story(tape: &str, end: u64, expected: &[&str]) -> Run {
    let readings = readings(tape);
    let run = run(&fold(&readings, Nanos(end * 1_000)));
    assert_eq!(story(&run), expected);
    run
}
