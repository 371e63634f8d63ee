//! What the tasks of a run brought, as closely packed as their kind allows.

use std::sync::Arc;

use crate::model::event::{Product, Profile};
use crate::model::page::Page;
use crate::model::plan::Workload;

/// What tasks brought: those of one run are all of a kind.
#[derive(Clone, Debug)]
pub(super) enum Products {
    /// There is one task.
    Profile(Option<Profile>),
    /// By the task's number; nothing where the API shows no page.
    Pages(Vec<Option<Arc<Page>>>),
    /// By the task's number.
    Values(Vec<u64>),
    /// They went well, which is all that there is to know.
    Successes,
}

impl Products {
    /// Of a run that has brought nothing yet.
    pub(super) const fn of(workload: Workload) -> Self {
        match workload {
            Workload::Profile => Self::Profile(None),
            Workload::Followers => Self::Pages(Vec::new()),
            Workload::Cpu | Workload::Native | Workload::Mixed => Self::Values(Vec::new()),
            Workload::Commands => Self::Successes,
        }
    }

    /// Room for the tasks below this number.
    pub(super) fn make_room(&mut self, tasks: usize) {
        match self {
            Self::Pages(pages) => pages.resize(tasks, None),
            Self::Values(values) => values.resize(tasks, 0),
            Self::Profile(_) | Self::Successes => {}
        }
    }

    /// Whether a task of this run can bring such a thing.
    pub(super) const fn may_hold(&self, product: &Product) -> bool {
        matches!(
            (self, product),
            (Self::Profile(_), Product::Profile(_))
                | (Self::Pages(_), Product::Followers(_) | Product::NoMore)
                | (Self::Values(_), Product::Value(_))
                | (Self::Successes, Product::Success)
        )
    }

    /// Keeps what a task brought.
    pub(super) fn put(&mut self, place: usize, product: &Product) {
        match (self, product) {
            (Self::Profile(known), Product::Profile(profile)) => *known = Some(profile.clone()),
            (Self::Pages(pages), Product::Followers(page)) => {
                if let Some(slot) = pages.get_mut(place) {
                    *slot = Some(Arc::clone(page));
                }
            }
            (Self::Values(values), Product::Value(value)) => {
                if let Some(slot) = values.get_mut(place) {
                    *slot = *value;
                }
            }
            _ => {}
        }
    }

    /// What a task that went well brought.
    pub(super) fn get(&self, place: usize) -> Option<Product> {
        Some(match self {
            Self::Profile(profile) => Product::Profile(profile.clone()?),
            Self::Pages(pages) => match pages.get(place)? {
                Some(page) => Product::Followers(Arc::clone(page)),
                None => Product::NoMore,
            },
            Self::Values(values) => Product::Value(*values.get(place)?),
            Self::Successes => Product::Success,
        })
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        match self {
            Self::Pages(pages) => pages.shrink_to_fit(),
            Self::Values(values) => values.shrink_to_fit(),
            Self::Profile(_) | Self::Successes => {}
        }
    }

    /// The profile that the task brought.
    pub(super) const fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Profile(profile) => profile.as_ref(),
            _ => None,
        }
    }

    /// The pages, by the tasks' numbers.
    pub(super) const fn pages(&self) -> &[Option<Arc<Page>>] {
        match self {
            Self::Pages(pages) => pages.as_slice(),
            _ => &[],
        }
    }

    /// The values, by the tasks' numbers; 0 where there is none.
    pub(super) const fn values(&self) -> &[u64] {
        match self {
            Self::Values(values) => values.as_slice(),
            _ => &[],
        }
    }
}
