//! Watches the CPython processes of a program: looks for an interpreter in each new process, then reads
//! the holder of its GIL at each poll, the functions of its threads 20 times a second, and their names
//! while some are not known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::python::{
    CodeCache, GilReading, Interpreter, ProcessMemory, PythonError, PythonFunction, PythonThread,
    namespace_tids,
};
use super::reading::{GilAddresses, Reading};
use super::thread_fold::ThreadFold;
use crate::model::{CodePlace, Event, Nanos, PythonInterpreter};
use crate::source::Clock;

/// The time between the first two looks for an interpreter. Each later one is twice as long.
const FIRST_INTERVAL: Nanos = Nanos::from_millis(2);
/// The maximum time between two looks for an interpreter.
const MAX_INTERVAL: Nanos = Nanos::from_millis(30_000);
/// The number of failures after which a process is not tried again: one that is just starting or ending
/// may look like one with another layout.
const MAX_FAILURES: u8 = 3;

/// The time between two looks at the functions of threads.
const FUNCTION_INTERVAL: Nanos = Nanos::from_millis(50);
/// The same after a thread was born.
const BIRTH_INTERVAL: Nanos = Nanos::from_millis(10);
/// The minimum time between two searches for names.
const NAME_INTERVAL: Nanos = Nanos::from_millis(100);
/// The same after several searches that found none: a second between two.
const MAX_NAME_INTERVAL: Nanos = Nanos::from_millis(1_000);
/// The ratio of the time between two passes to that which one takes: 1 % of a core.
const PASS_RATIO: u64 = 100;

/// The interpreters of a program, by process.
#[derive(Default)]
pub(super) struct PythonWatch {
    processes: HashMap<u32, ProcessWatch>,
}

/// The knowledge about a process.
enum ProcessWatch {
    /// No interpreter has been found so far.
    Wanted(Search),
    Found(Box<PythonReader>),
    /// There is no GIL to see, which has been told.
    Settled,
}

/// The search for an interpreter in a process.
#[derive(Clone, Copy)]
struct Search {
    next: Nanos,
    interval: Nanos,
    failures: u8,
}

/// A CPython process.
struct PythonReader {
    pid: u32,
    interpreter: Interpreter,
    memory: ProcessMemory,
    tids: ThreadIds,
    cache: CodeCache,
    /// The addresses of the GILs that have been told.
    gils: HashSet<u64>,
    next_functions: Nanos,
    next_names: Nanos,
    name_interval: Nanos,
    /// The number of births in the program at the last look at the functions.
    births: u32,
    failures: u8,
}

/// The thread IDs of a process by those that it knows itself.
struct ThreadIds {
    pid: u32,
    /// `None` if they are the same.
    by_own: Option<BTreeMap<u32, u32>>,
    next: Nanos,
}

/// The receiver of readings.
struct ReadingSink<'a> {
    clock: &'a Clock,
    fold: &'a mut ThreadFold,
    emit: &'a mut dyn FnMut(Event),
}

impl ReadingSink<'_> {
    fn apply(&mut self, reading: &Reading) {
        self.fold.apply(reading, self.emit);
    }
}

impl PythonWatch {
    /// Forgets what is known of a process, because it executes another program.
    pub(super) fn renew(&mut self, pid: u32) {
        self.processes.remove(&pid);
    }

    /// Reads what is due. A GIL is read each time.
    pub(super) fn poll(
        &mut self,
        clock: &Clock,
        fold: &mut ThreadFold,
        emit: &mut dyn FnMut(Event),
    ) {
        let live: Vec<u32> = fold.live_processes().collect();
        self.processes.retain(|pid, _| fold.process_threads(*pid) > 0);
        let mut sink = ReadingSink { clock, fold, emit };
        for pid in live {
            let search = Search { next: Nanos::ZERO, interval: FIRST_INTERVAL, failures: 0 };
            let process = self.processes.entry(pid).or_insert(ProcessWatch::Wanted(search));
            match process {
                ProcessWatch::Wanted(search) => {
                    if let Some(next) = search.look(pid, &mut sink) {
                        *process = next;
                    }
                }
                ProcessWatch::Found(reader) => {
                    if !reader.read(&mut sink) {
                        let at = sink.clock.now();
                        sink.apply(&Reading::InterpretersGone { at, pid });
                        *process = ProcessWatch::Wanted(search);
                    }
                }
                ProcessWatch::Settled => {}
            }
        }
    }
}

