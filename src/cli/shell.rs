//! What a shell and man want to know of the program: completions, and the manual page.

use std::io::{self, Write};

use clap::{Args, Command, CommandFactory as _};
pub use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, help};

#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// Which shell
    pub(super) shell: Shell,
}

/// The command line without what is hidden, which is nobody's to type.
fn command() -> Command {
    let whole = Cli::command();
    let subcommands: Vec<Command> =
        whole.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect();
    Command::new("threadline")
        .version(env!("CARGO_PKG_VERSION"))
        .about(help::ABOUT)
        .long_about(help::LONG_ABOUT)
        .after_long_help(help::AFTER_LONG)
        .args(whole.get_arguments().cloned())
        .subcommands(subcommands)
}

/// Writes the script that completes commands and options in a shell.
pub fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator panics where it cannot write: memory takes everything.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "threadline", &mut script);
    out.write_all(&script)
}

/// Writes the manual page in roff: the program's own part, and then one for each command.
pub fn manual(out: &mut dyn Write) -> io::Result<()> {
    let mut command = command();
    command.build();
    let page = Man::new(command.clone());
    let mut roff = Vec::new();
    page.render_title(&mut roff)?;
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    page.render_options_section(&mut roff)?;
    out.write_all(&roff)?;
    out.write_all(after(&command).as_bytes())?;
    for command in command.get_subcommands().filter(|one| one.get_name() != "help") {
        let page = Man::new(command.clone());
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

/// What follows the options: a line that ends with a colon, above others, is a heading, and the
/// others stay as they are.
fn after(command: &Command) -> String {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let sections: Vec<String> = text.split("\n\n").enumerate().map(section).collect();
    sections.concat()
}

fn section((index, paragraph): (usize, &str)) -> String {
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

/// A line of text, for roff: <https://man7.org/linux/man-pages/man7/groff_char.7.html>.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}

/// A command's sections are parts of its own.
fn below(roff: &str) -> String {
    let line = |line: &str| {
        line.strip_prefix(".SH ").map_or_else(|| line.to_owned(), |name| format!(".SS {name}"))
    };
    roff.lines().map(|text| line(text) + "\n").collect()
}
