//! The time that the threads of a group spent in each state, by cell of the timeline. Cells of the past
//! do not change, so each is summed once for as long as it is in view.

use std::collections::BTreeMap;

use super::viewport::TimeWindow;
use crate::model::{LaneId, Nanos, Run, StateTimes};

/// The number of the latest cells that are summed in each frame: events of the last moments may still
/// arrive.
const OPEN_CELLS: u64 = 2;

/// The cells of a group, by their start.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupCells {
    cell: Nanos,
    lanes: usize,
    sums: BTreeMap<u64, StateTimes>,
}

impl GroupCells {
    /// Returns the time that the lanes spent in each state in the cell that starts at `start`.
    pub(super) fn get(&self, start: Nanos) -> Option<&StateTimes> {
        self.sums.get(&start.0)
    }

    /// Sums the cells of a window that are not known yet, up to `until`.
    pub(super) fn refresh(
        &mut self,
        run: &Run,
        lanes: &[LaneId],
        window: TimeWindow,
        until: Nanos,
    ) {
        let (cell, end) = (window.cell.0.max(1), window.end().min(until));
        if self.cell != window.cell || self.lanes != lanes.len() {
            self.sums.clear();
            (self.cell, self.lanes) = (window.cell, lanes.len());
        }
        let open = until.0.saturating_sub(cell.saturating_mul(OPEN_CELLS));
        self.sums.retain(|&start, _| start >= window.from.0 && start < end.0 && start < open);
        let starts = (0..u64::from(window.columns)).map(|column| window.from.0 + column * cell);
        let starts = starts.take_while(|&start| start < end.0);
        let missing: Vec<u64> = starts.filter(|start| !self.sums.contains_key(start)).collect();
        let (Some(&first), Some(&last)) = (missing.first(), missing.last()) else { return };
        let count = ((last - first) / cell + 1) as usize;
        let mut sums = vec![StateTimes::default(); count];
        let own = lanes.iter().filter_map(|lane| run.lanes().get(usize::from(lane.0)));
        for lane in own {
            lane.add_times_by_cell(Nanos(first), Nanos(cell), until, &mut sums);
        }
        let starts = (0..).map(|column| first + column * cell);
        self.sums.extend(starts.zip(sums));
    }
}
