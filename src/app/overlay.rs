//! The overlays on top of the timeline: the state of each, and its keys. No key reaches the timeline
//! while one is open.

use super::keymap::Action;
use crate::analysis::attempt_table::{AttemptRow, AttemptTable};
use crate::analysis::latency::LittlesLaw;
use crate::model::printable::lines;
use crate::model::{ExportKind, Nanos, Run, TaskId};

/// The number of rows or lines in a page.
const PAGE_ROWS: usize = 10;

/// An overlay on top of the timeline.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The picture, the keys and the self-check.
    Help(HelpView),
    /// The export menu.
    Export(ExportMenu),
    /// The output of a command.
    Output(OutputPager),
    /// The table of all tasks.
    Table(TableView),
    /// A question before something ends.
    Question(Question),
}

/// A question before something ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Quits during a run.
    Quit,
    /// Quits while a program runs that this one started: ends it, or lets it go on.
    QuitProgram,
    /// Kills a program that was asked to end before.
    KillProgram,
}

/// The result of an action in an overlay.
pub(super) enum OverlayOutcome {
    /// The overlay stays open.
    Open,
    /// The overlay closes.
    Closed,
    /// The overlay closes, and an export of this kind begins.
    Export(ExportKind),
    /// The overlay closes, and the timeline goes to this attempt.
    Attempt(AttemptRow),
    /// The program ends.
    Quit,
    /// The program ends, and the one that it watches continues.
    LetGo,
    /// The program that is watched is killed.
    Kill,
}

impl Question {
    const fn handle_action(self, action: Action) -> OverlayOutcome {
        match (self, action) {
            (Self::Quit | Self::QuitProgram, Action::Quit) => OverlayOutcome::Quit,
            (Self::QuitProgram, Action::LetGo) => OverlayOutcome::LetGo,
            (Self::KillProgram, Action::Stop) => OverlayOutcome::Kill,
            (_, Action::Back | Action::Help) | (Self::KillProgram, Action::Quit) => {
                OverlayOutcome::Closed
            }
            _ => OverlayOutcome::Open,
        }
    }
}

impl Overlay {
    /// Handles an action. `visible` has the runs shown, each with the time up to which it is visible.
    pub(super) fn handle_action(
        &mut self,
        action: Action,
        visible: &[(&Run, Nanos)],
    ) -> OverlayOutcome {
        match (self, action) {
            (Self::Help(help), _) => help.handle_action(action),
            (Self::Export(menu), _) => menu.handle_action(action),
            (Self::Output(pager), _) => pager.handle_action(action, visible),
            (Self::Table(table_view), _) => table_view.handle_action(action, visible),
            (Self::Question(question), _) => question.handle_action(action),
        }
    }
}

/// The help: the picture, the keys, and a check of the figures of the runs shown.
#[derive(Clone, Debug)]
pub struct HelpView {
    /// The page shown, counted from 0, modulo the number of pages, which depends on the size of the
    /// screen.
    pub page: i32,
    /// Little's law for each run shown that has started, by the name of the run. Computed from all
    /// attempts, so only once, when the help opens.
    pub self_checks: Vec<(String, LittlesLaw)>,
}

impl HelpView {
    pub(super) fn for_runs<'run>(visible: impl Iterator<Item = (&'run Run, Nanos)>) -> Self {
        let checks = visible
            .filter_map(|(run, until)| Some((run.plan().name(), LittlesLaw::for_run(run, until)?)));
        Self { page: 0, self_checks: checks.collect() }
    }

    const fn handle_action(&mut self, action: Action) -> OverlayOutcome {
        match action {
            Action::NextLane
            | Action::NextLanes
            | Action::NextMode
            | Action::PanRight
            | Action::Pause => self.page = self.page.wrapping_add(1),
            Action::PreviousLane
            | Action::PreviousLanes
            | Action::PreviousMode
            | Action::PanLeft => self.page = self.page.wrapping_sub(1),
            Action::Start => self.page = 0,
            Action::Follow => self.page = -1,
            Action::Back | Action::Help | Action::Quit => return OverlayOutcome::Closed,
            _ => {}
        }
        OverlayOutcome::Open
    }
}

/// The maximum share of a run's time that events may take without disturbing the run.
const MAX_OVERHEAD_SHARE: f64 = 0.01;

/// The measured overhead of the program. `None` if not yet measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overhead {
    /// The time to send, receive and apply an event.
    pub event: Option<Nanos>,
    /// The time to draw the last frame.
    pub frame: Option<Nanos>,
    /// The time to draw the slowest frame of the session.
    pub slowest: Option<Nanos>,
}

impl Overhead {
    /// Records the drawing time of a frame.
    pub(super) fn record_frame(&mut self, took: Nanos) {
        self.frame = Some(took);
        self.slowest = self.slowest.max(Some(took));
    }

    /// The share of a run's elapsed time that its events took.
    pub fn share_of_run(&self, run: &Run, until: Nanos) -> Option<f64> {
        let all = self.event?.0 as f64 * run.timing().event_count() as f64;
        (until > Nanos::ZERO).then(|| all / until.0 as f64)
    }

    /// Returns `true` if such a share disturbs the measurement.
    pub fn is_significant(share: f64) -> bool {
        share > MAX_OVERHEAD_SHARE
    }
}

/// The export menu.
#[derive(Clone, Debug)]
pub struct ExportMenu {
    /// The kinds of export that are offered, each with the name of the file to write.
    pub entries: Vec<(ExportKind, String)>,
    /// The index of the selected entry.
    pub selected: usize,
}

