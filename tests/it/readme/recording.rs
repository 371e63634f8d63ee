//! The sample recording in recording.md.

use serde_json::Value;
use threadline::app::Session;
use threadline::model::{
    Event, EventKind, LaneId, Nanos, PlannedRun, Selection, Setup, State, Target, TaskId, Workload,
};
use threadline::source::recording;

use super::page;
use crate::app_driver::memory_log::MemoryLog;

/// Returns whether `actual` has the keys of `sample` with values of the same types. The key `...`
/// in a sample stands for keys that it omits.
fn has_same_shape(sample: &Value, actual: &Value) -> bool {
    match (sample, actual) {
        (Value::Object(sample), Value::Object(actual)) => {
            let is_partial = sample.contains_key("...");
            let mut listed = sample.iter().filter(|(key, _)| *key != "...");
            (is_partial || sample.len() == actual.len())
                && listed
                    .all(|(key, one)| actual.get(key).is_some_and(|it| has_same_shape(one, it)))
        }
        _ => std::mem::discriminant(sample) == std::mem::discriminant(actual),
    }
}

#[test]
fn sample_recording_matches_the_written_format() {
    let target = Target {
        user: "octocat".to_owned(),
        api: "api.github.com".to_owned(),
        per_page: 30,
        costs_quota: true,
    };
    let log = MemoryLog::default();
    let mut session = log.attach(Session::new(Setup::followers(target, None)));
    let PlannedRun { run, plan } =
        session.start_selection(Selection::race(Workload::Followers)).remove(0);
    let task = TaskId(1);
    for kind in plan.opening().map(|(_, kind)| kind).chain([
        EventKind::TaskCountChanged { tasks: 1 },
        EventKind::TaskStarted { task },
        EventKind::StateEntered { state: State::Waiting },
    ]) {
        session.apply(run, &Event { at: Nanos::ZERO, lane: LaneId(0), kind });
    }
    let mut file = Vec::new();
    recording::write(session.setup(), &log.entries(), &mut file).unwrap();
    let written = String::from_utf8(file).unwrap();
    let page = page("recording.md");
    let sample = page.code("json")[0];
    assert_eq!(sample.lines().count(), written.lines().count());
    for (sample, written) in sample.lines().zip(written.lines()) {
        let [expected, actual] =
            [sample, written].map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert!(
            has_same_shape(&expected, &actual),
            "the page has {sample}, the program writes {written}"
        );
        for key in ["format", "version", "events", "event", "begin", "state"] {
            assert_eq!(expected.get(key), actual.get(key), "{sample}");
        }
    }
}
