//! The output of a command that runs something: the screen and its appearance, or a report; files, each
//! of which is written only once, and the recording.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::config::{self, Config, ThemeArg};
use super::{ConfigError, Environment, Terminals, UsageError, find_variable};
use crate::app::Keymap;
use crate::model::{ExportKind, Workload};

/// The heading of the options that replace the screen.
const NO_SCREEN: &str = "Without a screen";

/// The heading of the options that write files.
pub(super) const FILES: &str = "Files";

#[derive(Args, Debug)]
#[command(next_help_heading = super::SCREEN)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct DisplayArgs {
    /// No screen: print the times and a short report
    #[arg(long, help_heading = NO_SCREEN)]
    plain: bool,
    /// No screen: print everything measured, as one JSON document
    #[arg(long, help_heading = NO_SCREEN, conflicts_with = "plain")]
    json: bool,
    /// No screen: sentences for a screen reader
    #[arg(long, hide_short_help = true, help_heading = NO_SCREEN, long_help = super::help::NARRATE)]
    narrate: bool,
    /// Colours: dark, light, or auto, which asks the terminal [default: auto]
    #[arg(long, hide_short_help = true, value_enum, hide_possible_values = true)]
    theme: Option<ThemeArg>,
    /// Use ASCII characters only
    #[arg(long, hide_short_help = true)]
    ascii: bool,
    /// Leave the mouse to the terminal, which then selects text
    ///
    /// By default, modes, lanes and keys can be clicked, the wheel zooms, and dragging marks a range;
    /// with Shift held, most terminals select text.
    #[arg(long, hide_short_help = true)]
    no_mouse: bool,
    /// Use the mouse although the configuration says otherwise
    #[arg(long, hide = true, conflicts_with = "no_mouse")]
    mouse: bool,
    /// Draw at most twice per second, and jump instead of scrolling
    #[arg(long, hide_short_help = true)]
    reduced_motion: bool,
    /// Read this configuration
    #[arg(long, hide_short_help = true, value_name = "FILE", long_help = super::help::CONFIG)]
    config: Option<PathBuf>,
    /// The environment.
    #[arg(skip)]
    keys: Keymap,
    /// Set by the environment.
    #[arg(skip)]
    accessible: bool,
}

/// The appearance of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayOptions {
    /// The background that the colours are chosen for.
    pub theme: ThemeArg,
    /// If set, the screen uses ASCII characters only.
    pub ascii: bool,
    /// If set, the mouse is captured.
    pub mouse: bool,
    /// If set, motion is reduced.
    pub reduced_motion: bool,
    /// The key bindings.
    pub keys: Keymap,
}

/// The form of the progress on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No progress.
    None,
    /// A line that is redrawn in place, for a terminal.
    Line,
    /// Sentences that are never overwritten, for a screen reader.
    Sentences,
}

#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    /// Write a trace for Perfetto and other viewers; - is stdout
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the picture as SVG, light or dark as --theme; - is stdout
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write a Markdown report; - is stdout
    #[arg(long, help_heading = FILES, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// The files to write.
pub type ExportPaths = Vec<(ExportKind, PathBuf)>;

/// The output of a command that runs something.
#[derive(Clone, Debug)]
pub struct OutputOptions {
    /// The output mode.
    pub mode: OutputMode,
    /// The files to export.
    pub exports: ExportPaths,
    /// The path of the recording.
    pub record: Option<PathBuf>,
    /// The appearance of the screen.
    pub display: DisplayOptions,
}

/// The output mode, which follows from the options, the environment and the terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// The screen.
    Screen,
    /// The times and a short report. It goes to stderr if an export goes to stdout.
    Plain(Progress),
    /// One JSON document.
    Json(Progress),
}

impl ExportArgs {
    /// Combines the files with that of the followers or items of a workload.
    pub(super) fn paths(self, data: Option<PathBuf>, workload: Workload) -> ExportPaths {
        let kind = ExportKind::for_workload(workload).find(|kind| kind.is_data());
        let given = [
            (ExportKind::Trace, self.trace),
            (ExportKind::Picture, self.svg),
            (ExportKind::Report, self.report),
            (kind.unwrap_or(ExportKind::Followers), data),
        ];
        given.into_iter().filter_map(|(kind, path)| Some((kind, path?))).collect()
    }
}

