//! Shell completions.

use std::io::{self, Write};

use clap::{Args, Command, CommandFactory as _, ValueEnum as _};
pub use clap_complete::Shell;

use super::{Cli, help};

#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

/// Returns the command line without its hidden commands and options.
pub(super) fn command() -> Command {
    let whole = Cli::command();
    let subcommands: Vec<Command> =
        whole.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect();
    Command::new("threadline")
        .disable_help_subcommand(true)
        .version(env!("CARGO_PKG_VERSION"))
        .about(help::ABOUT)
        .long_about(help::LONG_ABOUT)
        .after_long_help(help::AFTER_LONG)
        .args(whole.get_arguments().cloned())
        .subcommands(subcommands)
}

/// Writes the script that completes commands and options in a shell.
pub fn write_completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // USERNAME cannot be completed, and zsh's script would take it for the place of the command.
    let whole = command();
    let mut command = Command::new("threadline")
        .disable_help_subcommand(true)
        .version(env!("CARGO_PKG_VERSION"))
        .about(help::ABOUT)
        .args(whole.get_arguments().filter(|arg| !arg.is_positional()).cloned())
        .subcommands(whole.get_subcommands().cloned());
    // The generator panics if it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "threadline", &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match shell {
        Shell::Fish => fish_script(&script),
        Shell::Zsh => zsh_script(&script),
        _ => script.into_owned(),
    };
    out.write_all(script.as_bytes())
}

/// Repairs two defects of the generated fish script. An option at the end of the line still lacks
/// its value, which is an error to fish's argparse, so it gets one. The values of positional arguments
/// are missing.
fn fish_script(script: &str) -> String {
    let parse = |words: &str| {
        format!("argparse -s (__fish_threadline_global_optspecs) -- {words} 2>/dev/null\n    or ")
    };
    let strict = parse("$cmd") + "return";
    let lenient = parse("$cmd") + &parse("$cmd value") + "return";
    let shells: Vec<String> = Shell::value_variants().iter().map(Shell::to_string).collect();
    let shells = shells.join(" ");
    let script = script.replace(&strict, &lenient);
    format!(
        "{script}complete -c threadline -n \"__fish_threadline_using_subcommand completions\" -f \
         -a \"{shells}\"\n"
    )
}

/// Repairs the generated script, which completes no options after a USERNAME.
fn zsh_script(script: &str) -> String {
    let options = script
        .split_once("_arguments \"${_arguments_options[@]}\" : \\\n")
        .and_then(|(_, rest)| rest.split_once("\":: :_threadline_commands\""));
    let end = script
        .split_once("\n(( $+functions[")
        .and_then(|(main, _)| main.rfind("        esac\n    ;;\nesac\n}"));
    let Some((options, end)) = options.map(|(options, _)| options).zip(end) else {
        return script.to_owned();
    };
    let (before, after) = script.split_at(end);
    format!(
        "{before}(*)\n_arguments \"${{_arguments_options[@]}}\" : \\\n{options}&& ret=0\n;;\n{after}"
    )
}
