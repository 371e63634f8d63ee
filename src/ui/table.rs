//! All tasks in a table over the picture: as many columns as have room, and only the rows in view.

use std::cmp::Reverse;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout as Split, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::text::{grouped, width};
use super::theme::Theme;
use super::{panel, text};
use crate::app::{Action, App, Listing};
use crate::model::table::Column;
use crate::model::{Attempt, ExitStatus, Fate, Nanos, Run, Workload};

/// A column on the screen.
struct Shown {
    column: Column,
    width: usize,
}

/// What a column is called, and how wide it is at least. A failure has what is left.
const fn form(column: Column, workload: Workload) -> (&'static str, usize) {
    match column {
        Column::Task if matches!(workload, Workload::Commands) => ("command", 22),
        Column::Task => ("task", 8),
        Column::Mode => ("mode", 11),
        Column::Lane => ("lane", 11),
        Column::Attempt => ("try", 5),
        Column::Status => ("status", 9),
        Column::Start => ("start", 11),
        Column::Service => ("service", 10),
        Column::Bytes => ("bytes", 11),
        Column::Followers => ("followers", 11),
        Column::Connection => ("conn", 6),
        Column::Error => ("error", 14),
    }
}

/// How early a column is left out where there is no room; the one that rows are sorted by never.
/// Where a task was tried again, its rows differ by the attempt.
const fn rank(column: Column, tried_again: bool) -> usize {
    match column {
        Column::Task => 0,
        Column::Attempt if tried_again => 1,
        Column::Service => 2,
        Column::Status => 3,
        Column::Start => 4,
        Column::Error => 5,
        Column::Mode => 6,
        Column::Lane => 7,
        Column::Bytes => 8,
        Column::Attempt => 9,
        Column::Followers => 10,
        Column::Connection => 11,
    }
}

/// Draws the table.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some(listing) = app.listing() else { return };
    let table = listing.table();
    let all = table.len();
    let count = u32::try_from(all).map_or_else(|_| all.to_string(), grouped);
    let title = format!(" {count} {} ", if all == 1 { "attempt" } else { "attempts" });
    let captions = match all {
        0 => String::new(),
        _ => format!(" row {} ", listing.chosen() + 1),
    };
    let inside = panel::popup(&title, &captions, theme, area, buf);
    let [head, body, keys] = inside.layout(&Split::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ]));
    // A mark stands before the columns, and the gap behind the last needs no room.
    let columns = columns(app, listing, inside.width.into());
    let heading = heading(app, listing, &columns, theme);
    Line::styled(text::cut(heading.trim_end().to_owned(), theme, head.width.into()), theme.quiet())
        .render(head, buf);
    if table.is_empty() {
        Line::styled(" no task has begun so far", theme.quiet()).render(body, buf);
    }
    // The row chosen stays in the middle, but for both ends.
    let height = usize::from(body.height);
    let top = listing.chosen().saturating_sub(height / 2).min(all.saturating_sub(height));
    for (place, row) in (top..all).zip(body.rows()) {
        let Some((attempt, until)) = table.row(place).and_then(|row| app.listed(row)) else {
            continue;
        };
        let chosen = place == listing.chosen();
        let mark = if chosen { ">" } else { " " };
        let line = mark.to_owned() + &line(&attempt, until, &columns, theme);
        let line = text::cut(line.trim_end().to_owned(), theme, row.width.into());
        let style = if chosen { theme.chosen() } else { theme.text() };
        let line = format!("{line}{:1$}", "", usize::from(row.width).saturating_sub(width(&line)));
        Line::styled(line, style).render(row, buf);
    }
    last_row(app, listing, theme, keys, buf);
}

/// Why the attempt chosen failed, if it did, in full; else the keys.
fn last_row(app: &App, listing: &Listing, theme: Theme, area: Rect, buf: &mut Buffer) {
    let chosen = listing.table().row(listing.chosen()).and_then(|row| app.listed(row));
    let failure = chosen.and_then(|(attempt, _)| attempt.failure());
    let room = usize::from(area.width);
    let Some(failure) = failure else {
        let key = |action| app.key_of(action);
        let columns = format!("{} {} column", key(Action::PreviousColumn), key(Action::NextColumn));
        let (invert, go, close) = (key(Action::Invert), key(Action::Inspect), key(Action::Back));
        let forms = [
            format!(" {columns}  {invert} invert  {go} to the timeline  {close} close"),
            format!(" {columns}  {invert} invert  {go} go to  {close} close"),
            format!(" {columns}  {go} go to  {close} close"),
            format!(" {go} go to  {close} close"),
        ];
        let hint = text::cut(text::fitting(forms, room), theme, room);
        return Line::styled(hint, theme.quiet()).render(area, buf);
    };
    let words = text::drawable(format!(" {}", failure.message), theme);
    Line::styled(text::cut(words, theme, room), theme.problem()).render(area, buf);
}

