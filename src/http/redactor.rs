//! Removes the secrets of a run from texts that a server sent, which may repeat what it received.

use std::fmt;

use reqwest::header::HeaderValue;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::secret_headers::SecretHeaders;
use super::url_text::{MASK, secret_values};

/// The minimum length of a word of a header's value that is removed wherever it occurs in a text.
const MIN_WORD_LENGTH: usize = 8;

/// The minimum length of a credential, as opposed to any word, that is removed wherever it occurs. Shorter
/// ones occur inside ordinary words and numbers.
const MIN_CREDENTIAL_LENGTH: usize = 4;

/// The words of values that are no secrets, in lower case: schemes of authentication that a token or a
/// password follows (RFC 9110, section 16.4.1), and one of GitHub's clients.
const AUTH_SCHEMES: [&str; 4] = ["basic", "bearer", "digest", "token"];

/// The mark that [`crate::model::printable`] puts behind a text that it cuts off.
const CUT_MARK: &str = "...";

/// Removes secrets from texts. `Debug` output shows their number alone.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first.
    secrets: Vec<Secret>,
}

/// A text to remove.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Secret {
    text: String,
    scope: Scope,
    /// The text that replaces it.
    replacement: String,
}

/// The places at which a secret is removed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Everywhere.
    Anywhere,
    /// As a word: no letter or digit is next to it.
    Words,
    /// As a word, in texts that have no words of this program: it is too short to be told from those.
    ForeignWords,
}

impl Redactor {
    /// Collects the values of headers, their words, and the secret parameters of URLs.
    pub fn new<'a>(headers: &SecretHeaders, urls: impl IntoIterator<Item = &'a Url>) -> Self {
        let mut redactor = Self::default();
        for (name, value) in headers.headers() {
            redactor.add_header(&format!("[{name}]"), value);
        }
        for credential in urls.into_iter().flat_map(secret_values) {
            redactor.add_credential(&credential, MASK);
        }
        redactor.sorted()
    }

    /// Creates a redactor of one credential.
    pub(crate) fn for_credential(credential: &str, replacement: &str) -> Self {
        let mut redactor = Self::default();
        redactor.add_credential(credential, replacement);
        redactor.sorted()
    }

    fn sorted(mut self) -> Self {
        let by_length = |one: &Secret, other: &Secret| other.text.len().cmp(&one.text.len());
        self.secrets.sort_by(|one, other| by_length(one, other).then_with(|| one.cmp(other)));
        // Of equal texts, the one with the widest scope comes first.
        self.secrets.dedup_by(|one, other| one.text == other.text);
        self
    }

    /// Adds the value of a header as a whole, its credentials, and its longer words: `Bearer TOKEN`,
    /// `name=TOKEN; name=TOKEN`.
    fn add_header(&mut self, replacement: &str, value: &HeaderValue) {
        let value = String::from_utf8_lossy(value.as_bytes());
        self.add_credential(&value, replacement);
        if let Some((_scheme, rest)) = value.split_once(' ') {
            self.add_credential(rest.trim(), replacement);
        }
        for pair in value.split([' ', ';', ',']) {
            let value = pair.split_once('=').map_or("", |(_, value)| value.trim_matches('"'));
            // Base64 may end with the sign.
            if !value.trim_matches('=').is_empty() {
                self.add_credential(value, replacement);
            }
        }
        for word in value.split([' ', ';', ',', '=', '"']) {
            let scope = match word.len() {
                MIN_WORD_LENGTH.. => Scope::Anywhere,
                MIN_CREDENTIAL_LENGTH.. => Scope::Words,
                _ => continue,
            };
            if !AUTH_SCHEMES.contains(&word.to_ascii_lowercase().as_str()) {
                self.add(word, replacement, scope);
            }
        }
    }

    fn add_credential(&mut self, credential: &str, replacement: &str) {
        let is_long = credential.len() >= MIN_CREDENTIAL_LENGTH;
        let scope = if is_long { Scope::Anywhere } else { Scope::ForeignWords };
        self.add(credential, replacement, scope);
    }

    /// Adds a secret in the spellings in which a server may repeat it: in a URL, in JSON.
    fn add(&mut self, text: &str, replacement: &str, scope: Scope) {
        let json = serde_json::Value::from(text).to_string();
        let json =
            json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
        let spellings = [
            text.to_owned(),
            byte_serialize(text.as_bytes()).collect(),
            json.to_owned(),
            json.replace('/', "\\/"),
        ];
        for text in spellings {
            if !text.is_empty() {
                self.secrets.push(Secret { text, scope, replacement: replacement.to_owned() });
            }
        }
    }

    /// Returns a text that a server sent, without the secrets.
    pub fn redact(&self, text: &str) -> String {
        self.redact_scopes(text, Scope::ForeignWords)
    }

    /// Returns a sentence of this program without the secrets. Credentials of up to three characters stay:
    /// they would take `1` out of `larger than 1 MB`, and are guessed at once.
    pub fn redact_own(&self, text: &str) -> String {
        self.redact_scopes(text, Scope::Words)
    }

    fn redact_scopes(&self, text: &str, widest: Scope) -> String {
        let secrets: Vec<&Secret> =
            self.secrets.iter().filter(|secret| secret.scope <= widest).collect();
        let (mut redacted, mut rest, mut before) = (String::new(), text, None);
        while let Some(c) = rest.chars().next() {
            let found = secrets.iter().find_map(|secret| {
                secret.length_at(before, rest).map(|length| (length, &secret.replacement))
            });
            let (length, shown) = found.map_or((c.len_utf8(), None), |(length, replacement)| {
                (length, Some(replacement.as_str()))
            });
            let (removed, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            redacted.push_str(shown.unwrap_or(removed));
            (before, rest) = (removed.chars().next_back(), after);
        }
        redacted
    }
}

