//! Writes trace events by the rules common to Perfetto, Firefox Profiler and speedscope.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::Nanos;
use crate::report::ascii_json;

/// The track of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceTrack {
    /// The process ID: the number of the run, from 1.
    pub(super) pid: u32,
    /// The thread ID, which identifies the lane.
    pub(super) tid: u32,
}

/// A writer of events, one per line, so that all complete lines of a truncated trace remain usable.
pub(super) struct TraceWriter<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl<'a> TraceWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, first: true }
    }

    /// Writes a metadata event (`M`): the name or the sort index of a process or thread.
    pub(super) fn write_metadata(
        &mut self,
        at: TraceTrack,
        name: &str,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("M", at, name)?;
        self.end_event(args)
    }

    /// Writes a slice (`X`). A nested slice must be written after its parent and must not end later.
    pub(super) fn write_slice(
        &mut self,
        at: TraceTrack,
        name: &str,
        category: &str,
        start: Nanos,
        end: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("X", at, name)?;
        let (start, length) = (format_micros(start), format_micros(end.since(start)));
        write!(self.out, r#","cat":"{category}","ts":{start},"dur":{length}"#)?;
        self.end_event(args)
    }

    /// Writes an instant event of a thread (`i`).
    pub(super) fn write_instant(
        &mut self,
        at: TraceTrack,
        name: &str,
        category: &str,
        when: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("i", at, name)?;
        write!(self.out, r#","cat":"{category}","ts":{},"s":"t""#, format_micros(when))?;
        self.end_event(args)
    }

    /// Writes a counter value that is valid from `when` on (`C`).
    pub(super) fn write_counter(
        &mut self,
        at: TraceTrack,
        name: &str,
        when: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin_event("C", at, name)?;
        write!(self.out, r#","ts":{}"#, format_micros(when))?;
        self.end_event(args)
    }

    /// Writes the end of the array.
    pub(super) fn finish_array(self) -> io::Result<()> {
        self.out.write_all(if self.first { b"[]\n" } else { b"\n]\n" })
    }

    fn begin_event(&mut self, phase: &str, at: TraceTrack, name: &str) -> io::Result<()> {
        let before: &[u8] = if std::mem::take(&mut self.first) { b"[\n" } else { b",\n" };
        self.out.write_all(before)?;
        self.out.write_all(br#"{"name":"#)?;
        ascii_json::write_compact(self.out, &name)?;
        write!(self.out, r#","ph":"{phase}","pid":{},"tid":{}"#, at.pid, at.tid)
    }

    fn end_event(&mut self, args: &impl Serialize) -> io::Result<()> {
        self.out.write_all(br#","args":"#)?;
        ascii_json::write_compact(self.out, args)?;
        self.out.write_all(b"}")
    }
}

/// Formats a time in microseconds with three decimals. Integer arithmetic keeps every nanosecond, which
/// a floating-point number would round.
fn format_micros(Nanos(nanos): Nanos) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}
