//! Replay: plays a recording on the screen as if it were live, at any speed and from any time.

mod player;

use super::session::Session;
use super::{Action, App};
use crate::model::{Background, LogEntry, Mode, ModeChoice, Nanos, Selection, Setup, Workload};
pub(super) use player::ReplayPlayer;
pub use player::{MAX_SPEED, MIN_SPEED, ReplaySpeed};

/// The playback position of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayProgress {
    /// The position in percent of the duration; 100 only at the end.
    pub percent: u8,
    /// The playback speed.
    pub speed: ReplaySpeed,
    /// Playback is running: neither paused nor at the end.
    pub plays: bool,
}

impl App {
    /// Creates a screen that plays the log of a session with this setup. [`Self::start`] begins
    /// playback.
    #[must_use]
    pub fn for_replay(
        setup: Setup,
        entries: Vec<LogEntry>,
        speed: ReplaySpeed,
        background: Background,
    ) -> Self {
        let player = ReplayPlayer::new(setup.clone(), entries, speed);
        let first = player.selection_starts().next().map(|(_, start)| start.selection);
        // Without any selection in the log, any selection will do: it has no runs.
        let shown = first.unwrap_or(Selection::race(Workload::Followers));
        Self { player: Some(player), ..Self::new(Session::new(setup), shown, background) }
    }

    /// The playback position, if a recording is shown.
    pub fn replay_progress(&self) -> Option<ReplayProgress> {
        self.player.as_ref().map(ReplayPlayer::progress)
    }

    /// The stage that the run had reached where an incomplete recording ends: `during sequential`.
    pub fn unfinished_stage(&self) -> Option<String> {
        self.player.as_ref().filter(|player| player.is_over())?;
        self.session.stage()
    }

    /// Returns `true` if the screen changes without input, so that frames must be drawn.
    pub fn needs_frames(&self) -> bool {
        let plays = |progress: ReplayProgress| progress.plays || self.shows_startup_notice();
        self.replay_progress().map_or_else(|| self.is_moving(), plays)
    }

    /// Advances playback to `clock`, a time of the caller's clock.
    pub(super) fn advance_replay(&mut self, clock: Nanos) {
        if let Some(player) = &mut self.player {
            player.tick(clock);
        }
        self.apply_due_entries();
    }

    /// Applies all entries that are due.
    pub(super) fn apply_due_entries(&mut self) {
        while let Some(entry) = self.player.as_mut().and_then(ReplayPlayer::next_due) {
            self.apply_entry(&entry);
        }
        self.now = self.player.as_ref().map_or(self.now, ReplayPlayer::run_time);
    }

    fn apply_entry(&mut self, entry: &LogEntry) {
        match entry {
            LogEntry::Start(start) if self.session.active().is_none() => {
                self.session.adopt_setup(start);
                self.switch_to(start.selection);
                self.start_shown();
            }
            LogEntry::Start(_) => {}
            LogEntry::Event(event) => _ = self.session.apply(event),
        }
    }

    /// Goes to the time after the first `count` entries, undoing any later ones.
    fn seek_to_entry(&mut self, count: usize, at: Nanos) {
        let Some(player) = &mut self.player else { return };
        if player.applied_count() <= count {
            player.set_position(at);
            while let Some(entry) =
                self.player.as_mut().and_then(|player| player.next_before(count))
            {
                self.apply_entry(&entry);
            }
        } else {
            let mut session = Session::new(player.setup().clone());
            player.rewind(at);
            while let Some(entry) = player.next_before(count) {
                session.replay_entry(&entry);
            }
            let shown = player.selection_starts().take_while(|(place, _)| *place < count).last();
            let shown = shown.map_or(self.selection, |(_, start)| start.selection);
            self.session = session;
            self.switch_to(shown);
            self.view.refit(self.estimated_duration());
        }
        self.now = self.player.as_ref().map_or(self.now, ReplayPlayer::run_time);
    }

    fn seek_to_time(&mut self, at: Nanos) {
        let count = self.player.as_ref().map_or(0, |player| player.due_count_at(at));
        self.seek_to_entry(count, at);
    }

