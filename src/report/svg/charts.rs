//! The charts under the lanes: the number of tasks in flight, and the quota.

use std::fmt::Write as _;

use super::SvgPicture;
use super::layout::{CHART, LEFT, MARGIN, RIGHT};
use super::svg_writer::{Font, TextAnchor, format_number, hex_color};
use crate::model::{LevelSeries, Nanos, Run, State};

/// The maximum number of steps drawn exactly; longer series are drawn as means.
const MAX_EXACT_STEPS: usize = 1_000;

impl SvgPicture<'_> {
    pub(super) fn draw_charts(&mut self, run: &Run) {
        let (end, plan) = (self.subject.elapsed(run), run.plan());
        if plan.workers > 1 {
            let color = self.background.state_color(State::Waiting);
            self.draw_chart("in flight", run.timing().in_flight_level(), end, color);
        }
        if run.limits().quota().is_some()
            && plan.work.target().is_some_and(|target| target.costs_quota)
        {
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
