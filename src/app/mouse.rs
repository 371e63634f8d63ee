//! Mouse input: the wheel zooms at the pointer, a click selects a lane and places the cursor, and
//! dragging marks a range.

use super::keymap::Action;
use super::overlay::Overlay;
use super::view::{Drag, TimelineView};
use super::{App, Gesture, PointerTarget};
use crate::model::Nanos;

impl App {
    /// Handles a gesture. In the table, the wheel moves through the rows; other overlays ignore the
    /// mouse.
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

impl TimelineView {
    fn handle_mouse(&mut self, gesture: Gesture, PointerTarget { lane, at }: PointerTarget) {
        match (gesture, at) {
            (Gesture::Press, at) => {
                self.lane = lane.or(self.lane);
                if let Some(start) = at {
                    let had_pane = self.inspector_open || self.range().is_some();
                    self.drag = Some(Drag { start, had_pane, moved: false });
                    self.set_cursor(start);
                }
            }
            (Gesture::Drag, Some(at)) => self.drag_to(at),
            (Gesture::Release, _) => self.finish_drag(),
            (Gesture::ScrollUp, Some(at)) => self.viewport.zoom_at(true, at),
            (Gesture::ScrollDown, Some(at)) => self.viewport.zoom_at(false, at),
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
        // There is nothing to mark after the latest time.
        self.set_cursor(at.min(newest));
    }

    /// Ends the range after a drag. A click without a drag removes a finished range.
    fn finish_drag(&mut self) {
        match self.drag.take() {
            Some(Drag { moved: true, .. }) => self.toggle_range(),
            Some(_) if !self.is_selecting_range() => self.range = None,
            _ => {}
        }
    }
}
