//! The user's commands: from the arguments, or one per line from a file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;

use crate::model::plan::MAX_TASKS;

/// The maximum size of a list of commands. `--from /dev/zero` would never end.
const MAX_BYTES: u64 = 64 << 20;

/// An error in the list of commands.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandsError {
    /// No commands, neither as arguments nor in a file.
    #[error(
        "exec needs at least one command; put each in quotes after --, as in threadline exec -- \
         'sleep 1' 'make test', or use --from FILE"
    )]
    None,
    /// A file of blank lines and comments only.
    #[error("{0} contains no commands; put one on each line")]
    NoneIn(String),
    /// An empty argument.
    #[error("command {0} is empty; remove it")]
    Empty(usize),
    /// An argument that is not Unicode.
    #[error("command {0} is not UTF-8; put it into a script and run that")]
    NotText(usize),
    /// An unreadable file.
    #[error("cannot read the commands in {place}: {reason}")]
    Unreadable {
        /// The file that contains them.
        place: String,
        /// The system's error.
        reason: String,
    },
    /// A line that is not Unicode.
    #[error("{place}, line {line}, is not UTF-8; put the command into a script and run that")]
    LineNotText {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
    },
    /// A line with a NUL byte, which no argument can contain.
    #[error("{place}, line {line}, contains a NUL byte; remove it")]
    Nul {
        /// The file.
        place: String,
        /// The line, from 1.
        line: usize,
    },
    /// More commands than a run accepts.
    #[error("more than {MAX_TASKS} commands or {} MB; run them in several parts", MAX_BYTES >> 20)]
    TooMany,
}

/// Returns the commands given as arguments, one each.
pub(super) fn from_arguments(arguments: Vec<OsString>) -> Result<Vec<String>, CommandsError> {
    if arguments.is_empty() {
        return Err(CommandsError::None);
    }
    let command = |(number, argument): (usize, OsString)| {
        let command = argument.into_string().map_err(|_not_text| CommandsError::NotText(number))?;
        if command.trim().is_empty() { Err(CommandsError::Empty(number)) } else { Ok(command) }
    };
    check_count((1..).zip(arguments).map(command).collect::<Result<_, _>>()?)
}

/// Reads one command per line, skipping blank lines and those that begin with #. `-` is stdin.
pub(super) fn from_file(path: &Path) -> Result<Vec<String>, CommandsError> {
    let (place, text) = if path.as_os_str() == "-" {
        ("stdin".to_owned(), read_bounded(io::stdin().lock()))
    } else {
        (path.display().to_string(), File::open(path).and_then(read_bounded))
    };
    let text = text.map_err(|error| CommandsError::Unreadable {
        place: place.clone(),
        reason: error.to_string(),
    })?;
    if text.len() as u64 > MAX_BYTES {
        return Err(CommandsError::TooMany);
    }
    check_count(parse_list(&text, &place)?)
}

fn read_bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn parse_list(text: &[u8], place: &str) -> Result<Vec<String>, CommandsError> {
    /// The byte order mark that some editors write before the first line.
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut commands = Vec::new();
    for (line, bytes) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let text = str::from_utf8(bytes)
            .map_err(|_not_text| CommandsError::LineNotText { place: place.to_owned(), line })?;
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if text.contains('\0') {
            return Err(CommandsError::Nul { place: place.to_owned(), line });
        }
        commands.push(text.to_owned());
    }
    if commands.is_empty() {
        return Err(CommandsError::NoneIn(place.to_owned()));
    }
    Ok(commands)
}

fn check_count(commands: Vec<String>) -> Result<Vec<String>, CommandsError> {
    if commands.len() > MAX_TASKS as usize { Err(CommandsError::TooMany) } else { Ok(commands) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_command() {
        let text =
            "#!/usr/bin/env list\n\n  make a \r\n\t\n # not this\nmake b # but this\necho 'é'";
        let commands = parse_list(text.as_bytes(), "list").unwrap();
        assert_eq!(commands, ["make a", "make b # but this", "echo 'é'"]);
    }

    #[test]
    fn what_is_no_list_says_where() {
        let place = || "list".to_owned();
        for (text, error) in [
            (&b""[..], CommandsError::NoneIn(place())),
            (b"# nothing\n\n  \n", CommandsError::NoneIn(place())),
            (b"true\necho \xff\n", CommandsError::LineNotText { place: place(), line: 2 }),
            (b"true\n\necho \0\n", CommandsError::Nul { place: place(), line: 3 }),
        ] {
            assert_eq!(parse_list(text, "list"), Err(error));
        }
    }

    #[test]
    fn more_than_a_run_has_room_for_is_refused() {
        let text = "a\n".repeat(MAX_TASKS as usize + 1);
        let commands = parse_list(text.as_bytes(), "list").unwrap();
        assert_eq!(check_count(commands), Err(CommandsError::TooMany));
    }

    #[test]
    fn an_argument_is_a_command_with_its_lines() {
        let arguments = ["true", " make\nmake test "].map(OsString::from).to_vec();
        assert_eq!(from_arguments(arguments).unwrap(), ["true", " make\nmake test "]);
        assert_eq!(from_arguments(Vec::new()), Err(CommandsError::None));
        let blank = ["true", " "].map(OsString::from).to_vec();
        assert_eq!(from_arguments(blank), Err(CommandsError::Empty(2)));
    }
}
