//! Overlays on top of the timeline, and their key handling.

use super::App;
use super::keymap::{Action, DEFAULT_BINDINGS};
use super::output_pager::OutputPager;
use crate::model::Run;

/// An overlay on top of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The key bindings, scrolled to this row if they do not all fit.
    Help(usize),
    /// The export menu with this entry selected.
    Export(usize),
    /// The output of a command.
    Output(OutputPager),
    /// The table of all tasks.
    Table,
    /// The question whether to quit during a run.
    Quit,
}

impl Overlay {
    /// The overlay after an action, or `None` if the action closes it. No action reaches the
    /// timeline.
    pub(super) fn handle_action(self, action: Action, runs: &[Run]) -> Option<Self> {
        match (self, action) {
            (Self::Output(pager), _) => pager.handle_action(action, runs).map(Self::Output),
            (Self::Help(first), Action::NextLane | Action::PreviousLane) => {
                // The list wraps around, because this code does not know how many rows are visible.
                let by =
                    if matches!(action, Action::NextLane) { 1 } else { DEFAULT_BINDINGS.len() - 1 };
                Some(Self::Help((first + by) % DEFAULT_BINDINGS.len()))
            }
            (Self::Help(_), Action::Quit) | (_, Action::Back | Action::Help) => None,
            _ => Some(self),
        }
    }
}

impl App {
    /// Shows the output of the selected lane's command under the cursor, or else of the latest in
    /// view.
    pub(super) fn open_output(&mut self) {
        let Some(lane) = self.lane_index() else {
            let (next, previous) =
                (self.key_of(Action::NextLane), self.key_of(Action::PreviousLane));
            self.notice = Some(format!("no lane selected; {next}/{previous} select a lane"));
            return;
        };
        let pager = OutputPager::for_lane(lane, self.visible_runs(), self.view.focus_time());
        match pager {
            Some(pager) => self.overlay = Some(Overlay::Output(pager)),
            None => self.notice = Some("no command has started on this lane yet".to_owned()),
        }
    }
}
