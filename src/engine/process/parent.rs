//! The parent's side: starts a lane's worker process, sends it tasks, reads its messages, and replaces
//! it when it dies.

use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::death;
use super::wire::{self, HEARTBEAT, Hello, Order, Said, Todo, VERSION, WireError};
use crate::engine::task::Report;
use crate::github::{Fault, Reply};
use crate::model::{Failure, Kind, Nanos, State, TaskId};

/// The maximum time for a process to become ready.
const LONGEST_START: Duration = Duration::from_secs(30);

/// The maximum number of starts in a row of a process that dies before it is ready.
const STARTS: u32 = 3;

/// The silence allowed to a busy worker beyond the timeout of a request: several heartbeats, because
/// a loaded machine delays them.
const SILENCE_GRACE: Duration = Duration::from_secs(2);

/// The maximum number of messages about one task, so that a worker in a loop is detected.
const MOST_SAID: u32 = 10_000;

/// The number of messages read ahead.
const READ_AHEAD: usize = 64;

/// Starts the worker processes of a run.
#[derive(Debug)]
pub(in crate::engine) struct Starter {
    program: PathBuf,
    order: Order,
    /// The maximum time for a process to become ready.
    longest: Duration,
    /// The maximum silence of a process that is busy with a task.
    max_silence: Duration,
}

/// A lane's worker process.
pub(in crate::engine) struct Remote {
    starter: Arc<Starter>,
    report: Report,
    process: Option<Process>,
}

impl Starter {
    /// Creates a starter for processes of `program` that do the tasks of `order`. A busy process that
    /// sends nothing for `timeout` plus [`SILENCE_GRACE`] counts as dead.
    pub(in crate::engine) fn new(
        program: Option<PathBuf>,
        order: Order,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let program = program.ok_or_else(death::no_program)?;
        let max_silence = timeout.saturating_add(SILENCE_GRACE);
        Ok(Self { program, order, longest: LONGEST_START, max_silence })
    }

    fn start(&self, report: &Report) -> Result<Process, Failure> {
        report.enter(State::Starting);
        let mut command = Command::new(&self.program);
        command.arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        apart(&mut command);
        let child = command.spawn().map_err(|error| death::not_started(&self.program, &error))?;
        let zero = report.zero();
        let hello = Hello { version: VERSION, zero, order: self.order.clone() };
        Process::greet(child, &hello, report)
            .map_err(|error| death::not_started(&self.program, &error))
    }
}

/// Puts the command in a process group of its own. Ctrl-C in the terminal then reaches the parent
/// alone, which kills its workers; Ctrl-Z stops the parent alone, and a worker finishes its task and
/// gets no other.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
const fn apart(_: &mut Command) {}

impl Remote {
    /// Starts a lane's process without waiting until it is ready, so that those of several lanes start
    /// at the same time.
    pub(in crate::engine) fn start(starter: Arc<Starter>, report: Report) -> Result<Self, Failure> {
        let process = Some(starter.start(&report)?);
        Ok(Self { starter, report, process })
    }

