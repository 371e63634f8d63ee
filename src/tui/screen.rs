//! The terminal, taken and given back whole: on quitting, errors, panics, signals and Ctrl-Z.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute, queue};

use super::Look;
use crate::app::App;
use crate::ui;
use crate::ui::theme::Theme;

/// Whether the terminal is ours: it is given back once, by whoever comes first.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// A frame is written in one go if it fits.
const BUFFER: usize = 1 << 16;

/// The terminal, while it is ours.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Ours>>>,
    look: Look,
}

/// Where frames go, as long as the terminal is ours. What comes later (half a frame after a panic,
/// the library's own farewell, which panics itself where the terminal is gone) goes nowhere.
struct Ours(Stdout);

impl Write for Ours {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) { self.0.flush() } else { Ok(()) }
    }
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter(look: Look) -> io::Result<Self> {
        give_back_on_panic();
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, Ours(io::stdout())));
        let terminal = Terminal::new(backend).inspect_err(|_| give_back())?;
        Ok(Self { terminal, look })
    }

    /// How many cells the timeline has.
    pub(super) fn columns(&self) -> io::Result<u16> {
        Ok(ui::timeline_columns(self.terminal.backend().size()?))
    }

    /// Draws a frame, as one update that the terminal shows at once.
    pub(super) fn draw(&mut self, app: &App) -> io::Result<()> {
        let theme = Theme::new(self.look.depth, self.look.glyphs, app.background());
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| ui::view(app, theme, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Hands the terminal to the shell, sleeps until the shell calls back, and takes it again.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        stop_this_process()?;
        take()?;
        // The screen is empty now, and so must be what the next frame is compared with. Clearing it
        // would ask for the cursor's place, and the answer would go to the thread that reads keys.
        self.terminal.swap_buffers();
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // What is still buffered belongs to the screen that is left.
        _ = Write::flush(self.terminal.backend_mut());
        give_back();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode().inspect_err(|_| give_back())?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
        .inspect_err(|_| give_back())
}

fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing back.
        _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        _ = disable_raw_mode();
    }
}

/// A panic of this thread gives the terminal back before it is told. Those of workers are caught and
/// become errors on their lanes: they print nothing and leave the screen alone.
fn give_back_on_panic() {
    let this = thread::current().id();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == this {
            give_back();
            hook(info);
        }
    }));
}

#[cfg(unix)]
fn stop_this_process() -> io::Result<()> {
    signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
}

#[cfg(not(unix))]
fn stop_this_process() -> io::Result<()> {
    Ok(())
}
