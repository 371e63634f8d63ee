//! The chart of a sweep: the plot, a table of the counts, the law in figures, the waves.

mod plot;
mod words;

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout as Split, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::layout::{Height, Layout};
use super::text;
use super::theme::Theme;
use crate::app::App;
use crate::model::stats::efficiency;
use crate::model::sweep::Point;
use crate::model::text::figure;
use crate::model::{Sweep, Workload};
use plot::Plot;
pub(super) use words::{conclusion, each, kept, offer, one_line, progress};

/// Without this many columns, the table has no room beside the plot.
const BESIDE: u16 = 70;

/// A column of the table.
struct Column {
    caption: Cow<'static, str>,
    width: usize,
    figure: fn(&Sweep, &Point) -> String,
}

const THREADS: Column = Column { caption: Cow::Borrowed("threads"), width: 9, figure: threads };
const MEDIAN: Column = Column { caption: Cow::Borrowed("median"), width: 10, figure: median };
const SPEED_UP: Column = Column { caption: Cow::Borrowed("speed-up"), width: 10, figure: speed_up };
const EFFICIENCY: Column =
    Column { caption: Cow::Borrowed("efficiency"), width: 12, figure: worker_efficiency };

/// What there is to draw of a sweep.
pub(super) struct Chart<'app> {
    sweep: Cow<'app, Sweep>,
    workload: Workload,
    layout: Layout,
    theme: Theme,
}

impl<'app> Chart<'app> {
    /// Of the sweep that is shown, once it is begun.
    pub(super) fn of(app: &'app App, layout: Layout, theme: Theme) -> Option<Self> {
        let (shown, session) = (app.shown(), app.session());
        let begun = session.sweep(shown).map(Cow::Borrowed);
        // Its place is kept while the tasks are being counted.
        let begins = shown.is_sweep() && session.active() == Some(shown);
        let planned = || begins.then(|| Cow::Owned(session.planned_sweep(shown.workload)));
        let sweep = begun.or_else(planned)?;
        Some(Self { sweep, workload: shown.workload, layout, theme })
    }

    /// How many of a screen's rows it takes, its frame included.
    pub(super) fn rows(&self, height: u16) -> u16 {
        match self.layout.height {
            // Half of what titles, totals and keys leave, and a little more.
            Height::Normal => (height.saturating_sub(9) * 11 / 20).clamp(7, 26),
            Height::Low => 2,
            Height::Tiny => 1,
        }
    }

    /// What it shows, and by which signs.
    pub(super) fn heading(&self) -> Option<(String, String)> {
        if !self.layout.has_headings() {
            return None;
        }
        let left = match self.unit() {
            Some(unit) => format!(" sweep: {unit} by threads "),
            None => " sweep: speed-up by threads ".to_owned(),
        };
        let fitted = self.sweep.fits().first().map_or_else(String::new, |fit| {
            format!("  {} {}", self.theme.pick(plot::LEVEL.0, plot::LEVEL.1), fit.name())
        });
        let knee = self.sweep.knee().zip(self.sweep.counts().last());
        let knee =
            knee.filter(|(knee, last)| knee.workers <= **last).map_or_else(String::new, |_| {
                format!("  {} knee", self.theme.pick(plot::KNEE.0, plot::KNEE.1))
            });
        let (dot, median) = (self.theme.pick(plot::DOT.0, plot::DOT.1), plot::median(self.theme));
        Some((left, format!(" {dot} measured  {median} median{fitted}{knee} ")))
    }

    /// What rates are in, where there is no speed-up to tell.
    fn unit(&self) -> Option<String> {
        let rate = self.sweep.medians().first().map(|point| point.rate);
        let known = rate.is_none_or(|rate| self.sweep.speed_up(rate).is_some());
        (!known).then(|| words::unit(self.workload))
    }

