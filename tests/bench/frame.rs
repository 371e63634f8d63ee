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
    Background, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, PlannedRun, Run, RunId,
    Selection, Setup, State, Target, TaskId, ThreadIdentity, WaitReason, WatchedProgram, WorkSpec,
    Workload,
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
    measure_program();
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

/// The number of threads of the watched program.
const THREADS: u16 = 2_000;

/// The number of state changes of each of them.
const CHANGES: u64 = 500;

/// A watched program on the screen.
struct ProgramScreen {
    app: App,
    run: RunId,
}

impl ProgramScreen {
    /// Starts a program: half of its threads are in groups of a hundred, half have names of their own.
    fn start() -> Option<Self> {
        let program =
            WatchedProgram { command: "./many".to_owned(), pid: 1, attached: false, cores: 2 };
        let selection = Selection::only(Workload::Program, Mode::Threads);
        let session = Session::new(Setup::program(program));
        let mut app = App::new(session, selection, Options::default());
        let Some(Effect::Start(runs)) = app.start() else { return None };
        let mut screen = Self { app, run: runs[0].run };
        screen.send(0, 0, EventKind::RunStarted { plan: runs[0].plan.clone() });
        for lane in 0..THREADS {
            let name = match lane % 2 {
                0 => format!("pool-{}-thread-{lane}", lane % 20),
                _ => format!("thread-{lane}-of-many"),
            };
            let tasks = u32::from(lane) + 1;
            screen.send(0, lane, EventKind::LaneOpened { name: name.clone() });
            screen.send(0, 0, EventKind::TaskCountChanged { tasks });
            screen.send(0, lane, EventKind::TaskStarted { task: TaskId(tasks) });
            let identity = ThreadIdentity { tid: tasks, pid: 1, name };
            screen.send(0, lane, EventKind::ThreadIdentified(identity));
        }
        Some(screen)
    }

    fn send(&mut self, at: u64, lane: u16, kind: EventKind) {
        let event = Event { at: Nanos(at), lane: LaneId(lane), kind };
        self.app.update(Msg::Event(self.run, event));
    }

    /// Changes the state of a thread.
    fn change(&mut self, step: u64, lane: u16) {
        let states = [State::OnCpu, State::NoCore, State::OnCpu, State::Parked, State::Waiting];
        let at = step * 10_000_000 + u64::from(lane) * 4_000;
        let state = states[(step + u64::from(lane)) as usize % states.len()];
        self.send(at, lane, EventKind::StateEntered { state });
        if state.has_reason() {
            let reason = WaitReason { call: "read".to_owned(), object: None, holder: None };
            self.send(at, lane, EventKind::WaitExplained(reason));
        }
    }
}

/// Measures the time to draw a frame of a watched program that is still running.
fn measure_program() {
    let Some(mut program) = ProgramScreen::start() else { return };
    for step in 1..CHANGES {
        (0..THREADS).for_each(|lane| program.change(step, lane));
    }
    let theme = Theme::new(ColorDepth::True, GlyphSet::Unicode, Background::Dark);
    let mut screen = Terminal::new(TestBackend::new(SIZE.width, SIZE.height)).unwrap();
    let clock = Clock::system();
    let views = [("following", ""), ("moving", "j"), ("panning", "+h"), ("ordering", "o")];
    let mut lane = 0;
    for (view, keys) in views {
        let mut times: Vec<Nanos> = Vec::new();
        for frame in 0..FRAMES as u64 {
            let step = CHANGES + frame / 50;
            for _ in 0..40 {
                program.change(step, lane % THREADS);
                lane += 1;
            }
            keys.chars().for_each(|key| press(&mut program.app, key));
            if keys.starts_with('+') {
                press(&mut program.app, '-');
            }
            let now = Nanos(step * 10_000_000 + frame * 50_000_000);
            let start = cpu_time(&clock);
            let columns = ui::timeline_columns(&program.app, SIZE);
            program.app.update(Msg::Frame { now, columns });
            screen.draw(|frame| ui::render(&program.app, theme, frame)).unwrap();
            times.push(cpu_time(&clock).since(start));
        }
        let slowest = times.iter().copied().max().unwrap();
        println!(
            "program of {THREADS} threads, {view}: a frame of {}x{} in {} (promise: 4 ms), \
             slowest of {FRAMES}: {slowest}",
            SIZE.width,
            SIZE.height,
            median(&mut times),
        );
    }
}

/// Returns the CPU time of this thread, which other programs do not lengthen, or else the time.
#[cfg_attr(unix, expect(unused_variables, reason = "other platforms have the clock alone"))]
fn cpu_time(clock: &Clock) -> Nanos {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Nanos(time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned())
    }
    #[cfg(not(unix))]
    clock.now()
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
