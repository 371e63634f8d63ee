//! The panel of a lesson: its words in the place of the modes and the status lines. While there is
//! something to read and no room for it above the lanes, it covers them.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::layout::{Heading, ScreenLayout, draw_part, inner_width, part_area};
use super::styled_text::StyledText;
use super::theme::Theme;
use super::{lesson_text, text, totals};
use crate::analysis::lesson::Prediction;
use crate::app::lessons::{LessonProgress, LessonStep};
use crate::app::{Action, App};

/// The maximum width of a line that is easy to read.
const MAX_LINE_WIDTH: usize = 100;

/// The minimum number of rows of the timeline below a panel, with its axis.
const MIN_TIMELINE_ROWS: u16 = 5;

/// The gap between two answers on a line.
const ANSWER_GAP: usize = 3;

/// The width of the mark of the chosen answer.
const MARK_WIDTH: usize = 2;

/// The panel of the lesson that is played.
pub(super) struct LessonPanel {
    heading: Heading,
    lines: Vec<Line<'static>>,
    answers: Vec<AnswerPlace>,
    /// The number of rows, with its frame.
    rows: u16,
    /// If set, the panel covers everything but the title and the keys.
    covers: bool,
}

/// The place of an answer among the lines of a panel.
#[derive(Clone)]
struct AnswerPlace {
    line: usize,
    columns: Range<u16>,
    index: usize,
}

impl LessonPanel {
    /// Creates the panel for a screen of this area. Returns `None` if no lesson is played.
    pub(super) fn for_app(
        app: &App,
        layout: ScreenLayout,
        theme: Theme,
        area: Rect,
    ) -> Option<Self> {
        let lesson = app.lesson()?;
        let width = usize::from(inner_width(layout, area)).min(MAX_LINE_WIDTH);
        let (mut lines, answers) = content(app, lesson, theme, width);
        let free = free_rows(app, layout, area).saturating_sub(layout.frame_rows());
        if let LessonStep::Run(_) = lesson.step()
            && lines.len() > usize::from(free)
        {
            // Part of the question would say less than the prediction alone.
            let said = lesson_text::running(app, lesson, theme).into_iter().next();
            lines = said.map(|said| said.lines(theme, width)).unwrap_or_default();
        }
        let reads = !matches!(lesson.step(), LessonStep::Run(_) | LessonStep::RealRun)
            && lesson.step() != LessonStep::Experiment;
        let covers = reads && lines.len() > usize::from(free);
        if !covers {
            lines.truncate(usize::from(free).max(1));
        }
        let rows = lines.len() as u16 + layout.frame_rows();
        let mut panel = Self { heading: heading(app, lesson), lines, answers, rows, covers };
        if covers {
            panel.keep_page(app, lesson, layout, area);
        }
        Some(panel)
    }

    /// Returns the number of rows of the panel above the totals.
    pub(super) const fn row_count(&self) -> u16 {
        self.rows
    }

    /// Returns whether the panel covers everything but the title and the keys.
    pub(super) const fn covers_lanes(&self) -> bool {
        self.covers
    }

    /// Keeps only the lines of the page that is shown, and says so in the heading.
    fn keep_page(&mut self, app: &App, lesson: &LessonProgress, layout: ScreenLayout, area: Rect) {
        let frame = if layout.boxed { 2 } else { 1 };
        let fixed = frame + 1 + u16::from(layout.has_headings());
        let room = usize::from(area.height.saturating_sub(fixed)).max(1);
        let pages = self.lines.len().div_ceil(room).max(1);
        if pages == 1 {
            return;
        }
        let count = i32::try_from(pages).unwrap_or(1);
        let page = usize::try_from(lesson.page().rem_euclid(count)).unwrap_or(0);
        let shown = page * room..(page + 1) * room;
        self.answers.retain_mut(|answer| {
            let is_shown = shown.contains(&answer.line);
            answer.line = answer.line.saturating_sub(shown.start);
            is_shown
        });
        self.lines =
            std::mem::take(&mut self.lines).into_iter().skip(shown.start).take(room).collect();
        let key = app.key_of(Action::NextLanes);
        let Heading { title, captions } = &mut self.heading;
        *captions = format!(" page {} of {pages}, {key} ", page + 1);
        // How to read on is worth more than the title.
        if text::width(title) + text::width(captions) + 2 > usize::from(area.width)
            && let Some(number) = title.trim().split("  ").next()
        {
            *title = format!(" {number} ");
        }
    }

