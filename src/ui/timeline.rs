//! The timeline: the axis, a row a lane, tasks in flight and in the queue, the lane chosen.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::layout::{Height, Layout, Width};
use super::theme::Theme;
use super::{footer, lanes, steps};
use crate::app::keymap::{Action, key_of};
use crate::app::{App, Window};
use crate::model::stats::percentile;
use crate::model::{Lane, Mode, Nanos, Run, State};

/// A column of figures beside the lanes.
struct Column {
    caption: &'static str,
    width: u16,
}

const BUSY: Column = Column { caption: "busy", width: 7 };
const TASKS: Column = Column { caption: "tasks", width: 7 };
const P95: Column = Column { caption: "p95", width: 9 };

/// How wide the lanes' names are, and the figures behind them, at a layout.
fn margins(layout: Layout) -> (u16, u16) {
    let figures: u16 = figures(layout).iter().map(|column| column.width).sum();
    match layout.width {
        Width::Tiny => (10, 0),
        _ => (12 + u16::from(layout.boxed), figures + u16::from(layout.boxed)),
    }
}

/// The figures that there is room for.
const fn figures(layout: Layout) -> &'static [Column] {
    match layout.width {
        Width::Wide => &[BUSY, TASKS, P95],
        Width::Normal => &[BUSY, P95],
        Width::Narrow => &[BUSY],
        Width::Tiny => &[],
    }
}

/// How many cells the timeline has on an area this wide.
pub(super) fn columns(layout: Layout, width: u16) -> u16 {
    let (left, right) = margins(layout);
    width.saturating_sub(left + right)
}

/// A row of the timeline.
enum Row<'app> {
    /// The preparing request.
    Profile(&'app Run),
    /// A run's name, above its lanes.
    Name(&'app Run),
    /// A lane, by its place in its run and among all.
    Lane { run: &'app Run, until: Nanos, lane: &'app Lane, index: u16, place: usize, alone: bool },
    /// Lanes that have no room.
    Hidden(usize),
    /// Nothing.
    Gap,
}

/// Draws the timeline, and the legend on a row of its own: where there is no row for what the lane
/// chosen did, that takes the legend's place.
pub(super) fn draw(
    app: &App,
    layout: Layout,
    theme: Theme,
    [area, legend]: [Rect; 2],
    buf: &mut Buffer,
) {
    let timeline = Timeline { app, layout, theme, window: app.viewport().window() };
    let failed = app.session().failure(app.shown()).is_some();
    if app.runs().is_empty() && app.session().active() != Some(app.shown()) && !failed {
        timeline.invitation(area, buf);
        footer::legend(theme, legend, buf);
        return;
    }
    let mut rows = area.rows();
    let mut left = usize::from(area.height);
    if layout.height > Height::Tiny
        && let Some(row) = rows.next()
    {
        timeline.axis(row, buf);
        left -= 1;
    }
    let below = timeline.below(left);
    let lanes = timeline.rows(left - below.total());
    for (row, area) in lanes.iter().zip(rows.by_ref().take(left - below.total())) {
        timeline.row(row, area, buf);
    }
    let top = area.bottom().saturating_sub(below.total() as u16);
    timeline.foot(&below, Rect { y: top, height: below.total() as u16, ..area }, buf);
    match timeline.chosen().filter(|_| below.chosen == 0) {
        Some(text) => text.render(legend, buf),
        None => footer::legend(theme, legend, buf),
    }
}

/// How many rows what stands below the lanes has.
struct Below {
    in_flight: usize,
    queue: usize,
    chosen: usize,
}

impl Below {
    fn total(&self) -> usize {
        self.in_flight + self.queue + self.chosen
    }
}

struct Timeline<'app> {
    app: &'app App,
    layout: Layout,
    theme: Theme,
    window: Window,
}

impl<'app> Timeline<'app> {
    /// The rows of lanes that a whole picture needs.
    fn needed(&self) -> usize {
        let lanes: usize = self.app.runs().iter().map(|run| run.lanes().len()).sum();
        let profile =
            self.layout.height == Height::Normal && self.app.session().profile().is_some();
        lanes
            + usize::from(profile)
            + self.app.runs().iter().filter(|run| self.is_named(run)).count()
    }

    /// Whether a run's name has a row of its own above its lanes.
    fn is_named(&self, run: &Run) -> bool {
        self.layout.boxed || (run.lanes().len() > 1 && self.layout.height == Height::Normal)
    }

