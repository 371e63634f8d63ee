//! The status lines under the title: the verdict on the runs, with its check and what to try next; or
//! an active rate limit, a failure, or the progress.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::lane_bar::countdown_text;
use super::layout::ScreenLayout;
use super::theme::Theme;
use super::{sweep, text};
use crate::analysis::plural;
use crate::analysis::verdict::{self, Conclusion, Suggestion, Verdict};
use crate::app::session::QuotaEstimate;
use crate::app::{Action, App};
use crate::model::time::time_of_day;
use crate::model::{LimitKind, Nanos, Quota, ReachedLimit, Run, RunOutcome, Selection, TaskKind};

/// The maximum number of lines of a failure or of the advice of a sweep.
const MAX_LINES: usize = 4;

/// The maximum number of rows of the totals beside which the details have a line of their own on a
/// screen without boxes.
const MAX_ROWS_WITH_DETAILS: usize = 3;

/// The minimum height of such a screen.
const MIN_HEIGHT_WITH_DETAILS: u16 = 22;

/// The gap between two texts on a line.
const GAP: &str = "  ";

/// The lines under the title: the verdict or the progress; then its check and what to try next.
#[derive(Default)]
pub(super) struct StatusLine {
    lead: String,
    style: Style,
    /// The suggestions, if they fit on the line of the lead.
    beside: Vec<Span<'static>>,
    /// The second line.
    details: Vec<Span<'static>>,
    /// The number of lines that are reserved, so that the rows below stay in place.
    reserved: u16,
}

impl StatusLine {
    /// Creates the status line for lines of `room` cells. It takes the same lines during a run and
    /// after it, unless there is a failure to report.
    pub(super) fn for_app(app: &App, layout: ScreenLayout, theme: Theme, screen: Rect) -> Self {
        let (rows, room) = (app.modes().len(), Self::width(screen).into());
        let is_roomy = screen.height >= MIN_HEIGHT_WITH_DETAILS && rows <= MAX_ROWS_WITH_DETAILS;
        let has_details = layout.boxed || is_roomy;
        let reserved = if has_details { 2 } else { 1 };
        let status = if app.session().active() == Some(app.selection()) {
            status_while_running(app, layout, theme, room, reserved)
        } else {
            status_at_rest(app, layout, theme, room, reserved)
        };
        Self { reserved, ..status }
    }

    /// Returns the width of the lines: the screen without its margins.
    pub(super) const fn width(screen: Rect) -> u16 {
        screen.width.saturating_sub(2)
    }

    /// Returns the number of lines it takes.
    pub(super) fn line_count(&self, room: usize) -> u16 {
        (text::line_count(&self.lead, room).min(MAX_LINES) as u16).max(self.reserved)
    }

    /// Draws the lines.
    pub(super) fn draw(self, theme: Theme, area: Rect, buf: &mut Buffer) {
        if text::line_count(&self.lead, area.width.into()) > 1 {
            let lead = Paragraph::new(self.lead).wrap(Wrap { trim: true });
            lead.style(self.style).render(area, buf);
            return;
        }
        let mut lead = Line::from(Span::styled(self.lead, self.style));
        lead.extend(self.beside);
        let details = Line::from(self.details).style(theme.muted());
        for (line, row) in [lead, details].into_iter().zip(area.rows()) {
            line.render(row, buf);
        }
    }

    /// Creates a line without details.
    fn of_text(lead: String, style: Style) -> Self {
        Self { lead, style, ..Self::default() }
    }

    /// Creates the lines of a conclusion. Clauses that do not fit are dropped from the end.
    fn of_conclusion(
        conclusion: &Conclusion,
        app: &App,
        theme: Theme,
        room: usize,
        lines: u16,
    ) -> Self {
        let lead = conclusion.sentence_forms().find(|one| text::width(one) <= room);
        // A full stop is worth less than a clause.
        let stop = |lead: String| if text::width(&lead) < room { lead + "." } else { lead };
        let shorten = || {
            let shortest = conclusion.sentence_forms().last().unwrap_or_default();
            text::fit_words(&shortest, "", theme, room, 1)
        };
        let lead = lead.map_or_else(shorten, stop);
        let checks = plural::capitalized(&conclusion.checks());
        let (checks, style) = (text::fit_parts(&checks, "; ", theme, room, 1), theme.strong());
        let left = room.saturating_sub(text::width(&lead));
        let beside = suggestion_spans(app, conclusion, theme, left);
        if beside.len() == suggestion_spans(app, conclusion, theme, usize::MAX).len() || lines < 2 {
            let details = vec![Span::raw(checks)];
            return Self { lead, style, beside, details, reserved: lines };
        }
        let left = room.saturating_sub(text::width(&checks) + 1);
        let mut details = suggestion_spans(app, conclusion, theme, left);
        if checks.is_empty() && !details.is_empty() {
            details.remove(0);
        }
        let stop = if checks.is_empty() || details.is_empty() { "" } else { "." };
        details.insert(0, Span::raw(checks + stop));
        Self { lead, style, beside: Vec::new(), details, reserved: lines }
    }
}

