//! Read access to the state, for drawing.

use super::keymap::{Action, Keymap};
use super::{App, Overlay, Session, Viewport};
use crate::model::{Background, Mode, Run, Selection};

impl App {
    /// The key bindings.
    pub const fn keymap(&self) -> &Keymap {
        &self.keymap
    }

    /// The key to show for an action.
    pub fn key_of(&self, action: Action) -> String {
        self.keymap.key_of(action)
    }

    /// The session and its runs.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The selection that is shown.
    pub const fn selection(&self) -> Selection {
        self.selection
    }

    /// The runs that are shown, in the order of their modes.
    pub fn runs(&self) -> &[Run] {
        self.session.runs(self.selection)
    }

    /// The viewport of the timeline.
    pub fn viewport(&self) -> &Viewport {
        &self.view.viewport
    }

    /// The index of the selected lane, counted across all runs shown.
    pub fn lane_index(&self) -> Option<usize> {
        self.view.lane
    }

    /// The terminal's background.
    pub const fn background(&self) -> Background {
        self.background
    }

    /// The open overlay.
    pub const fn overlay(&self) -> Option<Overlay> {
        self.overlay
    }

    /// A notice about the last key, shown until the next one.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Returns `true` if a run is active, so that the screen changes without input.
    pub fn is_moving(&self) -> bool {
        self.session.active().is_some() && self.unfinished_stage().is_none()
    }

    /// The number of workers of the next parallel run, if it differs from the run shown.
    pub fn next_workers(&self) -> Option<u16> {
        if self.selection.is_sweep() {
            return None;
        }
        let shown = self.runs().iter().find(|run| run.plan().mode != Mode::Sequential);
        let workload = self.selection.workload;
        let (next, auto) = (self.session.worker_count(workload), self.session.is_auto(workload));
        let plan = shown.map(Run::plan).filter(|now| now.auto || now.workers != next);
        plan.filter(|_| !auto).map(|_| next)
    }
}
