//! Keys that quit, interrupt and suspend the program.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use threadline::app::{Effect, Overlay, Question};
use threadline::model::Mode;

use super::run_keys::{finished_race, press};
use crate::app_driver::AppDriver;

#[test]
fn q_quits_immediately_without_an_active_run() {
    assert_eq!(press(&mut finished_race(), 'q'), Some(Effect::Quit));
}

#[test]
fn q_asks_for_confirmation_during_a_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100);
    assert_eq!(press(&mut driver, 'q'), None);
    assert!(matches!(driver.app.overlay(), Some(Overlay::Question(Question::Quit))));
    assert_eq!(press(&mut driver, 'q'), Some(Effect::Quit));
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys("q");
    assert_eq!(driver.press(KeyCode::Esc), None);
    assert!(driver.app.overlay().is_none());
    assert_eq!(press(&mut driver, 'q'), None, "q asks again the next time");
}

#[test]
fn control_c_interrupts_over_any_overlay() {
    for keys in ["", "?", "q"] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys(keys);
        let effect = driver.press_with(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(effect, Some(Effect::Interrupt), "after {keys:?}");
    }
    assert_eq!(press(&mut finished_race(), 'c'), None, "c without Ctrl does not interrupt");
}

#[test]
fn control_z_suspends_over_any_overlay() {
    for keys in ["", "?", "q"] {
        let mut driver = AppDriver::race().play_until(Mode::Sequential, 100).press_keys(keys);
        let effect = driver.press_with(KeyCode::Char('z'), KeyModifiers::CONTROL);
        assert_eq!(effect, Some(Effect::Suspend), "after {keys:?}");
    }
}
