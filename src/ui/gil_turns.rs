//! The turns of the lanes that share a GIL, where these are too short for cells of their own.

use std::ptr;

use crate::app::TimeWindow;
use crate::model::{GilCell, LaneCell, LaneId, Nanos, Run, State};

/// The share of a cell, in eighths, from which on the lane that held the GIL longest stands for all of
/// it.
pub(super) const MAIN_EIGHTHS: u8 = 4;

/// The cells of the GIL of the run that was drawn last: its own row and all of its lanes need them.
pub(super) struct HolderCells<'run> {
    window: TimeWindow,
    columns: u16,
    run: Option<&'run Run>,
    cells: Vec<GilCell>,
}

impl<'run> HolderCells<'run> {
    /// Creates an empty list of cells for a window on this number of columns.
    pub(super) const fn new(window: TimeWindow, columns: u16) -> Self {
        Self { window, columns, run: None, cells: Vec::new() }
    }

    /// Returns the cells of a run's GIL until a time, or `None` if the run has no GIL.
    pub(super) fn of_run(&mut self, run: &'run Run, until: Nanos) -> Option<&[GilCell]> {
        let gil = run.gil()?;
        if !self.run.is_some_and(|last| ptr::eq(last, run)) {
            let TimeWindow { from, cell, columns } = self.window;
            let columns = usize::from(self.columns.min(columns));
            self.run = Some(run);
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
