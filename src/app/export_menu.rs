//! The export menu.

use super::keymap::Action;
use super::{App, Effect, Overlay};
use crate::analysis::Sweep;
use crate::model::{ExportKind, Run, file_stem};

impl App {
    /// Opens the menu if there is anything to export, and requests unused file names.
    pub(super) fn open_export_menu(&mut self) -> Option<Effect> {
        let (runs, _) = self.runs_to_export();
        if !runs.iter().any(Run::has_started) {
            self.notice = Some("nothing to export yet; run something first".to_owned());
            return None;
        }
        self.overlay = Some(Overlay::Export(0));
        self.export_names.clear();
        Some(Effect::FindExportNames(self.stem()))
    }

    /// Closes the menu and starts the export of the entry.
    pub(super) fn start_export(&mut self, entry: usize) -> Option<Effect> {
        self.overlay = None;
        let kind = self.export_kinds().nth(entry)?;
        self.notice = Some(format!("writing the {kind}"));
        Some(Effect::Export { kind, stem: self.stem() })
    }

    /// The overlay after an action in the menu: the menu with an entry selected, or `None` if it
    /// closes.
    pub(super) fn handle_export_action(&self, entry: usize, action: Action) -> Option<Overlay> {
        let count = self.export_kinds().count();
        match action {
            Action::NextLane => Some(Overlay::Export((entry + 1) % count)),
            Action::PreviousLane => Some(Overlay::Export((entry + count - 1) % count)),
            Action::Back | Action::Help | Action::Export | Action::Quit => None,
            _ => Some(Overlay::Export(entry)),
        }
    }

    /// The runs to export, with the sweep if they belong to one: the runs shown, or else the
    /// latest.
    pub fn runs_to_export(&self) -> (&[Run], Option<&Sweep>) {
        if self.runs().iter().any(Run::has_started) {
            (self.runs(), self.session.sweep(self.selection))
        } else {
            (self.session.latest_runs(), None)
        }
    }

    /// The entries of the menu, each with the name of the file to write.
    pub fn export_entries(&self) -> impl Iterator<Item = (ExportKind, String)> + '_ {
        self.export_kinds().map(|kind| {
            let named = self.export_names.iter().find(|(other, _)| *other == kind);
            let name = named.map(|(_, name)| name.clone());
            (kind, name.unwrap_or_else(|| format!("{}.{}", self.stem(), kind.extension())))
        })
    }

    /// The kinds of export offered.
    fn export_kinds(&self) -> impl Iterator<Item = ExportKind> + use<> {
        ExportKind::for_workload(self.selection.workload)
    }

    fn stem(&self) -> String {
        file_stem(self.selection, self.session.target())
    }
}
