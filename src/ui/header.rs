//! The first two rows: the workload, its target, the simulated machine, and the modes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::lane_labels::mode_names;
use super::layout::{ScreenLayout, draw_left_and_right};
use super::theme::Theme;
use super::{lesson_panel, program_header, sweep, text};
use crate::analysis::plural;
use crate::app::{Action, App, ReplayProgress};
use crate::model::{Mode, Selection, Target, TaskKind};

/// The minimum width of the target while other parts of the title can still be dropped.
const MIN_TARGET_WIDTH: usize = 28;

/// The gap between two parts of a row.
const GAP: &str = "   ";

/// Draws the program's name, the workload, its target and tasks, and the simulated machine. Parts
/// that do not fit are shortened or dropped, the least important first.
pub(super) fn draw_title(app: &App, theme: Theme, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let help = format!("{GAP}{} help ", app.key_of(Action::Help));
    if let Some(program) = program_header::watched_program(app) {
        let [replay, ..] = machine_texts(app);
        return program_header::draw_title(app, theme, program, [replay, help], area, buf);
    }
    let target = target_text(app).map(|target| format!("{GAP}{target}")).unwrap_or_default();
    let [long, short] = task_texts(app);
    let [machine, shorter, shortest, sim] = machine_texts(app);
    let name = format!("threadline{GAP}");
    // The help key is dropped first, because the key bar also shows it.
    let forms = [
        [name.as_str(), &long, &machine, &help],
        [&name, &long, &machine, ""],
        [&name, &long, &shorter, ""],
        ["", &long, &shorter, ""],
        ["", &long, &shortest, ""],
        ["", &short, &shortest, ""],
        ["", &short, &sim, ""],
    ];
    let workload = workload_line(app, theme);
    let rest = |form: &[&str; 4]| {
        1 + workload.width() + form.iter().map(|part| text::width(part)).sum::<usize>()
    };
    let fits = |form: &&[&str; 4]| {
        let [name, ..] = form;
        let min_width = if name.is_empty() { MIN_TARGET_WIDTH } else { usize::MAX };
        rest(form) + text::width(&target).min(min_width) <= width
    };
    let [.., last] = &forms;
    let form = forms.iter().find(fits).unwrap_or(last);
    let [name, about, machine, help] = *form;
    // The end of a URL says more than its middle.
    let is_list = app.session().setup().list.is_some();
    let cut = if is_list { text::truncate_middle } else { text::truncate };
    let target = cut(target, theme, width.saturating_sub(rest(form)));
    let gap = if name.is_empty() { "" } else { GAP };
    let mut line = Line::from(vec![
        Span::raw(" "),
        Span::styled(name.trim_end(), theme.strong()),
        Span::raw(gap),
    ]);
    line.extend(workload);
    line.extend([
        Span::raw(target),
        Span::styled(about, theme.muted()),
        Span::styled(machine, theme.strong()),
    ]);
    draw_left_and_right(line, Span::styled(help, theme.muted()).into(), area, buf);
}

/// Returns the workload, with its key if there are several workloads.
fn workload_line(app: &App, theme: Theme) -> Line<'static> {
    let name = Span::styled(app.selection().workload.to_string(), theme.strong());
    // While a lesson decides what runs, the key has no effect.
    if app.session().setup().workloads().len() < 2 || !lesson_panel::shows_modes(app) {
        return Line::from(vec![name]);
    }
    let key = Span::styled(app.key_of(Action::NextWorkload), theme.key());
    Line::from(vec![key, Span::raw(" "), name])
}

/// Returns the user and the API whose followers are fetched, or the URL of the list. The built-in server
/// has only demo data.
fn target_text(app: &App) -> Option<String> {
    if let Some(list) = &app.session().setup().list {
        return Some(list.url.clone());
    }
    let target = app.session().target().filter(|_| app.selection().workload.is_fetched())?;
    let Target { user, api, .. } = target;
    Some(if target.is_built_in() { format!("demo data, {api}") } else { format!("{user} @ {api}") })
}

/// Returns the number and the size of the tasks, in a long and a short form.
fn task_texts(app: &App) -> [String; 2] {
    let (session, workload) = (app.session(), app.selection().workload);
    let Some(tasks) = session.task_count(workload) else { return [const { String::new() }; 2] };
    let tasks = plural::count(tasks, workload.spec().task);
    let compute = session.setup().compute;
    let (size, share) = (compute.size, compute.share);
    let short = match workload.kind() {
        TaskKind::Computation => format!("{GAP}{tasks}, {size} each"),
        TaskKind::Page | TaskKind::Command | TaskKind::Thread => format!("{GAP}{tasks}"),
    };
    let long = match session.target().filter(|_| workload.is_fetched()) {
        Some(target) => format!("{short}, up to {} each", target.per_page),
        None if workload.spec().has_io_share => format!("{short}, {share} % CPU work"),
        None => short.clone(),
    };
    [long, short]
}

