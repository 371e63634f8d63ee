//! The number of files that match on a workload: all others read its row of `WorkloadSpec`.

mod new_workload;

use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ItemImpl, Pat};

use crate::source::{Source, file, flat, root, sources};

/// The files that match on, or compare with, a variant of `Workload` or `WorkSpec`. A new workload
/// needs a line in those that must know how its tasks are done; all others read its row.
const FILES: [&str; 5] = [
    "model/plan.rs",
    "model/setup.rs",
    "model/workload.rs",
    "source/recording/read.rs",
    "source/tasks/compute.rs",
];

/// The types whose variants are workloads.
const TYPES: [&str; 2] = ["Workload", "WorkSpec"];

/// Finds a choice by a workload's variant.
#[derive(Default)]
struct Choices {
    /// `Self` is one of [`TYPES`].
    is_own: bool,
    found: bool,
}

impl Choices {
    fn read_path(&mut self, path: &syn::Path) {
        let mut names = path.segments.iter().rev().map(|segment| segment.ident.to_string());
        let (Some(variant), Some(name)) = (names.next(), names.next()) else { return };
        let is_variant = variant.chars().any(char::is_lowercase);
        let is_type = TYPES.contains(&name.as_str()) || self.is_own && name == "Self";
        self.found |= is_variant && is_type;
    }
}

impl Visit<'_> for Choices {
    fn visit_item_impl(&mut self, block: &ItemImpl) {
        let name = match &*block.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        self.is_own = name.is_some_and(|name| TYPES.contains(&name.as_str()));
        visit::visit_item_impl(self, block);
        self.is_own = false;
    }

    fn visit_pat(&mut self, pattern: &Pat) {
        match pattern {
            Pat::Path(pattern) => self.read_path(&pattern.path),
            Pat::TupleStruct(pattern) => self.read_path(&pattern.path),
            Pat::Struct(pattern) => self.read_path(&pattern.path),
            _ => {}
        }
        visit::visit_pat(self, pattern);
    }

    fn visit_expr_binary(&mut self, binary: &syn::ExprBinary) {
        if matches!(binary.op, BinOp::Eq(_) | BinOp::Ne(_)) {
            for side in [&*binary.left, &*binary.right] {
                if let Expr::Path(path) = side {
                    self.read_path(&path.path);
                }
            }
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        if call.path.is_ident("matches") {
            let names: Vec<String> =
                flat(call.tokens.clone()).iter().map(ToString::to_string).collect();
            self.found |= names.iter().any(|name| TYPES.contains(&name.as_str()));
        }
    }
}

fn has_choice(source: &Source) -> bool {
    let mut choices = Choices::default();
    source.items.iter().for_each(|item| choices.visit_item(item));
    choices.found
}

#[test]
fn few_files_tell_workloads_apart() {
    assert_few_choices(&sources());
}

/// Asserts that the files of a source that tell workloads apart are [`FILES`].
fn assert_few_choices(sources: &[Source]) {
    let mut found: Vec<String> = sources
        .iter()
        .filter(|source| has_choice(source))
        .map(|source| {
            file(&source.module).strip_prefix(root()).unwrap().to_string_lossy().into_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

#[test]
fn every_form_of_choice_is_found() {
    for (code, expected) in [
        ("fn f() { match x { Workload::Cpu | Workload::Native => 1, _ => 2 } }", true),
        ("fn f() { if let model::WorkSpec::Commands { commands } = x {} }", true),
        ("fn f() -> bool { plan.workload() != Workload::Followers }", true),
        ("fn f() -> bool { matches!(plan.work, WorkSpec::Cpu(_)) }", true),
        ("impl Workload { fn f(self) { match self { Self::Cpu => 1, _ => 2 } } }", true),
        ("impl Mode { fn f(self) { match self { Self::Gil => 1, _ => 2 } } }", false),
        ("fn f() { Plan::new(WorkSpec::Cpu(compute), mode, 1, 2) }", false),
        ("fn f() { Workload::SELECTABLE.contains(&x) }", false),
    ] {
        let source = Source { module: Vec::new(), items: syn::parse_file(code).unwrap().items };
        assert_eq!(has_choice(&source), expected, "{code}");
    }
}
