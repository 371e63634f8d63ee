//! Watches the threads of a program: records of the kernel if they may be had, regular looks at each
//! thread if not. What is read becomes events by way of [`ThreadFold`].

mod drain_pace;
mod recorded;
mod sampled;

use std::time::Duration;

use rustix::process::Pid;
use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;

use super::accuracy_ladder::explain_retreat;
use super::cpu_quota::QuotaReader;
use super::kernel_record::KernelRecord;
use super::python_watch::PythonWatch;
use super::reading::Reading;
use super::switch_records::{RecordRing, RingFailure};
use super::thread_fold::{LiveThread, ThreadFold};
use super::thread_readers::{SystemAccess, ThreadReaders};
use crate::model::{Accuracy, Event, EventKind, Exactness, LaneId, Nanos, ReasonSource, WatchCost};
use crate::source::Clock;
use drain_pace::{DrainPace, MAX_PROGRAM_COST};

/// The time between two measurements of the cost.
const COST_INTERVAL: Nanos = Nanos::from_millis(1_000);

/// The time between two looks at the state of each process.
const LETTER_INTERVAL: Nanos = Nanos::from_millis(100);

/// The ratio of that time to what such a look takes, if that is longer: 2 % of a core.
const LETTER_RATIO: u64 = 50;

/// The reason why a process cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttachError {
    /// No process has the ID.
    #[error("cannot watch process {pid}: no such process; find its ID with ps or pgrep")]
    NoProcess {
        /// The ID.
        pid: u32,
    },
    /// The process is a thread of the kernel.
    #[error("cannot watch process {pid}: it is a thread of the kernel, not a program")]
    KernelThread {
        /// The ID.
        pid: u32,
    },
    /// The process has ended, but its parent has not taken notice.
    #[error("cannot watch process {pid}: it has ended")]
    Ended {
        /// The ID.
        pid: u32,
    },
    /// Not even the states of the process may be read.
    #[error("cannot watch process {pid}: {failure}; run threadline as its user or with sudo")]
    Unreadable {
        /// The ID.
        pid: u32,
        /// The reason.
        failure: super::thread_files::ReadFailure,
    },
}

/// The state of watching after a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollStatus {
    /// The time until the next poll.
    pub wait: Duration,
    /// `true` while the program has threads.
    pub threads_alive: bool,
}

/// The method by which the program is watched.
enum Method {
    /// By the kernel's records.
    Recorded { rings: Vec<ThreadRing>, pending: Vec<KernelRecord>, per_thread: bool, turn: usize },
    /// By looks at each thread.
    Sampled,
}

/// A ring, with the thread that it is about if it is about one alone.
struct ThreadRing {
    tid: Option<u32>,
    ring: Box<dyn RecordRing>,
    /// The number of drains since it last had a record.
    quiet: u8,
}

impl ThreadRing {
    fn new(tid: Option<u32>, ring: Box<dyn RecordRing>) -> Self {
        Self { tid, ring, quiet: 0 }
    }
}

/// The observer of one program. It is used by one thread, whose CPU time is its cost.
pub struct Observer {
    pid: u32,
    clock: Clock,
    /// The zero of the clock on the kernel's.
    zero: Nanos,
    system: SystemAccess,
    readers: ThreadReaders,
    fold: ThreadFold,
    python: PythonWatch,
    method: Method,
    accuracy: Accuracy,
    /// `true` until the accuracy is sent.
    is_new: bool,
    /// `true` until a held process executes its program.
    is_held: bool,
    /// The arguments of a held process before that.
    held_command: Vec<u8>,
    /// The process group of a held process, if it leads one.
    group: Option<Pid>,
    /// The other processes to begin with: those that a running process has created.
    children: Vec<u32>,
    pace: DrainPace,
    next_letters: Nanos,
    next_cost: Nanos,
    measured: Measurement,
    quota: Option<QuotaReader>,
}

/// The sums at the last measurement of the cost.
#[derive(Clone, Copy, Debug, Default)]
struct Measurement {
    at: Nanos,
    own: Nanos,
    switches: u64,
}

impl Observer {
    /// Watches a process that has stopped itself before it executes a program: from that moment on,
    /// nothing is missed. If the kernel does not allow that, it is watched less exactly.
    pub fn held(pid: u32, clock: &Clock) -> Self {
        Self::held_with(pid, clock, SystemAccess::default())
    }