    /// Draws the panel.
    pub(super) fn draw(&self, layout: ScreenLayout, theme: Theme, area: Rect, buf: &mut Buffer) {
        if self.covers {
            Clear.render(area, buf);
        }
        let heading = self.has_heading(layout).then_some(&self.heading);
        let inside = draw_part(area, heading, layout, theme, buf);
        for (line, row) in self.lines.iter().zip(inside.rows()) {
            line.render(row, buf);
        }
    }

    /// Returns the action of the answer at a position, which chooses it.
    pub(super) fn action_at(
        &self,
        layout: ScreenLayout,
        area: Rect,
        position: Position,
    ) -> Option<Action> {
        let inside = part_area(layout, self.has_heading(layout), area);
        let line = usize::from(position.y.checked_sub(inside.y)?);
        let column = position.x.checked_sub(inside.x)?;
        let mut answers = self.answers.iter();
        let found = answers.find(|one| one.line == line && one.columns.contains(&column))?;
        Some(Action::Mode(found.index))
    }

    const fn has_heading(&self, layout: ScreenLayout) -> bool {
        self.covers || layout.has_headings()
    }
}

/// Draws the words of the step alone, for a terminal that is too small for lanes.
pub(super) fn draw_text_alone(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let lines = match app.lesson() {
        Some(lesson) => content(app, lesson, theme, usize::from(area.width).max(1)).0,
        None => vec![Line::raw("lessons need 40 columns and 10 rows")],
    };
    for (line, row) in lines.iter().zip(area.rows()) {
        line.render(row, buf);
    }
}

/// Returns the number of rows that a panel may have above the totals and a timeline.
fn free_rows(app: &App, layout: ScreenLayout, area: Rect) -> u16 {
    let bar = u16::from(layout.has_headings());
    let modes = u16::from(shows_modes(app));
    let totals = totals::row_count(app, layout) + layout.frame_rows();
    let timeline = MIN_TIMELINE_ROWS + layout.frame_rows();
    area.height.saturating_sub(2 * bar + 1 + modes + totals + timeline)
}

/// Returns whether the modes have their row beside a panel: while their keys have an effect.
pub(super) fn shows_modes(app: &App) -> bool {
    app.lesson().is_none_or(|lesson| lesson.step() == LessonStep::Experiment)
}

/// Returns the heading: the number and the title of the lesson; and the step.
fn heading(app: &App, lesson: &LessonProgress) -> Heading {
    let course = app.course();
    let number = course.filter(|course| course.course().lessons.len() > 1);
    let number = number.map(|course| format!(" {}", course.chosen() + 1)).unwrap_or_default();
    let questions = lesson.lesson().questions.len();
    let step = match lesson.step() {
        LessonStep::Question(index) => format!("question {} of {questions}", index + 1),
        LessonStep::Run(_) if app.is_playback_paused() => "paused".to_owned(),
        LessonStep::Run(_) => "running".to_owned(),
        LessonStep::Outcome(index) => format!("answer {} of {questions}", index + 1),
        LessonStep::Experiment => "try it".to_owned(),
        LessonStep::End => "end of the lesson".to_owned(),
        LessonStep::RealRun | LessonStep::RealOutcome => "on this machine".to_owned(),
    };
    Heading {
        title: format!(" lesson{number}  {} ", lesson.lesson().title),
        captions: format!(" {step} "),
    }
}

