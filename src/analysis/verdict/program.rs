//! The conclusion about a watched program: who did the work, what kept the others from it, and what that
//! means. Every figure is one of [`ProgramSummary`]; nothing is named that was not read.

mod obstacle;
mod rest;

use std::collections::BTreeSet;

use super::conclusion::Clause;
use super::mode_result::percent;
use super::{Conclusion, Suggestion, plural};
use crate::analysis::program::{
    ProgramSummary, ThreadSummary, cores_text, cpu_quota_text, place_text,
};
use crate::model::printable::printable_up_to;
use crate::model::{CpuQuota, Nanos, ReasonSource, Run, State, TaskId};
use obstacle::{HeldThreads, LockHolder, Obstacle};

/// The minimum time of watching that allows a conclusion.
const MIN_ELAPSED: Nanos = Nanos::from_millis(100);

/// The maximum share of the threads' time that may be unknown.
const MAX_UNKNOWN: f64 = 0.5;

/// The number of cores below which a program mostly waits: who did most of so little says nothing.
const MAX_IDLE_CORES: f64 = 0.05;

/// The minimum share of its life that a busy thread is on a CPU.
const MIN_BUSY: f64 = 0.5;

/// The minimum number of threads that share the work if nearly all of them did it.
const MIN_SHARED: usize = 10;

/// The minimum share of the cores, or of the threads, that stands for all of them.
const MIN_FULL: f64 = 0.9;

/// The minimum share of the cores with which a program that wants more has as many as there are. With less,
/// others had them.
const MIN_OWN_CORES: f64 = 0.7;

/// The minimum share of the time in which a GIL is held that leaves no time to others.
const MIN_HELD: f64 = 0.9;

/// The number of cores that a program uses at most whose threads buy nothing: one thread at a time runs.
const MAX_GIL_CORES: f64 = 1.15;

/// The minimum share of its periods in which a CPU quota is used up that holds a program back.
const MIN_USED_UP: f64 = 0.2;

/// The minimum share of the threads' time with no reason that deserves a remark.
const MIN_UNREAD: f64 = 0.1;

/// The minimum ratio of the time in which threads were parked to that in which they waited for the GIL with
/// which the GIL explains little.
const MIN_PARKED_RATIO: f64 = 2.0;

/// The maximum length of a foreign name in a sentence.
const MAX_NAME: usize = 40;

/// The sentence about a program.
struct ProgramSentence<'a> {
    summary: &'a ProgramSummary<'a>,
    /// The threads that did the work, the busiest first.
    workers: Vec<&'a ThreadSummary<'a>>,
    is_over: bool,
}

/// Returns the conclusion from a run that watches a program: so far, or about all of it. Returns `None` for
/// other runs.
pub(super) fn conclusion(run: &Run, now: Nanos) -> Option<Conclusion> {
    let summary = ProgramSummary::shown(run, now)?;
    Some(Conclusion::of_program(&summary, run.is_over()))
}

impl Conclusion {
    /// Returns the conclusion from the figures of a watched program: in the present tense, or in the past
    /// tense once it `is_over`.
    pub fn of_program(summary: &ProgramSummary<'_>, is_over: bool) -> Self {
        let workers = obstacle::workers(summary);
        ProgramSentence { summary, workers, is_over }.conclusion()
    }
}

