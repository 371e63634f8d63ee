//! Below the lanes, on the same time axis: requests in flight, the queue, what is left of the quota.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout as Split, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::rows::Below;
use super::timeline::Timeline;
use super::{limits, steps, text};
use crate::model::{Level, Mode, Nanos, Run};

impl Timeline<'_> {
    /// Draws the levels of the run that the lane chosen is in, else of the last that has begun; and
    /// what is known of that lane.
    pub(super) fn foot(&self, below: &Below, area: Rect, buf: &mut Buffer) {
        let Some((run, until)) = self.levelled() else { return };
        let heights = [below.in_flight, below.queue, below.quota, below.chosen];
        let heights = heights.map(|height| Constraint::Length(height as u16));
        let [in_flight, queue, quota, chosen] = area.layout(&Split::vertical(heights));
        let style = self.theme.bar(run.plan().mode == Mode::Sequential);
        let level = run.in_flight_level();
        self.steps("in flight", level, until, style, in_flight, buf);
        self.figures_beside(in_flight_figures(run, until), in_flight.rows().next_back(), buf);
        self.steps("queue", run.queue_level(), until, style, queue, buf);
        let figures = figures(run, run.queue_level(), until);
        self.figures_beside(figures, queue.rows().next_back(), buf);
        self.quota(run, until, quota, buf);
        if let Some(row) = chosen.rows().next_back() {
            let text = self.chosen(row.width).unwrap_or_else(|| self.hint());
            text.render(row, buf);
        }
    }

    /// The run whose levels are shown, and until when.
    fn levelled(&self) -> Option<(&Run, Nanos)> {
        let mut place = 0;
        let mut found = None;
        for (run, until) in self.app.visible() {
            let lanes = place..place + run.lanes().len();
            place = lanes.end;
            match self.app.lane() {
                Some(lane) if lanes.contains(&lane) => found = Some((run, until)),
                None if run.has_begun() => found = Some((run, until)),
                _ => {}
            }
        }
        found
    }

    /// Draws what was left of the quota, on one line: a quota is full as a rule, and must not grow
    /// together with the queue above. Says how much is left, and where there is another line, when
    /// it resets.
    fn quota(&self, run: &Run, until: Nanos, area: Rect, buf: &mut Buffer) {
        let mut lines = area.rows();
        let (first, last) = (lines.next(), lines.next_back());
        let Some(lowest) = last.or(first) else { return };
        self.steps("quota", run.quota_level(), until, self.theme.quiet(), lowest, buf);
        // Before its first reply, a run has what the preparing request left.
        let known = run.quota().or_else(|| self.app.session().profile().and_then(Run::quota));
        if let Some(quota) = known {
            self.figures_beside(limits::remaining(quota), first, buf);
            self.figures_beside(limits::resets(quota), last, buf);
        }
    }

    /// Draws a level and its name.
    fn steps(
        &self,
        name: &str,
        level: Level<'_>,
        until: Nanos,
        style: Style,
        area: Rect,
        buf: &mut Buffer,
    ) {
        steps::draw(level, self.window, until, self.theme, style, self.bars(area), buf);
        if let Some(row) = area.rows().next_back() {
            self.name(&format!(" {name}"), self.theme.quiet(), row, buf);
        }
    }

    /// Writes the first of these forms that fits beside a row: half a number would be another one.
    fn figures_beside(
        &self,
        forms: impl IntoIterator<Item = String>,
        row: Option<Rect>,
        buf: &mut Buffer,
    ) {
        if let Some(row) = row {
            let room = row.right().saturating_sub(self.bars(row).right());
            self.beside(&text::fitting(forms, room.into()), row, buf);
        }
    }
}

/// How many there are, and how many there were at most, the longest form first.
fn figures(run: &Run, level: Level<'_>, until: Nanos) -> [String; 3] {
    let now = format!("{:>6}", level.at(until));
    let peak = format!("{now}  peak {}", level.peak());
    [format!("{peak}  {}", run.plan().mode), peak, now]
}

/// The same, and after a limit how many there may be.
fn in_flight_figures(run: &Run, until: Nanos) -> [String; 3] {
    let [whose, peak, now] = figures(run, run.in_flight_level(), until);
    match run.narrowed().filter(|_| !run.is_over()) {
        Some(most) => [format!("{peak}  most {most}"), format!("{now}  most {most}"), now],
        None => [whose, peak, now],
    }
}
