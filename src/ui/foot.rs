//! Below the lanes, on the same time axis: requests in flight, the queue, what is left of the quota.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout as Split, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::names::mode_names;
use super::rows::Below;
use super::timeline::Timeline;
use super::{allowed, limits, steps, text};
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
        let (limit, level) = (run.allowed_level(), run.in_flight_level());
        let level = if run.plan().auto { level.reaching(limit.peak()) } else { level };
        self.steps("in flight", level, until, style, in_flight, buf);
        self.figures_beside(in_flight_figures(run, until), in_flight.rows().next_back(), buf);
        if run.plan().auto {
            let limit = limit.reaching(level.peak());
            allowed::draw(limit, self.window, until, self.theme, self.bars(in_flight), buf);
            let changes = allowed::last_changes(run, until, self.theme);
            for (forms, row) in changes.zip(in_flight.rows().rev().skip(1)) {
                self.figures_beside(forms, Some(row), buf);
            }
        }
        // Whose it is, the row above says, where there is one.
        let whose = mode_names(run.plan().selection()).map(|mode| format!("queue {mode}"));
        let [_, _, whose] = whose;
        let name = if below.in_flight == 0 { &whose } else { "queue" };
        self.steps(name, run.queue_level(), until, style, queue, buf);
        let figures = match self.app.behind() {
            None => queue_figures(run, below.in_flight > 0),
            Some(_) => held_queue_figures(run, until),
        };
        self.figures_beside(figures, queue.rows().next_back(), buf);
        self.quota(run, until, quota, buf);
        if let Some(row) = chosen.rows().next_back() {
            let changes = || self.changes(run, until, row.width.into());
            let text = self.chosen(row.width).or_else(changes).unwrap_or_else(|| self.hint());
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
            // Away from the box.
            let edge = self.bars(row).right() + u16::from(self.layout.boxed);
            let room = row.right().saturating_sub(edge);
            self.beside(&text::fitting(forms, room.into()), row, buf);
        }
    }
}

/// How many are in flight, and how many were at most, the longest form first; after a limit, how many
/// may be.
fn in_flight_figures(run: &Run, until: Nanos) -> Vec<String> {
    let level = run.in_flight_level();
    let now = level.at(until);
    let peak = format!("{now:>6}  peak {}", level.peak());
    // A number alone says nothing.
    let short = [format!(" {now} now"), String::new()];
    let step = run.step_at(until).filter(|_| run.plan().auto).map(|step| step.to);
    let most = step.or_else(|| run.narrowed().filter(|_| !run.is_over()));
    let long = match most {
        Some(most) => [format!("{peak}  most {most}"), format!("{now:>6}  most {most}")],
        None => [format!("{peak}  {}", run.plan().selection()), peak],
    };
    long.into_iter().chain(short).collect()
}

/// Where the run's tasks are now, the longest form first: those that found no room in the queue yet,
/// in the queue, handed out, done. The row above may say how many are handed out.
fn queue_figures(run: &Run, out_is_told: bool) -> Vec<String> {
    let (waiting, out) = (run.queued(), run.handed_out());
    // A command that failed is done with, while CPU work that was given up is not done.
    let done = run.ended_tasks();
    let outside = match run.unqueued() {
        0 if run.plan().queue.is_none() => String::new(),
        outside => format!("{outside} to put "),
    };
    let last = if out_is_told { format!("{done} done") } else { format!("{out} out") };
    vec![
        format!("  {outside}{waiting} waiting  {out} handed out  {done} done"),
        format!("  {outside}{waiting} waiting  {out} out  {done} done"),
        format!(" {outside}{waiting} waiting {out} out {done} done"),
        format!(" {outside}{waiting} wait {out} out {done} done"),
        format!("  {outside}{waiting} wait  {last}"),
        format!(" {outside}{waiting} wait {last}"),
        format!(" {waiting} wait {last}"),
        format!(" {waiting} wait"),
        String::new(),
    ]
}

/// The same of a view that is held still: how many were in the queue then.
fn held_queue_figures(run: &Run, until: Nanos) -> Vec<String> {
    let waiting = run.queue_level().at(until);
    vec![format!("  {waiting} waiting"), format!(" {waiting} wait"), String::new()]
}
