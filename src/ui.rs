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

mod allowed;
mod axis;
mod chosen;
mod compare;
mod cursor;
mod export;
mod find;
mod foot;
mod footer;
mod gil;
mod header;
mod help;
mod inspector;
mod lanes;
mod layout;
mod limits;
mod names;
mod output;
mod pane;
mod panel;
mod pointer;
mod range;
mod rows;
mod sentences;
mod steps;
mod sweep;
mod table;
mod text;
pub mod theme;
mod timeline;
mod totals;
mod trust;
mod verdict;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout as Split, Margin, Rect, Size};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::app::{App, Popup};
use crate::model::Mode;
use layout::Layout;
pub use pointer::pointed_at;
use sweep::Chart;
use theme::Theme;
use verdict::Verdict;

/// How many cells the timeline has on a screen of this size, beside what else is shown.
pub fn timeline_columns(app: &App, size: Size) -> u16 {
    let Some(layout) = Layout::of(size) else { return size.width };
    let (layout, [timeline, _]) = pane::split(app, layout, Rect::from(size));
    let borders = if layout.boxed { 2 } else { 0 };
    timeline::columns(layout, timeline.width.saturating_sub(borders))
}

/// Draws the screen.
pub fn view(app: &App, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    draw(app, theme, area, frame.buffer_mut());
}

fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    match Layout::of(area.as_size()) {
        Some(layout) => full(app, layout, theme, area, buf),
        None => one_line(app, theme, area, buf),
    }
    pane::over(app, theme, area, buf);
    match app.popup() {
        Some(Popup::Help(first)) => help::keys(app, first, theme, area, buf),
        Some(Popup::Export(chosen)) => export::draw(chosen, app, theme, area, buf),
        Some(Popup::Output(reading)) => output::draw(reading, app, theme, area, buf),
        Some(Popup::Table) => table::draw(app, theme, area, buf),
        Some(Popup::Quit) => help::quit(app, theme, area, buf),
        None => {}
    }
    find::draw(app, theme, area, buf);
}

