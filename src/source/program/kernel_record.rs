//! Records of the kernel about the threads of a program (`perf_event_open(2)`): their switches, births,
//! deaths and names, decoded from the bytes of a ring.

use serde::{Deserialize, Serialize};

use crate::model::Nanos;

/// `PERF_RECORD_LOST`.
const LOST: u32 = 2;
/// `PERF_RECORD_COMM`.
const COMM: u32 = 3;
/// `PERF_RECORD_EXIT`.
const EXIT: u32 = 4;
/// `PERF_RECORD_FORK`.
const FORK: u32 = 7;
/// `PERF_RECORD_SWITCH`.
const SWITCH: u32 = 14;

/// `PERF_RECORD_MISC_SWITCH_OUT` of a switch, `PERF_RECORD_MISC_COMM_EXEC` of a name.
const MISC_OUT_OR_EXEC: u16 = 1 << 13;
/// `PERF_RECORD_MISC_SWITCH_OUT_PREEMPT`.
const MISC_PREEMPTED: u16 = 1 << 14;

/// The length of what `sample_id_all` adds to the end of each record: PID and TID, then the time.
const TRAILER: usize = 16;

/// A record of the kernel about a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelRecord {
    /// The time at which the kernel wrote it.
    pub at: Nanos,
    /// The process ID of the thread.
    pub pid: u32,
    /// The thread ID.
    pub tid: u32,
    /// The event.
    #[serde(flatten)]
    pub kind: RecordKind,
}

/// The event that a [`KernelRecord`] reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum RecordKind {
    /// The thread was put on a CPU.
    SwitchIn,
    /// The thread left its CPU.
    SwitchOut {
        /// `true` if it could have gone on, `false` if it waits for something.
        preempted: bool,
    },
    /// The thread was created.
    Fork {
        /// The process ID of its creator.
        parent_pid: u32,
        /// The thread ID of its creator.
        parent_tid: u32,
    },
    /// The thread ended.
    Exit,
    /// The thread has another name.
    Renamed {
        /// The name.
        name: String,
        /// `true` if the process executes another program.
        exec: bool,
    },
    /// Records were lost because the ring was full.
    Lost {
        /// The number of lost records.
        count: u64,
        /// The time of the last record before the loss.
        since: Nanos,
        /// `true` if only records of this thread can be among them.
        one_thread: bool,
    },
}

impl KernelRecord {
    /// Decodes a record from its type, its flags and the bytes after its header, which end with the
    /// trailer of `PERF_SAMPLE_TID | PERF_SAMPLE_TIME`. Returns `None` for other types of record and
    /// for one that is too short.
    pub fn parse(kind: u32, misc: u16, body: &[u8]) -> Option<Self> {
        let own = body.len().checked_sub(TRAILER)?;
        let (body, trailer) = body.split_at_checked(own)?;
        let (pid, tid, at) = (u32_at(trailer, 0)?, u32_at(trailer, 4)?, u64_at(trailer, 8)?);
        let record = |pid, tid, at, kind| Some(Self { at: Nanos(at), pid, tid, kind });
        let is_marked = misc & MISC_OUT_OR_EXEC != 0;
        match kind {
            SWITCH if is_marked => {
                let preempted = misc & MISC_PREEMPTED != 0;
                record(pid, tid, at, RecordKind::SwitchOut { preempted })
            }
            SWITCH => record(pid, tid, at, RecordKind::SwitchIn),
            FORK => {
                let kind = RecordKind::Fork {
                    parent_pid: u32_at(body, 4)?,
                    parent_tid: u32_at(body, 12)?,
                };
                record(u32_at(body, 0)?, u32_at(body, 8)?, u64_at(body, 16)?, kind)
            }
            EXIT => record(u32_at(body, 0)?, u32_at(body, 8)?, u64_at(body, 16)?, RecordKind::Exit),
            COMM => {
                let name = body.get(8..)?.split(|byte| *byte == 0).next()?;
                let name = String::from_utf8_lossy(name).into_owned();
                let kind = RecordKind::Renamed { name, exec: is_marked };
                record(u32_at(body, 0)?, u32_at(body, 4)?, at, kind)
            }
            LOST => {
                let count = u64_at(body, 8)?;
                let kind = RecordKind::Lost { count, since: Nanos(at), one_thread: false };
                record(pid, tid, at, kind)
            }
            _ => None,
        }
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().copied().map(u64::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the bytes of 32-bit words, then of 64-bit words.
    fn bytes(words: &[u32], long_words: &[u64]) -> Vec<u8> {
        let words = words.iter().flat_map(|word| word.to_ne_bytes());
        words.chain(long_words.iter().flat_map(|word| word.to_ne_bytes())).collect()
    }

    fn record(at: u64, kind: RecordKind) -> KernelRecord {
        KernelRecord { at: Nanos(at), pid: 7, tid: 8, kind }
    }

    #[test]
    fn each_type_of_record_is_decoded() {
        let trailer = bytes(&[7, 8], &[500]);
        let parse =
            |kind, misc, body: &[u8]| KernelRecord::parse(kind, misc, &[body, &trailer].concat());
        assert_eq!(parse(14, 0, &[]), Some(record(500, RecordKind::SwitchIn)));
        let blocked = RecordKind::SwitchOut { preempted: false };
        assert_eq!(parse(14, 1 << 13, &[]), Some(record(500, blocked)));
        let preempted = RecordKind::SwitchOut { preempted: true };
        assert_eq!(parse(14, 3 << 13, &[]), Some(record(500, preempted)));
        let task = bytes(&[7, 3, 8, 4], &[400]);
        let fork = RecordKind::Fork { parent_pid: 3, parent_tid: 4 };
        assert_eq!(parse(7, 0, &task), Some(record(400, fork)));
        assert_eq!(parse(4, 0, &task), Some(record(400, RecordKind::Exit)));
        let renamed = |exec| RecordKind::Renamed { name: "a b".to_owned(), exec };
        let comm = [bytes(&[7, 8], &[]), b"a b\0\0\0\0\0".to_vec()].concat();
        assert_eq!(parse(3, 0, &comm), Some(record(500, renamed(false))));
        assert_eq!(parse(3, 1 << 13, &comm), Some(record(500, renamed(true))));
        let lost = RecordKind::Lost { count: 12, since: Nanos(500), one_thread: false };
        assert_eq!(parse(2, 0, &bytes(&[], &[1, 12])), Some(record(500, lost)));
        assert_eq!(parse(9, 0, &task), None);
    }

    #[test]
    fn short_record_is_dropped() {
        for kind in 0..20 {
            for length in 0..48 {
                let record = KernelRecord::parse(kind, u16::MAX, &vec![0xff; length]);
                assert!(length >= TRAILER || record.is_none(), "type {kind}, {length} bytes");
            }
        }
    }
}
