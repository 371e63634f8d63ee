//! The state of the screen: `App::update` takes what came (a key, an event, a frame) and returns
//! what is to be done. Nothing here draws, starts threads or asks the time.

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
pub mod replay;
mod search;
mod selected_lane;
pub mod session;
pub mod slow_motion;
mod startup_notice;
mod suspension;
mod sweep;
mod table;
mod text_input;
mod time_range;
mod undo_history;
mod view;
pub mod viewport;

use std::collections::BTreeMap;

pub use crate::model::Background;
use crate::model::littles_law::LittlesLaw;
use crate::model::{
    Event, EventKind, ExportKind, ModeChoice, Nanos, Plan, RunOutcome, Selection, Workload,
};
pub use comparison::Difference;
pub use keymap::{Action, DEFAULT_BINDINGS, KeyContext, Keymap};
pub use message::{Effect, Gesture, Msg, PointerTarget};
pub use output_pager::OutputPager;
pub use overhead::Overhead;
pub use overlay::Overlay;
use replay::ReplayPlayer;
pub use search::SearchStatus;
pub use selected_lane::{DetailPane, SelectedLane};
pub use session::{Baseline, Session};
use slow_motion::SlowMotion;
pub use table::TableView;
pub use text_input::TextInput;
use view::TimelineView;
pub use viewport::{TimeWindow, Viewport};

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    session: Session,
    selection: Selection,
    view: TimelineView,
    /// How the selections that are not shown were looked at.
    other_views: BTreeMap<Selection, TimelineView>,
    background: Background,
    /// A person chose it: the terminal's answer does not count.
    background_chosen: bool,
    overlay: Option<Overlay>,
    notice: Option<String>,
    /// The selection shown when the active run was told to stop; `None` if it was not.
    stopping: Option<Selection>,
    startup_notice: startup_notice::StartupNotice,
    search: search::SearchState,
    table_view: Option<TableView>,
    /// Which of the rivals the runs shown are compared with.
    baseline_index: Option<usize>,
    overhead: Overhead,
    self_checks: Vec<(String, LittlesLaw)>,
    /// Names that no file has, for what can be taken along.
    export_names: Vec<(ExportKind, String)>,
    slow_motion: SlowMotion,
    /// What plays, where this is a recording.
    player: Option<ReplayPlayer>,
    reduced_motion: bool,
    keymap: Keymap,
    now: Nanos,
}

impl App {
    /// A screen that shows `selection`; [`Self::start`] starts it.
    pub fn new(session: Session, selection: Selection, background: Background) -> Self {
        Self {
            slow_motion: SlowMotion::new(session.setup().compute.simulation),
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
            reduced_motion: false,
            keymap: Keymap::default(),
            now: Nanos::ZERO,
        }
    }

    /// The same, with keys of a person's own.
    #[must_use]
    pub fn with_keymap(self, keymap: Keymap) -> Self {
        Self { keymap, ..self }
    }

    /// The same, with a view that follows by halves of itself, and does not creep.
    #[must_use]
    pub fn with_reduced_motion(self) -> Self {
        Self { reduced_motion: true, ..self }
    }

    /// Runs the selection shown, or plays the recording.
    pub fn start(&mut self) -> Option<Effect> {
        if self.player.is_some() {
            self.apply_due_entries();
            return None;
        }
        self.start_shown().map(Effect::Start)
    }

    fn start_shown(&mut self) -> Option<Plan> {
        let plan = self.session.start_selection(self.selection)?;
        self.forget_attempts();
        self.view.reset_for_run(self.estimated_duration());
        Some(plan)
    }

    /// How long what is shown may take, where that is known before it begins.
    fn estimated_duration(&self) -> Option<Nanos> {
        let setup = self.session.setup();
        let size = setup.compute.size.0.saturating_mul(setup.tasks.into());
        // One after another, and what the modes cost.
        let expected = Nanos(size.saturating_add(size / 16));
        self.selection.workload.is_computed().then_some(expected)
    }

