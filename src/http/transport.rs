//! The proxy and the TLS configuration for a server, shared by the clients of all workers.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::proxy::Proxy;

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
