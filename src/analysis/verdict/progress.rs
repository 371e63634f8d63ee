//! The conclusion so far, while runs are active.

use super::mode_result::{MIN_GAIN, MIN_SHARE, factor_text, percent, workers_text};
use super::{Verdict, plural, program};
use crate::analysis::stats;
use crate::model::{Mode, Nanos, Run, State};

impl Verdict<'_> {
    /// Returns what the active runs do and the speed-up so far, from the longest form to the
    /// shortest. Empty if no run is active. `now` is the elapsed time of the active runs.
    pub fn progress_forms(&self, now: Nanos) -> Vec<String> {
        let active: Vec<&Run> =
            self.runs.iter().filter(|run| run.has_started() && !run.is_over()).collect();
        if active.is_empty() {
            return Vec::new();
        }
        if let Some(conclusion) = active.first().and_then(|run| program::conclusion(run, now)) {
            return conclusion.sentence_forms().collect();
        }
        // Without a sequential time, a mode that is done already says how far ahead it is.
        let over = self.runs.iter().filter(|run| run.is_comparable() && self.baseline.is_none());
        let over = over.map(done_text).reduce(|all, one| format!("{all}, {one}"));
        let each: Vec<[String; 3]> =
            active.iter().map(|run| self.run_progress_forms(run, now)).collect();
        let [progress, brief, short] = [0, 1, 2].map(|form| {
            let texts = each.iter().filter_map(|forms| forms.get(form));
            texts.map(String::as_str).collect::<Vec<_>>().join("; ")
        });
        let whole = over.iter().map(|over| format!("{over}; {progress}"));
        whole.chain([progress.clone(), brief, short]).collect()
    }

    /// Returns the progress of a run in a long, a brief and a short form.
    fn run_progress_forms(&self, run: &Run, now: Nanos) -> [String; 3] {
        let (plan, spec) = (run.plan(), run.plan().workload().spec());
        let tasks = plural::count(run.progress().known_tasks(), spec.task);
        let done = if run.is_task_count_known() {
            format!("{} of {tasks}", run.ended_tasks())
        } else {
            format!("no {}", spec.task)
        };
        let workers = workers_text(plan, plan.workers);
        let what = match plan.mode {
            Mode::Sequential => format!("one {} after another", spec.task),
            _ if plan.auto => format!("up to {workers}"),
            Mode::Gil => {
                let waited =
                    lock_share(run, now).map(|share| format!(", each waiting {share} of the time"));
                format!("{workers} share one GIL{}", waited.unwrap_or_default())
            }
            _ if plan.workers == 1 => workers,
            _ => format!("{workers} side by side"),
        };
        let times = self.baseline.and_then(|one| stats::speed_up_so_far(run, one, now));
        let times = times.map_or_else(String::new, |times| match times {
            MIN_GAIN.. => format!(", {} faster", factor_text(times)),
            _ => format!(", {times:.2}x as fast"),
        });
        let so_far = format!("{done} so far{times}");
        // The speed-up says more than the workers.
        let brief = if times.is_empty() { format!("{what}: {done}") } else { so_far.clone() };
        [format!("{what}: {so_far}"), brief, so_far]
    }
}

/// Returns that a run is done: `5 threads are done after 1.05 s`.
fn done_text(run: &Run) -> String {
    let (plan, time) = (run.plan(), run.duration().unwrap_or_default());
    match plan.mode {
        Mode::Sequential => format!("sequential is done after {time}"),
        _ if plan.workers == 1 => format!("{} is done after {time}", workers_text(plan, 1)),
        _ => format!("{} are done after {time}", workers_text(plan, plan.workers)),
    }
}

/// Returns the share of the workers' time spent waiting for the GIL, if that matters.
fn lock_share(run: &Run, now: Nanos) -> Option<String> {
    let times = run.state_times_between(Nanos::ZERO, run.elapsed(now));
    let share = times[State::LockWait] as f64 / (times.total() - times[State::Idle]).max(1) as f64;
    (share >= MIN_SHARE).then(|| percent(share))
}
