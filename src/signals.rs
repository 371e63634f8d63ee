//! Signals as messages on a channel, where the system has signals.

use std::io;

use crossbeam_channel::Receiver;

/// SIGINT, which Ctrl-C sends.
pub(crate) const INTERRUPT: i32 = 2;

/// SIGTSTP, which Ctrl-Z sends.
#[cfg(unix)]
pub(crate) const SUSPEND: i32 = signal_hook::consts::SIGTSTP;

/// Where there is none, no signal has this number.
#[cfg(not(unix))]
pub(crate) const SUSPEND: i32 = 0;

/// The signals that ask a program to end: SIGINT, SIGTERM and SIGHUP.
const END: [i32; 3] = [INTERRUPT, 15, 1];

/// Watches signals until it is dropped.
#[derive(Debug)]
pub(crate) struct Signals {
    received: Receiver<i32>,
    #[cfg(unix)]
    watch: unix::Watch,
}

impl Signals {
    /// Watches the signals that ask a program to end: SIGINT, SIGTERM and SIGHUP. One that is
    /// ignored from the start, as `nohup` does with SIGHUP, stays so.
    pub(crate) fn that_end() -> io::Result<Self> {
        Self::begin(&END)
    }

    /// Watches these and SIGTSTP, which asks a program to hand the terminal to the shell.
    pub(crate) fn that_end_or_suspend() -> io::Result<Self> {
        Self::begin(&[&END[..], &[SUSPEND]].concat())
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

    /// From now on a signal ends the program at once: for when nobody is left to take a message,
    /// because the program may hang in a write.
    pub(crate) fn end_at_once(&self) {
        #[cfg(unix)]
        self.watch.end_at_once();
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread::{Builder, JoinHandle};

    use crossbeam_channel::{Receiver, unbounded};
    use signal_hook::flag;
    use signal_hook::iterator::{Handle, Signals};

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
            let at_once = Arc::new(AtomicBool::new(false));
            for &signal in watched.iter().filter(|signal| super::END.contains(signal)) {
                flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&at_once))?;
            }
            let mut signals = Signals::new(&watched)?;
            let handle = signals.handle();
            let (sender, received) = unbounded();
            let thread = Builder::new().name("signals".to_owned()).spawn(move || {
                for signal in &mut signals {
                    if sender.send(signal).is_err() {
                        return;
                    }
                }
            })?;
            Ok((Self { handle, thread: Some(thread), at_once }, received))
        }

        pub(crate) fn end_at_once(&self) {
            self.at_once.store(true, Ordering::SeqCst);
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
        #[test]
        fn the_ignored_signals_are_read_from_the_status() {
            let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
            assert_eq!(super::mask(status), Some(0x1001));
            assert_eq!(super::mask("Name:\tx\n"), None);
        }
    }
}
