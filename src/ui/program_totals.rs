//! The totals of a watched program: cores, threads, its GIL, and the cost of watching it.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{HeightClass, ScreenLayout};
use super::theme::Theme;
use super::thread_labels::thread_name;
use super::{text, totals};
use crate::analysis::plural;
use crate::analysis::program::ProgramSummary;
use crate::app::App;
use crate::model::printable::printable;
use crate::model::{LaneId, ProgramRecord, Run, State};

/// The gap between two figures.
const GAP: &str = "   ";

/// The maximum number of calls that threads wait in now that are listed.
const MAX_CALLS: usize = 3;

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
    let Some(run) = app.runs().first().filter(|run| run.has_started()) else { return };
    let summary = ProgramSummary::so_far(run, app.now());
    let Some((record, summary)) = run.program().zip(summary) else { return };
    let figures = ProgramFigures { run, record, summary };
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

/// The figures of a watched program up to now.
struct ProgramFigures<'run> {
    run: &'run Run,
    record: &'run ProgramRecord,
    summary: ProgramSummary<'run>,
}

impl ProgramFigures<'_> {
    /// Draws the cores that were used, and a bar of them.
    fn draw_cores(&self, is_alone: bool, theme: Theme, row: Rect, buf: &mut Buffer) {
        let totals = &self.summary.totals;
        let cores = self.summary.program.cores.max(1);
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
        totals::draw_bar(&segments, theme, Rect { x, width: bar, ..row }, buf);
    }

    /// Returns the numbers of threads and of their switches, and what they wait for now.
    fn thread_parts(&self) -> Vec<String> {
        let totals = &self.summary.totals;
        let (now, peak, born) = (totals.threads_now, totals.threads_peak, totals.threads_born);
        let threads = plural::count(born, "thread");
        let threads = match (now, peak) {
            (now, _) if now == born => threads,
            (now, peak) if peak == born => format!("{threads}, {now} now"),
            _ => format!("{threads}, {now} now, {peak} at once"),
        };
        let switches = format!("{:.0} switches/s", totals.switches_per_second);
        vec![threads, switches, self.waits_text()]
    }

    /// Returns the calls in which most threads wait at the moment.
    fn waits_text(&self) -> String {
        if self.run.is_over() {
            return String::new();
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, lane) in self.run.lanes().iter().enumerate() {
            if lane.is_working() && lane.state().has_reason() {
                let reason = self.record.wait_reason(LaneId(index as u16), self.summary.end);
                if let Some(reason) = reason {
                    *counts.entry(&reason.call).or_default() += 1;
                }
            }
        }
        let mut calls: Vec<_> = counts.into_iter().collect();
        calls.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let calls = calls.iter().take(MAX_CALLS);
        let calls: Vec<String> =
            calls.map(|(call, count)| format!("{} {count}", printable(call))).collect();
        if calls.is_empty() { String::new() } else { format!("now in {}", calls.join(", ")) }
    }

    /// Returns the figures of the first GIL, the most telling first.
    fn gil_parts(&self) -> Option<Vec<String>> {
        let gil = self.summary.gils.first()?;
        let longest = gil.longest_hold.map(|hold| {
            let function = hold.place.map(|place| format!(" in {}()", printable(&place.function)));
            let name = thread_name(self.run, hold.task);
            format!("longest hold {}, {name}{}", hold.time, function.unwrap_or_default())
        });
        let waiters = gil.waiters_mean;
        let mut parts = vec![
            format!("GIL held {:.0} %", gil.held * 100.0),
            format!("{waiters:.1} waited for it"),
            format!("{:.0} hand-overs/s", gil.hand_overs_per_second),
        ];
        parts.extend(longest);
        Some(parts)
    }

    /// Returns the cost of watching, here and in the program.
    fn cost_text(&self) -> String {
        let totals = &self.summary.totals;
        if totals.own_cores == 0.0 {
            return String::new();
        }
        let [own, inside] =
            [totals.own_cores, totals.cost_to_program_cores].map(|cores| cores * 100.0);
        format!("watching costs {own:.1} % of a core here and {inside:.1} % in the program")
    }
}
