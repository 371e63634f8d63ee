//! Which stretch of time is in view: fit, follow, zoom, pan, whatever the times.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::session::Setup;
use threadline::app::{App, Background, Effect, Msg, Session, TimeWindow, Viewport};
use threadline::model::{
    Completion, Event, EventKind, LaneId, Mode, Nanos, Product, Profile, ResponseSummary,
    RunOutcome, Selection, State, Target, TaskId, TaskOutcome, Workload,
};
use threadline::ui;
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;

/// A view of a run that is over after `edge`.
fn over(columns: u16, edge: u64) -> Viewport {
    let mut viewport = Viewport::default();
    viewport.prepare_frame(columns, Nanos(edge), None, None);
    viewport
}

/// A frame of 80 columns, of a run that goes on.
fn goes_on(viewport: &mut Viewport, edge: u64, expected: u64) {
    viewport.prepare_frame(80, Nanos(edge), Some(Nanos(edge)), Some(Nanos(expected)));
}

fn end(window: TimeWindow) -> u64 {
    window.from.0.saturating_add(window.cell.0.saturating_mul(u64::from(window.columns)))
}

/// What must hold for every window.
fn check(window: TimeWindow) {
    assert!(window.cell.0 >= 1_000 && window.columns > 0, "{window:?}");
    assert_eq!(window.from.0 % window.cell.0, 0, "{window:?}");
}

#[test]
fn a_run_that_is_over_fills_the_view() {
    for columns in [1, 10, 82, 200, 1_000] {
        for edge in [1, 999, 1_050 * MILLISECOND, 4_647 * MILLISECOND, 60 * SECOND, 3_600 * SECOND]
        {
            let window = over(columns, edge).window();
            check(window);
            assert_eq!(window.from, Nanos::ZERO);
            assert!(end(window) >= edge, "{edge} does not fit: {window:?}");
            // The ladder's rungs are at most half as far again from each other.
            let snug = window.cell.0 == 1_000 || end(window) * 2 / 3 <= edge + u64::from(columns);
            assert!(snug, "{edge} leaves too much room: {window:?}");
        }
    }
}

#[test]
fn a_run_that_goes_on_keeps_its_scale_until_it_is_out_of_room() {
    let mut viewport = Viewport::default();
    goes_on(&mut viewport, 0, 0);
    let first = viewport.window();
    for millis in (0..4_800).step_by(100) {
        goes_on(&mut viewport, millis * MILLISECOND, 9 * SECOND);
        assert_eq!(viewport.window(), first, "the picture jumps at {millis} ms");
    }
    goes_on(&mut viewport, 4_801 * MILLISECOND, 9 * SECOND);
    assert!(end(viewport.window()) >= 9 * SECOND);
    // Without a guess, a quarter more than there is.
    goes_on(&mut viewport, 20 * SECOND, 0);
    assert!(end(viewport.window()) >= 25 * SECOND);
}

#[test]
fn a_zoom_keeps_the_middle_and_out_undoes_in() {
    let mut viewport = over(80, 100 * SECOND);
    viewport.zoom(true);
    viewport.pan(4);
    for _ in 0..3 {
        let before = viewport.window();
        let middle = before.from.0 + before.cell.0 * 40;
        viewport.zoom(true);
        let closer = viewport.window();
        assert!(closer.cell < before.cell);
        let moved = (closer.from.0 + closer.cell.0 * 40).abs_diff(middle);
        assert!(moved <= before.cell.0, "the middle moved by {moved} ns");
    }
    let cell = viewport.window().cell;
    viewport.zoom(true);
    viewport.zoom(false);
    assert_eq!(viewport.window().cell, cell);
}

#[test]
fn a_zoom_ends_at_a_microsecond_and_where_there_is_no_more_to_see() {
    let mut viewport = over(80, 5 * SECOND);
    for _ in 0..100 {
        viewport.zoom(true);
    }
    assert_eq!(viewport.window().cell, Nanos(1_000));
    for _ in 0..100 {
        viewport.zoom(false);
    }
    let window = viewport.window();
    assert!((10 * SECOND..30 * SECOND).contains(&end(window)), "{window:?}");
}

#[test]
fn a_pan_ends_at_the_start_and_at_the_newest_moment() {
    let edge = 100 * SECOND;
    let mut viewport = over(80, edge);
    viewport.zoom(true);
    for _ in 0..100 {
        viewport.pan(1);
    }
    let window = viewport.window();
    assert!(window.from.0 <= edge && end(window) > edge, "{window:?}");
    assert!(!viewport.is_following() && !viewport.is_fitted());
    for _ in 0..100 {
        viewport.pan(-1);
    }
    assert_eq!(viewport.window().from, Nanos::ZERO);
    viewport.pan(i64::MAX);
    assert!(viewport.window().from.0 <= edge);
    viewport.pan(i64::MIN);
    assert_eq!(viewport.window().from, Nanos::ZERO);
}

