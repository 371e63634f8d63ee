//! The rows of a watched program: its GILs, its threads and groups of threads, and how many of them have
//! no row.

use super::timeline_rows::{LaneTitle, RowLayout, RowPlan, TimelineRow};
use crate::app::{ProgramRow, ProgramRows};
use crate::model::{InterpreterId, Nanos, ProgramRecord, Run};

/// The maximum number of interpreters whose GIL has a row, if not everything fits.
const MAX_GIL_ROWS: usize = 2;

/// The minimum number of rows of threads beside those of GILs.
const MIN_THREAD_ROWS: usize = 2;

impl<'app> RowLayout<'app> {
    /// Returns the run that watches a program, if one is shown.
    pub(super) fn program_run(&self) -> Option<(&'app Run, Nanos)> {
        self.app.visible_runs().find(|(run, _)| run.program().is_some())
    }

    fn threads(&self) -> &'app ProgramRows {
        self.app.picture().threads()
    }

    /// Returns the number of rows that everything needs.
    pub(super) fn needed_thread_rows(&self, run: &Run) -> usize {
        let threads = self.threads();
        interpreters_with_gil(run).count()
            + threads.rows().len()
            + usize::from(threads.hidden_count() > 0)
    }

    /// Returns the rows to draw on `height` rows. The selected one is always among them.
    pub(super) fn thread_rows(&self, run: &'app Run, until: Nanos, height: usize) -> RowPlan<'app> {
        let threads = self.threads();
        let gils = interpreters_with_gil(run).count();
        let fits = self.needed_thread_rows(run) <= height;
        let most = if fits { gils } else { MAX_GIL_ROWS };
        let gils = gils.min(most).min(height.saturating_sub(MIN_THREAD_ROWS));
        let (all, room) = (threads.rows(), height - gils);
        let fits = all.len() + usize::from(threads.hidden_count() > 0) <= room;
        let shown = if fits { all.len() } else { room.saturating_sub(usize::from(room > 1)) };
        let selected = self.app.picture().selected_row();
        let selected = selected.and_then(|row| all.iter().position(|&one| one == row));
        let first = selected.map_or(0, |at| (at + 1).saturating_sub(shown));
        let visible = first..first + shown;
        let lane_height = if fits { self.lane_height(height) } else { 1 };
        let mut gil_rows: Vec<InterpreterId> = interpreters_with_gil(run).collect();
        let is_alone = gil_rows.len() < 2;
        // Of several, those whose threads are at the top.
        let place = |&id: &InterpreterId| {
            let pid = pid_of(run, id);
            let mut visible = all.iter().skip(first);
            visible.position(|&row| Some(threads.process_of(row)) == pid).unwrap_or(usize::MAX)
        };
        gil_rows.sort_by_key(place);
        gil_rows.truncate(gils);
        let mut rows = Vec::new();
        for &row in all.iter().skip(first).take(shown) {
            // Several interpreters each have their GIL above their own threads.
            let process = threads.process_of(row);
            let above = |&mut id: &mut InterpreterId| is_alone || pid_of(run, id) == Some(process);
            rows.extend(gil_rows.extract_if(.., above).map(|id| gil_row(run, until, id)));
            rows.extend(thread_row(run, until, row));
        }
        let hidden = all.iter().enumerate().filter(|(at, _)| !visible.contains(at));
        let (mut worked, mut waited) = (0, threads.hidden_count());
        for (_, &row) in hidden {
            if threads.only_waited(row) {
                waited += threads.lane_count(row);
            } else {
                worked += threads.lane_count(row);
            }
        }
        if worked + waited > 0 && rows.len() < height {
            rows.push(TimelineRow::HiddenThreads { worked, waited });
        }
        RowPlan { rows, lane_height: lane_height as u16 }
    }
}

const fn gil_row(run: &Run, until: Nanos, interpreter: InterpreterId) -> TimelineRow<'_> {
    let title = LaneTitle::Worker;
    TimelineRow::Gil { run, until, title, interpreter: Some(interpreter) }
}

/// Returns the process of an interpreter.
fn pid_of(run: &Run, interpreter: InterpreterId) -> Option<u32> {
    let found = run.program()?.interpreters().get(usize::from(interpreter.0))?;
    Some(found.details.pid)
}

fn thread_row(run: &Run, until: Nanos, row: ProgramRow) -> Option<TimelineRow<'_>> {
    Some(match row {
        ProgramRow::Group(index) => TimelineRow::ThreadGroup { run, until, index },
        ProgramRow::Lane { lane, in_group } => TimelineRow::Lane {
            run,
            until,
            lane: run.lanes().get(usize::from(lane.0))?,
            index: lane.0,
            place: usize::from(lane.0),
            title: if in_group { LaneTitle::Indented } else { LaneTitle::Worker },
        },
    })
}

/// Returns the interpreters whose GIL can be seen, in the order of discovery.
pub(super) fn interpreters_with_gil(run: &Run) -> impl Iterator<Item = InterpreterId> {
    let found = run.program().into_iter().flat_map(ProgramRecord::interpreters);
    let found = (0..).map(InterpreterId).zip(found);
    found.filter(|(_, one)| one.details.switch_interval.is_some()).map(|(id, _)| id)
}
