//! The timeline: the axis, the lanes, and the figures beside them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::gil_turns::{GilTurns, HolderCells};
use super::lane_bar::{LaneBar, text_row};
use super::layout::{HeightClass, ScreenLayout, WidthClass};
use super::theme::Theme;
use super::timeline_rows::{MetricRows, RowLayout, RowPlan, TimelineRow};
use super::{accent, comparison, legend, program_header, status_line, text};
use crate::analysis::TimeShare;
use crate::app::{Action, App, ProgramRow, TimeWindow};
use crate::model::lesson::Highlight;
use crate::model::{self, InterpreterId, Lane, LaneId, Nanos, Run};

/// The width of a share of time in words: ` lock wait 75 %`.
const SHARE_WIDTH: u16 = 16;

/// The width of the number of tasks.
const TASKS_WIDTH: u16 = 7;

/// The minimum second share of a lane's time that is shown, as a percentage.
const MIN_SECOND_SHARE: u32 = 10;

/// Returns the text for lanes without a row.
pub(super) fn hidden_lanes_text(app: &App, lanes: usize) -> String {
    let (down, up) = (app.key_of(Action::NextLane), app.key_of(Action::PreviousLane));
    format!(" +{lanes} lanes  {down}/{up}")
}

/// Returns the width of the lanes' names, and that of the figures after the bars.
pub(super) fn margins(layout: ScreenLayout) -> (u16, u16) {
    let (figures, boxed) = (figure_width(layout.width), u16::from(layout.boxed));
    let threads = |more| if layout.has_threads { more } else { 0 };
    match layout.width {
        WidthClass::Tiny => (10 + threads(2), 0),
        WidthClass::Narrow => (12 + threads(2) + boxed, figures + boxed),
        // The kernel's longest name of a thread is of 15 letters.
        WidthClass::Normal => (12 + threads(6) + boxed, figures + boxed),
        // Beside it, there is room for a short name and an ID.
        WidthClass::Wide | WidthClass::VeryWide => (12 + threads(9) + boxed, figures + boxed),
    }
}

/// Returns the width of the figures beside the lanes.
const fn figure_width(width: WidthClass) -> u16 {
    match width {
        WidthClass::VeryWide => 2 * SHARE_WIDTH + TASKS_WIDTH,
        WidthClass::Wide => SHARE_WIDTH + TASKS_WIDTH,
        WidthClass::Normal => SHARE_WIDTH,
        WidthClass::Narrow => 7,
        WidthClass::Tiny => 0,
    }
}

/// Returns the number of cells of the timeline on an area of this width.
pub(super) fn column_count(layout: ScreenLayout, width: u16) -> u16 {
    let (left, right) = margins(layout);
    width.saturating_sub(left + right)
}

/// Returns the area of the cells within a row.
pub(super) fn bar_area(layout: ScreenLayout, area: Rect) -> Rect {
    let (left, right) = margins(layout);
    Rect {
        x: area.x + left.min(area.width),
        width: area.width.saturating_sub(left + right),
        ..area
    }
}

/// Draws the timeline, and the legend on its own row. If the summary of the selected lane has no row,
/// it replaces the legend: it has a sample of each of its states.
pub(super) fn draw(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    [area, legend_row]: [Rect; 2],
    buf: &mut Buffer,
) {
    let timeline = Timeline { app, layout, theme, window: app.picture().viewport().window() };
    let failed = app.session().failure(app.selection()).is_some();
    if app.runs().is_empty() && app.session().active() != Some(app.selection()) && !failed {
        // The panel of a lesson says what to do.
        let invitation = status_line::invitation(app);
        let invitation = if app.lesson().is_some() { String::new() } else { invitation };
        let text = Line::styled(invitation, theme.text());
        let third = area.height / 3;
        let middle = Rect { y: area.y + third, height: area.height - third, ..area };
        Paragraph::new(text).centered().wrap(Wrap { trim: true }).render(middle, buf);
        legend::draw(app, theme, legend_row, buf);
        return;
    }
    let areas = arrange(app, layout, theme, area);
    if let Some(row) = areas.axis {
        let bars = timeline.bar_area(row);
        let room = bars.width.min(timeline.window.columns);
        let label = timeline.cursor_label(room);
        let taken = label.as_ref().map_or(0..0, |label| label.columns.clone());
        let mark = timeline.mark_label(&taken, room);
        let marked = mark.as_ref().map_or(0..0, |mark| mark.columns.clone());
        timeline.draw_axis(&[taken, marked], bars, buf);
        timeline.draw_mark_label(mark, bars, buf);
        timeline.draw_on_axis(label, bars, buf);
        timeline.draw_captions(row, buf);
    }
    let TimelineAreas { metric_rows, body, .. } = &areas;
    let height = body.height - body.height.min(metric_rows.chosen as u16);
    let plot = Rect { height, ..*body };
    timeline.draw_gridlines(plot, buf);
    let mut holders = HolderCells::new(timeline.window, timeline.bar_area(area).width);
    for (row, area) in &areas.rows {
        timeline.draw_row(row, *area, &mut holders, buf);
        timeline.draw_row_accent(row, *area, buf);
    }
    let height = metric_rows.total() as u16;
    let top = area.bottom().saturating_sub(height);
    timeline.draw_metric_rows(metric_rows, Rect { y: top, height, ..area }, buf);
    timeline.draw_mark_line(plot, buf);
    timeline.draw_cursor_lines(plot, buf);
    match timeline.lane_summary(legend_row.width).filter(|_| metric_rows.chosen == 0) {
        Some(text) => text.render(legend_row, buf),
        None => legend::draw(app, theme, legend_row, buf),
    }
}

