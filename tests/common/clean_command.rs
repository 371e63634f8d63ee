//! The program in an environment without the variables that it reads.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use assert_cmd::Command;

/// Returns a command for the program without configuration, token, API address or proxy.
pub(crate) fn threadline() -> Command {
    let mut command = Command::cargo_bin("threadline").unwrap();
    for name in ["ACCESSIBLE", "GH_TOKEN", "GITHUB_TOKEN", "GITHUB_API_URL", "TERM"] {
        command.env_remove(name);
    }
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command
}
