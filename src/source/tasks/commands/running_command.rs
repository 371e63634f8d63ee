//! One command: a shell in a process group of its own, from its start to its end.

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{self, Command, Stdio};
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};

use super::output_capture::{CapturedOutput, OutputCapture};
use super::process_groups::ProcessGroups;
use super::trimmer::Trimmer;
use crate::model::ExitStatus;

/// A running command. Dropping it kills the command and its process group.
pub(super) struct RunningCommand {
    process: process::Child,
    group: Pid,
    process_groups: Arc<ProcessGroups>,
    capture: Arc<OutputCapture>,
    /// Set once the shell was reaped, so that there is nothing left to kill.
    has_exited: bool,
}

/// A command that has ended.
pub(super) struct CommandExit {
    pub(super) status: ExitStatus,
    pub(super) output: CapturedOutput,
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
        let capture = Arc::new(OutputCapture::new()?);
        let [stdout, stderr] = capture.stdio_pair()?;
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
        trimmer.add(&capture);
        Ok(Self {
            process,
            group,
            process_groups: Arc::clone(process_groups),
            capture,
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
        let output = self.capture.read()?;
        Ok(CommandExit { status, output, signalled, wanted_terminal })
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
