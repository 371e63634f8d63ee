//! The screen: the runs on it are live, played as they are simulated, or a recording. This is what a
//! position of the player means to the session, and what the keys of playback do.

use super::keymap::{Action, KeyContext};
use super::message::Effect;
use super::playback::{DueEntry, PlaybackSpeed, Player};
use super::session::{Checkpoint, Session};
use super::switching::Successor;
use super::{App, Options};
use crate::model::lesson::LessonView;
use crate::model::{LogEntry, Mode, ModeChoice, Nanos, PlannedRun, Selection, Setup, Workload};

/// The origin of the runs on the screen.
#[derive(Debug)]
pub(super) enum ScreenKind {
    /// The program carries out the runs, and each has the time of its own clock.
    Live,
    /// The simulated runs of a selection, which started at this checkpoint. They are played while
    /// their events are computed.
    Simulation(Checkpoint, Player),
    /// A recording of a session with this setup.
    Replay(Box<Setup>, Player),
}

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

impl ScreenKind {
    /// The player, if there is one.
    pub(super) const fn player(&self) -> Option<&Player> {
        match self {
            Self::Live => None,
            Self::Simulation(_, player) | Self::Replay(_, player) => Some(player),
        }
    }

    pub(super) const fn player_mut(&mut self) -> Option<&mut Player> {
        match self {
            Self::Live => None,
            Self::Simulation(_, player) | Self::Replay(_, player) => Some(player),
        }
    }

    pub(super) const fn recording(&self) -> Option<&Player> {
        match self {
            Self::Replay(_, player) => Some(player),
            Self::Live | Self::Simulation(..) => None,
        }
    }

    /// The player, if it plays a selection.
    fn player_of(&self, selection: Selection) -> Option<&Player> {
        match self {
            Self::Simulation(start, player) => (start.selection == selection).then_some(player),
            Self::Live | Self::Replay(..) => self.recording(),
        }
    }

    /// The context of keys on the timeline of a selection.
    pub(super) fn key_context(&self, selection: Selection) -> KeyContext {
        match self {
            Self::Replay(..) => KeyContext::Replay,
            Self::Simulation(start, _) if start.selection == selection => KeyContext::Simulation,
            Self::Live | Self::Simulation(..) => KeyContext::Timeline,
        }
    }
}

impl App {
    /// Creates a screen that plays the log of a session with this setup. [`Self::start`] begins
    /// playback.
    #[must_use]
    pub fn for_replay(setup: Setup, entries: Vec<LogEntry>, options: Options) -> Self {
        let player = Player::new(entries);
        let first = player.selection_starts().next().map(|(_, start)| start.selection);
        // Without any selection in the log, any selection will do: it has no runs.
        let shown = first.unwrap_or(Selection::race(Workload::Followers));
        let session = Session::new(setup.clone());
        Self {
            screen: ScreenKind::Replay(Box::new(setup), player),
            ..Self::new(session, shown, options)
        }
    }

    /// Returns `true` if a player determines the time of the runs, so that frames need the time of
    /// a clock instead of the time of the run.
    pub const fn is_playback(&self) -> bool {
        self.screen.player().is_some()
    }

    /// Returns `true` if the selection shown is played and playback is paused.
    pub fn is_playback_paused(&self) -> bool {
        let player = self.screen.player_of(self.selection());
        player.is_some_and(|player| !player.plays() && !player.is_over())
    }

    /// The playback position, if a recording is shown.
    pub fn replay_progress(&self) -> Option<ReplayProgress> {
        let player = self.screen.recording()?;
        let (percent, plays) = (player.percent(), player.plays());
        Some(ReplayProgress { percent, speed: self.options.speed, plays })
    }

    /// The stage that the run had reached where an incomplete recording ends: `during sequential`.
    pub fn unfinished_stage(&self) -> Option<String> {
        self.screen.recording().filter(|player| player.is_over())?;
        self.session.stage()
    }

