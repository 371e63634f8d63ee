//! The table of all attempts, as an overlay: as many columns as fit, and only the rows in view.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::layout::{self, Heading};
use super::text::{self, group_thousands, width};
use super::theme::Theme;
use super::thread_labels::{reason_texts, thread_name};
use crate::analysis::attempt_table::AttemptColumn;
use crate::analysis::program::{WaitSum, longest_wait};
use crate::analysis::{Attempt, AttemptOutcome, plural};
use crate::app::{Action, App, TableView};
use crate::model::{ExitStatus, Failure, Nanos, ProgramRecord, Run, State, Workload};

/// A column on the screen.
struct TableColumn {
    column: AttemptColumn,
    caption: &'static str,
    /// The minimum width, and in the end the width.
    width: usize,
    /// Columns with a higher rank are dropped first.
    rank: usize,
    /// Numbers are aligned right.
    is_number: bool,
}

impl TableColumn {
    fn new(column: AttemptColumn, workload: Workload) -> Self {
        let (caption, width, rank, is_number) = match column {
            AttemptColumn::Task if workload.is_command() => ("command", 22, 0, false),
            AttemptColumn::Task if workload.is_program() => ("thread", 18, 0, false),
            AttemptColumn::Lane if workload.is_program() => ("tid", 9, 6, true),
            AttemptColumn::Status if workload.is_program() => ("state", 11, 4, false),
            AttemptColumn::Start if workload.is_program() => ("born", 11, 7, true),
            AttemptColumn::Service if workload.is_program() => ("lived", 10, 8, true),
            AttemptColumn::OnCpu => ("on CPU", 17, 1, true),
            AttemptColumn::NoCore => ("no core", 17, 3, true),
            AttemptColumn::Switches => ("switches", 10, 5, true),
            AttemptColumn::WaitedFor => ("waited most for", 28, 2, false),
            AttemptColumn::Task => ("task", 8, 0, false),
            AttemptColumn::Mode => ("mode", 11, 6, false),
            AttemptColumn::Lane => ("lane", 11, 7, false),
            AttemptColumn::Attempt => ("try", 5, 9, true),
            AttemptColumn::Status => ("status", 9, 3, false),
            AttemptColumn::Start => ("start", 11, 4, true),
            AttemptColumn::Service => ("service", 10, 2, true),
            AttemptColumn::Bytes => ("bytes", 11, 8, true),
            AttemptColumn::Results => (workload.spec().results.unwrap_or("results"), 11, 10, true),
            AttemptColumn::Connection => ("conn", 6, 11, false),
            AttemptColumn::Error => ("error", 14, 5, false),
        };
        Self { column, caption, width, rank, is_number }
    }
}

pub(super) fn draw(table_view: &TableView, app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let visible: Vec<(&Run, Nanos)> = app.visible_runs().collect();
    let table = table_view.table();
    let all = table.len();
    let count = u32::try_from(all).map_or_else(|_| all.to_string(), group_thousands);
    let is_program = app.selection().workload.is_program();
    let noun = if is_program { "thread" } else { "attempt" };
    let title = format!(" {count} {} ", plural::noun(all, noun));
    let captions = match all {
        0 => String::new(),
        _ => format!(" row {} ", table_view.selected_row() + 1),
    };
    let inside = layout::draw_overlay_box(&Heading { title, captions }, theme, area, buf);
    let [head, body, keys] = inside.layout(&Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]));
    // The mark before the columns takes the cell that the gap after the last column does not need.
    let columns = fitting_columns(app, table_view, inside.width.into());
    let heading = heading_text(table.column(), &columns, theme);
    Line::styled(
        text::truncate(heading.trim_end().to_owned(), theme, head.width.into()),
        theme.muted(),
    )
    .render(head, buf);
    if table.is_empty() {
        Line::styled(" no task has started yet", theme.muted()).render(body, buf);
    }
    // The selected row stays in the middle, except near both ends.
    let height = usize::from(body.height);
    let top = table_view.selected_row().saturating_sub(height / 2).min(all.saturating_sub(height));
    for (place, row) in (top..all).zip(body.rows()) {
        let row_at = table.row(place);
        let attempt =
            row_at.and_then(|row| Some((row.attempt(&visible)?, visible.get(row.run())?)));
        let Some((attempt, &(_, until))) = attempt else { continue };
        let chosen = place == table_view.selected_row();
        let mark = if chosen { ">" } else { " " };
        let line = mark.to_owned() + &row_text(&attempt, until, &columns, theme);
        let line = text::truncate(line.trim_end().to_owned(), theme, row.width.into());
        let style = if chosen { theme.selected() } else { theme.text() };
        let line = format!("{line}{:1$}", "", usize::from(row.width).saturating_sub(width(&line)));
        Line::styled(line, style).render(row, buf);
    }
    let chosen = table.row(table_view.selected_row()).and_then(|row| row.attempt(&visible));
    draw_last_row(app, chosen.as_ref().and_then(Attempt::failure), theme, keys, buf);
}