/// The parts of the screen, from top to bottom: title, modes, totals, a sweep's chart, timeline,
/// legend and keys.
fn parts(
    app: &App,
    layout: Layout,
    (verdict, chart): (&Verdict, Option<&Chart<'_>>),
    area: Rect,
) -> [Rect; 7] {
    let rows = app.shown().modes().len() as u16;
    let compared = compare::lines(app);
    // Where there are few rows, the sentence makes room for the comparison, but not what went wrong.
    let gives_way = compared > 0 && !layout.has_headings() && sentences::problem(app).is_none();
    let said = if gives_way { 0 } else { verdict.lines(inside(layout, area).into()) };
    let lines = said + compared;
    let bar = u16::from(layout.has_headings());
    let chart_rows = chart.map_or(0, |chart| chart.rows(area.height));
    area.layout(&Split::vertical([
        Constraint::Length(bar),
        Constraint::Length(1),
        Constraint::Length(rows + lines + layout.frame()),
        Constraint::Length(chart_rows),
        Constraint::Fill(1),
        Constraint::Length(bar),
        Constraint::Length(1),
    ]))
}

/// How wide a part is inside.
const fn inside(layout: Layout, area: Rect) -> u16 {
    area.width.saturating_sub(if layout.boxed { 4 } else { 2 })
}

/// Where the timeline's rows are in its part: the lanes use the whole width, as their names bring
/// their own margin.
fn timeline_rows(layout: Layout, part: Rect, screen: Rect) -> Rect {
    let body = part_inside(layout, layout.has_headings(), part);
    Rect { x: body.x.saturating_sub(1), width: body.width + 2, ..body }.intersection(screen)
}

fn full(app: &App, layout: Layout, theme: Theme, area: Rect, buf: &mut Buffer) {
    let inside = inside(layout, area);
    let rows = app.shown().modes().len() as u16;
    let verdict = Verdict::of(app, layout, theme, inside.into());
    let chart = Chart::of(app, layout, theme);
    let [title, modes, totals, swept, timeline, legend, keys] =
        parts(app, layout, (&verdict, chart.as_ref()), area);
    header::title(app, theme, title, buf);
    header::modes(app, layout, theme, modes, buf);
    let body = part(totals, totals_heading(app, layout, inside), layout, theme, buf);
    let [figures, below] =
        body.layout(&Split::vertical([Constraint::Length(rows), Constraint::Fill(1)]));
    totals::rows(app, layout, theme, figures, buf);
    let compared = Constraint::Length(compare::lines(app));
    let [said, compared] = below.layout(&Split::vertical([Constraint::Fill(1), compared]));
    verdict.draw(theme, said, buf);
    compare::draw(app, theme, compared, buf);
    if let Some(chart) = chart {
        chart.draw(part(swept, chart.heading(), layout, theme, buf), buf);
    }
    let (layout, [timeline, beside]) = pane::split(app, layout, timeline);
    pane::draw(app, layout, theme, beside, buf);
    part(timeline, timeline_heading(app, layout), layout, theme, buf);
    let lanes = timeline_rows(layout, timeline, area);
    timeline::draw(app, layout, theme, [lanes, legend], buf);
    footer::keys(app, theme, keys, buf);
}

/// Draws a part's heading, and a box around it where there is room; returns the inside, one column
/// away from the edge.
fn part(
    area: Rect,
    heading: Option<(String, String)>,
    layout: Layout,
    theme: Theme,
    buf: &mut Buffer,
) -> Rect {
    let inside = part_inside(layout, heading.is_some(), area);
    if let Some((left, right)) = heading {
        if layout.boxed {
            panel::boxed(theme, area, buf);
        } else {
            panel::line(theme, area, buf);
        }
        panel::heading(&left, &right, theme, area, buf);
    }
    inside
}

/// The inside of a part, with a heading or without.
fn part_inside(layout: Layout, headed: bool, area: Rect) -> Rect {
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

fn totals_heading(app: &App, layout: Layout, inside: u16) -> Option<(String, String)> {
    let margin = if layout.boxed { "─" } else { "" };
    let captions = totals::captions(app, layout, inside);
    layout.has_headings().then(|| (" totals ".to_owned(), format!("{captions}{margin}")))
}

/// The scale, the stretch of time in view, and whether it moves.
fn timeline_heading(app: &App, layout: Layout) -> Option<(String, String)> {
    if !layout.has_headings() {
        return None;
    }
    let window = app.viewport().window();
    let (from, to) = (window.from.as_secs_f64(), window.end().as_secs_f64());
    let state = match app.behind() {
        Some(behind) => sentences::paused(behind),
        None if app.viewport().fits() => "whole run".to_owned(),
        None if app.viewport().follows() && app.is_moving() => "following".to_owned(),
        None if app.viewport().follows() => "at the end".to_owned(),
        None => "held".to_owned(),
    };
    let left = format!(" timeline  {}/cell ", window.cell);
    let digits = axis::digits(window.cell).max(2);
    Some((left, format!(" {from:.digits$}-{to:.digits$} s  {state} ")))
}

/// What a terminal shows that has no room for lanes.
fn one_line(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut parts: Vec<String> = sweep::one_line(app, area.width.into()).into_iter().collect();
    let shown = if parts.is_empty() { app.runs() } else { &[] };
    for run in shown.iter().filter(|run| run.has_begun()) {
        let elapsed = run.elapsed(app.now()).as_secs_f64();
        let pages = format!("{}/{}", run.done_tasks(), run.known_tasks());
        parts.push(format!("{} {elapsed:.2} s {pages}", run.plan().mode));
        if let Some(speed_up) = app.session().speed_up(app.shown(), run, app.now())
            && run.plan().mode != Mode::Sequential
        {
            parts.push(format!("{speed_up:.2}x"));
        }
    }
    parts.extend(app.behind().map(sentences::paused));
    let limit = limits::holding(app);
    parts.extend(limit.and_then(|limit| limits::holds(limit, app.now()).into_iter().last()));
    let text = match sentences::problem(app) {
        Some((problem, then)) if limit.is_none() => problem + &then,
        _ if !parts.is_empty() => parts.join("  "),
        _ if app.session().active() == Some(app.shown()) => {
            sentences::progress(app, area.width.into())
        }
        _ => sentences::invitation(app),
    };
    Paragraph::new(text).style(theme.text()).wrap(Wrap { trim: true }).render(area, buf);
}
