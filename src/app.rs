//! The state of the screen. `App::update` takes a message (a key, an event, a frame) and returns
//! the effect to carry out. This module never draws, starts threads or reads a clock.

mod actions;
mod availability;
mod group_cells;
pub mod keymap;
pub mod lessons;
mod message;
mod notice;
mod options;
mod overlay;
mod picture;
pub mod playback;
mod program_actions;
mod program_figures;
mod program_keys;
mod screen;
mod search;
pub mod session;
mod switching;
mod thread_order;
mod thread_rows;
mod thread_selection;
mod view;
pub mod viewport;

use ratatui::crossterm::event::KeyModifiers;

use crate::analysis::Sweep;
pub use crate::model::Background;
use crate::model::{
    Event, EventKind, Mode, Nanos, PlannedRun, Run, RunId, RunOutcome, Selection, Simulation,
};
pub use keymap::{Action, DEFAULT_BINDINGS, KeyContext, KeyGroup, Keymap};
pub use lessons::{CourseProgress, LessonProgress, LessonStep};
pub use message::{Effect, Gesture, Msg, PointerTarget};
use notice::Notice;
pub use options::Options;
pub use overlay::{ExportMenu, HelpView, OutputPager, Overhead, Overlay, Question, TableView};
pub use picture::{DetailPane, Difference, Picture};
use playback::Player;
pub use program_figures::{GilFigures, ProgramFigures, WaitCount};
pub use screen::ReplayProgress;
use screen::ScreenKind;
pub use search::SearchStatus;
pub use session::{Baseline, Session};
use switching::Successor;
pub use thread_order::ThreadOrder;
pub use thread_rows::{ProgramRow, ProgramRows, ThreadGroup};
pub use view::SelectedLane;
pub use viewport::{TimeWindow, Viewport};

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    screen: ScreenKind,
    session: Session,
    picture: Picture,
    overlay: Option<Overlay>,
    options: Options,
    /// The background that the user chose with a key.
    chosen_background: Option<Background>,
    notice: Option<Notice>,
    /// The selection that was shown when the user stopped the active runs. `None` if it was not
    /// stopped.
    stopping: Option<Selection>,
    /// The active selection, if it is being stopped to make room for something else.
    replaced: Option<(Selection, Successor)>,
    /// The program that is watched was asked to end.
    has_terminated: bool,
    /// The simulated machine, kept while simulation is off.
    simulation: Simulation,
    overhead: Overhead,
    /// The lessons, if the screen plays some.
    course: Option<Box<CourseProgress>>,
}

impl App {
    /// Creates a screen that shows `selection`. [`Self::start`] runs it.
    pub fn new(session: Session, selection: Selection, options: Options) -> Self {
        Self {
            screen: ScreenKind::Live,
            simulation: session.setup().compute.simulation.unwrap_or_default(),
            session,
            picture: Picture::new(selection),
            overlay: None,
            options,
            chosen_background: None,
            notice: None,
            stopping: None,
            replaced: None,
            has_terminated: false,
            overhead: Overhead::default(),
            course: None,
        }
    }

    /// Sets the startup notice.
    #[must_use]
    pub fn with_startup_notice(self, notice: Option<String>) -> Self {
        Self { notice: notice.map(Notice::at_startup), ..self }
    }

    /// The session and its runs.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The part of the session that is looked at.
    pub const fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The open overlay.
    pub const fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// The key bindings.
    pub const fn keymap(&self) -> &Keymap {
        &self.options.keymap
    }

    /// The background to draw for.
    pub fn background(&self) -> Background {
        self.chosen_background.unwrap_or(self.options.background)
    }

    /// Returns `true` if the user chose another background than the terminal's, so that it must be
    /// painted.
    pub fn paints_background(&self) -> bool {
        self.chosen_background.is_some_and(|chosen| chosen != self.options.background)
    }

    /// The key to show for an action.
    pub fn key_of(&self, action: Action) -> String {
        self.options.keymap.key_of(action)
    }

    /// The overhead of the program.
    pub const fn overhead(&self) -> &Overhead {
        &self.overhead
    }

