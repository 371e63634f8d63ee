//! The steps of a lesson: what comes next, and what came before.

use super::lesson_progress::{LessonProgress, LessonStep};
use crate::app::App;
use crate::app::keymap::Action;
use crate::app::message::Effect;

impl App {
    /// Opens the lesson with this index at its first question.
    pub(in crate::app) fn open_lesson(&mut self, index: usize) -> Option<Effect> {
        let stop = self.stop_for_lesson();
        if self.course.as_deref_mut()?.open(index) {
            self.show_planned_runs(0);
            self.set_lesson_speed();
        }
        stop
    }

    /// Returns to the list.
    pub(super) fn leave_lesson(&mut self) -> Option<Effect> {
        let stop = self.stop_for_lesson();
        self.course.as_deref_mut()?.close();
        self.show_empty_session();
        stop
    }

    pub(super) fn set_step(&mut self, step: LessonStep) {
        if let Some(lesson) = self.lesson_mut() {
            (lesson.step, lesson.page) = (step, 0);
        }
    }

    /// Confirms an answer, or goes to the next step.
    pub(super) fn go_to_next_step(&mut self) -> Option<Effect> {
        let lesson = self.lesson()?;
        let questions = lesson.lesson().questions.len();
        let is_answered = lesson.outcome().is_some();
        match lesson.step() {
            LessonStep::Question(index) => return self.confirm_answer(index),
            LessonStep::Run(_) if self.play_lesson_run_to_end() => {}
            LessonStep::Run(_) | LessonStep::RealRun => {
                let stop = self.key_of(Action::Stop);
                self.notify(format!("a real run takes its time; {stop} stops it"));
            }
            LessonStep::Outcome(index) if !is_answered => return self.confirm_answer(index),
            LessonStep::Outcome(0) => self.set_step(LessonStep::Experiment),
            LessonStep::Outcome(index) if index + 1 < questions => {
                return self.ask_question(index + 1);
            }
            LessonStep::Experiment if self.is_moving() && self.play_lesson_run_to_end() => {}
            LessonStep::Experiment if questions > 1 => return self.ask_question(1),
            LessonStep::Outcome(_) | LessonStep::Experiment => {
                self.set_step(LessonStep::End);
                return self.course.as_deref_mut()?.mark_done().map(Effect::LessonDone);
            }
            LessonStep::End | LessonStep::RealOutcome => {
                return match self.course()?.next_lesson() {
                    Some((next, _)) => self.open_lesson(next),
                    None => self.leave_lesson(),
                };
            }
        }
        None
    }

    /// Goes back to the step before, with the runs as they ended.
    pub(super) fn go_to_previous_step(&mut self) -> Option<Effect> {
        let lesson = self.lesson()?;
        let last = lesson.lesson().questions.len().saturating_sub(1);
        let is_simulated = lesson.is_simulated();
        let previous = match lesson.step() {
            LessonStep::Question(0) => {
                let back = self.key_of(Action::Back);
                self.notify(format!("this is the first step; {back} goes to the list"));
                return None;
            }
            LessonStep::Run(index) | LessonStep::Outcome(index) => return self.ask_question(index),
            LessonStep::Question(1) => LessonStep::Experiment,
            LessonStep::Question(index) => LessonStep::Outcome(index - 1),
            LessonStep::Experiment => LessonStep::Outcome(0),
            LessonStep::End => LessonStep::Outcome(last),
            LessonStep::RealRun | LessonStep::RealOutcome => LessonStep::End,
        };
        let stop = self.stop_for_lesson();
        self.set_step(previous);
        let index = self.lesson().map_or(0, LessonProgress::question_index);
        self.show_finished_runs(index);
        if is_simulated {
            self.set_lesson_speed();
        }
        stop
    }

    /// Asks a question. An active run is stopped.
    fn ask_question(&mut self, index: usize) -> Option<Effect> {
        let stop = self.stop_for_lesson();
        self.set_step(LessonStep::Question(index));
        self.show_planned_runs(index);
        stop
    }

    /// Takes the typed answer as the prediction, and starts the runs that show what happens.
    fn confirm_answer(&mut self, index: usize) -> Option<Effect> {
        let lesson = self.lesson()?;
        let Some(prediction) = lesson.typed_prediction() else {
            let answers = lesson.question().map_or(0, |question| question.answers.len());
            self.notify(format!("choose an answer first: 1 to {answers}, or type a number"));
            return None;
        };
        let has_own_run = lesson.own_run(index).is_some_and(|(own, _)| own == index);
        let progress = self.lesson_mut()?.progress_mut()?;
        (progress.prediction, progress.outcome) = (Some(prediction), None);
        if !has_own_run {
            self.show_finished_runs(index);
            self.conclude_question(index);
            return None;
        }
        self.set_step(LessonStep::Run(index));
        self.start_lesson_run(index)
    }
}