/// Returns the simulated machine and its speed, or the progress of a replay, from the longest form
/// to the shortest.
fn machine_texts(app: &App) -> [String; 4] {
    let simulation = app.session().setup().compute.simulation;
    let machine = simulation.zip(simulation_pace(app)).map(|(machine, pace)| {
        let (cores, seed) = (machine.cores, machine.seed);
        let cores = plural::count(cores, "core");
        (format!("{GAP}simulated, {cores}"), seed, pace)
    });
    if let Some([long, short, shortest]) = replay_texts(app) {
        let machine = machine.map_or_else(String::new, |(machine, ..)| machine);
        let [long, short, shortest] =
            [long, short, shortest].map(|progress| format!("{GAP}{progress}"));
        return [machine + &long, long, short, shortest];
    }
    let Some((machine, seed, pace)) = machine else {
        return [const { String::new() }; 4];
    };
    // A learner needs no seed: the runs are the same everywhere.
    let seed = if app.lesson().is_some() { String::new() } else { format!(", seed {seed}") };
    [
        format!("{machine}{seed}, {pace}"),
        format!("{machine}, {pace}"),
        format!("{GAP}simulated, {pace}"),
        format!("{GAP}sim, {pace}"),
    ]
}

/// Returns the speed of the simulated selection shown, or that it is paused.
fn simulation_pace(app: &App) -> Option<String> {
    let speed = app.simulated_speed()?;
    Some(match app.lesson() {
        _ if app.is_playback_paused() => "paused".to_owned(),
        Some(_) => speed.in_words(),
        None => speed.to_string(),
    })
}

/// Returns the progress and speed of a replay, from the longest form to the shortest.
fn replay_texts(app: &App) -> Option<[String; 3]> {
    let ReplayProgress { percent, speed, plays } = app.replay_progress()?;
    let pace = match percent {
        _ if plays => format!(", {speed}"),
        100 => String::new(),
        _ => ", paused".to_owned(),
    };
    let short = format!("recording {percent} %");
    Some([format!("{short}{pace}"), short, format!("rec {percent} %")])
}

/// A part of the row of modes, and the action of a click on it.
struct ModeSegment {
    spans: Vec<Span<'static>>,
    action: Option<Action>,
}

/// Draws the modes with their keys and the number of workers, in the longest form that fits. The
/// workload comes first if the screen has no title row.
pub(super) fn draw_modes(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    area: Rect,
    buf: &mut Buffer,
) {
    if let Some(program) = program_header::watched_program(app) {
        return program_header::draw_process(app, layout, theme, program, area, buf);
    }
    let workers = worker_texts(app, layout, theme);
    let segments = mode_segments(app, layout, theme, area.width);
    let left: Line<'_> = segments.into_iter().flat_map(|segment| segment.spans).collect();
    let free = usize::from(area.width).saturating_sub(left.width());
    let right = workers.into_iter().find(|line| line.width() <= free);
    draw_left_and_right(left, right.unwrap_or_default(), area, buf);
}

/// Returns the action of the mode or the workload at a column of the row of modes.
pub(super) fn action_at(
    app: &App,
    layout: ScreenLayout,
    theme: Theme,
    area: Rect,
    column: u16,
) -> Option<Action> {
    if program_header::watched_program(app).is_some() {
        return None;
    }
    let mut place = usize::from(column.checked_sub(area.x)?);
    for ModeSegment { spans, action } in mode_segments(app, layout, theme, area.width) {
        let width: usize = spans.iter().map(Span::width).sum();
        match place.checked_sub(width) {
            Some(after) => place = after,
            None => return action,
        }
    }
    None
}

/// Returns the modes in the longest form that fits beside the number of workers.
fn mode_segments(app: &App, layout: ScreenLayout, theme: Theme, width: u16) -> Vec<ModeSegment> {
    let workers = worker_texts(app, layout, theme);
    let workers = workers.iter().map(Line::width).min().unwrap_or(0);
    let segments = |form| {
        let mut segments = vec![ModeSegment { spans: vec![Span::raw(" ")], action: None }];
        if !layout.has_headings() {
            let mut spans = workload_line(app, theme).spans;
            spans.push(Span::raw(" "));
            segments.push(ModeSegment { spans, action: Some(Action::NextWorkload) });
        }
        let modes = Selection::all(app.selection().workload).enumerate();
        segments.extend(modes.map(|(index, selection)| ModeSegment {
            spans: mode_spans(app, theme, index, selection, form),
            action: Some(Action::Mode(index)),
        }));
        segments
    };
    let fits = |segments: &Vec<ModeSegment>| {
        let spans = segments.iter().flat_map(|segment| &segment.spans);
        spans.map(Span::width).sum::<usize>() + workers <= usize::from(width)
    };
    let fitting = ModeForm::ALL.into_iter().map(segments).find(fits);
    fitting.unwrap_or_else(|| segments(ModeForm::Compact))
}

