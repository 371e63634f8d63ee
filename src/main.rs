//! The binary: runs the program and returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    threadline::run::run_program().into()
}
