//! The playback of a simulated run: a thread that sends its events when they are due.

use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{SendError, Sender, bounded};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::{Pace, SimulatedRun, VirtualTime};
use crate::model::{Event, Nanos, Plan};
use crate::source::cancel_token::CancelToken;
use crate::source::clock::Clock;
use crate::source::pool::{no_threads_failure, start_failed};
use crate::source::run_handle::{RunHandle, RunTime};

/// The maximum delay of an event that is sent together with later ones.
const BATCH: Duration = Duration::from_millis(10);

/// The maximum number of events sent between two checks for a stop.
const CHUNK: usize = 1_000;

/// The capacity of the channel of events. When it is full, the run waits for its viewer.
const QUEUE_CAPACITY: usize = 65_536;

/// Starts a simulated run at the given pace. If the system has no thread for it, the run fails at once.
pub(in crate::source) fn start(
    run: SimulatedRun,
    plan: &Plan,
    pace: Pace,
    clock: &Clock,
) -> RunHandle {
    let (sender, events) = bounded(QUEUE_CAPACITY);
    let (going, over) = bounded(0);
    let cancel = CancelToken::default();
    let virtual_time = watch::Sender::new(VirtualTime::new(pace, clock.now()));
    let player = EventPlayer {
        run,
        clock: clock.clone(),
        virtual_time: virtual_time.clone(),
        cancel: cancel.clone(),
        events: sender,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let spawn = |runtime: Runtime| {
        Builder::new().name("simulation".to_owned()).spawn(move || {
            // Fails if the receiver is gone.
            _ = runtime.block_on(player.play());
            drop(going);
        })
    };
    match runtime.and_then(spawn) {
        Ok(thread) => {
            let time = RunTime::Virtual(virtual_time);
            RunHandle { job: None, time, events, over, cancel, thread: Some(thread) }
        }
        Err(_) => start_failed(plan, no_threads_failure(), clock),
    }
}

struct EventPlayer {
    run: SimulatedRun,
    clock: Clock,
    virtual_time: watch::Sender<VirtualTime>,
    cancel: CancelToken,
    events: Sender<Event>,
}

impl EventPlayer {
    /// Sends all events, up to the last. Fails if the receiver is gone.
    async fn play(mut self) -> Result<(), SendError<Event>> {
        let mut changes = self.virtual_time.subscribe();
        loop {
            // Read before the clock, so that events due at the time of the stop are still sent.
            let stopped = self.cancel.is_cancelled();
            let now = self.clock.now();
            let virtual_time = *changes.borrow_and_update();
            let until = virtual_time.due_until(now);
            self.send_due_events(until)?;
            let next = self.run.peek();
            if let (true, Some(next)) = (stopped, next) {
                self.run.stop(until.min(next));
                return self.send_due_events(Nanos::MAX);
            }
            let Some(next) = next else { return Ok(()) };
            if next > until {
                tokio::select! {
                    () = self.clock.sleep_until(virtual_time.due_at(next).max(now + BATCH.into())) => {}
                    // Cannot fail: `self` holds the sender.
                    _ = changes.changed() => {}
                    () = self.cancel.cancelled() => {}
                }
            }
        }
    }

    /// Sends the events that are due, but at most [`CHUNK`] of them.
    fn send_due_events(&mut self, until: Nanos) -> Result<(), SendError<Event>> {
        for _ in 0..CHUNK {
            if self.run.peek().is_none_or(|next| next > until) {
                break;
            }
            let Some(event) = self.run.next() else { break };
            let next = self.run.peek().unwrap_or(event.at);
            self.set_time_limit(next);
            self.events.send(event)?;
        }
        Ok(())
    }

    /// Sets the time of the next event, which the run's time does not pass before that event is sent.
    fn set_time_limit(&self, moment: Nanos) {
        self.virtual_time.send_if_modified(|virtual_time| {
            virtual_time.set_limit(moment);
            // Only a change of the pace is notified.
            false
        });
    }
}
