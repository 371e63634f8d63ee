//! The run in which a program is watched: the thread that polls the observer until the program ends or
//! is let go.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io;
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select, unbounded};
use rustix::io::Errno;
use rustix::process::Pid;

use super::held_program::{HeldProgram, ProcessChange, ProgramLaunch, wait_for_change};
use super::launch_error::LaunchError;
use super::observer::{Observer, PollStatus};
use super::program_control::{ProgramControl, TERMINATION_GRACE, WatchWake};
use super::pseudo_terminal::{OutputReader, PseudoTerminal};
use super::switch_records::RingFailure;
use super::thread_readers::SystemAccess;
use crate::model::{
    Accuracy, Event, EventKind, Exactness, ExitStatus, Failure, FailureKind, LaneId, Plan,
    RunOutcome,
};
use crate::source::pool::no_threads_failure;
use crate::source::{CancelToken, Clock, FailedRun, RunHandle, Source};

/// The time that the end of a program takes after it was killed.
const KILL_GRACE: Duration = Duration::from_millis(500);

/// A program to watch.
#[derive(Clone, Debug)]
pub enum WatchTarget {
    /// A program to start.
    Launched(ProgramLaunch),
    /// A process that runs already.
    Attached {
        /// Its process ID.
        pid: u32,
    },
}

/// The run in which a program is watched.
#[derive(Debug)]
pub struct ProgramSource {
    /// The plan of the run.
    pub plan: Plan,
    /// The program.
    pub target: WatchTarget,
    /// The time after which it is left or asked to end, if there is a limit.
    pub duration: Option<Duration>,
    /// The accuracy that is asked for.
    pub accuracy: AccuracyChoice,
    /// The user's commands to it.
    pub control: ProgramControl,
}

/// The accuracy that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccuracyChoice {
    /// As exactly as the system allows.
    #[default]
    Best,
    /// By switch records, or not at all.
    Exact,
    /// By counters, even if there are switch records.
    Counted,
}

impl AccuracyChoice {
    /// Returns the ways into the system. Counting does without switch records.
    fn system_access(self) -> SystemAccess {
        let system = SystemAccess::default();
        match self {
            Self::Best | Self::Exact => system,
            Self::Counted => {
                SystemAccess { open_ring: |_| Err(RingFailure::Event(Errno::CANCELED)), ..system }
            }
        }
    }
}

impl Source for ProgramSource {
    fn start(self, clock: &Clock) -> RunHandle {
        let (sender, events) = unbounded();
        let (going, over) = bounded(0);
        let (started, cancel, plan) = (clock.now(), CancelToken::default(), self.plan.clone());
        let (control, is_launched) = (self.control.clone(), self.is_launched());
        let (wakes, woken) = unbounded();
        control.set_wakes(wakes.clone());
        stop_on_cancel(&cancel, &control, wakes.clone(), is_launched);
        let run_clock =
            clock.zero().map_or_else(|| clock.clone(), |zero| Clock::with_zero(zero + started));
        let inexact = RefCell::default();
        let watch = WatchThread {
            source: self,
            clock: run_clock,
            events: sender,
            cancel: cancel.clone(),
            wakes,
            woken,
            inexact,
        };
        let thread = Builder::new().name("watch".to_owned()).spawn(move || {
            watch.run();
            drop(going);
        });
        let Ok(thread) = thread else {
            return FailedRun { plan, failure: no_threads_failure() }.start(clock);
        };
        let stop_grace = if is_launched { TERMINATION_GRACE + KILL_GRACE } else { KILL_GRACE };
        let abandon: Option<Box<dyn Fn() + Send + Sync>> = Some(Box::new(move || control.kill()));
        RunHandle { abandon, started, events, over, cancel, stop_grace, thread: Some(thread) }
    }
}

impl ProgramSource {
    const fn is_launched(&self) -> bool {
        matches!(self.target, WatchTarget::Launched(_))
    }
}

/// A stopped run asks a program that it started to end, and leaves another one.
fn stop_on_cancel(
    cancel: &CancelToken,
    control: &ProgramControl,
    wakes: Sender<WatchWake>,
    is_launched: bool,
) {
    let control = control.clone();
    cancel.on_cancel(move || {
        if is_launched {
            control.stop();
        } else {
            // Fails if the run has ended.
            _ = wakes.send(WatchWake::LetGo);
        }
    });
}

