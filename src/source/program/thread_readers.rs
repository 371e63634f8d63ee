//! Reads what is known in `/proc` about the threads of a program: their counters, their states, and
//! what they wait for.

use std::collections::HashMap;

use super::accuracy_ladder::Restrictions;
use super::proc_line::{SchedStat, StatLine};
use super::reading::Sight;
use super::switch_records::{RecordRing, RingFailure, RingTarget, open_ring};
use super::system_calls::Abi;
use super::thread_files::{OpenFile, ProcessFiles, ReadFailure, ThreadFile, ThreadFiles};
use super::thread_fold::LiveThread;
use super::wait_reason::{WaitDetail, wanted_detail};
use crate::model::ReasonSource;

/// The ways into the system, which tests replace to make each of them fail.
#[derive(Clone, Copy)]
pub struct SystemAccess {
    /// Opens a ring of records.
    pub open_ring: fn(RingTarget) -> Result<Box<dyn RecordRing>, RingFailure>,
    /// Opens a file of `/proc`.
    pub open_file: OpenFile,
    /// Reads the settings that restrict watching.
    pub restrictions: fn() -> Restrictions,
}

impl Default for SystemAccess {
    fn default() -> Self {
        Self {
            open_ring,
            open_file: |path| std::fs::File::open(path),
            restrictions: Restrictions::read,
        }
    }
}

/// The files of a program's threads and processes.
pub(super) struct ThreadReaders {
    open: OpenFile,
    threads: HashMap<u32, ThreadFiles>,
    processes: HashMap<u32, ProcessFiles>,
    /// The best source of reasons that may be read.
    pub(super) reasons: ReasonSource,
}

impl ThreadReaders {
    pub(super) fn new(open: OpenFile) -> Self {
        let reasons = ReasonSource::Syscall;
        Self { open, threads: HashMap::new(), processes: HashMap::new(), reasons }
    }

    fn thread(&mut self, thread: LiveThread) -> &mut ThreadFiles {
        let LiveThread { pid, tid } = thread;
        let open = self.open;
        self.threads.entry(tid).or_insert_with(|| ThreadFiles::new(pid, tid, open))
    }

    pub(super) fn process(&mut self, pid: u32) -> &mut ProcessFiles {
        let open = self.open;
        self.processes.entry(pid).or_insert_with(|| ProcessFiles::new(pid, open))
    }

    /// Closes the files of a thread that has ended, and those of its process with its first thread.
    pub(super) fn forget(&mut self, tid: u32) {
        self.threads.remove(&tid);
    }

    /// Closes the files of processes without threads.
    pub(super) fn retain_processes(&mut self, lives: impl Fn(u32) -> bool) {
        self.processes.retain(|pid, _| lives(*pid));
    }

    /// Reads again what changes when a process executes another program.
    pub(super) fn renew(&mut self, pid: u32) {
        self.threads.remove(&pid);
        self.process(pid).renew();
    }

    pub(super) fn counters(&mut self, thread: LiveThread) -> Result<SchedStat, ReadFailure> {
        self.thread(thread).counters()
    }

    pub(super) fn stat(&mut self, thread: LiveThread) -> Result<StatLine, ReadFailure> {
        self.thread(thread).stat()
    }

    pub(super) fn text(
        &mut self,
        thread: LiveThread,
        file: ThreadFile,
    ) -> Result<String, ReadFailure> {
        self.thread(thread).read(file)
    }

    /// Finds the best source of reasons that may be read of a thread.
    pub(super) fn probe_reasons(&mut self, thread: LiveThread) {
        let runs = self.stat(thread).is_ok_and(|stat| stat.letter == 'R');
        self.reasons = match self.sight(thread) {
            // A zero hides the function, unless the thread is in none.
            Ok(Sight::Function(function)) if runs || function.trim() != "0" => ReasonSource::Wchan,
            Ok(Sight::Function(_) | Sight::Denied) => ReasonSource::None,
            _ => ReasonSource::Syscall,
        };
    }

    /// Looks at a thread.
    ///
    /// # Errors
    ///
    /// Fails if the thread has ended. What may not be read is a sight too.
    pub(super) fn sight(&mut self, thread: LiveThread) -> Result<Sight, ReadFailure> {
        if self.reasons == ReasonSource::Syscall {
            match self.thread(thread).read(ThreadFile::Syscall) {
                Ok(line) if line.is_empty() => return Err(ReadFailure::Gone),
                Ok(line) => return Ok(self.call_sight(thread, &line)),
                Err(ReadFailure::Gone) if self.exists(thread) => {}
                Err(ReadFailure::Gone) => return Err(ReadFailure::Gone),
                Err(ReadFailure::Denied(_)) => {}
            }
        }
        if self.reasons != ReasonSource::None {
            match self.thread(thread).read(ThreadFile::Wchan) {
                Ok(function) => return Ok(Sight::Function(function)),
                Err(ReadFailure::Gone) if !self.exists(thread) => return Err(ReadFailure::Gone),
                Err(_) => {}
            }
        }
        Ok(Sight::Denied)
    }

    /// Distinguishes a thread that has ended from a kernel without the file.
    fn exists(&mut self, thread: LiveThread) -> bool {
        self.stat(thread).is_ok()
    }

    fn call_sight(&mut self, thread: LiveThread, line: &str) -> Sight {
        let line = line.trim_end().to_owned();
        let process = self.process(thread.pid);
        let abi: Abi = process.abi;
        let (mut owner, mut file) = (None, None);
        match wanted_detail(&line, abi) {
            Some(WaitDetail::Owner { address }) => owner = process.memory_word(address).ok(),
            Some(WaitDetail::File { descriptor }) => file = process.descriptor(descriptor).ok(),
            None => {}
        }
        Sight::Call { line, abi, owner, file }
    }
}
