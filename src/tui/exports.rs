//! Writes what a person takes along while the screen is there: beside the loop, as it may be much.

use std::io::Write;
use std::path::Path;
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::app::App;
use crate::app::session::{Entry, Setup};
use crate::export::followers::best;
use crate::export::{Output, OutputError, Subject, free};
use crate::model::{Background, ExportKind, Nanos, Run, Sweep, Target};
use crate::recording;

/// What is being written.
pub(super) struct Exports {
    said: Receiver<String>,
    say: Sender<String>,
    threads: Vec<JoinHandle<()>>,
    /// The command that began the sitting.
    command: String,
}

/// The runs as they were when a person asked for them: they may go on meanwhile.
struct Snapshot {
    target: Option<Target>,
    profile: Option<Run>,
    runs: Vec<Run>,
    sweep: Option<Sweep>,
    followers: Option<Run>,
    now: Nanos,
    cores: Option<u16>,
    background: Background,
    command: String,
    /// Where that is what is written.
    recording: Option<(Setup, Vec<Entry>)>,
}

impl Exports {
    pub(super) fn new(command: &str) -> Self {
        let (say, said) = unbounded();
        Self { said, say, threads: Vec::new(), command: command.to_owned() }
    }

    /// What became of each, in words for the footer.
    pub(super) const fn said(&self) -> &Receiver<String> {
        &self.said
    }

    /// A name for every kind that no file has.
    pub(super) fn names(stem: &str) -> Vec<(ExportKind, String)> {
        let name = |kind: ExportKind| free(stem, kind.ending()).display().to_string();
        ExportKind::ALL.map(|kind| (kind, name(kind))).into()
    }

    /// Begins to write.
    pub(super) fn start(&mut self, kind: ExportKind, stem: &str, app: &App) {
        let path = free(stem, kind.ending());
        let snapshot = Snapshot::of(app, kind, &self.command);
        let say = self.say.clone();
        let written = Builder::new().name("export".to_owned()).spawn(move || {
            // The screen may be gone by now.
            _ = say.send(snapshot.write(kind, &path));
        });
        match written {
            Ok(thread) => self.threads.push(thread),
            Err(error) => _ = self.say.send(format!("the {kind} was not written: {error}")),
        }
    }

    /// Waits until all is written, and returns what was not said yet.
    pub(super) fn finish(self) -> Vec<String> {
        for thread in self.threads {
            // One that panicked has said so.
            _ = thread.join();
        }
        self.said.try_iter().collect()
    }
}

impl Snapshot {
    fn of(app: &App, kind: ExportKind, command: &str) -> Self {
        let (session, (shown, sweep)) = (app.session(), app.taken_along());
        // Neither is cheap to copy, and no kind needs both.
        let followers = kind == ExportKind::Followers;
        let best = best(shown.iter().chain(session.all_runs())).filter(|_| followers);
        let records = kind == ExportKind::Recording;
        Self {
            recording: records.then(|| (session.setup().clone(), session.kept().to_vec())),
            target: session.target().cloned(),
            profile: session.profile().cloned(),
            runs: if followers || records { Vec::new() } else { shown.to_vec() },
            sweep: sweep.cloned(),
            followers: best.cloned(),
            now: app.now(),
            cores: session.setup().cores(),
            background: app.background(),
            command: command.to_owned(),
        }
    }

    /// Says what became of it.
    fn write(&self, kind: ExportKind, path: &Path) -> String {
        let subject = Subject {
            target: self.target.as_ref(),
            profile: self.profile.as_ref(),
            runs: &self.runs,
            sweep: self.sweep.as_ref(),
            followers: self.followers.as_ref(),
            now: self.now,
            cores: self.cores,
            background: self.background,
            command: &self.command,
        };
        let written = Output::prepare(kind, path).and_then(|output| {
            let name = output.name();
            if let Some((setup, entries)) = &self.recording {
                let lines = |out: &mut dyn Write| recording::write(setup, entries, out).map(drop);
                return Ok(output.write_recording(entries.len() as u64, lines)?.words(&name));
            }
            Ok(output.write(&subject, &mut std::io::sink())?.words(&name))
        });
        written.unwrap_or_else(|error| in_the_menu(&error))
    }
}

/// What a person can do now: the menu has no other place to offer, unlike the command line.
fn in_the_menu(error: &OutputError) -> String {
    match error {
        OutputError::Unwritable { path, source, .. } | OutputError::Lost { path, source, .. } => {
            format!(
                "cannot write {}: {source}; nothing is lost: see that this directory can be written to, \
             and export again",
                path.display()
            )
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_an_option_once_it_runs() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("missing/r.md");
        let error = Output::prepare(ExportKind::Report, &missing).unwrap_err();
        let said = in_the_menu(&error);
        assert!(said.contains("nothing is lost") && !said.contains("--report"), "{said}");
    }
}
