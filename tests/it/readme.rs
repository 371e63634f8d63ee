//! README.md and the pages in assets/docs: size, links, generated tables and commands.
//!
//! `UPDATE_DOCS=1 cargo test --test it readme::` rewrites the generated tables.

mod commands;
mod json_fields;
mod recording;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use crate::clean_command::threadline;
use threadline::cli::docs::TOPICS;

/// A Markdown page.
struct MarkdownPage {
    path: PathBuf,
    text: String,
}

impl MarkdownPage {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    fn name(&self) -> &str {
        self.path.file_name().unwrap().to_str().unwrap()
    }

    /// Returns the text between `<!-- MARKER -->` and `<!-- end -->`.
    fn block(&self, marker: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("<!-- {marker} -->\n"))?;
        rest.split_once("<!-- end -->").map(|(block, _)| block)
    }

    /// Returns the content of each code block in this language.
    fn code(&self, language: &str) -> Vec<&str> {
        let fence = format!("```{language}\n");
        let blocks = self.text.split(&fence).skip(1);
        blocks.map(|block| block.split("```").next().unwrap()).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> MarkdownPage {
    MarkdownPage::read(root().join("README.md"))
}

fn page(name: &str) -> MarkdownPage {
    MarkdownPage::read(root().join("assets/docs").join(name))
}

/// Returns the pages in assets/docs.
fn docs() -> Vec<MarkdownPage> {
    let files = fs::read_dir(root().join("assets/docs")).unwrap();
    files.map(|file| MarkdownPage::read(file.unwrap().path())).collect()
}

/// Returns README.md and the pages in assets/docs.
fn pages() -> Vec<MarkdownPage> {
    [readme()].into_iter().chain(docs()).collect()
}

/// Returns what the program prints to stdout with these arguments.
fn stdout_of(args: &[&str]) -> String {
    String::from_utf8(threadline().args(args).output().unwrap().stdout).unwrap()
}

#[test]
fn readme_is_short() {
    let text = readme().text;
    assert!(text.len() <= 10_000, "{} bytes", text.len());
    assert!(text.lines().count() <= 200, "{} lines", text.lines().count());
}

#[test]
fn pages_name_their_readers_and_are_linked_from_the_readme() {
    let readme = readme().text;
    for page in docs() {
        let mut lines = page.text.lines();
        let title = lines.next().unwrap();
        assert!(title.starts_with("# "), "{}: {title}", page.name());
        let opening = lines.nth(1).unwrap();
        assert!(opening.starts_with("For everyone who "), "{}: {opening}", page.name());
        assert!(readme.contains(&format!("(assets/docs/{})", page.name())), "{}", page.name());
    }
}

/// Returns the text outside of blocks and words of code.
fn without_code(text: &str) -> String {
    let outside: String = text.split("```").step_by(2).collect();
    outside.split('`').step_by(2).collect()
}

#[test]
fn links_point_to_existing_files() {
    for page in pages() {
        for link in
            without_code(&page.text).split("](").skip(1).map(|rest| rest.split(')').next().unwrap())
        {
            let file = link.split('#').next().unwrap();
            let is_local = !file.starts_with("https://") && !file.is_empty();
            let target = page.path.parent().unwrap().join(file);
            assert!(!is_local || target.exists(), "{}: {link}", page.name());
        }
    }
}

#[test]
fn named_options_exist() {
    // Options of cargo and curl.
    let foreign = ["--release", "--locked", "--path", "--bench", "--test"];
    let commands: [&[&str]; 6] = [&[], &["serve"], &["exec"], &["watch"], &["replay"], &["learn"]];
    let help = commands.map(|words| stdout_of(&[words, &["--help"]].concat())).concat();
    for page in pages() {
        let words = page.text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
        for option in words.filter(|word| word.starts_with("--") && word.len() > 4) {
            let exists = foreign.contains(&option) || help.contains(option);
            assert!(exists, "{} names {option}, which does not exist", page.name());
        }
    }
}

#[test]
fn sample_configuration_is_valid() {
    let page = page("configuration.md");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, page.code("toml")[0]).unwrap();
    let args = ["--print-keys", "--config", file.path().to_str().unwrap()];
    let output = threadline().args(args).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*error), (Some(0), ""));
    let keys = String::from_utf8_lossy(&output.stdout);
    let lines = [
        "next-mode = [\"Tab\", \"m\"]",
        "quit = \"Q\"",
        "pause = [\"Space\", \"l\"]",
        "pan-right = \"Right\"",
        "export = []",
    ];
    for line in lines {
        assert!(keys.contains(line), "{line}: {keys}");
    }
}

#[test]
fn every_page_is_a_help_topic_that_help_prints() {
    let topics: Vec<String> = TOPICS.iter().map(|topic| topic.file.to_owned()).collect();
    let mut pages: Vec<String> = docs().iter().map(|page| page.name().to_owned()).collect();
    pages.sort();
    let mut sorted = topics.clone();
    sorted.sort();
    assert_eq!(pages, sorted);
    let list = stdout_of(&["help"]);
    for topic in TOPICS {
        assert!(list.contains(&format!("\n  {} ", topic.name)), "{list}");
        assert_eq!(stdout_of(&["help", topic.name]), topic.plain_text());
    }
}

#[test]
fn help_for_a_command_prints_its_long_help() {
    for command in ["exec", "watch", "learn", "replay", "serve", "completions", "man"] {
        assert_eq!(stdout_of(&["help", command]), stdout_of(&[command, "--help"]));
        assert!(stdout_of(&["help"]).contains(&format!("\n  {command} ")));
    }
}
