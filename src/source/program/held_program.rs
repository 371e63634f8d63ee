//! The start of a program whose threads are watched from its first instruction on. Between fork and
//! exec nothing can be done in safe Rust, so this program starts itself as a holder, which stops itself;
//! the parent opens its events meanwhile and lets it go on, and the holder executes the program, which
//! keeps its process ID.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, getppid, ioctl_tiocsctty,
    kill_process, set_parent_process_death_signal, setsid, waitid, waitpid,
};

use super::launch_error::LaunchError;
use super::program_streams::ProgramStreams;
use super::program_streams::StreamRoutes;
use crate::model::ExitStatus;

/// The command with which this program starts itself as a holder.
pub(crate) const HOLD_COMMAND: &str = "hold";

/// The option of a holder whose stdout is the terminal that it takes for its own.
pub(crate) const TERMINAL_OPTION: &str = "--terminal";

/// A program that is started, with all of its arguments.
#[derive(Clone, Debug)]
pub struct ProgramLaunch {
    /// The path of this program's executable.
    pub holder: PathBuf,
    /// The program, then its arguments.
    pub command: Vec<OsString>,
    /// Its streams.
    pub streams: StreamRoutes,
}

impl ProgramLaunch {
    /// Returns the error of a program that cannot be executed, as far as that shows before it is tried.
    /// `path` is the list of directories in which a name is looked up.
    ///
    /// # Errors
    ///
    /// Fails if there is no such program, or if no file of that name is executable.
    pub fn check(&self, path: Option<&OsStr>) -> Result<(), LaunchError> {
        let Some(program) = self.command.first() else { return Ok(()) };
        let places: Vec<PathBuf> = if program.as_encoded_bytes().contains(&b'/') {
            vec![PathBuf::from(program)]
        } else {
            // Without a PATH, the system looks into directories of its own.
            let Some(path) = path else { return Ok(()) };
            std::env::split_paths(path).map(|directory| directory.join(program)).collect()
        };
        let files: Vec<&PathBuf> = places.iter().filter(|place| place.is_file()).collect();
        let is_executable = |place: &&PathBuf| access(place.as_path(), Access::EXEC_OK).is_ok();
        if files.iter().any(is_executable) {
            return Ok(());
        }
        let is_directory = matches!(places.as_slice(), [only] if only.is_dir());
        let kind = if is_directory || !files.is_empty() {
            io::ErrorKind::PermissionDenied
        } else {
            io::ErrorKind::NotFound
        };
        Err(LaunchError::from_exec(program, &kind.into()))
    }
}

/// A program that is about to begin, stopped before its first instruction. Dropping it kills it.
pub(super) struct HeldProgram {
    /// `None` once it was released.
    child: Option<Child>,
    pid: Pid,
    /// Receives the error number if the program cannot be executed, and is closed if it can.
    status: File,
}

impl HeldProgram {
    /// Starts a holder and waits until it has stopped itself. Must be called on a thread that lives
    /// until [`Self::release`] returns: a holder that is still stopped dies with it.
    pub(super) fn start(
        launch: &ProgramLaunch,
        streams: ProgramStreams,
    ) -> Result<Self, LaunchError> {
        let ProgramStreams { stdin, stdout, stderr, has_terminal } = streams;
        let (status, holders_end) = pipe_with(PipeFlags::CLOEXEC).map_err(io::Error::from)?;
        // The path opens the pipe anew in the holder, there closed on exec: a descriptor to inherit
        // would have to stay open in the program.
        let own_id = std::process::id();
        let path = format!("/proc/{own_id}/fd/{}", holders_end.as_raw_fd());
        let mut command = Command::new(&launch.holder);
        command.args([HOLD_COMMAND, &path]);
        if has_terminal {
            command.arg(TERMINAL_OPTION);
        } else {
            command.process_group(0);
        }
        command.arg("--").args(&launch.command);
        let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn()?;
        let (pid, child) = (Pid::from_child(&child), Some(child));
        let held = Self { child, pid, status: status.into() };
        held.wait_until_stopped()?;
        drop(holders_end);
        Ok(held)
    }

