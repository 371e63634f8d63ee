//! The process groups of a run's commands, and how they are told to end.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// How long a command that is told to end (SIGTERM) may take before it is killed (SIGKILL): less than
/// a run that is stopped has, so that the program leaves nothing behind.
const GRACE: Duration = Duration::from_millis(200);

/// How often it is looked whether anything is left of a command's group after its shell has ended:
/// the system does not tell.
const LOOK: Duration = Duration::from_millis(5);

/// The groups of the commands that run.
#[derive(Debug, Default)]
pub(super) struct Groups {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: HashSet<Pid>,
    /// They were told to end.
    stopping: bool,
    /// They were killed.
    killed: bool,
}

impl Groups {
    /// A command runs. After a stop, that is too late.
    pub(super) fn add(&self, group: Pid) {
        let mut state = self.state();
        if state.stopping {
            signal(group, Signal::KILL);
        }
        state.running.insert(group);
    }

    /// A command's shell has ended; whether it was told to. Then what is left of its group must be
    /// waited for ([`Self::outlast`]), else it is its own master.
    pub(super) fn has_ended(&self, group: Pid) -> bool {
        let mut state = self.state();
        if !state.stopping {
            state.running.remove(&group);
        }
        state.stopping
    }

    /// Waits until nothing is left of a group that was told to end, or it was killed.
    pub(super) fn outlast(&self, group: Pid) {
        let mut state = self.state();
        while !state.killed && test_kill_process_group(group).is_ok() {
            let waited = self.changed.wait_timeout(state, LOOK);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.running.remove(&group);
        drop(state);
        self.changed.notify_all();
    }

    /// A command is gone.
    pub(super) fn forget(&self, group: Pid) {
        self.state().running.remove(&group);
        self.changed.notify_all();
    }

    /// Tells all commands to end; kills those that have not done so after a while.
    pub(super) fn stop(self: &Arc<Self>) {
        let mut state = self.state();
        if std::mem::replace(&mut state.stopping, true) {
            return;
        }
        for &group in &state.running {
            signal(group, Signal::TERM);
        }
        drop(state);
        let groups = Arc::clone(self);
        let killer = Builder::new().name("killer".to_owned()).spawn(move || groups.kill_late());
        if killer.is_err() {
            self.kill();
        }
    }

    fn kill_late(&self) {
        let running = |state: &mut State| !state.running.is_empty();
        let waited = self.changed.wait_timeout_while(self.state(), GRACE, running);
        drop(waited);
        self.kill();
    }

    /// Kills all commands.
    pub(super) fn kill(&self) {
        let mut state = self.state();
        (state.stopping, state.killed) = (true, true);
        for &group in &state.running {
            signal(group, Signal::KILL);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group that is gone needs no signal.
fn signal(group: Pid, signal: Signal) {
    _ = kill_process_group(group, signal);
}
