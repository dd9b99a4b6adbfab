//! Reads requests from a socket, within limits of size and time.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::wire::Request;

/// How large and how slow a request may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Longest request line and headers together, in bytes.
    pub(super) head: usize,
    /// Longest body, in bytes.
    pub(super) body: usize,
    /// How long a connection may be silent between requests.
    pub(super) idle: Duration,
    /// How long a head that was begun may take, and how long a body may.
    pub(super) patience: Duration,
}

/// Most headers of a request.
const HEADERS: usize = 100;

/// Why there is no request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The client has gone, or went silent where nothing can be answered.
    Gone,
    /// What it sent is answered with this status and text, and the connection ends.
    Bad(u16, String),
}

/// A request with what its connection needs to know.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) request: Request,
    /// Whether the client wants the connection to go on.
    pub(super) keep: bool,
}

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
}

/// One side of a connection, with what was read too far.
#[derive(Debug)]
pub(super) struct Reader<S> {
    pub(super) stream: S,
    buffer: Vec<u8>,
    limits: Limits,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Reader<S> {
    pub(super) fn new(stream: S, limits: Limits) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            limits,
        }
    }

    /// Waits until a request begins; false where none will. May be dropped and asked again.
    pub(super) async fn begins(&mut self) -> bool {
        // Empty lines before a request are passed over, as RFC 9112 asks.
        loop {
            let blank = self
                .buffer
                .iter()
                .take_while(|byte| b"\r\n".contains(byte))
                .count();
            self.buffer.drain(..blank);
            if !self.buffer.is_empty() {
                return true;
            }
            match timeout(self.limits.idle, self.more()).await {
                Ok(Ok(())) => {}
                _ => return false,
            }
        }
    }

    /// Reads the request that has begun.
    pub(super) async fn request(&mut self) -> Result<Incoming, Refusal> {
        let patience = self.limits.patience;
        let head = timeout(patience, self.head()).await;
        let (mut incoming, framing, expects) = head.unwrap_or_else(|_| Err(slow("head")))?;
        if expects {
            let go_on = self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            go_on.await.map_err(|_| Refusal::Gone)?;
        }
        let body = timeout(patience, self.body(framing)).await;
        incoming.request.body = body.unwrap_or_else(|_| Err(slow("body")))?;
        Ok(incoming)
    }

    /// Waits until the client has closed its side; what it still sends is thrown away.
    pub(super) async fn gone(&mut self) {
        let mut waste = [0; 4096];
        while matches!(self.stream.read(&mut waste).await, Ok(read) if read > 0) {}
    }

    async fn head(&mut self) -> Result<(Incoming, Framing, bool), Refusal> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; HEADERS];
            let mut parsed = httparse::Request::new(&mut headers);
            match parsed.parse(&self.buffer) {
                Ok(httparse::Status::Complete(length)) if length <= self.limits.head => {
                    let (incoming, expects) = understand(&parsed)?;
                    let framing = framing(&incoming.request, self.limits.body)?;
                    self.buffer.drain(..length);
                    return Ok((incoming, framing, expects));
                }
                Ok(httparse::Status::Partial) if self.buffer.len() < self.limits.head => self.more().await?,
                Ok(_) | Err(httparse::Error::TooManyHeaders) => {
                    return Err(bad(431, "the head of the request is too long"));
                }
                Err(cause) => return Err(bad(400, &format!("the head of the request is no HTTP: {cause}"))),
            }
        }
    }

    async fn body(&mut self, framing: Framing) -> Result<Vec<u8>, Refusal> {
        match framing {
            Framing::Length(length) => self.take(length).await,
            Framing::Chunked => self.chunks().await,
        }
    }

    /// The next `length` bytes.
    async fn take(&mut self, length: usize) -> Result<Vec<u8>, Refusal> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, Refusal> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(|_| bad(400, "a chunk has no size"))?;
            if size == 0 {
                // Trailers end with an empty line.
                while !self.line().await?.is_empty() {}
                return Ok(body);
            }
            if size > self.limits.body - body.len() {
                return Err(too_large(self.limits.body));
            }
            body.extend(self.take(size).await?);
            if !self.line().await?.is_empty() {
                return Err(bad(400, "a chunk is longer than it says"));
            }
        }
    }

    /// A line without its end.
    async fn line(&mut self) -> Result<String, Refusal> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.buffer.len() > self.limits.head {
                return Err(bad(400, "a line of a chunked body is too long"));
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), Refusal> {
        self.buffer.reserve(8 * 1024);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) | Err(_) => Err(Refusal::Gone),
            Ok(_) => Ok(()),
        }
    }
}

