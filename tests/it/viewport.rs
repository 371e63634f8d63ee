//! The viewport: fit, follow, zoom and pan, also with extreme times.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use threadline::app::{App, Effect, Msg, Options, Session, TimeWindow, Viewport};
use threadline::model::{
    Background, Event, EventKind, LaneId, Mode, Nanos, RunId, Selection, Setup, State, Target,
    TaskId, Workload,
};
use threadline::ui;
use threadline::ui::theme::{ColorDepth, GlyphSet, Theme};

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MILLISECOND;

/// The viewport of a finished run of duration `edge`.
fn viewport_of(columns: u16, edge: u64) -> Viewport {
    let mut viewport = Viewport::default();
    viewport.prepare_frame(columns, Nanos(edge), None, None);
    viewport
}

/// Prepares a frame of 80 columns for an active run.
fn prepare_active_frame(viewport: &mut Viewport, edge: u64, expected: u64) {
    viewport.prepare_frame(80, Nanos(edge), Some(Nanos(edge)), Some(Nanos(expected)));
}

fn end(window: TimeWindow) -> u64 {
    window.from.0.saturating_add(window.cell.0.saturating_mul(u64::from(window.columns)))
}

/// Asserts the invariants of every window.
fn assert_valid(window: TimeWindow) {
    assert!(window.cell.0 >= 1_000 && window.columns > 0, "{window:?}");
    assert_eq!(window.from.0 % window.cell.0, 0, "{window:?}");
}

#[test]
fn finished_run_fills_the_view() {
    for columns in [1, 10, 82, 200, 1_000] {
        for edge in [1, 999, 1_050 * MILLISECOND, 4_647 * MILLISECOND, 60 * SECOND, 3_600 * SECOND]
        {
            let window = viewport_of(columns, edge).window();
            assert_valid(window);
            assert_eq!(window.from, Nanos::ZERO);
            assert!(end(window) >= edge, "{edge} does not fit: {window:?}");
            // Each step of the scale is at most 1.5 times the previous one.
            let is_tight =
                window.cell.0 == 1_000 || end(window) * 2 / 3 <= edge + u64::from(columns);
            assert!(is_tight, "{edge} leaves too much room: {window:?}");
        }
    }
}

#[test]
fn active_run_keeps_its_scale_until_it_reaches_the_right_edge() {
    let mut viewport = Viewport::default();
    prepare_active_frame(&mut viewport, 0, 0);
    let first = viewport.window();
    for millis in (0..4_800).step_by(100) {
        prepare_active_frame(&mut viewport, millis * MILLISECOND, 9 * SECOND);
        assert_eq!(viewport.window(), first, "the view jumps at {millis} ms");
    }
    prepare_active_frame(&mut viewport, 4_801 * MILLISECOND, 9 * SECOND);
    assert!(end(viewport.window()) >= 9 * SECOND);
    // Without an expected duration, a quarter is added.
    prepare_active_frame(&mut viewport, 20 * SECOND, 0);
    assert!(end(viewport.window()) >= 25 * SECOND);
}

#[test]
fn zoom_keeps_the_middle_and_zooming_out_reverses_it() {
    let mut viewport = viewport_of(80, 100 * SECOND);
    viewport.zoom(true);
    viewport.pan(4);
    for _ in 0..3 {
        let before = viewport.window();
        let middle = before.from.0 + before.cell.0 * 40;
        viewport.zoom(true);
        let zoomed = viewport.window();
        assert!(zoomed.cell < before.cell);
        let moved = (zoomed.from.0 + zoomed.cell.0 * 40).abs_diff(middle);
        assert!(moved <= before.cell.0, "the middle moved by {moved} ns");
    }
    let cell = viewport.window().cell;
    viewport.zoom(true);
    viewport.zoom(false);
    assert_eq!(viewport.window().cell, cell);
}

#[test]
fn zoom_is_limited_to_a_microsecond_per_cell_and_a_few_times_the_run() {
    let mut viewport = viewport_of(80, 5 * SECOND);
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
fn pan_stops_at_the_start_and_at_the_latest_time() {
    let edge = 100 * SECOND;
    let mut viewport = viewport_of(80, edge);
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
fn following_view_keeps_the_latest_time_in_view() {
    let mut viewport = viewport_of(80, 10 * SECOND);
    viewport.zoom(true);
    viewport.follow_latest();
    for edge in (10 * SECOND..12 * SECOND).step_by(7 * MILLISECOND as usize) {
        prepare_active_frame(&mut viewport, edge, 0);
        let window = viewport.window();
        assert_valid(window);
        assert!(window.from.0 <= edge && edge < end(window), "{edge} {window:?}");
    }
    viewport.zoom(true);
    let window = viewport.window();
    assert!(viewport.is_following() && end(window) > 11 * SECOND, "the zoom lost the latest time");
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
        let extreme = select(vec![u64::MAX / 2, u64::MAX / 5 * 4, u64::MAX - 1, u64::MAX]);
        prop_oneof![0..10 * SECOND, extreme]
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
    fn arbitrary_moves_keep_the_window_valid(moves in prop::collection::vec(moves(), 0..60)) {
        let mut viewport = Viewport::default();
        for viewport_move in moves {
            match viewport_move {
                ViewportMove::Frame(columns, edge, expected) => {
                    let newest = expected.map(|_| Nanos(edge));
                    viewport.prepare_frame(columns, Nanos(edge), newest, expected.map(Nanos));
                }
                ViewportMove::Zoom(closer) => viewport.zoom(closer),
                ViewportMove::Pan(eighths) => viewport.pan(eighths),
                ViewportMove::ZoomAt(closer, at) => viewport.zoom_at(closer, Nanos(at)),
                ViewportMove::Reveal(at) => viewport.reveal(Nanos(at)),
                ViewportMove::Show(a, b) => viewport.show_range(Nanos(a), Nanos(b)),
                ViewportMove::Start => viewport.go_to_start(),
                ViewportMove::Follow => viewport.follow_latest(),
                ViewportMove::Fit => viewport.fit(),
            }
            assert_valid(viewport.window());
        }
    }
}

/// A damaged recording can contain such times.
#[test]
fn extreme_times_are_drawn_without_overflow() {
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
            draw_after_keys(at, keys);
        }
    }
}

