//! The sentences about runs: failures, progress, conclusions and remarks.

use super::sweep;
use super::text::{first_fitting, group_thousands};
use crate::analysis::speed_up_verdict;
use crate::analysis::stats::{Agreement, turnover_text};
use crate::app::session::QuotaEstimate;
use crate::app::{Action, App};
use crate::model::{Mode, Nanos, Run, RunOutcome, TaskId, Waves, Workload};

/// Returns the failure of the visible runs; and once nothing runs, what was kept and the key that
/// retries. A command that failed is not a failure of its run.
pub(super) fn problem(app: &App) -> Option<(String, String)> {
    let failure = match app.selection().workload {
        Workload::Commands => app.runs().iter().find_map(|run| match run.outcome() {
            Some(RunOutcome::Failed(failure)) => Some(failure),
            _ => None,
        }),
        _ => app.session().failure(app.selection()),
    }?;
    let failed = app.runs().iter().find(|run| run.failure().is_some());
    let kept = failed.map_or(0, Run::follower_count);
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

/// Returns the conclusion of the visible runs once they are over. A difference in their results comes
/// first.
pub(super) fn conclusion(app: &App) -> Option<String> {
    if app.selection().is_sweep() {
        return sweep::conclusion(app);
    }
    if app.runs().iter().any(|run| run.outcome() == Some(&RunOutcome::Stopped)) {
        return None;
    }
    let agreement = app.session().agreement(app.selection());
    let sentence = match app.selection().workload {
        Workload::Followers => match agreement {
            Some(agreement) => Some(agreement_text(agreement) + &duplicates_text(app.runs())),
            // Modes that run alone have no run to agree with: under the GIL, and in processes.
            None => interpretation(app).map(|meaning| meaning + &duplicates_text(app.runs())),
        },
        Workload::Commands => commands_speed_up(app),
        _ => {
            let differ = agreement.and_then(disagreement_text);
            let parts: Vec<String> = differ.into_iter().chain(interpretation(app)).collect();
            (!parts.is_empty()).then(|| parts.join("; "))
        }
    };
    sentence.map(|sentence| {
        let found = auto_limit_text(app.runs()).map(|found| format!("; {found}"));
        sentence + &found.unwrap_or_default() + &remarks(app)
    })
}

/// Returns the concurrency limit that a run with `auto` has settled at.
fn auto_limit_text(runs: &[Run]) -> Option<String> {
    let run = runs.iter().rfind(|run| run.plan().auto)?;
    run.concurrency_limit().map(|most| format!("settled at {most} at once"))
}

/// Returns the verdict on the speed-up.
fn interpretation(app: &App) -> Option<String> {
    let session = app.session();
    speed_up_verdict::verdict(
        app.runs(),
        session.baseline_time(app.selection()),
        session.setup().cores(),
    )
}

/// Returns the sentence that CPU work had different results in different modes, if it had.
fn disagreement_text(agreement: Agreement) -> Option<String> {
    match agreement {
        Agreement::Same { .. } | Agreement::Reordered { .. } => None,
        Agreement::Different { only_first: 1, .. } => {
            Some("the modes disagree on the result of 1 task".to_owned())
        }
        Agreement::Different { only_first, .. } => {
            Some(format!("the modes disagree on the results of {only_first} tasks"))
        }
        Agreement::Incomplete => Some(agreement_text(agreement)),
    }
}

/// Returns the speed-up of commands run in parallel, and the number of failures of the last run.
fn commands_speed_up(app: &App) -> Option<String> {
    let run = app.runs().iter().rfind(|run| run.is_over())?;
    let together = match app.session().speed_up(app.selection(), run, app.now()) {
        Some(times) if run.plan().mode == Mode::Threads => {
            Some(format!("{} side by side: {times:.2}x", run.plan().workers))
        }
        _ => None,
    };
    let failed = match run.failed_tasks() {
        0 => None,
        failed => Some(format!("{failed} failed")),
    };
    let together = match (together, &failed) {
        (None, Some(_)) => Some("done".to_owned()),
        (together, _) => together,
    };
    let parts: Vec<String> = together.into_iter().chain(failed).collect();
    (!parts.is_empty() && run.outcome() == Some(&RunOutcome::Finished)).then(|| parts.join("; "))
}

/// Returns the clause on duplicates removed, with one number per run if the runs differ.
fn duplicates_text(runs: &[Run]) -> String {
    let mut counts: Vec<u64> = runs.iter().map(Run::duplicate_count).collect();
    counts.dedup();
    match counts.as_slice() {
        [] | [0] => String::new(),
        [1] => "; 1 duplicate removed".to_owned(),
        counts => {
            let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
            format!("; {} duplicates removed", counts.join(" and "))
        }
    }
}

fn agreement_text(agreement: Agreement) -> String {
    match agreement {
        Agreement::Same { items: 0 } => "no followers in either".to_owned(),
        Agreement::Same { items: 1 } => "the same follower in both".to_owned(),
        Agreement::Same { items } => {
            format!("same {items} followers, same order")
        }
        Agreement::Reordered { items } => {
            format!("same {items} followers, different order")
        }
        Agreement::Different { only_first, only_second } => turnover_text(only_first, only_second),
        Agreement::Incomplete => "not compared: a run is incomplete".to_owned(),
    }
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
            Some(RunOutcome::Stopped) if app.selection().workload == Workload::Followers => {
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
    let all = app.runs().iter().all(|run| run.last_visible_page().is_none());
    let whole = match app.selection().workload {
        Workload::Followers if all => "done, all pages fetched",
        _ => "done",
    };
    let [run] = app.runs() else { return whole.to_owned() };
    let done = match app.session().speed_up(app.selection(), run, app.now()) {
        Some(times) if run.plan().mode != Mode::Sequential => {
            format!("done: {times:.2} times as fast as sequential")
        }
        _ => whole.to_owned(),
    };
    let done = match auto_limit_text(app.runs()) {
        None => done,
        Some(found) => first_fitting([format!("{done}; {found}"), format!("done; {found}")], room),
    };
    done + &duplicates_text(app.runs())
}

/// Returns further remarks on the visible runs, as clauses that follow a sentence.
pub(super) fn remarks(app: &App) -> String {
    let again = match app.runs().iter().map(Run::retry_count).sum::<u32>() {
        0 => String::new(),
        1 => "; 1 request was retried".to_owned(),
        retries => format!("; {retries} requests were retried"),
    };
    let shown = match app.runs().iter().find_map(Run::last_visible_page) {
        None => String::new(),
        Some(TaskId(1)) => "; the API serves at most 1 page".to_owned(),
        Some(TaskId(last)) => format!("; the API serves at most {last} pages"),
    };
    let lost = match app.runs().iter().map(Run::deaths).sum::<u32>() {
        0 => String::new(),
        1 => "; a worker process died; its task was retried".to_owned(),
        lost => format!("; {lost} worker processes died; their tasks were retried"),
    };
    let missing = match app.runs().iter().map(|run| run.missing_workers().len()).sum::<usize>() {
        0 => String::new(),
        1 => "; 1 worker is missing: a system limit".to_owned(),
        missing => format!("; {missing} workers are missing: a system limit"),
    };
    again + &shown + &lost + &missing
}

/// Returns the text of a paused view, with its lag behind the runs.
pub(super) fn paused_text(behind: Nanos) -> String {
    format!("paused, {:.1} s behind", behind.as_secs_f64())
}

/// Returns the number of waves in which equal pages fill the workers: with the premise, and without.
pub(super) fn waves_texts(waves: Waves) -> [String; 2] {
    let Waves { tasks, workers, count, idle } = waves;
    let wave = if count == 1 { "wave" } else { "waves" };
    let idle = match (idle, count) {
        (0, _) => "no lane idle".to_owned(),
        (1, 1) => "1 lane idle".to_owned(),
        (idle, 1) => format!("{idle} lanes idle"),
        (idle, _) => format!("{idle} idle in the last"),
    };
    let short = format!("ceil({tasks}/{workers}) = {count} {wave}, {idle}");
    [format!("equal pages: {short}"), short]
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
