//! The server of a URL that a response names: headers, which are secrets, must not reach another one.

use thiserror::Error;
use url::Url;

/// The reason why a URL that a response names is not requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OriginError {
    /// The URL is on another server.
    #[error("another server")]
    Foreign,
    /// The URL is on the same server, but encrypted, as the first one was not.
    #[error("https on the same server; write the URL with https://")]
    Encrypted,
}

/// Returns the URL to request for a `target` that the response of `base` names.
///
/// A server behind a proxy that decrypts its requests takes them for plain http, and writes its own
/// addresses so. Such an address is requested with https at the origin of `base`: a header goes to no other
/// origin than before, and never unencrypted.
///
/// # Errors
///
/// Returns an error if the target is on another server. The way from http to https is one too: each further
/// run would send the headers unencrypted once more, and the user can write https at once.
pub fn own_url(base: &Url, target: &Url) -> Result<Url, OriginError> {
    if target.origin() == base.origin() {
        return Ok(target.clone());
    }
    match (base.scheme(), target.scheme()) {
        ("https", "http") => with_https(target).filter(|url| url.origin() == base.origin()),
        ("http", "https")
            if with_https(base).is_some_and(|url| url.origin() == target.origin()) =>
        {
            return Err(OriginError::Encrypted);
        }
        _ => None,
    }
    .ok_or(OriginError::Foreign)
}

/// Returns a URL with https. The default port becomes that of https; another one stays.
fn with_https(url: &Url) -> Option<Url> {
    let mut url = url.clone();
    url.set_scheme("https").ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(base: &str, target: &str) -> Result<String, OriginError> {
        let [base, target] = [base, target].map(|url| Url::parse(url).unwrap());
        own_url(&base, &target).map(String::from)
    }

    #[test]
    fn own_addresses_stay_encrypted() {
        for (base, target, requested) in [
            ("https://a.b/x", "https://a.b/x?page=2", "https://a.b/x?page=2"),
            ("https://a.b/x", "https://a.b:443/y", "https://a.b/y"),
            ("http://a.b/x", "http://a.b:80/x?page=2", "http://a.b/x?page=2"),
            ("https://a.b/x", "http://a.b/x?page=2", "https://a.b/x?page=2"),
            ("https://a.b/x", "http://A.B:443/x", "https://a.b/x"),
            ("https://a.b:8443/x", "http://a.b:8443/x?page=2", "https://a.b:8443/x?page=2"),
            ("https://[::1]/x", "http://[::1]/y", "https://[::1]/y"),
        ] {
            assert_eq!(own(base, target).as_deref(), Ok(requested), "{base} {target}");
        }
    }

    #[test]
    fn addresses_of_other_servers_are_refused() {
        for (base, target) in [
            ("https://a.b/x", "https://b.b/x"),
            ("https://a.b/x", "http://b.b/x"),
            ("https://a.b/x", "http://a.b.c/x"),
            ("https://a.b/x", "http://a.b:8080/x"),
            ("https://a.b:8443/x", "http://a.b/x"),
            ("http://a.b/x", "http://a.b:8080/x"),
            ("http://a.b:8080/x", "https://a.b/x"),
            ("http://a.b/x", "https://a.b:8443/x"),
            ("https://a.b/x", "ftp://a.b/x"),
        ] {
            assert_eq!(own(base, target), Err(OriginError::Foreign), "{base} {target}");
        }
        assert_eq!(own("http://a.b/x", "https://a.b/x"), Err(OriginError::Encrypted));
    }
}
