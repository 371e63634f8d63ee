//! The terminal, taken and given back whole: on quitting, errors, panics, signals and Ctrl-Z.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, queue};
use ratatui::layout::{Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::ScreenOptions;
use super::input::MouseEvent;
use super::query::QUERY;
use crate::app::{App, PointerTarget};
use crate::ui;
use crate::ui::theme::Theme;
use crate::writer::{PendingWrite, SHUTDOWN_GRACE, Writer};

/// Whether the terminal is ours: it is given back once, by whoever comes first.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Buttons, moves while one is down and the wheel are reported, with numbers in decimal:
/// <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-Mouse-Tracking>. crossterm would have
/// every move reported.
const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";

/// More than any display shows. A terminal may claim 65535x65535, which would be 400 GB of cells;
/// these are 50 MB.
const MAX_SIZE: Size = Size { width: 1000, height: 500 };

/// The terminal, while it is ours.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<FrameBuffer>>,
    frame: FrameBuffer,
    writer: Writer,
    /// Where the last frame was; without one, the next is drawn whole.
    area: Option<Rect>,
    options: ScreenOptions,
}

/// Where a frame is put together. What comes later than the last that was sent (half a frame before
/// a panic, the library's own farewell, which panics itself where the terminal is gone) goes nowhere.
#[derive(Clone, Default)]
struct FrameBuffer(Rc<RefCell<Vec<u8>>>);

impl Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter(options: ScreenOptions) -> io::Result<Self> {
        let writer = Writer::start(io::stdout())?;
        restore_on_panic(writer.clone(), options.mouse);
        let frame = FrameBuffer::default();
        let terminal_options = TerminalOptions { viewport: Viewport::Fixed(Rect::ZERO) };
        let terminal =
            Terminal::with_options(CrosstermBackend::new(frame.clone()), terminal_options)?;
        let mut screen = Self { terminal, frame, writer, area: None, options };
        screen.activate()?;
        Ok(screen)
    }

    /// How many cells the timeline has.
    pub(super) fn timeline_columns(&self, app: &App) -> io::Result<u16> {
        Ok(ui::timeline_columns(app, self.size()?))
    }

    fn size(&self) -> io::Result<Size> {
        let Size { width, height } = self.terminal.backend().size()?;
        Ok(Size { width: width.min(MAX_SIZE.width), height: height.min(MAX_SIZE.height) })
    }

    /// Sends a frame, as one update that the terminal shows at once.
    pub(super) fn draw(&mut self, app: &App) -> io::Result<PendingWrite> {
        let theme = self.theme(app);
        let area = self.size()?.into();
        queue!(self.frame, BeginSynchronizedUpdate)?;
        if self.area.replace(area) != Some(area) {
            self.terminal.resize(area)?;
        }
        self.terminal.draw(|frame| ui::render(app, theme, frame))?;
        queue!(self.frame, EndSynchronizedUpdate)?;
        Ok(self.writer.write(self.frame.0.take()))
    }

    /// What the mouse points at.
    pub(super) fn pointer_target(&self, app: &App, mouse: MouseEvent) -> io::Result<PointerTarget> {
        Ok(ui::pointer_target(app, self.theme(app), self.size()?, mouse.column, mouse.row))
    }

    fn theme(&self, app: &App) -> Theme {
        Theme::new(self.options.depth, self.options.glyphs, app.background())
    }

    /// Whether the terminal is ours, and not the shell's.
    pub(super) fn is_active() -> bool {
        ACTIVE.load(Ordering::SeqCst)
    }

    /// Hands the terminal to the shell; `before_raw_ends` runs once the shell's screen is back.
    pub(super) fn restore_terminal(&self, before_raw_ends: impl FnOnce()) {
        restore_terminal(&self.writer, self.options.mouse, before_raw_ends);
    }

    /// Takes the terminal after a sleep, of which we may not have known beforehand (SIGSTOP): the
    /// shell may have written on it, and set how it takes keys.
    pub(super) fn reenter(&mut self) -> io::Result<()> {
        disable_raw_mode()?;
        self.activate()
    }

    /// Whether the terminal is asked for its background each time that it is taken.
    pub(super) const fn queries_background(&self) -> bool {
        self.options.background.is_none()
    }

    /// Whether the next frame has the query.
    pub(super) const fn asks_next(&self) -> bool {
        self.queries_background() && self.area.is_none()
    }

    /// The next frame begins with what takes the screen, and is drawn whole.
    fn activate(&mut self) -> io::Result<()> {
        ACTIVE.store(true, Ordering::SeqCst);
        enable_raw_mode()
            .inspect_err(|_| restore_terminal(&self.writer, self.options.mouse, || ()))?;
        if self.options.guarded {
            stop_background_writes();
        }
        self.area = None;
        queue!(self.frame, EnterAlternateScreen)?;
        if self.queries_background() {
            // Before the screen is cleared: a terminal that does not know it may print it.
            self.frame.write_all(QUERY)?;
        }
        queue!(self.frame, EnableBracketedPaste, cursor::Hide, Clear(ClearType::All))?;
        if self.options.mouse { self.frame.write_all(MOUSE_ON) } else { Ok(()) }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore_terminal(&self.writer, self.options.mouse, || ());
    }
}

/// The frame that is on its way comes first. A terminal that takes nothing gets back how it takes
/// keys all the same.
fn restore_terminal(writer: &Writer, mouse: bool, before_raw_ends: impl FnOnce()) {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        let mut farewell = Vec::new();
        if mouse {
            farewell.extend(MOUSE_OFF);
        }
        // Memory takes everything; a terminal that is gone needs nothing back.
        _ = queue!(
            farewell,
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let farewell = writer.write(farewell);
        let stuck = !farewell.wait(SHUTDOWN_GRACE);
        if stuck {
            discard_output();
        } else {
            before_raw_ends();
        }
        // This also wakes up whoever waits for room.
        _ = disable_raw_mode();
        if stuck {
            farewell.wait(SHUTDOWN_GRACE / 10);
        }
    }
}

/// Whoever writes on the terminal from the background is stopped (SIGTTOU), until it is given back. A
/// terminal that cannot do that is used without.
#[cfg(unix)]
fn stop_background_writes() {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    if let Ok(mut settings) = tcgetattr(io::stdin()) {
        settings.local_modes |= LocalModes::TOSTOP;
        _ = tcsetattr(io::stdin(), OptionalActions::Now, &settings);
    }
}

#[cfg(not(unix))]
const fn stop_background_writes() {}

/// A picture that nobody has taken makes room for the farewell, which is then what a terminal finds
/// that comes to itself after we have left.
#[cfg(unix)]
fn discard_output() {
    use rustix::termios::{QueueSelector, tcflush};

    _ = tcflush(io::stdout(), QueueSelector::OFlush);
}

#[cfg(not(unix))]
const fn discard_output() {}

/// A panic of this thread gives the terminal back before it is told. Those of workers are caught and
/// become errors on their lanes: they print nothing and leave the screen alone.
fn restore_on_panic(writer: Writer, mouse: bool) {
    let this = thread::current().id();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == this {
            restore_terminal(&writer, mouse, || ());
            hook(info);
        }
    }));
}

/// Sleeps until somebody calls back.
#[cfg(unix)]
pub(super) fn suspend_process() -> io::Result<()> {
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
}

#[cfg(not(unix))]
pub(super) const fn suspend_process() -> io::Result<()> {
    Ok(())
}
