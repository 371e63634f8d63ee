//! The kinds of the bodies of a run. Some lists are JSON, others are not, and in a mixture nothing would say
//! that items are missing. It shows at the end alone, because pages arrive in any order.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::{Product, TaskId};

/// The numbers of bodies of each kind.
#[derive(Debug)]
pub(super) struct ContentTally {
    json: AtomicU32,
    opaque: AtomicU32,
    /// The first page whose body is not JSON, in the order of the list.
    first_opaque: AtomicU32,
}

impl Default for ContentTally {
    fn default() -> Self {
        let [json, opaque] = [0, 0].map(AtomicU32::new);
        Self { json, opaque, first_opaque: AtomicU32::new(u32::MAX) }
    }
}

impl ContentTally {
    /// Counts the body of a page.
    pub(super) fn record(&self, TaskId(page): TaskId, product: &Product) {
        let Product::Items(items) = product else { return };
        if items.opaque_bytes().is_none() {
            self.json.fetch_add(1, Ordering::Relaxed);
        } else {
            self.opaque.fetch_add(1, Ordering::Relaxed);
            self.first_opaque.fetch_min(page, Ordering::Relaxed);
        }
    }

    /// Returns a sentence on the pages that are not JSON, if others are.
    pub(super) fn mismatch(&self, host: &str) -> Option<String> {
        let [json, opaque, first] = [&self.json, &self.opaque, &self.first_opaque]
            .map(|number| number.load(Ordering::Relaxed));
        if json == 0 || opaque == 0 {
            return None;
        }
        let pages = json + opaque;
        Some(if opaque == 1 {
            format!(
                "page {first} of {host} is not JSON, unlike the rest; its items are missing, so \
                 check that page"
            )
        } else {
            format!(
                "{opaque} of {pages} pages of {host} are not JSON, page {first} first; their items are \
                 missing, so check that page"
            )
        })
    }
}
