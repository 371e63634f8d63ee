//! What a worker process and the program that started it say to each other: lines of JSON, each a
//! message.

use std::io::{self, BufRead, Read as _, Write};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::compute::ComputeJob;
use crate::engine::errand::Errand;
use crate::github::{Fault, Reply};
use crate::model::{Failure, Nanos, Quota, State, TaskId};

/// The version of these messages: a program that was replaced while it ran starts another one.
pub(super) const VERSION: u32 = 2;

/// The interval between two [`Said::Alive`] of a worker.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(250);

/// No line is longer, in bytes: a page is at most as long as the body that it came in (16 MB).
const LONGEST: u64 = 17 << 20;

/// The first line to a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// [`VERSION`]; the rest may be read only where it is the same.
    pub(super) version: u32,
    /// The run's start on the clock that all processes share, where there is one.
    pub(super) zero: Option<Nanos>,
    /// What the tasks are.
    pub(super) order: Order,
}

/// What a worker's tasks are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum Order {
    /// To be computed.
    Compute(ComputeJob),
    /// To be asked for, one request a task.
    Ask(Inquiry),
}

/// Who is asked for what. The token is not told: a worker takes it from where its parent did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::engine) struct Inquiry {
    /// The API's address.
    pub(in crate::engine) base: String,
    /// Whether it is sent the token.
    pub(in crate::engine) with_token: bool,
    /// How long a request may take.
    pub(in crate::engine) timeout: Duration,
    /// What is asked for.
    pub(in crate::engine) errand: Errand,
}

/// Every other line to a worker: do this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Todo {
    pub(super) task: TaskId,
}

/// A line from a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// It may be given tasks, if this is [`VERSION`], and else can do nothing.
    Ready { version: u32 },
    /// It cannot do what it is for.
    Unable(Failure),
    /// It does something else from now on.
    Entered { at: Nanos, state: State },
    /// What a server said of its quota.
    Quota { at: Nanos, quota: Quota },
    /// It still works on its task, and has nothing else to say.
    Alive,
    /// What came of a task.
    Answered { at: Nanos, task: TaskId, answer: Result<Reply, Fault> },
}

/// Why no message was read.
#[derive(Debug, Error)]
pub(super) enum WireError {
    /// The pipe broke.
    #[error("{0}")]
    Broken(#[from] io::Error),
    /// The line has no end in sight.
    #[error("a line of more than {} MB", LONGEST >> 20)]
    TooLong,
    /// It is no message.
    #[error("{0}")]
    Unreadable(#[from] serde_json::Error),
}

/// Reads a line; nothing at the end, even if that is in the middle of a line.
pub(super) fn read_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, WireError> {
    let mut line = Vec::new();
    input.take(LONGEST).read_until(b'\n', &mut line)?;
    match line.last() {
        Some(b'\n') => Ok(Some(line)),
        Some(_) if line.len() as u64 == LONGEST => Err(WireError::TooLong),
        _ => Ok(None),
    }
}

/// Reads a message; nothing at the end.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl BufRead) -> Result<Option<T>, WireError> {
    let line = read_line(input)?;
    Ok(line.map(|line| serde_json::from_slice(&line)).transpose()?)
}

/// Writes a message, in one piece. It is on its way when the output is flushed.
pub(super) fn write(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;
    use crate::github::Remedy;
    use crate::model::FailureKind;

    fn read_from(text: &[u8]) -> Result<Option<Said>, WireError> {
        read(&mut BufReader::new(text))
    }

    #[test]
    fn what_is_written_is_read() {
        let said = Said::Entered { at: Nanos(7), state: State::Waiting };
        let mut line = Vec::new();
        write(&mut line, &said).unwrap();
        assert_eq!(line, b"{\"entered\":{\"at\":7,\"state\":\"waiting\"}}\n");
        let Ok(Some(Said::Entered { at: Nanos(7), state: State::Waiting })) = read_from(&line)
        else {
            panic!("{line:?}");
        };
    }

    #[test]
    fn a_failed_answers_status_is_told() {
        let failure = Failure::new(FailureKind::Server, "502").with_status(502);
        let answer = Err(Fault { failure, remedy: Remedy::None });
        let mut line = Vec::new();
        write(&mut line, &Said::Answered { at: Nanos(7), task: TaskId(3), answer }).unwrap();
        let Ok(Some(Said::Answered { answer: Err(fault), .. })) = read_from(&line) else {
            panic!("{line:?}");
        };
        assert_eq!(fault.failure.status, Some(502));
    }

    #[test]
    fn a_line_that_death_cut_off_is_an_end() {
        assert!(matches!(read_from(b""), Ok(None)));
        assert!(matches!(read_from(b"{\"ready\":{\"version\":2}}"), Ok(None)));
    }

    #[test]
    fn nonsense_is_refused_and_a_line_without_an_end_is_not_kept() {
        for text in [&b"\n"[..], b"{}\n", b"{\"ready\":1}\n", b"\xff\xfe\n", b"[[[[\n"] {
            assert!(matches!(read_from(text), Err(WireError::Unreadable(_))), "{text:?}");
        }
        let endless = BufReader::new(io::repeat(b'a'));
        assert!(matches!(read::<Said>(&mut { endless }), Err(WireError::TooLong)));
    }
}
