//! The binary: parses the arguments, runs the command and returns its exit code.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use threadline::cli::{self, CliError, Command};
use threadline::run::exit::Exit;
use threadline::run::headless::{ProgressMode, Streams, print_error};
use threadline::run::{self, CommandError};

fn main() -> ExitCode {
    let mut err = io::stderr();
    let exit = match cli::parse(std::env::args_os(), &|name| std::env::var_os(name)) {
        Ok(command) => run_command(command, &mut err),
        Err(CliError::Help(help)) => {
            let shown = help.print().map(|()| Exit::Success);
            shown.unwrap_or_else(|error| report_error(&mut err, &error.into()))
        }
        Err(stop) => {
            refuse(&mut err, &stop);
            Exit::Usage
        }
    };
    exit.into()
}

fn run_command(command: Command, err: &mut io::Stderr) -> Exit {
    let progress_mode = if err.is_terminal() { ProgressMode::Line } else { ProgressMode::Nothing };
    let mut out = BufWriter::new(io::stdout());
    let mut streams = Streams { out: &mut out, err, progress_mode };
    let done = run::run(command, &mut streams);
    // The buffer is empty, unless stdout has failed: do not write it again.
    drop(out.into_parts());
    done.unwrap_or_else(|error| report_error(err, &error))
}

fn report_error(err: &mut io::Stderr, error: &CommandError) -> Exit {
    if !error.is_broken_pipe() {
        print_error_chain(err, error);
    }
    error.exit()
}

/// Prints an error in the arguments: what is wrong, what to do, and the usage, a line each.
fn refuse(err: &mut dyn Write, stop: &CliError) {
    let message = message(stop);
    let (problem, hint) = cli::split_hint(&message);
    print_error(err, problem);
    // If stderr cannot be written, the exit code still says that the arguments are unusable.
    for (label, line) in [("hint", hint), ("usage", stop.usage())] {
        _ = line.map(|line| writeln!(err, "{label}: {line}"));
    }
}

/// Prints an error in one line.
fn print_error_chain(err: &mut dyn Write, error: &dyn Error) {
    print_error(err, &message(error));
}

/// Returns the error and its causes as one line.
fn message(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence}: {text}");
        }
        cause = error.source();
    }
    sentence
}
