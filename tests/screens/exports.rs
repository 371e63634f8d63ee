//! The menu of what can be taken along.

use ratatui::crossterm::event::KeyCode;
use threadline::app::{Effect, Msg, Popup};
use threadline::model::{ExportKind, Mode, Selection, Workload};

use crate::fabricate::{COLOUR, Job, Sitting};
use crate::keys::{press, seen};
use crate::snapshots::{EVERY, screens};

/// What Enter asks for.
fn chosen(sitting: &mut Sitting) -> (ExportKind, String) {
    match sitting.press(KeyCode::Enter) {
        Some(Effect::Export { kind, stem }) => (kind, stem),
        other => panic!("something was to be written, not {other:?}"),
    }
}

#[test]
fn the_menu() {
    insta::assert_snapshot!(screens(seen().pressed("ejj"), &EVERY));
}

#[test]
fn e_asks_for_names_and_enter_writes() {
    let mut sitting = seen();
    let stem = "threadline-aaronlelevier-race".to_owned();
    assert_eq!(press(&mut sitting, 'e'), Some(Effect::Name(stem.clone())));
    assert_eq!(sitting.app.popup(), Some(Popup::Export(0)));
    assert_eq!(chosen(&mut sitting), (ExportKind::Trace, stem.clone()));
    assert_eq!(sitting.app.popup(), None);
    assert_eq!(sitting.app.notice(), Some("writing the trace"));
    let mut sitting = sitting.pressed("ejjj");
    assert_eq!(chosen(&mut sitting), (ExportKind::Followers, stem.clone()));
    let mut sitting = sitting.pressed("ejk");
    assert_eq!(chosen(&mut sitting).0, ExportKind::Trace, "down and up again");
}

#[test]
fn names_that_no_file_has_are_shown() {
    let mut sitting = seen().pressed("e");
    let name = "threadline-aaronlelevier-race-2.json".to_owned();
    sitting.app.update(Msg::Named(vec![(ExportKind::Trace, name.clone())]));
    assert!(sitting.rows((80, 24)).iter().any(|row| row.contains(&name)));
}

#[test]
fn what_came_of_it_is_said_while_the_run_goes_on() {
    let mut sitting = Sitting::race().until(Mode::Sequential, 500).pressed("e");
    assert_eq!(chosen(&mut sitting).0, ExportKind::Trace);
    sitting.app.update(Msg::Exported("trace written to x.json".to_owned()));
    let rows = sitting.rows((80, 24));
    assert!(rows[23].contains("trace written to x.json"), "{}", rows[23]);
    sitting.press(KeyCode::Char('j'));
    assert_eq!(sitting.app.notice(), None);
    assert!(sitting.app.session().active().is_some());
}

#[test]
fn every_way_out_of_the_menu_writes_nothing() {
    for key in [KeyCode::Esc, KeyCode::Char('e'), KeyCode::Char('q'), KeyCode::Char('?')] {
        let mut sitting = seen().pressed("e");
        assert_eq!(sitting.press(key), None);
        assert_eq!(sitting.app.popup(), None, "{key:?}");
    }
}

#[test]
fn where_no_followers_are_fetched_there_are_none_to_take_along() {
    let mut sitting =
        Sitting::new(Job::default(), Selection::race(Workload::Cpu)).finished().pressed("e");
    let kinds: Vec<ExportKind> = sitting.app.exports().map(|(kind, _)| kind).collect();
    let [trace, picture, report, _, recording] = ExportKind::ALL;
    assert_eq!(kinds, [trace, picture, report, recording]);
    sitting.press(KeyCode::Up);
    assert_eq!(chosen(&mut sitting), (recording, "threadline-cpu-race".to_owned()));
}

#[test]
fn before_anything_has_run_there_is_nothing() {
    let mut sitting = Sitting::race();
    assert_eq!(press(&mut sitting, 'e'), None);
    assert_eq!(sitting.app.popup(), None);
    sitting.draw((80, 24), COLOUR);
    assert!(sitting.app.notice().is_some_and(|notice| notice.starts_with("nothing has run yet")));
}
