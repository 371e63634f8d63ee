//! The mouse: the wheel zooms where it points, a click chooses a lane and a moment on it, dragging
//! marks a range.

use super::keymap::Action;
use super::view::View;
use super::{App, Gesture, Pointed};
use crate::model::Nanos;

impl App {
    /// Does what the mouse asks for; nothing while something lies over the picture.
    pub(super) fn point(&mut self, gesture: Gesture, pointed: Pointed) {
        if self.popup.is_none() {
            self.view.point(gesture, pointed);
        }
    }
}

impl View {
    fn point(&mut self, gesture: Gesture, Pointed { lane, at }: Pointed) {
        let before = self.look();
        match (gesture, at) {
            (Gesture::Press, _) => {
                self.press(lane, at);
                self.note(before, None);
            }
            (Gesture::Drag, Some(at)) => {
                self.drag_to(at);
                // All of it is undone as one.
                self.note(before, Some(Action::CursorRight));
            }
            (Gesture::Closer, Some(at)) => self.zoom_where(true, at),
            (Gesture::Farther, Some(at)) => self.zoom_where(false, at),
            (Gesture::Release, _) => self.let_go(),
            (Gesture::Drag | Gesture::Closer | Gesture::Farther, None) => {}
        }
    }

    fn press(&mut self, lane: Option<usize>, at: Option<Nanos>) {
        self.lane = lane.or(self.lane);
        if let Some(at) = at {
            self.drop_range();
            self.put_cursor(at);
        }
    }

    fn zoom_where(&mut self, closer: bool, at: Nanos) {
        let before = self.look();
        self.viewport.zoom_at(closer, at);
        self.note(before, Some(if closer { Action::ZoomIn } else { Action::ZoomOut }));
    }
}
