//! The keys of the list and of a lesson. A key that means nothing special here does the same as on any
//! screen.

use std::ops::ControlFlow;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::lesson_progress::LessonStep;
use crate::analysis::lesson::Prediction;
use crate::app::App;
use crate::app::keymap::{Action, Key};
use crate::app::message::Effect;

/// An effect if a key or an action was handled, or the request to handle it as on any screen.
type Handled = ControlFlow<Option<Effect>>;

impl App {
    /// Returns the action that a key is bound to in a lesson, before any timeline.
    pub(in crate::app) fn lesson_action(&self, key: &KeyEvent) -> Option<Action> {
        self.course().filter(|_| self.overlay.is_none())?;
        self.options.keymap.lesson_action(Key::pressed(key)?)
    }

    /// Handles a key that is text: a digit of an answer, or of the number of a lesson in the list.
    /// Returns `false` for any other.
    pub(in crate::app) fn take_lesson_text(&mut self, key: &KeyEvent) -> bool {
        let has_modifier = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if self.overlay.is_some() || has_modifier || self.course.is_none() {
            return false;
        }
        match (self.lesson_step(), key.code) {
            (None, KeyCode::Char(digit @ '1'..='9')) => {
                let index = usize::from(digit as u8 - b'1');
                self.choose_lesson(index);
                true
            }
            (Some(LessonStep::Question(_)), code) => {
                let progress = self.lesson_mut().and_then(|lesson| lesson.progress_mut());
                progress.is_some_and(|progress| match code {
                    KeyCode::Char(typed) => progress.typed.push(typed),
                    KeyCode::Backspace => progress.typed.pop(),
                    _ => false,
                })
            }
            _ => false,
        }
    }

    /// Handles an action in the list or in a lesson, unless it does the same there as on any screen.
    pub(in crate::app) fn handle_lesson_action(&mut self, action: Action) -> Handled {
        match (&self.course, self.lesson_step()) {
            (None, _) => ControlFlow::Continue(()),
            (Some(_), None) => self.handle_list_action(action),
            (Some(_), Some(step)) => self.handle_step_action(action, step),
        }
    }

    fn handle_list_action(&mut self, action: Action) -> Handled {
        let Some(course) = self.course() else { return ControlFlow::Continue(()) };
        let chosen = course.chosen();
        match action {
            Action::NextLane => self.choose_lesson(chosen + 1),
            Action::PreviousLane => self.choose_lesson(chosen.saturating_sub(1)),
            Action::Start | Action::PreviousLanes => self.choose_lesson(0),
            Action::Follow | Action::NextLanes => self.choose_lesson(usize::MAX),
            Action::Mode(index) => self.choose_lesson(index),
            Action::LessonNext => return ControlFlow::Break(self.open_lesson(chosen)),
            Action::Quit => return ControlFlow::Break(Some(Effect::Quit)),
            Action::Back => {
                let quit = self.key_of(Action::Quit);
                self.notify(format!("{quit} quits"));
            }
            Action::Theme | Action::Help => return ControlFlow::Continue(()),
            _ => {}
        }
        ControlFlow::Break(None)
    }

    fn choose_lesson(&mut self, index: usize) {
        if let Some(course) = self.course.as_deref_mut() {
            course.choose(index);
        }
    }

    fn handle_step_action(&mut self, action: Action, step: LessonStep) -> Handled {
        let asks = matches!(step, LessonStep::Question(_));
        let is_free = self.may_start_runs();
        match action {
            Action::LessonNext => return ControlFlow::Break(self.go_to_next_step()),
            Action::LessonBack => return ControlFlow::Break(self.go_to_previous_step()),
            Action::PauseAtSwitch => self.pause_at_switch(),
            Action::Back if !self.picture.view.has_selection() => {
                return ControlFlow::Break(self.leave_lesson());
            }
            Action::Simulate if matches!(step, LessonStep::End | LessonStep::RealOutcome) => {
                return ControlFlow::Break(self.run_for_real());
            }
            Action::Mode(index) if asks => self.choose_answer(index),
            Action::NextLane if asks => self.choose_next_answer(true),
            Action::PreviousLane if asks => self.choose_next_answer(false),
            Action::NextLanes | Action::PreviousLanes if step != LessonStep::Experiment => {
                self.turn_page(action == Action::NextLanes);
            }
            Action::ShowGil if !is_free => self.show_switches(),
            action if !is_free && starts_other_runs(action) => {
                self.notify("this key works once the question is answered");
            }
            _ => return ControlFlow::Continue(()),
        }
        ControlFlow::Break(None)
    }

    /// Runs the lesson for real, if it was simulated.
    fn run_for_real(&mut self) -> Option<Effect> {
        let is_simulated = self.lesson()?.is_simulated();
        if !is_simulated {
            self.notify("the runs of this lesson are real already");
            return None;
        }
        self.start_real_run()
    }

    fn show_switches(&mut self) {
        if !self.toggle_switches() {
            self.notify("no run here has a GIL");
        }
    }

    /// Chooses the answer with this index, if there is one.
    fn choose_answer(&mut self, index: usize) {
        let Some(lesson) = self.lesson_mut() else { return };
        let answers = lesson.question().map_or(0, |question| question.answers.len());
        if let Some(progress) = lesson.progress_mut().filter(|_| index < answers) {
            progress.typed.choose(index);
        }
    }

    fn choose_next_answer(&mut self, forward: bool) {
        let Some(lesson) = self.lesson() else { return };
        let last = lesson.question().map_or(0, |question| question.answers.len().saturating_sub(1));
        let index = match lesson.typed_prediction() {
            Some(Prediction::Answer(index)) if forward => (index + 1).min(last),
            Some(Prediction::Answer(index)) => index.saturating_sub(1),
            _ if forward => 0,
            _ => last,
        };
        self.choose_answer(index);
    }

    /// Turns the page of a panel that is too long for the screen.
    fn turn_page(&mut self, forward: bool) {
        if let Some(lesson) = self.lesson_mut() {
            lesson.page = lesson.page.wrapping_add(if forward { 1 } else { -1 });
        }
    }
}

/// Returns `true` if an action leads to other runs than those of the question.
const fn starts_other_runs(action: Action) -> bool {
    action.chooses_runs() || matches!(action, Action::Run | Action::LetGo)
}
