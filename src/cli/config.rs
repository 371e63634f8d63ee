//! The configuration file: its path and its settings. It is read once, at the start. The command line
//! takes precedence.

mod parse;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::environment::{Environment, find_variable};
use super::threads::validate_workers;
use super::usage::{ConfigError, UsageError};
use crate::app::Keymap;
use crate::model::Selection;

/// The maximum size of a configuration. A pipe or a device might never end.
const MAX_BYTES: u64 = 1 << 20;

/// `--theme`: the background that the colours are chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// The terminal is asked
    Auto,
    /// Light text on dark
    Dark,
    /// Dark text on light
    Light,
}

/// The content of a configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) theme: Option<ThemeArg>,
    pub(super) ascii: bool,
    pub(super) mouse: bool,
    pub(super) reduced_motion: bool,
    pub(super) threads: Option<ThreadSetting>,
    pub(super) per_page: Option<u8>,
    pub(super) keys: Keymap,
}

/// The number of workers; its maximum depends on the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ThreadSetting {
    pub(super) asked: u32,
    /// The file and the line.
    pub(super) place: String,
}

impl ThreadSetting {
    /// Returns the number, or an error if it is out of range.
    pub(super) fn validate(
        self,
        costs_quota: bool,
        selection: Selection,
    ) -> Result<u16, UsageError> {
        let Self { asked, place } = self;
        validate_workers(asked, costs_quota, selection)
            .map_err(|error| UsageError::Configured { error: Box::new(error), place })
    }
}

impl Config {
    /// Reads the named file, which must exist, or else the default one if it exists.
    pub(super) fn load(
        named: Option<&Path>,
        environment: Environment<'_>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = config_path(named, environment) else {
            return Ok(Self::default());
        };
        let file = path.display().to_string();
        let text = match read_text(&path) {
            Err(error) if named.is_none() && is_absent(&path, &error) => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ConfigError::Unreadable { file, reason: error.to_string() });
            }
            Ok(text) => text,
        };
        parse::parse_config(&text, &file)
    }
}

/// Returns the named file, or else the default one.
pub(super) fn config_path(named: Option<&Path>, environment: Environment<'_>) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| default_path(environment))
}

/// Returns `$XDG_CONFIG_HOME/threadline/config.toml`, or else the same below `~/.config`, on every
/// system. A relative path in the variable is ignored: <https://specifications.freedesktop.org/basedir-spec/latest/>.
fn default_path(environment: Environment<'_>) -> Option<PathBuf> {
    let given = find_variable(environment, "XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(find_variable(environment, "HOME")?).join(".config"));
    let folder = given.filter(|path| path.is_absolute()).or_else(home)?;
    Some(folder.join("threadline/config.toml"))
}

/// Returns whether the error means that the default file does not exist. A home such as /dev/null
/// contains no file, and neither does the directory of another user.
fn is_absent(path: &Path, error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
        io::ErrorKind::PermissionDenied => path.symlink_metadata().is_err(),
        _ => false,
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if length as u64 > MAX_BYTES {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn usual_place(variables: &[(&str, &str)]) -> Option<PathBuf> {
        default_path(&|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn a_file_in_an_unreadable_directory_counts_as_absent() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        assert!(is_absent(&file, &denied));
        std::fs::write(&file, "").unwrap();
        assert!(!is_absent(&file, &denied));
    }

    #[test]
    fn the_default_path_follows_xdg() {
        let home = ("HOME", "/home/me");
        let below_home = Some("/home/me/.config/threadline/config.toml".into());
        assert_eq!(usual_place(&[home]), below_home);
        let xdg = ("XDG_CONFIG_HOME", "/etc/mine");
        assert_eq!(usual_place(&[home, xdg]), Some("/etc/mine/threadline/config.toml".into()));
        for nowhere in ["", "relative"] {
            assert_eq!(usual_place(&[home, ("XDG_CONFIG_HOME", nowhere)]), below_home);
        }
        assert_eq!(usual_place(&[]), None);
    }
}