/// The areas of the parts of the timeline.
pub(super) struct TimelineAreas<'app> {
    axis: Option<Rect>,
    /// The area without the axis.
    body: Rect,
    /// The rows of lanes and the other rows among them.
    pub(super) rows: Vec<(TimelineRow<'app>, Rect)>,
    metric_rows: MetricRows,
}

/// Arranges the axis, the lanes and the rows below them.
pub(super) fn arrange(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    area: Rect,
) -> TimelineAreas<'_> {
    // The axis shows the times of the cursor and of a lesson's mark.
    let is_marked = app.picture().cursor().is_some() || app.axis_mark().is_some();
    let has_axis = layout.height > HeightClass::Tiny || is_marked;
    let top = u16::from(has_axis).min(area.height);
    let axis = area.rows().next().filter(|_| top > 0);
    let body = Rect { y: area.y + top, height: area.height - top, ..area };
    let row_layout = RowLayout {
        app,
        layout,
        baseline_rows: comparison::baseline_row_count(app),
        // Without colours, half a row cannot be told from a whole one.
        allows_pairs: !theme.has_patterns(),
    };
    let metric_rows = row_layout.metric_rows(body.height.into());
    let height = usize::from(body.height).saturating_sub(metric_rows.total());
    let RowPlan { rows, lane_height } = row_layout.rows(height);
    let mut rest = Rect { height: height as u16, ..body };
    let rows = comparison::insert_baseline_rows(app, rows, height).into_iter().map(|row| {
        let height = if row.is_bar() { lane_height } else { 1 }.min(rest.height);
        let area = Rect { height, ..rest };
        rest = Rect { y: rest.y + height, height: rest.height - height, ..rest };
        (row, area)
    });
    let rows = rows.filter(|(_, area)| !area.is_empty()).collect();
    TimelineAreas { axis, body, rows, metric_rows }
}

/// The timeline of the visible runs.
pub(super) struct Timeline<'app> {
    pub(super) app: &'app App,
    pub(super) layout: ScreenLayout,
    pub(super) theme: Theme,
    pub(super) window: TimeWindow,
}