impl Search {
    /// Looks for an interpreter if it is time. Returns what has become of the process, if that is
    /// known.
    fn look(&mut self, pid: u32, sink: &mut ReadingSink<'_>) -> Option<ProcessWatch> {
        let now = sink.clock.now();
        if now < self.next {
            return None;
        }
        self.next = now + self.interval;
        self.interval = Nanos(self.interval.0 * 2).min(MAX_INTERVAL);
        let (version, why) = match Interpreter::find(pid) {
            Ok(None) => return None,
            Ok(Some(found)) if found.is_free_threaded() => {
                (found.version().to_string(), "free-threaded build: no GIL".to_owned())
            }
            Ok(Some(found)) => {
                let memory = ProcessMemory::open(pid).ok()?;
                let mut reader = PythonReader::new(pid, found, memory);
                reader.read(sink);
                return Some(ProcessWatch::Found(Box::new(reader)));
            }
            Err(error) => {
                self.failures += 1;
                if self.failures < MAX_FAILURES {
                    return None;
                }
                match &error {
                    PythonError::UnknownLayout { version } => {
                        (version.to_string(), "unknown layout: threads without GIL".to_owned())
                    }
                    // The memory of any program may not be read.
                    _ if !is_called_python(pid) => return Some(ProcessWatch::Settled),
                    _ => ("3".to_owned(), error.to_string()),
                }
            }
        };
        let found = PythonInterpreter { pid, version, switch_interval: None, why: Some(why) };
        sink.apply(&Reading::Interpreter { at: now, found, gil: None });
        Some(ProcessWatch::Settled)
    }
}

impl PythonReader {
    fn new(pid: u32, interpreter: Interpreter, memory: ProcessMemory) -> Self {
        Self {
            pid,
            interpreter,
            memory,
            tids: ThreadIds::new(pid),
            cache: CodeCache::default(),
            gils: HashSet::new(),
            next_functions: Nanos::ZERO,
            next_names: Nanos::ZERO,
            name_interval: NAME_INTERVAL,
            births: 0,
            failures: 0,
        }
    }

    /// Reads what is due. Returns `false` if the interpreter is gone.
    fn read(&mut self, sink: &mut ReadingSink<'_>) -> bool {
        match self.interpreter.gils(&self.memory) {
            Ok(gils) => {
                self.failures = 0;
                for gil in gils {
                    self.tell_gil(&gil, sink);
                }
            }
            Err(_) => self.failures += 1,
        }
        let now = sink.clock.now();
        let births = sink.fold.birth_count();
        if births != self.births {
            self.births = births;
            self.next_functions = self.next_functions.min(now + BIRTH_INTERVAL);
            self.name_interval = NAME_INTERVAL;
        }
        if now >= self.next_functions && self.read_threads(sink).is_err() {
            self.next_functions = now + FUNCTION_INTERVAL;
        }
        self.failures < MAX_FAILURES
    }

    fn tell_gil(&mut self, gil: &GilReading, sink: &mut ReadingSink<'_>) {
        let (at, pid) = (sink.clock.now(), self.pid);
        let address = gil.addresses.start;
        if self.gils.insert(address) {
            let found = PythonInterpreter {
                pid,
                version: self.interpreter.version().to_string(),
                switch_interval: Some(Nanos(gil.switch_interval_us.saturating_mul(1_000))),
                why: None,
            };
            let gil = Some(GilAddresses { start: address, end: gil.addresses.end });
            sink.apply(&Reading::Interpreter { at, found, gil });
        }
        let mut outer = |tid: Option<u32>| tid.and_then(|tid| self.tids.outer(tid, at));
        let reading = Reading::Gil {
            at,
            pid,
            address,
            holder: outer(gil.holder),
            last_holder: outer(gil.last_holder),
            hand_overs: gil.hand_overs,
        };
        sink.apply(&reading);
    }