    /// Watches a held process by other ways into the system.
    pub fn held_with(pid: u32, clock: &Clock, system: SystemAccess) -> Self {
        let mut observer = Self::new(pid, clock, system);
        observer.is_held = true;
        observer.held_command = command_line(pid);
        observer.group = i32::try_from(pid).ok().and_then(Pid::from_raw);
        observer.readers.probe_reasons(LiveThread { pid, tid: pid });
        let rings = observer.open_cpu_rings();
        observer.begin(rings, false);
        observer
    }

    /// Watches a process that runs already.
    ///
    /// # Errors
    ///
    /// Fails if there is no such process, or if not even the states of its threads may be read.
    pub fn attached(pid: u32, clock: &Clock) -> Result<Self, AttachError> {
        Self::attached_with(pid, clock, SystemAccess::default())
    }

    /// Watches a running process by other ways into the system.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::attached`] does.
    pub fn attached_with(
        pid: u32,
        clock: &Clock,
        system: SystemAccess,
    ) -> Result<Self, AttachError> {
        use super::thread_files::ReadFailure;

        let mut observer = Self::new(pid, clock, system);
        let first = LiveThread { pid, tid: pid };
        let stat = observer.readers.stat(first).map_err(|failure| match failure {
            ReadFailure::Gone => AttachError::NoProcess { pid },
            ReadFailure::Denied(_) => AttachError::Unreadable { pid, failure },
        })?;
        if stat.is_kernel {
            return Err(AttachError::KernelThread { pid });
        }
        let threads = observer.readers.process(pid).threads();
        let threads = threads.map_err(|failure| AttachError::Unreadable { pid, failure })?;
        if matches!(stat.letter, 'Z' | 'X') && threads.len() <= 1 {
            return Err(AttachError::Ended { pid });
        }
        observer.readers.probe_reasons(first);
        let rings = observer.open_thread_rings();
        observer.begin(rings, true);
        Ok(observer)
    }

    fn new(pid: u32, clock: &Clock, system: SystemAccess) -> Self {
        let edges = Exactness::Exact;
        Self {
            pid,
            clock: clock.clone(),
            zero: clock.zero().unwrap_or_default(),
            system,
            readers: ThreadReaders::new(system.open_file),
            fold: ThreadFold::default(),
            python: PythonWatch::default(),
            method: Method::Sampled,
            accuracy: Accuracy { edges, reasons: ReasonSource::Syscall, why: None },
            is_new: true,
            is_held: false,
            held_command: Vec::new(),
            group: None,
            children: Vec::new(),
            pace: DrainPace::of_samples(),
            next_letters: Nanos::ZERO,
            next_cost: clock.now() + COST_INTERVAL,
            measured: Measurement { at: clock.now(), own: own_cpu_time(), switches: 0 },
            quota: QuotaReader::for_process(pid),
        }
    }

    /// Begins with the records of rings, or without them.
    fn begin(&mut self, rings: Result<Vec<ThreadRing>, RingFailure>, per_thread: bool) {
        let reasons = self.readers.reasons;
        let restrictions = (self.system.restrictions)();
        match rings {
            Ok(rings) => {
                self.pace = DrainPace::of_drains(rings.len());
                self.method = Method::Recorded { rings, pending: Vec::new(), per_thread, turn: 0 };
                let why = (reasons != ReasonSource::Syscall).then(|| restrictions.explain_calls());
                self.accuracy = Accuracy { edges: Exactness::Exact, reasons, why };
            }
            Err(failure) => self.sample_from_now_on(restrictions.explain_rings(failure)),
        }
    }

    /// Watches by regular looks, for a reason.
    fn sample_from_now_on(&mut self, why: String) {
        let reasons = self.readers.reasons;
        self.method = Method::Sampled;
        self.pace = DrainPace::of_samples();
        let edges = match reasons {
            ReasonSource::None => Exactness::Coarse,
            _ => Exactness::Counted { period: self.pace.period() },
        };
        self.accuracy = Accuracy { edges, reasons, why: Some(why) };
        self.is_new = true;
    }

