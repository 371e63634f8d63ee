//! The worker's side: `threadline worker` does the tasks that its parent writes to its stdin, one
//! after another, and says on stdout what it does.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::sync::Arc;
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, after, never, select, unbounded};
use serde::Deserialize;
use thiserror::Error;

use super::wire::{self, HEARTBEAT, Hello, Inquiry, Order, Said, Todo, VERSION, WireError};
use crate::engine::cancel::Cancel;
use crate::engine::clock::Clock;
use crate::engine::errand::Errand;
use crate::engine::event_loop::EventLoop;
use crate::engine::task::{Job as _, Report, Worker};
use crate::github::{Api, Client, Fault, ProxySettings, Remedy, Reply, Timeouts, Token};
use crate::model::{Event, Failure, FailureKind, Kind, LaneId, Nanos, Outcome, State, TaskId};

/// Why a worker did no work.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// Nobody told it what to do, as a parent does.
    #[error(
        "worker is threadline's own command, which it starts its worker processes with; for the \
         user worker, give --username worker"
    )]
    NoParent,
    /// A pipe broke, or there is no thread for it.
    #[error("this worker process cannot work")]
    System(#[from] io::Error),
}

/// What any version's first line has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Does what the parent says on `input`, and tells it on `output`. Where the parent has ended, in
/// whatever way, or listens no more, this process ends at once, whatever it does. Returns only where
/// nothing was begun.
pub fn serve(
    input: impl Read + Send + 'static,
    mut output: impl Write + Send + 'static,
    token: Option<Token>,
    proxies: &ProxySettings,
) -> Result<(), WorkerError> {
    let mut input = BufReader::new(input);
    let Ok(Some(line)) = wire::read_line(&mut input) else { return Err(WorkerError::NoParent) };
    let parent: Versioned =
        serde_json::from_slice(&line).map_err(|_no_hello| WorkerError::NoParent)?;
    let ready = Said::Ready { version: VERSION };
    if parent.version != VERSION {
        // It sees by the answer that they do not go together.
        return Ok(say(&mut output, &ready)?);
    }
    let hello = serde_json::from_slice(&line).map_err(|_no_hello| WorkerError::NoParent)?;
    let (events, happened) = unbounded();
    let mut means = match Means::of(hello, token, proxies, events) {
        Ok(means) => means,
        Err(failure) => return Ok(say(&mut output, &Said::Unable(failure))?),
    };
    say(&mut output, &ready)?;
    let (tasks, todo) = unbounded();
    let (answers, answered) = unbounded();
    Builder::new().name("reader".to_owned()).spawn(move || {
        _ = take_tasks(&mut input, &tasks);
        leave();
    })?;
    Builder::new().name("writer".to_owned()).spawn(move || {
        _ = tell(BufWriter::new(output), &happened, &answered);
        leave();
    })?;
    for task in todo {
        // The threads that take in and give out end only with the process.
        _ = answers.send(means.answered(task));
    }
    Ok(())
}

/// Ends the process at once, even in the middle of a task.
#[expect(
    clippy::disallowed_methods,
    reason = "a worker has no terminal to give back, and may be busy"
)]
fn leave() -> ! {
    std::process::exit(0)
}

/// Takes tasks from the parent until its end.
fn take_tasks(input: &mut BufReader<impl Read>, tasks: &Sender<TaskId>) -> Result<(), WireError> {
    while let Some(Todo { task }) = wire::read(input)? {
        // The other end ends with the process.
        _ = tasks.send(task);
    }
    Ok(())
}

/// Tells the parent what happens, as it happens, until it listens no more. During a task it also sends
/// heartbeats, by which the parent tells a long task from a stopped process.
fn tell(
    mut output: impl Write,
    happened: &Receiver<Event>,
    answered: &Receiver<Said>,
) -> io::Result<()> {
    let mut is_busy = false;
    loop {
        let heartbeat = if is_busy { after(HEARTBEAT) } else { never() };
        select! {
            recv(happened) -> event => {
                let Ok(event) = event else { return Ok(()) };
                tell_of(&mut output, &event)?;
                is_busy = true;
            }
            recv(answered) -> answer => {
                let Ok(answer) = answer else { return Ok(()) };
                // All that happened on the way to an answer was sent before it.
                for event in happened.try_iter() {
                    tell_of(&mut output, &event)?;
                }
                wire::write(&mut output, &answer)?;
                is_busy = false;
            }
            recv(heartbeat) -> _ => wire::write(&mut output, &Said::Alive)?,
        }
        output.flush()?;
    }
}

/// What else is sent is the parent's own business to tell.
fn tell_of(output: &mut impl Write, event: &Event) -> io::Result<()> {
    let at = event.at;
    match event.kind {
        Kind::Entered { state } => wire::write(output, &Said::Entered { at, state }),
        Kind::Quota(quota) => wire::write(output, &Said::Quota { at, quota }),
        _ => Ok(()),
    }
}

fn say(output: &mut impl Write, said: &Said) -> io::Result<()> {
    wire::write(output, said)?;
    output.flush()
}

/// What this process does tasks with.
struct Means {
    clock: Clock,
    report: Report,
    cancel: Cancel,
    way: Way,
}

enum Way {
    Compute(Box<dyn Worker>),
    Ask { events: EventLoop, client: Client, errand: Errand },
}

impl Means {
    fn of(
        hello: Hello,
        token: Option<Token>,
        proxies: &ProxySettings,
        events: Sender<Event>,
    ) -> Result<Self, Failure> {
        // Stamps are the run's own: where processes share no clock, the parent puts them right.
        let clock = hello.zero.map_or_else(Clock::system, Clock::with_zero);
        let report = Report::new(LaneId(0), clock.clone(), Nanos::ZERO, events);
        let way = match hello.order {
            Order::Compute(job) => Way::Compute(job.worker(report.clone())?),
            Order::Ask(Inquiry { base, with_token, timeout, errand }) => {
                let api = Api::new(&base, token.filter(|_| with_token))
                    .and_then(|api| api.with_proxy(proxies))
                    .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
                let timeouts = Timeouts::within(timeout);
                let client = Client::new(Arc::new(api), timeouts, Arc::new(report.clone()))?;
                Way::Ask { events: EventLoop::new()?, client, errand }
            }
        };
        // Nobody says stop here: whoever would, ends the process.
        Ok(Self { clock, report, cancel: Cancel::default(), way })
    }

    /// Does a task.
    fn answered(&mut self, task: TaskId) -> Said {
        self.report.enter(State::Computing);
        let answer = match &mut self.way {
            Way::Compute(worker) => answer(worker.run(task, None, &self.cancel).0),
            Way::Ask { events, client, errand } => events
                .until_cancelled(&self.cancel, errand.ask(client, task))
                .unwrap_or_else(|| answer(Outcome::Stopped)),
        };
        Said::Answered { at: self.clock.now(), task, answer }
    }
}

fn answer(outcome: Outcome) -> Result<Reply, Fault> {
    let failure = match outcome {
        Outcome::Done(done) => return Ok(Reply { done, links: None }),
        Outcome::Failed(failure) | Outcome::Lost(failure) => failure,
        Outcome::Stopped => Failure::new(
            FailureKind::Panicked,
            "a worker process was stopped by nobody: please report it",
        ),
    };
    Err(Fault { failure, remedy: Remedy::None })
}
