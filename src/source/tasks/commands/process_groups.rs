//! The process groups of a run's commands, and the signals that stop them.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// The time between SIGTERM and SIGKILL. It is shorter than the grace of a stopped run, so that the
/// program leaves no process behind.
const TERMINATION_GRACE: Duration = Duration::from_millis(200);

/// The interval of polling for the end of a process group whose shell has exited: the system does not
/// notify of it.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The process groups of the running commands.
#[derive(Debug, Default)]
pub(super) struct ProcessGroups {
    state: Mutex<GroupState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GroupState {
    running: HashSet<Pid>,
    /// Set once they were sent SIGTERM.
    stopping: bool,
    /// Set once they were sent SIGKILL.
    killed: bool,
}

impl ProcessGroups {
    /// Adds the group of a new command. After a stop, kills it at once.
    pub(super) fn add(&self, group: Pid) {
        let mut state = self.state();
        if state.stopping {
            signal(group, Signal::KILL);
        }
        state.running.insert(group);
    }

    /// Records that the command's shell has exited. Returns whether the command was asked to stop; if
    /// so, the caller must wait for the rest of its process group with [`Self::wait_until_gone`].
    pub(super) fn record_exit(&self, group: Pid) -> bool {
        let mut state = self.state();
        if !state.stopping {
            state.running.remove(&group);
        }
        state.stopping
    }

    /// Waits until a group that was asked to stop is gone or was killed.
    pub(super) fn wait_until_gone(&self, group: Pid) {
        let mut state = self.state();
        while !state.killed && test_kill_process_group(group).is_ok() {
            let waited = self.changed.wait_timeout(state, POLL_INTERVAL);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.running.remove(&group);
        drop(state);
        self.changed.notify_all();
    }

    /// Removes the group of a command that is gone.
    pub(super) fn remove(&self, group: Pid) {
        self.state().running.remove(&group);
        self.changed.notify_all();
    }

    /// Asks all commands to stop (SIGTERM), and kills those that still run after [`TERMINATION_GRACE`].
    pub(super) fn terminate(self: &Arc<Self>) {
        let mut state = self.state();
        if std::mem::replace(&mut state.stopping, true) {
            return;
        }
        for &group in &state.running {
            signal(group, Signal::TERM);
        }
        drop(state);
        let process_groups = Arc::clone(self);
        let killer = Builder::new()
            .name("killer".to_owned())
            .spawn(move || process_groups.kill_after_grace());
        if killer.is_err() {
            self.kill();
        }
    }

    fn kill_after_grace(&self) {
        let running = |state: &mut GroupState| !state.running.is_empty();
        let waited = self.changed.wait_timeout_while(self.state(), TERMINATION_GRACE, running);
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

    fn state(&self) -> MutexGuard<'_, GroupState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a signal to a group. A group that is gone is ignored.
fn signal(group: Pid, signal: Signal) {
    _ = kill_process_group(group, signal);
}
