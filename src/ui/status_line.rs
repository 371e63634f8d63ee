//! The status line under the totals, and its sentences about runs: active rate limits, failures,
//! progress, conclusions and remarks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::lane_bar::countdown_text;
use super::layout::{ScreenLayout, draw_left_and_right};
use super::theme::Theme;
use super::{sweep, text};
use crate::analysis::verdict::{self, Form, Verdict};
use crate::app::session::QuotaEstimate;
use crate::app::{Action, App};
use crate::model::time::time_of_day;
use crate::model::{LimitKind, Mode, Nanos, Quota, ReachedLimit, Run, RunOutcome, TaskKind};

/// The maximum number of lines once the run is over.
const MAX_LINES: usize = 4;

/// The maximum number of lines of a conclusion made of clauses.
const MAX_CLAUSE_LINES: usize = 2;

/// The status line, fitted to the screen.
pub(super) struct StatusLine {
    text: String,
    style: Style,
    /// The waves, right-aligned on the same line.
    waves: String,
}

impl StatusLine {
    /// Creates the status line for lines of `room` cells. It takes one line during a run, so that the
    /// rows below stay in place.
    pub(super) fn for_app(app: &App, layout: ScreenLayout, theme: Theme, room: usize) -> Self {
        let (text, style) = if app.session().active() == Some(app.selection()) {
            text_while_running(app, layout, theme, room)
        } else {
            text_at_rest(app, layout, theme, room)
        };
        let beside = room.saturating_sub(text::width(&text) + 1);
        // Only equal pages come in waves: CPU work competes for cores, and commands differ in length.
        // A sweep shows the waves of its knee.
        let pages = app.selection().workload.is_fetched() && !app.selection().is_sweep();
        let mut runs = app.runs().iter().filter(|_| pages && problem(app).is_none());
        let threads = runs.find(|run| run.plan().mode == Mode::Threads && !run.plan().auto);
        let waves = threads.and_then(Run::waves).into_iter();
        let waves = waves.flat_map(|waves| {
            [Form::Long, Form::Short].map(|form| verdict::waves_text(waves, form))
        });
        let waves = waves.into_iter().find(|waves| waves.len() <= beside);
        Self { text, style, waves: waves.unwrap_or_default() }
    }

    /// Returns the number of lines it takes.
    pub(super) fn line_count(&self, room: usize) -> u16 {
        text::line_count(&self.text, room).min(MAX_LINES) as u16
    }

    /// Draws the status line.
    pub(super) fn draw(self, theme: Theme, area: Rect, buf: &mut Buffer) {
        if area.height > 1 {
            let text = Paragraph::new(self.text).wrap(Wrap { trim: true });
            text.style(self.style).render(area, buf);
            return;
        }
        let waves = Span::styled(self.waves, theme.muted());
        draw_left_and_right(Span::styled(self.text, self.style).into(), waves.into(), area, buf);
    }
}

fn text_while_running(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    room: usize,
) -> (String, Style) {
    if let Some(stage) = app.unfinished_stage() {
        let forms = [progress(app, room), format!("ends here, {stage}")];
        return (text::first_fitting(forms, room), theme.strong());
    }
    if let Some(limit) = active_limit(app) {
        return (text::first_fitting(limit_texts(limit, app.now()), room), theme.strong());
    }
    if let Some((problem, _)) = problem(app) {
        return (text::fit_words(&problem, "", theme, room, 1), theme.problem());
    }
    match (
        app.picture().time_behind(app.session()),
        app.session().active_runs().find_map(|(_, run)| run.reduced_limit()),
    ) {
        // With headings, the timeline's heading already says so.
        (Some(behind), _) if !layout.has_headings() => (paused_text(behind), theme.strong()),
        (_, Some(most)) => (text::first_fitting(narrowed_texts(most), room), theme.text()),
        _ => (text::fit_words(&progress(app, room), "", theme, room, 1), theme.muted()),
    }
}

