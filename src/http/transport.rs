//! The way to a server: its proxy, from the environment, and its TLS configuration, both shared by the
//! clients of all workers.

use std::fmt;
use std::sync::{Arc, OnceLock};

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use thiserror::Error;
use url::{Host, Url};

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

/// Returns `true` if a URL is on this machine. `localhost` is the only name that counts: some systems send
/// names that end in `.localhost` to the network's DNS.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns the host of a URL, with the port unless it is the default.
pub(crate) fn host_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
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

/// The proxy and the TLS configuration for a server.
#[derive(Debug)]
pub(crate) struct Transport {
    uses_tls: bool,
    proxy: Option<Proxy>,
    tls: OnceLock<Result<ClientConfig, String>>,
}

impl Transport {
    /// Creates the transport to a server that uses TLS or not.
    pub(crate) const fn new(uses_tls: bool, proxy: Option<Proxy>) -> Self {
        Self { uses_tls, proxy, tls: OnceLock::new() }
    }

    /// The proxy, if any.
    pub(crate) const fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The shared TLS configuration. Reading the system's certificates takes tens of milliseconds,
    /// so the first worker that needs them loads them for all. Plain http needs no TLS, but reqwest
    /// requires a configuration.
    pub(super) fn tls(&self) -> Result<ClientConfig, String> {
        let made = self.tls.get_or_init(|| {
            let proxy_uses_tls = self.proxy.as_ref().is_some_and(Proxy::uses_tls);
            let ring = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(ring)
                .with_safe_default_protocol_versions()
                .and_then(|config| {
                    if self.uses_tls || proxy_uses_tls {
                        config.with_platform_verifier()
                    } else {
                        Ok(config.with_root_certificates(RootCertStore::empty()))
                    }
                });
            match config {
                Ok(config) => Ok(config.with_no_client_auth()),
                Err(error) => Err(error.to_string()),
            }
        });
        made.clone()
    }
}
