//! The layout of the screen by its size: the rows by height, the figures by width.

use ratatui::layout::Size;

/// The class of a screen's height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HeightClass {
    /// Shows the modes, the totals, lanes and the keys.
    Tiny,
    /// Adds the axis and the rows below the lanes.
    Low,
    /// Shows everything.
    Normal,
}

/// The class of a screen's width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WidthClass {
    /// Shows the name and the bar of a lane.
    Tiny,
    /// Adds its utilization.
    Narrow,
    /// Adds the p95 of its tasks.
    Normal,
    /// Shows all figures.
    Wide,
}

/// The layout of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScreenLayout {
    pub(super) height: HeightClass,
    pub(super) width: WidthClass,
    /// If set, parts are drawn in boxes.
    pub(super) boxed: bool,
}

impl ScreenLayout {
    /// Returns the layout for a screen of this size, or `None` if it has no room for lanes.
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

    /// Returns whether parts have headings.
    pub(super) const fn has_headings(self) -> bool {
        matches!(self.height, HeightClass::Normal)
    }

    /// Returns the number of rows of a part that its heading and box take.
    pub(super) const fn frame_rows(self) -> u16 {
        match (self.boxed, self.has_headings()) {
            (true, _) => 2,
            (false, headings) => headings as u16,
        }
    }
}
