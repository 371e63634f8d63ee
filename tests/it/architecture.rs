//! The layers of the crate: the top-level modules that each top-level module may import.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::source::{Source, drop_tests, file, flat, root, sources};
use quote::ToTokens as _;
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, UseTree};

/// The top-level modules, and the modules that each imports, all of which are listed before it. A
/// new module needs a line here.
const ALLOWED_IMPORTS: [(&str, &[&str]); 13] = [
    ("lib", &[]),
    ("model", &[]),
    ("analysis", &["model"]),
    ("http", &["model"]),
    ("github", &["http", "model"]),
    ("server", &[]),
    ("report", &["analysis", "model"]),
    ("source", &["analysis", "github", "http", "model", "report", "server"]),
    ("app", &["analysis", "model"]),
    ("ui", &["analysis", "app", "model"]),
    ("terminal", &["app", "model", "ui"]),
    ("cli", &["app", "github", "http", "model", "server"]),
    (
        "run",
        &[
            "analysis", "app", "cli", "github", "http", "model", "report", "server", "source",
            "terminal", "ui",
        ],
    ),
];

/// Paths that `model`, `analysis` and `app` may not name: clocks, sockets, files and threads.
const FORBIDDEN_PATHS: [&str; 10] = [
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

/// Further paths that each of these modules may not name.
const FURTHER_FORBIDDEN_PATHS: [(&str, &[&str]); 2] =
    [("model", &["ratatui", "fastrand"]), ("app", &["ratatui::Frame", "ratatui::buffer"])];

/// The maximum number of lines of a file.
const MAX_LINES: usize = 450;

/// Collects the paths in a module's code from the crate's root: `crate::model::Run` becomes
/// `["crate", "model", "Run"]`.
pub(crate) struct Paths {
    /// The module of the code.
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
}

impl Paths {
    pub(crate) fn collect(module: &[String], items: &[Item]) -> BTreeSet<Vec<String>> {
        let mut paths = Self { module: module.to_vec(), found: BTreeSet::new() };
        for item in items {
            paths.visit_item(item);
        }
        paths.found
    }

    /// Adds a path, with `self` and `super` resolved.
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

    /// Adds the paths in code without a syntax tree: macro arguments, and the strings of
    /// attributes.
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

/// Returns the top-level modules that paths lead to.
fn top_modules(paths: &BTreeSet<Vec<String>>) -> BTreeSet<String> {
    let top_module = |path: &Vec<String>| match path.as_slice() {
        [origin, module, ..] if origin == "crate" => Some(module.clone()),
        _ => None,
    };
    paths.iter().filter_map(top_module).collect()
}

/// A module of the library.
struct Module {
    file: PathBuf,
    /// The first part of its path, or `lib`.
    top_level: String,
    paths: BTreeSet<Vec<String>>,
}

/// The modules of the library, parsed once for all tests.
static MODULES: LazyLock<Vec<Module>> = LazyLock::new(|| read_modules(sources()));

fn read_modules(sources: Vec<Source>) -> Vec<Module> {
    let module = |source: Source| Module {
        top_level: source.module.first().map_or("lib", String::as_str).to_owned(),
        paths: Paths::collect(&source.module, &source.items),
        file: file(&source.module),
    };
    sources.into_iter().map(module).collect()
}

#[test]
fn modules_import_exactly_the_allowed_modules() {
    assert_allowed_imports(&MODULES);
}

/// Asserts that the modules of a source import exactly the allowed modules, and that `model` and `app`
/// use no clock, socket or terminal.
pub(crate) fn assert_architecture_of(sources: Vec<Source>) {
    let modules = read_modules(sources);
    assert_allowed_imports(&modules);
    assert_no_forbidden_paths(&modules);
}

fn assert_allowed_imports(modules: &[Module]) {
    let mut used = BTreeSet::new();
    for Module { file, top_level: importer, paths } in modules {
        let line = ALLOWED_IMPORTS.iter().find(|(name, _)| name == importer);
        let (_, allowed) =
            line.unwrap_or_else(|| panic!("{importer} has no line in ALLOWED_IMPORTS"));
        for imported in top_modules(paths).into_iter().filter(|imported| imported != importer) {
            let file = file.display();
            assert!(allowed.contains(&imported.as_str()), "{file} imports crate::{imported}");
            used.insert((importer.clone(), imported));
        }
    }
    for (importer, allowed) in ALLOWED_IMPORTS {
        for imported in allowed {
            let import = (importer.to_owned(), (*imported).to_owned());
            assert!(
                used.contains(&import),
                "no file of {importer} imports {imported}; remove it from ALLOWED_IMPORTS"
            );
        }
    }
}

#[test]
fn modules_import_only_modules_above_them() {
    for (index, (importer, allowed)) in ALLOWED_IMPORTS.iter().enumerate() {
        let above = ALLOWED_IMPORTS.iter().take(index);
        let above: Vec<&str> = above.map(|(name, _)| *name).collect();
        let distinct: BTreeSet<&&str> = allowed.iter().collect();
        assert_eq!(distinct.len(), allowed.len(), "{importer} lists a module twice");
        for imported in *allowed {
            assert!(
                above.contains(imported),
                "{importer} imports {imported}, which is not above it"
            );
        }
    }
}

#[test]
fn model_and_app_use_no_clock_socket_or_terminal() {
    assert_no_forbidden_paths(&MODULES);
}

fn assert_no_forbidden_paths(modules: &[Module]) {
    for Module { file, top_level, paths } in modules {
        let further = FURTHER_FORBIDDEN_PATHS.iter().find(|(name, _)| name == top_level);
        let Some((_, further)) = further else { continue };
        for path in paths {
            for forbidden in FORBIDDEN_PATHS.iter().chain(*further) {
                let parts: Vec<&str> = forbidden.split("::").collect();
                let is_named = path.windows(parts.len()).any(|names| names == parts);
                assert!(!is_named, "{} names {}", file.display(), path.join("::"));
            }
        }
    }
}

/// Returns every file below src, including those of unit tests.
fn source_files() -> Vec<PathBuf> {
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
fn files_have_a_module_doc_and_a_bounded_length() {
    for path in source_files() {
        let text = fs::read_to_string(&path).unwrap();
        let path = path.display();
        assert!(text.starts_with("//! "), "{path} has no module doc");
        assert!(text.lines().count() <= MAX_LINES, "{path} has more than {MAX_LINES} lines");
    }
}

/// The parser skips unit tests and the binary's main.rs, and no other file.
#[test]
fn every_built_file_is_parsed() {
    let parsed: BTreeSet<PathBuf> = MODULES.iter().map(|one| one.file.clone()).collect();
    let skipped = source_files().into_iter().filter(|path| !parsed.contains(path));
    let mut names: Vec<String> =
        skipped.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect();
    names.retain(|name| !name.contains("/tests.rs") && !name.contains("/tests/"));
    names.sort();
    assert_eq!(names, ["main.rs"]);
}

/// Parses code and drops its tests.
fn parse_without_tests(code: &str) -> Vec<Item> {
    let mut items = syn::parse_file(code).unwrap().items;
    drop_tests(&mut items);
    items
}

/// Tests `Paths` with code in a module `app::session`.
#[test]
fn every_form_of_import_is_found() {
    let module = ["app", "session"].map(str::to_owned);
    let found = |code: &str| {
        top_modules(&Paths::collect(&module, &parse_without_tests(code))).into_iter().collect()
    };
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

#[test]
fn only_test_items_are_dropped() {
    let code = "
        #[cfg(test)] mod fixture;
        #[cfg(all(test, unix))] use crate::tui::run;
        impl A { #[cfg(test)] fn f() { crate::cli::f() } fn g() { crate::model::g() } }
        #[cfg(not(test))] use crate::engine::Clock;
        mod inner { #[test] fn f() { crate::ui::f() } fn g() { crate::github::g() } }";
    let found: Vec<String> =
        top_modules(&Paths::collect(&[], &parse_without_tests(code))).into_iter().collect();
    assert_eq!(found, ["engine", "github", "model"]);
}