    /// The text beside the keys.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|notice| notice.text.as_str())
    }

    /// The time on the screen's clock at which the notice ends and a frame must be drawn.
    pub fn notice_end(&self) -> Option<Nanos> {
        let Notice { time, since, .. } = self.notice.as_ref()?;
        Some((*since)? + *time)
    }

    /// The selection that is shown.
    pub const fn selection(&self) -> Selection {
        self.picture.selection
    }

    /// The elapsed time of the active runs.
    pub const fn now(&self) -> Nanos {
        self.picture.now
    }

    /// The modes that are shown, in the order of their runs.
    pub fn modes(&self) -> &'static [Mode] {
        self.session.setup().modes(self.selection())
    }

    /// The runs that are shown, in the order of their modes.
    pub fn runs(&self) -> &[Run] {
        self.picture.runs(&self.session)
    }

    /// The runs shown, each with the time up to which it is visible. A paused view ends early.
    pub fn visible_runs(&self) -> impl Iterator<Item = (&Run, Nanos)> {
        self.picture.visible_runs(&self.session)
    }

    /// Returns `true` if a run is active, so that the screen changes without input.
    pub fn is_moving(&self) -> bool {
        self.session.active().is_some() && self.unfinished_stage().is_none()
    }

    /// Returns `true` if the screen changes without input, so that frames must be drawn.
    pub fn needs_frames(&self) -> bool {
        match self.screen.player() {
            Some(player) => player.plays() || player.is_open(),
            None => self.is_moving(),
        }
    }

    /// Runs the selection shown, or starts playing the recording.
    pub fn start(&mut self) -> Option<Effect> {
        if !self.may_start_runs() {
            return None;
        }
        if self.screen.recording().is_some() {
            return self.apply_due_entries();
        }
        // A sweep of a server elsewhere starts with a key, once its cost has been shown.
        if self.session.awaits_confirmation(self.selection()) {
            return None;
        }
        self.start_live()
    }

    /// Handles a message and returns the effect to carry out, if any.
    pub fn update(&mut self, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(key) => {
                self.notice = None;
                self.picture.search.clear_status();
                let of_lesson = self.lesson_action(&key);
                let in_context = || self.options.keymap.action_for(&key, self.key_context());
                let action = of_lesson.or_else(in_context);
                if self.picture.search.is_entering_text() {
                    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
                    let keeps_meaning = [Some(Action::Interrupt), Some(Action::Suspend)];
                    if !(has_control && keeps_meaning.contains(&action)) {
                        if let Some(text) = self.picture.search.handle_key(&key) {
                            self.start_search(&text);
                        }
                        return None;
                    }
                }
                if self.take_lesson_text(&key) {
                    return None;
                }
                return self.handle_action(action?);
            }
            Msg::Mouse(gesture, target) => {
                // A release belongs to the press before, whose result stays.
                if gesture != Gesture::Release {
                    self.notice = None;
                }
                return self.handle_mouse(gesture, target);
            }
            Msg::Event(run, event) => match self.screen.player_mut() {
                Some(player) => player.receive(run, event),
                None => return self.take_live_event(run, event),
            },
            Msg::Background(background) => self.options.background = background,
            Msg::EventOverhead(cost) => self.overhead.event = Some(cost),
            Msg::FrameDrawn(took) => self.overhead.record_frame(took),
            Msg::ExportNames(names) => {
                if let Some(Overlay::Export(menu)) = &mut self.overlay {
                    menu.set_names(&names);
                }
            }
            Msg::ExportFinished(text) | Msg::LetGoFailed(text) | Msg::LessonNotKept(text) => {
                self.notify(text);
            }
            Msg::Resumed(time) => {
                self.screen.player_mut().map(Player::reset_clock);
                self.notice = self.suspension_notice(time).map(Notice::new);
            }
            Msg::Clock(clock) => self.end_notice(clock),
            Msg::Frame { now, columns } => return self.prepare_frame(now, columns),
        }
        None
    }

    /// Shows the result of a key.
    fn notify(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice::new(text));
    }

    /// Ends the notice if its time is over. An overlay hides it, so its time begins afterwards.
    fn end_notice(&mut self, clock: Nanos) {
        if self.overlay.is_none()
            && let Some(Notice { time, since, .. }) = &mut self.notice
            && clock.since(*since.get_or_insert(clock)) >= *time
        {
            self.notice = None;
        }
    }

    /// A notice about the effect of a suspension of `time` on the active run, if there is any.
    fn suspension_notice(&self, time: Nanos) -> Option<String> {
        // The time of a player stands still.
        let active = self.session.active().filter(|_| !self.is_playback())?;
        let seconds = time.as_secs_f64();
        let is_processes = |run: &Run| run.plan().mode == Mode::Processes;
        // Commands and worker processes are not suspended with the program.
        let kept_running = if active.workload.is_command() {
            "the commands"
        } else if active.workload.is_program() {
            "the program"
        } else if self.session.active_runs().any(|(_, run)| is_processes(run)) {
            "the processes"
        } else {
            return Some(format!(
                "{active} was suspended too; its time includes {seconds:.1} s of suspension"
            ));
        };
        Some(format!("{kept_running} kept running; recorded ends may be up to {seconds:.1} s late"))
    }

    /// Applies an event of an active run that is not played.
    fn take_live_event(&mut self, run: RunId, event: Event) -> Option<Effect> {
        let effect = self.take_event(run, event);
        self.conclude_lesson_run();
        effect
    }

    /// Applies an event of an active run.
    fn take_event(&mut self, run: RunId, mut event: Event) -> Option<Effect> {
        if let EventKind::RunFinished { outcome, .. } = &mut event.kind {
            // The run may have finished before the stop reached it. The next one still must not
            // start.
            let continues = self.stopping.is_some() && self.session.has_next_run(run);
            if continues && *outcome == RunOutcome::Finished {
                *outcome = RunOutcome::Stopped;
            }
        }
        let was_active = self.session.active().is_some();
        if let Some(next) = self.session.apply(run, &event) {
            return Some(self.continue_with(next));
        }
        if !was_active || self.session.active().is_some() {
            return None;
        }
        self.start_successor()
    }

    /// Starts the next run of the active selection.
    fn continue_with(&mut self, next: PlannedRun) -> Effect {
        self.picture.now = Nanos::ZERO;
        self.screen.player_mut().map(Player::open);
        if let Some(sweep) = self.session.active().filter(|&active| active.is_sweep()) {
            self.picture.show_next_trial(sweep);
        }
        Effect::Start(vec![next])
    }

    /// Prepares the state for drawing a frame whose timeline is `columns` cells wide.
    fn prepare_frame(&mut self, now: Nanos, columns: u16) -> Option<Effect> {
        let effect = self.advance_playback(now);
        if !self.is_playback() {
            self.picture.now = now;
        }
        self.conclude_lesson_run();
        self.refresh_axis_mark();
        self.picture.view.viewport.set_reduced_motion(self.options.reduced_motion);
        self.picture.prepare_frame(&self.session, columns);
        if let Some(Overlay::Table(table_view)) = &mut self.overlay {
            let visible: Vec<(&Run, Nanos)> = self.picture.visible_runs(&self.session).collect();
            table_view.refresh(&visible);
        }
        effect
    }

    fn start_shown(&mut self) -> Vec<PlannedRun> {
        let runs = self.session.start_selection(self.selection());
        if !runs.is_empty() {
            self.has_terminated = false;
            self.forget_attempts();
            let expected = self.estimated_duration();
            self.picture.view.reset_for_run(expected);
        }
        runs
    }

    /// The estimated duration of a run of the selection, if it can be known before the run starts.
    fn estimated_duration(&self) -> Option<Nanos> {
        let setup = self.session.setup();
        let size = setup.compute.size.0.saturating_mul(setup.tasks.into());
        // The tasks in sequence, plus some overhead of the modes.
        let expected = Nanos(size.saturating_add(size / 16));
        self.selection().workload.is_computed().then_some(expected)
    }

    fn switch_to(&mut self, selection: Selection) {
        if self.picture.switch_to(selection) {
            self.forget_attempts();
        }
    }

    /// Drops the search matches and table rows of the previous runs, because other runs are shown.
    fn forget_attempts(&mut self) {
        self.picture.search.clear_hits();
        self.picture.closed_table.clear();
        if let Some(Overlay::Table(table_view)) = &mut self.overlay {
            table_view.clear();
        }
    }

    /// Sets the runs of a recording as the first baseline.
    pub fn set_external_baseline(&mut self, runs: Vec<Run>, name: String) {
        self.session.set_external_baseline(runs, name);
    }

    /// The runs to export, with the sweep if they belong to one: the runs shown, or else the
    /// latest.
    pub fn runs_to_export(&self) -> (&[Run], Option<&Sweep>) {
        if self.runs().iter().any(Run::has_started) {
            (self.runs(), self.session.sweep(self.selection()))
        } else {
            (self.session.latest_runs(), None)
        }
    }

    /// The startup notice about the recording used as a baseline, if there is one.
    pub fn external_baseline_notice(&self) -> Option<String> {
        let (key, shown) = (self.key_of(Action::Compare), self.selection());
        let name = self.session.external_baseline_name(shown);
        let name_notice = name.map(|name| format!("{key} compares with {name}"));
        name_notice.or_else(|| self.session.external_baseline_mismatch(shown))
    }

    /// The number of workers of the next parallel run, if it differs from the run shown.
    pub fn next_workers(&self) -> Option<u16> {
        let Selection { workload, .. } = self.selection();
        if self.selection().is_sweep() || self.session.is_auto(workload) {
            return None;
        }
        let shown = self.runs().iter().find(|run| run.plan().mode != Mode::Sequential);
        let next = self.session.worker_count(workload);
        shown.map(Run::plan).filter(|now| now.auto || now.workers != next).map(|_| next)
    }

    /// Returns `true` if the active run is being stopped and the selection shown does not start
    /// after it.
    pub fn is_held_back(&self) -> bool {
        self.stopping == Some(self.selection())
    }
}
