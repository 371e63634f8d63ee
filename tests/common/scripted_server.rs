//! A stand-in for GitHub's API on raw sockets, whose replies each test scripts.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::Builder;

/// A response, or none.
pub(crate) struct ScriptedReply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    stalls: bool,
}

/// A request that the server has received.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedRequest {
    /// The path and the query.
    pub(crate) target: String,
    /// The request line and the headers.
    pub(crate) head: String,
}

impl ScriptedRequest {
    /// Returns the number of the requested page, if any.
    pub(crate) fn page(&self) -> Option<u32> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix("page="))?.parse().ok()
    }
}

type ReplyScript = dyn Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync;

/// A running server. Its threads end with the test process.
pub(crate) struct ScriptedServer {
    url: String,
    requests: Arc<Mutex<Vec<ScriptedRequest>>>,
    arrivals: Receiver<ScriptedRequest>,
}

impl ScriptedReply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), stalls: false }
    }

    /// Returns a response with an error body like GitHub's.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::new(status, format!(r#"{{"message":"{message}","status":"{status}"}}"#))
    }

    /// Returns a reply that sends nothing and keeps the connection open.
    pub(crate) fn never() -> Self {
        Self { stalls: true, ..Self::new(200, "") }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { status, body, .. } = self;
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let headers: Vec<String> = headers.collect();
        let (length, headers) = (body.len(), headers.concat());
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
            .into_bytes()
    }
}

impl ScriptedServer {
    /// Starts a server that answers each request with the reply from `script`.
    pub(crate) fn start(
        script: impl Fn(&ScriptedRequest) -> ScriptedReply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (arrived, arrivals) = channel();
        let (script, log): (Arc<ReplyScript>, _) = (Arc::new(script), Arc::clone(&requests));
        let accept = move || {
            for stream in listener.incoming() {
                let (script, log, arrived) =
                    (Arc::clone(&script), Arc::clone(&log), arrived.clone());
                let stream = stream.unwrap();
                let converse = move || converse(stream, &*script, &log, &arrived);
                Builder::new().spawn(converse).unwrap();
            }
        };
        Builder::new().spawn(accept).unwrap();
        Self { url, requests, arrivals }
    }

    /// Starts a server for a user whose list has `listed` followers, 30 per page, with the IDs 1, 2,
    /// 3… `override_page` may replace the reply for a page.
    pub(crate) fn list(
        listed: u32,
        override_page: impl Fn(u32) -> Option<ScriptedReply> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request| match request.page() {
            None => ScriptedReply::error(404, "Not Found"),
            Some(page) => override_page(page).unwrap_or_else(|| self::page(page, listed)),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits for a request for this page.
    pub(crate) fn wait_for_page(&self, page: u32) {
        while self.arrivals.recv().unwrap().page() != Some(page) {}
    }

    /// Returns all requests so far.
    pub(crate) fn requests(&self) -> Vec<ScriptedRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the number of requests for each page so far.
    pub(crate) fn pages(&self) -> BTreeMap<u32, usize> {
        let mut pages = BTreeMap::new();
        for page in self.requests().iter().filter_map(ScriptedRequest::page) {
            *pages.entry(page).or_default() += 1;
        }
        pages
    }
}

/// Returns a page of 30 followers from a list of `listed`, with its Link header.
pub(crate) fn page(page: u32, listed: u32) -> ScriptedReply {
    page_of(page, listed.div_ceil(30).max(1), ids(page, listed))
}

/// Returns a page with these accounts, and the Link header of a list of `last` pages.
pub(crate) fn page_of(page: u32, last: u32, ids: RangeInclusive<u32>) -> ScriptedReply {
    let link = |page: u32, rel: &str| format!("</user/1/followers?page={page}>; rel=\"{rel}\"");
    let links = if page < last {
        vec![link(page + 1, "next"), link(last, "last")]
    } else {
        vec![link(last.min(page - 1).max(1), "prev"), link(1, "first")]
    };
    let body: Vec<String> = ids.map(follower).collect();
    ScriptedReply::new(200, format!("[{}]", body.join(","))).header("link", links.join(", "))
}

/// Returns the IDs of the accounts on a page.
fn ids(page: u32, listed: u32) -> RangeInclusive<u32> {
    (page - 1) * 30 + 1..=(page * 30).min(listed)
}

fn follower(id: u32) -> String {
    format!(r#"{{"login":"user{id}","id":{id},"html_url":"https://github.com/user{id}"}}"#)
}

fn converse(
    stream: TcpStream,
    script: &ReplyScript,
    log: &Mutex<Vec<ScriptedRequest>>,
    arrived: &Sender<ScriptedRequest>,
) {
    let mut writer = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    loop {
        let head: Vec<String> =
            lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let Some(target) = head.first().and_then(|line| line.split(' ').nth(1)) else {
            return;
        };
        let request = ScriptedRequest { target: target.to_owned(), head: head.join("\n") };
        log.lock().unwrap().push(request.clone());
        let reply = script(&request);
        // The test may have ended already.
        _ = arrived.send(request);
        if !reply.stalls && writer.write_all(&reply.bytes()).is_err() {
            return;
        }
    }
}