/// Returns as many suggestions with their keys as fit, after a gap. Empty if none fits.
fn suggestion_spans(
    app: &App,
    conclusion: &Conclusion,
    theme: Theme,
    room: usize,
) -> Vec<Span<'static>> {
    let mut spans = vec![Span::raw(GAP)];
    let mut used = GAP.len();
    let can_run = app.replay_progress().is_none() && app.course().is_none();
    for suggestion in conclusion.suggestions().iter().filter(|_| can_run) {
        let joint = if spans.len() == 1 { "Next: " } else { ", " };
        let keys = keys_of(app, *suggestion);
        let text = format!("{joint}{suggestion}");
        let keys_width = keys.as_ref().map_or(0, |keys| text::width(keys) + 3);
        used += text::width(&text) + keys_width;
        if used > room {
            break;
        }
        spans.push(Span::styled(text, theme.text()));
        if let Some(keys) = keys {
            spans.push(Span::styled(" (", theme.text()));
            spans.push(Span::styled(keys, theme.key()));
            spans.push(Span::styled(")", theme.text()));
        }
    }
    if spans.len() == 1 { Vec::new() } else { spans }
}

/// Returns the keys that start a suggestion: `[ [ r`. `None` for the lessons, and for a change of the user's
/// own program.
fn keys_of(app: &App, suggestion: Suggestion) -> Option<String> {
    let workload = app.selection().workload;
    Some(match suggestion {
        Suggestion::NoGil
        | Suggestion::ShorterLock
        | Suggestion::FewerThreads
        | Suggestion::FreeCores
        | Suggestion::HigherQuota
        | Suggestion::MoreCalls
        | Suggestion::Lessons => return None,
        Suggestion::Workers { to, .. } => {
            let from = app.session().worker_count(workload);
            let step = if to < from { Action::FewerWorkers } else { Action::MoreWorkers };
            let steps = std::iter::repeat_n(app.key_of(step), from.abs_diff(to).into());
            let keys: Vec<String> = steps.chain([app.key_of(Action::Run)]).collect();
            keys.join(" ")
        }
        Suggestion::Sweep => app.key_of(Action::Mode(Selection::sweep(workload).index())),
        Suggestion::Race => app.key_of(Action::Mode(Selection::race(workload).index())),
        Suggestion::SlowMotion | Suggestion::IdleMachine => app.key_of(Action::Simulate),
        Suggestion::Workload(_) => app.key_of(Action::NextWorkload),
    })
}

fn status_while_running(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    room: usize,
    lines: u16,
) -> StatusLine {
    if let Some(stage) = app.unfinished_stage() {
        let forms = [progress(app, room), format!("ends here, {stage}")];
        return StatusLine::of_text(text::first_fitting(forms, room), theme.strong());
    }
    if let Some(limit) = active_limit(app) {
        let text = text::first_fitting(limit_texts(limit, app.now()), room);
        return StatusLine::of_text(text, theme.strong());
    }
    if let Some((problem, _)) = problem(app) {
        let text = text::fit_words(&problem, "", theme, room, 1);
        return StatusLine::of_text(text, theme.problem());
    }
    match (
        app.picture().time_behind(app.session()),
        app.session().active_runs().find_map(|(_, run)| run.reduced_limit()),
    ) {
        // With headings, the timeline's heading already says so.
        (Some(behind), _) if !layout.has_headings() => {
            StatusLine::of_text(paused_text(behind), theme.strong())
        }
        (_, Some(most)) => {
            StatusLine::of_text(text::first_fitting(narrowed_texts(most), room), theme.text())
        }
        _ => {
            if let Some(sentence) = sentence_on_rows(app, room, lines) {
                return StatusLine::of_text(sentence, theme.strong());
            }
            let lead = text::fit_words(&progress(app, room), "", theme, room, 1);
            let details = vec![Span::raw(quota_text(app))];
            StatusLine { details, ..StatusLine::of_text(lead, theme.strong()) }
        }
    }
}

fn status_at_rest(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    room: usize,
    lines: u16,
) -> StatusLine {
    if let Some((problem, then)) = problem(app) {
        let text = text::fit_words(&problem, &then, theme, room, MAX_LINES);
        return StatusLine::of_text(text, theme.problem());
    }
    if let (Some(behind), false) = (app.picture().time_behind(app.session()), layout.has_headings())
    {
        return StatusLine::of_text(paused_text(behind), theme.strong());
    }
    if let Some(sentences) = sweep::conclusion(app) {
        let text = text::fit_parts(&sentences, ". ", theme, room, MAX_LINES);
        return StatusLine::of_text(text, theme.strong());
    }
    if let Some(conclusion) = conclusion(app) {
        // What holds a program's threads up is worth more than what to try next.
        if let Some(sentence) = sentence_on_rows(app, room, lines) {
            return StatusLine::of_text(sentence + ".", theme.strong());
        }
        return StatusLine::of_conclusion(&conclusion, app, theme, room, lines);
    }
    let remarks: Vec<String> = verdict::remarks(app.runs()).collect();
    let details = vec![Span::raw(remarks.join("; "))];
    StatusLine { details, ..StatusLine::of_text(progress(app, room), theme.strong()) }
}

