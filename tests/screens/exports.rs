//! The menu of what can be taken along.

use ratatui::crossterm::event::KeyCode;
use threadline::app::{Effect, Msg, Overlay};
use threadline::model::{ExportKind, Mode, Selection, Workload};

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use crate::keys::{press, seen};
use crate::snapshots::{EVERY, screens};

/// What Enter asks for.
fn chosen(driver: &mut AppDriver) -> (ExportKind, String) {
    match driver.press(KeyCode::Enter) {
        Some(Effect::Export { kind, stem }) => (kind, stem),
        other => panic!("something was to be written, not {other:?}"),
    }
}

#[test]
fn the_menu() {
    insta::assert_snapshot!(screens(seen().press_keys("ejj"), &EVERY));
}

#[test]
fn e_asks_for_names_and_enter_writes() {
    let mut driver = seen();
    let stem = "threadline-aaronlelevier-race".to_owned();
    assert_eq!(press(&mut driver, 'e'), Some(Effect::FindExportNames(stem.clone())));
    assert_eq!(driver.app.overlay(), Some(Overlay::Export(0)));
    assert_eq!(chosen(&mut driver), (ExportKind::Trace, stem.clone()));
    assert_eq!(driver.app.overlay(), None);
    assert_eq!(driver.app.notice(), Some("writing the trace"));
    let mut driver = driver.press_keys("ejjj");
    assert_eq!(chosen(&mut driver), (ExportKind::Followers, stem.clone()));
    let mut driver = driver.press_keys("ejk");
    assert_eq!(chosen(&mut driver).0, ExportKind::Trace, "down and up again");
}

#[test]
fn names_that_no_file_has_are_shown() {
    let mut driver = seen().press_keys("e");
    let name = "threadline-aaronlelevier-race-2.json".to_owned();
    driver.app.update(Msg::ExportNames(vec![(ExportKind::Trace, name.clone())]));
    assert!(driver.rows((80, 24)).iter().any(|row| row.contains(&name)));
}

#[test]
fn what_came_of_it_is_said_while_the_run_goes_on() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 500).press_keys("e");
    assert_eq!(chosen(&mut driver).0, ExportKind::Trace);
    driver.app.update(Msg::ExportFinished("trace written to x.json".to_owned()));
    let rows = driver.rows((80, 24));
    assert!(rows[23].contains("trace written to x.json"), "{}", rows[23]);
    driver.press(KeyCode::Char('j'));
    assert_eq!(driver.app.notice(), None);
    assert!(driver.app.session().active().is_some());
}

#[test]
fn every_way_out_of_the_menu_writes_nothing() {
    for key in [KeyCode::Esc, KeyCode::Char('e'), KeyCode::Char('q'), KeyCode::Char('?')] {
        let mut driver = seen().press_keys("e");
        assert_eq!(driver.press(key), None);
        assert_eq!(driver.app.overlay(), None, "{key:?}");
    }
}

#[test]
fn where_no_followers_are_fetched_there_are_none_to_take_along() {
    let mut driver = AppDriver::new(Scenario::default(), Selection::race(Workload::Cpu))
        .play_to_end()
        .press_keys("e");
    let kinds: Vec<ExportKind> = driver.app.export_entries().map(|(kind, _)| kind).collect();
    let [trace, picture, report, _, recording] = ExportKind::ALL;
    assert_eq!(kinds, [trace, picture, report, recording]);
    driver.press(KeyCode::Up);
    assert_eq!(chosen(&mut driver), (recording, "threadline-cpu-race".to_owned()));
}

#[test]
fn before_anything_has_run_there_is_nothing() {
    let mut driver = AppDriver::race();
    assert_eq!(press(&mut driver, 'e'), None);
    assert_eq!(driver.app.overlay(), None);
    driver.draw((80, 24), COLOUR);
    assert!(driver.app.notice().is_some_and(|notice| notice.starts_with("nothing to export yet")));
}
