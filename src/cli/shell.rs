//! Words and programs as a POSIX shell understands them:
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html>.

use std::ffi::OsStr;
use std::path::Path;

/// The keywords and builtins of dash, bash, ksh and zsh. None of them needs a program.
const SHELL_WORDS: [&str; 84] = [
    "!",
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "autoload",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "print",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "whence",
    "while",
    "{",
    "}",
];

/// The characters that end a word.
const SEPARATORS: [char; 8] = [' ', '\t', '\n', ';', '&', '|', '<', '>'];

/// The characters that expand or quote: the word is known to the shell alone.
const EXPANSIONS: [char; 12] = ['$', '`', '"', '\'', '\\', '(', ')', '*', '?', '[', '{', '~'];

/// Quotes one word for a shell.
pub fn shell_quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns the program that a command starts with, if no directory of `PATH` has it and the shell
/// does not know it either. `None` also if only the shell can tell, and for a program that is named
/// with its directory: an earlier command may build it.
pub(super) fn missing_program<'command>(
    command: &'command str,
    path: &OsStr,
) -> Option<&'command str> {
    let program = first_program(command)?;
    let is_known = SHELL_WORDS.contains(&program) || program.contains('/');
    let mut directories = std::env::split_paths(path);
    (!is_known && !directories.any(|directory| is_program(&directory.join(program))))
        .then_some(program)
}

/// Returns the first word of a command that is not an assignment, if no expansion decides it.
fn first_program(command: &str) -> Option<&str> {
    let mut rest = command.trim_start();
    loop {
        let (word, after) = rest.split_at(rest.find(SEPARATORS).unwrap_or(rest.len()));
        if word.is_empty() || word.starts_with('#') {
            return None;
        }
        if SHELL_WORDS.contains(&word) {
            return Some(word);
        }
        if word.contains(EXPANSIONS) {
            return None;
        }
        if !word.contains('=') {
            return Some(word);
        }
        // An assignment is followed by the program only after blanks.
        rest = after.trim_start_matches([' ', '\t']);
        if rest.len() == after.len() {
            return None;
        }
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_unless_only_the_shell_can_tell() {
        let path = OsStr::new("/bin:/usr/bin");
        for command in [
            "sleep 1",
            "  LANG=C sort file",
            "sleep>out 1",
            "exit 3",
            "[ -f x ]",
            "{ sleep 1; }",
            "if true; then sleep 1; fi",
            "$TOOL x",
            "'quoted tool'",
            "(cd x)",
            "./not-built-yet",
            "x=1",
            "x=1; no-such-program",
            "# comment",
            "f() { :; }; f",
            ">file",
        ] {
            assert_eq!(missing_program(command, path), None, "{command}");
        }
        for (command, program) in [
            ("1", "1"),
            ("-c", "-c"),
            ("no-such-program x", "no-such-program"),
            ("A=1 B=2 no-such-program", "no-such-program"),
            ("no-such-program;sleep 1", "no-such-program"),
        ] {
            assert_eq!(missing_program(command, path), Some(program), "{command}");
        }
    }
}
