//! Fabricates the events of watched programs, to the microsecond.

use threadline::model::{
    Accuracy, CloseReason, CodePlace, Completion, Event, EventKind, Exactness, ExitStatus,
    InterpreterId, LaneId, Mode, Nanos, Plan, Product, PythonInterpreter, ReasonSource, RunOutcome,
    State, TaskId, TaskOutcome, ThreadCounters, ThreadIdentity, WaitReason, WatchCost,
    WatchedProgram, WorkSpec,
};

/// The process ID of every fabricated program, and the thread ID of its first thread.
pub(crate) const PID: u32 = 4_711;

/// The only interpreter of a fabricated program.
const INTERPRETER: InterpreterId = InterpreterId(0);

/// A thread: its task and its lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thread {
    pub(crate) task: u32,
    pub(crate) lane: u16,
}

/// The program and the events so far. All times are in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct ProgramScript {
    pub(crate) program: WatchedProgram,
    pub(crate) events: Vec<Event>,
    tasks: u32,
    lanes: u16,
    counters: Vec<(u16, ThreadCounters, State, u64)>,
}

/// Returns an accuracy without a reason to give.
pub(crate) fn exact() -> Accuracy {
    Accuracy { edges: Exactness::Exact, reasons: ReasonSource::Syscall, why: None }
}

/// Returns the accuracy where the kernel does not let switches be recorded.
pub(crate) fn counted() -> Accuracy {
    Accuracy {
        edges: Exactness::Counted { period: Nanos::from_millis(4) },
        reasons: ReasonSource::Syscall,
        why: Some(
            "perf_event_paranoid is 4: sysctl kernel.perf_event_paranoid=2 makes it exact"
                .to_owned(),
        ),
    }
}

impl ProgramScript {
    /// Begins to watch a program that may use two cores.
    pub(crate) fn new(command: &str, accuracy: Accuracy) -> Self {
        let program =
            WatchedProgram { command: command.to_owned(), pid: PID, attached: false, cores: 2 };
        let mut script =
            Self { program, events: Vec::new(), tasks: 0, lanes: 0, counters: Vec::new() };
        let plan = script.plan();
        script.emit(0, 0, EventKind::RunStarted { plan });
        script.emit(0, 0, EventKind::AccuracyChanged(accuracy));
        script
    }

    /// Marks the program as one that was running already.
    pub(crate) fn attached(mut self) -> Self {
        self.program.attached = true;
        let plan = self.plan();
        self.events[0].kind = EventKind::RunStarted { plan };
        self
    }

    /// Returns the plan of the run.
    pub(crate) fn plan(&self) -> Plan {
        Plan::new(WorkSpec::Program(self.program.clone()), Mode::Threads, 1, 0)
    }

