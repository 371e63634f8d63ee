//! The picture: the screen as an SVG with the title, the totals, the verdict, all lanes at exact
//! times, the charts and a legend. It contains no scripts and no external resources.
//!
//! States narrower than a quarter of a pixel are merged by time per state. Pictures with more than
//! 40,000 marks merge wider states too, so that no picture exceeds 2 MB.

mod lane_marks;
mod lesson_mark;
mod svg_writer;
mod timeline;

use std::io::{self, Write};

use super::{Comparison, ReportSubject, plain};
use crate::analysis::program::cores_text;
use crate::analysis::verdict::Conclusion;
use crate::analysis::{ProgramSummary, plural};
use crate::model::printable::{escape_controls, printable};
use crate::model::{Background, Nanos, Run, State, StateTimes, TaskKind, Workload, WorkloadSpec};
use lane_marks::TimeScale;
use svg_writer::{Font, SvgWriter, TextAnchor, escape_xml, format_number, hex_color};

/// Fonts that every system has at least one of, in order of preference.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', \
                     Arial, sans-serif";

/// The width of the picture.
const WIDTH: f64 = 1200.0;

/// The margin around the picture.
const MARGIN: f64 = 36.0;

/// The left edge of bars and lanes.
const LEFT: f64 = 150.0;

/// The right edge of lanes, where their figures begin.
const RIGHT: f64 = 1004.0;

/// The gap between two paragraphs.
const PARAGRAPH_GAP: f64 = 10.0;

/// The height of a row of figures.
const ROW: f64 = 26.0;

/// The right edge of the bars of the totals.
const BARS_RIGHT: f64 = 700.0;

/// The right edges of the columns of the totals.
const TOTALS_COLUMNS: [f64; 5] = [786.0, 870.0, 966.0, 1064.0, WIDTH - MARGIN];

/// The width of a colour swatch.
const SAMPLE_WIDTH: f64 = 22.0;

/// The state that all parts of a picture share.
struct SvgPicture<'a> {
    subject: &'a ReportSubject<'a>,
    /// The started runs.
    runs: Vec<&'a Run>,
    workload: Workload,
    background: Background,
    scale: TimeScale,
    writer: SvgWriter,
    /// The vertical position of the next element.
    y: f64,
}

/// Writes the picture of all started runs.
pub fn write(out: &mut dyn Write, subject: &ReportSubject<'_>) -> io::Result<()> {
    let runs: Vec<&Run> = subject.runs.iter().filter(|run| run.has_started()).collect();
    let Some(first) = runs.first() else { return Ok(()) };
    let end = runs.iter().map(|run| subject.elapsed(run)).max().unwrap_or_default();
    let end = subject.lesson.and_then(|lesson| lesson_mark::end_with(lesson, end)).unwrap_or(end);
    let mut picture = SvgPicture {
        subject,
        workload: first.plan().workload(),
        background: subject.background,
        scale: TimeScale { width: RIGHT - LEFT, end: end.max(Nanos(1)) },
        runs,
        writer: SvgWriter::default(),
        y: MARGIN,
    };
    let conclusion = subject.conclusion().unwrap_or_default();
    let title = picture.title();
    picture.draw_head(&title, &conclusion);
    let states = picture.draw_timeline();
    picture.draw_legend(&states);
    let (height, ground) = (format_number(picture.y), hex_color(picture.background.canvas()));
    let width = format_number(WIDTH);
    let (title, sentence) = (escape_xml(&title), escape_xml(&conclusion.sentence()));
    write!(
        out,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="{FONTS}">
<title>{title}</title>
<desc>{sentence}</desc>
<rect width="100%" height="100%" fill="{ground}"/>
"#
    )?;
    out.write_all(picture.writer.into_svg().as_bytes())?;
    out.write_all(b"</svg>\n")
}

