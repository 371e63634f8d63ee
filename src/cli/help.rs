//! The texts of `-h` and `--help`.

use crate::server::{FAULT_DESCRIPTIONS, FaultDescription};

pub(super) const ABOUT: &str =
    "See what threads do: one job on one worker, then on several, drawn live on one time axis";

/// `threadline -h`: one screen of 80x24, with room for the prompt.
pub(super) const SHORT: &str = "\
See what threads do: one job on one worker, then on several, on one time axis.

Usage: threadline [OPTIONS] [USERNAME]   followers of a GitHub user, or a demo
       threadline [OPTIONS] URL          the pages of any list (help apis)
       threadline sweep [USERNAME|URL]   how many threads are worth it?
       threadline exec -- 'CMD'...       your own commands, side by side
       threadline watch -- CMD | -p PID  the threads of a program of yours
       threadline learn [LESSON]         nine lessons: predict, run, compare
       threadline replay FILE | serve    a recording; the built-in server alone
       threadline help [TOPIC]           the documentation; completions | man

Options (--help lists all):
      --mode <MODE>      race, sequential, threads, gil, processes or sweep
      --workload <KIND>  followers, cpu, native or mixed
      --threads <N>      workers, or auto; for a sweep 1,2,4 or 1..32
      --plain            no screen: a short report (--json: everything)
      --svg <FILE>       write the picture (also --trace, --report)
      --record <FILE>    record everything, for threadline replay
  -o, --output <FILE>    write the followers or items (.csv, .json or .ndjson)

Examples (press ? on the screen for the keys):
  threadline                    a race on the built-in server: no network
  threadline watch -- python app.py     every thread of your program
";

pub(super) const LONG_ABOUT: &str = "\
See what threads do: one job on one worker, then on several, drawn live on one time axis.

The job is fetching the followers of a GitHub user, or the pages of a list at a URL. Without either, \
a built-in server answers: no network, no token. With --workload cpu, native or mixed the job is CPU work, in four modes: \
sequential, threads, threads under a GIL, processes. The GIL is a model that follows CPython's \
protocol; threadline watch shows the real threads of your own program.

Without a terminal (stdout is a pipe or a file, or TERM=dumb) it prints what --plain prints.";

pub(super) const AFTER_LONG: &str = "\
Examples:
  threadline                                     a race on the built-in server
  threadline octocat                             a race against api.github.com
  threadline octocat --threads 16 --per-page 100
  threadline octocat --threads auto              find the thread count while fetching
  threadline octocat --plain                     times and a short report
  threadline octocat --json > race.json          everything measured (threadline help automation)
  threadline octocat -o followers.csv
  threadline octocat -o - | head                 the followers as NDJSON, no screen
  threadline octocat --trace run.json --svg run.svg --report run.md
  threadline octocat --api-url https://HOST/api/v3    GitHub Enterprise Server
  threadline 'https://api.example.com/items?page={1..60}' -o items.ndjson    any list
  threadline sweep                               how many threads are worth it? (--mode sweep)
  threadline sweep octocat --threads 1,2,4,8 --repeats 5 --plain --yes
  threadline --workload cpu                      what threads, a GIL and processes do to CPU work
  threadline --workload native --mode gil --switch-interval 1ms
  threadline --simulate --mode gil --slow 50     the GIL in slow motion, reproducible
  threadline octocat --narrate                   for a screen reader
  threadline --print-keys                        the key bindings, for the configuration file
  threadline --record run.jsonl                  then: threadline replay run.jsonl
  threadline exec -j 4 -- 'make a' 'make b'      your own commands (threadline exec --help)
  threadline watch -- python app.py              your own program (threadline watch --help)
  threadline learn                               nine lessons: predict, run, compare
  threadline help gil                            a page of the documentation

Output:
  Results go to stdout; progress and errors go to stderr, and so does the report beside \"-o -\".
  --plain starts with single_threaded time(sec), multi_threaded time(sec) and the count of both.
  A file is written whole or not at all. Followers of a failed run are written and reported as
  partial.

Exit codes:
  0      success; on the screen, also after a run that you stopped
  1      nothing was fetched or computed, or nothing could be written
  2      unusable arguments, username, address, token or proxy; a sweep that costs requests and
         that was not confirmed
  3      no such user
  4      the token was not accepted, or the request was forbidden
  5      a rate limit that was not waited for, or too few requests left
  6      partial: some pages or tasks are missing; with -o, also after a run that you stopped
  128+n  ended by signal n, with what was fetched until then (130: Ctrl-C)

