//! Why to trust what is shown: the help has figures that agree, and what the program itself costs.

use threadline::app::Msg;
use threadline::model::{Mode, Nanos};
use threadline::ui::theme::{ColorDepth, GlyphSet};

use crate::app_driver::{AppDriver, TerminalKind};
use crate::keys::seen;
use crate::snapshots::{EVERY, WIDE, screens};

/// With so many nanoseconds an event.
fn measured(mut driver: AppDriver, event: u64) -> AppDriver {
    driver.app.update(Msg::EventOverhead(Nanos(event)));
    for millis in [2, 1] {
        driver.app.update(Msg::FrameDrawn(Nanos::from_millis(millis)));
    }
    driver.press_keys("?")
}

fn help(driver: &mut AppDriver) -> String {
    driver.rows(WIDE).join("\n")
}

#[test]
fn the_law_is_checked_for_each_run() {
    let shown = help(&mut seen().press_keys("?"));
    assert!(shown.contains("sequential: L = X R: in flight 1.00 = 1.08/s x 0.93 s: ok"), "{shown}");
    assert!(shown.contains("threads x5: L = X R: in flight 4.44 = 4.76/s x 0.93 s: ok"), "{shown}");
    assert!(!shown.contains("overhead"), "nothing is shown that was not measured");
}

#[test]
fn a_run_that_goes_on_is_checked_up_to_now() {
    let mut driver = AppDriver::race().play_until(Mode::Threads, 900);
    driver.draw(WIDE, crate::app_driver::COLOUR);
    let shown = help(&mut driver.press_keys("?"));
    assert!(shown.matches(": ok").count() == 2, "{shown}");
}

#[test]
fn the_cost_is_said_and_that_it_disturbs() {
    let shown = help(&mut measured(seen(), 120));
    let cost = "overhead: 120 ns/event, under 0.01 % of the run; frame 1.0 ms, slowest 2.0 ms  ";
    assert!(shown.contains(cost), "nothing is shown that is not measured:\n{shown}");
    assert!(!shown.contains("disturbs"));
    // 1.05 s, and a few dozen events.
    let shown = help(&mut measured(seen(), 1_000_000));
    assert!(shown.contains("% of the run: this distorts it"), "{shown}");
}

#[test]
fn trust() {
    insta::assert_snapshot!("trust", screens(measured(seen(), 120), &EVERY));
    let ascii = TerminalKind(ColorDepth::Mono, GlyphSet::Ascii);
    insta::assert_snapshot!("trust_disturbed", measured(seen(), 1_000_000).text((120, 36), ascii));
}
