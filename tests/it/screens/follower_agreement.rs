//! The reported agreement of the followers that the runs of a session fetched.

use threadline::model::{Mode, Selection, Workload};

use crate::app_driver::{AppDriver, Scenario};

/// 127 accounts in 131 entries, because an account joins between any two pages.
fn list_with_duplicates() -> Scenario {
    Scenario { doubled: 1, ..Scenario::default() }
}

#[track_caller]
fn assert_reports(scenario: &Scenario, selection: Selection, text: &str) {
    let rows = AppDriver::new(scenario.clone(), selection).play_to_end().rows((80, 24));
    let is_shown = rows.iter().any(|row| row.contains(text));
    assert!(is_shown, "no {text:?} in\n{}", rows.join("\n"));
}

#[test]
fn removed_duplicates_are_reported() {
    assert_reports(
        &list_with_duplicates(),
        Selection::race(Workload::Followers),
        "Both got the same 127 followers; 4 duplicates removed",
    );
    let scenario = Scenario { followers: 31, listed: 31, ..list_with_duplicates() };
    assert_reports(
        &scenario,
        Selection::race(Workload::Followers),
        "Both got the same 31 followers; 1 duplicate removed",
    );
}

#[test]
fn removed_duplicates_of_a_single_mode_are_reported() {
    for mode in [Mode::Sequential, Mode::Threads] {
        let selection = Selection::only(Workload::Followers, mode);
        assert_reports(&list_with_duplicates(), selection, "4 duplicates removed");
    }
}

#[test]
fn list_that_changed_between_runs_is_not_called_the_same() {
    let scenario = Scenario { moved: 2, ..Scenario::default() };
    assert_reports(
        &scenario,
        Selection::race(Workload::Followers),
        "2 followers joined and 2 left between the runs. ",
    );
    let rows =
        AppDriver::new(scenario, Selection::race(Workload::Followers)).play_to_end().rows((80, 24));
    assert!(!rows.concat().contains("same"), "{}", rows.join("\n"));
    let scenario = Scenario { moved: 1, ..list_with_duplicates() };
    let text = "1 follower joined and 1 left between the runs; 4 duplicates removed";
    assert_reports(&scenario, Selection::race(Workload::Followers), text);
}
