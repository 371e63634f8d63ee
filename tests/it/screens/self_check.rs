//! The self-check in the help: Little's law and the overhead of the program.

use threadline::app::Msg;
use threadline::model::{Event, EventKind, Gap, GapScope, LaneId, Mode, Nanos, RunId};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, TerminalKind};
use crate::screens::run_keys::finished_race;
use crate::screens::screen_text::{ALL_SIZES, WIDE, screens};

/// Opens the help after measurements of the overhead, in nanoseconds per event.
fn help_with_overhead(mut driver: AppDriver, nanos: u64) -> AppDriver {
    driver.app.update(Msg::EventOverhead(Nanos(nanos)));
    for millis in [2, 1] {
        driver.app.update(Msg::FrameDrawn(Nanos::from_millis(millis)));
    }
    open_self_check(driver)
}

/// Opens the last page of the help.
fn open_self_check(driver: AppDriver) -> AppDriver {
    driver.press_keys("?k")
}

fn wide_screen(driver: &mut AppDriver) -> String {
    driver.rows(WIDE).join("\n")
}

#[test]
fn littles_law_is_checked_for_each_run() {
    let shown = wide_screen(&mut open_self_check(finished_race()));
    assert!(shown.contains("sequential: L = X R: in flight 1.00 = 1.08/s x 0.93 s: ok"), "{shown}");
    assert!(
        shown.contains("threads (no GIL) x5: L = X R: in flight 4.44 = 4.76/s x 0.93 s: ok"),
        "{shown}"
    );
    assert!(!shown.contains("overhead"), "overhead is shown only if measured");
}

#[test]
fn active_run_is_checked_up_to_now() {
    let mut driver = AppDriver::race().play_until(Mode::Threads, 900);
    driver.draw(WIDE, crate::app_driver::COLOUR);
    let shown = wide_screen(&mut open_self_check(driver));
    assert!(shown.matches(": ok").count() == 2, "{shown}");
}

#[test]
fn overhead_is_shown_with_a_warning_if_it_distorts_the_run() {
    let shown = wide_screen(&mut help_with_overhead(finished_race(), 120));
    let cost = "overhead: 120 ns/event, under 0.01 % of the run; frame 1.0 ms, slowest 2.0 ms";
    assert!(shown.contains(cost), "no overhead in\n{shown}");
    assert!(!shown.contains("disturbs"));
    // The run lasts 1.05 s and has a few dozen events.
    let shown = wide_screen(&mut help_with_overhead(finished_race(), 1_000_000));
    assert!(shown.contains("% of the run: this distorts it"), "{shown}");
}

#[test]
fn lost_events_are_counted() {
    let exact = wide_screen(&mut open_self_check(finished_race()));
    assert!(exact.contains("events: exact, none lost"), "{exact}");
    let mut driver = AppDriver::race().play_until(Mode::Threads, 900);
    let (from, to) = (Nanos::from_millis(100), Nanos::from_millis(300));
    let gap = Gap { from, to, lost: 12, scope: GapScope::Run };
    let event = Event { at: to, lane: LaneId(0), kind: EventKind::Gap(gap) };
    driver.app.update(Msg::Event(RunId(1), event));
    let shown = wide_screen(&mut open_self_check(driver));
    assert!(shown.contains("events: exact, 12 lost in 1 gap of 200 ms"), "{shown}");
}

#[test]
fn self_check_is_drawn_at_every_size() {
    insta::assert_snapshot!(
        "self_check",
        screens(help_with_overhead(finished_race(), 120), &ALL_SIZES)
    );
    let ascii = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);
    insta::assert_snapshot!(
        "self_check_with_high_overhead",
        help_with_overhead(finished_race(), 1_000_000).text((120, 36), ascii)
    );
}
