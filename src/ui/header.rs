//! The first two rows: what is fetched from where, and the modes to choose from.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::text;
use super::theme::Theme;
use crate::app::App;
use crate::app::keymap::{Action, key_of};
use crate::model::{Mode, Selection, Workload};

/// Draws name, target and size of the job.
pub(super) fn title(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let session = app.session();
    let help = format!("   {} help ", key_of(Action::Help));
    let name = " threadline   ";
    let workload = app.shown().workload;
    let target = session.target().filter(|_| workload == Workload::Followers);
    let per_page = target.map_or_else(String::new, |target| format!(" of {}", target.per_page));
    let thing = if target.is_some() { "page" } else { "task" };
    let pages = match session.tasks(workload) {
        Some(1) => format!("   1 {thing}{per_page}"),
        Some(tasks) => format!("   {tasks} {thing}s{per_page}"),
        None => String::new(),
    };
    // A long name or address yields to the figures.
    let taken = text::width(name) + text::width(&pages) + text::width(&help);
    let room = usize::from(area.width).saturating_sub(taken);
    let whose =
        target.map_or_else(String::new, |target| format!("{} @ {}", target.user, target.api));
    let whose = text::cut(whose, theme, room);
    let what = format!("   {workload}");
    let what = if text::width(&whose) + text::width(&what) <= room { what } else { String::new() };
    let left = Line::from(vec![
        Span::styled(name, theme.strong()),
        Span::raw(whose),
        Span::styled(format!("{what}{pages}"), theme.quiet()),
    ]);
    left_and_right(left, Span::styled(help, theme.quiet()).into(), area, buf);
}

/// Draws the modes with their keys, and how many workers the next threaded run has.
pub(super) fn modes(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut spans = vec![Span::raw(" ")];
    for (index, selection) in Selection::all(app.shown().workload).enumerate() {
        let (key, name) = (key_of(Action::Mode(index)), selection.to_string());
        let runs = app.session().active() == Some(selection);
        // One cell, so that no name moves when a run begins or ends.
        let mark = if runs { theme.pick("…", "~") } else { " " };
        if selection == app.shown() {
            spans.push(Span::styled(format!(" {key} {name}{mark}"), theme.chosen()));
        } else {
            spans.push(Span::styled(format!(" {key}"), theme.key()));
            spans.push(Span::styled(format!(" {name}{mark}"), theme.quiet()));
        }
        spans.push(Span::raw(" "));
    }
    left_and_right(Line::from(spans), workers(app, theme), area, buf);
}

fn workers(app: &App, theme: Theme) -> Line<'static> {
    let workload = app.shown().workload;
    let shown = app.runs().iter().find(|run| run.plan().mode != Mode::Sequential);
    let workers = shown.map_or_else(|| app.session().workers(workload), |run| run.plan().workers);
    let up_to = if app.session().knows_workers(workload) { "" } else { "up to " };
    let mut spans = vec![Span::styled(format!("workers {up_to}{workers}"), theme.quiet())];
    if let Some(next) = app.next_workers() {
        spans.push(Span::styled(format!(", next run {next}"), theme.strong()));
    }
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// Draws one line from the left and one from the right; the right one yields.
pub(super) fn left_and_right(left: Line<'_>, right: Line<'_>, area: Rect, buf: &mut Buffer) {
    let fits = left.width() + right.width() <= usize::from(area.width);
    left.render(area, buf);
    if fits {
        right.alignment(Alignment::Right).render(area, buf);
    }
}
