//! The proxy for an API, from the environment.

use std::fmt;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use thiserror::Error;
use url::Url;

/// The variables that name the proxy for an https API, in order of precedence.
const HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The variables that name the proxy for an http API, in order of precedence.
const HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// The variables that list the hosts to connect to directly.
const EXEMPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxy variables of an environment. A proxy is checked only when an API is used through it,
/// so that irrelevant variables do no harm.
#[derive(Clone, Default)]
pub struct ProxySettings {
    https: Option<Setting>,
    http: Option<Setting>,
    exempt: String,
}

/// A variable's name and value. The value may hold a password.
type Setting = (&'static str, String);

/// A proxy. It can be used, but its user and password are not printed.
pub(crate) struct Proxy {
    variable: &'static str,
    target: Intercept,
}

/// The reason why a proxy variable cannot be used. The value is left out, since it may contain a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// The value is not an address.
    #[error(
        "{0} is not the address of a proxy; write it as http://HOST:PORT or \
         http://USER:PASSWORD@HOST:PORT, with special characters as %XX, or unset it"
    )]
    Malformed(&'static str),
    /// The value names a SOCKS proxy.
    #[error("{0} names a SOCKS proxy, which is not supported; name an http:// proxy, or unset it")]
    Socks(&'static str),
}

impl ProxySettings {
    /// Reads the environment's variables. `variable` returns `None` for one that is unset or empty.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 4]| {
            names.into_iter().find_map(|name| Some((name, variable(name)?)))
        };
        let exempt = EXEMPT.into_iter().find_map(&variable).unwrap_or_default();
        Self { https: first(HTTPS), http: first(HTTP), exempt }
    }

    /// Returns the proxy for requests to `base`, or `None` if they are sent directly.
    pub(crate) fn proxy_for(&self, base: &Url) -> Result<Option<Proxy>, ProxyError> {
        let setting = if base.scheme() == "https" { &self.https } else { &self.http };
        let (Some((variable, value)), Ok(base)) = (setting, base.as_str().parse()) else {
            return Ok(None);
        };
        let intercept =
            |proxy: &str| Matcher::builder().all(proxy).no(&*self.exempt).build().intercept(&base);
        if intercept("http://any.proxy").is_none() {
            return Ok(None);
        }
        let address = parse(variable, value)?;
        let target = intercept(address.as_str()).ok_or(ProxyError::Malformed(variable))?;
        Ok(Some(Proxy { variable, target }))
    }
}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = [&self.https, &self.http].into_iter().flatten().map(|(name, _)| name);
        f.debug_list().entries(variables).finish()
    }
}

/// Parses a proxy's address. A path, query or fragment is refused: it usually means that the
/// password contains a `/`, `?` or `#`, and the parsed host would be wrong.
fn parse(variable: &'static str, value: &str) -> Result<Url, ProxyError> {
    let malformed = ProxyError::Malformed(variable);
    let url = if value.contains("://") {
        Url::parse(value)
    } else {
        Url::parse(&format!("http://{value}"))
    };
    let Ok(url) = url else { return Err(malformed) };
    if url.scheme().starts_with("socks") {
        return Err(ProxyError::Socks(variable));
    }
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_bare { Err(malformed) } else { Ok(url) }
}

impl Proxy {
    /// The environment variable that names the proxy.
    pub(crate) const fn variable(&self) -> &'static str {
        self.variable
    }

    pub(crate) fn uses_tls(&self) -> bool {
        self.target.uri().scheme_str() == Some("https")
    }

    /// Returns the proxy as the HTTP client takes it.
    pub(crate) fn configure(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(self.target.uri().to_string())?;
        Ok(match self.target.basic_auth() {
            Some(header) => proxy.custom_http_auth(header.clone()),
            None => proxy,
        })
    }
}

/// The proxy's address without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.target.uri().to_string().trim_end_matches('/'))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} from {}", self.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The proxy to an API in an environment.
    fn proxy(base: &str, environment: &[(&str, &str)]) -> Result<Option<String>, ProxyError> {
        let value = |name: &str| environment.iter().find(|(other, _)| *other == name);
        let settings = ProxySettings::read(|name| Some(value(name)?.1.to_owned()));
        let proxy = settings.proxy_for(&Url::parse(base).unwrap())?;
        Ok(proxy.map(|proxy| format!("{proxy:?}")))
    }

    #[test]
    fn the_first_variable_set_takes_precedence() {
        let all = [
            ("all_proxy", "http://a"),
            ("ALL_PROXY", "http://A"),
            ("https_proxy", "http://b"),
            ("HTTPS_PROXY", "http://B"),
            ("http_proxy", "http://c"),
            ("HTTP_PROXY", "http://C"),
        ];
        let named = |base, environment| proxy(base, environment).unwrap().unwrap();
        for (base, ends, names) in [
            ("https://x", [1, 2, 3, 4], ["all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"]),
            ("http://x", [1, 2, 5, 6], ["all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"]),
        ] {
            for (end, name) in ends.into_iter().zip(names) {
                let words = named(base, &all[..end]);
                assert!(words.ends_with(&format!(" from {name}")), "{words}");
            }
        }
        assert_eq!(proxy("https://x", &[("HTTP_PROXY", "http://c")]), Ok(None));
        assert_eq!(proxy("https://x", &[]), Ok(None));
    }

    #[test]
    fn the_address_is_shown_without_user_and_password() {
        for (value, shown) in [
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("http://proxy.example/", "http://proxy.example"),
            ("https://proxy.example:8443", "https://proxy.example:8443"),
            ("http://me:pass@proxy.example:3128", "http://proxy.example:3128"),
            ("me:p@ss@proxy.example:3128", "http://proxy.example:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
        ] {
            let all = [("ALL_PROXY", value)];
            let expected = Ok(Some(format!("{shown} from ALL_PROXY")));
            assert_eq!(proxy("https://api.github.com", &all), expected, "{value}");
        }
        let settings = ProxySettings::read(|_| Some("http://me:pass@x".to_owned()));
        assert_eq!(format!("{settings:?}"), r#"["HTTPS_PROXY", "HTTP_PROXY"]"#);
    }

    #[test]
    fn exempt_hosts_ignore_an_unusable_proxy() {
        for exempt in ["*", "github.com", ".github.com", "a.example, API.github.com"] {
            let environment = [("HTTPS_PROXY", "socks5://x"), ("no_proxy", exempt)];
            assert_eq!(proxy("https://api.github.com", &environment), Ok(None), "{exempt}");
        }
        let environment = [("HTTPS_PROXY", "socks5://x"), ("NO_PROXY", "hub.com,10.0.0.0/8")];
        let socks = Err(ProxyError::Socks("HTTPS_PROXY"));
        assert_eq!(proxy("https://api.github.com", &environment), socks);
        assert_eq!(proxy("https://10.1.2.3/api/v3", &environment), Ok(None));
    }
}