fn text_at_rest(app: &App, layout: ScreenLayout, theme: Theme, room: usize) -> (String, Style) {
    if let Some((problem, then)) = problem(app) {
        return (text::fit_words(&problem, &then, theme, room, MAX_LINES), theme.problem());
    }
    if let (Some(behind), false) = (app.picture().time_behind(app.session()), layout.has_headings())
    {
        return (paused_text(behind), theme.strong());
    }
    let lines = if layout.has_headings() { MAX_CLAUSE_LINES } else { 1 };
    match conclusion(app) {
        Some(sentences) if app.selection().is_sweep() => {
            (text::fit_parts(&sentences, ". ", theme, room, MAX_LINES), theme.strong())
        }
        Some(sentence) if app.selection().workload.is_fetched() => (sentence, theme.strong()),
        Some(sentence) => (text::fit_parts(&sentence, "; ", theme, room, lines), theme.strong()),
        None => (progress(app, room) + &remarks(app), theme.muted()),
    }
}

/// Returns the failure of the visible runs; and once nothing runs, what was kept and the key that
/// retries. A command that failed is not a failure of its run.
pub(super) fn problem(app: &App) -> Option<(String, String)> {
    let failure = match app.selection().workload.kind() {
        TaskKind::Command => app.runs().iter().find_map(|run| match run.outcome() {
            Some(RunOutcome::Failed(failure)) => Some(failure),
            _ => None,
        }),
        _ => app.session().failure(app.selection()),
    }?;
    let failed = app.runs().iter().find(|run| run.failure().is_some());
    let kept = failed.map_or(0, |run| run.progress().follower_count());
    let kept = match sweep::kept_trials(app) {
        Some(trials) => trials,
        None if kept > 0 => format!(" Kept: {kept} followers."),
        None => String::new(),
    };
    let then = match app.session().active() {
        None => format!("{kept} {} tries again.", app.key_of(Action::Run)),
        Some(_) => kept,
    };
    Some((format!("{}.", failure.message), then))
}

/// Returns the conclusion of the visible runs once they are over.
fn conclusion(app: &App) -> Option<String> {
    let (session, shown) = (app.session(), app.selection());
    if shown.is_sweep() {
        return sweep::conclusion(app);
    }
    if app.runs().iter().any(|run| run.outcome() == Some(&RunOutcome::Stopped)) {
        return None;
    }
    let verdict = Verdict {
        runs: app.runs(),
        baseline: session.baseline_time(shown),
        agreement: session.agreement(shown),
        cores: session.setup().cores(),
    };
    verdict.conclusion(Form::Short)
}

/// Returns the progress of the active run, or its end, in `room` cells.
pub(super) fn progress(app: &App, room: usize) -> String {
    let session = app.session();
    if let Some(stage) = app.unfinished_stage() {
        return format!("the recording ends here, {stage}");
    }
    match session.active_runs_of(app.selection()).next() {
        Some(run) if run.plan().work.compute().is_some() && !run.has_started() => {
            "calibrating the size of a task".to_owned()
        }
        Some(run) => {
            let what = sweep::progress_text(app).unwrap_or_else(|| running_text(app, run));
            what + &quota_text(app)
        }
        None => match last_outcome(app.runs()) {
            Some(RunOutcome::Stopped) if app.selection().workload.is_fetched() => {
                "stopped; what was fetched is kept".to_owned()
            }
            Some(RunOutcome::Stopped) => "stopped".to_owned(),
            Some(RunOutcome::Finished) => completion_text(app, room),
            _ => String::new(),
        },
    }
}

/// Returns the outcome of runs that have ended. A race at the same moment may be stopped after some of
/// its modes have finished.
fn last_outcome(runs: &[Run]) -> Option<&RunOutcome> {
    let mut outcomes = runs.iter().rev().filter_map(Run::outcome);
    let last = outcomes.next()?;
    Some(outcomes.find(|&outcome| *outcome == RunOutcome::Stopped).unwrap_or(last))
}

/// Returns which modes run, and in a race whether they started at the same moment or follow one
/// another.
fn running_text(app: &App, run: &Run) -> String {
    let (session, shown) = (app.session(), app.selection());
    let names = session.active_names().unwrap_or_default();
    match app.modes().len() {
        1 => format!("running: {}", run.plan().selection()),
        _ if session.setup().is_simultaneous(shown) => {
            format!("running: {names}; all started at the same moment")
        }
        _ => format!("running: {names}; one mode after another"),
    }
}

/// Returns the clause on the quota that the selection still needs.
fn quota_text(app: &App) -> String {
    let estimate = app.session().quota_estimate().filter(|estimate| estimate.requests > 0);
    estimate.map_or_else(String::new, |QuotaEstimate { requests, quota }| {
        let left = text::group_thousands(quota.remaining);
        format!("; needs {requests} of {left} requests")
    })
}

