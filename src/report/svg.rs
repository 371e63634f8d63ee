//! The picture: the screen as an SVG with the title, the totals, the verdict, all lanes at exact
//! times, the charts and a legend. It contains no scripts and no external resources.
//!
//! States narrower than a quarter of a pixel are merged by time per state. Pictures with more than
//! 40,000 marks merge wider states too, so that no picture exceeds 2 MB.

mod charts;
mod lane_marks;
mod lane_rows;
mod layout;
mod legend;
mod svg_writer;
mod title_and_totals;

use std::io::{self, Write};

use super::ReportSubject;
use crate::model::{Background, Nanos, Run, State, Workload};
use lane_marks::TimeScale;
use layout::{LEFT, LaneGeometry, MARGIN, RIGHT, WIDTH};
use svg_writer::{SvgWriter, escape_xml, format_number, hex_color};

/// Fonts that every system has at least one of, in order of preference.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', \
                     Arial, sans-serif";

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
    let mut picture = SvgPicture {
        subject,
        workload: first.plan().workload(),
        background: subject.background,
        scale: TimeScale { width: RIGHT - LEFT, end: end.max(Nanos(1)) },
        runs,
        writer: SvgWriter::default(),
        y: MARGIN,
    };
    let sentence = subject.conclusion();
    let title = picture.title();
    picture.draw_head(&title, sentence.as_deref());
    let states = picture.draw_timeline();
    picture.draw_legend(&states);
    let (height, ground) = (format_number(picture.y), hex_color(picture.background.canvas()));
    let width = format_number(WIDTH);
    let (title, sentence) =
        (escape_xml(&title), escape_xml(sentence.as_deref().unwrap_or_default()));
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
    /// Draws the lanes and charts of all runs under one axis. Returns the visible states.
    fn draw_timeline(&mut self) -> Vec<State> {
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
        states
    }
}
