//! Runs that watch a program, from a table of its threads:
//!
//! ```text
//! cores 2
//! python 3.12
//! main: on_cpu 0.5, parked 9.5 futex
//! worker-1@0.5: 100x [computing 0.02 in work /srv/app.py:12, lock_wait 0.06 futex:GIL>worker-2]
//! ```
//!
//! A thread's line is its name, the time of its birth, and what it did, in seconds. A state may have a
//! reason (`call:object>holder`) and a function. `counted ON_CPU NO_CORE` and `switches ALL PREEMPTED`
//! replace the counters that the states add up to; `uncounted` omits them; `lost` loses records from
//! there on; `lives` leaves the thread alive at the end.

use std::collections::BTreeMap;

use threadline::model::{
    Accuracy, CloseReason, CodePlace, Completion, CpuQuota, Event, EventKind, Exactness,
    ExitStatus, Gap, GapScope, InterpreterId, LaneId, Mode, Nanos, Plan, Product,
    PythonInterpreter, ReasonSource, Run, RunOutcome, State, TaskId, TaskOutcome, ThreadCounters,
    ThreadIdentity, WaitReason, WatchCost, WatchedProgram, WorkSpec,
};

/// The process ID of the program; the threads' IDs follow it.
const PID: u32 = 100;

/// A program that has been watched, as the events that tell so.
pub(crate) struct ScriptedProgram {
    pub(crate) plan: Plan,
    pub(crate) events: Vec<Event>,
}

/// A thread's line, split into words.
struct ThreadLine<'a> {
    name: &'a str,
    born: f64,
    pid: u32,
    steps: Vec<Vec<&'a str>>,
}

/// The events of the threads.
#[derive(Default)]
struct ScriptBuilder {
    events: Vec<Event>,
    /// The task of each name.
    tasks: BTreeMap<String, TaskId>,
    /// The lanes with the stems of their names and the times from which on they are free.
    lanes: Vec<(String, f64)>,
    interpreters: BTreeMap<u32, InterpreterId>,
    end: f64,
    /// The threads that live until the end.
    alive: Vec<(LaneId, TaskId)>,
}

impl ScriptedProgram {
    /// Reads a table. Panics if it is malformed.
    pub(crate) fn new(table: &str) -> Self {
        let lines = || table.lines().map(str::trim).filter(|line| !line.is_empty());
        let (threads, settings): (Vec<&str>, Vec<&str>) =
            lines().partition(|line| line.contains(": "));
        let setting = |name: &str| {
            settings.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        };
        let number = |name: &str| setting(name).map(|text| text.parse::<f64>().unwrap());
        let program = WatchedProgram {
            command: setting("command").unwrap_or("app").to_owned(),
            pid: PID,
            attached: setting("attached").is_some(),
            cores: number("cores").unwrap_or(2.0) as u16,
        };
        let plan = Plan::new(WorkSpec::Program(program), Mode::Threads, 1, 0);
        let mut threads: Vec<ThreadLine<'_>> = threads.into_iter().map(ThreadLine::parse).collect();
        threads.sort_by(|one, other| one.born.total_cmp(&other.born));
        let mut script = ScriptBuilder::default();
        script.push(0.0, 0, EventKind::RunStarted { plan: plan.clone() });
        script.push(0.0, 0, EventKind::AccuracyChanged(accuracy(setting("accuracy"))));
        for line in settings.iter().filter(|line| line.starts_with("python ")) {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            script.add_interpreter(&words);
        }
        for (task, thread) in (1..).map(TaskId).zip(&threads) {
            script.tasks.insert(thread.name.to_owned(), task);
        }
        for (task, thread) in (1..).map(TaskId).zip(&threads) {
            script.add_thread(task, thread);
        }
        script.end = number("until").unwrap_or(script.end);
        for (&pid, &interpreter) in &script.interpreters.clone() {
            let hand_overs = number(&format!("hand_overs {pid}")).unwrap_or_default() as u64;
            script.push(script.end, 0, EventKind::GilCounted { interpreter, hand_overs });
        }
        let cost = setting("cost").map(|text| text.split_once(' ').unwrap());
        let cost = cost.map(|(own, switches)| WatchCost {
            own: nanos(own.parse().unwrap()),
            recorded_switches: switches.parse().unwrap(),
        });
        if let Some(words) = setting("quota") {
            let [millicores, periods, used_up] =
                words.split(' ').map(|word| word.parse().unwrap()).collect::<Vec<u64>>()[..]
            else {
                panic!("quota MILLICORES PERIODS USED_UP, not {words}");
            };
            let quota = CpuQuota { millicores, periods, used_up };
            script.push(script.end, 0, EventKind::QuotaUsed(quota));
        }
        script.finish(setting("exit").map(|code| code.parse().unwrap()), cost.unwrap_or_default());
        Self { plan, events: script.events }
    }

    /// The run once it is over.
    pub(crate) fn run(&self) -> Run {
        self.run_until(f64::INFINITY)
    }

