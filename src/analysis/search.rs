//! The search for attempts by task, login, status, failure message or command. Each finished
//! attempt is examined once, even as the runs grow.

use super::attempt::{Attempt, AttemptCursor, AttemptOutcome, AttemptVisit};
use crate::model::run::Run;
use crate::model::time::Nanos;
use crate::model::{Failure, LaneId, ProgramRecord, TaskId, WaitReason};

/// The lowest HTTP status. Smaller numbers in a failure message are not statuses.
const FIRST_STATUS: u32 = 100;

/// A search text.
#[derive(Clone, Debug)]
struct SearchQuery {
    /// The text in lower case.
    text: String,
    /// The text as a number, if it is one: a task number or a status.
    number: Option<u32>,
}

/// A matching attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SearchHit {
    /// The index of its run among the searched ones.
    pub run: usize,
    /// The start of the attempt; of a thread, the moment from which on it matches.
    pub start: Nanos,
    /// Its lane.
    pub lane: LaneId,
    /// The index of the attempt on its lane.
    pub index: usize,
}

/// The part of an attempt that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchMatch {
    /// The task number or the command.
    Task,
    /// The HTTP status of the response.
    Status(u16),
    /// The failure message.
    Failure(String),
    /// The first matching login on the page, as the server sent it, and the number of further
    /// matches.
    Login(String, usize),
    /// A call in which the thread waited, with what it waited for.
    Call(String),
    /// A function that the thread was in.
    Function(String),
}

/// A search through runs that may still be in progress.
#[derive(Clone, Debug)]
pub struct Search {
    query: SearchQuery,
    /// The matches in the order of runs and time.
    hits: Vec<SearchHit>,
    cursor: AttemptCursor,
    /// The matches that are still in progress. They are examined again.
    running: Vec<SearchHit>,
}

impl Search {
    /// Creates a case-insensitive search, or returns `None` if the text is empty.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let query = SearchQuery { number: text.parse().ok(), text };
        let none = query.text.is_empty();
        let search =
            Self { query, hits: Vec::new(), cursor: AttemptCursor::default(), running: Vec::new() };
        (!none).then_some(search)
    }

    /// Examines the attempts that are new in the runs, each of which is visible up to a moment.
    pub fn refresh(&mut self, visible: &[(&Run, Nanos)]) {
        if self.cursor.is_stale(visible) {
            self.clear();
        }
        if !self.running.is_empty() {
            self.running.sort();
            let open = std::mem::take(&mut self.running);
            self.hits.retain(|hit| open.binary_search(hit).is_err());
        }
        let before = self.hits.len();
        let Self { query, hits, cursor, running } = self;
        cursor.advance(visible, |AttemptVisit { run, index, attempt, is_over }| {
            if let Some((_, start)) = query.match_attempt(&attempt, is_over) {
                let hit = SearchHit { run, start, lane: attempt.lane, index };
                hits.push(hit);
                running.extend((!is_over).then_some(hit));
            }
        });
        if self.hits.len() > before {
            // The old matches are already in order, which makes this sort fast.
            self.hits.sort();
        }
    }

    /// Clears the matches, so that other runs can be searched.
    pub fn clear(&mut self) {
        self.hits.clear();
        self.cursor = AttemptCursor::default();
        self.running.clear();
    }

    /// Returns the first match from a moment of a run on, or else the first of all.
    pub fn first_hit_from(&self, run: usize, at: Nanos) -> Option<SearchHit> {
        let earlier = self.hits.partition_point(|hit| (hit.run, hit.start) < (run, at));
        self.hits.get(earlier).or_else(|| self.hits.first()).copied()
    }

    /// The matches so far, in the order of runs and time.
    pub fn hits(&self) -> &[SearchHit] {
        &self.hits
    }

    /// Returns the part of an attempt that matched.
    pub fn match_of(&self, attempt: &Attempt<'_>) -> Option<SearchMatch> {
        self.query.match_attempt(attempt, true).map(|(found, _)| found)
    }

    /// Returns the match after or before `from`, wrapping around at either end.
    pub fn next_hit(&self, from: Option<SearchHit>, forward: bool) -> Option<SearchHit> {
        let hits = self.hits.as_slice();
        let found = match (from, forward) {
            (Some(from), true) => hits.get(hits.partition_point(|hit| *hit <= from)),
            (Some(from), false) => {
                let before = hits.partition_point(|hit| *hit < from).checked_sub(1);
                before.and_then(|before| hits.get(before))
            }
            (None, _) => None,
        };
        let end = if forward { hits.first() } else { hits.last() };
        found.or(end).copied()
    }
}

impl SearchQuery {
    /// Returns the part of an attempt that matches, and the moment to show. Its outcome is considered
    /// only if the attempt is `over`.
    fn match_attempt(&self, attempt: &Attempt<'_>, over: bool) -> Option<(SearchMatch, Nanos)> {
        match attempt.run.program() {
            Some(record) => self.match_thread(attempt, record),
            None => Some((self.match_part(attempt, over)?, attempt.span.start)),
        }
    }

