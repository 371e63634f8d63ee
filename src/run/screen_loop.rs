//! The event loop: passes keys, signals and run events to the app, performs its effects, and draws
//! the screen after changes.

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, Sender, after, bounded, never, select, unbounded};

use super::exports::ExportJobs;
use super::run_handles::RunHandles;
use crate::app::{App, Effect, Msg};
use crate::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Run, State,
    TaskId, TaskOutcome, WorkSpec,
};
use crate::source::Launcher;
use crate::terminal::TerminalInput;
use crate::terminal::input::{self, BackgroundQuery};
use crate::terminal::screen::{Screen, ScreenOptions, stdout_size, suspend_process};
use crate::terminal::signals::{self, Signals};
use crate::terminal::writer::PendingWrite;

/// The frame interval during a run: 20 frames per second look smooth and take half the CPU time of
/// 40.
const FRAME_INTERVAL: Duration = Duration::from_millis(50);

/// The minimum frame interval after input, which limits the frames of a key held down.
const INPUT_FRAME_INTERVAL: Duration = Duration::from_millis(16);

/// The frame interval during a run with reduced motion.
const REDUCED_MOTION_INTERVAL: Duration = Duration::from_millis(500);

/// The number of tasks per round of the measurement of an event's overhead; all rounds take about a
/// millisecond.
const OVERHEAD_TASKS: u32 = 500;

/// The number of rounds.
const OVERHEAD_ROUNDS: usize = 5;

/// The reason why the event loop ended.
#[derive(Debug)]
pub enum ExitReason {
    /// The user quit.
    Quit,
    /// A signal, by its number. Ctrl-C counts as SIGINT.
    Signal(i32),
    /// The terminal was closed, or cannot be used for another reason.
    TerminalLost(io::Error),
}

/// Starts the selected run and shows `app` on the terminal until the user quits or a signal arrives.
/// `command` is the command line of the session.
///
/// Restores the terminal, also after an error or a panic. Restoring never blocks: output that the
/// terminal does not accept is discarded.
///
/// # Errors
///
/// Fails if the terminal cannot be set up.
pub fn run(
    app: App,
    launcher: &Launcher,
    options: ScreenOptions,
    command: &str,
    signals: &Signals,
) -> io::Result<(App, ExitReason)> {
    run_course(app, launcher, options, command, &mut |_| None, signals)
}

/// Shows `app` as [`run`] does. `finish_lesson` is called with the name of each lesson that is done, and
/// returns a problem.
pub(super) fn run_course(
    app: App,
    launcher: &Launcher,
    options: ScreenOptions,
    command: &str,
    finish_lesson: &mut dyn FnMut(&str) -> Option<String>,
    signals: &Signals,
) -> io::Result<(App, ExitReason)> {
    let screen = Screen::enter(options)?;
    let (sender, inputs) = bounded(input::MAX_PENDING_INPUTS);
    let mut tui = Tui {
        app,
        launcher,
        received: signals.receiver(),
        inputs,
        screen,
        query: BackgroundQuery::default(),
        runs: RunHandles::default(),
        exports: ExportJobs::new(command),
        finish_lesson,
        dirty: true,
        input_pending: false,
        frame_interval: if options.reduced_motion {
            REDUCED_MOTION_INTERVAL
        } else {
            FRAME_INTERVAL
        },
        last_drawn_at: None,
        pending_frame: None,
        suspended_at: None,
    };
    let exit = tui.run_session(sender);
    tui.app.finish_seek();
    drop(tui.screen);
    if tui.app.selection().workload.is_program() {
        tui.runs.finish(|run, event| _ = tui.app.update(Msg::Event(run, event)));
    }
    for words in tui.exports.finish() {
        tui.app.update(Msg::ExportFinished(words));
    }
    let exit = exit.unwrap_or_else(|error| {
        // A terminal that closes causes both an error and SIGHUP; the signal is the better reason.
        signals.wait_for_termination().map_or(ExitReason::TerminalLost(error), ExitReason::Signal)
    });
    Ok((tui.app, exit))
}

struct Tui<'session> {
    app: App,
    launcher: &'session Launcher,
    /// The signals received.
    received: &'session Receiver<i32>,
    /// The input from the terminal.
    inputs: Receiver<TerminalInput>,
    screen: Screen,
    query: BackgroundQuery,
    runs: RunHandles,
    exports: ExportJobs,
    /// Keeps that a lesson is done, and returns a problem.
    finish_lesson: &'session mut dyn FnMut(&str) -> Option<String>,
    /// If set, the screen does not show the current state of the app.
    dirty: bool,
    /// If set, the screen does not show the effect of the latest input.
    input_pending: bool,
    /// The frame interval during a run.
    frame_interval: Duration,
    last_drawn_at: Option<Nanos>,
    /// The frame being written; the next one waits for it.
    pending_frame: Option<PendingWrite>,
    /// The time of suspension, while suspended.
    suspended_at: Option<Nanos>,
}