    /// Reads what happened since the last poll. Events are sent in the order of time on each lane; a
    /// wait is sent one poll later, with its reason.
    pub fn poll(&mut self, emit: &mut dyn FnMut(Event)) -> PollStatus {
        let start = self.clock.now();
        self.announce_method(emit);
        match self.method {
            Method::Recorded { .. } => self.poll_records(emit),
            Method::Sampled => self.poll_samples(emit),
        }
        if start >= self.next_letters {
            let begin = self.clock.now();
            if let Method::Sampled = self.method {
                self.find_children(emit);
                self.read_names(emit);
            }
            self.read_letters(emit);
            let spent = self.clock.now().since(begin);
            self.next_letters = start + LETTER_INTERVAL.max(Nanos(spent.0 * LETTER_RATIO));
        }
        if start >= self.next_cost {
            self.next_cost = start + COST_INTERVAL;
            self.measure_cost(emit);
        }
        let threads_alive = self.fold.live_count() > 0 || (self.is_held && self.holder_lives());
        let spent = self.clock.now().since(start);
        PollStatus { wait: self.pace.period().since(spent).into(), threads_alive }
    }

    /// Ends watching: sends what is held back, and ends all threads and lanes.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Event)) {
        self.announce_method(emit);
        match self.method {
            Method::Recorded { .. } => self.drain(Nanos::MAX, emit),
            Method::Sampled => self.find_left_behind(emit),
        }
        let now = self.clock.now();
        self.fold.finish(now, emit);
        self.send_sums(now, emit);
    }

    fn announce_method(&mut self, emit: &mut dyn FnMut(Event)) {
        if std::mem::take(&mut self.is_new) {
            let from_birth = matches!(self.method, Method::Recorded { per_thread: false, .. });
            let at = self.clock.now();
            let accuracy = self.accuracy.clone();
            self.fold.apply(&Reading::Method { at, accuracy, from_birth }, emit);
            if !self.is_held {
                self.find_threads(emit);
            }
        }
    }

    /// Reads the state of each process, to learn that it is stopped.
    fn read_letters(&mut self, emit: &mut dyn FnMut(Event)) {
        let processes: Vec<u32> = self.fold.live_processes().collect();
        for pid in processes {
            let leader = LiveThread { pid, tid: pid };
            if let Ok(stat) = self.readers.stat(leader) {
                let at = self.clock.now();
                let reading = Reading::Letter { at, pid: leader.pid, letter: stat.letter };
                self.fold.apply(&reading, emit);
            }
        }
        let Self { readers, fold, .. } = self;
        readers.retain_processes(|pid| fold.process_threads(pid) > 0);
    }

    /// Returns `true` while a held process exists that has not executed its program.
    fn holder_lives(&mut self) -> bool {
        let holder = LiveThread { pid: self.pid, tid: self.pid };
        self.readers.stat(holder).is_ok_and(|stat| !matches!(stat.letter, 'Z' | 'X'))
    }

    /// Measures the cost of the last second and the use of the program's quota, and adapts to the cost.
    fn measure_cost(&mut self, emit: &mut dyn FnMut(Event)) {
        let at = self.clock.now();
        let (own, switches) = (own_cpu_time(), self.fold.recorded_switches());
        let Measurement { at: before, own: own_before, switches: switches_before } =
            std::mem::replace(&mut self.measured, Measurement { at, own, switches });
        self.send_sums(at, emit);
        let seconds = at.since(before).as_secs_f64();
        if seconds <= 0.0 {
            return;
        }
        let per_second = (switches - switches_before) as f64 / seconds;
        let is_recorded = matches!(self.method, Method::Recorded { .. });
        if is_recorded && per_second * WatchCost::PER_SWITCH.as_secs_f64() > MAX_PROGRAM_COST {
            self.drain(Nanos::MAX, emit);
            self.measured.switches = self.fold.recorded_switches();
            self.sample_from_now_on(explain_retreat(per_second as u64));
        }
        let is_busy = is_recorded && per_second > 1.0;
        self.pace.adapt(own.since(own_before).as_secs_f64() / seconds, is_busy);
        if let Exactness::Counted { period } = &mut self.accuracy.edges
            && *period != self.pace.period()
        {
            *period = self.pace.period();
            self.is_new = true;
        }
        self.read_all_counters(emit);
    }

    fn send_sums(&self, at: Nanos, emit: &mut dyn FnMut(Event)) {
        let recorded_switches = self.fold.recorded_switches();
        let cost = WatchCost { own: own_cpu_time(), recorded_switches };
        emit(Event { at, lane: LaneId(0), kind: EventKind::CostMeasured(cost) });
        if let Some(quota) = self.quota.as_ref().and_then(QuotaReader::read) {
            emit(Event { at, lane: LaneId(0), kind: EventKind::QuotaUsed(quota) });
        }
    }
}

/// The CPU time of the thread that calls this.
fn own_cpu_time() -> Nanos {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default().into()
}

/// The arguments of a process, as the kernel separates them.
fn command_line(pid: u32) -> Vec<u8> {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}
