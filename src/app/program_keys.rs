//! The keys that act on the program that is watched. Nothing is done to one that ran before.

use super::App;
use super::keymap::Action;
use super::message::Effect;
use super::overlay::{Overlay, Question};

impl App {
    /// Returns `true` if the screen watches a program that this one has started.
    pub(super) fn watches_launched(&self) -> bool {
        let program = self.session.setup().program.as_ref();
        self.screen.recording().is_none() && program.is_some_and(|program| !program.attached)
    }

    /// Asks the program to end; the second time, asks whether to kill it.
    pub(super) fn stop_program(&mut self) -> Option<Effect> {
        self.session.active()?;
        if self.has_terminated {
            self.overlay = Some(Overlay::Question(Question::KillProgram));
            return None;
        }
        self.has_terminated = true;
        let stop = self.key_of(Action::Stop);
        self.notify(format!("asked the program to end (SIGTERM); {stop} again to kill it"));
        Some(Effect::TerminateProgram)
    }

    /// Kills the program, if it still runs.
    pub(super) fn kill_program(&mut self) -> Option<Effect> {
        self.overlay = None;
        self.session.active()?;
        self.notify("the program was killed (SIGKILL)");
        Some(Effect::KillProgram)
    }

    /// Lets the program go on without this one.
    pub(super) fn let_program_go(&mut self) -> Option<Effect> {
        self.session.active().filter(|_| self.watches_launched())?;
        self.notify("let go: the program continues without threadline");
        Some(Effect::LetProgramGo { quits: false })
    }
}