impl ExportMenu {
    /// Replaces the names of the files by unused ones.
    pub(super) fn set_names(&mut self, names: &[(ExportKind, String)]) {
        for (kind, name) in &mut self.entries {
            if let Some((_, unused)) = names.iter().find(|(other, _)| other == kind) {
                name.clone_from(unused);
            }
        }
    }

    fn handle_action(&mut self, action: Action) -> OverlayOutcome {
        let count = self.entries.len();
        match action {
            Action::NextLane => self.selected = (self.selected + 1) % count,
            Action::PreviousLane => self.selected = (self.selected + count - 1) % count,
            Action::Back | Action::Help | Action::Export | Action::Quit => {
                return OverlayOutcome::Closed;
            }
            Action::Inspect => {
                let entry = self.entries.get(self.selected);
                return entry
                    .map_or(OverlayOutcome::Closed, |(kind, _)| OverlayOutcome::Export(*kind));
            }
            _ => {}
        }
        OverlayOutcome::Open
    }
}

/// The command whose output is shown, and the scroll position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputPager {
    /// The index of the run among those shown.
    pub run: usize,
    /// The command, or `None` for the output of a watched program.
    pub task: Option<TaskId>,
    /// The first visible line, counted from 0.
    pub top: usize,
}

impl OutputPager {
    /// Creates a pager for the last command that a lane started up to `end`. The lane is counted
    /// across the visible runs.
    pub(super) fn for_lane<'run>(
        lane: usize,
        visible: impl Iterator<Item = (&'run Run, Nanos)>,
        end: Nanos,
    ) -> Option<Self> {
        let mut place = lane;
        for (index, (run, until)) in visible.enumerate() {
            if let Some(lane) = run.lanes().get(place) {
                let span = lane.span_at(until.min(end))?;
                return Some(Self { run: index, task: Some(span.task), top: 0 });
            }
            place -= run.lanes().len();
        }
        None
    }

    /// Creates a pager for the output of a watched program, by the index of its run.
    pub(super) const fn for_program(run: usize) -> Self {
        Self { run, task: None, top: 0 }
    }

    /// Returns the text that is shown. Not safe to print.
    pub fn text<'run>(&self, run: &'run Run) -> Option<&'run str> {
        match self.task {
            Some(task) => run.tasks().output(task).map(|output| &*output.text),
            None => run.program().map(|program| program.output().0),
        }
    }

    fn handle_action(&mut self, action: Action, visible: &[(&Run, Nanos)]) -> OverlayOutcome {
        let Some((run, _)) = visible.get(self.run) else { return OverlayOutcome::Open };
        let last = self.text(run).map_or(0, |text| lines(text).count().saturating_sub(1));
        let moved = self.task.map(|task| match action {
            Action::NextSpan => task.0.saturating_add(1),
            Action::PreviousSpan => task.0.saturating_sub(1),
            _ => task.0,
        });
        let task = moved.map(|task| TaskId(task.clamp(1, run.progress().known_tasks().max(1))));
        match action {
            Action::NextLane => self.top = self.top.saturating_add(1).min(last),
            Action::PreviousLane => self.top = self.top.saturating_sub(1).min(last),
            Action::NextLanes => self.top = self.top.saturating_add(PAGE_ROWS).min(last),
            Action::PreviousLanes => self.top = self.top.saturating_sub(PAGE_ROWS).min(last),
            Action::Start => self.top = 0,
            Action::Follow => self.top = last,
            Action::NextSpan | Action::PreviousSpan if task != self.task => {
                *self = Self { task, top: 0, ..*self };
            }
            Action::Back | Action::Inspect | Action::Quit => return OverlayOutcome::Closed,
            _ => {}
        }
        OverlayOutcome::Open
    }
}

/// The table of tasks and the selected row.
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

    /// Adds the attempts that are new.
    pub(super) fn refresh(&mut self, visible: &[(&Run, Nanos)]) {
        self.update(visible, AttemptTable::refresh);
    }

    /// Clears the rows and the selection, because other runs are shown. The order stays.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.selected = 0;
    }

    fn select_row(&mut self, place: usize) {
        self.selected = place.min(self.table.len().saturating_sub(1));
    }

    /// Changes the table and keeps the same row selected, wherever it moves.
    fn update(
        &mut self,
        visible: &[(&Run, Nanos)],
        how: impl FnOnce(&mut AttemptTable, &[(&Run, Nanos)]),
    ) {
        let row = self.table.row(self.selected);
        how(&mut self.table, visible);
        let place = row.and_then(|row| self.table.index_of(row, visible));
        self.select_row(place.unwrap_or(self.selected));
    }

    fn handle_action(&mut self, action: Action, visible: &[(&Run, Nanos)]) -> OverlayOutcome {
        let selected = self.selected;
        match action {
            Action::NextLane => self.select_row(selected.saturating_add(1)),
            Action::PreviousLane => self.select_row(selected.saturating_sub(1)),
            Action::NextLanes => self.select_row(selected.saturating_add(PAGE_ROWS)),
            Action::PreviousLanes => self.select_row(selected.saturating_sub(PAGE_ROWS)),
            Action::Start => self.select_row(0),
            Action::Follow => self.select_row(usize::MAX),
            Action::NextColumn | Action::PreviousColumn => {
                let later = action == Action::NextColumn;
                self.update(visible, |table, visible| table.sort_by_next(later, visible));
            }
            Action::Inspect => {
                let row = self.table.row(selected);
                return row.map_or(OverlayOutcome::Open, OverlayOutcome::Attempt);
            }
            Action::Back | Action::Table | Action::Quit => return OverlayOutcome::Closed,
            _ => {}
        }
        OverlayOutcome::Open
    }
}
