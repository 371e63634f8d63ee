//! A table of all faults: what becomes of a run whose third page meets one, or its profile, once or
//! always, on one thread, on several, and by several worker processes.

use std::collections::BTreeSet;
use std::thread::{self, Builder};
use std::time::Duration;

use threadline::github::RetryPolicy;
use threadline::github::server::{FAULT_DESCRIPTIONS, Server};
use threadline::model::FailureKind::{self, RateLimited, Server as Broken};
use threadline::model::{Failure, Mode, Plan, Product, RunOutcome, TaskId, TaskOutcome, Workload};

use super::builtin_server::faulty;
use super::peer::{Peer, response_bytes};
use super::rows::ExpectedOutcome::{self, Limit, Loss, NoMore, Nothing, Passing, Redirect};
use super::rows::{FaultRow, quick, slow};
use super::{FaultLauncher, FaultRun, RETRY_POLICY, everybody, plan};

const PER_PAGE: u8 = 5;
const FOLLOWERS: u32 = 28;
const PAGES: u32 = 6;

/// The page that a fault is on.
const BAD: u32 = 3;

/// A row, met in one way.
struct FaultCase<'row> {
    row: &'row FaultRow,
    workload: Workload,
    mode: Mode,
    workers: u16,
    always: bool,
    retry_policy: RetryPolicy,
}

