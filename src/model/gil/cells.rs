//! The cells of the GIL's row: one holder, an edge between two, or the share of time in which the
//! GIL was held.

use super::{GilUsage, HolderInterval, LaneId, MAX_COMPARED_HOLDS, Nanos};

/// The content of a cell in the GIL's row. `None` in place of a lane means that the GIL was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GilCell {
    /// One lane held it, or none did, for the whole cell.
    Whole(Option<LaneId>),
    /// One change, or several within a sixteenth of the cell, drawn at its position: `left` fills
    /// this number of eighths of the cell's width.
    Edge {
        /// The holder before the change.
        left: Option<LaneId>,
        /// The holder after the change.
        right: Option<LaneId>,
        /// The width of `left`, 1 to 7.
        eighths: u8,
    },
    /// More changes than fit into a cell: the GIL was held for this share of it.
    Merged {
        /// The lane that held it longest. `None` if it changed hands too often to tell.
        lane: Option<LaneId>,
        /// The share in eighths, 1 to 8.
        eighths: u8,
    },
}

/// The holds within a cell.
#[derive(Default)]
struct GilCellSummary {
    /// The first two intervals that are long enough to be drawn.
    shown: [Option<HolderInterval>; 2],
    /// The number of intervals that are long enough to be drawn.
    count: usize,
    /// The total time of the other intervals.
    omitted_time: u64,
}

impl<'run> GilUsage<'run> {
    /// Returns `count` cells of width `width`, the first of which begins at `from`, of a run that
    /// has lasted until `until`. Cells after that are omitted.
    pub fn cells(
        self,
        from: Nanos,
        width: Nanos,
        count: usize,
        until: Nanos,
    ) -> impl Iterator<Item = GilCell> + 'run {
        let width = width.0.max(1);
        let starts =
            (0..count as u64).map(move |cell| from.0.saturating_add(cell.saturating_mul(width)));
        let alive = starts.take_while(move |&start| start < until.0);
        alive.map(move |start| self.cell(start, start.saturating_add(width), until.0))
    }

    fn cell(&self, start: u64, end: u64, until: u64) -> GilCell {
        let seen = end.min(until);
        let width = end - start;
        let mut summary = GilCellSummary::default();
        for (index, interval) in self.intervals_in(start, end, seen).enumerate() {
            if index >= MAX_COMPARED_HOLDS {
                return self.merged_cell(start, seen, width);
            }
            summary.add(interval, width / 16);
        }
        match (summary.shown, summary.count) {
            _ if summary.omitted_time > width / 8 => self.merged_cell(start, seen, width),
            ([Some(one), _], 1) => GilCell::Whole(one.holder),
            ([Some(a), Some(b)], 2) => edge_cell(&a, &b, a.end - start, width),
            _ => self.merged_cell(start, seen, width),
        }
    }

    /// Returns the intervals of [start, end) without gaps between them. The GIL is free from `seen`
    /// on.
    fn intervals_in(
        &self,
        start: u64,
        end: u64,
        seen: u64,
    ) -> impl Iterator<Item = HolderInterval> {
        let inside = self.holds.intervals_from(self.holds.checkpoint_before(start));
        let inside = inside.skip_while(move |interval| interval.end <= start);
        let inside = inside.take_while(move |interval| interval.start < seen);
        let nobody = |start, end| HolderInterval { holder: None, start, end };
        let mut at = start;
        let pieces = inside.chain([nobody(end, end)]).flat_map(move |interval| {
            let from = interval.start.clamp(at, end);
            let to = if interval.start < seen { interval.end.min(seen) } else { end };
            let before = nobody(at, from);
            at = to.max(from);
            [before, HolderInterval { start: from, end: at, ..interval }]
        });
        pieces.filter(|piece| piece.end > piece.start)
    }

    /// The cell for more than one change: the share of time held, and the main holder.
    fn merged_cell(&self, start: u64, seen: u64, width: u64) -> GilCell {
        let held = self.holds.held_time_until(seen) - self.holds.held_time_until(start);
        let eighths = ((held * 8 + width / 2) / width).clamp(1, 8) as u8;
        if held <= width / 16 {
            return GilCell::Whole(None);
        }
        GilCell::Merged { lane: self.main_holder_in(start, seen).map(|(lane, _)| lane), eighths }
    }
}

impl GilCellSummary {
    fn add(&mut self, interval: HolderInterval, fine: u64) {
        if interval.end - interval.start <= fine {
            self.omitted_time += interval.end - interval.start;
            return;
        }
        let last = self.count.checked_sub(1).and_then(|last| self.shown.get_mut(last)?.as_mut());
        if let Some(last) = last.filter(|last| last.holder == interval.holder) {
            last.end = interval.end;
            return;
        }
        if let Some(slot) = self.shown.get_mut(self.count) {
            *slot = Some(interval);
        }
        self.count += 1;
    }
}

fn edge_cell(left: &HolderInterval, right: &HolderInterval, at: u64, width: u64) -> GilCell {
    let (left, right) = (left.holder, right.holder);
    match ((at * 8 + width / 2) / width) as u8 {
        0 => GilCell::Whole(right),
        8.. => GilCell::Whole(left),
        eighths => GilCell::Edge { left, right, eighths },
    }
}
