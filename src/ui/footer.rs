//! The key bar on the last row of the screen: the keys that have an effect now, the most useful first. A
//! message stands beside them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::hint::{GAP, Hint, keys_label};
use super::layout::ScreenLayout;
use super::theme::Theme;
use super::{lesson_hints, message, text};
use crate::app::{Action, App, DetailPane, ProgramRow};

fn run_hints(app: &App) -> Vec<Hint> {
    let runs = app.session().active().is_some();
    // Labels have the same width in every state, so that keys stay in place.
    let paused = app.picture().time_behind(app.session()).is_some() || app.is_playback_paused();
    let pause = if paused { "play " } else { "pause" };
    let run = if app.runs().is_empty() { "run      " } else { "run again" };
    let mut hints = vec![Hint(&[Action::NextMode], "mode")];
    hints.push(if runs { Hint(&[Action::Stop], "stop     ") } else { Hint(&[Action::Run], run) });
    if app.session().setup().workloads().len() > 1 {
        hints.push(Hint(&[Action::NextWorkload], "workload"));
    }
    match app.simulated_speed() {
        Some(_) => hints.extend([
            Hint(&[Action::Slower, Action::Faster], "speed"),
            Hint(&[Action::ScrubBack, Action::ScrubForward], "scrub"),
        ]),
        None if app.selection().workload.is_computed() => {
            hints.push(Hint(&[Action::Simulate], "slow motion"));
        }
        None => {}
    }
    if app.runs().iter().any(|run| run.gil().is_some()) {
        hints.push(Hint(&[Action::ShowGil], "GIL"));
    }
    if !app.selection().is_sweep() {
        hints.push(Hint(&[Action::FewerWorkers, Action::MoreWorkers], "workers"));
    }
    hints.push(Hint(&[Action::Pause], pause));
    if app.selection().is_sweep() && app.session().active() != Some(app.selection()) {
        hints.push(Hint(&[Action::FewerWorkers, Action::MoreWorkers], "counts"));
    }
    hints
}

/// Returns the hints for a replay.
fn recording_hints(app: &App) -> Vec<Hint> {
    let plays = app.replay_progress().is_some_and(|progress| progress.plays);
    vec![
        Hint(&[Action::Pause], if plays { "pause" } else { "play " }),
        Hint(&[Action::Run], "again"),
        Hint(&[Action::ScrubBack, Action::ScrubForward], "scrub"),
        Hint(&[Action::StepBack, Action::StepForward], "step"),
        Hint(&[Action::Slower, Action::Faster], "speed"),
        Hint(&[Action::NextMode], "mode"),
    ]
}

/// Returns the hints for a watched program.
fn program_hints(app: &App) -> Vec<Hint> {
    let paused = app.picture().time_behind(app.session()).is_some() || app.is_playback_paused();
    let mut hints = vec![Hint(&[Action::NextLane, Action::PreviousLane], "thread")];
    hints.push(Hint(
        &[Action::Inspect],
        match app.picture().selected_row() {
            None => "output",
            Some(ProgramRow::Group(_)) => "fold",
            Some(ProgramRow::Lane { .. }) => "info",
        },
    ));
    hints.extend([
        Hint(&[Action::Pause], if paused { "play " } else { "pause" }),
        Hint(&[Action::Order], "order"),
        Hint(&[Action::HideWaiting], "hide"),
        Hint(&[Action::Find], "find"),
    ]);
    if app.session().active().is_some() && app.replay_progress().is_none() {
        hints.insert(0, Hint(&[Action::Stop], "stop"));
    }
    if app.runs().iter().any(|run| run.gil().is_some()) {
        hints.push(Hint(&[Action::ShowGil], "GIL"));
    }
    hints
}

/// Returns all hints that apply now, the most useful first, without those for help and quitting.
fn all_hints(app: &App) -> Vec<Hint> {
    let mut hints = match (app.course(), app.lesson()) {
        (Some(_), None) => lesson_hints::of_list(),
        (_, Some(lesson)) => {
            let mut hints = lesson_hints::of_lesson(app, lesson);
            hints.extend(
                timeline_hints(app).into_iter().filter(|hint| lesson_hints::fits(lesson, hint)),
            );
            hints
        }
        (None, None) => timeline_hints(app),
    };
    hints.retain(|Hint(actions, _)| actions.iter().all(|&action| app.keymap().is_bound(action)));
    hints
}

/// Returns the hints of a timeline.
fn timeline_hints(app: &App) -> Vec<Hint> {
    let is_program = app.selection().workload.is_program();
    let mut hints = match app.replay_progress() {
        Some(_) => recording_hints(app),
        None if is_program => program_hints(app),
        None => run_hints(app),
    };
    hints.extend([
        Hint(&[Action::ZoomIn, Action::ZoomOut], "zoom"),
        Hint(&[Action::PanLeft, Action::PanRight], "pan"),
        Hint(&[Action::Fit], "fit"),
        Hint(&[Action::NextLane, Action::PreviousLane], "lane"),
        Hint(&[Action::Theme], "theme"),
    ]);
    if is_program && app.replay_progress().is_some() {
        hints.retain(|Hint(actions, _)| *actions != [Action::NextMode]);
        hints.extend(program_hints(app));
    } else if is_program {
        hints.retain(|Hint(_, word)| *word != "lane");
    }
    if app.selection().workload.is_command() {
        hints.insert(2, Hint(&[Action::Inspect], "output"));
    }
    if app.picture().lane_index().is_some() || app.picture().cursor().is_some() {
        hints.splice(0..0, inspection_hints(app));
    }
    hints
}

