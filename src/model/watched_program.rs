//! The words in which a watched program's events speak of its threads: who they are, what they wait
//! for, the kernel's counters of their time, and how exact all of it is.

use serde::{Deserialize, Serialize};

use super::exactness::Exactness;
use super::identifiers::TaskId;
use super::time::Nanos;

/// A program whose threads are watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedProgram {
    /// The command line, or the name of a process that was running already. Not safe to print.
    pub command: String,
    /// The process ID of its first process; 0 before it is known.
    pub pid: u32,
    /// `true` if the program was running already, so that it continues afterwards.
    pub attached: bool,
    /// The number of cores that it may use.
    pub cores: u16,
}

/// The identity of a thread. The kernel uses thread IDs again, so that a task, not this, identifies
/// a thread in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadIdentity {
    /// The thread ID.
    pub tid: u32,
    /// The process ID.
    pub pid: u32,
    /// The name: the kernel's, of at most 15 bytes, or the one that an interpreter knows. Not safe to
    /// print.
    pub name: String,
}

/// The minimum length of a last word that is taken for a hash.
const MIN_HASH: usize = 8;

/// Returns the name that a thread has in common with others that do the same: without its trailing
/// number (`pool-3-thread-1` is of `pool-3-thread`), without a hash (rustc's `opt 8fpo0s0ti12` is of
/// `opt`) or, as CPython names threads, without the number before the function (`Thread-7 (work)` is
/// of `Thread (work)`).
pub fn name_stem(name: &str) -> String {
    const JOINTS: [char; 7] = ['-', '_', ' ', '#', ':', '/', '.'];
    if let Some((stem, _)) =
        name.rsplit_once(' ').filter(|(stem, last)| !stem.is_empty() && is_hash(last))
    {
        return stem.to_owned();
    }
    let (numbered, function) = match name.rfind(" (").filter(|_| name.ends_with(')')) {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    let kept = numbered.trim_end_matches(|c: char| c.is_ascii_digit());
    if kept.len() == numbered.len() || kept.is_empty() {
        return name.to_owned();
    }
    let stem = kept.trim_end_matches(JOINTS);
    format!("{}{function}", if stem.is_empty() { kept } else { stem })
}

/// Returns `true` for a long word of small letters and digits in which a letter follows a digit.
fn is_hash(word: &str) -> bool {
    let bytes = word.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let is_mixed = |pair: &[u8]| matches!(pair, [b'0'..=b'9', b'a'..=b'z']);
    bytes.len() >= MIN_HASH && bytes.iter().all(is_part) && bytes.windows(2).any(is_mixed)
}

/// The reason for which a thread waits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WaitReason {
    /// The system call, or the kernel function if the call may not be read: `read`, `futex`.
    pub call: String,
    /// The object that the call waits on, if it is known: `pipe`, `mutex`, `GIL`, `condition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The thread that holds the lock, or whose end is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<TaskId>,
}

impl WaitReason {
    /// The value of [`Self::object`] for CPython's GIL.
    pub const GIL: &str = "GIL";

    /// Returns `true` if the thread waits for the GIL.
    pub fn is_gil(&self) -> bool {
        self.object.as_deref() == Some(Self::GIL)
    }
}

/// The kernel's counters of a thread since it was first seen (`/proc/PID/task/TID/schedstat`, and the
/// number of its switches).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadCounters {
    /// The time on a CPU.
    pub on_cpu: Nanos,
    /// The time in which it was ready to run, but no core was free.
    pub no_core: Nanos,
    /// The number of times that it left a CPU.
    pub switches: u64,
    /// The number of those at which it was preempted.
    pub preempted: u64,
}

/// The exactness of the events of a watched program, and the reason why it is not higher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// The exactness of the times at which states begin and end.
    pub edges: Exactness,
    /// The source of the reasons for waiting.
    pub reasons: ReasonSource,
    /// Why the events are not exact, with what would make them so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The source of the reasons for waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonSource {
    /// The system call and its arguments.
    Syscall,
    /// The kernel function.
    Wchan,
    /// The reasons may not be read.
    None,
}

/// The number of an interpreter with a GIL of its own, counted from 0 in the order of discovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterpreterId(pub u16);

/// A CPython interpreter in a watched program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonInterpreter {
    /// The process ID.
    pub pid: u32,
    /// The version: `3.12`.
    pub version: String,
    /// CPython's switch interval, or `None` if it has no GIL or its layout is not known.
    pub switch_interval: Option<Nanos>,
    /// Why there is no GIL to see: a free-threaded build, or an unknown layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A place in the source code of a watched program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CodePlace {
    /// The name of the function. Not safe to print.
    pub function: String,
    /// The path of the file. Not safe to print.
    pub file: String,
    /// The line, if it is known.
    pub line: Option<u32>,
}

/// The CPU quota of a watched program's control group, and its use since the program is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuQuota {
    /// The quota in thousandths of a core.
    pub millicores: u64,
    /// The number of the kernel's periods in which the group wanted to run.
    pub periods: u64,
    /// The number of those in which the quota was used up, so that the group was held back.
    pub used_up: u64,
}

impl CpuQuota {
    /// The quota in cores.
    pub fn cores(self) -> f64 {
        self.millicores as f64 / 1_000.0
    }

    /// The share of the periods in which the quota was used up, 0 to 1.
    pub fn used_up_share(self) -> f64 {
        self.used_up as f64 / self.periods.max(1) as f64
    }
}

/// The cost of watching so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchCost {
    /// The CPU time of this program.
    pub own: Nanos,
    /// The number of switches of the watched threads that the kernel recorded.
    pub recorded_switches: u64,
}

impl WatchCost {
    /// The CPU time that recording one switch costs the watched program: measured with two threads that
    /// pass a byte to and fro on one core.
    pub const PER_SWITCH: Nanos = Nanos(2_200);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stem_of_a_name_lacks_the_number_of_its_thread() {
        assert_eq!(name_stem("pool-3-thread-12"), "pool-3-thread");
        assert_eq!(name_stem("worker_7"), "worker");
        assert_eq!(name_stem("python3"), "python");
        assert_eq!(name_stem("Thread-7 (work)"), "Thread (work)");
        assert_eq!(name_stem("load (a)"), "load (a)");
        assert_eq!(name_stem("opt cgu.07"), "opt cgu");
        assert_eq!(name_stem("42"), "42");
    }

    #[test]
    fn stem_of_a_name_lacks_a_hash() {
        assert_eq!(name_stem("opt 8fpo0s0ti12"), "opt");
        assert_eq!(name_stem("opt 873p0liq2"), "opt");
        assert_eq!(name_stem("C2 CompilerThre"), "C2 CompilerThre");
        assert_eq!(name_stem("audio resampler12"), "audio resampler");
        assert_eq!(name_stem("8fpo0s0ti12"), "8fpo0s0ti");
    }
}
