//! Fabricated sittings: an app whose runs have exact times, played as far as a test wants.

use std::collections::VecDeque;
use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::{App, Background, Effect, Msg, Session};
use threadline::model::{
    Done, End, Event, Failure, FailureKind, Follower, Kind, LaneId, Mode, Nanos, Outcome, Plan,
    Product, Profile, Quota, Selection, State, Target, TaskId, Workload,
};
use threadline::ui::{self, theme};

/// What the server that is not there knows, and what goes wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Whether it is a real API, with a quota.
    pub(crate) costs_quota: bool,
    /// The count that the profile claims.
    pub(crate) followers: u32,
    /// How many the list really has.
    pub(crate) listed: u32,
    /// How many of a page's followers are on the page before, too.
    pub(crate) doubled: u32,
    /// How many leave at the list's start and join at its end before the threaded run.
    pub(crate) moved: u32,
    /// Worker threads, where a person said how many.
    pub(crate) workers: Option<u16>,
    /// The user does not exist.
    pub(crate) unknown_user: bool,
    /// The page that fails with a 502, and in which mode.
    pub(crate) bad_page: Option<(Mode, u32)>,
}

/// The example: 127 followers on 5 pages of 30, on the built-in server.
impl Default for Job {
    fn default() -> Self {
        Self {
            costs_quota: false,
            followers: 127,
            listed: 127,
            doubled: 0,
            moved: 0,
            workers: None,
            unknown_user: false,
            bad_page: None,
        }
    }
}

const PER_PAGE: u8 = 30;

/// How long a page lets wait and how long its body takes, in milliseconds: the built-in server's
/// own delays, over again for a sixth page and on.
const PAGES: [(u64, u64); 5] = [(926, 120), (781, 95), (842, 110), (795, 88), (820, 62)];

/// How long the profile lets wait, in milliseconds.
const PROFILE: u64 = 248;

/// A connection, a request's making, and an answer's parsing, in microseconds.
const CONNECT: u64 = 2_500;
const MAKE: u64 = 100;
const PARSE: u64 = 1_000;

/// How much later each thread starts than the one before, in microseconds.
const STAGGER: u64 = 200;

impl Job {
    fn app(&self, selection: Selection) -> App {
        let api = if self.costs_quota { "api.github.com" } else { "built-in server" };
        let target = Target {
            user: "aaronlelevier".to_owned(),
            api: api.to_owned(),
            per_page: PER_PAGE,
            costs_quota: self.costs_quota,
        };
        App::new(Session::new(target, self.workers), selection, Background::Dark)
    }

    /// What happens in a run of `plan`, in order.
    fn events(&self, plan: &Plan, remaining: &mut u32) -> VecDeque<Event> {
        let mut script = Script { job: self, plan, events: Vec::new(), remaining };
        script.whole(LaneId(0), 0, Kind::RunStarted { plan: plan.clone() });
        script.whole(LaneId(0), 0, Kind::Queued { tasks: plan.tasks });
        match plan.workload {
            Workload::Profile => script.profile(),
            Workload::Followers => script.pages(),
        }
        script.events.sort_by_key(|event| event.at);
        script.events.into()
    }
}

/// The events of one run while they are made up; times in microseconds.
struct Script<'job> {
    job: &'job Job,
    plan: &'job Plan,
    events: Vec<Event>,
    remaining: &'job mut u32,
}

