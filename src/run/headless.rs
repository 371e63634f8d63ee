//! Follows a session without a screen: runs its selection to the end, or reads a recording, with the
//! progress on stderr.

mod narrator;
mod program_narrator;
mod progress_reporter;

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::thread::Builder;
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, after, bounded, never, select};

use super::Streams;
use super::ended_session::{EndedSession, EndedState};
use super::exit::print_error;
use super::opened_session::{OpenedContent, defect_message};
use super::run_handles::RunHandles;
use crate::app::Session;
use crate::app::session::QuotaEstimate;
use crate::cli::Progress;
use crate::model::time::time_of_day;
use crate::model::{
    Event, EventKind, Failure, FailureKind, LaneId, LogEntry, Nanos, PlannedRun, RunId, RunOutcome,
    Selection,
};
use crate::source::Launcher;
use crate::source::recording::Recording;
use crate::terminal::writer::Writer;
use progress_reporter::ProgressReporter;

/// Follows a session to its end, or until a signal arrives. Returns `None` if the user does not agree
/// to its cost.
pub(super) fn follow(
    content: OpenedContent,
    launcher: &Launcher,
    progress: Progress,
    signals: &Receiver<i32>,
    streams: &mut Streams<'_>,
) -> Option<EndedSession> {
    let (mut session, selection) = match content {
        OpenedContent::Live { session, selection, .. } => (session, selection),
        OpenedContent::Recorded { recording, .. } => {
            return Some(read_to_end(&recording, progress, streams));
        }
    };
    let answer = if session.awaits_confirmation(selection) {
        ask_consent(&session, selection, signals, streams)
    } else {
        Consent::Granted
    };
    let signal = match answer {
        Consent::Granted => {
            let live = LiveSession {
                session: &mut session,
                selection,
                launcher,
                signals,
                progress: new_reporter(progress),
                err: streams.err,
                announces_quota: true,
            };
            live.run_to_end()
        }
        Consent::Refused => return None,
        Consent::Signal(signal) => Some(signal),
    };
    let state = EndedState::Headless { session, selection, is_cut_off: false };
    Some(EndedSession { state, signal, terminal_error: None })
}

/// Runs a selection that costs nothing to its end, or until a signal arrives, which is returned.
pub(super) fn run_selection(
    session: &mut Session,
    selection: Selection,
    launcher: &Launcher,
    progress: Progress,
    signals: &Receiver<i32>,
    err: &mut dyn Write,
) -> Option<i32> {
    let progress = new_reporter(progress);
    let announces_quota = false;
    LiveSession { session, selection, launcher, signals, progress, err, announces_quota }
        .run_to_end()
}

/// A session whose selection runs without a screen.
struct LiveSession<'a> {
    session: &'a mut Session,
    selection: Selection,
    launcher: &'a Launcher,
    signals: &'a Receiver<i32>,
    progress: ProgressReporter,
    err: &'a mut dyn Write,
    /// If set, the notice on the quota that the selection still needs is not printed yet.
    announces_quota: bool,
}

/// The result of following runs.
#[derive(Default)]
struct FollowedRuns {
    /// The runs that follow.
    next: Vec<PlannedRun>,
    /// The signal that ended the runs.
    signal: Option<i32>,
}

/// A reason to stop waiting.
enum Wake {
    /// Events, or the end of a run.
    Events,
    Signal(Option<i32>),
    /// A stopped run does not end in time.
    Late,
    /// The progress is to be drawn again.
    Tick,
}

