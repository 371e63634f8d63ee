//! The report in Markdown.

use threadline::export::{ReportSubject, markdown, svg};
use threadline::model::sweep::Trial;
use threadline::model::{Background, Mode, Nanos, Sweep, Workload};

use super::{alone, commands, computed, going_on, hostile, race, simulated, subject, troubled};

fn written(subject: &ReportSubject<'_>) -> String {
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
    let driver = race();
    insta::assert_snapshot!(written(&subject(&driver, Background::Light)));
}

#[test]
fn a_troubled_race() {
    let driver = troubled();
    insta::assert_snapshot!(written(&subject(&driver, Background::Light)));
}

#[test]
fn cpu_work() {
    let driver = computed();
    insta::assert_snapshot!(written(&subject(&driver, Background::Light)));
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

/// Times are until now, and nothing of it has stopped.
#[test]
fn what_goes_on_is_not_called_stopped() {
    let driver = going_on();
    let report = written(&subject(&driver, Background::Light));
    assert!(report.contains("still running") && !report.contains("stopped"), "{report}");
    assert!(!report.contains("incomplete"), "{report}");
    let (_, times) = report.split_once("## Worker time by state").unwrap();
    let row = times.lines().find(|line| line.starts_with("| threads x5")).unwrap();
    assert!(row.contains(" %)"), "{report}");
}

#[test]
fn a_simulated_machine_is_called_so() {
    let runs = [simulated()];
    let said = "simulated on 8 cores, seed 7";
    assert!(written(&alone(&runs)).contains(said));
    let mut picture = Vec::new();
    svg::write(&mut picture, &alone(&runs)).unwrap();
    assert!(String::from_utf8(picture).unwrap().contains(said));
}

/// A command that failed has run as well: its run's time counts.
#[test]
fn commands_that_failed_have_run() {
    let runs = [commands(Mode::Sequential, 1), commands(Mode::Threads, 2)];
    let report = written(&alone(&runs));
    for said in ["| 2/2 | 1 |", "| 2.00x | 100 % |", "2.00 times as fast", "1 command failed"] {
        assert!(report.contains(said), "{said}: {report}");
    }
    assert!(!report.contains("pages") && !report.contains("incomplete"), "{report}");
}

/// 60 pages from a service that answers four requests at once.
#[test]
fn a_sweep_has_its_table_and_its_advice() {
    let mut sweep = Sweep::new(vec![1, 2, 4, 8], 3);
    for workers in sweep.schedule().collect::<Vec<_>>() {
        let duration = Nanos::from_millis(3_000 / u64::from(workers.min(4)));
        sweep.add_trial(Trial { workers, duration, tasks: 60 });
    }
    let driver = race();
    let subject = ReportSubject { sweep: Some(&sweep), ..subject(&driver, Background::Light) };
    let report = written(&subject);
    let advice = sweep.advice(Workload::Followers, Mode::Threads).unwrap();
    assert!(report.contains(&advice), "{advice}: {report}");
    let (_, table) = report.split_once("## Sweep\n\n```text\n").unwrap();
    let (table, _) = table.split_once("```").unwrap();
    for workers in ["1 ", "2 ", "4 ", "8 "] {
        let row = table.lines().find(|line| line.trim_start().starts_with(workers));
        assert!(row.is_some(), "{workers}: {report}");
    }
}

#[test]
fn hostile_names_are_text() {
    let runs = [hostile()];
    let report = written(&alone(&runs));
    assert!(!report.contains('\u{1b}') && !report.contains("<b>"), "{report}");
    assert!(report.contains("<code>a&#92;u{1b}&#91;2J\"&#60;b&#62;&#38;'&#124;&#96;"), "{report}");
}
