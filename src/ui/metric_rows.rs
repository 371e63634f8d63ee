//! The rows below the lanes, on the same time axis: requests in flight, with the adaptive concurrency
//! limit as a line over them, the queue, and the remaining quota.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::lane_bar::{LOWER_EIGHTHS, eighth_glyph};
use super::layout::{WidthClass, draw_symbol};
use super::theme::Theme;
use super::timeline::Timeline;
use super::timeline_rows::MetricRows;
use super::{accent, lane_labels, status_line, text};
use crate::model::lesson::Highlight;
use crate::model::{LevelSeries, LimitChange, Mode, Nanos, Run};

/// The ASCII glyphs of a level: the level itself or, for a peak of 10 or more, its share in ninths.
const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The glyphs of a line low, in the middle and high in its cell.
const LINE: [(&str, &str); 3] = [("▁", "_"), ("─", "-"), ("▔", "^")];

impl Timeline<'_> {
    /// Draws the levels of the run with the selected lane, or else of the last run that has started;
    /// and the summary of the selected lane.
    pub(super) fn draw_metric_rows(&self, metric_rows: &MetricRows, area: Rect, buf: &mut Buffer) {
        let Some((run, until)) = self.metrics_run() else { return };
        let heights =
            [metric_rows.in_flight, metric_rows.queue, metric_rows.quota, metric_rows.chosen];
        let heights = heights.map(|height| Constraint::Length(height as u16));
        let [in_flight, queue, quota, chosen] = area.layout(&Layout::vertical(heights));
        let style = self.theme.bar(run.plan().mode == Mode::Sequential);
        let (limit, level) = (run.limits().concurrency_level(), run.timing().in_flight_level());
        let level = if run.plan().auto { level.with_peak(limit.peak()) } else { level };
        self.draw_level_area(level, until, style, in_flight, buf);
        self.draw_in_flight_name(run, level.peak(), in_flight, buf);
        self.draw_fitting_figures(in_flight_texts(run, until), in_flight.rows().next_back(), buf);
        if run.plan().auto {
            let limit = limit.with_peak(level.peak());
            self.draw_limit_line(limit, until, in_flight, buf);
            let changes = latest_changes(run, until, self.theme);
            for (forms, row) in changes.zip(in_flight.rows().rev().skip(1)) {
                self.draw_fitting_figures(forms, Some(row), buf);
            }
        }
        // The row above names the mode, if there is one.
        let scale = format!("0-{}", run.timing().queue_level().peak());
        let [.., mode] = lane_labels::mode_names(run.plan().selection());
        let forms = if metric_rows.in_flight == 0 {
            [format!("queue {mode} {scale}"), format!("queue {mode}")]
        } else {
            [format!("queue {scale}"), "queue".to_owned()]
        };
        let name = text::first_fitting(forms, self.name_width().saturating_sub(1));
        self.draw_level(&name, run.timing().queue_level(), until, style, queue, buf);
        let figures = match self.app.picture().time_behind(self.app.session()) {
            None => queue_texts(run, metric_rows.in_flight > 0),
            Some(_) => paused_queue_texts(run, until),
        };
        self.draw_fitting_figures(figures, queue.rows().next_back(), buf);
        self.draw_quota(run, until, quota, buf);
        for (part, area) in [(Highlight::InFlight, in_flight), (Highlight::Queue, queue)] {
            accent::draw(self.app, part, self.theme, self.name_area(area), buf);
        }
        if let Some(row) = chosen.rows().next_back() {
            let changes = || self.limit_changes(run, until, row.width.into());
            let text = self
                .lane_summary(row.width)
                .or_else(changes)
                .unwrap_or_else(|| self.selection_hint());
            text.render(row, buf);
        }
    }

    /// Returns the run whose levels are shown, and the time until which they are drawn.
    fn metrics_run(&self) -> Option<(&Run, Nanos)> {
        let picture = self.app.picture();
        if picture.lane_index().is_some() {
            let selected = picture.selected_lane(self.app.session())?;
            return Some((selected.run, selected.until));
        }
        self.app.visible_runs().filter(|(run, _)| run.has_started()).last()
    }

    /// Draws the remaining quota on one line, because a quota is usually full and would merge with
    /// the queue above; and its figures: the remaining requests and, on a second line, the reset
    /// time.
    fn draw_quota(&self, run: &Run, until: Nanos, area: Rect, buf: &mut Buffer) {
        let mut lines = area.rows();
        let (first, last) = (lines.next(), lines.next_back());
        let Some(lowest) = last.or(first) else { return };
        self.draw_level(
            "quota",
            run.limits().quota_level(),
            until,
            self.theme.muted(),
            lowest,
            buf,
        );
        // Before the first response of a run, the quota is known from the run before.
        let known = run.limits().quota().or_else(|| self.app.session().latest_quota());
        if let Some(quota) = known {
            self.draw_fitting_figures(status_line::remaining_texts(quota), first, buf);
            self.draw_fitting_figures(status_line::reset_texts(quota), last, buf);
        }
    }

    /// Draws the mean level of each cell until `until`. The height of the area stands for the peak.
    fn draw_level_area(
        &self,
        level: LevelSeries<'_>,
        until: Nanos,
        style: Style,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let area = self.bar_area(area).intersection(buf.area);
        let peak = f64::from(level.peak().max(1));
        let mut start = self.window.from;
        for x in area.left()..area.right().min(area.left() + self.window.columns) {
            let end = start + self.window.cell;
            if start >= until {
                return;
            }
            let mean = level.mean(start, end.min(until));
            let share = mean / peak;
            let digit = if peak < 10.0 { mean } else { share * 9.0 }.round() as usize;
            let eighths = (share * f64::from(area.height) * 8.0).round() as u16;
            // Any level above 0 is visible.
            let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
            for (row, y) in (area.top()..area.bottom()).rev().enumerate() {
                let symbol = match eighths.saturating_sub(row as u16 * 8).min(8) as u8 {
                    0 => break,
                    _ if self.theme.is_ascii() => DIGITS.get(digit.max(1)).copied().unwrap_or("9"),
                    8 => "█",
                    eighths => eighth_glyph(&LOWER_EIGHTHS, eighths),
                };
                draw_symbol(x, y, symbol, style, buf);
            }
            start = end;
        }
    }

    /// Draws a limit until `until` over the level already drawn. The height of the area stands for the
    /// peak. A single row has no room for a line, so only changes are marked there.
    fn draw_limit_line(&self, limit: LevelSeries<'_>, until: Nanos, area: Rect, buf: &mut Buffer) {
        let area = self.bar_area(area).intersection(buf.area);
        let mut start = self.window.from;
        let mut before = limit.value_at(start);
        for x in area.left()..area.right().min(area.left() + self.window.columns) {
            if start >= until {
                return;
            }
            let end = (start + self.window.cell).min(until);
            // A cell with several values shows the last.
            let now = limit.value_at(Nanos(end.0.saturating_sub(1)));
            let mark = if area.height > 1 {
                line_position(now, limit.peak(), area, self.theme)
            } else {
                change_arrow(before, now, self.theme).map(|symbol| (area.top(), symbol))
            };
            if let Some((y, symbol)) = mark
                && let Some(cell) = buf.cell_mut(Position::new(x, y))
            {
                let style = overlay_style(cell.symbol(), cell.fg, self.theme);
                cell.set_symbol(symbol).set_style(style);
            }
            (start, before) = (start + self.window.cell, now);
        }
    }

    /// Draws a level with its name.
    fn draw_level(
        &self,
        name: &str,
        level: LevelSeries<'_>,
        until: Nanos,
        style: Style,
        area: Rect,
        buf: &mut Buffer,
    ) {
        self.draw_level_area(level, until, style, area, buf);
        if let Some(row) = area.rows().next_back() {
            let indent = usize::from(self.layout.width != WidthClass::Tiny);
            self.draw_name(&format!("{:indent$}{name}", ""), self.theme.muted(), row, buf);
        }
    }

    /// Draws the name of the level in flight and, below it, the name of the run and the scale.
    fn draw_in_flight_name(&self, run: &Run, peak: u32, area: Rect, buf: &mut Buffer) {
        let [long, _, short, _] = lane_labels::mode_names(run.plan().selection());
        let scale = format!("0-{peak}");
        let mut rows = area.rows();
        let (name, first, second) = (rows.next(), rows.next(), rows.next());
        let indent = usize::from(self.layout.width != WidthClass::Tiny);
        let room = self.name_width().saturating_sub(indent);
        let mut draw = |forms: Vec<String>, row: Option<Rect>| {
            if let Some(row) = row {
                let name = format!("{:indent$}{}", "", text::first_fitting(forms, room));
                self.draw_name(&name, self.theme.muted(), row, buf);
            }
        };
        draw(vec!["in flight".to_owned()], name);
        if second.is_some() {
            draw(vec![format!("({long})"), format!("({short})")], first);
            draw(vec![scale], second);
        } else {
            draw(vec![format!("{long} {scale}"), format!("{short} {scale}"), scale], first);
        }
    }

    /// Draws the first of these forms that fits beside a row. A truncated number would be wrong.
    fn draw_fitting_figures(
        &self,
        forms: impl IntoIterator<Item = String>,
        row: Option<Rect>,
        buf: &mut Buffer,
    ) {
        if let Some(row) = row {
            // Keeps one cell between the figures and the box.
            let edge = self.bar_area(row).right() + u16::from(self.layout.boxed);
            let room = row.right().saturating_sub(edge);
            self.draw_figure_text(&text::first_fitting(forms, room.into()), row, buf);
        }
    }

    /// Returns the limit with its latest changes until a time, as many as fit. It is shown while no
    /// lane is selected.
    fn limit_changes(&self, run: &Run, until: Nanos, width: usize) -> Option<Line<'static>> {
        let last = run.limits().concurrency_change_at(until).filter(|_| run.plan().auto)?;
        let name = format!(" concurrency limit {}", last.to);
        // Keeps one cell between the text and the box.
        let mut room = width.saturating_sub(text::width(&name) + 1);
        let mut spans = Vec::new();
        for step in changes_until(run, until) {
            let change = format!("  {} {}", step.at, describe_change(step, self.theme));
            let Some(left) = room.checked_sub(text::width(&change)) else { break };
            room = left;
            spans.push(Span::styled(change, self.theme.muted()));
        }
        spans.push(Span::styled(name, self.theme.strong()));
        spans.reverse();
        Some(Line::from(spans))
    }
}

