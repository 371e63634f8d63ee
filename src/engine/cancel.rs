//! Waits that a stop can end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Says to everyone who holds a clone that the run is to stop.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    cancelled: AtomicBool,
    /// For waits that are futures.
    told: watch::Sender<bool>,
    /// For waits that are not.
    hooks: Mutex<Hooks>,
}

#[derive(Default)]
struct Hooks(Vec<Box<dyn FnOnce() + Send>>);

impl Cancel {
    /// Stop: every wait on it ends, now and later.
    pub fn cancel(&self) {
        let hooks = {
            let mut hooks = self.hooks();
            self.0.cancelled.store(true, Ordering::Relaxed);
            std::mem::take(&mut *hooks)
        };
        self.0.told.send_replace(true);
        hooks.0.into_iter().for_each(|hook| hook());
    }

    /// Whether it was said.
    pub fn is_cancelled(&self) -> bool {
        self.flag().load(Ordering::Relaxed)
    }

    /// The same as a flag, for loops that have time for no more than a look at it.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.cancelled
    }

    /// Has `hook` called when it is said, on the thread that says it; at once where it was.
    pub fn on_cancel(&self, hook: impl FnOnce() + Send + 'static) {
        let mut hooks = self.hooks();
        if self.is_cancelled() {
            drop(hooks);
            hook();
        } else {
            hooks.0.push(Box::new(hook));
        }
    }

    /// Waits until it is said.
    pub async fn cancelled(&self) {
        // An error would mean that no sender is left, and this is one.
        _ = self.0.told.subscribe().wait_for(|&cancelled| cancelled).await;
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
    fn a_hook_is_called_once_whether_it_comes_before_the_stop_or_after() {
        let (cancel, calls) = (Cancel::default(), Arc::new(AtomicU32::new(0)));
        let register = || {
            let counted = Arc::clone(&calls);
            cancel.on_cancel(move || _ = counted.fetch_add(1, Ordering::SeqCst));
            calls.load(Ordering::SeqCst)
        };
        assert_eq!((register(), register()), (0, 0), "nobody said stop");
        cancel.cancel();
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        cancel.clone().cancel();
        assert_eq!(calls.load(Ordering::SeqCst), 2, "a second stop is no news");
        assert_eq!(register(), 3, "too late to wait for it");
    }
}