    /// Handles an action that concerns the recording. Returns `false` for any other action.
    pub(super) fn handle_replay_action(&mut self, action: Action) -> bool {
        let Some(player) = &mut self.player else { return false };
        match action {
            Action::Pause if player.is_over() => {
                let again = self.key_of(Action::Run);
                self.notice = Some(format!("end of the recording; {again} plays it again"));
            }
            Action::Pause => player.toggle_playback(),
            Action::Slower | Action::Faster => {
                let speed = player.change_speed(action == Action::Faster);
                self.notice = Some(format!("playback speed: {speed}"));
            }
            Action::StepBack | Action::StepForward => {
                let (count, at) = player.step_target(action == Action::StepForward);
                self.seek_to_entry(count, at);
            }
            Action::ScrubBack | Action::ScrubForward => {
                let at = player.scrub_target(action == Action::ScrubForward);
                self.seek_to_time(at);
            }
            Action::Run => {
                player.start_playback();
                self.seek_to_time(Nanos::ZERO);
            }
            Action::Mode(index) => self.show_recorded(self.choices().get(index).copied()),
            Action::NextMode => self.show_next_recorded(1),
            Action::PreviousMode => self.show_next_recorded(self.choices().len() - 1),
            Action::NextWorkload => self.show_next_recorded_workload(),
            Action::Stop | Action::FewerWorkers | Action::MoreWorkers | Action::Simulate => {
                self.notice =
                    Some("not available in a recording; it can only be played".to_owned());
            }
            _ => return false,
        }
        true
    }

    fn show_recorded(&mut self, choice: Option<ModeChoice>) {
        let Some(choice) = choice else { return };
        let selection = Selection { choice, ..self.selection };
        if !self.show_if_recorded(selection) {
            let part = self.race_part_notice(selection);
            self.notice =
                Some(part.unwrap_or_else(|| format!("the recording does not contain {selection}")));
        }
    }

    /// A notice that a mode was recorded only as part of a race, if so.
    fn race_part_notice(&self, selection: Selection) -> Option<String> {
        let ModeChoice::Only(mode) = selection.choice else { return None };
        let race = Selection::race(selection.workload);
        let start =
            self.player.as_ref()?.find_selection(race).filter(|_| race.modes().contains(&mode));
        let were = if matches!(mode, Mode::Threads | Mode::Processes) { "were" } else { "was" };
        let key = self.key_of(Action::Mode(race.index()));
        start.map(|_| format!("{selection} {were} recorded as part of the race ({key})"))
    }

    /// Shows a selection if it was recorded, and returns whether it was. If it has no runs yet at
    /// the current time, goes to its start.
    fn show_if_recorded(&mut self, selection: Selection) -> bool {
        let Some((place, at)) =
            self.player.as_ref().and_then(|player| player.find_selection(selection))
        else {
            return false;
        };
        self.switch_to(selection);
        if self.runs().is_empty() && self.session.active() != Some(selection) {
            self.seek_to_entry(place + 1, at);
        }
        true
    }

    /// Shows the next recorded choice, in steps of `by` through all choices.
    fn show_next_recorded(&mut self, by: usize) {
        let (choices, here) = (self.choices(), self.selection.index());
        for steps in 1..choices.len() {
            let choice = choices.get((here + steps * by) % choices.len());
            let selection = choice.map(|&choice| Selection { choice, ..self.selection });
            if selection.is_some_and(|selection| self.show_if_recorded(selection)) {
                return;
            }
        }
        self.notice = Some(format!("the recording contains only {}", self.selection));
    }

    fn show_next_recorded_workload(&mut self) {
        let workloads = self.session.setup().workloads();
        let here = workloads.iter().position(|&one| one == self.selection.workload).unwrap_or(0);
        for workload in workloads.iter().cycle().skip(here + 1).take(workloads.len() - 1) {
            let found =
                self.player.as_ref().and_then(|player| player.first_selection_of(*workload));
            if found.is_some_and(|selection| self.show_if_recorded(selection)) {
                return;
            }
        }
        self.notice = Some(format!("the recording contains only {}", self.selection.workload));
    }
}
