//! The last rows of the screen: the legend; and the keys, or in their place a notice, the input of the
//! search or its current match.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::text;
use super::theme::Theme;
use crate::analysis::search::SearchMatch;
use crate::app::{Action, App, DetailPane, SearchStatus};
use crate::model::printable::{escape_controls, printable};
use crate::model::{Mode, Selection, State, Target};

/// The prompt of the search.
const PROMPT: &str = "find: ";

/// The hint on the input, from the longest form to the shortest. Enter and Esc cannot be rebound
/// here.
const HINTS: [&str; 5] = [
    "a page, a login, a status, words of an error or a command   Enter finds  Esc closes ",
    "page, login, status, error   Enter finds  Esc closes ",
    "Enter finds  Esc closes ",
    "Enter finds ",
    "",
];

/// Returns the states that can occur in the selection. The built-in server has no rate limit.
fn legend_states(app: &App) -> impl Iterator<Item = State> {
    let Selection { workload, .. } = app.selection();
    let modes = app.selection().modes();
    let built_in = app.session().target().is_some_and(Target::is_built_in);
    let has_gaps = app.runs().iter().any(|run| run.timing().losses().gaps > 0);
    State::ALL.into_iter().filter(move |state| match state {
        State::Idle => false,
        State::Starting | State::HandOver => modes.contains(&Mode::Processes),
        State::LockWait => modes.contains(&Mode::Gil),
        State::Throttled if built_in => false,
        // A worker process may die during any task.
        State::Unknown => has_gaps,
        State::Error if modes.contains(&Mode::Processes) => true,
        state => workload.spec().states.contains(state),
    })
}

/// A sample of the timeline with its meaning.
struct LegendEntry {
    glyph: &'static str,
    /// The number of cells of the sample, if there is room.
    cells: usize,
    style: Style,
    words: &'static str,
    /// The entry with the highest rank is dropped first.
    rank: usize,
}

/// Draws a sample and a label for each state. If they do not fit, samples shrink to one cell, and
/// then entries are dropped.
pub(super) fn draw_legend(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let states = legend_states(app).chain([State::Idle]);
    let entries: Vec<LegendEntry> = states
        .map(|state| {
            let (glyph, style) = theme.state_cell(state);
            LegendEntry { glyph, cells: 2, style, words: state.label(), rank: drop_rank(state) }
        })
        .collect();
    let room = usize::from(area.width);
    let (mut kept, mut wide) = (entries, true);
    while legend_line(&kept, theme, wide).width() > room + 2 {
        if wide {
            wide = false;
        } else {
            let lowest = (0..kept.len()).max_by_key(|&at| kept.get(at).map(|entry| entry.rank));
            let Some(lowest) = lowest else { return };
            kept.remove(lowest);
        }
    }
    legend_line(&kept, theme, wide).render(area, buf);
}

/// Returns the rank of a state in the legend; higher ranks are dropped first. Work matters more than
/// waiting, and idle matters least.
const fn drop_rank(state: State) -> usize {
    match state {
        State::Computing | State::Running => 0,
        State::Waiting | State::LockWait => 1,
        State::Native | State::Receiving => 2,
        State::Throttled | State::Unknown | State::Error => 3,
        State::Connecting => 4,
        State::Starting => 5,
        State::HandOver => 6,
        State::Idle => 7,
    }
}

fn legend_line(entries: &[LegendEntry], theme: Theme, wide: bool) -> Line<'static> {
    let mut line = Line::raw(" ");
    for LegendEntry { glyph, cells, style, words, .. } in entries {
        let glyphs = glyph.repeat(if wide { *cells } else { 1 });
        let words = Span::styled(format!(" {words}"), theme.muted());
        line.extend([Span::styled(glyphs, *style), words, Span::raw("  ")]);
    }
    line
}

/// The actions of a hint, and its label.
struct Hint(&'static [Action], &'static str);

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

/// Draws a notice, or the keys that have an effect now: as many as fit, the most useful first.
pub(super) fn draw_keys(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    if let Some(notice) = app.notice() {
        let text = text::truncate_middle(format!(" {notice}"), theme, area.width.into());
        Line::styled(text, theme.strong()).render(area, buf);
        return;
    }
    let mut hints =
        if app.replay_progress().is_some() { recording_hints(app) } else { run_hints(app) };
    hints.extend([
        Hint(&[Action::ZoomIn, Action::ZoomOut], "zoom"),
        Hint(&[Action::PanLeft, Action::PanRight], "pan"),
        Hint(&[Action::Fit], "fit"),
        Hint(&[Action::NextLane, Action::PreviousLane], "lane"),
        Hint(&[Action::Theme], "theme"),
    ]);
    if app.selection().workload.is_command() {
        hints.insert(2, Hint(&[Action::Inspect], "output"));
    }
    if app.picture().lane_index().is_some() || app.picture().cursor().is_some() {
        hints.splice(0..0, inspection_hints(app));
    }
    hints.retain(|Hint(actions, _)| actions.iter().all(|&action| app.keymap().is_bound(action)));
    let help = Hint(&[Action::Help], "help");
    let quit = Hint(&[Action::Quit], "quit");
    let width = |Hint(actions, word): &Hint| {
        keys_label(app, actions, theme).chars().count() + word.chars().count() + 3
    };
    let mut room = usize::from(area.width).saturating_sub(width(&help) + width(&quit) + 1);
    hints.retain(|hint| {
        let fits = width(hint) <= room;
        room = if fits { room - width(hint) } else { 0 };
        fits
    });
    hints.extend([help, quit]);
    let mut spans = vec![Span::raw(" ")];
    for Hint(actions, word) in hints {
        spans.push(Span::styled(keys_label(app, actions, theme), theme.key()));
        spans.push(Span::styled(format!(" {word}  "), theme.muted()));
    }
    Line::from(spans).render(area, buf);
}

