//! The progress line on stderr.

use std::time::Duration;

use crossbeam_channel::{Receiver, never, tick};

use crate::app::Session;
use crate::model::{Nanos, Run, Selection, Work, Workload};
use crate::writer::{Delivery, GRACE, Writer};

/// The time between two drawings.
const PACE: Duration = Duration::from_millis(100);

/// A line that is drawn over itself. It is cleared with spaces, because a dumb terminal knows no
/// escape codes. That nobody can see it any more is no reason to give up the run.
pub(super) struct Progress {
    writer: Option<Writer>,
    line: Option<Delivery>,
    width: usize,
}

impl Progress {
    /// A line that `writer` writes; without one, none at all.
    pub(super) const fn new(writer: Option<Writer>) -> Self {
        Self { writer, line: None, width: 0 }
    }

    /// When to draw; never without a line.
    pub(super) fn ticks(&self) -> Receiver<std::time::Instant> {
        if self.writer.is_some() { tick(PACE) } else { never() }
    }

    /// Says how far the run is that goes on.
    pub(super) fn draw(&mut self, session: &Session, elapsed: Nanos) {
        if let Some(run) = session.active_run() {
            let prepares = run.plan().workload() == Workload::Profile;
            let active = session.active().filter(|_| !prepares);
            let trial = active.and_then(|active| trial(session, active));
            self.replace(&(trial.unwrap_or_default() + &line(run, elapsed)), "");
        }
    }

    /// Says it again, unless the last line is still on its way.
    pub(super) fn draw_again(&mut self, session: &Session, elapsed: Nanos) {
        if self.line.as_ref().is_none_or(Delivery::is_over) {
            self.draw(session, elapsed);
        }
    }

    /// Leaves an empty line.
    pub(super) fn clear(&mut self) {
        if self.width > 0 {
            self.replace("", "\r");
            _ = self.line.as_ref().is_some_and(|line| line.wait(GRACE / 4));
        }
    }

    fn replace(&mut self, line: &str, end: &str) {
        let Some(writer) = &self.writer else { return };
        let width = line.chars().count();
        let rest = self.width.saturating_sub(width);
        self.line = Some(writer.write(format!("\r{line}{:rest$}{end}", "").into_bytes()));
        self.width = width;
    }
}

/// `trial 7 of 15: `.
fn trial(session: &Session, selection: Selection) -> Option<String> {
    let sweep = session.sweep(selection)?;
    Some(format!("trial {} of {}: ", sweep.trials().len() + 1, sweep.planned()))
}

fn line(run: &Run, elapsed: Nanos) -> String {
    let (plan, seconds) = (run.plan(), elapsed.as_secs_f64());
    let limit = run.limit_at(elapsed).map_or_else(String::new, |limit| {
        let left = limit.until.since(elapsed).as_secs_f64().ceil();
        format!("  rate limit: {left:.0} s left")
    });
    let (mode, done, known) = (plan.name(), run.done_tasks(), run.known_tasks());
    let line = match &plan.work {
        Work::Profile(target) => format!("asking for {}  {seconds:.1} s", target.user),
        Work::Followers(_) => {
            let followers = run.follower_count();
            format!("{mode}  {done}/{known} pages  {followers} followers  {seconds:.1} s")
        }
        Work::Commands { .. } => {
            let ended = run.started_tasks() - run.in_flight();
            format!("{mode}  {ended}/{known} commands  {seconds:.1} s")
        }
        _ => format!("{mode}  {done}/{known} tasks  {seconds:.1} s"),
    };
    line + &limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::fixture::Memory;

    #[test]
    fn a_shorter_line_covers_the_longer_one_and_clearing_leaves_nothing() {
        let memory = Memory::default();
        let mut progress = Progress::new(Some(Writer::start(memory.clone()).unwrap()));
        progress.replace("longer", "");
        progress.replace("short", "");
        progress.clear();
        assert_eq!(memory.text(), "\rlonger\rshort \r     \r");
    }
}
