//! Key and run handling specific to sweeps.

use super::App;
use crate::model::Selection;

impl App {
    /// Changes the number of workers from the next run on. A sweep has its own list of counts.
    pub(super) fn change_workers(&mut self, by: i32) {
        if self.selection.is_sweep() {
            self.notice = Some(
                "a sweep runs a list of worker counts; set it with --threads 1,2,4".to_owned(),
            );
            return;
        }
        self.session.change_workers(self.selection.workload, by);
    }

    /// Resumes a paused view, because the next trial replaces the one that it shows.
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
