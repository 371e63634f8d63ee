//! The binary: parses the arguments, runs the command and returns its exit code.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use threadline::cli::{self, CliError, Command};
use threadline::command::{self, CommandError};
use threadline::exit::Exit;
use threadline::headless::{ProgressMode, Streams, print_error};

fn main() -> ExitCode {
    let mut err = io::stderr();
    let exit = match cli::parse(std::env::args_os(), &|name| std::env::var_os(name)) {
        Ok(command) => run_command(command, &mut err),
        Err(CliError::Help(help)) => {
            let shown = help.print().map(|()| Exit::Success);
            shown.unwrap_or_else(|error| report_error(&mut err, &error.into()))
        }
        Err(stop) => {
            print_error_chain(&mut err, &stop);
            Exit::Usage
        }
    };
    exit.into()
}

fn run_command(command: Command, err: &mut io::Stderr) -> Exit {
    let progress_mode = if err.is_terminal() { ProgressMode::Line } else { ProgressMode::Nothing };
    let mut out = BufWriter::new(io::stdout());
    let mut streams = Streams { out: &mut out, err, progress_mode };
    let done = command::run(command, &mut streams);
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

/// Writes the error and its causes in one line.
fn print_error_chain(err: &mut dyn Write, error: &dyn Error) {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence}: {text}");
        }
        cause = error.source();
    }
    print_error(err, &sentence);
}
