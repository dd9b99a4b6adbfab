//! Writes answers to a socket.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::wire::Response;

/// What becomes of the body and of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether only the head is sent, since that is what was asked for.
    pub(super) head_only: bool,
    /// Whether the connection goes on.
    pub(super) keep: bool,
}

/// Writes an answer; false where the client did not take it in time.
pub(super) async fn answer<S: AsyncWrite + Unpin>(
    stream: &mut S,
    response: &Response,
    manner: Manner,
    patience: Duration,
) -> bool {
    let bytes = render(response, manner);
    let written = async {
        stream.write_all(&bytes).await?;
        stream.flush().await
    };
    matches!(tokio::time::timeout(patience, written).await, Ok(Ok(())))
}

fn render(response: &Response, manner: Manner) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(response.status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let connection = if manner.keep { "keep-alive" } else { "close" };
    let length = response.body.len();
    head.push_str(&format!(
        "content-length: {length}\r\nconnection: {connection}\r\n\r\n"
    ));
    let mut bytes = head.into_bytes();
    if !manner.head_only {
        bytes.extend_from_slice(&response.body);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_how_long_the_body_would_be_and_leaves_it_out() {
        let response = Response {
            status: 404,
            headers: vec![("x-a".to_owned(), "b".to_owned())],
            body: b"gone".to_vec(),
        };
        let text =
            |head_only, keep| String::from_utf8(render(&response, Manner { head_only, keep })).unwrap();
        let head = "HTTP/1.1 404 Not Found\r\nx-a: b\r\ncontent-length: 4\r\n";
        assert_eq!(text(true, false), format!("{head}connection: close\r\n\r\n"));
        assert_eq!(
            text(false, true),
            format!("{head}connection: keep-alive\r\n\r\ngone")
        );
    }
}