    /// Reads the functions of the threads that do something, and the names of those without one.
    fn read_threads(&mut self, sink: &mut ReadingSink<'_>) -> io::Result<()> {
        let start = sink.clock.now();
        let threads = self.interpreter.threads(&self.memory)?;
        let mut are_named = true;
        for thread in &threads {
            let Some(tid) = self.tids.outer(thread.tid, start) else { continue };
            are_named &= !sink.fold.lacks_python_name(tid);
            if sink.fold.wants_function(tid) {
                self.tell_function(tid, thread, sink);
            }
        }
        self.next_functions = next_pass(sink.clock.now(), start, FUNCTION_INTERVAL);
        if are_named || start < self.next_names {
            return Ok(());
        }
        let names_start = sink.clock.now();
        let names = self.interpreter.thread_names(&self.memory, &threads);
        let has_news = names.is_ok_and(|names| self.tell_names(names, sink));
        self.name_interval = if has_news {
            NAME_INTERVAL
        } else {
            Nanos(self.name_interval.0 * 2).min(MAX_NAME_INTERVAL)
        };
        self.next_names = next_pass(sink.clock.now(), names_start, self.name_interval);
        Ok(())
    }

    fn tell_function(&mut self, tid: u32, thread: &PythonThread, sink: &mut ReadingSink<'_>) {
        let function = self.interpreter.innermost_function(&self.memory, thread, &mut self.cache);
        let place = function.ok().flatten().as_ref().map(code_place);
        let at = sink.clock.now();
        sink.apply(&Reading::PythonThread { at, tid, name: None, place });
    }

    /// Returns `true` if there is a name that was not known.
    fn tell_names(&mut self, names: HashMap<u32, String>, sink: &mut ReadingSink<'_>) -> bool {
        let at = sink.clock.now();
        let mut has_news = false;
        for (tid, name) in names {
            let Some(tid) = self.tids.outer(tid, at) else { continue };
            if sink.fold.lacks_python_name(tid) {
                has_news = true;
                let name = Some(name);
                sink.apply(&Reading::PythonThread { at, tid, name, place: None });
            }
        }
        has_news
    }
}

impl ThreadIds {
    fn new(pid: u32) -> Self {
        let by_own = namespace_tids(pid);
        let are_same = by_own.iter().all(|(own, tid)| own == tid);
        Self { pid, by_own: (!are_same).then_some(by_own), next: Nanos::ZERO }
    }

    /// Returns the thread ID of a thread that the process knows by another one.
    fn outer(&mut self, own: u32, now: Nanos) -> Option<u32> {
        let Some(by_own) = &mut self.by_own else { return Some(own) };
        if !by_own.contains_key(&own) && now >= self.next {
            self.next = now + FUNCTION_INTERVAL;
            *by_own = namespace_tids(self.pid);
        }
        by_own.get(&own).copied()
    }
}

/// Returns the time of the next pass after one from `start` to `now`: after `shortest`, or later if the
/// pass took long.
fn next_pass(now: Nanos, start: Nanos, shortest: Nanos) -> Nanos {
    now + Nanos(now.since(start).0.saturating_mul(PASS_RATIO)).max(shortest)
}

/// Returns the place of a function: the line of its definition, so that all of its time counts for one
/// place. The code of a module begins at its first line, which says nothing: there it is the line that
/// runs.
fn code_place(function: &PythonFunction) -> CodePlace {
    let line = match &*function.name {
        "<module>" => function.line,
        _ => Some(function.first_line),
    };
    CodePlace { function: function.name.to_string(), file: function.file.to_string(), line }
}

/// Returns `true` if the name of a process is that of CPython.
fn is_called_python(pid: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.starts_with("python")
}
