//! The worker's side: `threadline worker` reads tasks from stdin, does them one after another, and
//! reports its events and results on stdout.

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

/// The reason why a worker process could not start.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// Stdin did not begin with a parent's handshake.
    #[error(
        "worker is an internal command that threadline starts its worker processes with; to fetch \
         the user named worker, use --username worker"
    )]
    NoParent,
    /// A pipe broke, or a thread could not be started.
    #[error("this worker process failed")]
    System(#[from] io::Error),
}

/// The part of the handshake that all versions share.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Does the tasks that the parent sends on `input`, and reports on `output`. Once either pipe is
/// closed, the process exits at once, even in the middle of a task; so this function returns only if
/// no task can be done.
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
        // The version in the answer lets the parent detect the mismatch.
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
        // The reader and writer threads live as long as the process.
        _ = answers.send(means.answered(task));
    }
    Ok(())
}

/// Exits the process at once, even in the middle of a task.
#[expect(
    clippy::disallowed_methods,
    reason = "a worker has no terminal to restore, and may be busy"
)]
fn leave() -> ! {
    std::process::exit(0)
}

/// Forwards tasks from the parent until the parent closes the pipe.
fn take_tasks(input: &mut BufReader<impl Read>, tasks: &Sender<TaskId>) -> Result<(), WireError> {
    while let Some(Todo { task }) = wire::read(input)? {
        // The receiver lives as long as the process.
        _ = tasks.send(task);
    }
    Ok(())
}

/// Sends events and answers to the parent as they occur, until the pipe is closed. During a task it
/// also sends heartbeats, by which the parent distinguishes a long task from a stopped process.
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
                // Events that precede the answer are already in the channel, and go out first.
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

/// Sends an event that the parent cannot observe itself; other kinds are the parent's to report.
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

/// The state with which this process does its tasks.
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
        // Timestamps are relative to the run's start. Without a machine-wide clock, the parent corrects
        // them.
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
        // This is never cancelled: to stop a worker, the parent kills the process.
        Ok(Self { clock, report, cancel: Cancel::default(), way })
    }

    /// Does a task and returns the message with its result.
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
            "a worker process stopped without a request; this is a bug in threadline, please report it",
        ),
    };
    Err(Fault { failure, remedy: Remedy::None })
}
