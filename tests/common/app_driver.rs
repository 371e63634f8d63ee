//! Drives an [`App`] through a fabricated session, whose events have exact times: a test plays them
//! one by one, up to a time, or to the end. Events of runs at the same moment are played in the order
//! of their times.

mod auto_script;
mod compute_script;
mod fetch_script;
pub(crate) mod memory_log;
pub(crate) mod program_script;
mod scenario;

use std::collections::VecDeque;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use threadline::app::lessons::Course;
use threadline::app::{App, Effect, Msg, Options, Overlay, Session, TableView};
use threadline::model::{
    Event, EventKind, LaneId, LogEntry, Mode, Nanos, PlannedRun, Run, RunId, RunOutcome, Selection,
    Setup, Target, TaskOutcome, WatchedProgram, Workload,
};
use threadline::source::simulate::SimulatedRun;
use threadline::ui::{self, theme};
use unicode_width::UnicodeWidthStr as _;

use memory_log::MemoryLog;
use scenario::PER_PAGE;
pub(crate) use scenario::Scenario;

/// The colour depth and the glyph set of a terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalKind(pub(crate) theme::ColorDepth, pub(crate) theme::GlyphSet);

/// A terminal with true colour and Unicode.
pub(crate) const COLOUR: TerminalKind =
    TerminalKind(theme::ColorDepth::True, theme::GlyphSet::Unicode);

/// An app, with the events of its active runs that are still to be played.
#[derive(Debug)]
pub(crate) struct AppDriver {
    /// The app itself.
    pub(crate) app: App,
    /// The log of the session.
    log: MemoryLog,
    scenario: Scenario,
    /// The active runs.
    active: Vec<PlannedRun>,
    /// The events of the active runs that are not played yet.
    pending: VecDeque<(RunId, Event)>,
    now: Nanos,
    /// The requests left of the quota.
    remaining: u32,
}

impl AppDriver {
    /// Starts a session with `selection`; none of its events is played yet.
    pub(crate) fn new(scenario: Scenario, selection: Selection) -> Self {
        let target = Target {
            user: "aaronlelevier".to_owned(),
            api: scenario.api().to_owned(),
            per_page: PER_PAGE,
            costs_quota: scenario.costs_quota,
        };
        let setup = match selection.workload {
            Workload::Commands => {
                let commands = compute_script::COMMANDS.map(|(command, ..)| command.to_owned());
                Setup::commands(commands.into(), scenario.workers.unwrap_or(3))
            }
            _ => Setup { compute: scenario.compute, ..Setup::followers(target, scenario.workers) },
        };
        let (auto, sweep) = (scenario.auto, scenario.sweep.clone());
        let cores = Some(compute_script::CORES);
        let setup = Setup { auto, sweep, cores, ..setup };
        let log = MemoryLog::default();
        let session = Session::new(setup);
        let pages = scenario.followers.div_ceil(PER_PAGE.into()).max(1);
        let is_known = selection.workload == Workload::Followers
            && !(scenario.costs_quota || scenario.unknown_user);
        let session = if is_known { session.with_pages(pages) } else { session };
        let app = App::new(log.attach(session), selection, Options::default());
        let (pending, now, remaining) = (VecDeque::new(), Nanos::ZERO, scenario.remaining);
        let mut driver = Self { app, log, scenario, active: Vec::new(), pending, now, remaining };
        let effect = driver.app.start();
        driver.perform_effect(effect.as_ref());
        driver
    }

    /// Starts to watch a program, whose events are still to be played.
    pub(crate) fn watching(program: WatchedProgram, events: Vec<Event>) -> Self {
        let log = MemoryLog::default();
        let session = Session::new(Setup::program(program));
        let selection = Selection::only(Workload::Program, Mode::Threads);
        let mut app = App::new(log.attach(session), selection, Options::default());
        let Some(Effect::Start(active)) = app.start() else { panic!("no run to start") };
        let pending = events.into_iter().map(|event| (active[0].run, event)).collect();
        let (scenario, now) = (Scenario::default(), Nanos::ZERO);
        Self { app, log, scenario, active, pending, now, remaining: 0 }
    }

    /// Opens a course: the lesson with the index `first`, or the list.
    pub(crate) fn for_course(course: Course, first: Option<usize>, scenario: Scenario) -> Self {
        let mut app = App::for_course(course, first, Options::default());
        assert_eq!(app.start(), None, "nothing runs before a prediction");
        let (pending, now, log) = (VecDeque::new(), Nanos::ZERO, MemoryLog::default());
        Self { app, log, scenario, active: Vec::new(), pending, now, remaining: 0 }
    }

    /// Starts the race of the default scenario.
    pub(crate) fn race() -> Self {
        Self::new(Scenario::default(), Selection::race(Workload::Followers))
    }

    /// Starts the race on the built-in server, where its modes start at the same moment.
    pub(crate) fn built_in_race() -> Self {
        let scenario = Scenario { host: Target::BUILT_IN, ..Scenario::default() };
        Self::new(scenario, Selection::race(Workload::Followers))
    }

    /// Plays until the run in `mode` is `millis` milliseconds old.
    #[must_use]
    pub(crate) fn play_until(mut self, mode: Mode, millis: u64) -> Self {
        while !self.active.iter().any(|active| active.plan.mode == mode) {
            self.play_event().expect("a run in this mode");
        }
        self.play_to(Nanos::from_millis(millis));
        self
    }

    /// Plays until no run is active.
    #[must_use]
    pub(crate) fn play_to_end(mut self) -> Self {
        while self.play_event().is_some() {}
        self
    }