impl Script<'_> {
    fn whole(&mut self, lane: LaneId, at: u64, kind: Kind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane, kind });
    }

    /// A task's life on its lane from `at` on; returns when it is over.
    fn task(&mut self, lane: LaneId, at: u64, task: u32, outcome: Outcome) -> u64 {
        let first = !self.events.iter().any(|event| {
            event.lane == lane && matches!(event.kind, Kind::Entered { state: State::Connecting })
        });
        let (wait, receive) = match self.plan.workload {
            Workload::Profile => (PROFILE, 1),
            Workload::Followers => PAGES[(task as usize - 1) % PAGES.len()],
        };
        let task = TaskId(task);
        self.whole(lane, at, Kind::Started { task });
        let mut at = at + MAKE;
        if first {
            self.enter(lane, at, State::Connecting);
            at += CONNECT;
        }
        self.enter(lane, at, State::Waiting);
        at += wait * 1_000;
        if matches!(outcome, Outcome::Done(_)) {
            self.enter(lane, at, State::Receiving);
            self.quota(lane, at);
            at += receive * 1_000;
            self.enter(lane, at, State::Computing);
            at += PARSE;
        }
        self.whole(lane, at, Kind::Finished { task, outcome });
        at
    }

    fn enter(&mut self, lane: LaneId, at: u64, state: State) {
        self.whole(lane, at, Kind::Entered { state });
    }

    fn quota(&mut self, lane: LaneId, at: u64) {
        if self.job.costs_quota {
            let quota = Quota { limit: 5_000, remaining: *self.remaining, reset: 1_700_000_000 };
            self.whole(lane, at, Kind::Quota(quota));
            *self.remaining -= 1;
        }
    }

    fn profile(&mut self) {
        let lane = LaneId(0);
        let (outcome, end) = if self.job.unknown_user {
            let failure = unknown_user();
            (Outcome::Failed(failure.clone()), End::Failed(failure))
        } else {
            let followers = u64::from(self.job.followers);
            let profile = Profile { login: "aaronlelevier".to_owned(), followers };
            (done(Product::Profile(profile)), End::Finished)
        };
        let at = self.task(lane, 0, 1, outcome);
        self.whole(lane, at, Kind::RunFinished { end });
    }

    /// Every page goes to the lane that is free first.
    fn pages(&mut self) {
        let real = self.job.listed.div_ceil(u32::from(PER_PAGE)).max(1);
        let mut free: Vec<u64> =
            (0..u64::from(self.plan.workers)).map(|lane| lane * STAGGER).collect();
        for page in 1..=self.plan.tasks.max(real) {
            if page > real && self.told_before(free.iter().min().copied()) {
                break;
            }
            let (lane, &at) =
                free.iter().enumerate().min_by_key(|&(lane, at)| (at, lane)).expect("a worker");
            let end = self.task(LaneId(lane as u16), at, page, self.page(page));
            if page == 1 && real != self.plan.tasks {
                self.whole(LaneId(0), end, Kind::Queued { tasks: real });
            }
            free[lane] = end;
        }
        let last = self.events.iter().map(|event| event.at.0 / 1_000).max().unwrap_or(0);
        self.whole(LaneId(0), last, Kind::RunFinished { end: End::Finished });
    }

    /// Whether the first page has told by `now` how many there are.
    fn told_before(&self, now: Option<u64>) -> bool {
        let queued = self.events.iter().rfind(|event| matches!(event.kind, Kind::Queued { .. }));
        queued.is_some_and(|event| event.at > Nanos::ZERO && Some(event.at.0 / 1_000) <= now)
    }

    fn page(&self, page: u32) -> Outcome {
        if self.job.bad_page == Some((self.plan.mode, page)) {
            return Outcome::Failed(bad_gateway(page));
        }
        let from = (page - 1) * (u32::from(PER_PAGE) - self.job.doubled);
        let to = (from + u32::from(PER_PAGE)).min(self.job.listed);
        let moved = if self.plan.mode == Mode::Threads { self.job.moved } else { 0 };
        let followers = (from + moved..to + moved).map(|number| Follower {
            id: u64::from(number) + 1,
            login: format!("follower-{number}").into(),
            html_url: format!("https://github.com/follower-{number}").into(),
        });
        done(Product::Followers(Arc::new(followers.collect())))
    }
}

fn done(product: Product) -> Outcome {
    Outcome::Done(Done { status: 200, bytes: 31_000, connected: false, product })
}

/// What the client says of a user that does not exist.
fn unknown_user() -> Failure {
    Failure {
        kind: FailureKind::NotFound,
        message: "api.github.com knows no user \"aaronlelevier\": check the spelling".to_owned(),
    }
}

/// What the client says of a page that the server failed to make.
fn bad_gateway(page: u32) -> Failure {
    let message = format!(
        "built-in server answered page {page} of the followers with 502: Bad Gateway; try again \
         later"
    );
    Failure { kind: FailureKind::Server, message }
}

/// The kind of terminal that a picture is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kit(pub(crate) theme::Depth, pub(crate) theme::Glyphs);

/// What most people have.
pub(crate) const COLOUR: Kit = Kit(theme::Depth::True, theme::Glyphs::Unicode);

