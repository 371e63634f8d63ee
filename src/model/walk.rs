//! Through the attempts of runs that grow: each that is over comes once, those that go on come every
//! time.

use super::attempt::Attempt;
use super::event::LaneId;
use super::run::Run;
use super::time::Nanos;

/// How far a walk is: how many attempts that were over have come, on each lane of each run.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    over: Vec<Vec<usize>>,
}

/// An attempt that is come by.
pub(super) struct Step<'run> {
    /// Its run, by its place among those shown.
    pub(super) run: usize,
    /// Its place among the lane's attempts.
    pub(super) place: usize,
    pub(super) attempt: Attempt<'run>,
    /// Whether it is over, as far as is shown: it will not come again.
    pub(super) over: bool,
}

impl Walk {
    /// Whether something that has come is not there any more: a recording went back, so that the
    /// walk is to begin anew.
    pub(super) fn is_lost(&self, visible: &[(&Run, Nanos)]) -> bool {
        let shrunk = |(over, (run, until)): (&Vec<usize>, &(&Run, Nanos))| {
            over.iter().zip(run.lanes()).any(|(&over, lane)| {
                let last = over.checked_sub(1).map(|last| lane.span(last));
                last.is_some_and(|last| last.is_none_or(|span| span.start > *until))
            })
        };
        self.over.iter().zip(visible).any(shrunk)
    }

    /// Goes on through the runs, each of which is shown until some moment.
    pub(super) fn go_on<'run>(
        &mut self,
        visible: &[(&'run Run, Nanos)],
        mut each: impl FnMut(Step<'run>),
    ) {
        self.over.resize_with(visible.len(), Vec::new);
        for (index, (&(run, until), over)) in visible.iter().zip(&mut self.over).enumerate() {
            over.resize(run.lanes().len(), 0);
            for (id, over) in (0..).zip(over) {
                go_along((run, index), LaneId(id), until, over, &mut each);
            }
        }
    }
}

/// Along one lane of a run.
fn go_along<'run>(
    (run, index): (&'run Run, usize),
    lane: LaneId,
    until: Nanos,
    over: &mut usize,
    each: &mut impl FnMut(Step<'run>),
) {
    while let Some(attempt) = run.attempt(lane, *over).filter(|it| it.span.start <= until) {
        let place = *over;
        let is_over = attempt.span.end.is_some_and(|end| end <= until);
        each(Step { run: index, place, attempt, over: is_over });
        if !is_over {
            return;
        }
        *over += 1;
    }
}
