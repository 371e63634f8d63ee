//! Lists with heads that were recorded from real servers, followed by the whole program.

use super::{command, run};
use crate::scripted_server::{ScriptedReply, ScriptedRequest, ScriptedServer};

const GITHUB: &str = include_str!("../../fixtures/heads/github.txt");
const GITHUB_CURSOR: &str = include_str!("../../fixtures/heads/github_cursor.txt");
const GITLAB: &str = include_str!("../../fixtures/heads/gitlab.txt");
const GITEA: &str = include_str!("../../fixtures/heads/gitea.txt");
const BITBUCKET: &str = include_str!("../../fixtures/heads/bitbucket.txt");

/// The head of a recorded response.
#[derive(Clone, Copy)]
struct RecordedHead {
    origin: &'static str,
    /// The path and the query of the request.
    target: &'static str,
    headers: &'static str,
    /// A relation of the Link header that is left out.
    without: &'static str,
}

impl RecordedHead {
    fn parse(text: &'static str) -> Self {
        let (request, rest) = text.split_once('\n').unwrap();
        let url = request.strip_prefix("GET ").unwrap();
        let path = url.match_indices('/').nth(2).unwrap().0;
        let (origin, target) = url.split_at(path);
        let (_, headers) = rest.split_once('\n').unwrap();
        Self { origin, target, headers, without: "none" }
    }

    /// Returns the recorded response, whose links point to the server with `host` as in `Host`.
    fn reply(self, host: &str, body: String) -> ScriptedReply {
        let own = format!("http://{host}");
        let headers = self.headers.lines().map(|line| line.split_once(": ").unwrap());
        headers.fold(ScriptedReply::new(200, body), |reply, (name, value)| {
            let links = value.split(',').filter(|link| !link.contains(self.without));
            let value = links.collect::<Vec<_>>().join(",");
            reply.header(name, value.replace(self.origin, &own))
        })
    }

    /// Starts a server with this head on its first page. No later page has a link.
    fn start(self) -> ScriptedServer {
        ScriptedServer::start(move |request| {
            if request.target == self.target {
                return self.reply(host(request), first_body(self, request));
            }
            ScriptedReply::new(200, format!("{{\"values\":[\"{}\"]}}", request.target))
        })
    }
}

fn host(request: &ScriptedRequest) -> &str {
    let mut lines = request.head.lines().filter_map(|line| line.split_once(": "));
    lines.find_map(|(name, value)| name.eq_ignore_ascii_case("host").then_some(value)).unwrap()
}

/// Returns the body of the first page. Bitbucket's has the URL of the next one.
fn first_body(head: RecordedHead, request: &ScriptedRequest) -> String {
    let next = head.target.replace("page=1", "page=2");
    format!(r#"{{"values":["{}"],"next":"http://{}{next}"}}"#, head.target, host(request))
}

/// Each item is the target of the request for its page.
#[test]
fn recorded_lists_are_followed() {
    let gitlab = RecordedHead::parse(GITLAB);
    let only_total = RecordedHead { without: "rel=\"last\"", ..gitlab };
    let gitlab_targets = ["page=2", "page=3"].map(|page| {
        format!("/api/v4/projects/15578026/issues/2/award_emoji?id=15578026&issue_iid=2&{page}&per_page=2")
    });
    let github_targets = ["page=2", "page=3"]
        .map(|page| format!("/repositories/220672974/issues/2/reactions?{page}&per_page=2"));
    let gitea = "/api/v1/repos/gitea/test_repo/issues?limit=2&page=4&state=all&type=issues";
    let cursor = "/repositories/20580498/issues?after=Y3Vyc29yOnYyOpLPAAABUz0kjVjOCDz5yw%3D%3D&per_page=30&page=87";
    let bitbucket = "/2.0/repositories/gitea/test_repo/pullrequests?page=2&pagelen=10";
    for (head, options, later, is_chained) in [
        (RecordedHead::parse(GITHUB), &[][..], github_targets.to_vec(), false),
        (gitlab, &[], gitlab_targets.to_vec(), false),
        (only_total, &[], gitlab_targets.to_vec(), false),
        (RecordedHead::parse(GITEA), &[], vec![gitea.to_owned()], false),
        (RecordedHead::parse(GITHUB_CURSOR), &[], vec![cursor.to_owned()], true),
        (RecordedHead::parse(BITBUCKET), &["--next=/next"], vec![bitbucket.to_owned()], true),
    ] {
        let server = head.start();
        let url = format!("{}{}", server.url(), head.target);
        let done = run(command(&[&url, "-o", "-", "--threads", "3"]).args(options));
        let expected = [vec![head.target.to_owned()], later].concat();
        let items: Vec<&str> = done.out.lines().map(|line| line.trim_matches('"')).collect();
        assert_eq!(items, expected, "{}", done.err);
        let reason = "Threads cannot help here: the address of each page is in the page before";
        assert_eq!(done.err.contains(reason), is_chained, "{url}: {}", done.err);
        // A chain is fetched once, and another list once for each mode.
        let modes = if is_chained { 1 } else { 2 };
        assert_eq!(server.requests().len(), expected.len() * modes, "{url}");
    }
}

/// The server behind a mirror names the addresses of the original.
#[test]
fn links_of_a_mirror_to_the_original_are_refused() {
    let head = RecordedHead::parse(GITHUB);
    let server = ScriptedServer::start(move |request| {
        head.reply("other.example", first_body(head, request))
    });
    let done = run(&mut command(&[&format!("{}{}", server.url(), head.target)]));
    let reason = "its Link header points to another server; write the pages as a range";
    assert!(done.err.contains(reason), "{}", done.err);
    assert_eq!((done.code, server.requests().len()), (Some(1), 1));
}
