//! The report in GitHub-flavored Markdown: totals, the verdict, worker time by state, the slowest
//! attempts, the errors and the environment. Untrusted text is escaped, so that it contains no links,
//! mentions, headings or table columns.

mod program;

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Comparison, ReportSubject, median_and_p95, plain, time_in};
use crate::analysis::{Attempt, Sweep, plural, verdict};
use crate::model::printable::{escape_controls, printable};
use crate::model::{Nanos, Plan, Run, State, Workload};

/// The maximum number of slowest attempts listed.
const MAX_SLOWEST_TASKS: usize = 10;

/// The maximum number of errors listed; the trace contains all of them.
const MAX_ERRORS: usize = 50;

/// Writes the report, or nothing if no run has started.
pub fn write(out: &mut dyn Write, subject: &ReportSubject<'_>) -> io::Result<()> {
    let runs: Vec<&Run> = subject.runs.iter().filter(|run| run.has_started()).collect();
    let Some(first) = runs.first() else { return Ok(()) };
    if first.program().is_some() {
        return program::write(out, subject, first);
    }
    let workload = first.plan().workload();
    writeln!(out, "# {}\n", report_title(subject, workload))?;
    if let Some(task) = plain::describe_task(first, subject.cores) {
        writeln!(out, "{task}.\n")?;
    }
    if let Some(conclusion) = subject.conclusion() {
        writeln!(out, "{}", inline_sentence(&conclusion.sentence()))?;
        let details = conclusion.details();
        writeln!(out, "{}\n", if details.is_empty() { details } else { details + "." })?;
    }
    if let Some(sweep) = subject.sweep {
        write_sweep(out, sweep, first.plan())?;
    }
    write_totals(out, subject, &runs, workload)?;
    write_states(out, subject, &runs)?;
    write_slowest(out, &runs)?;
    write_errors(out, &runs)?;
    write_machine(out, subject, first)
}

/// Writes the results of a sweep. All later sections of the report describe its last trial.
fn write_sweep(out: &mut dyn Write, sweep: &Sweep, plan: &Plan) -> io::Result<()> {
    let mut table = Vec::new();
    plain::sweep::write(&mut table, sweep, plan)?;
    let table = code_block("text", String::from_utf8_lossy(&table).trim());
    writeln!(out, "## Sweep\n\n{table}\nThe sections below describe the last trial.\n")
}

fn report_title(subject: &ReportSubject<'_>, workload: Workload) -> String {
    let list = subject.runs.iter().find_map(|run| run.plan().work.list());
    if let Some(list) = list {
        return format!("Items of {}", escape_inline(&list.url));
    }
    match subject.target.filter(|_| workload.is_fetched()) {
        Some(target) => {
            format!(
                "Followers of {} at {}",
                escape_inline(&target.user),
                escape_inline(&target.api)
            )
        }
        None => workload.spec().heading.to_owned(),
    }
}

/// Formats the verdict in bold, or escapes it if it may quote a server.
fn inline_sentence(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let is_plain = |c: char| c.is_alphanumeric() || " .,;:%()/-\"".contains(c);
    if sentence.chars().all(is_plain) && !sentence.contains("://") {
        format!("**{sentence}.**")
    } else {
        escape_inline(sentence)
    }
}

fn write_row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    writeln!(out, "| {} |", cells.join(" | "))
}

/// Writes the header of a table. The first `words` columns are left-aligned text, the others figures.
fn write_table_head(
    out: &mut dyn Write,
    section: &str,
    columns: &[&str],
    words: usize,
) -> io::Result<()> {
    let rule = |at| if at < words { "---" } else { "---:" };
    let rule: Vec<&str> = (0..columns.len()).map(rule).collect();
    writeln!(out, "## {section}\n\n| {} |\n| {} |", columns.join(" | "), rule.join(" | "))
}

