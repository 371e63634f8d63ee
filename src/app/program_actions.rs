//! The actions on a watched program: its groups, its output, and the keys that mean nothing to it.

use super::keymap::Action;
use super::overlay::{OutputPager, Overlay};
use super::{App, ThreadOrder};

impl App {
    /// Handles an action that has another meaning for a watched program. Returns `false` for any other.
    pub(super) fn handle_program_action(&mut self, action: Action) -> bool {
        match action {
            Action::Inspect if self.picture.lane_index().is_none() => self.open_program_output(),
            Action::Inspect => return self.picture.view.toggle_group(),
            Action::HideWaiting => {
                let hides = self.picture.view.threads.toggle_waiting();
                self.notify(if hides {
                    "threads that only waited are hidden"
                } else {
                    "threads that only waited are shown"
                });
            }
            Action::Order => {
                let order = self.picture.view.threads.change_order();
                self.notify(match order {
                    ThreadOrder::Work => "ordered by work: on CPU, no core, lock wait",
                    ThreadOrder::Name => "ordered by name",
                    ThreadOrder::Age => "ordered by age",
                });
            }
            Action::ShowGil if !self.runs().iter().any(|run| run.gil().is_some()) => {
                self.notify("no Python interpreter with a GIL was found in this program");
            }
            Action::Run if self.screen.recording().is_none() => {
                self.notify("a program is watched once; start threadline again for another run");
            }
            Action::Slower | Action::Faster if self.screen.recording().is_none() => {
                self.notify("a real program has no speed to change");
            }
            Action::Compare => self.notify("a watched program cannot be compared"),
            action if action.chooses_runs() => {
                self.notify("a watched program has no modes, workers or simulation to choose");
            }
            _ => return false,
        }
        true
    }

    /// Shows the output of the program.
    fn open_program_output(&mut self) {
        let runs = self.runs().iter().enumerate();
        let run = runs.filter(|(_, run)| run.program().is_some()).map(|(index, _)| index).next();
        match run {
            Some(run) => self.overlay = Some(Overlay::Output(OutputPager::for_program(run))),
            None => self.notify("the program has not started yet"),
        }
    }
}