/// The thread that polls the observer.
struct WatchThread {
    source: ProgramSource,
    /// The clock of the run.
    clock: Clock,
    events: Sender<Event>,
    cancel: CancelToken,
    wakes: Sender<WatchWake>,
    woken: Receiver<WatchWake>,
    /// Why the events are not as exact as they were asked for.
    inexact: RefCell<Option<String>>,
}

/// The end of watching.
enum WatchEnd {
    /// The program's first process has ended.
    Exited(ExitStatus),
    /// The threads of a process that this program did not start have ended.
    Gone,
    /// The program continues.
    Left,
    /// Watching failed.
    Failed(Failure),
}

/// A program that has begun, and what looks at it.
struct BegunProgram {
    observer: Observer,
    output: Option<OutputReader>,
}

impl WatchThread {
    fn run(self) {
        let outcome = match self.begin() {
            Ok(program) => self.watch_to_end(program),
            Err((failure, status)) => {
                if let Some(status) = status {
                    self.send(EventKind::ProgramExited { status });
                }
                RunOutcome::Failed(failure)
            }
        };
        self.send(EventKind::RunFinished { outcome, machine_load: None });
    }

    /// Starts the program, or finds the one that runs. Fails with an exit status if it cannot be
    /// executed.
    fn begin(&self) -> Result<BegunProgram, (Failure, Option<ExitStatus>)> {
        match self.source.target.clone() {
            WatchTarget::Attached { pid } => {
                self.send_start(pid);
                let system = self.source.accuracy.system_access();
                let observer = Observer::attached_with(pid, &self.clock, system);
                let observer = observer.map_err(|error| {
                    (Failure::new(FailureKind::NotFound, error.to_string()), None)
                })?;
                Ok(BegunProgram { observer, output: None })
            }
            WatchTarget::Launched(launch) => self.launch(&launch).map_err(|error| {
                let status = ExitStatus::Code(error.exit_code().into());
                (error.to_failure(), Some(status))
            }),
        }
    }

    fn launch(&self, launch: &ProgramLaunch) -> Result<BegunProgram, LaunchError> {
        let (streams, terminal) = launch.streams.open()?;
        // Read from its first byte on: a program may fill the terminal and wait.
        let output = terminal.as_ref().map(|terminal| self.read_output(terminal)).transpose()?;
        let held = HeldProgram::start(launch, streams)?;
        let pid = held.pid();
        self.send_start(held.id());
        let system = self.source.accuracy.system_access();
        let observer = Observer::held_with(held.id(), &self.clock, system);
        let program = launch.command.first().map_or(OsStr::new(""), |program| program);
        let child = held.release(program)?;
        self.source.control.take_over(child, terminal);
        if self.cancel.is_cancelled() {
            // There was nothing to stop before.
            self.source.control.stop();
        }
        self.wait_for_exit(pid).inspect_err(|_| self.source.control.kill())?;
        Ok(BegunProgram { observer, output })
    }

    /// Sends the first event of the run.
    fn send_start(&self, pid: u32) {
        let mut plan = self.source.plan.clone();
        if let Some(program) = plan.work.program_mut() {
            program.pid = pid;
        }
        self.send(EventKind::RunStarted { plan });
    }

    fn read_output(&self, terminal: &PseudoTerminal) -> io::Result<OutputReader> {
        let (clock, events) = (self.clock.clone(), self.events.clone());
        terminal.read_output(move |text| {
            let kind = EventKind::ProgramOutput { text: Arc::from(text) };
            // The receiver is gone once the run is dropped.
            _ = events.send(Event { at: clock.now(), lane: LaneId(0), kind });
        })
    }

    /// Starts the thread that waits for the end of the program's first process.
    fn wait_for_exit(&self, pid: Pid) -> io::Result<()> {
        let wakes = self.wakes.clone();
        let wait = move || {
            loop {
                let change = wait_for_change(pid);
                let goes_on = matches!(change, Ok(ProcessChange::WantedTerminal));
                // Fails if the run has ended, because the program was let go.
                if wakes.send(WatchWake::Changed(change)).is_err() || !goes_on {
                    return;
                }
            }
        };
        Builder::new().name("waiter".to_owned()).spawn(wait).map(drop)
    }

