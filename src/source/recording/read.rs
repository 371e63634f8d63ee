//! Reads a recording as far as possible, and escapes the control characters in its texts. Memory use is
//! bounded by the constants below, whatever the file contains.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::{
    DefectKind, FORMAT, ReadRecordingError, Recording, RecordingDefect, RecordingHeader, VERSION,
};
use crate::model::plan::MAX_TASKS;
use crate::model::printable::{escape_controls, printable};
use crate::model::{
    CloseReason, Event, EventKind, LogEntry, Nanos, PagedList, RunId, RunOutcome, SelectionStart,
    Setup, Target, TaskOutcome, WorkSpec, event,
};

/// A list of commands may have 64 MiB, and an escape takes six bytes per character. All other lines
/// are much shorter.
const MAX_LINE_LENGTH: u64 = 400 << 20;

/// The maximum size of a recording, since all of it may be kept in memory: about 20,000,000
/// followers.
const MAX_BYTES: u64 = 2 << 30;

/// The maximum number of entries: about 800 MB.
const MAX_ENTRIES: usize = 1 << 23;

/// The maximum number of selections, each of which allocates its runs.
const MAX_SELECTIONS: usize = 10_000;

/// The maximum time in a run: a year.
const MAX_RUN_TIME: Nanos = Nanos::from_millis(365 * 24 * 3_600 * 1_000);

/// Some editors write it at the start of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The part of the header that every version has.
#[derive(Deserialize)]
struct FormatHeader {
    format: String,
    version: u32,
    #[serde(default)]
    events: u32,
}

/// A line with an event.
#[derive(Deserialize)]
struct EventLine {
    run: RunId,
    #[serde(flatten)]
    event: Event,
}

/// Opens a recording; `-` is stdin.
pub fn open(path: &Path) -> Result<Recording, ReadRecordingError> {
    if path.as_os_str() == "-" {
        return read("stdin", io::stdin().lock());
    }
    let name = printable(&path.display().to_string());
    match File::open(path) {
        Ok(file) => read(&name, BufReader::with_capacity(1 << 16, file)),
        Err(source) => Err(ReadRecordingError::Unreadable { name, source }),
    }
}

/// Reads a recording. `name` is used in errors.
pub fn read(name: &str, reader: impl BufRead) -> Result<Recording, ReadRecordingError> {
    let mut lines = LineReader { reader, line: Vec::new(), number: 0, bytes: 0 };
    let whole = match lines.read_line() {
        Ok(None) => return Err(ReadRecordingError::Empty(name.to_owned())),
        Ok(Some(whole)) => whole,
        Err(LineError::Defect(_)) => {
            return Err(ReadRecordingError::NotARecording(name.to_owned()));
        }
        Err(LineError::System(source)) => {
            return Err(ReadRecordingError::Unreadable { name: name.to_owned(), source });
        }
    };
    let line = lines.line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&lines.line);
    let setup = parse_header(name, line, whole)?.setup;
    let (entries, defect) = read_entries(&mut lines, &setup);
    let last_selection = entries.iter().rev().find_map(|entry| match entry {
        LogEntry::Start(start) => Some(start.selection),
        LogEntry::Event { .. } => None,
    });
    let name = name.to_owned();
    let Some(last_selection) = last_selection else {
        let why = defect.map_or_else(String::new, |defect| format!(": {}", defect.describe()));
        return Err(ReadRecordingError::NoRuns { name, why });
    };
    let line_count = lines.number.saturating_sub(1);
    Ok(Recording { name, setup, entries, last_selection, line_count, defect })
}

