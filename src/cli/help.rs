//! The longer texts of `--help`.

use crate::github::server::{FAULT_DESCRIPTIONS, FaultDescription};

pub(super) const ABOUT: &str =
    "Watch threads work: fetch a GitHub user's followers one page after another, then with threads";

pub(super) const LONG_ABOUT: &str = "\
Watch threads work: fetch a GitHub user's followers one page after another, then with worker threads, \
each thread's life drawn live on one time axis.

Without a USERNAME, the built-in server is asked: no network, no token. With one, GitHub is. Without \
a terminal (stdout in a pipe or a file, or TERM=dumb) it prints what --plain does.

With --workload cpu, native or mixed it computes instead, in four modes: one task after another, on \
threads, on threads that share a GIL as Python's do, and in processes.";

pub(super) const AFTER: &str = "\
Press ? on the screen for the keys. --help has examples, exit codes and environment variables.";

pub(super) const AFTER_LONG: &str = "\
Examples:
  threadline                                     a race on the built-in server
  threadline octocat                             a race against api.github.com
  threadline octocat --threads 16 --per-page 100
  threadline octocat --plain                     times and a short report
  threadline octocat --json > race.json          everything measured (README: the JSON report)
  threadline octocat --mode threads -o followers.csv
  threadline octocat -o - | head                 the followers as NDJSON, no screen
  threadline octocat --trace run.json --svg run.svg --report run.md
  threadline octocat --api-url https://HOST/api/v3    GitHub Enterprise Server
  threadline --mode sweep                        how many threads are worth it?
  threadline octocat --mode sweep --threads 1,2,4,8 --repeats 5 --plain --yes
  threadline --workload cpu                      what threads, a GIL and processes do to CPU work
  threadline --workload native --mode gil --switch-interval 1ms
  threadline --simulate --mode gil --slow 50     the GIL in slow motion, the same each time
  threadline octocat --narrate                   for a screen reader
  threadline --print-keys                        which keys do what, for the configuration file
  threadline --record run.jsonl                  a file for threadline replay run.jsonl
  threadline exec -j 4 -- 'make a' 'make b' 'make c'  your own commands (threadline exec --help)

Output:
  Data goes to stdout; progress, the report beside \"-o -\", and errors go to stderr. --plain begins
  with the times, single_threaded time(sec) and multi_threaded time(sec), and the count of both.
  A file is written whole or not at all, and what goes to stdout (-) leaves no screen. Followers that a failed run got are written, and said to
  be partial.

Exit codes:
  0    everything was done; on the screen, also after a run that you stopped
  1    failed: nothing was fetched or computed, or nothing could be written
  2    wrong usage: arguments, username, address, token or proxy that cannot be used; a sweep that
       costs requests, and nobody agreed to
  3    no such user
  4    refused: the token is not accepted, or the request forbidden
  5    a rate limit that was not waited for, or has too few requests left
  6    partial: some pages or tasks are missing
  128+n  ended by signal n, with what was fetched until then (130 for Ctrl-C)

Environment:
  GH_TOKEN, GITHUB_TOKEN    the access token, the first that is set; sent to the API's host alone
  GITHUB_API_URL            the API's address, where --api-url is not given
  HTTPS_PROXY, ALL_PROXY    the proxy to the API, the first that is set: http://HOST:PORT, or
                            http://USER:PASSWORD@HOST:PORT; for an http API, HTTP_PROXY, ALL_PROXY
  NO_PROXY                  hosts that are asked directly, separated by commas: a domain stands for
                            its subdomains too, * for all; this machine is always asked directly
  https_proxy, all_proxy, http_proxy, no_proxy    the same, where the name in capitals is not set
  ACCESSIBLE=1              sentences for a screen reader instead of the screen, as --narrate
  XDG_CONFIG_HOME           where the configuration file is, else ~/.config (--config)
  TERM=dumb                 no screen
  NO_COLOR, CLICOLOR_FORCE, COLORTERM    which colours the screen has
  COLORFGBG                 the terminal's background, which is asked for otherwise (--theme auto)";

pub(super) const API_URL: &str =
    "Ask this API [default: $GITHUB_API_URL, else https://api.github.com]";

pub(super) const API_URL_LONG: &str = "\
Ask this API [default: $GITHUB_API_URL, else https://api.github.com]

For GitHub Enterprise Server, https://HOST/api/v3. Needs a USERNAME. A token is sent over https only, \
or to this machine.";

pub(super) const OUTPUT: &str = "\
Write the followers to FILE, as its ending says: .csv, .json (one array) or .ndjson (one a line)

- writes NDJSON to stdout; there is no screen then, and the report goes to stderr.";

pub(super) const NARRATE: &str = "\
No screen: what happens, in sentences, as it happens, for a screen reader

stderr tells what happens, a sentence a line, nothing drawn over and nothing in colour, and at the end \
what each lane did; stdout has what --plain prints, or --json. ACCESSIBLE=1 in the environment does the \
same wherever a terminal shows stderr.";

pub(super) const CONFIG_PLACE: &str =
    "What you always want goes into $XDG_CONFIG_HOME/threadline/config.toml.";

