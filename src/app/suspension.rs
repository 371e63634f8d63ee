//! The effect of suspending the program on the active run.

use super::App;
use crate::model::{Mode, Nanos};

impl App {
    /// A notice about the effect of a suspension of `time` on the active run, if there is any.
    pub(super) fn suspension_notice(&self, time: Nanos) -> Option<String> {
        // The time of a player stands still.
        let active = self.session.active().filter(|_| self.player.is_none())?;
        let seconds = time.as_secs_f64();
        match active.workload {
            // Commands and worker processes are not suspended with the program.
            workload if workload.is_command() => Some(format!(
                "the commands kept running; recorded ends may be up to {seconds:.1} s late"
            )),
            _ if self
                .session
                .active_run()
                .is_some_and(|run| run.plan().mode == Mode::Processes) =>
            {
                Some(format!(
                    "the processes kept running; recorded ends may be up to {seconds:.1} s late"
                ))
            }
            _ => Some(format!(
                "{active} was suspended too; its time includes {seconds:.1} s of suspension"
            )),
        }
    }
}
