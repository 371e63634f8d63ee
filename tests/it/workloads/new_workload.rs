//! The number of files that a new workload takes, shown by the diff that adds one: `sleep`, whose tasks
//! wait for a fixed time.
//!
//! The diff is applied to a copy of the source, which the walls of the source then hold for. It is
//! compiled and run by hand when it is made, because to compile it here would take minutes. If a test
//! says that it no longer applies, make it again: `git apply --reject tests/it/workloads/new_workload.patch`,
//! put right what is in the `.rej` files, run `cargo run -- --workload sleep`, write `git diff -U2 src`
//! to the file, and take the change back with `git checkout src`.

use std::fs;
use std::path::Path;

use crate::architecture::assert_architecture_of;
use crate::circles::assert_no_circles_in;
use crate::source::{root, sources_below};

use super::assert_few_choices;

const PATCH: &str = include_str!("new_workload.patch");

/// The promised maximum of changed files.
const MAX_FILES: usize = 6;

/// The change of one place of a file.
struct Hunk {
    /// The lines before the change, with those around it.
    old: String,
    /// The same after it.
    new: String,
}

/// A file of the source and its changes, in the order of its lines.
struct FilePatch {
    path: String,
    hunks: Vec<Hunk>,
}

/// Reads a unified diff. The line numbers in it are not used: a hunk is found by its lines.
fn parse_patch(text: &str) -> Vec<FilePatch> {
    let mut files: Vec<FilePatch> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("+++ b/src/") {
            files.push(FilePatch { path: path.to_owned(), hunks: Vec::new() });
        } else if line.starts_with("@@ ") {
            let hunk = Hunk { old: String::new(), new: String::new() };
            files.last_mut().unwrap().hunks.push(hunk);
        } else if let Some(hunk) = files.last_mut().and_then(|file| file.hunks.last_mut()) {
            let (sign, rest) = line.split_at_checked(1).unwrap_or((" ", ""));
            let is_header = line.starts_with("--- ") || !["+", "-", " "].contains(&sign);
            if sign != "+" && !is_header {
                hunk.old.extend([rest, "\n"]);
            }
            if sign != "-" && !is_header {
                hunk.new.extend([rest, "\n"]);
            }
        }
    }
    files
}

impl FilePatch {
    /// Applies the changes to the text of the file.
    fn apply(&self, text: &str) -> String {
        let (mut done, mut rest) = (String::new(), text);
        for Hunk { old, new } in &self.hunks {
            let Some((before, after)) = rest.split_once(old.as_str()) else {
                let path = &self.path;
                panic!(
                    "new_workload.patch no longer applies to src/{path}; this module says how to make it again:\n{old}"
                );
            };
            done.extend([before, new]);
            rest = after;
        }
        done + rest
    }
}

fn copy_source(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_source(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn new_workload_takes_at_most_six_files() {
    let files = parse_patch(PATCH);
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert!((1..=MAX_FILES).contains(&names.len()), "{names:#?}");
}

#[test]
fn new_workload_holds_the_walls_of_the_source() {
    let directory = tempfile::tempdir().unwrap();
    copy_source(&root(), directory.path());
    for file in parse_patch(PATCH) {
        let path = directory.path().join(&file.path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, file.apply(&text)).unwrap();
    }
    let sources = || sources_below(directory.path());
    assert_few_choices(&sources());
    assert_no_circles_in(sources());
    assert_architecture_of(sources());
}

#[test]
fn hunks_are_found_by_their_lines() {
    let patch = "\
        --- a/src/a.rs\n+++ b/src/a.rs\n@@ -7,2 +7,3 @@\n a\n+b\n c\n@@ -90 +91 @@\n-x\n+y\n\
        diff --git a/src/b.rs b/src/b.rs\n--- /dev/null\n+++ b/src/b.rs\n@@ -0,0 +1 @@\n+new\n";
    let [a, b] = &parse_patch(patch)[..] else { panic!("two files") };
    assert_eq!((&*a.path, &*a.apply("0\na\nc\nz\nx\n")), ("a.rs", "0\na\nb\nc\nz\ny\n"));
    assert_eq!((&*b.path, &*b.apply("")), ("b.rs", "new\n"));
}
