//! The thread that trims the output files of commands while they are written.

use std::sync::{Arc, Weak};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, RecvTimeoutError, Sender, unbounded};

use super::output_capture::OutputCapture;

/// The bounds of the polling interval. The disk holds what a command writes within one interval.
const MIN_INTERVAL: Duration = Duration::from_millis(1);
const MAX_INTERVAL: Duration = Duration::from_millis(10);

/// The growth of a file, in bytes per interval, above which files are polled at the minimum interval;
/// below it, the interval doubles.
const MIN_FAST_GROWTH: u64 = 128 << 10;

/// Passes files to the thread, which ends with the last clone.
#[derive(Clone)]
pub(super) struct Trimmer {
    files: Sender<Weak<OutputCapture>>,
}

impl Trimmer {
    /// Starts the thread. If the system has none to give, files are not trimmed.
    pub(super) fn start() -> Self {
        let (files, arriving) = unbounded();
        _ = Builder::new().name("trimmer".to_owned()).spawn(move || trim_files(&arriving));
        Self { files }
    }

    /// Adds a file, which is trimmed until it is dropped.
    pub(super) fn add(&self, capture: &Arc<OutputCapture>) {
        // Fails without the thread; the file is then not trimmed.
        _ = self.files.send(Arc::downgrade(capture));
    }
}

fn trim_files(arriving: &Receiver<Weak<OutputCapture>>) {
    let mut files: Vec<Weak<OutputCapture>> = Vec::new();
    let mut interval = MIN_INTERVAL;
    loop {
        let arrived = if files.is_empty() {
            arriving.recv().map_err(|RecvError| RecvTimeoutError::Disconnected)
        } else {
            arriving.recv_timeout(interval)
        };
        match arrived {
            Ok(file) => {
                files.push(file);
                interval = MIN_INTERVAL;
            }
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let mut is_growing = false;
                files.retain(|file| {
                    let Some(file) = file.upgrade() else { return false };
                    // A file that cannot be trimmed grows.
                    is_growing |= file.trim().is_ok_and(|written| written > MIN_FAST_GROWTH);
                    true
                });
                interval = if is_growing { MIN_INTERVAL } else { MAX_INTERVAL.min(interval * 2) };
            }
        }
    }
}
