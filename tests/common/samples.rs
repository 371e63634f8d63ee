//! A sample of every variant on the wire: an event of every kind, with every outcome, state and
//! reason. A variant without a sample does not compile.

use std::sync::Arc;

use threadline::model::item_page::{ItemPage, ItemPointers};
use threadline::model::{
    Accuracy, ChangeReason, CloseReason, CodePlace, CommandOutput, Completion, ComputeSpec,
    CpuQuota, Event, EventKind, Exactness, ExitStatus, Failure, FailureKind, Follower, Gap,
    GapScope, InterpreterId, LaneId, LimitKind, MachineLoad, Mode, Nanos, PageAddressing,
    PagedList, Plan, Product, PythonInterpreter, Quota, ReachedLimit, ReasonSource,
    ResponseSummary, RunOutcome, Simulation, State, Target, TaskId, TaskOutcome, ThreadCounters,
    ThreadIdentity, WaitReason, WatchCost, WatchedProgram, WorkSpec,
};

fn cpu_quota() -> CpuQuota {
    CpuQuota { millicores: 500, periods: 20, used_up: 19 }
}

/// Collects the values of all arms. The arms are also those of a `match` without a wildcard, so a
/// new variant is a compile error until it has an arm.
macro_rules! every {
    ($type:ty { $($variant:pat => $values:expr),+ $(,)? }) => {{
        const _: fn(&$type) = |value| match value { $($variant => {})+ };
        let mut all: Vec<$type> = Vec::new();
        $(
            let values = Vec::from_iter($values);
            let belongs = |value| matches!(value, &$variant);
            assert!(!values.is_empty() && values.iter().all(belongs));
            all.extend(values);
        )+
        all
    }};
}

pub(crate) const TASK: TaskId = TaskId(2);

fn target() -> Target {
    Target {
        user: "octocat".to_owned(),
        api: "api.example".to_owned(),
        per_page: 30,
        costs_quota: true,
    }
}

pub(crate) fn list() -> PagedList {
    PagedList {
        url: "https://api.example/items?page={1..4}".to_owned(),
        api: "api.example".to_owned(),
        addresses: PageAddressing::Range,
        pointers: ItemPointers { items: None, id: Some("/id".parse().unwrap()) },
        costs_quota: true,
    }
}

pub(crate) fn watched_program() -> WatchedProgram {
    WatchedProgram { command: "python app.py".to_owned(), pid: 4_711, attached: true, cores: 2 }
}

/// Returns the commands of the samples.
pub(crate) fn commands() -> Arc<[String]> {
    ["true", "false", "sleep 9", "true"].map(str::to_owned).into()
}

fn compute() -> ComputeSpec {
    ComputeSpec {
        turns: 9,
        simulation: Some(Simulation { seed: 7, cores: 8 }),
        ..ComputeSpec::default()
    }
}

fn work_specs() -> Vec<WorkSpec> {
    every!(WorkSpec {
        WorkSpec::Followers(_) => [WorkSpec::Followers(target())],
        WorkSpec::Pages(_) => [WorkSpec::Pages(list())],
        WorkSpec::Cpu(_) => [WorkSpec::Cpu(compute()), WorkSpec::Cpu(ComputeSpec::default())],
        WorkSpec::Native(_) => [WorkSpec::Native(compute())],
        WorkSpec::Mixed(_) => [WorkSpec::Mixed(compute())],
        WorkSpec::Commands { .. } => [WorkSpec::Commands { commands: commands() }],
        WorkSpec::Program(_) => [WorkSpec::Program(watched_program())],
    })
}

/// Returns a plan for every kind of work in every mode.
pub(crate) fn plans() -> Vec<Plan> {
    let modes = every!(Mode {
        Mode::Sequential => [Mode::Sequential],
        Mode::Threads => [Mode::Threads],
        Mode::Gil => [Mode::Gil],
        Mode::Processes => [Mode::Processes],
    });
    let mut plans = Vec::new();
    for work in work_specs() {
        for &mode in &modes {
            let workers = if mode == Mode::Sequential { 1 } else { 3 };
            plans.push(Plan::new(work.clone(), mode, workers, 4));
        }
    }
    let auto = Plan { auto: true, ..Plan::new(WorkSpec::Followers(target()), Mode::Threads, 3, 4) };
    plans.push(auto);
    plans
}

