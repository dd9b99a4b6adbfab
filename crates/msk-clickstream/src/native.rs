//! The two things that the Rust binding of librdkafka does not offer; the only unsafe code of the crate.

#![allow(unsafe_code, reason = "two calls into librdkafka that its binding lacks")]

use std::ffi::{CStr, CString};

use rdkafka::bindings;
use rdkafka::client::{Client, ClientContext, OAuthToken};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::RDKafkaRespErr;

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
