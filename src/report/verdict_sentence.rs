//! The verdict on the runs in one sentence.

use super::{Comparison, ReportSubject, plain, plural, sequential_run};
use crate::analysis::speed_up_verdict;
use crate::analysis::stats::{self, Agreement, turnover_text};
use crate::model::{Mode, Run, Workload};

/// Returns the advice of the sweep or the verdict on the runs, followed by the number of retries.
pub(super) fn verdict_sentence(subject: &ReportSubject<'_>) -> Option<String> {
    let workload = subject.runs.first()?.plan().workload();
    let advice = subject.sweep.and_then(|sweep| sweep.advice(workload, Mode::Threads));
    let said = advice.or_else(|| runs_sentence(subject.runs, subject.cores));
    let parts: Vec<String> = said.into_iter().chain(retries_sentence(subject.runs)).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns the verdict on the runs, or `None` if a single run succeeded, because its time says it
/// all.
fn runs_sentence(runs: &[Run], cores: Option<u16>) -> Option<String> {
    let workload = runs.first()?.plan().workload();
    let mut started = runs.iter().filter(|run| run.has_started());
    if let Some(run) = started.find(|run| !run.is_comparable()) {
        let on =
            if run.is_over() { plain::incomplete_reason(run) } else { "still running".to_owned() };
        return Some(format!("{}: {on}", run.plan().name()));
    }
    match workload {
        Workload::Commands => commands_sentence(runs),
        Workload::Followers => race_sentence(runs),
        Workload::Cpu | Workload::Native | Workload::Mixed => None,
    }
    .or_else(|| speed_up_verdict::verdict(runs, sequential_run(runs)?.duration(), cores))
}

/// Returns the number of retried requests in words, or `None` if there were none.
fn retries_sentence(runs: &[Run]) -> Option<String> {
    let pages = runs.iter().filter(|run| run.plan().workload() == Workload::Followers);
    match pages.map(|run| u64::from(run.retry_count())).sum() {
        0 => None,
        1 => Some("1 request was retried".to_owned()),
        retries => Some(format!("{retries} requests were retried")),
    }
}

/// Returns the speed-up of threads and whether both runs fetched the same followers.
fn race_sentence(runs: &[Run]) -> Option<String> {
    let threads = runs.iter().find(|run| run.plan().mode == Mode::Threads)?;
    let Comparison { speed_up, agreement, .. } = Comparison::for_threads(runs)?;
    let found = threads.limit_changes().last().filter(|_| threads.plan().auto);
    let workers = match found {
        Some(step) => format!("threads auto, {} in flight at the end", step.to),
        None => plural(threads.plan().workers.into(), "thread"),
    };
    let times = speed_up.map(|times| format!("{workers}: {times:.2} times as fast as one"));
    let same = match agreement {
        Agreement::Same { items: 0 } => "no followers in either".to_owned(),
        Agreement::Same { items } => {
            format!("the same {} in both, in the same order", plural(items, "follower"))
        }
        Agreement::Reordered { items } => {
            format!("the same {} in both, in a different order", plural(items, "follower"))
        }
        Agreement::Different { only_first, only_second } => turnover_text(only_first, only_second),
        Agreement::Incomplete => return times,
    };
    Some(times.map_or_else(|| same.clone(), |times| format!("{times}; {same}")))
}

/// Returns the speed-up of parallel commands and the number of failed ones.
fn commands_sentence(runs: &[Run]) -> Option<String> {
    let last = runs.iter().rfind(|run| run.is_over())?;
    let times = sequential_run(runs).and_then(Run::duration).zip(last.duration());
    let times = times.filter(|_| last.plan().mode == Mode::Threads);
    let together = times.and_then(|(one, other)| stats::speed_up(one, other)).map(|times| {
        format!("{} at once: {times:.2} times as fast as one at a time", last.plan().workers)
    });
    let failed = match last.failed_tasks() {
        0 => None,
        failed => Some(format!("{} failed", plural(failed.into(), "command"))),
    };
    let parts: Vec<String> = together.into_iter().chain(failed).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
