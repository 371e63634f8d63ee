//! Signals as messages on a channel. On systems without signals, the channel stays empty.

use std::io;

use crossbeam_channel::{Receiver, after, select};

use super::writer::SHUTDOWN_GRACE;

/// SIGINT, sent by Ctrl-C.
pub(crate) const INTERRUPT: i32 = 2;

/// The signals that ask a program to terminate: SIGINT, SIGTERM, SIGHUP and SIGQUIT.
const TERMINATION_SIGNALS: [i32; 4] = [INTERRUPT, 15, 1, 3];

#[cfg(unix)]
pub(crate) use signal_hook::consts::{SIGCONT as CONTINUE, SIGTSTP as SUSPEND, SIGWINCH as RESIZE};

/// Placeholders for systems without signals.
#[cfg(not(unix))]
mod none {
    pub(crate) const SUSPEND: i32 = -1;
    pub(crate) const CONTINUE: i32 = -2;
    pub(crate) const RESIZE: i32 = -3;
}
#[cfg(not(unix))]
pub(crate) use none::{CONTINUE, RESIZE, SUSPEND};

/// Watches signals until it is dropped.
#[derive(Debug)]
pub struct Signals {
    received: Receiver<i32>,
    #[cfg(unix)]
    thread: unix::SignalThread,
}

impl Signals {
    /// Watches the signals that ask a program to terminate: SIGINT, SIGTERM, SIGHUP and SIGQUIT. A
    /// signal that is ignored at startup, as SIGHUP is under `nohup`, stays ignored. SIGXFSZ does not
    /// terminate the program: a write beyond the file size limit fails, like one to a full disk.
    pub fn for_termination() -> io::Result<Self> {
        Self::watch(&TERMINATION_SIGNALS)
    }

    /// Also watches the signals of a terminal program: suspend (SIGTSTP), resume (SIGCONT) and resize
    /// (SIGWINCH).
    pub fn for_screen() -> io::Result<Self> {
        Self::watch(&[&TERMINATION_SIGNALS[..], &[SUSPEND, CONTINUE, RESIZE]].concat())
    }

    #[cfg(unix)]
    fn watch(signals: &[i32]) -> io::Result<Self> {
        let (thread, received) = unix::SignalThread::spawn(signals)?;
        Ok(Self { received, thread })
    }

    /// Watches nothing, as the system has no signals.
    #[cfg(not(unix))]
    fn watch(_: &[i32]) -> io::Result<Self> {
        Ok(Self { received: crossbeam_channel::never() })
    }

    /// The numbers of the signals, in order of arrival.
    pub(crate) const fn receiver(&self) -> &Receiver<i32> {
        &self.received
    }

    /// Waits briefly for a signal that asks to terminate: when a terminal is closed, a write fails
    /// shortly before SIGHUP arrives.
    pub(crate) fn wait_for_termination(&self) -> Option<i32> {
        let moment = after(SHUTDOWN_GRACE / 10);
        loop {
            select! {
                recv(self.received) -> signal => match signal {
                    Ok(signal) if TERMINATION_SIGNALS.contains(&signal) => return Some(signal),
                    Ok(_) => {}
                    Err(_) => return None,
                },
                recv(moment) -> _ => return None,
            }
        }
    }

