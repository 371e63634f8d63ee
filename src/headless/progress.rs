//! The progress line on stderr.

use std::io::Write;
use std::time::Duration;

use crossbeam_channel::{Receiver, never, tick};

use crate::app::Session;
use crate::model::{Nanos, Run, Workload};

/// The time between two drawings.
const PACE: Duration = Duration::from_millis(100);

/// A line that is drawn over itself. It is cleared with spaces, because a dumb terminal knows no
/// escape codes.
pub(super) struct Progress<'a> {
    err: &'a mut dyn Write,
    shown: bool,
    width: usize,
}

impl<'a> Progress<'a> {
    /// A line on `err`, or none at all.
    pub(super) fn new(err: &'a mut dyn Write, shown: bool) -> Self {
        Self { err, shown, width: 0 }
    }

    /// When to draw; never without a line.
    pub(super) fn ticks(&self) -> Receiver<std::time::Instant> {
        if self.shown { tick(PACE) } else { never() }
    }

    /// Says how far the run is that goes on.
    pub(super) fn draw(&mut self, session: &Session, elapsed: Nanos) {
        if let Some(run) = session.active_run().filter(|_| self.shown) {
            self.replace(&line(run, elapsed));
        }
    }

    /// Leaves an empty line.
    pub(super) fn clear(&mut self) {
        if self.width > 0 {
            self.replace("");
            self.put("\r");
        }
    }

    fn replace(&mut self, line: &str) {
        let width = line.chars().count();
        let rest = self.width.saturating_sub(width);
        self.put(&format!("\r{line}{:rest$}", ""));
        self.width = width;
    }

    fn put(&mut self, text: &str) {
        // A progress line that nobody can see any more is no reason to give up the run.
        _ = self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush());
    }
}

fn line(run: &Run, elapsed: Nanos) -> String {
    let (plan, seconds) = (run.plan(), elapsed.as_secs_f64());
    match plan.workload {
        Workload::Profile => format!("asking for {}  {seconds:.1} s", plan.target.user),
        Workload::Followers => format!(
            "{} x{}  {}/{} pages  {} followers  {seconds:.1} s",
            plan.mode,
            plan.workers,
            run.done_tasks(),
            run.known_tasks(),
            run.follower_count()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_line_covers_the_longer_one_and_clearing_leaves_nothing() {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, true);
        progress.replace("longer");
        progress.replace("short");
        progress.clear();
        assert_eq!(String::from_utf8(out).unwrap(), "\rlonger\rshort \r     \r");
    }

    #[test]
    fn no_line_no_bytes() {
        let mut out = Vec::new();
        Progress::new(&mut out, false).clear();
        assert!(out.is_empty());
    }
}
