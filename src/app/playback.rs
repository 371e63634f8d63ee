//! Playback: a recording or a simulated selection is played by the same player, at any speed and
//! from any time.

mod player;
mod speed;

use super::session::Checkpoint;
use super::{Action, App, Effect, Session};
use crate::model::{LogEntry, Nanos};
pub(super) use player::{DueEntry, LogOrigin, Player};
pub use speed::{DEFAULT_SLOWDOWN, MAX_SLOWDOWN, MAX_SPEED, MIN_SPEED, PlaybackSpeed};

impl App {
    /// Sets the playback speed.
    #[must_use]
    pub fn with_speed(self, speed: PlaybackSpeed) -> Self {
        Self { speed, ..self }
    }

    /// Returns `true` if a player determines the time of the runs, so that frames need the time of
    /// a clock instead of the time of the run.
    pub const fn is_playback(&self) -> bool {
        self.player.is_some()
    }

    /// Returns `true` if the selection shown is played and playback is paused.
    pub fn is_playback_paused(&self) -> bool {
        self.shown_player().is_some_and(|player| !player.plays() && !player.is_over())
    }

    /// Returns `true` if the screen changes without input, so that frames must be drawn.
    pub fn needs_frames(&self) -> bool {
        match &self.player {
            Some(player) => player.plays() || player.is_open() || self.shows_startup_notice(),
            None => self.is_moving(),
        }
    }

    /// The player, if it plays the selection shown.
    pub(super) fn shown_player(&self) -> Option<&Player> {
        self.player.as_ref().filter(|player| match player.origin() {
            LogOrigin::Recording(_) => true,
            LogOrigin::Simulation(start) => start.selection == self.selection,
        })
    }

    /// Advances playback to `clock`, a time of the caller's clock.
    pub(super) fn advance_playback(&mut self, clock: Nanos) -> Option<Effect> {
        self.player.as_mut()?.tick(clock, self.speed);
        self.apply_due_entries()
    }

    /// Applies all entries that are due.
    pub(super) fn apply_due_entries(&mut self) -> Option<Effect> {
        let due = self.player.as_ref().map_or(0, Player::due_count);
        self.apply_entries(due)
    }

    /// Applies the entries up to the first `count`. Returns the effect of the last one.
    fn apply_entries(&mut self, count: usize) -> Option<Effect> {
        let mut effect = None;
        while let Some(due) = self.player.as_mut().and_then(|player| player.next_before(count)) {
            effect = self.apply_entry(due).or(effect);
        }
        self.now = self.player.as_ref().map_or(self.now, Player::run_time);
        effect
    }

    fn apply_entry(&mut self, DueEntry { entry, is_new }: DueEntry) -> Option<Effect> {
        match entry {
            LogEntry::Start(start) if self.is_recording() && self.session.active().is_none() => {
                self.session.adopt_setup(&start);
                self.switch_to(start.selection);
                self.start_shown();
            }
            LogEntry::Start(_) => {}
            LogEntry::Event(event) if self.is_recording() => _ = self.session.apply(&event),
            LogEntry::Event(event) if is_new => return self.take_event(event),
            LogEntry::Event(event) => self.session.apply_again(&event),
        }
        None
    }

    /// Goes to the time after the first `count` entries, undoing any later ones.
    pub(super) fn seek_to_entry(&mut self, count: usize, at: Nanos) -> Option<Effect> {
        let player = self.player.as_mut()?;
        if player.applied_count() > count {
            self.rebuild(count, at);
            return None;
        }
        player.set_position(at);
        self.apply_entries(count)
    }

    /// Rebuilds the runs of the log from its first `count` entries.
    fn rebuild(&mut self, count: usize, at: Nanos) {
        let Some(player) = &mut self.player else { return };
        player.rewind(at);
        let starts = player.selection_starts().take_while(|(place, _)| *place < count);
        let last = starts.last().map(|(_, start)| start.selection);
        match player.origin() {
            LogOrigin::Recording(setup) => self.session = Session::new(setup.clone()),
            LogOrigin::Simulation(start) => self.session.rewind(*start),
        }
        let is_recording = player.is_recording();
        while let Some(due) = player.next_before(count) {
            match due.entry {
                LogEntry::Event(event) if !is_recording => self.session.apply_again(&event),
                entry => self.session.replay_entry(&entry),
            }
        }
        self.now = player.run_time();
        self.switch_to(last.unwrap_or(self.selection));
        self.forget_attempts();
        self.view.refit(self.estimated_duration());
    }

    pub(super) fn seek_to_time(&mut self, at: Nanos) -> Option<Effect> {
        let count = self.player.as_ref()?.due_count_at(at);
        self.seek_to_entry(count, at)
    }

    /// Goes to the latest time that was played, so that the session has all of its runs.
    pub fn finish_seek(&mut self) -> Option<Effect> {
        let player = self.player.as_ref().filter(|_| !self.is_recording())?;
        let (count, at) = player.latest_position();
        self.seek_to_entry(count, at)
    }

    /// Pauses or resumes playback or, for runs without a player, the view.
    pub(super) fn toggle_pause(&mut self) {
        let Some(player) = self.shown_player() else {
            return self.view.handle_action(
                Action::Pause,
                self.session.runs(self.selection),
                self.now,
            );
        };
        if player.is_over() {
            let again = self.key_of(Action::Run);
            self.notice = Some(if self.is_recording() {
                format!("end of the recording; {again} plays it again")
            } else {
                let back = self.key_of(Action::ScrubBack);
                format!("end of the run; {back} goes back, {again} runs it again")
            });
        } else if let Some(player) = &mut self.player {
            player.toggle_playback();
        }
    }

    /// Changes the playback speed to the next step.
    pub(super) fn change_speed(&mut self, action: Action) {
        if self.is_recording() || self.simulated_speed().is_some() {
            self.speed = self.speed.next_step(action == Action::Faster);
            self.notice = Some(format!("playback speed: {}", self.speed));
        } else {
            let key = self.key_of(Action::Simulate);
            self.notice = Some(format!("a real run has no speed to change; {key} simulates it"));
        }
    }

    /// Moves by one event, and pauses playback.
    pub(super) fn step(&mut self, action: Action) -> Option<Effect> {
        let (count, at) = self.player.as_mut()?.step_target(action == Action::StepForward);
        self.seek_to_entry(count, at)
    }

    /// Moves by a twentieth of the duration.
    pub(super) fn scrub(&mut self, action: Action) -> Option<Effect> {
        let at = self.player.as_ref()?.scrub_target(action == Action::ScrubForward);
        self.seek_to_time(at)
    }
}
