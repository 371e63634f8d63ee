//! The proxy variables of an environment: which one applies to an API.

use threadline::github::{Api, ApiError};
use threadline::http::{ProxyError, ProxySettings};

/// Returns the proxy to an API in an environment, as the API prints it.
fn proxy(base: &str, environment: &[(&str, &str)]) -> Result<Option<String>, ApiError> {
    let value = |name: &str| environment.iter().find(|(other, _)| *other == name);
    let settings = ProxySettings::read(|name| Some(value(name)?.1.to_owned()));
    let api = format!("{:?}", Api::new(base, None).unwrap().with_proxy(&settings)?);
    let (proxy, _) = api.split_once("proxy: ").unwrap().1.split_once(", tls: ").unwrap();
    Ok(proxy.strip_prefix("Some(").map(|proxy| proxy.trim_end_matches(')').to_owned()))
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
    let socks = Err(ApiError::Proxy(ProxyError::Socks("HTTPS_PROXY")));
    assert_eq!(proxy("https://api.github.com", &environment), socks);
    assert_eq!(proxy("https://10.1.2.3/api/v3", &environment), Ok(None));
}
