//! Shows progress on stderr: a line that is redrawn in place, or sentences.

use std::time::Duration;

use crossbeam_channel::{Receiver, never, tick};

use super::narrator::{self, EventContext, Narrator};
use super::program_narrator;
use crate::analysis::Sweep;
use crate::analysis::sweep::WorkerTerms;
use crate::app::Session;
use crate::model::{Event, EventKind, Mode, Nanos, Run, RunId, Selection, TaskKind, Workload};
use crate::terminal::writer::{PendingWrite, SHUTDOWN_GRACE, Writer};

/// The interval between two redraws.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// Writes progress to stderr. The line is cleared with spaces, because a dumb terminal has no
/// escape sequences. Write errors do not stop the run.
pub(super) struct ProgressReporter {
    writer: Option<Writer>,
    line: Option<PendingWrite>,
    width: usize,
    /// Produces sentences instead of the line.
    narrator: Option<Narrator>,
}

impl ProgressReporter {
    /// Creates a reporter that draws a line with `writer`, or nothing without one.
    pub(super) const fn new(writer: Option<Writer>) -> Self {
        Self { writer, line: None, width: 0, narrator: None }
    }

    /// Creates a reporter that writes sentences with `writer`.
    pub(super) fn with_narrator(writer: Option<Writer>) -> Self {
        Self { narrator: Some(Narrator::default()), ..Self::new(writer) }
    }

    /// Describes an event of a run that the session has just applied, if it is worth a sentence.
    pub(super) fn narrate_event(&mut self, session: &Session, id: RunId, event: &Event) {
        let Some(narrator) = &mut self.narrator else { return };
        let is_last = matches!(event.kind, EventKind::RunFinished { .. });
        let latest = session.latest_run().filter(|run| run.is_over());
        let active = || session.active_runs().find(|(run, _)| *run == id);
        let run = if is_last { latest } else { active().map(|(_, run)| run) };
        // The session already holds the sweep's next trial instead of the one that ended.
        if is_last && latest.is_none() {
            let trial = session.active().and_then(|active| session.sweep(active)?.trials().last());
            let next = session.active_run().map(Run::plan);
            let sentence =
                next.zip(trial).map(|(next, trial)| narrator::trial_sentence(next, trial));
            return sentence.into_iter().for_each(|sentence| self.write_sentence(&sentence));
        }
        let trial = session.active().and_then(|active| trial_prefix(session, active));
        let tasks = run.and_then(|run| session.task_count(run.plan().workload()));
        let selection = session.active().or_else(|| session.latest_selection());
        let is_race = selection.is_some_and(|shown| session.setup().is_simultaneous(shown));
        let context = EventContext { trial, tasks, is_race };
        let sentence = run.and_then(|run| narrator.describe_event(id, run, event, context));
        if let Some(sentence) = sentence {
            self.write_sentence(&sentence);
        }
    }

    /// Writes the conclusions of a sweep, if sentences are enabled.
    pub(super) fn narrate_advice(&mut self, sweep: &Sweep, workload: Workload) {
        if self.narrator.is_some() {
            sweep
                .advice(workload, Mode::Threads)
                .into_iter()
                .for_each(|advice| self.write_sentence(&advice));
            self.clear_line();
        }
    }

    /// Writes a sentence per lane, if sentences are enabled.
    pub(super) fn narrate_lanes(&mut self, runs: &[Run]) {
        if self.narrator.is_some() {
            narrator::lane_sentences(runs).for_each(|sentence| self.write_sentence(&sentence));
            self.clear_line();
        }
    }

    fn write_sentence(&mut self, sentence: &str) {
        if let Some(writer) = &self.writer {
            self.line = Some(writer.write(format!("{sentence}\n").into_bytes()));
        }
    }

    /// Returns the redraw ticks; without a writer there are none.
    pub(super) fn draw_ticks(&self) -> Receiver<std::time::Instant> {
        if self.writer.is_some() { tick(DRAW_INTERVAL) } else { never() }
    }

