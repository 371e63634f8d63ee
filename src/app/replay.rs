//! A recording on the screen: what was recorded happens again, as if it were live, and a person says
//! how fast, and which moment.

mod player;

use super::session::{LogEntry, Session, Setup};
use super::{Action, App, Background};
use crate::model::{Mode, ModeChoice, Nanos, Selection, Workload};
pub(super) use player::ReplayPlayer;
pub use player::{MAX_SPEED, MIN_SPEED, ReplaySpeed};

/// How far a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayProgress {
    /// In percent of its time; 100 at its end alone.
    pub percent: u8,
    /// How fast.
    pub speed: ReplaySpeed,
    /// Whether it plays, and is not held still or over.
    pub plays: bool,
}

impl App {
    /// A screen that plays what a sitting with this setup was; [`Self::start`] begins.
    #[must_use]
    pub fn for_replay(
        setup: Setup,
        entries: Vec<LogEntry>,
        speed: ReplaySpeed,
        background: Background,
    ) -> Self {
        let player = ReplayPlayer::new(setup.clone(), entries, speed);
        let first = player.selection_starts().next().map(|(_, start)| start.selection);
        // Where nothing was begun, there is nothing to see.
        let shown = first.unwrap_or(Selection::race(Workload::Followers));
        Self { player: Some(player), ..Self::new(Session::new(setup), shown, background) }
    }

    /// How far the recording is played, if it is one.
    pub fn replay_progress(&self) -> Option<ReplayProgress> {
        self.player.as_ref().map(ReplayPlayer::progress)
    }

    /// How far the run was that is not over where the recording is: `during sequential`.
    pub fn unfinished_stage(&self) -> Option<String> {
        self.player.as_ref().filter(|player| player.is_over())?;
        self.session.stage()
    }

    /// Whether the picture changes by itself, without a key.
    pub fn needs_frames(&self) -> bool {
        let plays = |progress: ReplayProgress| progress.plays || self.shows_startup_notice();
        self.replay_progress().map_or_else(|| self.is_moving(), plays)
    }

    /// It is `clock` on the clock of whoever draws: says how far the run that goes on is.
    pub(super) fn advance_replay(&mut self, clock: Nanos) {
        if let Some(player) = &mut self.player {
            player.tick(clock);
        }
        self.apply_due_entries();
    }

    /// What is due happens.
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

    /// Goes to the moment after so many entries: what comes after it has not happened yet.
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

    /// Does what a key asks for that is about the recording. Returns whether it was.
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
                self.notice = Some("not available in a recording; it can only be played".to_owned());
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
            self.notice = Some(part.unwrap_or_else(|| format!("{selection} was not recorded")));
        }
    }

    /// That a mode was not recorded alone, but is one of the race's.
    fn race_part_notice(&self, selection: Selection) -> Option<String> {
        let ModeChoice::Only(mode) = selection.choice else { return None };
        let race = Selection::race(selection.workload);
        let start =
            self.player.as_ref()?.find_selection(race).filter(|_| race.modes().contains(&mode));
        let were = if matches!(mode, Mode::Threads | Mode::Processes) { "were" } else { "was" };
        let key = self.key_of(Action::Mode(race.index()));
        start.map(|_| format!("{selection} {were} recorded as part of the race ({key})"))
    }

    /// Shows a selection that was recorded; where it has no runs yet at this moment, goes to the moment
    /// that it was begun at. Returns whether it was recorded.
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

    /// Shows the next choice that was recorded, `by` places on and on.
    fn show_next_recorded(&mut self, by: usize) {
        let (choices, here) = (self.choices(), self.selection.index());
        for steps in 1..choices.len() {
            let choice = choices.get((here + steps * by) % choices.len());
            let selection = choice.map(|&choice| Selection { choice, ..self.selection });
            if selection.is_some_and(|selection| self.show_if_recorded(selection)) {
                return;
            }
        }
        self.notice = Some(format!("only {} was recorded", self.selection));
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
        self.notice = Some(format!("only {} was recorded", self.selection.workload));
    }
}
