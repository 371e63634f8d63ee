//! The exports of a command, prepared before its run and written after it, and those of the menu. The
//! latter are written on threads of their own, because large exports would block the event loop.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::ended_session::{EndedSession, SavedExport, SavedExports};
use crate::analysis::Sweep;
use crate::app::App;
use crate::cli::{OutputOptions, ThemeArg, shell_quoted};
use crate::http::url_text::{MASK, masked_text};
use crate::model::{Background, ExportKind, Nanos, Run, Target};
use crate::report::followers::best_run;
use crate::report::{ExportError, ExportTarget, LessonCaption, ReportSubject, free_path};
use crate::terminal::signals::Signals;

/// The exports to write.
#[derive(Debug)]
pub struct ExportTargets {
    outputs: Vec<ExportTarget>,
    background: Background,
    command: String,
}

impl ExportTargets {
    /// Prepares all destinations, so that errors appear before the run. A picture is for a page, so
    /// its background is light unless an option says otherwise.
    pub fn prepare(output: &OutputOptions) -> Result<Self, ExportError> {
        let outputs = output.exports.iter().map(|(kind, path)| ExportTarget::prepare(*kind, path));
        Ok(Self {
            outputs: outputs.collect::<Result<_, _>>()?,
            background: match output.display.theme {
                ThemeArg::Dark => Background::Dark,
                ThemeArg::Auto | ThemeArg::Light => Background::Light,
            },
            command: command_line(std::env::args_os()),
        })
    }

    /// The command line that started the session.
    pub(super) fn command(&self) -> &str {
        &self.command
    }

    /// Writes all exports of the runs. Followers and items are those of the best run of the session. Files are
    /// written first; then shutdown begins, because a write to a pipe may block forever and a signal
    /// must be able to end it.
    pub(super) fn save_all(
        self,
        ended: &EndedSession,
        signals: &Signals,
        out: &mut dyn Write,
    ) -> SavedExports {
        let (session, runs) = (ended.session(), ended.runs());
        let subject = ReportSubject {
            target: session.target(),
            runs,
            sweep: ended.sweep(),
            // The runs on the screen come before the others.
            fetched: best_run(runs.iter().chain(session.all_runs())),
            // No run is active, so the current time is not used.
            now: Nanos::ZERO,
            cores: session.setup().cores(),
            background: self.background,
            command: &self.command,
            lesson: None,
        };
        let stdout_taken = self.outputs.iter().any(ExportTarget::is_stdout);
        let (files, hang): (Vec<ExportTarget>, Vec<ExportTarget>) =
            self.outputs.into_iter().partition(ExportTarget::is_file);
        let mut write = |outputs: Vec<ExportTarget>| {
            let saved = outputs.into_iter().map(|output| SavedExport::write(output, &subject, out));
            saved.collect::<io::Result<Vec<SavedExport>>>()
        };
        let files = write(files);
        let signal = signals.enter_shutdown(ended.signal);
        let results = files.and_then(|mut saved| {
            saved.extend(write(hang)?);
            Ok(saved)
        });
        SavedExports { results, stdout_taken, signal }
    }
}

/// The exports being written.
pub(super) struct ExportJobs {
    results: Receiver<String>,
    sender: Sender<String>,
    threads: Vec<JoinHandle<()>>,
    /// The command line of the session.
    command: String,
}

/// The runs at the time of the request; they may continue while the export is written.
struct ExportSnapshot {
    target: Option<Target>,
    runs: Vec<Run>,
    sweep: Option<Sweep>,
    fetched: Option<Run>,
    now: Nanos,
    cores: Option<u16>,
    background: Background,
    command: String,
    lesson: Option<LessonCaption>,
}

impl ExportJobs {
    pub(super) fn new(command: &str) -> Self {
        let (sender, results) = unbounded();
        Self { results, sender, threads: Vec::new(), command: command.to_owned() }
    }

    /// Returns the results of the exports, as notices for the footer.
    pub(super) const fn results(&self) -> &Receiver<String> {
        &self.results
    }

    /// Returns an unused file name for every export kind.
    pub(super) fn free_names(stem: &str) -> Vec<(ExportKind, String)> {
        let name = |kind: ExportKind| free_path(stem, kind.extension()).display().to_string();
        ExportKind::ALL.map(|kind| (kind, name(kind))).into()
    }

    /// Starts to write an export.
    pub(super) fn start(&mut self, kind: ExportKind, stem: &str, app: &App) {
        let path = free_path(stem, kind.extension());
        let snapshot = ExportSnapshot::capture(app, kind, &self.command);
        let sender = self.sender.clone();
        let written = Builder::new().name("export".to_owned()).spawn(move || {
            // The screen may have been closed by now.
            _ = sender.send(snapshot.write(kind, &path));
        });
        match written {
            Ok(thread) => self.threads.push(thread),
            Err(error) => _ = self.sender.send(format!("cannot write the {kind}: {error}")),
        }
    }

    /// Waits until all exports are written, and returns the remaining results.
    pub(super) fn finish(self) -> Vec<String> {
        for thread in self.threads {
            // The panic hook has reported a panic already.
            _ = thread.join();
        }
        self.results.try_iter().collect()
    }
}

