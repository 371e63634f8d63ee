//! The picture: which runs are looked at, and how. Each selection keeps its own view.

use std::collections::BTreeMap;

use super::overlay::TableView;
use super::program_figures::{ProgramFigures, ProgramFiguresCache};
use super::search::{SearchState, SearchStatus};
use super::session::{Baseline, Session};
use super::thread_rows::{ProgramRow, ProgramRows};
use super::view::{SelectedLane, TimelineView};
use super::viewport::{self, Viewport};
use crate::analysis::stats::speed_up;
use crate::analysis::{LatencySummary, RateLimitHold};
use crate::model::{LaneId, Nanos, Run, Selection, Span};

/// The part of a session that is looked at.
#[derive(Debug)]
pub struct Picture {
    pub(super) selection: Selection,
    pub(super) view: TimelineView,
    /// The views of the selections that are not shown.
    other_views: BTreeMap<Selection, TimelineView>,
    pub(super) search: SearchState,
    /// The table of tasks as it was closed: it opens again in the same order.
    pub(super) closed_table: TableView,
    /// The index of the baseline that the runs shown are compared with.
    pub(super) baseline_index: Option<usize>,
    /// The elapsed time of the active runs.
    pub(super) now: Nanos,
    program: ProgramFiguresCache,
}

/// The content of the pane beside or below the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailPane {
    /// The inspector of the selected span.
    Inspector,
    /// The statistics of the range between two times.
    Range(Nanos, Nanos),
}

impl Picture {
    pub(super) fn new(selection: Selection) -> Self {
        Self {
            selection,
            view: TimelineView::default(),
            other_views: BTreeMap::new(),
            search: SearchState::default(),
            closed_table: TableView::default(),
            baseline_index: None,
            now: Nanos::ZERO,
            program: ProgramFiguresCache::default(),
        }
    }

    /// The viewport of the timeline.
    pub const fn viewport(&self) -> &Viewport {
        &self.view.viewport
    }

    /// The index of the selected lane, counted across all runs shown.
    pub const fn lane_index(&self) -> Option<usize> {
        self.view.lane
    }

    /// The rows of a watched program.
    pub const fn threads(&self) -> &ProgramRows {
        &self.view.threads
    }

    /// The figures of a watched program, since the first frame of its run.
    pub const fn program_figures(&self) -> Option<&ProgramFigures> {
        self.program.figures()
    }

    /// The selected row of a watched program.
    pub fn selected_row(&self) -> Option<ProgramRow> {
        self.view.selected_row()
    }

    /// The cursor on the time axis.
    pub const fn cursor(&self) -> Option<Nanos> {
        self.view.cursor
    }

    /// The start and end of the range.
    pub fn range(&self) -> Option<(Nanos, Nanos)> {
        self.view.range()
    }

    /// Returns `true` while the range ends at the cursor.
    pub fn is_selecting_range(&self) -> bool {
        self.view.is_selecting_range()
    }

    /// The content of the detail pane, or `None` if it is closed.
    pub fn detail_pane(&self) -> Option<DetailPane> {
        if self.view.drag.is_some_and(|drag| !drag.had_pane) {
            return None;
        }
        if self.view.inspector_open {
            return Some(DetailPane::Inspector);
        }
        self.range().map(|(from, to)| DetailPane::Range(from, to))
    }

