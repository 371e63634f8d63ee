//! Lines of `/proc/PID/task/TID` (proc(5)), parsed.

use serde::{Deserialize, Serialize};

use crate::model::Nanos;

/// `PF_KTHREAD` of the flags in `stat`: a thread of the kernel.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// The scheduler's counters of a thread, from `schedstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedStat {
    /// The time on a CPU.
    pub on_cpu: Nanos,
    /// The time in which it was ready to run, but no core was free.
    pub no_core: Nanos,
    /// The number of times that it was put on a CPU.
    pub slices: u64,
}

/// The fields of `stat` that watching needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatLine {
    /// The name, of at most 15 bytes. Not safe to print.
    pub name: String,
    /// The letter of the state: `R`, `S`, `D`, `T`, `t`, `Z` …
    pub letter: char,
    /// The ID of the process that created this one.
    pub parent: u32,
    /// The ID of the process group.
    pub group: i32,
    /// `true` for a thread of the kernel.
    pub is_kernel: bool,
}

/// The content of `syscall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallLine {
    /// The thread is on a CPU, or ready to run.
    Running,
    /// The thread is blocked outside of a call: in a page fault.
    OutsideCall,
    /// The thread is blocked in a call.
    InCall {
        /// The number of the call.
        number: u64,
        /// Its arguments.
        arguments: [u64; 6],
    },
}

impl SchedStat {
    /// Parses a line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace().map(|field| field.parse().ok());
        let mut next = || fields.next().flatten();
        Some(Self { on_cpu: Nanos(next()?), no_core: Nanos(next()?), slices: next()? })
    }
}

impl StatLine {
    /// Parses a line. The name, in parentheses, may contain spaces and parentheses.
    pub fn parse(line: &str) -> Option<Self> {
        let (before, after) = line.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        let mut fields = after.split_ascii_whitespace();
        let letter = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let flags: u64 = fields.nth(3)?.parse().ok()?;
        let is_kernel = flags & KERNEL_THREAD != 0;
        Some(Self { name: name.to_owned(), letter, parent, group, is_kernel })
    }
}

impl SyscallLine {
    /// Parses a line.
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let number = match fields.next()? {
            "running" => return Some(Self::Running),
            "-1" => return Some(Self::OutsideCall),
            number => number.parse().ok()?,
        };
        let mut arguments = [0; 6];
        for (argument, field) in arguments.iter_mut().zip(fields) {
            *argument = u64::from_str_radix(field.strip_prefix("0x")?, 16).ok()?;
        }
        Some(Self::InCall { number, arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_parsed() {
        let expected = SchedStat { on_cpu: Nanos(12), no_core: Nanos(3), slices: 4 };
        assert_eq!(SchedStat::parse("12 3 4\n"), Some(expected));
        for line in ["", "12 3", "12 x 4", "-1 3 4"] {
            assert_eq!(SchedStat::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn name_with_spaces_and_parentheses_is_parsed() {
        let line = "17 (a) (b c) S 1 17 17 0 -1 4194304 1 0 0 0";
        let stat = StatLine::parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.letter, stat.is_kernel), ("a) (b c", 'S', false));
        assert_eq!(stat.group, 17);
        let kernel = StatLine::parse("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0").unwrap();
        assert!(kernel.is_kernel);
        for line in ["", "1 a S", "1 (a)", "1 (a) S 1 2 3"] {
            assert_eq!(StatLine::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn calls_are_parsed() {
        let parse = SyscallLine::parse;
        assert_eq!(parse("running\n"), Some(SyscallLine::Running));
        assert_eq!(parse("-1 0x7ffd8c1e0a40 0x7f0d3c1b2f1a\n"), Some(SyscallLine::OutsideCall));
        assert_eq!(parse("-1 0x0 0x0"), Some(SyscallLine::OutsideCall));
        let arguments = [3, 0x7ffc, 0x2000, 0, 0, 0xff];
        let line = "0 0x3 0x7ffc 0x2000 0x0 0x0 0xff 0x7ffc 0x7f0d\n";
        assert_eq!(parse(line), Some(SyscallLine::InCall { number: 0, arguments }));
        for line in ["", "x", "0 3", "0 0xq"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
