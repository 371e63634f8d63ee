//! The progress of a watched program, in a line and in sentences.

use crate::analysis::program::{THREAD_STATES, ThreadSummary, cores_text};
use crate::analysis::verdict::Verdict;
use crate::analysis::{ProgramSummary, plural};
use crate::model::printable::printable_up_to;
use crate::model::{Nanos, Plan, Run};

/// The maximum length of the command line.
const MAX_COMMAND: usize = 40;

/// The maximum number of threads that are described one by one.
const MAX_THREADS: usize = 20;

/// The minimum share of a state that is mentioned.
const MIN_SHARE: f64 = 0.01;

/// Returns the progress line: `python app.py  12 threads  1.9 of 2 cores  3.2 s`. `None` for other runs.
pub(super) fn progress_line(run: &Run, elapsed: Nanos) -> Option<String> {
    let summary = ProgramSummary::so_far(run, elapsed)?;
    let threads = plural::count(summary.totals.threads_now, "thread");
    let cores = plural::count(summary.program.cores, "core");
    Some(format!(
        "{}  {threads}  {} of {cores}  {:.1} s",
        command(run.plan())?,
        cores_text(summary.totals.on_cpu_cores),
        elapsed.as_secs_f64()
    ))
}

/// Returns the sentence at the start.
pub(super) fn start_sentence(plan: &Plan) -> Option<String> {
    Some(format!("watching {}", command(plan)?))
}

/// Returns the conclusion so far.
pub(super) fn progress_sentence(run: &Run, elapsed: Nanos) -> Option<String> {
    run.program()?;
    let forms = Verdict::new(std::slice::from_ref(run), None).progress_forms(elapsed);
    Some(format!("after {:.0} s: {}", elapsed.as_secs_f64(), forms.first()?))
}

/// Returns the sentence at the end.
pub(super) fn end_sentence(run: &Run) -> Option<String> {
    let took = run.duration().unwrap_or_default();
    let exit = run.program()?.exit();
    Some(match exit {
        Some(status) => format!("{} ended after {took}, {status}", command(run.plan())?),
        None => format!("{} was watched for {took}", command(run.plan())?),
    })
}

/// Returns a sentence for each of the threads that did the most, and one for the others.
pub(super) fn thread_sentences(run: &Run) -> Vec<String> {
    let Some(summary) = ProgramSummary::new(run, Nanos::ZERO) else { return Vec::new() };
    let mut threads: Vec<&ThreadSummary<'_>> =
        summary.threads.iter().filter(|thread| thread.is_active()).collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(thread.active()));
    threads.truncate(MAX_THREADS);
    let rest = summary.threads.len() - threads.len();
    let rest = (rest > 0).then(|| plural::count(rest, "more thread"));
    threads.into_iter().map(thread_sentence).chain(rest).collect()
}

/// Returns what a thread did: `worker-1: on CPU 25 %, lock wait 75 %`.
fn thread_sentence(thread: &ThreadSummary<'_>) -> String {
    let shares = THREAD_STATES.map(|state| (state, thread.share(state)));
    let shares = shares.into_iter().filter(|(_, share)| *share >= MIN_SHARE);
    let shares = shares.map(|(state, share)| format!("{} {:.0} %", state.label(), share * 100.0));
    let name = printable_up_to(&thread.identity.name, MAX_COMMAND);
    format!("{name}: {}", shares.collect::<Vec<String>>().join(", "))
}

/// Returns the command line of the watched program, safe to print.
fn command(plan: &Plan) -> Option<String> {
    Some(printable_up_to(&plan.work.program()?.command, MAX_COMMAND))
}
