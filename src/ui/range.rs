//! The figures of a range: time per state, of all runs shown and of the lanes of one, and how long the
//! requests took that ended in it.

use ratatui::text::{Line, Span};

use super::axis;
use super::names::{mode_names, worker_name};
use super::pane::{Content, quantiles, short};
use super::text;
use super::theme::Theme;
use crate::app::App;
use crate::model::lane::Sums;
use crate::model::{Nanos, Run, State};

/// How wide a lane's name is, and a figure beside it.
const NAME: usize = 11;
const FIGURE: usize = 10;

/// What is said of a range, in blocks that are `width` cells wide.
pub(super) fn content(
    app: &App,
    (from, to): (Nanos, Nanos),
    theme: Theme,
    width: usize,
) -> Content {
    let title = format!(" range {} to {} ", axis::exact(from), axis::exact(to));
    let captions = format!(" {} ", to.since(from));
    let runs: Vec<(&Run, Nanos)> = app.visible().collect();
    let chosen = app.looked().map(|looked| (looked.run, looked.until, Some(looked.index)));
    let begun = runs.iter().rfind(|(run, _)| run.has_begun());
    let Some((run, until, lane)) = chosen.or_else(|| begun.map(|&(run, until)| (run, until, None)))
    else {
        return Content { title, captions, ..Content::default() };
    };
    let times = run.times(from, to.min(until));
    let rows = [("service", times.service), ("response", times.response)];
    let ended = format!("{}, ended in it", run.plan().name());
    let first = quantiles(&ended, rows, times.every, theme, width);
    let table = Table::new(&runs, (from, to), theme, width);
    let mut second = vec![table.captions()];
    for (run, until) in &runs {
        let name = text::fitting(mode_names(run.plan().selection()), NAME - 1);
        let sums = run.between(from.min(*until), to.min(*until));
        second.push(table.row(&name, &sums, true));
    }
    if run.lanes().len() > 1 {
        second.extend(table.lanes(run, until, lane));
    }
    Content { title, captions, blocks: [first, second] }
}

/// Time per state.
struct Table {
    range: (Nanos, Nanos),
    /// The states that have a column, in the order of the legend.
    states: Vec<State>,
    theme: Theme,
}

impl Table {
    /// A table with a column for each state that there is, the most time first where not all have
    /// room.
    fn new(runs: &[(&Run, Nanos)], (from, to): (Nanos, Nanos), theme: Theme, width: usize) -> Self {
        let mut all = Sums::default();
        for (run, until) in runs {
            let sums = run.between(from.min(*until), to.min(*until));
            for (sum, time) in all.iter_mut().zip(sums) {
                *sum = sum.saturating_add(time);
            }
        }
        let mut states: Vec<_> =
            State::ALL.into_iter().zip(all).filter(|(_, time)| *time > 0).collect();
        states.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        states.truncate(width.saturating_sub(NAME) / FIGURE);
        let mut states: Vec<State> = states.into_iter().map(|(state, _)| state).collect();
        states.sort_unstable();
        Self { range: (from, to), states, theme }
    }

    fn captions(&self) -> Line<'static> {
        let mut line = Line::from(Span::raw(" ".repeat(NAME)));
        for &state in &self.states {
            let room = (FIGURE - 1).saturating_sub(state.word().len() + 1);
            let (glyph, style) = self.theme.state_cell(state);
            let glyph = if room > 0 { glyph } else { "" };
            let gap = FIGURE.saturating_sub(state.word().len() + usize::from(room > 0) * 2);
            line.extend([
                Span::raw(" ".repeat(gap)),
                Span::styled(glyph, style),
                Span::styled(
                    format!(" {}", state.word()).split_off(usize::from(room == 0)),
                    self.theme.quiet(),
                ),
            ]);
        }
        line
    }

    fn row(&self, name: &str, sums: &Sums, strong: bool) -> Line<'static> {
        let style = if strong { self.theme.strong() } else { self.theme.text() };
        let mut line = format!("{name:<NAME$}");
        for &state in &self.states {
            let time = match sums.get(state as usize) {
                None | Some(0) => "-".to_owned(),
                Some(&time) => short(Nanos(time)),
            };
            line.push_str(&format!("{time:>FIGURE$}"));
        }
        Line::styled(line, style)
    }

    /// The lanes of a run, from the one chosen on, and round.
    fn lanes(&self, run: &Run, until: Nanos, chosen: Option<u16>) -> Vec<Line<'static>> {
        let (from, to) = self.range;
        let lanes = (0_u16..).zip(run.lanes());
        let first = usize::from(chosen.unwrap_or(0));
        let lanes = lanes.cycle().skip(first).take(run.lanes().len());
        let row = |(index, lane): (u16, &crate::model::Lane)| {
            let mark = if chosen == Some(index) { ">" } else { " " };
            let name = format!("{mark}{}", worker_name(run, index, NAME - 2));
            self.row(&name, &lane.between(from.min(until), to.min(until)), false)
        };
        // No screen has more rows.
        lanes.take(60).map(row).collect()
    }
}
