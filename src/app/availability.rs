//! The keys that have an effect now: the help shows only these.

use super::keymap::{Action, Key, KeyBinding};
use super::{App, Overlay};
use crate::model::{Run, Selection};

/// The number of lanes that the keys for ten lanes move by.
const LANE_PAGE: usize = 10;

impl App {
    /// The bindings that have an effect on the timeline now, each with the keys that lead to it.
    pub fn available_bindings(&self) -> impl Iterator<Item = (&KeyBinding, Vec<Key>)> {
        let bindings = self.keymap().bindings().iter();
        bindings.filter(|binding| self.is_available(binding.action)).filter_map(|binding| {
            let keys: Vec<Key> =
                binding.keys.iter().copied().filter(|key| self.leads_to(key, binding)).collect();
            (!keys.is_empty()).then_some((binding, keys))
        })
    }

    /// Returns `true` if a key of a binding is not bound to another action here.
    fn leads_to(&self, key: &Key, binding: &KeyBinding) -> bool {
        let is_lesson = self.course.is_some();
        if let Some(action) = self.keymap().lesson_action(*key).filter(|_| is_lesson) {
            return action == binding.action;
        }
        let context = self.screen.key_context(self.selection());
        self.keymap().action_of(*key, context) == Some(binding.action)
    }

    /// Returns `true` if an action has an effect on the timeline now.
    fn is_available(&self, action: Action) -> bool {
        let (is_recording, is_active) =
            (self.screen.recording().is_some(), self.session.active().is_some());
        let has_runs = self.runs().iter().any(Run::has_started);
        let is_program = self.selection().workload.is_program();
        let lanes: usize = self.runs().iter().map(|run| run.lanes().len()).sum();
        match action {
            Action::LessonNext | Action::LessonBack => self.course.is_some(),
            Action::PauseAtSwitch => self.can_pause_at_switch(),
            _ if is_program && action.chooses_runs() => false,
            Action::HideWaiting | Action::Order => is_program && has_runs,
            Action::Mode(index) => self.choices().get(index).is_some_and(|&choice| {
                let selection = Selection { choice, ..self.selection() };
                selection != self.selection() && self.can_show(selection)
            }),
            Action::NextMode | Action::PreviousMode => self.choices().len() > 1,
            Action::NextWorkload => self.session.setup().workloads().len() > 1,
            Action::Run if is_program => is_recording,
            Action::Run => {
                let is_free = |selection| self.is_free(selection);
                let active = self.session.active();
                is_recording
                    || active.is_none_or(|active| is_free(active) && is_free(self.selection()))
            }
            Action::Stop => is_active && !is_recording,
            Action::LetGo => is_active && self.watches_launched(),
            Action::FewerWorkers | Action::MoreWorkers
                if self.selection().workload.is_program() =>
            {
                false
            }
            Action::FewerWorkers | Action::MoreWorkers => {
                let shown = self.selection();
                let is_fixed = shown.is_sweep() && self.session.active() == Some(shown);
                !is_recording && !is_fixed
            }
            Action::Simulate => !is_recording && self.selection().workload.is_computed(),
            Action::Slower | Action::Faster => is_recording || self.simulated_speed().is_some(),
            Action::StepBack | Action::StepForward | Action::ScrubBack | Action::ScrubForward => {
                self.is_playback()
            }
            Action::NextLanes | Action::PreviousLanes => lanes > LANE_PAGE,
            Action::FitSelection => {
                self.picture.cursor().is_some() || self.picture.range().is_some()
            }
            Action::NextFound | Action::PreviousFound => self.picture.search.is_active(),
            Action::NextColumn | Action::PreviousColumn => {
                matches!(self.overlay, Some(Overlay::Table(_)))
            }
            Action::Compare => has_runs && !self.selection().is_sweep(),
            Action::Theme
            | Action::Help
            | Action::Back
            | Action::Quit
            | Action::Interrupt
            | Action::Suspend => true,
            _ => has_runs,
        }
    }
}
