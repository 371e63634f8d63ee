//! Cancellation of a run.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn hook_runs_once_if_registered_before_or_after_the_cancellation() {
        let (cancel, calls) = (CancelToken::default(), Arc::new(AtomicU32::new(0)));
        let register = || {
            let counted = Arc::clone(&calls);
            cancel.on_cancel(move || _ = counted.fetch_add(1, Ordering::SeqCst));
            calls.load(Ordering::SeqCst)
        };
        assert_eq!((register(), register()), (0, 0), "not cancelled yet");
        cancel.cancel();
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        cancel.clone().cancel();
        assert_eq!(calls.load(Ordering::SeqCst), 2, "cancelled again");
        assert_eq!(register(), 3, "registered too late");
    }
}
