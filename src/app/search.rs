//! Search: the user enters a text, and keys move from match to match.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;

use super::keymap::Action;
use super::{App, Effect, text_input};
use crate::analysis::Attempt;
use crate::analysis::search::{Search, SearchHit, SearchMatch};
use crate::model::{LaneId, Nanos, Run};

/// The state of the search.
#[derive(Debug, Default)]
pub(super) struct SearchState {
    /// The input line, while it is open.
    input: Option<Input>,
    active: Option<ActiveSearch>,
    /// The last key concerned the search, so its status is shown.
    status_shown: bool,
}

/// A search in progress.
#[derive(Debug)]
struct ActiveSearch {
    text: String,
    search: Search,
    current: Option<SearchHit>,
}

/// The status of the search, for the status line.
#[derive(Debug, PartialEq, Eq)]
pub enum SearchStatus<'app> {
    /// The text is being entered.
    Input {
        /// The text before the cursor.
        before: &'app str,
        /// The text after the cursor.
        after: &'app str,
    },
    /// There is no match for this text so far.
    NoMatch(&'app str),
    /// A match is selected.
    Hit {
        /// The search text.
        text: &'app str,
        /// The number of the match, counted from 1.
        number: usize,
        /// The number of matches so far.
        all: usize,
        /// The task, with the attempt's number if it is not the first: `p7`, `p7 #2`.
        task: String,
        /// The worker of the lane.
        worker: String,
        /// The part of the attempt that matched.
        found: SearchMatch,
    },
}

impl App {
    /// The status of the search, if the last key concerned it.
    pub fn search_status(&self) -> Option<SearchStatus<'_>> {
        if let Some(input) = &self.search.input {
            let (before, after) = text_input::split_at_cursor(input);
            return Some(SearchStatus::Input { before, after });
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

    /// Returns `true` if keys are entered as text.
    pub(super) const fn is_entering_text(&self) -> bool {
        self.search.input.is_some()
    }

    /// Opens the input line.
    pub(super) fn open_search(&mut self) {
        self.search.input = Some(Input::default());
    }

    /// Handles a key while text is entered. Only interrupt and suspend keep their meaning.
    pub(super) fn handle_search_key(&mut self, key: &KeyEvent) -> Option<Effect> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            match self.keymap.action_for(key, self.context()) {
                Some(Action::Interrupt) => return Some(Effect::Interrupt),
                Some(Action::Suspend) => return Some(Effect::Suspend),
                _ => {}
            }
        }
        let input = self.search.input.as_mut()?;
        match key.code {
            KeyCode::Enter => {
                let text = input.value_and_reset();
                self.search.input = None;
                self.start_search(&text);
            }
            KeyCode::Esc => self.search.input = None,
            // As in less, deleting from an empty line cancels the input.
            KeyCode::Backspace if input.value().is_empty() => self.search.input = None,
            _ => text_input::handle_key(input, key),
        }
        None
    }

    /// Goes to the first match from the cursor on. An empty text continues the previous search.
    fn start_search(&mut self, text: &str) {
        let Some(search) = Search::new(text) else { return self.go_to_next_hit(true) };
        let text = text.trim().to_owned();
        self.search.active = Some(ActiveSearch { text, search, current: None });
        self.refresh_search();
        let (run, at) = self.cursor_position();
        let hit = self.search.active.as_ref().and_then(|it| it.search.first_hit_from(run, at));
        self.go_to_hit(hit);
    }

    /// Goes to the next or previous match.
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

    /// The index of the selected lane's run, and the time of the cursor.
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

    /// Drops the search matches and table rows of the previous runs, because other runs are shown.
    pub(super) fn forget_attempts(&mut self) {
        self.reset_search();
        self.reset_table();
    }

    /// The index of a run's lane, counted across all runs shown.
    pub(super) fn lane_index_of(&self, run: usize, lane: LaneId) -> usize {
        let above = self.runs().iter().take(run).map(|run| run.lanes().len()).sum::<usize>();
        above + usize::from(lane.0)
    }

    /// Extends the active search to new attempts.
    pub(super) fn refresh_search(&mut self) {
        if let Some(mut active) = self.search.active.take() {
            let visible: Vec<(&Run, Nanos)> = self.visible_runs().collect();
            active.search.refresh(&visible);
            self.search.active = Some(active);
        }
    }

    /// Drops the matches but keeps the search text, because other runs are shown.
    pub(super) fn reset_search(&mut self) {
        if let Some(active) = &mut self.search.active {
            active.current = None;
            active.search.clear();
        }
    }
}

impl SearchState {
    /// Hides the status after another key.
    pub(super) const fn clear_status(&mut self) {
        self.status_shown = false;
    }

    /// Returns `true` if the status is shown. An active run may change it.
    pub(super) const fn shows_status(&self) -> bool {
        self.status_shown
    }
}
