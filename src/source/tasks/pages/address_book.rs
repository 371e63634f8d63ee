//! The addresses of the pages of a list: known from a range or a file, computed from the Link header of the
//! first page, or found in the page before.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use url::Url;

use crate::http::{ListAddresses, PageParameter, SecretUrl};
use crate::model::TaskId;
use crate::model::plan::MAX_TASKS;
use crate::source::TaskCount;
use crate::source::tasks::page_client::Neighbors;

/// The addresses of the pages, as far as they are known. All runs of a session share them.
pub(super) struct AddressBook {
    known: ListAddresses,
    found: Mutex<FoundAddresses>,
}

/// The addresses that pages have told.
#[derive(Default)]
struct FoundAddresses {
    /// Computes all addresses.
    parameter: Option<PageParameter>,
    /// The address of each page after the first, in order.
    chain: Vec<Url>,
    /// The hashes of the addresses in the chain.
    seen: HashSet<u64>,
    hasher: RandomState,
}

/// The further pages that a page revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FoundPages {
    /// The number of pages, as far as it is known.
    pub(super) task_count: TaskCount,
    /// The address of the next page was found, and no other.
    pub(super) is_chained: bool,
}

impl AddressBook {
    pub(super) fn new(known: ListAddresses) -> Self {
        Self { known, found: Mutex::default() }
    }

    /// Returns the address of a page, if it is known.
    pub(super) fn url(&self, task: TaskId) -> Option<Url> {
        self.known.url(task).or_else(|| {
            let found = self.found();
            match &found.parameter {
                Some(parameter) => parameter.url(task.0),
                None => found.chain.get((task.0 as usize).checked_sub(2)?).cloned(),
            }
        })
    }

    /// Returns the addresses that may have secrets of their own: pages of a range differ in a number.
    /// Those that pages have told are left out while a thread records one, which may have panicked.
    pub(super) fn secret_urls(&self) -> Vec<Url> {
        let known = match &self.known {
            ListAddresses::Urls(urls) => urls.iter().map(|SecretUrl(url)| url.clone()).collect(),
            ListAddresses::Range(_) | ListAddresses::First(_) => Vec::from_iter(self.known.first()),
        };
        let found =
            self.found.try_lock().map_or_else(|_busy| Vec::new(), |found| found.chain.clone());
        [known, found].concat()
    }

    /// Records the addresses that a page has. Fails with the reason if they cannot be followed.
    pub(super) fn record(&self, task: TaskId, links: Neighbors) -> Result<FoundPages, String> {
        if let Some(count) = self.known.count() {
            return Ok(FoundPages::counted(TaskCount::Exactly(count)));
        }
        let parameter = if task.0 == 1 { self.parameter(&links) } else { None };
        let first = self.known.first();
        self.found().record(task, parameter, first.as_ref(), links.next)
    }

    /// Returns the parameter that counts the pages, if the first page shows it.
    fn parameter(&self, links: &Neighbors) -> Option<PageParameter> {
        let (first, next) = (self.known.url(TaskId(1))?, &links.next.as_ref()?.0);
        let last = links.last.as_ref();
        let between = last.and_then(|last| PageParameter::between(&first, next, &last.0));
        between.or_else(|| PageParameter::with_total(&first, next, links.total_pages?))
    }

    fn found(&self) -> MutexGuard<'_, FoundAddresses> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FoundPages {
    const fn counted(task_count: TaskCount) -> Self {
        Self { task_count, is_chained: false }
    }
}

impl FoundAddresses {
    /// Records the next address that a page has, or the parameter that the first page shows.
    fn record(
        &mut self,
        task: TaskId,
        parameter: Option<PageParameter>,
        first: Option<&Url>,
        next: Option<SecretUrl>,
    ) -> Result<FoundPages, String> {
        if task.0 == 1 {
            *self = Self { parameter, ..Self::default() };
        }
        match (&self.parameter, next) {
            (Some(parameter), _) if parameter.count() > MAX_TASKS => {
                Err(format!("its Link header names more than {MAX_TASKS} pages"))
            }
            (Some(parameter), _) if task.0 == 1 => {
                Ok(FoundPages::counted(TaskCount::Exactly(parameter.count())))
            }
            (Some(_), _) => Ok(FoundPages::counted(TaskCount::Unknown)),
            (None, None) => Ok(FoundPages::counted(TaskCount::Exactly(task.0))),
            (None, Some(SecretUrl(next))) => {
                if first == Some(&next) || !self.seen.insert(self.hasher.hash_one(&next)) {
                    return Err("the address of its next page is that of an earlier one".to_owned());
                }
                self.chain.truncate(task.0 as usize - 1);
                self.chain.push(next);
                Ok(FoundPages { task_count: TaskCount::AtLeast(task.0 + 1), is_chained: true })
            }
        }
    }
}

impl fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.known.fmt(f)
    }
}
