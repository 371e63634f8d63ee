//! Proxies from the environment: requests through them, errors that name them, hidden passwords.

use std::net::TcpListener;

use super::{CliOutput, command_for_server, command_for_url, run_to_end, start_server};
use crate::scripted_server::{ScriptedReply, ScriptedServer};

/// Adds a user and a password to a proxy's address.
fn with_password(address: &str) -> String {
    address.replace("http://", "http://me:hunter%32@")
}

/// Returns the address of a proxy that refuses connections.
fn unreachable_proxy() -> String {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", free.local_addr().unwrap())
}

/// Runs a fetch that fails through a proxy; asserts that the user and the password are not printed.
fn fail_through_proxy(api: &str, (variable, proxy): (&str, &str)) -> CliOutput {
    let output =
        run_to_end(command_for_url(api).arg("--plain").env(variable, with_password(proxy)));
    let printed = format!("{}{}", output.out, output.err);
    assert!(!printed.contains("hunter") && !printed.contains("me:"), "{printed}");
    output
}

#[test]
fn every_mode_sends_its_requests_through_the_proxy() {
    let proxy = ScriptedServer::list(45, |_| None);
    for mode in ["threads", "gil", "processes"] {
        let mut command = command_for_url("http://api.example");
        command.args(["--mode", mode, "--plain"]).env("http_proxy", with_password(proxy.url()));
        let CliOutput { code, out, err } = run_to_end(&mut command);
        assert_eq!(code, Some(0), "{mode}: {out}{err}");
    }
    let requests = proxy.requests();
    assert_eq!(requests.len(), 3 * 2);
    for request in requests {
        assert!(request.target.starts_with("http://api.example/"), "{}", request.target);
        let header = "proxy-authorization: Basic bWU6aHVudGVyMg==";
        assert!(request.head.contains(header), "{}", request.head);
    }
}

#[test]
fn unreachable_proxy_is_named_instead_of_the_api() {
    let proxy = unreachable_proxy();
    for (variable, api) in [
        ("HTTPS_PROXY", "https://api.example"),
        ("all_proxy", "https://api.example"),
        ("HTTP_PROXY", "http://api.example"),
    ] {
        let CliOutput { code, err, .. } = fail_through_proxy(api, (variable, &proxy));
        assert_eq!(code, Some(1), "{err}");
        let message =
            format!("the proxy {proxy} cannot be reached (Connection refused); check {variable}\n");
        assert!(err.ends_with(&message), "{err}");
        assert!(!err.contains("api.example"), "{err}");
    }
}

#[test]
fn refusing_proxy_is_named() {
    for (status, reason) in [(407, "authorization required"), (502, "unsuccessful")] {
        let proxy = ScriptedServer::start(move |_| ScriptedReply::new(status, ""));
        let url = proxy.url();
        let CliOutput { code, err, .. } =
            fail_through_proxy("https://api.example", ("HTTPS_PROXY", url));
        assert_eq!(code, Some(1), "{err}");
        assert!(
            err.contains(&format!("the proxy {url} does not connect to api.example (")),
            "{err}"
        );
        assert!(err.contains(reason) && err.ends_with("); check HTTPS_PROXY\n"), "{err}");
        assert_eq!(proxy.requests()[0].target, "api.example:443");
    }
    let proxy = ScriptedServer::start(|_| ScriptedReply::new(407, ""));
    let CliOutput { code, err, .. } =
        fail_through_proxy("http://api.example", ("HTTP_PROXY", proxy.url()));
    assert_eq!(code, Some(4), "{err}");
    let message = format!("the proxy {} requires a user and a password (", proxy.url());
    assert!(err.contains(&message), "{err}");
}

#[test]
fn tls_failure_through_a_proxy_names_api_and_proxy() {
    // The proxy accepts CONNECT and then sends no TLS.
    let proxy = ScriptedServer::start(|request| match request.target.as_str() {
        "api.example:443" => ScriptedReply::new(200, "no TLS"),
        _ => ScriptedReply::never(),
    });
    let url = proxy.url();
    let CliOutput { err, .. } = fail_through_proxy("https://api.example", ("HTTPS_PROXY", url));
    let message = format!("api.example (through the proxy {url}) cannot be reached (");
    assert!(err.contains(&message), "{err}");
}

#[test]
fn unusable_proxy_is_rejected_before_the_run() {
    let malformed = "is not the address of a proxy\nhint: write it as http://HOST:PORT";
    for (proxy, message) in [
        ("http://", malformed),
        ("http://me:hunter2@", malformed),
        ("me:hunter2@proxy.example:99999", malformed),
        // `/` and `#` in the password end the authority: the host would be `me`.
        ("http://me:80/hunter2@proxy.example:3128", malformed),
        ("http://me:80#hunter2@proxy.example:3128", malformed),
        ("ftp://proxy.example", malformed),
        ("socks5://me:hunter2@proxy.example:1080", "names a SOCKS proxy, which is not supported"),
    ] {
        let mut command = command_for_url("https://api.example");
        let CliOutput { code, out, err } =
            run_to_end(command.arg("--plain").env("HTTPS_PROXY", proxy));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{proxy}: {err}");
        assert!(err.starts_with(&format!("threadline: HTTPS_PROXY {message}")), "{proxy}: {err}");
        assert!(!err.contains("hunter"), "{err}");
    }
}

/// Neither an unreachable nor a malformed proxy matters.
#[test]
fn loopback_server_bypasses_the_proxy() {
    let server = start_server(30);
    for proxy in [unreachable_proxy(), "http://".to_owned()] {
        let mut command = command_for_server(&server);
        command.arg("--plain").env("HTTP_PROXY", &proxy).env("ALL_PROXY", &proxy);
        let CliOutput { code, err, .. } = run_to_end(&mut command);
        assert_eq!(code, Some(0), "{proxy}: {err}");
    }
}
