//! Requests and responses on the wire: a length, a header, a body.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Encodable, Request, decode_request_header_from_buffer};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Largest request that a broker reads, in bytes (`socket.request.max.bytes`).
const LARGEST_REQUEST: usize = 104_857_600;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireFault {
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
    #[error("a request of {0} bytes")]
    Size(i32),
    #[error("malformed: {0}")]
    Malformed(String),
    #[error("request {key} in version {version} is not served here")]
    NotServed { key: i16, version: i16 },
    #[error("request {0} before authentication")]
    NotAuthenticated(i16),
    #[error("the session of {0} has expired")]
    SessionExpired(String),
    #[error("as scripted: {0}")]
    Scripted(&'static str),
}

/// One request, its body not decoded yet.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) key: i16,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
    body: Bytes,
}

impl Frame {
    /// Reads the next request; `None` when the client has closed the connection.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>, WireFault> {
        let size = match stream.read_i32().await {
            Ok(size) => size,
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let length = usize::try_from(size)
            .ok()
            .filter(|length| (8..=LARGEST_REQUEST).contains(length));
        let mut bytes = vec![0; length.ok_or(WireFault::Size(size))?];
        stream.read_exact(&mut bytes).await?;
        Self::split(Bytes::from(bytes)).map(Some)
    }

    fn split(mut bytes: Bytes) -> Result<Self, WireFault> {
        let key = i16::from_be_bytes([bytes[0], bytes[1]]);
        let version = i16::from_be_bytes([bytes[2], bytes[3]]);
        if ApiKey::try_from(key).is_err() {
            return Err(WireFault::NotServed { key, version });
        }
        let header: RequestHeader = decode_request_header_from_buffer(&mut bytes).map_err(malformed)?;
        Ok(Self {
            key,
            version,
            correlation_id: header.correlation_id,
            body: bytes,
        })
    }

    /// Whether records are to be written.
    pub(super) fn is_produce(&self) -> bool {
        self.key == ApiKey::Produce as i16
    }

    /// The body as a request of type `R`.
    pub(super) fn decode<R: Request>(&self) -> Result<R, WireFault> {
        R::decode(&mut self.body.clone(), self.version).map_err(malformed)
    }

    /// The bytes of a response to this request, length included.
    pub(super) fn encode<R: Request>(&self, response: &R::Response) -> Result<Bytes, WireFault> {
        self.encode_as::<R>(response, self.version)
    }

    /// As [`encode`](Self::encode), in another version than that of the request.
    pub(super) fn encode_as<R: Request>(
        &self,
        response: &R::Response,
        version: i16,
    ) -> Result<Bytes, WireFault> {
        use kafka_protocol::protocol::HeaderVersion;
        let mut header = ResponseHeader::default();
        header.correlation_id = self.correlation_id;
        let mut bytes = BytesMut::with_capacity(256);
        bytes.put_i32(0);
        let header_version = <R::Response as HeaderVersion>::header_version(version);
        header.encode(&mut bytes, header_version).map_err(malformed)?;
        response.encode(&mut bytes, version).map_err(malformed)?;
        let length = i32::try_from(bytes.len() - 4).map_err(malformed)?;
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        Ok(bytes.freeze())
    }
}

/// Keeps what the codec says; its error type is not ours to expose.
fn malformed(error: impl std::fmt::Display) -> WireFault {
    WireFault::Malformed(error.to_string())
}