impl<'app> Timeline<'app> {
    fn draw_row(
        &self,
        row: &TimelineRow<'app>,
        area: Rect,
        holders: &mut HolderCells<'app>,
        buf: &mut Buffer,
    ) {
        let bars = self.bar_area(area);
        let text_area = text_row(area);
        match row {
            TimelineRow::RunName { run, hidden } => self.draw_run_name(run, *hidden, area, buf),
            TimelineRow::Gil { run, until, title, interpreter } => {
                self.draw_gil_name(run, *title, *interpreter, text_area, buf);
                let cells = holders.of_interpreter(run, *interpreter, *until).unwrap_or(&[]);
                self.lane_bar(*until, bars).draw_gil(run, *interpreter, cells, buf);
                self.draw_gil_share(run, *interpreter, text_area, buf);
            }
            TimelineRow::Lane { run, until, lane, index, place, title } => {
                let chosen = self.is_chosen(*place);
                self.draw_lane_name(run, *index, *title, chosen, text_area, buf);
                let edge_period = program_header::edge_period(run);
                let lane_bar = LaneBar { edge_period, ..self.lane_bar(*until, bars) };
                let turns = GilTurns::of_lane(LaneId(*index), holders.of_run(run, *until));
                lane_bar.draw_states(lane, turns, buf);
                lane_bar.draw_details(run, lane, LaneId(*index), buf);
                lane_bar.draw_time_left(run, lane, buf);
                if run.processes().missing_workers().contains(&LaneId(*index)) {
                    lane_bar.draw_missing(lane, buf);
                }
                self.draw_figures(run, lane, *until, text_area, buf);
            }
            TimelineRow::LanePair { run, until, lanes, index, place, title } => {
                let lane_bar = self.lane_bar(*until, bars);
                let holders = holders.of_run(run, *until);
                let turns = [*index, index + 1].map(|at| GilTurns::of_lane(LaneId(at), holders));
                lane_bar.draw_pair(*lanes, turns, buf);
                let chosen = self.app.picture().lane_index();
                let chosen = chosen.and_then(|chosen| chosen.checked_sub(*place));
                let lane = chosen.and_then(|at| Some((at as u16, lanes.get(at)?)));
                let chosen = lane.map(|(at, _)| at);
                self.draw_pair_name(run, *index, *title, chosen, area, buf);
                if let Some((_, lane)) = lane {
                    self.draw_figures(run, lane, *until, area, buf);
                }
            }
            TimelineRow::Baseline { other, lane, name } => {
                let indent = if self.layout.width == WidthClass::Tiny { " " } else { "  " };
                self.draw_name(&format!("{indent}{name}"), self.theme.muted(), area, buf);
                self.lane_bar(other.elapsed(Nanos::ZERO), bars).draw_baseline(lane, buf);
            }
            TimelineRow::ThreadGroup { run, until, index } => {
                self.draw_group(run, *until, *index, area, buf);
            }
            TimelineRow::HiddenThreads { worked, waited } => {
                let text = self.hidden_threads_text(*worked, *waited, area.width.into());
                Line::styled(text, self.theme.muted()).render(area, buf);
            }
            TimelineRow::HiddenLanes(lanes) => {
                Line::styled(hidden_lanes_text(self.app, *lanes), self.theme.muted())
                    .render(area, buf);
            }
            TimelineRow::Gap => {}
        }
    }

    /// Gives the name of a row the accent if the explanation of a lesson is about it.
    fn draw_row_accent(&self, row: &TimelineRow<'app>, area: Rect, buf: &mut Buffer) {
        let part = match row {
            TimelineRow::Gil { .. } => Highlight::Gil,
            TimelineRow::RunName { run, .. }
            | TimelineRow::Lane { run, .. }
            | TimelineRow::LanePair { run, .. }
            | TimelineRow::ThreadGroup { run, .. } => Highlight::Lanes(run.plan().mode),
            _ => return,
        };
        let name = match row {
            // The name of a run reaches over the cells.
            TimelineRow::RunName { run, .. } => {
                let width = text::width(&self.app.run_name(run.plan())) as u16 + 1;
                Rect { width: width.min(area.width), ..area }
            }
            _ => self.name_area(area),
        };
        accent::draw(self.app, part, self.theme, name, buf);
    }

    /// Returns the area of the names within rows.
    pub(super) fn name_area(&self, area: Rect) -> Rect {
        Rect { width: (self.name_width() as u16).min(area.width), ..area }
    }

    /// Returns whether a lane is selected, and not the row of its group.
    fn is_chosen(&self, place: usize) -> bool {
        let picture = self.app.picture();
        let on_group = matches!(picture.selected_row(), Some(ProgramRow::Group(_)));
        picture.lane_index() == Some(place) && !on_group
    }

    pub(super) fn lane_bar(&self, until: Nanos, area: Rect) -> LaneBar {
        LaneBar { window: self.window, until, theme: self.theme, area, edge_period: Nanos::ZERO }
    }

    /// Returns the area of the cells within a row.
    pub(super) fn bar_area(&self, area: Rect) -> Rect {
        bar_area(self.layout, area)
    }

    /// Draws the figures beside a lane.
    fn draw_figures(&self, run: &Run, lane: &Lane, until: Nanos, area: Rect, buf: &mut Buffer) {
        if !run.has_started() {
            return;
        }
        if let Some(share) = Self::thread_share(run, lane, until) {
            return self.draw_share(share, area, buf);
        }
        let width = self.layout.width;
        let count = if width == WidthClass::VeryWide { 2 } else { 1 };
        let mut shares = TimeShare::largest(lane, until, count);
        if shares.iter().any(|share| share.percent < MIN_SECOND_SHARE) {
            shares = TimeShare::largest(lane, until, 1);
        }
        if width == WidthClass::Narrow {
            let Some(share) = shares.first().copied() else { return };
            return self.draw_share(share, area, buf);
        }
        let shares: Vec<String> = shares.iter().map(|share| share_text(*share)).collect();
        let is_active = |span: model::Span| span.end.is_none_or(|end| end > until);
        let active = usize::from(lane.span_at(until).is_some_and(is_active));
        let tasks = lane.task_count_until(until).saturating_sub(active).to_string();
        self.draw_shares(&shares.join("  "), &tasks, area, buf);
    }

