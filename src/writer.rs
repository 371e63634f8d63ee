//! Writes to a terminal on a thread of its own, so that a terminal that blocks (Ctrl-S, a stalled
//! connection, an unresponsive window) delays neither keys nor signals.

use std::io::{self, ErrorKind, Write};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Sender, TryRecvError, after, bounded, unbounded,
};

/// The maximum wait, on exit, for a terminal or a reader that accepts no output.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// The interval between attempts to write to a terminal that is full and that another program left in
/// non-blocking mode.
const FULL: Duration = Duration::from_millis(10);

/// A queue of output for the writer thread, which ends with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: Sender<Batch>,
}

#[derive(Debug)]
struct Batch {
    bytes: Vec<u8>,
    written: Sender<io::Result<()>>,
}

/// The pending result of a write.
#[derive(Clone, Debug)]
pub(crate) struct Delivery(Receiver<io::Result<()>>);

impl Writer {
    /// Starts a thread that writes to `to`. Fails if the system has no thread for it.
    pub(crate) fn start(to: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, batches) = unbounded();
        Builder::new().name("writer".to_owned()).spawn(move || work(to, &batches))?;
        Ok(Self { queue })
    }

    /// Queues bytes to be written.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> Delivery {
        let (written, delivery) = bounded(1);
        // If the thread is gone, the delivery is over at once.
        _ = self.queue.send(Batch { bytes, written });
        Delivery(delivery)
    }
}

impl Delivery {
    /// A channel that receives the result once the bytes were written.
    pub(crate) const fn outcome(&self) -> &Receiver<io::Result<()>> {
        &self.0
    }

    /// Returns whether the bytes were written, or never will be.
    pub(crate) fn is_over(&self) -> bool {
        !matches!(self.0.try_recv(), Err(TryRecvError::Empty))
    }

    /// Waits, at most for `most`, until the bytes were written or never will be. Returns `false` on
    /// timeout.
    pub(crate) fn wait(&self, most: Duration) -> bool {
        !matches!(self.0.recv_timeout(most), Err(RecvTimeoutError::Timeout))
    }
}

fn work(mut to: impl Write, batches: &Receiver<Batch>) {
    for Batch { bytes, written } in batches {
        // The caller may have dropped the delivery.
        _ = written.send(write(&mut to, &bytes));
    }
}

fn write(to: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    loop {
        let progress = if bytes.is_empty() { to.flush().map(|()| 0) } else { to.write(bytes) };
        match progress {
            Ok(0) if bytes.is_empty() => return Ok(()),
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => _ = after(FULL).recv(),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// A terminal in memory.
    #[derive(Clone, Default)]
    pub(crate) struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Memory {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::Memory;
    use super::*;

    /// A terminal that is full before each byte.
    struct Slow {
        memory: Memory,
        full: bool,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.full = !self.full;
            if self.full {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.memory.write(&bytes[..1])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn full_terminal_receives_everything_eventually() {
        let memory = Memory::default();
        let writer = Writer::start(Slow { memory: memory.clone(), full: false }).unwrap();
        let (one, two) = (writer.write(b"one ".to_vec()), writer.write(b"two".to_vec()));
        assert!(two.outcome().recv().unwrap().is_ok() && one.is_over());
        assert_eq!(memory.text(), "one two");
    }

    #[test]
    fn write_error_is_reported() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let delivery = Writer::start(Gone).unwrap().write(b"frame".to_vec());
        assert_eq!(delivery.outcome().recv().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
