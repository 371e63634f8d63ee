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

/// A command that runs. Dropping it ends it, and all of its process group.
pub(super) struct Child {
    process: process::Child,
    group: Pid,
    groups: Arc<Groups>,
    capture: Arc<Capture>,
    /// Whether nothing of it is left to be ended.
    over: bool,
}

/// A command that has ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) captured: Captured,
    /// Whether it was told to end.
    pub(super) signalled: bool,
    /// Whether it was ended because it wanted to read from the terminal, to change it, or to write on
    /// it where the screen is.
    pub(super) wanted_terminal: bool,
}

impl Child {
    /// Has a shell run `command`, without input.
    pub(super) fn start(
        command: &str,
        groups: &Arc<Groups>,
        trimmer: &Trimmer,
    ) -> io::Result<Self> {
        let capture = Arc::new(Capture::new()?);
        let [stdout, stderr] = capture.outputs()?;
        let process = Command::new("sh")
            // A command that begins with a dash is no option.
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

    /// Waits until its shell has ended: what that leaves in the background goes on, and is not
    /// waited for, unless the command was told to end.
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

    /// Waits for its end, but leaves its number to it: nobody else's group has that while this is
    /// told to end. Returns whether it wanted the terminal: its group is stopped then, for ever, as
    /// the terminal is ours.
    fn end(&self) -> io::Result<bool> {
        let (ends, stops) = (WaitIdOptions::EXITED, WaitIdOptions::STOPPED);
        let mut wanted_terminal = false;
        loop {
            let status = self.status(ends | stops | WaitIdOptions::NOWAIT)?;
            let Some(stopped) = status.and_then(|status| status.stopping_signal()) else {
                return Ok(wanted_terminal);
            };
            // So that the next thing to come is told.
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
