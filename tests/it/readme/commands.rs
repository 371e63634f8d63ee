//! The commands in README.md and in the pages: all are valid, and print the documented output.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use threadline::cli;

use super::{MarkdownPage, pages, threadline};

/// Splits a command line into words, up to a pipe, a redirection or a comment.
fn split_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (c, quote) {
            ('\'', None) => quote = Some(c),
            ('\'', Some(_)) => quote = None,
            ('#' | '|' | '>', None) => break,
            (' ', None) => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

/// A command in a page, without the program's name, and its output according to the page.
struct DocumentedCommand {
    args: Vec<String>,
    output: Vec<String>,
}

/// Returns the commands in `sh` blocks, and after `$` in `console` blocks.
fn documented_commands(page: &MarkdownPage) -> Vec<DocumentedCommand> {
    let mut commands: Vec<DocumentedCommand> = Vec::new();
    for line in page.code("sh").into_iter().flat_map(str::lines) {
        let args = split_words(line);
        if args.first().is_some_and(|program| program == "threadline") {
            commands.push(DocumentedCommand { args: args[1..].to_vec(), output: Vec::new() });
        }
    }
    for block in page.code("console") {
        let mut is_threadline = false;
        for line in block.lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => {
                    let args = split_words(command);
                    is_threadline = args[0] == "threadline";
                    if is_threadline {
                        commands.push(DocumentedCommand {
                            args: args[1..].to_vec(),
                            output: Vec::new(),
                        });
                    }
                }
                (None, Some(command)) if is_threadline => command.output.push(line.to_owned()),
                _ => {}
            }
        }
    }
    commands
}

#[test]
fn documented_commands_are_valid() {
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&list, "true\n").unwrap();
    let list = list.path().to_str().unwrap();
    for page in pages() {
        for DocumentedCommand { args, .. } in documented_commands(&page) {
            let args = args.iter().map(|word| word.replace("commands.txt", list));
            let line: Vec<String> = ["threadline".to_owned()].into_iter().chain(args).collect();
            let line_args = line.iter().map(Into::into);
            let parsed = cli::parse(line_args, &|_| None, cli::Terminals::default());
            assert!(parsed.is_ok(), "{}: {}: {:?}", page.name(), line.join(" "), parsed.err());
        }
    }
}

#[test]
fn simulated_commands_print_the_documented_output() {
    let mut count = 0;
    for page in pages() {
        for DocumentedCommand { args, output } in documented_commands(&page) {
            if output.is_empty() || !args.iter().any(|arg| arg == "--simulate") {
                continue;
            }
            let actual = threadline().args(&args).output().unwrap();
            let actual = String::from_utf8(actual.stdout).unwrap();
            let expected = output.join("\n") + "\n";
            assert!(actual == expected, "{}: threadline {}\n{actual}", page.name(), args.join(" "));
            count += 1;
        }
    }
    assert!(count >= 2, "simulated runs are missing in the README or in gil.md");
}

/// A server that a page starts on port 8080, here on a free port.
struct ServeProcess {
    process: Child,
    address: String,
}

impl ServeProcess {
    fn start(args: &[String]) -> Self {
        let args = args.iter().map(|arg| if arg == "8080" { "0" } else { arg });
        let mut process = std::process::Command::new(env!("CARGO_BIN_EXE_threadline"))
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        Self { process, address: first.trim().trim_start_matches("http://").to_owned() }
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Returns the part of a line that does not depend on measured times.
fn label(line: &str) -> &str {
    let end = line.find("  ").into_iter().chain(line.find(|c: char| c.is_ascii_digit())).min();
    end.and_then(|end| line.get(..end)).unwrap_or(line)
}

/// Runs a command of a page against its server. Asserts that the output has the documented labels
/// in their order; other lines may lie between them.
#[track_caller]
fn assert_prints(args: &[String], server: Option<&ServeProcess>, documented: &[String]) {
    let address = server.map_or("", |server| &server.address);
    let replace = |text: &String| text.replace("127.0.0.1:8080", address);
    let output = threadline().args(args.iter().map(replace)).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let text = text.concat();
    let mut lines = text.lines();
    for line in documented {
        let found = lines.any(|actual| actual.starts_with(label(line)));
        assert!(found, "threadline {}: {line:?} is not in\n{text}", args.join(" "));
    }
}

#[test]
fn measured_commands_print_the_documented_labels() {
    let mut count = 0;
    for page in pages() {
        let mut server = None;
        for DocumentedCommand { args, output } in documented_commands(&page) {
            // A sweep takes 20 seconds; other tests cover its output.
            let skipped = ["--simulate", "sweep"];
            match args.first() {
                Some(command) if command == "serve" => server = Some(ServeProcess::start(&args)),
                _ if args.iter().any(|arg| skipped.contains(&&**arg)) || output.is_empty() => {}
                _ => {
                    assert_prints(&args, server.as_ref(), &output);
                    count += 1;
                }
            }
        }
    }
    assert!(
        count >= 4,
        "commands are missing in automation.md, commands.md, configuration.md or threads.md"
    );
}
