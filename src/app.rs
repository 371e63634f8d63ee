//! The state of the screen. `App::update` takes a message (a key, an event, a frame) and returns
//! the effect to carry out. This module never draws, starts threads or reads a clock.

mod accessors;
mod comparison;
mod cursor;
mod export_menu;
mod frame;
pub mod keymap;
mod message;
mod mouse;
mod output_pager;
mod overhead;
mod overlay;
pub mod playback;
pub mod replay;
mod search;
mod selected_lane;
pub mod session;
mod simulation;
mod startup_notice;
mod suspension;
mod sweep;
mod table;
mod text_input;
mod view;
pub mod viewport;

use std::collections::BTreeMap;

use crate::analysis::latency::LittlesLaw;
pub use crate::model::Background;
use crate::model::{
    Event, EventKind, ExportKind, ModeChoice, Nanos, Plan, RunOutcome, Selection, Simulation,
};
pub use comparison::Difference;
pub use keymap::{Action, DEFAULT_BINDINGS, KeyContext, Keymap};
pub use message::{Effect, Gesture, Msg, PointerTarget};
pub use output_pager::OutputPager;
pub use overhead::Overhead;
pub use overlay::Overlay;
use playback::{PlaybackSpeed, Player};
pub use search::SearchStatus;
pub use selected_lane::{DetailPane, SelectedLane};
pub use session::{Baseline, Session};
pub use table::TableView;
use view::TimelineView;
pub use viewport::{TimeWindow, Viewport};

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    session: Session,
    selection: Selection,
    view: TimelineView,
    /// The views of the selections that are not shown.
    other_views: BTreeMap<Selection, TimelineView>,
    background: Background,
    /// The user chose the background, so the terminal's answer is ignored.
    background_chosen: bool,
    overlay: Option<Overlay>,
    notice: Option<String>,
    /// The selection that was shown when the user stopped the active run. `None` if it was not
    /// stopped.
    stopping: Option<Selection>,
    startup_notice: startup_notice::StartupNotice,
    search: search::SearchState,
    table_view: Option<TableView>,
    /// The index of the baseline that the runs shown are compared with.
    baseline_index: Option<usize>,
    overhead: Overhead,
    self_checks: Vec<(String, LittlesLaw)>,
    /// Unused file names for the exports.
    export_names: Vec<(ExportKind, String)>,
    /// The simulated machine, kept while simulation is off.
    simulation: Simulation,
    /// The player of a recording, or of the simulated selection that ran last.
    player: Option<Player>,
    /// The speed of any player.
    speed: PlaybackSpeed,
    reduced_motion: bool,
    keymap: Keymap,
    now: Nanos,
}

impl App {
    /// Creates a screen that shows `selection`. [`Self::start`] runs it.
    pub fn new(session: Session, selection: Selection, background: Background) -> Self {
        Self {
            simulation: session.setup().compute.simulation.unwrap_or_default(),
            session,
            selection,
            view: TimelineView::default(),
            other_views: BTreeMap::new(),
            background,
            background_chosen: false,
            overlay: None,
            notice: None,
            stopping: None,
            startup_notice: startup_notice::StartupNotice::default(),
            search: search::SearchState::default(),
            table_view: None,
            baseline_index: None,
            overhead: Overhead::default(),
            self_checks: Vec::new(),
            export_names: Vec::new(),
            player: None,
            speed: PlaybackSpeed::from_slowdown(playback::DEFAULT_SLOWDOWN),
            reduced_motion: false,
            keymap: Keymap::default(),
            now: Nanos::ZERO,
        }
    }

    /// Replaces the default key bindings.
    #[must_use]
    pub fn with_keymap(self, keymap: Keymap) -> Self {
        Self { keymap, ..self }
    }

    /// Enables reduced motion: the view jumps by half a screen instead of scrolling.
    #[must_use]
    pub fn with_reduced_motion(self) -> Self {
        Self { reduced_motion: true, ..self }
    }

    /// Runs the selection shown, or starts playing the recording.
    pub fn start(&mut self) -> Option<Effect> {
        if self.is_recording() {
            return self.apply_due_entries();
        }
        // A sweep that costs quota starts with a key, once its cost has been shown.
        if self.session.awaits_confirmation(self.selection) {
            return None;
        }
        self.start_live().map(Effect::Start)
    }

    fn start_shown(&mut self) -> Option<Plan> {
        let plan = self.session.start_selection(self.selection)?;
        self.forget_attempts();
        self.view.reset_for_run(self.estimated_duration());
        Some(plan)
    }

