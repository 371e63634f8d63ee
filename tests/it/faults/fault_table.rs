//! A table of all faults: the result of a run whose third page has one, once or always, with one thread, several threads or several worker processes.

use std::collections::BTreeSet;
use std::thread::{self, Builder};
use std::time::Duration;

use threadline::http::RetryPolicy;
use threadline::model::FailureKind::{RateLimited, Server as ServerFailure};
use threadline::model::{
    Failure, FailureKind, Mode, Plan, Product, RunOutcome, TaskId, TaskOutcome,
};
use threadline::server::FAULT_DESCRIPTIONS;

use super::fault_rows::ExpectedOutcome::{
    self, EndOfList, Limit, Redirect, Retry, Success, TaskFailure,
};
use super::fault_rows::{FaultRow, fast_rows, slow_rows};
use super::{FaultLauncher, FaultRun, RETRY_POLICY, all_follower_ids, plan};
use crate::fault_relay::{FaultRelay, WIRE_FAULTS};
use crate::peer::{Peer, response_bytes};

const PER_PAGE: u8 = 5;
const FOLLOWERS: u32 = 28;
const PAGES: u32 = 6;

/// The page with the fault.
const FAULTY_PAGE: u32 = 3;

/// A row of the table, and the run that has its fault.
struct FaultCase<'row> {
    row: &'row FaultRow,
    mode: Mode,
    workers: u16,
    always: bool,
    retry_policy: RetryPolicy,
}

