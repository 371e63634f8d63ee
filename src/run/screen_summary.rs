//! The verdict and the totals that stay on the main screen after the alternate one.

use std::io::{self, Write};

use super::Streams;
use super::word_wrap::WordWrap;
use crate::analysis::Sweep;
use crate::model::Run;
use crate::report::plain;
use crate::terminal::writer::{SHUTDOWN_GRACE, Writer};
use crate::ui::theme::ColorDepth;

/// Starts bold text on a terminal.
const BOLD: &str = "\x1b[1m";

/// Prints the verdict and the totals of runs, or nothing if none is complete. A terminal that accepts
/// no output delays the exit only briefly. If stdout is `taken` by an export, prints to stderr.
pub(super) fn print(
    runs: &[Run],
    sweep: Option<&Sweep>,
    cores: Option<u16>,
    taken: bool,
    streams: &mut Streams<'_>,
) {
    let depth = ColorDepth::from_env(|name| std::env::var(name).ok());
    let bold = if depth == ColorDepth::Mono || taken { "" } else { BOLD };
    let mut text = Vec::new();
    let mut wrap = WordWrap::new(&mut text, streams.width);
    // Writing to memory cannot fail.
    _ = write(&mut wrap, runs, sweep, cores, bold).and_then(|()| wrap.flush());
    if text.is_empty() {
        return;
    }
    if taken {
        // An error is ignored: there is no other stream to report it on.
        _ = streams.err.write_all(&text);
    } else if let Ok(writer) = Writer::start(io::stdout()) {
        writer.write(text).wait(SHUTDOWN_GRACE);
    }
}

fn write(
    out: &mut dyn Write,
    runs: &[Run],
    sweep: Option<&Sweep>,
    cores: Option<u16>,
    bold: &str,
) -> io::Result<()> {
    match (sweep, runs.first()) {
        (Some(sweep), Some(run)) => plain::sweep::write(out, sweep, run.plan()),
        _ if runs.iter().any(|run| run.is_complete() || run.program().is_some()) => {
            plain::write_summary(out, runs, cores, bold)
        }
        _ => Ok(()),
    }
}
