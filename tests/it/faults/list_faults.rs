//! Lists whose server breaks at random, seed by seed: the items are those of the server, whole and in order,
//! or the run names a page that is missing.

use std::sync::atomic::{AtomicU32, Ordering};

use fastrand::Rng;
use threadline::http::url_range::parse_url;
use threadline::http::{
    ListAddresses, ListRequest, ProxySettings, SecretHeaders, SecretUrl, UrlRange,
};
use threadline::model::item_page::ItemPointers;
use threadline::model::{Mode, PageAddressing, PagedList, Plan, Run, TaskOutcome, WorkSpec};
use threadline::source::tasks::page_client::list_server::ListServer;
use threadline::source::tasks::pages::list_source::ListSource;

use super::{FaultLauncher, FaultRun, RETRY_POLICY};
use crate::peer::{Peer, PeerRequest, PeerStep, head_bytes, response_bytes};

const PAGES: u32 = 8;
const SEEDS: u64 = 200;

/// The seeds of a mode that starts worker processes, which take longer.
const PROCESS_SEEDS: u64 = 12;

/// The share of requests with a fault, and of servers that have one page which never succeeds.
const FAULT_SHARE: f64 = 0.3;
const LOST_PAGE_SHARE: f64 = 0.25;

/// A list on a server whose faults follow from its seed, the page and the number of earlier requests for it.
#[derive(Clone, Copy)]
struct FaultyList {
    seed: u64,
    addressing: PageAddressing,
    /// The page that never succeeds, if any.
    lost_page: Option<u32>,
}

