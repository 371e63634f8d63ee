//! The followers as CSV, JSON or NDJSON.

use std::io::{self, Write};
use std::path::Path;

use super::ascii_json;
use crate::model::printable::escape_controls;
use crate::model::{Follower, Run};

/// How a list of followers is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowerFormat {
    /// A header and a line each: id, login, `html_url`.
    Csv,
    /// One array of objects.
    Json,
    /// An object a line.
    Ndjson,
}

impl FollowerFormat {
    /// By a file's ending, in capital or small letters.
    pub fn from_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// Writes the followers that a run brought.
    pub fn write(self, run: &Run, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Csv => write_csv(run, out),
            Self::Json => write_json(run, out),
            Self::Ndjson => {
                for follower in run.followers() {
                    ascii_json::write_compact(out, &follower)?;
                    out.write_all(b"\n")?;
                }
                Ok(())
            }
        }
    }
}

/// The run whose followers are taken: the first that is whole, else the first of those that brought
/// most. Nothing if no run has brought even one page.
pub fn best_run<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Option<&'a Run> {
    let mut best: Option<&Run> = None;
    for run in runs {
        if run.is_complete() {
            return Some(run);
        }
        let most = best.map_or(0, Run::done_tasks);
        if run.done_tasks() > most {
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

/// A spreadsheet would run a cell that begins like this; a leading ' keeps it text:
/// <https://owasp.org/www-community/attacks/CSV_Injection>. And a terminal would act on what is not
/// escaped.
fn escape_cell(cell: &str) -> String {
    let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = escape_controls(cell);
    if runs { format!("'{cell}") } else { cell }
}

fn write_json(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let mut before: &[u8] = b"[\n";
    for follower in run.followers() {
        out.write_all(before)?;
        ascii_json::write_compact(out, &follower)?;
        before = b",\n";
    }
    let end: &[u8] = if before == b"[\n" { b"[]\n" } else { b"\n]\n" };
    out.write_all(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::fixture::{not_begun, run};
    use crate::model::{FailureKind, Mode};

    fn written(format: FollowerFormat, run: &Run) -> String {
        let mut out = Vec::new();
        format.write(run, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_format() {
        let run = run(Mode::Threads, 2, &[Ok(&[1]), Ok(&[2])]);
        let url = "https://github.com/user";
        assert_eq!(
            written(FollowerFormat::Csv, &run),
            format!("id,login,html_url\n1,user1,{url}1\n2,user2,{url}2\n")
        );
        let one = format!(r#"{{"id":1,"login":"user1","html_url":"{url}1"}}"#);
        let two = format!(r#"{{"id":2,"login":"user2","html_url":"{url}2"}}"#);
        assert_eq!(written(FollowerFormat::Ndjson, &run), format!("{one}\n{two}\n"));
        assert_eq!(written(FollowerFormat::Json, &run), format!("[\n{one},\n{two}\n]\n"));
    }

    #[test]
    fn each_follower_is_written_once_where_it_is_first() {
        let run = run(Mode::Threads, 2, &[Ok(&[3, 1]), Ok(&[1, 3, 2])]);
        for format in [FollowerFormat::Csv, FollowerFormat::Json, FollowerFormat::Ndjson] {
            let text = written(format, &run);
            let places = [3, 1, 2].map(|id| text.find(&format!("github.com/user{id}")).unwrap());
            assert!(places.is_sorted(), "{text}");
            assert_eq!(text.matches("github.com").count(), 3, "{text}");
        }
    }

    #[test]
    fn nobody_follows() {
        let run = run(Mode::Sequential, 1, &[Ok(&[])]);
        assert_eq!(written(FollowerFormat::Csv, &run), "id,login,html_url\n");
        assert_eq!(written(FollowerFormat::Json, &run), "[]\n");
        assert_eq!(written(FollowerFormat::Ndjson, &run), "");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(escape_cell(cell), format!("'{cell}"));
        }
        assert_eq!((escape_cell("\t=1"), escape_cell("\r=1")), ("'\\t=1".into(), "'\\r=1".into()));
        assert_eq!(escape_cell("a=1"), "a=1");
        assert_eq!(escape_cell("a\u{1b}[2J\u{202e}é"), "a\\u{1b}[2J\\u{202e}é");
    }

    #[test]
    fn endings() {
        for (path, format) in [
            ("a.csv", Some(FollowerFormat::Csv)),
            ("a.JSON", Some(FollowerFormat::Json)),
            ("a.b/c.ndjson", Some(FollowerFormat::Ndjson)),
            ("a.txt", None),
            ("csv", None),
            (".csv", None),
        ] {
            assert_eq!(FollowerFormat::from_path(Path::new(path)), format, "{path}");
        }
    }

    #[test]
    fn the_first_whole_run_is_best_then_the_one_with_most() {
        let broken = Err(FailureKind::Server);
        let none = run(Mode::Sequential, 1, &[broken, broken]);
        let some = run(Mode::Sequential, 1, &[Ok(&[1]), broken]);
        let more = run(Mode::Threads, 2, &[Ok(&[1]), Ok(&[2]), broken]);
        let whole = run(Mode::Threads, 2, &[Ok(&[1]), Ok(&[2])]);
        let idle = not_begun(Mode::Threads);
        let count = |runs: &[&Run]| best_run(runs.iter().copied()).map(Run::follower_count);
        assert_eq!(count(&[&some, &whole]), Some(2));
        assert_eq!(count(&[&none, &some, &more, &idle]), Some(2));
        assert_eq!(count(&[&none, &idle]), None);
    }
}
