//! Sessions that outlive a statement: settings made by `SET` stay in force.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::params::{text, validation};
use crate::clock::SimTime;
use crate::world::{ApiError, Call};

/// Longest time that a session is kept without a statement.
const LONGEST: u64 = 86_400;
/// Most sessions at a time.
const MOST: usize = 500;

/// A session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub workgroup: String,
    pub database: String,
    pub user: String,
    pub secret: Option<String>,
    /// Settings of the session.
    pub settings: BTreeMap<String, String>,
    pub keep_alive: Duration,
    pub expires_at: SimTime,
}

/// `SessionKeepAliveSeconds`, 0 to 86,400.
pub(super) fn keep_alive(params: &Value) -> Result<Option<Duration>, ApiError> {
    match params.get("SessionKeepAliveSeconds") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(seconds) if seconds <= LONGEST => Ok(Some(Duration::from_secs(seconds))),
            _ => Err(validation(format!(
                "SessionKeepAliveSeconds must be between 0 and {LONGEST}"
            ))),
        },
    }
}

/// The session that a request names; it must be there and idle.
pub(super) fn named(call: &mut Call<'_>, params: &Value) -> Result<Option<(String, Session)>, ApiError> {
    let Some(id) = text(params, "SessionId") else {
        return Ok(None);
    };
    let conflicting = [
        "WorkgroupName",
        "ClusterIdentifier",
        "Database",
        "SecretArn",
        "DbUser",
    ];
    if conflicting.iter().any(|name| text(params, name).is_some()) {
        return Err(validation(
            "SessionId can't be combined with the parameters of a new connection",
        ));
    }
    let now = call.now;
    let state = &call.account().data;
    let busy = state
        .statements
        .values()
        .any(|statement| statement.is_active() && statement.session.as_deref() == Some(id));
    if busy {
        return Err(validation(format!("Session {id} is busy with another statement")));
    }
    match state.sessions.get(id) {
        Some(session) if session.expires_at > now => Ok(Some((id.to_owned(), session.clone()))),
        _ => Err(validation(format!("Session {id} does not exist or has expired"))),
    }
}

/// Opens a session for a new statement.
pub(super) fn open(call: &mut Call<'_>, session: Session) -> Result<String, ApiError> {
    let now = call.now;
    let open = call
        .account()
        .data
        .sessions
        .values()
        .filter(|session| session.expires_at > now)
        .count();
    if open >= MOST {
        return Err(ApiError::bad(
            "ActiveSessionsExceededException",
            format!("Active sessions exceeded the limit of {MOST}"),
        ));
    }
    let id = call.new_uuid();
    call.account().data.sessions.insert(id.clone(), session);
    Ok(id)
}