    /// The estimated duration of a run of the selection, if it can be known before the run starts.
    fn estimated_duration(&self) -> Option<Nanos> {
        let setup = self.session.setup();
        let size = setup.compute.size.0.saturating_mul(setup.tasks.into());
        // The tasks in sequence, plus some overhead of the modes.
        let expected = Nanos(size.saturating_add(size / 16));
        self.selection.workload.is_computed().then_some(expected)
    }

    /// Handles a message and returns the effect to carry out, if any.
    pub fn update(&mut self, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(key) => {
                self.clear_notice();
                self.search.clear_status();
                if self.is_entering_text() {
                    return self.handle_search_key(&key);
                }
                self.handle_action(self.keymap.action_for(&key, self.context())?)
            }
            Msg::Mouse(gesture, target) => {
                self.clear_notice();
                self.handle_mouse(gesture, target);
                None
            }
            Msg::Event(event) => match &mut self.player {
                Some(player) => {
                    player.receive(event);
                    None
                }
                None => self.take_event(event),
            },
            Msg::Background(background) => {
                if !self.background_chosen {
                    self.background = background;
                }
                None
            }
            Msg::EventOverhead(cost) => {
                self.overhead.event = Some(cost);
                None
            }
            Msg::FrameDrawn(took) => {
                self.overhead.record_frame(took);
                None
            }
            Msg::ExportNames(names) => {
                self.export_names = names;
                None
            }
            Msg::ExportFinished(text) => {
                self.notice = Some(text);
                None
            }
            Msg::Resumed(time) => {
                self.player.as_mut().map(Player::reset_clock);
                self.notice = self.suspension_notice(time);
                None
            }
            Msg::Frame { now, columns } => self.prepare_frame(now, columns),
        }
    }

    fn take_event(&mut self, mut event: Event) -> Option<Effect> {
        let mut stopping = None;
        if let EventKind::RunFinished { outcome } = &mut event.kind {
            stopping = self.stopping.take();
            // The run may have finished before the stop reached it. The next one still must not
            // start.
            if stopping.is_some() && *outcome == RunOutcome::Finished {
                *outcome = RunOutcome::Stopped;
            }
        }
        if let Some(plan) = self.session.apply(&event) {
            self.now = Nanos::ZERO;
            self.player.as_mut().map(Player::open);
            self.show_next_trial();
            return Some(Effect::Start(plan));
        }
        // After a stop, no run starts by itself, unless another selection was chosen since.
        if stopping == Some(self.selection) { None } else { self.start_if_free() }
    }

    /// The context in which a key is looked up now.
    fn context(&self) -> KeyContext {
        match self.overlay {
            Some(Overlay::Table) => KeyContext::Table,
            _ if self.is_recording() => KeyContext::Replay,
            _ if self.shown_player().is_some() => KeyContext::Simulation,
            _ => KeyContext::Timeline,
        }
    }

    fn handle_action(&mut self, action: Action) -> Option<Effect> {
        match (self.overlay, action) {
            (_, Action::Interrupt) => return Some(Effect::Interrupt),
            (_, Action::Suspend) => return Some(Effect::Suspend),
            (Some(Overlay::Quit), Action::Quit) => return Some(Effect::Quit),
            (Some(Overlay::Export(entry)), Action::Inspect) => return self.start_export(entry),
            (Some(Overlay::Export(entry)), _) => {
                self.overlay = self.handle_export_action(entry, action);
                return None;
            }
            (Some(Overlay::Table), _) => {
                self.handle_table_action(action);
                return None;
            }
            (Some(overlay), _) => {
                self.overlay = overlay.handle_action(action, self.session.runs(self.selection));
                return None;
            }
            (None, _) => {}
        }
        if self.handle_replay_action(action) {
            return None;
        }
        match action {
            Action::Mode(index) => return self.show_choice(index),
            Action::NextMode => return self.show_next_choice(1),
            Action::PreviousMode => return self.show_next_choice(self.choices().len() - 1),
            Action::NextWorkload => return self.show_next_workload(),
            Action::Run => return self.start_again(),
            Action::Stop => return self.stop(),
            Action::FewerWorkers => self.change_workers(-1),
            Action::MoreWorkers => self.change_workers(1),
            Action::Inspect => self.toggle_inspector(),
            Action::Compare => self.select_next_baseline(),
            Action::Find => self.open_search(),
            Action::NextFound => self.go_to_next_hit(true),
            Action::PreviousFound => self.go_to_next_hit(false),
            Action::NextSpan | Action::PreviousSpan => self.move_to_next_span(action),
            Action::Table => self.open_table(),
            Action::Simulate => return self.toggle_simulation(),
            Action::Slower | Action::Faster => self.change_speed(action),
            Action::Pause => self.toggle_pause(),
            Action::StepBack | Action::StepForward => return self.step(action),
            Action::ScrubBack | Action::ScrubForward => return self.scrub(action),
            Action::Export => return self.open_export_menu(),
            Action::Theme => self.toggle_theme(),
            Action::Help => self.open_help(),
            Action::Quit => return self.request_quit(),
            _ => self.view.handle_action(action, self.session.runs(self.selection), self.now),
        }
        None
    }

    fn choices(&self) -> &'static [ModeChoice] {
        self.selection.workload.spec().mode_choices
    }

    fn show_next_choice(&mut self, by: usize) -> Option<Effect> {
        self.show_choice((self.selection.index() + by) % self.choices().len())
    }

    fn show_choice(&mut self, index: usize) -> Option<Effect> {
        let choice = *self.choices().get(index)?;
        self.show(Selection { choice, ..self.selection })
    }

    fn show_next_workload(&mut self) -> Option<Effect> {
        let workloads = self.session.setup().workloads();
        let here = workloads.iter().position(|&workload| workload == self.selection.workload)?;
        let workload = *workloads.get((here + 1) % workloads.len())?;
        self.show(Selection { workload, ..self.selection })
    }

    /// Shows another selection, and runs it if it has not run yet and is free to run.
    fn show(&mut self, selection: Selection) -> Option<Effect> {
        self.switch_to(selection);
        self.start_if_free()
    }

    fn switch_to(&mut self, selection: Selection) {
        if selection == self.selection {
            return;
        }
        let view = self.other_views.remove(&selection).unwrap_or_default();
        self.other_views.insert(self.selection, std::mem::replace(&mut self.view, view));
        self.selection = selection;
        self.baseline_index = None;
        self.forget_attempts();
    }

    /// Runs the selection shown if it has not run yet, no other run is active and it costs no
    /// quota.
    fn start_if_free(&mut self) -> Option<Effect> {
        let workload = self.selection.workload;
        // The user's commands may have side effects, so selecting them does not run them again.
        let free = !self.session.setup().costs_quota(workload) && !workload.is_command();
        // If a run has not even found the number of pages, others start when the user asks for them.
        let failed = self.session.latest_run().is_some_and(|run| run.plan().workload() == workload);
        let prepared = self.session.task_count(workload).is_some() || !failed;
        let ready = prepared && self.session.active().is_none();
        (free && ready && self.runs().is_empty()).then(|| self.start()).flatten()
    }

    /// Stops the active run. The selection that would run next does not start.
    fn stop(&mut self) -> Option<Effect> {
        let active = self.session.active()?;
        if active != self.selection && self.runs().is_empty() {
            let (active, shown) = (active.beside(self.selection), self.selection.beside(active));
            let run = self.key_of(Action::Run);
            self.notice = Some(format!("{active} stops and {shown} does not start; {run} runs it"));
        }
        self.stopping = Some(self.selection);
        if self.player.is_some() { self.stop_simulated_run() } else { Some(Effect::Stop) }
    }

    /// Returns `true` if the active run is being stopped and the selection shown does not start
    /// after it.
    pub fn is_held_back(&self) -> bool {
        self.stopping == Some(self.selection)
    }

    fn start_again(&mut self) -> Option<Effect> {
        if let Some(active) = self.session.active() {
            return self.refuse_while_running(active);
        }
        self.start_live().map(Effect::Start)
    }

    /// Shows that the action must wait until the active run ends.
    fn refuse_while_running(&mut self, active: Selection) -> Option<Effect> {
        let stop = self.key_of(Action::Stop);
        self.notice = Some(format!("{active} is running; {stop} stops it"));
        None
    }

    fn request_quit(&mut self) -> Option<Effect> {
        if self.is_recording() || self.session.active().is_none() {
            return Some(Effect::Quit);
        }
        self.overlay = Some(Overlay::Quit);
        None
    }

    const fn toggle_theme(&mut self) {
        self.background_chosen = true;
        self.background = match self.background {
            Background::Dark => Background::Light,
            Background::Light => Background::Dark,
        };
    }
}