/// Returns the whole sentence about a watched program, if it takes more than one of `lines` rows, and
/// the other rows are free.
fn sentence_on_rows(app: &App, room: usize, lines: u16) -> Option<String> {
    let conclusion = &app.picture().program_figures()?.conclusion;
    let is_sentence = app.unfinished_stage().is_none() && conclusion.checks().is_empty();
    let sentence = conclusion.sentence();
    // There may be a full stop.
    let rows = text::line_count(&format!("{sentence}."), room);
    (is_sentence && (2..=lines.into()).contains(&rows)).then_some(sentence)
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
    let kept = failed.and_then(|run| Some((run.progress().result_count(), run.result_names()?)));
    let kept = match (sweep::kept_trials(app), kept) {
        (Some(trials), _) => trials,
        (None, Some((kept, [result, _]))) if kept > 0 => {
            format!(" Kept: {}.", plural::count(kept, result))
        }
        (None, _) => String::new(),
    };
    let then = match app.session().active() {
        None => format!("{kept} {} tries again.", app.key_of(Action::Run)),
        Some(_) => kept,
    };
    Some((format!("{}.", failure.message), then))
}

/// Returns the runs shown, as the basis of a conclusion.
fn shown_verdict(app: &App) -> Verdict<'_> {
    let (session, shown) = (app.session(), app.selection());
    Verdict {
        runs: app.runs(),
        baseline: session.baseline_time(shown),
        agreement: session.agreement(shown),
        cores: session.setup().cores(),
    }
}

/// Returns the conclusion of the visible runs once they are over.
fn conclusion(app: &App) -> Option<Conclusion> {
    // The end of watching is no interruption.
    let is_stopped =
        |run: &Run| run.outcome() == Some(&RunOutcome::Stopped) && run.program().is_none();
    if app.selection().is_sweep() || app.runs().iter().any(is_stopped) {
        return None;
    }
    if let Some(figures) = app.picture().program_figures() {
        return Some(figures.conclusion.clone());
    }
    shown_verdict(app).conclusion()
}

/// Returns the progress of the active runs, or their end, in `room` cells.
pub(super) fn progress(app: &App, room: usize) -> String {
    let session = app.session();
    if let Some(stage) = app.unfinished_stage() {
        return format!("the recording ends here, {stage}");
    }
    match session.active_runs_of(app.selection()).next() {
        Some(run) if run.plan().work.compute().is_some() && !run.has_started() => {
            "calibrating the size of a task".to_owned()
        }
        Some(run) => sweep::progress_text(app).unwrap_or_else(|| {
            let forms = match app.picture().program_figures() {
                Some(figures) => figures.conclusion.sentence_forms().collect(),
                None => shown_verdict(app).progress_forms(app.now()),
            };
            if forms.is_empty() {
                return format!("starting: {}", run.plan().selection());
            }
            text::first_fitting(forms, room)
        }),
        None => match last_outcome(app.runs()) {
            Some(RunOutcome::Stopped) if app.selection().workload.is_fetched() => {
                "stopped; what was fetched is kept".to_owned()
            }
            Some(RunOutcome::Stopped) => "stopped".to_owned(),
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

/// Returns the text on the quota that the selection still needs.
fn quota_text(app: &App) -> String {
    let estimate = app.session().quota_estimate().filter(|estimate| estimate.requests > 0);
    estimate.map_or_else(String::new, |QuotaEstimate { requests, quota }| {
        let left = text::group_thousands(quota.remaining);
        format!("needs {requests} of {left} requests")
    })
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
            let then = if waits { "can run" } else { "will run" };
            let (other, own) = (active.beside(shown), shown.beside(active));
            let [verb, _] = active.agreement();
            format!("{other} {verb} running; {own} {then} afterwards. {stop} stops {active}.")
        }
        (None, Some(cost)) => {
            let api = session.setup().api().unwrap_or_default();
            let left = session
                .latest_quota()
                .map(|quota| format!(" of the {} left", text::group_thousands(quota.remaining)))
                .unwrap_or_default();
            let (what, keys) = sweep::planned_trials(app).unwrap_or_default();
            let remark = session.cost_remark(shown);
            format!(
                "{shown} has not run yet{what}. It costs {cost}{left} at {api}{remark}. {run} runs it.{keys}"
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
