//! The menu of what can be taken along.

use super::keymap::Action;
use super::{App, Effect, Popup};
use crate::model::{ExportKind, Run, Sweep, stem};

impl App {
    /// Opens the menu, if there is anything to take along, and asks for names that no file has.
    pub(super) fn open_exports(&mut self) -> Option<Effect> {
        let (runs, _) = self.taken_along();
        if !runs.iter().any(Run::has_begun) {
            self.notice = Some("nothing has run yet, so there is nothing to export".to_owned());
            return None;
        }
        self.popup = Some(Popup::Export(0));
        self.names.clear();
        Some(Effect::Name(self.stem()))
    }

    /// Writes the entry of the menu, and closes it.
    pub(super) fn export(&mut self, entry: usize) -> Option<Effect> {
        self.popup = None;
        let kind = self.export_kinds().nth(entry)?;
        if kind == ExportKind::Recording && self.session.kept().is_empty() {
            let option = kind.option();
            self.notice =
                Some(format!("this run is too long to be kept: begin with {option} FILE"));
            return None;
        }
        self.notice = Some(format!("writing the {kind}"));
        Some(Effect::Export { kind, stem: self.stem() })
    }

    /// Where a key in the menu leads.
    pub(super) fn after_export(&self, entry: usize, action: Action) -> Option<Popup> {
        let count = self.export_kinds().count();
        match action {
            Action::NextLane => Some(Popup::Export((entry + 1) % count)),
            Action::PreviousLane => Some(Popup::Export((entry + count - 1) % count)),
            Action::Back | Action::Help | Action::Export | Action::Quit => None,
            _ => Some(Popup::Export(entry)),
        }
    }

    /// What is taken along: the runs shown, or where there are none yet, those that ran last.
    pub fn taken_along(&self) -> (&[Run], Option<&Sweep>) {
        if self.runs().iter().any(Run::has_begun) {
            (self.runs(), self.session.sweep(self.shown))
        } else {
            (self.session.latest_runs(), None)
        }
    }

    /// The entries of the menu, each with the name of the file that it would write.
    pub fn exports(&self) -> impl Iterator<Item = (ExportKind, String)> + '_ {
        self.export_kinds().map(|kind| {
            let named = self.names.iter().find(|(other, _)| *other == kind);
            let name = named.map(|(_, name)| name.clone());
            (kind, name.unwrap_or_else(|| format!("{}.{}", self.stem(), kind.ending())))
        })
    }

    /// A recording is there already where one is played.
    fn export_kinds(&self) -> impl Iterator<Item = ExportKind> + use<> {
        let replays = self.progress().is_some();
        ExportKind::of(self.shown.workload)
            .filter(move |&kind| kind != ExportKind::Recording || !replays)
    }

    fn stem(&self) -> String {
        stem(self.shown, self.session.target())
    }
}