/// Returns the number of requests in flight with its peak and, if reduced or adaptive, its limit,
/// from the longest form to the shortest.
fn in_flight_texts(run: &Run, until: Nanos) -> Vec<String> {
    let level = run.timing().in_flight_level();
    let now = level.value_at(until);
    let peak = format!("{now:>6}  peak {}", level.peak());
    let [.., mode] = lane_labels::mode_names(run.plan().selection());
    // A number without a word would be unclear, so the shortest form is empty.
    let short = [format!(" {now} now ({mode})"), format!(" {now} now"), String::new()];
    let step =
        run.limits().concurrency_change_at(until).filter(|_| run.plan().auto).map(|step| step.to);
    let most = step.or_else(|| run.reduced_limit().filter(|_| !run.is_over()));
    let long = match most {
        Some(most) => [format!("{peak}  limit {most}"), format!("{now:>6}  limit {most}")],
        None => [format!("{peak}  {}", run.plan().selection()), short_figures(run, now)],
    };
    long.into_iter().chain(short).collect()
}

/// Returns the number in flight with its scale and the run, for a row without the name of the run.
fn short_figures(run: &Run, now: u32) -> String {
    let [_, _, short, _] = lane_labels::mode_names(run.plan().selection());
    format!("{now:>4} now, 0-{} ({short})", run.timing().in_flight_level().peak())
}

