//! The program of `threadline watch`: the command that is to be started, or the process that a number or a
//! name denotes.

use std::io::{self, BufRead as _, IsTerminal as _, Write};

use thiserror::Error;

#[cfg(target_os = "linux")]
use crate::source::program::LaunchError;

/// The reason why a program cannot be watched.
#[derive(Debug, Error)]
pub enum WatchError {
    /// Another system than Linux.
    #[error("watch works on Linux only: no other system tells which thread runs when")]
    NotLinux,
    /// The path of this program, which starts itself as a holder, is not known.
    #[error("cannot start the program: the path of the threadline executable is unknown")]
    NoExecutable,
    /// The program cannot be started.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// No process has this ID.
    #[error("there is no process {0}; ps -e lists those that run")]
    NoProcess(u32),
    /// No process has this name.
    #[error("no process is called {0}; ps -e lists those that run")]
    NoProcessNamed(String),
    /// A process that has ended.
    #[error("process {0} has ended already and only waits for its parent; name another process")]
    Zombie(u32),
    /// A process of the kernel.
    #[error("process {pid} ({name}) is part of the kernel, which cannot be watched; name another one")]
    Kernel {
        /// The process ID.
        pid: u32,
        /// Its name, safe to print.
        name: String,
    },
    /// This process.
    #[error("process {0} is this threadline; name another process")]
    Own(u32),
    /// Several processes have this name.
    #[error("{count} processes are called {name}; choose one with -p PID")]
    Several {
        /// The number of processes.
        count: usize,
        /// The name, safe to print.
        name: String,
    },
}

impl WatchError {
    /// The exit code, if it is that of a shell for the program.
    pub(super) const fn program_exit(&self) -> Option<u8> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Launch(error) => Some(error.exit_code()),
            _ => None,
        }
    }

    /// Returns `true` if another argument would do.
    pub(super) const fn is_usage(&self) -> bool {
        !matches!(self, Self::NotLinux | Self::NoExecutable)
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::open;

/// Refuses to open a session: only Linux can.
#[cfg(not(target_os = "linux"))]
pub(super) fn open(
    _: &crate::cli::WatchCommand,
    _: &mut dyn Write,
) -> Result<super::OpenedSession, WatchError> {
    Err(WatchError::NotLinux)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::io::Write;

    use super::super::opened_session::{OpenedSession, available_cores};
    use super::{WatchError, choose};
    use crate::cli::{OutputMode, WatchCommand, WatchedArg, shell_quoted};
    use crate::model::{Setup, WatchedProgram};
    use crate::source::program::process_table::{ListedProcess, find_process, processes_named};
    use crate::source::program::{ProgramLaunch, StreamRoutes, TerminalSize, WatchTarget};
    use crate::source::{Clock, Launcher};
    use crate::terminal::screen::stdout_size;

    /// Opens the session of a program.
    pub(in crate::run) fn open(
        watch: &WatchCommand,
        err: &mut dyn Write,
    ) -> Result<OpenedSession, WatchError> {
        let executable = std::env::current_exe().map_err(|_unknown| WatchError::NoExecutable)?;
        let cores = available_cores().unwrap_or(1);
        let (program, target) = match &watch.watched {
            WatchedArg::Command(command) => {
                let launch = ProgramLaunch {
                    holder: executable.clone(),
                    command: command.clone(),
                    streams: stream_routes(watch),
                };
                launch.check(std::env::var_os("PATH").as_deref())?;
                let command = command_line(command);
                let program = WatchedProgram { command, pid: 0, attached: false, cores };
                (program, WatchTarget::Launched(launch))
            }
            WatchedArg::Pid(pid) => attached(find(*pid)?, cores),
            WatchedArg::Name(name) => attached(find_named(name, err)?, cores),
        };
        let launcher = Launcher::for_program(target, watch.duration, executable, Clock::system());
        Ok(OpenedSession::for_program(Setup::program(program), launcher))
    }

    fn attached(process: ListedProcess, cores: u16) -> (WatchedProgram, WatchTarget) {
        let ListedProcess { pid, name, command, .. } = process;
        let command = if command.is_empty() { name } else { command };
        (WatchedProgram { command, pid, attached: true, cores }, WatchTarget::Attached { pid })
    }

    /// Returns the streams of a program that is started: beside the screen, it has a terminal of its own.
    fn stream_routes(watch: &WatchCommand) -> StreamRoutes {
        let terminal = (watch.output.mode == OutputMode::Screen).then(|| {
            let (columns, rows) = stdout_size().unwrap_or((80, 24));
            TerminalSize { columns, rows }
        });
        StreamRoutes {
            terminal,
            stdin_is_terminal: watch.terminals.stdin,
            stderr_is_terminal: watch.terminals.stderr,
        }
    }

    fn command_line(command: &[OsString]) -> String {
        let quoted = command.iter().map(|word| shell_quoted(&word.to_string_lossy()));
        quoted.collect::<Vec<_>>().join(" ")
    }

    /// Returns the process with an ID, if it can be watched.
    fn find(pid: u32) -> Result<ListedProcess, WatchError> {
        let process = find_process(pid).ok_or(WatchError::NoProcess(pid))?;
        if pid == std::process::id() {
            return Err(WatchError::Own(pid));
        }
        if process.is_zombie {
            return Err(WatchError::Zombie(pid));
        }
        if process.is_kernel {
            let name = crate::model::printable::printable(&process.name);
            return Err(WatchError::Kernel { pid, name });
        }
        Ok(process)
    }

    /// Returns the process with a name. Several are listed, to choose from if there is a terminal.
    fn find_named(name: &str, err: &mut dyn Write) -> Result<ListedProcess, WatchError> {
        let mut found = processes_named(name);
        match found.pop() {
            None => Err(WatchError::NoProcessNamed(crate::model::printable::printable(name))),
            Some(only) if found.is_empty() => Ok(only),
            Some(last) => {
                found.push(last);
                choose(name, found, err)
            }
        }
    }
}

/// Lists processes of the same name, and asks for one of them if there is a terminal.
#[cfg(target_os = "linux")]
fn choose(
    name: &str,
    mut found: Vec<crate::source::program::process_table::ListedProcess>,
    err: &mut dyn Write,
) -> Result<crate::source::program::process_table::ListedProcess, WatchError> {
    use crate::model::printable::{printable, printable_up_to};

    const MAX_COMMAND: usize = 60;
    let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
    let name = printable(name);
    let count = found.len();
    // If stderr cannot be written to, the error that follows cannot be read either.
    _ = writeln!(err, "{:>4}  {:>8}  {:<12} command", if asks { "" } else { "" }, "PID", "user");
    for (number, process) in (1..).zip(&found) {
        let number = if asks { format!("{number})") } else { String::new() };
        let command = printable_up_to(&process.command, MAX_COMMAND);
        _ = writeln!(err, "{number:>4}  {:>8}  {:<12} {command}", process.pid, printable(&process.user));
    }
    if asks {
        _ = write!(err, "{count} processes are called {name}. Watch number: ");
        _ = err.flush();
        let mut line = String::new();
        let chosen = io::stdin().lock().read_line(&mut line).ok();
        let chosen = chosen.and_then(|_| line.trim().parse::<usize>().ok()?.checked_sub(1));
        if let Some(chosen) = chosen.filter(|&chosen| chosen < count) {
            return Ok(found.swap_remove(chosen));
        }
    }
    Err(WatchError::Several { count, name })
}
