//! The language of the source: names, constants, phrases and the glossary. What is wrong today is
//! counted or listed, and may only become less.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use crate::source::{Source, file, flat, sources};
use proc_macro2::{Literal, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit::{self, Visit};
use syn::{Item, Visibility};

/// Type names that more than one module has. Delete a name once it is unique.
const DUPLICATES: [&str; 0] = [];

/// Types whose names end in a participle. Delete a name once it is a noun.
const PARTICIPLES: [&str; 0] = [];

/// The last words of names that are no nouns.
const NO_NOUNS: [&str; 24] = [
    "Told", "Looked", "Left", "Given", "Begun", "Kept", "Said", "Closed", "Placed", "Heard",
    "Captured", "Seen", "Known", "Found", "Taken", "Shown", "Gone", "Done", "Asked", "Chosen",
    "Meant", "Held", "Written", "Pointed",
];

/// The words for bounds that are not `MAX` and `MIN`.
const ODD_BOUNDS: [&str; 6] = ["MOST", "LONGEST", "SHORTEST", "FEWEST", "LARGEST", "SMALLEST"];

/// The words that no doc comment should begin with.
const ODD_OPENERS: [&str; 7] = ["What", "How", "Whether", "Where", "Who", "So many", "Nothing"];

/// Phrases that no engineer says, and the number of comments and texts that may have them.
const ODD_PHRASES: [(&str, usize); 5] =
    [("a person", 0), ("nobody", 0), ("tells", 0), ("goes on", 0), ("all the same", 0)];

/// The minimum number of terms of a glossary.
const MIN_TERMS: usize = 30;

/// The texts and names of the library that the tests check.
#[derive(Default)]
struct Words {
    /// The visible types, and the modules that they are in.
    visible: BTreeMap<String, Vec<String>>,
    types: BTreeSet<String>,
    modules: BTreeSet<String>,
    constants: Vec<String>,
    /// The paragraphs of comments, in lower case.
    comments: Vec<String>,
    /// The string literals, in lower case.
    texts: Vec<String>,
    /// The number of doc comments with an odd opener.
    odd_openers: BTreeMap<&'static str, usize>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words::default();
    for source in &sources() {
        words.read(source);
    }
    words
});

impl Words {
    fn read(&mut self, source: &Source) {
        let module = source.module.join("::");
        self.modules.extend(source.module.last().cloned());
        let mut names = Names { module, words: self };
        source.items.iter().for_each(|item| names.visit_item(item));
        for item in &source.items {
            self.texts.extend(texts(item.to_token_stream()));
        }
        self.read_comments(&fs::read_to_string(file(&source.module)).unwrap());
    }

    fn read_comments(&mut self, text: &str) {
        let mut paragraph = String::new();
        let mut before = "";
        for line in text.lines().chain([""]) {
            let line = line.trim_start();
            let mark = ["///", "//!", "//"].into_iter().find(|mark| line.starts_with(mark));
            let Some(mark) = mark else {
                self.comments.push(std::mem::take(&mut paragraph).to_lowercase());
                before = "";
                continue;
            };
            let words = line.trim_start_matches(mark).trim();
            if before != mark && mark != "//" {
                let opener = ODD_OPENERS.into_iter().find(|opener| begins(words, opener));
                if let Some(opener) = opener {
                    *self.odd_openers.entry(opener).or_default() += 1;
                }
            }
            before = mark;
            paragraph = format!("{paragraph} {words}");
        }
    }
}

fn begins(text: &str, words: &str) -> bool {
    text.strip_prefix(words).is_some_and(|rest| !rest.starts_with(char::is_alphabetic))
}

/// The string literals of code, those in macros too.
fn texts(code: TokenStream) -> Vec<String> {
    let text = |literal: Literal| literal.to_string().to_lowercase();
    let literal =
        |token| if let TokenTree::Literal(literal) = token { Some(literal) } else { None };
    let texts = flat(code).into_iter().filter_map(literal).map(text);
    texts.filter(|text| text.contains('"')).collect()
}

/// Collects the names of types, modules and constants.
struct Names<'a> {
    module: String,
    words: &'a mut Words,
}

impl Names<'_> {
    fn add_type(&mut self, name: &syn::Ident, visibility: &Visibility) {
        self.words.types.insert(name.to_string());
        if !matches!(visibility, Visibility::Inherited) {
            let places = self.words.visible.entry(name.to_string()).or_default();
            places.push(self.module.clone());
        }
    }
}