/// Returns the hints for a selected lane or a cursor.
fn inspection_hints(app: &App) -> Vec<Hint> {
    let mut hints = vec![Hint(&[Action::PreviousSpan, Action::NextSpan], "span")];
    if !app.selection().workload.is_command() {
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

/// Returns the keys of a hint. Arrow keys are drawn as arrows on Unicode terminals.
fn keys_label(app: &App, actions: &[Action], theme: Theme) -> String {
    const SHIFT: &str = "Shift-";
    let arrows = [("Left", "←"), ("Right", "→")];
    let name = |&action: &Action| {
        let key = app.key_of(action);
        let plain = key.strip_prefix(SHIFT).unwrap_or(&key);
        match arrows.iter().find(|(word, _)| *word == plain) {
            Some((word, arrow)) => key.replace(word, theme.pick(arrow, word)),
            None => key,
        }
    };
    let mut names: Vec<String> = actions.iter().map(name).collect();
    if let [first, second] = names.as_mut_slice()
        && first.starts_with(SHIFT)
        && let Some(plain) = second.strip_prefix(SHIFT)
    {
        // Said once for both.
        *second = plain.to_owned();
    }
    names.join(if names.iter().any(|name| name.len() > 3) { "/" } else { " " })
}

/// Draws the search over the last row of `area`, if it is active.
pub(super) fn draw_search(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some((status, row)) =
        app.picture().search_status(app.session()).zip(area.rows().next_back())
    else {
        return;
    };
    Clear.render(row, buf);
    let room = usize::from(row.width);
    match status {
        SearchStatus::Input { before, after } => draw_input([before, after], theme, row, buf),
        SearchStatus::NoMatch(query) => {
            let again = app.key_of(Action::Find);
            let quoted = format!("\"{}\"", printable_text(query, theme));
            let forms = [
                format!(" no match for {quoted}: {again} searches again"),
                format!(" no match for {quoted}"),
            ];
            let text = text::truncate(text::first_fitting(forms, room), theme, room);
            Line::styled(text, theme.strong()).render(row, buf);
        }
        SearchStatus::Hit { text: query, number, all, task, worker, found } => {
            let place = format!(" {number} of {all}");
            let query = printable_text(query, theme);
            let (next, previous) =
                (app.key_of(Action::NextFound), app.key_of(Action::PreviousFound));
            let task = printable_text(&task, theme);
            let what = describe_match(&found, theme);
            let forms = [
                format!(" for \"{query}\": {task} on {worker}{what}   {next}/{previous} browse"),
                format!(" for \"{query}\": {task} on {worker}{what}"),
                format!(": {task} on {worker}{what}"),
                format!(": {task}{what}"),
            ];
            let rest = text::first_fitting(forms, room.saturating_sub(place.len()));
            let rest = text::truncate(rest, theme, room.saturating_sub(place.len()));
            let spans = vec![Span::styled(place, theme.strong()), Span::styled(rest, theme.text())];
            Line::from(spans).render(row, buf);
        }
    }
}

/// Draws the input before and after the cursor, scrolled so that the cursor is in view, and a hint.
fn draw_input(parts: [&str; 2], theme: Theme, row: Rect, buf: &mut Buffer) {
    let [before, after] = parts.map(|part| text::to_drawable(escape_controls(part), theme));
    let room = usize::from(row.width).saturating_sub(PROMPT.len() + 3);
    let mut kept = before.as_str();
    while text::width(kept) > room {
        let mut rest = kept.chars();
        rest.next();
        kept = rest.as_str();
    }
    let mut behind = after.chars();
    let under = behind.next().map_or_else(|| " ".to_owned(), String::from);
    let spans = vec![
        Span::styled(format!(" {PROMPT}"), theme.key()),
        Span::styled(kept.to_owned(), theme.text()),
        Span::styled(under, Style::new().add_modifier(Modifier::REVERSED)),
        Span::styled(behind.as_str().to_owned(), theme.text()),
    ];
    let line = Line::from(spans);
    let free = usize::from(row.width).saturating_sub(line.width() + 3);
    line.render(row, buf);
    let hint = text::first_fitting(HINTS.map(str::to_owned), free);
    let width = (text::width(&hint) as u16).min(row.width);
    let right = Rect { x: row.right() - width, width, ..row };
    Line::styled(hint, theme.muted()).render(right, buf);
}

/// Describes the match, unless the label of the task is the match.
fn describe_match(found: &SearchMatch, theme: Theme) -> String {
    match found {
        SearchMatch::Task => String::new(),
        SearchMatch::Status(status) => format!(", status {status}"),
        SearchMatch::Failure(message) => format!(": {}", printable_text(message, theme)),
        SearchMatch::Login(login, 0) => format!(": {}", printable_text(login, theme)),
        SearchMatch::Login(login, more) => {
            format!(": {} and {more} more", printable_text(login, theme))
        }
    }
}

/// Escapes a text from the user or a server for drawing.
fn printable_text(words: &str, theme: Theme) -> String {
    text::to_drawable(printable(words), theme)
}