impl SvgPicture<'_> {
    fn title(&self) -> String {
        if let Some(lesson) = self.subject.lesson {
            return printable(&lesson.title);
        }
        if let Some(list) = self.runs.iter().find_map(|run| run.plan().work.list()) {
            return list.url.clone();
        }
        if let Some(program) = self.runs.iter().find_map(|run| run.plan().work.program()) {
            return printable(&program.command);
        }
        match self.subject.target.filter(|_| self.workload.is_fetched()) {
            Some(target) => format!("{} @ {}", target.user, target.api),
            None => self.workload.spec().heading.to_owned(),
        }
    }

    /// Describes the tasks.
    fn subtitle(&self) -> String {
        let tasks = self.runs.iter().map(|run| run.progress().known_tasks()).max().unwrap_or(0);
        let size = self.subject.target.map(|target| format!(", {} each", target.per_page));
        let tasks = plural::count(tasks, self.workload.spec().task);
        if let Some([_, results]) = self.runs.first().and_then(|run| run.result_names()) {
            return format!("{results}, {tasks}{}", size.unwrap_or_default());
        }
        let computed = self.runs.first();
        let task = computed.and_then(|run| plain::describe_task(run, self.subject.cores));
        task.unwrap_or(tasks)
    }

    /// Draws the title, the verdict and the totals.
    fn draw_head(&mut self, title: &str, conclusion: &Conclusion) {
        let (text, quiet) = (self.background.text(), self.background.muted());
        let font = Font::new(24.0, text).bold();
        let room = WIDTH - 2.0 * MARGIN;
        self.writer.push_text([MARGIN, self.y + 14.0], font, &font.fit_text(title, room));
        self.writer.push_text([MARGIN, self.y + 36.0], Font::new(14.0, quiet), &self.subtitle());
        self.y += 54.0;
        let lesson = self.subject.lesson.iter().flat_map(|lesson| &lesson.sentences);
        let lesson = lesson.map(|sentence| (Font::new(14.0, text), escape_controls(sentence)));
        // A lesson says itself what comes next.
        let has_next = self.subject.lesson.is_none();
        let checks = || plural::capitalized(&conclusion.checks());
        let details = if has_next { conclusion.details() } else { checks() };
        let lines = [
            (Font::new(16.0, text).bold(), conclusion.sentence()),
            (Font::new(14.0, quiet), details),
        ];
        let lesson: Vec<(Font, String)> = lesson.collect();
        let gap = if lesson.is_empty() { 0.0 } else { PARAGRAPH_GAP };
        self.draw_paragraph(&lesson);
        self.y += gap;
        self.draw_paragraph(&lines);
        self.y += 22.0;
        self.draw_totals();
        self.y += 20.0;
    }

    /// Draws sentences, each from the beginning of a line.
    fn draw_paragraph(&mut self, sentences: &[(Font, String)]) {
        for (font, sentence) in sentences {
            for line in wrap_text(*font, sentence, WIDTH - 2.0 * MARGIN) {
                self.writer.push_text([MARGIN, self.y + 12.0], *font, &line);
                self.y += 21.0;
            }
        }
    }

    fn draw_totals(&mut self) {
        let caption = Font::new(11.0, self.background.muted()).with_anchor(TextAnchor::End);
        let WorkloadSpec { tasks, results, .. } = self.workload.spec();
        let captions = match self.workload.kind() {
            TaskKind::Thread => ["time", tasks, "at once", "cores", "no core"],
            _ => ["time", tasks, results.unwrap_or("failed"), "speed-up", "efficiency"],
        };
        for (x, words) in TOTALS_COLUMNS.into_iter().zip(captions) {
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
        let elapsed = self.subject.elapsed(run);
        let length = self.scale.x(elapsed) / self.scale.width * (BARS_RIGHT - LEFT);
        let name = Font::new(13.0, text);
        let baseline = self.y + 17.0;
        let room = LEFT - MARGIN - 8.0;
        let [full, short] = [run.plan().name(), run.plan().short_name()];
        let fits = name.text_width(&full) <= room;
        let words = name.fit_text(if fits { &full } else { &short }, room);
        self.writer.push_text([MARGIN, baseline], name, &words);
        self.draw_bar(&run.state_times_between(Nanos::ZERO, elapsed), length.max(1.0));
        let figures = self.total_figures(run, elapsed);
        for (place, (x, figure)) in TOTALS_COLUMNS.into_iter().zip(figures).enumerate() {
            let font = Font::new(13.0, if place == 0 || place == 3 { text } else { quiet });
            let font = if place == 0 || place == 3 { font.bold() } else { font };
            self.writer.push_text([x, baseline], font.with_anchor(TextAnchor::End), &figure);
        }
        self.y += ROW;
    }

    /// Returns the figures of a run, in the order of the captions.
    fn total_figures(&self, run: &Run, elapsed: Nanos) -> [String; 5] {
        if let Some(ProgramSummary { totals, .. }) = ProgramSummary::new(run, elapsed) {
            let cores = [totals.on_cpu_cores, totals.no_core_mean].map(cores_text);
            let threads = [totals.threads_born, totals.threads_peak].map(|count| count.to_string());
            let ([on_cpu, no_core], [born, peak]) = (cores, threads);
            return [elapsed.to_string(), born, peak, on_cpu, no_core];
        }
        let compared = Comparison::for_run(self.subject.runs, run).and_then(Comparison::texts);
        let [speed_up, efficiency] = compared.unwrap_or_default();
        let items = match run.result_names() {
            Some(_) => run.progress().result_count(),
            None => run.failed_tasks().into(),
        };
        let tasks = run.count_of_all(run.ended_tasks());
        [elapsed.to_string(), tasks, items.to_string(), speed_up, efficiency]
    }

    /// Draws a bar that is divided by what the workers did, without idle time.
    fn draw_bar(&mut self, times: &StateTimes, length: f64) {
        let all = (times.total() - times[State::Idle]).max(1) as f64;
        let mut left = LEFT;
        for (state, time) in times.spent().filter(|&(state, _)| state != State::Idle) {
            let width = length * time as f64 / all;
            // Patterns are defined for the states on the timeline alone.
            let color = hex_color(self.background.state_color(state));
            self.writer.push_rect([left, self.y + 4.0, width, ROW - 8.0], &color);
            left += width;
        }
    }

    /// Draws a colour swatch and the label of each visible state, and the version of threadline.
    fn draw_legend(&mut self, states: &[State]) {
        self.define_patterns(states);
        let font = Font::new(12.0, self.background.muted());
        self.y += 14.0;
        let mut x = MARGIN;
        for &state in states {
            let word = state.label();
            self.writer.push_rect(
                [x, self.y - 10.0, SAMPLE_WIDTH, 12.0],
                &state_fill(state, self.background),
            );
            self.writer.push_text([x + SAMPLE_WIDTH + 6.0, self.y], font, word);
            x += SAMPLE_WIDTH + 6.0 + font.text_width(word) + 16.0;
        }
        self.writer
            .push_line([x, self.y - 4.0, x + SAMPLE_WIDTH, self.y - 4.0], self.background.line());
        self.writer.push_text([x + SAMPLE_WIDTH + 6.0, self.y], font, State::Idle.label());
        let made = format!("threadline {}", env!("CARGO_PKG_VERSION"));
        let place = [WIDTH - MARGIN, self.y];
        self.writer.push_text(place, font.with_anchor(TextAnchor::End), &made);
        self.y += 28.0;
    }

    fn define_patterns(&mut self, states: &[State]) {
        for &state in states {
            let Some(name) = state_pattern(state) else { continue };
            let (id, color) = (
                escape_xml(&pattern_id(name, self.background)),
                self.background.state_color(state),
            );
            let (ground, stroke) = match state {
                State::Native => (color, self.background.native_shade()),
                _ => (self.background.canvas(), color),
            };
            let (ground, stroke) = (hex_color(ground), hex_color(stroke));
            let angle = pattern_angle(state);
            self.writer.push_raw(&format!(
                r#"<pattern id="{id}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate({angle})"><rect width="4" height="4" fill="{ground}"/><rect width="2" height="4" fill="{stroke}"/></pattern>
"#
            ));
        }
    }
}

