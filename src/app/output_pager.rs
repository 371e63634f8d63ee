//! The pager for the output of a command.

use super::keymap::Action;
use crate::model::printable::lines;
use crate::model::{Nanos, Run, TaskId};

/// The number of lines in a page.
const PAGE_LINES: usize = 10;

/// The command whose output is shown, and the scroll position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputPager {
    /// The index of the run among those shown.
    pub run: usize,
    /// The command.
    pub task: TaskId,
    /// The first visible line, counted from 0.
    pub top: usize,
}

impl OutputPager {
    /// Creates a pager for the last command that a lane started up to `end`. The lane is counted
    /// across `visible`, the runs with the time up to which each is shown.
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

    /// The pager after an action, or `None` if the action closes it.
    pub(super) fn handle_action(self, action: Action, runs: &[Run]) -> Option<Self> {
        let Some(run) = runs.get(self.run) else { return Some(self) };
        let output = run.tasks().output(self.task);
        let last = output.map_or(0, |output| lines(&output.text).count().saturating_sub(1));
        let line = |top: usize| Some(Self { top: top.min(last), ..self });
        let command = |task: u32| {
            let task = TaskId(task.clamp(1, run.progress().known_tasks().max(1)));
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
