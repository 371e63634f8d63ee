//! The cells of a lane in the timeline: one state, an edge between two, or several merged.

use super::{CHECKPOINT, Entry, Lane, Nanos, State, Sums, difference};

/// The maximum number of changes in a cell that are examined one by one.
const FEW: usize = 12;

/// The content of a cell in the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One state for the whole cell.
    Whole(State),
    /// One state, interrupted too briefly to be drawn to scale: one task follows another.
    Notched(State),
    /// One change, or several within a sixteenth of the cell, drawn at its position: `left` fills
    /// this number of eighths of the cell's width.
    Edge {
        /// The state before the change.
        left: State,
        /// The state after the change.
        right: State,
        /// The width of `left`, 1 to 7.
        eighths: u8,
    },
    /// More changes than fit into a cell: `top` prevails and fills its share of the cell's height.
    Merged {
        /// The prevailing state.
        top: State,
        /// The second state.
        under: State,
        /// The height of `top`, 1 to 7.
        eighths: u8,
    },
}

/// The interval of a cell with the indices of its entries, on a lane that has lived until `until`.
struct Part {
    start: u64,
    end: u64,
    until: u64,
    first: usize,
    last: usize,
}

/// An interval in one state.
#[derive(Clone, Copy)]
struct Stretch {
    state: State,
    start: u64,
    end: u64,
}

/// The states within a cell.
#[derive(Default)]
struct Look {
    /// The time in each state.
    shares: Sums,
    /// The first two intervals that are long enough to be drawn.
    shown: [Option<Stretch>; 2],
    /// The number of intervals that are long enough to be drawn.
    count: usize,
    /// The total time of the other intervals.
    left_out: u64,
    /// `true` if one of those is in a state that must stay visible.
    unmissable: bool,
    /// The states at the cell's borders.
    borders: Option<(State, State)>,
}

impl Lane {
    /// Returns `count` cells of width `width`, the first of which begins at `from`, of a lane that
    /// has lived until `until`. Cells after that are omitted.
    pub fn cells(
        &self,
        from: Nanos,
        width: Nanos,
        count: usize,
        until: Nanos,
    ) -> impl Iterator<Item = Cell> + '_ {
        let width = width.0.max(1);
        let mut start = from.0;
        let mut first = next(&self.entries, 0, |entry| entry.at() < start);
        // A failure at a border belongs to the cell that ends there, with the rest of its task.
        let mut error = next(&self.errors, 0, |&at| at <= start && start > 0);
        (0..count).map_while(move |_| {
            if start >= until.0 {
                return None;
            }
            let end = start.saturating_add(width);
            let seen = end.min(until.0);
            let last = next(&self.entries, first, |entry| entry.at() < seen);
            let part = Part { start, end, until: until.0, first, last };
            let errors = next(&self.errors, error, |&at| at <= seen);
            let failed = errors > error;
            (start, first, error) = (end, last, errors);
            Some(if failed { Cell::Whole(State::Error) } else { self.cell(&part) })
        })
    }

    /// The cell for an interval without failed tasks.
    fn cell(&self, part: &Part) -> Cell {
        if part.first == part.last && part.end <= part.until {
            return Cell::Whole(self.state_before(part.first));
        }
        if part.last - part.first > FEW {
            return merged(&self.shares(part), part.width());
        }
        let look = self.look(part);
        if look.left_out > part.width() / 8 || look.unmissable {
            return merged(&look.shares, part.width());
        }
        match (look.shown, look.count) {
            ([Some(one), _], 1) => look.around(one.state),
            ([Some(a), Some(b)], 2) if a.state != b.state => {
                edge(a.state, b.state, a.end - part.start, part.width())
            }
            _ => merged(&look.shares, part.width()),
        }
    }

    /// Collects the states within a cell. Intervals up to a sixteenth of the cell are not drawn,
    /// unless they add up to more than an eighth of it.
    fn look(&self, part: &Part) -> Look {
        let fine = part.width() / 16;
        let mut look = Look::default();
        for stretch in self.stretches_in(part) {
            let Stretch { state, start, end } = stretch;
            if let Some(share) = look.shares.get_mut(state as usize) {
                *share += end - start;
            }
            let (first, _) = look.borders.unwrap_or((state, state));
            look.borders = Some((first, state));
            if end - start > fine {
                if let Some(place) = look.shown.get_mut(look.count) {
                    *place = Some(stretch);
                }
                look.count += 1;
            } else {
                look.left_out += end - start;
                look.unmissable |= state >= State::Throttled;
            }
        }
        look
    }

    /// Returns the intervals of a cell, one per state. Time after the lane's end is idle.
    fn stretches_in(&self, part: &Part) -> impl Iterator<Item = Stretch> + '_ {
        let &Part { start, end, until, first, last } = part;
        let entries = self.entries.get(first..last).unwrap_or(&[]).iter();
        let begins = std::iter::once((self.state_before(first), start))
            .chain(entries.clone().map(|entry| (entry.state(), entry.at())));
        let ends = entries.map(|entry| entry.at()).chain([end.min(until)]);
        let alive = begins.zip(ends).map(|((state, start), end)| Stretch { state, start, end });
        let beyond = Stretch { state: State::Idle, start: until.min(end), end };
        let mut pieces =
            alive.chain([beyond]).filter(|stretch| stretch.end > stretch.start).peekable();
        std::iter::from_fn(move || {
            let mut stretch = pieces.next()?;
            while let Some(more) = pieces.next_if(|next| next.state == stretch.state) {
                stretch.end = more.end;
            }
            Some(stretch)
        })
    }

    /// The time in each state in a cell.
    fn shares(&self, part: &Part) -> Sums {
        let seen = part.end.min(part.until);
        let mut shares = if part.last - part.first <= CHECKPOINT {
            self.counted(part, seen)
        } else {
            let after = self.sums_up_to(part.last, seen);
            difference(&after, &self.sums_up_to(part.first, part.start))
        };
        let [idle, ..] = &mut shares;
        *idle = idle.saturating_add(part.end.saturating_sub(part.until));
        shares
    }

    /// The time in each state up to `seen`, summed entry by entry.
    fn counted(&self, part: &Part, seen: u64) -> Sums {
        let mut shares = Sums::default();
        let entries = self.entries.get(part.first..part.last).unwrap_or(&[]);
        let (mut place, mut at) = (self.state_before(part.first) as usize, part.start);
        let mut add = |place: usize, time: u64| {
            if let Some(share) = shares.get_mut(place) {
                *share += time;
            }
        };
        for entry in entries {
            add(place, entry.at() - at);
            (place, at) = (entry.place(), entry.at());
        }
        add(place, seen.saturating_sub(at));
        shares
    }

    /// The state before an entry.
    fn state_before(&self, entry: usize) -> State {
        let before = entry.checked_sub(1).and_then(|before| self.entries.get(before));
        before.copied().map(Entry::state).unwrap_or_default()
    }
}

