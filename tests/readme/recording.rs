//! The sample of a recording in recording.md.

use serde_json::Value;
use threadline::app::Session;
use threadline::app::session::Setup;
use threadline::model::{
    Event, EventKind, LaneId, Nanos, Selection, State, Target, TaskId, Workload,
};
use threadline::recording;

use super::page;

/// Returns whether a line has the keys of its sample and values of the same types. A sample with
/// the key `...` leaves keys out.
fn is_like(sample: &Value, real: &Value) -> bool {
    match (sample, real) {
        (Value::Object(sample), Value::Object(real)) => {
            let more = sample.contains_key("...");
            let known = sample.iter().filter(|(key, _)| *key != "...");
            (more || sample.len() == real.len())
                && known.clone().all(|(key, one)| real.get(key).is_some_and(|it| is_like(one, it)))
        }
        _ => std::mem::discriminant(sample) == std::mem::discriminant(real),
    }
}

#[test]
fn the_sample_has_the_format_that_the_program_writes() {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.github.com".to_owned(),
        per_page: 30,
        costs_quota: true,
    };
    let mut session = Session::new(Setup::followers(target, None)).with_log_buffer();
    let plan = session.start_selection(Selection::race(Workload::Followers)).unwrap();
    let task = TaskId(1);
    for kind in [
        EventKind::RunStarted { plan },
        EventKind::TaskCountChanged { tasks: 1 },
        EventKind::TaskStarted { task },
        EventKind::StateEntered { state: State::Waiting },
    ] {
        session.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind });
    }
    let mut file = Vec::new();
    recording::write(session.setup(), session.log_entries(), &mut file).unwrap();
    let real = String::from_utf8(file).unwrap();
    let page = page("recording.md");
    let sample = page.code("json")[0];
    assert_eq!(sample.lines().count(), real.lines().count());
    for (sample, real) in sample.lines().zip(real.lines()) {
        let [one, other] = [sample, real].map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert!(is_like(&one, &other), "the page has {sample}, the program writes {real}");
        for key in ["format", "version", "events", "event", "begin", "state"] {
            assert_eq!(one.get(key), other.get(key), "{sample}");
        }
    }
}
