//! A recording on the screen: what was recorded happens again, as if it were live, and a person says
//! how fast, and which moment.

mod player;

use super::session::{Entry, Session, Setup};
use super::{Action, App, Background};
use crate::model::{Choice, Mode, Nanos, Selection, Workload};
pub(super) use player::Player;
pub use player::{FASTEST, SLOWEST, Speed};

/// How far a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// In percent of its time; 100 at its end alone.
    pub percent: u8,
    /// How fast.
    pub speed: Speed,
    /// Whether it plays, and is not held still or over.
    pub plays: bool,
}

impl App {
    /// A screen that plays what a sitting with this setup was; [`Self::begin`] begins.
    #[must_use]
    pub fn replaying(
        setup: Setup,
        entries: Vec<Entry>,
        speed: Speed,
        background: Background,
    ) -> Self {
        let player = Player::new(setup.clone(), entries, speed);
        let first = player.begun().next().map(|(_, begun)| begun.selection);
        // Where nothing was begun, there is nothing to see.
        let shown = first.unwrap_or(Selection::race(Workload::Followers));
        Self { player: Some(player), ..Self::new(Session::new(setup), shown, background) }
    }

    /// How far the recording is played, if it is one.
    pub fn progress(&self) -> Option<Progress> {
        self.player.as_ref().map(Player::progress)
    }

    /// How far the run was that is not over where the recording is: `in the middle of sequential`.
    pub fn ends_early(&self) -> Option<String> {
        self.player.as_ref().filter(|player| player.is_over())?;
        self.session.stage()
    }

    /// Whether the picture changes by itself, without a key.
    pub fn needs_frames(&self) -> bool {
        let plays = |progress: Progress| progress.plays || self.is_opening();
        self.progress().map_or_else(|| self.is_moving(), plays)
    }

    /// It is `clock` on the clock of whoever draws: says how far the run that goes on is.
    pub(super) fn play_until(&mut self, clock: Nanos) {
        if let Some(player) = &mut self.player {
            player.tick(clock);
        }
        self.catch_up();
    }

    /// What is due happens.
    pub(super) fn catch_up(&mut self) {
        while let Some(entry) = self.player.as_mut().and_then(Player::next) {
            self.tell(&entry);
        }
        self.now = self.player.as_ref().map_or(self.now, Player::now);
    }

    fn tell(&mut self, entry: &Entry) {
        match entry {
            Entry::Begun(begun) if self.session.active().is_none() => {
                self.session.adopt(begun);
                self.turn_to(begun.selection);
                self.begin_shown();
            }
            Entry::Begun(_) => {}
            Entry::Event(event) => _ = self.session.apply(event),
        }
    }

    /// Goes to the moment after so many entries: what comes after it has not happened yet.
    fn seek(&mut self, told: usize, at: Nanos) {
        let Some(player) = &mut self.player else { return };
        if player.told() <= told {
            player.set(at);
            while let Some(entry) = self.player.as_mut().and_then(|player| player.take(told)) {
                self.tell(&entry);
            }
        } else {
            let mut session = Session::new(player.setup().clone());
            player.rewind(at);
            while let Some(entry) = player.take(told) {
                session.replay(&entry);
            }
            let shown = player.begun().take_while(|(place, _)| *place < told).last();
            let shown = shown.map_or(self.shown, |(_, begun)| begun.selection);
            self.session = session;
            self.turn_to(shown);
            self.view.refit(self.first_guess());
        }
        self.now = self.player.as_ref().map_or(self.now, Player::now);
    }

    fn seek_to(&mut self, at: Nanos) {
        let told = self.player.as_ref().map_or(0, |player| player.told_at(at));
        self.seek(told, at);
    }

    /// Does what a key asks for that is about the recording. Returns whether it was.
    pub(super) fn act_on_recording(&mut self, action: Action) -> bool {
        let Some(player) = &mut self.player else { return false };
        match action {
            Action::Pause if player.is_over() => {
                let again = self.key_of(Action::Run);
                self.notice = Some(format!("the recording is over: {again} plays it again"));
            }
            Action::Pause => player.toggle(),
            Action::Slower | Action::Faster => {
                let speed = player.change_speed(action == Action::Faster);
                self.notice = Some(format!("played at {speed}"));
            }
            Action::StepBack | Action::StepForward => {
                let (told, at) = player.step(action == Action::StepForward);
                self.seek(told, at);
            }
            Action::ScrubBack | Action::ScrubForward => {
                let at = player.scrub(action == Action::ScrubForward);
                self.seek_to(at);
            }
            Action::Run => {
                player.play();
                self.seek_to(Nanos::ZERO);
            }
            Action::Mode(index) => self.show_recorded(self.choices().get(index).copied()),
            Action::NextMode => self.next_recorded(1),
            Action::PreviousMode => self.next_recorded(self.choices().len() - 1),
            Action::NextWorkload => self.next_recorded_workload(),
            Action::Stop | Action::FewerWorkers | Action::MoreWorkers | Action::Simulate => {
                self.notice = Some("this is a recording: nothing runs in it".to_owned());
            }
            _ => return false,
        }
        true
    }

    fn show_recorded(&mut self, choice: Option<Choice>) {
        let Some(choice) = choice else { return };
        let selection = Selection { choice, ..self.shown };
        if !self.show_if_recorded(selection) {
            let part = self.part_of_race(selection);
            self.notice = Some(part.unwrap_or_else(|| format!("{selection} was not recorded")));
        }
    }

    /// That a mode was not recorded alone, but is one of the race's.
    fn part_of_race(&self, selection: Selection) -> Option<String> {
        let Choice::Only(mode) = selection.choice else { return None };
        let race = Selection::race(selection.workload);
        let begun = self.player.as_ref()?.place_of(race).filter(|_| race.modes().contains(&mode));
        let were = if matches!(mode, Mode::Threads | Mode::Processes) { "were" } else { "was" };
        let key = self.key_of(Action::Mode(race.index()));
        begun.map(|_| format!("{selection} {were} recorded as a part of the race ({key})"))
    }

    /// Shows a selection that was recorded; where it has no runs yet at this moment, goes to the moment
    /// that it was begun at. Returns whether it was recorded.
    fn show_if_recorded(&mut self, selection: Selection) -> bool {
        let Some((place, at)) = self.player.as_ref().and_then(|player| player.place_of(selection))
        else {
            return false;
        };
        self.turn_to(selection);
        if self.runs().is_empty() && self.session.active() != Some(selection) {
            self.seek(place + 1, at);
        }
        true
    }

    /// Shows the next choice that was recorded, `by` places on and on.
    fn next_recorded(&mut self, by: usize) {
        let (choices, here) = (self.choices(), self.shown.index());
        for steps in 1..choices.len() {
            let choice = choices.get((here + steps * by) % choices.len());
            let selection = choice.map(|&choice| Selection { choice, ..self.shown });
            if selection.is_some_and(|selection| self.show_if_recorded(selection)) {
                return;
            }
        }
        self.notice = Some(format!("nothing but {} was recorded", self.shown));
    }

    fn next_recorded_workload(&mut self) {
        let workloads = self.session.setup().workloads();
        let here = workloads.iter().position(|&one| one == self.shown.workload).unwrap_or(0);
        for workload in workloads.iter().cycle().skip(here + 1).take(workloads.len() - 1) {
            let found = self.player.as_ref().and_then(|player| player.first_of(*workload));
            if found.is_some_and(|selection| self.show_if_recorded(selection)) {
                return;
            }
        }
        self.notice = Some(format!("nothing but {} was recorded", self.shown.workload));
    }
}