/// The hints that are always shown, at the end.
const LAST_HINTS: [Hint; 2] = [Hint(&[Action::Help], "help"), Hint(&[Action::Quit], "quit")];

/// Returns the hints that fit in `room` cells.
fn hints_in(app: &App, theme: Theme, room: usize) -> Vec<Hint> {
    let last: usize = LAST_HINTS.iter().map(|hint| hint.width(app, theme)).sum();
    let mut left = room.saturating_sub(last + 1);
    let mut hints = all_hints(app);
    hints.retain(|hint| {
        let rest = left.checked_sub(hint.width(app, theme));
        // No less useful hint takes the place of one that does not fit.
        left = rest.unwrap_or(0);
        rest.is_some()
    });
    hints.extend(LAST_HINTS);
    hints
}

/// Returns the message, and the number of cells that it leaves to the keys. `None` if it has to stand
/// above them: a notice that is too long. The match of a search is shortened instead, so that it covers
/// no lane.
fn message_beside(app: &App, theme: Theme, width: usize) -> Option<(Line<'static>, usize)> {
    let last: usize = LAST_HINTS.iter().map(|hint| hint.width(app, theme)).sum();
    let room = width.checked_sub(last + 2 + GAP)?;
    let longest = if app.notice().is_some() { usize::MAX } else { room };
    let message = message::line(app, theme, longest).filter(|message| message.width() <= room)?;
    let left = width - message.width() - 1 - GAP;
    Some((message, left))
}

/// Draws the keys, with a message beside them if there is one and it fits.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let (message, room) = message_beside(app, theme, width).unzip();
    let mut spans = vec![Span::raw(" ")];
    for Hint(actions, word) in hints_in(app, theme, room.unwrap_or(width)) {
        spans.push(Span::styled(keys_label(app, actions, theme), theme.key()));
        spans.push(Span::styled(format!(" {word}{:GAP$}", ""), theme.muted()));
    }
    Line::from(spans).render(area, buf);
    if let Some(message) = message {
        let area = Rect { width: area.width.saturating_sub(1), ..area };
        message.alignment(Alignment::Right).render(area, buf);
    }
}

/// Draws what stands over the other parts of the screen: a message that is too long for the row of the
/// keys, and the input of the search.
pub(super) fn draw_over(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    if ScreenLayout::for_size(area.as_size()).is_some()
        && message_beside(app, theme, width).is_none()
        && let Some(message) = message::line(app, theme, width.saturating_sub(2))
    {
        message::draw_above(message, area, buf);
    }
    message::draw_input(app, theme, area, buf);
}

/// Returns the action of the hint at a column of the key bar. The keys of a hint have an action each;
/// its word stands for the first.
pub(super) fn action_at(app: &App, theme: Theme, area: Rect, column: u16) -> Option<Action> {
    let width = usize::from(area.width);
    let room = message_beside(app, theme, width).map_or(width, |(_, room)| room);
    let mut place = usize::from(column.checked_sub(area.x + 1)?);
    for hint in hints_in(app, theme, room) {
        let width = hint.width(app, theme);
        if let Some(after) = place.checked_sub(width) {
            place = after;
            continue;
        }
        let Hint(actions, _) = hint;
        let (first, keys) = (actions.get(..1)?, text::width(&keys_label(app, actions, theme)));
        let is_second = place > text::width(&keys_label(app, first, theme)) && place < keys;
        return (place + GAP < width).then(|| actions.get(usize::from(is_second)).copied())?;
    }
    None
}

/// Returns the hints for a selected lane or a cursor.
fn inspection_hints(app: &App) -> Vec<Hint> {
    let mut hints = vec![Hint(&[Action::PreviousSpan, Action::NextSpan], "span")];
    let workload = app.selection().workload;
    if !workload.is_command() && !workload.is_program() {
        let open = app.picture().detail_pane() == Some(DetailPane::Inspector);
        hints.push(Hint(&[Action::Inspect], if open { "close" } else { "info" }));
    }
    if app.picture().cursor().is_none() {
        return hints;
    }
    hints.push(Hint(&[Action::CursorLeft, Action::CursorRight], "cursor"));
    hints.push(Hint(
        &[Action::Range],
        if app.picture().is_selecting_range() { "end range" } else { "range" },
    ));
    hints.push(Hint(&[Action::FitSelection], "fit"));
    hints.push(Hint(&[Action::Back], "back"));
    hints
}
