//! README.md and the pages in assets/docs: their size, their links, their generated tables, and
//! every command in them.
//!
//! `UPDATE_DOCS=1 cargo test --test readme` rewrites the generated tables.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

#[path = "common/builtin_server.rs"]
mod builtin_server;

#[path = "readme/commands.rs"]
mod commands;
#[path = "readme/fields.rs"]
mod fields;
#[path = "readme/recording.rs"]
mod recording;
#[path = "readme/tables.rs"]
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use threadline::docs::TOPICS;

/// A Markdown file.
struct FollowerPage {
    path: PathBuf,
    text: String,
}

impl FollowerPage {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    fn name(&self) -> &str {
        self.path.file_name().unwrap().to_str().unwrap()
    }

    /// The text between `<!-- MARKER -->` and `<!-- end -->`.
    fn block(&self, marker: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("<!-- {marker} -->\n"))?;
        rest.split_once("<!-- end -->").map(|(block, _)| block)
    }

    /// The content of each code block in this language.
    fn code(&self, language: &str) -> Vec<&str> {
        let fence = format!("```{language}\n");
        let blocks = self.text.split(&fence).skip(1);
        blocks.map(|block| block.split("```").next().unwrap()).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> FollowerPage {
    FollowerPage::read(root().join("README.md"))
}

fn page(name: &str) -> FollowerPage {
    FollowerPage::read(root().join("assets/docs").join(name))
}

/// The pages in assets/docs.
fn docs() -> Vec<FollowerPage> {
    let files = fs::read_dir(root().join("assets/docs")).unwrap();
    files.map(|file| FollowerPage::read(file.unwrap().path())).collect()
}

/// README.md and the pages in assets/docs.
fn pages() -> Vec<FollowerPage> {
    [readme()].into_iter().chain(docs()).collect()
}

/// The program, without configuration, token or proxy.
fn threadline() -> Command {
    let mut command = Command::cargo_bin("threadline").unwrap();
    for name in ["ACCESSIBLE", "GH_TOKEN", "GITHUB_TOKEN", "GITHUB_API_URL", "TERM"] {
        command.env_remove(name);
    }
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("XDG_CONFIG_HOME", "/nowhere");
    command
}

/// What the program prints with these arguments.
fn output(args: &[&str]) -> String {
    String::from_utf8(threadline().args(args).output().unwrap().stdout).unwrap()
}

#[test]
fn the_readme_is_short() {
    let text = readme().text;
    assert!(text.len() <= 10_000, "{} bytes", text.len());
    assert!(text.lines().count() <= 200, "{} lines", text.lines().count());
}

#[test]
fn a_page_opens_with_its_readers_and_the_readme_links_it() {
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

#[test]
fn links_lead_to_files_that_exist() {
    for page in pages() {
        for link in page.text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let file = link.split('#').next().unwrap();
            let is_here = !file.starts_with("https://") && !file.is_empty();
            let target = page.path.parent().unwrap().join(file);
            assert!(!is_here || target.exists(), "{}: {link}", page.name());
        }
    }
}

#[test]
fn named_options_exist() {
    // Options of cargo and curl in commands.
    let foreign = ["--release", "--locked", "--path", "--bench", "--test"];
    let commands: [&[&str]; 4] = [&[], &["serve"], &["exec"], &["replay"]];
    let help = commands.map(|words| output(&[words, &["--help"]].concat())).concat();
    for page in pages() {
        let words = page.text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
        for option in words.filter(|word| word.starts_with("--") && word.len() > 4) {
            let exists = foreign.contains(&option) || help.contains(option);
            assert!(exists, "{} names {option}, which does not exist", page.name());
        }
    }
}

#[test]
fn the_sample_configuration_is_valid() {
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
fn every_page_is_a_topic_and_every_topic_is_shown() {
    let topics: Vec<String> = TOPICS.iter().map(|topic| format!("{}.md", topic.name)).collect();
    let mut pages: Vec<String> = docs().iter().map(|page| page.name().to_owned()).collect();
    pages.sort();
    let mut sorted = topics.clone();
    sorted.sort();
    assert_eq!(pages, sorted);
    let list = output(&["help"]);
    for topic in TOPICS {
        assert!(list.contains(&format!("\n  {} ", topic.name)), "{list}");
        assert_eq!(output(&["help", topic.name]), topic.plain_text());
    }
}

#[test]
fn help_still_explains_commands() {
    for command in ["exec", "replay", "serve", "completions", "man"] {
        assert_eq!(output(&["help", command]), output(&[command, "--help"]));
        assert!(output(&["help"]).contains(&format!("\n  {command} ")));
    }
}
