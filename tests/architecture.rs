//! The rooms of the house and the doors between them: which module of the crate's root may import which.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "common/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use quote::ToTokens as _;
use source::{Source, drop_tests, file, flat, root, sources};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, UseTree};

/// Every room, and the rooms that it imports: only rooms above it. A new room needs a line here.
const ROOMS: [(&str, &[&str]); 18] = [
    ("lib", &[]),
    ("resources", &[]),
    ("docs", &[]),
    ("pager", &[]),
    ("writer", &[]),
    ("signals", &["writer"]),
    ("model", &[]),
    ("github", &["model", "resources"]),
    ("engine", &["github", "model", "resources"]),
    ("app", &["model"]),
    ("ui", &["app", "model"]),
    ("export", &["model"]),
    ("recording", &["app", "export", "model"]),
    ("exit", &["model"]),
    ("cli", &["app", "docs", "github", "model", "pager"]),
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
];

/// The paths that neither the model nor the app may name: clocks, sockets, files, threads.
const FOREIGN: [&str; 10] = [
    "std::io",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "Instant",
    "SystemTime",
    "tokio",
    "reqwest",
    "crossbeam_channel",
];

/// Further paths that each of these rooms may not name.
const MORE_FOREIGN: [(&str, &[&str]); 2] =
    [("model", &["ratatui", "fastrand"]), ("app", &["ratatui::Frame", "ratatui::buffer"])];

/// The longest file.
const MAX_LINES: usize = 450;

/// The paths in a module's code, from the crate's root: `crate::model::Run` is `["crate", "model", "Run"]`.
struct Paths {
    /// The module of the code.
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
}

impl Paths {
    fn of(module: &[String], items: &[Item]) -> BTreeSet<Vec<String>> {
        let mut paths = Self { module: module.to_vec(), found: BTreeSet::new() };
        for item in items {
            paths.visit_item(item);
        }
        paths.found
    }

    fn add(&mut self, path: &[String]) {
        let mut module = self.module.clone();
        let mut rest = path;
        let mut local = false;
        while let Some((first, later)) = rest.split_first() {
            match first.as_str() {
                "self" if !local => {}
                "super" => _ = module.pop().expect("a path that leaves the crate"),
                _ => break,
            }
            (local, rest) = (true, later);
        }
        let start = if local { [&["crate".to_owned()], &module[..]].concat() } else { Vec::new() };
        self.found.insert([&start, rest].concat());
    }

    fn add_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            UseTree::Group(group) => group.items.iter().for_each(|one| self.add_tree(one, before)),
            UseTree::Name(name) if name.ident == "self" => self.add(before),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            UseTree::Glob(_) => self.add(&[before, &["*".to_owned()]].concat()),
        }
    }

    /// The paths in what is no syntax tree: a macro's arguments, and the texts of an attribute.
    fn add_tokens(&mut self, tokens: proc_macro2::TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in flat(tokens).into_iter().map(|token| token.to_string()) {
            let quoted = token.trim_matches('"');
            match token.as_str() {
                ":" => colons += 1,
                _ if quoted != token && quoted.starts_with("crate::") => {
                    self.add(&quoted.split("::").map(str::to_owned).collect::<Vec<_>>());
                }
                name => {
                    if colons != 2 && !path.is_empty() {
                        self.add(&path);
                        path.clear();
                    }
                    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
                    path.extend(is_name.then(|| name.to_owned()));
                    colons = 0;
                }
            }
        }
        if !path.is_empty() {
            self.add(&path);
        }
    }
}