/// Returns the lines of the step, and the places of the answers among them.
fn content(
    app: &App,
    lesson: &LessonProgress,
    theme: Theme,
    width: usize,
) -> (Vec<Line<'static>>, Vec<AnswerPlace>) {
    let wrap = |paragraphs: Vec<StyledText>| -> Vec<Line<'static>> {
        paragraphs.iter().flat_map(|text| text.lines(theme, width)).collect()
    };
    let lines = match lesson.step() {
        LessonStep::Question(_) => {
            let mut lines = wrap(lesson_text::question(app, lesson, theme));
            let places = push_answers(lesson, theme, width, &mut lines);
            let typed = lesson_text::typed_answer(lesson, theme);
            lines.extend(wrap(typed.into_iter().collect()));
            return (lines, places);
        }
        LessonStep::Run(_) => wrap(lesson_text::running(app, lesson, theme)),
        LessonStep::Outcome(_) => wrap(lesson_text::outcome(app, lesson, theme)),
        LessonStep::Experiment => wrap(lesson_text::experiment(app, lesson, theme)),
        LessonStep::End => wrap(lesson_text::end(app, lesson, theme)),
        LessonStep::RealRun => wrap(lesson_text::real_run(app, theme)),
        LessonStep::RealOutcome => wrap(lesson_text::real_outcome(app, lesson, theme)),
    };
    (lines, Vec::new())
}

/// Appends the answers and returns their places: on one line or in two columns if they fit, or else each
/// on lines of its own.
fn push_answers(
    lesson: &LessonProgress,
    theme: Theme,
    width: usize,
    lines: &mut Vec<Line<'static>>,
) -> Vec<AnswerPlace> {
    let answers = lesson.question().map_or(&[][..], |question| &question.answers);
    let numbered = (1..).zip(answers).map(|(number, answer)| format!("{number} {}", answer.text));
    let texts: Vec<String> = numbered.map(|text| text::to_drawable(text, theme)).collect();
    let chosen = match lesson.typed_prediction() {
        Some(Prediction::Answer(index)) => Some(index),
        _ => None,
    };
    let longest = texts.iter().map(|text| text::width(text)).max().unwrap_or(0) + MARK_WIDTH;
    let fitting = (width + ANSWER_GAP) / (longest + ANSWER_GAP);
    // Three answers in two columns would look as if two of them belonged together.
    let columns = match texts.len() {
        count if fitting >= count => count.max(1),
        4 if fitting >= 2 => 2,
        _ => return push_wrapped_answers(&texts, chosen, theme, width, lines),
    };
    let mut places = Vec::new();
    for (row, texts) in texts.chunks(columns).enumerate() {
        let mut line = Line::default();
        for (column, text) in texts.iter().enumerate() {
            let index = row * columns + column;
            let start = line.width() as u16;
            line.extend(answer_spans(text, chosen == Some(index), theme));
            let columns = start..line.width() as u16;
            places.push(AnswerPlace { line: lines.len(), columns, index });
            let gap = (longest + ANSWER_GAP).saturating_sub(MARK_WIDTH + text::width(text));
            line.push_span(Span::raw(" ".repeat(gap)));
        }
        lines.push(line);
    }
    places
}

/// Appends each answer on lines of its own.
fn push_wrapped_answers(
    texts: &[String],
    chosen: Option<usize>,
    theme: Theme,
    width: usize,
    lines: &mut Vec<Line<'static>>,
) -> Vec<AnswerPlace> {
    let room = width.saturating_sub(MARK_WIDTH);
    let mut places = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let answer = StyledText::default().sentence(text, theme.text(), theme);
        for (at, words) in answer.lines(theme, room.saturating_sub(2)).iter().enumerate() {
            let is_chosen = chosen == Some(index);
            // The lines after the first begin below its words.
            let words = if at == 0 { words.to_string() } else { format!("  {words}") };
            let [mark, words] = answer_spans(&words, is_chosen, theme);
            let mark = if at == 0 { mark } else { Span::raw(" ".repeat(MARK_WIDTH)) };
            places.push(AnswerPlace { line: lines.len(), columns: 0..width as u16, index });
            lines.push(Line::from(vec![mark, words]));
        }
    }
    places
}

/// Returns the mark of an answer, and its words.
fn answer_spans(text: &str, is_chosen: bool, theme: Theme) -> [Span<'static>; 2] {
    let (mark, style) = if is_chosen { ("> ", theme.selected()) } else { ("  ", theme.text()) };
    [Span::styled(mark, theme.strong()), Span::styled(text.to_owned(), style)]
}
