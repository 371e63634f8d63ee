//! A value of every variant on the wire: an event of every kind, with every outcome, state and reason.
//! A variant without a sample does not compile.
use std::sync::Arc;

use threadline::model::{
    Answer, Compute, Done, End, Event, ExitStatus, Failure, FailureKind, Follower, Kind, LaneId,
    Limit, LimitKind, Mode, Nanos, Outcome, Output, Plan, Product, Profile, Quota, Simulation,
    State, Target, TaskId, Why, Work,
};

/// Collects the values of every arm. The arms are also those of a `match` without a wildcard, so a new
/// variant is a compile error until it has an arm.
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

/// The commands of the samples.
pub(crate) fn commands() -> Arc<[String]> {
    ["true", "false", "sleep 9", "true"].map(str::to_owned).into()
}

fn compute() -> Compute {
    Compute { turns: 9, simulation: Some(Simulation { seed: 7, cores: 8 }), ..Compute::default() }
}

fn works() -> Vec<Work> {
    every!(Work {
        Work::Profile(_) => [Work::Profile(target())],
        Work::Followers(_) => [Work::Followers(target())],
        Work::Cpu(_) => [Work::Cpu(compute()), Work::Cpu(Compute::default())],
        Work::Native(_) => [Work::Native(compute())],
        Work::Mixed(_) => [Work::Mixed(compute())],
        Work::Commands { .. } => [Work::Commands { commands: commands() }],
    })
}

/// A plan of every kind of work, in every mode.
pub(crate) fn plans() -> Vec<Plan> {
    let modes = every!(Mode {
        Mode::Sequential => [Mode::Sequential],
        Mode::Threads => [Mode::Threads],
        Mode::Gil => [Mode::Gil],
        Mode::Processes => [Mode::Processes],
    });
    let mut plans = Vec::new();
    for work in works() {
        for &mode in &modes {
            let workers = if mode == Mode::Sequential { 1 } else { 3 };
            plans.push(Plan::new(work.clone(), mode, workers, 4));
        }
    }
    let found = Plan { auto: true, ..Plan::new(Work::Followers(target()), Mode::Threads, 3, 4) };
    let bounded = Plan { queue: Some(1), ..Plan::new(Work::Cpu(compute()), Mode::Threads, 3, 4) };
    plans.extend([found, bounded]);
    plans
}

/// A failure of every kind.
fn failures() -> Vec<Failure> {
    let kinds = every!(FailureKind {
        FailureKind::NotFound => [FailureKind::NotFound],
        FailureKind::Refused => [FailureKind::Refused],
        FailureKind::RateLimited => [FailureKind::RateLimited],
        FailureKind::Unreachable => [FailureKind::Unreachable],
        FailureKind::TimedOut => [FailureKind::TimedOut],
        FailureKind::Server => [FailureKind::Server],
        FailureKind::Worker => [FailureKind::Worker],
        FailureKind::Exhausted => [FailureKind::Exhausted],
        FailureKind::Command => [FailureKind::Command],
        FailureKind::Panicked => [FailureKind::Panicked],
        FailureKind::Unrecorded => [FailureKind::Unrecorded],
    });
    let of_kind = |kind| Failure::new(kind, "…");
    let refused = of_kind(FailureKind::Server).with_status(502);
    kinds.into_iter().map(of_kind).chain([refused]).collect()
}

fn products() -> Vec<Product> {
    let follower = Follower { id: 1, login: "a".into(), html_url: "https://b/a".into() };
    let page = Arc::new([follower].into_iter().collect());
    every!(Product {
        Product::Profile(_) => {
            [Product::Profile(Profile { login: "octocat".to_owned(), followers: 3 })]
        },
        Product::Followers(_) => [Product::Followers(page)],
        Product::NoMore => [Product::NoMore],
        Product::Value(_) => [Product::Value(u64::MAX)],
        Product::Success => [Product::Success],
    })
}

fn outcomes() -> Vec<Outcome> {
    let answer = Answer { status: 200, bytes: 9, connected: true };
    let answered = |product| Outcome::Done(Done { answer: Some(answer), product });
    let computed = Outcome::Done(Done { answer: None, product: Product::Value(7) });
    every!(Outcome {
        Outcome::Done(_) => products().into_iter().map(answered).chain([computed]),
        Outcome::Failed(_) => failures().into_iter().map(Outcome::Failed),
        Outcome::Lost(_) => failures().into_iter().map(Outcome::Lost),
        Outcome::Stopped => [Outcome::Stopped],
    })
}

