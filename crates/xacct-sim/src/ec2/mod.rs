//! EC2.

use serde_json::Value;

use crate::clock::SimTime;
use crate::inventory::Collector;
use crate::world::{AccountState, ApiError, Call, Reply};

/// What EC2 holds in one account.
#[derive(Debug, Default)]
pub(crate) struct State {}

/// Answers one call.
pub(crate) fn handle(_call: &mut Call<'_>, operation: &str, _params: &Value) -> Reply {
    Err(ApiError::not_modelled("ec2", operation))
}

/// Adds the live resources to an inventory.
pub(crate) fn inventory(_account: &AccountState, _now: SimTime, _out: &mut Collector) {}
