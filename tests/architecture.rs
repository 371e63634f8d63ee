//! The rooms of the house and the doors between them: who may import whom.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room, and the rooms that it may import. A new room needs a line here.
const ROOMS: [(&str, &[&str]); 16] = [
    ("model", &[]),
    ("github", &["model", "resources"]),
    ("engine", &["github", "model", "resources"]),
    ("app", &["model"]),
    ("ui", &["app", "model"]),
    ("export", &["model"]),
    ("recording", &["app", "export", "model"]),
    ("exit", &["export", "model"]),
    ("writer", &[]),
    ("resources", &[]),
    ("signals", &["writer"]),
    ("cli", &["app", "github", "model"]),
    (
        "headless",
        &[
            "app",
            "cli",
            "engine",
            "exit",
            "export",
            "github",
            "model",
            "recording",
            "signals",
            "writer",
        ],
    ),
    ("tui", &["app", "engine", "export", "model", "recording", "signals", "ui", "writer"]),
    (
        "command",
        &[
            "app",
            "cli",
            "engine",
            "exit",
            "export",
            "github",
            "headless",
            "model",
            "recording",
            "resources",
            "signals",
            "tui",
            "ui",
        ],
    ),
    ("lib", &[]),
];

/// What each of these rooms knows nothing of.
const FOREIGN: [(&str, &[&str]); 2] = [
    (
        "model",
        &[
            "std::io",
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
            "Instant",
            "SystemTime",
            "tokio",
            "reqwest",
            "ratatui",
            "crossbeam_channel",
            "fastrand",
        ],
    ),
    (
        "app",
        &[
            "std::io",
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
            "Instant",
            "tokio",
            "SystemTime",
            "reqwest",
            "crossbeam_channel",
            "ratatui::Frame",
            "ratatui::buffer",
        ],
    ),
];

/// A source file, without comments and without its tests.
struct SourceFile {
    path: PathBuf,
    code: String,
}

impl SourceFile {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().map(|line| line.split("//").next().unwrap());
        Self { path, code: lines.collect::<Vec<_>>().join("\n") }
    }

    /// The room that it is in: the first part of its path below src.
    fn room(&self) -> String {
        let inside = self.path.strip_prefix(root()).unwrap();
        let first = inside.iter().next().unwrap().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    /// How many `super::` in a row lead out of its room.
    fn depth(&self) -> usize {
        let inline = |line: &&str| line.contains("mod ") && line.ends_with('{');
        let inline = usize::from(self.code.lines().any(|line| inline(&line)));
        self.path.strip_prefix(root()).unwrap().iter().count() + inline
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The program's sources but for main.rs, which is another crate.
fn sources() -> Vec<SourceFile> {
    let (mut folders, mut sources) = (vec![root()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("main.rs")
            {
                sources.push(SourceFile::read(path));
            }
        }
    }
    sources
}

/// The rooms that code names: `crate::a::B`, `crate::{a, b::{C, D}}`.
fn imports(code: &str) -> BTreeSet<String> {
    code.split("crate::").skip(1).flat_map(named).collect()
}

fn named(path: &str) -> Vec<String> {
    let word = |text: &str| {
        let text = text.trim_start();
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(word(group.get(start..at).unwrap()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn doors_lead_one_way() {
    for source in sources() {
        let room = source.room();
        let allowed = ROOMS.iter().find(|(name, _)| *name == room);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{room} has no line in ROOMS"));
        for import in imports(&source.code) {
            let is_door = import == room || allowed.contains(&import.as_str());
            assert!(is_door, "{} imports crate::{import}", source.path.display());
        }
        let out = "super::".repeat(source.depth());
        assert!(!source.code.contains(&out), "{} leaves by {out}", source.path.display());
    }
}

#[test]
fn no_door_leads_back() {
    for (room, allowed) in ROOMS {
        for other in allowed {
            let (_, back) = ROOMS.iter().find(|(name, _)| name == other).unwrap();
            assert!(!back.contains(&room), "{room} and {other} import each other");
        }
    }
}

#[test]
fn the_model_and_the_app_know_no_clock_no_socket_and_no_terminal() {
    for source in sources() {
        for (_, foreign) in FOREIGN.iter().filter(|(room, _)| *room == source.room()) {
            for word in *foreign {
                assert!(!source.code.contains(word), "{} has {word}", source.path.display());
            }
        }
    }
}

#[test]
fn a_file_has_one_job_and_says_it_in_its_first_line() {
    for source in sources() {
        let text = fs::read_to_string(&source.path).unwrap();
        let path = source.path.display();
        assert!(text.starts_with("//! "), "{path} does not say what it is for");
        assert!(text.lines().count() <= 450, "{path} is too long");
    }
}

/// The finder itself: every way to write an import.
#[test]
fn imports_are_found_however_they_are_written() {
    let code = "use crate::model::{Run, Lane};\nuse crate::{app::{App, Msg}, ui, tui::run};
        fn f() -> crate::engine::Clock { crate::github::link::parse(\"\") }
        use crate::{\n    export::{a, b},\n    cli,\n};";
    let found = ["app", "cli", "engine", "export", "github", "model", "tui", "ui"];
    assert_eq!(imports(code), found.map(str::to_owned).into());
    assert_eq!(imports("use std::io;"), BTreeSet::new());
}
