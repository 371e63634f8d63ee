//! Conclusions from runs: what was faster, because of what was measured; the check of the results; and
//! what to try next.

mod incomparable_times;
mod noise;
mod programs;

use threadline::analysis::stats::Agreement;
use threadline::analysis::verdict::{Conclusion, Verdict};
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, MachineLoad, Mode, Nanos, Plan, Product,
    Run, RunOutcome, Simulation, State, Target, TaskId, TaskKind, TaskOutcome, WorkSpec,
};

/// The time of the sequential run, in nanoseconds.
const BASELINE: f64 = 1e12;

/// The states of each task, with their percentages of its time.
type States<'a> = &'a [(State, u64)];

const COMPUTING: States<'static> = &[(State::Computing, 100)];
const NATIVE: States<'static> = &[(State::Computing, 2), (State::Native, 98)];
const FETCHING: States<'static> =
    &[(State::Connecting, 1), (State::Waiting, 88), (State::Receiving, 10), (State::Computing, 1)];
const CONTENDING: States<'static> = &[(State::LockWait, 75), (State::Computing, 25)];

/// A mode with the speed-up and the states of its run.
type ModeFixture<'a> = (Mode, f64, States<'a>);

/// Returns the events of a run whose workers share its tasks evenly.
fn events(plan: &Plan, nanos: u64, states: States<'_>) -> Vec<Event> {
    let product = match plan.workload().kind() {
        TaskKind::Page => Product::PastLastPage,
        TaskKind::Computation => Product::Value(1),
        TaskKind::Command | TaskKind::Thread => Product::Success,
    };
    let outcome = TaskOutcome::Done(Completion { response: None, product });
    let workers = u32::from(plan.workers);
    let each = nanos / u64::from(plan.tasks.div_ceil(workers));
    let mut events = Vec::new();
    for task in 0..plan.tasks {
        let lane = LaneId((task % workers) as u16);
        let mut at = u64::from(task / workers) * each;
        let task = TaskId(task + 1);
        events.push(Event { at: Nanos(at), lane, kind: EventKind::TaskStarted { task } });
        for &(state, percent) in states {
            events.push(Event { at: Nanos(at), lane, kind: EventKind::StateEntered { state } });
            at += each * percent / 100;
        }
        let kind = EventKind::TaskFinished { task, outcome: outcome.clone() };
        events.push(Event { at: Nanos(at), lane, kind });
    }
    events.sort_by_key(|event| event.at);
    events
}

/// Returns a complete run that takes this number of nanoseconds.
fn run(
    work: &WorkSpec,
    mode: Mode,
    workers: u16,
    tasks: u32,
    nanos: u64,
    states: States<'_>,
) -> Run {
    run_under_load(work, (mode, workers, tasks), nanos, states, None)
}

/// Returns a complete run on a machine with this load.
fn run_under_load(
    work: &WorkSpec,
    (mode, workers, tasks): (Mode, u16, u32),
    nanos: u64,
    states: States<'_>,
    machine_load: Option<MachineLoad>,
) -> Run {
    let plan = Plan::new(work.clone(), mode, workers, tasks);
    let mut run = Run::opened(plan.clone());
    let at = |at, kind| Event { at, lane: LaneId(0), kind };
    run.apply(&at(Nanos::ZERO, EventKind::RunStarted { plan: plan.clone() }));
    for event in events(&plan, nanos, states) {
        run.apply(&event);
    }
    let outcome = RunOutcome::Finished;
    run.apply(&at(Nanos(nanos), EventKind::RunFinished { outcome, machine_load }));
    assert!(run.is_complete());
    run
}

