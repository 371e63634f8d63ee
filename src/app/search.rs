//! Finding: a line of text is entered, and the keys go from hit to hit.

use ratatui::crossterm::event::{KeyEvent, KeyModifiers};

use super::keymap::Action;
use super::text_input::{InputOutcome, TextInput};
use super::{App, Effect};
use crate::model::search::{Search, SearchHit, SearchMatch};
use crate::model::{Attempt, LaneId, Nanos, Run};

/// What is found, or about to be.
#[derive(Debug, Default)]
pub(super) struct SearchState {
    /// The text, while it is entered.
    input: Option<TextInput>,
    active: Option<ActiveSearch>,
    /// Whether the last key had to do with it, so that a word is said on it.
    status_shown: bool,
}

/// A search that was begun.
#[derive(Debug)]
struct ActiveSearch {
    text: String,
    search: Search,
    current: Option<SearchHit>,
}

/// What to say of a search.
#[derive(Debug, PartialEq, Eq)]
pub enum SearchStatus<'app> {
    /// What is entered.
    Input(&'app TextInput),
    /// Nothing has this text so far.
    NoMatch(&'app str),
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
        found: SearchMatch,
    },
}

impl App {
    /// What to say of a search, if that is what the last key was about.
    pub fn search_status(&self) -> Option<SearchStatus<'_>> {
        if let Some(input) = &self.search.input {
            return Some(SearchStatus::Input(input));
        }
        let ActiveSearch { text, search, current } =
            self.search.active.as_ref().filter(|_| self.search.status_shown)?;
        let status = current.and_then(|hit| {
            let number = search.hits().binary_search(&hit).ok()? + 1;
            let attempt = self.runs().get(hit.run)?.attempt(hit.lane, hit.index)?;
            let Attempt { run, lane, span } = attempt;
            let again =
                if span.attempt > 1 { format!(" #{}", span.attempt) } else { String::new() };
            Some(SearchStatus::Hit {
                text,
                number,
                all: search.hits().len(),
                task: run.plan().label(span.task) + &again,
                worker: run.worker_name(lane.0),
                found: search.match_of(&attempt)?,
            })
        });
        Some(status.unwrap_or(SearchStatus::NoMatch(text)))
    }

    /// Whether keys are text.
    pub(super) const fn is_entering_text(&self) -> bool {
        self.search.input.is_some()
    }

    /// Begins to enter what is to be found.
    pub(super) fn open_search(&mut self) {
        self.search.input = Some(TextInput::default());
    }

    /// A key while text is entered: only those that leave the program are not text.
    pub(super) fn handle_search_key(&mut self, key: &KeyEvent) -> Option<Effect> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match self.keymap.action_for(key, self.context()) {
                Some(Action::Interrupt) => return Some(Effect::Interrupt),
                Some(Action::Suspend) => return Some(Effect::Suspend),
                _ => {}
            }
        }
        let input = self.search.input.as_mut()?;
        match input.handle_key(key) {
            InputOutcome::Pending => {}
            InputOutcome::Cancelled => self.search.input = None,
            InputOutcome::Submitted => {
                let text = input.text();
                self.search.input = None;
                self.start_search(&text);
            }
        }
        None
    }

    /// The first hit from the cursor on; an empty text goes on with what was looked for last.
    fn start_search(&mut self, text: &str) {
        let Some(search) = Search::new(text) else { return self.go_to_next_hit(true) };
        let text = text.trim().to_owned();
        self.search.active = Some(ActiveSearch { text, search, current: None });
        self.refresh_search();
        let from = self.cursor_position();
        let hit = self.search.active.as_ref().and_then(|it| it.search.first_hit_from(from));
        self.go_to_hit(hit);
    }

    /// Goes to the next hit, or the one before.
    pub(super) fn go_to_next_hit(&mut self, forward: bool) {
        if self.search.active.is_none() {
            let find = self.key_of(Action::Find);
            self.notice = Some(format!("no search yet; {find} starts one"));
            return;
        }
        self.refresh_search();
        let active = self.search.active.as_ref();
        let hit = active.and_then(|it| it.search.next_hit(it.current, forward));
        self.go_to_hit(hit);
    }

    fn go_to_hit(&mut self, hit: Option<SearchHit>) {
        self.search.status_shown = true;
        if let Some(active) = &mut self.search.active {
            active.current = hit;
        }
        if let Some(SearchHit { run, start, lane, .. }) = hit {
            self.view.go_to(self.lane_index_of(run, lane), start);
        }
    }

    /// The run of the lane chosen, and the moment of the cursor.
    fn cursor_position(&self) -> (usize, Nanos) {
        let (Some(mut lane), Some(at)) = (self.lane_index(), self.cursor()) else {
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
        self.reset_search();
        self.reset_table();
    }

    /// A run's lane, counted through all runs shown.
    pub(super) fn lane_index_of(&self, run: usize, lane: LaneId) -> usize {
        let above = self.runs().iter().take(run).map(|run| run.lanes().len()).sum::<usize>();
        above + usize::from(lane.0)
    }

    /// Looks into what is new, if something is looked for.
    pub(super) fn refresh_search(&mut self) {
        if let Some(mut active) = self.search.active.take() {
            let visible: Vec<(&Run, Nanos)> = self.visible_runs().collect();
            active.search.refresh(&visible);
            self.search.active = Some(active);
        }
    }

    /// Other runs are shown: what was found in those before is forgotten, what was looked for is not.
    pub(super) fn reset_search(&mut self) {
        if let Some(active) = &mut self.search.active {
            active.current = None;
            active.search.clear();
        }
    }
}

impl SearchState {
    /// Another key was pressed.
    pub(super) const fn clear_status(&mut self) {
        self.status_shown = false;
    }

    /// Whether a word is said on it, which runs that go on may change.
    pub(super) const fn shows_status(&self) -> bool {
        self.status_shown
    }
}
