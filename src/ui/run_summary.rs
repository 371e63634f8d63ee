//! The sentences about runs: failures, progress, conclusions and remarks.

use super::sweep;
use super::text::{first_fitting, group_thousands};
use crate::analysis::verdict::{self, Form, Verdict};
use crate::app::session::QuotaEstimate;
use crate::app::{Action, App};
use crate::model::{Mode, Nanos, Run, RunOutcome, TaskKind};

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
pub(super) fn conclusion(app: &App) -> Option<String> {
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
    match session.active_run().filter(|_| session.active() == Some(app.selection())) {
        Some(run) if run.plan().work.compute().is_some() && !run.has_started() => {
            "calibrating the size of a task".to_owned()
        }
        Some(run) => {
            let what = sweep::progress_text(app)
                .unwrap_or_else(|| format!("running: {}", run.plan().selection()));
            what + &quota_text(app)
        }
        None => match app.runs().iter().rev().find_map(Run::outcome) {
            Some(RunOutcome::Stopped) if app.selection().workload.is_fetched() => {
                "stopped; what was fetched is kept".to_owned()
            }
            Some(RunOutcome::Stopped) => "stopped".to_owned(),
            Some(RunOutcome::Finished) => completion_text(app, room),
            _ => String::new(),
        },
    }
}

/// Returns the clause on the quota that the selection still needs.
fn quota_text(app: &App) -> String {
    let estimate = app.session().quota_estimate().filter(|estimate| estimate.requests > 0);
    estimate.map_or_else(String::new, |QuotaEstimate { requests, quota }| {
        let left = group_thousands(quota.remaining);
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
        Some(found) => first_fitting([format!("{done}; {found}"), format!("done; {found}")], room),
    };
    done + &verdict::duplicates_text(app.runs())
        .map_or_else(String::new, |text| format!("; {text}"))
}

/// Returns further remarks on the visible runs, as clauses that follow a sentence.
pub(super) fn remarks(app: &App) -> String {
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
                .map(|quota| format!(" of the {} left", group_thousands(quota.remaining)))
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
