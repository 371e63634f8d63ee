//! The program of `threadline watch`: the command that is to be started, or the process that a number or a
//! name denotes.

#[cfg(not(target_os = "linux"))]
use std::io::Write;

#[cfg(not(target_os = "linux"))]
use super::watch_error::WatchError;

#[cfg(target_os = "linux")]
pub(super) use linux::{describe_access, open};

/// Refuses to look at a program: only Linux can.
#[cfg(not(target_os = "linux"))]
pub(super) fn describe_access(
    _: &crate::cli::WatchCommand,
    _: &mut dyn Write,
) -> Result<String, WatchError> {
    Err(WatchError::NotLinux)
}

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
    use std::io::{self, BufRead as _, IsTerminal as _, Write};
    use std::path::{Path, PathBuf};

    use super::super::opened_session::{OpenedSession, available_cores};
    use super::super::watch_error::WatchError;
    use crate::cli::{AccuracyArg, OutputMode, WatchCommand, WatchedArg, shell_quoted};
    use crate::model::printable::{printable, printable_up_to};
    use crate::model::{Accuracy, Exactness, ReasonSource, Setup, WatchedProgram};
    use crate::source::program::observer::AttachError;
    use crate::source::program::process_table::{ListedProcess, find_process, processes_named};
    use crate::source::program::program_access::AccessRow;
    use crate::source::program::{
        AccuracyChoice, ProgramCheck, ProgramLaunch, StreamRoutes, TerminalSize, WatchTarget,
        check_process,
    };
    use crate::source::{Clock, Launcher};
    use crate::terminal::screen::stdout_size;

    /// The maximum number of characters of a command in the list of processes.
    const MAX_COMMAND_CHARS: usize = 60;

    /// Opens the session of a program.
    pub(in crate::run) fn open(
        watch: &WatchCommand,
        err: &mut dyn Write,
    ) -> Result<OpenedSession, WatchError> {
        let executable = executable()?;
        let (program, target) = resolve(watch, &executable, err)?;
        let accuracy = match watch.accuracy {
            None => AccuracyChoice::Best,
            Some(AccuracyArg::Exact) => AccuracyChoice::Exact,
            Some(AccuracyArg::Counted) => AccuracyChoice::Counted,
        };
        let (duration, clock) = (watch.duration, Clock::system());
        let launcher = Launcher::for_program(target, duration, accuracy, executable, clock);
        Ok(OpenedSession::for_program(Setup::program(program), launcher))
    }

    /// Describes what can be seen of a program here, and what would change that. Without a program,
    /// that is any which this one would start.
    pub(in crate::run) fn describe_access(
        watch: &WatchCommand,
        err: &mut dyn Write,
    ) -> Result<String, WatchError> {
        let executable = executable()?;
        let clock = Clock::system();
        let is_any = watch.watched == WatchedArg::Command(Vec::new());
        let (subject, command, check) = if is_any {
            let command = vec![executable.clone().into_os_string()];
            let launch =
                ProgramLaunch { holder: executable, command, streams: stream_routes(watch) };
            let subject = "this machine".to_owned();
            (
                subject,
                "any program that threadline starts".to_owned(),
                launch.check_program(&clock)?,
            )
        } else {
            let (program, target) = resolve(watch, &executable, err)?;
            let (subject, check) = match target {
                WatchTarget::Launched(launch) => {
                    ("program".to_owned(), launch.check_program(&clock)?)
                }
                WatchTarget::Attached { pid } => {
                    (format!("process {pid}"), check_process(pid, &clock)?)
                }
            };
            (subject, printable(&program.command), check)
        };
        let ProgramCheck { accuracy, access } = check;
        let mut rows = vec![(subject, command)];
        if let Some(Accuracy { edges, reasons, why }) = accuracy {
            rows.push(("times".to_owned(), edges_text(edges)));
            rows.push(("reasons".to_owned(), reasons_text(reasons).to_owned()));
            rows.extend(why.map(|why| ("because".to_owned(), why)));
        }
        let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        let lines = rows.iter().map(|(label, text)| format!("{label:width$}  {text}\n"));
        Ok(format!("{}\n{}", lines.collect::<String>(), access_table(&access)))
    }

    /// Returns a table of what may be seen, with the reason and the remedy where it may not.
    fn access_table(rows: &[AccessRow]) -> String {
        let answer = |row: &AccessRow| match &row.refusal {
            None => "yes".to_owned(),
            Some(refusal) => format!("no: {refusal}"),
        };
        let head = ["information", "use", "may be seen"].map(str::to_owned);
        let body =
            rows.iter().map(|row| [row.subject.to_owned(), row.purpose.to_owned(), answer(row)]);
        let cells: Vec<[String; 3]> = std::iter::once(head).chain(body).collect();
        let width = |column: fn(&[String; 3]) -> usize| cells.iter().map(column).max().unwrap_or(0);
        let (first, second) =
            (width(|[subject, ..]| subject.len()), width(|[_, purpose, _]| purpose.len()));
        let line = |[subject, purpose, answer]: &[String; 3]| {
            format!("{subject:first$}  {purpose:second$}  {answer}\n")
        };
        cells.iter().map(line).collect()
    }

    fn edges_text(edges: Exactness) -> String {
        match edges {
            Exactness::Exact => "exact, from the kernel's record of every switch".to_owned(),
            Exactness::Counted { period } => {
                format!("counted, to within {period}: read at intervals")
            }
            Exactness::Coarse => "coarse: read at intervals, states only".to_owned(),
        }
    }

    const fn reasons_text(reasons: ReasonSource) -> &'static str {
        match reasons {
            ReasonSource::Syscall => "system calls, with what they wait on",
            ReasonSource::Wchan => "the kernel functions that threads wait in",
            ReasonSource::None => "none: they may not be read",
        }
    }

    fn executable() -> Result<PathBuf, WatchError> {
        std::env::current_exe().map_err(|_unknown| WatchError::NoExecutable)
    }

    /// Finds the program or the process that the arguments name.
    fn resolve(
        watch: &WatchCommand,
        executable: &Path,
        err: &mut dyn Write,
    ) -> Result<(WatchedProgram, WatchTarget), WatchError> {
        let cores = available_cores().unwrap_or(1);
        Ok(match &watch.watched {
            WatchedArg::Command(command) => {
                let (holder, command) = (executable.to_owned(), command.clone());
                let launch = ProgramLaunch { holder, command, streams: stream_routes(watch) };
                launch.check(std::env::var_os("PATH").as_deref())?;
                let command = command_line(&launch.command);
                let program = WatchedProgram { command, pid: 0, attached: false, cores };
                (program, WatchTarget::Launched(launch))
            }
            WatchedArg::Pid(pid) => attached(find(*pid)?, cores),
            WatchedArg::Name(name) => attached(find_named(name, err)?, cores),
        })
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
        if pid == std::process::id() {
            return Err(WatchError::Own(pid));
        }
        match find_process(pid) {
            None => Err(AttachError::NoProcess { pid }.into()),
            Some(process) if process.is_kernel => Err(AttachError::KernelThread { pid }.into()),
            Some(process) if process.is_zombie => Err(AttachError::Ended { pid }.into()),
            Some(process) => Ok(process),
        }
    }

    /// Returns the process with a name. Several are listed, to choose from if there is a terminal.
    fn find_named(name: &str, err: &mut dyn Write) -> Result<ListedProcess, WatchError> {
        let mut found = processes_named(name);
        match found.pop() {
            None => Err(WatchError::NoProcessNamed(printable(name))),
            Some(only) if found.is_empty() => Ok(only),
            Some(last) => {
                found.push(last);
                choose(name, found, err)
            }
        }
    }

    /// Lists processes of the same name, and asks for one of them if there is a terminal.
    fn choose(
        name: &str,
        mut found: Vec<ListedProcess>,
        err: &mut dyn Write,
    ) -> Result<ListedProcess, WatchError> {
        let asks = io::stdin().is_terminal() && io::stderr().is_terminal();
        let (name, count) = (printable(name), found.len());
        // If stderr cannot be written to, the error that follows cannot be read either.
        _ = writeln!(err, "{:>4}  {:>8}  {:<12} command", "", "PID", "user");
        for (number, process) in (1..).zip(&found) {
            let number = if asks { format!("{number})") } else { String::new() };
            let (pid, user) = (process.pid, printable(&process.user));
            let command = printable_up_to(&process.command, MAX_COMMAND_CHARS);
            _ = writeln!(err, "{number:>4}  {pid:>8}  {user:<12} {command}");
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
}
