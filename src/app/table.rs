//! The table of tasks over the picture: which row is chosen, and how the rows are sorted.

use super::App;
use super::keymap::Action;
use super::popup::Popup;
use crate::model::table::{Column, Row, Table};
use crate::model::{Attempt, Nanos, Run};

/// How many rows a page is.
const PAGE: usize = 10;

/// The table, and where a person is in it.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    table: Table,
    /// The row chosen, by its place.
    chosen: usize,
}

impl Listing {
    /// The rows.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// The place of the row chosen.
    pub const fn chosen(&self) -> usize {
        self.chosen
    }

    fn choose(&mut self, place: usize) {
        self.chosen = place.min(self.table.len().saturating_sub(1));
    }

    /// Changes the table; the row chosen stays chosen, wherever it stands then.
    fn change(&mut self, visible: &[(&Run, Nanos)], how: impl FnOnce(&mut Table)) {
        let row = self.table.row(self.chosen);
        how(&mut self.table);
        let place = row.and_then(|row| self.table.place_of(row, visible));
        self.choose(place.unwrap_or(self.chosen));
    }
}

impl App {
    /// The table, where it lies over the picture.
    pub fn listing(&self) -> Option<&Listing> {
        self.listing.as_ref().filter(|_| self.popup == Some(Popup::Table))
    }

    /// The attempt that a row of the table is about, and until when its run is shown.
    pub fn listed(&self, row: Row) -> Option<(Attempt<'_>, Nanos)> {
        let visible: Vec<(&Run, Nanos)> = self.visible().collect();
        let (_, until) = *visible.get(row.run())?;
        Some((row.attempt(&visible)?, until))
    }

    /// Opens the table; how it was sorted is kept from the last time.
    pub(super) fn open_table(&mut self) {
        self.popup = Some(Popup::Table);
        self.change_table(Table::refresh);
    }

    /// Takes in what is new, if the table is open.
    pub(super) fn refresh_table(&mut self) {
        if self.popup == Some(Popup::Table) {
            self.change_table(Table::refresh);
        }
    }

    /// Other runs are shown.
    pub(super) fn list_anew(&mut self) {
        if let Some(listing) = &mut self.listing {
            listing.table.forget();
            listing.chosen = 0;
        }
    }

    /// A key while the table is open.
    pub(super) fn act_on_table(&mut self, action: Action) {
        let Some(listing) = &mut self.listing else { return };
        let chosen = listing.chosen;
        match action {
            Action::NextLane => listing.choose(chosen.saturating_add(1)),
            Action::PreviousLane => listing.choose(chosen.saturating_sub(1)),
            Action::NextLanes => listing.choose(chosen.saturating_add(PAGE)),
            Action::PreviousLanes => listing.choose(chosen.saturating_sub(PAGE)),
            Action::Start => listing.choose(0),
            Action::Follow => listing.choose(usize::MAX),
            Action::NextColumn => self.change_table(|table, visible| table.sort_by(1, visible)),
            Action::PreviousColumn => {
                let last = Column::ALL.len() - 1;
                self.change_table(|table, visible| table.sort_by(last, visible));
            }
            Action::Invert => self.change_table(|table, _| table.invert()),
            Action::Inspect => self.go_to_row(),
            Action::Back | Action::Table | Action::Quit => self.popup = None,
            _ => {}
        }
    }

    fn change_table(&mut self, how: impl FnOnce(&mut Table, &[(&Run, Nanos)])) {
        let mut listing = self.listing.take().unwrap_or_default();
        let visible: Vec<(&Run, Nanos)> = self.visible().collect();
        listing.change(&visible, |table| how(table, &visible));
        self.listing = Some(listing);
    }

    /// Closes the table and looks at the row chosen on the timeline.
    fn go_to_row(&mut self) {
        let row = self.listing.as_ref().and_then(|it| it.table.row(it.chosen));
        let Some((row, (attempt, _))) = row.and_then(|row| Some((row, self.listed(row)?))) else {
            return;
        };
        let (lane, start) = (attempt.lane, attempt.span.start);
        self.popup = None;
        self.view.go_to(self.lane_of(row.run(), lane), start);
    }
}