/// Draws a run whose only task takes from zero to `at`, before and after each key. `>` is the End
/// key, `e` is Enter.
fn draw_after_keys(at: u64, keys: &str) {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    let selection = Selection::only(Workload::Followers, Mode::Sequential);
    let mut app =
        App::new(Session::new(Setup::followers(target, None)), selection, Options::default());
    let Some(Effect::Start(runs)) = app.start() else { unreachable!() };
    let event = |at, kind| Msg::Event(RunId(0), Event { at: Nanos(at), lane: LaneId(0), kind });
    let task = TaskId(1);
    runs[0].plan.opening().for_each(|(_, kind)| _ = app.update(event(0, kind)));
    app.update(event(0, EventKind::TaskStarted { task }));
    app.update(event(at, EventKind::StateEntered { state: State::Waiting }));
    let mut screen = Terminal::new(TestBackend::new(120, 36)).unwrap();
    let theme = Theme::new(ColorDepth::True, GlyphSet::Unicode, Background::Dark);
    for key in keys.chars().map(Some).chain([None]) {
        let columns = ui::timeline_columns(&app, Size::new(120, 36));
        app.update(Msg::Frame { now: Nanos(at), columns });
        screen.draw(|frame| ui::render(&app, theme, frame)).unwrap();
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
fn reveal_pans_no_further_than_necessary() {
    let mut viewport = viewport_of(80, 100 * SECOND);
    for _ in 0..4 {
        viewport.zoom(true);
    }
    viewport.pan(8);
    let before = viewport.window();
    viewport.reveal(Nanos(before.from.0 + 5));
    assert_eq!(viewport.window(), before, "the time is in view already");
    viewport.reveal(before.end());
    assert_eq!(viewport.window().from, before.from + before.cell);
    viewport.reveal(before.from);
    assert_eq!(viewport.window(), before);
    viewport.reveal(Nanos(before.from.0 - 1));
    assert_eq!(viewport.window().from, before.from.since(before.cell));
    viewport.reveal(Nanos::ZERO);
    assert_eq!(viewport.window().from, Nanos::ZERO);
}

#[test]
fn reveal_ends_following_in_a_zoomed_view() {
    let mut viewport = Viewport::default();
    prepare_active_frame(&mut viewport, 4 * SECOND, 9 * SECOND);
    viewport.reveal(Nanos(SECOND));
    assert!(viewport.is_fitted(), "the whole run is still in view");
    viewport.zoom(true);
    viewport.zoom(true);
    assert!(viewport.is_following());
    let window = viewport.window();
    viewport.reveal(window.from);
    assert!(!viewport.is_following());
    assert_eq!(viewport.window(), window);
}

#[test]
fn zoom_at_a_time_keeps_its_column() {
    for column in [0, 1, 40, 78, 79] {
        let mut viewport = viewport_of(80, 100 * SECOND);
        viewport.zoom(true);
        viewport.pan(4);
        let window = viewport.window();
        let at = Nanos(window.from.0 + window.cell.0 * column + 1);
        for closer in [true, true, true, false, false] {
            viewport.zoom_at(closer, at);
            assert_valid(viewport.window());
            assert_eq!(viewport.window().column(at).map(u64::from), Some(column));
        }
    }
    // A time out of view is not kept.
    let mut viewport = viewport_of(80, 100 * SECOND);
    viewport.zoom_at(true, Nanos(u64::MAX));
    assert_eq!(viewport.window().from, Nanos::ZERO);
}

#[test]
fn shown_range_fills_the_view() {
    for columns in [4, 10, 82, 200] {
        for (a, b) in [(0, 1), (5 * SECOND, 6 * SECOND), (0, 100 * SECOND), (7, 1_007), (9, 9)] {
            let mut viewport = viewport_of(columns, 100 * SECOND);
            viewport.show_range(Nanos(a), Nanos(b));
            let window = viewport.window();
            assert_valid(window);
            assert!(window.contains(Nanos(a)) && window.contains(Nanos(b)), "{a} {b} {window:?}");
            let is_tight = window.cell.0 == 1_000 || (b - a) * 4 >= end(window) - window.from.0;
            assert!(is_tight || columns < 10, "{a} {b} {window:?}");
            viewport.show_range(Nanos(a), Nanos(b));
            assert_eq!(viewport.window(), window, "the range is shown already");
        }
    }
}
