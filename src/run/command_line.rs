//! The command line of this program, for the report.

use std::ffi::OsString;
use std::path::Path;

/// Joins the arguments, the program's name first, quoted for a shell.
pub(super) fn command_line(arguments: impl IntoIterator<Item = OsString>) -> String {
    let mut arguments = arguments.into_iter();
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
    let mut words = vec![shell_quoted(&program)];
    words.extend(arguments.map(|argument| shell_quoted(&argument.to_string_lossy())));
    words.join(" ")
}

/// Quotes one word for a shell:
/// <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html>.
fn shell_quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
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
}
