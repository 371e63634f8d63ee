//! Fabricated sittings: an app whose runs have exact times, played as far as a test wants.

mod auto_script;
mod compute_script;
mod scenario;

use std::collections::VecDeque;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::session::Setup;
use threadline::app::{App, Background, Effect, Msg, Session};
use threadline::model::{
    Event, EventKind, LaneId, Mode, Nanos, Plan, RunOutcome, Selection, Target, TaskOutcome,
    Workload,
};
use threadline::ui::{self, theme};
use unicode_width::UnicodeWidthStr as _;

use scenario::PER_PAGE;
pub(crate) use scenario::Scenario;

/// The kind of terminal that a picture is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalKind(pub(crate) theme::ColorDepth, pub(crate) theme::GlyphSet);

/// What most people have.
pub(crate) const COLOUR: TerminalKind =
    TerminalKind(theme::ColorDepth::True, theme::GlyphSet::Unicode);

/// An app with what it was told so far.
#[derive(Debug)]
pub(crate) struct AppDriver {
    /// The app itself.
    pub(crate) app: App,
    job: Scenario,
    /// The plan of the run that goes on.
    plan: Option<Plan>,
    /// What is still to happen in it.
    ahead: VecDeque<Event>,
    now: Nanos,
    /// What is left of the quota.
    remaining: u32,
}

impl AppDriver {
    /// A sitting that has begun with `selection`, of which nothing has happened yet.
    pub(crate) fn new(job: Scenario, selection: Selection) -> Self {
        let target = Target {
            user: "aaronlelevier".to_owned(),
            api: job.api().to_owned(),
            per_page: PER_PAGE,
            costs_quota: job.costs_quota,
        };
        let setup = match selection.workload {
            Workload::Commands => {
                let commands = compute_script::COMMANDS.map(|(command, ..)| command.to_owned());
                Setup::commands(commands.into(), job.workers.unwrap_or(3))
            }
            _ => Setup { compute: job.compute, ..Setup::followers(target, job.workers) },
        };
        let (auto, sweep) = (job.auto, job.sweep.clone());
        let setup =
            Setup { auto, sweep, queue: job.queue, cores: Some(compute_script::CORES), ..setup };
        let app = App::new(Session::new(setup).with_log_buffer(), selection, Background::Dark);
        let (ahead, now, remaining) = (VecDeque::new(), Nanos::ZERO, job.remaining);
        let mut driver = Self { app, job, plan: None, ahead, now, remaining };
        let effect = driver.app.start();
        driver.perform_effect(effect.as_ref());
        driver
    }

    /// The example's race, from its beginning.
    pub(crate) fn race() -> Self {
        Self::new(Scenario::default(), Selection::race(Workload::Followers))
    }

    /// Plays until the run of `mode` has gone on for so many milliseconds.
    #[must_use]
    pub(crate) fn play_until(mut self, mode: Mode, millis: u64) -> Self {
        let wanted = |plan: &Plan| plan.workload() != Workload::Profile && plan.mode == mode;
        while !self.plan.as_ref().is_some_and(wanted) {
            self.play_event().expect("the run is never reached");
        }
        self.play_to(Nanos::from_millis(millis));
        self
    }

    /// Plays until nothing goes on.
    #[must_use]
    pub(crate) fn play_to_end(mut self) -> Self {
        while self.play_event().is_some() {}
        self
    }

    /// Presses keys, one after another.
    #[must_use]
    pub(crate) fn press_keys(mut self, keys: &str) -> Self {
        for key in keys.chars() {
            self.press(KeyCode::Char(key));
        }
        self
    }

    /// Presses a key; returns what the app wants done, which is done.
    pub(crate) fn press(&mut self, key: KeyCode) -> Option<Effect> {
        self.press_with(key, KeyModifiers::NONE)
    }

    /// Presses a key while others are held.
    pub(crate) fn press_with(&mut self, key: KeyCode, held: KeyModifiers) -> Option<Effect> {
        let effect = self.app.update(Msg::Key(KeyEvent::new(key, held)));
        self.perform_effect(effect.as_ref());
        effect
    }

    /// The next thing happens; returns what it was, unless nothing goes on.
    pub(crate) fn play_event(&mut self) -> Option<Event> {
        let event = self.ahead.pop_front()?;
        self.now = event.at;
        let effect = self.app.update(Msg::Event(event.clone()));
        if event_ends_run(&event) {
            self.plan = None;
        }
        self.perform_effect(effect.as_ref());
        Some(event)
    }

    /// Time goes by until the run that goes on is this far.
    pub(crate) fn play_to(&mut self, until: Nanos) {
        while self.ahead.front().is_some_and(|event| event.at <= until) {
            self.play_event();
        }
        self.now = until;
    }

    fn perform_effect(&mut self, effect: Option<&Effect>) {
        match effect {
            Some(Effect::Start(plan)) => {
                self.ahead = scenario::events(&self.job, plan, &mut self.remaining);
                self.plan = Some(plan.clone());
                self.now = Nanos::ZERO;
            }
            Some(Effect::Stop) => self.stop(),
            _ => {}
        }
    }

    /// What is in work ends now, and with it the run.
    fn stop(&mut self) {
        let Some(run) = self.app.session().active_run() else { return };
        let at = self.now;
        let open = run.tasks().filter(|(_, record)| record.outcome.is_none());
        let mut last: VecDeque<Event> = open
            .map(|(task, record)| {
                let kind = EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped };
                Event { at, lane: record.lane, kind }
            })
            .collect();
        last.push_back(Event {
            at,
            lane: LaneId(0),
            kind: EventKind::RunFinished { outcome: RunOutcome::Stopped },
        });
        self.ahead = last;
    }

    /// The picture on a terminal of this size and kind.
    pub(crate) fn draw(
        &mut self,
        size: (u16, u16),
        terminal_kind: TerminalKind,
    ) -> Terminal<TestBackend> {
        let (width, height) = size;
        let columns = ui::timeline_columns(&self.app, Size::new(width, height));
        self.app.update(Msg::Frame { now: self.now, columns });
        let look = theme::Theme::new(terminal_kind.0, terminal_kind.1, self.app.background());
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("a terminal in memory");
        // Not flushed to the backend: comparing frames is not what these tests are about.
        ui::render(&self.app, look, &mut terminal.get_frame());
        terminal
    }

    /// The picture as text, a quoted row a line.
    pub(crate) fn text(&mut self, size: (u16, u16), terminal_kind: TerminalKind) -> String {
        let mut terminal = self.draw(size, terminal_kind);
        terminal.flush().expect("a screen in memory");
        terminal.backend().to_string()
    }

    /// The picture's rows as text, on a terminal of this size.
    pub(crate) fn rows(&mut self, size: (u16, u16)) -> Vec<String> {
        let mut terminal = self.draw(size, COLOUR);
        let buffer = terminal.current_buffer_mut();
        // What a wide character covers is no space.
        let covered = |x: u16, y| x > 0 && buffer[(x - 1, y)].symbol().width() > 1;
        let columns = |y| (0..size.0).filter(move |&x| !covered(x, y));
        let row = |y| columns(y).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..size.1).map(row).collect()
    }
}

const fn event_ends_run(event: &Event) -> bool {
    matches!(event.kind, EventKind::RunFinished { .. })
}
