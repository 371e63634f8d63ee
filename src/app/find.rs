//! Finding: a line of text is entered, and the keys go from hit to hit.

use ratatui::crossterm::event::{KeyEvent, KeyModifiers};

use super::keymap::Action;
use super::line::{Entry, Line};
use super::{App, Effect};
use crate::model::search::{Found, Hit, Search};
use crate::model::{Attempt, LaneId, Nanos, Run};

/// What is found, or about to be.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// The text, while it is entered.
    line: Option<Line>,
    sought: Option<Sought>,
    /// Whether the last key had to do with it, so that a word is said on it.
    told: bool,
}

/// A search that was begun.
#[derive(Debug)]
struct Sought {
    text: String,
    search: Search,
    current: Option<Hit>,
}

/// What to say of a search.
#[derive(Debug, PartialEq, Eq)]
pub enum Told<'app> {
    /// What is entered.
    Line(&'app Line),
    /// Nothing has this text so far.
    Nothing(&'app str),
    /// One of the hits.
    Hit {
        /// What was looked for.
        text: &'app str,
        /// Its place among the hits, counted from 1.
        number: usize,
        /// How many there are so far.
        all: usize,
        /// Its task and which attempt it was, where it was not the first: `p7`, `p7 #2`.
        task: String,
        /// Its lane's worker.
        worker: String,
        /// What of it was found.
        found: Found,
    },
}

impl App {
    /// What to say of a search, if that is what the last key was about.
    pub fn told(&self) -> Option<Told<'_>> {
        if let Some(line) = &self.finding.line {
            return Some(Told::Line(line));
        }
        let Sought { text, search, current } =
            self.finding.sought.as_ref().filter(|_| self.finding.told)?;
        let told = current.and_then(|hit| {
            let number = search.hits().binary_search(&hit).ok()? + 1;
            let attempt = self.runs().get(hit.run)?.attempt(hit.lane, hit.place)?;
            let Attempt { run, lane, span } = attempt;
            let again =
                if span.attempt > 1 { format!(" #{}", span.attempt) } else { String::new() };
            Some(Told::Hit {
                text,
                number,
                all: search.hits().len(),
                task: run.plan().label(span.task) + &again,
                worker: run.worker_name(lane.0),
                found: search.found(&attempt)?,
            })
        });
        Some(told.unwrap_or(Told::Nothing(text)))
    }

    /// Whether keys are text.
    pub(super) const fn enters_text(&self) -> bool {
        self.finding.line.is_some()
    }

    /// Begins to enter what is to be found.
    pub(super) fn find(&mut self) {
        self.finding.line = Some(Line::default());
    }

    /// A key while text is entered: only those that leave the program are not text.
    pub(super) fn enter(&mut self, key: &KeyEvent) -> Option<Effect> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match self.keymap.action(key, self.context()) {
                Some(Action::Interrupt) => return Some(Effect::Interrupt),
                Some(Action::Suspend) => return Some(Effect::Suspend),
                _ => {}
            }
        }
        let line = self.finding.line.as_mut()?;
        match line.take(key) {
            Entry::GoesOn => {}
            Entry::GivenUp => self.finding.line = None,
            Entry::Done => {
                let text = line.text();
                self.finding.line = None;
                self.begin_search(&text);
            }
        }
        None
    }

    /// The first hit from the cursor on; an empty text goes on with what was looked for last.
    fn begin_search(&mut self, text: &str) {
        let Some(search) = Search::new(text) else { return self.find_next(true) };
        let text = text.trim().to_owned();
        self.finding.sought = Some(Sought { text, search, current: None });
        self.refresh_search();
        let from = self.under_cursor();
        let hit = self.finding.sought.as_ref().and_then(|it| it.search.first_from(from));
        self.go_to_hit(hit);
    }

    /// Goes to the next hit, or the one before.
    pub(super) fn find_next(&mut self, forward: bool) {
        if self.finding.sought.is_none() {
            let find = self.key_of(Action::Find);
            self.notice = Some(format!("nothing is looked for so far: {find} begins"));
            return;
        }
        self.refresh_search();
        let sought = self.finding.sought.as_ref();
        let hit = sought.and_then(|it| it.search.next(it.current, forward));
        self.go_to_hit(hit);
    }

    fn go_to_hit(&mut self, hit: Option<Hit>) {
        self.finding.told = true;
        if let Some(sought) = &mut self.finding.sought {
            sought.current = hit;
        }
        if let Some(Hit { run, start, lane, .. }) = hit {
            self.view.go_to(self.lane_of(run, lane), start);
        }
    }

    /// The run of the lane chosen, and the moment of the cursor.
    fn under_cursor(&self) -> (usize, Nanos) {
        let (Some(mut lane), Some(at)) = (self.lane(), self.cursor()) else {
            return (0, Nanos::ZERO);
        };
        let run = self.runs().iter().position(|run| {
            let own = lane < run.lanes().len();
            lane = lane.saturating_sub(run.lanes().len());
            own
        });
        (run.unwrap_or(0), at)
    }

    /// Other runs are shown: what is known of the attempts of those before is forgotten.
    pub(super) fn forget_attempts(&mut self) {
        self.search_anew();
        self.list_anew();
    }

    /// A run's lane, counted through all runs shown.
    pub(super) fn lane_of(&self, run: usize, lane: LaneId) -> usize {
        let above = self.runs().iter().take(run).map(|run| run.lanes().len()).sum::<usize>();
        above + usize::from(lane.0)
    }

    /// Looks into what is new, if something is looked for.
    pub(super) fn refresh_search(&mut self) {
        if let Some(mut sought) = self.finding.sought.take() {
            let visible: Vec<(&Run, Nanos)> = self.visible().collect();
            sought.search.refresh(&visible);
            self.finding.sought = Some(sought);
        }
    }

    /// Other runs are shown: what was found in those before is forgotten, what was looked for is not.
    pub(super) fn search_anew(&mut self) {
        if let Some(sought) = &mut self.finding.sought {
            sought.current = None;
            sought.search.forget();
        }
    }
}

impl Finding {
    /// Another key was pressed.
    pub(super) const fn hush(&mut self) {
        self.told = false;
    }

    /// Whether a word is said on it, which runs that go on may change.
    pub(super) const fn is_told(&self) -> bool {
        self.told
    }
}
