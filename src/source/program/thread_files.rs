//! Reads the files of `/proc` about a process and its threads (proc(5)). Files that are read often are
//! kept open, which makes a read four times as fast.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use thiserror::Error;

use super::proc_line::{SchedStat, StatLine};
use super::system_calls::Abi;

/// The maximum length of a line.
const MAX_LINE: usize = 512;

/// The number of links of a process's `task` folder beyond those of its threads.
const FOLDER_LINKS: u64 = 2;

/// The reason why a file of `/proc` could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReadFailure {
    /// The thread has ended.
    #[error("the thread has ended")]
    Gone,
    /// The kernel does not allow it, or has no such file.
    #[error("{0}")]
    Denied(Errno),
}

/// A file in the folder of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadFile {
    /// The scheduler's counters.
    Schedstat,
    /// The system call.
    Syscall,
    /// The kernel function.
    Wchan,
    /// The state, the name and much more.
    Stat,
    /// The name.
    Comm,
    /// The processes that the thread created.
    Children,
}

/// Opens a file for reading.
pub type OpenFile = fn(&Path) -> io::Result<File>;

/// The files of a thread, of which the first three are kept open.
pub struct ThreadFiles {
    folder: PathBuf,
    kept: [Option<File>; 3],
    open: OpenFile,
}

impl From<io::Error> for ReadFailure {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::SRCH | Errno::NOENT) => Self::Gone,
            Some(errno) => Self::Denied(errno),
            None => Self::Denied(Errno::IO),
        }
    }
}

impl ThreadFile {
    const fn name(self) -> &'static str {
        match self {
            Self::Schedstat => "schedstat",
            Self::Syscall => "syscall",
            Self::Wchan => "wchan",
            Self::Stat => "stat",
            Self::Comm => "comm",
            Self::Children => "children",
        }
    }
}

impl ThreadFiles {
    /// Returns the files of a thread. None is opened yet.
    pub fn new(pid: u32, tid: u32, open: OpenFile) -> Self {
        let folder = PathBuf::from(format!("/proc/{pid}/task/{tid}"));
        Self { folder, kept: [None, None, None], open }
    }

    /// Returns the content of a file, up to `MAX_LINE` bytes, with U+FFFD for invalid UTF-8.
    ///
    /// # Errors
    ///
    /// Fails if the thread has ended, or if the file may not be read.
    pub fn read(&mut self, file: ThreadFile) -> Result<String, ReadFailure> {
        let mut buffer = [0; MAX_LINE];
        let length = match self.kept.get_mut(file as usize) {
            Some(Some(kept)) => kept.read_at(&mut buffer, 0)?,
            Some(slot @ None) => {
                let opened = (self.open)(&self.folder.join(file.name()))?;
                let length = opened.read_at(&mut buffer, 0)?;
                *slot = Some(opened);
                length
            }
            None => (self.open)(&self.folder.join(file.name()))?.read_at(&mut buffer, 0)?,
        };
        Ok(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned())
    }

    /// Returns the scheduler's counters.
    pub fn counters(&mut self) -> Result<SchedStat, ReadFailure> {
        // The files of a thread that has ended are empty.
        SchedStat::parse(&self.read(ThreadFile::Schedstat)?).ok_or(ReadFailure::Gone)
    }

    /// Returns the state and the name.
    pub fn stat(&mut self) -> Result<StatLine, ReadFailure> {
        StatLine::parse(&self.read(ThreadFile::Stat)?).ok_or(ReadFailure::Gone)
    }
}

/// The files of a process.
pub struct ProcessFiles {
    folder: PathBuf,
    task: Option<File>,
    memory: Option<Result<File, ReadFailure>>,
    /// The machine language of its program.
    pub abi: Abi,
    open: OpenFile,
}

impl ProcessFiles {
    /// Returns the files of a process.
    pub fn new(pid: u32, open: OpenFile) -> Self {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let task = open(&folder.join("task")).ok();
        let mut files = Self { folder, task, memory: None, abi: Abi::default(), open };
        files.renew();
        files
    }

    /// Reads again what changes when the process executes another program.
    pub fn renew(&mut self) {
        let mut header = [0; 5];
        let file = (self.open)(&self.folder.join("exe"));
        let length = file.and_then(|file| file.read_at(&mut header, 0)).unwrap_or(0);
        self.abi = Abi::from_elf(header.get(..length).unwrap_or_default());
        self.memory = None;
    }

    /// Returns the IDs of the threads.
    pub fn threads(&self) -> Result<Vec<u32>, ReadFailure> {
        let entries = fs::read_dir(self.folder.join("task"))?;
        let number =
            |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
        Ok(entries.filter_map(number).collect())
    }

    /// The number of threads, or `None` if it is not known or the process has ended.
    pub fn thread_count(&self) -> Option<usize> {
        let links = self.task.as_ref()?.metadata().ok()?.nlink();
        usize::try_from(links.checked_sub(FOLDER_LINKS)?).ok()
    }

    /// Opens the memory.
    pub fn open_memory(&mut self) -> Result<(), ReadFailure> {
        self.memory().map(drop)
    }

    /// Returns a 32-bit word of the memory.
    pub fn memory_word(&mut self, address: u64) -> Result<u32, ReadFailure> {
        let mut word = [0; 4];
        self.memory()?.read_exact_at(&mut word, address)?;
        Ok(u32::from_ne_bytes(word))
    }

    /// The memory, which is opened once: a refusal lasts as long as the program.
    fn memory(&mut self) -> Result<&File, ReadFailure> {
        let (open, path) = (self.open, self.folder.join("mem"));
        let memory = self.memory.get_or_insert_with(|| Ok(open(&path)?));
        memory.as_ref().map_err(|failure| *failure)
    }

    /// Returns the target of a file descriptor.
    pub fn descriptor(&self, descriptor: u64) -> Result<String, ReadFailure> {
        let target = fs::read_link(self.folder.join(format!("fd/{descriptor}")))?;
        Ok(target.to_string_lossy().into_owned())
    }
}
