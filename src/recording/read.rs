//! Reads a recording, as far as it goes: whatever is in the file, it costs no more memory than is said
//! here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::{FORMAT, Flaw, Header, Recording, RecordingError, VERSION, Why, tame};
use crate::app::session::{Begun, Entry, Setup};
use crate::model::plan::MOST_TASKS;
use crate::model::text::printable;
use crate::model::{Event, Kind, Nanos, Run, event};

/// A list of commands may have 64 MiB, and an escape takes six bytes; nothing else comes near.
const MOST_IN_A_LINE: u64 = 400 << 20;

/// What is read may be kept: some 20,000,000 followers.
const MOST_BYTES: u64 = 2 << 30;

/// So many are kept: some 800 MB.
const MOST_ENTRIES: usize = 1 << 23;

/// Each lays out its runs anew. No person begins as many.
const MOST_BEGUN: usize = 10_000;

/// No run lasts longer: a year.
const LONGEST: Nanos = Nanos::from_millis(365 * 24 * 3_600 * 1_000);

/// Some editors put it before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What every version's header has.
#[derive(Deserialize)]
struct Mark {
    format: String,
    version: u32,
    #[serde(default)]
    events: u32,
}

/// Opens a recording; `-` is stdin.
pub fn open(path: &Path) -> Result<Recording, RecordingError> {
    if path.as_os_str() == "-" {
        return read("stdin", io::stdin().lock());
    }
    let name = printable(&path.display().to_string());
    match File::open(path) {
        Ok(file) => read(&name, BufReader::with_capacity(1 << 16, file)),
        Err(source) => Err(RecordingError::Unreadable { name, source }),
    }
}

/// Reads a recording that is called `name`.
pub fn read(name: &str, reader: impl BufRead) -> Result<Recording, RecordingError> {
    let mut lines = Lines { reader, line: Vec::new(), number: 0, bytes: 0 };
    let whole = match lines.next() {
        Ok(None) => return Err(RecordingError::Empty(name.to_owned())),
        Ok(Some(whole)) => whole,
        Err(Stop::Why(_)) => return Err(RecordingError::Foreign(name.to_owned())),
        Err(Stop::System(source)) => {
            return Err(RecordingError::Unreadable { name: name.to_owned(), source });
        }
    };
    let line = lines.line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&lines.line);
    let setup = header(name, line, whole)?.setup;
    let (entries, flaw) = entries(&mut lines, &setup);
    let last = entries.iter().rev().find_map(|entry| match entry {
        Entry::Begun(begun) => Some(begun.selection),
        Entry::Event(_) => None,
    });
    let name = name.to_owned();
    let Some(last) = last else {
        let why = flaw.map_or_else(String::new, |flaw| format!(": {}", flaw.what()));
        return Err(RecordingError::Nothing { name, why });
    };
    let mut recording = Recording { name, setup, entries, last, flaw };
    if recording.flaw.is_none() {
        let session = recording.session();
        let mut runs = session.profile().into_iter().chain(session.all_runs());
        if session.active().is_none() && !runs.any(Run::has_begun) {
            return Err(RecordingError::Nothing { name: recording.name, why: String::new() });
        }
        let line = lines.number.saturating_sub(1);
        recording.flaw = session.stage().map(|stage| Flaw { line, why: Why::Unfinished(stage) });
    }
    Ok(recording)
}

/// What the lines say, as far as they can be read, and why no further.
fn entries(lines: &mut Lines<impl BufRead>, setup: &Setup) -> (Vec<Entry>, Option<Flaw>) {
    let (mut entries, mut begun, mut order) = (Vec::new(), 0, Order::default());
    loop {
        let why = match lines.next() {
            Ok(None) => return (entries, None),
            Ok(Some(_)) if entries.len() >= MOST_ENTRIES => Why::TooMuch,
            Ok(Some(whole)) => match order.entry(&lines.line, setup, entries.is_empty()) {
                Ok(Entry::Begun(_)) if begun >= MOST_BEGUN => Why::TooMuch,
                Ok(entry) => {
                    begun += usize::from(matches!(entry, Entry::Begun(_)));
                    entries.push(entry);
                    continue;
                }
                Err(Why::NoJson | Why::Unknown) if !whole => Why::CutOff,
                Err(why) => why,
            },
            Err(Stop::Why(why)) => why,
            Err(Stop::System(error)) => Why::System(error.to_string()),
        };
        return (entries, Some(Flaw { line: lines.number, why }));
    }
}

