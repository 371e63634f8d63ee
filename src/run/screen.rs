//! Follows a session on the screen.

use std::io;

use super::ended_session::{EndedSession, EndedState};
use super::exit::CommandError;
use super::exports::ExportTargets;
use super::opened_session::{OpenedContent, defect_message};
use super::screen_loop::{self, ExitReason};
use crate::app::lessons::Course;
use crate::app::playback::{DEFAULT_SLOWDOWN, PlaybackSpeed};
use crate::app::{self, App};
use crate::cli::{DisplayOptions, ThemeArg};
use crate::model::Background;
use crate::source::Launcher;
use crate::terminal::screen::ScreenOptions;
use crate::terminal::signals::Signals;
use crate::ui::theme::{ColorDepth, GlyphSet};

/// Shows a session until the user quits, a signal arrives, or the terminal is lost.
pub(super) fn follow(
    content: OpenedContent,
    launcher: &Launcher,
    display: &DisplayOptions,
    exports: &ExportTargets,
    signals: &Signals,
) -> Result<EndedSession, CommandError> {
    let is_guarded = matches!(
        &content,
        OpenedContent::Live { selection, .. } if selection.workload.is_command()
    );
    let options = screen_options(display, is_guarded);
    let (app, defect) = match content {
        OpenedContent::Live { session, selection, speed } => {
            (App::new(*session, selection, app_options(display, options, speed)), None)
        }
        OpenedContent::Recorded { recording, speed } => {
            let defect = defect_message(&recording);
            let (setup, entries) = recording.into_parts();
            (App::for_replay(setup, entries, app_options(display, options, speed)), defect)
        }
    };
    let notice = defect.or_else(|| app.external_baseline_notice());
    let app = app.with_startup_notice(notice);
    let (app, left) = screen_loop::run(app, launcher, options, exports.command(), signals)
        .map_err(CommandError::Screen)?;
    let (signal, terminal_error) = parts_of(left);
    Ok(EndedSession { state: EndedState::Screen(Box::new(app)), signal, terminal_error })
}

/// The lessons to show, and how to begin.
pub(super) struct CourseStart {
    pub(super) course: Course,
    /// The index of the lesson to begin with, or `None` for the list.
    pub(super) first: Option<usize>,
    /// A notice.
    pub(super) notice: Option<String>,
    /// The command line of the session.
    pub(super) command: String,
}

/// The lessons after the screen was left.
pub(super) struct EndedCourse {
    pub(super) app: App,
    /// The signal that ended them.
    pub(super) signal: Option<i32>,
    /// The reason why the terminal was lost.
    pub(super) terminal_error: Option<io::Error>,
}

/// Shows lessons until the user quits, a signal arrives, or the terminal is lost. `finish_lesson` is
/// called with the name of each lesson that is done, and returns a problem.
pub(super) fn follow_course(
    start: CourseStart,
    launcher: &Launcher,
    display: &DisplayOptions,
    finish_lesson: &mut dyn FnMut(&str) -> Option<String>,
    signals: &Signals,
) -> Result<EndedCourse, CommandError> {
    let CourseStart { course, first, notice, command } = start;
    let options = screen_options(display, false);
    let speed = PlaybackSpeed::from_slowdown(DEFAULT_SLOWDOWN);
    let app = App::for_course(course, first, app_options(display, options, speed));
    let app = app.with_startup_notice(notice);
    let (app, left) =
        screen_loop::run_course(app, launcher, options, &command, finish_lesson, signals)
            .map_err(CommandError::Screen)?;
    let (signal, terminal_error) = parts_of(left);
    Ok(EndedCourse { app, signal, terminal_error })
}

/// Returns the signal that ended the screen, or the reason why the terminal was lost.
fn parts_of(left: ExitReason) -> (Option<i32>, Option<io::Error>) {
    match left {
        ExitReason::Quit => (None, None),
        ExitReason::Signal(signal) => (Some(signal), None),
        ExitReason::TerminalLost(error) => (None, Some(error)),
    }
}