#[test]
fn a_view_that_follows_keeps_the_newest_moment() {
    let mut viewport = over(80, 10 * SECOND);
    viewport.zoom(true);
    viewport.follow_latest();
    for edge in (10 * SECOND..12 * SECOND).step_by(7 * MILLISECOND as usize) {
        goes_on(&mut viewport, edge, 0);
        let window = viewport.window();
        check(window);
        assert!(window.from.0 <= edge && edge < end(window), "{edge} {window:?}");
    }
    viewport.zoom(true);
    let window = viewport.window();
    assert!(viewport.is_following() && end(window) > 11 * SECOND, "a zoom lost the newest moment");
    viewport.go_to_start();
    assert_eq!((viewport.window().from, viewport.window().cell), (Nanos::ZERO, window.cell));
    viewport.fit();
    assert!(viewport.is_fitted() && viewport.is_following());
}

#[derive(Clone, Debug)]
enum ViewportMove {
    Frame(u16, u64, Option<u64>),
    Zoom(bool),
    Pan(i64),
    ZoomAt(bool, u64),
    Reveal(u64),
    Show(u64, u64),
    Start,
    Follow,
    Fit,
}

fn moves() -> impl Strategy<Value = ViewportMove> {
    let time = || {
        let absurd = select(vec![u64::MAX / 2, u64::MAX / 5 * 4, u64::MAX - 1, u64::MAX]);
        prop_oneof![0..10 * SECOND, absurd]
    };
    let columns = prop_oneof![0..300_u16, Just(u16::MAX)];
    prop_oneof![
        3 => (columns, time(), prop::option::of(time())).prop_map(|(c, e, x)| ViewportMove::Frame(c, e, x)),
        3 => any::<bool>().prop_map(ViewportMove::Zoom),
        3 => prop_oneof![-9..9_i64, Just(i64::MIN), Just(i64::MAX)].prop_map(ViewportMove::Pan),
        2 => (any::<bool>(), time()).prop_map(|(closer, at)| ViewportMove::ZoomAt(closer, at)),
        2 => time().prop_map(ViewportMove::Reveal),
        1 => (time(), time()).prop_map(|(a, b)| ViewportMove::Show(a, b)),
        1 => Just(ViewportMove::Start),
        1 => Just(ViewportMove::Follow),
        1 => Just(ViewportMove::Fit),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_moves_lead_to_nonsense(moves in prop::collection::vec(moves(), 0..60)) {
        let mut viewport = Viewport::default();
        for one in moves {
            match one {
                ViewportMove::Frame(columns, edge, expected) => {
                    let newest = expected.map(|_| Nanos(edge));
                    viewport.prepare_frame(columns, Nanos(edge), newest, expected.map(Nanos));
                }
                ViewportMove::Zoom(closer) => viewport.zoom(closer),
                ViewportMove::Pan(eighths) => viewport.pan(eighths),
                ViewportMove::ZoomAt(closer, at) => viewport.zoom_at(closer, Nanos(at)),
                ViewportMove::Reveal(at) => viewport.reveal(Nanos(at)),
                ViewportMove::Show(a, b) => _ = viewport.show_range(Nanos(a), Nanos(b)),
                ViewportMove::Start => viewport.go_to_start(),
                ViewportMove::Follow => viewport.follow_latest(),
                ViewportMove::Fit => viewport.fit(),
            }
            check(viewport.window());
        }
    }
}

/// What a damaged recording may hold is drawn, and nothing overflows.
#[test]
fn a_screen_of_absurd_times_is_drawn() {
    for at in [u64::MAX / 2, u64::MAX - 1, u64::MAX] {
        for keys in [
            "",
            "+",
            "+l",
            "0-----lll",
            "jjj",
            " ",
            "+++++ll+",
            "+>",
            "+++>+++l",
            "j..e}}v{{f",
            "+++.}ve,f",
        ] {
            draw(at, keys);
        }
    }
}

/// A screen on which one task takes from the start to `at`, after these keys; `>` is the End key, `e` Enter.
fn draw(at: u64, keys: &str) {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let selection = Selection::only(Workload::Followers, Mode::Sequential);
    let mut app =
        App::new(Session::new(Setup::followers(target, None)), selection, Background::Dark);
    let Some(Effect::Start(plan)) = app.start() else { unreachable!() };
    let profile = Profile { login: "octocat".to_owned(), followers: 90 };
    let product = Product::Profile(profile);
    let done = TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 2, connected: true }),
        product,
    });
    let event = |at, kind| Msg::Event(Event { at: Nanos(at), lane: LaneId(0), kind });
    let task = TaskId(1);
    app.update(event(0, EventKind::RunStarted { plan: plan.clone() }));
    app.update(event(0, EventKind::TaskStarted { task }));
    app.update(event(at, EventKind::TaskFinished { task, outcome: done }));
    app.update(event(at, EventKind::RunFinished { outcome: RunOutcome::Finished }));
    app.update(event(0, EventKind::RunStarted { plan }));
    app.update(event(0, EventKind::TaskStarted { task }));
    app.update(event(at, EventKind::StateEntered { state: State::Waiting }));
    let mut screen = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let look = Theme::new(ColorDepth::True, GlyphSet::Unicode, Background::Dark);
    for key in keys.chars().map(Some).chain([None]) {
        let columns = ui::timeline_columns(&app, Size::new(120, 36));
        app.update(Msg::Frame { now: Nanos(at), columns });
        screen.draw(|frame| ui::render(&app, look, frame)).unwrap();
        if let Some(key) = key {
            let code = match key {
                '>' => KeyCode::End,
                'e' => KeyCode::Enter,
                key => KeyCode::Char(key),
            };
            app.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }
}

