//! The figures of a time range: the latency of requests that ended in it, and the time per state for
//! each visible run and for the lanes of one run.

use std::fmt::Write as _;

use ratatui::text::Line;

use super::lane_labels::{mode_names, worker_label};
use super::layout::Heading;
use super::pane_content::{PaneContent, PaneSide, PaneSize, quantile_lines, short_time};
use super::theme::Theme;
use super::{text, timeline};
use crate::analysis::LatencySummary;
use crate::app::App;
use crate::model::{Lane, Nanos, Run, State, StateTimes};

/// The width of a lane's name.
const NAME_WIDTH: usize = 9;

/// The minimum width of a time.
const TIME_WIDTH: usize = 8;

/// Returns the content of the range pane.
pub(super) fn content(
    app: &App,
    from: Nanos,
    to: Nanos,
    theme: Theme,
    room: PaneSize,
) -> PaneContent {
    let title = format!(" range {} to {} ", timeline::exact_time(from), timeline::exact_time(to));
    let heading = Heading { title, captions: format!(" {} ", to.since(from)) };
    let runs: Vec<(&Run, Nanos)> = app.visible_runs().collect();
    let chosen = app
        .picture()
        .selected_lane(app.session())
        .map(|selected| (selected.run, selected.until, Some(selected.index)));
    let begun = runs.iter().rfind(|(run, _)| run.has_started());
    let Some((run, until, lane)) = chosen.or_else(|| begun.map(|&(run, until)| (run, until, None)))
    else {
        return PaneContent { heading, ..PaneContent::default() };
    };
    let times = LatencySummary::between(run, from, to.min(until));
    let ended = format!("{}, ended in range", run.plan().name());
    let first = quantile_lines(&ended, &times, theme, room.narrow);
    let sums: Vec<StateTimes> = runs
        .iter()
        .map(|(run, until)| run.state_times_between(from.min(*until), to.min(*until)))
        .collect();
    let table = StateTable::new(&sums, theme, room.wide);
    let mut second = vec![table.caption_line()];
    for ((run, _), sums) in runs.iter().zip(&sums) {
        let name = text::first_fitting(mode_names(run.plan().selection()), NAME_WIDTH);
        second.push(table.row_line(&name, sums, true));
    }
    let above = if room.columns == 1 { first.len() + 1 } else { 0 };
    let left = room.height.saturating_sub(above + second.len());
    second.extend(table.lane_lines(run, from.min(until), to.min(until), lane, left));
    PaneContent { heading, parts: vec![(PaneSide::Left, first), (PaneSide::Right, second)] }
}

/// A table of time per state.
struct StateTable {
    /// The states with a column, in the order of the legend.
    states: Vec<State>,
    theme: Theme,
}

impl StateTable {
    /// Creates a table with a column per state that occurs. If not all fit, the states with the least
    /// time are omitted.
    fn new(runs: &[StateTimes], theme: Theme, width: usize) -> Self {
        let mut all = StateTimes::default();
        for sums in runs {
            all.add_all(sums);
        }
        let mut states: Vec<_> = all.spent().collect();
        states.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        let mut room = width.saturating_sub(NAME_WIDTH);
        let fitting = states.into_iter().map_while(|(state, _)| {
            room = room.checked_sub(column_width(state))?;
            Some(state)
        });
        let mut states: Vec<State> = fitting.collect();
        states.sort_unstable();
        Self { states, theme }
    }

    fn caption_line(&self) -> Line<'static> {
        let mut line = " ".repeat(NAME_WIDTH);
        for state in &self.states {
            // Writing to a String cannot fail.
            _ = write!(line, "{:>1$}", state.label(), column_width(*state));
        }
        Line::styled(line, self.theme.muted())
    }

    fn row_line(&self, name: &str, sums: &StateTimes, strong: bool) -> Line<'static> {
        let style = if strong { self.theme.strong() } else { self.theme.text() };
        let mut line = format!("{name:<NAME_WIDTH$}");
        for &state in &self.states {
            let time = match sums[state] {
                0 => "-".to_owned(),
                time => short_time(Nanos(time)),
            };
            _ = write!(line, "{time:>0$}", column_width(state));
        }
        Line::styled(line, style)
    }

    /// Returns the lanes of a run in `rows` rows, including the selected one, and the number omitted.
    fn lane_lines(
        &self,
        run: &Run,
        from: Nanos,
        to: Nanos,
        chosen: Option<u16>,
        rows: usize,
    ) -> Vec<Line<'static>> {
        let all = run.lanes().len();
        // The last row shows the number omitted, unless the selected lane needs it.
        let counted = all > rows && (rows > 1 || chosen.is_none());
        let shown = all.min(rows.saturating_sub(usize::from(counted)));
        let first = (usize::from(chosen.unwrap_or(0)) + 1).saturating_sub(shown);
        let row = |(index, lane): (u16, &Lane)| {
            let mark = if chosen == Some(index) { ">" } else { " " };
            let name = format!("{mark}{}", worker_label(run, index, NAME_WIDTH - 1));
            self.row_line(&name, &lane.state_times_between(from, to), false)
        };
        let mut rows: Vec<_> =
            (0_u16..).zip(run.lanes()).skip(first).take(shown).map(row).collect();
        if counted {
            let more = format!(" +{} lanes", all - shown);
            rows.push(Line::styled(more, self.theme.muted()));
        }
        rows
    }
}

/// Returns the width of a state's column.
fn column_width(state: State) -> usize {
    state.label().len().max(TIME_WIDTH) + 1
}
