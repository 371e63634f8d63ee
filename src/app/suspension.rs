//! What the program's sleep did to what it shows.

use super::App;
use crate::model::{Mode, Nanos, Workload};

impl App {
    /// What the program's sleep did to the run that goes on.
    pub(super) fn suspension_notice(&self, time: Nanos) -> Option<String> {
        let active = self.session.active().filter(|_| self.player.is_none())?;
        let seconds = time.as_secs_f64();
        let compute = self.session.active_run().and_then(|run| run.plan().work.compute());
        match active.workload {
            // It stood still.
            _ if compute.is_some_and(|compute| compute.simulation.is_some()) => None,
            // They are processes of their own.
            Workload::Commands => {
                Some(format!("the commands kept running; their ends may be recorded up to {seconds:.1} s late"))
            }
            _ if self
                .session
                .active_run()
                .is_some_and(|run| run.plan().mode == Mode::Processes) =>
            {
                Some(format!("the processes kept running; their ends may be recorded up to {seconds:.1} s late"))
            }
            _ => Some(format!("{active} was suspended too; its time includes {seconds:.1} s of suspension")),
        }
    }
}
