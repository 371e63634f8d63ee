//! Signals as messages on a channel, where the system has signals.

use std::io;

use crossbeam_channel::{Receiver, after, select};

use crate::writer::GRACE;

/// SIGINT, which Ctrl-C sends.
pub(crate) const INTERRUPT: i32 = 2;

/// The signals that ask a program to end: SIGINT, SIGTERM, SIGHUP and SIGQUIT.
const END: [i32; 4] = [INTERRUPT, 15, 1, 3];

#[cfg(unix)]
pub(crate) use signal_hook::consts::{SIGCONT as CONTINUE, SIGTSTP as SUSPEND, SIGWINCH as RESIZE};

/// Where there are none, no signal has these numbers.
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
    watch: unix::Watch,
}

impl Signals {
    /// Watches the signals that ask a program to end: SIGINT, SIGTERM, SIGHUP and SIGQUIT. One that
    /// is ignored from the start, as `nohup` does with SIGHUP, stays so. A file that reaches the
    /// size limit (SIGXFSZ) is no end: like a full disk it fails the write.
    pub fn that_end() -> io::Result<Self> {
        Self::begin(&END)
    }

    /// Watches these and those that a screen heeds: to hand the terminal to the shell (SIGTSTP), to
    /// take it back (SIGCONT), and that its size has changed (SIGWINCH).
    pub fn for_a_screen() -> io::Result<Self> {
        Self::begin(&[&END[..], &[SUSPEND, CONTINUE, RESIZE]].concat())
    }

    #[cfg(unix)]
    fn begin(signals: &[i32]) -> io::Result<Self> {
        let (watch, received) = unix::Watch::begin(signals)?;
        Ok(Self { received, watch })
    }

    /// Without signals, there is nothing to watch.
    #[cfg(not(unix))]
    fn begin(_: &[i32]) -> io::Result<Self> {
        Ok(Self { received: crossbeam_channel::never() })
    }

    /// The numbers of the signals, as they come.
    pub(crate) const fn received(&self) -> &Receiver<i32> {
        &self.received
    }

    /// Waits a moment for a signal that asks to end: a terminal that goes away fails a write first,
    /// and says why afterwards.
    pub(crate) fn end_soon(&self) -> Option<i32> {
        let moment = after(GRACE / 10);
        loop {
            select! {
                recv(self.received) -> signal => match signal {
                    Ok(signal) if END.contains(&signal) => return Some(signal),
                    Ok(_) => {}
                    Err(_) => return None,
                },
                recv(moment) -> _ => return None,
            }
        }
    }

    /// Nobody takes messages from now on, because what is left to do may hang in a write: a signal
    /// ends the program at once, and the one that `came`, or has come meanwhile and is returned,
    /// after [`GRACE`].
    pub(crate) fn last_words(&self, came: Option<i32>) -> Option<i32> {
        let mut waiting = self.received.try_iter();
        let came = came.or_else(|| waiting.find(|signal| END.contains(signal)));
        #[cfg(unix)]
        self.watch.last_words(came);
        came
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

    use super::GRACE;

    #[derive(Debug)]
    pub(crate) struct Watch {
        handle: Handle,
        thread: Option<JoinHandle<()>>,
        at_once: Arc<AtomicBool>,
    }

    impl Watch {
        pub(crate) fn begin(signals: &[i32]) -> io::Result<(Self, Receiver<i32>)> {
            let ignored = ignored();
            let watched = signals.iter().copied().filter(|signal| !ignored.contains(signal));
            let watched: Vec<i32> = watched.collect();
            // First of all, so that no signal is lost between what it did before and a message.
            let mut signals = Signals::new(&watched)?;
            let handle = signals.handle();
            let at_once = Arc::new(AtomicBool::new(false));
            for &signal in watched.iter().filter(|signal| super::END.contains(signal)) {
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&at_once))?;
            }
            // Whoever is told by the write's error needs no flag.
            flag::register(SIGXFSZ, Arc::default())?;
            let (sender, received) = unbounded();
            let thread = Builder::new().name("signals".to_owned()).spawn(move || {
                while !signals.is_closed() {
                    for signal in called_back(signals.wait().collect()) {
                        // Nobody may be there to hear it any more.
                        _ = sender.send(signal);
                    }
                }
            })?;
            Ok((Self { handle, thread: Some(thread), at_once }, received))
        }

        pub(crate) fn last_words(&self, came: Option<i32>) {
            self.at_once.store(true, Ordering::SeqCst);
            if let Some(signal) = came {
                // Without a thread for it, the next signal ends the program.
                _ = Builder::new().name("grace".to_owned()).spawn(move || {
                    _ = after(GRACE).recv();
                    low_level::exit(128 + signal);
                });
            }
        }
    }

    impl Drop for Watch {
        fn drop(&mut self) {
            self.handle.close();
            if let Some(thread) = self.thread.take() {
                // It does nothing that could panic.
                _ = thread.join();
            }
        }
    }

    /// Signals that come together have no order, but whoever sends SIGCONT wants nobody asleep: the
    /// system, too, forgets a SIGTSTP then.
    fn called_back(mut signals: Vec<i32>) -> Vec<i32> {
        let called = signals.contains(&super::CONTINUE);
        signals.retain(|&signal| !called || signal != super::SUSPEND);
        signals
    }

    /// The signals that were ignored when the program started, where the system tells: there is no
    /// safe call that asks for one.
    fn ignored() -> Vec<i32> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        mask(&status).map_or_else(Vec::new, |mask| {
            (1..=64).filter(|signal| mask >> (signal - 1) & 1 == 1).collect()
        })
    }

    fn mask(status: &str) -> Option<u64> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::super::{CONTINUE, RESIZE, SUSPEND};

        #[test]
        fn who_is_called_back_does_not_go_to_sleep() {
            let called_back = |signals: &[i32]| super::called_back(signals.to_vec());
            assert_eq!(called_back(&[CONTINUE, SUSPEND, RESIZE]), [CONTINUE, RESIZE]);
            assert_eq!(called_back(&[SUSPEND, RESIZE]), [SUSPEND, RESIZE]);
        }

        #[test]
        fn the_ignored_signals_are_read_from_the_status() {
            let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
            assert_eq!(super::mask(status), Some(0x1001));
            assert_eq!(super::mask("Name:\tx\n"), None);
        }
    }
}
