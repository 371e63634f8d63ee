//! The timeline of a picture: one axis, and for each run its lanes, the number of tasks in flight, and
//! the quota.

use std::fmt::Write as _;

use super::lane_marks::{self, LaneMarks};
use super::svg_writer::{Font, TextAnchor, format_number, hex_color, push_box};
use super::{LEFT, MARGIN, RIGHT, ROW, SvgPicture, WIDTH, state_fill};
use crate::analysis::{TimeShare, plural, verdict};
use crate::model::{Lane, LevelSeries, Nanos, Run, State, StateInterval};

/// The height of a chart.
const CHART: f64 = 26.0;

/// The maximum number of steps drawn exactly; longer series are drawn as means.
const MAX_EXACT_STEPS: usize = 1_000;

/// The width of an error mark.
const ERROR_WIDTH: f64 = 3.0;

/// The gap between adjacent tasks, and the minimum width of a task that gets one.
const SEAM_WIDTH: f64 = 0.75;
const MIN_SEAMED_WIDTH: f64 = 4.0;

/// The padding between the edge of a state and its label.
const TEXT_PADDING: f64 = 4.0;

/// The right edges of the columns of figures.
const FIGURE_COLUMNS: [f64; 2] = [1116.0, WIDTH - MARGIN];

/// The maximum number of lanes of a run that are always drawn at full height.
const MAX_TALL_LANES: usize = 4;

/// The maximum number of labels on the axis.
const MAX_TICKS: u64 = 10;

/// The geometry of lanes: the fewer there are, the higher they are.
#[derive(Clone, Copy, Debug)]
struct LaneGeometry {
    /// The distance from one lane to the next.
    pitch: f64,
    /// The height of a lane.
    height: f64,
    /// The interval between lanes with a name: 2 for every second lane.
    named: usize,
}

/// Returns the number of lanes to draw: all of them, or up to the last used one for an automatic run.
fn shown_lanes(run: &Run) -> usize {
    let lanes = run.lanes();
    if !run.plan().auto {
        return lanes.len();
    }
    let last = lanes.iter().rposition(|lane| lane.spans().next().is_some());
    last.map_or(1, |last| last + 1).min(lanes.len())
}

impl LaneGeometry {
    /// Returns the geometry for a run. A run with few lanes keeps its height next to runs with many.
    fn for_run(run: &Run, runs: &[&Run]) -> Self {
        let all: usize = runs.iter().map(|run| shown_lanes(run)).sum();
        let own = shown_lanes(run);
        let lanes = if own <= MAX_TALL_LANES { own } else { all };
        let (pitch, height, named) = match lanes {
            0..=24 => (22.0, 18.0, 1),
            25..=60 => (15.0, 12.0, 1),
            61..=200 => (6.0, 5.0, 2),
            _ => (2.0, 2.0, 10),
        };
        Self { pitch, height, named }
    }

    /// Returns `true` if a lane is high enough for text.
    fn fits_text(self) -> bool {
        self.height >= 12.0
    }
}

/// Returns the times of the axis labels and the number of decimals of their seconds.
fn axis_ticks(end: Nanos) -> (Vec<Nanos>, usize) {
    let mut step = 1_u64;
    for factor in [2, 5, 10].into_iter().cycle().scan(1_u64, |decade, factor| {
        let step = decade.saturating_mul(factor);
        if factor == 10 {
            *decade = step;
        }
        Some(step)
    }) {
        if end.0 / step <= MAX_TICKS {
            break;
        }
        step = factor;
    }
    let digits = (0..=9).find(|&digits| step.is_multiple_of(10_u64.pow(9 - digits))).unwrap_or(9);
    ((0..=end.0 / step).map(|tick| Nanos(tick * step)).collect(), digits as usize)
}

