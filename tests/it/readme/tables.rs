//! Tables that are generated from the program: keys, options, faults, exit codes.

use std::fmt::Write as _;
use std::fs;

use clap::{Arg, CommandFactory as _};
use threadline::app::keymap::DEFAULT_BINDINGS;
use threadline::cli::Cli;
use threadline::server::FAULT_DESCRIPTIONS;

use super::{docs, page, stdout_of};

#[test]
fn generated_tables_are_up_to_date() {
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for page in docs() {
        let mut text = page.text.clone();
        for marker in page.text.split("<!-- ").filter_map(|rest| rest.split_once(" -->")) {
            let Some(table) = marker.0.strip_prefix("generated: ").map(generate) else { continue };
            let block = page.block(marker.0).unwrap();
            let old = format!("<!-- {} -->\n{block}<!-- end -->", marker.0);
            let new = format!("<!-- {} -->\n{table}<!-- end -->", marker.0);
            assert!(update || block == table, "{}: {}\n{table}", page.name(), marker.0);
            text = text.replace(&old, &new);
        }
        if update {
            fs::write(&page.path, text).unwrap();
        }
    }
}

/// Returns the table behind a `generated:` marker.
fn generate(name: &str) -> String {
    match name.split_once(' ') {
        None if name == "keys" => key_table(),
        None if name == "faults" => fault_table(),
        Some(("exit", "codes")) => exit_code_table(),
        Some(("options", heading)) => option_table(heading),
        _ => format!("there is no table {name}\n"),
    }
}

fn table(columns: [&str; 3], rows: impl Iterator<Item = [String; 3]>) -> String {
    let row = |cells: [&str; 3]| {
        let cells = cells.into_iter().filter(|cell| !cell.is_empty());
        let cells: Vec<String> = cells.map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text =
        row(columns) + &row(columns.map(|name| if name.is_empty() { "" } else { "---" }));
    for cells in rows {
        text += &row([&cells[0], &cells[1], &cells[2]]);
    }
    text
}

fn key_table() -> String {
    let rows = DEFAULT_BINDINGS.iter().map(|binding| {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        [keys.join(" "), binding.help.to_owned(), format!("`{}`", binding.name)]
    });
    table(["keys", "action", "name"], rows)
}

fn fault_table() -> String {
    let rows = FAULT_DESCRIPTIONS.iter().map(|kind| {
        let keys: Vec<String> = kind.keys.iter().map(|key| format!("`{key}`")).collect();
        let keys = if keys.is_empty() { "-".to_owned() } else { keys.join(" ") };
        [format!("`{}`", kind.name), kind.does.to_owned(), keys]
    });
    table(["fault", "what the server does", "keys and defaults"], rows)
}

/// Returns the options under this heading of `--help` as a table.
fn option_table(heading: &str) -> String {
    let command = Cli::command();
    let rows = command.get_arguments().filter(|arg| arg.get_help_heading() == Some(heading));
    let row = |arg: &Arg| {
        let long = arg.get_long().map(|name| format!("--{name}"));
        let short = arg.get_short().map(|name| format!("-{name}"));
        let names: Vec<String> = short.into_iter().chain(long).collect();
        let value = arg.get_value_names().filter(|_| arg.get_action().takes_values());
        let value = value.map(|names| format!(" {}", names.join(" "))).unwrap_or_default();
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let (help, default) = match help.split_once(" [default: ") {
            Some((help, default)) => {
                (help.to_owned(), format!("`{}`", default.trim_end_matches(']')))
            }
            None => (help, "-".to_owned()),
        };
        [format!("`{}{value}`", names.join(", ")), help, default]
    };
    let rows: Vec<[String; 3]> = rows.map(row).collect();
    assert!(!rows.is_empty(), "no option has the heading {heading}");
    table(["option", "meaning", "default"], rows.into_iter())
}

/// Returns the exit codes of `--help` as a table.
fn exit_code_table() -> String {
    let help = stdout_of(&["--help"]);
    let (_, rest) = help.split_once("Exit codes:\n").unwrap();
    let mut rows: Vec<[String; 3]> = Vec::new();
    for line in rest.lines().take_while(|line| !line.is_empty()) {
        match line.strip_prefix("  ").filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        {
            Some(row) => {
                let (code, meaning) = row.split_once("  ").unwrap();
                rows.push([code.to_owned(), meaning.trim().to_owned(), String::new()]);
            }
            None => write!(rows.last_mut().unwrap()[1], " {}", line.trim()).unwrap(),
        }
    }
    table(["code", "meaning", ""], rows.into_iter())
}

#[test]
fn readme_keys_are_bound() {
    let readme = super::readme().text;
    let (_, rest) = readme.split_once("| key | action |\n| --- | --- |\n").unwrap();
    let rows: Vec<&str> = rest.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let keys = row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2);
        for key in keys {
            let is_bound = |keys: &[_]| keys.iter().any(|one| format!("{one}") == key);
            assert!(DEFAULT_BINDINGS.iter().any(|one| is_bound(&one.keys)), "{key}: {row}");
        }
    }
}

#[test]
fn sample_configuration_names_the_settings_of_the_program() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "nonsense = 1\n").unwrap();
    let args = ["--print-keys", "--config", file.path().to_str().unwrap()];
    let error = super::threadline().args(args).output().unwrap().stderr;
    let error = String::from_utf8(error).unwrap();
    let page = page("configuration.md");
    let sample = page.code("toml")[0];
    for name in ["theme", "ascii", "mouse", "reduced-motion", "threads", "per-page"] {
        assert!(error.contains(name), "{name}: {error}");
        assert!(sample.contains(&format!("{name} = ")), "{name}: {sample}");
    }
}
