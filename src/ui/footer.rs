//! The legend, and the key bar or a notice in its place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::text;
use super::theme::Theme;
use crate::app::{Action, App, DetailPane};
use crate::model::{Mode, Selection, State, Target};

/// Returns the states that can occur in the selection. The built-in server has no rate limit.
fn legend_states(app: &App) -> impl Iterator<Item = State> {
    let Selection { workload, .. } = app.selection();
    let modes = app.selection().modes();
    let built_in = app.session().target().is_some_and(Target::is_built_in);
    let has_gaps = app.runs().iter().any(|run| run.losses().gaps > 0);
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
    let mut entries: Vec<LegendEntry> = states
        .map(|state| {
            let (glyph, style) = theme.state_cell(state);
            LegendEntry { glyph, cells: 2, style, words: state.label(), rank: drop_rank(state) }
        })
        .collect();
    let states = entries.len();
    if !theme.has_patterns() {
        for (glyph, words) in [("▌", "exact edge"), ("▄", "merged")] {
            let (style, rank) = (theme.bar(false), State::ALL.len());
            entries.push(LegendEntry { glyph, cells: 1, style, words, rank });
        }
    }
    let room = usize::from(area.width);
    let (mut kept, mut wide) = (entries, true);
    while legend_line(&kept, theme, wide).width() > room + 2 {
        if kept.len() > states {
            kept.pop();
        } else if wide {
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
type Hint = (&'static [Action], &'static str);

/// Returns the hints for runs.
fn run_hints(app: &App) -> Vec<Hint> {
    let runs = app.session().active().is_some();
    // Labels have the same width in every state, so that keys stay in place.
    let paused = app.picture().time_behind(app.session()).is_some() || app.is_playback_paused();
    let pause = if paused { "play " } else { "pause" };
    let run = if app.runs().is_empty() { "run      " } else { "run again" };
    let mut hints: Vec<Hint> = vec![(&[Action::NextMode], "mode")];
    hints.push(if runs { (&[Action::Stop], "stop     ") } else { (&[Action::Run], run) });
    if app.session().setup().workloads().len() > 1 {
        hints.push((&[Action::NextWorkload], "workload"));
    }
    match app.simulated_speed() {
        Some(_) => hints.extend([
            (&[Action::Slower, Action::Faster][..], "speed"),
            (&[Action::ScrubBack, Action::ScrubForward], "scrub"),
        ]),
        None if app.selection().workload.is_computed() => {
            hints.push((&[Action::Simulate], "slow motion"));
        }
        None => {}
    }
    if !app.selection().is_sweep() {
        hints.push((&[Action::FewerWorkers, Action::MoreWorkers], "workers"));
    }
    hints.push((&[Action::Pause], pause));
    hints
}

/// Returns the hints for a replay.
fn recording_hints(app: &App) -> Vec<Hint> {
    let plays = app.replay_progress().is_some_and(|progress| progress.plays);
    vec![
        (&[Action::Pause], if plays { "pause" } else { "play " }),
        (&[Action::Run], "again"),
        (&[Action::ScrubBack, Action::ScrubForward], "scrub"),
        (&[Action::StepBack, Action::StepForward], "step"),
        (&[Action::Slower, Action::Faster], "speed"),
        (&[Action::NextMode], "mode"),
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
        (&[Action::ZoomIn, Action::ZoomOut][..], "zoom"),
        (&[Action::PanLeft, Action::PanRight], "pan"),
        (&[Action::Fit], "fit"),
        (&[Action::NextLane, Action::PreviousLane], "lane"),
        (&[Action::Theme], "theme"),
    ]);
    if app.selection().workload.is_command() {
        hints.insert(2, (&[Action::Inspect], "output"));
    }
    if app.picture().lane_index().is_some() || app.picture().cursor().is_some() {
        hints.splice(0..0, inspection_hints(app));
    }
    hints.retain(|(actions, _)| actions.iter().all(|&action| app.keymap().is_bound(action)));
    let help: (&[Action], &str) = (&[Action::Help], "help");
    let quit: (&[Action], &str) = (&[Action::Quit], "quit");
    let width = |(actions, word): &(&[Action], &str)| {
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
    for (actions, word) in hints {
        spans.push(Span::styled(keys_label(app, actions, theme), theme.key()));
        spans.push(Span::styled(format!(" {word}  "), theme.muted()));
    }
    Line::from(spans).render(area, buf);
}

/// Returns the hints for a selected lane or a cursor.
fn inspection_hints(app: &App) -> Vec<(&'static [Action], &'static str)> {
    let mut hints: Vec<(&[Action], &str)> =
        vec![(&[Action::PreviousSpan, Action::NextSpan], "span")];
    if !app.selection().workload.is_command() {
        let open = app.picture().detail_pane() == Some(DetailPane::Inspector);
        hints.push((&[Action::Inspect], if open { "close" } else { "info" }));
    }
    if app.picture().cursor().is_none() {
        return hints;
    }
    hints.push((&[Action::CursorLeft, Action::CursorRight], "cursor"));
    hints.push((
        &[Action::Range],
        if app.picture().is_selecting_range() { "end range" } else { "range" },
    ));
    hints.push((&[Action::FitSelection], "fit"));
    hints.push((&[Action::Back], "back"));
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
