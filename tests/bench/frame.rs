//! What a million events cost: to fold, to keep, and to draw a frame of.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark tells what it found"
)]

#[path = "fabricated.rs"]
mod fabricated;

use std::hint::black_box;

use fabricated::EventMix;
use peak_alloc::PeakAlloc;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::session::Setup;
use threadline::app::{App, Background, Effect, Msg, Session};
use threadline::engine::Clock;
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Profile,
    ResponseSummary, Run, RunOutcome, Selection, Target, TaskId, TaskOutcome, WorkSpec, Workload,
};
use threadline::ui;
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LANES: u16 = 1_000;
const EVENTS: u32 = 1_000_000;
const SIZE: Size = Size { width: 200, height: 60 };

/// Frames of which the median is told.
const FRAMES: usize = 101;

fn main() {
    for kinds in [EventMix::Pages, EventMix::Turns, EventMix::Holds] {
        fold(kinds);
    }
    for kinds in [EventMix::Pages, EventMix::Turns] {
        let selection = Selection::only(Workload::Followers, Mode::Threads);
        frames(&format!("{kinds:?}, threads alone"), selection, EVENTS, kinds);
    }
    let selection = Selection::only(Workload::Cpu, Mode::Gil);
    frames("Holds, gil alone", selection, EVENTS, EventMix::Holds);
    // Half of the events on one lane, half on a thousand.
    frames("Pages, race", Selection::race(Workload::Followers), EVENTS / 2, EventMix::Pages);
}

fn target() -> Target {
    Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 1,
        costs_quota: false,
    }
}

/// The cost of an event: to fold it, and to keep it.
fn fold(kinds: EventMix) {
    let (work, mode) = match kinds {
        EventMix::Pages | EventMix::Turns => (WorkSpec::Followers(target()), Mode::Threads),
        EventMix::Holds => (WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil),
    };
    let plan = Plan::new(work, mode, LANES, EVENTS / kinds.events());
    let events = fabricated::events(&plan, kinds);
    let clock = Clock::system();
    let mut times = Vec::new();
    let (mut growing, mut bytes) = (0.0, 0.0);
    let Some((last, all)) = events.split_last() else { return };
    for _ in 0..5 {
        let (before, began) = (MEMORY.current_usage(), clock.now());
        let kept = || (MEMORY.current_usage() - before) as f64 / events.len() as f64;
        let mut run = Run::new(plan.clone());
        for event in all {
            run.apply(event);
        }
        growing = kept();
        run.apply(last);
        times.push(clock.now().since(began));
        bytes = kept();
        assert!(black_box(&run).is_complete());
    }
    println!(
        "{kinds:?}: {} events, {} tasks, {LANES} lanes: fold {:.0} ns an event; {bytes:.2} bytes an \
         event (promise: 16), {growing:.2} while it goes on; all that a run keeps is counted, spare \
         capacity included, but for the pages' followers",
        events.len(),
        plan.tasks,
        median(&mut times).0 as f64 / events.len() as f64,
    );
}

/// The cost of a frame, with the whole run in view and at several zooms.
fn frames(name: &str, selection: Selection, events: u32, kinds: EventMix) {
    let mut app = new_app(selection, events, kinds);
    let theme = Theme::new(ColorDepth::True, GlyphSet::Unicode, Background::Dark);
    let mut screen = Terminal::new(TestBackend::new(SIZE.width, SIZE.height)).unwrap();
    let clock = Clock::system();
    let views = [
        ("whole run", "0", 'j'),
        ("zoomed", "+++", 'l'),
        ("close", "+++++++++++", 'l'),
        ("whole run, cursor", "0.", '}'),
        ("whole run, inspector", "\n", '.'),
        ("whole run, range", "\u{1b}v", '}'),
        ("close, range", "+++++++++++", '}'),
        ("close, inspector", "\n", '.'),
    ];
    for (view, keys, moves) in views {
        keys.chars().for_each(|key| press(&mut app, key));
        let mut times: Vec<Nanos> = Vec::new();
        for frame in 0..FRAMES {
            // Each frame shows something else: the next lane, another stretch of time, a longer range.
            press(&mut app, 'j');
            press(&mut app, if moves == 'l' && frame % 8 >= 4 { 'h' } else { moves });
            let began = clock.now();
            let columns = ui::timeline_columns(&app, SIZE);
            app.update(Msg::Frame { now: Nanos::ZERO, columns });
            screen.draw(|frame| ui::render(&app, theme, frame)).unwrap();
            times.push(clock.now().since(began));
        }
        let slowest = times.iter().copied().max().unwrap();
        println!(
            "{name}, {view}: a frame of {}x{} in {} (promise: 4 ms), the slowest of {FRAMES} in \
             {slowest}",
            SIZE.width,
            SIZE.height,
            median(&mut times),
        );
    }
}

fn press(app: &mut App, key: char) {
    let code = match key {
        '\n' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        key => KeyCode::Char(key),
    };
    app.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

/// A sitting in which each run of the selection had so many events.
fn new_app(selection: Selection, events: u32, kinds: EventMix) -> App {
    let tasks = events / kinds.events();
    let session = Session::new(Setup { tasks, ..Setup::followers(target(), Some(LANES)) });
    let mut app = App::new(session, selection, Background::Dark);
    let mut effect = app.start();
    if let Some(Effect::Start(plan)) = &effect
        && plan.workload() == Workload::Profile
    {
        let profile = profile(plan, tasks);
        effect = None;
        for event in profile {
            effect = app.update(Msg::Event(event)).or(effect);
        }
    }
    while let Some(Effect::Start(plan)) = effect.take() {
        for event in fabricated::events(&plan, kinds) {
            effect = app.update(Msg::Event(event)).or(effect);
        }
    }
    app
}

/// A preparing request that finds so many followers, each on a page of its own.
fn profile(plan: &Plan, followers: u32) -> [Event; 4] {
    let profile = Profile { login: "octocat".to_owned(), followers: u64::from(followers) };
    let product = Product::Profile(profile);
    let done = Completion {
        response: Some(ResponseSummary { status: 200, bytes: 1_000, connected: true }),
        product,
    };
    let (task, outcome) = (TaskId(1), TaskOutcome::Done(done));
    let kinds = [
        EventKind::RunStarted { plan: plan.clone() },
        EventKind::TaskStarted { task },
        EventKind::TaskFinished { task, outcome },
        EventKind::RunFinished { outcome: RunOutcome::Finished },
    ];
    let mut millis = 0;
    kinds.map(|kind| {
        millis += 1;
        Event { at: Nanos::from_millis(millis), lane: LaneId(0), kind }
    })
}

fn median(times: &mut [Nanos]) -> Nanos {
    times.sort_unstable();
    times[times.len() / 2]
}