    /// Matches a thread of a watched program: its name or ID, or else a call or a function of its life.
    fn match_thread(
        &self,
        attempt: &Attempt<'_>,
        record: &ProgramRecord,
    ) -> Option<(SearchMatch, Nanos)> {
        let Attempt { lane, span, .. } = attempt;
        let thread = record.thread(span.task)?;
        if contains(&thread.identity.name, &self.text) || self.number == Some(thread.identity.tid) {
            return Some((SearchMatch::Task, span.start));
        }
        // A thread that lives has no later reasons than those that were read.
        let end = span.end.unwrap_or(Nanos::MAX);
        let is_match = |reason: &WaitReason| {
            let object = reason.object.as_deref().unwrap_or_default();
            contains(&reason.call, &self.text) || contains(object, &self.text)
        };
        let mut waits = record.reasons_between(*lane, span.start, end);
        if let Some((at, _, reason)) = waits.find(|(.., reason)| is_match(reason)) {
            let object = reason.object.as_ref().map(|object| format!(" {object}"));
            let call = format!("{}{}", reason.call, object.unwrap_or_default());
            return Some((SearchMatch::Call(call), at.max(span.start)));
        }
        let mut places = record.places_between(*lane, span.start, end);
        let (at, _, place) = places.find(|(.., place)| contains(&place.function, &self.text))?;
        Some((SearchMatch::Function(place.function.clone()), at.max(span.start)))
    }

    /// Returns the part of an attempt that matches.
    fn match_part(&self, attempt: &Attempt<'_>, over: bool) -> Option<SearchMatch> {
        let Attempt { run, span, .. } = attempt;
        if self.matches_task(run, span.task) {
            return Some(SearchMatch::Task);
        }
        match if over { attempt.outcome() } else { AttemptOutcome::Running } {
            AttemptOutcome::Failed { failure, .. } => self.match_failure(failure),
            AttemptOutcome::Done(Some(response)) if self.number == Some(response.status.into()) => {
                Some(SearchMatch::Status(response.status))
            }
            AttemptOutcome::Done(_) => self.match_logins(attempt),
            AttemptOutcome::Running | AttemptOutcome::Stopped => None,
        }
    }

    fn matches_task(&self, run: &Run, task: TaskId) -> bool {
        let plan = run.plan();
        if self.number == Some(task.0) {
            return true;
        }
        if let Some(command) = plan.command(task) {
            return self.number.is_none() && contains(command, &self.text);
        }
        // `p7`: building the label is worthwhile only if the number matches.
        let mut rest = self.text.chars();
        rest.next();
        rest.as_str().parse() == Ok(task.0) && plan.label(task).eq_ignore_ascii_case(&self.text)
    }

    /// Matches a failure. If its HTTP status is known, a number matches that status only.
    fn match_failure(&self, failure: &Failure) -> Option<SearchMatch> {
        let in_words = self.matches_message(&failure.message);
        let failure_match = || SearchMatch::Failure(failure.message.clone());
        match self.number.zip(failure.status) {
            Some((number, status)) if number == u32::from(status) => {
                Some(if in_words { failure_match() } else { SearchMatch::Status(status) })
            }
            Some(_) => None,
            None => in_words.then(failure_match),
        }
    }

    /// Returns `true` if the failure message matches. A number matches only as a status.
    fn matches_message(&self, message: &str) -> bool {
        match self.number {
            None => contains(message, &self.text),
            Some(..FIRST_STATUS) => false,
            Some(_) => message.split(|c: char| !c.is_alphanumeric()).any(|it| it == self.text),
        }
    }

    /// Matches the logins of the fetched page. A number matches none.
    fn match_logins(&self, attempt: &Attempt<'_>) -> Option<SearchMatch> {
        if self.number.is_some() {
            return None;
        }
        let page = attempt.run.tasks().page(attempt.span.task)?;
        let mut logins = page.logins().filter(|login| contains(login, &self.text));
        let first = logins.next()?.to_owned();
        Some(SearchMatch::Login(first, logins.count()))
    }
}

/// Returns `true` if `text` contains `part` regardless of case; `part` is in lower case.
fn contains(text: &str, part: &str) -> bool {
    let (whole, wanted) = (text.as_bytes(), part.as_bytes());
    let Some((&first, _)) = wanted.split_first() else { return true };
    if !text.is_ascii() {
        return text.to_lowercase().contains(part);
    }
    let mut windows = whole.windows(wanted.len());
    windows.any(|window| {
        let begins = window.first().is_some_and(|byte| byte.to_ascii_lowercase() == first);
        begins && window.eq_ignore_ascii_case(wanted)
    })
}
