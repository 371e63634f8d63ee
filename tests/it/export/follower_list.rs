//! The list of followers as CSV, JSON and NDJSON.

use std::path::Path;

use threadline::model::{FailureKind, Mode, Run};
use threadline::report::followers::{FollowerFormat, best_run};

use crate::fabricated_runs::{not_begun, run};

fn written(format: FollowerFormat, run: &Run) -> String {
    let mut out = Vec::new();
    format.write(run, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn followers_are_written_in_every_format() {
    let run = run(Mode::Threads, 2, &[Ok(&[1]), Ok(&[2])]);
    let url = "https://github.com/user";
    assert_eq!(
        written(FollowerFormat::Csv, &run),
        format!("id,login,html_url\n1,user1,{url}1\n2,user2,{url}2\n")
    );
    let one = format!(r#"{{"id":1,"login":"user1","html_url":"{url}1"}}"#);
    let two = format!(r#"{{"id":2,"login":"user2","html_url":"{url}2"}}"#);
    assert_eq!(written(FollowerFormat::Ndjson, &run), format!("{one}\n{two}\n"));
    assert_eq!(written(FollowerFormat::Json, &run), format!("[\n{one},\n{two}\n]\n"));
}

#[test]
fn duplicate_follower_is_written_at_its_first_place() {
    let run = run(Mode::Threads, 2, &[Ok(&[3, 1]), Ok(&[1, 3, 2])]);
    for format in [FollowerFormat::Csv, FollowerFormat::Json, FollowerFormat::Ndjson] {
        let text = written(format, &run);
        let places = [3, 1, 2].map(|id| text.find(&format!("github.com/user{id}")).unwrap());
        assert!(places.is_sorted(), "{text}");
        assert_eq!(text.matches("github.com").count(), 3, "{text}");
    }
}

#[test]
fn empty_list_is_valid_in_every_format() {
    let run = run(Mode::Sequential, 1, &[Ok(&[])]);
    assert_eq!(written(FollowerFormat::Csv, &run), "id,login,html_url\n");
    assert_eq!(written(FollowerFormat::Json, &run), "[]\n");
    assert_eq!(written(FollowerFormat::Ndjson, &run), "");
}

#[test]
fn extension_selects_the_format() {
    for (path, format) in [
        ("a.csv", Some(FollowerFormat::Csv)),
        ("a.JSON", Some(FollowerFormat::Json)),
        ("a.b/c.ndjson", Some(FollowerFormat::Ndjson)),
        ("a.txt", None),
        ("csv", None),
        (".csv", None),
    ] {
        assert_eq!(FollowerFormat::from_path(Path::new(path)), format, "{path}");
    }
}

#[test]
fn best_run_is_the_first_complete_one_or_the_one_with_most_pages() {
    let broken = Err(FailureKind::Server);
    let none = run(Mode::Sequential, 1, &[broken, broken]);
    let some = run(Mode::Sequential, 1, &[Ok(&[1]), broken]);
    let more = run(Mode::Threads, 2, &[Ok(&[1]), Ok(&[2]), broken]);
    let whole = run(Mode::Threads, 2, &[Ok(&[1]), Ok(&[2])]);
    let idle = not_begun(Mode::Threads);
    let count =
        |runs: &[&Run]| best_run(runs.iter().copied()).map(|run| run.progress().result_count());
    assert_eq!(count(&[&some, &whole]), Some(2));
    assert_eq!(count(&[&none, &some, &more, &idle]), Some(2));
    assert_eq!(count(&[&none, &idle]), None);
}
