//! What there is room for: which rows a height has, which figures a width has.

use ratatui::layout::Size;

/// How many rows there are to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HeightClass {
    /// The modes, the totals, lanes, the keys.
    Tiny,
    /// The axis and tasks in flight, too.
    Low,
    /// Everything.
    Normal,
}

/// How many columns there are to share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WidthClass {
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
pub(super) struct ScreenLayout {
    pub(super) height: HeightClass,
    pub(super) width: WidthClass,
    /// Whether the parts stand in boxes.
    pub(super) boxed: bool,
}

impl ScreenLayout {
    /// The layout for a screen of this size; nothing if it has no room for lanes.
    pub(super) const fn for_size(size: Size) -> Option<Self> {
        let height = match size.height {
            20.. => HeightClass::Normal,
            14.. => HeightClass::Low,
            10.. => HeightClass::Tiny,
            _ => return None,
        };
        let width = match size.width {
            110.. => WidthClass::Wide,
            80.. => WidthClass::Normal,
            60.. => WidthClass::Narrow,
            40.. => WidthClass::Tiny,
            _ => return None,
        };
        Some(Self { height, width, boxed: size.height >= 30 && size.width >= 110 })
    }

    /// Whether the parts have headings.
    pub(super) const fn has_headings(self) -> bool {
        matches!(self.height, HeightClass::Normal)
    }

    /// Rows that a heading, and a box if there is one, take from a part.
    pub(super) const fn frame_rows(self) -> u16 {
        match (self.boxed, self.has_headings()) {
            (true, _) => 2,
            (false, headings) => headings as u16,
        }
    }
}