    /// The process ID of the holder, and of the program.
    pub(super) const fn pid(&self) -> Pid {
        self.pid
    }

    /// [`Self::pid`] as events carry it.
    pub(super) const fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    fn wait_until_stopped(&self) -> Result<(), LaunchError> {
        loop {
            match waitpid(Some(self.pid), WaitOptions::UNTRACED) {
                Ok(Some((_, status))) if status.stopped() => return Ok(()),
                Ok(Some(_)) => return Err(LaunchError::Holder),
                Ok(None) | Err(Errno::INTR) => {}
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }

    /// Lets the program begin. Fails if it cannot be executed.
    pub(super) fn release(mut self, program: &OsStr) -> Result<Child, LaunchError> {
        kill_process(self.pid, Signal::CONT).map_err(io::Error::from)?;
        let mut text = String::new();
        self.status.read_to_string(&mut text)?;
        match text.parse() {
            Ok(number) => {
                Err(LaunchError::from_exec(program, &io::Error::from_raw_os_error(number)))
            }
            Err(_executed) => self.child.take().ok_or(LaunchError::Holder),
        }
    }
}

impl Drop for HeldProgram {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Fails if it has ended.
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Carries out the hidden command: stops this process until its parent has opened its events, then
/// executes the program. Returns only if that fails, with the exit code.
pub fn hold(status: &Path, has_terminal: bool, command: &[OsString]) -> u8 {
    let parent = getppid();
    let Some((program, arguments)) = command.split_first() else { return FAILED };
    let Ok(mut status) = OpenOptions::new().write(true).open(status) else { return FAILED };
    if stop_until_released(parent, has_terminal).is_err() {
        return FAILED;
    }
    let error = Command::new(program).args(arguments).exec();
    let number = error.raw_os_error().unwrap_or_default();
    // Fails if the parent is gone.
    _ = write!(status, "{number}");
    LaunchError::from_exec(program, &error).exit_code()
}

/// The exit code of a holder without a parent, or with one of another version.
const FAILED: u8 = 1;

/// Stops this process until SIGCONT. Fails if the parent has ended meanwhile.
fn stop_until_released(parent: Option<Pid>, has_terminal: bool) -> io::Result<()> {
    let parent_has_ended = || getppid() != parent;
    // While it is stopped, nothing else would tell it that the parent has died.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have died before.
    if parent_has_ended() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    if has_terminal {
        setsid()?;
        ioctl_tiocsctty(io::stdout())?;
    }
    kill_process(getpid(), Signal::STOP)?;
    if parent_has_ended() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    // The program may outlive the thread that started it.
    Ok(set_parent_process_death_signal(None)?)
}

/// A change of a process that [`wait_for_change`] reports.
pub(super) enum ProcessChange {
    /// It has ended, and is not reaped yet.
    Exited(ExitStatus),
    /// The system has stopped it because it tried to use a terminal that is not its own.
    WantedTerminal,
}

/// Waits until a child has ended, without reaping it, so that its process ID and that of its group
/// stay reserved; or until it is stopped for using the terminal.
pub(super) fn wait_for_change(pid: Pid) -> io::Result<ProcessChange> {
    let (ends, stops) = (WaitIdOptions::EXITED, WaitIdOptions::STOPPED);
    loop {
        let status = match waitid(WaitId::Pid(pid), ends | stops | WaitIdOptions::NOWAIT) {
            Err(Errno::INTR) | Ok(None) => continue,
            status => status?,
        };
        let Some(status) = status else { continue };
        if let Some(stopped) = status.stopping_signal() {
            // Consumes the stop, so that the next call reports the next change.
            _ = waitid(WaitId::Pid(pid), stops | WaitIdOptions::NOHANG);
            if [Signal::TTIN, Signal::TTOU].map(Signal::as_raw).contains(&stopped) {
                return Ok(ProcessChange::WantedTerminal);
            }
        } else if let Some(signal) = status.terminating_signal() {
            return Ok(ProcessChange::Exited(ExitStatus::Signal(signal)));
        } else {
            let code = status.exit_status().unwrap_or_default();
            return Ok(ProcessChange::Exited(ExitStatus::Code(code)));
        }
    }
}