impl FaultCase<'_> {
    fn meets(&self) -> ExpectedOutcome {
        match self.workload {
            Workload::Profile => self.row.profile,
            _ => self.row.page,
        }
    }

    fn what(&self) -> String {
        match self.workload {
            Workload::Profile => "the profile".to_owned(),
            _ => format!("page {BAD}"),
        }
    }

    fn name(&self) -> String {
        let often = if self.always { "always" } else { "once" };
        let Self { row, mode, workers, .. } = self;
        format!("{} {often} on {}, {mode} x{workers}", row.fault, self.what())
    }

    fn plan(&self) -> Plan {
        let tasks = if self.workload == Workload::Profile { 1 } else { PAGES };
        Plan { mode: self.mode, ..plan(self.workload, PER_PAGE, tasks, self.workers) }
    }

    /// The task that meets it.
    fn bad(&self) -> TaskId {
        TaskId(if self.workload == Workload::Profile { 1 } else { BAD })
    }

    fn serve(&self) -> Server {
        let place = match (self.workload, self.meets()) {
            (Workload::Profile, _) => r#""page":"profile""#.to_owned(),
            (_, NoMore) => format!(r#""from":{BAD}"#),
            _ => format!(r#""page":{BAD}"#),
        };
        let times = u32::from(!self.always);
        faulty(FOLLOWERS, &format!(r#"{{{place},"times":{times},{}}}"#, self.row.fault))
    }

    /// How often the bad page is asked for; at the least where others go well between its limits.
    fn attempts(&self) -> u64 {
        match (self.meets(), self.always) {
            (Nothing | Loss(..) | ExpectedOutcome::End(..) | NoMore, _) => 1,
            (Passing(..) | Limit(_) | Redirect, false) => 2,
            (Passing(..), true) => u64::from(self.retry_policy.retries) + 1,
            (Limit(_), true) => 5,
            (Redirect, true) => 6,
        }
    }

    /// How the task ends that meets it, if it fails.
    fn failure(&self) -> Option<(FailureKind, &'static str)> {
        match (self.meets(), self.always) {
            (Loss(kind, words) | ExpectedOutcome::End(kind, words), _)
            | (Passing(kind, words), true) => Some((kind, words)),
            (Limit(_), true) => Some((RateLimited, "was reached 5 times in a row despite")),
            (Redirect, true) => Some((Broken, "it redirects more than 5 times; check --api-url")),
            _ => None,
        }
    }

    /// Plays it, and looks at all that came of it.
    fn check(&self, everybody: &[u64]) {
        let (server, name) = (self.serve(), self.name());
        let launcher = FaultLauncher::new(&server.url(), self.retry_policy);
        let fault_run = launcher.run(self.plan());
        self.check_words(&fault_run, &name, server.address().port());
        self.check_attempts(&fault_run, &name);
        self.check_end(&fault_run, &name);
        self.check_requests(&fault_run, server.request_counts().requests, &name);
        if self.workload == Workload::Followers {
            self.check_followers(&fault_run, everybody, &name);
        } else {
            assert_eq!(fault_run.run.profile().is_some(), self.failure().is_none(), "{name}");
        }
    }

    /// Each attempt that failed, and the failure in the end, is told in the words of the table.
    fn check_words(&self, fault_run: &FaultRun, name: &str, port: u16) {
        let told = |failure: &Failure, kind: FailureKind, words: &str| {
            let what = self.what();
            let words = words.replace("{}", &what).replace("{port}", &port.to_string());
            let message = &failure.message;
            assert_eq!(failure.kind, kind, "{name}: {message}");
            assert!(message.contains(&words), "{name}: {message}");
            assert!((20..400).contains(&message.len()), "{name}: {message}");
            assert!(message.chars().all(|c| matches!(c, ' '..='~')), "{name}: {message:?}");
        };
        for attempt in fault_run.run.failed_attempts(self.bad()) {
            match self.meets() {
                Passing(kind, words) => told(&attempt.failure, kind, words),
                Limit(words) => told(&attempt.failure, RateLimited, words),
                _ => panic!("{name}: {attempt:?}"),
            }
        }
        match (self.failure(), fault_run.run.failure()) {
            (Some((kind, words)), Some(failure)) => {
                told(failure, kind, words);
                let given_up = format!("gave up after {} attempts: ", self.attempts());
                let again = matches!(self.meets(), Passing(..)) && self.attempts() > 1;
                assert_eq!(failure.message.starts_with(&given_up), again, "{name}: {failure}");
            }
            (None, None) => {}
            (expected, found) => panic!("{name}: {expected:?} {found:?}"),
        }
    }

    /// The bad page was tried as often as makes sense, the others once.
    fn check_attempts(&self, fault_run: &FaultRun, name: &str) {
        for (task, _) in fault_run.run.tasks() {
            let again = matches!(self.meets(), Passing(..) | Limit(_)) && task == self.bad();
            let expected = if again { self.attempts() as usize - 1 } else { 0 };
            let failed = fault_run.run.failed_attempts(task).len();
            let more = again && self.is_overtaken() && failed > expected;
            assert!(failed == expected || more, "{name}: {failed} of {task:?}");
        }
    }

    fn check_end(&self, fault_run: &FaultRun, name: &str) {
        let ends = self.failure().is_some_and(|(kind, _)| kind.ends_run());
        match (fault_run.run.outcome(), ends) {
            (Some(RunOutcome::Finished), false) => {}
            (Some(RunOutcome::Failed(failure)), true) => {
                assert_eq!(fault_run.run.failure(), Some(failure), "{name}");
            }
            (end, _) => panic!("{name}: {end:?}"),
        }
        assert_eq!(fault_run.run.is_complete(), self.failure().is_none(), "{name}");
        assert_eq!(fault_run.run.in_flight(), 0, "{name}");
    }

    /// Whether the run ends before all pages are had, and other threads may be anywhere.
    fn is_overtaken(&self) -> bool {
        let ends = match self.meets() {
            NoMore | ExpectedOutcome::End(..) => true,
            Limit(_) => self.always,
            _ => false,
        };
        ends && self.workers > 1
    }

    /// Nothing is asked for too often. Where the run ends early, a request of another thread may have
    /// been given up before it left.
    fn check_requests(&self, fault_run: &FaultRun, spent: u64, name: &str) {
        if self.is_overtaken() {
            assert!(spent <= u64::from(fault_run.run.request_count()), "{name}: {spent}");
            return;
        }
        let others = match (self.workload, self.meets()) {
            (Workload::Profile, _) => 0,
            (_, NoMore | ExpectedOutcome::End(..)) => BAD - 1,
            (_, Limit(_)) if self.always => BAD - 1,
            _ => PAGES - 1,
        };
        assert_eq!(spent, u64::from(others) + self.attempts(), "{name}");
    }

    /// Every page that was had is kept, in order, each once; without a failure, that is all.
    fn check_followers(&self, fault_run: &FaultRun, everybody: &[u64], name: &str) {
        let pages: BTreeSet<u32> = fault_run
            .run
            .tasks()
            .filter(|(_, record)| match &record.outcome {
                Some(TaskOutcome::Done(done)) => matches!(done.product, Product::Followers(_)),
                _ => false,
            })
            .map(|(task, _)| task.0)
            .collect();
        let chunks = (1..).zip(everybody.chunks(usize::from(PER_PAGE)));
        let kept = chunks.filter(|(page, _)| pages.contains(page));
        let kept: Vec<u64> = kept.flat_map(|(_, ids)| ids).copied().collect();
        assert_eq!(fault_run.ids(), kept, "{name}");
        assert_eq!(fault_run.run.duplicate_count(), 0, "{name}");
        let wanted: BTreeSet<u32> = match self.meets() {
            NoMore => (1..BAD).collect(),
            _ if fault_run.run.is_complete() => (1..=PAGES).collect(),
            _ if fault_run.run.outcome() == Some(&RunOutcome::Finished) => {
                (1..=PAGES).filter(|&page| page != BAD).collect()
            }
            _ if self.workers == 1 => (1..BAD).collect(),
            _ => pages.iter().copied().filter(|&page| page != BAD).collect(),
        };
        assert_eq!(pages, wanted, "{name}");
        let shown = matches!(self.meets(), NoMore).then_some(TaskId(BAD - 1));
        assert_eq!(fault_run.run.last_visible_page(), shown, "{name}");
    }
}

const WAYS: [(Workload, Mode, u16); 4] = [
    (Workload::Profile, Mode::Sequential, 1),
    (Workload::Followers, Mode::Sequential, 1),
    (Workload::Followers, Mode::Threads, 4),
    (Workload::Followers, Mode::Processes, 4),
];

fn check_quick(always: bool) {
    let elsewhere = Peer::answering(response_bytes(200, "", "[]"));
    let everybody = everybody(FOLLOWERS);
    for row in &quick(&elsewhere.url()) {
        for (workload, mode, workers) in WAYS {
            FaultCase { row, workload, mode, workers, always, retry_policy: RETRY_POLICY }
                .check(&everybody);
        }
    }
    assert_eq!(elsewhere.requests().len(), 0, "somebody went where a hostile server led");
}

#[test]
fn a_fault_that_is_gone_at_the_next_try() {
    check_quick(false);
}

#[test]
fn a_fault_that_stays() {
    check_quick(true);
}

/// All at once: each waits for a deadline, and nothing else.
#[test]
fn a_fault_that_takes_its_time() {
    let retry_policy = RetryPolicy { retries: 1, timeout: Duration::from_secs(1), ..RETRY_POLICY };
    let (rows, everybody) = (slow(), everybody(FOLLOWERS));
    thread::scope(|scope| {
        for row in &rows {
            for (workload, mode, workers) in WAYS {
                for always in [false, true] {
                    let case = FaultCase { row, workload, mode, workers, always, retry_policy };
                    let everybody = &everybody;
                    let named = Builder::new().name(case.name());
                    named.spawn_scoped(scope, move || case.check(everybody)).unwrap();
                }
            }
        }
    });
}

#[test]
fn every_kind_of_fault_has_a_row() {
    let rows: Vec<FaultRow> = slow().into_iter().chain(quick("http://127.0.0.1:1")).collect();
    for kind in FAULT_DESCRIPTIONS {
        let name = format!("\"{}\"", kind.name);
        let has_row = rows.iter().any(|row| row.fault.starts_with(&format!("\"fault\":{name}")));
        assert!(has_row || include_str!("moving.rs").contains(&name), "{name}");
    }
}
