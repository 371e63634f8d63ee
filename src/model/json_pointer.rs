//! JSON Pointers (RFC 6901), which find values in a body as the server wrote them, and a description of what
//! is there instead.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use super::printable::{printable, printable_up_to};

/// The maximum number of member names in a description.
const MAX_NAMES: usize = 6;

/// The maximum length of a member name in a description, in characters.
const MAX_NAME_CHARS: usize = 40;

/// The maximum depth at which an array is suggested.
const MAX_SUGGESTION_DEPTH: usize = 3;

/// A JSON Pointer, such as `/data/items`. The empty one is the whole body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JsonPointer {
    tokens: Vec<Box<str>>,
}

/// The reason why a text is not a JSON Pointer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PointerError {
    /// The first character is not a slash.
    #[error("a pointer begins with a slash; write {0}")]
    NoSlash(String),
    /// A `~` is not part of an escape.
    #[error("in a pointer, write ~ as ~0 (and a / in a name as ~1)")]
    InvalidEscape,
}

/// The description of a value and its place: of what a pointer finds, or of the last value on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPlace {
    /// The place.
    pub pointer: JsonPointer,
    /// The value there: `an object with "nodes", "total"`.
    pub description: String,
    /// The value itself if it is an array, or the nearest array below it.
    pub array: Option<JsonPointer>,
}

impl JsonPointer {
    /// Returns the value at the pointer.
    ///
    /// # Errors
    ///
    /// Returns the last value on the way if one of the names does not exist.
    pub fn find<'body>(&self, body: &'body RawValue) -> Result<&'body RawValue, Box<JsonPlace>> {
        self.get(body).ok_or_else(|| {
            let known = (0..self.tokens.len()).rev().find_map(|depth| {
                let tokens = self.tokens.iter().take(depth).cloned().collect();
                let parent = Self { tokens };
                parent.get(body).map(|value| JsonPlace::new(parent, value))
            });
            Box::new(known.unwrap_or_else(|| JsonPlace::new(Self::default(), body)))
        })
    }

    /// Returns the value at the pointer, or `None` without a reason, which takes longer to find.
    pub(super) fn get<'body>(&self, body: &'body RawValue) -> Option<&'body RawValue> {
        self.tokens.iter().try_fold(body, |value, token| child(value, token))
    }

    /// Returns the pointer to a member of the value at this pointer.
    pub(super) fn join(&self, name: &str) -> Self {
        let tokens = self.tokens.iter().cloned().chain([name.into()]).collect();
        Self { tokens }
    }
}

impl JsonPlace {
    /// Describes a value and its place.
    pub fn new(pointer: JsonPointer, value: &RawValue) -> Self {
        let array = nearest_array(&pointer, value);
        Self { pointer, description: describe(value), array }
    }
}

/// The place and its value: `"/data" is an object with "nodes"`.
impl fmt::Display for JsonPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, description, .. } = self;
        if pointer.tokens.is_empty() {
            return write!(f, "the body is {description}");
        }
        write!(f, "\"{}\" is {description}", printable(&pointer.to_string()))
    }
}

impl FromStr for JsonPointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let Some(names) = text.strip_prefix('/') else {
            if text.is_empty() {
                return Ok(Self::default());
            }
            // As jq, JSONPath and URI fragments write it.
            let path = text.trim_start_matches(['$', '#', '.', '/']).replace(['.', '['], "/");
            return Err(PointerError::NoSlash(printable(&format!("/{}", path.replace(']', "")))));
        };
        let token = |name: &str| {
            let is_escaped = |rest: &str| rest.starts_with(['0', '1']);
            if !name.split('~').skip(1).all(is_escaped) {
                return Err(PointerError::InvalidEscape);
            }
            Ok(name.replace("~1", "/").replace("~0", "~").into())
        };
        names.split('/').map(token).collect::<Result<_, _>>().map(|tokens| Self { tokens })
    }
}

impl fmt::Display for JsonPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens
            .iter()
            .try_for_each(|token| write!(f, "/{}", token.replace('~', "~0").replace('/', "~1")))
    }
}

impl TryFrom<String> for JsonPointer {
    type Error = PointerError;

    fn try_from(text: String) -> Result<Self, PointerError> {
        text.parse()
    }
}

impl From<JsonPointer> for String {
    fn from(pointer: JsonPointer) -> Self {
        pointer.to_string()
    }
}

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonKind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl JsonKind {
    pub(super) fn from_raw(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Self::String,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

/// Calls a function with each member of an object, or with each element of an array, which has no name. Only
/// the value itself is parsed, so the depth of its children does not matter.
pub(super) fn for_each_child<'body>(
    value: &'body RawValue,
    f: impl FnMut(Option<Cow<'body, str>>, &'body RawValue),
) {
    if matches!(JsonKind::from_raw(value), JsonKind::Object | JsonKind::Array) {
        let mut parser = serde_json::Deserializer::from_str(value.get());
        // This cannot fail: the text has been parsed before.
        _ = parser.deserialize_any(ChildVisitor(f));
    }
}

struct ChildVisitor<F>(F);

/// A name that is borrowed from the body unless it has escapes.
#[derive(Deserialize)]
struct MemberName<'body>(#[serde(borrow)] Cow<'body, str>);

impl<'body, F> Visitor<'body> for ChildVisitor<F>
where
    F: FnMut(Option<Cow<'body, str>>, &'body RawValue),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'body>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some((MemberName(name), value)) = members.next_entry()? {
            (self.0)(Some(name), value);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'body>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element()? {
            (self.0)(None, value);
        }
        Ok(())
    }
}

