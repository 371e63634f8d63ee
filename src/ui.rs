//! Draws the whole screen from the state of the app, without changing it.
//!
//! At 110x30 and above, with boxes:
//!
//! ```text
//!  title                                                       ? help
//!  modes                                                    workers 5
//!  the verdict, and what to try next
//!  the check of the results
//! ┌ totals ──────────── elapsed ── pages ── followers ── ... ────────┐
//! │ one row per mode                                                 │
//! └──────────────────────────────────────────────────────────────────┘
//! ┌ sweep ───────────────────────────────────────────────────────────┐
//! │ dots and a curve                         one row per thread count│
//! │ the scaling model and the waves                                  │
//! └──────────────────────────────────────────────────────────────────┘
//! ┌ timeline  60 ms/cell ───────────────────── 0.00-4.92 s  following┐
//! │ axis                                        share of time  tasks  │
//! │ one row per lane                                                 │
//! │ in flight, queue, quota, the selected lane                       │
//! └──────────────────────────────────────────────────────────────────┘
//!  legend
//!  keys
//! ```
//!
//! The inspector or the range pane is drawn beside the timeline; below it if there are no boxes; and
//! over everything but the keys if the screen has fewer than 20 rows.
//!
//! Below 110x30 the boxes are omitted, below 20 rows the headings, and with fewer columns the
//! figures. At 40x10 a lane keeps its name and bar. Smaller terminals show one line of text.

mod accent;
mod axis;
mod axis_mark;
mod comparison;
mod cursor;
mod detail_pane;
mod footer;
mod gil_bar;
mod gil_turns;
mod group_bar;
mod header;
mod help;
mod hint;
mod inspector;
mod inspector_lines;
mod lane_bar;
mod lane_labels;
mod lane_rows;
mod layout;
mod legend;
mod lesson_hints;
mod lesson_list;
mod lesson_panel;
mod lesson_text;
mod message;
mod metric_rows;
mod output_pager;
mod overlay;
mod pane_content;
mod program_header;
mod program_help;
mod program_totals;
mod range_pane;
mod self_check;
mod state_bar;
mod status_line;
mod styled_text;
mod sweep;
mod table;
mod text;
pub mod theme;
mod thread_inspector;
mod thread_labels;
mod thread_layout;
mod timeline;
mod timeline_rows;
mod totals;
mod uncertain_edges;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect, Size};
use ratatui::style::Color;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::app::{Action, App, CourseProgress, PointerTarget, ProgramRow};
use crate::model::{Mode, Nanos};
use layout::{Heading, ScreenLayout, draw_part, inner_width, part_area};
use lesson_panel::LessonPanel;
use status_line::StatusLine;
use sweep::SweepChart;
use theme::Theme;
use timeline_rows::TimelineRow;

/// The width of the hint on the help in the corner of the title, if it is shown.
const HELP_HINT_WIDTH: u16 = 8;

/// Returns the number of cells that the timeline has on a screen of this size.
pub fn timeline_columns(app: &App, size: Size) -> u16 {
    let Some(layout) = ScreenLayout::for_app(app, size) else { return size.width };
    let (layout, [timeline, _]) = detail_pane::split_area(app, layout, Rect::from(size));
    let borders = if layout.boxed { 2 } else { 0 };
    timeline::column_count(layout, timeline.width.saturating_sub(borders))
}

/// Draws the screen.
pub fn render(app: &App, theme: Theme, frame: &mut Frame<'_>) {
    let (area, buf) = (frame.area(), frame.buffer_mut());
    let layout = ScreenLayout::for_app(app, area.as_size());
    match (layout, lesson_list(app)) {
        (Some(layout), Some(course)) => {
            lesson_list::draw(course, layout, theme, area, buf);
            footer::draw(app, theme, last_row(area), buf);
        }
        (Some(layout), None) => draw_full(app, layout, theme, area, buf),
        (None, _) => draw_one_line(app, theme, area, buf),
    }
    detail_pane::draw_as_overlay(app, theme, area, buf);
    overlay::draw(app, theme, area, buf);
    footer::draw_over(app, theme, area, buf);
    if let Some((paper, ink)) = theme.paper_and_ink().filter(|_| app.paints_background()) {
        paint(paper, ink, buf);
    }
}

