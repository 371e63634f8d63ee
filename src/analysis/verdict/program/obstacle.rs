//! The obstacles of a program: what kept its threads from their work, by figures alone. Parked, sleeping and
//! waiting for events are no obstacles: such a thread has nothing to do.

use super::MAX_NAME;
use crate::analysis::program::{GilSummary, ProgramSummary, ThreadSummary};
use crate::model::printable::printable_up_to;
use crate::model::{CodePlace, Nanos, State, TaskId, name_stem};

/// The minimum share of a thread's life that an obstacle took, for the thread to count as held up.
const MIN_HELD_UP: f64 = 0.1;

/// The minimum share of the longest time, for a thread to count beside the one that was held up longest.
const MIN_RELATIVE: f64 = 0.05;

/// The minimum mean number of threads that an obstacle held up, absolute and per core in use: what holds
/// up one thread in a hundred is none to the program.
const MIN_MEAN: f64 = 0.1;

/// The minimum share of something that names it for the whole.
pub(super) const MAIN_SHARE: f64 = 0.5;

/// The share of the work whose threads did the work.
const WORK_SHARE: f64 = 0.95;

/// A reason why threads could not continue.
#[derive(Debug)]
pub(super) enum Obstacle<'a> {
    /// They wanted to run, and no core was free.
    NoCore(HeldThreads<'a>),
    /// They waited for the GIL.
    Gil(HeldThreads<'a>, &'a GilSummary<'a>),
    /// They waited for another lock.
    Lock(HeldThreads<'a>, LockHolder<'a>),
    /// They waited in system calls.
    Call(HeldThreads<'a>, &'a str),
}

/// The threads that an obstacle held up.
#[derive(Debug)]
pub(super) struct HeldThreads<'a> {
    pub(super) threads: Vec<&'a ThreadSummary<'a>>,
    /// The time for which they were held up, of all threads.
    pub(super) time: Nanos,
    /// The share of their lives.
    pub(super) share: f64,
}

/// The lock that threads waited for, and the thread that held it for the most of that time.
#[derive(Debug)]
pub(super) struct LockHolder<'a> {
    /// The kind of the lock, if that was read: `mutex`.
    pub(super) object: Option<&'a str>,
    pub(super) holder: Option<&'a ThreadSummary<'a>>,
}

impl<'a> HeldThreads<'a> {
    /// Returns the threads that were held up for `time` each, if they matter.
    fn of(
        threads: impl Iterator<Item = &'a ThreadSummary<'a>>,
        time: impl Fn(&ThreadSummary<'_>) -> Nanos,
        summary: &ProgramSummary<'_>,
    ) -> Option<Self> {
        let is_held = |thread: &&ThreadSummary<'_>| thread.share_of(time(thread)) >= MIN_HELD_UP;
        let mut threads: Vec<&ThreadSummary<'_>> = threads.filter(is_held).collect();
        let longest = threads.iter().map(|thread| time(thread)).max().unwrap_or_default();
        threads.retain(|thread| time(thread).0 as f64 >= longest.0 as f64 * MIN_RELATIVE);
        let sum = Nanos(threads.iter().map(|thread| time(thread).0).sum());
        let life: u64 = threads.iter().map(|thread| thread.life.0).sum();
        let held = Self { threads, time: sum, share: sum.0 as f64 / life.max(1) as f64 };
        matters(sum, summary).then_some(held)
    }

    /// The sum of the threads' time in a state.
    pub(super) fn time_in(&self, state: State) -> Nanos {
        Nanos(self.threads.iter().map(|thread| thread.times[state]).sum())
    }

    /// Returns the number of threads with the name that all of several share: `8 "reader" threads`.
    pub(super) fn named(&self) -> Option<String> {
        let [first, rest @ ..] = self.threads.as_slice() else { return None };
        let stem = name_stem(&first.identity.name);
        let is_shared = rest.iter().all(|thread| name_stem(&thread.identity.name) == stem);
        let name = printable_up_to(&stem, MAX_NAME);
        (!rest.is_empty() && is_shared && !name.is_empty())
            .then(|| format!("{} \"{name}\" threads", self.threads.len()))
    }

    /// The function that the threads spent most of their work in, if one stands out.
    pub(super) fn main_place(&self) -> Option<&'a CodePlace> {
        main_place(&self.threads)
    }
}

/// Returns the function that threads spent most of their work in, if one stands out.
pub(super) fn main_place<'a>(threads: &[&'a ThreadSummary<'a>]) -> Option<&'a CodePlace> {
    let active: u64 = threads.iter().map(|thread| thread.active().0).sum();
    let functions = threads.iter().flat_map(|thread| {
        let all = thread.active().0 as f64;
        thread.functions.iter().map(move |function| (function.place, all * function.share))
    });
    let (place, time) = largest(functions)?;
    (time > active as f64 * MAIN_SHARE).then_some(place)
}

impl Obstacle<'_> {
    /// The time for which threads were held up.
    const fn time(&self) -> Nanos {
        match self {
            Self::NoCore(held) | Self::Gil(held, _) | Self::Lock(held, _) | Self::Call(held, _) => {
                held.time
            }
        }
    }
}

