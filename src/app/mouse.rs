//! The mouse: the wheel zooms where it points, a click chooses a lane and a moment on it, dragging
//! marks a range.

use super::keymap::Action;
use super::overlay::Overlay;
use super::view::TimelineView;
use super::{App, Gesture, PointerTarget};
use crate::model::Nanos;

impl App {
    /// Does what the mouse asks for; while the table lies over the picture, the wheel
    /// moves through its rows, and while something else does, nothing happens.
    pub(super) fn handle_mouse(&mut self, gesture: Gesture, target: PointerTarget) {
        match (self.overlay, gesture) {
            (None, _) if !self.is_entering_text() => self.view.handle_mouse(gesture, target),
            (Some(Overlay::Table), Gesture::ScrollUp) => {
                self.handle_table_action(Action::PreviousLane);
            }
            (Some(Overlay::Table), Gesture::ScrollDown) => {
                self.handle_table_action(Action::NextLane);
            }
            _ => {}
        }
    }
}

/// A button that is down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drag {
    /// The moment where it went down.
    start: Nanos,
    /// Whether there was a pane then: the timeline must not change its size under the hand.
    pub(super) had_pane: bool,
    moved: bool,
}

impl TimelineView {
    fn handle_mouse(&mut self, gesture: Gesture, PointerTarget { lane, at }: PointerTarget) {
        let before = self.snapshot();
        match (gesture, at) {
            (Gesture::Press, at) => {
                self.lane = lane.or(self.lane);
                if let Some(start) = at {
                    let had_pane = self.inspector_open || self.range().is_some();
                    self.drag = Some(Drag { start, had_pane, moved: false });
                    self.set_cursor(start);
                }
                self.record_change(before, None);
            }
            (Gesture::Drag, Some(at)) => self.drag_to(at),
            (Gesture::Release, _) => self.finish_drag(),
            (Gesture::ScrollUp, Some(at)) => self.zoom_at_pointer(true, at),
            (Gesture::ScrollDown, Some(at)) => self.zoom_at_pointer(false, at),
            (Gesture::Drag | Gesture::ScrollUp | Gesture::ScrollDown, None) => {}
        }
    }

    fn drag_to(&mut self, at: Nanos) {
        let newest = self.viewport.edge();
        let Some(drag) = &mut self.drag else { return };
        let is_first_move = !std::mem::replace(&mut drag.moved, true);
        if is_first_move {
            let start = drag.start.min(newest);
            self.start_range(start);
        }
        // Beyond it there is nothing to mark.
        self.set_cursor(at.min(newest));
    }

    /// Ends the range that was dragged; a click where one was drops it.
    fn finish_drag(&mut self) {
        match self.drag.take() {
            Some(Drag { moved: true, .. }) => self.toggle_range(),
            Some(_) if !self.is_selecting_range() => self.range = None,
            _ => {}
        }
    }

    fn zoom_at_pointer(&mut self, closer: bool, at: Nanos) {
        let before = self.snapshot();
        self.viewport.zoom_at(closer, at);
        self.record_change(before, Some(if closer { Action::ZoomIn } else { Action::ZoomOut }));
    }
}