impl OutputOptions {
    /// Resolves the output of a command. `read` are the files that it reads besides the configuration.
    pub(super) fn resolve(
        display: DisplayArgs,
        exports: ExportPaths,
        record: Option<PathBuf>,
        read: &[NamedPath<'_>],
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<Self, UsageError> {
        let mode = OutputMode::resolve(&display, &exports, environment, terminals)?;
        let configuration = config::config_path(display.config.as_deref(), environment);
        let configuration = NamedPath { name: "the configuration", path: configuration.as_deref() };
        check_conflicts(&[&[configuration], read].concat(), &exports, record.as_deref())?;
        Ok(Self { mode, exports, record, display: display.into() })
    }
}

impl OutputMode {
    /// Returns the mode. If anything goes to stdout, or there is no terminal, there is no screen.
    fn resolve(
        display: &DisplayArgs,
        exports: &ExportPaths,
        environment: Environment<'_>,
        terminals: Terminals,
    ) -> Result<Self, UsageError> {
        let mut to_stdout = display.json.then_some("--json").into_iter().chain(
            exports
                .iter()
                .filter(|(_, path)| path.as_os_str() == "-")
                .map(|(kind, _)| kind.option()),
        );
        let taken = to_stdout.next();
        if let (Some(one), Some(two)) = (taken, to_stdout.next()) {
            return Err(UsageError::StdoutTwice { one, two });
        }
        let progress = display.progress(terminals);
        let is_dumb = find_variable(environment, "TERM").is_some_and(|term| term == "dumb");
        let has_screen = terminals.stdin && terminals.stdout && !is_dumb;
        Ok(if display.json {
            Self::Json(progress)
        } else if display.is_plain() || taken.is_some() || !has_screen {
            Self::Plain(progress)
        } else {
            Self::Screen
        })
    }
}

impl DisplayArgs {
    /// Reads the configuration, and applies it to options that the command line omits.
    pub(super) fn apply_config(
        &mut self,
        environment: Environment<'_>,
    ) -> Result<Config, ConfigError> {
        let config = Config::load(self.config.as_deref(), environment)?;
        self.theme = self.theme.or(config.theme);
        self.ascii |= config.ascii;
        self.no_mouse |= config.mouse == Some(false) && !self.mouse;
        self.reduced_motion |= config.reduced_motion;
        self.keys.clone_from(&config.keys);
        self.accessible =
            find_variable(environment, "ACCESSIBLE").is_some_and(|value| value != "0");
        Ok(config)
    }

    /// Returns `true` if a JSON document is asked for.
    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// Returns `true` if an option or the environment replaces the screen by text.
    const fn is_plain(&self) -> bool {
        self.plain || self.narrate || self.accessible
    }

    /// The form of the progress. `ACCESSIBLE` affects only a terminal, and no scripts.
    const fn progress(&self, terminals: Terminals) -> Progress {
        match (self.narrate, self.accessible, terminals.stderr) {
            (true, _, _) | (false, true, true) => Progress::Sentences,
            (false, false, true) => Progress::Line,
            (false, _, false) => Progress::None,
        }
    }
}

impl From<DisplayArgs> for DisplayOptions {
    fn from(args: DisplayArgs) -> Self {
        Self {
            theme: args.theme.unwrap_or(ThemeArg::Auto),
            ascii: args.ascii,
            mouse: !args.no_mouse,
            reduced_motion: args.reduced_motion,
            keys: args.keys,
        }
    }
}

/// The path of a file, if there is one, and the argument that names it.
#[derive(Clone, Copy)]
pub(super) struct NamedPath<'a> {
    pub(super) name: &'static str,
    pub(super) path: Option<&'a Path>,
}

/// Returns an error if a file to be written is named twice, however its path is spelled. Files that are
/// only read may be the same. `-` means stdin when read, and no file when written.
fn check_conflicts(
    read: &[NamedPath<'_>],
    exports: &ExportPaths,
    record: Option<&Path>,
) -> Result<(), UsageError> {
    let exports =
        exports.iter().map(|(kind, path)| NamedPath { name: kind.option(), path: Some(path) });
    let mut known: Vec<(&'static str, FileIdentity)> = read
        .iter()
        .copied()
        .filter_map(|named| stdin(named).or_else(|| file_identity(named)))
        .collect();
    for named in exports.chain([NamedPath { name: "--record", path: record }]) {
        let Some((two, file)) = file_identity(named) else { continue };
        if let Some((one, _)) = known.iter().find(|(_, other)| other.is_same_file(&file)) {
            return Err(UsageError::FileTwice { one, two });
        }
        known.push((two, file));
    }
    Ok(())
}

fn file_identity(named: NamedPath<'_>) -> Option<(&'static str, FileIdentity)> {
    let NamedPath { name, path } = named;
    path.filter(|path| path.as_os_str() != "-").map(|path| (name, FileIdentity::from_path(path)))
}

/// Returns the regular file that stdin is redirected from, if the path is `-`.
fn stdin(named: NamedPath<'_>) -> Option<(&'static str, FileIdentity)> {
    let NamedPath { name, path } = named;
    let inode = stdin_inode().filter(|_| path.is_some_and(|path| path.as_os_str() == "-"));
    // No canonical path is a dash.
    inode.map(|inode| (name, FileIdentity { path: PathBuf::from("-"), inode: Some(inode) }))
}

/// The identity of a file.
struct FileIdentity {
    path: PathBuf,
    /// The device and inode of an existing file, to which several names may be hard links.
    inode: Option<(u64, u64)>,
}

impl FileIdentity {
    fn from_path(path: &Path) -> Self {
        Self { path: canonical_path(path), inode: inode(path) }
    }

    fn is_same_file(&self, other: &Self) -> bool {
        self.path == other.path || (self.inode.is_some() && self.inode == other.inode)
    }
}

/// Returns the identity of the file at a path: of a new file, its directory and name.
fn canonical_path(path: &Path) -> PathBuf {
    /// The maximum number of symbolic links, above the system's own.
    const MAX_SYMLINKS: usize = 64;
    let mut path = path.to_owned();
    for _ in 0..MAX_SYMLINKS {
        if let Ok(found) = fs::canonicalize(&path) {
            return found;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        if let Ok(end) = fs::read_link(&path) {
            path = folder.join(end);
            continue;
        }
        let whole = fs::canonicalize(folder).ok().zip(path.file_name());
        return whole.map_or_else(|| path.clone(), |(folder, name)| folder.join(name));
    }
    path
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(unix)]
fn stdin_inode() -> Option<(u64, u64)> {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    let stdin = fs::File::from(std::io::stdin().as_fd().try_clone_to_owned().ok()?);
    let found = stdin.metadata().ok().filter(fs::Metadata::is_file)?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
const fn stdin_inode() -> Option<(u64, u64)> {
    None
}

#[cfg(not(unix))]
const fn inode(_: &Path) -> Option<(u64, u64)> {
    None
}
