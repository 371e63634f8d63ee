//! Cancellation of a run, and the event loop of a worker thread, whose waits it ends.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::http::system_limits;
use crate::model::{Failure, FailureKind};

/// The cancellation flag of a run, shared by all clones.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    cancelled: AtomicBool,
    /// For asynchronous waits.
    signal: watch::Sender<bool>,
    /// For blocking waits.
    hooks: Mutex<Hooks>,
}

#[derive(Default)]
struct Hooks(Vec<Box<dyn FnOnce() + Send>>);

impl CancelToken {
    /// Cancels the run: all waits on this end, now and later.
    pub fn cancel(&self) {
        let hooks = {
            let mut hooks = self.hooks();
            self.0.cancelled.store(true, Ordering::Relaxed);
            std::mem::take(&mut *hooks)
        };
        self.0.signal.send_replace(true);
        hooks.0.into_iter().for_each(|hook| hook());
    }

    /// Returns whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.flag().load(Ordering::Relaxed)
    }

    /// The flag itself, for tight loops.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.cancelled
    }

    /// Calls `hook` on cancellation, on the thread that cancels; at once if the run was cancelled
    /// already.
    pub fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hooks = self.hooks();
        if self.is_cancelled() {
            drop(hooks);
            hook();
        } else {
            hooks.0.push(Box::new(hook));
        }
    }

    /// Waits until the run is cancelled.
    pub async fn cancelled(&self) {
        // This cannot fail: `self` holds a sender.
        _ = self.0.signal.subscribe().wait_for(|&cancelled| cancelled).await;
    }

    fn hooks(&self) -> MutexGuard<'_, Hooks> {
        self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

/// An event loop that runs on the calling thread alone.
pub(super) struct EventLoop(Option<Runtime>);

impl EventLoop {
    pub(super) fn new() -> Result<Self, Failure> {
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
    pub(super) fn run_until_cancelled<T>(
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
