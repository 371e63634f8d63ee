//! Counts with their nouns, and enumerations.

/// Returns a count with its noun: `1 page`, `2 pages`, `4 processes`.
pub fn count(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {}", self::noun(count, noun))
}

/// Returns a count with its noun and its verb: `1 page was`, `2 pages were`.
pub fn was(count: impl TryInto<u64>, noun: &str) -> String {
    with_verb(count, noun, ["was", "were"])
}

/// Returns a count with its noun and its verb: `1 page is`, `2 pages are`.
pub fn is(count: impl TryInto<u64>, noun: &str) -> String {
    with_verb(count, noun, ["is", "are"])
}

/// Returns a count with its noun and its verb: `1 thread waits`, `2 threads wait`.
pub fn waits(count: impl TryInto<u64>, noun: &str) -> String {
    with_verb(count, noun, ["waits", "wait"])
}

fn with_verb(count: impl TryInto<u64>, noun: &str, [one, many]: [&str; 2]) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{} {}", self::count(count, noun), if count == 1 { one } else { many })
}

/// Returns a text with a capital first letter, as the start of a sentence.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// Returns the noun alone, in the number that fits the count.
pub fn noun(count: impl TryInto<u64>, noun: &str) -> String {
    let ending = match noun {
        _ if count.try_into().is_ok_and(|count| count == 1) => "",
        _ if noun.ends_with(['s', 'x']) => "es",
        _ => "s",
    };
    format!("{noun}{ending}")
}

/// Returns items as in a sentence: `a`, `a and b`, `a, b and c`. Returns `None` if there are none.
pub fn enumeration(items: &[String]) -> Option<String> {
    let (last, others) = items.split_last()?;
    if others.is_empty() {
        return Some(last.clone());
    }
    Some(format!("{} and {last}", others.join(", ")))
}
