//! The mark of a prediction: a vertical line over the lanes.

use super::svg_writer::{Font, TextAnchor};
use super::{LEFT, SvgPicture};
use crate::model::Nanos;
use crate::model::printable::printable;
use crate::report::LessonCaption;

/// The maximum length of the axis, in durations of the runs: beyond, these would be too short to see.
const MAX_AXIS_DURATIONS: u64 = 3;

/// The width of the line.
const LINE_WIDTH: f64 = 2.0;

/// The distance of the label from the axis, which has labels of its own.
const LABEL_RISE: f64 = 14.0;

/// Returns the end of the axis that shows the mark of a lesson, too, if that is possible.
pub(super) fn end_with(lesson: &LessonCaption, end: Nanos) -> Option<Nanos> {
    let (_, at) = lesson.mark.as_ref()?;
    let longest = end.0.saturating_mul(MAX_AXIS_DURATIONS);
    Some(Nanos(at.0.saturating_add(at.0 / 50).min(longest).max(end.0)))
}

impl SvgPicture<'_> {
    /// Draws the mark between these vertical positions, with its name and its time above the axis.
    pub(super) fn draw_lesson_mark(&mut self, [top, bottom]: [f64; 2]) {
        let Some((name, at)) = self.subject.lesson.and_then(|lesson| lesson.mark.as_ref()) else {
            return;
        };
        let is_beyond = *at > self.scale.end;
        let x = LEFT + self.scale.x((*at).min(self.scale.end));
        let color = self.background.text();
        self.writer.push_raw(&format!(r#"<g stroke-width="{LINE_WIDTH}" stroke-dasharray="6 3">"#));
        self.writer.push_line([x, top, x, bottom], color);
        self.writer.push_raw("</g>\n");
        let font = Font::new(11.0, color).bold().with_anchor(TextAnchor::Middle);
        let arrow = if is_beyond { " →" } else { "" };
        let words = format!("{}: {at}{arrow}", printable(name));
        self.writer.push_text([x, top - LABEL_RISE - 8.0], font, &words);
    }
}