/// Reads the entries up to the end or the first defect.
fn read_entries(
    lines: &mut LineReader<impl BufRead>,
    setup: &Setup,
) -> (Vec<LogEntry>, Option<RecordingDefect>) {
    let (mut entries, mut selections, mut order) = (Vec::new(), 0, EventOrder::default());
    loop {
        let why = match lines.read_line() {
            Ok(None) => return (entries, None),
            Ok(Some(_)) if entries.len() >= MAX_ENTRIES => DefectKind::TooLarge,
            Ok(Some(whole)) => match order.next_entry(&lines.line, setup, entries.is_empty()) {
                Ok(LogEntry::Start(_)) if selections >= MAX_SELECTIONS => DefectKind::TooLarge,
                Ok(entry) => {
                    selections += usize::from(matches!(entry, LogEntry::Start(_)));
                    entries.push(entry);
                    continue;
                }
                Err(DefectKind::InvalidJson | DefectKind::Unknown) if !whole => {
                    DefectKind::Truncated
                }
                Err(why) => why,
            },
            Err(LineError::Defect(why)) => why,
            Err(LineError::System(error)) => DefectKind::System(error.to_string()),
        };
        return (entries, Some(RecordingDefect { line: lines.number, why }));
    }
}

fn parse_header<'line>(
    name: &str,
    line: &'line [u8],
    whole: bool,
) -> Result<RecordingHeader<'line>, ReadRecordingError> {
    let bad = |reason: String| ReadRecordingError::Header { name: name.to_owned(), reason };
    let mark: FormatHeader = match serde_json::from_slice(line) {
        Ok(mark) => mark,
        Err(_) if !whole && line.starts_with(br#"{"format":""#) => {
            return Err(bad("it is cut off".to_owned()));
        }
        Err(_) => return Err(ReadRecordingError::NotARecording(name.to_owned())),
    };
    let FormatHeader { format, version, events } = mark;
    if format != FORMAT {
        return Err(ReadRecordingError::NotARecording(name.to_owned()));
    }
    if (version, events) != (VERSION, event::VERSION) {
        let known = format!("version {VERSION} with events of version {}", event::VERSION);
        let name = name.to_owned();
        return Err(ReadRecordingError::Version { name, version, events, known });
    }
    let Ok(mut header) = serde_json::from_slice::<RecordingHeader<'_>>(line) else {
        return Err(bad("a field is missing or invalid".to_owned()));
    };
    if !header.setup.is_valid() {
        return Err(bad("a number is out of range".to_owned()));
    }
    sanitize_setup(&mut header.setup);
    Ok(header)
}

/// Parses a line as an entry. `first` is `true` for the line after the header; `setup` is the
/// header's.
fn parse_entry(line: &[u8], setup: &Setup, first: bool) -> Result<LogEntry, DefectKind> {
    let malformed = match serde_json::from_slice::<EventLine>(line) {
        Ok(_) if first => return Err(DefectKind::EventBeforeSelection),
        Ok(EventLine { run, mut event }) => {
            sanitize_event(&mut event, &setup.commands);
            return Ok(LogEntry::Event { run, event });
        }
        Err(error) => error,
    };
    if let Ok(mut start) = serde_json::from_slice::<SelectionStart>(line) {
        if !start.setup.is_valid() || start.pages.is_some_and(|pages| pages > MAX_TASKS) {
            return Err(DefectKind::Impossible);
        }
        sanitize_setup(&mut start.setup);
        // The commands are those of the header.
        start.setup.commands = Arc::default();
        return Ok(LogEntry::Start(Arc::new(start)));
    }
    if serde_json::from_slice::<FormatHeader>(line).is_ok_and(|mark| mark.format == FORMAT) {
        return Err(DefectKind::SecondHeader);
    }
    Err(if malformed.is_data() { DefectKind::Unknown } else { DefectKind::InvalidJson })
}

/// Checks the order of events: within a run, the time of each lane must not decrease. Events of
/// different lanes may be slightly out of order, since lanes send them concurrently.
#[derive(Debug, Default)]
struct EventOrder {
    /// The time of the latest event on each lane of the active runs.
    latest: BTreeMap<RunId, BTreeMap<u16, Nanos>>,
}

