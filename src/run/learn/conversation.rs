//! A conversation in text: sentences to stdout and answers from stdin. A signal interrupts both, also a
//! write that a reader does not accept.

use std::io::{self, BufRead as _, Read as _, Write as _};
use std::thread::Builder;

use crossbeam_channel::{Receiver, bounded, select};

use crate::run::exit::{CommandError, Exit};
use crate::run::word_wrap::WordWrap;
use crate::terminal::writer::Writer;

/// The maximum length of an answer. Input such as /dev/zero never ends a line.
const MAX_ANSWER_BYTES: u64 = 4096;

/// A conversation in text.
pub(super) struct Conversation<'signals> {
    writer: Writer,
    /// The width of the terminal, if stdout is one.
    width: Option<u16>,
    /// Repeats the answers, which no terminal shows.
    echoes: bool,
    signals: &'signals Receiver<i32>,
}

/// The reason why a conversation ended early.
pub(super) enum Interruption {
    /// A signal arrived.
    Signal(i32),
    /// stdout failed.
    Stdout(io::Error),
}

impl Interruption {
    /// Returns the exit of the program.
    pub(super) fn into_exit(self) -> Result<Exit, CommandError> {
        match self {
            Self::Signal(signal) => Ok(Exit::Signal(signal)),
            Self::Stdout(error) => Err(CommandError::Stdout(error)),
        }
    }
}

impl<'signals> Conversation<'signals> {
    /// Begins a conversation on a terminal of `width` columns, if stdout is one. `echoes` repeats the
    /// answers.
    pub(super) fn start(
        width: Option<u16>,
        echoes: bool,
        signals: &'signals Receiver<i32>,
    ) -> Result<Self, CommandError> {
        let writer = Writer::start(io::stdout()).map_err(CommandError::Stdout)?;
        Ok(Self { writer, width, echoes, signals })
    }

    /// The signals that interrupt it.
    pub(super) const fn signals(&self) -> &'signals Receiver<i32> {
        self.signals
    }

    /// Writes lines, wrapped at words.
    pub(super) fn say(&self, text: &str) -> Result<(), Interruption> {
        let mut bytes = Vec::new();
        let mut wrap = WordWrap::new(&mut bytes, self.width);
        wrap.write_all(text.as_bytes())
            .and_then(|()| wrap.flush())
            .map_err(Interruption::Stdout)?;
        self.write(bytes)
    }

    /// Asks, and returns the answer. `None` at the end of stdin.
    pub(super) fn ask(&self, prompt: &str) -> Result<Option<String>, Interruption> {
        self.write(prompt.as_bytes().to_vec())?;
        let (sender, answer) = bounded(1);
        let read = move || {
            let mut line = Vec::new();
            let length = io::stdin().lock().take(MAX_ANSWER_BYTES).read_until(b'\n', &mut line);
            // Fails if a signal was first.
            _ = sender.send(length.map(|length| (length, line)));
        };
        // After a signal, the thread reads until the program exits.
        if Builder::new().name("answer".to_owned()).spawn(read).is_err() {
            return Ok(None);
        }
        let line = select! {
            recv(answer) -> line => line.ok().and_then(Result::ok),
            recv(self.signals) -> signal => return Err(self.interrupted(signal.unwrap_or_default())),
        };
        let line = line.filter(|(length, _)| *length > 0);
        let line = line.map(|(_, line)| String::from_utf8_lossy(&line).trim().to_owned());
        match &line {
            // The user sees no end of the line that the prompt began.
            None => self.say("\n")?,
            Some(line) if self.echoes => {
                self.say(&format!("{}\n", super::lesson_list::tidy(line)))?;
            }
            Some(_) => {}
        }
        Ok(line)
    }

    /// Ends the line of an interrupted question.
    fn interrupted(&self, signal: i32) -> Interruption {
        // The reader may be gone.
        drop(self.writer.write(b"\n".to_vec()));
        Interruption::Signal(signal)
    }

    fn write(&self, bytes: Vec<u8>) -> Result<(), Interruption> {
        let pending = self.writer.write(bytes);
        select! {
            recv(pending.result()) -> written => {
                let written = written.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
                written.map_err(Interruption::Stdout)
            }
            recv(self.signals) -> signal => Err(Interruption::Signal(signal.unwrap_or_default())),
        }
    }
}
