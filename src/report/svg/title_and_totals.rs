//! The title, the totals with their bars, and the verdict of a picture.

use super::SvgPicture;
use super::layout::{LEFT, MARGIN, ROW, WIDTH};
use super::svg_writer::{Font, TextAnchor, hex_color};
use crate::analysis::plural;
use crate::model::{Mode, Run, State, WorkloadSpec};
use crate::report::{Comparison, plain};

/// The right edge of the bars of the totals.
const BARS_RIGHT: f64 = 700.0;

/// The right edges of the columns of figures.
const FIGURE_COLUMNS: [f64; 5] = [786.0, 870.0, 966.0, 1064.0, WIDTH - MARGIN];

impl SvgPicture<'_> {
    pub(super) fn title(&self) -> String {
        match self.subject.target.filter(|_| self.workload.is_fetched()) {
            Some(target) => format!("{} @ {}", target.user, target.api),
            None => self.workload.spec().heading.to_owned(),
        }
    }

    /// Describes the tasks.
    fn subtitle(&self) -> String {
        let tasks = self.runs.iter().map(|run| run.progress().known_tasks()).max().unwrap_or(0);
        let per_page = self.subject.target.map_or(0, |target| target.per_page);
        let tasks = plural::count(tasks, self.workload.spec().task);
        if let Some(results) = self.workload.spec().results {
            return format!("{results}, {tasks} of {per_page}");
        }
        let computed = self.runs.first();
        let task = computed.and_then(|run| plain::computed::describe_task(run, self.subject.cores));
        task.unwrap_or(tasks)
    }

    pub(super) fn draw_head(&mut self, title: &str, sentence: Option<&str>) {
        let (text, quiet) = (self.background.text(), self.background.muted());
        let font = Font::new(24.0, text).bold();
        let room = WIDTH - 2.0 * MARGIN;
        self.writer.push_text([MARGIN, self.y + 14.0], font, &font.fit_text(title, room));
        self.writer.push_text([MARGIN, self.y + 36.0], Font::new(14.0, quiet), &self.subtitle());
        self.y += 58.0;
        self.draw_totals();
        let font = Font::new(15.0, text).bold();
        for line in sentence.into_iter().flat_map(|sentence| wrap_text(font, sentence, room)) {
            self.writer.push_text([MARGIN, self.y + 12.0], font, &line);
            self.y += 21.0;
        }
        self.y += 20.0;
    }

    fn draw_totals(&mut self) {
        let caption = Font::new(11.0, self.background.muted()).with_anchor(TextAnchor::End);
        let WorkloadSpec { tasks, results, .. } = self.workload.spec();
        let captions = ["time", tasks, results.unwrap_or("failed"), "speed-up", "efficiency"];
        for (x, words) in FIGURE_COLUMNS.into_iter().zip(captions) {
            self.writer.push_text([x, self.y], caption, words);
        }
        self.y += 10.0;
        for run in self.runs.clone() {
            self.draw_total(run);
        }
        self.y += 12.0;
    }

    /// Draws the bar and the figures of a run.
    fn draw_total(&mut self, run: &Run) {
        let (text, quiet) = (self.background.text(), self.background.muted());
        let sequential = run.plan().mode == Mode::Sequential;
        let color = if sequential {
            self.background.sequential()
        } else {
            self.background.state_color(State::Waiting)
        };
        let elapsed = self.subject.elapsed(run);
        let length = self.scale.x(elapsed) / self.scale.width * (BARS_RIGHT - LEFT);
        let name = Font::new(13.0, text);
        let baseline = self.y + 17.0;
        let words = name.fit_text(&run.plan().name(), LEFT - MARGIN - 8.0);
        self.writer.push_text([MARGIN, baseline], name, &words);
        self.writer.push_rect([LEFT, self.y + 4.0, length.max(1.0), ROW - 8.0], &hex_color(color));
        let compared = Comparison::for_run(self.subject.runs, run);
        let speed_up = compared.and_then(|compared| compared.speed_up);
        let efficiency = compared.and_then(|compared| compared.efficiency);
        let items = match self.workload.spec().results {
            Some(_) => run.progress().follower_count(),
            None => run.failed_tasks().into(),
        };
        let figures = [
            elapsed.to_string(),
            format!("{}/{}", run.ended_tasks(), run.progress().known_tasks()),
            items.to_string(),
            speed_up.map(|times| format!("{times:.2}x")).unwrap_or_default(),
            efficiency.map(|share| format!("{:.0} %", share * 100.0)).unwrap_or_default(),
        ];
        for (place, (x, figure)) in FIGURE_COLUMNS.into_iter().zip(figures).enumerate() {
            let font = Font::new(13.0, if place == 0 || place == 3 { text } else { quiet });
            let font = if place == 0 || place == 3 { font.bold() } else { font };
            self.writer.push_text([x, baseline], font.with_anchor(TextAnchor::End), &figure);
        }
        self.y += ROW;
    }
}

/// Wraps a text into lines.
fn wrap_text(font: Font, text: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line)
                if font.text_width(line) + font.text_width(word) + font.text_width(" ") <= room =>
            {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(font.fit_text(word, room)),
        }
    }
    lines
}
