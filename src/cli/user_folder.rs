//! The files that a user has of this program, in the folders that the XDG specification names, on every
//! system: <https://specifications.freedesktop.org/basedir-spec/latest/>.

use std::path::PathBuf;

use super::{Environment, find_variable};

/// A folder of the XDG specification: its variable, and its usual place in the home.
#[derive(Clone, Copy)]
pub(super) struct UserFolder {
    variable: &'static str,
    below_home: &'static str,
}

impl UserFolder {
    /// The folder of configurations.
    pub(super) const CONFIG: Self = Self { variable: "XDG_CONFIG_HOME", below_home: ".config" };

    /// The folder of what a program remembers.
    pub(super) const STATE: Self = Self { variable: "XDG_STATE_HOME", below_home: ".local/state" };

    /// Returns the path of this program's file with a name. A relative path in the variable is ignored.
    pub(super) fn file(self, name: &str, environment: Environment<'_>) -> Option<PathBuf> {
        let given = find_variable(environment, self.variable).map(PathBuf::from);
        let home =
            || Some(PathBuf::from(find_variable(environment, "HOME")?).join(self.below_home));
        let folder = given.filter(|path| path.is_absolute()).or_else(home)?;
        Some(folder.join("threadline").join(name))
    }
}