/// Returns the number of tasks at each stage, from the longest form to the shortest: queued, active,
/// done. The row above may show the number of active ones.
fn queue_texts(run: &Run, active_shown_above: bool) -> Vec<String> {
    let (queued, active) = (run.queued_tasks(), run.tasks_in_work());
    // Includes failed commands, but not CPU work that was abandoned.
    let done = run.ended_tasks();
    let last = if active_shown_above { format!("{done} done") } else { format!("{active} active") };
    vec![
        format!("  {queued} queued  {active} active  {done} done"),
        format!(" {queued} queued {active} active {done} done"),
        format!("  {queued} queued  {last}"),
        format!(" {queued} queued {last}"),
        format!(" {queued} queued"),
        String::new(),
    ]
}

/// Like [`queue_texts`] for a paused view, which knows only the number of tasks in the queue.
fn paused_queue_texts(run: &Run, until: Nanos) -> Vec<String> {
    let queued = run.timing().queue_level().value_at(until);
    vec![format!("  {queued} queued"), format!(" {queued} queued"), String::new()]
}

/// Returns the changes until a time, the latest first, each from the longest form to the shortest.
fn latest_changes(run: &Run, until: Nanos, theme: Theme) -> impl Iterator<Item = [String; 4]> {
    changes_until(run, until).map(move |step| {
        let (change, numbers) = (describe_change(step, theme), limit_text(step, theme));
        let [change, numbers] = [change, numbers].map(|text| format!(" {text}"));
        [format!(" {change}"), change, numbers, String::new()]
    })
}

