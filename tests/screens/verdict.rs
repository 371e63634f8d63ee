//! What a finished sitting says of the followers that its runs brought, on a usual terminal.

use threadline::model::{Mode, Selection, Workload};

use crate::app_driver::{AppDriver, Scenario};

/// 127 accounts in 131 entries, as somebody joins before each page is turned.
fn doubled() -> Scenario {
    Scenario { doubled: 1, ..Scenario::default() }
}

#[track_caller]
fn says(job: &Scenario, selection: Selection, words: &str) {
    let rows = AppDriver::new(job.clone(), selection).play_to_end().rows((80, 24));
    let is_said = rows.iter().any(|row| row.contains(words));
    assert!(is_said, "{words}\n{}", rows.join("\n"));
}

#[test]
fn duplicates_are_removed_and_said() {
    says(
        &doubled(),
        Selection::race(Workload::Followers),
        "same 127 followers, same order; 4 duplicates removed ",
    );
    let job = Scenario { followers: 131, ..doubled() };
    says(
        &job,
        Selection::race(Workload::Followers),
        "same 127 followers, same order; 4 duplicates removed; the profile counts 131 ",
    );
    let job = Scenario { followers: 31, listed: 31, ..doubled() };
    says(
        &job,
        Selection::race(Workload::Followers),
        "same 31 followers, same order; 1 duplicate removed ",
    );
}

#[test]
fn duplicates_of_a_mode_alone_are_said_too() {
    for mode in [Mode::Sequential, Mode::Threads] {
        let selection = Selection::only(Workload::Followers, mode);
        says(&doubled(), selection, "done, all pages fetched; 4 duplicates removed ");
    }
}

#[test]
fn a_list_that_changed_between_the_runs_is_never_the_same() {
    let job = Scenario { moved: 2, ..Scenario::default() };
    says(
        &job,
        Selection::race(Workload::Followers),
        "2 followers joined and 2 left between the runs ",
    );
    let rows =
        AppDriver::new(job, Selection::race(Workload::Followers)).play_to_end().rows((80, 24));
    assert!(!rows.concat().contains("same"), "{}", rows.join("\n"));
    let job = Scenario { moved: 1, ..doubled() };
    let words = "1 follower joined and 1 left between the runs; 4 duplicates removed ";
    says(&job, Selection::race(Workload::Followers), words);
}
