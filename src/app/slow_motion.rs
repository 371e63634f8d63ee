//! Slow motion: simulation of CPU work at a fraction of real time.

use super::{Action, App, Effect};
use crate::model::Simulation;

/// The default factor by which a simulation is slower than real time. A switch interval of 5 ms
/// takes 100 ms, or two frames.
pub const DEFAULT_SLOWDOWN: u32 = 20;

/// The maximum slowdown. Anything slower appears to stand still.
pub const MAX_SLOWDOWN: u32 = 100_000;

/// The simulated machine and its slowdown.
#[derive(Clone, Copy, Debug)]
pub(super) struct SlowMotion {
    /// The machine, kept while simulation is off.
    pub(super) simulation: Simulation,
    slowdown: u32,
}

impl SlowMotion {
    pub(super) fn new(simulation: Option<Simulation>) -> Self {
        Self { simulation: simulation.unwrap_or_default(), slowdown: DEFAULT_SLOWDOWN }
    }
}

impl App {
    /// Sets the factor by which simulations are slower than real time.
    #[must_use]
    pub fn with_slowdown(mut self, slowdown: u32) -> Self {
        self.slow_motion.slowdown = slowdown.clamp(1, MAX_SLOWDOWN);
        self
    }

    /// The factor by which simulated runs are slower than real time.
    pub const fn slowdown(&self) -> u32 {
        self.slow_motion.slowdown
    }

    /// The slowdown, if the selection shown is simulated.
    pub fn simulated_slowdown(&self) -> Option<u32> {
        let simulated = self.session.setup().compute.simulation.is_some();
        (simulated && self.selection.workload.is_computed()).then_some(self.slow_motion.slowdown)
    }

    /// Switches CPU work between simulated and real, and runs the selection shown again.
    pub(super) fn toggle_simulation(&mut self) -> Option<Effect> {
        if !self.selection.workload.is_computed() {
            let next = self.key_of(Action::NextWorkload);
            self.notice = Some(format!(
                "only cpu, native and mixed can be simulated; {next} shows the next workload"
            ));
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

    /// Changes the slowdown to the next step of 1, 2, 5, 10, 20 and so on.
    pub(super) fn change_slowdown(&mut self, slower: bool) -> Option<Effect> {
        let Some(slowdown) = self.simulated_slowdown() else {
            let key = self.key_of(Action::Simulate);
            self.notice = Some(format!("a real run has no speed to change; {key} simulates it"));
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
