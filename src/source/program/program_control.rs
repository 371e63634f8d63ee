//! Control of a watched program, by the screen and by the source alike: ask it to end, kill it,
//! or let it go on without this program.

use std::io;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::Sender;
use rustix::process::{Pid, Signal, kill_process_group};

use super::held_program::ProcessChange;
use super::process_table::group_members;
use super::pseudo_terminal::{PseudoTerminal, TerminalSize};

/// The time within which a program that was started begins.
const MAX_BEGINNING: Duration = Duration::from_secs(1);

/// The time between SIGTERM and SIGKILL. Longer than that of commands: a service closes its connections
/// meanwhile.
pub(super) const TERMINATION_GRACE: Duration = Duration::from_secs(2);

/// The interval of polling for the end of processes that the program left behind: the system does not
/// notify of it.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A reason for the thread that watches a program to act.
pub(super) enum WatchWake {
    /// The program's first process has changed.
    Changed(io::Result<ProcessChange>),
    /// The program continues without this one.
    LetGo,
}

/// The control of a watched program. Clones share it. The last one ends what the program left behind,
/// unless it was let go.
#[derive(Clone, Debug)]
pub struct ProgramControl(Arc<ControlShared>);

#[derive(Debug)]
struct ControlShared {
    /// The path of this program's executable, for the keeper of a terminal.
    executable: PathBuf,
    state: Mutex<ControlState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ControlState {
    wakes: Option<Sender<WatchWake>>,
    launched: Option<LaunchedProgram>,
    /// The latest size of the terminal. It may change before there is a program to resize.
    terminal_size: Option<TerminalSize>,
}

/// A program that this one has started.
#[derive(Debug)]
struct LaunchedProgram {
    /// Reaped last: until then its process ID and its group's stay reserved.
    child: Child,
    group: Pid,
    terminal: Option<PseudoTerminal>,
    has_exited: bool,
}

impl ProgramControl {
    /// Creates the control of a program that is not watched yet. `executable` is the path of this
    /// program.
    pub fn new(executable: PathBuf) -> Self {
        let state = Mutex::default();
        Self(Arc::new(ControlShared { executable, state, changed: Condvar::new() }))
    }

    /// Asks the program to end (SIGTERM). Has no effect on one that this program did not start.
    pub fn terminate(&self) {
        self.wait_until_begun();
        self.0.signal(Signal::TERM);
        // A stopped process would not notice.
        self.0.signal(Signal::CONT);
    }

    /// Kills the program. Has no effect on one that this program did not start.
    pub fn kill(&self) {
        self.wait_until_begun();
        self.0.signal(Signal::KILL);
    }

    /// Lets the program go on without this one, and ends the run.
    ///
    /// # Errors
    ///
    /// Fails if its terminal cannot be kept open. The program is then watched as before.
    pub fn let_go(&self) -> io::Result<()> {
        self.wait_until_begun();
        if let Some(terminal) = self.0.terminal() {
            terminal.hand_over(&self.0.executable)?;
        }
        let ControlState { wakes, .. } = std::mem::take(&mut *self.0.state());
        if let Some(wakes) = wakes {
            // Fails if the run has ended.
            _ = wakes.send(WatchWake::LetGo);
        }
        Ok(())
    }

    /// Waits until a program that is just beginning can be acted on: its first instructions may run
    /// before.
    fn wait_until_begun(&self) {
        let is_beginning =
            |state: &mut ControlState| state.wakes.is_some() && state.launched.is_none();
        // After that time there is nothing to let go.
        drop(self.0.changed.wait_timeout_while(self.0.state(), MAX_BEGINNING, is_beginning));
    }

    /// Resizes the program's terminal, or the one that it will have.
    pub fn resize(&self, size: TerminalSize) {
        let mut state = self.0.state();
        state.terminal_size = Some(size);
        state.resize_terminal();
    }

