//! The timeline: the axis, a row a lane, and the figures beside the lanes.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::lanes::Strip;
use super::layout::{Height, Layout, Width};
use super::names::hidden_lanes;
use super::rows::{Arrangement, Below, Row};
use super::theme::Theme;
use super::{axis, footer, sentences};
use crate::app::{App, Window};
use crate::model::stats::percentile;
use crate::model::{Lane, LaneId, Nanos, Run};

/// A column of figures beside the lanes.
struct Column {
    caption: &'static str,
    width: u16,
}

const BUSY: Column = Column { caption: "busy", width: 7 };
const TASKS: Column = Column { caption: "tasks", width: 7 };
const P95: Column = Column { caption: "p95", width: 9 };

/// How wide the lanes' names are, and the figures behind them, at a layout.
pub(super) fn margins(layout: Layout) -> (u16, u16) {
    let figures: u16 = figures(layout).iter().map(|column| column.width).sum();
    match layout.width {
        Width::Tiny => (10, 0),
        _ => (12 + u16::from(layout.boxed), figures + u16::from(layout.boxed)),
    }
}

/// The figures that there is room for.
const fn figures(layout: Layout) -> &'static [Column] {
    match layout.width {
        Width::Wide => &[BUSY, TASKS, P95],
        Width::Normal => &[BUSY, P95],
        Width::Narrow => &[BUSY],
        Width::Tiny => &[],
    }
}

/// How many cells the timeline has on an area this wide.
pub(super) fn columns(layout: Layout, width: u16) -> u16 {
    let (left, right) = margins(layout);
    width.saturating_sub(left + right)
}

/// Where the cells are on a row.
pub(super) fn bars(layout: Layout, area: Rect) -> Rect {
    let (left, right) = margins(layout);
    Rect {
        x: area.x + left.min(area.width),
        width: area.width.saturating_sub(left + right),
        ..area
    }
}

/// Draws the timeline, and the legend on a row of its own: where there is no row for what the lane
/// chosen did, that takes the legend's place.
pub(super) fn draw(
    app: &App,
    layout: Layout,
    theme: Theme,
    [area, legend]: [Rect; 2],
    buf: &mut Buffer,
) {
    let timeline = Timeline { app, layout, theme, window: app.viewport().window() };
    let failed = app.session().failure(app.shown()).is_some();
    if app.runs().is_empty() && app.session().active() != Some(app.shown()) && !failed {
        let text = Line::styled(sentences::invitation(app), theme.text());
        let third = area.height / 3;
        let middle = Rect { y: area.y + third, height: area.height - third, ..area };
        Paragraph::new(text).centered().wrap(Wrap { trim: true }).render(middle, buf);
        footer::legend(app, theme, legend, buf);
        return;
    }
    let placed = place(app, layout, area);
    if let Some(row) = placed.axis {
        let bars = timeline.bars(row);
        let mark = timeline.mark(bars.width.min(timeline.window.columns));
        let taken = mark.as_ref().map_or(0..0, |mark| mark.columns.clone());
        axis::draw(timeline.window, theme, &taken, bars, buf);
        timeline.on_axis(mark, bars, buf);
        timeline.captions(row, buf);
    }
    for (row, area) in &placed.rows {
        timeline.row(row, *area, buf);
    }
    let Placed { below, body, .. } = placed;
    let top = area.bottom().saturating_sub(below.total() as u16);
    timeline.foot(&below, Rect { y: top, height: below.total() as u16, ..area }, buf);
    let height = body.height - body.height.min(below.chosen as u16);
    timeline.lines(Rect { height, ..body }, buf);
    match timeline.chosen(legend.width).filter(|_| below.chosen == 0) {
        Some(text) => text.render(legend, buf),
        None => footer::legend(app, theme, legend, buf),
    }
}

/// Where everything is.
pub(super) struct Placed<'app> {
    axis: Option<Rect>,
    /// Everything but the axis.
    body: Rect,
    /// The lanes, and what is among them.
    pub(super) rows: Vec<(Row<'app>, Rect)>,
    below: Below,
}

/// Places the axis, the lanes and what is below them.
pub(super) fn place(app: &App, layout: Layout, area: Rect) -> Placed<'_> {
    // A cursor without its time would be half of one.
    let has_axis = layout.height > Height::Tiny || app.cursor().is_some();
    let mut rows = area.rows();
    let axis = has_axis.then(|| rows.next()).flatten();
    let top = u16::from(axis.is_some());
    let body = Rect { y: area.y + top, height: area.height - top, ..area };
    let arrangement = Arrangement { app, layout };
    let below = arrangement.below(body.height.into());
    let lanes = arrangement.rows(usize::from(body.height).saturating_sub(below.total()));
    Placed { axis, body, rows: lanes.into_iter().zip(rows).collect(), below }
}