fn conclude(
    work: &WorkSpec,
    modes: &[ModeFixture<'_>],
    cores: Option<u16>,
    (workers, tasks): (u16, u32),
) -> Conclusion {
    let runs = modes.iter().map(|&(mode, times, states)| {
        let workers = if mode == Mode::Sequential { 1 } else { workers };
        run(work, mode, workers, tasks, (BASELINE / times).round() as u64, states)
    });
    let runs: Vec<Run> = runs.collect();
    let baseline = Some(Nanos(BASELINE as u64));
    let verdict = Verdict { runs: &runs, baseline, agreement: Agreement::of_runs(&runs), cores };
    verdict.conclusion().unwrap_or_default()
}

/// Returns the sentence about 8 tasks on 4 workers.
fn sentence(work: &WorkSpec, modes: &[ModeFixture<'_>], cores: Option<u16>) -> String {
    conclude(work, modes, cores, (4, 8)).sentence()
}

fn followers() -> WorkSpec {
    WorkSpec::Followers(Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 30,
        costs_quota: false,
    })
}

fn cpu() -> WorkSpec {
    WorkSpec::Cpu(ComputeSpec::default())
}

const fn sequential(states: States<'_>) -> ModeFixture<'_> {
    (Mode::Sequential, 1.0, states)
}

#[test]
fn threads_that_waited_for_the_server_were_faster() {
    let race = [sequential(FETCHING), (Mode::Threads, 4.43, FETCHING)];
    let conclusion = conclude(&followers(), &race, Some(2), (5, 5));
    let (waited, next) = ("they waited for the server side by side", "(--threads 3)");
    assert_eq!(conclusion.sentence(), format!("5 threads were 4.4x faster: {waited}"));
    let forms: Vec<String> = conclusion.sentence_forms().collect();
    assert_eq!(forms[1..], ["5 threads were 4.4x faster"]);
    let options = format!("Next: threadline learn, CPU work (--workload cpu), 3 workers {next}");
    assert_eq!(conclusion.options_text(), options);
    let alone = conclude(&followers(), &race[1..], None, (5, 5));
    assert_eq!(alone.sentence(), format!("5 threads were 4.4x faster than sequential: {waited}"));
}

#[test]
fn gil_makes_no_difference_to_threads_that_wait() {
    let race = |with| {
        let race =
            [sequential(FETCHING), (Mode::Threads, 4.43, FETCHING), (Mode::Gil, with, FETCHING)];
        conclude(&followers(), &race, Some(2), (5, 5)).sentence()
    };
    let waited = "they waited for the server side by side";
    let equal = format!("5 threads were 4.4x faster: {waited}, with or without a GIL");
    assert_eq!(race(4.42), equal);
    assert_eq!(race(4.21), format!("5 threads were 4.4x faster: {waited}; 4.2x with a GIL"));
    let apart = format!("5 GIL threads were 3.0x faster: {waited}; without a GIL 4.4x");
    assert_eq!(race(3.0), apart);
}

#[test]
fn slow_server_explains_threads_without_a_gain() {
    let race = |times| {
        sentence(&followers(), &[sequential(FETCHING), (Mode::Threads, times, FETCHING)], None)
    };
    let longer = "each page took 4.0x as long";
    assert_eq!(race(1.01), format!("4 threads were no faster (1.01x): {longer}"));
    assert_eq!(race(0.5), "4 threads were slower (0.50x): each page took 8.0x as long");
}

#[test]
fn nothing_is_blamed_without_a_measurement() {
    let alone = sentence(&cpu(), &[(Mode::Threads, 1.0, COMPUTING)], Some(2));
    assert_eq!(alone, "4 threads were no faster (1.00x)");
}

#[test]
fn threads_wait_for_the_gil_to_compute() {
    let race = [
        sequential(COMPUTING),
        (Mode::Threads, 1.95, COMPUTING),
        (Mode::Gil, 0.97, CONTENDING),
        (Mode::Processes, 1.9, COMPUTING),
    ];
    assert_eq!(
        sentence(&cpu(), &race, Some(2)),
        "4 GIL threads were no faster (0.97x): each waited for the GIL 75 % of the time; \
         without a GIL 1.95x, processes 1.90x, on 2 cores"
    );
    let simulated = Some(Simulation { seed: 1, cores: 8 });
    let work = WorkSpec::Cpu(ComputeSpec { simulation: simulated, ..ComputeSpec::default() });
    let text = sentence(&work, &race, Some(2));
    assert!(text.ends_with("on 8 cores"), "the simulated cores count: {text}");
}

#[test]
fn one_core_computes_one_task_at_a_time() {
    let race = [sequential(COMPUTING), (Mode::Threads, 0.99, COMPUTING)];
    let one = "one core computes one task at a time";
    assert_eq!(
        sentence(&cpu(), &race, Some(1)),
        format!("4 threads were no faster (0.99x): {one}")
    );
}

#[test]
fn process_overhead_explains_slow_processes() {
    let states: States<'_> =
        &[(State::Starting, 60), (State::HandOver, 20), (State::Computing, 20)];
    let race =
        [sequential(COMPUTING), (Mode::Gil, 1.0, CONTENDING), (Mode::Processes, 0.5, states)];
    let text = sentence(&cpu(), &race, Some(2));
    let overhead = "processes 0.50x (starting and hand-over took 80 % of their time), on 2 cores";
    assert!(text.ends_with(overhead), "{text}");
}

#[test]
fn native_code_releases_the_gil() {
    let native = WorkSpec::Native(ComputeSpec::default());
    assert_eq!(
        sentence(&native, &[(Mode::Gil, 1.85, NATIVE)], Some(2)),
        "4 GIL threads were 1.85x faster than sequential: native code releases the GIL"
    );
    let race = [sequential(NATIVE), (Mode::Threads, 1.9, NATIVE), (Mode::Gil, 1.85, NATIVE)];
    assert_eq!(
        sentence(&native, &race, None),
        "4 threads were 1.90x faster: native code releases the GIL; 1.85x with a GIL"
    );
}

#[test]
fn computing_under_the_gil_bounds_mixed_work() {
    let mixed = WorkSpec::Mixed(ComputeSpec { share: 30, ..ComputeSpec::default() });
    let states: States<'_> = &[(State::Waiting, 70), (State::Computing, 30)];
    assert_eq!(
        sentence(&mixed, &[sequential(states), (Mode::Gil, 2.4, states)], None),
        "4 GIL threads were 2.4x faster: waits overlap, but computing (30 % of the work) does not, \
         so 3.3x at most"
    );
    let excess = sentence(&cpu(), &[sequential(COMPUTING), (Mode::Gil, 1.4, COMPUTING)], None);
    assert_eq!(
        excess,
        "4 GIL threads were 1.40x faster: more than the 1.00x that 100 % computing allows, so \
         something slowed the sequential run"
    );
}

#[test]
fn single_task_or_thread_needs_no_gil() {
    let text = |workers, tasks| {
        let race = [sequential(COMPUTING), (Mode::Gil, 1.0, COMPUTING)];
        conclude(&cpu(), &race, Some(2), (workers, tasks)).sentence()
    };
    assert_eq!(text(4, 1), "4 GIL threads were no faster (1.00x): one task runs on one thread");
    assert_eq!(text(1, 8), "1 GIL thread was no faster (1.00x): there was only one thread");
}

#[test]
fn threads_that_waited_to_retry_are_told_as_that() {
    let states: States<'_> = &[(State::RetryWait, 90), (State::Waiting, 10)];
    let race = [sequential(FETCHING), (Mode::Threads, 1.0, states)];
    let text = sentence(&followers(), &race, None);
    assert_eq!(text, "4 threads were no faster (1.00x): they waited to retry 90 % of the time");
}

#[test]
fn modes_without_a_comparison_say_what_they_did() {
    let alone = |mode, workers| {
        let runs = [run(&cpu(), mode, workers, 8, 1_500_000_000, COMPUTING)];
        let verdict = Verdict::new(&runs, None);
        verdict.conclusion().unwrap()
    };
    let sequential = alone(Mode::Sequential, 1);
    assert_eq!(sequential.sentence(), "8 tasks done in 1.500 s, one task after another");
    let options = "Next: race all modes (--mode race), native code (--workload native)";
    assert_eq!(sequential.options_text(), options);
    assert_eq!(alone(Mode::Gil, 4).sentence(), "8 tasks done in 1.500 s by 4 GIL threads");
}

#[test]
fn suggested_workers_change_the_number_of_waves() {
    let next = |workers, tasks| {
        let race = [sequential(FETCHING), (Mode::Threads, 2.0, FETCHING)];
        let options = conclude(&followers(), &race, None, (workers, tasks)).options_text();
        options.rsplit([':', ',']).next().unwrap().trim().to_owned()
    };
    assert_eq!(next(5, 5), "3 workers (--threads 3)");
    assert_eq!(next(3, 5), "5 workers (--threads 5)");
    assert_eq!(next(2, 3), "3 workers (--threads 3)");
    assert_eq!(next(2, 2), "CPU work (--workload cpu)");
    assert_eq!(next(5, 100), "how many threads help (--mode sweep)");
}

#[test]
fn no_runs_give_no_conclusion() {
    assert_eq!(Verdict::new(&[], Some(2)).conclusion(), None);
}

#[test]
fn progress_names_what_goes_on_and_the_speed_up_so_far() {
    let plan = Plan::new(followers(), Mode::Threads, 2, 4);
    let mut threads = Run::opened(plan.clone());
    let started = EventKind::RunStarted { plan: plan.clone() };
    threads.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind: started });
    let all = events(&plan, 2_000_000_000, FETCHING);
    let half = all.iter().filter(|event| event.at <= Nanos(1_000_000_000));
    half.for_each(|event| threads.apply(event));
    let (runs, now) = ([threads], Nanos(1_000_000_000));
    let forms = |baseline| {
        Verdict { runs: &runs, baseline, agreement: None, cores: None }.progress_forms(now)
    };
    let so_far = "2 of 4 pages so far";
    let [long, brief] =
        [so_far, "2 of 4 pages"].map(|done| format!("2 threads side by side: {done}"));
    assert_eq!(forms(None), [&long, &brief, so_far]);
    let faster = format!("{so_far}, 2.0x faster");
    let all = [format!("2 threads side by side: {faster}"), faster.clone(), faster];
    assert_eq!(forms(Some(Nanos(4_000_000_000))), all);
    // A mode that overtakes the sequential run says so.
    let mut sequential = Run::opened(Plan::new(followers(), Mode::Sequential, 1, 4));
    let plan = sequential.plan().clone();
    let kind = EventKind::RunStarted { plan };
    sequential.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind });
    let done = run(&followers(), Mode::Threads, 2, 4, 2_000_000_000, FETCHING);
    let runs = [sequential, done];
    let verdict = Verdict { runs: &runs, baseline: None, agreement: None, cores: None };
    let active = "one page after another: no page so far";
    let whole = format!("2 threads are done after 2.000 s; {active}");
    let forms = verdict.progress_forms(now);
    assert_eq!(forms, [&whole, active, "one page after another: no page", "no page so far"]);
}

#[test]
fn turnover_names_both_directions_with_the_right_number() {
    let runs = [run(&followers(), Mode::Sequential, 1, 1, 1, &[])];
    for (left, joined, words) in [
        (0, 2, "2 followers joined"),
        (0, 1, "1 follower joined"),
        (1, 0, "1 follower left"),
        (7, 0, "7 followers left"),
        (1, 2, "2 followers joined and 1 left"),
        (2, 1, "1 follower joined and 2 left"),
    ] {
        let agreement = Some(Agreement::Different { only_first: left, only_second: joined });
        let verdict = Verdict { runs: &runs, baseline: None, agreement, cores: None };
        let checks = verdict.conclusion().unwrap().checks();
        let text = format!("{words} between the runs;");
        assert!(checks.starts_with(&text), "{checks}");
    }
}