    /// The run with the events until a moment, in seconds.
    pub(crate) fn run_until(&self, seconds: f64) -> Run {
        let mut run = Run::new(self.plan.clone());
        let until = nanos(seconds);
        self.events.iter().filter(|event| event.at <= until).for_each(|event| run.apply(event));
        run
    }
}

impl<'a> ThreadLine<'a> {
    fn parse(line: &'a str) -> Self {
        let (name, steps) = line.split_once(": ").unwrap();
        let (name, born) = name.split_once('@').unwrap_or((name, "0"));
        let (name, pid) = name.split_once('#').unwrap_or((name, ""));
        let pid = if pid.is_empty() { PID } else { pid.parse().unwrap() };
        let steps = parse_steps(steps);
        Self { name, born: born.parse().unwrap(), pid, steps }
    }
}

/// Splits what a thread did into steps of words. `100x [STEP, STEP]` repeats steps.
fn parse_steps(text: &str) -> Vec<Vec<&str>> {
    let Some((before, rest)) = text.split_once("x [") else { return parse_sequence(text) };
    let (head, times) = before.rsplit_once(", ").unwrap_or(("", before));
    let (body, rest) = rest.split_once(']').unwrap();
    let repeated = std::iter::repeat_n(parse_sequence(body), times.parse().unwrap()).flatten();
    let rest = parse_steps(rest.trim_start_matches(", "));
    parse_sequence(head).into_iter().chain(repeated).chain(rest).collect()
}

fn parse_sequence(text: &str) -> Vec<Vec<&str>> {
    let steps = text.split(", ").map(|step| step.split_whitespace().collect::<Vec<&str>>());
    steps.filter(|step| !step.is_empty()).collect()
}

/// The counters that the kernel would have.
#[derive(Default)]
struct CountedTimes {
    counters: ThreadCounters,
    is_on_cpu: bool,
}

impl CountedTimes {
    fn enter(&mut self, state: State, time: Nanos) {
        let counters = &mut self.counters;
        let was_on_cpu = self.is_on_cpu;
        self.is_on_cpu = matches!(state, State::OnCpu | State::Computing | State::Native);
        counters.switches += u64::from(was_on_cpu && !self.is_on_cpu);
        counters.preempted += u64::from(was_on_cpu && state == State::NoCore);
        match state {
            _ if self.is_on_cpu => counters.on_cpu = counters.on_cpu + time,
            State::NoCore => counters.no_core = counters.no_core + time,
            _ => {}
        }
    }

    fn set_times(&mut self, on_cpu: &str, no_core: &str) {
        self.counters.on_cpu = nanos(on_cpu.parse().unwrap());
        self.counters.no_core = nanos(no_core.parse().unwrap());
    }

    fn set_switches(&mut self, all: &str, preempted: &str) {
        self.counters.switches = all.parse().unwrap();
        self.counters.preempted = preempted.parse().unwrap();
    }
}

impl ScriptBuilder {
    fn push(&mut self, at: f64, lane: u16, kind: EventKind) {
        self.events.push(Event { at: nanos(at), lane: LaneId(lane), kind });
    }

    /// `python VERSION [PID [WHY]]`: an interpreter, which has no GIL if there is a reason.
    fn add_interpreter(&mut self, words: &[&str]) {
        let interpreter = InterpreterId(self.interpreters.len() as u16);
        let pid = words.get(1).map_or(PID, |pid| pid.parse().unwrap());
        let why = words.get(2..).filter(|why| !why.is_empty()).map(|why| why.join(" "));
        let found = PythonInterpreter {
            pid,
            version: words[0].to_owned(),
            switch_interval: why.is_none().then_some(Nanos::from_millis(5)),
            why,
        };
        self.interpreters.insert(pid, interpreter);
        self.push(0.0, 0, EventKind::InterpreterFound { interpreter, found });
    }

    /// Opens a lane, or takes one that a thread of the same kind has left.
    fn take_lane(&mut self, born: f64, name: &str) -> u16 {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let free = |(other, from): &(String, f64)| other == stem && *from <= born;
        if let Some(lane) = self.lanes.iter().position(free) {
            return lane as u16;
        }
        self.lanes.push((stem.to_owned(), f64::INFINITY));
        let lane = (self.lanes.len() - 1) as u16;
        self.push(born, lane, EventKind::LaneOpened { name: name.to_owned() });
        lane
    }

