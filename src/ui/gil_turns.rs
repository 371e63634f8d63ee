//! The turns of the lanes that share a GIL, where these are too short for cells of their own.

use std::ptr;

use super::thread_layout::interpreters_with_gil;
use crate::app::TimeWindow;
use crate::model::{GilCell, InterpreterId, LaneCell, LaneId, Nanos, Run, State};

/// The share of a cell, in eighths, from which on the lane that held the GIL longest stands for all of
/// it.
pub(super) const MAIN_EIGHTHS: u8 = 4;

/// The cells of the GIL of the run that was drawn last: its own row and all of its lanes need them.
pub(super) struct HolderCells<'run> {
    window: TimeWindow,
    columns: u16,
    last: Option<(&'run Run, Option<InterpreterId>)>,
    cells: Vec<GilCell>,
}

impl<'run> HolderCells<'run> {
    /// Creates an empty list of cells for a window on this number of columns.
    pub(super) const fn new(window: TimeWindow, columns: u16) -> Self {
        Self { window, columns, last: None, cells: Vec::new() }
    }

    /// Returns the cells of the GIL that all lanes of a run share until a time, or `None` if they share
    /// none.
    pub(super) fn of_run(&mut self, run: &'run Run, until: Nanos) -> Option<&[GilCell]> {
        let mut interpreters = interpreters_with_gil(run);
        match (interpreters.next(), interpreters.next()) {
            // Which of several interpreters a thread belongs to is not known.
            (Some(_), Some(_)) => None,
            (interpreter, _) => self.of_interpreter(run, interpreter, until),
        }
    }

    /// Returns the cells of an interpreter's GIL until a time, or of the only one of a run.
    pub(super) fn of_interpreter(
        &mut self,
        run: &'run Run,
        interpreter: Option<InterpreterId>,
        until: Nanos,
    ) -> Option<&[GilCell]> {
        let gil = match interpreter {
            Some(interpreter) => run.interpreter_gil(interpreter),
            None => run.gil(),
        }?;
        if !self.last.is_some_and(|(last, own)| ptr::eq(last, run) && own == interpreter) {
            let TimeWindow { from, cell, columns } = self.window;
            let columns = usize::from(self.columns.min(columns));
            self.last = Some((run, interpreter));
            self.cells = gil.cells(from, cell, columns, until).collect();
        }
        Some(&self.cells)
    }
}

/// The turns of one lane among those that share a GIL.
#[derive(Clone, Copy)]
pub(super) struct GilTurns<'cells> {
    /// The cells of the GIL; none if the lane shares none.
    holders: &'cells [GilCell],
    lane: LaneId,
}

impl<'cells> GilTurns<'cells> {
    /// Returns the turns of a lane, given the cells of its GIL if there is one.
    pub(super) fn of_lane(lane: LaneId, holders: Option<&'cells [GilCell]>) -> Self {
        Self { holders: holders.unwrap_or(&[]), lane }
    }

    /// Returns the cell of the lane in a column. In a cell with many turns each lane waits most of
    /// the time, so all would look alike: the lane that held the GIL longest computes there.
    pub(super) fn weave(self, column: usize, cell: LaneCell) -> LaneCell {
        let contends = |state: State| matches!(state, State::Computing | State::LockWait);
        let contended = match cell {
            LaneCell::Merged { main, .. } => contends(main),
            LaneCell::Edge { left, right, .. } => contends(left) && contends(right),
            LaneCell::Whole(_) => false,
        };
        match self.holders.get(column) {
            Some(&GilCell::Merged { lane: Some(lane), eighths: MAIN_EIGHTHS.. }) if contended => {
                LaneCell::Whole(if lane == self.lane { State::Computing } else { State::LockWait })
            }
            _ => cell,
        }
    }
}
