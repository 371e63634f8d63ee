//! `view` draws the whole screen from the state of the app, and changes nothing.
//!
//! At 110x30 and above, with boxes:
//!
//! ```text
//!  title                                                       ? help
//!  modes                                                    workers 5
//! ┌ totals ──────────── elapsed ── pages ── followers ── ... ────────┐
//! │ a row a mode                                                     │
//! │ the verdict                                                 waves│
//! └──────────────────────────────────────────────────────────────────┘
//! ┌ sweep ───────────────────────────────────────────────────────────┐
//! │ dots and a curve                          a row a count of threads│
//! │ the law and the waves                                            │
//! └──────────────────────────────────────────────────────────────────┘
//! ┌ timeline  60 ms/cell ───────────────────── 0.00-4.92 s  following┐
//! │ axis                                          busy  tasks   p95  │
//! │ a row a lane                                                     │
//! │ in flight, queue, quota, the lane chosen                         │
//! └──────────────────────────────────────────────────────────────────┘
//!  legend
//!  keys
//! ```
//!
//! A pane, the inspector's or a range's, stands beside the timeline; without boxes below it, and with
//! fewer than 20 rows over all but the keys.
//!
//! With fewer than 110x30 the boxes go, with fewer than 20 rows the headings, with fewer columns the
//! figures; at 40x10 lanes keep name and bar; below that there is one line of text.

mod area_chart;
mod borders;
mod comparison;
mod concurrency_limit;
mod cursor;
mod detail_pane;
mod export_menu;
mod footer;
mod gil_row;
mod header;
mod help;
mod inspector;
mod lane_bar;
mod lane_summary;
mod layout;
mod metric_rows;
mod output_pager;
mod pointer_target;
mod range_pane;
mod rate_limits;
mod row_labels;
mod run_summary;
mod search;
mod self_check;
mod status_line;
mod sweep;
mod table;
mod text;
pub mod theme;
mod time_axis;
mod timeline;
mod timeline_rows;
mod totals;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect, Size};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::app::{App, Overlay};
use crate::model::Mode;
use layout::ScreenLayout;
pub use pointer_target::pointer_target;
use status_line::StatusLine;
use sweep::SweepChart;
use theme::Theme;

/// How many cells the timeline has on a screen of this size, beside what else is shown.
pub fn timeline_columns(app: &App, size: Size) -> u16 {
    let Some(layout) = ScreenLayout::for_size(size) else { return size.width };
    let (layout, [timeline, _]) = detail_pane::split_area(app, layout, Rect::from(size));
    let borders = if layout.boxed { 2 } else { 0 };
    timeline::column_count(layout, timeline.width.saturating_sub(borders))
}

/// Draws the screen.
pub fn render(app: &App, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    draw_screen(app, theme, area, frame.buffer_mut());
}

fn draw_screen(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    match ScreenLayout::for_size(area.as_size()) {
        Some(layout) => draw_full(app, layout, theme, area, buf),
        None => draw_one_line(app, theme, area, buf),
    }
    detail_pane::draw_as_overlay(app, theme, area, buf);
    match app.overlay() {
        Some(Overlay::Help(first)) => help::draw_keys(app, first, theme, area, buf),
        Some(Overlay::Export(chosen)) => export_menu::draw(chosen, app, theme, area, buf),
        Some(Overlay::Output(pager)) => output_pager::draw(pager, app, theme, area, buf),
        Some(Overlay::Table) => table::draw(app, theme, area, buf),
        Some(Overlay::Quit) => help::draw_quit_question(app, theme, area, buf),
        None => {}
    }
    search::draw(app, theme, area, buf);
}

/// The parts of the screen, from top to bottom: title, modes, totals, a sweep's chart, timeline,
/// legend and keys.
fn split_screen(
    app: &App,
    layout: ScreenLayout,
    (status_line, chart): (&StatusLine, Option<&SweepChart<'_>>),
    area: Rect,
) -> [Rect; 7] {
    let rows = app.selection().modes().len() as u16;
    let comparison = comparison::line_count(app);
    // Where there are few rows, the sentence makes room for the comparison, but not what went wrong.
    let hides_status =
        comparison > 0 && !layout.has_headings() && run_summary::problem(app).is_none();
    let status =
        if hides_status { 0 } else { status_line.line_count(inner_width(layout, area).into()) };
    let lines = status + comparison;
    let bar = u16::from(layout.has_headings());
    let chart_rows = chart.map_or(0, |chart| chart.row_count(area.height));
    area.layout(&Layout::vertical([
        Constraint::Length(bar),
        Constraint::Length(1),
        Constraint::Length(rows + lines + layout.frame_rows()),
        Constraint::Length(chart_rows),
        Constraint::Fill(1),
        Constraint::Length(bar),
        Constraint::Length(1),
    ]))
}

/// How wide a part is inside.
const fn inner_width(layout: ScreenLayout, area: Rect) -> u16 {
    area.width.saturating_sub(if layout.boxed { 4 } else { 2 })
}

/// Where the timeline's rows are in its part: the lanes use the whole width, as their names bring
/// their own margin.
fn timeline_area(layout: ScreenLayout, part: Rect, screen: Rect) -> Rect {
    let body = part_area(layout, layout.has_headings(), part);
    Rect { x: body.x.saturating_sub(1), width: body.width + 2, ..body }.intersection(screen)
}

fn draw_full(app: &App, layout: ScreenLayout, theme: Theme, area: Rect, buf: &mut Buffer) {
    let inside = inner_width(layout, area);
    let rows = app.selection().modes().len() as u16;
    let status_line = StatusLine::for_app(app, layout, theme, inside.into());
    let chart = SweepChart::for_app(app, layout, theme);
    let [title, modes, totals, sweep_area, timeline, legend, keys] =
        split_screen(app, layout, (&status_line, chart.as_ref()), area);
    header::draw_title(app, theme, title, buf);
    header::draw_modes(app, layout, theme, modes, buf);
    let body = draw_part(totals, totals_heading(app, layout, inside), layout, theme, buf);
    let [figures, below] =
        body.layout(&Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]));
    totals::draw_rows(app, layout, theme, figures, buf);
    let comparison = Constraint::Length(comparison::line_count(app));
    let [status, comparison] = below.layout(&Layout::vertical([Constraint::Fill(1), comparison]));
    status_line.draw(theme, status, buf);
    comparison::draw(app, theme, comparison, buf);
    if let Some(chart) = chart {
        chart.draw(draw_part(sweep_area, chart.heading(), layout, theme, buf), buf);
    }
    let (layout, [timeline, beside]) = detail_pane::split_area(app, layout, timeline);
    detail_pane::draw(app, layout, theme, beside, buf);
    draw_part(timeline, timeline_heading(app, layout), layout, theme, buf);
    let lanes = timeline_area(layout, timeline, area);
    timeline::draw(app, layout, theme, [lanes, legend], buf);
    footer::draw_keys(app, theme, keys, buf);
}

