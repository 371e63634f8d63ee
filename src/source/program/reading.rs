//! Readings: all that is ever read about a watched program, in the order in which it was read. Threads
//! and their states are a fold of them ([`super::thread_fold`]). Written as lines of JSON, they are a
//! tape from which the same events follow on any system.

use serde::{Deserialize, Serialize};

use super::kernel_record::KernelRecord;
use super::proc_line::SchedStat;
use super::system_calls::Abi;
use crate::model::{Accuracy, CodePlace, Nanos, PythonInterpreter};

/// One reading, with its time on the run's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reading", rename_all = "snake_case")]
pub enum Reading {
    /// The method of the following readings.
    Method {
        /// The time.
        at: Nanos,
        /// Their accuracy.
        accuracy: Accuracy,
        /// `true` if the kernel records the switches of a new thread from its birth on.
        from_birth: bool,
    },
    /// The kernel's record of an event.
    Record(KernelRecord),
    /// All records before this time have been read.
    Drained {
        /// The time.
        at: Nanos,
    },
    /// A thread was found to live.
    Found {
        /// The time.
        at: Nanos,
        /// The process ID.
        pid: u32,
        /// The thread ID.
        tid: u32,
        /// The name.
        name: String,
        /// The letter of its state in `stat`.
        letter: char,
        /// Its counters, if they could be read.
        counters: Option<SchedStat>,
    },
    /// A thread's counters.
    Counters {
        /// The time.
        at: Nanos,
        /// The thread ID.
        tid: u32,
        /// The counters.
        counters: SchedStat,
    },
    /// A look at a thread that was blocked by the latest records.
    Look {
        /// The time.
        at: Nanos,
        /// The thread ID.
        tid: u32,
        /// The sight.
        sight: Sight,
    },
    /// The letter of a process's state, which is that of its first thread.
    Letter {
        /// The time.
        at: Nanos,
        /// The process ID.
        pid: u32,
        /// The letter.
        letter: char,
    },
    /// A regular look at a thread whose switches are not recorded.
    Sample {
        /// The time.
        at: Nanos,
        /// The thread ID.
        tid: u32,
        /// Its counters, if they could be read.
        counters: Option<SchedStat>,
        /// The sight.
        sight: Sight,
    },
    /// The name of a thread whose renames are not recorded.
    Name {
        /// The time.
        at: Nanos,
        /// The thread ID.
        tid: u32,
        /// The name.
        name: String,
    },
    /// A thread no longer exists.
    Gone {
        /// The time.
        at: Nanos,
        /// The thread ID.
        tid: u32,
    },
    /// A process was found to be CPython.
    Interpreter {
        /// The time.
        at: Nanos,
        /// The properties of the interpreter that are known.
        found: PythonInterpreter,
        /// Its GIL, or `None` if it has none or it cannot be seen.
        gil: Option<GilAddresses>,
    },
    /// The state of a GIL.
    Gil {
        /// The time.
        at: Nanos,
        /// The process ID.
        pid: u32,
        /// The first address of the GIL, which identifies it in its process.
        address: u64,
        /// The thread that holds it.
        holder: Option<u32>,
        /// The thread that holds it or held it last.
        last_holder: Option<u32>,
        /// The number of times that it went to another thread since the start of the process.
        hand_overs: u64,
    },
    /// A process executes another program, so that its interpreters are gone.
    InterpretersGone {
        /// The time.
        at: Nanos,
        /// The process ID.
        pid: u32,
    },
    /// A thread that CPython knows.
    PythonThread {
        /// The time.
        at: Nanos,
        /// The thread ID.
        tid: u32,
        /// The name that the program gave it, if it was read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The function that it is in, if it was read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<CodePlace>,
    },
}

/// The memory of a GIL: a thread that waits at a futex in it waits for the GIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GilAddresses {
    /// The first address.
    pub start: u64,
    /// The address after the last one.
    pub end: u64,
}

impl GilAddresses {
    /// Returns `true` if an address is in the GIL.
    pub const fn contains(self, address: u64) -> bool {
        self.start <= address && address < self.end
    }
}

impl Reading {
    /// The time of the reading.
    pub const fn at(&self) -> Nanos {
        match self {
            Self::Record(record) => record.at,
            Self::Method { at, .. }
            | Self::Drained { at }
            | Self::Found { at, .. }
            | Self::Counters { at, .. }
            | Self::Look { at, .. }
            | Self::Letter { at, .. }
            | Self::Sample { at, .. }
            | Self::Name { at, .. }
            | Self::Gone { at, .. }
            | Self::Interpreter { at, .. }
            | Self::Gil { at, .. }
            | Self::InterpretersGone { at, .. }
            | Self::PythonThread { at, .. } => *at,
        }
    }
}

/// The visible state of a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// The line of `syscall`.
    Call {
        /// The line.
        line: String,
        /// The machine language of the program.
        abi: Abi,
        /// The word of memory that holds a lock's owner, if it was wanted and could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<u32>,
        /// The target of the file descriptor, if it was wanted and could be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// The kernel function of `wchan`.
    Function(String),
    /// The letter of the state in `stat`.
    Letter(char),
    /// The same as at the last look: the thread has not run since.
    Unchanged,
    /// It may not be read.
    Denied,
}
