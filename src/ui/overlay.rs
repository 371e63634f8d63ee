//! The overlays: the help with its self-check, the export menu, and the question before quitting. The
//! table and the pager have files of their own.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::layout::{Heading, draw_overlay_box};
use super::theme::Theme;
use super::{output_pager, table, text};
use crate::analysis::latency::LittlesLaw;
use crate::app::keymap::{Key, KeyBinding};
use crate::app::{Action, App, ExportMenu, HelpView, Overhead, Overlay};
use crate::model::{Exactness, Nanos, Run};

/// The width of a column of keys.
const COLUMN_WIDTH: u16 = 54;

/// The width of the menu, which fits its longest line.
const MENU_WIDTH: u16 = 72;

/// The width of an export kind's name.
const KIND_WIDTH: usize = 11;

/// Draws the open overlay.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    match app.overlay() {
        Some(Overlay::Help(help)) => draw_help(help, app, theme, area, buf),
        Some(Overlay::Export(menu)) => draw_export_menu(menu, app, theme, area, buf),
        Some(Overlay::Output(pager)) => output_pager::draw(*pager, app, theme, area, buf),
        Some(Overlay::Table(table_view)) => table::draw(table_view, app, theme, area, buf),
        Some(Overlay::Quit) => draw_quit_question(app, theme, area, buf),
        None => {}
    }
}

/// Draws the table of keys, in two columns if they fit. If only a part fits, it starts at its first row
/// and wraps around.
fn draw_help(help: &HelpView, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let columns = if area.width > 2 * COLUMN_WIDTH + 4 { 2 } else { 1 };
    let table = app.keymap().bindings();
    let rows = table.len().div_ceil(columns);
    let width = (COLUMN_WIDTH * columns as u16 + 4).min(area.width);
    let checks = check_lines(help, app, theme, width.saturating_sub(2).into());
    let check_rows = checks.len() as u16;
    let overlay =
        area.centered(Constraint::Length(width), Constraint::Length(rows as u16 + 2 + check_rows));
    let room = overlay.height.saturating_sub(2);
    // On a low screen keys take precedence over the self-check.
    let check_rows = check_rows.min(room / 3);
    let fits = room - check_rows >= rows as u16;
    let title = if fits {
        " keys ".to_owned()
    } else {
        format!(
            " keys: {}/{} for more ",
            app.key_of(Action::NextLane),
            app.key_of(Action::PreviousLane)
        )
    };
    let heading = Heading { title, ..Heading::default() };
    let inner = draw_overlay_box(&heading, theme, overlay, buf);
    let [inner, below] =
        inner.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(check_rows)]));
    for (line, row) in checks.into_iter().zip(below.rows()) {
        line.render(row, buf);
    }
    let first = if fits { 0 } else { help.first };
    let rows = rows.min(usize::from(inner.height)).max(1);
    let bindings: Vec<&KeyBinding> = table.iter().cycle().skip(first).take(table.len()).collect();
    for (column, bindings) in bindings.chunks(rows).take(columns).enumerate() {
        let x = inner.x + COLUMN_WIDTH * column as u16;
        for (binding, row) in bindings.iter().zip(inner.rows()) {
            let area = Rect { x, width: COLUMN_WIDTH, ..row }.intersection(inner);
            binding_line(binding, theme).render(area, buf);
        }
    }
}

fn binding_line(binding: &KeyBinding, theme: Theme) -> Line<'static> {
    let keys: Vec<String> = binding.keys.iter().map(Key::to_string).collect();
    Line::from(vec![
        Span::styled(format!(" {:>11}  ", keys.join(" ")), theme.key()),
        Span::styled(binding.help, theme.text()),
    ])
}

/// Draws the confirmation before quitting during a run.
fn draw_quit_question(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let (quit, back) = (app.key_of(Action::Quit), app.key_of(Action::Back));
    let overlay = area.centered(Constraint::Length(44), Constraint::Length(4));
    let inner = draw_overlay_box(&Heading::default(), theme, overlay, buf);
    Paragraph::new(vec![
        Line::styled("Still running. Quit anyway?", theme.strong()),
        Line::from(vec![
            Span::styled(quit, theme.key()),
            Span::raw(" quit   "),
            Span::styled(back, theme.key()),
            Span::raw(" stay"),
        ]),
    ])
    .centered()
    .wrap(Wrap { trim: true })
    .render(inner, buf);
}

/// Returns the lines of the self-check: whether independently computed figures agree, and the overhead
/// of the program itself. Little's law is first; a figure that was not measured has no line.
fn check_lines(help: &HelpView, app: &App, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = help
        .self_checks
        .iter()
        .map(|(name, law)| {
            let style = if law.holds() { theme.text() } else { theme.problem() };
            Line::styled(
                text::truncate(text::first_fitting(law_texts(name, law), room), theme, room),
                style,
            )
        })
        .collect();
    lines.extend(exactness_line(app, theme, room));
    lines.extend(overhead_lines(app, theme, room));
    lines
}

/// Returns both sides of Little's law, from the longest form to the shortest.
fn law_texts(name: &str, law: &LittlesLaw) -> [String; 3] {
    let LittlesLaw { in_flight, rate, time } = law;
    let verdict = if law.holds() { "ok" } else { "mismatch" };
    let sides = format!("in flight {in_flight:.2} = {rate:.2}/s x {time:.2} s: {verdict}");
    [
        format!(" {name}: L = X R: {sides}"),
        format!(" {name}: {sides}"),
        format!(" L = {in_flight:.2} = {rate:.2}/s x {time:.2} s: {verdict}"),
    ]
}

