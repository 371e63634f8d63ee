//! Replay: a recording on the screen, played as if it were live.

use super::playback::{LogOrigin, Player};
use super::session::Session;
use super::{Action, App, PlaybackSpeed};
use crate::model::{Background, LogEntry, Mode, ModeChoice, Nanos, Selection, Setup, Workload};

/// The playback position of a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayProgress {
    /// The position in percent of the duration; 100 only at the end.
    pub percent: u8,
    /// The playback speed.
    pub speed: PlaybackSpeed,
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
        speed: PlaybackSpeed,
        background: Background,
    ) -> Self {
        let player = Player::new(LogOrigin::Recording(setup.clone()), entries);
        let first = player.selection_starts().next().map(|(_, start)| start.selection);
        // Without any selection in the log, any selection will do: it has no runs.
        let shown = first.unwrap_or(Selection::race(Workload::Followers));
        Self { player: Some(player), speed, ..Self::new(Session::new(setup), shown, background) }
    }

    /// The playback position, if a recording is shown.
    pub fn replay_progress(&self) -> Option<ReplayProgress> {
        let player = self.recording()?;
        let (percent, plays) = (player.percent(), player.plays());
        Some(ReplayProgress { percent, speed: self.speed, plays })
    }

    /// The stage that the run had reached where an incomplete recording ends: `during sequential`.
    pub fn unfinished_stage(&self) -> Option<String> {
        self.recording().filter(|player| player.is_over())?;
        self.session.stage()
    }

    /// Returns `true` if a recording is shown.
    pub(super) fn is_recording(&self) -> bool {
        self.recording().is_some()
    }

    /// The player, if it plays a recording.
    fn recording(&self) -> Option<&Player> {
        self.player.as_ref().filter(|player| player.is_recording())
    }

    /// Handles an action that has another meaning in a recording. Returns `false` for any other.
    pub(super) fn handle_replay_action(&mut self, action: Action) -> bool {
        if !self.is_recording() {
            return false;
        }
        match action {
            Action::Run => {
                self.player.as_mut().map(Player::start_playback);
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
