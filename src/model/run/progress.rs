//! The progress of a run: the numbers of its tasks, retries, bytes and results so far.

use std::collections::HashSet;
use std::hash::Hash;

use crate::model::event::{Completion, Product};
use crate::model::identifiers::TaskId;
use crate::model::item_page::ItemPage;

/// The maximum capacity that is reserved in advance. Growing the set rehashes all entries, which at
/// a million would delay a frame. A server that announces more accounts than it has costs 19 MB of
/// address space, of which 2 MB are used.
const MAX_RESERVED: u64 = 1 << 20;

/// The progress of a run.
#[derive(Clone, Debug)]
pub struct RunProgress {
    known_tasks: u32,
    /// The number of started tasks above `known_tasks`: pages that were requested before they turned
    /// out not to exist.
    excess_tasks: u32,
    /// The number of successful tasks up to `known_tasks`.
    done_tasks: u32,
    /// The number of requests beyond the first of each task.
    retries: u32,
    bytes: u64,
    results: DistinctResults,
    /// The address of each page is in the page before.
    pub(super) is_chained: bool,
    /// The first page that the API does not list.
    first_missing_page: Option<TaskId>,
    /// The task that failed first.
    pub(super) first_failure: Option<TaskId>,
}

/// The number of distinct results and of duplicates. The list shifts while its pages are fetched, so
/// an account or an item may appear twice.
#[derive(Clone, Debug, Default)]
struct DistinctResults {
    /// The numbers of the accounts. Hashed with random keys, because a server chooses them.
    accounts: HashSet<u64>,
    /// The identities of the items, if they have any.
    identities: HashSet<Box<str>>,
    count: u64,
    duplicates: u64,
    /// A body was JSON.
    has_lists: bool,
    /// The size of the bodies that are not JSON.
    opaque_bytes: u64,
}

impl RunProgress {
    pub(super) fn new(known_tasks: u32) -> Self {
        Self {
            known_tasks,
            excess_tasks: 0,
            done_tasks: 0,
            retries: 0,
            bytes: 0,
            results: DistinctResults::default(),
            is_chained: false,
            first_missing_page: None,
            first_failure: None,
        }
    }

    /// Sets the number of tasks. Of those between the old and the new number, which now exist or no
    /// longer do, `started` were started and `done` succeeded.
    pub(super) const fn set_known_tasks(&mut self, tasks: u32, started: u32, done: u32) {
        if tasks > self.known_tasks {
            self.excess_tasks -= started;
            self.done_tasks += done;
        } else {
            self.excess_tasks += started;
            self.done_tasks -= done;
        }
        self.known_tasks = tasks;
    }

    pub(super) fn record_start(&mut self, task: TaskId) {
        self.excess_tasks += u32::from(self.is_past_end(task));
    }

    pub(super) fn record_requeue(&mut self, task: TaskId) {
        self.excess_tasks -= u32::from(self.is_past_end(task));
    }

    pub(super) const fn record_retry(&mut self) {
        self.retries += 1;
    }

    pub(super) fn record_failure(&mut self, task: TaskId) {
        self.first_failure.get_or_insert(task);
    }

    /// Counts a successful task, and the results of its page, of which a page of followers has up to
    /// `per_page`.
    pub(super) fn record_completion(&mut self, task: TaskId, done: &Completion, per_page: u8) {
        let bytes = done.response.map_or(0, |response| response.bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.done_tasks += u32::from(!self.is_past_end(task));
        match &done.product {
            Product::Followers(page) => {
                self.results.reserve(u64::from(self.known_tasks) * u64::from(per_page));
                self.results.add_accounts(page.ids());
            }
            Product::Items(page) => self.results.add_items(page),
            Product::PastLastPage => {
                let first = self.first_missing_page.map_or(task, |first| first.min(task));
                self.first_missing_page = Some(first);
            }
            Product::Value(_) | Product::Success => {}
        }
    }

    /// Drops the sets of results once the run is complete; the counts remain.
    pub(super) fn shrink_to_fit(&mut self) {
        self.results.accounts = HashSet::new();
        self.results.identities = HashSet::new();
    }

    /// The number of requests, except those for tasks that returned to the queue.
    pub(super) const fn expected_requests(&self) -> u32 {
        self.known_tasks.saturating_add(self.excess_tasks).saturating_add(self.retries)
    }

    /// Returns a filter that accepts each identity the first time it is passed.
    pub(super) fn first_occurrence_filter<T: Eq + Hash>(&self) -> impl FnMut(T) -> bool + use<T> {
        let mut seen = (self.results.duplicates > 0).then(HashSet::new);
        move |id| seen.as_mut().is_none_or(|seen| seen.insert(id))
    }

    /// The number of tasks that are known so far.
    pub const fn known_tasks(&self) -> u32 {
        self.known_tasks
    }

    /// The number of successful tasks, without pages beyond the last one.
    pub const fn done_tasks(&self) -> u32 {
        self.done_tasks
    }

    /// The number of pages that were requested before they turned out not to exist.
    pub const fn requests_past_end(&self) -> u32 {
        self.excess_tasks
    }

    /// Returns `true` if the task is a page beyond the last one.
    pub const fn is_past_end(&self, task: TaskId) -> bool {
        task.0 > self.known_tasks
    }

    /// The number of retries.
    pub const fn retry_count(&self) -> u32 {
        self.retries
    }

    /// The total size of all response bodies so far, in bytes.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The number of distinct results so far: of followers, of items, or of bytes.
    pub const fn result_count(&self) -> u64 {
        if self.counts_bytes() { self.results.opaque_bytes } else { self.results.count }
    }

    /// Returns `true` if the bodies are not JSON, so that bytes are counted instead of items.
    pub const fn counts_bytes(&self) -> bool {
        self.results.opaque_bytes > 0 && !self.results.has_lists
    }

    /// Returns `true` if the address of each page is in the page before, so that no two pages can be
    /// fetched at once.
    pub const fn is_chained(&self) -> bool {
        self.is_chained
    }

    /// The number of duplicate entries so far. While the pages are fetched, the list shifts by one
    /// for each new or lost entry.
    pub const fn duplicate_count(&self) -> u64 {
        self.results.duplicates
    }

    /// The last page that the API lists, if it reported that there are more.
    pub fn last_visible_page(&self) -> Option<TaskId> {
        self.first_missing_page.map(|first| TaskId(first.0.saturating_sub(1)))
    }
}

impl DistinctResults {
    /// Reserves capacity for an expected number of accounts.
    fn reserve(&mut self, accounts: u64) {
        let capacity = accounts.min(MAX_RESERVED) as usize;
        self.accounts.reserve(capacity.saturating_sub(self.accounts.len()));
    }

    /// Counts accounts by their numbers.
    fn add_accounts(&mut self, ids: &[u64]) {
        for &id in ids {
            let is_new = self.accounts.insert(id);
            self.count_one(is_new);
        }
    }

    /// Counts the items of a page by their identities. An item without one counts as distinct.
    fn add_items(&mut self, page: &ItemPage) {
        let opaque_bytes = page.opaque_bytes();
        self.has_lists |= opaque_bytes.is_none();
        self.opaque_bytes = self.opaque_bytes.saturating_add(opaque_bytes.unwrap_or_default());
        for (_, identity) in page.identified() {
            let is_new = identity.is_none_or(|identity| {
                !self.identities.contains(identity) && self.identities.insert(identity.into())
            });
            self.count_one(is_new);
        }
    }

    const fn count_one(&mut self, is_new: bool) {
        if is_new {
            self.count += 1;
        } else {
            self.duplicates += 1;
        }
    }
}