    /// Draws it without its frame.
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer) {
        if self.layout.height != Height::Normal {
            let lines = [words::medians(&self.sweep, area.width.into()), self.law(area)];
            for (line, row) in lines.into_iter().zip(area.rows()) {
                Line::styled(line, self.theme.text()).render(row, buf);
            }
            return;
        }
        let waves = words::waves(&self.sweep, area.width.into());
        let waves = waves.filter(|_| area.height > 7);
        let [plot, law, below] = area.layout(&Split::vertical([
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(u16::from(waves.is_some())),
        ]));
        let columns = self.columns(area.width);
        let table: usize = columns.iter().map(|column| column.width).sum();
        let [plot, table] = plot
            .layout(&Split::horizontal([Constraint::Fill(1), Constraint::Length(table as u16)]));
        Plot::new(&self.sweep, self.theme, plot).draw(buf);
        self.table(&columns, table, buf);
        let style = self.theme.text();
        let law_line = if columns.is_empty() && self.sweep.fits().is_empty() {
            words::medians(&self.sweep, area.width.into())
        } else {
            self.law(law)
        };
        Line::styled(law_line, style).render(law, buf);
        Line::styled(waves.unwrap_or_default(), self.theme.quiet()).render(below, buf);
    }

    fn law(&self, area: Rect) -> String {
        text::fitting(words::law(&self.sweep, self.workload), area.width.into())
    }

    /// The columns of the table that there is room for.
    fn columns(&self, width: u16) -> Vec<Column> {
        let mut columns = vec![THREADS, MEDIAN];
        match self.unit() {
            Some(caption) => {
                columns.push(Column { caption: caption.into(), width: 10, figure: rate });
            }
            None => columns.extend([SPEED_UP, EFFICIENCY]),
        }
        let most = match width {
            100.. => columns.len(),
            BESIDE.. => 3,
            _ => 0,
        };
        columns.truncate(most);
        columns
    }

    /// The counts so far in figures; where not all have room, some of them, and how many there are more.
    fn table(&self, columns: &[Column], area: Rect, buf: &mut Buffer) {
        let line = |texts: &mut dyn Iterator<Item = (String, usize)>| {
            texts.map(|(text, width)| format!("{text:>width$}")).collect::<Vec<_>>().concat()
        };
        let mut rows = area.rows();
        let (Some(row), Some(first)) = (rows.next(), columns.first()) else { return };
        let mut captions = columns.iter().map(|one| (one.caption.clone().into_owned(), one.width));
        Line::styled(line(&mut captions), self.theme.quiet()).render(row, buf);
        let (points, mut room) = (self.sweep.medians(), usize::from(area.height) - 1);
        if let (true, Some(row)) = (room < points.len(), rows.next_back()) {
            room -= 1;
            let more = format!("+{} more", points.len() - room);
            let mut more = [(more, first.width)].into_iter();
            Line::styled(line(&mut more), self.theme.quiet()).render(row, buf);
        }
        for (point, row) in words::some(points, room).zip(rows) {
            let mut figures =
                columns.iter().map(|one| ((one.figure)(&self.sweep, point), one.width));
            Line::styled(line(&mut figures), self.theme.text()).render(row, buf);
        }
    }
}

fn threads(_: &Sweep, point: &Point) -> String {
    point.workers.to_string()
}

fn median(_: &Sweep, point: &Point) -> String {
    format!("{:.3} s", point.median.as_secs_f64())
}

fn rate(_: &Sweep, point: &Point) -> String {
    figure(point.rate)
}

fn speed_up(sweep: &Sweep, point: &Point) -> String {
    sweep.speed_up(point.rate).map_or_else(String::new, |times| format!("{times:.2}x"))
}

fn worker_efficiency(sweep: &Sweep, point: &Point) -> String {
    let share = |times| efficiency(times, point.workers) * 100.0;
    let share = sweep.speed_up(point.rate).map(share);
    share.map_or_else(String::new, |share| format!("{share:.0} %"))
}
