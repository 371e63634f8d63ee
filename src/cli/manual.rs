//! The manual page: clap's text, the keys and the configuration file.

use std::io::{self, Write};

use clap::{Arg, Command};
use clap_mangen::Man;

use super::completions::command;
use super::help;
use crate::app::Keymap;
use crate::app::keymap::{Key, KeyBinding};

/// Writes the manual page in roff: the main program, then each command.
pub fn write_manual(out: &mut dyn Write) -> io::Result<()> {
    let mut command = shown(command()).mut_subcommands(shown);
    command.build();
    let page = Man::new(with_synopsis(command.clone()));
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    out.write_all(&roff)?;
    for text in [&after(&command), &keys(), &configuration()] {
        out.write_all(text.as_bytes())?;
    }
    for command in command.get_subcommands().filter(|one| one.get_name() != "help") {
        let page = Man::new(with_synopsis(command.clone()));
        let mut roff = Vec::new();
        page.render_synopsis_section(&mut roff)?;
        page.render_description_section(&mut roff)?;
        page.render_options_section(&mut roff)?;
        let roff = String::from_utf8_lossy(&roff).into_owned() + &after(command);
        writeln!(out, ".SH \"threadline {}\"", command.get_name())?;
        out.write_all(below(&roff).as_bytes())?;
    }
    Ok(())
}

/// Shows options that the short help omits; without this, they would have no text.
fn shown(command: Command) -> Command {
    command.mut_args(|arg| arg.hide_short_help(false))
}

/// Replaces the synopsis of a command, because clap's omits the values.
fn with_synopsis(command: Command) -> Command {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .partition(|arg| arg.is_positional());
    let usage: String = options.into_iter().chain(positional).map(in_synopsis).collect();
    let commands = if command.has_subcommands() { " [COMMAND]" } else { "" };
    command.override_usage(name + &usage + commands)
}

/// Returns an argument for the synopsis: ` [-o|--output FILE]`, ` [USERNAME]`.
fn in_synopsis(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let takes_value = arg.is_positional() || arg.get_action().takes_values();
    let value = arg.get_value_names().filter(|_| takes_value).map(|names| names.join(" "));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let names = Some(names.join("|")).filter(|names| !names.is_empty());
    let words: Vec<String> = names.into_iter().chain(value).collect();
    let several = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    let words = words.join(" ") + if several { "..." } else { "" };
    if arg.is_required_set() { format!(" {words}") } else { format!(" [{words}]") }
}

/// Describes the keys on the screen, from the table of keys.
fn keys() -> String {
    let row = |KeyBinding { keys, help, .. }: &KeyBinding| {
        let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
        format!(".TP\n{}\n{}\n", escaped(&keys.join(", ")), escaped(help))
    };
    let rows: String = Keymap::default().bindings().iter().map(row).collect();
    format!(".SH KEYS\n{rows}")
}

/// Describes the configuration file: its path and its keys.
fn configuration() -> String {
    let more = help::CONFIG.split("\n\n").skip(1);
    let text = more.fold(escaped(help::CONFIG_PLACE), |text, more| text + "\n" + &escaped(more));
    format!(".SH CONFIGURATION\n.PP\n{text}\n")
}

/// Returns the sections after the options. A line that ends with a colon becomes a heading; the others
/// are kept.
fn after(command: &Command) -> String {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let sections: Vec<String> = text
        .split("\n\n")
        .enumerate()
        .map(|(index, paragraph)| section(index, paragraph))
        .collect();
    sections.concat()
}

fn section(index: usize, paragraph: &str) -> String {
    let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
    let heading = first.strip_suffix(':').filter(|words| words.len() < 20);
    let (heading, body) = match heading {
        Some(heading) => (format!(".SH \"{}\"\n", heading.to_uppercase()), rest),
        None if index == 0 => (".SH NOTES\n".to_owned(), paragraph),
        None => (String::new(), paragraph),
    };
    let lines: String = body.lines().map(|line| escaped(line) + "\n").collect();
    let is_list = body.contains("\n ") || body.starts_with(' ');
    let lines = if is_list { format!(".nf\n{lines}.fi\n") } else { lines };
    format!("{heading}.PP\n{lines}")
}

/// Escapes a line of text for roff: <https://man7.org/linux/man-pages/man7/groff_char.7.html>.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

/// Turns the sections of a command into subsections.
fn below(roff: &str) -> String {
    let line = |line: &str| {
        line.strip_prefix(".SH ").map_or_else(|| line.to_owned(), |name| format!(".SS {name}"))
    };
    roff.lines().map(|text| line(text) + "\n").collect()
}