fn app_options(
    display: &DisplayOptions,
    options: ScreenOptions,
    speed: PlaybackSpeed,
) -> app::Options {
    app::Options {
        keymap: display.keys.clone(),
        background: options.background.unwrap_or_default(),
        reduced_motion: display.reduced_motion,
        speed,
    }
}

fn screen_options(display: &DisplayOptions, guarded: bool) -> ScreenOptions {
    let variable = |name: &str| std::env::var(name).ok();
    let depth = ColorDepth::from_env(variable);
    ScreenOptions {
        background: match display.theme {
            ThemeArg::Auto => known_background(depth, variable),
            ThemeArg::Dark => Some(Background::Dark),
            ThemeArg::Light => Some(Background::Light),
        },
        depth,
        glyphs: if display.ascii { GlyphSet::Ascii } else { GlyphSet::Unicode },
        guarded,
        mouse: display.mouse,
        reduced_motion: display.reduced_motion,
    }
}

/// Returns the background, or `None` if the terminal has to be queried. Returns dark, as most
/// terminals are, if the color depth does not depend on the background or the terminal cannot answer.
fn known_background(
    depth: ColorDepth,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<Background> {
    // Inside tmux, COLORFGBG describes the terminal that tmux was started in, not the current one.
    // tmux answers the query for the current one.
    let colors = variable("COLORFGBG").filter(|_| variable("TMUX").is_none());
    let asks = depth != ColorDepth::Mono && variable("TERM").is_some_and(|term| answers(&term));
    let background = colors.and_then(|colors| from_colors(&colors));
    background.or_else(|| (!asks).then_some(Background::Dark))
}

/// Returns the background in COLORFGBG, which rxvt, Konsole and iTerm2 set: numbers of the 16
/// colors, the background last.
fn from_colors(colors: &str) -> Option<Background> {
    let (_, background) = colors.rsplit_once(';')?;
    match background.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Background::Dark),
        7 | 9..=15 => Some(Background::Light),
        _ => None,
    }
}

/// Returns whether a terminal with this name answers the query, and answers it before the query for
/// its attributes. GNU screen forwards the background query to the outer terminal after it has sent
/// its own attributes; Eterm does not report attributes.
fn answers(term: &str) -> bool {
    cfg!(unix) && !matches!(term, "dumb" | "Eterm" | "screen") && !term.starts_with("screen.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(variables: &[(&str, &str)], depth: ColorDepth) -> Option<Background> {
        known_background(depth, |name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colorfgbg_determines_the_background() {
        let report_exports =
            |colors| known(&[("TERM", "xterm"), ("COLORFGBG", colors)], ColorDepth::Sixteen);
        for dark in ["15;0", "7;8", "12;default;6"] {
            assert_eq!(report_exports(dark), Some(Background::Dark), "{dark}");
        }
        for light in ["0;15", "0;7", "0;default;15"] {
            assert_eq!(report_exports(light), Some(Background::Light), "{light}");
        }
        for unknown in ["", ";", "0", "0;default", "0;16", "0;-1", "0;99999999999"] {
            assert_eq!(report_exports(unknown), None, "{unknown}");
        }
        let tmux = [("TERM", "tmux"), ("TMUX", "/tmp/tmux"), ("COLORFGBG", "0;15")];
        assert_eq!(known(&tmux, ColorDepth::Sixteen), None);
    }

    #[test]
    fn only_terminals_that_answer_in_order_are_queried() {
        for term in ["xterm-256color", "tmux-256color", "screen-256color", "linux"] {
            assert_eq!(known(&[("TERM", term)], ColorDepth::True), None, "{term}");
        }
        for term in ["dumb", "Eterm", "screen", "screen.xterm-256color"] {
            assert_eq!(
                known(&[("TERM", term)], ColorDepth::True),
                Some(Background::Dark),
                "{term}"
            );
        }
        assert_eq!(known(&[], ColorDepth::True), Some(Background::Dark));
        assert_eq!(known(&[("TERM", "xterm")], ColorDepth::Mono), Some(Background::Dark));
    }
}
