//! What is sent: bytes with a key, a time and headers.

use std::ffi::{CStr, CString};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::event::ClickEvent;

/// Headers of a record: names and bytes, in order.
///
/// Amazon Redshift shows them in the column `kafka_headers`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(CString, Vec<u8>)>);

/// A list without headers, for records that have none.
pub(crate) const NO_HEADERS: &Headers = &Headers::new();

/// A header that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The name holds a NUL, or is empty.
    #[error("a header's name must not be empty nor hold a NUL")]
    Name,
    /// A `traceparent` that is not one.
    #[error("`{0}` is no W3C traceparent: version-trace id-parent id-flags in lower-case hex")]
    TraceParent(String),
}

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a header; a name may be there more than once.
    ///
    /// # Errors
    /// [`HeaderError::Name`].
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Result<Self, HeaderError> {
        let name = CString::new(name).map_err(|_| HeaderError::Name)?;
        if name.is_empty() {
            return Err(HeaderError::Name);
        }
        self.0.push((name, value.into()));
        Ok(self)
    }

    /// Adds the trace that an event belongs to, as the header `traceparent` of W3C Trace Context.
    ///
    /// # Errors
    /// [`HeaderError::TraceParent`] if it is not of that form.
    pub fn with_trace_parent(self, parent: &str) -> Result<Self, HeaderError> {
        if !is_trace_parent(parent) {
            return Err(HeaderError::TraceParent(parent.to_owned()));
        }
        self.with("traceparent", parent)
    }

    /// Adds the header `schema` with the name and version of this crate's events,
    /// [`ClickEvent::SCHEMA`]: a consumer then knows without parsing.
    #[must_use]
    pub fn with_schema(mut self) -> Self {
        self.0.push((c"schema".to_owned(), ClickEvent::SCHEMA.into()));
        self
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.to_str().unwrap_or_default(), value.as_slice()))
    }

    /// Adds a header that librdkafka has carried already.
    pub(crate) fn push(&mut self, name: &str, value: &[u8]) {
        if let Ok(name) = CString::new(name) {
            self.0.push((name, value.to_vec()));
        }
    }

    pub(crate) fn raw(&self) -> impl Iterator<Item = (&CStr, &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_c_str(), value.as_slice()))
    }
}

/// `00-` 32 hex digits `-` 16 hex digits `-` 2 hex digits, neither id all zeros.
fn is_trace_parent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let not_zero = |text: &str| text.bytes().any(|byte| byte != b'0');
    match parts.as_slice() {
        [version, trace, parent, flags] => {
            hex(version, 2)
                && *version != "ff"
                && hex(trace, 32)
                && hex(parent, 16)
                && hex(flags, 2)
                && not_zero(trace)
                && not_zero(parent)
        }
        _ => false,
    }
}

/// Bytes to send, with what goes along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Records of one key keep their order; without a key they are spread over the partitions.
    pub key: Option<Vec<u8>>,
    /// The bytes.
    pub payload: Vec<u8>,
    /// When it happened; the time of sending if absent. Kafka keeps milliseconds.
    ///
    /// A record that comes back from sending a stream has none: librdkafka does not give it back.
    pub timestamp: Option<SystemTime>,
    /// Sent after the producer's own headers.
    pub headers: Headers,
}

impl Record {
    /// Bytes as they are.
    pub fn new(payload: impl Into<Vec<u8>>) -> Self {
        Self {
            payload: payload.into(),
            ..Self::default()
        }
    }

    /// Anything that serde writes as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Encoding`] with the reason as its source.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let payload = serde_json::to_vec(value)
            .map_err(|cause| Error::new("write an event as JSON", ErrorKind::Encoding).with_source(cause))?;
        Ok(Self::new(payload))
    }

    /// Sets the key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets when it happened.
    #[must_use]
    pub fn with_timestamp(mut self, at: SystemTime) -> Self {
        self.timestamp = Some(at);
        self
    }

    /// Sets the headers.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            key: self.key.as_deref(),
            payload: &self.payload,
            timestamp: self.timestamp,
            headers: &self.headers,
        }
    }
}

/// A record that is lent, so that sending copies nothing but into librdkafka's buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) payload: &'a [u8],
    pub(crate) timestamp: Option<SystemTime>,
    pub(crate) headers: &'a Headers,
}

impl Outgoing<'_> {
    /// Bytes of payload and key, which are what librdkafka and brokers count.
    pub(crate) fn size(&self) -> usize {
        self.payload.len() + self.key.map_or(0, <[u8]>::len)
    }

    /// Milliseconds since the Unix epoch; 0 for the present time, as librdkafka has it.
    pub(crate) fn timestamp_ms(&self) -> i64 {
        let since = self.timestamp.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or_default())
    }

    pub(crate) fn to_record(self) -> Record {
        Record {
            key: self.key.map(<[u8]>::to_vec),
            payload: self.payload.to_vec(),
            timestamp: self.timestamp,
            headers: self.headers.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_parent_is_checked_before_it_is_sent() {
        let headers = Headers::new().with_trace_parent(PARENT).unwrap();
        assert_eq!(
            headers.iter().collect::<Vec<_>>(),
            [("traceparent", PARENT.as_bytes())]
        );
        let zeros = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        for wrong in ["", "00-1-2-3", &PARENT.to_uppercase(), &PARENT[1..], zeros, "ff"] {
            let refused = Headers::new().with_trace_parent(wrong).unwrap_err();
            assert_eq!(refused, HeaderError::TraceParent(wrong.to_owned()));
        }
    }

    #[test]
    fn a_name_is_neither_empty_nor_cut_at_a_nul() {
        assert_eq!(Headers::new().with("", "v"), Err(HeaderError::Name));
        assert_eq!(Headers::new().with("a\0b", "v"), Err(HeaderError::Name));
    }

    #[test]
    fn the_schema_names_the_version_of_the_events() {
        let headers = Headers::new().with_schema();
        assert_eq!(
            headers.iter().collect::<Vec<_>>(),
            [("schema", &b"click-event/1"[..])]
        );
    }

    #[test]
    fn times_before_1970_are_sent_as_the_present() {
        let record = Record::new("x").with_timestamp(UNIX_EPOCH - std::time::Duration::from_secs(1));
        assert_eq!(record.outgoing().timestamp_ms(), 0);
        let record = record.with_timestamp(UNIX_EPOCH + std::time::Duration::from_millis(1_500));
        assert_eq!(record.outgoing().timestamp_ms(), 1_500);
    }
}
