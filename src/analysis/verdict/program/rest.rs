//! The waiting of the threads without work: how they spent most of their lives, and for what reason.

use super::obstacle::{self, MAIN_SHARE};
use super::{Clause, MAX_NAME, ProgramSentence};
use crate::analysis::program::ThreadSummary;
use crate::model::printable::printable_up_to;
use crate::model::{State, WaitReason};

/// The number of cores that rounds to none.
const NO_CORES: f64 = 0.005;

impl ProgramSentence<'_> {
    /// Returns what threads without work did for most of their lives, and its share: `were parked`.
    pub(super) fn rest_text(&self, threads: &[&ThreadSummary<'_>]) -> Option<(&'static str, f64)> {
        let life: u64 = threads.iter().map(|thread| thread.life.0).sum();
        let share = |state: State| {
            let time: u64 = threads.iter().map(|thread| thread.times[state]).sum();
            time as f64 / life.max(1) as f64
        };
        let count = threads.len();
        let were = self.verb_of(
            count,
            if count == 1 { "was parked" } else { "were parked" },
            ["is parked", "are parked"],
        );
        let words = [
            (State::Parked, were),
            (State::Sleeping, self.verb_of(count, "slept", ["sleeps", "sleep"])),
            (
                State::Events,
                self.verb_of(count, "waited for events", ["waits for events", "wait for events"]),
            ),
        ];
        let words = words.map(|(state, words)| (words, share(state)));
        let rest = words.iter().map(|(_, share)| share).sum::<f64>();
        let (main, largest) = words.into_iter().max_by(|one, other| one.1.total_cmp(&other.1))?;
        if largest >= obstacle::MAIN_SHARE {
            return Some((main, largest));
        }
        let waited = self.verb_of(count, "waited", ["waits", "wait"]);
        (rest >= obstacle::MAIN_SHARE).then_some((waited, rest))
    }

    /// Returns that the program mostly waited, how, and what for.
    pub(super) fn idle_clauses(&self) -> Vec<Clause> {
        let threads: Vec<&ThreadSummary<'_>> = self.summary.threads.iter().collect();
        let mut clauses = if self.summary.totals.on_cpu_cores < NO_CORES {
            let did = self.verb("did", "does");
            vec![Clause::other(format!("the program {did} next to nothing"))]
        } else {
            let waited = self.verb("waited", "waits");
            let opening = Clause::other(format!("the program mostly {waited}"));
            vec![opening, Clause::more(self.cores())]
        };
        let who = match threads.len() {
            1 => "its thread".to_owned(),
            count => format!("its {count} threads"),
        };
        if let Some((rest, share)) = self.rest_text(&threads) {
            let share = self.share(share);
            clauses.push(Clause::cause(format!("{who} {rest} {share} of the time")));
            let reason = Self::main_reason(&threads);
            clauses.extend(reason.map(|reason| Clause::more(format!("most {reason}"))));
        }
        clauses
    }

    /// Returns what threads without work waited for, if one reason stands out of all that were read.
    fn main_reason(threads: &[&ThreadSummary<'_>]) -> Option<String> {
        let is_rest = |state| matches!(state, State::Parked | State::Sleeping | State::Events);
        let waits = || threads.iter().flat_map(|thread| &thread.waits);
        let waits = || waits().filter(|wait| is_rest(wait.state));
        let reasons = waits().map(|wait| {
            let WaitReason { call, object, .. } = wait.reason;
            ((call.as_str(), object.as_deref()), wait.time.0 as f64)
        });
        let ((call, object), time) = obstacle::largest(reasons)?;
        let all: u64 = threads
            .iter()
            .flat_map(|thread| thread.times.spent())
            .filter(|&(state, _)| is_rest(state))
            .map(|(_, time)| time)
            .sum();
        (time > all as f64 * MAIN_SHARE).then(|| reason_text(call, object))
    }
}

/// Returns what a call waits for, in words: `for a condition (futex)`, `in epoll_wait`.
fn reason_text(call: &str, object: Option<&str>) -> String {
    let call = printable_up_to(call, MAX_NAME);
    match object {
        Some("condition") => format!("for a condition ({call})"),
        Some("thread") => format!("for the end of a thread ({call})"),
        Some("process") => format!("for a child process ({call})"),
        Some("signal") => format!("for a signal ({call})"),
        Some("semaphore") => format!("for a semaphore ({call})"),
        Some("message queue") => format!("for a message queue ({call})"),
        _ => format!("in {call}"),
    }
}
