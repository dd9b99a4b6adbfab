//! STS.

use serde_json::Value;

use crate::world::{ApiError, Call, Reply};

/// Answers one call.
pub(crate) fn handle(_call: &mut Call<'_>, operation: &str, _params: &Value) -> Reply {
    Err(ApiError::not_modelled("sts", operation))
}
