//! What lies over the picture, and which keys go to it.

use super::keymap::{Action, DEFAULT_BINDINGS};
use super::output_pager::OutputPager;
use crate::model::Run;

/// What lies over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The keys, from this row of their table on where not all have room.
    Help(usize),
    /// What can be taken along, with this entry chosen.
    Export(usize),
    /// What a command wrote.
    Output(OutputPager),
    /// All tasks in a table.
    Table,
    /// Whether to quit while a run goes.
    Quit,
}

impl Overlay {
    /// What is left of it after a key: no key goes through to the picture.
    pub(super) fn handle_action(self, action: Action, runs: &[Run]) -> Option<Self> {
        match (self, action) {
            (Self::Output(pager), _) => pager.handle_action(action, runs).map(Self::Output),
            (Self::Help(first), Action::NextLane | Action::PreviousLane) => {
                // The table goes round: it has no end where there is none on the screen.
                let by =
                    if matches!(action, Action::NextLane) { 1 } else { DEFAULT_BINDINGS.len() - 1 };
                Some(Self::Help((first + by) % DEFAULT_BINDINGS.len()))
            }
            (Self::Help(_), Action::Quit) | (_, Action::Back | Action::Help) => None,
            _ => Some(self),
        }
    }
}
