//! The totals of a watched program: cores, threads, its GIL, and the cost of watching it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{HeightClass, ScreenLayout};
use super::state_bar::draw_bar;
use super::text;
use super::theme::Theme;
use super::thread_labels::thread_name;
use crate::analysis::plural;
use crate::analysis::program::{cpu_quota_text, function_text};
use crate::app::{App, ProgramFigures, WaitCount};
use crate::model::printable::printable;
use crate::model::{Run, State};

/// The gap between two figures.
const GAP: &str = "   ";

/// The maximum number of waits at the moment that are listed.
const MAX_WAITS: usize = 3;

/// The minimum and the maximum width of the bar of cores.
const BAR_WIDTHS: [u16; 2] = [8, 40];

/// Returns the number of rows of the totals.
pub(super) fn row_count(app: &App, layout: ScreenLayout) -> u16 {
    let has_gil = app.runs().iter().any(|run| run.gil().is_some());
    match (layout.height, layout.boxed) {
        (_, true) => 3 + u16::from(has_gil),
        (HeightClass::Normal, false) => 2 + u16::from(has_gil),
        (HeightClass::Low, _) => 1 + u16::from(has_gil),
        (HeightClass::Tiny, _) => 1,
    }
}

/// Draws the rows, the most important first.
pub(super) fn draw_rows(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let Some((run, figures)) = app.runs().first().zip(app.picture().program_figures()) else {
        return;
    };
    let figures = ProgramTotalsRows { run, figures };
    let mut rows = area.rows();
    if let Some(row) = rows.next() {
        figures.draw_cores(area.height == 1, theme, row, buf);
    }
    let gil = figures.gil_parts();
    let has_cost_row = area.height > 2 + u16::from(gil.is_some());
    let (mut threads, cost) = (figures.thread_parts(), figures.cost_text());
    if !has_cost_row {
        threads.push(cost.clone());
    }
    let rest = gil.into_iter().chain([threads, vec![cost]]);
    for (parts, row) in rest.zip(rows) {
        let parts = parts.into_iter().map(|part| text::to_drawable(part, theme));
        let line = fitting_parts(parts, row.width.into());
        Line::styled(line, theme.text()).render(row, buf);
    }
}

/// Joins as many parts as fit, from the first on.
fn fitting_parts(parts: impl Iterator<Item = String>, room: usize) -> String {
    let mut line = String::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let gap = if line.is_empty() { "" } else { GAP };
        if text::width(&line) + gap.len() + text::width(&part) <= room {
            line = line + gap + &part;
        }
    }
    line
}

/// The rows of the totals of a watched program.
struct ProgramTotalsRows<'app> {
    run: &'app Run,
    figures: &'app ProgramFigures,
}

impl ProgramTotalsRows<'_> {
    /// Draws the cores that were used, and a bar of them.
    fn draw_cores(&self, is_alone: bool, theme: Theme, row: Rect, buf: &mut Buffer) {
        let totals = &self.figures.totals;
        let cores = self.figures.cores.max(1);
        let (used, wanted) = (totals.on_cpu_cores, totals.no_core_mean);
        let first = format!("{used:.2} of {cores} {}", plural::noun(cores, "core"));
        let second = format!("{first}{GAP}no core {wanted:.2}");
        let third = if is_alone {
            format!("{second}{GAP}{}", plural::count(totals.threads_now, "thread"))
        } else {
            second.clone()
        };
        let text = text::first_fitting([third, second, first], row.width.into());
        let width = text::width(&text) as u16;
        Span::styled(text, theme.strong()).render(row, buf);
        let x = row.x + width + 2;
        let [least, most] = BAR_WIDTHS;
        let bar = row.right().saturating_sub(x).min(most);
        if bar < least {
            return;
        }
        let scale = f64::from(cores).max(used + wanted);
        let eighths = |mean: f64| (mean / scale * f64::from(bar) * 8.0).round() as u16;
        let segments = [(State::OnCpu, eighths(used)), (State::NoCore, eighths(wanted))];
        draw_bar(&segments, theme, Rect { x, width: bar, ..row }, buf);
    }

    /// Returns the numbers of threads and of their switches, and the waits of the moment.
    fn thread_parts(&self) -> Vec<String> {
        let totals = &self.figures.totals;
        let (now, peak, born) = (totals.threads_now, totals.threads_peak, totals.threads_born);
        let threads = plural::count(born, "thread");
        let threads = match (now, peak) {
            (now, _) if now == born => threads,
            (now, peak) if peak == born => format!("{threads}, {now} now"),
            _ => format!("{threads}, {now} now, {peak} at once"),
        };
        let switches = format!("{:.0} switches/s", totals.switches_per_second);
        let quota = totals.quota.filter(|quota| quota.used_up > 0);
        let quota = quota.map(|quota| format!("CPU quota {}", cpu_quota_text(quota)));
        vec![threads, quota.unwrap_or_default(), switches, self.waits_text()]
    }

    /// Returns what most threads wait for at the moment: `now 5 sleeping, 2 in lock wait`.
    fn waits_text(&self) -> String {
        let waits = self.figures.waits.iter().take(MAX_WAITS).map(wait_text);
        let waits: Vec<String> = waits.collect();
        if waits.is_empty() { String::new() } else { format!("now {}", waits.join(", ")) }
    }

    /// Returns the figures of the GIL, the most telling first.
    fn gil_parts(&self) -> Option<Vec<String>> {
        let gil = self.figures.gil.as_ref()?;
        let longest = gil.longest_hold.as_ref().map(|(task, time, place)| {
            let function =
                place.as_ref().map(|place| format!(" in {}", function_text(&place.function)));
            let name = thread_name(self.run, *task);
            format!("longest hold {time}, {name}{}", function.unwrap_or_default())
        });
        let waiters = gil.waiters_mean;
        let of = gil.pid.map_or_else(String::new, |pid| format!(" of {pid}"));
        let mut parts = vec![
            format!("GIL{of} held {:.0} %", gil.held * 100.0),
            format!("{waiters:.1} waited for it"),
            format!("{}/s", plural::count(gil.hand_overs_per_second.round() as u64, "hand-over")),
        ];
        parts.extend(longest);
        Some(parts)
    }

    /// Returns the cost of watching, here and in the program.
    fn cost_text(&self) -> String {
        let totals = &self.figures.totals;
        if totals.own_cores == 0.0 {
            return String::new();
        }
        let [own, inside] =
            [totals.own_cores, totals.cost_to_program_cores].map(|cores| cores * 100.0);
        format!("watching costs {own:.1} % of a core here and {inside:.1} % in the program")
    }
}

/// Returns a number of threads with the state that they wait in, or with the call.
fn wait_text(wait: &WaitCount) -> String {
    let count = wait.threads;
    match (wait.state, &wait.call) {
        (State::Sleeping | State::Parked, _) => format!("{count} {}", wait.state.label()),
        (State::LockWait, _) => format!("{count} in lock wait"),
        (State::Events, _) => format!("{count} in events"),
        (_, Some(call)) => format!("{count} in {}", printable(call)),
        (state, None) => format!("{count} {}", state.label()),
    }
}