impl SvgPicture<'_> {
    /// Draws the lanes and charts of all runs under one axis. Returns the visible states.
    pub(super) fn draw_timeline(&mut self) -> Vec<State> {
        let all = lane_marks::marks_for_runs(&self.runs, self.subject.now, self.scale);
        let states = lane_marks::visible_states(&all);
        let top = self.draw_axis();
        let (runs, mut bottom) = (self.runs.clone(), self.y);
        let before = std::mem::take(&mut self.writer);
        for (run, marks) in runs.into_iter().zip(all) {
            self.draw_run(run, &marks, LaneGeometry::for_run(run, &self.runs));
            self.draw_charts(run);
            bottom = self.y;
            self.y += 10.0;
        }
        // The grid lies under the lanes, but its length is known only after they are drawn.
        let lanes = std::mem::replace(&mut self.writer, before);
        self.draw_grid([top, bottom]);
        self.writer.push_raw(&lanes.into_svg());
        self.draw_lesson_mark([top, bottom]);
        states
    }

    /// Draws the labels of the axis. Returns the top of its grid lines.
    fn draw_axis(&mut self) -> f64 {
        let font = Font::new(11.0, self.background.muted());
        let (moments, digits) = axis_ticks(self.scale.end);
        for at in moments {
            let (x, seconds) = (LEFT + self.scale.x(at), at.as_secs_f64());
            let words = format!("{seconds:.digits$} s");
            self.writer.push_text([x, self.y], font.with_anchor(TextAnchor::Middle), &words);
        }
        let tasks = self.workload.spec().tasks;
        for (x, words) in FIGURE_COLUMNS.into_iter().zip(["share of time", tasks]) {
            self.writer.push_text([x, self.y], font.with_anchor(TextAnchor::End), words);
        }
        self.y += 8.0;
        self.y
    }

    fn draw_grid(&mut self, [top, bottom]: [f64; 2]) {
        for at in axis_ticks(self.scale.end).0 {
            let x = LEFT + self.scale.x(at);
            self.writer.push_raw(r#"<g stroke-opacity="0.45">"#);
            self.writer.push_line([x, top, x, bottom], self.background.line());
            self.writer.push_raw("</g>\n");
        }
    }

    /// Draws the name and the lanes of a run.
    fn draw_run(&mut self, run: &Run, marks: &[LaneMarks], lanes: LaneGeometry) {
        let font = Font::new(13.0, self.background.text()).bold();
        self.writer.push_text([MARGIN, self.y + 15.0], font, &run.plan().name());
        self.y += ROW - 4.0;
        for (at, (lane, marks)) in run.lanes().iter().zip(marks).take(shown_lanes(run)).enumerate()
        {
            self.draw_lane(run, at, lane, marks, lanes);
            self.y += lanes.pitch;
        }
        let spare = run.lanes().len() - shown_lanes(run);
        if let Some(words) = verdict::spare_workers_text(spare) {
            let font = Font::new(12.0, self.background.muted());
            self.writer.push_text([LEFT, self.y + 12.0], font, &words);
            self.y += ROW - 8.0;
        }
        self.y += 6.0;
    }

    fn draw_lane(
        &mut self,
        run: &Run,
        at: usize,
        lane: &Lane,
        marks: &LaneMarks,
        lanes: LaneGeometry,
    ) {
        let (until, name) = (self.subject.elapsed(run), run.worker_name(at as u16));
        let tasks = lane.task_count_until(until);
        let [share, shares] =
            [1, State::ALL.len()].map(|count| TimeShare::largest_text(lane, until, count));
        self.writer.begin_group(&format!("{name}: {shares}; {}", plural::count(tasks, "task")));
        let middle = self.y + lanes.height / 2.0;
        if lanes.height > 4.0 {
            let end = LEFT + self.scale.x(until);
            self.writer
                .push_line([LEFT, middle, end.max(LEFT + 1.0), middle], self.background.line());
        }
        self.draw_states(marks, lanes);
        let size = if lanes.fits_text() { 12.0 } else { 9.0 };
        let font = Font::new(size, self.background.muted());
        let baseline = middle + size * 0.36;
        if at.is_multiple_of(lanes.named) {
            let name = font.fit_text(&name, LEFT - MARGIN - 16.0);
            self.writer.push_text([MARGIN + 12.0, baseline], font, &name);
            for (x, figure) in FIGURE_COLUMNS.into_iter().zip([share, tasks.to_string()]) {
                self.writer.push_text([x, baseline], font.with_anchor(TextAnchor::End), &figure);
            }
        }
        if lanes.fits_text() {
            self.draw_seams(lane, until, lanes);
            self.draw_labels(run, lane, baseline);
        }
        self.writer.end_group();
    }

    /// Draws one path per state, so that the number of elements does not depend on the number of marks.
    fn draw_states(&mut self, marks: &LaneMarks, lanes: LaneGeometry) {
        for state in State::ALL {
            let mut path = String::new();
            for mark in marks.states.iter().filter(|mark| mark.state == state) {
                let ([from, to], [top, bottom]) = (mark.x, mark.y);
                let [y, height] = [top, bottom - top].map(|part| part * lanes.height);
                push_box(&mut path, [LEFT + from, self.y + y, to - from, height]);
            }
            self.writer.push_path(&path, &state_fill(state, self.background));
        }
        let mut path = String::new();
        let over = if lanes.height > 4.0 { 2.0 } else { 0.0 };
        for at in &marks.errors {
            let x = (LEFT + at - ERROR_WIDTH / 2.0).max(LEFT);
            push_box(&mut path, [x, self.y - over, ERROR_WIDTH, lanes.height + 2.0 * over]);
        }
        self.writer.push_path(&path, &hex_color(self.background.state_color(State::Error)));
    }

    /// Draws a visible gap between tasks that follow each other immediately.
    fn draw_seams(&mut self, lane: &Lane, until: Nanos, lanes: LaneGeometry) {
        let mut path = String::new();
        let mut last = None;
        for span in lane.spans() {
            let end = span.end.unwrap_or(until);
            let [from, to] = [span.start, end].map(|at| self.scale.x(at));
            let touches = last.is_some_and(|last: f64| from - last < SEAM_WIDTH);
            if touches && to - from > MIN_SEAMED_WIDTH {
                push_box(&mut path, [LEFT + from, self.y, SEAM_WIDTH, lanes.height]);
            }
            last = Some(to);
        }
        self.writer.push_path(&path, &hex_color(self.background.canvas()));
    }

    /// Draws the label of each attempt on its longest state, if it fits.
    fn draw_labels(&mut self, run: &Run, lane: &Lane, baseline: f64) {
        let font = Font::new(11.0, 0);
        let until = self.subject.elapsed(run);
        let mut stretches = lane.state_intervals(until).peekable();
        for span in lane.spans() {
            let end = span.end.unwrap_or(until);
            while stretches.next_if(|stretch| stretch.start < span.start).is_some() {}
            let mut longest: Option<StateInterval> = None;
            while let Some(stretch) = stretches.next_if(|stretch| stretch.start < end) {
                let length = |stretch: &StateInterval| stretch.end.since(stretch.start);
                if longest.as_ref().is_none_or(|best| length(&stretch) > length(best)) {
                    longest = Some(stretch);
                }
            }
            let Some(stretch) = longest else { continue };
            let [from, to] = [stretch.start, stretch.end].map(|at| self.scale.x(at));
            let label = match span.attempt {
                1 => run.label(span.task),
                again => format!("{} #{again}", run.label(span.task)),
            };
            let room = to - from - 2.0 * TEXT_PADDING;
            let command = run.plan().command(span.task).is_some() && room > 40.0;
            if font.text_width(&label) <= room || command {
                let light = self.background.is_light_text_on(stretch.state);
                let font = Font { color: if light { 0x00ff_ffff } else { 0x0010_1010 }, ..font };
                let label = font.fit_text(&label, room);
                self.writer.push_text([LEFT + from + TEXT_PADDING, baseline], font, &label);
            }
        }
    }

    fn draw_charts(&mut self, run: &Run) {
        let (end, plan) = (self.subject.elapsed(run), run.plan());
        if plan.workers > 1 {
            let color = self.background.state_color(State::Waiting);
            self.draw_chart("in flight", run.timing().in_flight_level(), end, color);
        }
        if run.limits().quota().is_some() && plan.work.costs_quota() {
            self.draw_chart("quota", run.limits().quota_level(), end, self.background.sequential());
        }
    }

    fn draw_chart(&mut self, name: &str, level: LevelSeries<'_>, end: Nanos, color: u32) {
        let font = Font::new(12.0, self.background.muted());
        let (top, bottom) = (self.y + 2.0, self.y + CHART - 4.0);
        self.writer.push_text([MARGIN + 12.0, bottom - 5.0], font, name);
        let peak = format!("peak {}", level.peak());
        let right = RIGHT + 8.0;
        self.writer.push_text([right, bottom - 5.0], font.with_anchor(TextAnchor::Start), &peak);
        let highest = f64::from(level.peak().max(1));
        let mut path = format!("M{} {}", format_number(LEFT), format_number(bottom));
        for (at, value) in self.level_steps(level, end) {
            let (x, y) = (LEFT + self.scale.x(at), bottom - value / highest * (bottom - top));
            // Writing to a String cannot fail.
            _ = write!(path, "H{}V{}", format_number(x), format_number(y));
        }
        let end = LEFT + self.scale.x(end);
        _ = write!(path, "H{}V{}z", format_number(end), format_number(bottom));
        self.writer.push_raw(r#"<g fill-opacity="0.75">"#);
        self.writer.push_path(&path, &hex_color(color));
        self.writer.push_raw("</g>\n");
        self.writer.push_line([LEFT, bottom, end, bottom], self.background.line());
        self.y += CHART + 2.0;
    }

    /// Returns the values of a level with their start times: exact ones, or the means of half pixels.
    fn level_steps(&self, level: LevelSeries<'_>, end: Nanos) -> Vec<(Nanos, f64)> {
        let exact: Vec<(Nanos, u32)> = level.changes().take(MAX_EXACT_STEPS + 1).collect();
        if exact.len() <= MAX_EXACT_STEPS {
            let values = exact.into_iter().filter(|(at, _)| *at < end);
            return values.map(|(at, value)| (at, f64::from(value))).collect();
        }
        let columns = (self.scale.x(end) * 2.0).ceil().max(1.0) as u64;
        let border = |column: u64| {
            Nanos((u128::from(end.0) * u128::from(column) / u128::from(columns)) as u64)
        };
        let mean = |column| level.mean(border(column), border(column + 1));
        (0..columns).map(|column| (border(column), mean(column))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_has_few_round_ticks() {
        for (end, step, digits) in [
            (4_647, 500, 1),
            (10_000, 1_000, 0),
            (10_999, 1_000, 0),
            (11_000, 2_000, 0),
            (47, 5, 3),
        ] {
            let (ticks, found) = axis_ticks(Nanos::from_millis(end));
            assert_eq!((ticks[1], found), (Nanos::from_millis(step), digits), "{end}");
            assert!((5..=11).contains(&ticks.len()), "{end}: {}", ticks.len());
        }
        assert_eq!(axis_ticks(Nanos::ZERO), (vec![Nanos::ZERO], 9));
    }
}
