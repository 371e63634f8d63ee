//! Lists the interpreters of a runtime, and their threads.

use std::io;

use super::Interpreter;
use super::memory::{Block, Memory, invalid, read_int, read_word};

/// The maximum number of interpreters of a process that are read.
const MAX_INTERPRETERS: usize = 64;
/// The maximum number of threads of a process that are read.
const MAX_THREADS: usize = 20_000;
/// The number of times that a list is read which changes meanwhile.
pub(super) const MAX_TRIES: usize = 3;
/// The offset of `tid` in glibc's `struct pthread`, which `pthread_self` is the address of.
const PTHREAD_TID: u64 = 720;

/// A thread that has run Python code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PythonThread {
    /// The identifier of the thread in the PID namespace of its process.
    pub tid: u32,
    /// The address of its `PyThreadState`.
    pub state: u64,
    /// The identifier that `threading.get_ident` returns.
    pub ident: u64,
    /// The position of its interpreter, oldest first: 0 is the main interpreter.
    pub interpreter: usize,
}

impl Interpreter {
    /// Returns the threads of all interpreters of the process. A thread that is just being started is
    /// missing. One that has run code of several interpreters is listed once for each.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory cannot be read, or if the list changes during each of three
    /// tries.
    pub fn threads(&self, memory: &dyn Memory) -> io::Result<Vec<PythonThread>> {
        let mut threads = Err(invalid("list of threads not read"));
        for _ in 0..MAX_TRIES {
            threads = self.try_threads(memory);
            if threads.is_ok() {
                break;
            }
        }
        threads
    }

    fn try_threads(&self, memory: &dyn Memory) -> io::Result<Vec<PythonThread>> {
        let layout = &self.layout.thread;
        let mut threads = Vec::new();
        for (index, interpreter) in self.interpreters(memory)?.into_iter().enumerate() {
            let head = self.layout.interpreter.threads_head;
            let mut state = read_word(memory, interpreter, head)?;
            let mut checkpoint = 0;
            while state != 0 && threads.len() < MAX_THREADS {
                // A list that changes may lead back into itself (Brent's algorithm).
                if state == checkpoint {
                    return Err(invalid("list of threads without an end"));
                }
                if threads.len().is_power_of_two() {
                    checkpoint = state;
                }
                let block = Block::read(memory, state, self.layout.thread_size())?;
                if block.word(layout.interp)? != interpreter {
                    return Err(invalid("thread of another interpreter"));
                }
                let ident = block.word(layout.thread_id)?;
                let tid = match layout.native_thread_id {
                    Some(offset) => tid(block.word(offset)?),
                    None => pthread_tid(memory, ident),
                };
                // A thread that is being started has no identifier yet; it still counts for the bound.
                threads.push(PythonThread {
                    tid: tid.unwrap_or(0),
                    state,
                    ident,
                    interpreter: index,
                });
                state = block.word(layout.next)?;
            }
        }
        threads.retain(|thread| thread.tid != 0);
        Ok(threads)
    }

    /// Returns the identifier of the thread with a `PyThreadState`, or `None` if there is none.
    pub(super) fn tid_of(&self, memory: &dyn Memory, state: u64) -> Option<u32> {
        if let Some(offset) = self.layout.thread.native_thread_id {
            return tid(read_word(memory, state, offset).ok()?);
        }
        let ident = read_word(memory, state, self.layout.thread.thread_id).ok()?;
        pthread_tid(memory, ident)
    }

    /// Returns the addresses of the interpreters, oldest first.
    pub(super) fn interpreters(&self, memory: &dyn Memory) -> io::Result<Vec<u64>> {
        let mut found = Vec::new();
        let mut next = read_word(memory, self.runtime, self.layout.interpreters_head)?;
        while next != 0 && found.len() < MAX_INTERPRETERS {
            found.push(next);
            next = read_word(memory, next, self.layout.interpreter.next)?;
        }
        found.reverse();
        Ok(found)
    }
}

/// Returns the identifier of the thread with a `pthread_t`: up to 3.10, CPython itself keeps none.
fn pthread_tid(memory: &dyn Memory, pthread: u64) -> Option<u32> {
    tid(u64::from(read_int(memory, pthread, PTHREAD_TID).ok()?))
}

fn tid(value: u64) -> Option<u32> {
    u32::try_from(value).ok().filter(|tid| *tid > 0)
}
