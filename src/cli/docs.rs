//! The documentation pages, for `threadline help TOPIC` and for rustdoc.

mod text;

/// A page of the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The word after `threadline help`.
    pub name: &'static str,
    /// The subject of the page, in a few words.
    pub about: &'static str,
    markdown: &'static str,
}

impl Topic {
    /// Returns the page for a terminal or a pipe: plain text of 80 columns.
    pub fn plain_text(&self) -> String {
        text::from_markdown(self.markdown)
    }
}

/// Defines each topic as an entry of [`TOPICS`] and as a module that rustdoc shows.
macro_rules! topics {
    ($($name:ident: $about:literal,)+) => {
        /// Every page, in reading order.
        pub const TOPICS: &[Topic] = &[$(Topic {
            name: stringify!($name),
            about: $about,
            markdown: include_str!(concat!("../../assets/docs/", stringify!($name), ".md")),
        },)+];

        $(#[doc = include_str!(concat!("../../assets/docs/", stringify!($name), ".md"))]
        pub mod $name {})+
    };
}

topics! {
    guide: "the screen: rows, states, figures, looking closer",
    keys: "every key and its name in the configuration",
    followers: "tokens, rate limits, retries, proxies, GitHub Enterprise Server",
    threads: "how many threads: sweeps, --threads auto, processes",
    gil: "Python's global interpreter lock, simulation, slow motion",
    commands: "running your own commands with threadline exec",
    export: "pictures, traces, reports, follower lists",
    recording: "recording, replay, the file format",
    automation: "scripts: plain output, exit codes, the JSON documents",
    server: "the built-in server and its faults",
    configuration: "settings, key bindings, completion, screen readers, colours",
    figures: "promises and measurements",
    changelog: "what changed in which version",
}
