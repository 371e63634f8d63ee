//! A page of a list in a compact form: the text of each item as the server wrote it. A run may keep a
//! million items.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

use super::json_pointer::{JsonKind, JsonPlace, JsonPointer, for_each_child};
use super::printable::printable;

/// The maximum length of the beginning of a body that is searched for signs of HTML, in bytes.
const MAX_HTML_HEAD: usize = 4096;

/// The maximum number of arrays that an error lists.
const MAX_ARRAYS: usize = 6;

/// The places of the items in a body, and of the identity in an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPointers {
    /// The array of items. By default the body, or the only array in it.
    pub items: Option<JsonPointer>,
    /// The value in an item that distinguishes it from all others.
    pub id: Option<JsonPointer>,
}

/// One page of items, in the server's order, or the size of a body that is not JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPage {
    items: PackedTexts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ids: Option<PackedTexts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opaque_bytes: Option<u64>,
}

/// The reason why a body has no items.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ItemsError {
    /// The body is empty.
    #[error("the body is empty instead of JSON")]
    Empty,
    /// The body is an HTML page.
    #[error("the server sent an HTML page instead of JSON{}", title_text(.0.as_deref()))]
    Html(Option<String>),
    /// The body is not JSON.
    #[error("the body is not JSON ({0})")]
    NotJson(String),
    /// The body is too large for a page.
    #[error("the body is larger than 4 GB")]
    TooLarge,
    /// The pointer of the items finds nothing.
    #[error("nothing is at \"{pointer}\": {place}{}", suggestion(place))]
    NotFound {
        /// The pointer.
        pointer: JsonPointer,
        /// The last value on the way.
        place: Box<JsonPlace>,
    },
    /// The value is not an array, or an object without an array.
    #[error("{place}{}", suggestion(place))]
    NoArray {
        /// The value.
        place: Box<JsonPlace>,
    },
    /// The object has more than one array.
    #[error("the body has the arrays {}; choose one with --items {}", quoted(.0), first(.0))]
    SeveralArrays(Vec<JsonPointer>),
    /// No item has an identity.
    #[error("no item has a value at \"{pointer}\"; the first is {description}; check --id")]
    NoId {
        /// The pointer.
        pointer: JsonPointer,
        /// The first item.
        description: String,
    },
}

impl ItemPage {
    /// Extracts the items of a JSON body.
    pub fn from_json(body: &[u8], pointers: &ItemPointers) -> Result<Self, ItemsError> {
        let body = parse_body(body)?;
        let array = find_array(body, pointers.items.as_ref())?;
        let mut items = TextPacker::default();
        for_each_child(array, |_, item| items.push(item.get()));
        let ids = pointers.id.as_ref().map(|pointer| find_ids(array, pointer)).transpose()?;
        Ok(Self { items: items.pack(), ids, opaque_bytes: None })
    }

    /// Creates a page of a body that is not JSON.
    pub fn opaque(bytes: u64) -> Self {
        Self { opaque_bytes: Some(bytes), ..Self::default() }
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.items.ends.len()
    }

    /// Returns `true` if there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of a body that is not JSON, or `None` if it is JSON.
    pub const fn opaque_bytes(&self) -> Option<u64> {
        self.opaque_bytes
    }

    /// Returns the items, each as the server wrote it, but on one line. They are not safe to print.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.items.iter()
    }

    /// Returns the items, each with its identity if it has one.
    pub fn identified(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut ids = self.ids();
        self.iter().map(move |item| {
            let id = ids.as_mut().and_then(Iterator::next);
            (item, id.filter(|id| !id.is_empty()))
        })
    }

    /// Returns the JSON text of each item's identity, in the order of the items; an empty text for an item
    /// that has none. Returns `None` if no identity was asked for.
    pub fn ids(&self) -> Option<impl Iterator<Item = &str>> {
        self.ids.as_ref().map(PackedTexts::iter)
    }
}

/// Parses a body as JSON, which may begin with a byte order mark.
///
/// # Errors
///
/// Returns an error that says what the body is instead.
pub fn parse_body(body: &[u8]) -> Result<&RawValue, ItemsError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // The ends of the items are kept as 32-bit numbers.
    if u32::try_from(body.len()).is_err() {
        return Err(ItemsError::TooLarge);
    }
    serde_json::from_slice(body).map_err(|error| {
        let head = body.get(..MAX_HTML_HEAD).unwrap_or(body);
        let head = String::from_utf8_lossy(head);
        match head.trim_start() {
            "" if body.len() <= MAX_HTML_HEAD => ItemsError::Empty,
            html if html.starts_with('<') && !html.starts_with("<?xml") => {
                ItemsError::Html(html_title(html))
            }
            _ => ItemsError::NotJson(printable(&error.to_string())),
        }
    })
}

