//! The pager for the output of a command or of a watched program, as an overlay: lines are wrapped, and control characters
//! are escaped.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthChar as _;

use super::layout::{self, Heading};
use super::text;
use super::theme::Theme;
use crate::app::{Action, App, OutputPager};
use crate::model::printable::{escape_controls, lines};
use crate::model::{Nanos, ProgramRecord, Run, TaskId, TaskOutcome};

/// The number of cells between two tab stops.
const TAB_WIDTH: usize = 8;

/// The maximum number of lines of the command itself.
const MAX_COMMAND_LINES: usize = 2;

/// The minimum size of the screen for a margin around the pager.
const MIN_SIZE_WITH_MARGIN: (u16, u16) = (60, 16);

/// The texts around the output in the pager.
struct PagerTexts {
    title: String,
    /// The command.
    command: String,
    /// The text that replaces an empty output.
    no_output: String,
    hints: String,
}

pub(super) fn draw(pager: OutputPager, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some(run) = app.runs().get(pager.run) else { return };
    let texts = match pager.task {
        Some(task) => command_texts(run, task, app),
        None => program_texts(run, app),
    };
    let roomy =
        (area.width, area.height) >= MIN_SIZE_WITH_MARGIN && area.height >= MIN_SIZE_WITH_MARGIN.1;
    let area = if roomy { area.inner(Margin::new(2, 2)) } else { area };
    let output = pager.text(run);
    let count = output.map_or(0, |output| lines(output).count());
    let captions = match count {
        0 => String::new(),
        _ => format!(" from line {} of {count} ", pager.top + 1),
    };
    let heading = Heading { title: texts.title, captions };
    let inside = layout::draw_overlay_box(&heading, theme, area, buf).inner(Margin::new(1, 0));
    let width = usize::from(inside.width);
    let mut head = wrap_rows(&texts.command, theme, width);
    if head.len() > MAX_COMMAND_LINES {
        head.truncate(MAX_COMMAND_LINES);
        let more = theme.pick("…", "...");
        if let Some(last) = head.last_mut() {
            *last = text::truncate(format!("{last}{more}"), theme, width);
        }
    }
    let [command, _, body, keys] = inside.layout(&Layout::vertical([
        Constraint::Length(head.len() as u16),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]));
    draw_rows(head, theme.strong(), command, buf);
    let (below, style) = match output {
        Some(output) if count > 0 => {
            let shown = lines(output).skip(pager.top);
            let shown =
                shown.take(body.height.into()).flat_map(|line| wrap_rows(line, theme, width));
            (shown.collect(), theme.text())
        }
        _ => (wrap_rows(&texts.no_output, theme, width), theme.muted()),
    };
    draw_rows(below, style, body, buf);
    Line::styled(text::truncate(texts.hints, theme, width), theme.muted()).render(keys, buf);
}

/// Returns the texts of a command.
fn command_texts(run: &Run, task: TaskId, app: &App) -> PagerTexts {
    let (number, all) = (task.0, run.progress().known_tasks());
    let key = |action| app.key_of(action);
    let (previous, next) = (key(Action::PreviousSpan), key(Action::NextSpan));
    PagerTexts {
        title: format!(" command {number} of {all}, {} ", outcome_text(run, task, app.now())),
        command: run.plan().command(task).unwrap_or_default().to_owned(),
        no_output: no_output_text(run, task),
        hints: key_hints(app, &format!("{previous}/{next} other commands  ")),
    }
}

/// Returns the texts of a watched program.
fn program_texts(run: &Run, app: &App) -> PagerTexts {
    let program = run.plan().work.program();
    let exit = run.program().and_then(ProgramRecord::exit);
    let omitted = run.program().map_or(0, |program| program.output().1);
    let state = match exit {
        Some(status) => status.to_string(),
        None if run.is_over() => "no longer watched".to_owned(),
        None => "running".to_owned(),
    };
    let omitted = match omitted {
        0 => String::new(),
        bytes => format!(", {bytes} bytes not kept"),
    };
    let is_attached = program.is_some_and(|program| program.attached);
    PagerTexts {
        title: format!(" output, {state}{omitted} "),
        command: program.map(|program| program.command.clone()).unwrap_or_default(),
        no_output: if is_attached {
            "The output of a program that was running already goes to its own terminal.".to_owned()
        } else if run.is_over() {
            "No output.".to_owned()
        } else {
            "No output yet.".to_owned()
        },
        hints: key_hints(app, ""),
    }
}

/// Returns the state or the outcome of a command, and its duration.
fn outcome_text(run: &Run, task: TaskId, now: Nanos) -> String {
    let Some(record) = run.tasks().get(task) else { return "not started".to_owned() };
    let lane = run.lanes().get(usize::from(record.lane.0));
    let span = lane.and_then(|lane| lane.spans().rfind(|span| span.task == task));
    let took = span
        .map_or(Nanos::ZERO, |span| span.end.unwrap_or_else(|| run.elapsed(now)).since(span.start));
    match (&record.outcome, run.tasks().output(task)) {
        (Some(TaskOutcome::Stopped | TaskOutcome::Requeued(_)), _) => format!("stopped, {took}"),
        (Some(_), Some(output)) => format!("{}, {took}, {} bytes", output.status, output.bytes),
        (Some(_), None) => "not run".to_owned(),
        (None, _) => format!("running, {took}"),
    }
}

/// Returns the text shown for a command without output.
fn no_output_text(run: &Run, task: TaskId) -> String {
    match run.tasks().get(task).map(|record| record.outcome) {
        None => "Not started yet.".to_owned(),
        Some(None) => "Still running; its output is shown here when it ends.".to_owned(),
        Some(Some(TaskOutcome::Failed(failure))) => format!("No output: {failure}."),
        Some(Some(_)) => "No output.".to_owned(),
    }
}

fn key_hints(app: &App, others: &str) -> String {
    let key = |action| app.key_of(action);
    format!(
        "{}/{} scroll  {others}{} close",
        key(Action::NextLane),
        key(Action::PreviousLane),
        key(Action::Back)
    )
}

fn draw_rows(rows: Vec<String>, style: Style, area: Rect, buf: &mut Buffer) {
    for (row, area) in rows.into_iter().zip(area.rows()) {
        Line::styled(row, style).render(area, buf);
    }
}

/// Wraps a printable line into rows of `width` cells; at least one.
fn wrap_rows(line: &str, theme: Theme, width: usize) -> Vec<String> {
    let (mut rows, mut used) = (vec![String::new()], 0);
    for c in printable_line(line, theme).chars() {
        let cells = c.width().unwrap_or(0);
        if used + cells > width {
            rows.push(String::new());
            used = 0;
        }
        used += cells;
        if let Some(row) = rows.last_mut() {
            row.push(c);
        }
    }
    rows
}

/// Expands tabs in a line, and escapes all other control characters.
fn printable_line(line: &str, theme: Theme) -> String {
    let mut drawable = String::new();
    let mut parts = line.split('\t').peekable();
    while let Some(part) = parts.next() {
        drawable.push_str(&text::to_drawable(escape_controls(part), theme));
        if parts.peek().is_some() {
            let used = text::width(&drawable);
            drawable.push_str(&" ".repeat(TAB_WIDTH - used % TAB_WIDTH));
        }
    }
    drawable
}
