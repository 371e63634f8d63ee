//! The worker's side: `threadline worker` reads tasks from stdin, does them one after another, and
//! reports its events and results on stdout.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::sync::Arc;
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, after, never, select, unbounded};
use serde::Deserialize;
use thiserror::Error;

use super::wire::{
    self, Answer, GithubRequest, HEARTBEAT, Handshake, JobSpec, MAX_LINE_BYTES, RequestSpec,
    TaskAssignment, VERSION, WireError, WorkerMessage,
};
use crate::github::{Api, Client, Token};
use crate::http::{ProxySettings, RequestError, RequestTimeouts, RetryAction, SecretUrl};
use crate::model::{Event, EventKind, Failure, FailureKind, LaneId, Nanos, State, TaskOutcome};
use crate::source::cancel_token::EventLoop;
use crate::source::tasks::page_client::PageClient;
use crate::source::tasks::page_client::list_server::ListServer;
use crate::source::{CancelToken, Clock, Job as _, LaneReporter, Worker};

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
struct VersionLine {
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
    let Ok(Some(line)) = wire::read_line(&mut input, MAX_LINE_BYTES) else {
        return Err(WorkerError::NoParent);
    };
    let parent: VersionLine =
        serde_json::from_slice(&line).map_err(|_no_hello| WorkerError::NoParent)?;
    let ready = WorkerMessage::Ready { version: VERSION };
    if parent.version != VERSION {
        // The version in the answer lets the parent detect the mismatch.
        return Ok(write_message(&mut output, &ready)?);
    }
    let handshake = serde_json::from_slice(&line).map_err(|_no_hello| WorkerError::NoParent)?;
    let (events, happened) = unbounded();
    let mut worker = match ChildWorker::from_handshake(handshake, token, proxies, events) {
        Ok(worker) => worker,
        Err(failure) => return Ok(write_message(&mut output, &WorkerMessage::Unable(failure))?),
    };
    write_message(&mut output, &ready)?;
    let (tasks, assignments) = unbounded();
    let (answers, answered) = unbounded();
    Builder::new().name("reader".to_owned()).spawn(move || {
        _ = take_tasks(&mut input, &tasks);
        exit_process();
    })?;
    Builder::new().name("writer".to_owned()).spawn(move || {
        _ = report_events(BufWriter::new(output), &happened, &answered);
        exit_process();
    })?;
    for task in assignments {
        // The reader and writer threads live as long as the process.
        _ = answers.send(worker.run_task(task));
    }
    Ok(())
}

/// Exits the process at once, even in the middle of a task.
#[expect(
    clippy::disallowed_methods,
    reason = "a worker has no terminal to restore, and may be busy"
)]
fn exit_process() -> ! {
    std::process::exit(0)
}

/// Forwards tasks from the parent until the parent closes the pipe.
fn take_tasks(
    input: &mut BufReader<impl Read>,
    tasks: &Sender<TaskAssignment>,
) -> Result<(), WireError> {
    while let Some(task) = wire::read(input, MAX_LINE_BYTES)? {
        // The receiver lives as long as the process.
        _ = tasks.send(task);
    }
    Ok(())
}

/// Sends events and answers to the parent as they occur, until the pipe is closed. During a task it
/// also sends heartbeats, by which the parent distinguishes a long task from a stopped process.
fn report_events(
    mut output: impl Write,
    happened: &Receiver<Event>,
    answered: &Receiver<WorkerMessage>,
) -> io::Result<()> {
    let mut is_busy = false;
    loop {
        let heartbeat = if is_busy { after(HEARTBEAT) } else { never() };
        select! {
            recv(happened) -> event => {
                let Ok(event) = event else { return Ok(()) };
                write_event(&mut output, &event)?;
                is_busy = true;
            }
            recv(answered) -> answer => {
                let Ok(answer) = answer else { return Ok(()) };
                // Events that precede the answer are already in the channel, and go out first.
                for event in happened.try_iter() {
                    write_event(&mut output, &event)?;
                }
                wire::write(&mut output, &answer)?;
                is_busy = false;
            }
            recv(heartbeat) -> _ => wire::write(&mut output, &WorkerMessage::Alive)?,
        }
        output.flush()?;
    }
}

