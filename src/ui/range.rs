//! The figures of a range: time per state, of all runs shown and of the lanes of one, and how long the
//! requests took that ended in it.

use std::fmt::Write as _;

use ratatui::text::Line;

use super::axis;
use super::names::{mode_names, worker_name};
use super::pane::{Content, Room, Side, quantiles, short};
use super::text;
use super::theme::Theme;
use crate::app::App;
use crate::model::lane::Sums;
use crate::model::{Lane, Nanos, Run, State};

/// How wide a lane's name is, and a time beside it.
const NAME: usize = 9;
const TIME: usize = 8;

/// What is said of a range.
pub(super) fn content(app: &App, (from, to): (Nanos, Nanos), theme: Theme, room: Room) -> Content {
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
    let first = quantiles(&ended, rows, times.every, theme, room.narrow);
    let sums: Vec<Sums> =
        runs.iter().map(|(run, until)| run.between(from.min(*until), to.min(*until))).collect();
    let table = Table::new((from, to), &sums, theme, room.wide);
    let mut second = vec![table.captions()];
    for ((run, _), sums) in runs.iter().zip(&sums) {
        let name = text::fitting(mode_names(run.plan().selection()), NAME);
        second.push(table.row(&name, sums, true));
    }
    let above = if room.columns == 1 { first.len() + 1 } else { 0 };
    let left = room.height.saturating_sub(above + second.len());
    second.extend(table.lanes(run, until, lane, left));
    Content { title, captions, parts: vec![(Side::Left, first), (Side::Right, second)] }
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
    fn new(range: (Nanos, Nanos), runs: &[Sums], theme: Theme, width: usize) -> Self {
        let mut all = Sums::default();
        for sums in runs {
            for (all, time) in all.iter_mut().zip(sums) {
                *all = all.saturating_add(*time);
            }
        }
        let mut states: Vec<_> =
            State::ALL.into_iter().zip(all).filter(|(_, time)| *time > 0).collect();
        states.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        let mut room = width.saturating_sub(NAME);
        let fitting = states.into_iter().map_while(|(state, _)| {
            room = room.checked_sub(column(state))?;
            Some(state)
        });
        let mut states: Vec<State> = fitting.collect();
        states.sort_unstable();
        Self { range, states, theme }
    }

    fn captions(&self) -> Line<'static> {
        let mut line = " ".repeat(NAME);
        for state in &self.states {
            // Writing to a String cannot fail.
            _ = write!(line, "{:>1$}", state.word(), column(*state));
        }
        Line::styled(line, self.theme.quiet())
    }

    fn row(&self, name: &str, sums: &Sums, strong: bool) -> Line<'static> {
        let style = if strong { self.theme.strong() } else { self.theme.text() };
        let mut line = format!("{name:<NAME$}");
        for &state in &self.states {
            let time = match sums.get(state as usize) {
                None | Some(0) => "-".to_owned(),
                Some(&time) => short(Nanos(time)),
            };
            _ = write!(line, "{time:>0$}", column(state));
        }
        Line::styled(line, style)
    }

    /// The lanes of a run in so many rows: the one chosen is among them, and the rest are counted.
    fn lanes(
        &self,
        run: &Run,
        until: Nanos,
        chosen: Option<u16>,
        rows: usize,
    ) -> Vec<Line<'static>> {
        let (from, to) = self.range;
        let all = run.lanes().len();
        let shown = if all > rows { rows.saturating_sub(1) } else { all };
        let first = (usize::from(chosen.unwrap_or(0)) + 1).saturating_sub(shown);
        let row = |(index, lane): (u16, &Lane)| {
            let mark = if chosen == Some(index) { ">" } else { " " };
            let name = format!("{mark}{}", worker_name(run, index, NAME - 1));
            self.row(&name, &lane.between(from.min(until), to.min(until)), false)
        };
        let mut rows: Vec<_> =
            (0_u16..).zip(run.lanes()).skip(first).take(shown).map(row).collect();
        if all > shown {
            let more = format!(" +{} lanes", all - shown);
            rows.push(Line::styled(more, self.theme.quiet()));
        }
        rows
    }
}

/// How wide a state's column is.
fn column(state: State) -> usize {
    state.word().len().max(TIME) + 1
}