/// Paints the cells and the texts that have the terminal's own colours, because these are for another
/// background.
fn paint(paper: Color, ink: Color, buf: &mut Buffer) {
    for cell in &mut buf.content {
        if cell.bg == Color::Reset {
            cell.bg = paper;
        }
        if cell.fg == Color::Reset {
            cell.fg = ink;
        }
    }
}

/// Returns the parts of the screen from top to bottom: title, modes, status, totals, sweep chart,
/// timeline, legend and keys.
fn split_screen(
    app: &App,
    layout: ScreenLayout,
    [modes, status]: [u16; 2],
    chart: Option<&SweepChart<'_>>,
    area: Rect,
) -> [Rect; 8] {
    let rows = totals::row_count(app, layout);
    let comparison = comparison::line_count(app);
    let bar = u16::from(layout.has_headings());
    let chart_rows = chart.map_or(0, |chart| chart.row_count(area.height));
    area.layout(&Layout::vertical([
        Constraint::Length(bar),
        Constraint::Length(modes),
        Constraint::Length(status),
        Constraint::Length(rows + comparison + layout.frame_rows()),
        Constraint::Length(chart_rows),
        Constraint::Fill(1),
        Constraint::Length(bar),
        Constraint::Length(1),
    ]))
}

/// Returns the numbers of rows of the modes, and of the status lines or the panel in their place.
fn top_rows(
    app: &App,
    layout: ScreenLayout,
    status_line: &StatusLine,
    panel: Option<&LessonPanel>,
    area: Rect,
) -> [u16; 2] {
    if let Some(panel) = panel {
        return [lesson_panel::shows_modes(app).into(), panel.row_count()];
    }
    // On a low screen the comparison replaces the status line, unless that reports a failure.
    let hides_status = comparison::line_count(app) > 0
        && !layout.has_headings()
        && status_line::problem(app).is_none();
    let status =
        if hides_status { 0 } else { status_line.line_count(StatusLine::width(area).into()) };
    [1, status]
}

/// Returns the last row of the screen, which the keys have.
fn last_row(area: Rect) -> Rect {
    area.rows().next_back().unwrap_or_default()
}

/// Returns the area of a panel that covers everything but the title and the keys.
fn panel_area(layout: ScreenLayout, area: Rect) -> Rect {
    let title = u16::from(layout.has_headings());
    Rect { y: area.y + title, height: area.height.saturating_sub(title + 1), ..area }
}

/// Returns the course whose list is shown.
fn lesson_list(app: &App) -> Option<&CourseProgress> {
    app.course().filter(|course| course.lesson().is_none())
}

/// Returns the area of the timeline's rows within its part. Lanes use the whole width, because their
/// names have a margin of their own.
fn timeline_area(layout: ScreenLayout, part: Rect, screen: Rect) -> Rect {
    let body = part_area(layout, layout.has_headings(), part);
    Rect { x: body.x.saturating_sub(1), width: body.width + 2, ..body }.intersection(screen)
}