/// Draws a part's heading, and a box around it where there is room; returns the inside, one column
/// away from the edge.
fn draw_part(
    area: Rect,
    heading: Option<(String, String)>,
    layout: ScreenLayout,
    theme: Theme,
    buf: &mut Buffer,
) -> Rect {
    let inside = part_area(layout, heading.is_some(), area);
    if let Some((left, right)) = heading {
        if layout.boxed {
            borders::draw_box(theme, area, buf);
        } else {
            borders::draw_rule(theme, area, buf);
        }
        borders::draw_heading(&left, &right, theme, area, buf);
    }
    inside
}

/// The inside of a part, with a heading or without.
fn part_area(layout: ScreenLayout, headed: bool, area: Rect) -> Rect {
    let inside = match (headed, layout.boxed) {
        (true, true) => area.inner(Margin::new(1, 1)),
        (true, false) => {
            let height = area.height.min(1);
            Rect { y: area.y + height, height: area.height - height, ..area }
        }
        (false, _) => area,
    };
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

fn totals_heading(app: &App, layout: ScreenLayout, inside: u16) -> Option<(String, String)> {
    let margin = if layout.boxed { "─" } else { "" };
    let captions = totals::captions(app, layout, inside);
    layout.has_headings().then(|| (" totals ".to_owned(), format!("{captions}{margin}")))
}

/// The scale, the stretch of time in view, and whether it moves.
fn timeline_heading(app: &App, layout: ScreenLayout) -> Option<(String, String)> {
    if !layout.has_headings() {
        return None;
    }
    let window = app.viewport().window();
    let (from, to) = (window.from.as_secs_f64(), window.end().as_secs_f64());
    let state = match app.time_behind() {
        Some(behind) => run_summary::paused_text(behind),
        None if app.viewport().is_fitted() => "whole run".to_owned(),
        None if app.viewport().is_following() && app.is_moving() => "following".to_owned(),
        None if app.viewport().is_following() => "at the end".to_owned(),
        None => "fixed".to_owned(),
    };
    let left = format!(" timeline  {}/cell ", window.cell);
    let digits = time_axis::decimal_places(window.cell).max(2);
    Some((left, format!(" {from:.digits$}-{to:.digits$} s  {state} ")))
}

/// What a terminal shows that has no room for lanes.
fn draw_one_line(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut parts: Vec<String> = sweep::one_line_text(app, area.width.into()).into_iter().collect();
    let shown = if parts.is_empty() { app.runs() } else { &[] };
    for run in shown.iter().filter(|run| run.has_started()) {
        let elapsed = run.elapsed(app.now()).as_secs_f64();
        let pages = format!("{}/{}", run.done_tasks(), run.known_tasks());
        parts.push(format!("{} {elapsed:.2} s {pages}", run.plan().mode));
        if let Some(speed_up) = app.session().speed_up(app.selection(), run, app.now())
            && run.plan().mode != Mode::Sequential
        {
            parts.push(format!("{speed_up:.2}x"));
        }
    }
    parts.extend(app.time_behind().map(run_summary::paused_text));
    let limit = rate_limits::active_limit(app);
    parts.extend(
        limit.and_then(|limit| rate_limits::limit_texts(limit, app.now()).into_iter().last()),
    );
    let text = match run_summary::problem(app) {
        Some((problem, then)) if limit.is_none() => problem + &then,
        _ if !parts.is_empty() => parts.join("  "),
        _ if app.session().active() == Some(app.selection()) => {
            run_summary::progress(app, area.width.into())
        }
        _ => run_summary::invitation(app),
    };
    Paragraph::new(text).style(theme.text()).wrap(Wrap { trim: true }).render(area, buf);
}