impl Tui<'_> {
    fn run_session(&mut self, inputs: Sender<TerminalInput>) -> io::Result<ExitReason> {
        let begin = self.app.start();
        // The first frame waits neither for a thread to start nor for the terminal's answer.
        self.draw()?;
        input::spawn_reader(inputs, self.query.expected())?;
        // The terminal may have changed before its signals were watched.
        self.resize_program();
        // Measured before the first run, which it would disturb.
        self.app.update(Msg::EventOverhead(measure_event_overhead(self.launcher)));
        let exit = self.run_loop(begin);
        self.restore_terminal();
        exit
    }

    fn run_loop(&mut self, begin: Option<Effect>) -> io::Result<ExitReason> {
        if let Some(exit) = self.perform(begin)? {
            return Ok(exit);
        }
        let inputs = self.inputs.clone();
        loop {
            // The events of a run are applied at the next frame, because waking up for each would
            // cost more than drawing them. Only its end is handled at once, as another run may
            // follow.
            let wake = match self.next_frame() {
                Some(Duration::ZERO) => {
                    let effect = self.apply_events();
                    if let Some(exit) = self.perform(effect)? {
                        return Ok(exit);
                    }
                    let effect = self.draw()?;
                    if let Some(exit) = self.perform(effect)? {
                        return Ok(exit);
                    }
                    continue;
                }
                Some(wait) => after(wait),
                None => never(),
            };
            let over = self.runs.over();
            let results = self.exports.results().clone();
            let sent = self
                .pending_frame
                .as_ref()
                .map_or_else(never, |pending_frame| pending_frame.result().clone());
            let effect = select! {
                recv(self.received) -> signal => match self.handle_signal(signal)? {
                    Some(exit) => return Ok(exit),
                    None => None,
                },
                recv(inputs) -> input => self.handle_input(input.map_err(terminal_gone)?)?,
                recv(sent) -> outcome => {
                    self.pending_frame = None;
                    outcome.map_err(terminal_gone)??;
                    None
                }
                recv(results) -> words => {
                    self.dirty = true;
                    words.ok().and_then(|words| self.app.update(Msg::ExportFinished(words)))
                }
                recv(over) -> _ => self.apply_events(),
                recv(wake) -> _ => None,
            };
            if let Some(exit) = self.perform(effect)? {
                return Ok(exit);
            }
        }
    }

    fn handle_signal(&mut self, signal: Result<i32, RecvError>) -> io::Result<Option<ExitReason>> {
        match signal {
            Ok(signals::SUSPEND) => return self.suspend(),
            Ok(signals::CONTINUE) => self.resume()?,
            Ok(signals::RESIZE) => {
                self.resize_program();
                self.request_redraw();
            }
            Ok(signal) => return Ok(Some(ExitReason::Signal(signal))),
            Err(_) => {}
        }
        Ok(None)
    }

    fn resize_program(&self) {
        if let Some((columns, rows)) = stdout_size() {
            self.launcher.resize_program(columns, rows);
        }
    }

    /// Returns the time until the next frame: during a run, or when a notice ends. `None` while
    /// nothing changes, the terminal belongs to the shell, or a frame is being written.
    fn next_frame(&self) -> Option<Duration> {
        if !Screen::is_active() || self.pending_frame.is_some() {
            return None;
        }
        if !(self.dirty || self.app.needs_frames()) {
            let end = self.app.notice_end()?;
            return Some(end.since(self.launcher.now()).into());
        }
        let Some(last) = self.last_drawn_at else { return Some(Duration::ZERO) };
        let pace = if self.input_pending { INPUT_FRAME_INTERVAL } else { self.frame_interval };
        Some(pace.saturating_sub(self.launcher.now().since(last).into()))
    }

    const fn request_redraw(&mut self) {
        self.dirty = true;
        self.input_pending = true;
    }

    fn handle_input(&mut self, input: TerminalInput) -> io::Result<Option<Effect>> {
        let msg = match input {
            TerminalInput::Key(key) => Msg::Key(key),
            TerminalInput::Mouse(mouse) => {
                Msg::Mouse(mouse.gesture, self.screen.pointer_target(&self.app, mouse)?)
            }
            TerminalInput::Background(background) if self.screen.queries_background() => {
                Msg::Background(background)
            }
            TerminalInput::Background(_) => return Ok(None),
            TerminalInput::Attributes => {
                self.query.close();
                return Ok(None);
            }
        };
        self.request_redraw();
        Ok(self.app.update(msg))
    }

    /// Returns the terminal to the shell, but first discards pending answers of the terminal, which
    /// the shell would take for typed input.
    fn restore_terminal(&mut self) {
        let due = self.query.remaining(self.launcher.now());
        self.query.close();
        self.screen.restore_terminal(|| {
            if let Some(wait) = due {
                input::discard_answers(&self.inputs, wait);
            }
        });
    }

    /// Applies the events since the last call, and returns the effect that follows the end of a run.
    fn apply_events(&mut self) -> Option<Effect> {
        let mut effect = None;
        self.runs.take_events(|run, event| {
            self.dirty = true;
            // Only the last event of a run has an effect.
            effect = self.app.update(Msg::Event(run, event)).or(effect.take());
        });
        effect
    }

    fn perform(&mut self, effect: Option<Effect>) -> io::Result<Option<ExitReason>> {
        match effect {
            Some(Effect::Start(runs)) => self.runs = RunHandles::start(self.launcher, runs),
            Some(Effect::Stop) => self.runs.stop(),
            Some(Effect::TerminateProgram) => self.launcher.terminate_program(),
            Some(Effect::KillProgram) => self.launcher.kill_program(),
            Some(Effect::LetProgramGo { quits }) => match self.launcher.let_program_go() {
                Ok(()) if quits => return Ok(Some(ExitReason::Quit)),
                Ok(()) => {}
                Err(error) => {
                    let text = format!("the program cannot be let go: {error}");
                    self.app.update(Msg::LetGoFailed(text));
                }
            },
            Some(Effect::FindExportNames(stem)) => {
                self.app.update(Msg::ExportNames(ExportJobs::free_names(&stem)));
            }
            Some(Effect::Export { kind, stem }) => self.exports.start(kind, &stem, &self.app),
            Some(Effect::Suspend) => return self.suspend(),
            Some(Effect::Quit) => return Ok(Some(ExitReason::Quit)),
            Some(Effect::Interrupt) => return Ok(Some(ExitReason::Signal(signals::INTERRUPT))),
            Some(Effect::LessonDone(lesson)) => {
                if let Some(problem) = (self.finish_lesson)(&lesson) {
                    self.app.update(Msg::LessonNotKept(problem));
                }
            }
            None => {}
        }
        Ok(None)
    }

    /// Returns the terminal to the shell and suspends the process, unless SIGCONT has already
    /// arrived.
    fn suspend(&mut self) -> io::Result<Option<ExitReason>> {
        self.suspended_at = Some(self.launcher.now());
        self.restore_terminal();
        let mut waiting = self.received.try_iter();
        match waiting.find(|signal| ![signals::SUSPEND, signals::RESIZE].contains(signal)) {
            Some(signals::CONTINUE) => self.resume()?,
            Some(signal) => return Ok(Some(ExitReason::Signal(signal))),
            None => suspend_process()?,
        }
        Ok(None)
    }

    /// Takes the terminal back from the shell after SIGCONT.
    fn resume(&mut self) -> io::Result<()> {
        if let Some(suspended_at) = self.suspended_at.take() {
            self.app.update(Msg::Resumed(self.launcher.now().since(suspended_at)));
        }
        // A suspend discards the signals that wait with it.
        self.resize_program();
        self.request_redraw();
        self.screen.reenter()
    }

    /// Draws a frame, and returns the effect of the events that were due.
    fn draw(&mut self) -> io::Result<Option<Effect>> {
        let drawn = self.launcher.now();
        let now = if self.app.is_playback() { drawn } else { self.runs.elapsed(drawn) };
        let columns = self.screen.timeline_columns(&self.app)?;
        self.app.update(Msg::Clock(drawn));
        let effect = self.app.update(Msg::Frame { now, columns });
        if self.screen.asks_next() {
            self.query.send(drawn);
        }
        self.pending_frame = Some(self.screen.draw(&self.app)?);
        self.app.update(Msg::FrameDrawn(self.launcher.now().since(drawn)));
        self.last_drawn_at = Some(drawn);
        (self.dirty, self.input_pending) = (false, false);
        Ok(effect)
    }
}

