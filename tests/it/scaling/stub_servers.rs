//! The advice about servers with different limits, from the requests to the sentence.

use serde_json::Value;
use threadline::app::Session;
use threadline::model::{Mode, SweepSetup, Workload};
use threadline::report::json::JsonReport;
use threadline::report::plain;

use crate::stub_server::{StubServer, last_run, sweep_of, sweep_session};

const SEEDS: std::ops::Range<u64> = 0..5;

/// A server that answers any number of requests at once in 50 ms.
const UNLIMITED: StubServer =
    StubServer { at_once: 1_000, refuses_above: 1_000, latency: |_| 50, seed: 0 };

const EIGHT_AT_ONCE: StubServer = StubServer { at_once: 8, ..UNLIMITED };
const REFUSES_ABOVE_SIX: StubServer = StubServer { refuses_above: 6, ..UNLIMITED };
const SLOWER_UNDER_LOAD: StubServer =
    StubServer { latency: |in_flight| 40 + 5 * in_flight as u64, ..UNLIMITED };
const SLOW: StubServer = StubServer { latency: |_| 400, ..UNLIMITED };

fn run_sweep(server: StubServer, counts: Option<Vec<u16>>) -> Session {
    sweep_session(server, 60, SweepSetup { counts, repeats: 3 })
}

/// Returns the recommended number of threads and the advice, for each seed.
fn advice(server: StubServer, counts: Option<Vec<u16>>) -> impl Iterator<Item = (u16, String)> {
    SEEDS.map(move |seed| {
        let session = run_sweep(StubServer { seed, ..server }, counts.clone());
        let sweep = sweep_of(&session);
        let advice = sweep.advice(Workload::Followers, Mode::Threads).unwrap();
        (sweep.recommended_workers(Workload::Followers).unwrap(), advice)
    })
}

fn plain_report(session: &Session) -> String {
    let mut out = Vec::new();
    plain::sweep::write(&mut out, sweep_of(session), last_run(session).plan()).unwrap();
    String::from_utf8(out).unwrap()
}

fn json_sweep(session: &Session) -> Value {
    let report = JsonReport::from_runs(None, &[], None);
    let report = report.with_sweep(sweep_of(session), Workload::Followers, Mode::Threads);
    let mut out = Vec::new();
    report.write(&mut out).unwrap();
    serde_json::from_slice::<Value>(&out).unwrap()["sweep"].clone()
}

#[test]
fn server_that_works_on_eight_at_once_has_its_knee_at_eight() {
    for (threads, advice) in advice(EIGHT_AT_ONCE, None) {
        assert_eq!(threads, 8, "{advice}");
        assert!(advice.starts_with("8 threads: 7."), "{advice}");
        assert!(advice.contains(" pages/s, p95 5") && advice.contains(" double p95"), "{advice}");
    }
    for (threads, advice) in advice(EIGHT_AT_ONCE, Some((1..=16).collect())) {
        assert!((7..=9).contains(&threads), "{advice}");
    }
}

#[test]
fn server_that_refuses_above_six_is_not_asked_for_more() {
    for (threads, advice) in advice(REFUSES_ABOVE_SIX, None) {
        assert_eq!(threads, 4, "{advice}");
        let refused = "Above 6 at once the server refused: stay at 6 or below.";
        assert!(advice.starts_with("4 threads: ") && advice.contains(refused), "{advice}");
        assert!(!advice.contains("try "), "{advice}");
    }
    for (threads, advice) in advice(REFUSES_ABOVE_SIX, Some((1..=8).collect())) {
        assert_eq!(threads, 6, "{advice}");
        assert!(advice.contains("stay at 6 or below"), "{advice}");
    }
}

#[test]
fn server_that_is_slower_under_load_gets_the_last_count_before_p95_doubles() {
    for (threads, advice) in advice(SLOWER_UNDER_LOAD, None) {
        assert_eq!(threads, 8, "{advice}");
        assert!(
            advice.contains("but p95 is then ") && advice.contains("that of 1 thread."),
            "{advice}"
        );
    }
}

#[test]
fn server_that_is_only_slow_takes_as_many_threads_as_were_tried() {
    for (threads, advice) in advice(SLOW, None) {
        assert_eq!(threads, 16, "{advice}");
        let any = "As many as you like within what was tried (1 to 16); still growing at 16: try ";
        assert!(advice.contains(any), "{advice}");
    }
}

#[test]
fn refused_trials_are_marked_and_do_not_count() {
    let session = run_sweep(REFUSES_ABOVE_SIX, None);
    let sweep = json_sweep(&session);
    assert_eq!((sweep["accepted"].as_u64(), sweep["recommended"].as_u64()), (Some(6), Some(4)));
    for point in sweep["points"].as_array().unwrap() {
        let is_refused = point["workers"].as_u64().unwrap() > 6;
        assert_eq!(point["held_back"].as_u64(), Some(if is_refused { 3 } else { 0 }), "{point}");
        assert_eq!(point["speed_up"].is_null(), is_refused, "{point}");
        let refused = point["failures"].as_object().unwrap();
        assert_eq!(refused.keys().map(String::as_str).collect::<Vec<_>>() == ["429"], is_refused);
    }
    let held = sweep["trials"].as_array().unwrap().iter().filter(|one| one["held_back"] == true);
    assert_eq!(held.count(), 9);
    let report = plain_report(&session);
    let row = report.lines().find(|line| line.starts_with("16 ")).unwrap();
    assert!(row.ends_with("x 429") && row.contains(" - "), "{report}");
    let table = report.split("\n\n").next().unwrap();
    assert!(table.lines().all(|line| line.len() <= 80), "{report}");
    assert!(
        report.contains("held back    3 of 3 with 8, 3 of 3 with 12 and 3 of 3 with 16 threads: ")
    );
}

#[test]
fn last_line_of_the_report_stands_on_its_own() {
    let report = plain_report(&run_sweep(EIGHT_AT_ONCE, None));
    let last = report.lines().last().unwrap();
    assert!(
        last.starts_with("advice       octocat @ api.example, 60 pages. 8 threads: "),
        "{last}"
    );
    let evidence =
        "Measured with 1, 2, 4, 8, 12 and 16 threads, 3 trials each, which differ by up to ";
    assert!(last.contains(evidence) && last.ends_with(" %."), "{last}");
}

/// With one thread each request takes a quarter longer.
#[test]
fn efficiency_above_100_percent_needs_a_measured_reason() {
    let warms_up =
        StubServer { latency: |in_flight| if in_flight > 1 { 50 } else { 63 }, ..UNLIMITED };
    let session = run_sweep(warms_up, Some(vec![1, 4]));
    let reason = "efficiency   over 100 % with 4 threads: a page took 1.2";
    assert!(plain_report(&session).contains(reason), "{}", plain_report(&session));
    let sweep = json_sweep(&session);
    assert!(sweep["points"][1]["efficiency"].as_f64().unwrap() > 1.1, "{sweep}");
    let times = [(1, 1_000.0), (4, 200.0)];
    let unexplained = super::sweep(60, &times);
    assert_eq!(unexplained.efficiency(unexplained.point(4).unwrap()), None);
    assert!(unexplained.speed_up(unexplained.point(4).unwrap().rate).unwrap() > 4.9);
}