/// Returns the colour of a state, or its pattern if it shares the colour with another state.
fn state_fill(state: State, background: Background) -> String {
    match state_pattern(state) {
        Some(name) => format!("url(#{})", pattern_id(name, background)),
        None => hex_color(background.state_color(state)),
    }
}

const fn state_pattern(state: State) -> Option<&'static str> {
    match state {
        State::Connecting => Some("connecting"),
        State::Starting => Some("starting"),
        State::RetryWait => Some("retry-wait"),
        State::Native => Some("native"),
        State::Unknown => Some("unknown"),
        State::Parked => Some("parked"),
        State::Sleeping => Some("sleeping"),
        State::Events => Some("events"),
        State::Blocked => Some("blocked"),
        State::Stopped => Some("stopped"),
        _ => None,
    }
}

/// The direction of a pattern's stripes in degrees. States that share a colour differ by it.
const fn pattern_angle(state: State) -> u32 {
    match state {
        State::Parked | State::Stopped => 0,
        State::Sleeping => 90,
        State::Events => 135,
        _ => 45,
    }
}

/// Returns the ID of a pattern. It includes the background, because a web page may contain both a dark
/// and a light picture.
fn pattern_id(name: &str, background: Background) -> String {
    let ground = match background {
        Background::Dark => "dark",
        Background::Light => "light",
    };
    format!("threadline-{ground}-{name}")
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