Environment:
  GH_TOKEN, GITHUB_TOKEN    the access token, the first that is set; sent to the API host only
  GITHUB_API_URL            the API address, if --api-url is not given
  HTTPS_PROXY, ALL_PROXY    the proxy for the API, the first that is set: http://HOST:PORT or
                            http://USER:PASSWORD@HOST:PORT; for an http API, HTTP_PROXY, ALL_PROXY
  NO_PROXY                  hosts without proxy, separated by commas; a domain includes its
                            subdomains, * is all; never used for this machine
  https_proxy, all_proxy, http_proxy, no_proxy    the same, if the upper-case name is not set
  ACCESSIBLE=1              sentences for a screen reader instead of the screen, as --narrate
  XDG_CONFIG_HOME           the directory of the configuration, default ~/.config
  XDG_STATE_HOME            the directory of the lessons that are done, default ~/.local/state
  PAGER                     shows the pages of threadline help, default less
  TERM=dumb                 no screen, no pager
  NO_COLOR, CLICOLOR_FORCE, COLORTERM    the colours of the screen
  COLORFGBG                 the background of the terminal, for --theme auto";

pub(super) const API_URL: &str =
    "Use this API [default: $GITHUB_API_URL, else https://api.github.com]";

pub(super) const API_URL_LONG: &str = "\
Use this API [default: $GITHUB_API_URL, else https://api.github.com]

For GitHub Enterprise Server, https://HOST/api/v3. Needs a USERNAME. A token is sent over https only, \
except to this machine.";

pub(super) const OUTPUT: &str = "\
Write the followers to FILE: .csv, .json (one array) or .ndjson (one per line); the items of a list as \
.json or .ndjson, each as the server wrote it

- writes NDJSON to stdout, without a screen; the report goes to stderr.";

pub(super) const NARRATE: &str = "\
No screen: sentences for a screen reader

stderr gets one sentence per line while it runs, without redrawing or colours, and in the end what each \
lane did. stdout gets the output of --plain or --json. ACCESSIBLE=1 in the environment does the same \
if stderr is a terminal.";

pub(super) const CONFIG_PLACE: &str =
    "Defaults are read from $XDG_CONFIG_HOME/threadline/config.toml.";

pub(super) const CONFIG: &str = "\
Read this configuration [default: $XDG_CONFIG_HOME/threadline/config.toml]

Without XDG_CONFIG_HOME, ~/.config/threadline/config.toml. --config /dev/null reads none. The file may \
have theme, ascii, mouse, reduced-motion, threads, per-page, and [keys] as --print-keys prints them. \
The command line overrides it.";

pub(super) const COMPLETIONS: &str = "\
Print shell completions

The examples show the usual places; the manual of your shell knows others.";

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
Run your own commands, one by one and side by side

Every command runs twice: first one after another, then up to N at once, to compare the times. The \
commands must not depend on each other. For commands that must not run twice, use --only parallel.";

pub(super) const EXEC_AFTER: &str = "\
Examples:
  threadline exec -- 'sleep 1' 'sleep 2' 'make -C docs'
  threadline exec -j 4 --only parallel -- 'gzip -k a.log' 'gzip -k b.log' 'gzip -k c.log'
  threadline exec --only parallel --from commands.txt     one command per line; # starts a comment
  find . -name '*.png' | sed \"s/.*/optipng -q '&'/\" | threadline exec --only parallel --from -
  threadline exec --json -- './test 1' './test 2' > times.json

Each command is run by sh -c, without input, in a process group of its own. Its output is kept up to \
1 MiB; of more, the first 256 KiB and the last 768 KiB. Enter shows it for the selected lane. After \
the screen, and without one, the output of all commands of the last run is printed, then the report.

x, q, Ctrl-C and the signals that end a program also end the commands: SIGTERM, then SIGKILL after \
0.2 s. Background children keep running, and so do commands that called setsid. A command that reads \
from the terminal, or writes to /dev/tty, is stopped.

Exit codes:
  0      every command succeeded; on the screen, also if you stopped before all had run
  1      a command failed: each is named on stderr
  2      unusable arguments, or no commands
  128+n  ended by signal n";

pub(super) const WATCH: &str = "\
Watch the threads of a program of yours: every thread a lane, on one time axis

Either a program that threadline starts, or with -p one that runs already. Linux only; it needs no \
root, no change of the program, and no special build.";

pub(super) const WATCH_AFTER: &str = "\
Examples:
  threadline watch -- python app.py
  threadline watch -p 4711                       a process that runs; it continues afterwards
  threadline watch -p postgres --duration 10s --plain
  threadline watch --record run.jsonl -- ./server --port 8080
  threadline watch --json -- make test > threads.json
  threadline watch --check -p 4711               what can be seen of it, and why not more

CMD is run as it is, without a shell. On the screen it gets a terminal of its own: its output is shown \
beside the lanes and printed after the screen, escaped, up to 1 MiB. Output that is redirected is \
passed through; without a screen, its stdout goes to stderr, because stdout has the report. Its input \
is empty, unless stdin is redirected: run an interactive program in another terminal, and watch it \
with -p.

