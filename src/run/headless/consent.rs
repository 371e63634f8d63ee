//! Asks the user before a sweep that costs quota.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::thread::Builder;

use crossbeam_channel::{Receiver, bounded, select};

use super::{Streams, print_error};
use crate::app::Session;
use crate::model::Selection;

/// The answer.
pub(super) enum Consent {
    Granted,
    Refused,
    /// A signal arrived before the answer.
    Signal(i32),
}

/// Prints the cost of the selection and asks at the terminal whether to start. Without a terminal,
/// refuses and names the option that answers in advance.
pub(super) fn ask_consent(
    session: &Session,
    selection: Selection,
    signals: &Receiver<i32>,
    streams: &mut Streams<'_>,
) -> Consent {
    let price = describe_cost(session, selection);
    if !(io::stderr().is_terminal() && io::stdin().is_terminal()) {
        print_error(streams.err, &format!("{price}; add --yes to start it"));
        return Consent::Refused;
    }
    // If stderr cannot be written to, the user cannot answer either.
    _ = write!(streams.err, "{price}. Start? [y/N] ");
    _ = streams.err.flush();
    match read_answer(signals) {
        Consent::Refused => {
            print_error(streams.err, "not started; --threads and --repeats make it cheaper");
            Consent::Refused
        }
        other => other,
    }
}

/// Returns for example `sweep takes at least 2 requests at api.github.com; the number of pages is not
/// known yet`. The server is not asked before the user has agreed.
fn describe_cost(session: &Session, selection: Selection) -> String {
    let api = session.target().map_or("", |target| &target.api);
    session.request_cost(selection).map_or_else(
        || selection.to_string(),
        |cost| format!("{selection} takes {cost} at {api}{}", cost.remark()),
    )
}

/// Reads a line from stdin, unless a signal arrives first. In that case the thread keeps reading
/// until the program exits.
fn read_answer(signals: &Receiver<i32>) -> Consent {
    let (sender, answer) = bounded(1);
    let reads = move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        _ = sender.send(read.map(|_| line));
    };
    if Builder::new().name("answer".to_owned()).spawn(reads).is_err() {
        return Consent::Refused;
    }
    select! {
        recv(answer) -> line => match line {
            Ok(Ok(line)) if is_yes(&line) => Consent::Granted,
            _ => Consent::Refused,
        },
        recv(signals) -> signal => signal.map_or(Consent::Refused, Consent::Signal),
    }
}

fn is_yes(line: &str) -> bool {
    ["y", "yes"].iter().any(|yes| line.trim().eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_accepted() {
        for yes in ["y\n", " YES \r\n", "y"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yeah\n", "no\n", "1\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