    fn below(&self, height: usize) -> Below {
        let room = height.saturating_sub(self.needed());
        match self.layout.height {
            Height::Tiny => Below { in_flight: 0, queue: 0, chosen: 0 },
            Height::Low => Below { in_flight: 1, queue: usize::from(room > 2), chosen: 0 },
            Height::Normal if self.layout.boxed && room > 12 => {
                Below { in_flight: 3, queue: 2, chosen: 2 }
            }
            Height::Normal if self.layout.boxed => Below { in_flight: 1, queue: 1, chosen: 1 },
            // Without a row to spare, the lane chosen is told in the legend's place.
            Height::Normal => Below { in_flight: 1, queue: 1, chosen: usize::from(room > 3) },
        }
    }

    /// The rows to draw on `height` rows: the lane chosen is always among them.
    fn rows(&self, height: usize) -> Vec<Row<'app>> {
        let mut rows = Vec::new();
        let mut place = 0;
        if let Some(profile) = self.app.session().profile()
            && self.layout.height == Height::Normal
        {
            rows.push(Row::Profile(profile));
        }
        // Where there is room, runs stand apart, and then their lanes, too.
        let runs = self.app.runs().len();
        let lanes: usize = self.app.runs().iter().map(|run| run.lanes().len() - 1).sum();
        let spare = if self.layout.boxed { height - self.needed().min(height) } else { 0 };
        for (run, until) in self.app.visible() {
            if spare > runs {
                rows.push(Row::Gap);
            }
            if self.is_named(run) {
                rows.push(Row::Name(run));
            }
            let short = self.layout.width == Width::Tiny;
            let alone = run.lanes().len() == 1 && !self.is_named(run) && !short;
            for (index, lane) in (0..).zip(run.lanes()) {
                if index > 0 && spare > runs + lanes {
                    rows.push(Row::Gap);
                }
                rows.push(Row::Lane { run, until, lane, index, place, alone });
                place += 1;
            }
        }
        self.fold(rows, height)
    }

    /// Where not all rows fit, those around the lane chosen stay, and the rest are counted.
    fn fold(&self, mut rows: Vec<Row<'app>>, height: usize) -> Vec<Row<'app>> {
        if rows.len() <= height {
            return rows;
        }
        let Some(room) = height.checked_sub(1) else { return Vec::new() };
        let is_lane = |row: &Row<'_>| matches!(row, Row::Lane { .. });
        let chosen = self.app.lane().unwrap_or(0);
        let chosen = rows
            .iter()
            .position(|row| matches!(row, Row::Lane { place, .. } if *place == chosen))
            .unwrap_or(0);
        let lanes = rows.iter().filter(|row| is_lane(row)).count();
        // The rows above the second lane stay, so that both modes are seen as long as it goes.
        let pinned =
            rows.iter().rposition(|row| matches!(row, Row::Name(_))).map_or(0, |at| at + 1);
        let pinned = if pinned < room { pinned } else { 0 };
        let first = (chosen + 1).saturating_sub(room).max(pinned);
        let last = first + room - pinned;
        let mut index = 0;
        rows.retain(|_| {
            index += 1;
            index <= pinned || (index > first && index <= last)
        });
        let kept = rows.iter().filter(|row| is_lane(row)).count();
        rows.push(Row::Hidden(lanes - kept));
        rows
    }

    fn row(&self, row: &Row<'app>, area: Rect, buf: &mut Buffer) {
        let bars = self.bars(area);
        match row {
            Row::Profile(run) => {
                self.name(" profile", self.theme.quiet(), area, buf);
                let until = run.elapsed(self.app.now());
                if let Some(lane) = run.lanes().first() {
                    lanes::draw(lane, self.window, until, self.theme, bars, buf);
                }
            }
            Row::Name(run) => {
                let name = match run.plan().mode {
                    Mode::Sequential => run.plan().mode.to_string(),
                    mode @ Mode::Threads => format!("{mode} x{}", run.plan().workers),
                };
                self.name(&format!(" {name}"), self.theme.strong(), area, buf);
            }
            Row::Lane { run, until, lane, index, place, alone } => {
                let chosen = self.app.lane() == Some(*place);
                let name = if *alone {
                    run.plan().mode.to_string()
                } else {
                    run.plan().worker_name(*index)
                };
                let mark = if chosen { ">" } else { " " };
                let indent = if *alone || self.layout.width == Width::Tiny { "" } else { " " };
                let style = if chosen { self.theme.strong() } else { self.theme.text() };
                self.name(&format!("{mark}{indent}{name}"), style, area, buf);
                lanes::draw(lane, self.window, *until, self.theme, bars, buf);
                self.figures(run, lane, *until, area, buf);
            }
            Row::Hidden(lanes) => {
                let (up, down) = (key_of(Action::PreviousLane), key_of(Action::NextLane));
                let text = format!(" +{lanes} lanes   {down}/{up} go through them");
                Line::styled(text, self.theme.quiet()).render(area, buf);
            }
            Row::Gap => {}
        }
    }

    /// Where the cells are on a row.
    fn bars(&self, area: Rect) -> Rect {
        let (left, right) = margins(self.layout);
        Rect {
            x: area.x + left.min(area.width),
            width: area.width.saturating_sub(left + right),
            ..area
        }
    }

    fn name(&self, text: &str, style: Style, area: Rect, buf: &mut Buffer) {
        let (left, _) = margins(self.layout);
        let area = Rect { width: left.saturating_sub(1).min(area.width), ..area };
        Line::styled(text.to_owned(), style).render(area, buf);
    }

    /// The figures beside a lane.
    fn figures(&self, run: &Run, lane: &Lane, until: Nanos, area: Rect, buf: &mut Buffer) {
        if !run.has_begun() {
            return;
        }
        let mut text = String::new();
        for column in figures(self.layout) {
            let figure = match column.caption {
                "busy" => busy(lane, until),
                "tasks" => lane.task_count().to_string(),
                _ => {
                    let mut durations: Vec<Nanos> = lane.durations().collect();
                    percentile(&mut durations, 0.95).map(|p95| p95.to_string()).unwrap_or_default()
                }
            };
            // Writing to a String cannot fail.
            _ = write!(text, "{figure:>0$}", usize::from(column.width));
        }
        self.beside(&text, area, buf);
    }

    /// Writes into the columns of figures.
    fn beside(&self, text: &str, area: Rect, buf: &mut Buffer) {
        let bars = self.bars(area);
        let area = Rect { x: bars.right(), width: area.right() - bars.right(), ..area };
        Line::styled(text.to_owned(), self.theme.quiet()).render(area, buf);
    }

    /// The axis: a tick and its time every so many cells, the same for all runs.
    fn axis(&self, area: Rect, buf: &mut Buffer) {
        let bars = self.bars(area);
        let captions = figures(self.layout).iter();
        let captions: Vec<String> = captions
            .map(|column| format!("{:>1$}", column.caption, usize::from(column.width)))
            .collect();
        self.beside(&captions.concat(), area, buf);
        let step = tick(self.window.cell);
        let first = self.window.from.0.div_ceil(step.0) * step.0;
        let mut at = Nanos(first);
        loop {
            let column = at.since(self.window.from).0 / self.window.cell.0;
            let text = format!("{}{}", self.theme.pick("╵", "'"), tick_text(at, step));
            let room = u64::from(bars.width.min(self.window.columns));
            if column + text.chars().count() as u64 > room {
                return;
            }
            let x = bars.x + column as u16;
            let width = bars.right().saturating_sub(x);
            Line::styled(text, self.theme.quiet()).render(Rect { x, width, ..area }, buf);
            at = at + step;
        }
    }

    /// Tasks in flight and in the queue of the run that the lane chosen is in, else of the last that
    /// has begun; and what is known of that lane.
    fn foot(&self, below: &Below, area: Rect, buf: &mut Buffer) {
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
        let Some((run, until)) = found else { return };
        let mut y = area.y;
        let mut part = |height: usize| {
            let part = Rect { y, height: height as u16, ..area };
            y += height as u16;
            part
        };
        let style = self.theme.bar(run.plan().mode == Mode::Sequential);
        for (name, now, steps, height) in [
            ("in flight", run.in_flight(), run.in_flight_steps(), below.in_flight),
            ("queue", run.queued(), run.queue_steps(), below.queue),
        ] {
            if height == 0 {
                continue;
            }
            let part = part(height);
            let last = Rect { y: part.bottom().saturating_sub(1), height: 1, ..part };
            self.name(&format!(" {name}"), self.theme.quiet(), last, buf);
            steps::draw(steps, self.window, until, self.theme, style, self.bars(part), buf);
            self.beside(&format!("{now:>6}  of {}", steps.peak()), last, buf);
        }
        if below.chosen > 0 {
            let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
            let text = self.chosen().unwrap_or_else(|| self.hint());
            text.render(row, buf);
        }
    }

    fn hint(&self) -> Line<'static> {
        let (next, previous) = (key_of(Action::NextLane), key_of(Action::PreviousLane));
        Line::styled(format!(" {next}/{previous} choose a lane"), self.theme.quiet())
    }

    /// What the lane chosen did, state by state, the longest first.
    fn chosen(&self) -> Option<Line<'static>> {
        let chosen = self.app.lane()?;
        let mut place = 0;
        for (run, until) in self.app.visible() {
            if let Some(lane) = run.lanes().get(chosen - place) {
                return Some(self.described(run, chosen - place, lane, until));
            }
            place += run.lanes().len();
        }
        None
    }

    fn described(&self, run: &Run, index: usize, lane: &Lane, until: Nanos) -> Line<'static> {
        let name = format!(" {}", run.plan().worker_name(index as u16));
        let mut spans = vec![Span::styled(name, self.theme.strong())];
        let sums = lane.between(Nanos::ZERO, until);
        let mut times: Vec<_> =
            State::ALL.into_iter().zip(sums).filter(|(_, time)| *time > 0).collect();
        times.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
        for (state, time) in times {
            let text = format!("  {} {}", state.word(), Nanos(time));
            spans.push(Span::styled(text, self.theme.quiet()));
        }
        Line::from(spans)
    }

    /// What a mode that has not run says instead of a picture.
    fn invitation(&self, area: Rect, buf: &mut Buffer) {
        let session = self.app.session();
        let shown = self.app.shown();
        let run = key_of(Action::Run);
        let text = match (session.active(), session.cost(shown)) {
            (Some(active), _) => {
                let stop = key_of(Action::Stop);
                format!("{shown} waits for {active} to be over. {stop} stops {active}.")
            }
            (None, Some(cost)) => {
                let api = &session.target().api;
                let quota = session.profile().and_then(Run::quota);
                let left = quota.map(|quota| format!(" of the {} left", quota.remaining));
                let requests = if cost == 1 { "1 request" } else { &format!("{cost} requests") };
                let left = left.unwrap_or_default();
                format!(
                    "{shown} has not run yet. It costs {requests}{left} at {api}. {run} runs it."
                )
            }
            (None, None) => format!("{shown} has not run yet. {run} runs it."),
        };
        let area =
            Rect { y: area.y + area.height / 3, height: area.height - area.height / 3, ..area };
        Paragraph::new(Line::styled(text, self.theme.text()))
            .centered()
            .wrap(Wrap { trim: true })
            .render(area, buf);
    }
}