/// Returns a failure of every kind.
fn failures() -> Vec<Failure> {
    let kinds = every!(FailureKind {
        FailureKind::NotFound => [FailureKind::NotFound],
        FailureKind::Refused => [FailureKind::Refused],
        FailureKind::RateLimited => [FailureKind::RateLimited],
        FailureKind::Unreachable => [FailureKind::Unreachable],
        FailureKind::TimedOut => [FailureKind::TimedOut],
        FailureKind::Server => [FailureKind::Server],
        FailureKind::Content => [FailureKind::Content],
        FailureKind::RequestLimit => [FailureKind::RequestLimit],
        FailureKind::Worker => [FailureKind::Worker],
        FailureKind::Exhausted => [FailureKind::Exhausted],
        FailureKind::Command => [FailureKind::Command],
        FailureKind::Panicked => [FailureKind::Panicked],
        FailureKind::Unrecorded => [FailureKind::Unrecorded],
    });
    let of_kind = |kind| Failure::new(kind, "…");
    let with_status = of_kind(FailureKind::Server).with_status(502);
    kinds.into_iter().map(of_kind).chain([with_status]).collect()
}

fn products() -> Vec<Product> {
    let follower = Follower { id: 1, login: "a".into(), html_url: "https://b/a".into() };
    let page = Arc::new([follower].into_iter().collect());
    let pointers = ItemPointers { id: Some("/id".parse().unwrap()), ..ItemPointers::default() };
    let items = ItemPage::from_json(br#"[{"id":1, "v":1.10},7]"#, &pointers).unwrap();
    every!(Product {
        Product::Items(_) => [items, ItemPage::opaque(9)].map(|page| Product::Items(page.into())),
        Product::Followers(_) => [Product::Followers(page)],
        Product::PastLastPage => [Product::PastLastPage],
        Product::Value(_) => [Product::Value(u64::MAX)],
        Product::Success => [Product::Success],
    })
}

fn outcomes() -> Vec<TaskOutcome> {
    let response = ResponseSummary { status: 200, bytes: 9, connected: true };
    let fetched = |product| TaskOutcome::Done(Completion { response: Some(response), product });
    let computed = TaskOutcome::Done(Completion { response: None, product: Product::Value(7) });
    every!(TaskOutcome {
        TaskOutcome::Done(_) => products().into_iter().map(fetched).chain([computed]),
        TaskOutcome::Failed(_) => failures().into_iter().map(TaskOutcome::Failed),
        TaskOutcome::Requeued(_) => failures().into_iter().map(TaskOutcome::Requeued),
        TaskOutcome::Stopped => [TaskOutcome::Stopped],
    })
}

fn outputs() -> Vec<CommandOutput> {
    let statuses = every!(ExitStatus {
        ExitStatus::Code(_) => [ExitStatus::Code(0), ExitStatus::Code(101)],
        ExitStatus::Signal(_) => [ExitStatus::Signal(9)],
    });
    let output =
        |status| CommandOutput { text: "\u{1b}[2J\n".into(), bytes: 9, omitted: 4, status };
    statuses.into_iter().map(output).collect()
}

fn limits() -> Vec<ReachedLimit> {
    let kinds = every!(LimitKind {
        LimitKind::Primary => [LimitKind::Primary],
        LimitKind::Secondary => [LimitKind::Secondary],
    });
    let limit = |kind| ReachedLimit { kind, until: Nanos(70), until_utc: 1_700_000_000 };
    kinds.into_iter().map(limit).collect()
}

fn reasons() -> Vec<ChangeReason> {
    every!(ChangeReason {
        ChangeReason::Start => [ChangeReason::Start],
        ChangeReason::NoQueue { .. } => [ChangeReason::NoQueue { tenths: 2 }],
        ChangeReason::Queue { .. } => [ChangeReason::Queue { tenths: 23 }],
        ChangeReason::Probe => [ChangeReason::Probe],
        ChangeReason::ProbeEnd => [ChangeReason::ProbeEnd],
        ChangeReason::RateLimit => [ChangeReason::RateLimit],
        ChangeReason::ServerError => [ChangeReason::ServerError],
        ChangeReason::TimedOut => [ChangeReason::TimedOut],
        ChangeReason::Broken => [ChangeReason::Broken],
        ChangeReason::Quota => [ChangeReason::Quota],
        ChangeReason::Recovered => [ChangeReason::Recovered],
    })
}

fn run_outcomes() -> Vec<RunOutcome> {
    every!(RunOutcome {
        RunOutcome::Finished => [RunOutcome::Finished],
        RunOutcome::Stopped => [RunOutcome::Stopped],
        RunOutcome::Failed(_) => failures().into_iter().map(RunOutcome::Failed),
    })
}

fn states() -> Vec<State> {
    every!(State {
        State::Idle => [State::Idle],
        State::Parked => [State::Parked],
        State::Sleeping => [State::Sleeping],
        State::Events => [State::Events],
        State::Blocked => [State::Blocked],
        State::Stopped => [State::Stopped],
        State::NoCore => [State::NoCore],
        State::OnCpu => [State::OnCpu],
        State::Starting => [State::Starting],
        State::HandOver => [State::HandOver],
        State::Connecting => [State::Connecting],
        State::Waiting => [State::Waiting],
        State::Receiving => [State::Receiving],
        State::Running => [State::Running],
        State::Computing => [State::Computing],
        State::Native => [State::Native],
        State::LockWait => [State::LockWait],
        State::RetryWait => [State::RetryWait],
        State::Throttled => [State::Throttled],
        State::Unknown => [State::Unknown],
        State::Error => [State::Error],
    })
}

fn wait_reasons() -> [WaitReason; 2] {
    let reason = |call: &str| WaitReason { call: call.to_owned(), object: None, holder: None };
    let held =
        WaitReason { object: Some("mutex".to_owned()), holder: Some(TASK), ..reason("futex") };
    [reason("read"), held]
}

fn interpreters() -> [PythonInterpreter; 2] {
    let version = "3.13".to_owned();
    let switch_interval = Some(Nanos(5_000_000));
    let with_gil = PythonInterpreter { pid: 4_711, version, switch_interval, why: None };
    let why = Some("free-threaded".to_owned());
    [with_gil.clone(), PythonInterpreter { switch_interval: None, why, ..with_gil }]
}

fn accuracies() -> Vec<Accuracy> {
    let edges = every!(Exactness {
        Exactness::Exact => [Exactness::Exact],
        Exactness::Counted { .. } => [Exactness::Counted { period: Nanos(4_000_000) }],
        Exactness::Coarse => [Exactness::Coarse],
    });
    let reasons = every!(ReasonSource {
        ReasonSource::Syscall => [ReasonSource::Syscall],
        ReasonSource::Wchan => [ReasonSource::Wchan],
        ReasonSource::None => [ReasonSource::None],
    });
    let pairs = edges.into_iter().zip(reasons);
    let why = Some("perf_event_paranoid is 4".to_owned());
    pairs.map(|(edges, reasons)| Accuracy { edges, reasons, why: why.clone() }).collect()
}

fn identity() -> ThreadIdentity {
    ThreadIdentity { tid: 4_712, pid: 4_711, name: "worker-1".to_owned() }
}

fn counters() -> ThreadCounters {
    ThreadCounters { on_cpu: Nanos(9), no_core: Nanos(8), switches: 7, preempted: 6 }
}

fn places() -> [CodePlace; 2] {
    [None, Some(12)].map(|line| {
        let (function, file) = ("work".to_owned(), "app.py".to_owned());
        CodePlace { function, file, line }
    })
}

fn close_reasons() -> Vec<CloseReason> {
    let shortages = failures().into_iter().map(CloseReason::Shortage);
    shortages.chain([CloseReason::Finished]).collect()
}

fn run_ends() -> Vec<(RunOutcome, Option<MachineLoad>)> {
    let load = MachineLoad {
        cores: 2,
        own_millicores: 1_050,
        other_millicores: 900,
        stolen_millicores: 12,
    };
    let ends = run_outcomes().into_iter().map(|outcome| (outcome, None));
    ends.chain([(RunOutcome::Finished, Some(load))]).collect()
}

/// Returns events of every kind. Each is legal on its own, but not all of them in one run in this
/// order.
pub(crate) fn kinds() -> Vec<EventKind> {
    let (task, interpreter) = (TASK, InterpreterId(0));
    let quota = Quota { limit: 60, remaining: 59, reset: 1_700_000_000 };
    let failed = |failure| EventKind::AttemptFailed { task, failure, retry_at: Nanos(12) };
    let changed = |reason| EventKind::ConcurrencyChanged { in_flight: 2, reason };
    every!(EventKind {
        EventKind::RunStarted { .. } => {
            plans().into_iter().map(|plan| EventKind::RunStarted { plan })
        },
        EventKind::TaskCountChanged { .. } => [EventKind::TaskCountChanged { tasks: 4 }],
        EventKind::ProcessStarted { .. } => [EventKind::ProcessStarted { pid: 4_711 }],
        EventKind::TaskStarted { .. } => [EventKind::TaskStarted { task }],
        EventKind::StateEntered { .. } => {
            states().into_iter().map(|state| EventKind::StateEntered { state })
        },
        EventKind::AttemptFailed { .. } => failures().into_iter().map(failed),
        EventKind::TaskRetried { .. } => [EventKind::TaskRetried { task }],
        EventKind::CommandOutput { .. } => {
            outputs().into_iter().map(|output| EventKind::CommandOutput { task, output })
        },
        EventKind::TaskFinished { .. } => {
            outcomes().into_iter().map(|outcome| EventKind::TaskFinished { task, outcome })
        },
        EventKind::LaneOpened { .. } => [EventKind::LaneOpened { name: "worker-2".to_owned() }],
        EventKind::LaneClosed { .. } => {
            close_reasons().into_iter().map(|reason| EventKind::LaneClosed { reason })
        },
        EventKind::PagesChained => [EventKind::PagesChained],
        EventKind::ThreadIdentified(_) => [EventKind::ThreadIdentified(identity())],
        EventKind::WaitExplained(_) => wait_reasons().map(EventKind::WaitExplained),
        EventKind::ThreadCounted(_) => [EventKind::ThreadCounted(counters())],
        EventKind::FunctionSeen(_) => places().map(EventKind::FunctionSeen),
        EventKind::InterpreterFound { .. } => interpreters().map(|found| {
            EventKind::InterpreterFound { interpreter, found }
        }),
        EventKind::GilTaken { .. } => [EventKind::GilTaken { interpreter }],
        EventKind::GilReleased { .. } => [EventKind::GilReleased { interpreter }],
        EventKind::GilCounted { .. } => [EventKind::GilCounted { interpreter, hand_overs: 9 }],
        EventKind::AccuracyChanged(_) => accuracies().into_iter().map(EventKind::AccuracyChanged),
        EventKind::CostMeasured(_) => {
            [EventKind::CostMeasured(WatchCost { own: Nanos(9), recorded_switches: 8 })]
        },
        EventKind::QuotaUsed(_) => [EventKind::QuotaUsed(cpu_quota())],
        EventKind::ProgramOutput { .. } => [EventKind::ProgramOutput { text: "\u{1b}[2J\n".into() }],
        EventKind::ProgramExited { .. } => {
            [ExitStatus::Code(3), ExitStatus::Signal(9)]
                .map(|status| EventKind::ProgramExited { status })
        },
        EventKind::Gap(_) => [GapScope::Lane, GapScope::Run].map(|scope| {
            EventKind::Gap(Gap { from: Nanos(1), to: Nanos(3), lost: 2, scope })
        }),
        EventKind::QuotaReported(_) => [EventKind::QuotaReported(quota)],
        EventKind::RateLimited(_) => limits().into_iter().map(EventKind::RateLimited),
        EventKind::ConcurrencyChanged { .. } => reasons().into_iter().map(changed),
        EventKind::RunFinished { .. } => {
            run_ends().into_iter().map(|(outcome, machine_load)| {
                EventKind::RunFinished { outcome, machine_load }
            })
        },
    })
}

/// Returns the kinds as events on the second lane, one nanosecond apart.
pub(crate) fn events() -> Vec<Event> {
    let event = |(at, kind)| Event { at: Nanos(at), lane: LaneId(1), kind };
    (7..).zip(kinds()).map(event).collect()
}
