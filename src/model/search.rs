//! The search for attempts by task, login, status, failure message or command. Each finished
//! attempt is examined once, even as the runs grow.

use super::attempt::{Attempt, Fate};
use super::event::{Failure, LaneId, TaskId};
use super::run::Run;
use super::time::Nanos;
use super::walk::{Step, Walk};

/// The lowest HTTP status. Smaller numbers in a failure message are not statuses.
const FIRST_STATUS: u32 = 100;

/// A search text.
#[derive(Clone, Debug)]
struct Query {
    /// The text in lower case.
    text: String,
    /// The text as a number, if it is one: a task number or a status.
    number: Option<u32>,
}

/// A matching attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The index of its run among the searched ones.
    pub run: usize,
    /// The start of the attempt.
    pub start: Nanos,
    /// Its lane.
    pub lane: LaneId,
    /// The index of the attempt on its lane.
    pub place: usize,
}

/// The part of an attempt that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The task number or the command.
    Task,
    /// The HTTP status of the response.
    Status(u16),
    /// The failure message.
    Failure(String),
    /// The first matching login on the page, as the server sent it, and the number of further
    /// matches.
    Login(String, usize),
}

/// A search through runs that may still be in progress.
#[derive(Clone, Debug)]
pub struct Search {
    query: Query,
    /// The matches in the order of runs and time.
    hits: Vec<Hit>,
    walk: Walk,
    /// The matches that are still in progress. They are examined again.
    open: Vec<Hit>,
}

impl Search {
    /// Creates a case-insensitive search, or returns `None` if the text is empty.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let query = Query { number: text.parse().ok(), text };
        let none = query.text.is_empty();
        let search = Self { query, hits: Vec::new(), walk: Walk::default(), open: Vec::new() };
        (!none).then_some(search)
    }

    /// Examines the attempts that are new in the runs, each of which is visible up to a moment.
    pub fn refresh(&mut self, visible: &[(&Run, Nanos)]) {
        if self.walk.is_lost(visible) {
            self.forget();
        }
        if !self.open.is_empty() {
            self.open.sort();
            let open = std::mem::take(&mut self.open);
            self.hits.retain(|hit| open.binary_search(hit).is_err());
        }
        let before = self.hits.len();
        let Self { query, hits, walk, open } = self;
        walk.go_on(visible, |Step { run, place, attempt, over }| {
            if query.found(&attempt, over).is_some() {
                let hit = Hit { run, start: attempt.span.start, lane: attempt.lane, place };
                hits.push(hit);
                open.extend((!over).then_some(hit));
            }
        });
        if self.hits.len() > before {
            // The old matches are already in order, which makes this sort fast.
            self.hits.sort();
        }
    }

    /// Clears the matches, so that other runs can be searched.
    pub fn forget(&mut self) {
        self.hits.clear();
        self.walk = Walk::default();
        self.open.clear();
    }

    /// Returns the first match from a moment of a run on, or else the first of all.
    pub fn first_from(&self, (run, at): (usize, Nanos)) -> Option<Hit> {
        let earlier = self.hits.partition_point(|hit| (hit.run, hit.start) < (run, at));
        self.hits.get(earlier).or_else(|| self.hits.first()).copied()
    }

    /// The matches so far, in the order of runs and time.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// Returns the part of an attempt that matched.
    pub fn found(&self, attempt: &Attempt<'_>) -> Option<Found> {
        self.query.found(attempt, true)
    }

    /// Returns the match after or before `from`, wrapping around at either end.
    pub fn next(&self, from: Option<Hit>, forward: bool) -> Option<Hit> {
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

impl Query {
    /// Returns the part of an attempt that matches. Its outcome is considered only if the attempt
    /// is `over`.
    fn found(&self, attempt: &Attempt<'_>, over: bool) -> Option<Found> {
        let Attempt { run, span, .. } = attempt;
        if self.is_task(run, span.task) {
            return Some(Found::Task);
        }
        match if over { attempt.fate() } else { Fate::Open } {
            Fate::Failed(failure) => self.failure(failure),
            Fate::Done(Some(answer)) if self.number == Some(answer.status.into()) => {
                Some(Found::Status(answer.status))
            }
            Fate::Done(_) => self.login(attempt),
            Fate::Open | Fate::Stopped => None,
        }
    }

    fn is_task(&self, run: &Run, task: TaskId) -> bool {
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
    fn failure(&self, failure: &Failure) -> Option<Found> {
        let in_words = self.is_in_words(&failure.message);
        let told = || Found::Failure(failure.message.clone());
        match self.number.zip(failure.status) {
            Some((number, status)) if number == u32::from(status) => {
                Some(if in_words { told() } else { Found::Status(status) })
            }
            Some(_) => None,
            None => in_words.then(told),
        }
    }

    /// Returns `true` if the failure message matches. A number matches only as a status.
    fn is_in_words(&self, message: &str) -> bool {
        match self.number {
            None => contains(message, &self.text),
            Some(..FIRST_STATUS) => false,
            Some(_) => message.split(|c: char| !c.is_alphanumeric()).any(|it| it == self.text),
        }
    }

    /// Matches the logins of the fetched page. A number matches none.
    fn login(&self, attempt: &Attempt<'_>) -> Option<Found> {
        if self.number.is_some() {
            return None;
        }
        let page = attempt.run.page(attempt.span.task)?;
        let mut logins = page.logins().filter(|login| contains(login, &self.text));
        let first = logins.next()?.to_owned();
        Some(Found::Login(first, logins.count()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_ignores_case_in_any_alphabet() {
        for (text, part, there) in [
            ("OctoCat", "tocat", true),
            ("OctoCat", "cats", false),
            ("ÄRGER", "ärg", true),
            ("a", "", true),
            ("", "a", false),
            ("straße", "SS", false),
        ] {
            assert_eq!(contains(text, part), there, "{part} in {text}");
        }
    }
}
