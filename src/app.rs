//! The state of the screen: `App::update` takes what came (a key, an event, a frame) and returns
//! what is to be done. Nothing here draws, starts threads or asks the time.

mod compare;
mod cost;
mod cursor;
mod export;
mod find;
mod frame;
mod history;
pub mod keymap;
mod line;
mod look;
mod message;
mod opening;
mod output;
pub mod pace;
mod pointer;
mod popup;
mod range;
pub mod replay;
pub mod session;
mod shown;
mod sleep;
mod sweep;
mod table;
mod view;
pub mod viewport;

use std::collections::BTreeMap;

pub use crate::model::Background;
use crate::model::law::Law;
use crate::model::{Choice, End, Event, ExportKind, Kind, Nanos, Plan, Selection, Workload};
pub use compare::Difference;
pub use cost::Cost;
pub use find::Told;
pub use keymap::{Action, BINDINGS, Context, Keymap};
pub use line::Line;
pub use look::{Looked, Pane};
pub use message::{Effect, Gesture, Msg, Pointed};
pub use output::Reading;
use pace::SlowMotion;
pub use popup::Popup;
use replay::Player;
pub use session::{Rival, Session};
pub use table::Listing;
use view::View;
pub use viewport::{Viewport, Window};

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    session: Session,
    shown: Selection,
    view: View,
    /// How the selections that are not shown were looked at.
    others: BTreeMap<Selection, View>,
    background: Background,
    /// A person chose it: the terminal's answer does not count.
    background_chosen: bool,
    popup: Option<Popup>,
    notice: Option<String>,
    /// The selection shown when the active run was told to stop; `None` if it was not.
    stopping: Option<Selection>,
    opening: opening::Opening,
    finding: find::Finding,
    listing: Option<Listing>,
    /// Which of the rivals the runs shown are compared with.
    comparing: Option<usize>,
    cost: Cost,
    laws: Vec<(String, Law)>,
    /// Names that no file has, for what can be taken along.
    names: Vec<(ExportKind, String)>,
    slow_motion: SlowMotion,
    /// What plays, where this is a recording.
    player: Option<Player>,
    calm: bool,
    keymap: Keymap,
    now: Nanos,
}

