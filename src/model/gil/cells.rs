//! The cells of the GIL's row: one holder, an edge between two, or the share of time in which the
//! GIL was held.

use super::{FEW, Gil, LaneId, Nanos, Stretch};

/// The content of a cell in the GIL's row. `None` in place of a lane means that the GIL was free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldCell {
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
        /// The lane that held it for at least three quarters of that share, if one did.
        lane: Option<LaneId>,
        /// The share in eighths, 1 to 8.
        eighths: u8,
    },
}

/// The holds within a cell.
#[derive(Default)]
struct Look {
    /// The first two intervals that are long enough to be drawn.
    shown: [Option<Stretch>; 2],
    /// The number of intervals that are long enough to be drawn.
    count: usize,
    /// The total time of the other intervals.
    left_out: u64,
}

impl<'run> Gil<'run> {
    /// Returns `count` cells of width `width`, the first of which begins at `from`, of a run that
    /// has lasted until `until`. Cells after that are omitted.
    pub fn cells(
        self,
        from: Nanos,
        width: Nanos,
        count: usize,
        until: Nanos,
    ) -> impl Iterator<Item = HeldCell> + 'run {
        let width = width.0.max(1);
        let starts =
            (0..count as u64).map(move |cell| from.0.saturating_add(cell.saturating_mul(width)));
        let alive = starts.take_while(move |&start| start < until.0);
        alive.map(move |start| self.cell(start, start.saturating_add(width), until.0))
    }

    fn cell(&self, start: u64, end: u64, until: u64) -> HeldCell {
        let seen = end.min(until);
        let width = end - start;
        let mut look = Look::default();
        for (place, stretch) in self.pieces(start, end, seen).enumerate() {
            if place >= FEW {
                return self.merged(start, seen, width);
            }
            look.add(stretch, width / 16);
        }
        match (look.shown, look.count) {
            _ if look.left_out > width / 8 => self.merged(start, seen, width),
            // A hold is visible however short it is.
            ([Some(one), _], 1) if one.holder.is_some() || look.left_out == 0 => {
                HeldCell::Whole(one.holder)
            }
            ([Some(a), Some(b)], 2) => edge(&a, &b, a.end - start, width),
            _ => self.merged(start, seen, width),
        }
    }

    /// Returns the intervals of [start, end) without gaps between them. The GIL is free from `seen`
    /// on.
    fn pieces(&self, start: u64, end: u64, seen: u64) -> impl Iterator<Item = Stretch> {
        let inside = self.holds.stretches(self.holds.before(start));
        let inside = inside.skip_while(move |stretch| stretch.end <= start);
        let inside = inside.take_while(move |stretch| stretch.start < seen);
        let nobody = |start, end| Stretch { holder: None, start, end };
        let mut at = start;
        let pieces = inside.chain([nobody(end, end)]).flat_map(move |stretch| {
            let from = stretch.start.clamp(at, end);
            let to = if stretch.start < seen { stretch.end.min(seen) } else { end };
            let before = nobody(at, from);
            at = to.max(from);
            [before, Stretch { start: from, end: at, ..stretch }]
        });
        pieces.filter(|piece| piece.end > piece.start)
    }

    /// The cell for more than one change: the share of time held, and the main holder.
    fn merged(&self, start: u64, seen: u64, width: u64) -> HeldCell {
        let held = self.holds.held_until(seen) - self.holds.held_until(start);
        let most = self.longest_in(start, seen).filter(|(_, time)| time * 4 >= held * 3);
        let eighths = ((held * 8 + width / 2) / width).clamp(1, 8) as u8;
        match held {
            0 => HeldCell::Whole(None),
            _ => HeldCell::Merged { lane: most.map(|(lane, _)| lane), eighths },
        }
    }
}

impl Look {
    fn add(&mut self, stretch: Stretch, fine: u64) {
        if stretch.end - stretch.start <= fine {
            self.left_out += stretch.end - stretch.start;
            return;
        }
        let last = self.count.checked_sub(1).and_then(|last| self.shown.get_mut(last)?.as_mut());
        if let Some(last) = last.filter(|last| last.holder == stretch.holder) {
            last.end = stretch.end;
            return;
        }
        if let Some(place) = self.shown.get_mut(self.count) {
            *place = Some(stretch);
        }
        self.count += 1;
    }
}

fn edge(left: &Stretch, right: &Stretch, at: u64, width: u64) -> HeldCell {
    let (left, right) = (left.holder, right.holder);
    match ((at * 8 + width / 2) / width) as u8 {
        0 => HeldCell::Whole(right),
        8.. => HeldCell::Whole(left),
        eighths => HeldCell::Edge { left, right, eighths },
    }
}