/// The picture of the runs shown.
pub(super) struct Timeline<'app> {
    pub(super) app: &'app App,
    pub(super) layout: Layout,
    pub(super) theme: Theme,
    pub(super) window: Window,
}

impl Timeline<'_> {
    fn row(&self, row: &Row<'_>, area: Rect, buf: &mut Buffer) {
        let bars = self.bars(area);
        match row {
            Row::Profile(run) => {
                self.name(" profile", self.theme.quiet(), area, buf);
                let until = run.elapsed(self.app.now());
                if let Some(lane) = run.lanes().first() {
                    let strip = self.strip(until, bars);
                    strip.states(lane, buf);
                    strip.time_left(run, lane, buf);
                }
            }
            Row::Name { run, hidden } => self.run_name(run, *hidden, area, buf),
            Row::Gil { run, until, indented } => {
                let name = if *indented { "  GIL" } else { " GIL" };
                self.name(name, self.theme.text(), area, buf);
                if let Some(gil) = run.gil() {
                    self.strip(*until, bars).holders(gil, buf);
                    self.share_held(run, area, buf);
                }
            }
            Row::Lane { run, until, lane, index, place, title } => {
                let chosen = self.app.lane() == Some(*place);
                self.lane_name(run, *index, *title, chosen, area, buf);
                let strip = self.strip(*until, bars);
                strip.states(lane, buf);
                strip.labels(run.plan(), lane, buf);
                strip.time_left(run, lane, buf);
                if run.missing_workers().contains(&LaneId(*index)) {
                    strip.missing(lane, buf);
                }
                self.figures(run, lane, *until, area, buf);
            }
            Row::Ghost { other, lane, name } => {
                let indent = if self.layout.width == Width::Tiny { " " } else { "  " };
                self.name(&format!("{indent}{name}"), self.theme.quiet(), area, buf);
                self.strip(other.elapsed(Nanos::ZERO), bars).ghost(lane, buf);
            }
            Row::Hidden(lanes) => {
                Line::styled(hidden_lanes(self.app, *lanes), self.theme.quiet()).render(area, buf);
            }
            Row::Gap => {}
        }
    }

    fn strip(&self, until: Nanos, area: Rect) -> Strip {
        Strip { window: self.window, until, theme: self.theme, area }
    }

    /// Where the cells are on a row.
    pub(super) fn bars(&self, area: Rect) -> Rect {
        bars(self.layout, area)
    }

    /// The figures beside a lane.
    fn figures(&self, run: &Run, lane: &Lane, until: Nanos, area: Rect, buf: &mut Buffer) {
        if !run.has_begun() {
            return;
        }
        let mut text = String::new();
        for column in figures(self.layout) {
            let figure = match column.caption {
                "busy" => format!("{} %", lane.busy_percent(until)),
                "tasks" => lane.tasks_until(until).to_string(),
                _ => {
                    let mut durations: Vec<Nanos> = run.durations_on(lane, until).collect();
                    percentile(&mut durations, 0.95).map(|p95| p95.to_string()).unwrap_or_default()
                }
            };
            // Writing to a String cannot fail.
            _ = write!(text, "{figure:>0$}", usize::from(column.width));
        }
        self.beside(&text, area, buf);
    }

    /// The share of its life that a run's GIL was held, in the column for that of the lanes.
    fn share_held(&self, run: &Run, area: Rect, buf: &mut Buffer) {
        if let (Some(gil), [column, ..]) = (run.gil(), figures(self.layout))
            && run.has_begun()
        {
            let share = format!("{:.0} %", gil.held(run.elapsed(self.app.now())) * 100.0);
            self.beside(&format!("{share:>0$}", usize::from(column.width)), area, buf);
        }
    }

    /// Writes into the columns of figures.
    pub(super) fn beside(&self, text: &str, area: Rect, buf: &mut Buffer) {
        let bars = self.bars(area);
        let area = Rect { x: bars.right(), width: area.right() - bars.right(), ..area };
        Line::styled(text.to_owned(), self.theme.quiet()).render(area, buf);
    }

    fn captions(&self, area: Rect, buf: &mut Buffer) {
        let captions = figures(self.layout).iter();
        let captions: Vec<String> = captions
            .map(|column| format!("{:>1$}", column.caption, usize::from(column.width)))
            .collect();
        self.beside(&captions.concat(), area, buf);
    }
}