/// Returns the changes until a time, the latest first, without the initial limit.
fn changes_until(run: &Run, until: Nanos) -> impl Iterator<Item = &LimitChange> {
    let so_far =
        run.limits().concurrency_changes().iter().rev().filter(move |step| step.at <= until);
    so_far.filter(|step| step.from.is_some())
}

/// Returns a change with its reason: `8→9 no queue`.
fn describe_change(step: &LimitChange, theme: Theme) -> String {
    format!("{} {}", limit_text(step, theme), step.reason)
}

/// Returns a change: `8→9`.
fn limit_text(step: &LimitChange, theme: Theme) -> String {
    let LimitChange { from, to, .. } = step;
    from.map_or_else(|| to.to_string(), |from| format!("{from}{}{to}", theme.pick("→", "->")))
}

/// Returns the row of the line at a level, and the glyph for its height within the row.
fn line_position(now: u32, peak: u32, area: Rect, theme: Theme) -> Option<(u16, &'static str)> {
    let steps = LINE.len() as u32 * u32::from(area.height);
    // The top of an area filled to the same level.
    let place = (now * steps).div_ceil(peak.max(1)).checked_sub(1)?.min(steps - 1);
    let (row, part) = (place / LINE.len() as u32, place % LINE.len() as u32);
    let (unicode, ascii) = LINE.get(part as usize)?;
    Some((area.bottom().saturating_sub(1 + row as u16), theme.pick(unicode, ascii)))
}

fn change_arrow(before: u32, now: u32, theme: Theme) -> Option<&'static str> {
    match now.cmp(&before) {
        std::cmp::Ordering::Greater if before > 0 => Some(theme.pick("▲", "^")),
        std::cmp::Ordering::Less => Some(theme.pick("▼", "v")),
        _ => None,
    }
}

/// Returns the style for drawing on a cell such that its fill remains visible.
fn overlay_style(symbol: &str, fill: Color, theme: Theme) -> Style {
    let filled = matches!(symbol, "█" | "▇" | "▆" | "▅");
    match fill {
        _ if !filled => theme.strong(),
        Color::Reset => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
        fill => theme.label_style(fill).add_modifier(Modifier::BOLD),
    }
}
