//! Text for people: lines, numbers, nouns, file names, and the search for text.

use threadline::analysis::plural;
use threadline::analysis::search::Search;
use threadline::model::printable::{lines, three_digits};
use threadline::model::{
    Event, EventKind, LaneId, Mode, Nanos, Plan, Run, Selection, Setup, Target, TaskId, WorkSpec,
    Workload, file_stem,
};

/// The maximum length of a line.
const MAX_LINE_CHARS: usize = 256;

#[test]
fn long_lines_are_split() {
    assert_eq!(lines("a\r\n\nb").collect::<Vec<_>>(), ["a", "", "b"]);
    assert_eq!(lines("").count(), 0);
    let long = "é".repeat(2 * MAX_LINE_CHARS + 1);
    let pieces: Vec<&str> = lines(&long).collect();
    assert_eq!(
        pieces.iter().map(|piece| piece.chars().count()).collect::<Vec<_>>(),
        [MAX_LINE_CHARS, MAX_LINE_CHARS, 1]
    );
    assert_eq!(pieces.concat(), long);
    assert_eq!(lines(&"x".repeat(MAX_LINE_CHARS)).count(), 1);
}

#[test]
fn figures_have_three_significant_digits() {
    for (value, text) in [
        (1234.4, "1234"),
        (150.0, "150"),
        (99.96, "100"),
        (89.949, "89.9"),
        (0.027_73, "0.0277"),
        (-0.002_26, "-0.00226"),
        (1.0437e-4, "1.04e-4"),
        (0.0, "0.00"),
        (1.5e9, "1.50e9"),
    ] {
        assert_eq!(three_digits(value), text);
    }
}

#[test]
fn noun_follows_its_count() {
    for (number, thing, words) in [
        (0, "page", "0 pages"),
        (1, "page", "1 page"),
        (2, "page", "2 pages"),
        (1, "process", "1 process"),
        (4, "process", "4 processes"),
    ] {
        assert_eq!(plural::count(number, thing), words);
    }
}

#[test]
fn file_names_are_valid_on_every_system() {
    let setup = |user: &str| {
        let (user, api) = (user.to_owned(), String::new());
        Setup::followers(Target { user, api, per_page: 30, costs_quota: false }, None)
    };
    let race = Selection::race(Workload::Followers);
    assert_eq!(file_stem(race, &setup("Octo-Cat")), "threadline-octo-cat-race");
    assert_eq!(file_stem(race, &setup("../\u{1b}[2J/é")), "threadline------2j---race");
    let gil = Selection::only(Workload::Cpu, Mode::Gil);
    assert_eq!(file_stem(gil, &setup("octocat")), "threadline-cpu-gil");
}

#[test]
fn search_ignores_case_in_any_alphabet() {
    for (text, part, there) in [
        ("OctoCat", "tocat", true),
        ("OctoCat", "cats", false),
        ("ÄRGER", "ärg", true),
        ("", "a", false),
        ("straße", "SS", false),
    ] {
        let commands = [text.to_owned()].into();
        let plan = Plan::new(WorkSpec::Commands { commands }, Mode::Sequential, 1, 1);
        let mut run = Run::opened(plan);
        let kind = EventKind::TaskStarted { task: TaskId(1) };
        run.apply(&Event { at: Nanos(0), lane: LaneId(0), kind });
        let mut search = Search::new(part).unwrap();
        search.refresh(&[(&run, Nanos(1))]);
        assert_eq!(!search.hits().is_empty(), there, "{part} in {text}");
    }
}