impl Secret {
    /// Returns the length of the secret if `rest`, the text behind the character `before`, begins with
    /// it, or with the part of it that a cut has left.
    fn length_at(&self, before: Option<char>, rest: &str) -> Option<usize> {
        let common = self.text.bytes().zip(rest.bytes()).take_while(|(one, other)| one == other);
        let common = common.count();
        let after = rest.get(common..)?;
        if common < self.text.len() {
            let is_cut = common >= MIN_WORD_LENGTH && after.starts_with(CUT_MARK);
            return is_cut.then_some(common);
        }
        let is_inside = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        let is_word = !is_inside(before) && !is_inside(after.chars().next());
        (self.scope == Scope::Anywhere || is_word).then_some(common)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(headers: &[&str], url: &str) -> Redactor {
        let url = Url::parse(url).unwrap();
        Redactor::new(&SecretHeaders::parse(headers).unwrap(), [&url])
    }

    #[test]
    fn secrets_are_removed_from_texts() {
        let redactor = redactor(
            &["Authorization: Bearer hunter22-token", "Cookie: sid=cookie-secret; theme=dark"],
            "https://a.b/x?page=1&key=url%2Fsecret&q=hunter22",
        );
        for (text, redacted) in [
            ("bad credentials: Bearer hunter22-token", "bad credentials: [authorization]"),
            ("token hunter22-token is unknown", "token [authorization] is unknown"),
            ("no bearer of a token", "no bearer of a token"),
            ("no session cookie-secret", "no session [cookie]"),
            ("no key url/secret, url%2Fsecret", "no key ***, ***"),
            ("hunter22 abc", "hunter22 abc"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact(text), redacted);
        }
    }

    /// A server may repeat a secret within a URL or JSON, and a sentence may be cut in the middle of it.
    #[test]
    fn other_spellings_and_parts_of_secrets_are_removed() {
        let redactor = redactor(&["X-Key: a/b+\"c\"&long"], "https://a.b/x?token=0123456789abcdef");
        for (text, redacted) in [
            (r#"{"e":"no a/b+\"c\"&long"}"#, r#"{"e":"no [x-key]"}"#),
            (r#"{"e":"no a\/b+\"c\"&long"}"#, r#"{"e":"no [x-key]"}"#),
            ("/x?key=a%2Fb%2B%22c%22%26long&page=2", "/x?key=[x-key]&page=2"),
            ("an object with \"0123456789...\"", "an object with \"***...\""),
            ("é0123456789abcdefé", "é***é"),
            ("01234567", "01234567"),
        ] {
            assert_eq!(redactor.redact(text), redacted);
        }
    }

    #[test]
    fn short_secrets_are_removed_as_words() {
        let redactor = redactor(
            &["X-Key: hunter2", "Authorization: Bearer abc", "Cookie: sid=xyz", "DNT: 1"],
            "https://a.b/x?sig=pq",
        );
        for (text, redacted) in [
            ("bad key hunter2", "bad key [x-key]"),
            ("key=hunter2x", "key=[x-key]x"),
            ("no Bearer abc, no abc.", "no [authorization], no [authorization]."),
            ("abcd, xabc", "abcd, xabc"),
            ("id=xyz", "id=[cookie]"),
            ("sig pq of page 1", "sig *** of page [dnt]"),
            ("10 pages of [1]", "10 pages of [[dnt]]"),
        ] {
            assert_eq!(redactor.redact(text), redacted);
        }
        let own = "hunter2: it is larger than 1 MB";
        assert_eq!(redactor.redact_own(own), "[x-key]: it is larger than 1 MB");
    }

    #[test]
    fn replacements_are_not_searched_for_secrets() {
        let redactor =
            redactor(&["X-Key: secret-key", "Cookie: x-key"], "https://a.b/?token=cookie");
        assert_eq!(redactor.redact("secret-key x-key cookie"), "[x-key] [cookie] ***");
        assert_eq!(format!("{redactor:?}"), "Redactor(3 secrets)");
    }
}