/// Returns the conclusion of a mode that ran alone.
fn completion_text(app: &App, room: usize) -> String {
    let all = app.runs().iter().all(|run| run.progress().last_visible_page().is_none());
    let fetched = app.selection().workload.is_fetched();
    let whole = if all && fetched { "done, all pages fetched" } else { "done" };
    let [run] = app.runs() else { return whole.to_owned() };
    let done = match app.session().speed_up(app.selection(), run, app.now()) {
        Some(times) if run.plan().mode != Mode::Sequential => {
            format!("done: {}", verdict::times_text(times))
        }
        _ => whole.to_owned(),
    };
    let done = match verdict::limit_text(run) {
        None => done,
        Some(found) => {
            text::first_fitting([format!("{done}; {found}"), format!("done; {found}")], room)
        }
    };
    done + &verdict::duplicates_text(app.runs())
        .map_or_else(String::new, |text| format!("; {text}"))
}

/// Returns further remarks on the visible runs, as clauses that follow a sentence.
fn remarks(app: &App) -> String {
    verdict::remarks(app.runs()).fold(String::new(), |before, text| before + "; " + &text)
}

/// Returns the text of a paused view, with its lag behind the runs.
pub(super) fn paused_text(behind: Nanos) -> String {
    format!("paused, {:.1} s behind", behind.as_secs_f64())
}

/// Returns the text shown in place of a timeline for a mode that has not run.
pub(super) fn invitation(app: &App) -> String {
    let (session, shown) = (app.session(), app.selection());
    let run = app.key_of(Action::Run);
    match (session.active(), session.request_cost(shown)) {
        (Some(active), _) => {
            let stop = app.key_of(Action::Stop);
            let waits = session.setup().costs_quota(shown.workload) || app.is_held_back();
            let then = if waits { "can run" } else { "runs" };
            let (other, own) = (active.beside(shown), shown.beside(active));
            format!("{other} is running; {own} {then} when it is over. {stop} stops {active}.")
        }
        (None, Some(cost)) => {
            let api = session.target().map_or("", |target| &target.api);
            let left = session
                .latest_quota()
                .map(|quota| format!(" of the {} left", text::group_thousands(quota.remaining)))
                .unwrap_or_default();
            let [what, time] = sweep::planned_trials(app).unwrap_or_default();
            format!(
                "{shown} has not run yet{what}. It costs {cost}{left} at {api}{time}{}. {run} runs it.",
                cost.remark()
            )
        }
        (None, None) => format!("{shown} has not run yet. {run} runs it."),
    }
}

/// Returns the rate limit that holds back the active run, if that is selected.
pub(super) fn active_limit(app: &App) -> Option<&ReachedLimit> {
    let session = app.session();
    session.active_runs_of(app.selection()).find_map(|run| run.limit_at(app.now()))
}

/// Returns the text of an active rate limit, from the longest form to the shortest.
pub(super) fn limit_texts(limit: &ReachedLimit, now: Nanos) -> [String; 4] {
    let (which, short) = match limit.kind {
        LimitKind::Primary => ("rate limit", "rate limit"),
        LimitKind::Secondary => ("secondary rate limit", "secondary limit"),
    };
    let left = countdown_text(limit.until.since(now));
    let (time, seconds) = (time_of_day(limit.until_utc), limit.until_utc % 60);
    [
        format!("{which}: no requests for {left}, until {time}:{seconds:02} UTC"),
        format!("{which}: {left}, until {time}:{seconds:02} UTC"),
        format!("{short}: {left}, until {time} UTC"),
        format!("{short}: {left}"),
    ]
}

/// Returns the text of a reduced concurrency limit, the longer form first.
fn narrowed_texts(most: u16) -> [String; 2] {
    [format!("at most {most} in flight after a rate limit"), format!("at most {most} in flight")]
}

/// Returns the remaining quota, the longer form first.
pub(super) fn remaining_texts(quota: Quota) -> [String; 2] {
    let remaining = format!("{:>6}", text::group_thousands(quota.remaining));
    [format!("{remaining} of {}", text::group_thousands(quota.limit)), remaining]
}

/// Returns the reset time of a quota, from the longest form to the shortest.
pub(super) fn reset_texts(quota: Quota) -> [String; 3] {
    let time = time_of_day(quota.reset);
    [format!(" resets {time} UTC"), format!(" until {time} UTC"), String::new()]
}