impl FaultCase<'_> {
    const fn expected_outcome(&self) -> ExpectedOutcome {
        self.row.page
    }

    fn name(&self) -> String {
        let frequency = if self.always { "always" } else { "once" };
        let Self { row, mode, workers, .. } = self;
        format!("{} {frequency}, {mode} x{workers}", row.fault)
    }

    fn plan(&self) -> Plan {
        Plan { mode: self.mode, ..plan(PER_PAGE, PAGES, self.workers) }
    }

    fn start_relay(&self) -> FaultRelay {
        let scope = match self.expected_outcome() {
            EndOfList => format!(r#""from":{FAULTY_PAGE}"#),
            _ => format!(r#""page":{FAULTY_PAGE}"#),
        };
        let times = u32::from(!self.always);
        FaultRelay::start(FOLLOWERS, &format!(r#"{{{scope},"times":{times},{}}}"#, self.row.fault))
    }

    /// Returns the expected attempts at the faulty task; there may be more if other requests
    /// succeed between its limits.
    fn attempts(&self) -> u64 {
        match (self.expected_outcome(), self.always) {
            (Success | TaskFailure(..) | ExpectedOutcome::RunFailure(..) | EndOfList, _) => 1,
            (Retry(..) | Limit(_) | Redirect, false) => 2,
            (Retry(..), true) => u64::from(self.retry_policy.retries) + 1,
            (Limit(_), true) => 5,
            (Redirect, true) => 6,
        }
    }

    /// Returns the kind and a part of the message of the expected final failure, if there is one.
    fn expected_failure(&self) -> Option<(FailureKind, &'static str)> {
        match (self.expected_outcome(), self.always) {
            (TaskFailure(kind, text) | ExpectedOutcome::RunFailure(kind, text), _)
            | (Retry(kind, text), true) => Some((kind, text)),
            (Limit(_), true) => Some((RateLimited, "was reached 5 times in a row despite")),
            (Redirect, true) => {
                Some((ServerFailure, "it redirects more than 5 times; check --api-url"))
            }
            _ => None,
        }
    }

    /// Runs the case and checks its results.
    fn check(&self, all_ids: &[u64]) {
        let (relay, name) = (self.start_relay(), self.name());
        let launcher = FaultLauncher::new(&relay.url(), self.retry_policy);
        let fault_run = launcher.run(self.plan());
        self.check_messages(&fault_run, &name, relay.port());
        self.check_attempts(&fault_run, &name);
        self.check_end(&fault_run, &name);
        self.check_requests(&fault_run, relay.request_counts().requests, &name);
        self.check_followers(&fault_run, all_ids, &name);
    }

    /// Checks the messages of the failed attempts and of the final failure.
    fn check_messages(&self, fault_run: &FaultRun, name: &str, port: u16) {
        let check_failure = |failure: &Failure, kind: FailureKind, text: &str| {
            let resource = format!("page {FAULTY_PAGE}");
            let text = text.replace("{}", &resource).replace("{port}", &port.to_string());
            let message = &failure.message;
            assert_eq!(failure.kind, kind, "{name}: {message}");
            assert!(message.contains(&text), "{name}: {message}");
            assert!((20..400).contains(&message.len()), "{name}: {message}");
            assert!(message.chars().all(|c| matches!(c, ' '..='~')), "{name}: {message:?}");
        };
        for attempt in fault_run.run.tasks().failed_attempts(TaskId(FAULTY_PAGE)) {
            match self.expected_outcome() {
                Retry(kind, text) => check_failure(&attempt.failure, kind, text),
                Limit(text) => check_failure(&attempt.failure, RateLimited, text),
                _ => panic!("{name}: {attempt:?}"),
            }
        }
        match (self.expected_failure(), fault_run.run.failure()) {
            (Some((kind, text)), Some(failure)) => {
                check_failure(failure, kind, text);
                let prefix = format!("gave up after {} attempts: ", self.attempts());
                let is_retried =
                    matches!(self.expected_outcome(), Retry(..)) && self.attempts() > 1;
                assert_eq!(failure.message.starts_with(&prefix), is_retried, "{name}: {failure}");
            }
            (None, None) => {}
            (expected, found) => panic!("{name}: {expected:?} {found:?}"),
        }
    }

    /// Checks that the faulty task has the expected attempts, and every other task one.
    fn check_attempts(&self, fault_run: &FaultRun, name: &str) {
        for (task, _) in fault_run.run.tasks().iter() {
            let is_retried = matches!(self.expected_outcome(), Retry(..) | Limit(_))
                && task == TaskId(FAULTY_PAGE);
            let expected = if is_retried { self.attempts() as usize - 1 } else { 0 };
            let failed = fault_run.run.tasks().failed_attempts(task).len();
            let has_more = is_retried && self.ends_early_in_parallel() && failed > expected;
            assert!(failed == expected || has_more, "{name}: {failed} of {task:?}");
        }
    }

    fn check_end(&self, fault_run: &FaultRun, name: &str) {
        let ends = self.expected_failure().is_some_and(|(kind, _)| kind.ends_run());
        match (fault_run.run.outcome(), ends) {
            (Some(RunOutcome::Finished), false) => {}
            (Some(RunOutcome::Failed(failure)), true) => {
                assert_eq!(fault_run.run.failure(), Some(failure), "{name}");
            }
            (end, _) => panic!("{name}: {end:?}"),
        }
        assert_eq!(fault_run.run.is_complete(), self.expected_failure().is_none(), "{name}");
        assert_eq!(fault_run.run.timing().in_flight(), 0, "{name}");
    }

    /// Returns true if the run ends before all pages are fetched, and other lanes may be in any
    /// state.
    fn ends_early_in_parallel(&self) -> bool {
        let ends = match self.expected_outcome() {
            EndOfList | ExpectedOutcome::RunFailure(..) => true,
            Limit(_) => self.always,
            _ => false,
        };
        ends && self.workers > 1
    }

    /// Checks the number of requests. If the run ends early, another lane may cancel a request
    /// before it is sent.
    fn check_requests(&self, fault_run: &FaultRun, requests: u64, name: &str) {
        if self.ends_early_in_parallel() {
            assert!(
                requests <= u64::from(fault_run.run.timing().request_count()),
                "{name}: {requests}"
            );
            return;
        }
        let others = match self.expected_outcome() {
            EndOfList | ExpectedOutcome::RunFailure(..) => FAULTY_PAGE - 1,
            Limit(_) if self.always => FAULTY_PAGE - 1,
            _ => PAGES - 1,
        };
        assert_eq!(requests, u64::from(others) + self.attempts(), "{name}");
    }

    /// Checks that the fetched pages are the expected ones, and are kept once and in order.
    fn check_followers(&self, fault_run: &FaultRun, all_ids: &[u64], name: &str) {
        let pages: BTreeSet<u32> = fault_run
            .run
            .tasks()
            .iter()
            .filter(|(_, record)| match &record.outcome {
                Some(TaskOutcome::Done(done)) => matches!(done.product, Product::Followers(_)),
                _ => false,
            })
            .map(|(task, _)| task.0)
            .collect();
        let chunks = (1..).zip(all_ids.chunks(usize::from(PER_PAGE)));
        let kept = chunks.filter(|(page, _)| pages.contains(page));
        let kept: Vec<u64> = kept.flat_map(|(_, ids)| ids).copied().collect();
        assert_eq!(fault_run.follower_ids(), kept, "{name}");
        assert_eq!(fault_run.run.progress().duplicate_count(), 0, "{name}");
        let expected: BTreeSet<u32> = match self.expected_outcome() {
            EndOfList => (1..FAULTY_PAGE).collect(),
            _ if fault_run.run.is_complete() => (1..=PAGES).collect(),
            _ if fault_run.run.outcome() == Some(&RunOutcome::Finished) => {
                (1..=PAGES).filter(|&page| page != FAULTY_PAGE).collect()
            }
            _ if self.workers == 1 => (1..FAULTY_PAGE).collect(),
            _ => pages.iter().copied().filter(|&page| page != FAULTY_PAGE).collect(),
        };
        assert_eq!(pages, expected, "{name}");
        let last_visible =
            matches!(self.expected_outcome(), EndOfList).then_some(TaskId(FAULTY_PAGE - 1));
        assert_eq!(fault_run.run.progress().last_visible_page(), last_visible, "{name}");
    }
}

const RUN_KINDS: [(Mode, u16); 3] =
    [(Mode::Sequential, 1), (Mode::Threads, 4), (Mode::Processes, 4)];

fn check_fast_rows(always: bool) {
    let elsewhere = Peer::answering(response_bytes(200, "", "[]"));
    let all_ids = all_follower_ids(FOLLOWERS);
    for row in &fast_rows(&elsewhere.url()) {
        for (mode, workers) in RUN_KINDS {
            FaultCase { row, mode, workers, always, retry_policy: RETRY_POLICY }.check(&all_ids);
        }
    }
    assert_eq!(elsewhere.requests().len(), 0, "requests to the other server");
}

#[test]
fn fault_that_occurs_once_has_the_expected_effect() {
    check_fast_rows(false);
}

#[test]
fn permanent_fault_has_the_expected_effect() {
    check_fast_rows(true);
}

/// The cases run in parallel, since each of them only waits for its timeout.
#[test]
fn fault_that_needs_a_timeout_has_the_expected_effect() {
    let retry_policy = RetryPolicy { retries: 1, timeout: Duration::from_secs(1), ..RETRY_POLICY };
    let (rows, all_ids) = (slow_rows(), all_follower_ids(FOLLOWERS));
    thread::scope(|scope| {
        for row in &rows {
            for (mode, workers) in RUN_KINDS {
                for always in [false, true] {
                    let case = FaultCase { row, mode, workers, always, retry_policy };
                    let all_ids = &all_ids;
                    let builder = Builder::new().name(case.name());
                    builder.spawn_scoped(scope, move || case.check(all_ids)).unwrap();
                }
            }
        }
    });
}

#[test]
fn every_fault_kind_has_a_row_or_a_test_of_changing_lists() {
    let rows: Vec<FaultRow> =
        slow_rows().into_iter().chain(fast_rows("http://127.0.0.1:1")).collect();
    for name in FAULT_DESCRIPTIONS.iter().map(|kind| kind.name).chain(WIRE_FAULTS) {
        let name = format!("\"{name}\"");
        let has_row = rows.iter().any(|row| row.fault.starts_with(&format!("\"fault\":{name}")));
        assert!(has_row || include_str!("changing_lists.rs").contains(&name), "{name}");
    }
}