fn draw_full(app: &App, layout: ScreenLayout, theme: Theme, area: Rect, buf: &mut Buffer) {
    let inside = inner_width(layout, area);
    let rows = totals::row_count(app, layout);
    let status_line = StatusLine::for_app(app, layout, theme, area);
    let chart = SweepChart::for_app(app, layout, theme);
    let panel = LessonPanel::for_app(app, layout, theme, area);
    let top = top_rows(app, layout, &status_line, panel.as_ref(), area);
    let [title, modes, status, totals, sweep_area, timeline, legend, keys] =
        split_screen(app, layout, top, chart.as_ref(), area);
    header::draw_title(app, theme, title, buf);
    if let Some(panel) = panel.as_ref().filter(|panel| panel.covers_lanes()) {
        panel.draw(layout, theme, panel_area(layout, area), buf);
        return footer::draw(app, theme, last_row(area), buf);
    }
    header::draw_modes(app, layout, theme, modes, buf);
    if let Some(panel) = panel {
        panel.draw(layout, theme, status, buf);
    } else {
        let width = StatusLine::width(area);
        let status = Rect { x: status.x + 1, width, ..status }.intersection(area);
        status_line.draw(theme, status, buf);
    }
    let body = draw_part(totals, totals_heading(app, layout, inside).as_ref(), layout, theme, buf);
    let [figures, comparison] =
        body.layout(&Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]));
    totals::draw_rows(app, layout, theme, figures, buf);
    comparison::draw(app, theme, comparison, buf);
    if let Some(chart) = chart {
        chart.draw(draw_part(sweep_area, chart.heading().as_ref(), layout, theme, buf), buf);
    }
    let (layout, [timeline, beside]) = detail_pane::split_area(app, layout, timeline);
    detail_pane::draw(app, layout, theme, beside, buf);
    draw_part(timeline, timeline_heading(app, layout).as_ref(), layout, theme, buf);
    let lanes = timeline_area(layout, timeline, area);
    timeline::draw(app, layout, theme, [lanes, legend], buf);
    footer::draw(app, theme, keys, buf);
}

fn totals_heading(app: &App, layout: ScreenLayout, inside: u16) -> Option<Heading> {
    let margin = if layout.boxed { "─" } else { "" };
    let captions = totals::captions(app, layout, inside);
    let captions = format!("{captions}{margin}");
    layout.has_headings().then(|| Heading { title: " totals ".to_owned(), captions })
}

/// Returns the scale on the left; the time range in view and the state of the view on the right.
fn timeline_heading(app: &App, layout: ScreenLayout) -> Option<Heading> {
    if !layout.has_headings() {
        return None;
    }
    let window = app.picture().viewport().window();
    let (from, to) = (window.from.as_secs_f64(), window.end().as_secs_f64());
    let state = match app.picture().time_behind(app.session()) {
        Some(behind) => status_line::paused_text(behind),
        None if app.picture().viewport().is_fitted() => "whole run".to_owned(),
        None if app.picture().viewport().is_following() && app.is_moving() => {
            "following".to_owned()
        }
        None if app.picture().viewport().is_following() => "at the end".to_owned(),
        None => "fixed".to_owned(),
    };
    let title = format!(" timeline  {}/cell ", window.cell);
    let digits = timeline::decimal_places(window.cell).max(2);
    Some(Heading { title, captions: format!(" {from:.digits$}-{to:.digits$} s  {state} ") })
}

/// Draws the text for a terminal that is too small for lanes.
fn draw_one_line(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    if app.course().is_some() {
        return lesson_panel::draw_text_alone(app, theme, area, buf);
    }
    let mut parts: Vec<String> = sweep::one_line_text(app, area.width.into()).into_iter().collect();
    let shown = if parts.is_empty() { app.runs() } else { &[] };
    for run in shown.iter().filter(|run| run.has_started()) {
        let elapsed = run.elapsed(app.now()).as_secs_f64();
        let pages = run.count_of_all(run.progress().done_tasks());
        let [_, mode, ..] = lane_labels::mode_names(run.plan().selection());
        parts.push(format!("{mode} {elapsed:.2} s {pages}"));
        if let Some(speed_up) = app.session().speed_up(app.selection(), run, app.now())
            && run.plan().mode != Mode::Sequential
        {
            parts.push(format!("{speed_up:.2}x"));
        }
    }
    parts.extend(app.picture().time_behind(app.session()).map(status_line::paused_text));
    let limit = status_line::active_limit(app);
    parts.extend(
        limit.and_then(|limit| status_line::limit_texts(limit, app.now()).into_iter().last()),
    );
    let text = match status_line::problem(app) {
        Some((problem, then)) if limit.is_none() => problem + &then,
        _ if !parts.is_empty() => parts.join("  "),
        _ if app.session().active() == Some(app.selection()) => {
            status_line::progress(app, area.width.into())
        }
        _ => status_line::invitation(app),
    };
    Paragraph::new(text).style(theme.text()).wrap(Wrap { trim: true }).render(area, buf);
}

