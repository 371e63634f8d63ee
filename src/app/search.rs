//! Search: the user enters a text on a line of its own, and keys move from match to match.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use crate::analysis::Attempt;
use crate::analysis::search::{Search, SearchHit, SearchMatch};
use crate::model::{Nanos, Run};

/// The maximum length of the text. It is kept in memory and drawn in every frame.
const MAX_INPUT_BYTES: usize = 1_000;

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
        /// The task, with the attempt's number if it is not the first: `p7`, `p7 #2`; the name of a
        /// thread. Not safe to print.
        task: String,
        /// The worker of the lane, or the ID of the thread of a watched program.
        worker: String,
        /// The part of the attempt that matched.
        found: SearchMatch,
    },
}

impl SearchState {
    /// The status of the search among these runs, if the last key concerned it.
    pub(super) fn status(&self, runs: &[Run]) -> Option<SearchStatus<'_>> {
        if let Some(input) = &self.input {
            let (before, after) = split_at_cursor(input);
            return Some(SearchStatus::Input { before, after });
        }
        let ActiveSearch { text, search, current } =
            self.active.as_ref().filter(|_| self.status_shown)?;
        let status = current.and_then(|hit| {
            let number = search.hits().binary_search(&hit).ok()? + 1;
            let attempt = runs.get(hit.run)?.attempt(hit.lane, hit.index)?;
            let Attempt { run, lane, span } = attempt;
            let again =
                if span.attempt > 1 { format!(" #{}", span.attempt) } else { String::new() };
            let thread = run.program().and_then(|record| record.thread(span.task));
            let thread = thread.map(|thread| &thread.identity);
            Some(SearchStatus::Hit {
                text,
                number,
                all: search.hits().len(),
                task: thread.map_or_else(
                    || run.plan().label(span.task) + &again,
                    |thread| thread.name.clone(),
                ),
                worker: thread.map_or_else(
                    || run.worker_name(lane.0),
                    |thread| format!("tid {}", thread.tid),
                ),
                found: search.match_of(&attempt)?,
            })
        });
        Some(status.unwrap_or(SearchStatus::NoMatch(text)))
    }

    /// Hides the status after another key.
    pub(super) const fn clear_status(&mut self) {
        self.status_shown = false;
    }

    /// Returns `true` if keys are entered as text.
    pub(super) const fn is_entering_text(&self) -> bool {
        self.input.is_some()
    }

    /// Opens the input line.
    pub(super) fn open_input(&mut self) {
        self.input = Some(Input::default());
    }

    /// Handles a key while text is entered. Returns the text once it is complete.
    pub(super) fn handle_key(&mut self, key: &KeyEvent) -> Option<String> {
        let input = self.input.as_mut()?;
        match key.code {
            KeyCode::Enter => return self.input.take().map(String::from),
            KeyCode::Esc => self.input = None,
            // As in less, deleting from an empty line cancels the input.
            KeyCode::Backspace if input.value().is_empty() => self.input = None,
            _ => edit(input, key),
        }
        None
    }

    /// Replaces the active search. Returns `false` if there is nothing to search for in the text.
    pub(super) fn start(&mut self, text: &str) -> bool {
        let search = Search::new(text);
        let is_search = search.is_some();
        if let Some(search) = search {
            let text = text.trim().to_owned();
            self.active = Some(ActiveSearch { text, search, current: None });
        }
        is_search
    }

    /// Goes to the first match from a time in a run on.
    pub(super) fn first_hit_from(
        &mut self,
        run: usize,
        at: Nanos,
        visible: &[(&Run, Nanos)],
    ) -> Option<SearchHit> {
        let ActiveSearch { search, current, .. } = self.active.as_mut()?;
        search.refresh(visible);
        self.status_shown = true;
        *current = search.first_hit_from(run, at);
        *current
    }

    /// Goes to the next or previous match.
    pub(super) fn next_hit(
        &mut self,
        forward: bool,
        visible: &[(&Run, Nanos)],
    ) -> Option<SearchHit> {
        let ActiveSearch { search, current, .. } = self.active.as_mut()?;
        search.refresh(visible);
        self.status_shown = true;
        *current = search.next_hit(*current, forward);
        *current
    }

    /// Returns `true` if there is a search.
    pub(super) const fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// Extends the search to new attempts, if its status is shown.
    pub(super) fn refresh_shown(&mut self, visible: &[(&Run, Nanos)]) {
        if let Some(active) = self.active.as_mut().filter(|_| self.status_shown) {
            active.search.refresh(visible);
        }
    }

    /// Drops the matches but keeps the search text, because other runs are shown.
    pub(super) fn clear_hits(&mut self) {
        if let Some(active) = &mut self.active {
            active.current = None;
            active.search.clear();
        }
    }
}

/// Edits the text. Ctrl keys work as in the shell: U and K delete to the start and the end, W deletes
/// a word, A and E go to the start and the end, the arrows go to the next word.
fn edit(input: &mut Input, key: &KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let request = match key.code {
        KeyCode::Char('u') if control => InputRequest::DeleteFromStart,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('h') if control => InputRequest::DeletePrevChar,
        KeyCode::Left if control => InputRequest::GoToPrevWord,
        KeyCode::Right if control => InputRequest::GoToNextWord,
        KeyCode::Char(c) if !control && !alt && !c.is_control() => {
            if input.value().len() >= MAX_INPUT_BYTES {
                return;
            }
            InputRequest::InsertChar(c)
        }
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return,
    };
    input.handle(request);
}

/// Returns the text before and after the cursor.
fn split_at_cursor(input: &Input) -> (&str, &str) {
    let text = input.value();
    let cursor = text.char_indices().nth(input.cursor());
    cursor.and_then(|(at, _)| text.split_at_checked(at)).unwrap_or((text, ""))
}
