//! Removes secrets from the texts of a server, which may repeat what it was sent.

use std::fmt;

use reqwest::header::HeaderMap;
use url::Url;

use crate::http::url_text::{MASK, secret_values};
use crate::model::printable::printable;

/// The minimum length of a secret that is redacted: the text of a shorter one could occur in ordinary words.
const MIN_SECRET_LENGTH: usize = 4;

/// Removes the values of headers and of the URL from texts of the server, which may repeat them.
pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let texts = headers.values().filter_map(|value| value.to_str().ok());
        // The scheme before a token is no secret, and a server may repeat the token alone.
        let secrets = texts.flat_map(|text| [text].into_iter().chain(text.split_whitespace()));
        let secrets = secrets.filter(|secret| secret.len() >= MIN_SECRET_LENGTH);
        Self { secrets: secrets.map(str::to_owned).collect() }
    }

    /// Returns a text, escaped for printing, without secrets.
    pub(super) fn redact(&self, url: &Url, text: &str) -> String {
        let mut text = text.to_owned();
        let of_url = secret_values(url);
        for secret in self.secrets.iter().chain(&of_url) {
            if secret.len() >= MIN_SECRET_LENGTH {
                text = text.replace(secret, MASK);
            }
        }
        printable(&text)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}
