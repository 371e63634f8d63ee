//! A worker thread's own event loop, whose waits a stop ends.

use tokio::runtime::{Builder, Runtime};

use super::cancel::Cancel;
use crate::model::{Failure, FailureKind};
use crate::resources;

/// An event loop that runs on the thread which waits for it, and nowhere else.
pub(super) struct EventLoop(Option<Runtime>);

impl EventLoop {
    pub(super) fn new() -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            let reason = resources::shortage(&error).unwrap_or_else(|| error.to_string());
            let message = format!(
                "cannot set up a worker: {reason}; ask for fewer with --threads, or raise the limit"
            );
            Failure::new(FailureKind::Exhausted, message)
        })?;
        Ok(Self(Some(runtime)))
    }

    /// What `wait` comes to; nothing once `cancel` says stop.
    pub(super) fn until_cancelled<T>(
        &self,
        cancel: &Cancel,
        wait: impl Future<Output = T>,
    ) -> Option<T> {
        self.0.as_ref()?.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => None,
                come = wait => Some(come),
            }
        })
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // A plain drop would wait for a name look-up that still goes on in the background.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
