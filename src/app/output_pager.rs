//! Reading what a command wrote: which command, from which line on.

use super::keymap::Action;
use super::{App, Overlay};
use crate::model::printable::lines;
use crate::model::{Nanos, Run, TaskId};

/// How many lines a page is.
const PAGE_LINES: usize = 10;

/// Where a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputPager {
    /// The run, by its place among those shown.
    pub run: usize,
    /// Its command.
    pub task: TaskId,
    /// The first line to be seen, from 0.
    pub top: usize,
}

impl App {
    /// Shows what the chosen lane's command under the cursor wrote, or else its latest in view.
    pub(super) fn open_output(&mut self) {
        let Some(lane) = self.lane_index() else {
            let (next, previous) =
                (self.key_of(Action::NextLane), self.key_of(Action::PreviousLane));
            self.notice =
                Some(format!("no lane selected; {next}/{previous} choose a lane"));
            return;
        };
        let pager = OutputPager::for_lane(lane, self.visible_runs(), self.view.focus_time());
        match pager {
            Some(pager) => self.overlay = Some(Overlay::Output(pager)),
            None => self.notice = Some("no command has started on this lane yet".to_owned()),
        }
    }
}

impl OutputPager {
    /// Begins with the last command that a lane has taken of those in view, up to `end`; the lane is
    /// counted through all runs, each of which is shown until some moment.
    pub(super) fn for_lane<'run>(
        lane: usize,
        visible: impl Iterator<Item = (&'run Run, Nanos)>,
        end: Nanos,
    ) -> Option<Self> {
        let mut place = lane;
        for (index, (run, until)) in visible.enumerate() {
            if let Some(lane) = run.lanes().get(place) {
                let span = lane.span_at(until.min(end))?;
                return Some(Self { run: index, task: span.task, top: 0 });
            }
            place -= run.lanes().len();
        }
        None
    }

    /// Where a key leads; nothing if it closes the output.
    pub(super) fn handle_action(self, action: Action, runs: &[Run]) -> Option<Self> {
        let Some(run) = runs.get(self.run) else { return Some(self) };
        let output = run.output(self.task);
        let last = output.map_or(0, |output| lines(&output.text).count().saturating_sub(1));
        let line = |top: usize| Some(Self { top: top.min(last), ..self });
        let command = |task: u32| {
            let task = TaskId(task.clamp(1, run.known_tasks().max(1)));
            Some(if task == self.task { self } else { Self { task, top: 0, ..self } })
        };
        match action {
            Action::NextLane => line(self.top.saturating_add(1)),
            Action::PreviousLane => line(self.top.saturating_sub(1)),
            Action::NextLanes => line(self.top.saturating_add(PAGE_LINES)),
            Action::PreviousLanes => line(self.top.saturating_sub(PAGE_LINES)),
            Action::Start => line(0),
            Action::Follow => line(last),
            Action::NextSpan => command(self.task.0.saturating_add(1)),
            Action::PreviousSpan => command(self.task.0.saturating_sub(1)),
            Action::Back | Action::Inspect | Action::Quit => None,
            _ => Some(self),
        }
    }
}
