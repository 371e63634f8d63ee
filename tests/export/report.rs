//! The report in Markdown.

use threadline::export::{Subject, markdown};
use threadline::model::Background;

use super::{alone, computed, going_on, hostile, race, subject, troubled};

fn written(subject: &Subject<'_>) -> String {
    let mut out = Vec::new();
    markdown::write(&mut out, subject).unwrap();
    // Where the tests run is not what they are about.
    let report = String::from_utf8(out).unwrap();
    let lines = report.lines().map(|line| match line.split_once(", ") {
        Some(("- threadline 0.1.0", _)) => "- threadline 0.1.0, here",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_race() {
    let sitting = race();
    insta::assert_snapshot!(written(&subject(&sitting, Background::Light)));
}

#[test]
fn a_troubled_race() {
    let sitting = troubled();
    insta::assert_snapshot!(written(&subject(&sitting, Background::Light)));
}

#[test]
fn cpu_work() {
    let sitting = computed();
    insta::assert_snapshot!(written(&subject(&sitting, Background::Light)));
}

#[test]
fn every_row_of_a_table_has_its_columns() {
    let runs = [hostile()];
    let sittings = [race(), troubled(), computed(), going_on()];
    let mut reports = vec![written(&alone(&runs))];
    reports.extend(sittings.iter().map(|one| written(&subject(one, Background::Light))));
    for report in reports {
        let mut columns = None;
        for line in report.lines() {
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            let count = line.matches('|').count();
            assert_eq!(*columns.get_or_insert(count), count, "{line}\n{report}");
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let runs = [hostile()];
    let report = written(&alone(&runs));
    assert!(!report.contains('\u{1b}') && !report.contains("<b>"), "{report}");
    assert!(report.contains("<code>a&#92;u{1b}&#91;2J\"&#60;b&#62;&#38;'&#124;&#96;"), "{report}");
}