impl LiveSession<'_> {
    /// Runs the selection to its end, or until a signal arrives. In that case stops the run, keeps its
    /// results and returns the number of the signal.
    fn run_to_end(mut self) -> Option<i32> {
        let next = self.session.start_selection(self.selection);
        let mut followed = FollowedRuns { next, signal: None };
        while !followed.next.is_empty() && followed.signal.is_none() {
            followed = self.follow_runs(RunHandles::start(self.launcher, followed.next));
        }
        self.progress.clear_line();
        // The runs of a sweep are those of its last trial only.
        match self.session.sweep(self.selection) {
            Some(sweep) => self.progress.narrate_advice(sweep, self.selection.workload),
            None => self.progress.narrate_lanes(self.session.runs(self.selection)),
        }
        followed.signal
    }

    /// Follows runs until their last events.
    fn follow_runs(&mut self, mut runs: RunHandles) -> FollowedRuns {
        let ticks = self.progress.draw_ticks();
        let mut followed = FollowedRuns::default();
        let mut late = never();
        self.progress.draw_line(self.session, self.elapsed(&runs));
        while !runs.is_empty() {
            match wait(&runs, self.signals, &late, &ticks) {
                Wake::Events => runs.take_events(|run, event| {
                    followed.next.extend(self.session.apply(run, &event));
                    self.progress.narrate_event(self.session, run, &event);
                    self.announce_quota();
                }),
                Wake::Signal(signal) => {
                    followed.signal = signal.or(followed.signal);
                    runs.stop();
                    late = after(runs.stop_grace());
                }
                // A worker that does not react to the stop is abandoned.
                Wake::Late => break,
                Wake::Tick => self.progress.redraw_line(self.session, self.elapsed(&runs)),
            }
        }
        followed
    }

    fn elapsed(&self, runs: &RunHandles) -> Nanos {
        match self.session.active_run() {
            // Simulated time passes from event to event.
            Some(active) if active.plan().is_simulated() => active.elapsed(Nanos::ZERO),
            _ => runs.elapsed(self.launcher.now()),
        }
    }

    /// Prints the notice on the quota once, when the need is known and not nothing.
    fn announce_quota(&mut self) {
        if !self.announces_quota {
            return;
        }
        let estimate = self.session.quota_estimate().filter(|estimate| estimate.requests > 0);
        let (Some(QuotaEstimate { requests, quota }), Some(api)) =
            (estimate, self.session.setup().api())
        else {
            return;
        };
        self.announces_quota = false;
        self.progress.clear_line();
        let (left, reset) = (quota.remaining, time_of_day(quota.reset));
        let (selection, plural) = (self.selection, if requests == 1 { "" } else { "s" });
        // An error is ignored: there is no other stream to report it on.
        _ = writeln!(
            self.err,
            "{selection} takes {requests} more request{plural} of the {left} left at {api} until \
             {reset} UTC"
        );
    }
}

/// Waits for the first of the channels.
fn wait(
    runs: &RunHandles,
    signals: &Receiver<i32>,
    late: &Receiver<Instant>,
    ticks: &Receiver<Instant>,
) -> Wake {
    let mut select = Select::new();
    let signal = select.recv(signals);
    let stop = select.recv(late);
    let tick = select.recv(ticks);
    for events in runs.channels() {
        select.recv(events);
    }
    match select.ready() {
        ready if ready == signal => Wake::Signal(signals.try_recv().ok()),
        ready if ready == stop => late.try_recv().map_or(Wake::Events, |_| Wake::Late),
        ready if ready == tick => ticks.try_recv().map_or(Wake::Events, |_| Wake::Tick),
        _ => Wake::Events,
    }
}

fn new_reporter(progress: Progress) -> ProgressReporter {
    // If the thread cannot be started, no progress is shown.
    let writer = || Writer::start(io::stderr()).ok();
    match progress {
        Progress::None => ProgressReporter::new(None),
        Progress::Line => ProgressReporter::new(writer()),
        Progress::Sentences => ProgressReporter::with_narrator(writer()),
    }
}

