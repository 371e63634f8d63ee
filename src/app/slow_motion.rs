//! Slow motion: whether what is computed is simulated, and how slow it then is.

use super::{Action, App, Effect};
use crate::model::Simulation;

/// How many times slower than real time what is simulated is shown: a switch interval of 5 ms then
/// takes a tenth of a second, two frames.
pub const DEFAULT_SLOWDOWN: u32 = 20;

/// What is slower can hardly be told from what stands still.
pub const MAX_SLOWDOWN: u32 = 100_000;

/// A simulated machine, and how slow it is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowMotion {
    /// The machine, also while nothing is simulated.
    pub(super) simulation: Simulation,
    slowdown: u32,
}

impl SlowMotion {
    pub(super) fn new(simulation: Option<Simulation>) -> Self {
        Self { simulation: simulation.unwrap_or_default(), slowdown: DEFAULT_SLOWDOWN }
    }
}

impl App {
    /// What is simulated is so many times slower than real time.
    #[must_use]
    pub fn with_slowdown(mut self, slowdown: u32) -> Self {
        self.slow_motion.slowdown = slowdown.clamp(1, MAX_SLOWDOWN);
        self
    }

    /// How many times slower than real time simulated runs are shown.
    pub const fn slowdown(&self) -> u32 {
        self.slow_motion.slowdown
    }

    /// The same, if what is shown is simulated.
    pub fn simulated_slowdown(&self) -> Option<u32> {
        let simulated = self.session.setup().compute.simulation.is_some();
        (simulated && self.selection.workload.is_computed()).then_some(self.slow_motion.slowdown)
    }

    /// Simulates what is computed, or computes it really, from the beginning.
    pub(super) fn toggle_simulation(&mut self) -> Option<Effect> {
        if !self.selection.workload.is_computed() {
            let next = self.key_of(Action::NextWorkload);
            self.notice =
                Some(format!("only cpu, native and mixed can be simulated; {next} shows the next workload"));
            return None;
        }
        let active = self.session.active();
        if let Some(active) = active.filter(|active| active.workload.is_computed()) {
            return self.refuse_while_running(active);
        }
        let is_real = self.session.setup().compute.simulation.is_none();
        self.session.set_simulation(is_real.then_some(self.slow_motion.simulation));
        self.start_if_free()
    }

    /// Shows what is simulated at the next slower pace, or the next faster: 1, 2, 5, 10, 20 and so
    /// on times slower than real time.
    pub(super) fn change_slowdown(&mut self, slower: bool) -> Option<Effect> {
        let Some(slowdown) = self.simulated_slowdown() else {
            let key = self.key_of(Action::Simulate);
            self.notice =
                Some(format!("a real run has no speed to change; {key} simulates it"));
            return None;
        };
        let steps = (0..=5).flat_map(|digits| [1, 2, 5].map(|step| step * 10_u32.pow(digits)));
        let mut steps = steps.filter(|&step| step <= MAX_SLOWDOWN);
        let next = if slower {
            steps.find(|&step| step > slowdown)
        } else {
            steps.take_while(|&step| step < slowdown).last()
        };
        let slowdown = next?;
        self.slow_motion.slowdown = slowdown;
        self.notice = Some(match slowdown {
            1 => "simulated in real time".to_owned(),
            _ => format!("simulated {slowdown} times slower than real time"),
        });
        Some(Effect::SetSlowdown(slowdown))
    }
}
