//! Marked values of headers and of the query, through faults and exports: they are found nowhere.

use std::fs;
use std::path::Path;

use super::run;
use crate::clean_command::threadline;
use crate::scripted_server::{ScriptedReply, ScriptedServer};

const HEADER: &str = "marked-header-value";
const QUERY: &str = "marked-query-value";

/// Fetches a list in a directory with every export, and returns all that the program wrote.
fn written(server: &ScriptedServer, mode: &str, form: &str, directory: &Path) -> String {
    fs::write(directory.join("keys"), format!("X-Key: Bearer {HEADER}\n")).unwrap();
    let url = format!("{}/x?token={QUERY}&page={{1..3}}", server.url());
    let exports = ["--record", "r", "--trace", "t", "--svg", "s", "--report", "m"];
    let mut command = threadline();
    command.current_dir(directory).args([&url, "-H", "@keys", form, "--mode", mode]);
    command
        .args(["--retries", "1", "--max-wait", "0s", "-H", &format!("X-Other: {HEADER}")])
        .args(exports);
    let done = run(&mut command);
    let files = ["r", "t", "s", "m"].map(|file| fs::read_to_string(directory.join(file)));
    let files: String = files.into_iter().map(Result::unwrap_or_default).collect();
    assert!(files.contains("token=***"), "{mode} {form}: {}", done.err);
    done.out + &done.err + &files
}

#[test]
fn no_output_has_a_secret() {
    // A server that repeats what it was sent in every refusal.
    let replies = [200, 401, 403, 404, 407, 429, 500, 302];
    for status in replies {
        let server = ScriptedServer::start(move |request| {
            let page = request.page().unwrap_or(1);
            if status == 200 || page == 1 {
                return ScriptedReply::new(200, format!("[{page}]"));
            }
            let echo = format!("bad key {HEADER} in {}", request.target);
            let target = format!("http://other.example{}", request.target);
            ScriptedReply::new(status, echo).header("retry-after", "0").header("location", target)
        });
        for (mode, form) in
            [("sequential", "--plain"), ("threads", "--json"), ("processes", "--narrate")]
        {
            let directory = tempfile::tempdir().unwrap();
            let text = written(&server, mode, form, directory.path());
            for secret in [HEADER, QUERY] {
                let line = text.lines().find(|line| line.contains(secret));
                assert_eq!(line, None, "{status} {mode} {form}");
            }
        }
        assert!(server.requests().iter().all(|request| request.head.contains(HEADER)));
    }
}

/// Content that cannot be used is described, but its secrets are not repeated.
#[test]
fn no_description_of_a_body_has_a_secret() {
    for body in [format!("<title>{HEADER}</title>"), format!("{{\"{QUERY}\":1}}")] {
        let server = ScriptedServer::start(move |_| ScriptedReply::new(200, body.clone()));
        let url = format!("{}/x?token={QUERY}", server.url());
        let key = format!("X-Key: {HEADER}");
        let done = run(threadline().args([&url, "--plain", "-H", &key, "--retries", "0"]));
        assert_eq!(done.code, Some(1), "{}", done.err);
        assert!(![HEADER, QUERY].iter().any(|secret| done.err.contains(secret)), "{}", done.err);
    }
}