/// Returns the worst obstacle of a program, if there is one that matters. `workers` are the threads that
/// did the work.
pub(super) fn worst<'a>(
    summary: &'a ProgramSummary<'a>,
    workers: &[&'a ThreadSummary<'a>],
) -> Option<Obstacle<'a>> {
    let all = [no_core(summary), gil(summary), lock(summary), call(summary, workers)];
    // The first one wins a tie.
    all.into_iter().flatten().rev().max_by_key(Obstacle::time)
}

/// Returns the fewest threads that did nearly all of the work, the busiest first.
pub(super) fn workers<'a>(summary: &'a ProgramSummary<'a>) -> Vec<&'a ThreadSummary<'a>> {
    let all = summary.time_in(State::OnCpu).0 as f64;
    let mut threads: Vec<&ThreadSummary<'_>> = summary.threads.iter().collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.times[State::OnCpu]));
    let mut done = 0.0;
    let is_needed = |thread: &&ThreadSummary<'_>| {
        let before = done;
        done += thread.times[State::OnCpu] as f64;
        before < all * WORK_SHARE
    };
    threads.into_iter().take_while(is_needed).collect()
}

fn no_core<'a>(summary: &'a ProgramSummary<'a>) -> Option<Obstacle<'a>> {
    let time = |thread: &ThreadSummary<'_>| Nanos(thread.times[State::NoCore]);
    HeldThreads::of(summary.threads.iter(), time, summary).map(Obstacle::NoCore)
}

/// The GIL with the longest waits. Its threads are those that held it or waited for it.
fn gil<'a>(summary: &'a ProgramSummary<'a>) -> Option<Obstacle<'a>> {
    let of_gil = |gil: &'a GilSummary<'a>| {
        let own = summary.threads.iter().filter(|thread| thread.identity.pid == gil.details.pid);
        let elapsed = summary.elapsed().0 as f64;
        let wanted = |thread: &ThreadSummary<'_>| {
            let held = gil.share_of(thread.task) * elapsed;
            Nanos(held as u64) + thread.gil_wait()
        };
        let mut held = HeldThreads::of(own, wanted, summary)?;
        held.time = Nanos(held.threads.iter().map(|thread| thread.gil_wait().0).sum());
        (matters(held.time, summary) && held.threads.len() > 1).then_some(Obstacle::Gil(held, gil))
    };
    summary.gils.iter().filter_map(of_gil).max_by_key(Obstacle::time)
}

fn lock<'a>(summary: &'a ProgramSummary<'a>) -> Option<Obstacle<'a>> {
    let time =
        |thread: &ThreadSummary<'_>| Nanos(thread.times[State::LockWait]).since(thread.gil_wait());
    let held = HeldThreads::of(summary.threads.iter(), time, summary)?;
    let waits = || {
        let waits = held.threads.iter().flat_map(|thread| thread.lock_waits());
        waits.filter(|wait| !wait.reason.is_gil())
    };
    let main = |time: f64| time > held.time.0 as f64 * MAIN_SHARE;
    let holders = waits().filter_map(|wait| Some((wait.reason.holder?, wait.time.0 as f64)));
    let holder = largest::<TaskId>(holders).filter(|&(_, time)| main(time));
    let objects =
        waits().filter_map(|wait| Some((wait.reason.object.as_deref()?, wait.time.0 as f64)));
    let object = largest(objects).filter(|&(_, time)| main(time)).map(|(object, _)| object);
    let holder = holder.and_then(|(task, _)| summary.thread(task));
    Some(Obstacle::Lock(held, LockHolder { object, holder }))
}

/// The system call that the threads with work waited in.
fn call<'a>(
    summary: &'a ProgramSummary<'a>,
    workers: &[&'a ThreadSummary<'a>],
) -> Option<Obstacle<'a>> {
    let time = |thread: &ThreadSummary<'_>| Nanos(thread.times[State::Waiting]);
    let held = HeldThreads::of(workers.iter().copied(), time, summary)?;
    let waits = held.threads.iter().flat_map(|thread| &thread.waits);
    let waits = waits.filter(|wait| wait.state == State::Waiting);
    let (call, _) = largest(waits.map(|wait| (wait.reason.call.as_str(), wait.time.0 as f64)))?;
    Some(Obstacle::Call(held, call))
}

/// Returns `true` if threads were held up for a time that matters to the program.
fn matters(time: Nanos, summary: &ProgramSummary<'_>) -> bool {
    let least = MIN_MEAN * summary.totals.on_cpu_cores.max(1.0) * summary.elapsed().as_secs_f64();
    time > Nanos::ZERO && time.as_secs_f64() >= least
}

/// Adds up the times of equal keys, and returns the one with the most time.
pub(super) fn largest<K: PartialEq>(times: impl Iterator<Item = (K, f64)>) -> Option<(K, f64)> {
    let mut sums: Vec<(K, f64)> = Vec::new();
    for (key, time) in times {
        match sums.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum += time,
            None => sums.push((key, time)),
        }
    }
    sums.into_iter().rev().max_by(|(_, one), (_, other)| one.total_cmp(other))
}
