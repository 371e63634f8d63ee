//! The event loop: keys, signals and events go into the app, its effects are carried out, and the
//! screen is drawn when something changed.

mod cost;
#[cfg(unix)]
pub mod decode;
mod exports;
mod input;
mod query;
mod screen;
#[cfg(unix)]
mod utf8;

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, Sender, after, bounded, never, select};

use crate::app::{App, Background, Effect, Msg};
use crate::engine::{Launcher, Pace, RunHandle};
use crate::model::Nanos;
use crate::signals::{self, Signals};
use crate::ui::theme::{Depth, Glyphs};
use crate::writer::Delivery;
use exports::Exports;
pub use input::{Input, Mouse};
use query::Query;
use screen::Screen;

/// At most 20 frames a second, while something moves: enough for the eye, and half the CPU time of
/// 40.
const FRAME: Duration = Duration::from_millis(50);

/// What a person asks for is drawn sooner, but a key that is held not more often than this.
const ANSWER: Duration = Duration::from_millis(16);

/// With reduced motion, what goes on by itself is drawn as seldom as this.
const CALM_FRAME: Duration = Duration::from_millis(500);

/// How the screen is to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The terminal's background, or `None` to ask the terminal.
    pub background: Option<Background>,
    /// How many colours it has.
    pub depth: Depth,
    /// Which glyphs it has.
    pub glyphs: Glyphs,
    /// Whether nobody in the background may write on it: commands that we run.
    pub guarded: bool,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// Whether nothing moves that need not.
    pub reduced_motion: bool,
}

/// How the screen was left.
#[derive(Debug)]
pub enum Left {
    /// A person quit.
    Quit,
    /// A signal ended it, by its number; Ctrl-C counts as SIGINT.
    Signal(i32),
    /// The terminal is gone, or cannot be used for another reason.
    Lost(io::Error),
}

/// Shows `app` on the terminal until a person quits or a signal comes; begins with running what the
/// app shows. `command` is what began the sitting. The terminal is as it was afterwards, also after an error or a panic; where it takes
/// nothing any more, that is not waited for. Fails if the terminal cannot be taken.
pub fn run(
    app: App,
    launcher: &Launcher,
    (look, command): (Look, &str),
    signals: &Signals,
) -> io::Result<(App, Left)> {
    let screen = Screen::enter(look)?;
    let (sender, inputs) = bounded(input::MAX_WAITING);
    let mut tui = Tui {
        app,
        launcher,
        received: signals.received(),
        inputs,
        screen,
        query: Query::default(),
        run: None,
        exports: Exports::new(command),
        dirty: true,
        asked: false,
        pace: if look.reduced_motion { CALM_FRAME } else { FRAME },
        last_draw: None,
        frame: None,
        slept_at: None,
    };
    let left = tui.sit(sender);
    drop(tui.screen);
    for words in tui.exports.finish() {
        tui.app.update(Msg::Exported(words));
    }
    let left = left.unwrap_or_else(|error| {
        // A terminal that goes away says so twice: the signal is the better word.
        signals.end_soon().map_or(Left::Lost(error), Left::Signal)
    });
    Ok((tui.app, left))
}

struct Tui<'sitting> {
    app: App,
    launcher: &'sitting Launcher,
    /// Signals, as they come.
    received: &'sitting Receiver<i32>,
    /// What the terminal sends.
    inputs: Receiver<Input>,
    screen: Screen,
    query: Query,
    run: Option<RunHandle>,
    exports: Exports,
    /// Whether the picture is not what the app says.
    dirty: bool,
    /// Whether a person did something that the picture does not show yet.
    asked: bool,
    /// Between two frames, while something goes on.
    pace: Duration,
    last_draw: Option<Nanos>,
    /// On its way to the terminal: the next waits for it.
    frame: Option<Delivery>,
    /// When the terminal was handed to the shell.
    slept_at: Option<Nanos>,
}