    /// The playback speed, if the selection shown is simulated.
    pub fn simulated_speed(&self) -> Option<PlaybackSpeed> {
        let simulated = self.session.setup().compute.simulation.is_some();
        (simulated && self.selection().workload.is_computed()).then_some(self.options.speed)
    }

    /// Starts the selection shown. If it is simulated, a player takes its events.
    pub(super) fn start_live(&mut self) -> Option<Effect> {
        let selection = self.selection();
        let start = self.session.checkpoint(selection);
        let entry = self.session.selection_start(selection);
        let runs = self.start_shown();
        let PlannedRun { plan, .. } = runs.first()?;
        self.screen = if plan.is_simulated() {
            let mut player = Player::new(vec![LogEntry::Start(entry.into())]);
            // The selection has started.
            player.next_before(1);
            player.open();
            ScreenKind::Simulation(start, player)
        } else {
            ScreenKind::Live
        };
        self.follow_switches(selection);
        Some(Effect::Start(runs))
    }

    /// Follows the switches of the GIL if they can be seen: those of a selection with one run in slow
    /// motion; in a lesson, if that shows them.
    fn follow_switches(&mut self, selection: Selection) {
        let alone = matches!(selection.choice, ModeChoice::Only(_));
        let is_slow_motion = self.is_slow_motion();
        let view = self.lesson_view();
        let runs = self.picture.runs(&self.session);
        let run = match (view, runs) {
            (None, [run]) => Some(run).filter(|_| alone && is_slow_motion),
            (None | Some(LessonView::Whole), _) => None,
            (Some(LessonView::Switches), runs) => runs.iter().find(|run| run.gil().is_some()),
        };
        if let Some(run) = run {
            self.picture.view.follow_switches(run);
        }
    }

    /// Switches CPU work between simulated and real, and runs the selection shown again.
    pub(super) fn toggle_simulation(&mut self) -> Option<Effect> {
        if !self.selection().workload.is_computed() {
            let next = self.key_of(Action::NextWorkload);
            self.notify(format!(
                "only cpu, native and mixed can be simulated; {next} shows the next workload"
            ));
            return None;
        }
        let alone = self.selection_to_slow();
        let active = self.session.active();
        match active.filter(|active| active.workload.is_computed()) {
            Some(active) => self.replace(active, Successor::Simulation(alone)),
            None => self.switch_machine(alone),
        }
    }

    /// Switches CPU work between simulated and real, now that none is active. On the simulated machine
    /// shows `alone`.
    pub(super) fn switch_machine(&mut self, alone: Selection) -> Option<Effect> {
        let is_real = self.session.setup().compute.simulation.is_none();
        self.session.set_simulation(is_real.then_some(self.simulation));
        self.screen = ScreenKind::Live;
        if is_real {
            self.switch_to(alone);
        }
        self.start_if_free()
    }

    /// The selection to show in slow motion: of a race only the mode of the selected lane, or else the
    /// one with a GIL, because all modes one after another would take minutes.
    fn selection_to_slow(&self) -> Selection {
        let shown = self.selection();
        let selected = self.picture.selected_lane(&self.session);
        let mode = selected.map_or(Mode::Gil, |lane| lane.run.plan().mode);
        match shown.choice {
            ModeChoice::Race => Selection { choice: ModeChoice::Only(mode), ..shown },
            ModeChoice::Only(_) | ModeChoice::Sweep => shown,
        }
    }

    /// Returns `true` if the runs shown are played so slowly that threads can be seen taking turns.
    pub(super) fn is_slow_motion(&self) -> bool {
        self.is_playback() && self.options.speed.is_slow_motion()
    }

    /// Stops the simulated run that is played, at the latest time that was played: its events are
    /// known, so the player ends it and the source only stops computing.
    pub(super) fn stop_simulated_run(&mut self) -> Option<Effect> {
        self.finish_seek();
        let (id, run) = self.session.active_runs().next()?;
        let player = self.screen.player_mut()?;
        player.cut_off(id, run.stop_events(player.run_time()));
        let (_, at) = player.latest_position();
        self.seek_to_entry(usize::MAX, at).or(Some(Effect::Stop))
    }

