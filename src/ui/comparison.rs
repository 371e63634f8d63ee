//! The comparison with a baseline: its lanes as thin lines below the visible run's, and the
//! differences in figures.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::lane_bar::{LaneBar, dominant_state};
use super::text;
use super::theme::Theme;
use super::timeline_rows::TimelineRow;
use crate::analysis::verdict;
use crate::app::{App, Baseline, Difference};
use crate::model::{Lane, Nanos, Run, State};

/// Returns the number of lines of the differences: one per visible run that has a baseline. A run has
/// its line even before it starts, so that rows stay in place.
pub(super) fn line_count(app: &App) -> u16 {
    let Some(baseline) = app.picture().baseline(app.session()) else { return 0 };
    app.runs().iter().filter(|run| baseline.run_for(run).is_some()).count() as u16
}

/// Draws one line per run: its time, that of its baseline, and the differences.
pub(super) fn draw(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some(baseline) = app.picture().baseline(app.session()) else { return };
    for (difference, row) in app.picture().differences(app.session()).into_iter().zip(area.rows()) {
        let room = usize::from(row.width);
        let heads = head_texts(&baseline, &difference, app.now());
        let heads = heads.map(|head| text::to_drawable(head, theme));
        let figures = figure_texts(&difference);
        let least = figures.first().map_or(0, |figure| 2 + text::width(figure));
        let head = text::first_fitting(heads, room.saturating_sub(least));
        let mut line = Line::from(Span::styled(head, theme.strong()));
        for figure in figures {
            if line.width() + 2 + text::width(&figure) > room {
                break;
            }
            line.push_span(Span::styled(format!("  {figure}"), theme.text()));
        }
        line.render(row, buf);
    }
}

/// Returns the times of a run and its baseline, from the longest form to the shortest:
/// `3 threads: 1.84 s; 5 threads before: 1.07 s (1.7x as fast)`.
fn head_texts(baseline: &Baseline<'_>, difference: &Difference<'_>, now: Nanos) -> [String; 3] {
    let Difference { run, other, times, .. } = difference;
    let name = |run: &Run| verdict::workers_text(run.plan(), run.plan().workers);
    let seconds = |time: Nanos| format!("{:.2} s", time.as_secs_f64());
    let [own, others] = [run, other].map(|run| name(run));
    let same_mode = run.plan().mode == other.plan().mode;
    let whose = match (same_mode, own == others) {
        (true, true) => baseline.short.clone(),
        (true, false) => format!("{others} {}", baseline.short),
        (false, _) => others,
    };
    let so_far = if run.is_over() { "" } else { " so far" };
    let (time, before) = (seconds(run.elapsed(now)), seconds(other.elapsed(Nanos::ZERO)));
    // The other way round than the difference, as the baseline is named last.
    let factor = times.map_or_else(String::new, |times| format!(" ({:.2}x as fast)", 1.0 / times));
    [
        format!("{own}: {time}{so_far}; {whose}: {before}{factor}"),
        format!("{own}: {time}; {whose}: {before}"),
        format!("{time}; {}: {before}", baseline.short),
    ]
}

/// Returns the differences in figures, the most important first.
fn figure_texts(difference: &Difference<'_>) -> Vec<String> {
    let share = |name: &str, share: Option<f64>| {
        // Rounded before formatting, and adding 0.0 turns -0.0 into 0.0: never `-0.0 %`.
        share.map(|share| format!("{name} {:+.1} %", (share * 1_000.0).round() / 10.0 + 0.0))
    };
    [
        share("p50", difference.p50),
        share("p95", difference.p95),
        share(difference.run.plan().workload().spec().rate, difference.rate),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the number of rows that all lanes of the baseline would take.
pub(super) fn baseline_row_count(app: &App) -> usize {
    let Some(baseline) = app.picture().baseline(app.session()) else { return 0 };
    app.runs().iter().filter_map(|run| baseline.run_for(run)).map(|other| other.lanes().len()).sum()
}

/// Inserts a row of the baseline below each lane, as many as fit on `height` rows in total: for the
/// selected lane first, then from the top. Surplus lanes of the baseline follow the last lane.
pub(super) fn insert_baseline_rows<'app>(
    app: &'app App,
    rows: Vec<TimelineRow<'app>>,
    height: usize,
) -> Vec<TimelineRow<'app>> {
    let Some(baseline) = app.picture().baseline(app.session()) else { return rows };
    let mut room = height.saturating_sub(rows.len());
    let is_chosen = |place: usize| app.picture().lane_index() == Some(place);
    let chosen =
        rows.iter().any(|row| matches!(row, TimelineRow::Lane { place, .. } if is_chosen(*place)));
    let mut reserved = usize::from(chosen && room > 0);
    let mut drawn = Vec::new();
    for row in rows {
        let TimelineRow::Lane { run, index, place, .. } = row else {
            drawn.push(row);
            continue;
        };
        drawn.push(row);
        let Some(other) = baseline.run_for(run) else { continue };
        let is_last = usize::from(index) + 1 == run.lanes().len();
        let beyond = if is_last { other.lanes().len() } else { usize::from(index) + 1 };
        for at in usize::from(index)..beyond {
            let own = is_chosen(place) && at == usize::from(index);
            reserved -= usize::from(own && reserved > 0);
            if room <= reserved {
                break;
            }
            if let Some(lane) = other.lanes().get(at) {
                let name = baseline_name(&baseline, run, other);
                drawn.push(TimelineRow::Baseline { other, lane, name });
                room -= 1;
            }
        }
    }
    drawn
}

/// Returns the name of baseline lanes: their mode if it differs, or else the number of workers if that
/// differs, and the name of the baseline.
fn baseline_name(baseline: &Baseline<'_>, run: &Run, other: &Run) -> String {
    let [plan, others] = [run, other].map(Run::plan);
    let name = baseline.short.trim_start_matches("in ");
    match (plan.mode == others.mode, plan.workers == others.workers) {
        (true, true) => name.to_owned(),
        (true, false) => format!("x{} {name}", others.workers),
        (false, _) => others.selection().to_string(),
    }
}

impl LaneBar {
    /// Draws a lane of the baseline as a thin line, which sets it apart from the visible run.
    pub(super) fn draw_baseline(&self, lane: &Lane, buf: &mut Buffer) {
        let Self { area, theme, .. } = *self;
        for (x, cell) in (area.x..).zip(self.cells(lane)) {
            let state = dominant_state(cell);
            let Some(target) = buf.cell_mut(Position::new(x, area.y)) else { continue };
            let style = theme.color(state).map_or(Style::new(), |color| Style::new().fg(color));
            let symbol = match state {
                State::Idle => " ",
                State::Error => theme.glyph(state),
                _ if theme.has_patterns() => theme.glyph(state),
                _ => "━",
            };
            let style =
                if theme.has_patterns() { style.add_modifier(Modifier::DIM) } else { style };
            target.set_symbol(symbol).set_style(style);
        }
    }
}