impl ExportSnapshot {
    fn capture(app: &App, kind: ExportKind, command: &str) -> Self {
        let (session, (shown, sweep)) = (app.session(), app.runs_to_export());
        // Both are expensive to copy, and no kind needs both.
        let best = best_run(shown.iter().chain(session.all_runs())).filter(|_| kind.is_data());
        Self {
            target: session.target().cloned(),
            runs: if kind.is_data() { Vec::new() } else { shown.to_vec() },
            sweep: sweep.cloned(),
            fetched: best.cloned(),
            now: app.now(),
            cores: session.setup().cores(),
            background: app.background(),
            command: command.to_owned(),
            lesson: lesson_caption(app),
        }
    }

    /// Writes the export, and returns the result as a notice.
    fn write(&self, kind: ExportKind, path: &Path) -> String {
        let subject = ReportSubject {
            target: self.target.as_ref(),
            runs: &self.runs,
            sweep: self.sweep.as_ref(),
            fetched: self.fetched.as_ref(),
            now: self.now,
            cores: self.cores,
            background: self.background,
            command: &self.command,
            lesson: self.lesson.as_ref(),
        };
        let written = ExportTarget::prepare(kind, path).and_then(|output| {
            let name = output.display_name();
            Ok(output.write(&subject, &mut std::io::sink())?.describe(&name))
        });
        written.unwrap_or_else(|error| menu_text(&error))
    }
}

/// Returns the caption of the lesson that is played. `None` before there is anything to tell.
fn lesson_caption(app: &App) -> Option<LessonCaption> {
    let progress = app.course()?.lesson()?;
    let (lesson, outcome) = (progress.lesson(), progress.caption()?);
    let outcome = outcome.strip_prefix(&format!("{}: ", lesson.title)).unwrap_or(&outcome);
    let (ask, outcome) = outcome.split_once(" Predicted: ").unwrap_or(("", outcome));
    let outcome = format!("Predicted: {outcome}");
    Some(LessonCaption {
        title: lesson.title.clone(),
        sentences: vec![lesson.claim.clone(), ask.to_owned(), outcome],
        mark: progress.mark(app.runs()).map(|mark| (mark.name.to_owned(), mark.at)),
    })
}

/// Returns an error message for the menu, which cannot suggest another path as the command line does.
fn menu_text(error: &ExportError) -> String {
    match error {
        ExportError::Unwritable { path, source, .. } | ExportError::Lost { path, source, .. } => {
            format!(
                "cannot write {}: {source}; no data is lost: make this directory writable \
             and export again",
                path.display()
            )
        }
        error => error.to_string(),
    }
}

/// Joins the arguments, the program's name first, quoted for a shell. The values of headers and of secret
/// parameters are masked.
fn command_line(arguments: impl IntoIterator<Item = OsString>) -> String {
    let mut arguments = arguments.into_iter();
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
    let mut words = vec![shell_quoted(&program)];
    let mut is_header = false;
    words.extend(arguments.map(|argument| {
        let argument = argument.to_string_lossy();
        let shown = mask_argument(&argument, is_header);
        is_header = ["-H", "--header"].contains(&&*argument);
        shell_quoted(&shown)
    }));
    words.join(" ")
}

/// Returns an argument without the value of a header and the secrets of a URL.
fn mask_argument(argument: &str, is_header: bool) -> String {
    let prefixes = ["--header=", "-H"];
    let attached =
        prefixes.iter().find_map(|prefix| Some((*prefix, argument.strip_prefix(prefix)?)));
    match attached.or_else(|| is_header.then_some(("", argument))) {
        Some((option, header)) if !header.starts_with('@') => match header.split_once(':') {
            Some((name, _)) => format!("{option}{name}: {MASK}"),
            None => argument.to_owned(),
        },
        None if argument.contains("://") => masked_text(argument),
        _ => argument.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_can_be_pasted_into_a_shell() {
        let typed = ["/usr/bin/threadline", "exec", "--", "echo 'a' | cat", "", "x=1"];
        assert_eq!(
            command_line(typed.map(OsString::from)),
            r"threadline exec -- 'echo '\''a'\'' | cat' '' x=1"
        );
    }

    #[test]
    fn the_command_line_has_no_secrets() {
        for (typed, shown) in [
            (vec!["-H", "Authorization: Bearer abc"], "-H 'Authorization: ***'"),
            (vec!["--header=X-Key:abc"], "'--header=X-Key: ***'"),
            (vec!["-HX-Key: abc", "-H", "@keys.txt"], "'-HX-Key: ***' -H @keys.txt"),
            (vec!["http://a.b/x?token=abc&page=1"], "'http://a.b/x?token=***&page=1'"),
        ] {
            let line = command_line(["threadline"].into_iter().chain(typed).map(OsString::from));
            assert_eq!(line, format!("threadline {shown}"));
        }
    }

    #[test]
    fn menu_errors_name_no_command_line_option() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("missing/r.md");
        let error = ExportTarget::prepare(ExportKind::Report, &missing).unwrap_err();
        let results = menu_text(&error);
        assert!(results.contains("no data is lost") && !results.contains("--report"), "{results}");
    }
}
