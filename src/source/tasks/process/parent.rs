//! The parent's side: starts a lane's worker process, sends it tasks, reads its messages, and replaces
//! it when it dies.

use std::fmt::Display;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::wire::{
    self, Answer, HEARTBEAT, Handshake, JobSpec, TaskAssignment, VERSION, WireError, WorkerMessage,
};
use super::{exit_failure, kill, spawn_failure, worker_failure};
use crate::http::{RequestError, RetryAction};
use crate::model::printable::printable;
use crate::model::{EventKind, Failure, Nanos, State};
use crate::source::LaneReporter;

/// The maximum time for a process to become ready.
const MAX_START_TIME: Duration = Duration::from_secs(30);

/// The maximum number of starts in a row of a process that dies before it is ready.
const MAX_STARTS: u32 = 3;

/// The silence allowed to a busy worker beyond the timeout of a request: several heartbeats, because
/// a loaded machine delays them.
const SILENCE_GRACE: Duration = Duration::from_secs(2);

/// The maximum number of messages about one task, so that a worker in a loop is detected.
const MAX_MESSAGES_PER_TASK: u32 = 10_000;

/// The number of messages read ahead.
const READ_AHEAD: usize = 64;

/// Starts the worker processes of a run.
#[derive(Debug)]
pub(in crate::source) struct ProcessStarter {
    program: PathBuf,
    job: JobSpec,
    /// The maximum time for a process to become ready.
    max_start_time: Duration,
    /// The maximum silence of a process that is busy with a task.
    max_silence: Duration,
}

/// A lane's worker process.
pub(in crate::source) struct RemoteWorker {
    starter: Arc<ProcessStarter>,
    reporter: LaneReporter,
    process: Option<WorkerProcess>,
}

impl ProcessStarter {
    /// Creates a starter for processes of `program` that do the tasks of `job`. A busy process that
    /// sends nothing for `timeout` plus [`SILENCE_GRACE`] counts as dead.
    pub(in crate::source) fn new(
        program: Option<PathBuf>,
        job: JobSpec,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let program = program.ok_or_else(|| {
            worker_failure(
                "cannot start a worker process: the path of the threadline executable is unknown; \
                 choose another --mode"
                    .to_owned(),
            )
        })?;
        let max_silence = timeout.saturating_add(SILENCE_GRACE);
        Ok(Self { program, job, max_start_time: MAX_START_TIME, max_silence })
    }

    fn start(&self, reporter: &LaneReporter) -> Result<WorkerProcess, Failure> {
        reporter.enter_state(State::Starting);
        let mut command = Command::new(&self.program);
        command.arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        set_process_group(&mut command);
        let child = command.spawn().map_err(|error| spawn_failure(&self.program, &error))?;
        let zero = reporter.zero();
        let handshake = Handshake { version: VERSION, zero, job: self.job.clone() };
        WorkerProcess::connect(child, &handshake, reporter)
            .map_err(|error| spawn_failure(&self.program, &error))
    }
}

/// Puts the command in a process group of its own. Ctrl-C in the terminal then reaches the parent
/// alone, which kills its workers; Ctrl-Z stops the parent alone, and a worker finishes its task and
/// gets no other.
#[cfg(unix)]
fn set_process_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
const fn set_process_group(_: &mut Command) {}

impl RemoteWorker {
    /// Starts a lane's process without waiting until it is ready, so that those of several lanes start
    /// at the same time.
    pub(in crate::source) fn start(
        starter: Arc<ProcessStarter>,
        reporter: LaneReporter,
    ) -> Result<Self, Failure> {
        let process = Some(starter.start(&reporter)?);
        Ok(Self { starter, reporter, process })
    }