On the screen, x asks CMD to end (SIGTERM), and x again offers to kill it; d lets it go on without \
threadline; q asks which. Ctrl-C and the signals that end a program end CMD, too: SIGTERM, then \
SIGKILL after 2 s, and so does --duration. What CMD leaves in the background ends with threadline. A \
process that -p names is never touched.

Exit codes:
  0      success of CMD; with -p always
  n      the exit code of CMD
  126    CMD cannot be executed
  127    there is no CMD
  2      unusable arguments, or no such process
  128+n  CMD or threadline was ended by signal n";

pub(super) const LEARN: &str = "\
Predict what threads do, run it, and compare: nine lessons of two minutes

Each begins with a claim and a question, which you answer before anything runs. Then the runs are drawn \
beside your prediction, and two sentences say why. A second, harder question follows.";

pub(super) const LEARN_NARRATE: &str = "\
No screen: sentences for a screen reader

stdout gets what --plain prints, and stderr one sentence per line about the runs. ACCESSIBLE=1 in the \
environment does the same if stderr is a terminal.";

pub(super) const LEARN_AFTER: &str = "\
Examples:
  threadline learn                               the list, to choose from
  threadline learn 4                             the fourth lesson at once; threadline learn gil
  threadline learn --list                        what each asks, and which are done
  threadline learn 4 --plain                     as text; the answers are read from stdin
  threadline learn 4 --narrate                   for a screen reader: the runs in sentences, too
  threadline learn my-lesson.toml                a lesson of your own (threadline help lessons)
  threadline learn --reset                       forget which lessons are done

A digit chooses an answer, and Enter confirms it; a number may be typed instead. Esc leaves a lesson at any \
moment, and e writes its end as a picture. Most lessons run on the built-in server or on a simulated \
machine; the last one watches a Python program, or plays a recording of it if there is no python3.

The lessons that are done are kept in $XDG_STATE_HOME/threadline/lessons.toml, by default below \
~/.local/state.

Exit codes:
  0      the lessons were left, done or not
  1      the list of finished lessons could not be deleted
  2      no such lesson, or a wrong file
  128+n  ended by signal n (130: Ctrl-C)";

pub(super) const REPLAY_AFTER: &str = "\
Examples:
  threadline octocat --record run.jsonl
  threadline replay run.jsonl
  threadline replay run.jsonl --speed 0.2
  threadline replay run.jsonl --json > race.json

On the screen, Space pauses, ( and ) jump by a twentieth, [ and ] by one event, < and > change the \
speed, and r starts again. Without a screen, the report and the exit code are those of the last run \
in the recording.

A recording that is damaged or cut off is read up to the damage.";

pub(super) const SERVE: &str = "\
Run the built-in server alone, for curl or another client

It knows one user, aaronlelevier, and answers on 127.0.0.1 like GitHub: /users/USER, \
/users/USER/followers and /rate_limit. It prints its address and runs until it is stopped (Ctrl-C, \
SIGTERM), with exit code 0.";

const SERVE_EXAMPLES: &str = "\
Examples:
  threadline serve --port 8080
  threadline serve --followers 3000 --latency 50ms --jitter 20ms --seed 7
  threadline serve --followers 6000 --latency 50ms --at-once 8    a service with a capacity of 8
  threadline serve --port 8080 --faults faults.json
  threadline aaronlelevier --api-url http://127.0.0.1:8080 --threads 16

A latency profile is a JSON file, in milliseconds; after its last page it starts again:
  {\"profile_ms\":250,\"pages\":[{\"wait_ms\":900,\"receive_ms\":100}]}

Faults are a JSON file, too:
  {\"faults\":[{\"page\":3,\"fault\":\"status\",\"status\":502},{\"every\":10,\"fault\":\"reset\"}]}
\"page\" (a number, or \"profile\"), \"from\" (a page and all after it) or \"every\" (each n-th page) \
select the requests; without them, all. A page meets a fault \"times\" times (default 1; 0: always), \
then it is answered well once, then it starts again. If several faults apply, the first in the file \
wins. The faults, with their own keys and defaults:
";

/// Returns the text after the options of `threadline serve`: examples and faults.
pub(super) fn serve_after() -> String {
    let fault = |kind: &FaultDescription| {
        let FaultDescription { name, does, keys } = kind;
        let keys = if keys.is_empty() { String::new() } else { format!(" ({})", keys.join(", ")) };
        format!("\n  {name:15} {does}{keys}")
    };
    SERVE_EXAMPLES.to_owned() + &FAULT_DESCRIPTIONS.iter().map(fault).collect::<String>()
}