    /// Takes what came; returns what is to be done.
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
            Msg::Event(event) => self.take_event(event),
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
            Msg::ExportFinished(words) => {
                self.notice = Some(words);
                None
            }
            Msg::Resumed(time) => {
                self.player.as_mut().map(ReplayPlayer::reset_clock);
                self.notice = self.suspension_notice(time);
                None
            }
            Msg::Frame { now, columns } => {
                self.prepare_frame(now, columns);
                None
            }
        }
    }

    fn take_event(&mut self, mut event: Event) -> Option<Effect> {
        let mut stopping = None;
        if let EventKind::RunFinished { outcome } = &mut event.kind {
            stopping = self.stopping.take();
            // The run may have been over before the stop reached it. Nothing follows all the same.
            if stopping.is_some() && *outcome == RunOutcome::Finished {
                *outcome = RunOutcome::Stopped;
            }
        }
        if let Some(plan) = self.session.apply(&event) {
            self.now = Nanos::ZERO;
            self.show_next_trial();
            return Some(Effect::Start(plan));
        }
        // Whoever stops a run wants nothing to start. A selection chosen since then may.
        if stopping == Some(self.selection) { None } else { self.start_if_free() }
    }

    /// Where a key that is pressed now counts.
    const fn context(&self) -> KeyContext {
        match self.overlay {
            Some(Overlay::Table) => KeyContext::Table,
            _ if self.player.is_some() => KeyContext::Replay,
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
            Action::Slower => return self.change_slowdown(true),
            Action::Faster => return self.change_slowdown(false),
            Action::Export => return self.open_export_menu(),
            Action::Theme => self.toggle_theme(),
            Action::Help => self.open_help(),
            Action::Quit => return self.request_quit(),
            _ => self.view.handle_action(action, self.session.runs(self.selection), self.now),
        }
        None
    }

    fn choices(&self) -> &'static [ModeChoice] {
        self.selection.workload.mode_choices()
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

    /// Shows another selection, and runs it if it has not run yet and costs nobody anything.
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

    /// Runs what is shown if it has not run yet, nothing else runs, and no quota pays for it.
    fn start_if_free(&mut self) -> Option<Effect> {
        let workload = self.selection.workload;
        // Nor does a person's command run again because of a key that only looks.
        let free = !self.session.setup().costs_quota(workload) && workload != Workload::Commands;
        // Where the preparing request failed, a person decides to try again.
        let prepared =
            self.session.task_count(workload).is_some() || self.session.profile().is_none();
        let ready = prepared && self.session.active().is_none();
        (free && ready && self.runs().is_empty()).then(|| self.start()).flatten()
    }

    /// Stops the active run. A selection that was to follow it is not started.
    fn stop(&mut self) -> Option<Effect> {
        let active = self.session.active()?;
        if active != self.selection && self.runs().is_empty() {
            let (active, shown) = (active.beside(self.selection), self.selection.beside(active));
            let run = self.key_of(Action::Run);
            self.notice = Some(format!("{active} stops and {shown} does not start; {run} runs it"));
        }
        self.stopping = Some(self.selection);
        Some(Effect::Stop)
    }

    /// Returns whether the active run was told to stop, and the selection shown not to follow it.
    pub fn is_held_back(&self) -> bool {
        self.stopping == Some(self.selection)
    }

    fn start_again(&mut self) -> Option<Effect> {
        if let Some(active) = self.session.active() {
            return self.refuse_while_running(active);
        }
        self.start()
    }

    /// What a key asks for must wait for a run.
    fn refuse_while_running(&mut self, active: Selection) -> Option<Effect> {
        let stop = self.key_of(Action::Stop);
        self.notice = Some(format!("{active} is running; {stop} stops it"));
        None
    }

    fn request_quit(&mut self) -> Option<Effect> {
        if self.player.is_some() || self.session.active().is_none() {
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