/// An app with what it was told so far.
#[derive(Debug)]
pub(crate) struct Sitting {
    /// The app itself.
    pub(crate) app: App,
    job: Job,
    /// The plan of the run that goes on.
    plan: Option<Plan>,
    /// What is still to happen in it.
    ahead: VecDeque<Event>,
    now: Nanos,
    /// What is left of the quota.
    remaining: u32,
}

impl Sitting {
    /// A sitting that has begun with `selection`, of which nothing has happened yet.
    pub(crate) fn new(job: Job, selection: Selection) -> Self {
        let app = job.app(selection);
        let (ahead, now) = (VecDeque::new(), Nanos::ZERO);
        let mut sitting = Self { app, job, plan: None, ahead, now, remaining: 4_990 };
        let effect = sitting.app.begin();
        sitting.carry_out(effect.as_ref());
        sitting
    }

    /// The example's race, from its beginning.
    pub(crate) fn race() -> Self {
        Self::new(Job::default(), Selection::Race)
    }

    /// Plays until the run of `mode` has gone on for so many milliseconds.
    #[must_use]
    pub(crate) fn until(mut self, mode: Mode, millis: u64) -> Self {
        let wanted = |plan: &Plan| plan.workload == Workload::Followers && plan.mode == mode;
        while !self.plan.as_ref().is_some_and(wanted) {
            self.step().expect("the run is never reached");
        }
        self.play(Nanos::from_millis(millis));
        self
    }

    /// Plays until nothing goes on.
    #[must_use]
    pub(crate) fn finished(mut self) -> Self {
        while self.step().is_some() {}
        self
    }

    /// Presses keys, one after another.
    #[must_use]
    pub(crate) fn pressed(mut self, keys: &str) -> Self {
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
        self.carry_out(effect.as_ref());
        effect
    }

    /// The next thing happens; returns what it was, unless nothing goes on.
    pub(crate) fn step(&mut self) -> Option<Event> {
        let event = self.ahead.pop_front()?;
        self.now = event.at;
        let effect = self.app.update(Msg::Event(event.clone()));
        if event_ends_run(&event) {
            self.plan = None;
        }
        self.carry_out(effect.as_ref());
        Some(event)
    }

    /// Time goes by until the run that goes on is this far.
    pub(crate) fn play(&mut self, until: Nanos) {
        while self.ahead.front().is_some_and(|event| event.at <= until) {
            self.step();
        }
        self.now = until;
    }

    fn carry_out(&mut self, effect: Option<&Effect>) {
        match effect {
            Some(Effect::Start(plan)) => {
                self.ahead = self.job.events(plan, &mut self.remaining);
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
                let kind = Kind::Finished { task, outcome: Outcome::Stopped };
                Event { at, lane: record.lane, kind }
            })
            .collect();
        last.push_back(Event {
            at,
            lane: LaneId(0),
            kind: Kind::RunFinished { end: End::Stopped },
        });
        self.ahead = last;
    }

    /// The picture on a terminal of this size and kind.
    pub(crate) fn draw(&mut self, size: (u16, u16), kit: Kit) -> Terminal<TestBackend> {
        let (width, height) = size;
        let columns = ui::timeline_columns(Size::new(width, height));
        self.app.update(Msg::Frame { now: self.now, columns });
        let look = theme::Theme::new(kit.0, kit.1, self.app.background());
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("a terminal in memory");
        // Not flushed to the backend: comparing frames is not what these tests are about.
        ui::view(&self.app, look, &mut terminal.get_frame());
        terminal
    }

    /// The picture as text, a quoted row a line.
    pub(crate) fn text(&mut self, size: (u16, u16), kit: Kit) -> String {
        let mut terminal = self.draw(size, kit);
        terminal.flush().expect("a screen in memory");
        terminal.backend().to_string()
    }

    /// The picture's rows as text, on a terminal of this size.
    pub(crate) fn rows(&mut self, size: (u16, u16)) -> Vec<String> {
        let mut terminal = self.draw(size, COLOUR);
        let buffer = terminal.current_buffer_mut();
        let row = |y| (0..size.0).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..size.1).map(row).collect()
    }
}

const fn event_ends_run(event: &Event) -> bool {
    matches!(event.kind, Kind::RunFinished { .. })
}
