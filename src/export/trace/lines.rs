//! The lines of a trace: an event each, by the rules that Perfetto, Firefox Profiler and speedscope
//! share.

use std::io::{self, Write};

use serde::Serialize;

use crate::export::ascii;
use crate::model::Nanos;

/// Where an event belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The run, from 1.
    pub(super) pid: u32,
    /// The lane.
    pub(super) tid: u32,
}

/// Writes events, one a line, so that what is cut off in the middle still has all lines before.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, first: true }
    }

    /// Names a process or a thread, or says where it stands: `M`.
    pub(super) fn meta(&mut self, at: Place, name: &str, args: &impl Serialize) -> io::Result<()> {
        self.begin("M", at, name)?;
        self.end(args)
    }

    /// Something that lasts: `X`. One that lies inside another must be written after it, and not end
    /// later.
    pub(super) fn slice(
        &mut self,
        at: Place,
        (name, category): (&str, &str),
        (start, end): (Nanos, Nanos),
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin("X", at, name)?;
        let (start, length) = (micros(start), micros(end.since(start)));
        write!(self.out, r#","cat":"{category}","ts":{start},"dur":{length}"#)?;
        self.end(args)
    }

    /// A moment on a thread: `i`.
    pub(super) fn instant(
        &mut self,
        at: Place,
        (name, category): (&str, &str),
        when: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin("i", at, name)?;
        write!(self.out, r#","cat":"{category}","ts":{},"s":"t""#, micros(when))?;
        self.end(args)
    }

    /// A number from a moment on: `C`.
    pub(super) fn counter(
        &mut self,
        at: Place,
        name: &str,
        when: Nanos,
        args: &impl Serialize,
    ) -> io::Result<()> {
        self.begin("C", at, name)?;
        write!(self.out, r#","ts":{}"#, micros(when))?;
        self.end(args)
    }

    /// Ends the array.
    pub(super) fn finish(self) -> io::Result<()> {
        self.out.write_all(if self.first { b"[]\n" } else { b"\n]\n" })
    }

    fn begin(&mut self, phase: &str, at: Place, name: &str) -> io::Result<()> {
        let before: &[u8] = if std::mem::take(&mut self.first) { b"[\n" } else { b",\n" };
        self.out.write_all(before)?;
        self.out.write_all(br#"{"name":"#)?;
        ascii::compact(self.out, &name)?;
        write!(self.out, r#","ph":"{phase}","pid":{},"tid":{}"#, at.pid, at.tid)
    }

    fn end(&mut self, args: &impl Serialize) -> io::Result<()> {
        self.out.write_all(br#","args":"#)?;
        ascii::compact(self.out, args)?;
        self.out.write_all(b"}")
    }
}

/// Microseconds with three decimals: every nanosecond, exactly, where a floating-point number would
/// round.
fn micros(Nanos(nanos): Nanos) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}
