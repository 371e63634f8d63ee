//! The texts about a sweep: model, waves, medians, progress and conclusion.

use std::ops::RangeInclusive;

use crate::analysis::scaling::{Fit, ScalingModel};
use crate::analysis::sweep::{SweepPoint, WorkerTerms};
use crate::analysis::{Sweep, plural};
use crate::app::App;
use crate::model::printable::three_digits;
use crate::model::{Mode, Run, RunOutcome, Waves, Workload};
use crate::ui::text;

/// Returns the best model with its figures, from the longest form to the shortest.
pub(super) fn model_texts(sweep: &Sweep, workload: Workload) -> Vec<String> {
    let Some(best) = sweep.fits().first() else {
        return vec!["fitting a model takes at least three counts".to_owned(), String::new()];
    };
    let (long, short) = fit_names(best, workload.spec().rate);
    let knee = match (sweep.knee(), sweep.max_without_knee()) {
        (Some(knee), _) => format!("  knee {knee}"),
        (None, Some(tasks)) => format!("  no knee up to {tasks}"),
        (None, None) => String::new(),
    };
    let r2 = best.r2.map_or_else(String::new, |r2| format!("  R2 {r2:.3}"));
    let [guess, brief] = match (sweep.is_guess(), sweep.is_single()) {
        (true, _) => ["  a guess: too few counts", "  a guess"],
        (false, true) => ["  a guess: one trial per count", "  a guess"],
        (false, false) => ["", ""],
    };
    let names: Vec<&str> = sweep.fits().iter().map(Fit::name).collect();
    let order = if sweep.is_guess() || names.len() < 2 {
        String::new()
    } else {
        format!("  AICc: {}", names.join(" < "))
    };
    vec![
        format!("{long}{knee}{r2}{guess}{order}"),
        format!("{long}{knee}{r2}{guess}"),
        format!("{long}{knee}{r2}{brief}"),
        format!("{short}{knee}{brief}"),
        format!("{short}{knee}"),
        short.to_owned(),
    ]
}

/// Returns a model with its parameters, and its name alone.
fn fit_names(fit: &Fit, unit: &str) -> (String, &'static str) {
    let name = fit.name();
    let long = match fit.model {
        ScalingModel::Linear { gain } => {
            format!("{name}: {} {unit} per thread", three_digits(gain))
        }
        ScalingModel::Plateau { capacity, .. } => {
            format!("{name} at {} {unit}", three_digits(capacity))
        }
        ScalingModel::Amdahl { contention, .. } => {
            format!("{name}: {:.1} % serial", contention * 100.0)
        }
        ScalingModel::Usl { .. } => match fit.peak() {
            Some(peak) => format!("{name}: peak at {peak:.0} threads"),
            None => name.to_owned(),
        },
    };
    (long, name)
}

/// Returns the number of waves at the knee, and as many as fit of the ranges of counts that need the
/// same number. Returns `None` if tasks do not run in waves, or before the first trial.
pub(super) fn waves_text(sweep: &Sweep, room: usize) -> Option<String> {
    let tasks = sweep.tasks().filter(|_| sweep.has_wave_steps())?;
    let last = *sweep.counts().last()?;
    let about = sweep.knee().map_or(last, |knee| knee.workers.min(last));
    let Waves { count, .. } = Waves::new(tasks, about);
    let waves = plural::count(count, "wave");
    let begin = format!("{about} threads: ceil({tasks}/{about}) = {waves}");
    let named = |step: RangeInclusive<u16>| format!("{}-{}", step.start(), step.end());
    let steps: Vec<String> = sweep.wave_steps().into_iter().map(named).collect();
    let forms = (1..=steps.len()).rev().filter_map(|kept| {
        let more = if kept < steps.len() { ", .." } else { "" };
        let kept = steps.get(..kept)?.join(", ");
        Some(format!("{begin}; equally fast within {kept}{more}"))
    });
    Some(text::first_fitting(forms.chain([begin.clone()]), room))
}

/// Returns the speed-ups of the counts on one line: all, or an even selection that fits.
pub(super) fn medians_text(sweep: &Sweep, room: usize) -> String {
    let points = sweep.points();
    let each = |point: &SweepPoint| match sweep.speed_up(point.rate) {
        Some(times) => format!("{}:{times:.1}", point.workers),
        None => format!("{}:{}", point.workers, three_digits(point.rate)),
    };
    let lines = (1..=points.len())
        .rev()
        .map(|kept| pick_evenly(points, kept).map(each).collect::<Vec<_>>().join(" "));
    text::first_fitting(lines, room)
}

/// Returns at most `most` items, evenly spaced, including the first and the last.
pub(super) fn pick_evenly<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let kept = most.min(all.len());
    let last = all.len().saturating_sub(1);
    (0..kept).filter_map(move |place| all.get(place * last / kept.saturating_sub(1).max(1)))
}

/// Returns the progress of a running sweep: `trial 7 of 15: 8 threads`.
pub(in crate::ui) fn progress_text(app: &App) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    let run = app.session().active_run().filter(|run| run.plan().mode == Mode::Threads)?;
    let threads = WorkerTerms::for_run(app.selection().workload, Mode::Threads)
        .count_text(run.plan().workers);
    Some(format!("{}: {threads}", sweep.trial_text()))
}

/// Returns the advice; for a stopped sweep, preceded by the number of completed trials.
pub(in crate::ui) fn conclusion(app: &App) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    let run = app.runs().first()?;
    let advice = sweep.advice(app.selection().workload, Mode::Threads);
    let (had, planned) = (sweep.trials().len(), sweep.planned_trials());
    if run.outcome() != Some(&RunOutcome::Stopped) {
        return advice;
    }
    let advice = advice.map_or_else(String::new, |advice| format!(": {advice}"));
    Some(format!("stopped after {had} of {planned} trials{advice}"))
}

/// Returns the sentence on the trials kept of a failed sweep.
pub(in crate::ui) fn kept_trials(app: &App) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    let (had, planned) = (sweep.trials().len(), sweep.planned_trials());
    Some(format!(" Kept: {had} of {planned} trials."))
}

/// Returns the size of a sweep that has not run yet, and its expected duration.
pub(in crate::ui) fn planned_trials(app: &App) -> Option<[String; 2]> {
    let (session, shown) = (app.session(), app.selection());
    let sweep = shown.is_sweep().then(|| session.planned_sweep(shown.workload))?;
    let time = session.expected_time(shown);
    let time = time.map_or_else(String::new, |time| format!(", and about {}", time.approximate()));
    Some([format!(": {} counts, {}", sweep.counts().len(), repeats_text(&sweep)), time])
}

/// Returns the number of trials per count.
pub(in crate::ui) fn repeats_text(sweep: &Sweep) -> String {
    match sweep.repeats() {
        1 => "each once".to_owned(),
        repeats => format!("each {repeats} times"),
    }
}

/// Returns a sweep on one line, for very small terminals.
pub(in crate::ui) fn one_line_text(app: &App, room: usize) -> Option<String> {
    let sweep = app.session().sweep(app.selection())?;
    if let Some(sentence) = conclusion(app).filter(|_| app.runs().iter().all(Run::is_over)) {
        return Some(format!("{}  {sentence}", medians_text(sweep, room)));
    }
    let progress = progress_text(app).unwrap_or_default();
    Some(format!("{progress}  {}", medians_text(sweep, room)))
}
