//! URLs as text that may be shown, recorded and reported: users, passwords and the values of secret query
//! parameters are masked.

use url::Url;
use url::form_urlencoded;

/// The text that replaces a secret.
pub const MASK: &str = "***";

/// Endings that make any word of a name secret: `accesstoken`, `X-Amz-Security-Token`.
const SECRET_ENDINGS: [&str; 10] = [
    "accesskey",
    "apikey",
    "authorization",
    "credential",
    "passwd",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

/// Words that make a name secret wherever they are in it.
const SECRET_WORDS: [&str; 9] =
    ["auth", "bearer", "hmac", "jwt", "pass", "pwd", "sessid", "sessionid", "sig"];

/// Names that are secret as a whole. In longer names these words mean something else: `country_code`.
const SECRET_NAMES: [&str; 5] = ["code", "pat", "phpsessid", "sid", "ticket"];

/// Returns the text of a URL with its secrets masked.
pub fn masked(url: &Url) -> String {
    masked_text(url.as_str())
}

/// Masks the secrets in a text that is a URL, or should have been one.
pub fn masked_text(text: &str) -> String {
    let query = text.find(['?', '#']).map_or(text.len(), |at| at + 1);
    let (address, parameters) = text.split_at_checked(query).unwrap_or((text, ""));
    let mut masked = mask_user(address);
    for part in parameters.split_inclusive(['&', '#']) {
        let parameter = part.trim_end_matches(['&', '#']);
        match parameter.split_once('=') {
            Some((name, value)) if !value.is_empty() && is_secret(name) => {
                masked.extend([name, "=", MASK]);
                masked.extend(part.strip_prefix(parameter));
            }
            _ => masked.push_str(part),
        }
    }
    masked
}

/// Returns the values of the secret parameters of a URL, each as it is in the URL and decoded, so that
/// they can be removed from what a server says.
pub fn secret_values(url: &Url) -> Vec<String> {
    let parts = [url.query(), url.fragment()];
    let parameters = parts.into_iter().flatten().flat_map(|part| part.split('&'));
    let secrets = parameters.filter_map(|parameter| parameter.split_once('='));
    let secrets = secrets.filter(|(name, value)| !value.is_empty() && is_secret(name));
    secrets.flat_map(|(_, value)| [value.to_owned(), decoded(value)]).collect()
}

/// Returns `true` if the value of a query parameter with this name, still encoded, is secret.
fn is_secret(name: &str) -> bool {
    let name = decoded(name);
    let words = words(&name);
    let is_secret_word = |word: &String| {
        SECRET_WORDS.contains(&word.as_str())
            || SECRET_ENDINGS.iter().any(|ending| word.ends_with(ending))
    };
    let whole = words.concat();
    words.iter().any(is_secret_word)
        || words.last().is_some_and(|last| last == "key")
        || SECRET_NAMES.contains(&whole.as_str())
        || SECRET_ENDINGS.iter().any(|ending| whole.ends_with(ending))
}

/// Splits a name into words in lower case: `X-Amz-Signature`, `accessToken`, `api_key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let is_new = !c.is_alphanumeric() || (was_lower && c.is_uppercase());
        if is_new {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Decodes a name or a value of a query.
pub(super) fn decoded(text: &str) -> String {
    let pair = format!("={text}");
    form_urlencoded::parse(pair.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// Masks the user and the password before the host.
fn mask_user(address: &str) -> String {
    let start = address.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = address.split_at_checked(start).unwrap_or(("", address));
    let authority = rest.split(['/', '\\']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => {
            format!("{scheme}{MASK}{}", rest.strip_prefix(user).unwrap_or_default())
        }
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_parameters_are_masked() {
        for (text, masked) in [
            ("https://a.b/x?token=abc&page=2", "https://a.b/x?token=***&page=2"),
            ("https://a.b/x?page=2&access_token=abc", "https://a.b/x?page=2&access_token=***"),
            ("https://a.b/x?accessToken=a%20b#top", "https://a.b/x?accessToken=***#top"),
            (
                "https://a.b/x?api_key=a&apikey=b&ApiKey=c&key=d",
                "https://a.b/x?api_key=***&apikey=***&ApiKey=***&key=***",
            ),
            (
                "https://a.b/x?X-Amz-Signature=a&X-Amz-Credential=b&X-Amz-Date=c",
                "https://a.b/x?X-Amz-Signature=***&X-Amz-Credential=***&X-Amz-Date=c",
            ),
            ("https://a.b/x?sv=1&sig=a%3D&se=2", "https://a.b/x?sv=1&sig=***&se=2"),
            ("https://a.b/x?to%6ben=abc", "https://a.b/x?to%6ben=***"),
            ("https://a.b/x?TOKEN=a=b?c", "https://a.b/x?TOKEN=***"),
            ("https://a.b/x#access_token=abc&state=1", "https://a.b/x#access_token=***&state=1"),
            (
                "https://a.b/x?auth[token]=abc&auth%5Bkey%5D=d",
                "https://a.b/x?auth[token]=***&auth%5Bkey%5D=***",
            ),
            (
                "https://a.b/x?code=1&session=2&password=3&client_secret=4",
                "https://a.b/x?code=***&session=***&password=***&client_secret=***",
            ),
            ("https://me:pa@ss@a.b/x?page=1", "https://***@a.b/x?page=1"),
            ("me:pass@a.b/x", "***@a.b/x"),
            ("a.b/x?token=abc&page={1..60}", "a.b/x?token=***&page={1..60}"),
        ] {
            assert_eq!(masked_text(text), masked);
        }
    }

    #[test]
    fn other_parts_are_shown_as_they_are() {
        for text in [
            "https://a.b/x?page=2&per_page=100&state=all",
            "https://a.b/@user/x?country_code=de&keyword=threads&author=me&token=&sort=-id",
            "https://a.b/token/x?q=token&?&&=&#",
            "https://[::1]:8080/x?passage=1&sigma=2&monkey=3",
            "",
            "?",
            "é?é",
        ] {
            assert_eq!(masked_text(text), text);
        }
    }

    #[test]
    fn secret_values_are_returned_encoded_and_decoded() {
        let url = Url::parse("https://a.b/x?page=1&token=a%2Fb&key=&sig=c+d").unwrap();
        assert_eq!(secret_values(&url), ["a%2Fb", "a/b", "c+d", "c d"]);
        assert_eq!(masked(&url), "https://a.b/x?page=1&token=***&key=&sig=***");
    }
}
