//! The runs that a text of a lesson speaks of, and whether it may speak of what it does.

use crate::app::Keymap;
use crate::app::keymap::DEFAULT_BINDINGS;
use crate::cli::toml_file::unknown_name;
use crate::model::lesson::{
    Highlight, LessonCondition, LessonFigure, LessonRun, LessonText, LessonWork, Quantity,
};
use crate::model::workload::Mode;

/// The runs that have ended when a text is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RunContext<'run> {
    /// The runs of the question.
    pub(super) current: Option<&'run LessonRun>,
    /// The runs of the question before.
    pub(super) earlier: Option<&'run LessonRun>,
}

impl RunContext<'_> {
    /// Returns why a figure has no value.
    pub(super) fn check_figure(&self, figure: LessonFigure) -> Result<(), String> {
        let LessonFigure { is_earlier, mode, quantity } = figure;
        let run = match (is_earlier, self.current, self.earlier) {
            (true, _, Some(run)) | (false, Some(run), _) => run,
            (true, ..) => return Err(format!("{figure}: no run of another question comes before")),
            (false, ..) => {
                return Err(format!("{figure}: nothing has run yet; use figures in explanations"));
            }
        };
        if !run.modes.contains(&mode) {
            return Err(format!("{figure}: {mode} does not run; {}", running(run)));
        }
        let is_script = matches!(run.work, LessonWork::Script);
        let has_baseline = || {
            let earlier = self.earlier.filter(|earlier| is_same_work(run, earlier));
            let has_sequential = |one: &LessonRun| one.modes.contains(&Mode::Sequential);
            has_sequential(run) || earlier.is_some_and(has_sequential)
        };
        let fits = match quantity {
            Quantity::SpeedUp if !has_baseline() => {
                return Err(format!("{figure}: add sequential to the modes; a speed-up needs it"));
            }
            Quantity::GilHeld
            | Quantity::GilWaiters
            | Quantity::HandOvers
            | Quantity::LongestHold => mode == Mode::Gil || is_script,
            Quantity::SpeedUp
            | Quantity::Workers
            | Quantity::Waves
            | Quantity::TaskSeconds
            | Quantity::LongestQueue
            | Quantity::MeanQueue => !is_script,
            _ => true,
        };
        if fits { Ok(()) } else { Err(format!("{figure}: these runs have no {quantity}")) }
    }

    /// Returns why a condition can never be decided.
    pub(super) fn check_condition(&self, condition: &LessonCondition) -> Result<(), String> {
        let mut figures =
            [condition.left, condition.right].into_iter().filter_map(|side| side.figure);
        if condition.left.figure.is_none() && condition.right.figure.is_none() {
            return Err(format!("{condition}: compare a figure, as in threads.seconds < 2"));
        }
        figures.try_for_each(|figure| self.check_figure(figure))
    }

    /// Returns why a text cannot be shown.
    pub(super) fn check_text(&self, text: &LessonText) -> Result<(), String> {
        text.figures().try_for_each(|figure| self.check_figure(figure))?;
        text.keys().try_for_each(check_key)?;
        text.highlights().try_for_each(|highlight| self.check_highlight(highlight))
    }

    fn check_highlight(&self, highlight: Highlight) -> Result<(), String> {
        let Some(run) = self.current else { return Ok(()) };
        let is_script = matches!(run.work, LessonWork::Script);
        match highlight {
            Highlight::Lanes(mode) | Highlight::Totals(mode) if !run.modes.contains(&mode) => {
                Err(format!("{mode} does not run; {}", running(run)))
            }
            Highlight::Gil if !run.modes.contains(&Mode::Gil) && !is_script => {
                Err("these runs have no GIL; add gil to the modes".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Returns `true` if two runs do the same work, on any number of workers and cores.
fn is_same_work(one: &LessonRun, other: &LessonRun) -> bool {
    let work = |run: &LessonRun| match run.work {
        LessonWork::Followers { per_page } => (run.workload(), u32::from(per_page), None),
        LessonWork::Computation { compute, tasks, .. } => {
            (run.workload(), tasks, Some((compute.size, compute.share)))
        }
        LessonWork::Script => (run.workload(), 0, None),
    };
    work(one) == work(other)
}

/// Returns why the name of an action is none.
fn check_key(name: &str) -> Result<(), String> {
    if Keymap::action_named(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = DEFAULT_BINDINGS.iter().map(|binding| binding.name).collect();
    Err(unknown_name("action", name, &names))
}

/// Returns the modes that a text may speak of.
fn running(run: &LessonRun) -> String {
    let names: Vec<String> = run.modes.iter().map(ToString::to_string).collect();
    format!("use {}", names.join(" or "))
}
