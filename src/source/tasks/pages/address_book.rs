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

    /// Records the addresses that a page has. Fails with the reason if they cannot be followed.
    pub(super) fn record(&self, task: TaskId, links: Neighbors) -> Result<FoundPages, String> {
        let found = |task_count| Ok(FoundPages { task_count, is_chained: false });
        if let Some(count) = self.known.count() {
            return found(TaskCount::Exactly(count));
        }
        let mut book = self.found();
        if task.0 == 1 {
            *book = FoundAddresses::default();
            book.parameter = self.parameter(&links);
            if let Some(parameter) = &book.parameter {
                let count = parameter.count();
                if count > MAX_TASKS {
                    return Err(format!("its Link header names more than {MAX_TASKS} pages"));
                }
                return found(TaskCount::Exactly(count));
            }
        }
        match links.next {
            _ if book.parameter.is_some() => found(TaskCount::Unknown),
            None => found(TaskCount::Exactly(task.0)),
            Some(SecretUrl(next)) => {
                let hash = book.hasher.hash_one(&next);
                if self.known.url(TaskId(1)).as_ref() == Some(&next) || !book.seen.insert(hash) {
                    return Err("the address of its next page is that of an earlier one".to_owned());
                }
                book.chain.truncate(task.0 as usize - 1);
                book.chain.push(next);
                Ok(FoundPages { task_count: TaskCount::AtLeast(task.0 + 1), is_chained: true })
            }
        }
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

impl fmt::Debug for AddressBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.known.fmt(f)
    }
}