/// The share of its life that a lane had a task.
fn busy(lane: &Lane, until: Nanos) -> String {
    let share = lane.busy(until).0 as f64 / until.0.max(1) as f64;
    format!("{:.0} %", share * 100.0)
}

/// The time between two ticks: about ten cells, in steps of 1, 2 and 5.
fn tick(cell: Nanos) -> Nanos {
    let least = cell.0.saturating_mul(9);
    let mut power = 1_000;
    loop {
        for step in [1, 2, 5] {
            if step * power >= least {
                return Nanos(step * power);
            }
        }
        power *= 10;
    }
}

/// A tick's time, with as many digits as its neighbours need.
fn tick_text(at: Nanos, step: Nanos) -> String {
    match step.0 {
        ..1_000_000 => format!("{} us", at.0 / 1_000),
        1_000_000..100_000_000 if at.0 < 1_000_000_000 => format!("{} ms", at.0 / 1_000_000),
        1_000_000..10_000_000 => format!("{:.3} s", at.as_secs_f64()),
        10_000_000..100_000_000 => format!("{:.2} s", at.as_secs_f64()),
        100_000_000..1_000_000_000 => format!("{:.1} s", at.as_secs_f64()),
        _ => format!("{:.0} s", at.as_secs_f64()),
    }
}

/// Fills what is left of a heading line.
pub(super) fn rule(theme: Theme, area: Rect, buf: &mut Buffer) {
    for x in area.left()..area.right() {
        if let Some(cell) = buf.cell_mut(Position::new(x, area.y)) {
            cell.set_symbol(theme.pick("─", "-")).set_style(theme.line());
        }
    }
}
