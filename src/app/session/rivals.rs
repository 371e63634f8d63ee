//! What the runs of a selection can be compared with: the same runs a time before, other modes of the
//! sitting, runs from elsewhere.

use super::{Bout, Session};
use crate::model::{Choice, End, Run, Selection};

/// Runs that others are compared with.
#[derive(Clone, Debug)]
pub struct Rival<'session> {
    /// What they are, as a person says it: `the run before`.
    pub name: String,
    /// The same where there is little room.
    pub short: String,
    runs: Vec<&'session Run>,
    /// Whether a run alone is compared with one in another mode, too.
    across: bool,
}

impl<'session> Rival<'session> {
    /// The one that a run is compared with: in the same mode, if there is one.
    pub fn of(&self, run: &Run) -> Option<&'session Run> {
        let mode = run.plan().mode;
        let same = self.runs.iter().find(|other| other.plan().mode == mode);
        same.or_else(|| self.runs.first().filter(|_| self.across)).copied()
    }
}

/// Runs from elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Given {
    name: String,
    /// Those that are whole.
    runs: Vec<Run>,
    /// Whether there are others.
    partial: bool,
}

impl Session {
    /// Has runs from elsewhere, a recording's, to compare with: those that are whole.
    pub fn compare_with(&mut self, mut runs: Vec<Run>, name: String) {
        let all = runs.len();
        runs.retain(Run::is_comparable);
        self.given = Some(Given { name, partial: runs.len() < all, runs });
    }

    /// What the runs from elsewhere are called, as far as they can be compared with; nothing where there
    /// are none, or [`Self::unused`] says why they are not used.
    pub fn given(&self, selection: Selection) -> Option<String> {
        let Given { name, partial, .. } = self.given.as_ref()?;
        let part = if *partial { ", as far as it is whole" } else { "" };
        self.unused(selection).is_none().then(|| format!("{name}{part}"))
    }

    /// Why the runs from elsewhere are nothing to compare a selection with, if there are any.
    pub fn unused(&self, selection: Selection) -> Option<String> {
        let Given { name, runs, .. } = self.given.as_ref()?;
        let Selection { workload, choice } = selection;
        let Some(first) = runs.first().map(Run::plan) else {
            return Some(format!("no run in {name} is whole"));
        };
        if first.workload() != workload {
            return Some(format!("{name} has {} runs, this is {workload}", first.workload()));
        }
        let shares = runs.iter().any(|run| selection.modes().contains(&run.plan().mode));
        (choice == Choice::Race && !shares)
            .then(|| format!("{name} has {} alone, this is a race", first.selection()))
    }

    /// Keeps a selection's runs that went to their end, as what to compare the next with. One bout is
    /// kept, however often it is run.
    pub(super) fn set_aside(&mut self, selection: Selection) {
        let Some(bout) = self.bouts.remove(&selection) else { return };
        // Its last trial is no fair one to compare with.
        if selection.choice == Choice::Sweep {
            return;
        }
        let finished = |run: &Run| run.end() == Some(&End::Finished);
        let mut earlier: Vec<Run> = bout.runs.into_iter().filter(finished).collect();
        if earlier.is_empty() {
            earlier = bout.earlier;
        }
        if !earlier.is_empty() {
            let bout = Bout { earlier, ..Bout::default() };
            self.bouts.insert(selection, bout);
        }
    }

    /// What a selection's runs can be compared with, what a person most likely means first.
    pub fn rivals(&self, selection: Selection) -> Vec<Rival<'_>> {
        let across = selection.choice != Choice::Race;
        let names = |name: &str, short: &str| [name.to_owned(), short.to_owned()];
        let mut rivals: Vec<([String; 2], Vec<&Run>)> = Vec::new();
        if let Some(Given { name, runs, .. }) = &self.given {
            let alike = runs.iter().filter(|run| run.plan().workload() == selection.workload);
            let short = name.rsplit('/').next().unwrap_or_default();
            rivals.push((names(name, short), alike.collect()));
        }
        if let Some(bout) = self.bouts.get(&selection) {
            rivals.push((names("the run before", "before"), bout.earlier.iter().collect()));
        }
        let others = Selection::all(selection.workload);
        for other in others.filter(|&it| it != selection && it.choice != Choice::Sweep) {
            let over = self.runs(other).iter().filter(|run| run.is_over());
            let name = other.to_string();
            rivals.push((names(&name, &name), over.collect()));
        }
        let has = |runs: &[&Run], mode| runs.iter().any(|run| run.plan().mode == mode);
        rivals.retain(|(_, runs)| {
            let shares = selection.modes().iter().any(|&mode| has(runs, mode));
            shares || (across && !runs.is_empty())
        });
        let rivals = rivals.into_iter();
        rivals.map(|([name, short], runs)| Rival { name, short, runs, across }).collect()
    }
}
