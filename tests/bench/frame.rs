//! The cost of a million events: to apply them, to keep them in memory, and to draw a frame of
//! them.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark prints its results, and panics if it cannot measure"
)]

#[path = "synthetic_events.rs"]
mod synthetic_events;

use std::hint::black_box;

use peak_alloc::PeakAlloc;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use synthetic_events::EventMix;
use threadline::app::{App, Effect, Msg, Options, Session};
use threadline::model::{
    Background, ComputeSpec, Mode, Nanos, Plan, PlannedRun, Run, Selection, Setup, Target,
    WorkSpec, Workload,
};
use threadline::source::Clock;
use threadline::ui;
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LANES: u16 = 1_000;
const EVENTS: u32 = 1_000_000;
const SIZE: Size = Size { width: 200, height: 60 };

/// The number of frames per view; the result is their median.
const FRAMES: usize = 101;

fn main() {
    for mix in [EventMix::Pages, EventMix::Turns, EventMix::Holds] {
        measure_events(mix);
    }
    for mix in [EventMix::Pages, EventMix::Turns] {
        let selection = Selection::only(Workload::Followers, Mode::Threads);
        measure_frames(&format!("{mix:?}, threads alone"), selection, EVENTS, mix);
    }
    let selection = Selection::only(Workload::Cpu, Mode::Gil);
    measure_frames("Holds, gil alone", selection, EVENTS, EventMix::Holds);
    // Half of the events are on one lane, half on a thousand.
    measure_frames(
        "Pages, race",
        Selection::race(Workload::Followers),
        EVENTS / 2,
        EventMix::Pages,
    );
}

fn target() -> Target {
    Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 1,
        costs_quota: false,
    }
}

/// Measures the time to apply an event, and the memory to keep it.
fn measure_events(mix: EventMix) {
    let (work, mode) = match mix {
        EventMix::Pages | EventMix::Turns => (WorkSpec::Followers(target()), Mode::Threads),
        EventMix::Holds => (WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil),
    };
    let plan = Plan::new(work, mode, LANES, EVENTS / mix.events());
    let events = synthetic_events::events(&plan, mix);
    let clock = Clock::system();
    let mut times = Vec::new();
    let (mut bytes_running, mut bytes_finished) = (0.0, 0.0);
    let Some((last, all)) = events.split_last() else { return };
    for _ in 0..5 {
        let (before, start) = (MEMORY.current_usage(), clock.now());
        let bytes_per_event = || (MEMORY.current_usage() - before) as f64 / events.len() as f64;
        let mut run = Run::new(plan.clone());
        for event in all {
            run.apply(event);
        }
        bytes_running = bytes_per_event();
        run.apply(last);
        times.push(clock.now().since(start));
        bytes_finished = bytes_per_event();
        assert!(black_box(&run).is_complete());
    }
    println!(
        "{mix:?}: {} events, {} tasks, {LANES} lanes: apply {:.0} ns per event; \
         {bytes_finished:.2} bytes per event (promise: 16), {bytes_running:.2} before the end of \
         the run; includes spare capacity, excludes the followers of the pages",
        events.len(),
        plan.tasks,
        median(&mut times).0 as f64 / events.len() as f64,
    );
}

/// Measures the time to draw a frame, with the whole run in view and at several zoom levels.
fn measure_frames(name: &str, selection: Selection, events: u32, mix: EventMix) {
    let mut app = new_app(selection, events, mix);
    let theme = Theme::new(ColorDepth::True, GlyphSet::Unicode, Background::Dark);
    let mut screen = Terminal::new(TestBackend::new(SIZE.width, SIZE.height)).unwrap();
    let clock = Clock::system();
    let views = [
        ("whole run", "0", 'j'),
        ("zoomed", "+++", 'l'),
        ("close", "+++++++++++", 'l'),
        ("whole run, cursor", "0.", '→'),
        ("whole run, inspector", "\n", '.'),
        ("whole run, range", "\u{1b}v", '→'),
        ("close, range", "+++++++++++", '→'),
        ("close, inspector", "\n", '.'),
    ];
    for (view, keys, view_key) in views {
        keys.chars().for_each(|key| press(&mut app, key));
        let mut times: Vec<Nanos> = Vec::new();
        for frame in 0..FRAMES {
            // Every frame differs: the next lane, another part of the run, a longer range.
            press(&mut app, 'j');
            press(&mut app, if view_key == 'l' && frame % 8 >= 4 { 'h' } else { view_key });
            let start = clock.now();
            let columns = ui::timeline_columns(&app, SIZE);
            app.update(Msg::Frame { now: Nanos::ZERO, columns });
            screen.draw(|frame| ui::render(&app, theme, frame)).unwrap();
            times.push(clock.now().since(start));
        }
        let slowest = times.iter().copied().max().unwrap();
        println!(
            "{name}, {view}: a frame of {}x{} in {} (promise: 4 ms), slowest of {FRAMES}: \
             {slowest}",
            SIZE.width,
            SIZE.height,
            median(&mut times),
        );
    }
}

fn press(app: &mut App, key: char) {
    let (code, modifiers) = match key {
        '\n' => (KeyCode::Enter, KeyModifiers::NONE),
        '\u{1b}' => (KeyCode::Esc, KeyModifiers::NONE),
        '→' => (KeyCode::Right, KeyModifiers::SHIFT),
        key => (KeyCode::Char(key), KeyModifiers::NONE),
    };
    app.update(Msg::Key(KeyEvent::new(code, modifiers)));
}

/// Returns an app whose selection is finished, with `events` events in each run.
fn new_app(selection: Selection, events: u32, mix: EventMix) -> App {
    let tasks = events / mix.events();
    let setup = Setup { tasks, ..Setup::followers(target(), Some(LANES)) };
    let session = Session::new(setup).with_pages(tasks);
    let mut app = App::new(session, selection, Options::default());
    let mut effect = app.start();
    while let Some(Effect::Start(runs)) = effect.take() {
        for PlannedRun { run, plan } in runs {
            for event in synthetic_events::events(&plan, mix) {
                effect = app.update(Msg::Event(run, event)).or(effect);
            }
        }
    }
    app
}

fn median(times: &mut [Nanos]) -> Nanos {
    times.sort_unstable();
    times[times.len() / 2]
}