impl App {
    /// A screen that shows `selection`; [`Self::begin`] starts it.
    pub fn new(session: Session, selection: Selection, background: Background) -> Self {
        Self {
            slow_motion: SlowMotion::new(session.setup().compute.simulation),
            session,
            shown: selection,
            view: View::default(),
            others: BTreeMap::new(),
            background,
            background_chosen: false,
            popup: None,
            notice: None,
            stopping: None,
            opening: opening::Opening::default(),
            finding: find::Finding::default(),
            listing: None,
            comparing: None,
            cost: Cost::default(),
            laws: Vec::new(),
            names: Vec::new(),
            player: None,
            calm: false,
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
    pub fn calm(self) -> Self {
        Self { calm: true, ..self }
    }

    /// Runs the selection shown, or plays the recording.
    pub fn begin(&mut self) -> Option<Effect> {
        if self.player.is_some() {
            self.catch_up();
            return None;
        }
        self.begin_shown().map(Effect::Start)
    }

    fn begin_shown(&mut self) -> Option<Plan> {
        let plan = self.session.begin(self.shown)?;
        self.forget_attempts();
        self.view.begin(self.first_guess());
        Some(plan)
    }

    /// How long what is shown may take, where that is known before it begins.
    fn first_guess(&self) -> Option<Nanos> {
        let setup = self.session.setup();
        let size = setup.compute.size.0.saturating_mul(setup.tasks.into());
        // One after another, and what the modes cost.
        let expected = Nanos(size.saturating_add(size / 16));
        self.shown.workload.is_computed().then_some(expected)
    }

    /// Takes what came; returns what is to be done.
    pub fn update(&mut self, msg: Msg) -> Option<Effect> {
        match msg {
            Msg::Key(key) => {
                self.hush();
                self.finding.hush();
                if self.enters_text() {
                    return self.enter(&key);
                }
                self.act(self.keymap.action(&key, self.context())?)
            }
            Msg::Mouse(gesture, pointed) => {
                self.hush();
                self.point(gesture, pointed);
                None
            }
            Msg::Event(event) => self.take_event(event),
            Msg::Background(background) => {
                if !self.background_chosen {
                    self.background = background;
                }
                None
            }
            Msg::EventCost(cost) => {
                self.cost.event = Some(cost);
                None
            }
            Msg::Drawn(took) => {
                self.cost.draw(took);
                None
            }
            Msg::Named(names) => {
                self.names = names;
                None
            }
            Msg::Exported(words) => {
                self.notice = Some(words);
                None
            }
            Msg::Slept(time) => {
                self.player.as_mut().map(Player::sleep);
                self.notice = self.slept(time);
                None
            }
            Msg::Frame { now, columns } => {
                self.frame(now, columns);
                None
            }
        }
    }

    fn take_event(&mut self, mut event: Event) -> Option<Effect> {
        let mut stopping = None;
        if let Kind::RunFinished { end } = &mut event.kind {
            stopping = self.stopping.take();
            // The run may have been over before the stop reached it. Nothing follows all the same.
            if stopping.is_some() && *end == End::Finished {
                *end = End::Stopped;
            }
        }
        if let Some(plan) = self.session.apply(&event) {
            self.now = Nanos::ZERO;
            self.show_next_trial();
            return Some(Effect::Start(plan));
        }
        // Whoever stops a run wants nothing to start. A selection chosen since then may.
        if stopping == Some(self.shown) { None } else { self.settle() }
    }

    /// Where a key that is pressed now counts.
    const fn context(&self) -> Context {
        match self.popup {
            Some(Popup::Table) => Context::Table,
            _ if self.player.is_some() => Context::Replay,
            _ => Context::Picture,
        }
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        match (self.popup, action) {
            (_, Action::Interrupt) => return Some(Effect::Interrupt),
            (_, Action::Suspend) => return Some(Effect::Suspend),
            (Some(Popup::Quit), Action::Quit) => return Some(Effect::Quit),
            (Some(Popup::Export(entry)), Action::Inspect) => return self.export(entry),
            (Some(Popup::Export(entry)), _) => {
                self.popup = self.after_export(entry, action);
                return None;
            }
            (Some(Popup::Table), _) => {
                self.act_on_table(action);
                return None;
            }
            (Some(popup), _) => {
                self.popup = popup.after(action, self.session.runs(self.shown));
                return None;
            }
            (None, _) => {}
        }
        if self.act_on_recording(action) {
            return None;
        }
        match action {
            Action::Mode(index) => return self.choose(index),
            Action::NextMode => return self.step(1),
            Action::PreviousMode => return self.step(self.choices().len() - 1),
            Action::NextWorkload => return self.next_workload(),
            Action::Run => return self.run(),
            Action::Stop => return self.stop(),
            Action::FewerWorkers => self.change_workers(-1),
            Action::MoreWorkers => self.change_workers(1),
            Action::Inspect => self.inspect(),
            Action::Compare => self.compare(),
            Action::Find => self.find(),
            Action::NextFound => self.find_next(true),
            Action::PreviousFound => self.find_next(false),
            Action::NextSpan | Action::PreviousSpan => self.next_span(action),
            Action::Table => self.open_table(),
            Action::Simulate => return self.toggle_simulation(),
            Action::Slower => return self.change_pace(true),
            Action::Faster => return self.change_pace(false),
            Action::Export => return self.open_exports(),
            Action::Theme => self.toggle_theme(),
            Action::Help => self.help(),
            Action::Quit => return self.quit(),
            _ => self.view.act(action, self.session.runs(self.shown), self.now),
        }
        None
    }

    fn choices(&self) -> &'static [Choice] {
        self.shown.workload.choices()
    }

    fn step(&mut self, by: usize) -> Option<Effect> {
        self.choose((self.shown.index() + by) % self.choices().len())
    }

    fn choose(&mut self, index: usize) -> Option<Effect> {
        let choice = *self.choices().get(index)?;
        self.show(Selection { choice, ..self.shown })
    }

    fn next_workload(&mut self) -> Option<Effect> {
        let workloads = self.session.setup().workloads();
        let here = workloads.iter().position(|&workload| workload == self.shown.workload)?;
        let workload = *workloads.get((here + 1) % workloads.len())?;
        self.show(Selection { workload, ..self.shown })
    }

    /// Shows another selection, and runs it if it has not run yet and costs nobody anything.
    fn show(&mut self, selection: Selection) -> Option<Effect> {
        self.turn_to(selection);
        self.settle()
    }

    fn turn_to(&mut self, selection: Selection) {
        if selection == self.shown {
            return;
        }
        let view = self.others.remove(&selection).unwrap_or_default();
        self.others.insert(self.shown, std::mem::replace(&mut self.view, view));
        self.shown = selection;
        self.comparing = None;
        self.forget_attempts();
    }

    /// Runs what is shown if it has not run yet, nothing else runs, and no quota pays for it.
    fn settle(&mut self) -> Option<Effect> {
        let workload = self.shown.workload;
        // Nor does a person's command run again because of a key that only looks.
        let free = !self.session.setup().costs_quota(workload) && workload != Workload::Commands;
        // Where the preparing request failed, a person decides to try again.
        let prepared = self.session.tasks(workload).is_some() || self.session.profile().is_none();
        let ready = prepared && self.session.active().is_none();
        (free && ready && self.runs().is_empty()).then(|| self.begin()).flatten()
    }

    /// Stops the active run. A selection that was to follow it is not started.
    fn stop(&mut self) -> Option<Effect> {
        let active = self.session.active()?;
        if active != self.shown && self.runs().is_empty() {
            let (active, shown) = (active.beside(self.shown), self.shown.beside(active));
            let run = self.key_of(Action::Run);
            self.notice = Some(format!("{active} stops; {shown} is not started: {run} runs it"));
        }
        self.stopping = Some(self.shown);
        Some(Effect::Stop)
    }

    /// Returns whether the active run was told to stop, and the selection shown not to follow it.
    pub fn is_held_back(&self) -> bool {
        self.stopping == Some(self.shown)
    }

    fn run(&mut self) -> Option<Effect> {
        if let Some(active) = self.session.active() {
            return self.refuse(active);
        }
        self.begin()
    }

    /// What a key asks for must wait for a run.
    fn refuse(&mut self, active: Selection) -> Option<Effect> {
        let stop = self.key_of(Action::Stop);
        self.notice = Some(format!("{active} is running: {stop} stops it"));
        None
    }

    fn quit(&mut self) -> Option<Effect> {
        if self.player.is_some() || self.session.active().is_none() {
            return Some(Effect::Quit);
        }
        self.popup = Some(Popup::Quit);
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
