//! The number of requests of a run with failures: only failed requests are repeated.

use super::{FaultLauncher, RETRY_POLICY, all_follower_ids, plan};
use crate::builtin_server::faulty;

#[test]
fn error_on_every_tenth_page_costs_a_tenth_more_requests() {
    let all_ids = all_follower_ids(100);
    for workers in [1, 8] {
        let server = faulty(100, r#"{"every":10,"fault":"status","status":500}"#);
        let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
        let fault_run = launcher.run(plan(1, 100, workers));
        assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
        assert_eq!(fault_run.follower_ids(), all_ids);
        assert_eq!(
            (fault_run.run.timing().request_count(), fault_run.run.progress().retry_count()),
            (110, 10)
        );
        assert_eq!(server.request_counts().requests, 110);
    }
}

/// Two faults on one page share its attempts; other pages have their own.
#[test]
fn attempts_are_counted_per_page() {
    let faults = r#"{"times":2,"fault":"reset"},{"fault":"status","status":502}"#;
    for workers in [1, 4] {
        let server = faulty(28, faults);
        let fault_run = FaultLauncher::new(&server.url(), RETRY_POLICY).run(plan(5, 6, workers));
        assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
        assert_eq!(
            (fault_run.run.progress().retry_count(), server.request_counts().requests),
            (18, 24)
        );
        assert_eq!(fault_run.follower_ids(), all_follower_ids(28));
    }
}
