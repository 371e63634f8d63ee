//! Parses the library's source: every module, without its tests.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Meta, Token};

/// A source file of the library, parsed.
pub(crate) struct Source {
    /// The module's path from the crate's root; empty for lib.rs.
    pub(crate) module: Vec<String>,
    /// The items, without those that are compiled for tests only.
    pub(crate) items: Vec<Item>,
}

/// Returns the directory of the source.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the path of a module's file.
pub(crate) fn file(module: &[String]) -> PathBuf {
    file_below(&root(), module)
}

fn file_below(root: &Path, module: &[String]) -> PathBuf {
    let below = if module.is_empty() { "lib".into() } else { module.iter().collect::<PathBuf>() };
    root.join(below).with_extension("rs")
}

/// Returns the modules of the library, found through the `mod` items from lib.rs on; main.rs is
/// another crate.
pub(crate) fn sources() -> Vec<Source> {
    sources_below(&root())
}

/// Returns the modules of a copy of the source.
pub(crate) fn sources_below(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    read_module(root, Vec::new(), &mut sources);
    sources
}

fn read_module(root: &Path, module: Vec<String>, sources: &mut Vec<Source>) {
    let text = fs::read_to_string(file_below(root, &module)).unwrap();
    let mut items = syn::parse_file(&text).unwrap().items;
    drop_tests(&mut items);
    for name in declared_modules(&items) {
        read_module(root, [&module[..], &[name]].concat(), sources);
    }
    sources.push(Source { module, items });
}

/// Returns the names of the modules in files of their own.
fn declared_modules(items: &[Item]) -> Vec<String> {
    let name = |item: &Item| match item {
        Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
        _ => None,
    };
    items.iter().filter_map(name).collect()
}

/// Removes the items that are compiled for tests only, at every depth.
pub(crate) fn drop_tests(items: &mut Vec<Item>) {
    items.retain(|item| !attributes(item).iter().any(is_test));
    for item in items {
        match item {
            Item::Mod(module) => {
                if let Some((_, items)) = &mut module.content {
                    drop_tests(items);
                }
            }
            Item::Impl(block) => {
                block.items.retain(|item| match item {
                    syn::ImplItem::Fn(item) => !item.attrs.iter().any(is_test),
                    syn::ImplItem::Const(item) => !item.attrs.iter().any(is_test),
                    _ => true,
                });
            }
            _ => {}
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("test")
        || attribute.path().is_ident("cfg")
            && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
}

/// Returns whether a condition holds in tests only: `test`, `all(test, unix)`.
fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            parts.is_ok_and(|parts| parts.iter().any(needs_test))
        }
        _ => false,
    }
}

/// Returns the tokens of a stream in order, without the groups' delimiters and without doc
/// comments.
pub(crate) fn flat(stream: TokenStream) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    let mut stream = stream.into_iter().peekable();
    while let Some(token) = stream.next() {
        let hash = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '#');
        if hash && stream.next_if(is_doc).is_some() {
            continue;
        }
        match token {
            TokenTree::Group(group) => tokens.extend(flat(group.stream())),
            token => tokens.push(token),
        }
    }
    tokens
}

fn is_doc(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}
