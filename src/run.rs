//! Runs the program: every command that runs something opens a session, follows it on the screen or
//! without one, writes the exports, reports the results, and ends with their exit code.

mod ended_session;
pub mod exit;
mod exports;
mod finished_lessons;
mod headless;
mod learn;
mod opened_session;
pub mod panic_report;
mod run_handles;
mod screen;
pub mod screen_loop;
mod screen_summary;
mod watch;
mod watch_error;
mod word_wrap;

use std::io::{self, BufWriter, IsTerminal as _, Write};

use crate::analysis::plural;
use crate::cli::{
    self, CliError, Command, Help, HoldArgs, LatencyArg, OutputMode, OutputOptions, ServeCommand,
    Terminals,
};
use crate::http::system_limits::raise_file_limit;
use crate::server::{DEFAULT_USER, FaultScript, Latency, LatencyProfile, Server, ServerSettings};
use crate::source::tasks::process::child::{self, WorkerError};
use crate::terminal::screen::stdout_width;
use crate::terminal::signals::Signals;
pub use exit::CommandError;
use exit::Exit;
pub use exports::ExportTargets;
use opened_session::example_server;
pub use opened_session::{OpenedSession, open_recording, read_recording};

/// The output streams.
pub struct Streams<'a> {
    /// Reports and data.
    pub out: &'a mut dyn Write,
    /// Messages and progress. Write errors are ignored: there is no other stream to report them on.
    pub err: &'a mut dyn Write,
    /// The width of the terminal that `out` goes to, if it is one.
    pub width: Option<u16>,
}

/// Runs the program with the arguments, environment and streams of this process.
pub fn run_program() -> Exit {
    let (mut out, mut err) = (BufWriter::new(io::stdout()), io::stderr());
    let width = io::stdout().is_terminal().then(stdout_width).flatten();
    let done = run_arguments(&mut Streams { out: &mut out, err: &mut err, width });
    // The buffer is empty, unless stdout has failed: do not write it again.
    drop(out.into_parts());
    done.unwrap_or_else(|error| {
        error.print(&mut err);
        error.exit()
    })
}

