//! What there is room for: which rows a height has, which figures a width has.

use ratatui::layout::Size;

/// How many rows there are to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Height {
    /// The modes, the totals, lanes, the keys.
    Tiny,
    /// The axis and tasks in flight, too.
    Low,
    /// Everything.
    Normal,
}

/// How many columns there are to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    /// A lane's name and bar.
    Tiny,
    /// How busy it was, too.
    Narrow,
    /// Its slow tasks, too.
    Normal,
    /// Everything.
    Wide,
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) height: Height,
    pub(super) width: Width,
    /// Whether the parts stand in boxes.
    pub(super) boxed: bool,
}

impl Layout {
    /// The layout for a screen of this size; nothing if it has no room for lanes.
    pub(super) const fn of(size: Size) -> Option<Self> {
        let height = match size.height {
            20.. => Height::Normal,
            14.. => Height::Low,
            10.. => Height::Tiny,
            _ => return None,
        };
        let width = match size.width {
            110.. => Width::Wide,
            80.. => Width::Normal,
            60.. => Width::Narrow,
            40.. => Width::Tiny,
            _ => return None,
        };
        Some(Self { height, width, boxed: size.height >= 30 && size.width >= 110 })
    }

    /// Whether the parts have headings.
    pub(super) const fn has_headings(self) -> bool {
        matches!(self.height, Height::Normal)
    }

    /// Rows that a heading, and a box if there is one, take from a part.
    pub(super) const fn frame(self) -> u16 {
        match (self.boxed, self.has_headings()) {
            (true, _) => 2,
            (false, headings) => headings as u16,
        }
    }
}
