//! A conclusion: what was found, the check of the results, and what to try next.

use super::{Suggestion, plural};

/// A conclusion from runs, worded the same on the screen, after it, and in reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    /// The finding and its cause. The first clause has the figure; the last ones can be dropped.
    pub(super) clauses: Vec<Clause>,
    /// The main finding without what leads to it, from the longest form to the shortest: for rows that
    /// have no room for all clauses.
    pub(super) short_forms: Vec<String>,
    /// The agreement of the results, and remarks.
    pub(super) checks: Vec<String>,
    /// The suggestions, the best first.
    pub(super) suggestions: Vec<Suggestion>,
}

/// A part of a sentence, which can end before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// The text between this clause and the one before: `: `.
    joint: &'static str,
    text: String,
    /// A figure that more figures can follow.
    is_figure: bool,
}

impl Clause {
    /// The text before a cause.
    const CAUSE: &'static str = ": ";

    /// The text before a continuation.
    const MORE: &'static str = ", ";

    /// Creates a clause that gives the cause of the one before.
    pub(super) const fn cause(text: String) -> Self {
        Self { joint: Self::CAUSE, text, is_figure: false }
    }

    /// Returns `true` if this is the cause of the clause before.
    pub(super) fn is_cause(&self) -> bool {
        self.joint == Self::CAUSE
    }

    /// Returns `true` if this continues the clause before.
    pub(super) fn is_more(&self) -> bool {
        self.joint == Self::MORE
    }

    /// Appends to the text, so that what is added is never dropped without it.
    pub(super) fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Creates a clause about something else.
    pub(super) const fn other(text: String) -> Self {
        Self { joint: "; ", text, is_figure: false }
    }

    /// Creates a clause that is a sentence of its own.
    pub(super) fn sentence(text: &str) -> Self {
        Self { joint: ". ", text: plural::capitalized(text), is_figure: false }
    }

    /// Creates a clause with the figure of something else, which can be followed by more.
    pub(super) const fn figure(text: String) -> Self {
        Self { joint: "; ", text, is_figure: true }
    }

    /// Returns `true` if this is a figure of a list.
    pub(super) const fn is_figure(&self) -> bool {
        self.is_figure
    }

    /// Creates a clause in parentheses.
    pub(super) const fn aside(text: String) -> Self {
        Self { joint: " ", text, is_figure: false }
    }

    /// Creates a clause that continues the one before.
    pub(super) const fn more(text: String) -> Self {
        Self { joint: Self::MORE, text, is_figure: false }
    }
}

impl Conclusion {
    /// Creates a conclusion of a text alone.
    pub fn of_text(text: String) -> Self {
        Self { clauses: vec![Clause::other(text)], ..Self::default() }
    }

    /// Returns the whole sentence, then its main finding alone, if that does not lead it, then the
    /// sentence with fewer and fewer clauses, without a full stop.
    pub fn sentence_forms(&self) -> impl Iterator<Item = String> {
        let mut counts = (1..=self.clauses.len()).rev();
        let whole = counts.next().map(|count| self.sentence_of(count));
        let short = self.short_forms.iter().map(|form| plural::capitalized(form));
        whole.into_iter().chain(short).chain(counts.map(|count| self.sentence_of(count)))
    }

    /// Returns the sentence of the first `count` clauses.
    fn sentence_of(&self, count: usize) -> String {
        let mut sentence = String::new();
        for Clause { joint, text, .. } in self.clauses.iter().take(count) {
            if !sentence.is_empty() {
                sentence.push_str(joint);
            }
            sentence.push_str(text);
        }
        plural::capitalized(&sentence)
    }

    /// Returns the whole sentence, without a full stop.
    pub fn sentence(&self) -> String {
        self.sentence_forms().next().unwrap_or_default()
    }

    /// Returns the check of the results and the remarks. Empty if there are none.
    pub fn checks(&self) -> String {
        self.checks.join("; ")
    }

    /// The suggestions, the best first.
    pub fn suggestions(&self) -> &[Suggestion] {
        &self.suggestions
    }

    /// Returns the suggestions with the options that follow them:
    /// `Next: 3 workers (--threads 3), CPU work (--workload cpu)`. Empty if there are none.
    pub fn options_text(&self) -> String {
        let each = self.suggestions.iter().map(|one| match one.option() {
            Some(option) => format!("{one} ({option})"),
            None => one.to_string(),
        });
        let all = each.collect::<Vec<_>>().join(", ");
        if all.is_empty() { all } else { format!("Next: {all}") }
    }

    /// Returns the checks and the suggestions for the line after the sentence, without a full stop.
    /// Empty if there are neither.
    pub fn details(&self) -> String {
        let parts = [plural::capitalized(&self.checks()), self.options_text()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(". ")
    }
}
