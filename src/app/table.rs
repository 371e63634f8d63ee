//! The table of tasks: row selection and sorting.

use super::App;
use super::keymap::Action;
use super::overlay::Overlay;
use crate::analysis::Attempt;
use crate::analysis::attempt_table::{AttemptColumn, AttemptRow, AttemptTable};
use crate::model::{Nanos, Run};

/// The number of rows in a page.
const PAGE_ROWS: usize = 10;

/// The table and the selected row.
#[derive(Clone, Debug, Default)]
pub struct TableView {
    table: AttemptTable,
    /// The index of the selected row.
    selected: usize,
}

impl TableView {
    /// The table with its rows.
    pub const fn table(&self) -> &AttemptTable {
        &self.table
    }

    /// The index of the selected row.
    pub const fn selected_row(&self) -> usize {
        self.selected
    }

    fn select_row(&mut self, place: usize) {
        self.selected = place.min(self.table.len().saturating_sub(1));
    }

    /// Changes the table and keeps the same row selected, wherever it moves.
    fn update(&mut self, visible: &[(&Run, Nanos)], how: impl FnOnce(&mut AttemptTable)) {
        let row = self.table.row(self.selected);
        how(&mut self.table);
        let place = row.and_then(|row| self.table.index_of(row, visible));
        self.select_row(place.unwrap_or(self.selected));
    }
}

impl App {
    /// The table, if it is open.
    pub fn table_view(&self) -> Option<&TableView> {
        self.table_view.as_ref().filter(|_| self.overlay == Some(Overlay::Table))
    }

    /// The attempt in a row of the table, and the time up to which its run is shown.
    pub fn attempt_in_row(&self, row: AttemptRow) -> Option<(Attempt<'_>, Nanos)> {
        let visible: Vec<(&Run, Nanos)> = self.visible_runs().collect();
        let (_, until) = *visible.get(row.run())?;
        Some((row.attempt(&visible)?, until))
    }

    /// Opens the table with its previous sort order.
    pub(super) fn open_table(&mut self) {
        self.overlay = Some(Overlay::Table);
        self.update_table(AttemptTable::refresh);
    }

    /// Updates the rows, if the table is open.
    pub(super) fn refresh_table(&mut self) {
        if self.overlay == Some(Overlay::Table) {
            self.update_table(AttemptTable::refresh);
        }
    }

    /// Clears the rows and the selection, because other runs are shown.
    pub(super) fn reset_table(&mut self) {
        if let Some(table_view) = &mut self.table_view {
            table_view.table.clear();
            table_view.selected = 0;
        }
    }

    /// Handles an action while the table is open.
    pub(super) fn handle_table_action(&mut self, action: Action) {
        let Some(table_view) = &mut self.table_view else { return };
        let selected = table_view.selected;
        match action {
            Action::NextLane => table_view.select_row(selected.saturating_add(1)),
            Action::PreviousLane => table_view.select_row(selected.saturating_sub(1)),
            Action::NextLanes => table_view.select_row(selected.saturating_add(PAGE_ROWS)),
            Action::PreviousLanes => table_view.select_row(selected.saturating_sub(PAGE_ROWS)),
            Action::Start => table_view.select_row(0),
            Action::Follow => table_view.select_row(usize::MAX),
            Action::NextColumn => self.update_table(|table, visible| table.sort_by(1, visible)),
            Action::PreviousColumn => {
                let last = AttemptColumn::ALL.len() - 1;
                self.update_table(|table, visible| table.sort_by(last, visible));
            }
            Action::Inspect => self.go_to_selected_row(),
            Action::Back | Action::Table | Action::Quit => self.overlay = None,
            _ => {}
        }
    }

    fn update_table(&mut self, how: impl FnOnce(&mut AttemptTable, &[(&Run, Nanos)])) {
        let mut table_view = self.table_view.take().unwrap_or_default();
        let visible: Vec<(&Run, Nanos)> = self.visible_runs().collect();
        table_view.update(&visible, |table| how(table, &visible));
        self.table_view = Some(table_view);
    }

    /// Closes the table and goes to the selected attempt on the timeline.
    fn go_to_selected_row(&mut self) {
        let row = self.table_view.as_ref().and_then(|it| it.table.row(it.selected));
        let Some((row, (attempt, _))) = row.and_then(|row| Some((row, self.attempt_in_row(row)?)))
        else {
            return;
        };
        let (lane, start) = (attempt.lane, attempt.span.start);
        self.overlay = None;
        self.view.go_to(self.lane_index_of(row.run(), lane), start);
    }
}
