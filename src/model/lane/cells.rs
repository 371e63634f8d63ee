//! What the cells of a timeline show of a lane: one state, an edge, or several merged.

use super::{CHECKPOINT, Entry, Lane, Nanos, State, Sums, difference};

/// A cell with more changes is merged without looking at each.
const FEW: usize = 12;

/// What a cell of the timeline shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One state, all the way.
    Whole(State),
    /// One state, but for something too short to have a share: where one task follows another.
    Notched(State),
    /// One change, or several within a sixteenth of the cell, drawn where it was: `left` fills this
    /// many eighths of the cell's width.
    Edge {
        /// Before the change.
        left: State,
        /// After it.
        right: State,
        /// 1 to 7.
        eighths: u8,
    },
    /// More changes than can be placed: `top` leads, and fills its share of the cell's height.
    Merged {
        /// The leading state.
        top: State,
        /// The second.
        under: State,
        /// 1 to 7.
        eighths: u8,
    },
}

/// A cell's stretch of time and of entries, on a lane that has lived until `until`.
struct Part {
    start: u64,
    end: u64,
    until: u64,
    first: usize,
    last: usize,
}

/// A time in one state.
#[derive(Clone, Copy)]
struct Stretch {
    state: State,
    start: u64,
    end: u64,
}

/// What there is to see in a cell.
#[derive(Default)]
struct Look {
    /// Time in each state.
    shares: Sums,
    /// The first stretches that are long enough to be placed.
    shown: [Option<Stretch>; 2],
    /// How many there are of these.
    count: usize,
    /// Time in the others.
    left_out: u64,
    /// Whether one of those is such that a person must not miss it.
    unmissable: bool,
    /// The states at the cell's borders.
    borders: Option<(State, State)>,
}

impl Lane {
    /// What `count` cells show that are `width` wide, the first beginning at `from`, of a lane that
    /// has lived until `until`; later cells are left out.
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
        // A task that fails at a border failed in the cell that ends there, where the rest of it is.
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

    /// What a cell shows in which no task failed.
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

    /// Changes closer together than a sixteenth of a cell count as one, as long as no eighth of it is
    /// left out in all.
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

    /// A cell's stretches of one state each; what lies beyond the lane's life is idle.
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

    /// Time in each state in a cell.
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

    /// Time in each state up to `seen`, entry by entry.
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

    /// The state that an entry ended.
    fn state_before(&self, entry: usize) -> State {
        let before = entry.checked_sub(1).and_then(|before| self.entries.get(before));
        before.copied().map(Entry::state).unwrap_or_default()
    }
}

impl Look {
    /// A cell in which only one state lasts long enough to be placed: what interrupts it is still
    /// seen.
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

/// The place of the first item that is not `before`, looked for from place `from` on.
fn next<T>(items: &[T], from: usize, before: impl Fn(&T) -> bool) -> usize {
    let rest = items.get(from..).unwrap_or(&[]);
    // Most cells hold few: gallop before searching by halves.
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

/// The state with the most time leads, but one that a person must not miss leads always.
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

/// `part` of `whole`, rounded to eighths.
fn eighths(part: u64, whole: u64) -> u8 {
    let whole = u128::from(whole.max(1));
    ((u128::from(part) * 8 + whole / 2) / whole).min(8) as u8
}
