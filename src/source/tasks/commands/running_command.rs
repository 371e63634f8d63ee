//! Running commands: each is a shell in a process group of its own, from its start to its end, and all
//! groups of a run can be stopped.

use std::collections::HashSet;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{self, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, test_kill_process_group,
    waitid,
};

use super::output_capture::{OutputFile, Trimmer, lock};
use crate::model::{CommandOutput, ExitStatus};

/// A running command. Dropping it kills the command and its process group.
pub(super) struct RunningCommand {
    process: process::Child,
    group: Pid,
    process_groups: Arc<ProcessGroups>,
    output: Arc<Mutex<OutputFile>>,
    /// Set once the shell was reaped, so that there is nothing left to kill.
    has_exited: bool,
}

/// A command that has ended.
pub(super) struct CommandExit {
    pub(super) output: CommandOutput,
    /// Set if it was asked to stop.
    pub(super) signalled: bool,
    /// Set if it was killed because it tried to read from the terminal, to configure it, or to write to
    /// it while the screen is shown.
    pub(super) wanted_terminal: bool,
}

impl RunningCommand {
    /// Starts a shell that runs `command`, without input.
    pub(super) fn start(
        command: &str,
        process_groups: &Arc<ProcessGroups>,
        trimmer: &Trimmer,
    ) -> io::Result<Self> {
        let output = OutputFile::new()?;
        let [stdout, stderr] = output.stdio_pair()?;
        let process = Command::new("sh")
            // A command that begins with a dash is not an option.
            .args(["-c", "--", command])
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .spawn()?;
        let group = Pid::from_child(&process);
        process_groups.add(group);
        let output = Arc::new(Mutex::new(output));
        trimmer.add(&output);
        Ok(Self {
            process,
            group,
            process_groups: Arc::clone(process_groups),
            output,
            has_exited: false,
        })
    }

    /// Waits until the shell has exited. Processes that it leaves in the background keep running; they
    /// are waited for only if the command was asked to stop.
    pub(super) fn wait(mut self) -> io::Result<CommandExit> {
        let wanted_terminal = self.wait_for_exit()?;
        let signalled = self.process_groups.record_exit(self.group);
        let status = self.process.wait()?;
        self.has_exited = true;
        if signalled {
            self.process_groups.wait_until_gone(self.group);
        }
        let status = match status.signal() {
            Some(signal) => ExitStatus::Signal(signal),
            None => ExitStatus::Code(status.code().unwrap_or_default()),
        };
        let output = lock(&self.output).read(status)?;
        Ok(CommandExit { output, signalled, wanted_terminal })
    }

    /// Waits until the shell has exited, without reaping it: so its process ID stays reserved, and a
    /// signal to its group cannot hit another one. Returns whether the command tried to use the
    /// terminal; its group, which the system has stopped for that, is then killed.
    fn wait_for_exit(&self) -> io::Result<bool> {
        let (ends, stops) = (WaitIdOptions::EXITED, WaitIdOptions::STOPPED);
        let mut wanted_terminal = false;
        loop {
            let status = self.status(ends | stops | WaitIdOptions::NOWAIT)?;
            let Some(stopped) = status.and_then(|status| status.stopping_signal()) else {
                return Ok(wanted_terminal);
            };
            // Consumes the stop, so that the next call reports the next change.
            self.status(stops | WaitIdOptions::NOHANG)?;
            if [Signal::TTIN, Signal::TTOU].map(Signal::as_raw).contains(&stopped) {
                wanted_terminal = true;
                _ = kill_process_group(self.group, Signal::KILL);
            }
        }
    }

    fn status(&self, options: WaitIdOptions) -> io::Result<Option<WaitIdStatus>> {
        loop {
            match waitid(WaitId::Pid(self.group), options) {
                Err(Errno::INTR) => {}
                status => return Ok(status?),
            }
        }
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if !self.has_exited {
            _ = kill_process_group(self.group, Signal::KILL);
            self.process_groups.remove(self.group);
            _ = self.process.wait();
        }
    }
}

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
