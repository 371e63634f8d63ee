//! A thread that tells a simulated run's events when they are due.

use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{SendError, Sender, bounded};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::{Course, Pace, Simulated};
use crate::engine::cancel::Cancel;
use crate::engine::clock::Clock;
use crate::engine::handle::{RunHandle, Time};
use crate::engine::pool::{fail, no_threads};
use crate::model::{Event, Nanos, Plan};

/// Events are told together where that makes one no later than this.
const BATCH: Duration = Duration::from_millis(10);

/// So many are told before a stop is heeded again.
const CHUNK: usize = 1_000;

/// So many wait for whoever watches: the run waits for them then.
const ROOM: usize = 65_536;

/// Starts a simulated run, whose time passes at this pace. A run for which the system has no thread
/// fails at once.
pub(in crate::engine) fn start(run: Simulated, plan: Plan, pace: Pace, clock: &Clock) -> RunHandle {
    let (sender, events) = bounded(ROOM);
    let (going, over) = bounded(0);
    let cancel = Cancel::default();
    let course = watch::Sender::new(Course::new(pace, clock.now()));
    let player = Player {
        run,
        clock: clock.clone(),
        course: course.clone(),
        cancel: cancel.clone(),
        events: sender,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let spawn = |runtime: Runtime| {
        Builder::new().name("simulation".to_owned()).spawn(move || {
            // It fails where nobody listens any more.
            _ = runtime.block_on(player.play());
            drop(going);
        })
    };
    match runtime.and_then(spawn) {
        Ok(thread) => {
            let time = Time::Virtual(course);
            RunHandle { job: None, time, events, over, cancel, thread: Some(thread) }
        }
        Err(_) => fail(plan, no_threads(), clock),
    }
}

struct Player {
    run: Simulated,
    clock: Clock,
    course: watch::Sender<Course>,
    cancel: Cancel,
    events: Sender<Event>,
}

impl Player {
    /// Tells everything, up to the last event. Fails where nobody listens any more.
    async fn play(mut self) -> Result<(), SendError<Event>> {
        let mut changes = self.course.subscribe();
        loop {
            // A stop comes after what was due when it came.
            let stopped = self.cancel.is_cancelled();
            let now = self.clock.now();
            let course = *changes.borrow_and_update();
            let until = course.due_until(now);
            self.tell(until)?;
            let next = self.run.peek();
            if let (true, Some(next)) = (stopped, next) {
                self.run.stop(until.min(next));
                return self.tell(Nanos::LATEST);
            }
            let Some(next) = next else { return Ok(()) };
            if next > until {
                tokio::select! {
                    () = self.clock.sleep_until(course.due(next).max(now + BATCH.into())) => {}
                    // The course goes with the run.
                    _ = changes.changed() => {}
                    () = self.cancel.cancelled() => {}
                }
            }
        }
    }

    /// Tells what is due, but not too much at once.
    fn tell(&mut self, until: Nanos) -> Result<(), SendError<Event>> {
        for _ in 0..CHUNK {
            if self.run.peek().is_none_or(|next| next > until) {
                break;
            }
            let Some(event) = self.run.next() else { break };
            let next = self.run.peek().unwrap_or(event.at);
            self.limit(next);
            self.events.send(event)?;
        }
        Ok(())
    }

    /// The run's time does not pass this moment before what happens then is told.
    fn limit(&self, moment: Nanos) {
        self.course.send_if_modified(|course| {
            course.set_limit(moment);
            // Whoever waits for another pace need not know.
            false
        });
    }
}
