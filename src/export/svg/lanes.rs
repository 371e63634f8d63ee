//! A picture's axis and lanes.

use super::Picture;
use super::ink::{Anchor, Font, hex, push_box};
use super::layout::{LEFT, Lanes, MARGIN, ROW, WIDTH, shown, ticks};
use super::legend::fill;
use super::marks::Marks;
use crate::export::plural;
use crate::model::{Lane, Nanos, Run, State, Stretch, Workload};

/// How wide an error is drawn at least.
const ERROR: f64 = 3.0;

/// Between two tasks, where the second has more room than this.
const GAP: f64 = 0.75;
const ROOMY: f64 = 4.0;

/// Between the edge of a state and the words on it.
const INSIDE: f64 = 4.0;

/// Where a lane's figures end.
const FIGURES: [f64; 2] = [1104.0, WIDTH - MARGIN];

impl Picture<'_> {
    /// Draws the axis's words; returns where its lines begin.
    pub(super) fn axis(&mut self) -> f64 {
        let font = Font::new(11.0, self.background.quiet());
        let (moments, digits) = ticks(self.scale.end);
        for at in moments {
            let (x, seconds) = (LEFT + self.scale.x(at), at.as_secs_f64());
            let words = format!("{seconds:.digits$} s");
            self.ink.text([x, self.y], font.anchored(Anchor::Middle), &words);
        }
        let tasks = match self.workload {
            Workload::Followers => "pages",
            Workload::Commands => "commands",
            _ => "tasks",
        };
        for (x, words) in FIGURES.into_iter().zip(["busy", tasks]) {
            self.ink.text([x, self.y], font.anchored(Anchor::End), words);
        }
        self.y += 8.0;
        self.y
    }

    pub(super) fn grid(&mut self, [top, bottom]: [f64; 2]) {
        for at in ticks(self.scale.end).0 {
            let x = LEFT + self.scale.x(at);
            self.ink.raw(r#"<g stroke-opacity="0.45">"#);
            self.ink.line([x, top, x, bottom], self.background.line());
            self.ink.raw("</g>\n");
        }
    }

    /// A run's name, and its lanes.
    pub(super) fn run(&mut self, run: &Run, marks: &[Marks], lanes: Lanes) {
        let font = Font::new(13.0, self.background.text()).bold();
        self.ink.text([MARGIN, self.y + 15.0], font, &run.plan().name());
        self.y += ROW - 4.0;
        for (at, (lane, marks)) in run.lanes().iter().zip(marks).take(shown(run)).enumerate() {
            self.lane(run, (at, lane), marks, lanes);
            self.y += lanes.pitch;
        }
        let spare = run.lanes().len() - shown(run);
        if spare > 0 {
            let font = Font::new(12.0, self.background.quiet());
            let were = if spare == 1 { "was" } else { "were" };
            let words = format!("{} {were} not needed", plural(spare as u64, "more worker"));
            self.ink.text([LEFT, self.y + 12.0], font, &words);
            self.y += ROW - 8.0;
        }
        self.y += 6.0;
    }

    fn lane(&mut self, run: &Run, (at, lane): (usize, &Lane), marks: &Marks, lanes: Lanes) {
        let (until, name) = (self.subject.elapsed(run), run.worker_name(at as u16));
        let tasks = lane.tasks_until(until);
        let busy = format!("{} %", lane.busy_percent(until));
        self.ink.group(&format!("{name}: busy {busy}, {}", plural(tasks as u64, "task")));
        let middle = self.y + lanes.height / 2.0;
        if lanes.height > 4.0 {
            let end = LEFT + self.scale.x(until);
            self.ink.line([LEFT, middle, end.max(LEFT + 1.0), middle], self.background.line());
        }
        self.states(marks, lanes);
        let size = if lanes.have_words() { 12.0 } else { 9.0 };
        let font = Font::new(size, self.background.quiet());
        let baseline = middle + size * 0.36;
        if at.is_multiple_of(lanes.named) {
            let name = font.fitting(&name, LEFT - MARGIN - 16.0);
            self.ink.text([MARGIN + 12.0, baseline], font, &name);
            for (x, figure) in FIGURES.into_iter().zip([busy, tasks.to_string()]) {
                self.ink.text([x, baseline], font.anchored(Anchor::End), &figure);
            }
        }
        if lanes.have_words() {
            self.borders(lane, until, lanes);
            self.words(run, lane, baseline);
        }
        self.ink.end_group();
    }

    /// A path a state, so that there are few elements however many marks there are.
    fn states(&mut self, marks: &Marks, lanes: Lanes) {
        for state in State::ALL {
            let mut path = String::new();
            for mark in marks.states.iter().filter(|mark| mark.state == state) {
                let ([from, to], [top, bottom]) = (mark.x, mark.y);
                let [y, height] = [top, bottom - top].map(|part| part * lanes.height);
                push_box(&mut path, [LEFT + from, self.y + y, to - from, height]);
            }
            self.ink.path(&path, &fill(state, self.background));
        }
        let mut path = String::new();
        let over = if lanes.height > 4.0 { 2.0 } else { 0.0 };
        for at in &marks.errors {
            let x = (LEFT + at - ERROR / 2.0).max(LEFT);
            push_box(&mut path, [x, self.y - over, ERROR, lanes.height + 2.0 * over]);
        }
        self.ink.path(&path, &hex(self.background.state(State::Error)));
    }

    /// Where a task begins as another ends, a gap that the eye can see.
    fn borders(&mut self, lane: &Lane, until: Nanos, lanes: Lanes) {
        let mut path = String::new();
        let mut last = None;
        for span in lane.spans() {
            let end = span.end.unwrap_or(until);
            let [from, to] = [span.start, end].map(|at| self.scale.x(at));
            let touches = last.is_some_and(|last: f64| from - last < GAP);
            if touches && to - from > ROOMY {
                push_box(&mut path, [LEFT + from, self.y, GAP, lanes.height]);
            }
            last = Some(to);
        }
        self.ink.path(&path, &hex(self.background.ground()));
    }

    /// What each attempt is about, on the longest of its states, where there is room.
    fn words(&mut self, run: &Run, lane: &Lane, baseline: f64) {
        let font = Font::new(11.0, 0);
        let until = self.subject.elapsed(run);
        let mut stretches = lane.stretches(until).peekable();
        for span in lane.spans() {
            let end = span.end.unwrap_or(until);
            while stretches.next_if(|stretch| stretch.start < span.start).is_some() {}
            let mut longest: Option<Stretch> = None;
            while let Some(stretch) = stretches.next_if(|stretch| stretch.start < end) {
                let length = |stretch: &Stretch| stretch.end.since(stretch.start);
                if longest.as_ref().is_none_or(|best| length(&stretch) > length(best)) {
                    longest = Some(stretch);
                }
            }
            let Some(stretch) = longest else { continue };
            let [from, to] = [stretch.start, stretch.end].map(|at| self.scale.x(at));
            let label = match span.attempt {
                1 => run.plan().label(span.task),
                again => format!("{} #{again}", run.plan().label(span.task)),
            };
            let room = to - from - 2.0 * INSIDE;
            let command = run.plan().command(span.task).is_some() && room > 40.0;
            if font.width(&label) <= room || command {
                let light = self.background.is_light_text_on(stretch.state);
                let font = Font { color: if light { 0x00ff_ffff } else { 0x0010_1010 }, ..font };
                let label = font.fitting(&label, room);
                self.ink.text([LEFT + from + INSIDE, baseline], font, &label);
            }
        }
    }
}
