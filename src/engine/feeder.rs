//! Fills a queue that holds only so many tasks.

use std::io;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Select, Sender, bounded};

use super::task::Report;
use crate::model::plan::MOST_TASKS;
use crate::model::{Kind, TaskId};

/// Starts a thread that puts the tasks of `backlog` into a queue as it finds room, and tells of each.
/// It ends when all are there, so somebody must take them. The queue holds so many, at least one.
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
        // Told before it is there to be taken, so that no task is started before it was put: room
        // that was seen stays, as nobody else puts anything in.
        await_room(queue);
        run.send(Kind::Put { tasks: put });
        // Whoever waits for this thread has the other end.
        _ = queue.send(task);
    }
}

fn await_room(queue: &Sender<TaskId>) {
    let mut room = Select::new();
    room.send(queue);
    // It may wake up for nothing.
    while queue.is_full() {
        room.ready();
    }
}
