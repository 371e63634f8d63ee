//! Headers whose values are secrets: from `-H 'Name: value'` and `-H @FILE`, sent to one server.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::model::printable::printable;

/// The maximum size of a file of headers. Servers refuse fewer than that.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// Headers that describe the connection or the coding of a message, which the HTTP client decides, and one
/// that only a proxy should get.
const RESERVED_NAMES: [&str; 10] = [
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers with secret values, which neither `Debug` nor an error shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretHeaders {
    headers: HeaderMap,
}

/// The reason why a header cannot be sent. It contains no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The line has no colon.
    #[error("{0} has no colon; write it as Name: value, in quotes on the command line")]
    NoColon(HeaderPlace),
    /// The text before the colon is not the name of a header.
    #[error("{0} has no valid name before the colon; write it as Name: value")]
    InvalidName(HeaderPlace),
    /// There is nothing behind the colon.
    #[error("{name} in {place} has no value; write it as '{name}: value', in quotes")]
    NoValue {
        /// The name.
        name: String,
        /// The place.
        place: HeaderPlace,
    },
    /// The value contains a character that no header may contain.
    #[error(
        "the value of {name} in {place} contains a line break or another control character; write it on \
         one line"
    )]
    InvalidValue {
        /// The name.
        name: String,
        /// The place.
        place: HeaderPlace,
    },
    /// The HTTP client sets the header itself.
    #[error("{name} in {place} cannot be chosen; leave it out")]
    Reserved {
        /// The name.
        name: String,
        /// The place.
        place: HeaderPlace,
    },
    /// The file of headers cannot be read.
    #[error("cannot read headers from {path}: {reason}")]
    File {
        /// The path.
        path: String,
        /// The reason.
        reason: String,
    },
}

/// The place of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderPlace {
    /// An argument of `-H`.
    Argument,
    /// A line of a file.
    Line {
        /// The path.
        path: String,
        /// The number, counted from 1.
        line: usize,
    },
}

impl SecretHeaders {
    /// Parses the arguments of `-H`: `Name: value`, or `@FILE` with a header a line. Empty lines of a file
    /// and those that begin with `#` are skipped.
    pub fn parse(arguments: &[impl AsRef<str>]) -> Result<Self, HeaderError> {
        let mut headers = Self::default();
        for argument in arguments.iter().map(AsRef::as_ref) {
            match argument.strip_prefix('@') {
                Some(path) => headers.add_file(path)?,
                None => headers.add(argument.as_bytes(), &HeaderPlace::Argument)?,
            }
        }
        Ok(headers)
    }

    /// Returns the headers as they are sent. Their values are marked as sensitive.
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns `true` if there are no headers.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    fn add_file(&mut self, path: &str) -> Result<(), HeaderError> {
        let shown = printable(path);
        let text = read_file(path).map_err(|error| HeaderError::File {
            path: shown.clone(),
            reason: error.to_string(),
        })?;
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if !line.is_empty() && !line.starts_with(b"#") {
                self.add(line, &HeaderPlace::Line { path: shown.clone(), line: index + 1 })?;
            }
        }
        Ok(())
    }

    fn add(&mut self, line: &[u8], place: &HeaderPlace) -> Result<(), HeaderError> {
        let place = || place.clone();
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = colon
            .and_then(|colon| Some((line.get(..colon)?, line.get(colon + 1..)?)))
            .ok_or_else(|| HeaderError::NoColon(place()))?;
        let header = HeaderName::from_bytes(name)
            .map_err(|_perhaps_a_secret| HeaderError::InvalidName(place()))?;
        // As it was written: HeaderName is in lower case.
        let name = String::from_utf8_lossy(name).into_owned();
        let value = value.trim_ascii();
        if value.is_empty() {
            return Err(HeaderError::NoValue { name, place: place() });
        }
        if RESERVED_NAMES.contains(&header.as_str()) {
            return Err(HeaderError::Reserved { name, place: place() });
        }
        let mut value = HeaderValue::from_bytes(value)
            .map_err(|_secret| HeaderError::InvalidValue { name, place: place() })?;
        value.set_sensitive(true);
        self.headers.append(header, value);
        Ok(())
    }
}

/// The pairs go to a worker process through its pipe.
impl Serialize for SecretHeaders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pairs = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        serializer.collect_seq(pairs)
    }
}

impl<'de> Deserialize<'de> for SecretHeaders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut headers = Self::default();
        for (name, value) in Vec::<(String, Vec<u8>)>::deserialize(deserializer)? {
            let line = [name.as_bytes(), b":", &value].concat();
            headers.add(&line, &HeaderPlace::Argument).map_err(de::Error::custom)?;
        }
        Ok(headers)
    }
}

impl fmt::Debug for SecretHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.headers.keys()).finish()
    }
}

impl fmt::Display for HeaderPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("a header of -H"),
            Self::Line { path, line } => write!(f, "line {line} of {path}"),
        }
    }
}

fn read_file(path: &str) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_FILE_SIZE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_FILE_SIZE {
        return Err(io::Error::other("it is larger than 1 MB"));
    }
    Ok(match text.strip_prefix(b"\xef\xbb\xbf") {
        Some(text) => text.to_vec(),
        None => text,
    })
}

#[cfg(test)]
mod tests;
