//! The stage that a session has reached, to report where an incomplete recording ends.

use super::Session;

impl Session {
    /// The stage of the active run, if there is one: `during sequential`.
    pub fn stage(&self) -> Option<String> {
        let (selection, run) = (self.active()?, self.active_run()?);
        let name = match self.sweep(selection) {
            Some(sweep) => {
                format!("trial {} of {}", sweep.trials().len() + 1, sweep.planned_trials())
            }
            None => run.plan().selection().to_string(),
        };
        Some(if run.has_started() {
            format!("during {name}")
        } else {
            format!("before {name} started")
        })
    }
}
