//! Finding attempts: by task, login, status, words of a failure, or command. Each attempt that is
//! over is looked into once, however often the runs grow.

use super::attempt::{Attempt, Fate};
use super::event::{Failure, LaneId, TaskId};
use super::run::Run;
use super::time::Nanos;
use super::walk::{Step, Walk};

/// Statuses are numbers from here on: smaller numbers in the words of a failure mean something else.
const FIRST_STATUS: u32 = 100;

/// What is looked for.
#[derive(Clone, Debug)]
struct Query {
    /// In lower case.
    text: String,
    /// The same as a number, if it is one: a task's, or a status.
    number: Option<u32>,
}

/// An attempt that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Its run, by its place among those that were searched.
    pub run: usize,
    /// When it began.
    pub start: Nanos,
    /// Its lane.
    pub lane: LaneId,
    /// Its place among the lane's attempts.
    pub place: usize,
}

/// What of an attempt was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its task's number, or its command.
    Task,
    /// The status of its answer.
    Status(u16),
    /// Words of why it failed.
    Failure(String),
    /// The login of a follower on its page, as the server sent it, and how many more are there.
    Login(String, usize),
}

/// A search through runs that may go on.
#[derive(Clone, Debug)]
pub struct Search {
    query: Query,
    /// In the order of the runs and of time.
    hits: Vec<Hit>,
    walk: Walk,
    /// Those of the hits that go on: they are looked into again.
    open: Vec<Hit>,
}

impl Search {
    /// A search for a text, whatever its case; nothing for an empty one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let query = Query { number: text.parse().ok(), text };
        let none = query.text.is_empty();
        let search = Self { query, hits: Vec::new(), walk: Walk::default(), open: Vec::new() };
        (!none).then_some(search)
    }

    /// Looks into what is new in the runs, each of which is shown until some moment.
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
            // What was there is in order already, which the sort makes use of.
            self.hits.sort();
        }
    }

    /// Other runs are to be searched.
    pub fn forget(&mut self) {
        self.hits.clear();
        self.walk = Walk::default();
        self.open.clear();
    }

    /// The first hit in a run from a moment on, or in a later run, or else the first of all.
    pub fn first_from(&self, (run, at): (usize, Nanos)) -> Option<Hit> {
        let earlier = self.hits.partition_point(|hit| (hit.run, hit.start) < (run, at));
        self.hits.get(earlier).or_else(|| self.hits.first()).copied()
    }

    /// What was found so far, in the order of the runs and of time.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// What of a hit was found.
    pub fn found(&self, attempt: &Attempt<'_>) -> Option<Found> {
        self.query.found(attempt, true)
    }

    /// The hit after `from`, or before it; from the last on the first again, and the other way
    /// round.
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
    /// What of an attempt is meant, if anything; what became of it counts only if it is known to be
    /// `over`.
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
        // `p7`: only what ends with the number is worth making its label.
        let mut rest = self.text.chars();
        rest.next();
        rest.as_str().parse() == Ok(task.0) && plan.label(task).eq_ignore_ascii_case(&self.text)
    }

    /// A failure that is meant: its status, where it is known, tells more than numbers in its words.
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

    /// Whether a failure's words are meant: a number only as a status.
    fn is_in_words(&self, message: &str) -> bool {
        match self.number {
            None => contains(message, &self.text),
            Some(..FIRST_STATUS) => false,
            Some(_) => message.split(|c: char| !c.is_alphanumeric()).any(|it| it == self.text),
        }
    }

    /// The followers that are meant. A number alone is none.
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

/// Whether `text` contains `part`, which is in lower case, whatever the case of `text`.
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
    fn case_does_not_matter_in_any_alphabet() {
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