/// Draws the failure of the selected attempt, or the keys if it has not failed.
fn draw_last_row(app: &App, failure: Option<&Failure>, theme: Theme, area: Rect, buf: &mut Buffer) {
    let room = usize::from(area.width);
    let Some(failure) = failure else {
        let key = |action| app.key_of(action);
        let columns = format!("{} {} column", key(Action::PreviousColumn), key(Action::NextColumn));
        let (go, close) = (key(Action::Inspect), key(Action::Back));
        let forms = [
            format!(" {columns}  {go} show in timeline  {close} close"),
            format!(" {columns}  {go} show  {close} close"),
            format!(" {go} show  {close} close"),
        ];
        let hint = text::truncate(text::first_fitting(forms, room), theme, room);
        return Line::styled(hint, theme.muted()).render(area, buf);
    };
    let words = text::to_drawable(format!(" {}", failure.message), theme);
    Line::styled(text::truncate(words, theme, room), theme.problem()).render(area, buf);
}

/// Returns the columns that fit into `room` cells, in order. The sort column is dropped last. The
/// command column, that of waits, or else the error column, takes the remaining cells.
fn fitting_columns(app: &App, table_view: &TableView, room: usize) -> Vec<TableColumn> {
    let workload = app.selection().workload;
    let tells = |column: &AttemptColumn| match column {
        column if !column.applies_to(workload) => false,
        AttemptColumn::Results | AttemptColumn::Connection => workload.is_fetched(),
        AttemptColumn::Bytes => !workload.only_computes(),
        AttemptColumn::Mode => app.runs().len() > 1,
        AttemptColumn::Error => app.runs().iter().any(has_failed),
        _ => true,
    };
    let sorted = table_view.table().column();
    let all = AttemptColumn::ALL.into_iter().filter(|column| tells(column) || *column == sorted);
    let mut columns: Vec<TableColumn> =
        all.map(|column| TableColumn::new(column, workload)).collect();
    let tried_again = app
        .runs()
        .iter()
        .any(|run| run.progress().retry_count() > 0 || run.processes().requeue_count() > 0);
    let rank = |shown: &TableColumn| match shown.column {
        column if column == sorted => 0,
        // The rows of a task that was retried differ only there.
        AttemptColumn::Attempt if tried_again => 2,
        _ => shown.rank + 1,
    };
    let used = |columns: &[TableColumn]| columns.iter().map(|shown| shown.width).sum::<usize>();
    while used(&columns) > room && columns.len() > 1 {
        let last = columns.iter().map(rank).max();
        columns.retain(|shown| Some(rank(shown)) != last);
    }
    let left = room.saturating_sub(used(&columns));
    let widest = columns.iter_mut().find(|shown| match shown.column {
        AttemptColumn::Task => workload.is_command(),
        AttemptColumn::WaitedFor => true,
        column => column == AttemptColumn::Error && !workload.is_command(),
    });
    if let Some(widest) = widest {
        widest.width += left;
    }
    columns
}

/// Returns whether any attempt failed.
fn has_failed(run: &Run) -> bool {
    run.failed_task().is_some()
        || run.progress().retry_count() > 0
        || run.processes().requeue_count() > 0
}

/// Returns the captions, with a mark on the sort column.
fn heading_text(sorted: AttemptColumn, columns: &[TableColumn], theme: Theme) -> String {
    let mark = if sorted.is_descending() { theme.pick("▼", "v") } else { theme.pick("▲", "^") };
    let name = |shown: &TableColumn| {
        let mark = if shown.column == sorted { mark } else { "" };
        padded_cell(&format!("{}{mark}", shown.caption), shown)
    };
    columns.iter().map(name).fold(" ".to_owned(), |line, cell| line + &cell)
}

/// Returns the cells of a row.
fn row_text(attempt: &Attempt<'_>, until: Nanos, columns: &[TableColumn], theme: Theme) -> String {
    let value = |shown: &TableColumn| {
        let text = text::to_drawable(cell_text(shown.column, attempt, until), theme);
        padded_cell(&text::truncate(text, theme, shown.width.saturating_sub(1)), shown)
    };
    columns.iter().map(value).collect::<Vec<String>>().concat()
}

/// Pads a text to its column, numbers to the right, with a gap of one cell.
fn padded_cell(text: &str, shown: &TableColumn) -> String {
    let pad = " ".repeat(shown.width.saturating_sub(width(text) + 1));
    if shown.is_number { format!("{pad}{text} ") } else { format!("{text}{pad} ") }
}

