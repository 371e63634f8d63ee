//! Proxies that the environment names: asked, blamed, refused; their passwords stay secret.

use std::net::TcpListener;

use super::scripted_server::{ScriptedReply, ScriptedServer};
use super::{CliOutput, asking_quick, command_for, quick, run_to_end};

/// A proxy's address with a user and a password, as a variable has it.
fn with_password(address: &str) -> String {
    address.replace("http://", "http://me:hunter%32@")
}

/// The address of a proxy that nobody is at.
fn dead() -> String {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", free.local_addr().unwrap())
}

/// Fetches through a proxy what cannot be had through it.
fn fail(api: &str, (variable, proxy): (&str, &str), more: &[&str]) -> CliOutput {
    let ended =
        run_to_end(command_for(api).args(more).arg("--plain").env(variable, with_password(proxy)));
    let all = format!("{}{}", ended.out, ended.err);
    assert!(!all.contains("hunter") && !all.contains("me:"), "{all}");
    ended
}

#[test]
fn an_api_is_asked_through_the_proxy_in_every_mode() {
    let proxy = ScriptedServer::list(45, 45, |_| None);
    for mode in ["threads", "gil", "processes"] {
        let mut command = command_for("http://api.example");
        command.args(["--mode", mode, "--plain"]).env("http_proxy", with_password(proxy.url()));
        let CliOutput { code, out, err } = run_to_end(&mut command);
        assert_eq!(code, Some(0), "{mode}: {out}{err}");
    }
    let asked = proxy.requests();
    // The rate limit, the profile and two pages.
    assert_eq!(asked.len(), 3 * 4);
    for request in asked {
        assert!(request.target.starts_with("http://api.example/"), "{}", request.target);
        let header = "proxy-authorization: Basic bWU6aHVudGVyMg==";
        assert!(request.head.contains(header), "{}", request.head);
    }
}

#[test]
fn a_dead_proxy_is_blamed_and_not_the_api() {
    let proxy = dead();
    for (variable, api) in [
        ("HTTPS_PROXY", "https://api.example"),
        ("all_proxy", "https://api.example"),
        ("HTTP_PROXY", "http://api.example"),
    ] {
        let CliOutput { code, err, .. } = fail(api, (variable, &proxy), &[]);
        assert_eq!(code, Some(1), "{err}");
        let sentence =
            format!("the proxy {proxy} cannot be reached (Connection refused); check {variable}\n");
        assert!(err.ends_with(&sentence), "{err}");
        assert!(!err.contains("api.example"), "{err}");
    }
}

#[test]
fn a_proxy_that_refuses_is_blamed() {
    for (status, reason) in [(407, "authorization required"), (502, "unsuccessful")] {
        let proxy = ScriptedServer::start(move |_| ScriptedReply::new(status, ""));
        let url = proxy.url();
        let CliOutput { code, err, .. } = fail("https://api.example", ("HTTPS_PROXY", url), &[]);
        assert_eq!(code, Some(1), "{err}");
        assert!(
            err.contains(&format!("the proxy {url} does not connect to api.example (")),
            "{err}"
        );
        assert!(err.contains(reason) && err.ends_with("); check HTTPS_PROXY\n"), "{err}");
        assert_eq!(proxy.requests()[0].target, "api.example:443");
    }
    let proxy = ScriptedServer::start(|_| ScriptedReply::new(407, ""));
    let CliOutput { code, err, .. } = fail("http://api.example", ("HTTP_PROXY", proxy.url()), &[]);
    assert_eq!(code, Some(4), "{err}");
    let sentence = format!("the proxy {} requires a user and a password (", proxy.url());
    assert!(err.contains(&sentence), "{err}");
}

#[test]
fn tls_with_the_api_fails_through_the_proxy() {
    // The proxy connects, and then no TLS comes from behind it.
    let proxy = ScriptedServer::start(|request| match request.target.as_str() {
        "api.example:443" => ScriptedReply::new(200, "no TLS"),
        _ => ScriptedReply::never(),
    });
    let url = proxy.url();
    let CliOutput { err, .. } = fail("https://api.example", ("HTTPS_PROXY", url), &[]);
    let sentence = format!("api.example (through the proxy {url}) cannot be reached (");
    assert!(err.contains(&sentence), "{err}");
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_before_the_run() {
    let malformed = "is not the address of a proxy\nhint: write it as http://HOST:PORT";
    for (proxy, words) in [
        ("http://", malformed),
        ("http://me:hunter2@", malformed),
        ("me:hunter2@proxy.example:99999", malformed),
        // A password with a character that ends the address: the host would be "me".
        ("http://me:80/hunter2@proxy.example:3128", malformed),
        ("http://me:80#hunter2@proxy.example:3128", malformed),
        ("ftp://proxy.example", malformed),
        ("socks5://me:hunter2@proxy.example:1080", "names a SOCKS proxy, which is not supported"),
    ] {
        let mut command = command_for("https://api.example");
        let CliOutput { code, out, err } =
            run_to_end(command.arg("--plain").env("HTTPS_PROXY", proxy));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{proxy}: {err}");
        assert!(err.starts_with(&format!("threadline: HTTPS_PROXY {words}")), "{proxy}: {err}");
        assert!(!err.contains("hunter"), "{err}");
    }
}

/// Neither a dead proxy nor one that cannot be used is in the way.
#[test]
fn this_machine_is_asked_directly() {
    let server = quick(30);
    for proxy in [dead(), "http://".to_owned()] {
        let mut command = asking_quick(&server);
        command.arg("--plain").env("HTTP_PROXY", &proxy).env("ALL_PROXY", &proxy);
        let CliOutput { code, err, .. } = run_to_end(&mut command);
        assert_eq!(code, Some(0), "{proxy}: {err}");
    }
}
