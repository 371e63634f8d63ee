//! Sets up the terminal, and restores it on exit, errors, panics, signals and Ctrl-Z.

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

use super::MouseEvent;
use super::input::QUERY;
use super::writer::{PendingWrite, SHUTDOWN_GRACE, Writer};
use crate::app::{App, PointerTarget};
use crate::model::Background;
use crate::ui;
use crate::ui::theme::{ColorDepth, GlyphSet, Theme};

/// Options of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ScreenOptions {
    /// The terminal's background, or `None` to ask the terminal.
    pub background: Option<Background>,
    /// The number of colours of the terminal.
    pub depth: ColorDepth,
    /// The glyphs of the terminal.
    pub glyphs: GlyphSet,
    /// If set, commands started by threadline cannot write to the terminal from the background.
    pub guarded: bool,
    /// If set, mouse events are captured.
    pub mouse: bool,
    /// If set, nonessential motion is avoided.
    pub reduced_motion: bool,
}

/// Set while the program owns the terminal. Whichever path clears it first restores the terminal.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Enables reports of buttons, drags and the wheel in decimal numbers:
/// <https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-Mouse-Tracking>. crossterm's command
/// would enable reports of every move.
const MOUSE_ON: &[u8] = b"\x1b[?1002h\x1b[?1006h";

/// Disables mouse reports.
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l";

/// The maximum size of the screen, which exceeds any display. A terminal may claim 65535x65535, which
/// would take 400 GB for cells; this size takes 50 MB.
const MAX_SIZE: Size = Size { width: 1000, height: 500 };

/// The terminal, owned by the program.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<FrameBuffer>>,
    frame: FrameBuffer,
    writer: Writer,
    /// The area of the last frame, or `None` if the next one is drawn in full.
    area: Option<Rect>,
    options: ScreenOptions,
}

/// The buffer of a frame. Bytes after the last frame sent are never written: half a frame before a
/// panic, or ratatui's own restore, which panics if the terminal was closed.
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

/// Returns the number of columns of the terminal that stdout goes to.
pub fn stdout_width() -> Option<u16> {
    stdout_size().map(|(columns, _)| columns)
}

/// Returns the numbers of columns and rows of the terminal that stdout goes to.
pub fn stdout_size() -> Option<(u16, u16)> {
    ratatui::crossterm::terminal::size().ok()
}

impl Screen {
    /// Sets up the terminal.
    pub(crate) fn enter(options: ScreenOptions) -> io::Result<Self> {
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

    /// Returns the number of cells of the timeline.
    pub(crate) fn timeline_columns(&self, app: &App) -> io::Result<u16> {
        Ok(ui::timeline_columns(app, self.size()?))
    }

    fn size(&self) -> io::Result<Size> {
        let Size { width, height } = self.terminal.backend().size()?;
        Ok(Size { width: width.min(MAX_SIZE.width), height: height.min(MAX_SIZE.height) })
    }

    /// Sends a frame as one synchronized update.
    pub(crate) fn draw(&mut self, app: &App) -> io::Result<PendingWrite> {
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

    /// Returns the target of a mouse event.
    pub(crate) fn pointer_target(&self, app: &App, mouse: MouseEvent) -> io::Result<PointerTarget> {
        Ok(ui::pointer_target(app, self.theme(app), self.size()?, mouse.column, mouse.row))
    }

    fn theme(&self, app: &App) -> Theme {
        Theme::new(self.options.depth, self.options.glyphs, app.background())
    }

    /// Returns whether the program owns the terminal.
    pub(crate) fn is_active() -> bool {
        ACTIVE.load(Ordering::SeqCst)
    }

    /// Returns the terminal to the shell. `before_raw_ends` is called once the main screen is back,
    /// while the terminal is still in raw mode.
    pub(crate) fn restore_terminal(&self, before_raw_ends: impl FnOnce()) {
        restore_terminal(&self.writer, self.options.mouse, before_raw_ends);
    }

    /// Sets up the terminal after a suspension, possibly without notice (SIGSTOP): the shell may have
    /// written to it and changed its mode.
    pub(crate) fn reenter(&mut self) -> io::Result<()> {
        disable_raw_mode()?;
        self.activate()
    }

    /// Returns whether the background is queried at each setup.
    pub(crate) const fn queries_background(&self) -> bool {
        self.options.background.is_none()
    }

    /// Returns whether the next frame contains the query.
    pub(crate) const fn asks_next(&self) -> bool {
        self.queries_background() && self.area.is_none()
    }

    /// Enables raw mode, and starts the next frame with the setup sequences.
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
            // Sent before the screen is cleared, because a terminal that does not know it may print
            // it.
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

/// Restores the terminal after the frame being written. Raw mode ends even if the terminal does not
/// accept output.
fn restore_terminal(writer: &Writer, mouse: bool, before_raw_ends: impl FnOnce()) {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        let mut restore_bytes = Vec::new();
        if mouse {
            restore_bytes.extend(MOUSE_OFF);
        }
        // Writing to memory cannot fail, and a closed terminal needs no restoring.
        _ = queue!(
            restore_bytes,
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let restore_bytes = writer.write(restore_bytes);
        let stuck = !restore_bytes.wait(SHUTDOWN_GRACE);
        if stuck {
            discard_output();
        } else {
            before_raw_ends();
        }
        // This also wakes up a blocked write.
        _ = disable_raw_mode();
        if stuck {
            restore_bytes.wait(SHUTDOWN_GRACE / 10);
        }
    }
}

/// Makes the system stop background processes that write to the terminal (SIGTTOU), until it is
/// restored. A terminal without this setting is used as it is.
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

/// Discards a frame that the terminal has not accepted, to make room for the restore sequences,
/// which a terminal that recovers later then receives.
#[cfg(unix)]
fn discard_output() {
    use rustix::termios::{QueueSelector, tcflush};

    _ = tcflush(io::stdout(), QueueSelector::OFlush);
}

#[cfg(not(unix))]
const fn discard_output() {}

/// Installs a panic hook that restores the terminal before a panic of this thread is reported.
/// Panics of workers are caught and become errors on their lanes, so the hook ignores them.
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

/// Stops the process until SIGCONT.
#[cfg(unix)]
pub(crate) fn suspend_process() -> io::Result<()> {
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
}

#[cfg(not(unix))]
pub(crate) const fn suspend_process() -> io::Result<()> {
    Ok(())
}