    /// Draws one share of time: in words or, on a narrow screen, after a sample of the state.
    pub(super) fn draw_share(&self, share: TimeShare, area: Rect, buf: &mut Buffer) {
        if self.layout.width != WidthClass::Narrow {
            return self.draw_shares(&share_text(share), "", area, buf);
        }
        let TimeShare { state, percent } = share;
        let (glyph, style) = self.theme.state_cell(state);
        let percent = Span::styled(format!("{percent:>3} %"), self.theme.muted());
        Line::from(vec![Span::raw(" "), Span::styled(glyph, style), percent])
            .render(self.figure_area(area), buf);
    }

    /// Draws the share of time that the GIL was held, among the figures of the lanes.
    fn draw_gil_share(
        &self,
        run: &Run,
        interpreter: Option<InterpreterId>,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let gil = match interpreter {
            Some(interpreter) => run.interpreter_gil(interpreter),
            None => run.gil(),
        };
        if let Some(gil) = gil.filter(|_| run.has_started()) {
            let held = if self.layout.width == WidthClass::Narrow { "" } else { "held " };
            let share = gil.held_share(run.elapsed(self.app.now())) * 100.0;
            self.draw_shares(&format!("{held}{share:.0} %"), "", area, buf);
        }
    }

    /// Draws the shares of time and the number of tasks, if it has a column, both right-aligned.
    pub(super) fn draw_shares(&self, shares: &str, tasks: &str, area: Rect, buf: &mut Buffer) {
        let (width, last) = match self.layout.width {
            class @ (WidthClass::Wide | WidthClass::VeryWide) => {
                (figure_width(class) - TASKS_WIDTH, TASKS_WIDTH)
            }
            class => (figure_width(class), 0),
        };
        let tasks = if last > 0 { tasks } else { "" };
        let text = format!("{shares:>0$}{tasks:>1$}", usize::from(width), usize::from(last));
        self.draw_figure_text(&text, area, buf);
    }

    /// Returns the area of the figures within a row.
    fn figure_area(&self, area: Rect) -> Rect {
        let bars = self.bar_area(area);
        Rect { x: bars.right(), width: area.right() - bars.right(), ..area }
    }

    /// Draws text over the columns of figures.
    pub(super) fn draw_figure_text(&self, text: &str, area: Rect, buf: &mut Buffer) {
        Line::styled(text.to_owned(), self.theme.muted()).render(self.figure_area(area), buf);
    }

    fn draw_captions(&self, area: Rect, buf: &mut Buffer) {
        let narrow = self.layout.width == WidthClass::Narrow;
        let caption = if narrow { "share" } else { "share of time" };
        let tasks = if self.layout.has_threads { "" } else { "tasks" };
        self.draw_shares(caption, tasks, area, buf);
    }
}

/// Returns a share of time that fits its column, without the first word of a long state:
/// `limited 95 %`.
fn share_text(share: TimeShare) -> String {
    let text = share.to_string();
    match text.split_once(' ') {
        Some((_, rest)) if text.len() >= usize::from(SHARE_WIDTH) => rest.to_owned(),
        _ => text,
    }
}

/// Formats a time to the microsecond without trailing zeros: `22.353 ms`, `1.204318 s`.
pub(super) fn exact_time(at: Nanos) -> String {
    if at.0 < 1_000_000_000 {
        let millis = format!("{}.{:03}", at.0 / 1_000_000, at.0 / 1_000 % 1_000);
        return format!("{} ms", millis.trim_end_matches('0').trim_end_matches('.'));
    }
    let micros = format!("{}.{:06}", at.0 / 1_000_000_000, at.0 / 1_000 % 1_000_000);
    let millis = micros.len() - 3;
    let (kept, last) = micros.split_at_checked(millis).unwrap_or((&micros, ""));
    format!("{kept}{} s", last.trim_end_matches('0'))
}

/// Returns the number of decimal places that distinguish times in seconds that are `step` apart.
pub(super) fn decimal_places(step: Nanos) -> usize {
    match step.0 {
        ..1_000_000 => 6,
        1_000_000..10_000_000 => 3,
        10_000_000..100_000_000 => 2,
        100_000_000..1_000_000_000 => 1,
        _ => 0,
    }
}