    /// Enters shutdown, after which the channel is not read any more. The remaining writes may block,
    /// so a further signal terminates the program at once, and one that was already received (`pending_signal`,
    /// or one still in the channel, which is returned) does so after [`SHUTDOWN_GRACE`].
    pub(crate) fn enter_shutdown(&self, pending_signal: Option<i32>) -> Option<i32> {
        let mut waiting = self.received.try_iter();
        let pending_signal =
            pending_signal.or_else(|| waiting.find(|signal| TERMINATION_SIGNALS.contains(signal)));
        #[cfg(unix)]
        self.thread.enter_shutdown(pending_signal);
        pending_signal
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::{Builder, JoinHandle};

    use crossbeam_channel::{Receiver, after, unbounded};
    use signal_hook::consts::SIGXFSZ;
    use signal_hook::iterator::{Handle, Signals};
    use signal_hook::{flag, low_level};

    use super::SHUTDOWN_GRACE;

    #[derive(Debug)]
    pub(crate) struct SignalThread {
        handle: Handle,
        thread: Option<JoinHandle<()>>,
        at_once: Arc<AtomicBool>,
    }

    impl SignalThread {
        pub(crate) fn spawn(signals: &[i32]) -> io::Result<(Self, Receiver<i32>)> {
            let ignored = ignored_signals();
            let watched = signals.iter().copied().filter(|signal| !ignored.contains(signal));
            let watched: Vec<i32> = watched.collect();
            // Registered first, so that no signal is lost between its default action and the channel.
            let mut signals = Signals::new(&watched)?;
            let handle = signals.handle();
            let at_once = Arc::new(AtomicBool::new(false));
            for &signal in
                watched.iter().filter(|signal| super::TERMINATION_SIGNALS.contains(signal))
            {
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&at_once))?;
            }
            // Prevents the default action of SIGXFSZ. The flag is unused: the write returns an error.
            flag::register(SIGXFSZ, Arc::default())?;
            let (sender, received) = unbounded();
            let thread = Builder::new().name("signals".to_owned()).spawn(move || {
                while !signals.is_closed() {
                    for signal in drop_cancelled_suspend(signals.wait().collect()) {
                        // The receiver may be gone.
                        _ = sender.send(signal);
                    }
                }
            })?;
            Ok((Self { handle, thread: Some(thread), at_once }, received))
        }

        pub(crate) fn enter_shutdown(&self, pending_signal: Option<i32>) {
            self.at_once.store(true, Ordering::SeqCst);
            if let Some(signal) = pending_signal {
                // If the thread cannot be started, the next signal still terminates the program.
                _ = Builder::new().name("grace".to_owned()).spawn(move || {
                    _ = after(SHUTDOWN_GRACE).recv();
                    low_level::exit(128 + signal);
                });
            }
        }
    }

    impl Drop for SignalThread {
        fn drop(&mut self) {
            self.handle.close();
            if let Some(thread) = self.thread.take() {
                // The thread does nothing that could panic.
                _ = thread.join();
            }
        }
    }

    /// Drops a SIGTSTP that arrives together with a SIGCONT. Their order is unknown, and the system
    /// also discards pending stop signals on SIGCONT.
    fn drop_cancelled_suspend(mut signals: Vec<i32>) -> Vec<i32> {
        let called = signals.contains(&super::CONTINUE);
        signals.retain(|&signal| !called || signal != super::SUSPEND);
        signals
    }

    /// Returns the signals that were ignored when the program started. Reads Linux's `/proc`, because
    /// there is no safe call for it; elsewhere the list is empty.
    fn ignored_signals() -> Vec<i32> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        ignored_mask(&status).map_or_else(Vec::new, |mask| {
            (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
        })
    }

    fn ignored_mask(status: &str) -> Option<u64> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::super::{CONTINUE, RESIZE, SUSPEND};

        #[test]
        fn resume_cancels_a_pending_suspend() {
            let drop_cancelled_suspend =
                |signals: &[i32]| super::drop_cancelled_suspend(signals.to_vec());
            assert_eq!(drop_cancelled_suspend(&[CONTINUE, SUSPEND, RESIZE]), [CONTINUE, RESIZE]);
            assert_eq!(drop_cancelled_suspend(&[SUSPEND, RESIZE]), [SUSPEND, RESIZE]);
        }

        #[test]
        fn ignored_signals_are_read_from_proc_status() {
            let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
            assert_eq!(super::ignored_mask(status), Some(0x1001));
            assert_eq!(super::ignored_mask("Name:\tx\n"), None);
        }
    }
}