    /// Presses the keys of a text, one after another. `←` and `→` are these arrows with Shift.
    #[must_use]
    pub(crate) fn press_keys(mut self, keys: &str) -> Self {
        for key in keys.chars() {
            match key {
                '←' => self.press_with(KeyCode::Left, KeyModifiers::SHIFT),
                '→' => self.press_with(KeyCode::Right, KeyModifiers::SHIFT),
                key => self.press(KeyCode::Char(key)),
            };
        }
        self
    }

    /// Returns the table of tasks, which is open.
    pub(crate) fn table_view(&self) -> &TableView {
        let Some(Overlay::Table(table_view)) = self.app.overlay() else { panic!("no table") };
        table_view
    }

    /// Returns the log of the session.
    pub(crate) fn log_entries(&self) -> Vec<LogEntry> {
        self.log.entries()
    }

    /// Presses a key, performs the effect that the app returns, and returns it.
    pub(crate) fn press(&mut self, key: KeyCode) -> Option<Effect> {
        self.press_with(key, KeyModifiers::NONE)
    }

    /// Presses a key with modifiers.
    pub(crate) fn press_with(&mut self, key: KeyCode, modifiers: KeyModifiers) -> Option<Effect> {
        let effect = self.app.update(Msg::Key(KeyEvent::new(key, modifiers)));
        self.perform_effect(effect.as_ref());
        effect
    }

    /// Plays the next event and returns it, or `None` if no run is active.
    pub(crate) fn play_event(&mut self) -> Option<Event> {
        let (run, event) = self.pending.pop_front()?;
        self.now = event.at;
        let effect = self.app.update(Msg::Event(run, event.clone()));
        if event_ends_run(&event) {
            self.active.retain(|active| active.run != run);
        }
        self.perform_effect(effect.as_ref());
        Some(event)
    }

    /// Plays the active runs' events up to a time, and advances the clock to it. The player of a
    /// simulated run follows at the next frame.
    pub(crate) fn play_to(&mut self, until: Nanos) {
        while self.pending.front().is_some_and(|(_, event)| event.at <= until) {
            self.play_event();
        }
        self.now = until;
    }

    /// Advances the clock by this time, and plays what is due.
    pub(crate) fn advance(&mut self, millis: u64) {
        self.play_to(self.now + Nanos::from_millis(millis));
    }

    fn perform_effect(&mut self, effect: Option<&Effect>) {
        match effect {
            Some(Effect::Start(runs)) => {
                self.active.clone_from(runs);
                let mut pending = Vec::new();
                for PlannedRun { run, plan } in runs {
                    if let Some(events) = SimulatedRun::new(plan) {
                        events.for_each(|event| _ = self.app.update(Msg::Event(*run, event)));
                        continue;
                    }
                    let events = scenario::events(&self.scenario, plan, &mut self.remaining);
                    pending.extend(events.into_iter().map(|event| (*run, event)));
                    self.now = Nanos::ZERO;
                }
                pending.sort_by_key(|(_, event)| event.at);
                self.pending = pending.into();
            }
            Some(Effect::Stop) if !self.app.is_playback() => self.stop(),
            _ => {}
        }
    }

    /// Replaces the pending events: every open task is stopped now, and then each run.
    fn stop(&mut self) {
        let active = self.app.session().active_runs();
        self.pending = active.flat_map(|(id, run)| stop_events(run, self.now, id)).collect();
    }

    /// Draws a frame for a terminal of this size and kind.
    pub(crate) fn draw(
        &mut self,
        (width, height): (u16, u16),
        terminal_kind: TerminalKind,
    ) -> Terminal<TestBackend> {
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("a terminal in memory");
        self.draw_on(&mut terminal, terminal_kind);
        terminal
    }

    /// Draws a frame on a terminal whose current buffer is empty. No flush to the backend: it would
    /// only diff the frames.
    pub(crate) fn draw_on(
        &mut self,
        terminal: &mut Terminal<TestBackend>,
        terminal_kind: TerminalKind,
    ) {
        let mut frame = terminal.get_frame();
        let columns = ui::timeline_columns(&self.app, frame.area().as_size());
        let effect = self.app.update(Msg::Frame { now: self.now, columns });
        self.perform_effect(effect.as_ref());
        let theme = theme::Theme::new(terminal_kind.0, terminal_kind.1, self.app.background());
        ui::render(&self.app, theme, &mut frame);
    }

    /// Draws a frame and returns its text, one quoted row per line.
    pub(crate) fn text(&mut self, size: (u16, u16), terminal_kind: TerminalKind) -> String {
        let mut terminal = self.draw(size, terminal_kind);
        terminal.flush().expect("a screen in memory");
        terminal.backend().to_string()
    }

    /// Draws a frame for a colour terminal and returns its rows as text.
    pub(crate) fn rows(&mut self, size: (u16, u16)) -> Vec<String> {
        let mut terminal = self.draw(size, COLOUR);
        let buffer = terminal.current_buffer_mut();
        // The cell to the right of a wide character holds a space that no terminal shows.
        let covered = |x: u16, y| x > 0 && buffer[(x - 1, y)].symbol().width() > 1;
        let columns = |y| (0..size.0).filter(move |&x| !covered(x, y));
        let row = |y| columns(y).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..size.1).map(row).collect()
    }
}

/// Returns the events of a run that is stopped at `at`.
fn stop_events(run: &Run, at: Nanos, id: RunId) -> Vec<(RunId, Event)> {
    let open = run.tasks().iter().filter(|(_, record)| record.outcome.is_none());
    let stopped = open.map(|(task, record)| {
        let kind = EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped };
        Event { at, lane: record.lane, kind }
    });
    let kind = EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None };
    let end = Event { at, lane: LaneId(0), kind };
    stopped.chain([end]).map(|event| (id, event)).collect()
}

const fn event_ends_run(event: &Event) -> bool {
    matches!(event.kind, EventKind::RunFinished { .. })
}
