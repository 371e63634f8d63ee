//! The content of the detail pane: groups of lines, and the lines of fields and quantiles.

use ratatui::text::{Line, Span};

use super::layout::Heading;
use super::text::{truncate, width as cell_width};
use super::theme::Theme;
use crate::analysis::LatencySummary;
use crate::analysis::stats::Quantiles;
use crate::model::Nanos;

const FIGURE_WIDTH: usize = 9;

/// The column of a part of a pane. Without room for two columns, parts are stacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PaneSide {
    Left,
    Right,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PaneSize {
    /// The width of the column with quantiles.
    pub(super) narrow: usize,
    /// The width of the other column.
    pub(super) wide: usize,
    pub(super) columns: u16,
    pub(super) height: usize,
}

/// The content of a pane: a title with captions, and groups of lines, the most important first.
#[derive(Default)]
pub(super) struct PaneContent {
    pub(super) heading: Heading,
    pub(super) parts: Vec<(PaneSide, Vec<Line<'static>>)>,
}

/// Returns a label and its text, wrapped between words into lines of `width` cells.
pub(super) fn field_lines(
    label: &str,
    text: &str,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    const LABEL_WIDTH: usize = 11;
    let mut rows = vec![String::new()];
    let room = width.saturating_sub(LABEL_WIDTH).max(1);
    for word in text.split(' ') {
        let word = truncate(word.to_owned(), theme, room);
        match rows.last_mut() {
            Some(row) if row.is_empty() => *row = word,
            Some(row) if cell_width(row) + 1 + cell_width(&word) <= room => {
                *row = format!("{row} {word}");
            }
            _ => rows.push(word),
        }
    }
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let row = |(label, row)| {
        let label = Span::styled(format!("{label:<LABEL_WIDTH$}"), theme.muted());
        Line::from(vec![label, Span::styled(row, theme.text())])
    };
    labels.zip(rows).map(row).collect()
}

/// Returns a table of quantiles, one line per row, headed by the number of samples.
pub(super) fn quantile_lines(
    of: &str,
    times: &LatencySummary,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    const NAME_WIDTH: usize = 10;
    let (rows, every) =
        ([("service", times.service), ("response", times.response)], times.sample_stride);
    let n = rows.iter().filter_map(|(_, row)| *row).map(|row| row.count).max().unwrap_or(0);
    let has_p99 = rows.iter().any(|(_, row)| row.is_some_and(|row| row.p99.is_some()));
    let sampled = if every > 1 { format!(", 1 in {every} sampled") } else { String::new() };
    let mut lines = vec![Line::styled(format!("{of}  n {n}{sampled}"), theme.muted())];
    if n == 0 {
        return lines;
    }
    let wide = has_p99 && width >= NAME_WIDTH + 4 * FIGURE_WIDTH;
    let line = |name: &str, figures: [String; 4]| {
        let [p50, p95, p99, max] = figures;
        let p99 = if wide { format!("{p99:>FIGURE_WIDTH$}") } else { String::new() };
        format!(
            "{name:<NAME_WIDTH$}{p50:>FIGURE_WIDTH$}{p95:>FIGURE_WIDTH$}{p99}{max:>FIGURE_WIDTH$}"
        )
    };
    let captions = ["p50", "p95", "p99", "max"].map(str::to_owned);
    lines.push(Line::styled(line("", captions), theme.muted()));
    for (name, row) in rows {
        let Some(Quantiles { p50, p95, p99, max, .. }) = row else { continue };
        let figures = [Some(p50), Some(p95), p99, Some(max)]
            .map(|time| time.map_or_else(String::new, short_time));
        lines.push(Line::styled(line(name, figures), theme.text()));
    }
    lines
}

/// Formats a time in at most eight cells.
pub(super) fn short_time(time: Nanos) -> String {
    match time.0 {
        0..10_000_000_000 => time.to_string(),
        10_000_000_000..1_000_000_000_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{:.0} s", time.as_secs_f64()),
    }
}