    fn add_thread(&mut self, task: TaskId, thread: &ThreadLine<'_>) {
        let &ThreadLine { name, born, pid, .. } = thread;
        let lane = self.take_lane(born, name);
        let identity = ThreadIdentity { tid: PID + task.0 - 1, pid, name: name.to_owned() };
        self.push(born, 0, EventKind::TaskCountChanged { tasks: task.0 });
        self.push(born, lane, EventKind::TaskStarted { task });
        self.push(born, lane, EventKind::ThreadIdentified(identity));
        let mut at = born;
        let mut counted = CountedTimes::default();
        let (mut is_counted, mut lives, mut holds) = (true, false, false);
        for step in &thread.steps {
            match step.as_slice() {
                ["counted", on_cpu, no_core] => counted.set_times(on_cpu, no_core),
                ["switches", all, preempted] => counted.set_switches(all, preempted),
                ["uncounted"] => is_counted = false,
                ["lives"] => lives = true,
                ["lost", seconds] => {
                    let to = at + seconds.parse::<f64>().unwrap();
                    let gap =
                        Gap { from: nanos(at), to: nanos(to), lost: 1, scope: GapScope::Lane };
                    self.push(at, lane, EventKind::Gap(gap));
                    at = to;
                }
                [state, seconds, rest @ ..] => {
                    let state: State = serde_json::from_value((*state).into()).unwrap();
                    let seconds: f64 = seconds.parse().unwrap();
                    counted.enter(state, nanos(seconds));
                    holds = self.change_holder(at, lane, pid, state, holds);
                    self.push(at, lane, EventKind::StateEntered { state });
                    self.explain(at, lane, rest);
                    at += seconds;
                }
                step => panic!("unknown step {step:?}"),
            }
        }
        if holds {
            self.change_holder(at, lane, pid, State::Idle, holds);
        }
        if is_counted {
            self.push(at, lane, EventKind::ThreadCounted(counted.counters));
        }
        self.end = self.end.max(at);
        if lives {
            self.alive.push((LaneId(lane), task));
            return;
        }
        self.lanes[usize::from(lane)].1 = at;
        let done = Completion { response: None, product: Product::Success };
        self.push(at, lane, EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) });
    }

    /// A thread holds the GIL while it computes, even without a core.
    fn change_holder(&mut self, at: f64, lane: u16, pid: u32, state: State, holds: bool) -> bool {
        let Some(&interpreter) = self.interpreters.get(&pid) else { return false };
        let keeps = state == State::Computing || (holds && state == State::NoCore);
        match (holds, keeps) {
            (false, true) => self.push(at, lane, EventKind::GilTaken { interpreter }),
            (true, false) => self.push(at, lane, EventKind::GilReleased { interpreter }),
            _ => {}
        }
        keeps
    }

    /// `call:object>holder in FUNCTION FILE:LINE`
    fn explain(&mut self, at: f64, lane: u16, words: &[&str]) {
        let (reason, place) = match words {
            [reason, "in", place @ ..] => (Some(reason), place),
            ["in", place @ ..] => (None, place),
            [reason] => (Some(reason), &[][..]),
            [] => (None, &[][..]),
            words => panic!("unknown reason {words:?}"),
        };
        if let Some(reason) = reason {
            let (reason, holder) = reason.split_once('>').unwrap_or((reason, ""));
            let (call, object) = reason.split_once(':').unwrap_or((reason, ""));
            let object = Some(object).filter(|object| !object.is_empty()).map(str::to_owned);
            let holder = self.tasks.get(holder).copied();
            let reason = WaitReason { call: call.to_owned(), object, holder };
            self.push(at, lane, EventKind::WaitExplained(reason));
        }
        if let [function, file] = place {
            let (path, number) = file.rsplit_once(':').unwrap();
            let (function, file) = ((*function).to_owned(), path.to_owned());
            let place = CodePlace { function, file, line: number.parse().ok() };
            self.push(at, lane, EventKind::FunctionSeen(place));
        }
    }

    fn finish(&mut self, exit: Option<i32>, cost: WatchCost) {
        let end = self.end;
        for (lane, task) in std::mem::take(&mut self.alive) {
            let outcome = TaskOutcome::Stopped;
            self.push(end, lane.0, EventKind::TaskFinished { task, outcome });
        }
        for lane in 0..self.lanes.len() as u16 {
            self.push(end, lane, EventKind::LaneClosed { reason: CloseReason::Finished });
        }
        if let Some(code) = exit {
            let status = ExitStatus::Code(code);
            self.push(end, 0, EventKind::ProgramExited { status });
        }
        self.push(end, 0, EventKind::CostMeasured(cost));
        let outcome = if exit.is_some() { RunOutcome::Finished } else { RunOutcome::Stopped };
        self.push(end, 0, EventKind::RunFinished { outcome, machine_load: None });
        // Events of one moment stay in the order in which they were written.
        self.events.sort_by_key(|event| event.at);
    }
}

/// `counted MILLIS [WHY]` or `coarse [WHY]`; exact without a setting.
fn accuracy(setting: Option<&str>) -> Accuracy {
    let words: Vec<&str> = setting.unwrap_or("exact").split_whitespace().collect();
    let (edges, reasons, why) = match words.as_slice() {
        ["counted", millis, why @ ..] => {
            let period = Nanos::from_millis(millis.parse().unwrap());
            (Exactness::Counted { period }, ReasonSource::Syscall, why)
        }
        ["coarse", why @ ..] => (Exactness::Coarse, ReasonSource::None, why),
        why => (Exactness::Exact, ReasonSource::Syscall, &why[1..]),
    };
    let why = Some(why.join(" ")).filter(|why| !why.is_empty());
    Accuracy { edges, reasons, why }
}

fn nanos(seconds: f64) -> Nanos {
    Nanos((seconds * 1e9).round() as u64)
}
