//! The results of a run's tasks, packed as far as their kind allows.

use std::sync::Arc;

use crate::model::event::Product;
use crate::model::follower_page::FollowerPage;
use crate::model::workload::{TaskKind, Workload};

/// The results of tasks. All tasks of a run produce the same kind.
#[derive(Clone, Debug)]
pub(super) enum Products {
    /// The pages by task number, or `None` for a page that the API does not list.
    Pages(Vec<Option<Arc<FollowerPage>>>),
    /// The results of CPU work by task number.
    Values(Vec<u64>),
    /// Commands, whose success is their only result.
    Successes,
}

impl Products {
    /// Creates the empty results for a workload.
    pub(super) const fn for_workload(workload: Workload) -> Self {
        match workload.kind() {
            TaskKind::Page => Self::Pages(Vec::new()),
            TaskKind::Computation => Self::Values(Vec::new()),
            TaskKind::Command => Self::Successes,
        }
    }

    /// Extends the results to task numbers below `tasks`.
    pub(super) fn resize(&mut self, tasks: usize) {
        match self {
            Self::Pages(pages) => pages.resize(tasks, None),
            Self::Values(values) => values.resize(tasks, 0),
            Self::Successes => {}
        }
    }

    /// Returns `true` if a task of this run can produce this result.
    pub(super) const fn accepts(&self, product: &Product) -> bool {
        matches!(
            (self, product),
            (Self::Pages(_), Product::Followers(_) | Product::PastLastPage)
                | (Self::Values(_), Product::Value(_))
                | (Self::Successes, Product::Success)
        )
    }

    /// Stores the result of a task.
    pub(super) fn insert(&mut self, index: usize, product: &Product) {
        match (self, product) {
            (Self::Pages(pages), Product::Followers(page)) => {
                if let Some(slot) = pages.get_mut(index) {
                    *slot = Some(Arc::clone(page));
                }
            }
            (Self::Values(values), Product::Value(value)) => {
                if let Some(slot) = values.get_mut(index) {
                    *slot = *value;
                }
            }
            _ => {}
        }
    }

    /// Returns the result of a successful task.
    pub(super) fn get(&self, index: usize) -> Option<Product> {
        Some(match self {
            Self::Pages(pages) => match pages.get(index)? {
                Some(page) => Product::Followers(Arc::clone(page)),
                None => Product::PastLastPage,
            },
            Self::Values(values) => Product::Value(*values.get(index)?),
            Self::Successes => Product::Success,
        })
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        match self {
            Self::Pages(pages) => pages.shrink_to_fit(),
            Self::Values(values) => values.shrink_to_fit(),
            Self::Successes => {}
        }
    }

    /// The pages, indexed by task number.
    pub(super) const fn pages(&self) -> &[Option<Arc<FollowerPage>>] {
        match self {
            Self::Pages(pages) => pages.as_slice(),
            _ => &[],
        }
    }

    /// The results of CPU work, indexed by task number; 0 for missing ones.
    pub(super) const fn values(&self) -> &[u64] {
        match self {
            Self::Values(values) => values.as_slice(),
            _ => &[],
        }
    }
}