fn bad(status: u16, text: &str) -> Refusal {
    Refusal::Bad(status, text.to_owned())
}

fn slow(what: &str) -> Refusal {
    Refusal::Bad(408, format!("the {what} of the request takes too long"))
}

fn too_large(limit: usize) -> Refusal {
    Refusal::Bad(413, format!("the body is longer than {limit} bytes"))
}

/// A request without its body, and whether the client waits to be told to send one.
fn understand(parsed: &httparse::Request<'_, '_>) -> Result<(Incoming, bool), Refusal> {
    let headers: Vec<(String, String)> = parsed
        .headers
        .iter()
        .map(|header| {
            let value = String::from_utf8_lossy(header.value).into_owned();
            (header.name.to_ascii_lowercase(), value)
        })
        .collect();
    let (path, query) = target(parsed.path.unwrap_or_default());
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path,
        query,
        headers,
        ..Request::default()
    };
    let says = |name: &str, word: &str| {
        let words = request.header(name).unwrap_or_default().split(',');
        words.map(str::trim).any(|found| found.eq_ignore_ascii_case(word))
    };
    let modern = parsed.version == Some(1);
    let keep = if modern {
        !says("connection", "close")
    } else {
        says("connection", "keep-alive")
    };
    let expects = says("expect", "100-continue");
    if request.header("expect").is_some() && !expects {
        return Err(bad(417, "only 100-continue can be expected"));
    }
    let host = request.header("host").unwrap_or_default();
    if host.is_empty() && modern {
        return Err(bad(400, "the request has no Host"));
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let request = Request {
        host: name,
        ..request
    };
    Ok((Incoming { request, keep }, expects && modern))
}

/// Path and query of `/path?query`, also behind `http://host`.
fn target(text: &str) -> (String, String) {
    let text = match text.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
            rest.find(['/', '?']).map_or("", |start| &rest[start..])
        }
        _ => text,
    };
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let path = if path.is_empty() { "/" } else { path };
    (path.to_owned(), query.to_owned())
}

