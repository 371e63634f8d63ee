//! Fills a bounded queue of tasks.

use std::io;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Select, Sender, bounded};

use super::task::Report;
use crate::model::plan::MOST_TASKS;
use crate::model::{Kind, TaskId};

/// Starts a thread that moves tasks from `backlog` into a queue of `most` places, at least one, and
/// reports each. The thread ends once all are queued, so they must be taken from the queue.
pub(super) fn start(
    backlog: Receiver<TaskId>,
    most: u32,
    run: Report,
) -> io::Result<(JoinHandle<()>, Receiver<TaskId>)> {
    let (queue, tasks) = bounded(most.clamp(1, MOST_TASKS) as usize);
    let feed = move || feed(&backlog, &queue, &run);
    Ok((Builder::new().name("feeder".to_owned()).spawn(feed)?, tasks))
}

fn feed(backlog: &Receiver<TaskId>, queue: &Sender<TaskId>, run: &Report) {
    for (put, task) in (1..).zip(backlog) {
        // Reported before it is queued, so that no task is started before it was put. The free place
        // stays free, because this is the only sender.
        await_room(queue);
        run.send(Kind::Put { tasks: put });
        // The coordinator keeps the receiver until this thread ends.
        _ = queue.send(task);
    }
}

fn await_room(queue: &Sender<TaskId>) {
    let mut room = Select::new();
    room.send(queue);
    // Wake-ups may be spurious.
    while queue.is_full() {
        room.ready();
    }
}
