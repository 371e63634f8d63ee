//! The number of requests that a failing run costs: failed ones are repeated, and no others.

use threadline::model::Workload;

use super::builtin_server::faulty;
use super::{FaultLauncher, RETRY_POLICY, everybody, plan};

#[test]
fn an_error_on_each_tenth_page_costs_a_tenth_more() {
    let everybody = everybody(100);
    for workers in [1, 8] {
        let server = faulty(100, r#"{"every":10,"fault":"status","status":500}"#);
        let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
        assert!(launcher.run(plan(Workload::Profile, 1, 1, 1)).run.is_complete());
        let fault_run = launcher.run(plan(Workload::Followers, 1, 100, workers));
        assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
        assert_eq!(fault_run.ids(), everybody);
        assert_eq!((fault_run.run.request_count(), fault_run.run.retry_count()), (110, 10));
        assert_eq!(server.request_counts().requests, 111, "one for the profile");
    }
}

/// Several faults on one page are tried for together, each page's by itself.
#[test]
fn the_tries_of_a_page_are_counted_by_page() {
    let twice = r#"{"times":2,"fault":"reset"},{"fault":"status","status":502}"#;
    for workers in [1, 4] {
        let server = faulty(28, twice);
        let fault_run = FaultLauncher::new(&server.url(), RETRY_POLICY).run(plan(
            Workload::Followers,
            5,
            6,
            workers,
        ));
        assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
        assert_eq!((fault_run.run.retry_count(), server.request_counts().requests), (18, 24));
        assert_eq!(fault_run.ids(), everybody(28));
    }
}
