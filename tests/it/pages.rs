//! `threadline URL`: the pages of lists of any API, with the binary against scripted servers on loopback.

mod content;
mod errors;
mod limits;
mod recorded;
mod secrets;

use assert_cmd::Command;

use crate::clean_command::threadline;
use crate::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};

/// The exit code and the output of a program that has ended.
struct PagesOutput {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Returns a command that fetches a list without a screen and without retries.
fn command(arguments: &[&str]) -> Command {
    let mut command = threadline();
    command.args(["--plain", "--retries", "0", "--max-wait", "0s"]).args(arguments);
    command
}

fn run(command: &mut Command) -> PagesOutput {
    let output = command.output().unwrap();
    PagesOutput {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs a list and returns its items, one per line.
fn items(arguments: &[&str]) -> String {
    let done = run(command(arguments).args(["-o", "-"]));
    assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.err);
    done.out
}

/// Returns the two items of a page, in a form that no parser would keep.
fn page_items(page: u32) -> [String; 2] {
    let big =
        format!(r#"{{"id": {page}0, "n": 1.10, "big": 12345678901234567890123, "t":"\u00e9"}}"#);
    [big, format!(r#"{{"id":{page}1,"n":1E2}}"#)]
}

/// Returns the items of pages 1 to `last`, one per line.
fn all_items(last: u32) -> String {
    (1..=last).flat_map(page_items).map(|item| item + "\n").collect()
}

fn page(page: u32) -> ScriptedReply {
    ScriptedReply::new(200, format!("[ {} ]", page_items(page).join(" , ")))
}

/// Starts a server of pages without links.
fn server() -> ScriptedServer {
    ScriptedServer::start(|request| page(request.page().unwrap_or(1)))
}

/// Starts a server of `last` pages with the links of these relations.
fn linked(last: u32, relations: &'static [&'static str]) -> ScriptedServer {
    ScriptedServer::start(move |request| {
        let number = request.page().unwrap_or(1);
        let target = |relation: &str| if relation == "last" { last } else { number + 1 };
        let links: Vec<String> = relations
            .iter()
            .filter(|_| number < last)
            .map(|relation| format!("</items?page={}>; rel=\"{relation}\"", target(relation)))
            .collect();
        page(number).header("link", links.join(", "))
    })
}

#[test]
fn every_way_to_the_pages_gives_the_same_items_in_every_mode() {
    let (plain, last) = (server(), linked(5, &["next", "last"]));
    let next = linked(5, &["next"]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("urls");
    let urls = (1..=5).map(|page| format!("# page {page}\n\n{}/x?page={page}\n", plain.url()));
    std::fs::write(&file, urls.collect::<Vec<_>>().concat()).unwrap();
    let range = format!("{}/items?page={{1..5}}", plain.url());
    let (last, next) = (format!("{}/items", last.url()), format!("{}/items", next.url()));
    let ways =
        [vec![range.as_str()], vec!["--urls", file.to_str().unwrap()], vec![&last], vec![&next]];
    for mode in ["race", "sequential", "threads", "gil", "processes"] {
        for way in &ways {
            let arguments = [way.as_slice(), &["--mode", mode, "--threads", "3"]].concat();
            assert_eq!(items(&arguments), all_items(5), "{arguments:?}");
        }
    }
}

#[test]
fn items_are_written_as_one_array_if_the_file_asks_for_it() {
    let (server, directory) = (server(), tempfile::tempdir().unwrap());
    let file = directory.path().join("items.json");
    let url = format!("{}/items?page={{1..2}}", server.url());
    let done = run(command(&[&url, "-o"]).arg(&file));
    assert_eq!(done.err, format!("4 items written to {}\n", file.display()));
    let expected = all_items(2).trim_end().replace('\n', ",\n");
    assert_eq!(std::fs::read_to_string(file).unwrap(), format!("[\n{expected}\n]\n"));
}

/// The first page goes alone; its link to the last page tells the others.
#[test]
fn link_to_the_last_page_makes_each_page_one_request() {
    let server = linked(6, &["next", "last"]);
    items(&[&format!("{}/items", server.url()), "--mode", "threads"]);
    assert!(server.pages().values().all(|&requests| requests == 1), "{:?}", server.pages());
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn total_of_pages_in_a_header_replaces_the_link_to_the_last_page() {
    let server = ScriptedServer::start(|request| {
        let number = request.page().unwrap_or(1);
        page(number)
            .header("link", format!("</x?page={}>; rel=\"next\"", number + 1))
            .header("x-total-pages", "4")
    });
    let url = format!("{}/x", server.url());
    assert_eq!(items(&[&url, "--mode", "threads"]), all_items(4));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn pages_that_name_the_next_one_alone_are_fetched_once_with_a_reason() {
    let server = linked(4, &["next"]);
    let done = run(&mut command(&[&format!("{}/items", server.url())]));
    assert_eq!((done.code, server.requests().len()), (Some(0), 4), "{}", done.err);
    let reason = "Threads cannot help here: the address of each page is in the page before\n";
    assert!(done.out.contains("8 items fetched in "), "{}", done.out);
    assert!(done.out.contains(reason), "{}", done.out);
    assert!(!done.out.contains("multi_threaded"), "{}", done.out);
}

#[test]
fn body_has_the_next_url_or_a_cursor() {
    let numbered = |request: &ScriptedRequest| {
        let cursor = request.target.split("cursor=c").nth(1);
        cursor.map_or(1, |number| number.parse::<u32>().unwrap())
    };
    for (option, text, end) in [
        ("--next=cursor=/meta/next", "\"c{}\"", "null"),
        ("--next=/meta/next", "\"/x?cursor=c{}\"", "\"\""),
    ] {
        let server = ScriptedServer::start(move |request| {
            let number = numbered(request);
            let next = if number < 4 {
                text.replace("{}", &(number + 1).to_string())
            } else {
                end.to_owned()
            };
            let items = page_items(number).join(",");
            ScriptedReply::new(200, format!(r#"{{"rows":[{items}],"meta":{{"next":{next}}}}}"#))
        });
        assert_eq!(items(&[&format!("{}/x", server.url()), option]), all_items(4), "{option}");
        assert_eq!(server.requests().len(), 4, "{option}");
    }
}

#[test]
fn chain_that_returns_to_an_earlier_page_ends() {
    let server = ScriptedServer::start(|request| {
        let next = if request.page() == Some(3) { 2 } else { request.page().unwrap_or(1) + 1 };
        page(request.page().unwrap_or(1)).header("link", format!("</x?page={next}>; rel=next"))
    });
    let done = run(&mut command(&[&format!("{}/x", server.url())]));
    assert!(
        done.err.contains("the address of its next page is that of an earlier one"),
        "{}",
        done.err
    );
    assert_eq!((done.code, server.requests().len()), (Some(6), 3));
}

/// A run of GitHub's API has the token, and the quota of its own headers.
#[test]
fn lists_of_the_github_api_get_the_token() {
    let server = ScriptedServer::start(|request| {
        page(request.page().unwrap_or(1))
            .header("x-ratelimit-limit", "5000")
            .header("x-ratelimit-remaining", "4000")
            .header("x-ratelimit-reset", "2000000000")
    });
    let url = format!("{}/repos/o/r/issues?page={{1..2}}", server.url());
    let mut command = command(&[&url, "--api-url", server.url(), "--mode", "processes"]);
    let done = run(command.env("GH_TOKEN", "marked-token-value"));
    assert_eq!(done.code, Some(0), "{}", done.err);
    let requests = server.requests();
    let has_token = |request: &ScriptedRequest| {
        request.head.to_lowercase().contains("authorization: bearer marked-token-value")
    };
    assert!(!requests.is_empty() && requests.iter().all(has_token), "{requests:?}");
    let other = run(self::command(&[&url]).env("GH_TOKEN", "marked-token-value"));
    assert_eq!(other.code, Some(0), "{}", other.err);
    assert!(!server.requests().iter().skip(requests.len()).any(has_token));
}