impl Visit<'_> for Paths {
    fn visit_item_use(&mut self, item: &ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.content.is_some() {
            self.module.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.module.pop();
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        self.add(&names.collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        if !attribute.path().is_ident("doc") {
            self.add_tokens(attribute.meta.to_token_stream());
        }
    }
}

/// The rooms that paths lead to.
fn rooms(paths: &BTreeSet<Vec<String>>) -> BTreeSet<String> {
    let inside = |path: &Vec<String>| match path.as_slice() {
        [origin, room, ..] if origin == "crate" => Some(room.clone()),
        _ => None,
    };
    paths.iter().filter_map(inside).collect()
}

/// A module of the library.
struct Module {
    file: PathBuf,
    /// The first part of its path.
    room: String,
    paths: BTreeSet<Vec<String>>,
}

/// Every module, parsed once for all tests.
static MODULES: LazyLock<Vec<Module>> = LazyLock::new(|| {
    let module = |source: Source| Module {
        room: source.module.first().map_or("lib", String::as_str).to_owned(),
        paths: Paths::of(&source.module, &source.items),
        file: file(&source.module),
    };
    sources().into_iter().map(module).collect()
});

#[test]
fn each_room_imports_the_rooms_in_its_line_and_no_others() {
    let mut used = BTreeSet::new();
    for Module { file, room: here, paths } in MODULES.iter() {
        let line = ROOMS.iter().find(|(name, _)| name == here);
        let (_, allowed) = line.unwrap_or_else(|| panic!("{here} has no line in ROOMS"));
        for there in rooms(paths).into_iter().filter(|there| there != here) {
            let file = file.display();
            assert!(allowed.contains(&there.as_str()), "{file} imports crate::{there}");
            used.insert((here.clone(), there));
        }
    }
    for (here, allowed) in ROOMS {
        for there in allowed {
            let door = (here.to_owned(), (*there).to_owned());
            assert!(used.contains(&door), "no file of {here} imports {there}: delete it in ROOMS");
        }
    }
}

#[test]
fn a_room_imports_only_rooms_above_it() {
    for (place, (room, allowed)) in ROOMS.iter().enumerate() {
        let above = ROOMS.iter().take(place);
        let above: Vec<&str> = above.map(|(name, _)| *name).collect();
        let distinct: BTreeSet<&&str> = allowed.iter().collect();
        assert_eq!(distinct.len(), allowed.len(), "{room} has a room twice");
        for other in *allowed {
            assert!(above.contains(other), "{room} imports {other}, which is not above it");
        }
    }
}

#[test]
fn the_model_and_the_app_know_no_clock_no_socket_and_no_terminal() {
    for Module { file, room, paths } in MODULES.iter() {
        let Some((_, more)) = MORE_FOREIGN.iter().find(|(name, _)| name == room) else { continue };
        for path in paths {
            for foreign in FOREIGN.iter().chain(*more) {
                let parts: Vec<&str> = foreign.split("::").collect();
                let named = path.windows(parts.len()).any(|names| names == parts);
                assert!(!named, "{} names {}", file.display(), path.join("::"));
            }
        }
    }
}

/// Every file below src, those of tests too.
fn files() -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}

#[test]
fn a_file_begins_with_its_job_and_is_not_too_long() {
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let path = path.display();
        assert!(text.starts_with("//! "), "{path} does not say what it is for");
        assert!(text.lines().count() <= MAX_LINES, "{path} is too long");
    }
}

/// Tests are not followed: every other file is.
#[test]
fn every_file_that_is_built_is_looked_at() {
    let seen: BTreeSet<PathBuf> = MODULES.iter().map(|one| one.file.clone()).collect();
    let unseen = files().into_iter().filter(|path| !seen.contains(path));
    let mut names: Vec<String> =
        unseen.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect();
    names.retain(|name| !name.contains("/tests.rs") && !name.contains("/tests/"));
    names.sort();
    assert_eq!(names, ["export/fixture.rs", "main.rs"]);
}

fn parsed(code: &str) -> Vec<Item> {
    let mut items = syn::parse_file(code).unwrap().items;
    drop_tests(&mut items);
    items
}

/// The finder itself: every way to write an import, in a module `app::session`.
#[test]
fn imports_are_found_however_they_are_written() {
    let module = ["app", "session"].map(str::to_owned);
    let found = |code: &str| rooms(&Paths::of(&module, &parsed(code))).into_iter().collect();
    for (code, expected) in [
        ("use crate::model::{Run, Lane};", &["model"][..]),
        ("use crate::{app::{App, Msg}, ui as u, tui::*};", &["app", "tui", "ui"]),
        ("use super::super::engine::Clock;", &["engine"]),
        ("use super::look; use self::sweep;", &["app"]),
        ("fn f() -> crate::cli::Way { crate::github::link::parse(\"\") }", &["cli", "github"]),
        ("fn f() { let _ = format!(\"{}\", super::super::exit::code(1, 2)); }", &["exit"]),
        ("fn f() { assert!(matches!(x, crate::model::State::Idle { .. })); }", &["model"]),
        ("#[serde(with = \"crate::export::ascii\")] struct A;", &["export"]),
        ("mod inner { use super::super::super::tui::run; }", &["tui"]),
        ("impl crate::headless::Shape for A { type B = Vec<crate::ui::C>; }", &["headless", "ui"]),
        ("use super::super::*;", &["*"]),
        ("use std::io; // use crate::tui;\n/// [`crate::tui`]\nfn f() {}", &[]),
    ] {
        let found: Vec<String> = found(code);
        assert_eq!(found, expected, "{code}");
    }
}

/// Tests are dropped wherever they stand, and nothing else is.
#[test]
fn what_follows_a_test_is_seen() {
    let code = "
        #[cfg(test)] mod fixture;
        #[cfg(all(test, unix))] use crate::tui::run;
        impl A { #[cfg(test)] fn f() { crate::cli::f() } fn g() { crate::model::g() } }
        #[cfg(not(test))] use crate::engine::Clock;
        mod inner { #[test] fn f() { crate::ui::f() } fn g() { crate::github::g() } }";
    let found: Vec<String> = rooms(&Paths::of(&[], &parsed(code))).into_iter().collect();
    assert_eq!(found, ["engine", "github", "model"]);
}