fn write_totals(
    out: &mut dyn Write,
    subject: &ReportSubject<'_>,
    runs: &[&Run],
    workload: Workload,
) -> io::Result<()> {
    let tasks = workload.spec().tasks;
    let results = runs.first().and_then(|run| run.result_names());
    let items = results.map_or("failed", |[_, results]| results);
    let columns =
        ["mode", "time", tasks, items, "per second", "median", "p95", "speed-up", "efficiency"];
    write_table_head(out, "Totals", &columns, 1)?;
    for &run in runs {
        let elapsed = subject.elapsed(run);
        let items = if results.is_some() {
            run.progress().result_count()
        } else {
            run.failed_tasks().into()
        };
        let [median, p95] = median_and_p95(run);
        let compared = Comparison::for_run(subject.runs, run).and_then(Comparison::texts);
        let [speed_up, efficiency] = compared.unwrap_or_else(|| ["-", "-"].map(str::to_owned));
        write_row(
            out,
            &[
                run.plan().name(),
                elapsed.to_string(),
                run.count_of_all(run.ended_tasks()),
                items.to_string(),
                format!("{:.2}", run.rate(elapsed)),
                median,
                p95,
                speed_up,
                efficiency,
            ],
        )?;
    }
    for run in runs.iter().filter(|run| run.progress().requests_past_end() > 0) {
        let requests = plural::count(run.progress().requests_past_end(), "request");
        writeln!(out, "\n{}: {requests} past the end of the list.", run.plan().name())?;
    }
    writeln!(out)
}

/// Writes the time of all lanes by state.
fn write_states(out: &mut dyn Write, subject: &ReportSubject<'_>, runs: &[&Run]) -> io::Result<()> {
    let all = |run: &Run| subject.elapsed(run).0.saturating_mul(run.lanes().len() as u64);
    let time_in = |run: &Run, state| time_in(run, state, subject.elapsed(run));
    let there = |state: &State| runs.iter().any(|run| time_in(run, *state) > Nanos::ZERO);
    let states: Vec<State> = State::ALL.into_iter().filter(there).collect();
    let words: Vec<&str> = states.iter().map(|state| state.label()).collect();
    let mut columns = vec!["mode"];
    columns.extend(words);
    write_table_head(out, "Worker time by state", &columns, 1)?;
    for &run in runs {
        let share = |&state: &State| {
            let time = time_in(run, state);
            let share = time.0 as f64 * 100.0 / all(run).max(1) as f64;
            if time == Nanos::ZERO { "-".to_owned() } else { format!("{time} ({share:.0} %)") }
        };
        let mut cells = vec![run.plan().name()];
        cells.extend(states.iter().map(share));
        write_row(out, &cells)?;
    }
    writeln!(out)
}

/// Returns the name of an attempt's task, escaped for a table.
fn attempt_label(attempt: &Attempt<'_>) -> String {
    let plan = attempt.run.plan();
    match plan.command(attempt.span.task) {
        Some(command) => escape_inline(command),
        None => plan.label(attempt.span.task),
    }
}