/// Reads a recording to its end, as after the original run of the selection that was started last.
fn read_to_end(
    recording: &Recording,
    progress: Progress,
    streams: &mut Streams<'_>,
) -> EndedSession {
    if let Some(defect) = defect_message(recording) {
        print_error(streams.err, &defect);
    }
    let mut session = replay_session(recording, progress);
    let is_cut_off = session.active().is_some();
    let started = session.active_runs().filter(|(_, run)| run.has_started());
    for run in started.map(|(run, _)| run).collect::<Vec<RunId>>() {
        // The recording does not contain the outcome of this run.
        let message = "the recording ends here".to_owned();
        let failure = Failure::new(FailureKind::Unrecorded, message);
        let outcome = RunOutcome::Failed(failure);
        let kind = EventKind::RunFinished { outcome, machine_load: None };
        session.apply(run, &Event { at: recording.end_time(), lane: LaneId(0), kind });
    }
    let (name, selection) = (recording.name(), recording.last_selection());
    if recording.selection_starts().any(|start| start.selection != selection) {
        print_error(
            streams.err,
            &format!(
                "{name}: reporting {selection}, which ran last; the screen shows the earlier runs"
            ),
        );
    }
    let state = EndedState::Headless { session: Box::new(session), selection, is_cut_off };
    EndedSession { state, signal: None, terminal_error: None }
}

/// Rebuilds the session in its final state. If sentences are enabled, the last selection is
/// narrated.
fn replay_session(recording: &Recording, progress: Progress) -> Session {
    if progress != Progress::Sentences {
        return Session::from_log(recording.setup(), recording.entries());
    }
    let mut progress = new_reporter(progress);
    let mut session = Session::new(recording.setup().clone());
    let is_start = |entry: &LogEntry| matches!(entry, LogEntry::Start(_));
    let last = recording.entries().iter().rposition(is_start).unwrap_or(0);
    for (place, entry) in recording.entries().iter().enumerate() {
        session.replay_entry(entry);
        if let (LogEntry::Event { run, event }, true) = (entry, place > last) {
            progress.narrate_event(&session, *run, event);
        }
    }
    if session.sweep(recording.last_selection()).is_none() {
        progress.narrate_lanes(session.runs(recording.last_selection()));
    }
    progress.clear_line();
    session
}

/// The answer to the question whether a sweep that costs quota may start.
enum Consent {
    Granted,
    Refused,
    /// A signal arrived before the answer.
    Signal(i32),
}

/// Prints the cost of the selection and asks at the terminal whether to start. Without a terminal,
/// refuses and names the option that answers in advance.
fn ask_consent(
    session: &Session,
    selection: Selection,
    signals: &Receiver<i32>,
    streams: &mut Streams<'_>,
) -> Consent {
    let price = describe_cost(session, selection);
    if !(io::stderr().is_terminal() && io::stdin().is_terminal()) {
        print_error(streams.err, &format!("{price}; add --yes to start it"));
        return Consent::Refused;
    }
    // If stderr cannot be written to, the user cannot answer either.
    _ = write!(streams.err, "{price}. Start? [y/N] ");
    _ = streams.err.flush();
    match read_answer(signals) {
        Consent::Refused => {
            print_error(streams.err, "not started; --threads and --repeats make it cheaper");
            Consent::Refused
        }
        other => other,
    }
}

/// Returns for example `sweep takes 360 requests at api.github.com, and about 12 s at 100 ms each`. The
/// server is not asked before the user has agreed.
fn describe_cost(session: &Session, selection: Selection) -> String {
    let api = session.setup().api().unwrap_or_default();
    session.request_cost(selection).map_or_else(
        || selection.to_string(),
        |cost| format!("{selection} takes {cost} at {api}{}", session.cost_remark(selection)),
    )
}

/// Reads a line from stdin, unless a signal arrives first. In that case the thread keeps reading
/// until the program exits.
fn read_answer(signals: &Receiver<i32>) -> Consent {
    let (sender, answer) = bounded(1);
    let reads = move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        _ = sender.send(read.map(|_| line));
    };
    if Builder::new().name("answer".to_owned()).spawn(reads).is_err() {
        return Consent::Refused;
    }
    select! {
        recv(answer) -> line => match line {
            Ok(Ok(line)) if is_yes(&line) => Consent::Granted,
            _ => Consent::Refused,
        },
        recv(signals) -> signal => signal.map_or(Consent::Refused, Consent::Signal),
    }
}

fn is_yes(line: &str) -> bool {
    ["y", "yes"].iter().any(|yes| line.trim().eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_accepted() {
        for yes in ["y\n", " YES \r\n", "y"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yeah\n", "no\n", "1\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
