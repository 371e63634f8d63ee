//! The kernel's rings of records about threads (`perf_event_open(2)`): a software event that counts
//! nothing, for the sake of the records of switches, births, deaths and names that come with it. It
//! needs no privilege for a program of the same user while `kernel.perf_event_paranoid` is at most 2.

use std::io;

use perf_event::events::Software;
use perf_event::{Builder, Clock, SampleFlag, Sampler};
use rustix::io::Errno;
use thiserror::Error;

use super::kernel_record::{KernelRecord, RecordKind};
use crate::model::Nanos;

/// The size of the ring of a CPU, in bytes.
const CPU_RING: usize = 512 << 10;

/// The size of a page of memory, in bytes.
const PAGE: usize = 4 << 10;

/// The numbers of pages that are tried for the ring of a thread.
const THREAD_RING_PAGES: [usize; 2] = [4, 1];

/// The subject of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingTarget {
    /// Events on a CPU of a process that is about to execute a program, and of all threads and
    /// processes that come from it. Begins once it executes.
    ProcessOnCpu {
        /// The process ID.
        pid: u32,
        /// The number of the CPU.
        cpu: usize,
    },
    /// Events of a thread that runs already, on any CPU.
    Thread {
        /// The thread ID.
        tid: u32,
    },
}

/// The reason why a ring could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RingFailure {
    /// The kernel refused the event: EACCES without the right to it, EPERM by a security policy, ESRCH
    /// if the thread has ended, EMFILE for too many files, ENOSYS and ENOENT without performance events.
    #[error("cannot record switches: {0}")]
    Event(Errno),
    /// The kernel refused the memory of the ring: EPERM for too much locked memory.
    #[error("cannot map records: {0}")]
    Memory(Errno),
}

/// A ring of records.
pub trait RecordRing {
    /// Moves all records to `records`, with times of the machine-wide monotonic clock.
    fn drain(&mut self, records: &mut Vec<KernelRecord>);
}

/// A ring of the kernel.
struct KernelRing {
    sampler: Sampler,
    /// The thread of a [`RingTarget::Thread`].
    thread: Option<u32>,
    last: Nanos,
}

/// Opens a ring.
///
/// # Errors
///
/// Fails if the kernel refuses the event or its memory.
pub fn open_ring(target: RingTarget) -> Result<Box<dyn RecordRing>, RingFailure> {
    let mut builder = Builder::new(Software::DUMMY);
    builder
        .exclude_kernel(true)
        .exclude_hv(true)
        .context_switch(true)
        .task(true)
        .comm(true)
        .comm_exec(true)
        .sample_id_all(true)
        .sample(SampleFlag::TID | SampleFlag::TIME)
        .clockid(Clock::MONOTONIC)
        .sample_period(1);
    let (sampler, thread) = match target {
        RingTarget::ProcessOnCpu { pid, cpu } => {
            builder.observe_pid(process_number(pid)?).one_cpu(cpu);
            builder.inherit(true).enabled(false).enable_on_exec(true);
            (build_ring(&builder, CPU_RING)?, None)
        }
        RingTarget::Thread { tid } => {
            builder.observe_pid(process_number(tid)?).any_cpu().enabled(true);
            let [many, few] = THREAD_RING_PAGES;
            // The memory that may be locked for rings is limited.
            let sampler = match build_ring(&builder, many * PAGE) {
                Err(RingFailure::Memory(_)) => build_ring(&builder, few * PAGE),
                built => built,
            };
            (sampler?, Some(tid))
        }
    };
    Ok(Box::new(KernelRing { sampler, thread, last: Nanos::ZERO }))
}

fn build_ring(builder: &Builder<'_>, size: usize) -> Result<Sampler, RingFailure> {
    let errno = |error: io::Error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL);
    let counter = builder.build().map_err(|error| RingFailure::Event(errno(error)))?;
    counter.sampled(size).map_err(|error| RingFailure::Memory(errno(error)))
}

fn process_number(pid: u32) -> Result<i32, RingFailure> {
    i32::try_from(pid).map_err(|_too_large| RingFailure::Event(Errno::SRCH))
}

/// The numbers of the CPUs that are online.
pub fn online_cpus() -> Vec<usize> {
    let list = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let cpus = parse_cpu_list(&list);
    if cpus.is_empty() { vec![0] } else { cpus }
}

/// Parses a list of CPUs: `0-3,8`.
fn parse_cpu_list(list: &str) -> Vec<usize> {
    let range = |range: &str| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    list.trim().split(',').filter_map(range).flatten().collect()
}

impl RecordRing for KernelRing {
    fn drain(&mut self, records: &mut Vec<KernelRecord>) {
        while let Some(raw) = self.sampler.next_record() {
            let record = KernelRecord::parse(raw.ty(), raw.misc(), &raw.to_contiguous());
            let Some(mut record) = record else { continue };
            if let RecordKind::Lost { since, one_thread, .. } = &mut record.kind {
                *since = self.last;
                *one_thread = self.thread.is_some();
                record.tid = self.thread.unwrap_or(record.tid);
            }
            self.last = self.last.max(record.at);
            records.push(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_of_cpus_is_parsed() {
        assert_eq!(parse_cpu_list("0-2,5\n"), [0, 1, 2, 5]);
        assert_eq!(parse_cpu_list("7"), [7]);
        assert!(parse_cpu_list("").is_empty());
    }
}
