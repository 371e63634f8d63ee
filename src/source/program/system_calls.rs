//! The names of system calls, whose numbers differ between architectures and between programs of 64
//! and of 32 bits.

use serde::{Deserialize, Serialize};
use syscalls::{aarch64, arm, x86, x86_64};

/// The machine language of a program, which decides on the meaning of its system calls' numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Abi {
    /// 64-bit programs on x86.
    #[default]
    X86_64,
    /// 32-bit programs on x86.
    X86,
    /// 64-bit programs on ARM.
    Aarch64,
    /// 32-bit programs on ARM.
    Arm,
    /// A machine without a table here: calls have numbers instead of names.
    Other,
}

impl Abi {
    /// Returns the machine language of a program on this machine from the beginning of its file: byte
    /// 4 of an ELF file is its class, 1 for 32 bits (elf(5)).
    pub fn from_elf(header: &[u8]) -> Self {
        let is_short = header.starts_with(b"\x7fELF") && header.get(4) == Some(&1);
        match (cfg!(target_arch = "x86_64"), cfg!(target_arch = "aarch64"), is_short) {
            (true, _, false) => Self::X86_64,
            (true, _, true) => Self::X86,
            (_, true, false) => Self::Aarch64,
            (_, true, true) => Self::Arm,
            _ => Self::Other,
        }
    }

    /// Returns the name of a call.
    pub(super) fn call_name(self, number: u64) -> Option<&'static str> {
        let number = usize::try_from(number).ok()?;
        match self {
            Self::X86_64 => x86_64::Sysno::new(number).map(|call| call.name()),
            Self::X86 => x86::Sysno::new(number).map(|call| call.name()),
            Self::Aarch64 => aarch64::Sysno::new(number).map(|call| call.name()),
            Self::Arm => arm::Sysno::new(number).map(|call| call.name()),
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_has_a_name_on_each_machine() {
        for (abi, number, name) in [
            (Abi::X86_64, 0, Some("read")),
            (Abi::X86_64, 202, Some("futex")),
            (Abi::X86, 3, Some("read")),
            (Abi::X86, 162, Some("nanosleep")),
            (Abi::Aarch64, 63, Some("read")),
            (Abi::Arm, 3, Some("read")),
            (Abi::X86_64, 100_000, None),
            (Abi::Other, 0, None),
        ] {
            assert_eq!(abi.call_name(number), name, "{abi:?} {number}");
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn class_of_the_file_decides_on_the_table() {
        assert_eq!(Abi::from_elf(b"\x7fELF\x02\x01"), Abi::X86_64);
        assert_eq!(Abi::from_elf(b"\x7fELF\x01\x01"), Abi::X86);
        assert_eq!(Abi::from_elf(b"#!/bin/sh\x01"), Abi::X86_64);
    }
}
