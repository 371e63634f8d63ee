//! The stage that a session has reached, to report where an incomplete recording ends.

use super::{ActiveRun, Session};

impl Session {
    /// The stage of the active run, if there is one: `during sequential`.
    pub fn stage(&self) -> Option<String> {
        let (active, run) = (self.active?, self.active_run()?);
        let name = match active {
            ActiveRun::Profile(_) if run.has_started() => {
                return Some("during the first request".to_owned());
            }
            ActiveRun::Profile(_) => return Some("before the first request".to_owned()),
            ActiveRun::Run(selection, _) => match self.sweep(selection) {
                Some(sweep) => sweep.trial_text(),
                None => run.plan().selection().to_string(),
            },
        };
        Some(if run.has_started() {
            format!("during {name}")
        } else {
            format!("before {name} started")
        })
    }
}