fn outputs() -> Vec<Output> {
    let statuses = every!(ExitStatus {
        ExitStatus::Code(_) => [ExitStatus::Code(0), ExitStatus::Code(101)],
        ExitStatus::Signal(_) => [ExitStatus::Signal(9)],
    });
    let output = |status| Output { text: "\u{1b}[2J\n".into(), bytes: 9, left_out: 4, status };
    statuses.into_iter().map(output).collect()
}

fn limits() -> Vec<Limit> {
    let kinds = every!(LimitKind {
        LimitKind::Primary => [LimitKind::Primary],
        LimitKind::Secondary => [LimitKind::Secondary],
    });
    let limit = |kind| Limit { kind, until: Nanos(70), until_utc: 1_700_000_000 };
    kinds.into_iter().map(limit).collect()
}

fn reasons() -> Vec<Why> {
    every!(Why {
        Why::Start => [Why::Start],
        Why::NoQueue { .. } => [Why::NoQueue { tenths: 2 }],
        Why::Queue { .. } => [Why::Queue { tenths: 23 }],
        Why::Probe => [Why::Probe],
        Why::Probed => [Why::Probed],
        Why::RateLimit => [Why::RateLimit],
        Why::ServerError => [Why::ServerError],
        Why::TimedOut => [Why::TimedOut],
        Why::Broken => [Why::Broken],
        Why::Quota => [Why::Quota],
        Why::Recovered => [Why::Recovered],
    })
}

fn ends() -> Vec<End> {
    every!(End {
        End::Finished => [End::Finished],
        End::Stopped => [End::Stopped],
        End::Failed(_) => failures().into_iter().map(End::Failed),
    })
}

fn states() -> Vec<State> {
    every!(State {
        State::Idle => [State::Idle],
        State::Starting => [State::Starting],
        State::HandOver => [State::HandOver],
        State::Connecting => [State::Connecting],
        State::Waiting => [State::Waiting],
        State::Receiving => [State::Receiving],
        State::Running => [State::Running],
        State::Computing => [State::Computing],
        State::Native => [State::Native],
        State::LockWait => [State::LockWait],
        State::Throttled => [State::Throttled],
        State::Error => [State::Error],
    })
}

/// Events of every kind, in an order in which they cannot happen in one run: each is legal alone.
pub(crate) fn kinds() -> Vec<Kind> {
    let task = TASK;
    let quota = Quota { limit: 60, remaining: 59, reset: 1_700_000_000 };
    let failed = |failure| Kind::AttemptFailed { task, failure, again: Nanos(12) };
    let allowed = |why| Kind::Allowed { in_flight: 2, why };
    every!(Kind {
        Kind::RunStarted { .. } => plans().into_iter().map(|plan| Kind::RunStarted { plan }),
        Kind::Queued { .. } => [Kind::Queued { tasks: 4 }],
        Kind::Put { .. } => [Kind::Put { tasks: 3 }],
        Kind::Process { .. } => [Kind::Process { pid: 4_711 }],
        Kind::Started { .. } => [Kind::Started { task }],
        Kind::Entered { .. } => states().into_iter().map(|state| Kind::Entered { state }),
        Kind::AttemptFailed { .. } => failures().into_iter().map(failed),
        Kind::Retried { .. } => [Kind::Retried { task }],
        Kind::Output { .. } => outputs().into_iter().map(|output| Kind::Output { task, output }),
        Kind::Finished { .. } => {
            outcomes().into_iter().map(|outcome| Kind::Finished { task, outcome })
        },
        Kind::Withdrawn { .. } => {
            failures().into_iter().map(|shortage| Kind::Withdrawn { shortage })
        },
        Kind::Quota(_) => [Kind::Quota(quota)],
        Kind::Limited(_) => limits().into_iter().map(Kind::Limited),
        Kind::Allowed { .. } => reasons().into_iter().map(allowed),
        Kind::RunFinished { .. } => ends().into_iter().map(|end| Kind::RunFinished { end }),
    })
}

/// The same as events, one nanosecond after another, on the second lane.
pub(crate) fn events() -> Vec<Event> {
    let event = |(at, kind)| Event { at: Nanos(at), lane: LaneId(1), kind };
    (7..).zip(kinds()).map(event).collect()
}