    /// Asks the program to end, and kills it after [`TERMINATION_GRACE`].
    pub(super) fn stop(&self) {
        let is_running =
            |state: &mut ControlState| state.launched.as_ref().is_some_and(|one| !one.has_exited);
        // What it left behind ends with this program.
        if !is_running(&mut self.0.state()) {
            return;
        }
        self.terminate();
        let shared = Arc::clone(&self.0);
        let killer = Builder::new().name("killer".to_owned()).spawn(move || {
            let waited =
                shared.changed.wait_timeout_while(shared.state(), TERMINATION_GRACE, is_running);
            let (state, time) = waited.unwrap_or_else(PoisonError::into_inner);
            drop(state);
            if time.timed_out() {
                shared.signal(Signal::KILL);
            }
        });
        if killer.is_err() {
            self.kill();
        }
    }

    /// Ends what the program left behind, unless it was let go. Returns the number of these processes.
    pub fn end_left_behind(&self) -> usize {
        self.0.end_left_behind()
    }

    /// Sets where the thread that watches is woken.
    pub(super) fn set_wakes(&self, wakes: Sender<WatchWake>) {
        self.0.state().wakes = Some(wakes);
    }

    /// Takes over a program that has begun.
    pub(super) fn take_over(&self, child: Child, terminal: Option<PseudoTerminal>) {
        let group = Pid::from_child(&child);
        let launched = LaunchedProgram { child, group, terminal, has_exited: false };
        let mut state = self.0.state();
        state.launched = Some(launched);
        state.resize_terminal();
        drop(state);
        self.0.changed.notify_all();
    }

    /// Records that the program's first process has ended.
    pub(super) fn record_exit(&self) {
        if let Some(launched) = &mut self.0.state().launched {
            launched.has_exited = true;
        }
        self.0.changed.notify_all();
    }
}

impl ControlState {
    fn resize_terminal(&self) {
        let terminal = self.launched.as_ref().and_then(|launched| launched.terminal.as_ref());
        if let (Some(terminal), Some(size)) = (terminal, self.terminal_size) {
            terminal.resize(size);
        }
    }
}

impl ControlShared {
    fn state(&self) -> MutexGuard<'_, ControlState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program's terminal, if it has one of its own.
    fn terminal(&self) -> Option<PseudoTerminal> {
        self.state().launched.as_ref().and_then(|launched| launched.terminal.clone())
    }

    /// Sends a signal to the program's process group. One that is gone is ignored.
    fn signal(&self, signal: Signal) {
        if let Some(launched) = &self.state().launched {
            _ = kill_process_group(launched.group, signal);
        }
    }

    fn end_left_behind(&self) -> usize {
        let Some(mut launched) = self.state().launched.take() else { return 0 };
        let group = launched.group;
        let left = group_members(group);
        if !left.is_empty() {
            _ = kill_process_group(group, Signal::TERM);
            _ = kill_process_group(group, Signal::CONT);
            let mut polls = TERMINATION_GRACE.as_micros() / POLL_INTERVAL.as_micros();
            while polls > 0 && !group_members(group).is_empty() {
                drop(self.changed.wait_timeout(self.state(), POLL_INTERVAL));
                polls -= 1;
            }
            _ = kill_process_group(group, Signal::KILL);
        }
        // Its status has been reported; an error leaves a zombie, which ends with this program.
        _ = launched.child.wait();
        left.iter().filter(|&&pid| pid != group).count()
    }
}

impl Drop for ControlShared {
    fn drop(&mut self) {
        self.end_left_behind();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use rustix::termios::tcgetwinsize;

    use super::*;

    #[test]
    fn terminal_that_was_resized_before_the_program_began_has_the_new_size() {
        let size = TerminalSize { columns: 80, rows: 24 };
        let (terminal, program_side) = PseudoTerminal::open(size).unwrap();
        let control = ProgramControl::new(PathBuf::new());
        control.resize(TerminalSize { columns: 90, rows: 20 });
        let child = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        control.take_over(child, Some(terminal));
        let seen = tcgetwinsize(&program_side).unwrap();
        assert_eq!((seen.ws_col, seen.ws_row), (90, 20));
    }
}
