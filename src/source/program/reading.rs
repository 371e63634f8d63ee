//! Readings: all that is ever read about a watched program, in the order in which it was read. Threads
//! and their states are a fold of them ([`super::thread_fold`]). Written as lines of JSON, they are a
//! tape from which the same events follow on any system.

use serde::{Deserialize, Serialize};

use super::kernel_record::KernelRecord;
use super::proc_line::SchedStat;
use super::system_calls::Abi;
use crate::model::{Accuracy, Nanos};

/// One reading, with its time on the run's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reading", rename_all = "snake_case")]
pub enum Reading {
    /// How the following readings are made.
    Method {
        /// The time.
        at: Nanos,
        /// How exact they are.
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
        /// What was seen.
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
        /// What was seen.
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
            | Self::Gone { at, .. } => *at,
        }
    }
}

/// What was seen of a thread.
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
