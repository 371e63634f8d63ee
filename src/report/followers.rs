//! The list of followers as CSV, JSON or NDJSON.

use std::io::{self, Write};
use std::path::Path;

use super::json::write_compact;
use crate::model::printable::escape_controls;
use crate::model::{Follower, Run};

/// The number of bytes that are formatted before they are written.
const CHUNK_SIZE: usize = 1 << 16;

/// The file format of a list of followers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowerFormat {
    /// A header, then one line per follower: id, login, `html_url`.
    Csv,
    /// One array of objects.
    Json,
    /// One object per line.
    Ndjson,
}

impl FollowerFormat {
    /// Returns the format for a file extension, ignoring case.
    pub fn from_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// Writes the followers that a run fetched.
    pub fn write(self, run: &Run, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Csv => write_csv(run, out),
            Self::Json => write_json(run, out),
            Self::Ndjson => write_objects(run, "", "\n", out),
        }
    }
}

/// Returns the run whose followers are exported: the first complete run, or else the first one with
/// the most pages. `None` if no run has fetched a page.
pub fn best_run<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<&'a Run> {
    let mut best: Option<&Run> = None;
    for run in runs {
        if run.is_complete() {
            return Some(run);
        }
        let most = best.map_or(0, |run| run.progress().done_tasks());
        if run.progress().done_tasks() > most {
            best = Some(run);
        }
    }
    best
}

fn write_csv(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["id", "login", "html_url"])?;
    for Follower { id, login, html_url } in run.followers() {
        csv.write_record([&id.to_string(), &escape_cell(&login), &escape_cell(&html_url)])?;
    }
    csv.flush()
}

/// Escapes a cell. Spreadsheets evaluate a cell that begins with one of these characters as a formula,
/// and a leading `'` keeps it text: <https://owasp.org/www-community/attacks/CSV_Injection>. Control
/// characters are escaped because terminals interpret them.
fn escape_cell(cell: &str) -> String {
    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = escape_controls(cell);
    if runs { format!("'{cell}") } else { cell }
}

fn write_json(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    if run.followers().next().is_none() {
        return out.write_all(b"[]\n");
    }
    out.write_all(b"[\n")?;
    write_objects(run, ",\n", "", out)?;
    out.write_all(b"\n]\n")
}

/// Writes the followers as JSON objects, with `between` them and `after` each.
fn write_objects(run: &Run, between: &str, after: &str, out: &mut dyn Write) -> io::Result<()> {
    // A buffer of a known type: each object is a dozen writes, and there may be a million objects.
    let mut chunk = Vec::with_capacity(2 * CHUNK_SIZE);
    let mut separator = "";
    for follower in run.followers() {
        chunk.extend_from_slice(separator.as_bytes());
        write_compact(&mut chunk, &follower)?;
        chunk.extend_from_slice(after.as_bytes());
        separator = between;
        if chunk.len() >= CHUNK_SIZE {
            out.write_all(&chunk)?;
            chunk.clear();
        }
    }
    out.write_all(&chunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_never_formulas() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(escape_cell(cell), format!("'{cell}"));
        }
        assert_eq!((escape_cell("\t=1"), escape_cell("\r=1")), ("'\\t=1".into(), "'\\r=1".into()));
        assert_eq!(escape_cell("a=1"), "a=1");
        assert_eq!(escape_cell("a\u{1b}[2J\u{202e}é"), "a\\u{1b}[2J\\u{202e}é");
    }
}