/// Sends an event that the parent cannot observe itself; other kinds are the parent's to report.
fn write_event(output: &mut impl Write, event: &Event) -> io::Result<()> {
    let at = event.at;
    match event.kind {
        EventKind::StateEntered { state } => {
            wire::write(output, &WorkerMessage::Entered { at, state })
        }
        EventKind::QuotaReported(quota) => wire::write(output, &WorkerMessage::Quota { at, quota }),
        _ => Ok(()),
    }
}

fn write_message(output: &mut impl Write, message: &WorkerMessage) -> io::Result<()> {
    wire::write(output, message)?;
    output.flush()
}

/// The state with which this process does its tasks.
struct ChildWorker {
    reporter: LaneReporter,
    cancel: CancelToken,
    job: ChildJob,
}

enum ChildJob {
    Compute(Box<dyn Worker>),
    Ask { events: EventLoop, client: Box<Client>, request: GithubRequest },
    Fetch { events: EventLoop, client: Box<PageClient> },
}

impl ChildWorker {
    fn from_handshake(
        handshake: Handshake,
        token: Option<Token>,
        proxies: &ProxySettings,
        events: Sender<Event>,
    ) -> Result<Self, Failure> {
        // Timestamps are relative to the run's start. Without a machine-wide clock, the parent corrects
        // them.
        let clock = handshake.zero.map_or_else(Clock::system, Clock::with_zero);
        let reporter = LaneReporter::new(LaneId(0), clock, Nanos::ZERO, events);
        let job = match handshake.job {
            JobSpec::Compute(job) => ChildJob::Compute(job.create_worker(reporter.clone())?),
            JobSpec::Ask(RequestSpec { base, with_token, timeout, request }) => {
                let api = Api::new(&base, token.filter(|_| with_token))
                    .and_then(|api| api.with_proxy(proxies))
                    .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
                let timeouts = RequestTimeouts::with_total(timeout);
                let client = Client::new(Arc::new(api), timeouts, Arc::new(reporter.clone()))?;
                ChildJob::Ask { events: EventLoop::new()?, client: Box::new(client), request }
            }
            JobSpec::Fetch { request, timeout } => {
                let server = ListServer::new(*request, token, proxies)
                    .map_err(|error| Failure::new(FailureKind::Worker, error.to_string()))?;
                let (timeouts, server) = (RequestTimeouts::with_total(timeout), Arc::new(server));
                let client = PageClient::new(&server, timeouts, Arc::new(reporter.clone()))?;
                ChildJob::Fetch { events: EventLoop::new()?, client: Box::new(client) }
            }
        };
        // This is never cancelled: to stop a worker, the parent kills the process.
        Ok(Self { reporter, cancel: CancelToken::default(), job })
    }

    /// Does a task and returns the message with its result.
    fn run_task(&mut self, assignment: TaskAssignment) -> WorkerMessage {
        let TaskAssignment { task, url } = assignment;
        self.reporter.enter_state(State::Computing);
        let answer = match &mut self.job {
            ChildJob::Compute(worker) => into_answer(worker.run(task, None, &self.cancel).outcome),
            ChildJob::Ask { events, client, request } => {
                events.run_until_cancelled(&self.cancel, request.send(client, task)).map_or_else(
                    || into_answer(TaskOutcome::Stopped),
                    |response| response.map(Answer::Followers),
                )
            }
            ChildJob::Fetch { events, client } => url
                .and_then(|SecretUrl(url)| {
                    events.run_until_cancelled(&self.cancel, client.get(task, &url))
                })
                .map_or_else(
                    || into_answer(TaskOutcome::Stopped),
                    |response| response.map(Answer::Page),
                ),
        };
        WorkerMessage::Answered { at: self.reporter.now(), task, answer }
    }
}

fn into_answer(outcome: TaskOutcome) -> Result<Answer, RequestError> {
    let failure = match outcome {
        TaskOutcome::Done(done) => return Ok(Answer::Computed(done)),
        TaskOutcome::Failed(failure) | TaskOutcome::Requeued(failure) => failure,
        TaskOutcome::Stopped => Failure::new(
            FailureKind::Panicked,
            "a worker process stopped without a request; this is a bug in threadline, please report it",
        ),
    };
    Err(RequestError { failure, retry_action: RetryAction::None })
}
