//! The Markdown report.

use threadline::analysis::Sweep;
use threadline::analysis::sweep::Trial;
use threadline::model::{Background, Mode, Nanos, Workload};
use threadline::report::{ReportSubject, markdown, svg};

use super::{
    commands, cpu_race_with_crash, hostile_commands, race, race_with_failures, running_race,
    runs_subject, simulated_run, subject,
};

fn write_report(subject: &ReportSubject<'_>) -> String {
    let mut out = Vec::new();
    markdown::write(&mut out, subject).unwrap();
    // Replaces the description of the machine that the tests run on.
    let report = String::from_utf8(out).unwrap();
    let lines = report.lines().map(|line| match line.split_once(", ") {
        Some(("- threadline 0.1.0", _)) => "- threadline 0.1.0, here",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn report_describes_the_race() {
    let driver = race();
    insta::assert_snapshot!(write_report(&subject(&driver, Background::Light)));
}

#[test]
fn report_describes_failures_and_limits() {
    let driver = race_with_failures();
    insta::assert_snapshot!(write_report(&subject(&driver, Background::Light)));
}

#[test]
fn report_describes_cpu_work() {
    let driver = cpu_race_with_crash();
    insta::assert_snapshot!(write_report(&subject(&driver, Background::Light)));
}

#[test]
fn rows_of_a_table_have_the_same_number_of_columns() {
    let runs = [hostile_commands()];
    let drivers = [race(), race_with_failures(), cpu_race_with_crash(), running_race()];
    let mut reports = vec![write_report(&runs_subject(&runs))];
    reports.extend(drivers.iter().map(|driver| write_report(&subject(driver, Background::Light))));
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

/// The times of a run in progress extend to the present.
#[test]
fn running_run_is_not_called_stopped_or_incomplete() {
    let driver = running_race();
    let report = write_report(&subject(&driver, Background::Light));
    assert!(report.contains("still running") && !report.contains("stopped"), "{report}");
    assert!(!report.contains("incomplete"), "{report}");
    let (_, times) = report.split_once("## Worker time by state").unwrap();
    let row = times.lines().find(|line| line.starts_with("| threads (no GIL) x5")).unwrap();
    assert!(row.contains(" %)"), "{report}");
}

#[test]
fn simulated_machine_is_named_in_report_and_svg() {
    let runs = [simulated_run()];
    let label = "simulated on 8 cores, seed 7";
    assert!(write_report(&runs_subject(&runs)).contains(label));
    let mut image = Vec::new();
    svg::write(&mut image, &runs_subject(&runs)).unwrap();
    assert!(String::from_utf8(image).unwrap().contains(label));
}

/// The time of a run counts although a command failed.
#[test]
fn failed_commands_count_as_run() {
    let runs = [commands(Mode::Sequential, 1), commands(Mode::Threads, 2)];
    let report = write_report(&runs_subject(&runs));
    for text in ["| 2/2 | 1 |", "| 2.00x | 100 % |", "were 2.0x faster", "1 command failed"] {
        assert!(report.contains(text), "{text}: {report}");
    }
    assert!(!report.contains("pages") && !report.contains("incomplete"), "{report}");
}

/// The sweep fetches 60 pages from a service that processes four requests at once.
#[test]
fn sweep_section_has_a_table_and_advice() {
    let mut sweep = Sweep::new(vec![1, 2, 4, 8], 3);
    for workers in sweep.schedule().collect::<Vec<_>>() {
        let duration = Nanos::from_millis(3_000 / u64::from(workers.min(4)));
        sweep.add_trial(Trial { workers, duration, tasks: 60, is_held_back: false });
    }
    let driver = race();
    let subject = ReportSubject { sweep: Some(&sweep), ..subject(&driver, Background::Light) };
    let report = write_report(&subject);
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
fn hostile_names_are_escaped() {
    let runs = [hostile_commands()];
    let report = write_report(&runs_subject(&runs));
    assert!(!report.contains('\u{1b}') && !report.contains("<b>"), "{report}");
    assert!(report.contains("<code>a&#92;u{1b}&#91;2J\"&#60;b&#62;&#38;'&#124;&#96;"), "{report}");
}