/// Returns a member of an object, the last of several with the same name, or an element of an array.
fn child<'body>(value: &'body RawValue, token: &str) -> Option<&'body RawValue> {
    let index = token.parse::<usize>().ok().filter(|index| index.to_string() == token);
    let (mut found, mut position) = (None, 0);
    for_each_child(value, |name, child| {
        let is_match = match name {
            Some(name) => name == token,
            None => index == Some(position),
        };
        if is_match {
            found = Some(child);
        }
        position += 1;
    });
    found
}

/// Returns a pointer to the array that is nearest to the surface of a value, which may be one itself.
fn nearest_array(pointer: &JsonPointer, value: &RawValue) -> Option<JsonPointer> {
    if JsonKind::from_raw(value) == JsonKind::Array {
        return Some(pointer.clone());
    }
    let mut level = vec![(pointer.clone(), value)];
    for _ in 0..MAX_SUGGESTION_DEPTH {
        let mut below = Vec::new();
        for (pointer, value) in level {
            let mut names = 0;
            for_each_child(value, |name, child| {
                let kind = JsonKind::from_raw(child);
                if let Some(name) = name.filter(|_| names < 100)
                    && matches!(kind, JsonKind::Object | JsonKind::Array)
                {
                    below.push((pointer.join(&name), child));
                    names += 1;
                }
            });
        }
        let array = below.iter().find(|(_, child)| JsonKind::from_raw(child) == JsonKind::Array);
        if let Some((pointer, _)) = array {
            return Some(pointer.clone());
        }
        level = below;
    }
    None
}

fn describe(value: &RawValue) -> String {
    match JsonKind::from_raw(value) {
        JsonKind::Object => {
            let (mut names, mut count) = (Vec::new(), 0);
            for_each_child(value, |name, _| {
                if let Some(name) = name.filter(|_| count < MAX_NAMES) {
                    names.push(format!("\"{}\"", printable_up_to(&name, MAX_NAME_CHARS)));
                }
                count += 1;
            });
            match count {
                0 => "an empty object".to_owned(),
                1..=MAX_NAMES => format!("an object with {}", names.join(", ")),
                _ => format!("an object with {} and {} more", names.join(", "), count - MAX_NAMES),
            }
        }
        JsonKind::Array => "an array".to_owned(),
        JsonKind::String => "a string".to_owned(),
        JsonKind::Number => "a number".to_owned(),
        JsonKind::Boolean => "a boolean".to_owned(),
        JsonKind::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#" {"data": {"nodes": [ {"id": 1.50}, 7 ], "a/b": "c", "m~n": null, "": true},
        "total": 2, "t\u006ftal2": 3, "total": 4} "#;

    fn find(pointer: &str) -> Result<String, String> {
        let body = serde_json::from_str::<&RawValue>(BODY).unwrap();
        let found = pointer.parse::<JsonPointer>().unwrap().find(body);
        found.map(|value| value.get().to_owned()).map_err(|place| place.to_string())
    }

    #[test]
    fn pointers_find_values_as_they_are_written() {
        for (pointer, value) in [
            ("", BODY.trim()),
            ("/data/nodes", r#"[ {"id": 1.50}, 7 ]"#),
            ("/data/nodes/0/id", "1.50"),
            ("/data/nodes/1", "7"),
            ("/data/a~1b", r#""c""#),
            ("/data/m~0n", "null"),
            ("/data/", "true"),
            ("/total", "4"),
            ("/total2", "3"),
        ] {
            assert_eq!(find(pointer).as_deref(), Ok(value), "{pointer}");
            assert_eq!(pointer.parse::<JsonPointer>().unwrap().to_string(), pointer);
        }
    }

    #[test]
    fn pointer_that_finds_nothing_says_what_is_there() {
        for (pointer, place) in [
            ("/nodes", r#"the body is an object with "data", "total", "total2", "total""#),
            ("/data/items/x", r#""/data" is an object with "nodes", "a/b", "m~n", """#),
            ("/data/nodes/2", r#""/data/nodes" is an array"#),
            ("/data/nodes/01", r#""/data/nodes" is an array"#),
            ("/data/nodes/-", r#""/data/nodes" is an array"#),
            ("/data/a~1b/0", r#""/data/a~1b" is a string"#),
            ("/data/m~0n/x", r#""/data/m~0n" is null"#),
            ("/total/x", r#""/total" is a number"#),
            ("/data//x", r#""/data/" is a boolean"#),
        ] {
            assert_eq!(find(pointer), Err(place.to_owned()), "{pointer}");
        }
    }

    #[test]
    fn malformed_pointers_are_refused() {
        for (text, message) in [
            ("data.items", "a pointer begins with a slash; write /data/items"),
            ("$.data[0].id", "a pointer begins with a slash; write /data/0/id"),
            ("#/data", "a pointer begins with a slash; write /data"),
            ("id", "a pointer begins with a slash; write /id"),
            ("\u{1b}[2J", "a pointer begins with a slash; write /\\u{1b}/2J"),
            ("/a~b", "in a pointer, write ~ as ~0 (and a / in a name as ~1)"),
            ("/a~", "in a pointer, write ~ as ~0 (and a / in a name as ~1)"),
        ] {
            assert_eq!(text.parse::<JsonPointer>().unwrap_err().to_string(), message);
        }
    }
}
