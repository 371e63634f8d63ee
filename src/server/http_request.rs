//! Parses the head of a request from arbitrary bytes.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};

/// The maximum length of a head in bytes.
const MAX_HEAD_LENGTH: usize = 16 * 1_024;

/// The maximum number of header lines.
const MAX_HEADERS: usize = 100;

/// The time limits for a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadTimeouts {
    /// From a response to the first byte of the next request.
    pub(super) idle: Duration,
    /// From the first byte of a head to its last.
    pub(super) head: Duration,
}

/// The time limits in use.
pub(super) const READ_TIMEOUTS: ReadTimeouts =
    ReadTimeouts { idle: Duration::from_secs(60), head: Duration::from_secs(10) };

/// The parts of a request's head that the API uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HttpRequest {
    /// The method, such as `GET`, as sent.
    pub(super) method: String,
    /// The path and query, as sent.
    pub(super) target: String,
    /// The `Host` header, as sent.
    pub(super) host: Option<String>,
    /// Set if a `User-Agent` was sent, even an empty one.
    pub(super) has_agent: bool,
    /// Set if the connection ends after the response: the client requested it, or a body follows,
    /// which this server does not read.
    pub(super) last: bool,
}

/// The reason why a head is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestHeadError {
    /// It is not HTTP/1.1.
    Malformed,
    /// It is too long, or has too many lines.
    TooLarge,
}

/// Reads the next head. `received` keeps bytes beyond it, since a client may send its next request
/// early. Returns `None` if the client closed the connection or took too long.
pub(super) async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    received: &mut Vec<u8>,
    timeouts: ReadTimeouts,
) -> io::Result<Option<Result<HttpRequest, RequestHeadError>>> {
    let since = Instant::now();
    let mut deadline = since + timeouts.idle;
    let mut started = false;
    loop {
        match parse_head(received) {
            Ok(Some((request, length))) => {
                received.drain(..length);
                return Ok(Some(Ok(request)));
            }
            Ok(None) if received.len() < MAX_HEAD_LENGTH => {}
            Ok(None) => return Ok(Some(Err(RequestHeadError::TooLarge))),
            Err(refusal) => return Ok(Some(Err(refusal))),
        }
        if !started && !received.is_empty() {
            started = true;
            deadline = Instant::now() + timeouts.head;
        }
        received.reserve(2_048);
        match timeout_at(deadline, stream.read_buf(received)).await {
            Ok(Ok(1..)) => {}
            Ok(Err(error)) => return Err(error),
            Ok(Ok(0)) | Err(_) => return Ok(None),
        }
    }
}

/// Parses the head at the start of these bytes and returns it with its length, or `None` if it is
/// incomplete.
fn parse_head(bytes: &[u8]) -> Result<Option<(HttpRequest, usize)>, RequestHeadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD_LENGTH => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(RequestHeadError::TooLarge),
        Err(_) => return Err(RequestHeadError::Malformed),
    };
    let values = |name: &'static str| {
        head.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    let has_body = values("transfer-encoding").next().is_some()
        || values("content-length").any(|value| value != b"0");
    let closes = values("connection")
        .flat_map(|value| value.split(|&byte| byte == b','))
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
    let request = HttpRequest {
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        host: values("host").find_map(|host| str::from_utf8(host).ok()).map(str::to_owned),
        has_agent: values("user-agent").next().is_some(),
        last: has_body || closes || head.version == Some(0),
    };
    Ok(Some((request, length)))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::runtime;

    use super::*;

    /// Returns what a client gets that sends these bytes and then stays connected.
    fn after(sent: &[u8], timeouts: ReadTimeouts) -> Option<Result<HttpRequest, RequestHeadError>> {
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(async {
            let (mut client, mut server) = tokio::io::duplex(64 * 1_024);
            client.write_all(sent).await.unwrap();
            let mut received = Vec::new();
            let reading = read_request(&mut server, &mut received, timeouts);
            let hangs = Duration::from_secs(30);
            tokio::time::timeout(hangs, reading).await.unwrap().unwrap()
        })
    }

    const NONE: ReadTimeouts = ReadTimeouts { idle: Duration::ZERO, head: Duration::ZERO };

    fn parsed(text: &str) -> HttpRequest {
        parse_head(text.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn silent_and_unfinished_clients_time_out() {
        assert_eq!(after(b"", NONE), None);
        // Unlimited time between requests, but none for a head.
        let timeouts = ReadTimeouts { idle: Duration::MAX / 4, ..NONE };
        assert_eq!(after(b"GET / HTTP/1.1\r\nuser-", timeouts), None);
        assert!(after(b"GET / HTTP/1.1\r\n\r\n", NONE).unwrap().is_ok());
    }

    #[test]
    fn head_length_and_header_count_are_limited() {
        let head = |padding: usize| {
            format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(padding)).into_bytes()
        };
        let rest = head(0).len();
        assert!(after(&head(MAX_HEAD_LENGTH - rest), NONE).unwrap().is_ok());
        let refused = Some(Err(RequestHeadError::TooLarge));
        assert_eq!(after(&head(MAX_HEAD_LENGTH - rest + 1), NONE), refused);
        assert_eq!(after(&vec![b'G'; MAX_HEAD_LENGTH], NONE), refused);
        let lines = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
        assert_eq!(after(lines.as_bytes(), NONE), refused);
    }

    #[test]
    fn requests_that_end_the_connection_are_recognized() {
        assert!(!parsed("GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n").last);
        assert!(!parsed("GET / HTTP/1.1\r\nconnection: keep-alive\r\n\r\n").last);
        for head in [
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection: te, Close\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 0\r\ncontent-length: 9\r\n\r\n",
        ] {
            assert!(parsed(head).last, "{head}");
        }
    }

    #[test]
    fn invalid_http_is_rejected() {
        for bytes in [
            b"\0\0\0\0".as_slice(),
            b"HELLO\r\n\r\n",
            b"GET / HTTP/2.0\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ] {
            assert_eq!(parse_head(bytes), Err(RequestHeadError::Malformed), "{bytes:?}");
        }
    }
}
