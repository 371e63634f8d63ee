//! The axis and the lanes of a picture.

use super::SvgPicture;
use super::lane_marks::LaneMarks;
use super::layout::{LEFT, LaneGeometry, MARGIN, ROW, WIDTH, axis_ticks, shown_lanes};
use super::legend::state_fill;
use super::svg_writer::{Font, TextAnchor, hex_color, push_box};
use crate::analysis::{plural, verdict};
use crate::model::{Lane, Nanos, Run, State, StateInterval};

/// The width of an error mark.
const ERROR_WIDTH: f64 = 3.0;

/// The gap between adjacent tasks, and the minimum width of a task that gets one.
const SEAM_WIDTH: f64 = 0.75;
const MIN_SEAMED_WIDTH: f64 = 4.0;

/// The padding between the edge of a state and its label.
const TEXT_PADDING: f64 = 4.0;

/// The right edges of the columns of figures.
const FIGURE_COLUMNS: [f64; 2] = [1104.0, WIDTH - MARGIN];

impl SvgPicture<'_> {
    /// Draws the labels of the axis. Returns the top of its grid lines.
    pub(super) fn draw_axis(&mut self) -> f64 {
        let font = Font::new(11.0, self.background.muted());
        let (moments, digits) = axis_ticks(self.scale.end);
        for at in moments {
            let (x, seconds) = (LEFT + self.scale.x(at), at.as_secs_f64());
            let words = format!("{seconds:.digits$} s");
            self.writer.push_text([x, self.y], font.with_anchor(TextAnchor::Middle), &words);
        }
        let tasks = self.workload.spec().tasks;
        for (x, words) in FIGURE_COLUMNS.into_iter().zip(["busy", tasks]) {
            self.writer.push_text([x, self.y], font.with_anchor(TextAnchor::End), words);
        }
        self.y += 8.0;
        self.y
    }

    pub(super) fn draw_grid(&mut self, [top, bottom]: [f64; 2]) {
        for at in axis_ticks(self.scale.end).0 {
            let x = LEFT + self.scale.x(at);
            self.writer.push_raw(r#"<g stroke-opacity="0.45">"#);
            self.writer.push_line([x, top, x, bottom], self.background.line());
            self.writer.push_raw("</g>\n");
        }
    }

    /// Draws the name and the lanes of a run.
    pub(super) fn draw_run(&mut self, run: &Run, marks: &[LaneMarks], lanes: LaneGeometry) {
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
        let busy = format!("{} %", lane.busy_percent(until));
        self.writer.begin_group(&format!("{name}: busy {busy}, {}", plural::count(tasks, "task")));
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
            for (x, figure) in FIGURE_COLUMNS.into_iter().zip([busy, tasks.to_string()]) {
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
}
