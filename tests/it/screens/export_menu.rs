//! The export menu.

use ratatui::crossterm::event::KeyCode;
use threadline::app::{Effect, ExportMenu, Msg, Overlay};
use threadline::model::{ExportKind, Mode, Selection, Workload};

use crate::app_driver::{AppDriver, COLOUR, Scenario};
use crate::screens::run_keys::{finished_race, press};
use crate::screens::screen_text::{ALL_SIZES, screens};

/// Presses Enter and returns the requested export.
fn confirm_export(driver: &mut AppDriver) -> (ExportKind, String) {
    match driver.press(KeyCode::Enter) {
        Some(Effect::Export { kind, stem }) => (kind, stem),
        other => panic!("expected Effect::Export, got {other:?}"),
    }
}

#[test]
fn export_menu_is_drawn_at_every_size() {
    insta::assert_snapshot!(screens(finished_race().press_keys("ejj"), &ALL_SIZES));
}

#[test]
fn e_requests_file_names_and_enter_exports_the_selected_format() {
    let mut driver = finished_race();
    let stem = "threadline-aaronlelevier-race".to_owned();
    assert_eq!(press(&mut driver, 'e'), Some(Effect::FindExportNames(stem.clone())));
    let menu = driver.app.overlay();
    assert!(matches!(menu, Some(Overlay::Export(ExportMenu { selected: 0, .. }))));
    assert_eq!(confirm_export(&mut driver), (ExportKind::Trace, stem.clone()));
    assert!(driver.app.overlay().is_none());
    assert_eq!(driver.app.notice(), Some("writing the trace"));
    let mut driver = driver.press_keys("ejjj");
    assert_eq!(confirm_export(&mut driver), (ExportKind::Followers, stem.clone()));
    let mut driver = driver.press_keys("ejk");
    assert_eq!(confirm_export(&mut driver).0, ExportKind::Trace, "down and up again");
}

#[test]
fn export_menu_shows_the_available_file_names() {
    let mut driver = finished_race().press_keys("e");
    let name = "threadline-aaronlelevier-race-2.json".to_owned();
    driver.app.update(Msg::ExportNames(vec![(ExportKind::Trace, name.clone())]));
    assert!(driver.rows((80, 24)).iter().any(|row| row.contains(&name)));
}

#[test]
fn export_result_is_shown_during_an_active_run() {
    let mut driver = AppDriver::race().play_until(Mode::Sequential, 500).press_keys("e");
    assert_eq!(confirm_export(&mut driver).0, ExportKind::Trace);
    driver.app.update(Msg::ExportFinished("trace written to x.json".to_owned()));
    let rows = driver.rows((80, 24));
    assert!(rows[23].contains("trace written to x.json"), "{}", rows[23]);
    driver.press(KeyCode::Char('j'));
    assert_eq!(driver.app.notice(), None);
    assert!(driver.app.session().active().is_some());
}

#[test]
fn closing_the_export_menu_exports_nothing() {
    for key in [KeyCode::Esc, KeyCode::Char('e'), KeyCode::Char('q'), KeyCode::Char('?')] {
        let mut driver = finished_race().press_keys("e");
        assert_eq!(driver.press(key), None);
        assert!(driver.app.overlay().is_none(), "{key:?}");
    }
}

#[test]
fn followers_cannot_be_exported_from_other_workloads() {
    let mut driver = AppDriver::new(Scenario::default(), Selection::race(Workload::Cpu))
        .play_to_end()
        .press_keys("e");
    let Some(Overlay::Export(menu)) = driver.app.overlay() else { panic!("no menu") };
    let kinds: Vec<ExportKind> = menu.entries.iter().map(|&(kind, _)| kind).collect();
    let [trace, picture, report, ..] = ExportKind::ALL;
    assert_eq!(kinds, [trace, picture, report]);
    driver.press(KeyCode::Up);
    assert_eq!(confirm_export(&mut driver), (report, "threadline-cpu-race".to_owned()));
}

#[test]
fn export_menu_does_not_open_before_the_first_run() {
    let mut driver = AppDriver::race();
    assert_eq!(press(&mut driver, 'e'), None);
    assert!(driver.app.overlay().is_none());
    driver.draw((80, 24), COLOUR);
    assert!(driver.app.notice().is_some_and(|notice| notice.starts_with("nothing to export yet")));
}
