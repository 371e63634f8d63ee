//! An incremental iteration over the attempts of growing runs: it visits each finished attempt
//! once, and attempts in progress every time.

use super::attempt::Attempt;
use crate::model::LaneId;
use crate::model::run::Run;
use crate::model::time::Nanos;

/// The state of an iteration: the number of finished attempts visited on each lane of each run.
#[derive(Clone, Debug, Default)]
pub(super) struct AttemptCursor {
    finished_counts: Vec<Vec<usize>>,
}

/// A visited attempt.
pub(super) struct AttemptVisit<'run> {
    /// The index of its run among the visible ones.
    pub(super) run: usize,
    /// The index of the attempt on its lane.
    pub(super) index: usize,
    pub(super) attempt: Attempt<'run>,
    /// `true` if the attempt has visibly finished, so that it will not be visited again.
    pub(super) is_over: bool,
}

impl AttemptCursor {
    /// Returns `true` if a visited attempt is no longer visible, because a recording was rewound.
    /// The iteration must then restart.
    pub(super) fn is_stale(&self, visible: &[(&Run, Nanos)]) -> bool {
        let shrunk = |(over, (run, until)): (&Vec<usize>, &(&Run, Nanos))| {
            over.iter().zip(run.lanes()).any(|(&over, lane)| {
                let last = over.checked_sub(1).map(|last| lane.span(last));
                last.is_some_and(|last| last.is_none_or(|span| span.start > *until))
            })
        };
        self.finished_counts.iter().zip(visible).any(shrunk)
    }

    /// Visits the new attempts of the runs, each of which is visible up to a moment.
    pub(super) fn advance<'run>(
        &mut self,
        visible: &[(&'run Run, Nanos)],
        mut each: impl FnMut(AttemptVisit<'run>),
    ) {
        self.finished_counts.resize_with(visible.len(), Vec::new);
        for (index, (&(run, until), over)) in
            visible.iter().zip(&mut self.finished_counts).enumerate()
        {
            over.resize(run.lanes().len(), 0);
            for (id, over) in (0..).zip(over) {
                advance_lane(run, index, LaneId(id), until, over, &mut each);
            }
        }
    }
}

/// Visits the new attempts on one lane of a run.
fn advance_lane<'run>(
    run: &'run Run,
    run_index: usize,
    lane: LaneId,
    until: Nanos,
    over: &mut usize,
    each: &mut impl FnMut(AttemptVisit<'run>),
) {
    while let Some(attempt) = run.attempt(lane, *over).filter(|it| it.span.start <= until) {
        let index = *over;
        let is_over = attempt.span.end.is_some_and(|end| end <= until);
        each(AttemptVisit { run: run_index, index, attempt, is_over });
        if !is_over {
            return;
        }
        *over += 1;
    }
}
