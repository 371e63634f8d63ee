//! Fills a bounded queue of tasks.

use std::io;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Select, Sender, bounded};

use super::task::LaneReporter;
use crate::model::plan::MAX_TASKS;
use crate::model::{EventKind, TaskId};

/// Starts a thread that moves tasks from `backlog` into a queue of `most` places, at least one, and
/// reports each. The thread ends once all are queued, so they must be taken from the queue.
pub(in crate::source) fn start(
    backlog: Receiver<TaskId>,
    capacity: u32,
    run: LaneReporter,
) -> io::Result<(JoinHandle<()>, Receiver<TaskId>)> {
    let (queue, tasks) = bounded(capacity.clamp(1, MAX_TASKS) as usize);
    let feed = move || feed(&backlog, &queue, &run);
    Ok((Builder::new().name("feeder".to_owned()).spawn(feed)?, tasks))
}

fn feed(backlog: &Receiver<TaskId>, queue: &Sender<TaskId>, run: &LaneReporter) {
    for (put, task) in (1..).zip(backlog) {
        // Reported before it is queued, so that no task is started before it was put. The free place
        // stays free, because this is the only sender.
        wait_for_capacity(queue);
        run.send(EventKind::TaskEnqueued { tasks: put });
        // The coordinator keeps the receiver until this thread ends.
        _ = queue.send(task);
    }
}

fn wait_for_capacity(queue: &Sender<TaskId>) {
    let mut select = Select::new();
    select.send(queue);
    // Wake-ups may be spurious.
    while queue.is_full() {
        select.ready();
    }
}
