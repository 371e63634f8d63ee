//! Lists that change while they are fetched, and lists whose length is hidden.

use std::collections::BTreeSet;

use threadline::model::{RunOutcome, TaskId};

use super::{FaultLauncher, FaultRun, RETRY_POLICY, all_follower_ids, plan};
use crate::builtin_server::faulty;

/// Sequential and parallel.
const WORKERS: [u16; 2] = [1, 4];

/// Fetches a list of 50 followers with these faults, 10 per page. Checks the invariants, then calls
/// `check` with the run and its number of requests.
fn fetch_list(faults: &str, workers: u16, check: impl FnOnce(&FaultRun, u64)) {
    let server = faulty(50, faults);
    let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
    let fault_run = launcher.run(plan(10, 5, workers));
    assert!(fault_run.run.is_complete(), "{faults} x{workers}: {:?}", fault_run.run.failure());
    let ids = fault_run.follower_ids();
    let once: BTreeSet<u64> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "{faults} x{workers}: duplicate follower");
    assert_eq!(fault_run.run.progress().result_count(), ids.len() as u64);
    assert_eq!(fault_run.run.progress().retry_count(), 0);
    check(&fault_run, server.request_counts().requests);
}

/// A sequential run fetches the later pages after the change, so it misses no follower, and gets
/// the last ones of a page again on the next.
#[test]
fn users_joining_at_the_front_move_others_to_the_next_page() {
    let all_ids = all_follower_ids(50);
    let joined = r#"{"page":2,"fault":"joined","count":3}"#;
    fetch_list(joined, 1, |fault_run, requests| {
        assert_eq!(fault_run.follower_ids(), all_ids);
        assert_eq!(
            (
                fault_run.run.progress().duplicate_count(),
                fault_run.run.progress().known_tasks(),
                requests
            ),
            (3, 6, 6)
        );
    });
    // Threads may fetch any page before the change, and then miss followers.
    fetch_list(joined, 4, |fault_run, requests| {
        assert_eq!((fault_run.run.progress().known_tasks(), requests), (6, 6));
    });
}

#[test]
fn pages_that_are_added_are_fetched() {
    for workers in WORKERS {
        for page in 1..=5 {
            let joined = format!(r#"{{"page":{page},"fault":"joined","count":25,"at":"back"}}"#);
            fetch_list(&joined, workers, |fault_run, requests| {
                assert_eq!(
                    (
                        fault_run.run.progress().result_count(),
                        fault_run.run.progress().duplicate_count()
                    ),
                    (75, 0),
                    "{page}"
                );
                assert_eq!((fault_run.run.progress().known_tasks(), requests), (8, 8), "{page}");
                assert!(fault_run.follower_ids().starts_with(&all_follower_ids(50)), "{page}");
            });
        }
    }
}

#[test]
fn users_leaving_at_the_front_make_the_run_miss_others_but_not_fail() {
    let all_ids = all_follower_ids(50);
    let left = r#"{"page":3,"fault":"left","count":12}"#;
    fetch_list(left, 1, |fault_run, requests| {
        let expected: Vec<u64> = [&all_ids[..20], &all_ids[32..]].concat();
        assert_eq!(
            (fault_run.follower_ids(), fault_run.run.progress().duplicate_count()),
            (expected, 0)
        );
        assert_eq!((fault_run.run.progress().known_tasks(), requests), (4, 4));
    });
    fetch_list(left, 4, |fault_run, requests| {
        // The contents of the pages depend on the order of the requests.
        assert!(fault_run.follower_ids().iter().all(|id| all_ids.contains(id)));
        assert!((4..=5).contains(&requests), "{requests}");
    });
}

#[test]
fn pages_that_are_removed_do_not_fail_the_run() {
    let all_ids = all_follower_ids(50);
    let left = r#"{"page":2,"fault":"left","count":25,"at":"back"}"#;
    fetch_list(left, 1, |fault_run, requests| {
        assert_eq!((fault_run.follower_ids().as_slice(), requests), (&all_ids[..25], 3));
        assert_eq!(fault_run.run.progress().known_tasks(), 3);
    });
    fetch_list(left, 4, |fault_run, requests| {
        assert!(fault_run.follower_ids().len() >= 25 && requests <= 5, "{requests}");
        assert!(all_ids[..25].iter().all(|id| fault_run.follower_ids().contains(id)));
    });
}

#[test]
fn list_that_shrinks_to_its_first_page_keeps_that_page() {
    for workers in WORKERS {
        let left = r#"{"page":2,"fault":"left","count":40,"at":"back"}"#;
        fetch_list(left, workers, |fault_run, requests| {
            assert!(
                fault_run.follower_ids().starts_with(&all_follower_ids(10)),
                "the first page is kept"
            );
            assert!((2..=5).contains(&requests), "{requests}");
        });
    }
}

/// GitHub does this with long lists: its links name pages that it then rejects.
#[test]
fn list_ends_at_the_first_page_that_github_rejects() {
    let all_ids = all_follower_ids(50);
    for workers in WORKERS {
        let hidden = r#"{"from":4,"times":0,"fault":"status","status":422}"#;
        fetch_list(hidden, workers, |fault_run, requests| {
            assert_eq!(
                (fault_run.follower_ids().as_slice(), fault_run.run.progress().known_tasks()),
                (&all_ids[..30], 3)
            );
            assert_eq!(fault_run.run.progress().last_visible_page(), Some(TaskId(3)));
            assert_eq!(
                (fault_run.run.outcome(), fault_run.run.failure()),
                (Some(&RunOutcome::Finished), None)
            );
            let max = if workers == 1 { 4 } else { 5 };
            assert!((4..=max).contains(&requests), "{requests}");
        });
    }
}

/// The run fetches the pages that are known and those that other pages name, and one more
/// after a full page.
#[test]
fn list_with_missing_links_is_fetched_completely() {
    let all_ids = all_follower_ids(50);
    for workers in WORKERS {
        for (faults, expected_requests) in [
            (r#"{"times":0,"fault":"no_links"}"#, 6),
            (r#"{"page":1,"fault":"no_links"}"#, 5),
            (r#"{"from":2,"times":0,"fault":"no_links"}"#, 6),
        ] {
            fetch_list(faults, workers, |fault_run, requests| {
                assert_eq!(
                    (&fault_run.follower_ids(), requests),
                    (&all_ids, expected_requests),
                    "{faults}"
                );
                assert_eq!(
                    fault_run.run.progress().known_tasks(),
                    5,
                    "an empty page is not counted"
                );
            });
        }
    }
}

/// No page has a Link header, and the list may have more or fewer pages than are requested first.
#[test]
fn list_without_links_is_fetched_completely() {
    for workers in WORKERS {
        for (listed, requests) in [(170, 18), (165, 17), (61, 7), (60, 7), (59, 6)] {
            let server = faulty(listed, r#"{"times":0,"fault":"no_links"}"#);
            let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
            let fault_run = launcher.run(plan(10, 6, workers));
            assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
            assert_eq!(fault_run.follower_ids(), all_follower_ids(listed), "{listed} x{workers}");
            let pages = listed.div_ceil(10);
            assert_eq!(
                (fault_run.run.progress().known_tasks(), server.request_counts().requests),
                (pages, requests)
            );
        }
    }
}