/// The columns that fit into `room` cells, from the left; a failure has what is left.
fn columns(app: &App, listing: &Listing, room: usize) -> Vec<Shown> {
    let workload = app.shown().workload;
    let tells = |column: &Column| match column {
        Column::Followers | Column::Connection => matches!(workload, Workload::Followers),
        Column::Bytes => !matches!(workload, Workload::Cpu | Workload::Native),
        Column::Mode => app.runs().len() > 1,
        Column::Error => app.runs().iter().any(has_failed),
        _ => true,
    };
    let (sorted, _) = listing.table().order();
    let all = Column::ALL.into_iter().filter(|column| tells(column) || *column == sorted);
    let mut columns: Vec<Shown> =
        all.map(|column| Shown { column, width: form(column, workload).1 }).collect();
    let mut last: Vec<Column> = columns.iter().map(|shown| shown.column).collect();
    let tried_again = app.runs().iter().any(|run| run.retries() > 0 || run.lost() > 0);
    last.sort_by_key(|&column| Reverse((column != sorted, rank(column, tried_again))));
    let used = |columns: &[Shown]| columns.iter().map(|shown| shown.width).sum::<usize>();
    for column in last {
        if used(&columns) <= room || columns.len() == 1 {
            break;
        }
        columns.retain(|shown| shown.column != column);
    }
    let left = room.saturating_sub(used(&columns));
    let widest = columns.iter_mut().find(|shown| match shown.column {
        Column::Task => workload == Workload::Commands,
        column => column == Column::Error && workload != Workload::Commands,
    });
    if let Some(widest) = widest {
        widest.width += left;
    }
    columns
}

/// Whether any attempt failed.
fn has_failed(run: &Run) -> bool {
    run.failed_task().is_some() || run.retries() > 0 || run.lost() > 0
}

/// The columns' names, with a mark at the one that rows are sorted by.
fn heading(app: &App, listing: &Listing, columns: &[Shown], theme: Theme) -> String {
    let (sorted, inverted) = listing.table().order();
    let mark = if inverted { theme.pick("▼", "v") } else { theme.pick("▲", "^") };
    let name = |shown: &Shown| {
        let (name, _) = form(shown.column, app.shown().workload);
        let mark = if shown.column == sorted { mark } else { "" };
        cell(&format!("{name}{mark}"), shown)
    };
    columns.iter().map(name).fold(" ".to_owned(), |line, cell| line + &cell)
}

/// A row's cells.
fn line(attempt: &Attempt<'_>, until: Nanos, columns: &[Shown], theme: Theme) -> String {
    let value = |shown: &Shown| {
        let text = text::drawable(value(shown.column, attempt, until), theme);
        cell(&text::cut(text, theme, shown.width.saturating_sub(1)), shown)
    };
    columns.iter().map(value).collect::<Vec<String>>().concat()
}

/// A text in its column, numbers at the right, with a cell between two columns.
fn cell(text: &str, shown: &Shown) -> String {
    let pad = " ".repeat(shown.width.saturating_sub(width(text) + 1));
    match shown.column {
        Column::Attempt | Column::Start | Column::Service | Column::Bytes | Column::Followers => {
            format!("{pad}{text} ")
        }
        _ => format!("{text}{pad} "),
    }
}

fn value(column: Column, attempt: &Attempt<'_>, until: Nanos) -> String {
    let Attempt { run, lane, span } = attempt;
    let plan = run.plan();
    let end = span.end.filter(|&end| end <= until);
    match column {
        Column::Task => plan.label(span.task),
        Column::Mode => plan.selection().to_string(),
        Column::Lane => run.worker_name(lane.0),
        Column::Attempt => span.attempt.to_string(),
        Column::Start => format!("{:.3} s", span.start.as_secs_f64()),
        Column::Service if end.is_none() => until.since(span.start).to_string(),
        Column::Service => attempt.service().map_or_else(String::new, |time| time.to_string()),
        // What became of it is not shown yet.
        _ if end.is_none() => {
            if column == Column::Status {
                "goes on".to_owned()
            } else {
                String::new()
            }
        }
        Column::Status => match (attempt.fate(), run.output(span.task)) {
            (Fate::Done(Some(answer)), _) => answer.status.to_string(),
            (Fate::Done(None) | Fate::Failed(_), Some(output)) => status(output.status),
            (Fate::Done(None), None) => "done".to_owned(),
            (Fate::Failed(failure), None) => {
                failure.status.map_or_else(|| "failed".to_owned(), |status| status.to_string())
            }
            (Fate::Stopped, _) => "stopped".to_owned(),
            (Fate::Open, _) => String::new(),
        },
        Column::Bytes => attempt.bytes().map_or_else(String::new, |bytes| {
            u32::try_from(bytes).map_or_else(|_| bytes.to_string(), grouped)
        }),
        Column::Followers => {
            attempt.followers().map_or_else(String::new, |count| count.to_string())
        }
        Column::Connection => match attempt.fate() {
            Fate::Done(Some(answer)) if answer.connected => "new".to_owned(),
            Fate::Done(Some(_)) => "kept".to_owned(),
            _ => String::new(),
        },
        Column::Error => {
            attempt.failure().map_or_else(String::new, |failure| failure.message.clone())
        }
    }
}

/// How a command ended, in short.
fn status(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("exit {code}"),
        ExitStatus::Signal(signal) => format!("signal {signal}"),
    }
}