/// Returns the number of workers, from the longest form to the shortest.
fn worker_texts(app: &App, layout: ScreenLayout, theme: Theme) -> [Line<'static>; 3] {
    let none = [const { String::new() }; 3];
    let machine = if layout.has_headings() { none } else { pace_texts(app) };
    worker_lines(app, theme, machine)
}

/// The form in which the modes are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ModeForm {
    /// All modes with full names.
    Long,
    /// All modes with names that differ from each other.
    Medium,
    /// All modes with short names.
    Short,
    /// All keys, but only the name of the selected mode.
    ShownOnly,
    /// Like `ShownOnly`, without gaps.
    Compact,
}

impl ModeForm {
    /// All forms, from the longest to the shortest.
    const ALL: [Self; 5] = [Self::Long, Self::Medium, Self::Short, Self::ShownOnly, Self::Compact];
}

/// Returns a mode with its key.
fn mode_spans(
    app: &App,
    theme: Theme,
    index: usize,
    selection: Selection,
    form: ModeForm,
) -> Vec<Span<'static>> {
    let key = app.key_of(Action::Mode(index));
    let shown = selection == app.selection();
    let [long, medium, short, _] = mode_names(selection);
    let name = match form {
        ModeForm::Long => format!(" {long}"),
        ModeForm::Medium => format!(" {medium}"),
        ModeForm::Short => format!(" {short}"),
        ModeForm::ShownOnly | ModeForm::Compact if shown => format!(" {short}"),
        ModeForm::ShownOnly | ModeForm::Compact => String::new(),
    };
    let runs = app.is_moving() && app.session().active() == Some(selection);
    // Always one cell, so that names stay in place when a run starts or ends.
    let mark = if runs { theme.pick("▸", "*") } else { " " };
    let gap = if form == ModeForm::Compact { "" } else { " " };
    if shown {
        let text = format!("{gap}{key}{name}{mark}");
        return vec![Span::styled(text, theme.selected()), Span::raw(gap)];
    }
    vec![
        Span::styled(format!("{gap}{key}"), theme.key()),
        Span::styled(format!("{name}{mark}{gap}"), theme.muted()),
    ]
}

/// Returns the speed of a simulated machine or the progress of a replay, from the longest form to
/// the shortest, each followed by a gap.
fn pace_texts(app: &App) -> [String; 3] {
    let texts = replay_texts(app).unwrap_or_else(|| match simulation_pace(app) {
        None => [const { String::new() }; 3],
        Some(pace) => ["simulated", "sim", "sim"].map(|word| format!("{word} {pace}")),
    });
    texts.map(|text| if text.is_empty() { text } else { text + "  " })
}

/// Returns the number of workers, and that of the next run if it differs, from the longest form to
/// the shortest. The text about the machine precedes it.
fn worker_lines(
    app: &App,
    theme: Theme,
    [full, half, min_width]: [String; 3],
) -> [Line<'static>; 3] {
    let workload = app.selection().workload;
    if app.selection().is_sweep() {
        return count_lines(app, theme);
    }
    let shown = app.runs().iter().find(|run| run.plan().mode != Mode::Sequential);
    let session = app.session();
    let auto = shown.map_or_else(|| session.is_auto(workload), |run| run.plan().auto);
    let workers = shown.map_or_else(|| session.worker_count(workload), |run| run.plan().workers);
    let workers = if auto { "auto".to_owned() } else { workers.to_string() };
    let up_to = if auto || session.is_worker_count_known(workload) { "" } else { "up to " };
    let times = if auto { "" } else { "x" };
    let line = |machine: String, now: String, next: &str| {
        let next = app.next_workers().map_or_else(String::new, |count| format!("{next}{count}"));
        Line::from(vec![
            Span::styled(machine, theme.strong()),
            Span::styled(now, theme.muted()),
            Span::styled(next, theme.strong()),
            Span::raw(" "),
        ])
    };
    [
        line(full, format!("workers {up_to}{workers}"), ", next run "),
        line(half, format!("workers {up_to}{workers}"), ", next "),
        line(min_width, format!("{times}{workers}"), ", next "),
    ]
}

/// Returns the worker counts of a sweep and the number of trials per count.
fn count_lines(app: &App, theme: Theme) -> [Line<'static>; 3] {
    let planned = app.session().planned_sweep(app.selection().workload);
    let shown = app.session().sweep(app.selection()).unwrap_or(&planned);
    let counts: Vec<String> = shown.counts().iter().map(u16::to_string).collect();
    let (many, each) = (counts.len(), sweep::repeats_text(shown));
    let all = format!("threads {}, {each} ", counts.join(" "));
    [all, format!("{many} counts, {each} "), format!("{many} counts ")]
        // A line's own style would be that of the modes beside it, too.
        .map(|text| Span::styled(text, theme.muted()).into())
}