fn last_started_run(app: &App) -> Option<(&Run, Nanos)> {
    app.visible_runs().filter(|(run, _)| run.has_started()).last()
}

/// Returns the exactness of the last run that has started, and what it lost.
fn exactness_line(app: &App, theme: Theme, room: usize) -> Option<Line<'static>> {
    let (run, _) = last_started_run(app)?;
    let losses = run.timing().losses();
    let exactness = match run.plan().exactness {
        Exactness::Exact => "exact".to_owned(),
        Exactness::Counted { period } => format!("counted every {period}"),
        Exactness::Coarse => "coarse".to_owned(),
    };
    let (lost, style) = match losses.gaps {
        0 => ("none lost".to_owned(), theme.text()),
        gaps => {
            let gaps = if gaps == 1 { "1 gap".to_owned() } else { format!("{gaps} gaps") };
            (format!("{} lost in {gaps} of {}", losses.events, losses.time), theme.problem())
        }
    };
    let text = format!(" events: {exactness}, {lost}");
    Some(Line::styled(text::truncate(text, theme, room), style))
}

/// Returns the overhead per event and of the last run that has started, and the time per frame.
fn overhead_lines(app: &App, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let overhead = app.overhead();
    let Some(event) = overhead.event else { return Vec::new() };
    let run = last_started_run(app);
    let share = run.and_then(|(run, until)| overhead.share_of_run(run, until));
    let disturbs = share.is_some_and(Overhead::is_significant);
    let style = if disturbs { theme.problem() } else { theme.text() };
    let share = share.map(|share| match share * 100.0 {
        ..0.01 => "under 0.01 % of the run".to_owned(),
        percent if disturbs => format!("{percent:.1} % of the run: this distorts it"),
        percent => format!("{percent:.2} % of the run"),
    });
    let mut parts = vec![("", format!("overhead: {event}/event"), style)];
    parts.extend(share.map(|share| (", ", share, style)));
    if let (Some(frame), Some(slowest)) = (overhead.frame, overhead.slowest) {
        parts.push(("; ", format!("frame {frame}, slowest {slowest}"), theme.text()));
    }
    wrap_parts(parts, room)
}

/// Wraps parts into lines without breaking any; a mark separates parts on the same line.
fn wrap_parts(parts: Vec<(&str, String, Style)>, room: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (mark, part, style) in parts {
        match lines.last_mut() {
            Some(line) if line.width() + mark.len() + text::width(&part) <= room => {
                line.push_span(Span::styled(format!("{mark}{part}"), style));
            }
            _ => lines.push(Line::from(Span::styled(format!(" {part}"), style))),
        }
    }
    lines
}

/// Draws the menu with one entry selected.
fn draw_export_menu(menu: &ExportMenu, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let ExportMenu { entries, selected } = menu;
    let chosen = *selected;
    let height = entries.len() as u16 + 5;
    let place = area.centered(Constraint::Length(MENU_WIDTH), Constraint::Length(height));
    let heading = Heading { title: " export ".to_owned(), ..Heading::default() };
    let inside = draw_overlay_box(&heading, theme, place, buf).inner(Margin::new(1, 0));
    let width = usize::from(inside.width);
    // On a low screen the blank line goes first, then the keys and the description.
    let few = inside.height < height - 2;
    let [list, _, purpose, keys] = inside.layout(&Layout::vertical([
        Constraint::Length(entries.len() as u16),
        Constraint::Length(u16::from(!few)),
        Constraint::Length(1),
        Constraint::Length(1),
    ]));
    let rows = usize::from(list.height).max(1);
    let first = chosen.saturating_sub(rows - 1);
    for (row, (at, (kind, name))) in list.rows().zip(entries.iter().enumerate().skip(first)) {
        let mark = if at == chosen { ">" } else { " " };
        let style = if at == chosen { theme.strong() } else { theme.text() };
        let name = truncate_start(name, width.saturating_sub(KIND_WIDTH + 2), theme);
        let line = format!("{mark} {kind:<KIND_WIDTH$}{name}");
        Span::styled(text::truncate(line, theme, width), style).render(row, buf);
    }
    if let Some((kind, _)) = entries.get(chosen) {
        let words = text::truncate(format!("  {}", kind.description()), theme, width);
        Span::styled(words, theme.muted()).render(purpose, buf);
    }
    let hint = |action: Action, word: &str| {
        [
            Span::styled(app.key_of(action), theme.key()),
            Span::styled(format!(" {word}   "), theme.muted()),
        ]
    };
    let mut line = Line::raw("  ");
    line.extend(hint(Action::Inspect, "write"));
    line.extend(hint(Action::NextLane, "next"));
    line.extend(hint(Action::Back, "back"));
    line.render(keys, buf);
}

/// Truncates the start of a file name, because names differ at the end. They are ASCII.
fn truncate_start(name: &str, room: usize, theme: Theme) -> String {
    if name.len() <= room {
        return name.to_owned();
    }
    let dots = theme.pick("…", "...");
    let from = name.len() - room.saturating_sub(text::width(dots)).min(name.len());
    format!("{dots}{}", name.get(from..).unwrap_or_default())
}