fn cell_text(column: AttemptColumn, attempt: &Attempt<'_>, until: Nanos) -> String {
    let Attempt { run, lane, span } = attempt;
    if let Some(record) = run.program()
        && let Some(text) = thread_cell_text(column, attempt, record, until)
    {
        return text;
    }
    let plan = run.plan();
    let end = span.end.filter(|&end| end <= until);
    match column {
        AttemptColumn::Task => plan.label(span.task),
        AttemptColumn::Mode => plan.selection().to_string(),
        AttemptColumn::Lane => run.worker_name(lane.0),
        AttemptColumn::Attempt => span.attempt.to_string(),
        AttemptColumn::Start => format!("{:.3} s", span.start.as_secs_f64()),
        AttemptColumn::Service if end.is_none() => until.since(span.start).to_string(),
        AttemptColumn::Service => {
            attempt.service_time().map_or_else(String::new, |time| time.to_string())
        }
        // The outcome is not shown before the attempt has ended.
        _ if end.is_none() => {
            if column == AttemptColumn::Status {
                "running".to_owned()
            } else {
                String::new()
            }
        }
        AttemptColumn::Status => match (attempt.outcome(), run.tasks().output(span.task)) {
            (AttemptOutcome::Done(Some(answer)), _) => answer.status.to_string(),
            (AttemptOutcome::Done(None) | AttemptOutcome::Failed { .. }, Some(output)) => {
                exit_status_text(output.status)
            }
            (AttemptOutcome::Done(None), None) => "done".to_owned(),
            (AttemptOutcome::Failed { failure, .. }, None) => {
                failure.status.map_or_else(|| "failed".to_owned(), |status| status.to_string())
            }
            (AttemptOutcome::Stopped, _) => "stopped".to_owned(),
            (AttemptOutcome::Running, _) => String::new(),
        },
        AttemptColumn::Bytes => attempt.bytes().map_or_else(String::new, |bytes| {
            u32::try_from(bytes).map_or_else(|_| bytes.to_string(), group_thousands)
        }),
        AttemptColumn::Results => {
            attempt.result_count().map_or_else(String::new, |count| count.to_string())
        }
        AttemptColumn::Connection => match attempt.outcome() {
            AttemptOutcome::Done(Some(answer)) if answer.connected => "new".to_owned(),
            AttemptOutcome::Done(Some(_)) => "kept".to_owned(),
            _ => String::new(),
        },
        AttemptColumn::OnCpu
        | AttemptColumn::NoCore
        | AttemptColumn::Switches
        | AttemptColumn::WaitedFor => String::new(),
        AttemptColumn::Error => {
            attempt.failure().map_or_else(String::new, |failure| failure.message.clone())
        }
    }
}

/// Returns a cell of a thread of a watched program, or `None` if it is the same as that of any task.
fn thread_cell_text(
    column: AttemptColumn,
    attempt: &Attempt<'_>,
    record: &ProgramRecord,
    until: Nanos,
) -> Option<String> {
    let Attempt { run, lane, span } = attempt;
    let thread = record.thread(span.task)?;
    let life = thread.ended.unwrap_or(until).min(until).since(thread.born);
    let share = |time: Nanos| {
        let percent = time.0 as f64 * 100.0 / life.0.max(1) as f64;
        format!("{time} {percent:>3.0} %")
    };
    Some(match column {
        AttemptColumn::Task => thread_name(run, span.task),
        AttemptColumn::Lane => thread.identity.tid.to_string(),
        AttemptColumn::Status if thread.ended.is_some_and(|ended| ended <= until) => {
            "ended".to_owned()
        }
        AttemptColumn::Status => {
            let lane = run.lanes().get(usize::from(lane.0))?;
            lane.state_at(Nanos(until.0.saturating_sub(1))).label().to_owned()
        }
        AttemptColumn::Service => life.to_string(),
        AttemptColumn::OnCpu => share(thread.counters.on_cpu),
        AttemptColumn::NoCore => share(thread.counters.no_core),
        AttemptColumn::Switches => thread.counters.switches.to_string(),
        AttemptColumn::WaitedFor => {
            let wait = longest_wait(run, record, thread, until);
            wait.map_or_else(String::new, |wait| wait_text(run, &wait, life))
        }
        _ => return None,
    })
}

/// Returns what a thread waited for with its share of the thread's life: `mutex held by main 74 %`.
fn wait_text(run: &Run, wait: &WaitSum<'_>, life: Nanos) -> String {
    let percent = wait.time.0 as f64 * 100.0 / life.0.max(1) as f64;
    let words = match wait.state {
        State::Sleeping => None,
        state => reason_texts(run, state, wait.reason).into_iter().next(),
    };
    format!("{} {percent:.0} %", words.unwrap_or_else(|| wait.state.label().to_owned()))
}

/// Returns the exit status of a command in short form.
fn exit_status_text(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("exit {code}"),
        ExitStatus::Signal(signal) => format!("signal {signal}"),
    }
}
