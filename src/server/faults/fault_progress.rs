//! Selects the fault for each request and remembers those already applied.

use std::collections::{HashMap, HashSet};

use super::FaultScript;
use super::fault_action::FaultAction;
use crate::server::accounts::MAX_FOLLOWERS;
use crate::server::follower_list::ListChange;

/// The resource that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::server) enum FaultPoint {
    /// The profile.
    Profile,
    /// A page of followers, counted from 1.
    Page(u64),
}

impl FaultPoint {
    /// Returns `true` if such a page can exist. Applied faults are stored per page, so an unlimited
    /// number of pages would need unlimited memory.
    const fn exists(self) -> bool {
        !matches!(self, Self::Page(page) if page > MAX_FOLLOWERS as u64)
    }
}

/// The progress of a server through its script. Faults are identified by their index in the script.
#[derive(Debug, Default)]
pub(in crate::server) struct FaultProgress {
    /// The number of times that each fault was applied to each page since the page was last
    /// answered correctly.
    met: HashMap<(usize, FaultPoint), u32>,
    /// The list changes that were applied.
    moved: HashSet<(usize, FaultPoint)>,
}

impl FaultProgress {
    /// Takes the list changes that a request triggers.
    pub(in crate::server) fn take_list_changes(
        &mut self,
        faults: &FaultScript,
        place: FaultPoint,
    ) -> Vec<ListChange> {
        let here = faults.0.iter().enumerate().filter(|(_, fault)| fault.place.matches(place));
        here.filter_map(|(number, fault)| {
            let movement = fault.kind.list_change()?;
            (place.exists() && self.moved.insert((number, place))).then_some(movement)
        })
        .collect()
    }

    /// Returns the fault for a request, or `None` if it is answered correctly.
    pub(in crate::server) fn next_action<'a>(
        &mut self,
        faults: &'a FaultScript,
        place: FaultPoint,
    ) -> Option<&'a FaultAction> {
        let due = faults.0.iter().enumerate().find(|(number, fault)| {
            fault.kind.list_change().is_none()
                && fault.place.matches(place)
                && place.exists()
                && (fault.times == 0
                    || self.met.get(&(*number, place)).is_none_or(|&met| met < fault.times))
        });
        let Some((number, fault)) = due else {
            for number in 0..faults.0.len() {
                self.met.remove(&(number, place));
            }
            return None;
        };
        if fault.times > 0 {
            *self.met.entry((number, place)).or_default() += 1;
        }
        Some(&fault.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> FaultScript {
        FaultScript::parse(&format!(r#"{{"faults":[{text}]}}"#)).unwrap()
    }

    /// Formats the fault of each request: the initial letter of its kind, or `.` for none.
    fn met(faults: &FaultScript, pages: &[u64]) -> String {
        let mut script = FaultProgress::default();
        let letter = |kind: &FaultAction| match kind {
            FaultAction::Stall {} => 's',
            FaultAction::Reset {} => 'r',
            _ => '?',
        };
        let places = pages.iter().map(|&page| FaultPoint::Page(page));
        places.map(|place| script.next_action(faults, place).map_or('.', letter)).collect()
    }

    #[test]
    fn a_fault_recurs_after_one_correct_response() {
        assert_eq!(met(&faults(r#"{"page":3,"fault":"stall"}"#), &[3; 5]), "s.s.s");
        let twice = faults(r#"{"page":3,"times":2,"fault":"stall"}"#);
        assert_eq!(met(&twice, &[3; 7]), "ss.ss.s");
        assert_eq!(met(&faults(r#"{"times":0,"fault":"stall"}"#), &[1, 1, 2, 2]), "ssss");
    }

    #[test]
    fn faults_are_counted_per_page() {
        let every = faults(r#"{"every":2,"fault":"stall"}"#);
        assert_eq!(met(&every, &[1, 2, 3, 4, 2, 4, 4, 6]), ".s.s..ss");
        let from = faults(r#"{"from":3,"times":0,"fault":"stall"}"#);
        assert_eq!(met(&from, &[1, 2, 3, 4, 1_000]), "..sss");
        assert_eq!(met(&faults(r#"{"page":"profile","fault":"stall"}"#), &[1, 2]), "..");
    }

    #[test]
    fn several_faults_apply_in_file_order_before_one_correct_response() {
        let both = faults(
            r#"{"page":1,"fault":"stall"},{"page":1,"times":2,"fault":"reset"},{"page":2,"fault":"reset"}"#,
        );
        assert_eq!(met(&both, &[1; 9]), "srr.srr.s");
        assert_eq!(met(&both, &[1, 2, 1, 2]), "srr.");
    }

    #[test]
    fn a_list_change_applies_once_per_page() {
        let faults = faults(r#"{"every":2,"fault":"left","count":3},{"page":2,"fault":"joined"}"#);
        let mut script = FaultProgress::default();
        let moves = [2, 2, 4, 4, 3].map(|page| {
            let movements = script.take_list_changes(&faults, FaultPoint::Page(page));
            movements.iter().map(|movement| movement.joined).collect::<Vec<_>>()
        });
        assert_eq!(moves, [vec![-3, 1], vec![], vec![-3], vec![], vec![]]);
        assert_eq!(script.next_action(&faults, FaultPoint::Page(2)), None);
    }

    #[test]
    fn impossible_pages_are_not_stored() {
        let mut script = FaultProgress::default();
        let faults = faults(r#"{"fault":"stall"},{"fault":"left"}"#);
        for page in MAX_FOLLOWERS.into()..u64::from(MAX_FOLLOWERS) + 100 {
            script.next_action(&faults, FaultPoint::Page(page));
            script.take_list_changes(&faults, FaultPoint::Page(page));
        }
        assert_eq!((script.met.len(), script.moved.len()), (1, 1));
    }
}