    /// Waits until the process is ready for a task; replaces it if it has died.
    pub(in crate::source) async fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let mut starts = 1;
        loop {
            if self.process.as_mut().is_some_and(WorkerProcess::is_gone) {
                self.discard_process();
            }
            let process = match &mut self.process {
                Some(process) => process,
                none => none.insert(self.starter.start(&self.reporter)?),
            };
            match process.wait_until_ready(&self.starter).await {
                Err(ProcessStartError::Died(_)) if starts < MAX_STARTS => starts += 1,
                Err(ProcessStartError::Died(failure) | ProcessStartError::Permanent(failure)) => {
                    return Err(failure);
                }
                Ok(()) => return Ok(()),
            }
            self.discard_process();
        }
    }

    /// Sends a task to the process and returns what `expect` takes from its answer. Fails, and kills
    /// the process, if it dies, does not respond, or violates the protocol.
    pub(in crate::source) async fn run_task<T>(
        &mut self,
        assignment: TaskAssignment,
        expect: impl FnOnce(Answer) -> Option<T>,
    ) -> Result<Result<T, RequestError>, Failure> {
        let Some(process) = &mut self.process else {
            return Err(worker_failure("there is no worker process".to_owned()));
        };
        let answer = process.run_task(&assignment, &self.reporter, self.starter.max_silence).await;
        let answer = answer.and_then(|answer| match answer.map(expect) {
            Ok(Some(expected)) => Ok(Ok(expected)),
            Ok(None) => Err(process.protocol_failure("the answer to another job")),
            Err(error) => Ok(Err(error)),
        });
        if answer.is_err() {
            self.discard_process();
        }
        answer
    }

    /// [`Self::run_task`] for a task that is a request: the failure of the process is that of the
    /// request.
    pub(in crate::source) async fn send_request<T>(
        &mut self,
        assignment: TaskAssignment,
        expect: impl FnOnce(Answer) -> Option<T>,
    ) -> Result<T, RequestError> {
        let died = |failure| Err(RequestError { failure, retry_action: RetryAction::None });
        self.run_task(assignment, expect).await.unwrap_or_else(died)
    }

    /// Kills the process.
    pub(in crate::source) fn discard_process(&mut self) {
        self.process = None;
    }
}

/// The reason why a process did not become ready.
enum ProcessStartError {
    /// The process died; a new one may succeed.
    Died(Failure),
    /// A new process would fail in the same way.
    Permanent(Failure),
}

/// A started process. Dropping it kills the process.
struct WorkerProcess {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Result<WorkerMessage, WireError>>,
    startup_reporter: StartupReporter,
    is_ready: bool,
}

/// The lane's reporter until its process is ready, used by the thread that reads its output: the
/// lane's own thread may not be waiting at that moment.
type StartupReporter = Arc<Mutex<Option<LaneReporter>>>;

impl WorkerProcess {
    /// Sends the handshake to a new process, and starts the thread that reads its output.
    fn connect(
        mut child: Child,
        handshake: &Handshake,
        reporter: &LaneReporter,
    ) -> std::io::Result<Self> {
        let pid = child.id();
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            kill(&mut child);
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let startup_reporter: StartupReporter = Arc::new(Mutex::new(Some(reporter.clone())));
        let (sender, messages) = mpsc::channel(READ_AHEAD);
        let listen = {
            let startup_reporter = Arc::clone(&startup_reporter);
            let longest = handshake.job.max_line();
            move || read_messages(output, longest, pid, &startup_reporter, &sender)
        };
        // If the process has already ended, the end of its output reports that.
        _ = wire::write(&mut input, handshake);
        if let Err(error) = Builder::new().name(format!("pid {pid}")).spawn(listen) {
            kill(&mut child);
            return Err(error);
        }
        Ok(Self { child, input, messages, startup_reporter, is_ready: false })
    }

    /// Returns whether the process has ended or closed its output.
    fn is_gone(&mut self) -> bool {
        self.messages.is_closed() || !matches!(self.child.try_wait(), Ok(None))
    }

    async fn wait_until_ready(
        &mut self,
        starter: &ProcessStarter,
    ) -> Result<(), ProcessStartError> {
        if self.is_ready {
            return Ok(());
        }
        let message = tokio::select! {
            message = self.messages.recv() => message,
            // Real time, because a process starts in real time even if the run has a manual clock.
            () = tokio::time::sleep(starter.max_start_time) => {
                let (pid, waited) = (self.child.id(), starter.max_start_time.as_secs());
                let message =
                    format!("worker process {pid} was not ready within {waited} s; lower --threads");
                return Err(ProcessStartError::Permanent(worker_failure(message)));
            }
        };
        Err(ProcessStartError::Permanent(match message {
            Some(Ok(WorkerMessage::Ready { version: VERSION })) => {
                self.is_ready = true;
                return Ok(());
            }
            None => return Err(ProcessStartError::Died(exit_failure(&mut self.child).await)),
            Some(Ok(WorkerMessage::Ready { .. })) => {
                let program = printable(&starter.program.display().to_string());
                worker_failure(format!(
                    "cannot use a worker process: {program} is a different version; restart \
                     threadline"
                ))
            }
            Some(Ok(WorkerMessage::Unable(failure))) => failure,
            Some(Ok(_)) => self.protocol_failure("a message before it was ready"),
            Some(Err(error)) => self.protocol_failure(error),
        }))
    }