/// Returns the target at a column and a row (from 0) of a screen of this size. The target is empty
/// outside of the modes, the timeline and the keys, and under an overlay.
pub fn pointer_target(app: &App, theme: Theme, size: Size, column: u16, row: u16) -> PointerTarget {
    let (area, position) = (Rect::from(size), Position::new(column, row));
    let Some(layout) = ScreenLayout::for_app(app, size) else {
        return PointerTarget::default();
    };
    let status_line = StatusLine::for_app(app, layout, theme, area);
    let chart = SweepChart::for_app(app, layout, theme);
    if let Some(course) = lesson_list(app) {
        let keys = footer::action_at(app, theme, last_row(area), column);
        let action = keys.filter(|_| last_row(area).contains(position));
        let action = action.or_else(|| lesson_list::action_at(course, layout, area, position));
        return PointerTarget { action, ..PointerTarget::default() };
    }
    let panel = LessonPanel::for_app(app, layout, theme, area);
    let top = top_rows(app, layout, &status_line, panel.as_ref(), area);
    let [title, modes, status, _, _, part, _legend, keys] =
        split_screen(app, layout, top, chart.as_ref(), area);
    let covering = panel.as_ref().filter(|panel| panel.covers_lanes());
    let on_panel = |panel: &LessonPanel| {
        let part = if panel.covers_lanes() { panel_area(layout, area) } else { status };
        panel.action_at(layout, part, position)
    };
    let action = if keys.contains(position) {
        footer::action_at(app, theme, keys, column)
    } else if detail_pane::is_overlay(app, area) {
        return PointerTarget::default();
    } else if modes.contains(position) {
        header::action_at(app, layout, theme, modes, column)
    } else if title.contains(position) && column + HELP_HINT_WIDTH >= title.width {
        Some(Action::Help)
    } else {
        panel.as_ref().and_then(on_panel)
    };
    if action.is_some() || covering.is_some() {
        return PointerTarget { action, ..PointerTarget::default() };
    }
    let (layout, [part, _beside]) = detail_pane::split_area(app, layout, part);
    let lanes = timeline_area(layout, part, area);
    if !lanes.contains(position) {
        return PointerTarget::default();
    }
    let areas = timeline::arrange(app, layout, theme, lanes);
    // A gap belongs to the lane above.
    let above = areas.rows.iter().filter(|(_, area)| area.y <= row);
    let lane = above.rev().find(|(row, _)| !matches!(row, TimelineRow::Gap)).and_then(
        |(row, _)| match row {
            TimelineRow::Lane { place, .. } => Some(*place),
            TimelineRow::ThreadGroup { index, .. } => {
                let threads = app.picture().threads();
                threads.first_lane(ProgramRow::Group(*index)).map(|lane| usize::from(lane.0))
            }
            // The lower one of two after the upper one.
            TimelineRow::LanePair { place, .. } => {
                Some(place + usize::from(app.picture().lane_index() == Some(*place)))
            }
            _ => None,
        },
    );
    let (bars, window) = (timeline::bar_area(layout, lanes), app.picture().viewport().window());
    let cell = column.checked_sub(bars.x).filter(|&cell| cell < bars.width.min(window.columns));
    let at = |cell| Nanos(window.from.0.saturating_add(window.cell.0.saturating_mul(cell)));
    PointerTarget { lane, at: cell.map(|cell| at(cell.into())), action: None }
}