impl EventOrder {
    /// Parses a line and returns its entry, if the order permits it.
    fn next_entry(
        &mut self,
        line: &[u8],
        setup: &Setup,
        first: bool,
    ) -> Result<LogEntry, DefectKind> {
        let entry = parse_entry(line, setup, first)?;
        let LogEntry::Event { run, event } = &entry else { return Ok(entry) };
        if event.at > MAX_RUN_TIME {
            return Err(DefectKind::TooLate);
        }
        if let EventKind::RunStarted { .. } = event.kind {
            self.latest.insert(*run, BTreeMap::new());
        }
        let latest = self.latest.get_mut(run).ok_or(DefectKind::NotStarted)?;
        match event.kind {
            EventKind::RunFinished { .. } => _ = self.latest.remove(run),
            EventKind::TaskStarted { .. }
            | EventKind::StateEntered { .. }
            | EventKind::TaskFinished { .. }
            | EventKind::AttemptFailed { .. }
            | EventKind::TaskRetried { .. } => {
                let latest = latest.entry(event.lane.0).or_default();
                if event.at < *latest {
                    return Err(DefectKind::TimeReversed);
                }
                *latest = event.at;
            }
            _ => {}
        }
        Ok(entry)
    }
}

/// Reads lines of a bounded length.
struct LineReader<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

/// The reason why there is no further line.
enum LineError {
    Defect(DefectKind),
    System(io::Error),
}

impl<R: BufRead> LineReader<R> {
    /// Reads the next line, if there is one. Returns whether it ends with a line break.
    fn read_line(&mut self) -> Result<Option<bool>, LineError> {
        self.line.clear();
        self.number += 1;
        let mut reader = (&mut self.reader).take(MAX_LINE_LENGTH);
        let read = reader.read_until(b'\n', &mut self.line).map_err(LineError::System)? as u64;
        self.bytes += read;
        let whole = self.line.pop_if(|last_selection| *last_selection == b'\n').is_some();
        match read {
            0 => Ok(None),
            MAX_LINE_LENGTH if !whole => Err(LineError::Defect(DefectKind::TooLong)),
            _ if self.bytes > MAX_BYTES => Err(LineError::Defect(DefectKind::TooLarge)),
            _ => Ok(Some(whole)),
        }
    }
}

/// Escapes the texts of a setup, except its commands, which are escaped where they are printed.
fn sanitize_setup(setup: &mut Setup) {
    setup.target.iter_mut().for_each(sanitize_target);
    setup.list.iter_mut().for_each(sanitize_list);
}

/// Escapes the texts of an event. Its commands are replaced by the session's, so that the runs
/// share one list.
fn sanitize_event(event: &mut Event, commands: &Arc<[String]>) {
    match &mut event.kind {
        EventKind::RunStarted { plan } => {
            plan.work.target_mut().into_iter().for_each(sanitize_target);
            plan.work.list_mut().into_iter().for_each(sanitize_list);
            if let WorkSpec::Commands { commands: own } = &mut plan.work {
                *own = Arc::clone(commands);
            }
        }
        EventKind::LaneOpened { name } => escape_text(name),
        EventKind::AttemptFailed { failure: one, .. }
        | EventKind::LaneClosed { reason: CloseReason::Shortage(one) }
        | EventKind::TaskFinished {
            outcome: TaskOutcome::Failed(one) | TaskOutcome::Requeued(one),
            ..
        }
        | EventKind::RunFinished { outcome: RunOutcome::Failed(one), .. } => {
            escape_text(&mut one.message);
        }
        _ => {}
    }
}

fn sanitize_target(target: &mut Target) {
    escape_text(&mut target.user);
    escape_text(&mut target.api);
}

fn sanitize_list(list: &mut PagedList) {
    escape_text(&mut list.url);
    escape_text(&mut list.api);
}

fn escape_text(text: &mut String) {
    *text = escape_controls(text);
}
