//! The rules for GitHub usernames: <https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication>.

use thiserror::Error;

use crate::model::printable::printable;

/// The maximum length in characters.
const MAX_LENGTH: usize = 39;

/// An invalid GitHub username.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is not a GitHub username; {hint}", hint = if .0.contains("://") {
        "threadline fetches the followers of a GitHub user only, not a URL"
    } else {
        "use 1 to 39 letters, digits and single hyphens, with no hyphen at either end"
    }
)]
pub struct UsernameError(String);

/// Returns the name if it is valid. An underscore is allowed because managed users have one before
/// the short code of their company.
pub(super) fn validate_username(name: &str) -> Result<&str, UsernameError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let hyphens = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    if (1..=MAX_LENGTH).contains(&name.len()) && name.bytes().all(known) && !hyphens {
        Ok(name)
    } else {
        Err(UsernameError(printable(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_github_gives() {
        for name in ["a", "aaronlelevier", "a-b-c", "0", "octocat_acme", &"x".repeat(39)] {
            assert_eq!(validate_username(name), Ok(name));
        }
    }

    #[test]
    fn names_that_it_does_not_give() {
        let long = "x".repeat(40);
        for name in
            ["", "-a", "a-", "a--b", "a b", "a/b", "..", "@a", "é", "a\n", "\u{1b}[2J", &long]
        {
            assert!(validate_username(name).is_err(), "{name:?}");
        }
        let message = validate_username("\u{1b}[2J").unwrap_err().to_string();
        assert!(message.starts_with(r#""\u{1b}[2J" is not a GitHub username"#), "{message}");
    }
}
