//! Messages: beside the keys, for three seconds.

use threadline::app::Msg;
use threadline::model::Nanos;

use crate::app_driver::AppDriver;
use crate::screens::run_keys::finished_race;

/// Advances the screen's clock and returns the last two rows.
fn last_rows(driver: &mut AppDriver, millis: u64, size: (u16, u16)) -> [String; 2] {
    driver.app.update(Msg::Clock(Nanos::from_millis(millis)));
    let mut rows = driver.rows(size).split_off(usize::from(size.1) - 2);
    let last = rows.pop().unwrap_or_default();
    [rows.pop().unwrap_or_default(), last]
}

#[test]
fn message_stands_beside_the_keys_for_three_seconds() {
    let mut driver = finished_race().press_keys("c");
    let message = "no other run to compare with; r runs again and keeps this run";
    let [_, keys] = last_rows(&mut driver, 10_000, (120, 36));
    assert!(keys.contains(message) && keys.contains("Tab mode"), "{keys}");
    assert!(keys.contains("? help  q quit"), "{keys}");
    assert_eq!(driver.app.notice_end(), Some(Nanos::from_millis(13_000)));
    let [_, keys] = last_rows(&mut driver, 12_999, (120, 36));
    assert!(keys.contains(message), "{keys}");
    let [_, keys] = last_rows(&mut driver, 13_000, (120, 36));
    assert!(!keys.contains(message) && keys.contains("zoom"), "{keys}");
    assert_eq!(driver.app.notice_end(), None);
}

#[test]
fn message_that_does_not_fit_beside_the_keys_stands_above_them() {
    let mut driver = finished_race().press_keys("c");
    for size in [(40, 12), (60, 14)] {
        let [above, keys] = last_rows(&mut driver, 0, size);
        assert!(above.contains("no other run") && above.contains("this run"), "{above}");
        assert!(keys.contains("? help  q quit"), "{keys}");
    }
}

#[test]
fn match_of_a_search_stands_beside_the_keys() {
    let mut driver = finished_race().press_keys("/p3");
    driver.press(ratatui::crossterm::event::KeyCode::Enter);
    let [_, keys] = last_rows(&mut driver, 0, (120, 36));
    assert!(keys.contains("1 of 2 for \"p3\": p3 on main"), "{keys}");
    assert!(keys.contains("? help  q quit"), "{keys}");
}
