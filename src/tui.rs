//! The event loop: keys, signals and events go into the app, its effects are carried out, and the
//! screen is drawn when something changed.

mod input;
mod screen;

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, after, never, select};
use ratatui::crossterm::event::{self, KeyEventKind};

use crate::app::{App, Background, Effect, Msg};
use crate::engine::{Launcher, RunHandle};
use crate::model::Nanos;
use crate::signals::{self, Signals};
use crate::ui::theme::{Depth, Glyphs};
use input::Input;
use screen::Screen;

/// At most 20 frames a second, while something moves: enough for the eye, and half the CPU time of
/// 40.
const FRAME: Duration = Duration::from_millis(50);

/// How the screen is to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The terminal's background; nothing to ask the terminal.
    pub background: Option<Background>,
    /// How many colours it has.
    pub depth: Depth,
    /// Which glyphs it has.
    pub glyphs: Glyphs,
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// A person quit.
    Quit,
    /// A signal ended it, by its number; Ctrl-C counts as SIGINT.
    Signal(i32),
}

/// Shows `app` on the terminal until a person quits or a signal comes; begins with running what the
/// app shows. The terminal is as it was afterwards, also after an error or a panic. Fails if the
/// terminal cannot be used.
pub fn run(app: App, launcher: &Launcher, look: Look) -> io::Result<(App, Left)> {
    let signals = Signals::that_end_or_suspend()?;
    let screen = Screen::enter(look)?;
    let mut tui = Tui { app, launcher, screen, run: None, dirty: true, last_draw: None };
    let begin = tui.app.begin();
    // The first picture does not wait for the first thread, nor for the terminal's answer.
    tui.draw()?;
    let (keys, question) = input::keys(look.background.is_none())?;
    let left = tui.work(begin, &keys, signals.received());
    // A terminal that still owes an answer must not give it to the shell.
    question.wait();
    drop(tui.screen);
    match (left, signals.received().try_recv()) {
        // A terminal that went away says so twice: the signal is the better word.
        (Err(_), Ok(signal)) => Ok((tui.app, Left::Signal(signal))),
        (left, _) => Ok((tui.app, left?)),
    }
}

struct Tui<'launcher> {
    app: App,
    launcher: &'launcher Launcher,
    screen: Screen,
    run: Option<RunHandle>,
    /// Whether the picture is not what the app says.
    dirty: bool,
    last_draw: Option<Nanos>,
}

impl Tui<'_> {
    fn work(
        &mut self,
        begin: Option<Effect>,
        keys: &Receiver<Input>,
        received: &Receiver<i32>,
    ) -> io::Result<Left> {
        if let Some(left) = self.carry_out(begin)? {
            return Ok(left);
        }
        let mut keys = keys.clone();
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
            let effect = select! {
                recv(received) -> signal => match signal {
                    Ok(signals::SUSPEND) => Some(Effect::Suspend),
                    Ok(signal) => return Ok(Left::Signal(signal)),
                    Err(_) => None,
                },
                recv(keys) -> input => if let Ok(input) = input {
                    self.take(&input)
                } else {
                    // The keyboard is gone; the signal that says so will end this.
                    keys = never();
                    None
                },
                recv(over) -> _ => self.take_last_events(),
                recv(wake) -> _ => None,
            };
            if let Some(left) = self.carry_out(effect)? {
                return Ok(left);
            }
        }
    }

    /// How long until a frame is due: not at all while nothing changes.
    fn next_frame(&self) -> Option<Duration> {
        if !self.dirty && !self.app.is_moving() {
            return None;
        }
        let Some(last) = self.last_draw else { return Some(Duration::ZERO) };
        Some(FRAME.saturating_sub(self.launcher.now().since(last).into()))
    }

    fn take(&mut self, input: &Input) -> Option<Effect> {
        let msg = match input {
            Input::Terminal(event::Event::Key(key)) if key.kind != KeyEventKind::Release => {
                Msg::Key(*key)
            }
            Input::Terminal(event::Event::Resize(..)) => {
                self.dirty = true;
                return None;
            }
            // A paste is text, and there is nowhere to put text.
            Input::Terminal(_) => return None,
            Input::Background(background) => Msg::Background(*background),
        };
        self.dirty = true;
        self.app.update(msg)
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
            Some(Effect::Start(plan)) => self.run = Some(self.launcher.start(plan)),
            Some(Effect::Stop) => {
                if let Some(run) = &self.run {
                    run.stop();
                }
            }
            Some(Effect::Suspend) => {
                let asleep = self.launcher.now();
                self.screen.suspend()?;
                self.app.update(Msg::Slept(self.launcher.now().since(asleep)));
                self.dirty = true;
            }
            Some(Effect::Quit) => return Ok(Some(Left::Quit)),
            Some(Effect::Interrupt) => return Ok(Some(Left::Signal(signals::INTERRUPT))),
            None => {}
        }
        Ok(None)
    }

    fn draw(&mut self) -> io::Result<()> {
        let drawn = self.launcher.now();
        let now = self.run.as_ref().map_or(Nanos::ZERO, |run| drawn.since(run.started()));
        let columns = self.screen.columns()?;
        self.app.update(Msg::Frame { now, columns });
        self.screen.draw(&self.app)?;
        self.last_draw = Some(drawn);
        self.dirty = false;
        Ok(())
    }
}
