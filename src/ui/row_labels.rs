//! The names of runs and lanes on their rows.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::WidthClass;
use super::timeline::{Timeline, hidden_lanes_text, margins};
use super::timeline_rows::LaneTitle;
use super::{gil_row, text};
use crate::model::{LaneId, Mode, Plan, Run, Selection};

/// Returns the name of a mode, a short name, and one as short as a lane's.
pub(super) fn mode_names(selection: Selection) -> [String; 3] {
    let name = selection.to_string();
    let (short, shortest) = match name.as_str() {
        "sequential" => ("seq", "seq"),
        "threads" => ("threads", "thr"),
        "processes" => ("proc", "proc"),
        "parallel" => ("par", "par"),
        other => (other, other),
    };
    [name.clone(), short.to_owned(), shortest.to_owned()]
}

impl Timeline<'_> {
    /// Draws the name of a run, the number of its hidden lanes, and the figures of its GIL.
    pub(super) fn draw_run_name(&self, run: &Run, hidden: usize, area: Rect, buf: &mut Buffer) {
        let name = format!(" {}", run.plan().name());
        let (left, _) = margins(self.layout);
        let from = left.max(text::width(&name) as u16 + 2).min(area.width);
        Span::styled(name, self.theme.strong()).render(area, buf);
        let mut rest = Rect { x: area.x + from, width: area.width - from, ..area };
        if hidden > 0 {
            let hidden = format!("{}   ", hidden_lanes_text(self.app, hidden).trim_start());
            let width = (text::width(&hidden) as u16).min(rest.width);
            Span::styled(hidden, self.theme.muted()).render(rest, buf);
            rest = Rect { x: rest.x + width, width: rest.width - width, ..rest };
        }
        let figures = gil_row::gil_figures(run, run.elapsed(self.app.now()), rest.width.into());
        Line::styled(figures, self.theme.muted()).render(rest, buf);
    }

    /// Draws the name of a lane, with a mark if it is selected, and with its colour as holder of the
    /// GIL if there is one.
    pub(super) fn draw_lane_name(
        &self,
        run: &Run,
        index: u16,
        title: LaneTitle,
        chosen: bool,
        area: Rect,
        buf: &mut Buffer,
    ) {
        let indent = match title {
            LaneTitle::Indented => 1,
            LaneTitle::Worker if self.layout.width != WidthClass::Tiny => 1,
            LaneTitle::Worker | LaneTitle::Mode { .. } => 0,
        };
        let style = if chosen { self.theme.strong() } else { self.theme.text() };
        let mark = if chosen { ">" } else { " " };
        let room = self.name_width().saturating_sub(1 + indent);
        let name = match title {
            LaneTitle::Mode { hidden } => mode_label(run.plan(), hidden, room),
            LaneTitle::Indented | LaneTitle::Worker => worker_label(run, index, room),
        };
        self.draw_name(&format!("{mark}{:indent$}{name}", ""), style, area, buf);
        if let (Some(_), 1, false) = (run.gil(), indent, self.theme.has_holder_digits())
            && let Some(color) = self.theme.holder_color(LaneId(index))
            && let Some(cell) = buf.cell_mut(Position::new(area.x + 1, area.y))
        {
            cell.set_symbol("▌").set_style(Style::new().fg(color));
        }
    }

    /// Draws the name of a row.
    pub(super) fn draw_name(&self, text: &str, style: Style, area: Rect, buf: &mut Buffer) {
        let area = Rect { width: (self.name_width() as u16).min(area.width), ..area };
        Line::styled(text.to_owned(), style).render(area, buf);
    }

    fn name_width(&self) -> usize {
        let (left, _) = margins(self.layout);
        usize::from(left).saturating_sub(1)
    }
}

/// Returns the mode of a run in place of a lane's name, and the number of hidden lanes.
fn mode_label(plan: &Plan, hidden: usize, room: usize) -> String {
    let more = if hidden > 0 { format!(" +{hidden}") } else { String::new() };
    text::first_fitting(mode_names(plan.selection()).map(|name| name + &more), room)
}

/// Returns the name of a worker, or a short one if not all names of the run fit.
pub(super) fn worker_label(run: &Run, index: u16, room: usize) -> String {
    let name = run.worker_name(index);
    let longest = run.lanes().last().map_or(0, |lane| lane.label().len());
    if longest.max(name.len()) <= room {
        return name;
    }
    match run.plan().mode {
        Mode::Sequential => name,
        // Part of a process's number would be another process's.
        _ => name.replace("worker", "w").replace("pid ", ""),
    }
}
