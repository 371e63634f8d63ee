//! The legend: a sample of each state that occurs in the runs shown, with its name.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::theme::Theme;
use crate::app::App;
use crate::model::lesson::Highlight;
use crate::model::{Nanos, State, StateTimes};

/// A sample of the timeline with its meaning.
struct LegendEntry {
    glyph: &'static str,
    style: Style,
    words: &'static str,
    words_style: Style,
    /// The entry with the highest rank is dropped first.
    rank: usize,
}

/// The fraction of a cell that a lane is in a state at least, so that it can be seen.
const VISIBLE_PARTS: u64 = 16;

/// Returns the states that occur in the runs shown for a visible time at the current scale. Most
/// errors have no duration.
pub(super) fn occurring_states(app: &App) -> impl Iterator<Item = State> {
    let visible = (app.picture().viewport().window().cell.0 / VISIBLE_PARTS).max(1);
    let mut seen = StateTimes::default();
    for (run, until) in app.visible_runs() {
        for lane in run.lanes() {
            let times = lane.state_times_between(Nanos::ZERO, until);
            times.spent().filter(|&(_, time)| time >= visible).for_each(|(state, time)| {
                seen.add(state, time);
            });
            seen.add(State::Error, lane.error_count_until(until) as u64);
        }
    }
    let occurs = move |state: &State| seen[*state] > 0;
    // Idle is last: it matters least.
    let busy = State::ALL.into_iter().filter(|&state| state != State::Idle);
    busy.chain([State::Idle]).filter(occurs)
}

/// Draws a sample and a label for each state that occurs. If they do not fit, samples shrink to one
/// cell, and then entries are dropped.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let mut kept: Vec<LegendEntry> = occurring_states(app)
        .map(|state| {
            let (glyph, style) = theme.state_cell(state);
            let is_meant = app.is_highlighted(Highlight::State(state));
            let (words_style, rank) =
                if is_meant { (theme.accent(), 0) } else { (theme.muted(), drop_rank(state)) };
            LegendEntry { glyph, style, words: state.label(), words_style, rank }
        })
        .collect();
    let (room, mut cells) = (usize::from(area.width), 2);
    while legend_line(&kept, theme, cells).width() > room + 2 {
        if cells > 1 {
            cells = 1;
            continue;
        }
        let dropped = (0..kept.len()).max_by_key(|&at| kept.get(at).map(|entry| entry.rank));
        let Some(dropped) = dropped else { return };
        kept.remove(dropped);
    }
    legend_line(&kept, theme, cells).render(area, buf);
}

/// Returns the rank of a state in the legend; higher ranks are dropped first. Work matters more than
/// waiting, and idle matters least.
const fn drop_rank(state: State) -> usize {
    match state {
        State::Computing | State::OnCpu | State::Running => 0,
        State::Waiting | State::LockWait | State::NoCore => 1,
        State::Native | State::Receiving => 2,
        State::RetryWait | State::Throttled | State::Unknown | State::Error => 3,
        State::Connecting | State::Blocked | State::Stopped => 4,
        State::Starting | State::Sleeping | State::Parked | State::Events => 5,
        State::HandOver => 6,
        State::Idle => 7,
    }
}

fn legend_line(entries: &[LegendEntry], theme: Theme, cells: usize) -> Line<'static> {
    let mut line = Line::raw(" ");
    for LegendEntry { glyph, style, words, words_style, .. } in entries {
        let words = Span::styled(*words, *words_style);
        let sample = Span::styled(glyph.repeat(cells), *style);
        let gap = Span::styled(" ", theme.muted());
        line.extend([sample, gap, words, Span::raw("  ")]);
    }
    line
}

/// Returns a sample of each state that occurs, with its name, as many as fit.
pub(super) fn states_line(app: &App, theme: Theme, width: usize) -> Line<'static> {
    let mut line = Line::raw("   ");
    for state in occurring_states(app) {
        let (glyph, style) = theme.state_cell(state);
        let words = Span::styled(format!(" {}  ", state.label()), theme.text());
        if line.width() + 2 + words.width() <= width + 2 {
            line.extend([Span::styled(glyph.repeat(2), style), words]);
        }
    }
    line
}
