//! Writes to a terminal on a thread of its own, so that a terminal that blocks (Ctrl-S, a stalled
//! connection, an unresponsive window) delays neither keys nor signals.

use std::io::{self, ErrorKind, Write};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{
    Receiver, RecvTimeoutError, Sender, TryRecvError, after, bounded, unbounded,
};

/// The maximum wait, on exit, for a terminal or a reader that accepts no output.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// The interval between attempts to write to a terminal that is full and that another program left in
/// non-blocking mode.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// A queue of output for the writer thread, which ends with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: Sender<WriteRequest>,
}

#[derive(Debug)]
struct WriteRequest {
    bytes: Vec<u8>,
    written: Sender<io::Result<()>>,
}

/// The pending result of a write.
#[derive(Clone, Debug)]
pub(crate) struct PendingWrite(Receiver<io::Result<()>>);

impl Writer {
    /// Starts a thread that writes to `to`. Fails if the system has no thread for it.
    pub(crate) fn start(to: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, requests) = unbounded();
        Builder::new().name("writer".to_owned()).spawn(move || write_requests(to, &requests))?;
        Ok(Self { queue })
    }

    /// Queues bytes to be written.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> PendingWrite {
        let (written, pending) = bounded(1);
        // If the thread is gone, the delivery is over at once.
        _ = self.queue.send(WriteRequest { bytes, written });
        PendingWrite(pending)
    }
}

impl PendingWrite {
    /// A channel that receives the result once the bytes were written.
    pub(crate) const fn result(&self) -> &Receiver<io::Result<()>> {
        &self.0
    }

    /// Returns whether the bytes were written, or never will be.
    pub(crate) fn is_done(&self) -> bool {
        !matches!(self.0.try_recv(), Err(TryRecvError::Empty))
    }

    /// Waits, at most for `max_wait`, until the bytes were written or never will be. Returns `false` on
    /// timeout.
    pub(crate) fn wait(&self, max_wait: Duration) -> bool {
        !matches!(self.0.recv_timeout(max_wait), Err(RecvTimeoutError::Timeout))
    }
}

fn write_requests(mut to: impl Write, requests: &Receiver<WriteRequest>) {
    for WriteRequest { bytes, written } in requests {
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
            Err(error) if error.kind() == ErrorKind::WouldBlock => _ = after(RETRY_DELAY).recv(),
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
    pub(crate) struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

    impl SharedBuffer {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for SharedBuffer {
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
    use super::fixture::SharedBuffer;
    use super::*;

    /// A terminal that is full before each byte.
    struct FullTerminal {
        memory: SharedBuffer,
        full: bool,
    }

    impl Write for FullTerminal {
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
        let memory = SharedBuffer::default();
        let writer = Writer::start(FullTerminal { memory: memory.clone(), full: false }).unwrap();
        let (one, two) = (writer.write(b"one ".to_vec()), writer.write(b"two".to_vec()));
        assert!(two.result().recv().unwrap().is_ok() && one.is_done());
        assert_eq!(memory.text(), "one two");
    }

    #[test]
    fn write_error_is_reported() {
        struct ClosedTerminal;
        impl Write for ClosedTerminal {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let pending = Writer::start(ClosedTerminal).unwrap().write(b"frame".to_vec());
        assert_eq!(pending.result().recv().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