fn framing(request: &Request, limit: usize) -> Result<Framing, Refusal> {
    let mut lengths = request
        .headers
        .iter()
        .filter(|(name, _)| name == "content-length");
    let length = lengths.next().map(|(_, value)| value.as_str());
    if lengths.any(|(_, other)| Some(other.as_str()) != length) {
        return Err(bad(400, "the request has two lengths"));
    }
    match (request.header("transfer-encoding"), length) {
        (Some(_), Some(_)) => Err(bad(400, "the body has a length and is chunked")),
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
        (Some(_), None) => Err(bad(501, "the only transfer encoding is chunked")),
        (None, None) => Ok(Framing::Length(0)),
        (None, Some(text)) => match text.parse::<usize>() {
            Ok(length) if length > limit => Err(too_large(limit)),
            Ok(length) => Ok(Framing::Length(length)),
            Err(_) => Err(bad(400, "the length of the body is no number")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        head: 1024,
        body: 16,
        idle: Duration::from_secs(5),
        patience: Duration::from_secs(1),
    };

    /// What is understood of these bytes, and what is said meanwhile.
    async fn read(pieces: &[&str]) -> (Result<Incoming, Refusal>, String) {
        let (mut client, server) = tokio::io::duplex(4096);
        let mut reader = Reader::new(server, LIMITS);
        let pieces: Vec<String> = pieces.iter().map(|&piece| piece.to_owned()).collect();
        let sent = tokio::spawn(async move {
            for piece in pieces {
                client.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            client
        });
        let read = if reader.begins().await {
            reader.request().await
        } else {
            Err(Refusal::Gone)
        };
        drop(reader);
        let mut said = String::new();
        sent.await.unwrap().read_to_string(&mut said).await.unwrap();
        (read, said)
    }

    fn body(incoming: Result<Incoming, Refusal>) -> String {
        String::from_utf8(incoming.unwrap().request.body).unwrap()
    }

    #[tokio::test]
    async fn a_request_in_pieces_is_one_request() {
        let (read, _) = read(&[
            "\r\nPOST /a%2Fb?x=1&y HT",
            "TP/1.1\r\nHost: h:1\r\nX-A:  b \r\nContent-Le",
            "ngth: 4\r\n\r\nab",
            "cd",
        ])
        .await;
        let incoming = read.unwrap();
        assert!(incoming.keep);
        let request = incoming.request;
        assert_eq!((request.method.as_str(), request.host.as_str()), ("POST", "h"));
        assert_eq!(
            (request.path.as_str(), request.query.as_str()),
            ("/a%2Fb", "x=1&y")
        );
        assert_eq!(
            (request.header("x-a"), request.body.as_slice()),
            (Some("b"), &b"abcd"[..])
        );
    }

    #[tokio::test]
    async fn chunks_are_put_together_and_their_extensions_and_trailers_dropped() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let (incoming, _) = read(&[head, "3;x=y\r\nabc\r\n1\r", "\nd\r\n0\r\nT: x\r\n\r\n"]).await;
        assert_eq!(body(incoming), "abcd");
    }

    #[tokio::test]
    async fn whoever_waits_to_send_a_body_is_told_to_go_on() {
        let head = "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n";
        let (incoming, said) = read(&[head, "x"]).await;
        assert_eq!(
            (body(incoming).as_str(), said.as_str()),
            ("x", "HTTP/1.1 100 Continue\r\n\r\n")
        );
    }

    #[tokio::test]
    async fn what_is_too_large_or_says_two_things_is_refused() {
        let with = |headers: &str| format!("POST / HTTP/1.1\r\nHost: h\r\n{headers}\r\n\r\n");
        let long = "X: ".to_owned() + &"y".repeat(2000);
        let cases = [
            (with("Content-Length: 17"), 413),
            (with("Transfer-Encoding: chunked") + "11\r\n", 413),
            (with("Transfer-Encoding: chunked") + "zz\r\n", 400),
            (with("Transfer-Encoding: chunked") + "1\r\nabc\r\n", 400),
            (with("Transfer-Encoding: chunked\r\nContent-Length: 1"), 400),
            (with("Transfer-Encoding: gzip"), 501),
            (with("Content-Length: 1\r\nContent-Length: 2"), 400),
            (with("Content-Length: -1"), 400),
            (with("Expect: miracles"), 417),
            (with(&long), 431),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("no HTTP at all\r\n\r\n".to_owned(), 400),
        ];
        for (sent, expected) in cases {
            let (read, _) = read(&[&sent]).await;
            match read {
                Err(Refusal::Bad(status, _)) => assert_eq!(status, expected, "{sent}"),
                other => panic!("{sent}: {other:?}"),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_in_the_middle_is_told_so_and_who_never_begins_is_left() {
        for (sent, what) in [
            ("POST / HTT", "head"),
            (
                "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab",
                "body",
            ),
        ] {
            let (mut client, server) = tokio::io::duplex(4096);
            client.write_all(sent.as_bytes()).await.unwrap();
            let mut reader = Reader::new(server, LIMITS);
            assert!(reader.begins().await);
            assert_eq!(reader.request().await.unwrap_err(), slow(what));
        }
        let (_client, server) = tokio::io::duplex(64);
        assert!(!Reader::new(server, LIMITS).begins().await);
    }

    #[test]
    fn a_connection_is_kept_as_the_version_and_the_client_say() {
        let keeps = |text: &str| {
            let mut headers = [httparse::EMPTY_HEADER; 4];
            let mut parsed = httparse::Request::new(&mut headers);
            parsed.parse(text.as_bytes()).unwrap();
            understand(&parsed).unwrap().0.keep
        };
        assert!(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.0\r\n\r\n"));
        assert!(keeps("GET http://h/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
        assert_eq!(target("http://h:1?a=b"), ("/".to_owned(), "a=b".to_owned()));
    }
}