    /// Shows the progress of the active runs.
    pub(super) fn draw_line(&mut self, session: &Session, elapsed: Nanos) {
        if let Some(narrator) = &mut self.narrator {
            let active = session.active_runs();
            let sentences =
                active.filter_map(|(id, run)| narrator.describe_silence(id, run, elapsed));
            let sentences: Vec<String> = sentences.collect();
            return sentences.iter().for_each(|sentence| self.write_sentence(sentence));
        }
        let Some(selection) = session.active() else { return };
        let line = if session.setup().is_simultaneous(selection) {
            race_line(session.runs(selection), elapsed)
        } else if let Some(run) = session.active_run() {
            if let Some(line) = program_narrator::progress_line(run, elapsed) {
                return self.replace_line(&line, "");
            }
            let known = session.task_count(selection.workload);
            progress_line(run, &run_name(session, run), known, elapsed)
        } else {
            return;
        };
        self.replace_line(&line, "");
    }

    /// Shows the progress again, unless the previous line is still being written.
    pub(super) fn redraw_line(&mut self, session: &Session, elapsed: Nanos) {
        if self.line.as_ref().is_none_or(PendingWrite::is_done) {
            self.draw_line(session, elapsed);
        }
    }

    /// Clears the line and waits, for a bounded time, until everything is written.
    pub(super) fn clear_line(&mut self) {
        let is_drawn = self.width > 0;
        if is_drawn {
            self.replace_line("", "\r");
        }
        if is_drawn || self.narrator.is_some() {
            _ = self.line.as_ref().is_some_and(|line| line.wait(SHUTDOWN_GRACE / 4));
        }
    }

    fn replace_line(&mut self, line: &str, end: &str) {
        let Some(writer) = &self.writer else { return };
        let width = line.chars().count();
        let rest = self.width.saturating_sub(width);
        self.line = Some(writer.write(format!("\r{line}{:rest$}{end}", "").into_bytes()));
        self.width = width;
    }
}

/// Returns `trial 7 of 15: ` if the selection is a sweep.
fn trial_prefix(session: &Session, selection: Selection) -> Option<String> {
    let sweep = session.sweep(selection)?;
    Some(format!("{}: ", sweep.trial_text()))
}

/// Returns the name of the active run for the user, such as `trial 7 of 15: 8 threads`.
fn run_name(session: &Session, run: &Run) -> String {
    let plan = run.plan();
    match session.active().and_then(|active| trial_prefix(session, active)) {
        Some(trial) => {
            trial + &WorkerTerms::for_run(plan.workload(), plan.mode).count_text(plan.workers)
        }
        None => plan.name(),
    }
}

/// Returns the progress line of runs that started at the same moment:
/// `sequential 1/5, threads x5 5/5 pages  1.2 s`.
fn race_line(runs: &[Run], elapsed: Nanos) -> String {
    let progress = |run: &Run| {
        format!("{} {}", run.plan().name(), run.count_of_all(run.progress().done_tasks()))
    };
    let all: Vec<String> = runs.iter().map(progress).collect();
    let tasks = runs.first().map_or("", |run| run.plan().workload().spec().tasks);
    format!("{} {tasks}  {:.1} s", all.join(", "), elapsed.as_secs_f64())
}

/// Returns the progress line of a run, whose number of tasks may not be known yet.
fn progress_line(run: &Run, name: &str, known: Option<u32>, elapsed: Nanos) -> String {
    let (plan, seconds) = (run.plan(), elapsed.as_secs_f64());
    let limit = run.limit_at(elapsed).map_or_else(String::new, |limit| {
        let left = limit.until.since(elapsed).as_secs_f64().ceil();
        format!("  rate limit: {left:.0} s left")
    });
    let known = known.map_or_else(|| "?".to_owned(), |_| run.progress().known_tasks().to_string());
    let done = match plan.workload().kind() {
        TaskKind::Command => run.started_tasks() - run.timing().in_flight(),
        _ => run.progress().done_tasks(),
    };
    let tasks = plan.workload().spec().tasks;
    let results = run.result_names().map_or_else(String::new, |[_, noun]| {
        format!("  {} {noun}", run.progress().result_count())
    });
    let line = { format!("{name}  {done}/{known} {tasks}{results}  {seconds:.1} s") };
    line + &limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::writer::fixture::SharedBuffer;

    #[test]
    fn a_shorter_line_overwrites_a_longer_one_and_clearing_leaves_spaces() {
        let memory = SharedBuffer::default();
        let mut progress = ProgressReporter::new(Some(Writer::start(memory.clone()).unwrap()));
        progress.replace_line("longer", "");
        progress.replace_line("short", "");
        progress.clear_line();
        assert_eq!(memory.text(), "\rlonger\rshort \r     \r");
    }
}