    /// Polls until the program ends or is let go, and sends all events but the last.
    fn watch_to_end(&self, program: BegunProgram) -> RunOutcome {
        let BegunProgram { mut observer, output } = program;
        let end = self.poll_to_end(&mut observer);
        if let WatchEnd::Exited(_) = end {
            self.source.control.record_exit();
        }
        output.into_iter().for_each(OutputReader::finish);
        observer.finish(&mut |event| self.emit(event));
        match end {
            WatchEnd::Exited(status) => {
                self.send(EventKind::ProgramExited { status });
                RunOutcome::Finished
            }
            WatchEnd::Gone => RunOutcome::Finished,
            WatchEnd::Left => RunOutcome::Stopped,
            WatchEnd::Failed(failure) => RunOutcome::Failed(failure),
        }
    }

    fn poll_to_end(&self, observer: &mut Observer) -> WatchEnd {
        let is_launched = self.source.is_launched();
        let mut deadline: Receiver<Instant> = self.source.duration.map_or_else(never, after);
        let mut wanted_terminal = false;
        loop {
            let PollStatus { wait, threads_alive } = observer.poll(&mut |event| self.emit(event));
            if let Some(why) = self.inexact.take() {
                self.source.control.kill();
                let message = format!(
                    "cannot watch exactly: {why}; without --accuracy exact it is watched by counters"
                );
                return WatchEnd::Failed(Failure::new(FailureKind::Refused, message));
            }
            if !is_launched && !threads_alive {
                return WatchEnd::Gone;
            }
            let end = select! {
                recv(self.woken) -> wake => self.handle_wake(wake.ok(), &mut wanted_terminal),
                recv(deadline) -> _ => {
                    deadline = never();
                    self.end_in_time()
                }
                default(wait) => None,
            };
            if let Some(end) = end {
                // What happened up to the end.
                observer.poll(&mut |event| self.emit(event));
                return end;
            }
        }
    }

    fn handle_wake(&self, wake: Option<WatchWake>, wanted_terminal: &mut bool) -> Option<WatchEnd> {
        let Some(WatchWake::Changed(change)) = wake else { return Some(WatchEnd::Left) };
        match change {
            Ok(ProcessChange::WantedTerminal) => {
                *wanted_terminal = true;
                self.source.control.kill();
                None
            }
            Ok(ProcessChange::Exited(_)) if *wanted_terminal => {
                Some(WatchEnd::Failed(terminal_failure()))
            }
            Ok(ProcessChange::Exited(status)) => Some(WatchEnd::Exited(status)),
            Err(error) => {
                let message = format!("cannot wait for the program: {error}");
                Some(WatchEnd::Failed(Failure::new(FailureKind::Command, message)))
            }
        }
    }

    /// The time that was asked for is over: asks a program that this one started to end, and leaves
    /// another one.
    fn end_in_time(&self) -> Option<WatchEnd> {
        if !self.source.is_launched() {
            return Some(WatchEnd::Left);
        }
        self.source.control.stop();
        None
    }

    /// Sends an event of the observer, in which the accuracy is compared to the one asked for.
    fn emit(&self, mut event: Event) {
        if let EventKind::AccuracyChanged(Accuracy { edges, why, .. }) = &mut event.kind {
            match self.source.accuracy {
                AccuracyChoice::Exact if *edges != Exactness::Exact => {
                    self.inexact.replace(Some(why.clone().unwrap_or_default()));
                }
                AccuracyChoice::Counted => {
                    *why = Some("counters were asked for by --accuracy counted".to_owned());
                }
                AccuracyChoice::Best | AccuracyChoice::Exact => {}
            }
        }
        // The receiver is gone once the run is dropped.
        _ = self.events.send(event);
    }

    /// Sends an event that concerns the whole run.
    fn send(&self, kind: EventKind) {
        self.emit(Event { at: self.clock.now(), lane: LaneId(0), kind });
    }
}

/// Returns the failure of a program that was killed because it tried to use this program's terminal.
fn terminal_failure() -> Failure {
    Failure::new(
        FailureKind::Command,
        "the program was stopped because it tried to use the terminal, which it does not have here; \
         run it in another terminal, and then threadline watch -p PID",
    )
}