pub(super) const CONFIG: &str = "\
Read this configuration [default: $XDG_CONFIG_HOME/threadline/config.toml]

Without XDG_CONFIG_HOME, ~/.config/threadline/config.toml, if it is there. --config /dev/null reads none. \
The file may have theme, ascii, mouse, reduced-motion, threads, per-page, and [keys] as --print-keys \
prints them; the command line comes before it.";

pub(super) const COMPLETIONS: &str = "\
Print what completes commands and options in a shell

Where it has to go, each shell's own manual says; the places below are the usual ones.";

pub(super) const COMPLETIONS_AFTER: &str = "\
Examples:
  threadline completions bash > ~/.local/share/bash-completion/completions/threadline
  threadline completions zsh > ~/.zfunc/_threadline    with fpath+=~/.zfunc before compinit
  threadline completions fish > ~/.config/fish/completions/threadline.fish";

pub(super) const MAN_AFTER: &str = "\
Examples:
  threadline man > ~/.local/share/man/man1/threadline.1
  threadline man | man -l -";

pub(super) const EXEC: &str = "\
Run commands of your own, one at a time and then side by side

The commands have to be independent of each other: they run twice, first one after another, then N at \
once, so that the two times can be compared. For those that must not run twice, or if you just want it \
done, give --only parallel.";

pub(super) const EXEC_AFTER: &str = "\
Examples:
  threadline exec -- 'sleep 1' 'sleep 2' 'make -C docs'
  threadline exec -j 4 --only parallel -- 'gzip -k a.log' 'gzip -k b.log' 'gzip -k c.log'
  threadline exec --only parallel --from commands.txt     a command a line, # begins a comment
  find . -name '*.png' | sed \"s/.*/optipng -q '&'/\" | threadline exec --only parallel --from -
  threadline exec --json -- './test 1' './test 2' > times.json

A shell runs each (sh -c), without input, in a process group of its own. What it writes to stdout and \
stderr is kept: of more than 1 MiB, the first 256 KiB and the last 768 KiB. On the screen, Enter shows \
it for the lane that you chose; afterwards, and without a screen, the output of every command of the \
last run is printed, with its exit status and time, and then the report.

x, q, Ctrl-C and the signals that end a program end what runs, too: SIGTERM, and SIGKILL 0.2 s later. \
What a command leaves in the background is not waited for, and goes on; and nobody reaches a process \
that has left its group (setsid). A command that wants to read from the terminal, or to write on it beside the \
screen, is ended.

Exit codes:
  0    every command ended with status 0; on the screen, also if you stopped before all had run
  1    a command failed: each is named on stderr
  2    wrong usage, or no commands
  128+n  ended by signal n";

pub(super) const REPLAY_AFTER: &str = "\
Examples:
  threadline octocat --record run.jsonl
  threadline replay run.jsonl
  threadline replay run.jsonl --speed 0.2
  threadline replay run.jsonl --json > race.json

On the screen, Space holds it, ( and ) go a twentieth of it back and on, [ and ] an event, < and > \
change the speed, and r plays it again. Without a screen, it is the report of what ran last, as it was \
then, and the exit code is that of the runs.

A recording that is cut off, or damaged, is opened as far as it goes.";

pub(super) const SERVE: &str = "\
Run the built-in server alone, for curl or another client

It knows one user, aaronlelevier, and answers on 127.0.0.1 only, as GitHub does: /users/USER, \
/users/USER/followers and /rate_limit. It prints its address and runs until it is stopped (Ctrl-C, \
SIGTERM), then exits with 0.";

const SERVE_EXAMPLES: &str = "\
Examples:
  threadline serve --port 8080
  threadline serve --followers 3000 --latency 50ms --jitter 20ms --seed 7
  threadline serve --followers 6000 --latency 50ms --at-once 8    a service with room for 8
  threadline serve --port 8080 --faults faults.json
  threadline aaronlelevier --api-url http://127.0.0.1:8080 --threads 16

A latency profile is a JSON file, all in milliseconds; pages beyond its last begin again at the first:
  {\"profile_ms\":250,\"pages\":[{\"wait_ms\":900,\"receive_ms\":100}]}

Faults are a JSON file, too:
  {\"faults\":[{\"page\":3,\"fault\":\"status\",\"status\":502},{\"every\":10,\"fault\":\"reset\"}]}
\"page\" (a number, or \"profile\"), \"from\" (a page and all behind it) or \"every\" (n-th page) say \
where; without them, everywhere. A page meets a fault \"times\" times (1; 0 for always), is then \
answered well once, and then it begins again. Of several faults, the first that is due is met. There \
are these, with keys of their own and defaults:
";

/// What follows the options of `threadline serve`: examples, and the faults.
pub(super) fn serve_after() -> String {
    let fault = |kind: &FaultDescription| {
        let FaultDescription { name, does, keys } = kind;
        let keys = if keys.is_empty() { String::new() } else { format!(" ({})", keys.join(", ")) };
        format!("\n  {name:18} {does}{keys}")
    };
    SERVE_EXAMPLES.to_owned() + &FAULT_DESCRIPTIONS.iter().map(fault).collect::<String>()
}