    /// Advances playback to `clock`, a time of the caller's clock.
    pub(super) fn advance_playback(&mut self, clock: Nanos) -> Option<Effect> {
        self.screen.player_mut()?.tick(clock, self.options.speed);
        self.apply_due_entries()
    }

    pub(super) fn apply_due_entries(&mut self) -> Option<Effect> {
        let due = self.screen.player()?.due_count();
        self.apply_entries(due)
    }

    /// Applies the entries up to the first `count`. Returns the effect of the last one.
    fn apply_entries(&mut self, count: usize) -> Option<Effect> {
        let mut effect = None;
        while let Some(due) = self.screen.player_mut().and_then(|player| player.next_before(count))
        {
            effect = self.apply_entry(due).or(effect);
            if self.has_reached_switch() {
                self.screen.player_mut().map(Player::pause_here);
                break;
            }
        }
        self.picture.now = self.screen.player().map_or(self.picture.now, Player::run_time);
        effect
    }

    /// Returns `true` if playback waits for a switch of the GIL that has just happened.
    fn has_reached_switch(&self) -> bool {
        let count = self.screen.player().and_then(Player::switches_to_pause);
        count.is_some_and(|count| self.switch_count() >= count)
    }

    fn apply_entry(&mut self, DueEntry { entry, is_new }: DueEntry) -> Option<Effect> {
        let is_recording = self.screen.recording().is_some();
        match entry {
            LogEntry::Start(start) if is_recording && self.session.active().is_none() => {
                self.session.adopt_setup(&start);
                self.switch_to(start.selection);
                self.start_shown();
            }
            LogEntry::Start(_) => {}
            LogEntry::Event { run, event } if is_recording => _ = self.session.apply(run, &event),
            LogEntry::Event { run, event } if is_new => return self.take_event(run, event),
            LogEntry::Event { run, event } => self.session.apply_again(run, &event),
        }
        None
    }

    /// Goes to the time after the first `count` entries, undoing any later ones.
    fn seek_to_entry(&mut self, count: usize, at: Nanos) -> Option<Effect> {
        let player = self.screen.player_mut()?;
        if player.applied_count() > count {
            self.rebuild(count, at);
            return None;
        }
        player.set_position(at);
        self.apply_entries(count)
    }

    /// Rebuilds the runs of the log from its first `count` entries.
    fn rebuild(&mut self, count: usize, at: Nanos) {
        let is_recording = self.screen.recording().is_some();
        match &self.screen {
            ScreenKind::Live => {}
            ScreenKind::Simulation(start, _) => self.session.rewind(*start),
            ScreenKind::Replay(setup, _) => self.session = Session::new((**setup).clone()),
        }
        let Some(player) = self.screen.player_mut() else { return };
        player.rewind(at);
        let starts = player.selection_starts().take_while(|(place, _)| *place < count);
        let last = starts.last().map(|(_, start)| start.selection);
        while let Some(due) = player.next_before(count) {
            match due.entry {
                LogEntry::Event { run, event } if !is_recording => {
                    self.session.apply_again(run, &event);
                }
                entry => self.session.replay_entry(&entry),
            }
        }
        self.picture.now = player.run_time();
        self.switch_to(last.unwrap_or(self.selection()));
        self.forget_attempts();
        let expected = self.estimated_duration();
        self.picture.view.refit(expected);
    }

    fn seek_to_time(&mut self, at: Nanos) -> Option<Effect> {
        let count = self.screen.player()?.due_count_at(at);
        self.seek_to_entry(count, at)
    }

