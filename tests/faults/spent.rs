//! How many requests a run costs that goes wrong: what failed is asked for again, and nothing else.

use threadline::model::Workload;

use super::server::faulty;
use super::{PATIENT, Sitting, everybody, plan};

#[test]
fn an_error_on_each_tenth_page_costs_a_tenth_more() {
    let everybody = everybody(100);
    for workers in [1, 8] {
        let server = faulty(100, r#"{"every":10,"fault":"status","status":500}"#);
        let sitting = Sitting::new(&server.url(), PATIENT);
        assert!(sitting.run(plan(Workload::Profile, 1, 1, 1)).run.is_whole());
        let going = sitting.run(plan(Workload::Followers, 1, 100, workers));
        assert!(going.run.is_whole(), "{:?}", going.run.failure());
        assert_eq!(going.ids(), everybody);
        assert_eq!((going.run.requests(), going.run.retries()), (110, 10));
        assert_eq!(server.counts().requests, 111, "one for the profile");
    }
}

/// Several faults on one page are tried for together, each page's by itself.
#[test]
fn the_tries_of_a_page_are_counted_by_page() {
    let twice = r#"{"times":2,"fault":"reset"},{"fault":"status","status":502}"#;
    for workers in [1, 4] {
        let server = faulty(28, twice);
        let going =
            Sitting::new(&server.url(), PATIENT).run(plan(Workload::Followers, 5, 6, workers));
        assert!(going.run.is_whole(), "{:?}", going.run.failure());
        assert_eq!((going.run.retries(), server.counts().requests), (18, 24));
        assert_eq!(going.ids(), everybody(28));
    }
}