fn run_arguments(streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let terminals = Terminals {
        stdin: io::stdin().is_terminal(),
        stdout: io::stdout().is_terminal(),
        stderr: io::stderr().is_terminal(),
    };
    match cli::parse(std::env::args_os(), &|name| std::env::var_os(name), terminals) {
        Ok(command) => run(command, streams),
        Err(CliError::Help(help)) => {
            help.print()?;
            Ok(Exit::Success)
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs a command.
fn run(command: Command, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    match command {
        Command::Followers(followers) => {
            // Not done for `exec`: its commands would inherit the raised limit.
            raise_file_limit();
            if followers.compare.is_some() && followers.output.mode != OutputMode::Screen {
                return Err(CommandError::CompareWithoutScreen);
            }
            let opened = OpenedSession::for_followers(&followers, streams.err)?;
            export_and_record(opened, &followers.output, streams)
        }
        Command::Exec(exec) => {
            export_and_record(OpenedSession::for_commands(&exec), &exec.output, streams)
        }
        Command::Watch(watch) if watch.is_check => {
            let access = watch::describe_access(&watch, streams.err)?;
            write_output(streams, |out| out.write_all(access.as_bytes()))
        }
        Command::Watch(watch) => {
            let opened = watch::open(&watch, streams.err)?;
            export_and_record(opened, &watch.output, streams)
        }
        Command::Learn(learn) => learn::run(&learn, streams),
        Command::Replay(replay) => {
            export_and_record(OpenedSession::for_replay(&replay)?, &replay.output, streams)
        }
        Command::Serve(serve) => {
            raise_file_limit();
            run_server(&serve, streams.out)
        }
        Command::Worker { .. } if io::stdin().is_terminal() => Err(WorkerError::NoParent.into()),
        Command::Worker { token, proxies } => {
            child::serve(io::stdin(), io::stdout(), token, &proxies)?;
            Ok(Exit::Success)
        }
        Command::Hold(hold) => Ok(held_exit(&hold)),
        Command::Keep => {
            #[cfg(target_os = "linux")]
            crate::source::program::pseudo_terminal::keep();
            Ok(Exit::Success)
        }
        Command::PrintKeys(keys) => write_output(streams, |out| write!(out, "{keys}")),
        Command::Completions(shell) => {
            write_output(streams, |out| cli::write_completions(shell, out))
        }
        Command::Man => write_output(streams, cli::write_manual),
        Command::Help(help) => show(&help, streams),
    }
}

/// Executes a program as its holder. Returns only if that fails.
#[cfg(target_os = "linux")]
fn held_exit(hold: &HoldArgs) -> Exit {
    let HoldArgs { status, terminal, command } = hold;
    Exit::Program(crate::source::program::held_program::hold(status, *terminal, command))
}

#[cfg(not(target_os = "linux"))]
const fn held_exit(_: &HoldArgs) -> Exit {
    Exit::Failed
}

fn write_output(
    streams: &mut Streams<'_>,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<Exit, CommandError> {
    write(streams.out)?;
    streams.out.flush()?;
    Ok(Exit::Success)
}

/// Shows a text in the pager if there is a terminal, else prints it.
fn show(help: &Help, streams: &mut Streams<'_>) -> Result<Exit, CommandError> {
    let pager = help.pager.as_ref().filter(|_| io::stdout().is_terminal());
    if pager.is_some_and(|pager| pager.show(&help.text)) {
        return Ok(Exit::Success);
    }
    write_output(streams, |out| out.write_all(help.text.as_bytes()))
}

/// Prints the built-in server's address and runs it until SIGINT, SIGTERM or SIGHUP, which is the normal
/// way to end it.
fn run_server(serve: &ServeCommand, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let signals = Signals::for_termination().map_err(CommandError::Serve)?;
    let server = Server::start(ServerSettings {
        followers: serve.followers,
        latency: match &serve.latency {
            LatencyArg::BuiltIn => Latency::Profile(LatencyProfile::built_in()),
            LatencyArg::Profile(path) => Latency::Profile(LatencyProfile::read(path)?),
            &LatencyArg::Uniform { latency, jitter, seed } => {
                Latency::Uniform { latency, jitter, seed }
            }
        },
        faults: serve.faults.as_deref().map(FaultScript::read).transpose()?.unwrap_or_default(),
        at_once: serve.at_once,
        port: serve.port,
        ..example_server()
    })?;
    let url = server.url();
    writeln!(out, "{url}\ncurl '{url}/users/{DEFAULT_USER}/followers'")
        .and_then(|()| out.flush())
        .map_err(CommandError::Serve)?;
    // The channel is never closed while the program runs.
    _ = signals.receiver().recv();
    Ok(Exit::Success)
}

/// Prepares the exports and the recording, so that errors appear before the run, and follows the
/// session.
fn export_and_record(
    opened: OpenedSession,
    output: &OutputOptions,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let exports = ExportTargets::prepare(output)?;
    let (opened, recording) = opened.record(output.record.as_deref())?;
    let signals = match output.mode {
        OutputMode::Screen => Signals::for_screen(),
        OutputMode::Plain(_) | OutputMode::Json(_) => Signals::for_termination(),
    };
    let done = signals
        .map_err(CommandError::Signals)
        .and_then(|signals| follow(opened, output, exports, &signals, streams));
    recording.finish(done, streams.err)
}

/// Follows a session to its end, writes the exports and reports the results.
pub fn follow(
    opened: OpenedSession,
    output: &OutputOptions,
    exports: ExportTargets,
    signals: &Signals,
    streams: &mut Streams<'_>,
) -> Result<Exit, CommandError> {
    let OpenedSession { content, launcher, server } = opened;
    let ended = match output.mode {
        OutputMode::Screen => {
            screen::follow(content, &launcher, &output.display, &exports, signals)?
        }
        OutputMode::Plain(progress) | OutputMode::Json(progress) => {
            match headless::follow(content, &launcher, progress, signals.receiver(), streams) {
                Some(ended) => ended,
                // The user does not agree to the cost.
                None => return Ok(Exit::Usage),
            }
        }
    };
    let saved = exports.save_all(&ended, signals, streams.out);
    let signal = saved.signal;
    let exit = ended.report(output.mode, saved, streams);
    drop(server);
    if let left @ 1.. = launcher.end_left_behind() {
        let left = plural::count(left, "process");
        exit::print_error(streams.err, &format!("the program left {left} behind; now ended"));
    }
    match (signal, ended.terminal_error) {
        // If the terminal disappears, the writes fail too, but the signal is the better reason.
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, Some(error)) => Err(CommandError::Screen(error)),
        (None, None) => Ok(exit?),
    }
}
