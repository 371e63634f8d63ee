//! The mouse: the wheel zooms where it points, a click chooses a lane and a moment on it, dragging
//! marks a range.

use super::keymap::Action;
use super::popup::Popup;
use super::view::View;
use super::{App, Gesture, Pointed};
use crate::model::Nanos;

impl App {
    /// Does what the mouse asks for; while the table lies over the picture, the wheel
    /// moves through its rows, and while something else does, nothing happens.
    pub(super) fn point(&mut self, gesture: Gesture, pointed: Pointed) {
        match (self.popup, gesture) {
            (None, _) if !self.enters_text() => self.view.point(gesture, pointed),
            (Some(Popup::Table), Gesture::Closer) => self.act_on_table(Action::PreviousLane),
            (Some(Popup::Table), Gesture::Farther) => self.act_on_table(Action::NextLane),
            _ => {}
        }
    }
}

/// A button that is down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drag {
    /// The moment where it went down.
    begun: Nanos,
    /// Whether there was a pane then: the timeline must not change its size under the hand.
    pub(super) had_pane: bool,
    moved: bool,
}

impl View {
    fn point(&mut self, gesture: Gesture, Pointed { lane, at }: Pointed) {
        let before = self.look();
        match (gesture, at) {
            (Gesture::Press, at) => {
                self.lane = lane.or(self.lane);
                if let Some(begun) = at {
                    let had_pane = self.inspects || self.range().is_some();
                    self.drag = Some(Drag { begun, had_pane, moved: false });
                    self.put_cursor(begun);
                }
                self.note(before, None);
            }
            (Gesture::Drag, Some(at)) => self.drag_to(at),
            (Gesture::Release, _) => self.let_go(),
            (Gesture::Closer, Some(at)) => self.zoom_where(true, at),
            (Gesture::Farther, Some(at)) => self.zoom_where(false, at),
            (Gesture::Drag | Gesture::Closer | Gesture::Farther, None) => {}
        }
    }

    fn drag_to(&mut self, at: Nanos) {
        let newest = self.viewport.edge();
        let Some(drag) = &mut self.drag else { return };
        let begins = !std::mem::replace(&mut drag.moved, true);
        if begins {
            let begun = drag.begun.min(newest);
            self.mark_from(begun);
        }
        // Beyond it there is nothing to mark.
        self.put_cursor(at.min(newest));
    }

    /// Ends the range that was dragged; a click where one was drops it.
    fn let_go(&mut self) {
        match self.drag.take() {
            Some(Drag { moved: true, .. }) => self.mark(),
            Some(_) if !self.is_marking() => self.range = None,
            _ => {}
        }
    }

    fn zoom_where(&mut self, closer: bool, at: Nanos) {
        let before = self.look();
        self.viewport.zoom_at(closer, at);
        self.note(before, Some(if closer { Action::ZoomIn } else { Action::ZoomOut }));
    }
}