#[test]
fn a_moment_is_brought_into_view_by_as_little_as_it_needs() {
    let mut viewport = over(80, 100 * SECOND);
    for _ in 0..4 {
        viewport.zoom(true);
    }
    viewport.pan(8);
    let held = viewport.window();
    viewport.reveal(Nanos(held.from.0 + 5));
    assert_eq!(viewport.window(), held, "it is in view");
    viewport.reveal(held.end());
    assert_eq!(viewport.window().from, held.from + held.cell);
    viewport.reveal(held.from);
    assert_eq!(viewport.window(), held);
    viewport.reveal(Nanos(held.from.0 - 1));
    assert_eq!(viewport.window().from, held.from.since(held.cell));
    viewport.reveal(Nanos::ZERO);
    assert_eq!(viewport.window().from, Nanos::ZERO);
}

#[test]
fn a_view_that_follows_stays_where_something_is_looked_at() {
    let mut viewport = Viewport::default();
    goes_on(&mut viewport, 4 * SECOND, 9 * SECOND);
    viewport.reveal(Nanos(SECOND));
    assert!(viewport.is_fitted(), "the whole run still is in view");
    viewport.zoom(true);
    viewport.zoom(true);
    assert!(viewport.is_following());
    let window = viewport.window();
    viewport.reveal(window.from);
    assert!(!viewport.is_following());
    assert_eq!(viewport.window(), window);
}

#[test]
fn a_zoom_at_a_moment_keeps_its_cell() {
    for column in [0, 1, 40, 78, 79] {
        let mut viewport = over(80, 100 * SECOND);
        viewport.zoom(true);
        viewport.pan(4);
        let window = viewport.window();
        let at = Nanos(window.from.0 + window.cell.0 * column + 1);
        for closer in [true, true, true, false, false] {
            viewport.zoom_at(closer, at);
            check(viewport.window());
            assert_eq!(viewport.window().column(at).map(u64::from), Some(column));
        }
    }
    // Out of view, it is no anchor.
    let mut viewport = over(80, 100 * SECOND);
    viewport.zoom_at(true, Nanos(u64::MAX));
    assert_eq!(viewport.window().from, Nanos::ZERO);
}

#[test]
fn a_stretch_that_is_shown_fills_the_view() {
    for columns in [4, 10, 82, 200] {
        for (a, b) in [(0, 1), (5 * SECOND, 6 * SECOND), (0, 100 * SECOND), (7, 1_007), (9, 9)] {
            let mut viewport = over(columns, 100 * SECOND);
            viewport.show_range(Nanos(a), Nanos(b));
            let window = viewport.window();
            check(window);
            assert!(window.contains(Nanos(a)) && window.contains(Nanos(b)), "{a} {b} {window:?}");
            let snug = window.cell.0 == 1_000 || (b - a) * 4 >= end(window) - window.from.0;
            assert!(snug || columns < 10, "{a} {b} {window:?}");
            assert!(!viewport.show_range(Nanos(a), Nanos(b)), "it is shown already");
        }
    }
}
