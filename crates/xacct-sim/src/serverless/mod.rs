//! Redshift Serverless: namespaces and workgroups.

use serde_json::Value;

use crate::clock::SimTime;
use crate::inventory::Collector;
use crate::world::{ApiError, Call, Reply};

/// What the service holds in one account.
#[derive(Debug, Default)]
pub(crate) struct State {}

/// Answers one call.
pub(crate) fn handle(_call: &mut Call<'_>, operation: &str, _params: &Value) -> Reply {
    Err(ApiError::not_modelled("redshift-serverless", operation))
}

/// Adds the live resources to an inventory: `out.add(kind, id_or_arn, owner_name, attributes)`; no tombstones, no
/// service-linked roles, no times or transient states.
pub(crate) fn inventory(_state: &State, _now: SimTime, _out: &mut Collector) {}