/// The error after the thread that reads or writes the terminal has ended.
fn terminal_gone(_: RecvError) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal was closed")
}

/// Measures the time to send an event, to receive it, and to apply it to a run. Returns the minimum
/// of several rounds, to exclude other load on the machine.
fn measure_event_overhead(launcher: &Launcher) -> Nanos {
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Threads, 1, OVERHEAD_TASKS);
    let rounds = (0..OVERHEAD_ROUNDS).map(|_| {
        let events = sample_events();
        let count = events.len() as u64;
        let (sender, receiver) = unbounded();
        let mut run = Run::opened(plan.clone());
        let begin = launcher.now();
        for event in events {
            // Cannot fail: the receiver is alive.
            _ = sender.send(event);
        }
        receiver.try_iter().for_each(|event| run.apply(&event));
        Nanos(launcher.now().since(begin).0 / count)
    });
    rounds.min().unwrap_or_default()
}

/// Returns the events of consecutive tasks, four per task.
fn sample_events() -> Vec<Event> {
    let done = || TaskOutcome::Done(Completion { response: None, product: Product::Value(1) });
    let kinds = (1..=OVERHEAD_TASKS).map(TaskId).flat_map(|task| {
        [
            EventKind::TaskStarted { task },
            EventKind::StateEntered { state: State::Native },
            EventKind::StateEntered { state: State::Computing },
            EventKind::TaskFinished { task, outcome: done() },
        ]
    });
    (1..).zip(kinds).map(|(at, kind)| Event { at: Nanos(at), lane: LaneId(0), kind }).collect()
}
