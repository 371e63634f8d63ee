//! What keys and runs do where a sweep is shown.

use super::App;
use crate::model::Selection;

impl App {
    /// Fewer or more workers from the next run on; a sweep has its own.
    pub(super) fn change_workers(&mut self, by: i32) {
        if self.selection.is_sweep() {
            self.notice =
                Some("a sweep runs a list of worker counts; set it with --threads 1,2,4".to_owned());
            return;
        }
        self.session.change_workers(self.selection.workload, by);
    }

    /// A trial takes the place of the one before: a view that was held still on that goes on.
    pub(super) fn show_next_trial(&mut self) {
        let Some(active) = self.session.active().filter(|&active| Selection::is_sweep(active))
        else {
            return;
        };
        if active == self.selection {
            self.view.resume();
        } else if let Some(view) = self.other_views.get_mut(&active) {
            view.resume();
        }
    }
}