    /// The runs that are shown, in the order of their modes.
    pub(super) fn runs<'run>(&self, session: &'run Session) -> &'run [Run] {
        session.runs(self.selection)
    }

    /// The runs shown, each with the time up to which it is visible. A paused view ends early.
    pub(super) fn visible_runs<'run>(
        &self,
        session: &'run Session,
    ) -> impl Iterator<Item = (&'run Run, Nanos)> {
        self.view.visible_runs(self.runs(session), self.now)
    }

    /// The time by which a paused view lags behind, or `None` if the view is not paused.
    pub fn time_behind(&self, session: &Session) -> Option<Nanos> {
        self.view.time_behind(self.runs(session), self.now)
    }

    /// The selected lane.
    pub fn selected_lane<'run>(&self, session: &'run Session) -> Option<SelectedLane<'run>> {
        self.view.selected_lane(self.runs(session), self.now)
    }

    /// The selected span of the selected lane: the span under the cursor or the last one before it.
    /// Without a cursor, the last span in view.
    pub fn selected_span(&self, session: &Session) -> Option<Span> {
        self.view.span_in(&self.selected_lane(session)?)
    }

    /// The baseline that the runs shown are compared with.
    pub fn baseline<'run>(&self, session: &'run Session) -> Option<Baseline<'run>> {
        session.baselines(self.selection).into_iter().nth(self.baseline_index?)
    }

    /// Each run shown that has started and has a baseline, and the difference between them.
    pub fn differences<'run>(&self, session: &'run Session) -> Vec<Difference<'run>> {
        let Some(baseline) = self.baseline(session) else { return Vec::new() };
        let started = self.visible_runs(session).filter(|(run, _)| run.has_started());
        let pairs = started.filter_map(|(run, until)| Some((run, until, baseline.run_for(run)?)));
        pairs.map(|(run, until, other)| Difference::between(run, until, other)).collect()
    }

    /// The status of the search, if the last key concerned it.
    pub fn search_status(&self, session: &Session) -> Option<SearchStatus<'_>> {
        self.search.status(self.runs(session))
    }

    /// Shows another selection, and returns whether it is another.
    pub(super) fn switch_to(&mut self, selection: Selection) -> bool {
        if selection == self.selection {
            return false;
        }
        let view = self.other_views.remove(&selection).unwrap_or_default();
        self.other_views.insert(self.selection, std::mem::replace(&mut self.view, view));
        self.selection = selection;
        self.baseline_index = None;
        true
    }

    /// Resumes a paused view, because the next trial replaces the one that it shows.
    pub(super) fn show_next_trial(&mut self, sweep: Selection) {
        if sweep == self.selection {
            self.view.resume();
        } else if let Some(view) = self.other_views.get_mut(&sweep) {
            view.resume();
        }
    }

    /// Prepares a frame whose timeline is `columns` cells wide.
    pub(super) fn prepare_frame(&mut self, session: &Session, columns: u16) {
        let visible: Vec<(&Run, Nanos)> = self.visible_runs(session).collect();
        let edge = visible.iter().map(|&(_, until)| until).max().unwrap_or_default();
        let is_active = |run: &Run| run.has_started() && !run.is_over();
        // The latest time of the active runs on the timeline.
        let newest = visible.iter().filter(|(run, _)| is_active(run)).map(|&(_, until)| until);
        let newest = newest.max().filter(|_| !self.view.is_paused());
        let expected = session.active_runs_of(self.selection);
        // How long a program will run is not known: the threads that ended say nothing about it.
        let expected = expected.map(|run| match run.program() {
            Some(_) => Nanos::ZERO,
            None => viewport::expected_duration(run, self.now),
        });
        let expected = expected.max();
        let before = self.view.viewport.window();
        self.view.viewport.prepare_frame(columns, edge, newest, expected);
        // Keeps the cursor in view if the width of the timeline changes.
        if let Some(at) = self.view.cursor
            && before.columns != columns
            && before.contains(at)
            && !self.view.viewport.window().contains(at)
        {
            self.view.viewport.reveal(at);
        }
        let window = self.view.viewport.window();
        let program = visible.iter().find(|(run, _)| run.program().is_some());
        if let Some(&(run, until)) = program {
            self.view.threads.refresh(run, window, until);
        }
        self.program.refresh(program.map(|&(run, _)| run), self.now);
        self.search.refresh_shown(&visible);
    }

    /// Goes to a time on a run's lane.
    pub(super) fn go_to(&mut self, session: &Session, run: usize, lane: LaneId, at: Nanos) {
        let above = self.runs(session).iter().take(run).map(|run| run.lanes().len()).sum::<usize>();
        self.view.go_to(above + usize::from(lane.0), at);
    }

    /// The index of the selected lane's run, and the time of the cursor.
    pub(super) fn cursor_position(&self, session: &Session) -> (usize, Nanos) {
        let (Some(mut lane), Some(at)) = (self.lane_index(), self.cursor()) else {
            return (0, Nanos::ZERO);
        };
        let run = self.runs(session).iter().position(|run| {
            let own = lane < run.lanes().len();
            lane = lane.saturating_sub(run.lanes().len());
            own
        });
        (run.unwrap_or(0), at)
    }
}

/// The difference between a run and its baseline. A figure that either run lacks is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Difference<'run> {
    /// The run.
    pub run: &'run Run,
    /// The run of the baseline.
    pub other: &'run Run,
    /// The speed-up over the baseline.
    pub times: Option<f64>,
    /// The relative change of the elapsed time.
    pub elapsed: Option<f64>,
    /// The relative change of the rate of tasks.
    pub rate: Option<f64>,
    /// The relative change of the median service time.
    pub p50: Option<f64>,
    /// The relative change of the 95th percentile of the service time.
    pub p95: Option<f64>,
}

impl<'run> Difference<'run> {
    /// The difference between `run`, which is shown up to `until`, and `other`, which has ended.
    /// While `run` is active, it is compared with the state of `other` at the same elapsed time.
    fn between(run: &'run Run, until: Nanos, other: &'run Run) -> Self {
        let more = |new: f64, old: f64| (old > 0.0 && new > 0.0).then(|| new / old - 1.0);
        let (took, before) = (run.duration(), other.duration());
        let times = LatencySummary::between(run, Nanos::ZERO, until).service;
        let others = if run.is_over() { before.unwrap_or_default() } else { until };
        let others = LatencySummary::between(other, Nanos::ZERO, others).service;
        let both = times.zip(others);
        let longer = |new: Nanos, old: Nanos| more(new.as_secs_f64(), old.as_secs_f64());
        let counts = |run: &Run| run.is_complete() && !RateLimitHold::affects(run, Nanos::ZERO);
        let over = took.zip(before).filter(|_| counts(run) && counts(other));
        Self {
            run,
            other,
            times: over.and_then(|(new, old)| speed_up(old, new)),
            elapsed: over.and_then(|(new, old)| longer(new, old)),
            rate: took.and_then(|took| more(run.rate(took), other.rate(took))),
            p50: both.and_then(|(new, old)| longer(new.p50, old.p50)),
            p95: both.and_then(|(new, old)| longer(new.p95, old.p95)),
        }
    }
}