    /// Waits until the process is ready for a task; replaces it if it has died.
    pub(in crate::engine) async fn ready(&mut self) -> Result<(), Failure> {
        let mut starts = 1;
        loop {
            if self.process.as_mut().is_some_and(Process::is_gone) {
                self.end();
            }
            let process = match &mut self.process {
                Some(process) => process,
                none => none.insert(self.starter.start(&self.report)?),
            };
            match process.ready(&self.starter).await {
                Err(Unready::Died(_)) if starts < STARTS => starts += 1,
                Err(Unready::Died(failure) | Unready::Never(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
            self.end();
        }
    }

    /// Sends a task to the process and returns its answer. Fails, and kills the process, if it dies,
    /// does not respond, or violates the protocol.
    pub(in crate::engine) async fn ask(
        &mut self,
        task: TaskId,
    ) -> Result<Result<Reply, Fault>, Failure> {
        let Some(process) = &mut self.process else {
            return Err(death::failure("there is no worker process".to_owned()));
        };
        let answer = process.ask(task, &self.report, self.starter.max_silence).await;
        if answer.is_err() {
            self.end();
        }
        answer
    }

    /// Kills the process.
    pub(in crate::engine) fn end(&mut self) {
        self.process = None;
    }
}

/// The reason why a process did not become ready.
enum Unready {
    /// The process died; a new one may succeed.
    Died(Failure),
    /// A new process would fail in the same way.
    Never(Failure),
}

/// A started process. Dropping it kills the process.
struct Process {
    child: Child,
    input: ChildStdin,
    said: Receiver<Result<Said, WireError>>,
    greeting: Greeting,
    is_ready: bool,
}

/// The lane's reporter until its process is ready, used by the thread that reads its output: the
/// lane's own thread may not be waiting at that moment.
type Greeting = Arc<Mutex<Option<Report>>>;

impl Process {
    /// Sends the handshake to a new process, and starts the thread that reads its output.
    fn greet(mut child: Child, hello: &Hello, report: &Report) -> std::io::Result<Self> {
        let pid = child.id();
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            death::kill(&mut child);
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        let greeting: Greeting = Arc::new(Mutex::new(Some(report.clone())));
        let (sender, said) = mpsc::channel(READ_AHEAD);
        let listen = {
            let greeting = Arc::clone(&greeting);
            move || listen(output, pid, &greeting, &sender)
        };
        // If the process has already ended, the end of its output reports that.
        _ = wire::write(&mut input, hello);
        if let Err(error) = Builder::new().name(format!("pid {pid}")).spawn(listen) {
            death::kill(&mut child);
            return Err(error);
        }
        Ok(Self { child, input, said, greeting, is_ready: false })
    }

    /// Returns whether the process has ended or closed its output.
    fn is_gone(&mut self) -> bool {
        self.said.is_closed() || !matches!(self.child.try_wait(), Ok(None))
    }

    async fn ready(&mut self, starter: &Starter) -> Result<(), Unready> {
        if self.is_ready {
            return Ok(());
        }
        let said = tokio::select! {
            said = self.said.recv() => said,
            // Real time, because a process starts in real time even if the run has a manual clock.
            () = tokio::time::sleep(starter.longest) => {
                return Err(Unready::Never(death::not_ready(self.child.id(), starter.longest)));
            }
        };
        match said {
            Some(Ok(Said::Ready { version: VERSION })) => {
                self.is_ready = true;
                Ok(())
            }
            Some(Ok(Said::Ready { .. })) => {
                Err(Unready::Never(death::other_version(&starter.program)))
            }
            Some(Ok(Said::Unable(failure))) => Err(Unready::Never(failure)),
            Some(Ok(_)) => Err(Unready::Never(self.nonsense("a message before it was ready"))),
            Some(Err(error)) => {
                Err(Unready::Never(death::silence(&mut self.child, Some(error)).await))
            }
            None => Err(Unready::Died(death::silence(&mut self.child, None).await)),
        }
    }

    /// Sends a task, reports the events of the process, and returns its answer.
    async fn ask(
        &mut self,
        task: TaskId,
        report: &Report,
        max_silence: Duration,
    ) -> Result<Result<Reply, Fault>, Failure> {
        let mut last = report.now();
        report.tell(last, Kind::Entered { state: State::HandOver });
        // If the process has ended, the end of its output reports that.
        _ = wire::write(&mut self.input, &Todo { task });
        let mut left = MOST_SAID;
        while left > 0 {
            let said = self.hear(max_silence).await?;
            left -= u32::from(!matches!(said, Said::Alive));
            // Clamp the worker's timestamp between the last event and now, so that time never goes
            // backwards.
            let mut tell = |at: Nanos, kind| {
                last = at.min(report.now()).max(last);
                report.tell(last, kind);
            };
            match said {
                Said::Alive => {}
                Said::Entered { at, state } => tell(at, Kind::Entered { state }),
                Said::Quota { at, quota } => tell(at, Kind::Quota(quota)),
                Said::Answered { at, task: done, answer } if done == task => {
                    tell(at, Kind::Entered { state: State::HandOver });
                    return Ok(answer);
                }
                Said::Answered { .. } => return Err(self.nonsense("the answer to another task")),
                Said::Ready { .. } | Said::Unable(_) => {
                    return Err(self.nonsense("a second handshake"));
                }
            }
        }
        Err(self.nonsense("too many messages"))
    }

    /// Waits for the next message; fails if none comes for `max_silence`.
    async fn hear(&mut self, max_silence: Duration) -> Result<Said, Failure> {
        let mut silence = Duration::ZERO;
        // Not one long timeout: it would expire while this program itself is stopped, before the
        // worker's messages of that time are read.
        while silence < max_silence {
            match tokio::time::timeout(HEARTBEAT, self.said.recv()).await {
                Err(_elapsed) => silence += HEARTBEAT,
                Ok(Some(Ok(said))) => return Ok(said),
                Ok(Some(Err(error))) => {
                    return Err(death::silence(&mut self.child, Some(error)).await);
                }
                Ok(None) => return Err(death::silence(&mut self.child, None).await),
            }
        }
        Err(death::unresponsive(self.child.id(), max_silence))
    }

    fn nonsense(&self, what: &str) -> Failure {
        death::nonsense(self.child.id(), what)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        take(&self.greeting);
        death::kill(&mut self.child);
    }
}

/// Reads messages from a process until its output ends or is invalid, or the receiver is gone.
fn listen(
    output: impl Read,
    pid: u32,
    greeting: &Greeting,
    said: &Sender<Result<Said, WireError>>,
) {
    let mut output = BufReader::new(output);
    while let Some(heard) = wire::read(&mut output).transpose() {
        if let (Ok(Said::Ready { version: VERSION }), Some(report)) = (&heard, take(greeting)) {
            report.send(Kind::Process { pid });
            report.enter(State::Idle);
        }
        let is_nonsense = heard.is_err();
        if said.blocking_send(heard).is_err() || is_nonsense {
            return;
        }
    }
}

fn take(greeting: &Greeting) -> Option<Report> {
    greeting.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use crossbeam_channel::unbounded;

    use super::*;
    use crate::engine::compute::ComputeJob;
    use crate::engine::event_loop::EventLoop;
    use crate::engine::{Cancel, Clock};
    use crate::model::{Compute, LaneId, Work};

    #[test]
    fn silent_process_times_out_at_start() {
        let place = tempfile::TempDir::new().unwrap();
        let program = place.path().join("mute");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/stranger.sh");
        symlink(script, &program).unwrap();
        let job = ComputeJob { work: Work::Cpu(Compute::default()), server: None };
        let longest = Duration::from_millis(20);
        let order = Order::Compute(job);
        let starter = Arc::new(Starter { program, order, longest, max_silence: longest });
        let (events, _told) = unbounded();
        let report = Report::new(LaneId(0), Clock::manual(), Nanos::ZERO, events);
        let mut remote = Remote::start(starter, report).unwrap();
        let waited = EventLoop::new().unwrap().until_cancelled(&Cancel::default(), remote.ready());
        let failure = waited.unwrap().unwrap_err();
        assert!(failure.message.contains(" was not ready within "), "{failure}");
    }
}