    /// Goes to the latest time that was played, so that the session has all of its runs.
    pub fn finish_seek(&mut self) -> Option<Effect> {
        let ScreenKind::Simulation(_, player) = &self.screen else { return None };
        let (count, at) = player.latest_position();
        self.seek_to_entry(count, at)
    }

    /// Pauses or resumes playback or, for runs without a player, the view.
    pub(super) fn toggle_pause(&mut self) {
        let is_recording = self.screen.recording().is_some();
        let Some(player) = self.screen.player_of(self.selection()) else {
            return self.handle_view_action(Action::Pause);
        };
        if player.is_over() {
            let again = self.key_of(Action::Run);
            self.notify(if is_recording {
                format!("end of the recording; {again} plays it again")
            } else {
                let back = self.key_of(Action::ScrubBack);
                format!("end of the run; {back} goes back, {again} runs it again")
            });
        } else {
            self.screen.player_mut().map(Player::toggle_playback);
        }
    }

    /// Changes the playback speed to the next step.
    pub(super) fn change_speed(&mut self, faster: bool) {
        if self.screen.recording().is_some() || self.simulated_speed().is_some() {
            self.options.speed = self.options.speed.next_step(faster);
            self.notify(format!("playback speed: {}", self.options.speed));
        } else {
            let key = self.key_of(Action::Simulate);
            self.notify(format!("a real run has no speed to change; {key} simulates it"));
        }
    }

    /// Moves by one event, and pauses playback.
    pub(super) fn step(&mut self, forward: bool) -> Option<Effect> {
        let (count, at) = self.screen.player_mut()?.step_target(forward);
        self.seek_to_entry(count, at)
    }

    /// Moves by a twentieth of the duration.
    pub(super) fn scrub(&mut self, forward: bool) -> Option<Effect> {
        let at = self.screen.player()?.scrub_target(forward);
        self.seek_to_time(at)
    }

    /// Handles an action that has another meaning in a recording. Returns `false` for any other.
    pub(super) fn handle_replay_action(&mut self, action: Action) -> bool {
        match action {
            Action::Run => {
                self.screen.player_mut().map(Player::start_playback);
                self.seek_to_time(Nanos::ZERO);
            }
            Action::Stop | Action::FewerWorkers | Action::MoreWorkers | Action::Simulate => {
                self.notify("not available in a recording; it can only be played");
            }
            _ => return false,
        }
        true
    }

    /// Returns `true` unless a recording is shown that does not contain the selection.
    pub(super) fn can_show(&self, selection: Selection) -> bool {
        let recording = self.screen.recording();
        recording.is_none_or(|player| player.find_selection(selection).is_some())
    }

    /// Shows a selection of a recording. Goes to its start if it has no runs yet at the current time.
    pub(super) fn show_recorded(&mut self, selection: Selection) -> Option<Effect> {
        self.switch_to(selection);
        let (place, at) = self.screen.recording()?.find_selection(selection)?;
        let has_runs = !self.runs().is_empty() || self.session.active() == Some(selection);
        if has_runs { None } else { self.seek_to_entry(place + 1, at) }
    }

    /// The notice that the recording does not contain a mode, or only as part of a race.
    pub(super) fn unrecorded_notice(&self, selection: Selection) -> String {
        let race = Selection::race(selection.workload);
        match selection.choice {
            ModeChoice::Only(mode)
                if self.session.setup().modes(race).contains(&mode) && self.can_show(race) =>
            {
                let is_plural = mode != Mode::Sequential;
                let were = if is_plural { "were" } else { "was" };
                let key = self.key_of(Action::Mode(race.index()));
                format!("{selection} {were} recorded as part of the race ({key})")
            }
            _ => format!("the recording does not contain {selection}"),
        }
    }

    /// The selection to show for a workload: in a recording, the first recorded one.
    pub(super) fn selection_of(&self, workload: Workload) -> Option<Selection> {
        match self.screen.recording() {
            Some(player) => player.first_selection_of(workload),
            None => Some(Selection { workload, ..self.selection() }),
        }
    }
}
