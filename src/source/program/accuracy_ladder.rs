//! The sentences about how exactly a program can be watched, and what would change that.

use rustix::io::Errno;

use super::switch_records::RingFailure;
use crate::http::system_limits::shortage;

/// The highest value of `kernel.perf_event_paranoid` that lets a user record switches.
const MAX_PARANOID: i32 = 2;

/// The settings of the system that restrict watching, as far as they can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Option<i32>,
    /// `kernel.yama.ptrace_scope`.
    pub ptrace_scope: Option<i32>,
}

impl Restrictions {
    /// Reads the settings.
    pub fn read() -> Self {
        let setting = |path| std::fs::read_to_string(path).ok()?.trim().parse().ok();
        Self {
            perf_event_paranoid: setting("/proc/sys/kernel/perf_event_paranoid"),
            ptrace_scope: setting("/proc/sys/kernel/yama/ptrace_scope"),
        }
    }

    /// Says why switches cannot be recorded, and what would change that.
    pub fn explain_rings(self, failure: RingFailure) -> String {
        let paranoid = self.perf_event_paranoid.filter(|&value| value > MAX_PARANOID);
        match (failure, paranoid) {
            (RingFailure::Event(Errno::ACCESS | Errno::PERM), Some(value)) => format!(
                "kernel.perf_event_paranoid is {value}; \
                 sudo sysctl kernel.perf_event_paranoid={MAX_PARANOID} makes it exact"
            ),
            (RingFailure::Event(Errno::ACCESS), None) => {
                "the program is another user's, or protects itself; run threadline as its user \
                 or with sudo"
                    .to_owned()
            }
            (RingFailure::Event(Errno::PERM), None) => {
                "a security policy forbids perf_event_open, as in most containers; run threadline \
                 outside of the container, or start the container with --cap-add PERFMON"
                    .to_owned()
            }
            (RingFailure::Event(Errno::NOSYS | Errno::NOENT | Errno::OPNOTSUPP), _) => {
                "this kernel cannot record switches; use one with CONFIG_PERF_EVENTS".to_owned()
            }
            (RingFailure::Memory(Errno::PERM), _) => {
                "the memory for recording each thread exceeds the limit of locked memory; raise it \
                 with ulimit -l unlimited"
                    .to_owned()
            }
            (RingFailure::Event(errno) | RingFailure::Memory(errno), _) => {
                match shortage(&std::io::Error::from(errno)) {
                    Some(shortage) => format!("{shortage}; raise the limit"),
                    None => format!("switches cannot be recorded: {errno}"),
                }
            }
        }
    }

    /// Says why system calls cannot be read, and what would change that.
    pub fn explain_calls(self) -> String {
        format!("system calls may not be read: {}", self.explain_reads())
    }

    /// Says why a program's calls and memory cannot be read, and what would change that.
    pub fn explain_reads(self) -> String {
        match self.ptrace_scope {
            Some(scope @ 1..) => format!(
                "kernel.yama.ptrace_scope is {scope}; sudo sysctl kernel.yama.ptrace_scope=0 allows it"
            ),
            _ => {
                "the program is another user's, or protects itself; run threadline as its user or \
                  with sudo"
                    .to_owned()
            }
        }
    }
}

/// Says why switches are no longer recorded.
pub fn explain_retreat(switches_per_second: u64) -> String {
    format!(
        "the program switches {switches_per_second} times a second, and recording that would slow it \
         down by more than 5 % of a core"
    )
}
