//! One command: a shell in a process group of its own, from its start to its end.

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{self, Command, Stdio};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};

use super::capture::{Capture, Captured};
use super::groups::Groups;
use super::trimmer::Trimmer;
use crate::model::ExitStatus;

/// A running command. Dropping it kills the command and its process group.
pub(super) struct Child {
    process: process::Child,
    group: Pid,
    groups: Arc<Groups>,
    capture: Arc<Capture>,
    /// Set once the shell was reaped, so that there is nothing left to kill.
    over: bool,
}

/// A command that has ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) captured: Captured,
    /// Set if it was asked to stop.
    pub(super) signalled: bool,
    /// Set if it was killed because it tried to read from the terminal, to configure it, or to write to
    /// it while the screen is shown.
    pub(super) wanted_terminal: bool,
}

impl Child {
    /// Starts a shell that runs `command`, without input.
    pub(super) fn start(
        command: &str,
        groups: &Arc<Groups>,
        trimmer: &Trimmer,
    ) -> io::Result<Self> {
        let capture = Arc::new(Capture::new()?);
        let [stdout, stderr] = capture.outputs()?;
        let process = Command::new("sh")
            // A command that begins with a dash is not an option.
            .args(["-c", "--", command])
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .spawn()?;
        let group = Pid::from_child(&process);
        groups.add(group);
        trimmer.add(&capture);
        Ok(Self { process, group, groups: Arc::clone(groups), capture, over: false })
    }

    /// Waits until the shell has exited. Processes that it leaves in the background keep running; they
    /// are waited for only if the command was asked to stop.
    pub(super) fn wait(mut self) -> io::Result<Ended> {
        let wanted_terminal = self.end()?;
        let signalled = self.groups.has_ended(self.group);
        let status = self.process.wait()?;
        self.over = true;
        if signalled {
            self.groups.outlast(self.group);
        }
        let status = match status.signal() {
            Some(signal) => ExitStatus::Signal(signal),
            None => ExitStatus::Code(status.code().unwrap_or_default()),
        };
        let captured = self.capture.read()?;
        Ok(Ended { status, captured, signalled, wanted_terminal })
    }

    /// Waits until the shell has exited, without reaping it: so its process ID stays reserved, and a
    /// signal to its group cannot hit another one. Returns whether the command tried to use the
    /// terminal; its group, which the system has stopped for that, is then killed.
    fn end(&self) -> io::Result<bool> {
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

impl Drop for Child {
    fn drop(&mut self) {
        if !self.over {
            _ = kill_process_group(self.group, Signal::KILL);
            self.groups.forget(self.group);
            _ = self.process.wait();
        }
    }
}