fn write_slowest(out: &mut dyn Write, runs: &[&Run]) -> io::Result<()> {
    let mut attempts: Vec<(Nanos, Attempt<'_>)> = Vec::new();
    for &run in runs {
        let ended = run.attempts().into_iter();
        attempts
            .extend(ended.filter_map(|attempt| {
                Some((attempt.span.end?.since(attempt.span.start), attempt))
            }));
    }
    if attempts.is_empty() {
        return Ok(());
    }
    attempts.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    let columns = ["task", "mode", "worker", "outcome", "attempt", "start", "duration"];
    write_table_head(out, "Slowest attempts", &columns, 4)?;
    for (took, attempt) in attempts.iter().take(MAX_SLOWEST_TASKS) {
        write_row(
            out,
            &[
                attempt_label(attempt),
                attempt.run.plan().name(),
                attempt.run.worker_name(attempt.lane.0),
                attempt.outcome_word().to_owned(),
                attempt.span.attempt.to_string(),
                attempt.span.start.to_string(),
                took.to_string(),
            ],
        )?;
    }
    writeln!(out)
}

fn write_errors(out: &mut dyn Write, runs: &[&Run]) -> io::Result<()> {
    let mut failed = Vec::new();
    for &run in runs {
        failed.extend(
            run.attempts()
                .into_iter()
                .filter_map(|attempt| Some((attempt, attempt.outcome().reported_failure()?))),
        );
    }
    if failed.is_empty() {
        return Ok(());
    }
    write_table_head(out, "Errors", &["task", "mode", "error", "attempt", "at"], 3)?;
    for (attempt, error) in failed.iter().take(MAX_ERRORS) {
        let at = attempt.span.end.unwrap_or(attempt.span.start).to_string();
        let (mode, number) = (attempt.run.plan().name(), attempt.span.attempt.to_string());
        write_row(out, &[attempt_label(attempt), mode, escape_inline(&error.message), number, at])?;
    }
    if let Some(more) = failed.len().checked_sub(MAX_ERRORS).filter(|&more| more > 0) {
        writeln!(out, "\n{more} more; the trace contains all of them.")?;
    }
    writeln!(out)
}

fn write_machine(out: &mut dyn Write, subject: &ReportSubject<'_>, first: &Run) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    writeln!(out, "## Environment\n")?;
    writeln!(out, "- threadline {version}, {system} on {processor}")?;
    let simulated = first.plan().work.compute().and_then(|compute| compute.simulation);
    // The cores of a simulated machine are part of the description above.
    if let Some(cores) = subject.cores.filter(|_| simulated.is_none()) {
        writeln!(out, "- {}", plural::count(cores, "core"))?;
    }
    if let Some(target) = first.plan().work.target() {
        writeln!(out, "- {} followers per page", target.per_page)?;
    }
    let is_incomplete = |run: &&Run| {
        run.has_started() && !run.is_comparable() && (run.program().is_none() || !run.is_over())
    };
    for run in subject.runs.iter().filter(is_incomplete) {
        let state = if run.is_over() { "incomplete" } else { "still running" };
        writeln!(
            out,
            "- {state}: {}, {}",
            run.plan().name(),
            escape_inline(&verdict::incomplete_reason(run))
        )?;
    }
    writeln!(out, "\n{}", code_block("sh", subject.command).trim_end())
}

/// Formats text as inline code, so that it contains no mentions, links or elements. A code span with a
/// long enough fence suffices, except for `|`, which separates table columns even inside code.
fn escape_inline(text: &str) -> String {
    let text = printable(text);
    if text.contains('|') || text.is_empty() {
        return escape_entities(&text);
    }
    let fence = code_fence(&text, 1);
    // A backtick next to the fence would extend it. Markdown strips the space.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Formats text as a `<code>` element with all special characters of Markdown as entities.
fn escape_entities(text: &str) -> String {
    let mut safe = String::from("<code>");
    for (at, c) in text.char_indices() {
        let is_www = || text.get(..at).is_some_and(|before| before.ends_with("www"));
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '@' | '!'
            | ':' | '$' => push_entity(c, &mut safe),
            '.' if is_www() => push_entity(c, &mut safe),
            _ => safe.push(c),
        }
    }
    safe + "</code>"
}

fn push_entity(c: char, safe: &mut String) {
    // Writing to a String cannot fail.
    _ = write!(safe, "&#{};", u32::from(c));
}

/// Returns at least `least` backticks, and more than any run of backticks in the text.
fn code_fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

/// Formats a code block whose fence cannot occur in the text.
fn code_block(language: &str, text: &str) -> String {
    let fence = code_fence(text, 3);
    let lines: Vec<String> = text.lines().map(escape_controls).collect();
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_text_contains_no_markdown() {
        let hostile = "a|b `c` [d](http://e) <b> @f #1 **g** www.h \u{1b}[2J\n# i";
        assert_eq!(
            escape_inline(hostile),
            "<code>a&#124;b &#96;c&#96; &#91;d&#93;(http&#58;//e) &#60;b&#62; &#64;f &#35;1 \
             &#42;&#42;g&#42;&#42; www&#46;h &#92;u{1b}&#91;2J &#35; i</code>"
        );
        let hostile = "b `c` [d](http://e) <b> @f ```g``` \u{1b}[2J\n# i";
        assert_eq!(
            escape_inline(hostile),
            "````b `c` [d](http://e) <b> @f ```g``` \\u{1b}[2J # i````"
        );
        assert_eq!(escape_inline("http://127.0.0.1:1/$a"), "`http://127.0.0.1:1/$a`");
        assert_eq!(escape_inline("`"), "`` ` ``");
        assert_eq!(escape_inline("octo-cat.1"), "`octo-cat.1`");
    }

    #[test]
    fn text_cannot_end_a_code_block() {
        assert_eq!(code_block("sh", "a\n```\n\u{1b}b"), "````sh\na\n```\n\\u{1b}b\n````\n");
        assert_eq!(code_block("", "a"), "```\na\n```\n");
    }
}
