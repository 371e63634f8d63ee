//! Reads a running CPython from outside: who holds the GIL, which threads there are, what they are
//! called, and which function each is in.
//!
//! The target does not notice: its memory is read as it is ([`Memory`]), by the layouts of CPython
//! 3.8 to 3.12 and, from 3.13 on, by the offsets that the runtime itself has for that purpose.
//! No reading is believed unchecked: [`Interpreter::find`] compares the threads that it
//! finds with those of the system, all loops and lengths are bounded, and all arithmetic is checked.
//!
//! A free-threaded build has no GIL ([`Interpreter::is_free_threaded`]). On other systems than Linux
//! there is nothing that finds an interpreter.

mod debug_offsets;
mod dictionary;
#[cfg(any(target_os = "linux", test))]
mod elf;
mod frames;
mod gil_reading;
mod layout;
mod line_table;
mod memory;
#[cfg(target_os = "linux")]
mod process_memory;
mod text_object;
mod thread_names;
mod thread_states;

use std::fmt;
use std::io;

pub use frames::{CodeCache, PythonFunction};
pub use gil_reading::GilReading;
pub use memory::Memory;
#[cfg(target_os = "linux")]
pub use process_memory::{ProcessMemory, namespace_tids};
pub use thread_states::PythonThread;

use debug_offsets::DebugOffsets;
use layout::Layout;
use memory::read_word;
use thread_states::MAX_TRIES;

/// The runtime of CPython in a process, with all its interpreters.
#[derive(Clone, Debug)]
pub struct Interpreter {
    version: PythonVersion,
    free_threaded: bool,
    /// The address of `_PyRuntime`.
    runtime: u64,
    layout: Layout,
}

/// The place of a runtime in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeLocation {
    /// The address of `_PyRuntime`.
    pub address: u64,
    /// The version by the file that holds it, for runtimes that do not state their own.
    pub version: Option<PythonVersion>,
}

/// A version of CPython.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PythonVersion {
    /// 3.
    pub major: u8,
    /// 11 in 3.11.7.
    pub minor: u8,
    /// 7 in 3.11.7. `None` if only the minor version is known: up to 3.10.
    pub micro: Option<u8>,
}

/// A reason why an interpreter cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// The user may not read the memory of the process.
    #[error(
        "cannot read the memory of process {pid}: {}; start the program with threadline, or run \
         threadline as root",
        source.kind()
    )]
    NotPermitted {
        /// The process.
        pid: u32,
        /// The error of the system.
        source: io::Error,
    },
    /// The version is too old or too new, or a build with other structures.
    #[error("CPython {version}: unknown layout")]
    UnknownLayout {
        /// The version, as far as it is known.
        version: PythonVersion,
    },
    /// A machine other than x86-64.
    #[error("CPython for another machine than x86-64: unknown layout")]
    UnknownMachine,
    /// The file of the runtime was deleted or replaced since the process was started.
    #[error("{path} was replaced since the program was started; restart the program")]
    Replaced {
        /// The file.
        path: String,
    },
    /// Another error of the system.
    #[error("cannot read process {pid}: {}", source.kind())]
    Unreadable {
        /// The process.
        pid: u32,
        /// The error of the system.
        source: io::Error,
    },
}

impl Interpreter {
    /// Returns the runtime at a location, once it is ready: `None` before the first interpreter is
    /// made, after the last one is gone, and when the process ends.
    ///
    /// `tids` returns the identifiers of the threads of the process at the moment, as the
    /// process itself sees them.
    ///
    /// # Errors
    ///
    /// Returns [`PythonError::UnknownLayout`] if the version is unknown, or if the memory is not as the
    /// layout of the version says.
    pub fn at(
        memory: &dyn Memory,
        location: RuntimeLocation,
        tids: &dyn Fn() -> Vec<u32>,
    ) -> Result<Option<Self>, PythonError> {
        let runtime = location.address;
        if read_word(memory, runtime, 0).is_err() {
            return Ok(None);
        }
        let interpreter = if let Some(offsets) = DebugOffsets::read(memory, runtime)? {
            let DebugOffsets { version, free_threaded, layout } = offsets;
            Self { version, free_threaded, runtime, layout }
        } else {
            let version = location.version.unwrap_or(PythonVersion::UNKNOWN);
            let layout = if version.major == 3 { Layout::of_minor(version.minor) } else { None };
            let layout = layout.ok_or(PythonError::UnknownLayout { version })?;
            Self { version, free_threaded: false, runtime, layout }
        };
        match interpreter.check(memory, tids) {
            // Not another layout, but a process that ends.
            Err(_) if read_word(memory, runtime, 0).is_err() => Ok(None),
            is_ready => Ok(is_ready?.then_some(interpreter)),
        }
    }

    /// The place of the runtime, with the version that is known of it.
    pub const fn location(&self) -> RuntimeLocation {
        RuntimeLocation { address: self.runtime, version: Some(self.version) }
    }

    /// The version of CPython.
    pub const fn version(&self) -> PythonVersion {
        self.version
    }

    /// Returns `true` if this is a build without a GIL.
    pub const fn is_free_threaded(&self) -> bool {
        self.free_threaded
    }

    /// Returns `true` if the interpreter is ready, `false` if it is not yet.
    fn check(&self, memory: &dyn Memory, tids: &dyn Fn() -> Vec<u32>) -> Result<bool, PythonError> {
        let unknown = || PythonError::UnknownLayout { version: self.version };
        if self.interpreters(memory).map_err(|_unreadable| unknown())?.is_empty() {
            return Ok(false);
        }
        if !self.check_gils(memory)? {
            return Ok(false);
        }
        // A thread may be born or die between the two lists.
        for _ in 0..MAX_TRIES {
            let threads = self.threads(memory).map_err(|_unreadable| unknown())?;
            let system = tids();
            if threads.iter().all(|thread| system.contains(&thread.tid)) {
                return Ok(!threads.is_empty());
            }
        }
        Err(unknown())
    }
}

impl PythonVersion {
    const UNKNOWN: Self = Self { major: 3, minor: 0, micro: None };

    /// Returns the version in the form of `Py_Version`: `0x030b07f0` is 3.11.7.
    pub(crate) const fn from_hex(hex: u64) -> Self {
        let [_, micro, minor, major, ..] = hex.to_le_bytes();
        Self { major, minor, micro: Some(micro) }
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        match self {
            Self { minor: 0, .. } => Ok(()),
            Self { minor, micro: None, .. } => write!(f, ".{minor}"),
            Self { minor, micro: Some(micro), .. } => write!(f, ".{minor}.{micro}"),
        }
    }
}
