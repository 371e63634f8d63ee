//! The items of a list as JSON or NDJSON, each byte for byte as the server wrote it.

use std::io::{self, Write};
use std::path::Path;

use crate::model::Run;

/// The file format of a list of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemFormat {
    /// One array.
    Json,
    /// One item per line.
    Ndjson,
}

impl ItemFormat {
    /// Returns the format for a file extension, ignoring case.
    pub fn from_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// Writes the items that a run fetched, in the order of their pages.
    pub fn write(self, run: &Run, out: &mut dyn Write) -> io::Result<()> {
        let [begin, between, end] = match self {
            Self::Json => ["[\n", ",\n", "\n]\n"],
            Self::Ndjson => ["", "\n", "\n"],
        };
        let mut items = run.items().map(|(item, _)| item);
        let Some(first) = items.next() else {
            return if self == Self::Json { out.write_all(b"[]\n") } else { Ok(()) };
        };
        out.write_all(begin.as_bytes())?;
        out.write_all(first.as_bytes())?;
        for item in items {
            out.write_all(between.as_bytes())?;
            out.write_all(item.as_bytes())?;
        }
        out.write_all(end.as_bytes())
    }
}
