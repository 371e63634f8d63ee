//! The first two rows of a watched program: its command, its process, and how exact its events are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::layout::{ScreenLayout, draw_left_and_right};
use super::text;
use super::theme::Theme;
use crate::analysis::plural;
use crate::analysis::program::accuracy_text;
use crate::app::{Action, App};
use crate::model::printable::printable_up_to;
use crate::model::{
    Accuracy, Exactness, Nanos, ProgramRecord, ReasonSource, Run, RunOutcome, WatchedProgram,
};

/// The gap between two parts of a row.
const GAP: &str = "   ";

/// The time within which coarse edges are known: longer than between two looks.
const COARSE_PERIOD: Nanos = Nanos::from_millis(100);

/// The maximum length of a command in characters. More would be cut anyway.
const MAX_COMMAND_CHARS: usize = 500;

/// Returns the program that is watched, with what the latest run knows of it.
pub(super) fn watched_program(app: &App) -> Option<&WatchedProgram> {
    let run = app.runs().iter().find_map(|run| run.plan().work.program());
    run.or(app.session().setup().program.as_ref())
}

/// Draws the program's command, shortened in the middle, and the progress of a replay.
pub(super) fn draw_title(
    app: &App,
    theme: Theme,
    program: &WatchedProgram,
    [replay, help]: [String; 2],
    area: Rect,
    buf: &mut Buffer,
) {
    let width = usize::from(area.width);
    let name = if width >= 60 { format!("threadline{GAP}") } else { String::new() };
    let help = if width >= 60 { help } else { String::new() };
    let taken = 1 + name.len() + "watch ".len() + text::width(&replay) + text::width(&help);
    let command = command_text(program, theme, width.saturating_sub(taken));
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(name, theme.strong()),
        Span::styled("watch ", theme.strong()),
        Span::raw(command),
        Span::styled(replay, theme.strong()),
    ]);
    let help = if app.keymap().is_bound(Action::Help) { help } else { String::new() };
    draw_left_and_right(line, Span::styled(help, theme.muted()).into(), area, buf);
}

/// Draws the process and the exactness of its events. The command comes first if the screen has no
/// title row.
pub(super) fn draw_process(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    program: &WatchedProgram,
    area: Rect,
    buf: &mut Buffer,
) {
    let run = app.runs().first();
    let width = usize::from(area.width);
    let (left, room) = if layout.has_headings() {
        let left = text::first_fitting(process_texts(run, program), width * 3 / 5);
        (Line::styled(format!(" {left}"), theme.muted()), width * 2 / 5)
    } else {
        let accuracy = accuracy_texts(run).pop().unwrap_or_default();
        let room = width.saturating_sub("watch ".len() + accuracy.len() + 4);
        let command = command_text(program, theme, room);
        let watch = Span::styled(" watch ", theme.strong());
        (Line::from(vec![watch, Span::raw(command)]), accuracy.len())
    };
    let is_exact = run.and_then(accuracy_of).is_none_or(|one| one.edges == Exactness::Exact);
    let style = if is_exact { theme.muted() } else { theme.strong() };
    let room = room.max(width.saturating_sub(left.width() + 4));
    let forms = accuracy_texts(run).into_iter().map(|form| text::to_drawable(form, theme));
    let accuracy = format!("{} ", text::first_fitting(forms, room.saturating_sub(1)));
    draw_left_and_right(left, Span::styled(accuracy, style).into(), area, buf);
}

/// Returns the command in `room` cells: its beginning and its end.
fn command_text(program: &WatchedProgram, theme: Theme, room: usize) -> String {
    let command = printable_up_to(&program.command, MAX_COMMAND_CHARS);
    text::truncate_middle(text::to_drawable(command, theme), theme, room)
}

/// Returns the process and where it came from, from the longest form to the shortest.
fn process_texts(run: Option<&Run>, program: &WatchedProgram) -> Vec<String> {
    let mut parts = Vec::new();
    if program.pid > 0 {
        parts.push(format!("pid {}", program.pid));
    }
    let exit = run.and_then(Run::program).and_then(ProgramRecord::exit);
    let outcome = run.and_then(Run::outcome);
    parts.push(match (exit, program.attached) {
        (Some(status), _) => status.to_string(),
        (None, true) if outcome == Some(&RunOutcome::Finished) => "has ended".to_owned(),
        (None, _) if run.is_some_and(Run::is_over) => "no longer watched".to_owned(),
        (None, true) => "attached".to_owned(),
        (None, false) => "launched".to_owned(),
    });
    parts.push(format!("may use {}", plural::count(program.cores, "core")));
    let forms = (1..=parts.len()).rev().filter_map(|count| parts.get(..count));
    forms.map(|some| some.join(GAP)).collect()
}

/// Returns the latest exactness that a run knows of.
pub(super) fn accuracy_of(run: &Run) -> Option<&Accuracy> {
    run.program()?.accuracy()
}

/// Returns the time within which the edges of a run's states are known: zero if they are exact.
pub(super) fn edge_period(run: &Run) -> Nanos {
    match accuracy_of(run).map(|accuracy| accuracy.edges) {
        None | Some(Exactness::Exact) => Nanos::ZERO,
        Some(Exactness::Counted { period }) => period,
        Some(Exactness::Coarse) => COARSE_PERIOD,
    }
}

/// Returns how exact the events of a run are, from the longest form to the shortest.
pub(super) fn accuracy_texts(run: Option<&Run>) -> Vec<String> {
    let Some(accuracy) = run.and_then(accuracy_of) else { return vec![String::new()] };
    let edges = match accuracy.edges {
        Exactness::Exact => "exact".to_owned(),
        Exactness::Counted { period } => format!("counted \u{b1} {period}"),
        Exactness::Coarse => "coarse".to_owned(),
    };
    let reasons = match accuracy.reasons {
        ReasonSource::Syscall => "",
        ReasonSource::Wchan => ", reasons by kernel function",
        ReasonSource::None => ", no reasons for waiting",
    };
    let cause = accuracy.why.as_ref().and_then(|why| why.split_once(": "));
    let short = cause.map(|(cause, _)| format!("{edges} ({})", printable_up_to(cause, 80)));
    let longest = format!("{}{reasons}", accuracy_text(accuracy));
    [longest].into_iter().chain(short).chain([format!("{edges}{reasons}"), edges]).collect()
}