fn header<'line>(
    name: &str,
    line: &'line [u8],
    whole: bool,
) -> Result<Header<'line>, RecordingError> {
    let bad = |reason: String| RecordingError::Header { name: name.to_owned(), reason };
    let mark: Mark = match serde_json::from_slice(line) {
        Ok(mark) => mark,
        Err(_) if !whole && line.starts_with(br#"{"format":""#) => {
            return Err(bad("it was cut off".to_owned()));
        }
        Err(_) => return Err(RecordingError::Foreign(name.to_owned())),
    };
    let Mark { format, version, events } = mark;
    if format != FORMAT {
        return Err(RecordingError::Foreign(name.to_owned()));
    }
    if (version, events) != (VERSION, event::VERSION) {
        let known = format!("version {VERSION} with events of version {}", event::VERSION);
        let name = name.to_owned();
        return Err(RecordingError::Version { name, version, events, known });
    }
    let Ok(mut header) = serde_json::from_slice::<Header<'_>>(line) else {
        return Err(bad("something is missing in it, or not what it should be".to_owned()));
    };
    if !header.setup.is_possible() {
        return Err(bad("it has numbers that cannot be".to_owned()));
    }
    tame::setup(&mut header.setup);
    Ok(header)
}

/// The entry that a line is, the first or a later one, in a sitting that began with this setup.
fn entry(line: &[u8], setup: &Setup, first: bool) -> Result<Entry, Why> {
    let malformed = match serde_json::from_slice::<Event>(line) {
        Ok(_) if first => return Err(Why::NothingBegun),
        Ok(mut event) => {
            tame::event(&mut event, &setup.commands);
            return Ok(Entry::Event(event));
        }
        Err(error) => error,
    };
    if let Ok(mut begun) = serde_json::from_slice::<Begun>(line) {
        if !begun.setup.is_possible() || begun.pages.is_some_and(|pages| pages > MOST_TASKS) {
            return Err(Why::Impossible);
        }
        tame::setup(&mut begun.setup);
        // They are the header's.
        begun.setup.commands = Arc::default();
        return Ok(Entry::Begun(Arc::new(begun)));
    }
    if serde_json::from_slice::<Mark>(line).is_ok_and(|mark| mark.format == FORMAT) {
        return Err(Why::SecondHeader);
    }
    Err(if malformed.is_data() { Why::Unknown } else { Why::NoJson })
}

/// The order of what happens: in a run, each lane's time goes on. What different lanes do may be a
/// little out of it, as they tell at once.
#[derive(Debug, Default)]
struct Order {
    /// When each lane of the run did something last; `None` while no run goes on.
    latest: Option<BTreeMap<u16, Nanos>>,
}

impl Order {
    /// The entry that a line is, if it can be the next.
    fn entry(&mut self, line: &[u8], setup: &Setup, first: bool) -> Result<Entry, Why> {
        let entry = entry(line, setup, first)?;
        let Entry::Event(event) = &entry else { return Ok(entry) };
        if event.at > LONGEST {
            return Err(Why::TooLate);
        }
        if let Kind::RunStarted { .. } = event.kind {
            self.latest = Some(BTreeMap::new());
        }
        let latest = self.latest.as_mut().ok_or(Why::NotStarted)?;
        match event.kind {
            Kind::RunFinished { .. } => self.latest = None,
            Kind::Started { .. }
            | Kind::Entered { .. }
            | Kind::Finished { .. }
            | Kind::AttemptFailed { .. }
            | Kind::Retried { .. } => {
                let latest = latest.entry(event.lane.0).or_default();
                if event.at < *latest {
                    return Err(Why::Backwards);
                }
                *latest = event.at;
            }
            _ => {}
        }
        Ok(entry)
    }
}

/// A file's lines, none of them longer than may be.
struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

/// Why there is no further line.
enum Stop {
    Why(Why),
    System(io::Error),
}

impl<R: BufRead> Lines<R> {
    /// Reads the next line, if there is one. Returns whether it is whole.
    fn next(&mut self) -> Result<Option<bool>, Stop> {
        self.line.clear();
        self.number += 1;
        let mut reader = (&mut self.reader).take(MOST_IN_A_LINE);
        let read = reader.read_until(b'\n', &mut self.line).map_err(Stop::System)? as u64;
        self.bytes += read;
        let whole = self.line.pop_if(|last| *last == b'\n').is_some();
        match read {
            0 => Ok(None),
            MOST_IN_A_LINE if !whole => Err(Stop::Why(Why::TooLong)),
            _ if self.bytes > MOST_BYTES => Err(Stop::Why(Why::TooMuch)),
            _ => Ok(Some(whole)),
        }
    }
}
