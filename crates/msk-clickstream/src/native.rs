//! What the Rust binding of librdkafka does not offer; the only unsafe code of the crate.
//!
//! A token that is set from outside; the state of a message that failed; and producing to a topic that was
//! looked up once, where the binding copies and looks up its name for every record.

#![allow(unsafe_code, reason = "calls into librdkafka that its binding lacks")]

use std::ffi::{CStr, CString, c_void};
use std::time::Duration;

use rdkafka::bindings::{
    self, rd_kafka_topic_t, rd_kafka_vtype_t as Kind, rd_kafka_vu_s__bindgen_ty_1 as Value,
    rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 as Bytes, rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_2 as Pair,
    rd_kafka_vu_t,
};
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::util::IntoOpaque;

use crate::record::Headers;

/// Gives a client its token. Needed before an `AdminClient` connects: its thread polls only its own
/// queue and so never asks for one.
pub(crate) fn set_token<C: ClientContext>(client: &Client<C>, token: OAuthToken) -> Result<(), String> {
    let nul = |_| "the token holds a NUL".to_owned();
    let value = CString::new(token.token).map_err(nul)?;
    let principal = CString::new(token.principal_name).map_err(nul)?;
    let mut reason = [0_u8; 512];
    // SAFETY: `native_ptr` is the live client that `client` owns. The strings are NUL-terminated and
    // live until the call returns; librdkafka copies them. No extensions are passed (null, count 0).
    // The buffer is as long as stated, and librdkafka terminates what it writes there.
    let code = unsafe {
        bindings::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.lifetime_ms,
            principal.as_ptr(),
            std::ptr::null_mut(),
            0,
            reason.as_mut_ptr().cast(),
            reason.len(),
        )
    };
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let reason = CStr::from_bytes_until_nul(&reason).map(|text| text.to_string_lossy().into_owned());
    Err(reason.unwrap_or_default())
}

/// Whether a message that was not acknowledged may be in the log all the same.
pub(crate) fn possibly_written(message: &BorrowedMessage<'_>) -> bool {
    // SAFETY: the message is borrowed from the delivery report that it came with, so the pointer is
    // live; the function only reads from it.
    let status = unsafe { bindings::rd_kafka_message_status(message.ptr()) };
    status != bindings::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
}

/// How long ago a message was put into the buffer.
pub(crate) fn age(message: &BorrowedMessage<'_>) -> Duration {
    // SAFETY: as in `possibly_written`.
    let micros = unsafe { bindings::rd_kafka_message_latency(message.ptr()) };
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// A topic of a client, looked up once.
#[derive(Debug)]
pub(crate) struct Topic(*mut rd_kafka_topic_t);

// SAFETY: librdkafka's topic handles are counted references that any thread may use and drop.
unsafe impl Send for Topic {}
// SAFETY: as above; librdkafka locks inside.
unsafe impl Sync for Topic {}

impl Topic {
    /// Looks a topic up. The handle must be dropped before its client.
    pub(crate) fn new<C: ClientContext>(client: &Client<C>, name: &str) -> Option<Self> {
        let name = CString::new(name).ok()?;
        // SAFETY: the client is live and the name NUL-terminated; without a configuration (null) the
        // client's default is taken.
        let topic =
            unsafe { bindings::rd_kafka_topic_new(client.native_ptr(), name.as_ptr(), std::ptr::null_mut()) };
        (!topic.is_null()).then_some(Self(topic))
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is not used afterwards.
        unsafe { bindings::rd_kafka_topic_destroy(self.0) }
    }
}

/// What is produced. librdkafka copies all of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Produced<'a> {
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) payload: &'a [u8],
    /// Milliseconds since the Unix epoch; 0 for the present time.
    pub(crate) timestamp_ms: i64,
    /// Two lists, sent one after the other.
    pub(crate) headers: [&'a Headers; 2],
}

/// Puts a record into the buffer of the client that `topic` was looked up in. `opaque` comes back with
/// its delivery report, or at once if the record is refused.
pub(crate) fn produce<C: ClientContext, T: IntoOpaque>(
    client: &Client<C>,
    topic: &Topic,
    record: Produced<'_>,
    opaque: T,
) -> Result<(), (RDKafkaErrorCode, T)> {
    let opaque = opaque.into_ptr();
    let of = |vtype, u| rd_kafka_vu_t { vtype, u };
    let bytes = |bytes: Option<&[u8]>| Value {
        mem: Bytes {
            ptr: bytes.map_or(std::ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast()),
            size: bytes.map_or(0, <[u8]>::len),
        },
    };
    let all = [
        of(Kind::RD_KAFKA_VTYPE_RKT, Value { rkt: topic.0 }),
        of(Kind::RD_KAFKA_VTYPE_MSGFLAGS, Value { i: COPY }),
        of(Kind::RD_KAFKA_VTYPE_VALUE, bytes(Some(record.payload))),
        of(Kind::RD_KAFKA_VTYPE_KEY, bytes(record.key)),
        of(Kind::RD_KAFKA_VTYPE_OPAQUE, Value { ptr: opaque }),
        of(
            Kind::RD_KAFKA_VTYPE_TIMESTAMP,
            Value {
                i64_: record.timestamp_ms,
            },
        ),
    ];
    let code = if record.headers.iter().all(|headers| headers.is_empty()) {
        call(client, &all)
    } else {
        let headers = record.headers.into_iter().flat_map(Headers::raw);
        let headers = headers.map(|(name, value)| of(Kind::RD_KAFKA_VTYPE_HEADER, header(name, value)));
        call(client, &all.into_iter().chain(headers).collect::<Vec<_>>())
    };
    match code {
        None => Ok(()),
        // SAFETY: the pointer is from `into_ptr` above, and librdkafka has kept nothing of a record
        // that it refuses.
        Some(code) => Err((code, unsafe { T::from_ptr(opaque) })),
    }
}

/// `RD_KAFKA_MSG_F_COPY`: key and payload are copied.
const COPY: i32 = bindings::RD_KAFKA_MSG_F_COPY;

fn header(name: &CStr, value: &[u8]) -> Value {
    Value {
        header: Pair {
            name: name.as_ptr(),
            val: value.as_ptr().cast::<c_void>(),
            size: isize::try_from(value.len()).unwrap_or(isize::MAX),
        },
    }
}

fn call<C: ClientContext>(client: &Client<C>, record: &[rd_kafka_vu_t]) -> Option<RDKafkaErrorCode> {
    // SAFETY: the client is live; every element holds the union's member that its type says, with
    // pointers into what the caller has borrowed for longer than this call. An error that is returned
    // is read once and then destroyed.
    unsafe {
        let error = bindings::rd_kafka_produceva(client.native_ptr(), record.as_ptr(), record.len());
        if error.is_null() {
            return None;
        }
        let (code, fatal) = (
            bindings::rd_kafka_error_code(error),
            bindings::rd_kafka_error_is_fatal(error) != 0,
        );
        bindings::rd_kafka_error_destroy(error);
        // With a fatal error the code is that of its reason, which librdkafka keeps.
        Some(if fatal {
            RDKafkaErrorCode::Fatal
        } else {
            code.into()
        })
    }
}
