//! The hints of the key bar in the list of the lessons, and in a lesson.

use super::hint::Hint;
use crate::app::lessons::{LessonProgress, LessonStep};
use crate::app::{Action, App};

/// Returns the hints of the list.
pub(super) fn of_list() -> Vec<Hint> {
    vec![
        Hint(&[Action::LessonNext], "begin"),
        Hint(&[Action::NextLane, Action::PreviousLane], "choose"),
        Hint(&[Action::Theme], "theme"),
    ]
}

/// Returns the hints of a step, which come before those of any timeline.
pub(super) fn of_lesson(app: &App, lesson: &LessonProgress) -> Vec<Hint> {
    let mut hints = Vec::new();
    if let Some(word) = next_word(app, lesson) {
        hints.push(Hint(&[Action::LessonNext], word));
    }
    match lesson.step() {
        LessonStep::Question(_) => {
            hints.push(Hint(&[Action::NextLane, Action::PreviousLane], "choose"));
        }
        LessonStep::Run(_) | LessonStep::RealRun => hints.extend(run_hints(app)),
        LessonStep::End | LessonStep::RealOutcome if lesson.is_simulated() => {
            hints.push(Hint(&[Action::Simulate], "for real"));
        }
        _ => {}
    }
    let is_free = app.picture().lane_index().is_none();
    hints.push(Hint(&[Action::Back], if is_free { "list" } else { "back" }));
    if lesson.step() != LessonStep::Question(0) {
        hints.push(Hint(&[Action::LessonBack], "step back"));
    }
    hints
}

fn next_word(app: &App, lesson: &LessonProgress) -> Option<&'static str> {
    let course = app.course()?;
    Some(match lesson.step() {
        LessonStep::Question(_) => "confirm",
        LessonStep::Run(_) => return app.is_playback().then_some("to end"),
        LessonStep::RealRun => return None,
        LessonStep::Outcome(_) if lesson.outcome().is_none() => "run again",
        LessonStep::Outcome(_) | LessonStep::Experiment => "go on",
        LessonStep::End | LessonStep::RealOutcome if course.next_lesson().is_some() => {
            "next lesson"
        }
        LessonStep::End | LessonStep::RealOutcome => "list",
    })
}

fn run_hints(app: &App) -> Vec<Hint> {
    let paused = app.picture().time_behind(app.session()).is_some() || app.is_playback_paused();
    let mut hints = vec![Hint(&[Action::Pause], if paused { "play " } else { "pause" })];
    if app.can_pause_at_switch() {
        hints.push(Hint(&[Action::PauseAtSwitch], "next switch"));
    }
    if !app.is_playback() {
        hints.push(Hint(&[Action::Stop], "stop"));
    }
    hints
}

/// Returns whether a hint of the timeline is shown in a step: while the lesson decides what runs, those
/// for looking at it; but no key has two hints.
pub(super) fn fits(lesson: &LessonProgress, Hint(actions, _): &Hint) -> bool {
    let only = |wanted: &[Action]| actions.iter().all(|action| wanted.contains(action));
    // Enter is the next step here, and inspects on other screens.
    let has_other_meaning = only(&[Action::Back]) || only(&[Action::Inspect]);
    let changes_view = only(&[
        Action::ZoomIn,
        Action::ZoomOut,
        Action::NextLane,
        Action::PreviousLane,
        Action::PreviousSpan,
        Action::NextSpan,
        Action::ShowGil,
    ]);
    match lesson.step() {
        LessonStep::Question(_) => false,
        _ if has_other_meaning => false,
        LessonStep::Experiment => true,
        _ => changes_view,
    }
}
