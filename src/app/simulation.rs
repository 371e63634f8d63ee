//! Simulation of CPU work: the switch between simulated and real runs, and the end of a simulated
//! run at the position of its player.

use super::playback::{LogOrigin, Player};
use super::{Action, App, Effect, PlaybackSpeed};
use crate::model::{LogEntry, Plan};

impl App {
    /// The playback speed, if the selection shown is simulated.
    pub fn simulated_speed(&self) -> Option<PlaybackSpeed> {
        let simulated = self.session.setup().compute.simulation.is_some();
        (simulated && self.selection.workload.is_computed()).then_some(self.speed)
    }

    /// Starts the selection shown. If it is simulated, a player takes its events.
    pub(super) fn start_live(&mut self) -> Option<Plan> {
        let start = self.session.checkpoint(self.selection);
        let entry = self.session.selection_start(self.selection);
        let plan = self.start_shown()?;
        self.player = plan.is_simulated().then(|| {
            let origin = LogOrigin::Simulation(start);
            let mut player = Player::new(origin, vec![LogEntry::Start(entry.into())]);
            // The selection has started.
            player.next_before(1);
            player.open();
            player
        });
        Some(plan)
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
        self.session.set_simulation(is_real.then_some(self.simulation));
        self.player = None;
        self.start_if_free()
    }

    /// Stops the simulated run that is played, at the latest time that was played: its events are
    /// known, so the player ends it and the source only stops computing.
    pub(super) fn stop_simulated_run(&mut self) -> Option<Effect> {
        self.finish_seek();
        let run = self.session.active_run()?;
        let player = self.player.as_mut()?;
        player.cut_off(run.stop_events(player.run_time()));
        let (_, at) = player.latest_position();
        self.seek_to_entry(usize::MAX, at).or(Some(Effect::Stop))
    }
}