/// Returns the array of items in a body.
fn find_array<'body>(
    body: &'body RawValue,
    pointer: Option<&JsonPointer>,
) -> Result<&'body RawValue, ItemsError> {
    let no_array = |pointer, value| {
        Err(ItemsError::NoArray { place: Box::new(JsonPlace::new(pointer, value)) })
    };
    let is_array = |value| JsonKind::from_raw(value) == JsonKind::Array;
    if let Some(pointer) = pointer {
        let not_found = |place| ItemsError::NotFound { pointer: pointer.clone(), place };
        let value = pointer.find(body).map_err(not_found)?;
        return if is_array(value) { Ok(value) } else { no_array(pointer.clone(), value) };
    }
    if is_array(body) {
        return Ok(body);
    }
    let mut arrays = Vec::new();
    for_each_child(body, |name, child| {
        if is_array(child) && arrays.len() < MAX_ARRAYS {
            arrays.extend(name.map(|name| (name, child)));
        }
    });
    let root = JsonPointer::default();
    match &arrays[..] {
        [(_, array)] => Ok(array),
        [] => no_array(root, body),
        _ => {
            Err(ItemsError::SeveralArrays(arrays.iter().map(|(name, _)| root.join(name)).collect()))
        }
    }
}

/// Returns the identities of the items of an array.
fn find_ids(array: &RawValue, pointer: &JsonPointer) -> Result<PackedTexts, ItemsError> {
    let (mut ids, mut first, mut has_id) = (TextPacker::default(), None, false);
    for_each_child(array, |_, item| {
        let id = pointer.get(item).filter(|id| JsonKind::from_raw(id) != JsonKind::Null);
        has_id |= id.is_some();
        first.get_or_insert(item);
        ids.push(&id.map(normalize_id).unwrap_or_default());
    });
    match first.filter(|_| !has_id) {
        Some(item) => {
            let description = JsonPlace::new(JsonPointer::default(), item).description;
            Err(ItemsError::NoId { pointer: pointer.clone(), description })
        }
        None => Ok(ids.pack()),
    }
}

/// Returns an identity in the one spelling that equal values share: strings may be escaped in several ways.
fn normalize_id(id: &RawValue) -> String {
    let text = id.get();
    let decoded =
        if text.contains('\\') { serde_json::from_str::<String>(text).ok() } else { None };
    decoded.and_then(|id| serde_json::to_string(&id).ok()).unwrap_or_else(|| text.to_owned())
}

/// Texts one after another in one allocation, with their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PackedTexts {
    text: Box<str>,
    ends: Box<[u32]>,
}

/// Builds packed texts.
#[derive(Default)]
struct TextPacker {
    text: String,
    ends: Vec<u32>,
}

impl PackedTexts {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = *end as usize;
            let text = self.text.get(start..end).unwrap_or_default();
            start = end;
            text
        })
    }
}

impl TextPacker {
    /// Appends a JSON text. Line breaks, which occur only between its tokens, become spaces, so that the
    /// text is one line of a file.
    fn push(&mut self, text: &str) {
        if text.contains(['\n', '\r']) {
            self.text.extend(text.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
        } else {
            self.text.push_str(text);
        }
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    fn pack(self) -> PackedTexts {
        PackedTexts { text: self.text.into(), ends: self.ends.into() }
    }
}

impl Serialize for PackedTexts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for PackedTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut packer = TextPacker::default();
        Vec::<String>::deserialize(deserializer)?.iter().for_each(|text| packer.push(text));
        Ok(packer.pack())
    }
}

/// Returns the title of an HTML page, if it has one.
fn html_title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let length = lower.get(start..)?.find("</title")?;
    let title = html.get(start..start + length)?.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(printable(&title)).filter(|title| !title.is_empty())
}

/// Returns the title of a page as the end of a sentence.
fn title_text(title: Option<&str>) -> String {
    title.map(|title| format!(" (\"{title}\")")).unwrap_or_default()
}

/// Returns the option that names the array near a place as the end of a sentence.
fn suggestion(place: &JsonPlace) -> String {
    match &place.array {
        Some(array) if *array == JsonPointer::default() => "; leave out --items".to_owned(),
        Some(array) => format!("; try --items {}", shown(array)),
        None if place.pointer == JsonPointer::default() => "; it has no array of items".to_owned(),
        None => "; name an array with --items".to_owned(),
    }
}

fn shown(pointer: &JsonPointer) -> String {
    printable(&pointer.to_string())
}

fn quoted(pointers: &[JsonPointer]) -> String {
    let names = pointers.iter().map(|pointer| format!("\"{}\"", shown(pointer)));
    names.collect::<Vec<_>>().join(", ")
}

fn first(pointers: &[JsonPointer]) -> String {
    pointers.first().map(shown).unwrap_or_default()
}

#[cfg(test)]
mod tests;
