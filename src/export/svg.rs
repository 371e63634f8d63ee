//! The picture, as a person sees it on the screen, as vectors: title, totals, what they mean, every
//! lane at exact times, what was in flight, and a legend. No script, and nothing from outside.
//!
//! What is narrower than a quarter of a pixel is merged by time per state; from 40,000 marks on, what
//! is wider, too, so that no picture is larger than 2 MB.

mod charts;
mod head;
mod ink;
mod lanes;
mod layout;
mod legend;
mod marks;

use std::io::{self, Write};

use super::{Subject, verdict};
use crate::model::{Background, Nanos, Run, State, Workload};
use ink::{Ink, hex, number, xml};
use layout::{LEFT, Lanes, MARGIN, RIGHT, WIDTH};
use marks::Scale;

/// What every system has, in the order in which it is best.
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', \
                     Arial, sans-serif";

/// What all parts of a picture need.
struct Picture<'a> {
    subject: &'a Subject<'a>,
    /// Those that have begun.
    runs: Vec<&'a Run>,
    workload: Workload,
    background: Background,
    scale: Scale,
    ink: Ink,
    /// How far down it is drawn.
    y: f64,
}

/// Writes the picture of the runs that have begun.
pub fn write(out: &mut dyn Write, subject: &Subject<'_>) -> io::Result<()> {
    let runs: Vec<&Run> = subject.runs.iter().filter(|run| run.has_begun()).collect();
    let Some(first) = runs.first() else { return Ok(()) };
    let end = runs.iter().map(|run| subject.elapsed(run)).max().unwrap_or_default();
    let mut picture = Picture {
        subject,
        workload: first.plan().workload(),
        background: subject.background,
        scale: Scale { width: RIGHT - LEFT, end: end.max(Nanos(1)) },
        runs,
        ink: Ink::default(),
        y: MARGIN,
    };
    let sentence = verdict::of(subject);
    let title = picture.title();
    picture.head(&title, sentence.as_deref());
    let states = picture.timeline();
    picture.legend(&states);
    let (height, ground) = (number(picture.y), hex(picture.background.ground()));
    let width = number(WIDTH);
    let (title, sentence) = (xml(&title), xml(sentence.as_deref().unwrap_or_default()));
    write!(
        out,
        r#"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="{FONTS}">
<title>{title}</title>
<desc>{sentence}</desc>
<rect width="100%" height="100%" fill="{ground}"/>
"#
    )?;
    out.write_all(picture.ink.into_svg().as_bytes())?;
    out.write_all(b"</svg>\n")
}

impl Picture<'_> {
    /// The lanes of all runs under one axis, and what was in flight; returns the states that can be seen.
    fn timeline(&mut self) -> Vec<State> {
        let all = marks::all(&self.runs, self.subject.now, self.scale);
        let states = marks::states(&all);
        let top = self.axis();
        let (runs, mut bottom) = (self.runs.clone(), self.y);
        let before = std::mem::take(&mut self.ink);
        for (run, marks) in runs.into_iter().zip(all) {
            self.run(run, &marks, Lanes::of(run, &self.runs));
            self.charts(run);
            bottom = self.y;
            self.y += 10.0;
        }
        // The grid lies under the lanes, and its length is known only now.
        let lanes = std::mem::replace(&mut self.ink, before);
        self.grid([top, bottom]);
        self.ink.raw(&lanes.into_svg());
        states
    }
}
