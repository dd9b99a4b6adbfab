//! Who calls, and whether the caller may.

use serde_json::Value;

use crate::clock::SimTime;
use crate::wire::Request;
use crate::world::{ApiError, Caller, World};

/// Resolves the caller from the access key of the request.
///
/// # Errors
/// The service's own words for an unknown key or a wrong signature.
pub(crate) fn authenticate(world: &World, _now: SimTime, request: &Request) -> Result<Caller, ApiError> {
    let scope = request
        .scope()
        .ok_or_else(|| ApiError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"))?;
    let key = world.administrators.get(&scope.access_key).ok_or_else(|| {
        ApiError::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    })?;
    Ok(Caller::administrator(world.settings.partition(), &key.account, &scope.access_key))
}

/// Whether the caller's policies allow the call.
///
/// # Errors
/// "Access denied" in the service's own words.
pub(crate) fn authorize(
    _world: &World,
    _now: SimTime,
    _caller: &Caller,
    _service: &str,
    _operation: &str,
    _params: &Value,
) -> Result<(), ApiError> {
    Ok(())
}
