//! The binary: parses the arguments, runs the command and returns its exit code.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;

use threadline::cli::{self, Command, Stop};
use threadline::command::{self, CommandError};
use threadline::exit::Exit;
use threadline::headless::{Follow, Streams, complain};

fn main() -> ExitCode {
    let mut err = io::stderr();
    let exit = match cli::parse(std::env::args_os(), &|name| std::env::var_os(name)) {
        Ok(command) => carry_out(command, &mut err),
        Err(Stop::Shown(help)) => {
            let shown = help.print().map(|()| Exit::Whole);
            shown.unwrap_or_else(|error| fail(&mut err, &error.into()))
        }
        Err(stop) => {
            say(&mut err, &stop);
            Exit::Usage
        }
    };
    exit.into()
}

fn carry_out(command: Command, err: &mut io::Stderr) -> Exit {
    let follow = if err.is_terminal() { Follow::Line } else { Follow::Nothing };
    let mut out = BufWriter::new(io::stdout());
    let mut streams = Streams { out: &mut out, err, follow };
    let done = command::run(command, &mut streams);
    // The buffer is empty, unless stdout has failed: do not write it again.
    drop(out.into_parts());
    done.unwrap_or_else(|error| fail(err, &error))
}

fn fail(err: &mut io::Stderr, error: &CommandError) -> Exit {
    if !error.is_hang_up() {
        say(err, error);
    }
    error.exit()
}

/// Writes the error and its causes in one line.
fn say(err: &mut dyn Write, error: &dyn Error) {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence = format!("{sentence}: {text}");
        }
        cause = error.source();
    }
    complain(err, &sentence);
}
