//! The help, in pages: how to read the picture, the keys that have an effect now, by group, and how far
//! the figures can be trusted.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::layout::{Heading, draw_overlay_box};
use super::theme::Theme;
use super::{legend, program_help, self_check, text};
use crate::app::keymap::Key;
use crate::app::{Action, App, HelpView, KeyGroup};
use crate::model::State;

/// The width of a column of keys.
const COLUMN_WIDTH: u16 = 54;

/// The width of the names of the keys in a column.
const KEYS_WIDTH: usize = 11;

/// A page of the help.
struct HelpPage {
    /// Lines of the whole width.
    top: Vec<Line<'static>>,
    /// Lines in columns.
    columns: Vec<Vec<Line<'static>>>,
}

impl HelpPage {
    fn height(&self) -> usize {
        self.top.len() + self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Draws a page of the help on an empty screen, so that nothing else stands beside it.
pub(super) fn draw(view: &HelpView, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let columns = if area.width >= 2 * COLUMN_WIDTH + 4 { 2 } else { 1 };
    let width = (COLUMN_WIDTH * columns + 4).max(80).min(area.width);
    let room = usize::from(area.height.saturating_sub(2)).max(1);
    let line_width = usize::from(width.saturating_sub(2));
    let mut pages = key_pages(app, theme, [line_width, room], columns.into());
    pages.push(HelpPage {
        top: self_check::lines(view, app, theme, line_width),
        columns: Vec::new(),
    });
    let count = i32::try_from(pages.len()).unwrap_or(1);
    let number = usize::try_from(view.page.rem_euclid(count)).unwrap_or(0);
    let height = pages.iter().map(HelpPage::height).max().unwrap_or(0).min(room) as u16 + 2;
    let Some(page) = pages.into_iter().nth(number) else { return };
    Clear.render(area, buf);
    let place = area.centered(Constraint::Length(width), Constraint::Length(height));
    let heading = Heading {
        title: format!(" help, page {} of {count} ", number + 1),
        captions: format!(
            " {}: next page  {}: close ",
            app.key_of(Action::NextMode),
            app.key_of(Action::Back)
        ),
    };
    let inside = draw_overlay_box(&heading, theme, place, buf);
    let top = page.top.len() as u16;
    for (line, row) in page.top.into_iter().zip(inside.rows()) {
        line.render(row, buf);
    }
    for (column, lines) in page.columns.into_iter().enumerate() {
        let x = inside.x + COLUMN_WIDTH * column as u16;
        for (line, row) in lines.into_iter().zip(inside.rows().skip(top.into())) {
            line.render(Rect { x, ..row }.intersection(inside), buf);
        }
    }
}

/// Returns the pages of the picture and the keys: as few as `height` lines permit.
fn key_pages(
    app: &App,
    theme: Theme,
    [width, height]: [usize; 2],
    columns: usize,
) -> Vec<HelpPage> {
    let mut top = picture_lines(app, theme, width);
    let mut lines = key_lines(app, theme);
    let mut pages = Vec::new();
    while !lines.is_empty() || !top.is_empty() {
        // Too few lines below the picture are left empty.
        let free = height.saturating_sub(top.len());
        let free = if free < 4 && !top.is_empty() { 0 } else { free.max(1) };
        // Columns are balanced if the rest fits.
        let each = free.min(lines.len().div_ceil(columns));
        let mut page = HelpPage { top: std::mem::take(&mut top), columns: Vec::new() };
        for _ in 0..columns {
            page.columns.push(take_lines(&mut lines, each, free));
        }
        pages.push(page);
    }
    pages
}

/// Takes `count` lines, but neither a heading without its first key nor a blank line at the end; up to
/// `max` lines.
fn take_lines(lines: &mut Vec<Line<'static>>, count: usize, max: usize) -> Vec<Line<'static>> {
    let is_key = |line: &Line<'_>| line.spans.len() > 1;
    let mut count = count.min(lines.len());
    while count < lines.len().min(max) && lines.get(count - 1).is_some_and(|line| !is_key(line)) {
        count += 1;
    }
    let mut taken: Vec<Line<'static>> = lines.drain(..count).collect();
    if lines.first().is_some_and(|line| line.width() == 0) {
        lines.remove(0);
    }
    if taken.last().is_some_and(|line| !is_key(line)) && taken.len() > 1 {
        let heading = taken.split_off(taken.len() - 1);
        lines.splice(0..0, heading.into_iter().filter(|line| line.width() > 0));
    }
    taken
}

/// Returns how to read the picture, in six lines, with a heading and a blank line.
fn picture_lines(app: &App, theme: Theme, width: usize) -> Vec<Line<'static>> {
    let zoom = app.key_of(Action::ZoomIn);
    let entry = |(glyph, style): (&'static str, Style), cells: usize, forms: [&str; 2]| {
        let room = width.saturating_sub(6);
        let words = text::first_fitting(forms.map(|form| form.replace("{zoom}", &zoom)), room);
        let gap = if cells == 0 { 0 } else { 3 - cells };
        Line::from(vec![
            Span::raw("   "),
            Span::styled(glyph.repeat(cells), style),
            Span::styled(format!("{:gap$}{words}", ""), theme.text()),
        ])
    };
    // The state that a task is in for most of its time.
    let works = [State::Waiting, State::Computing, State::Native, State::Running];
    let main = legend::occurring_states(app).find(|state| works.contains(state));
    let main = main.unwrap_or(State::Waiting);
    let brick = theme.state_cell(main);
    let bar = theme.color(main).map_or(Style::new(), |color| Style::new().fg(color));
    if app.course().is_some() && app.lesson().is_none() {
        return Vec::new();
    }
    if app.selection().workload.is_program() {
        return program_help::picture_lines(app, theme, width);
    }
    let row = [
        "A row is a worker. Time runs to the right; all rows share one axis.",
        "A row is a worker; time runs to the right.",
    ];
    let task = [
        "a brick is one task; a seam between two bricks is where the next starts",
        "a brick is one task, a seam is between two",
    ];
    let edge =
        ["an edge: the state changes here, to an eighth of a cell", "the state changes here"];
    let merged = [
        "several changes: colour of the main state, height of its share; {zoom}: closer",
        "several changes: the main state; {zoom}: closer",
    ];
    let whole =
        ["A cell shows the state that took most of its time; {zoom}: closer", "{zoom}: closer"];
    let idle = ["the worker has nothing to do", "nothing to do"];
    let mut lines = vec![
        Line::from(Span::styled(" How to read the picture", theme.strong())),
        entry(brick, 0, row),
        legend::states_line(app, theme, width),
        entry(brick, 2, task),
    ];
    if theme.has_patterns() {
        lines.push(entry(brick, 0, whole));
    } else {
        lines.extend([entry(("▌", bar), 1, edge), entry(("▄", bar), 1, merged)]);
    }
    lines.extend([entry(theme.state_cell(State::Idle), 2, idle), Line::default()]);
    lines
}

/// Returns the keys that have an effect now: a heading and a line for each, by group.
fn key_lines(app: &App, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let is_program = app.selection().workload.is_program();
    for group in KeyGroup::ALL {
        let bindings = app.available_bindings().filter(|(one, _)| one.action.group() == group);
        let rows: Vec<Line<'static>> = bindings
            .map(|(binding, keys)| {
                let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
                let keys = text::truncate(keys.join(" "), theme, KEYS_WIDTH);
                let of_program = program_help::key_text(binding.action).filter(|_| is_program);
                let help = of_program.unwrap_or(binding.help);
                Line::from(vec![
                    Span::styled(format!(" {keys:>KEYS_WIDTH$}  "), theme.key()),
                    Span::styled(help, theme.text()),
                ])
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let heading = format!(" {}", group.heading());
        lines.push(Line::from(Span::styled(heading, theme.strong())));
        lines.extend(rows);
    }
    lines
}