impl FaultyList {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let ways = [PageAddressing::Range, PageAddressing::Links, PageAddressing::NextLinks];
        let addressing = random.choice(ways).unwrap();
        let is_lost = random.f64() < LOST_PAGE_SHARE;
        let lost_page = is_lost.then(|| random.u32(1..=PAGES));
        Self { seed, addressing, lost_page }
    }

    /// Returns the items of a page: their number differs, and their spelling is the server's own.
    fn items(self, page: u32) -> Vec<String> {
        let mut random = Rng::with_seed(self.seed << 8 | u64::from(page));
        let count = random.usize(1..6);
        (0..count).map(|item| format!(r#"{{"id": "{page}-{item}","n":{item}.10e0}}"#)).collect()
    }

    fn links(self, page: u32) -> String {
        let next = format!("</items?page={}>; rel=\"next\"", page + 1);
        match self.addressing {
            _ if page == PAGES => String::new(),
            PageAddressing::Links => {
                format!("link: {next}, </items?page={PAGES}>; rel=\"last\"\r\n")
            }
            PageAddressing::NextLinks => format!("link: {next}\r\n"),
            _ => String::new(),
        }
    }

    /// Returns the reply to a request for a page after `earlier` others.
    fn reply(self, page: u32, earlier: u32) -> Vec<PeerStep> {
        let body = format!("[{}]", self.items(page).join(" ,"));
        let whole = response_bytes(200, &self.links(page), &body);
        let mut random = Rng::with_seed(self.seed << 32 | u64::from(page << 8 | earlier));
        if self.lost_page == Some(page) {
            let status = random.choice([404, 500]).unwrap();
            return vec![PeerStep::Send(response_bytes(status, "", "lost"))];
        }
        // The page succeeds in the last attempt at the latest, however the others went.
        if earlier >= RETRY_POLICY.retries || random.f64() >= FAULT_SHARE {
            return vec![PeerStep::Send(whole)];
        }
        let half = body.get(..body.len() / 2).unwrap();
        match random.u32(0..8) {
            0 => vec![PeerStep::Send(response_bytes(502, "", "<html>bad gateway</html>"))],
            1 => vec![PeerStep::Send(response_bytes(503, "retry-after: 1\r\n", "later"))],
            2 => vec![PeerStep::Send(response_bytes(429, "retry-after: 0\r\n", "slow down"))],
            3 => vec![PeerStep::Send(response_bytes(429, "", "slow down"))],
            4 => vec![PeerStep::Reset],
            5 => vec![PeerStep::Send(head_bytes(200, "", body.len())), PeerStep::Reset],
            6 => {
                let head = head_bytes(200, &self.links(page), body.len());
                vec![PeerStep::Send([&head, half.as_bytes()].concat()), PeerStep::Close]
            }
            // No length: only the JSON shows that the body is not whole.
            _ => {
                let head = format!("HTTP/1.1 200 X\r\n{}\r\n", self.links(page));
                vec![PeerStep::Send((head + half).into_bytes()), PeerStep::Close]
            }
        }
    }

    fn start(self) -> Peer {
        let earlier: Vec<AtomicU32> = (0..=PAGES).map(|_| AtomicU32::new(0)).collect();
        Peer::start(move |request: &PeerRequest| {
            let page = request.page().max(1);
            self.reply(page, earlier[page as usize].fetch_add(1, Ordering::Relaxed))
        })
    }

    fn launcher(self, url: &str) -> FaultLauncher {
        let addresses = match self.addressing {
            PageAddressing::Range => {
                let range = UrlRange::parse(&format!("{url}/items?page={{1..{PAGES}}}"));
                ListAddresses::Range(range.unwrap().unwrap())
            }
            _ => ListAddresses::First(SecretUrl(parse_url(&format!("{url}/items")).unwrap())),
        };
        let request = ListRequest {
            first: SecretUrl(addresses.first().unwrap()),
            headers: SecretHeaders::default(),
            github: None,
            with_token: false,
            max_body_size: 1 << 20,
            pointers: ItemPointers::default(),
            reads_links: addresses.count().is_none(),
            next: None,
            needs_items: true,
        };
        let server = ListServer::new(request, None, &ProxySettings::default()).unwrap();
        FaultLauncher::for_list(ListSource::new(addresses, server, None), RETRY_POLICY)
    }

    fn plan(self, mode: Mode) -> Plan {
        let list = PagedList {
            url: "a list that fails".to_owned(),
            api: "a server that fails".to_owned(),
            addresses: self.addressing,
            pointers: ItemPointers::default(),
            costs_quota: false,
        };
        let workers = if mode == Mode::Sequential { 1 } else { 4 };
        let tasks = if self.addressing == PageAddressing::Range { PAGES } else { 1 };
        Plan::new(WorkSpec::Pages(list), mode, workers, tasks)
    }

    fn check(self, mode: Mode) {
        let server = self.start();
        let fault_run = self.launcher(&server.url()).run(self.plan(mode));
        server.stop();
        self.check_items(&fault_run, &format!("seed {} in {mode}", self.seed));
    }

    fn check_items(self, FaultRun { run, .. }: &FaultRun, name: &str) {
        let fetched = |page: &u32| is_done(run, *page);
        let expected: Vec<String> =
            (1..=PAGES).filter(fetched).flat_map(|page| self.items(page)).collect();
        let items: Vec<&str> = run.items().map(|(item, _)| item).collect();
        assert_eq!(items, expected, "{name}");
        let missing: Vec<u32> = (1..=PAGES).filter(|page| !fetched(page)).collect();
        assert_eq!(run.is_complete(), missing.is_empty(), "{name}: {missing:?}");
        let Some(lost) = self.lost_page else {
            assert!(missing.is_empty(), "{name}: {missing:?}, {:?}", run.failure());
            return;
        };
        let message = &run.failure().unwrap().message;
        assert!(message.contains(&format!("page {lost}")), "{name}: {message}");
        // The pages behind a lost one are lost too only if it alone knows their addresses.
        let is_last_known = match self.addressing {
            PageAddressing::NextLinks => true,
            PageAddressing::Links => lost == 1,
            _ => false,
        };
        let expected = if is_last_known { (lost..=PAGES).collect() } else { vec![lost] };
        assert_eq!(missing, expected, "{name}: {message}");
    }
}

fn is_done(run: &Run, page: u32) -> bool {
    let record = run.tasks().iter().find(|(task, _)| task.0 == page);
    record.is_some_and(|(_, record)| matches!(record.outcome, Some(TaskOutcome::Done(_))))
}

fn check_seeds(mode: Mode, seeds: u64) {
    (0..seeds).for_each(|seed| FaultyList::new(seed).check(mode));
}

#[test]
fn list_is_whole_and_in_order_or_names_a_missing_page_one_page_after_another() {
    check_seeds(Mode::Sequential, SEEDS);
}

#[test]
fn list_is_whole_and_in_order_or_names_a_missing_page_with_threads() {
    check_seeds(Mode::Threads, SEEDS);
}

#[test]
fn list_is_whole_and_in_order_or_names_a_missing_page_under_a_gil() {
    check_seeds(Mode::Gil, SEEDS);
}

#[test]
fn list_is_whole_and_in_order_or_names_a_missing_page_with_processes() {
    check_seeds(Mode::Processes, PROCESS_SEEDS);
}