impl Visit<'_> for Names<'_> {
    fn visit_item(&mut self, item: &Item) {
        match item {
            Item::Struct(item) => self.add_type(&item.ident, &item.vis),
            Item::Enum(item) => self.add_type(&item.ident, &item.vis),
            Item::Trait(item) => self.add_type(&item.ident, &item.vis),
            Item::Type(item) => self.add_type(&item.ident, &item.vis),
            Item::Const(item) => self.words.constants.push(item.ident.to_string()),
            Item::Mod(item) => _ = self.words.modules.insert(item.ident.to_string()),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &syn::ImplItemConst) {
        self.words.constants.push(item.ident.to_string());
    }
}

/// Compares what is wrong today with the list of what may be: nothing new, and nothing left in the
/// list that is right by now.
#[track_caller]
fn assert_only(found: &BTreeSet<&str>, allowed: &[&str], advice: &str) {
    let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
    let new: Vec<_> = found.difference(&allowed).collect();
    assert!(new.is_empty(), "{new:?}: {advice}");
    let stale: Vec<_> = allowed.difference(found).collect();
    assert!(stale.is_empty(), "{stale:?} no longer occur: delete them from the list");
}

#[test]
fn no_type_name_occurs_twice() {
    let twice = WORDS.visible.iter().filter(|(_, places)| places.len() > 1);
    let twice = twice.map(|(name, _)| name.as_str()).collect();
    assert_only(&twice, &DUPLICATES, "another module has a type of that name; choose another");
}

#[test]
fn a_type_is_a_noun() {
    let ends = |name: &&str| NO_NOUNS.iter().any(|word| name.ends_with(word));
    let found = WORDS.types.iter().map(String::as_str).filter(ends).collect();
    assert_only(&found, &PARTICIPLES, "name the type with a noun of the field");
}

#[test]
fn bounds_are_called_max_and_min() {
    let odd = |name: &&String| name.split('_').any(|word| ODD_BOUNDS.contains(&word));
    let found: Vec<_> = WORDS.constants.iter().filter(odd).collect();
    assert!(found.is_empty(), "say MAX_ or MIN_: {found:?}");
}

#[test]
fn doc_comments_begin_with_a_noun_or_a_verb() {
    let count: usize = WORDS.odd_openers.values().sum();
    assert_eq!(count, 0, "{:?}", WORDS.odd_openers);
}

fn occurrences(text: &str, phrase: &str) -> usize {
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let whole = |&(at, _): &(usize, &str)| {
        let (before, after) = text.split_at(at);
        is_end(before.chars().next_back()) && is_end(after.chars().nth(phrase.chars().count()))
    };
    text.match_indices(phrase).filter(whole).count()
}

#[test]
fn comments_and_texts_have_no_odd_phrases() {
    let all = || WORDS.comments.iter().chain(&WORDS.texts);
    let counts: Vec<(&str, usize)> = ODD_PHRASES
        .iter()
        .map(|&(phrase, _)| (phrase, all().map(|text| occurrences(text, phrase)).sum()))
        .collect();
    for ((phrase, count), (_, most)) in counts.iter().zip(ODD_PHRASES) {
        assert!(*count <= most, "{phrase:?} occurs {count} times, {most} are allowed: {counts:?}");
    }
}

/// The rows of the glossary in lib.rs: the term, and the path that it links to.
fn glossary(text: &str) -> Option<Vec<(&str, &str)>> {
    let (_, after) = text.split_once("<!-- glossary -->")?;
    let (table, _) = after.split_once("<!-- /glossary -->").unwrap();
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.trim_start_matches("//!").trim().strip_prefix('|')?.split('|');
        let (term, link) = (cells.next()?.trim(), cells.next()?.trim());
        let link = link.strip_prefix('[').unwrap_or(link).strip_prefix('`')?.split('`').next()?;
        Some((term, link))
    });
    Some(rows.collect())
}

#[test]
fn each_term_of_the_glossary_is_a_type_or_a_module() {
    let root = fs::read_to_string(file(&[])).unwrap();
    let terms = glossary(&root).unwrap();
    assert!(terms.len() >= MIN_TERMS, "{} terms, at least {MIN_TERMS} are needed", terms.len());
    for (term, link) in terms {
        let name = link.rsplit("::").next().unwrap();
        let exists = WORDS.types.contains(name) || WORDS.modules.contains(name);
        assert!(exists, "the glossary says that {term} is {link}, which does not exist");
    }
}

#[test]
fn a_glossary_is_read_row_by_row() {
    let text = "//! # Words\n//! <!-- glossary -->\n//! | term | type | meaning |\n\
                //! | --- | --- | --- |\n//! | run | [`model::Run`] | a plan, run |\n\
                //! | engine | [`engine`] | … |\n//! <!-- /glossary -->\n";
    assert_eq!(glossary(text), Some(vec![("run", "model::Run"), ("engine", "engine")]));
    assert_eq!(glossary("//! no table"), None);
}

/// The finders themselves.
#[test]
fn openers_phrases_and_texts_are_found() {
    let mut words = Words::default();
    words.read_comments(
        "/// What it is.\n/// How it is.\nfn f() {} // no\n/// Whatever.\n\n// a\n// person\n",
    );
    assert_eq!(words.odd_openers, BTreeMap::from([("What", 1)]));
    let count = |phrase| words.comments.iter().map(|one| occurrences(one, phrase)).sum::<usize>();
    assert_eq!((count("a person"), count("it is"), count("what")), (1, 2, 1));
    let code = "/// Doc.\nfn f() { g!(\"One {x} Tells\", 1, 'c'); h(r\"two\") }".parse().unwrap();
    assert_eq!(texts(code), ["\"one {x} tells\"", "r\"two\""]);
}