impl Look {
    /// The cell if only one state lasts long enough to be drawn. Interruptions show as a notch.
    fn around(&self, state: State) -> Cell {
        if self.left_out > 0 && self.borders == Some((state, state)) {
            Cell::Notched(state)
        } else {
            Cell::Whole(state)
        }
    }
}

impl Part {
    const fn width(&self) -> u64 {
        self.end - self.start
    }
}

/// The index of the first item that is not `before`, searched from index `from` on.
fn next<T>(items: &[T], from: usize, before: impl Fn(&T) -> bool) -> usize {
    let rest = items.get(from..).unwrap_or(&[]);
    // Most cells hold few entries, so an exponential search precedes the binary one.
    let mut reach = 1;
    while rest.get(reach).is_some_and(&before) {
        reach *= 2;
    }
    let rest = rest.get(..(reach + 1).min(rest.len())).unwrap_or(rest);
    from + rest.partition_point(before)
}

fn edge(left: State, right: State, at: u64, width: u64) -> Cell {
    match eighths(at, width) {
        0 => Cell::Whole(right),
        8.. => Cell::Whole(left),
        eighths => Cell::Edge { left, right, eighths },
    }
}

/// The state with the longest time prevails, unless there is a state that must stay visible.
fn merged(shares: &Sums, width: u64) -> Cell {
    let rank = |&(state, share): &(State, u64)| (state >= State::Throttled, share, state);
    let mut leading: [Option<(State, u64)>; 2] = [None, None];
    let there = State::ALL.into_iter().zip(*shares).filter(|(_, share)| *share > 0);
    for one in there {
        let [top, under] = &mut leading;
        if top.as_ref().map(rank) < Some(rank(&one)) {
            *under = top.replace(one);
        } else if under.as_ref().map(rank) < Some(rank(&one)) {
            *under = Some(one);
        }
    }
    match leading {
        [Some((top, share)), Some((under, _))] => {
            Cell::Merged { top, under, eighths: eighths(share, width).clamp(1, 7) }
        }
        [top, _] => Cell::Whole(top.map(|(state, _)| state).unwrap_or_default()),
    }
}

/// The ratio of `part` to `whole`, rounded to eighths.
fn eighths(part: u64, whole: u64) -> u8 {
    let whole = u128::from(whole.max(1));
    ((u128::from(part) * 8 + whole / 2) / whole).min(8) as u8
}
