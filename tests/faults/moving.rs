//! Lists that move while they are read, and lists that hide how long they are.

use std::collections::BTreeSet;

use threadline::model::{RunOutcome, TaskId, Workload};

use super::builtin_server::faulty;
use super::{FaultLauncher, FaultRun, RETRY_POLICY, everybody, plan};

const MODES: [u16; 2] = [1, 4];

/// Fetches the 50 followers of a list that moves so, 10 a page, and looks at what always holds.
fn read(faults: &str, workers: u16, look: impl FnOnce(&FaultRun, u64)) {
    let server = faulty(50, faults);
    let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
    let fault_run = launcher.run(plan(Workload::Followers, 10, 5, workers));
    assert!(fault_run.run.is_complete(), "{faults} x{workers}: {:?}", fault_run.run.failure());
    let ids = fault_run.ids();
    let once: BTreeSet<u64> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "{faults} x{workers}: somebody is there twice");
    assert_eq!(fault_run.run.follower_count(), ids.len() as u64);
    assert_eq!(fault_run.run.retry_count(), 0);
    look(&fault_run, server.request_counts().requests);
}

/// One after another, each page comes after the move, so nobody is missed; what was at the end of a
/// page comes again on the next.
#[test]
fn who_joins_at_the_front_moves_others_to_the_next_page() {
    let everybody = everybody(50);
    let joined = r#"{"page":2,"fault":"joined","count":3}"#;
    read(joined, 1, |fault_run, spent| {
        assert_eq!(fault_run.ids(), everybody);
        assert_eq!(
            (fault_run.run.duplicate_count(), fault_run.run.known_tasks(), spent),
            (3, 6, 6)
        );
    });
    // With threads, any page may come before the move, and then some are missed.
    read(joined, 4, |fault_run, spent| assert_eq!((fault_run.run.known_tasks(), spent), (6, 6)));
}

#[test]
fn pages_that_appear_are_fetched() {
    for workers in MODES {
        for page in 1..=5 {
            let joined = format!(r#"{{"page":{page},"fault":"joined","count":25,"at":"back"}}"#);
            read(&joined, workers, |fault_run, spent| {
                assert_eq!(
                    (fault_run.run.follower_count(), fault_run.run.duplicate_count()),
                    (75, 0),
                    "{page}"
                );
                assert_eq!((fault_run.run.known_tasks(), spent), (8, 8), "{page}");
                assert!(fault_run.ids().starts_with(&everybody(50)), "{page}");
            });
        }
    }
}

#[test]
fn who_leaves_at_the_front_makes_others_missed_and_no_page_is_waited_for() {
    let everybody = everybody(50);
    let left = r#"{"page":3,"fault":"left","count":12}"#;
    read(left, 1, |fault_run, spent| {
        let expected: Vec<u64> = [&everybody[..20], &everybody[32..]].concat();
        assert_eq!((fault_run.ids(), fault_run.run.duplicate_count()), (expected, 0));
        assert_eq!((fault_run.run.known_tasks(), spent), (4, 4));
    });
    read(left, 4, |fault_run, spent| {
        // What the pages hold depends on who comes first.
        assert!(fault_run.ids().iter().all(|id| everybody.contains(id)));
        assert!((4..=5).contains(&spent), "{spent}");
    });
}

#[test]
fn pages_that_vanish_are_accepted() {
    let everybody = everybody(50);
    let left = r#"{"page":2,"fault":"left","count":25,"at":"back"}"#;
    read(left, 1, |fault_run, spent| {
        assert_eq!((fault_run.ids().as_slice(), spent), (&everybody[..25], 3));
        assert_eq!(fault_run.run.known_tasks(), 3);
    });
    read(left, 4, |fault_run, spent| {
        assert!(fault_run.ids().len() >= 25 && spent <= 5, "{spent}");
        assert!(everybody[..25].iter().all(|id| fault_run.ids().contains(id)));
    });
}

/// Everybody leaves but the first page's.
#[test]
fn a_list_that_is_gone_in_the_middle() {
    for workers in MODES {
        let left = r#"{"page":2,"fault":"left","count":40,"at":"back"}"#;
        read(left, workers, |fault_run, spent| {
            assert!(fault_run.ids().starts_with(&everybody(10)), "the first page was had");
            assert!((2..=5).contains(&spent), "{spent}");
        });
    }
}

/// GitHub's own way with long lists: its links name pages that it then refuses.
#[test]
fn a_list_that_is_not_shown_to_its_end() {
    let everybody = everybody(50);
    for workers in MODES {
        let hidden = r#"{"from":4,"times":0,"fault":"status","status":422}"#;
        read(hidden, workers, |fault_run, spent| {
            assert_eq!(
                (fault_run.ids().as_slice(), fault_run.run.known_tasks()),
                (&everybody[..30], 3)
            );
            assert_eq!(fault_run.run.last_visible_page(), Some(TaskId(3)));
            assert_eq!(
                (fault_run.run.outcome(), fault_run.run.failure()),
                (Some(&RunOutcome::Finished), None)
            );
            let most = if workers == 1 { 4 } else { 5 };
            assert!((4..=most).contains(&spent), "{spent}");
        });
    }
}

/// A page without links tells nothing of the others: those that the profile promises are fetched,
/// those that another page names, and, after a full page, one more.
#[test]
fn a_list_whose_links_are_lost() {
    let everybody = everybody(50);
    for workers in MODES {
        for (faults, requests) in [
            (r#"{"times":0,"fault":"no_links"}"#, 6),
            (r#"{"page":1,"fault":"no_links"}"#, 5),
            (r#"{"from":2,"times":0,"fault":"no_links"}"#, 6),
        ] {
            read(faults, workers, |fault_run, spent| {
                assert_eq!((&fault_run.ids(), spent), (&everybody, requests), "{faults}");
                assert_eq!(fault_run.run.known_tasks(), 5, "an empty page is none");
            });
        }
    }
}

/// No page has a Link header, and the profile counts fewer than there are.
#[test]
fn a_list_whose_links_are_lost_and_whose_profile_lags() {
    for workers in MODES {
        for (listed, requests) in [(170, 18), (165, 17), (61, 7), (60, 7), (59, 6)] {
            let server = faulty(listed, r#"{"times":0,"fault":"no_links"}"#);
            let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
            // As a profile of 60 would have it.
            let fault_run = launcher.run(plan(Workload::Followers, 10, 6, workers));
            assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
            assert_eq!(fault_run.ids(), everybody(listed), "{listed} x{workers}");
            let pages = listed.div_ceil(10);
            assert_eq!(
                (fault_run.run.known_tasks(), server.request_counts().requests),
                (pages, requests)
            );
        }
    }
}