    /// Adds an event.
    pub(crate) fn emit(&mut self, lane: u16, at: u64, kind: EventKind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane: LaneId(lane), kind });
    }

    /// Begins the life of a thread on a new lane.
    pub(crate) fn birth(&mut self, at: u64, name: &str) -> Thread {
        let lane = self.lanes;
        self.lanes += 1;
        self.emit(lane, at, EventKind::LaneOpened { name: name.to_owned() });
        self.birth_on(lane, at, name)
    }

    /// Begins the life of a thread on a lane whose thread has ended.
    pub(crate) fn birth_on(&mut self, lane: u16, at: u64, name: &str) -> Thread {
        self.tasks += 1;
        let task = self.tasks;
        self.emit(0, at, EventKind::TaskCountChanged { tasks: task });
        self.emit(lane, at, EventKind::TaskStarted { task: TaskId(task) });
        let identity = ThreadIdentity { tid: PID + task - 1, pid: PID, name: name.to_owned() };
        self.emit(lane, at, EventKind::ThreadIdentified(identity));
        self.counters.push((lane, ThreadCounters::default(), State::Idle, at));
        Thread { task, lane }
    }

    /// Enters a state, and counts the time in the one before.
    pub(crate) fn enter(&mut self, thread: Thread, at: u64, state: State) {
        self.count(thread, at, state);
        self.emit(thread.lane, at, EventKind::StateEntered { state });
    }

    /// Enters a state with its reason.
    pub(crate) fn wait(
        &mut self,
        thread: Thread,
        at: u64,
        state: State,
        (call, object): (&str, Option<&str>),
        holder: Option<Thread>,
    ) {
        self.enter(thread, at, state);
        let reason = WaitReason {
            call: call.to_owned(),
            object: object.map(str::to_owned),
            holder: holder.map(|holder| TaskId(holder.task)),
        };
        self.emit(thread.lane, at, EventKind::WaitExplained(reason));
    }

    fn count(&mut self, thread: Thread, at: u64, next: State) {
        let (_, counters, state, since) = &mut self.counters[thread.task as usize - 1];
        let spent = Nanos((at - *since) * 1_000);
        match state {
            State::OnCpu | State::Computing | State::Native => {
                counters.on_cpu = counters.on_cpu + spent;
                counters.switches += 1;
                counters.preempted += u64::from(next == State::NoCore);
            }
            State::NoCore => counters.no_core = counters.no_core + spent,
            _ => {}
        }
        (*state, *since) = (next, at);
    }

    /// Reports the counters of a thread.
    pub(crate) fn report(&mut self, thread: Thread, at: u64) {
        let counters = self.counters[thread.task as usize - 1].1;
        self.emit(thread.lane, at, EventKind::ThreadCounted(counters));
    }

    /// Ends the life of a thread.
    pub(crate) fn death(&mut self, thread: Thread, at: u64) {
        self.count(thread, at, State::Idle);
        self.report(thread, at);
        let done = Completion { response: None, product: Product::Success };
        let outcome = TaskOutcome::Done(done);
        self.emit(thread.lane, at, EventKind::TaskFinished { task: TaskId(thread.task), outcome });
    }

    /// Sees a function of the thread.
    pub(crate) fn place(&mut self, thread: Thread, at: u64, function: &str, line: u32) {
        let place = CodePlace {
            function: function.to_owned(),
            file: "app.py".to_owned(),
            line: Some(line),
        };
        self.emit(thread.lane, at, EventKind::FunctionSeen(place));
    }

    /// Finds a CPython interpreter.
    pub(crate) fn find_python(&mut self, at: u64) {
        let found = PythonInterpreter {
            pid: PID,
            version: "3.12".to_owned(),
            switch_interval: Some(Nanos::from_millis(5)),
            why: None,
        };
        self.emit(0, at, EventKind::InterpreterFound { interpreter: INTERPRETER, found });
    }

    /// Passes the GIL from a thread to another, which computes.
    pub(crate) fn pass_gil(&mut self, from: Option<Thread>, to: Thread, at: u64) {
        if let Some(from) = from {
            self.emit(from.lane, at, EventKind::GilReleased { interpreter: INTERPRETER });
        }
        self.emit(to.lane, at, EventKind::GilTaken { interpreter: INTERPRETER });
        self.enter(to, at, State::Computing);
    }

    /// Writes a piece of the program's output.
    pub(crate) fn output(&mut self, at: u64, text: &str) {
        self.emit(0, at, EventKind::ProgramOutput { text: text.into() });
    }

    /// Measures the cost of watching, and reports the counters of all threads.
    pub(crate) fn measure(&mut self, at: u64) {
        let switches = self.counters.iter().map(|one| one.1.switches).sum();
        let cost = WatchCost { own: Nanos(at * 8), recorded_switches: switches };
        self.emit(0, at, EventKind::CostMeasured(cost));
        for task in 1..=self.tasks {
            let lane = self.counters[task as usize - 1].0;
            self.report(Thread { task, lane }, at);
        }
    }

    /// Returns the events in the order of time.
    pub(crate) fn finish(mut self) -> (WatchedProgram, Vec<Event>) {
        self.events.sort_by_key(|event| event.at);
        (self.program, self.events)
    }

    /// Ends the program and the run.
    pub(crate) fn exit(mut self, at: u64, status: ExitStatus) -> (WatchedProgram, Vec<Event>) {
        self.events.sort_by_key(|event| event.at);
        for lane in 0..self.lanes {
            self.emit(lane, at, EventKind::LaneClosed { reason: CloseReason::Finished });
        }
        self.emit(0, at, EventKind::ProgramExited { status });
        let outcome = RunOutcome::Finished;
        self.emit(0, at, EventKind::RunFinished { outcome, machine_load: None });
        (self.program, self.events)
    }
}
