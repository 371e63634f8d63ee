//! Headers as they are typed, and the ways in which their values could be shown.

use std::io::Write as _;

use super::*;

fn pairs(headers: &SecretHeaders) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    headers.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

#[test]
fn headers_are_parsed() {
    for (argument, name, value) in [
        ("Authorization: Bearer abc", "authorization", "Bearer abc"),
        ("X-Key:abc", "x-key", "abc"),
        ("X-Key: \t a: b, c \t", "x-key", "a: b, c"),
        ("Cookie: a=b; c=d", "cookie", "a=b; c=d"),
        ("User-Agent: é", "user-agent", "é"),
    ] {
        let headers = SecretHeaders::parse(&[argument]).unwrap();
        assert_eq!(pairs(&headers), [(name.to_owned(), value.to_owned())]);
        assert!(headers.headers().values().all(HeaderValue::is_sensitive));
    }
    let several = SecretHeaders::parse(&["A: 1", "B: 2", "a: 3"]).unwrap();
    assert_eq!(several.headers().get_all("a").iter().count(), 2);
    assert!(SecretHeaders::parse(&[""; 0]).unwrap().is_empty());
}

#[test]
fn headers_are_read_from_files() {
    let file = file(
        b"\xef\xbb\xbf# token\r\n\r\nAuthorization: Bearer abc\r\n  X-Key: 1\n#X: y\nX-Last: z",
    );
    let argument = format!("@{}", file.path().display());
    let headers = SecretHeaders::parse(&[argument.as_str(), "X-Other: 2"]).unwrap();
    let names: Vec<_> = pairs(&headers).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["authorization", "x-key", "x-last", "x-other"]);
}

#[test]
fn errors_name_the_place_and_never_the_value() {
    for (argument, message) in [
        (
            "hunter2",
            "a header of -H has no colon; write it as Name: value, in quotes on the command line",
        ),
        ("", "a header of -H has no colon; write it as Name: value, in quotes on the command line"),
        (": hunter2", "a header of -H has no valid name before the colon; write it as Name: value"),
        (
            "my hunter2: x",
            "a header of -H has no valid name before the colon; write it as Name: value",
        ),
        (
            "\u{1b}[hunter2: x",
            "a header of -H has no valid name before the colon; write it as Name: value",
        ),
        (
            "Authorization:",
            "Authorization in a header of -H has no value; write it as 'Authorization: value', in quotes",
        ),
        (
            "X-Key: hunter2\r\nX-Evil: 1",
            "the value of X-Key in a header of -H contains a line break or another control character; write it on one line",
        ),
        (
            "X-Key: hunter2\u{1b}[2J",
            "the value of X-Key in a header of -H contains a line break or another control character; write it on one line",
        ),
        ("Host: hunter2.example", "Host in a header of -H cannot be chosen; leave it out"),
        (
            "transfer-encoding: hunter2",
            "transfer-encoding in a header of -H cannot be chosen; leave it out",
        ),
    ] {
        let error = SecretHeaders::parse(&[argument]).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let line = file(b"A: 1\nhunter2\n");
    let error = SecretHeaders::parse(&[format!("@{}", line.path().display())]).unwrap_err();
    assert!(error.to_string().starts_with("line 2 of /") && !error.to_string().contains("hunter2"));
    let error = SecretHeaders::parse(&["@/nowhere/\u{1b}x"]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read headers from /nowhere/\\u{1b}x: "), "{error}");
    let large = file(&vec![b'#'; (1 << 20) + 1]);
    let error = SecretHeaders::parse(&[format!("@{}", large.path().display())]).unwrap_err();
    assert!(error.to_string().ends_with("it is larger than 1 MB"));
}

#[test]
fn debug_output_shows_names_alone() {
    let headers =
        SecretHeaders::parse(&["Authorization: Bearer hunter22", "X-Key: hunter22"]).unwrap();
    assert_eq!(format!("{headers:?}"), r#"["authorization", "x-key"]"#);
    assert!(!format!("{:?}", headers.headers()).contains("hunter22"));
}
