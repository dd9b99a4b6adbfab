//! SaslHandshake and SaslAuthenticate.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};

use super::super::authenticate;
use super::super::connection::{Broker, Session};
use super::super::frame::{Frame, WireFault};
use super::super::wall;
use super::text;

/// The one mechanism that is modelled. MSK knows AWS_MSK_IAM as well, with the same token inside.
const MECHANISM: &str = "OAUTHBEARER";

pub(super) fn handshake(session: &mut Session, frame: &Frame) -> Result<Bytes, WireFault> {
    let request: SaslHandshakeRequest = frame.decode()?;
    let mut response = SaslHandshakeResponse::default();
    response.mechanisms = vec![text(MECHANISM)];
    if request.mechanism.as_str() == MECHANISM {
        session.handshaken = true;
    } else {
        response.error_code = ResponseError::UnsupportedSaslMechanism.code();
        session.closing = true;
    }
    frame.encode::<SaslHandshakeRequest>(&response)
}

pub(super) fn authenticate(
    broker: &Broker,
    session: &mut Session,
    frame: &Frame,
) -> Result<Bytes, WireFault> {
    let request: SaslAuthenticateRequest = frame.decode()?;
    let mut response = SaslAuthenticateResponse::default();
    if !session.handshaken {
        response.error_code = ResponseError::IllegalSaslState.code();
        session.closing = true;
        return frame.encode::<SaslAuthenticateRequest>(&response);
    }
    let before = session.identity.as_ref();
    let judged = authenticate::authenticate(
        &broker.estate,
        &request.auth_bytes,
        before,
        broker.longest_session,
    );
    match judged {
        Ok(identity) => {
            let lifetime = identity.expires.saturating_duration_since(wall::instant());
            response.session_lifetime_ms = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
            broker.faults.logged_in(session.identity.is_some());
            session.identity = Some(identity);
        }
        Err(refusal) => {
            broker
                .notes
                .add(format!("authentication refused: {}", refusal.cause));
            response.error_code = ResponseError::SaslAuthenticationFailed.code();
            response.error_message = Some(text(refusal.said));
            session.closing = true;
        }
    }
    frame.encode::<SaslAuthenticateRequest>(&response)
}
