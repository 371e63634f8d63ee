//! The list of the lessons: the number and the title of each, what it asks, and whether it is done.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{Heading, ScreenLayout, draw_part, part_area};
use super::text;
use super::theme::Theme;
use crate::app::lessons::CourseLesson;
use crate::app::{Action, CourseProgress};

/// The maximum width of the list.
const MAX_WIDTH: u16 = 104;

/// The width of the word at the end of a row.
const DONE_WIDTH: usize = 7;

/// The places of the lessons on the screen.
struct ListRows {
    /// The area of all rows.
    area: Rect,
    /// The number of rows of a lesson: one, or two with its question, or three with a blank line.
    height: u16,
    /// The index of the first lesson in view.
    first: usize,
}

impl ListRows {
    fn new(course: &CourseProgress, layout: ScreenLayout, screen: Rect) -> Self {
        let area = list_area(layout, screen);
        let count = course.course().lessons.len() as u16;
        let heights = [3, 2].into_iter();
        let fits = |height: &u16| height.saturating_mul(count).saturating_sub(1) <= area.height;
        let height = heights.into_iter().find(fits).unwrap_or(1);
        let visible = usize::from((area.height / height).max(1));
        let first = (course.chosen() + 1).saturating_sub(visible);
        Self { area, height, first }
    }

    /// Returns the index of the lesson at a position.
    fn lesson_at(&self, position: Position) -> Option<usize> {
        let row = position.y.checked_sub(self.area.y)?;
        self.area.contains(position).then_some(self.first + usize::from(row / self.height))
    }
}

/// Returns the area of the whole list, without the row of the keys.
fn part(screen: Rect) -> Rect {
    let height = screen.height.saturating_sub(1);
    Rect { height, width: screen.width.min(MAX_WIDTH), ..screen }
}

fn list_area(layout: ScreenLayout, screen: Rect) -> Rect {
    let inside = part_area(layout, true, part(screen));
    // A line of introduction, if there is room for it, with a blank one in a box.
    let top = u16::from(layout.has_headings()) + u16::from(layout.boxed);
    let top = top.min(inside.height);
    Rect { y: inside.y + top, height: inside.height - top, ..inside }
}

/// Draws the list on the whole screen but the row of the keys.
pub(super) fn draw(
    course: &CourseProgress,
    layout: ScreenLayout,
    theme: Theme,
    screen: Rect,
    buf: &mut Buffer,
) {
    let lessons = &course.course().lessons;
    let done = lessons.iter().filter(|lesson| lesson.is_done).count();
    let heading = Heading {
        title: " threadline lessons ".to_owned(),
        captions: format!(" {done} of {} done ", lessons.len()),
    };
    let inside = draw_part(part(screen), Some(&heading), layout, theme, buf);
    let rows = ListRows::new(course, layout, screen);
    if layout.has_headings() {
        let words = "Each asks first, then runs, then shows why. About two minutes each.";
        Line::styled(words, theme.muted()).render(inside, buf);
    }
    let shown = lessons.iter().enumerate().skip(rows.first);
    let mut y = rows.area.y;
    for (index, lesson) in shown {
        if y >= rows.area.bottom() {
            return;
        }
        let height = rows.height.min(2).min(rows.area.bottom() - y);
        let area = Rect { y, height, ..rows.area };
        draw_lesson((index, lesson), course.chosen() == index, theme, area, buf);
        y += rows.height;
    }
}

fn draw_lesson(
    (index, lesson): (usize, &CourseLesson),
    is_chosen: bool,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    let mut lines = area.rows();
    let Some(first) = lines.next() else { return };
    let mark = if is_chosen { ">" } else { " " };
    let style = if is_chosen { theme.selected() } else { theme.strong() };
    let room = usize::from(area.width);
    let title = format!("{} {}", index + 1, lesson.lesson.title);
    let title =
        text::truncate(text::to_drawable(title, theme), theme, room.saturating_sub(2 + DONE_WIDTH));
    let ask =
        |room| text::truncate(text::to_drawable(lesson.lesson.asks.clone(), theme), theme, room);
    let mut line = Line::from(vec![
        Span::styled(format!("{mark} "), theme.strong()),
        Span::styled(title, style),
    ]);
    let second = lines.next();
    if second.is_none() {
        let left = room.saturating_sub(line.width() + 2 + DONE_WIDTH);
        if left > MIN_ASK_WIDTH {
            let ask = format!("  {}", ask(left));
            line.push_span(Span::styled(ask, theme.muted()));
        }
    }
    line.render(first, buf);
    if lesson.is_done {
        let done = format!("{} done", theme.pick("✓", "+"));
        let width = (text::width(&done) as u16).min(first.width);
        let right = Rect { x: first.right() - width, width, ..first };
        Line::styled(done, theme.text()).render(right, buf);
    }
    if let Some(second) = second {
        let ask = ask(room.saturating_sub(4));
        Line::styled(format!("    {ask}"), theme.muted()).render(second, buf);
    }
}

/// The minimum width of a question beside a title.
const MIN_ASK_WIDTH: usize = 30;

/// Returns the action of the lesson at a position, which chooses it.
pub(super) fn action_at(
    course: &CourseProgress,
    layout: ScreenLayout,
    screen: Rect,
    position: Position,
) -> Option<Action> {
    let index = ListRows::new(course, layout, screen).lesson_at(position)?;
    (index < course.course().lessons.len()).then_some(Action::Mode(index))
}