    /// Sends a task, reports the events of the process, and returns its answer.
    async fn run_task(
        &mut self,
        assignment: &TaskAssignment,
        reporter: &LaneReporter,
        max_silence: Duration,
    ) -> Result<Result<Answer, RequestError>, Failure> {
        let mut last = reporter.now();
        reporter.send_at(last, EventKind::StateEntered { state: State::HandOver });
        // If the process has ended, the end of its output reports that.
        _ = wire::write(&mut self.input, assignment);
        let mut left = MAX_MESSAGES_PER_TASK;
        while left > 0 {
            let message = self.receive_message(max_silence).await?;
            left -= u32::from(!matches!(message, WorkerMessage::Alive));
            // Clamp the worker's timestamp between the last event and now, so that time never goes
            // backwards.
            let mut send = |at: Nanos, kind| {
                last = at.min(reporter.now()).max(last);
                reporter.send_at(last, kind);
            };
            match message {
                WorkerMessage::Alive => {}
                WorkerMessage::Entered { at, state } => send(at, EventKind::StateEntered { state }),
                WorkerMessage::Quota { at, quota } => send(at, EventKind::QuotaReported(quota)),
                WorkerMessage::Answered { at, task: done, answer } if done == assignment.task => {
                    send(at, EventKind::StateEntered { state: State::HandOver });
                    return Ok(answer);
                }
                WorkerMessage::Answered { .. } => {
                    return Err(self.protocol_failure("the answer to another task"));
                }
                WorkerMessage::Ready { .. } | WorkerMessage::Unable(_) => {
                    return Err(self.protocol_failure("a second handshake"));
                }
            }
        }
        Err(self.protocol_failure("too many messages"))
    }

    /// Waits for the next message; fails if none comes for `max_silence`.
    async fn receive_message(&mut self, max_silence: Duration) -> Result<WorkerMessage, Failure> {
        let mut silence = Duration::ZERO;
        // Not one long timeout: it would expire while this program itself is stopped, before the
        // worker's messages of that time are read.
        while silence < max_silence {
            match tokio::time::timeout(HEARTBEAT, self.messages.recv()).await {
                Err(_elapsed) => silence += HEARTBEAT,
                Ok(Some(Ok(message))) => return Ok(message),
                Ok(Some(Err(error))) => return Err(self.protocol_failure(error)),
                Ok(None) => return Err(exit_failure(&mut self.child).await),
            }
        }
        let (pid, silence) = (self.child.id(), max_silence.as_secs());
        let message = format!("worker process {pid} did not respond for {silence} s");
        Err(worker_failure(message))
    }

    /// Returns the failure for output that violates the protocol.
    fn protocol_failure(&self, what: impl Display) -> Failure {
        let (pid, what) = (self.child.id(), printable(&what.to_string()));
        worker_failure(format!("worker process {pid} sent invalid output ({what})"))
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        take_reporter(&self.startup_reporter);
        kill(&mut self.child);
    }
}

/// Reads messages from a process until its output ends or is invalid, or the receiver is gone.
fn read_messages(
    output: impl Read,
    longest: u64,
    pid: u32,
    startup_reporter: &StartupReporter,
    messages: &Sender<Result<WorkerMessage, WireError>>,
) {
    let mut output = BufReader::new(output);
    while let Some(message) = wire::read(&mut output, longest).transpose() {
        if let (Ok(WorkerMessage::Ready { version: VERSION }), Some(reporter)) =
            (&message, take_reporter(startup_reporter))
        {
            reporter.send(EventKind::ProcessStarted { pid });
            reporter.enter_state(State::Idle);
        }
        let is_nonsense = message.is_err();
        if messages.blocking_send(message).is_err() || is_nonsense {
            return;
        }
    }
}

fn take_reporter(startup_reporter: &StartupReporter) -> Option<LaneReporter> {
    startup_reporter.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use crossbeam_channel::unbounded;

    use super::*;
    use crate::model::{ComputeSpec, LaneId, WorkSpec};
    use crate::source::cancel_token::EventLoop;
    use crate::source::tasks::compute::ComputeJob;
    use crate::source::{CancelToken, Clock};

    #[test]
    fn silent_process_times_out_at_start() {
        let directory = tempfile::TempDir::new().unwrap();
        let program = directory.path().join("mute");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/process/stranger.sh");
        symlink(script, &program).unwrap();
        let job = ComputeJob { work: WorkSpec::Cpu(ComputeSpec::default()), server: None };
        let max_start_time = Duration::from_millis(20);
        let job = JobSpec::Compute(job);
        let starter =
            Arc::new(ProcessStarter { program, job, max_start_time, max_silence: max_start_time });
        let (events, _told) = unbounded();
        let reporter = LaneReporter::new(LaneId(0), Clock::manual(), Nanos::ZERO, events);
        let mut remote = RemoteWorker::start(starter, reporter).unwrap();
        let waited = EventLoop::new()
            .unwrap()
            .run_until_cancelled(&CancelToken::default(), remote.wait_until_ready());
        let failure = waited.unwrap().unwrap_err();
        assert!(failure.message.contains(" was not ready within "), "{failure}");
    }
}
