//! A worker thread's own event loop, whose waits can be cancelled.

use tokio::runtime::{Builder, Runtime};

use super::cancel_token::CancelToken;
use crate::http::system_limits;
use crate::model::{Failure, FailureKind};

/// An event loop that runs on the calling thread alone.
pub(crate) struct EventLoop(Option<Runtime>);

impl EventLoop {
    pub(crate) fn new() -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            let reason = system_limits::shortage(&error).unwrap_or_else(|| error.to_string());
            let message =
                format!("cannot set up a worker: {reason}; lower --threads or raise the limit");
            Failure::new(FailureKind::Exhausted, message)
        })?;
        Ok(Self(Some(runtime)))
    }

    /// Waits for a future and returns its output, or `None` if `cancel` is set first.
    pub(crate) fn run_until_cancelled<T>(
        &self,
        cancel: &CancelToken,
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
        // Dropping the runtime would block on a DNS lookup that is still running in the background.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