impl ProgramSentence<'_> {
    fn conclusion(&self) -> Conclusion {
        if let Some(text) = self.too_little() {
            return Conclusion { checks: self.checks(), ..Conclusion::of_text(text) };
        }
        let worst = obstacle::worst(self.summary, &self.workers);
        let worst = worst.filter(|worst| !Self::is_small_beside_rest(worst));
        let short_forms = worst.as_ref().map_or_else(Vec::new, |worst| self.short_forms(worst));
        let (clauses, suggestion) = match worst {
            Some(Obstacle::NoCore(held)) => {
                let has_cores =
                    self.summary.totals.on_cpu_cores >= self.all_cores() * MIN_OWN_CORES;
                let next = match self.quota() {
                    Some(_) => Suggestion::HigherQuota,
                    None if has_cores => Suggestion::FewerThreads,
                    None => Suggestion::FreeCores,
                };
                (self.no_core_clauses(&held), Some(next))
            }
            Some(Obstacle::Gil(held, gil)) => {
                let is_full = gil.held >= MIN_HELD;
                (self.gil_clauses(&held, is_full), is_full.then_some(Suggestion::NoGil))
            }
            Some(Obstacle::Lock(held, lock)) => {
                (self.lock_clauses(&held, &lock), Some(Suggestion::ShorterLock))
            }
            Some(Obstacle::Call(held, call)) => {
                (self.call_clauses(&held, call), Some(Suggestion::MoreCalls))
            }
            None if self.is_idle() => (self.idle_clauses(), None),
            None => (self.unhindered_clauses(), None),
        };
        let suggestions = suggestion.into_iter().filter(|_| self.is_over).collect();
        Conclusion { clauses, short_forms, checks: self.checks(), suggestions }
    }

    /// Returns `true` if the threads that wanted a GIL had it to themselves most of the time, and were
    /// parked for much longer than they waited for it: Python's own locks and queues look like that.
    fn is_small_beside_rest(worst: &Obstacle<'_>) -> bool {
        let Obstacle::Gil(held, gil) = worst else { return false };
        let parked = held.time_in(State::Parked).0 as f64;
        gil.held < MIN_HELD && parked > held.time.0 as f64 * MIN_PARKED_RATIO
    }

    /// Returns that too little was seen for a conclusion.
    fn too_little(&self) -> Option<String> {
        let (summary, was) = (self.summary, self.verb("was", "is"));
        let life: u64 = summary.threads.iter().map(|thread| thread.life.0).sum();
        let unknown = summary.time_in(State::Unknown).0 as f64 / life.max(1) as f64;
        match summary.elapsed() {
            _ if summary.threads.is_empty() => Some(format!("no thread {was} seen")),
            elapsed if elapsed < MIN_ELAPSED => Some(format!("too little {was} seen: {elapsed}")),
            _ if unknown > MAX_UNKNOWN => Some(format!(
                "too little {was} seen: {} of the threads' time is unknown",
                percent(unknown)
            )),
            _ => None,
        }
    }

    /// Returns the verb in the tense of the sentence.
    const fn verb(&self, past: &'static str, present: &'static str) -> &'static str {
        if self.is_over { past } else { present }
    }

    /// Returns the verb in the tense of the sentence, for a number of threads.
    const fn verb_of(
        &self,
        count: usize,
        past: &'static str,
        [one, many]: [&'static str; 2],
    ) -> &'static str {
        self.verb(past, if count == 1 { one } else { many })
    }

    /// Returns a share of time that is known from records, which may not be exact.
    fn share(&self, share: f64) -> String {
        let about = if self.summary.is_exact { "" } else { "about " };
        format!("{about}{}", percent(share.min(1.0)))
    }

    /// The tasks of the threads that did the work.
    fn worker_tasks(&self) -> BTreeSet<TaskId> {
        self.workers.iter().map(|thread| thread.task).collect()
    }

    /// The number of cores that the program may use.
    fn all_cores(&self) -> f64 {
        f64::from(self.summary.program.cores)
    }

    /// Returns for example `1.9 of 2 cores`.
    fn cores(&self) -> String {
        let cores = usize::from(self.summary.program.cores);
        format!(
            "{} of {}",
            cores_text(self.summary.totals.on_cpu_cores),
            plural::count(cores, "core")
        )
    }

    /// Returns who did the work: `3 of 8 threads did 96 % of the work, 1.9 of 2 cores`.
    fn work_clauses(&self) -> Vec<Clause> {
        let (all, count) = (self.summary.threads.len(), self.workers.len());
        let did = self.verb_of(count, "did", ["does", "do"]);
        let on_cpu: u64 = self.workers.iter().map(|thread| thread.times[State::OnCpu]).sum();
        let share = on_cpu as f64 / self.summary.time_in(State::OnCpu).0.max(1) as f64;
        let who = if count == all {
            format!("{} {did} all of the work", plural::count(all, "thread"))
        } else if all >= MIN_SHARED && count as f64 >= all as f64 * MIN_FULL {
            format!("{all} threads {} the work", self.verb("shared", "share"))
        } else {
            let all = plural::count(all, "thread");
            // Not all of the work.
            format!("{count} of {all} {did} {} of the work", percent(share.min(0.99)))
        };
        let place = obstacle::main_place(&self.workers);
        let place = place.map_or_else(String::new, |place| format!(", most {}", place_text(place)));
        vec![Clause::other(who + &place), Clause::more(self.cores())]
    }

    /// The CPU quota, if it held the program back.
    fn quota(&self) -> Option<CpuQuota> {
        let quota = self.summary.totals.quota;
        quota.filter(|quota| quota.used_up_share() >= MIN_USED_UP)
    }

    fn no_core_clauses(&self, held: &HeldThreads<'_>) -> Vec<Clause> {
        let seconds = self.summary.elapsed().as_secs_f64();
        let [got, missed] =
            [State::OnCpu, State::NoCore].map(|state| held.time_in(state).as_secs_f64() / seconds);
        let count = held.threads.len();
        let (wanted, had) = (
            self.verb_of(count, "wanted", ["wants", "want"]),
            self.verb_of(count, "got", ["gets", "get"]),
        );
        let opening = format!(
            "{} {wanted} {} and {had} {}",
            plural::count(count, "thread"),
            cores_noun(got + missed),
            cores_text(got)
        );
        let they = if count == 1 { "it" } else { "they" };
        let share = percent(missed / (got + missed).max(f64::MIN_POSITIVE));
        let is = self.verb("was", "is");
        let cause = match self.quota() {
            Some(quota) => {
                let whose = if count == 1 { "its" } else { "their" };
                format!("{whose} CPU quota {is} {}", cpu_quota_text(quota))
            }
            None => format!("none {is} free {share} of the time that {they} {wanted} one"),
        };
        vec![Clause::other(opening), Clause::cause(cause)]
    }

    fn gil_clauses(&self, held: &HeldThreads<'_>, is_full: bool) -> Vec<Clause> {
        let count = held.threads.len();
        let wanted = self.verb_of(count, "wanted", ["wants", "want"]);
        let place =
            held.main_place().map(|place| Clause::more(format!("most {}", place_text(place))));
        let who = plural::count(count, "thread");
        let share = self.share(held.share);
        let opening = Clause::other(format!("{who} {wanted} the GIL {share} of the time"));
        let opening = [opening].into_iter().chain(place);
        if !is_full {
            let life: u64 = held.threads.iter().map(|thread| thread.life.0).sum();
            let share = self.share(held.time.0 as f64 / life.max(1) as f64);
            let rest = format!("and {} for it {share}", self.verb("waited", "wait"));
            return opening.chain([Clause::more(rest)]).collect();
        }
        let cores = usize::from(self.summary.program.cores).min(count);
        let advice = format!("processes could use {}", plural::count(cores, "core"));
        let advice = (cores > 1).then(|| Clause::sentence(&advice));
        // Native code may use other cores meanwhile.
        let meaning = if self.summary.totals.on_cpu_cores < MAX_GIL_CORES {
            "threads buy nothing here"
        } else {
            "only one of them can run at a time"
        };
        let meaning = Clause::cause(meaning.to_owned());
        opening.chain([meaning]).chain(advice).collect()
    }

    fn lock_clauses(&self, held: &HeldThreads<'_>, lock: &LockHolder<'_>) -> Vec<Clause> {
        // One name in a sentence is enough.
        let who = self.subject(held, lock.holder.is_none());
        self.after_work(self.lock_text(&who, held, lock))
    }

    /// Returns that `who` waited for a lock, and who held it.
    fn lock_text(&self, who: &str, held: &HeldThreads<'_>, lock: &LockHolder<'_>) -> String {
        let waited = self.verb_of(held.threads.len(), "waited", ["waits", "wait"]);
        let object =
            lock.object.map_or_else(|| "lock".to_owned(), |name| printable_up_to(name, MAX_NAME));
        let lock = match lock.holder {
            Some(holder) => {
                let name = printable_up_to(&holder.identity.name, MAX_NAME);
                format!("a {object} that \"{name}\" {}", self.verb("held", "holds"))
            }
            None => plural::noun(2_u64, &object),
        };
        format!("{who} {waited} {} of the time for {lock}", self.share(held.share))
    }

    fn call_clauses(&self, held: &HeldThreads<'_>, call: &str) -> Vec<Clause> {
        self.after_work(self.call_text(&self.subject(held, true), held, call))
    }

    /// Returns that `who` waited in a system call.
    fn call_text(&self, who: &str, held: &HeldThreads<'_>, call: &str) -> String {
        let waited = self.verb_of(held.threads.len(), "waited", ["waits", "wait"]);
        let call = printable_up_to(call, MAX_NAME);
        format!("{who} {waited} {} of the time in {call}", self.share(held.share))
    }

    /// Returns the sentence about an obstacle alone, if it follows one about the work: in full, and in
    /// few words.
    fn short_forms(&self, worst: &Obstacle<'_>) -> Vec<String> {
        match worst {
            Obstacle::Lock(held, lock) => {
                let forms = Self::who_forms(held).map(|who| self.lock_text(&who, held, lock));
                let object = printable_up_to(lock.object.unwrap_or("lock"), MAX_NAME);
                let brief = format!("for {}", plural::noun(2_u64, &object));
                forms.chain([self.brief_text(held, &brief)]).collect()
            }
            Obstacle::Call(held, call) => {
                let forms = Self::who_forms(held).map(|who| self.call_text(&who, held, call));
                let brief = format!("in {}", printable_up_to(call, MAX_NAME));
                forms.chain([self.brief_text(held, &brief)]).collect()
            }
            Obstacle::NoCore(_) | Obstacle::Gil(..) => Vec::new(),
        }
    }

    /// Returns the threads that were held up with their name, if they share one, and without.
    fn who_forms(held: &HeldThreads<'_>) -> impl Iterator<Item = String> {
        let count = plural::count(held.threads.len(), "thread");
        held.named().into_iter().chain([count])
    }

    /// Returns for example `8 threads wait 75 % for mutexes`.
    fn brief_text(&self, held: &HeldThreads<'_>, reason: &str) -> String {
        let count = held.threads.len();
        let waited = self.verb_of(count, "waited", ["waits", "wait"]);
        format!("{} {waited} {} {reason}", plural::count(count, "thread"), self.share(held.share))
    }

    /// Returns the threads that were held up, after a sentence about those that did the work.
    /// `is_named` adds the name that they share.
    fn subject(&self, held: &HeldThreads<'_>, is_named: bool) -> String {
        let count = held.threads.len();
        let tasks = self.worker_tasks();
        let are_workers =
            count == tasks.len() && held.threads.iter().all(|thread| tasks.contains(&thread.task));
        let named = || held.named().filter(|_| is_named && count < self.summary.threads.len());
        match count {
            _ if self.is_idle() => named().unwrap_or_else(|| plural::count(count, "thread")),
            1 if are_workers => "it".to_owned(),
            _ if are_workers => "they".to_owned(),
            _ => named().unwrap_or_else(|| count.to_string()),
        }
    }

    /// Returns who did the work, if anything was done, and then a sentence about an obstacle.
    fn after_work(&self, text: String) -> Vec<Clause> {
        if self.is_idle() {
            return vec![Clause::other(text)];
        }
        let mut clauses = self.work_clauses();
        clauses.push(Clause::sentence(&text));
        clauses
    }

    fn is_idle(&self) -> bool {
        self.summary.totals.on_cpu_cores < MAX_IDLE_CORES
    }

    /// Returns who did the work, and that nothing held it up.
    fn unhindered_clauses(&self) -> Vec<Clause> {
        let summary = self.summary;
        let cores = self.all_cores();
        let mut clauses = self.work_clauses();
        if summary.totals.on_cpu_cores >= cores * MIN_FULL {
            let full = self.verb("were in use", "are in use");
            clauses.pop();
            let all = if cores > 1.0 {
                format!("all {cores} cores {full}")
            } else {
                format!("the core {}", self.verb("was in use", "is in use"))
            };
            clauses.push(Clause::cause(all));
            return clauses;
        }
        let workers: Vec<&ThreadSummary<'_>> = self.workers.clone();
        let tasks = self.worker_tasks();
        let busy: f64 = workers.iter().map(|thread| thread.times[State::OnCpu] as f64).sum::<f64>()
            / workers.iter().map(|thread| thread.life.0).sum::<u64>().max(1) as f64;
        let rest = if busy >= MIN_BUSY {
            let others: Vec<&ThreadSummary<'_>> =
                summary.threads.iter().filter(|thread| !tasks.contains(&thread.task)).collect();
            let who = if others.len() == 1 { "the other" } else { "the others" };
            self.rest_text(&others).map(|(rest, _)| format!("{who} {rest}"))
        } else {
            let who = if workers.len() == 1 { "it" } else { "they" };
            let rest = self.rest_text(&workers);
            rest.map(|(rest, share)| {
                let text = format!("{who} {rest} {} of the time", self.share(share));
                let is_python = !summary.gils.is_empty() && rest.ends_with("parked");
                text + if is_python { ", as for a lock or a queue of Python" } else { "" }
            })
        };
        if let Some(rest) = rest {
            // The figure of cores gives way to what the others did.
            if busy >= MIN_BUSY {
                clauses.pop();
            }
            clauses.push(Clause::other(rest));
        }
        let is_known = summary.time_in(State::Blocked).0 as f64 <= self.life() * MIN_UNREAD;
        clauses.extend(is_known.then(|| {
            Clause::cause(format!("more cores {} not help", self.verb("would", "would")))
        }));
        clauses
    }

    /// The lives of all threads, in nanoseconds.
    fn life(&self) -> f64 {
        self.summary.threads.iter().map(|thread| thread.life.0).sum::<u64>() as f64
    }

    /// Returns what qualifies the figures.
    fn checks(&self) -> Vec<String> {
        let share = |state: State| self.summary.time_in(state).0 as f64 / self.life().max(1.0);
        let blocked = share(State::Blocked);
        let unknown = share(State::Unknown);
        let reasons = self.summary.accuracy.map(|accuracy| accuracy.reasons);
        let blocked = (blocked >= MIN_UNREAD).then(|| match reasons {
            Some(ReasonSource::None) => {
                let share = percent(blocked);
                format!("{share} of the threads' time they waited for what may not be read")
            }
            _ => format!("{} of the threads' time was too short to see why", percent(blocked)),
        });
        let is_said = self.too_little().is_some();
        let unknown = (unknown >= MIN_UNREAD && !is_said)
            .then(|| format!("{} of the threads' time is unknown", percent(unknown)));
        blocked.into_iter().chain(unknown).collect()
    }
}

/// Formats a number of cores with its noun: `3.4 cores`, `1 core`.
fn cores_noun(cores: f64) -> String {
    let text = cores_text(cores);
    let noun = if text == "1" { "core" } else { "cores" };
    format!("{text} {noun}")
}
