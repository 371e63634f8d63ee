//! Waits that a stop can end.

use tokio::sync::watch;

/// Says to everyone who holds a clone that the run is to stop.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Sender<bool>);

impl Default for Cancel {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Cancel {
    /// Stop: every wait on it ends, now and later.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was said.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is said.
    pub async fn cancelled(&self) {
        // An error would mean that no sender is left, and this is one.
        _ = self.0.subscribe().wait_for(|&cancelled| cancelled).await;
    }
}
