//! Fills a queue that holds only so many tasks.

use std::io;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Select, Sender, bounded};

use super::handle::Never;
use super::task::Report;
use crate::model::plan::MOST_TASKS;
use crate::model::{Kind, TaskId};

/// A thread that puts tasks into the queue as it finds room, until there are no more of them or this
/// is dropped.
#[derive(Debug)]
pub(super) struct Feeder {
    thread: Option<JoinHandle<()>>,
    /// Closed to let it go.
    going: Option<Sender<Never>>,
}

impl Feeder {
    /// Puts the tasks of `backlog` into a queue that holds so many, at least one, and tells of each.
    pub(super) fn start(
        backlog: Receiver<TaskId>,
        most: u32,
        report: Report,
    ) -> io::Result<(Self, Receiver<TaskId>)> {
        let (sender, queue) = bounded(most.clamp(1, MOST_TASKS) as usize);
        let (going, gone) = bounded(0);
        let feed = move || feed(&backlog, &sender, &gone, &report);
        let thread = Builder::new().name("feeder".to_owned()).spawn(feed)?;
        Ok((Self { thread: Some(thread), going: Some(going) }, queue))
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.going = None;
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic.
            _ = thread.join();
        }
    }
}

fn feed(backlog: &Receiver<TaskId>, queue: &Sender<TaskId>, gone: &Receiver<Never>, run: &Report) {
    for (put, task) in (1..).zip(backlog) {
        // Told before it is there to be taken, so that no task is started before it was put: room
        // that was seen stays, as nobody else puts anything in.
        if !has_room(queue, gone) {
            return;
        }
        run.send(Kind::Put { tasks: put });
        _ = queue.send(task);
    }
}

/// Waits until there is room, or until nobody wants it any more.
fn has_room(queue: &Sender<TaskId>, gone: &Receiver<Never>) -> bool {
    let mut room_or_end = Select::new();
    let room = room_or_end.send(queue);
    room_or_end.recv(gone);
    loop {
        if room_or_end.ready() != room {
            return false;
        }
        // It may have woken up for nothing.
        if !queue.is_full() {
            return true;
        }
    }
}