impl Tui<'_> {
    fn sit(&mut self, inputs: Sender<Input>) -> io::Result<Left> {
        let begin = self.app.begin();
        // The first picture does not wait for the first thread, nor for the terminal's answer.
        self.draw()?;
        input::start(inputs, self.query.expected())?;
        // Before anything runs that it could disturb.
        self.app.update(Msg::EventCost(cost::of_an_event(self.launcher)));
        let left = self.work(begin);
        self.give_back();
        left
    }

    fn work(&mut self, begin: Option<Effect>) -> io::Result<Left> {
        if let Some(left) = self.carry_out(begin)? {
            return Ok(left);
        }
        let inputs = self.inputs.clone();
        loop {
            // A run's events wait for the next frame: to wake up for each would cost more than to
            // draw them. Only its end is taken in at once, as another run may follow.
            let wake = match self.next_frame() {
                Some(Duration::ZERO) => {
                    let effect = self.take_events();
                    if let Some(left) = self.carry_out(effect)? {
                        return Ok(left);
                    }
                    self.draw()?;
                    continue;
                }
                Some(wait) => after(wait),
                None => never(),
            };
            let over = self.run.as_ref().map_or_else(never, |run| run.over().clone());
            let said = self.exports.said().clone();
            let sent = self.frame.as_ref().map_or_else(never, |frame| frame.outcome().clone());
            let effect = select! {
                recv(self.received) -> signal => match self.heed(signal)? {
                    Some(left) => return Ok(left),
                    None => None,
                },
                recv(inputs) -> input => self.take(input.map_err(gone)?)?,
                recv(sent) -> outcome => {
                    self.frame = None;
                    outcome.map_err(gone)??;
                    None
                }
                recv(said) -> words => {
                    self.dirty = true;
                    words.ok().and_then(|words| self.app.update(Msg::Exported(words)))
                }
                recv(over) -> _ => self.take_last_events(),
                recv(wake) -> _ => None,
            };
            if let Some(left) = self.carry_out(effect)? {
                return Ok(left);
            }
        }
    }

    fn heed(&mut self, signal: Result<i32, RecvError>) -> io::Result<Option<Left>> {
        match signal {
            Ok(signals::SUSPEND) => return self.suspend(),
            Ok(signals::CONTINUE) => self.wake_up()?,
            Ok(signals::RESIZE) => self.must_draw(),
            Ok(signal) => return Ok(Some(Left::Signal(signal))),
            Err(_) => {}
        }
        Ok(None)
    }

    /// How long until a frame is due: not at all while nothing changes, the shell has the terminal,
    /// or a frame is on its way.
    fn next_frame(&self) -> Option<Duration> {
        let changes = self.dirty || self.app.needs_frames();
        if !changes || !Screen::is_taken() || self.frame.is_some() {
            return None;
        }
        let Some(last) = self.last_draw else { return Some(Duration::ZERO) };
        let pace = if self.asked { ANSWER } else { self.pace };
        Some(pace.saturating_sub(self.launcher.now().since(last).into()))
    }

    const fn must_draw(&mut self) {
        self.dirty = true;
        self.asked = true;
    }

    fn take(&mut self, input: Input) -> io::Result<Option<Effect>> {
        let msg = match input {
            Input::Key(key) => Msg::Key(key),
            Input::Mouse(mouse) => {
                Msg::Mouse(mouse.gesture, self.screen.pointed_at(&self.app, mouse)?)
            }
            Input::Background(background) if self.screen.asks() => Msg::Background(background),
            Input::Background(_) => return Ok(None),
            Input::Attributes => {
                self.query.close();
                return Ok(None);
            }
        };
        self.must_draw();
        Ok(self.app.update(msg))
    }

    /// Hands the terminal to the shell, but keeps the answers that it still owes: they would look typed.
    fn give_back(&mut self) {
        let due = self.query.remaining(self.launcher.now());
        self.query.close();
        self.screen.give_back(|| {
            if let Some(wait) = due {
                input::drop_answers(&self.inputs, wait);
            }
        });
    }

    /// Takes in what happened since the last time; says what is to follow a run that is over.
    fn take_events(&mut self) -> Option<Effect> {
        let events = self.run.as_ref()?.events().clone();
        let mut effect = None;
        for event in events.try_iter() {
            self.dirty = true;
            // Only the last event of a run has an effect.
            effect = self.app.update(Msg::Event(event)).or(effect);
        }
        effect
    }

    fn take_last_events(&mut self) -> Option<Effect> {
        let effect = self.take_events();
        self.run = None;
        effect
    }

    fn carry_out(&mut self, effect: Option<Effect>) -> io::Result<Option<Left>> {
        match effect {
            Some(Effect::Start(plan)) => {
                let pace = Pace::Slow(self.app.pace());
                self.run = Some(self.launcher.start_at(plan, pace));
            }
            Some(Effect::Pace(slow)) => self.set_pace(Pace::Slow(slow)),
            Some(Effect::Stop) => {
                if let Some(run) = &self.run {
                    run.stop();
                }
            }
            Some(Effect::Name(stem)) => {
                self.app.update(Msg::Named(Exports::names(&stem)));
            }
            Some(Effect::Export { kind, stem }) => self.exports.start(kind, &stem, &self.app),
            Some(Effect::Suspend) => return self.suspend(),
            Some(Effect::Quit) => return Ok(Some(Left::Quit)),
            Some(Effect::Interrupt) => return Ok(Some(Left::Signal(signals::INTERRUPT))),
            None => {}
        }
        Ok(None)
    }

    fn set_pace(&self, pace: Pace) {
        if let Some(run) = &self.run {
            run.set_pace(pace, self.launcher.now());
        }
    }

    /// Hands the terminal to the shell and sleeps, unless somebody has called back already.
    fn suspend(&mut self) -> io::Result<Option<Left>> {
        self.slept_at = Some(self.launcher.now());
        self.set_pace(Pace::Still);
        self.give_back();
        let mut waiting = self.received.try_iter();
        match waiting.find(|signal| ![signals::SUSPEND, signals::RESIZE].contains(signal)) {
            Some(signals::CONTINUE) => self.wake_up()?,
            Some(signal) => return Ok(Some(Left::Signal(signal))),
            None => screen::stop_this_process()?,
        }
        Ok(None)
    }

    /// Takes the terminal from the shell after SIGCONT.
    fn wake_up(&mut self) -> io::Result<()> {
        if let Some(slept_at) = self.slept_at.take() {
            self.app.update(Msg::Slept(self.launcher.now().since(slept_at)));
        }
        self.set_pace(Pace::Slow(self.app.pace()));
        self.must_draw();
        self.screen.take_back()
    }

    fn draw(&mut self) -> io::Result<()> {
        let drawn = self.launcher.now();
        let now = match &self.run {
            Some(run) => run.elapsed(drawn),
            None if self.app.progress().is_some() => drawn,
            None => Nanos::ZERO,
        };
        let columns = self.screen.columns(&self.app)?;
        self.app.update(Msg::Frame { now, columns });
        if self.screen.asks_next() {
            self.query.send(drawn);
        }
        self.frame = Some(self.screen.draw(&self.app)?);
        self.app.update(Msg::Drawn(self.launcher.now().since(drawn)));
        self.last_draw = Some(drawn);
        (self.dirty, self.asked) = (false, false);
        Ok(())
    }
}

/// The thread that reads or writes the terminal has ended.
fn gone(_: RecvError) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal is gone")
}
