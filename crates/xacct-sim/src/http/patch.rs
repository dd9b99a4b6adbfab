//! The simulator's settings as JSON: what can be switched while it runs.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::settings::{Quotas, Settings};
use crate::sql::options::SqlSwitches;

/// What is in force. Everything in it but `fixed` can be changed by [`apply`].
pub(super) fn show(settings: &Settings) -> Value {
    let (quotas, sql) = (&settings.quotas, &settings.sql);
    json!({
        "fixed": { "seed": settings.seed, "region": settings.region, "zones": settings.zones },
        "lag": settings.lag,
        "latency_scale": settings.latency_scale,
        "throttling": settings.throttling,
        "check_signatures": settings.check_signatures,
        "sts_endpoint_serves_redshift": settings.sts_endpoint_serves_redshift,
        "redshift_service_principal": settings.redshift_service_principal,
        "redshift_sends_source_context": settings.redshift_sends_source_context,
        "resolver_action_needed": settings.resolver_action_needed,
        "quotas": {
            "vpcs": quotas.vpcs,
            "addresses": quotas.addresses,
            "nat_gateways_per_zone": quotas.nat_gateways_per_zone,
            "resolver_endpoints": quotas.resolver_endpoints,
            "serverless_clusters": quotas.serverless_clusters,
        },
        "sql": {
            "duplicate_keys": sql.duplicate_keys,
            "guarded_parse": sql.guarded_parse,
            "connects_at": sql.connects_at,
            "cascade_drops_streaming_views": sql.cascade_drops_streaming_views,
            "streaming_ddl_in_transaction": sql.streaming_ddl_in_transaction,
            "blank_padding": sql.blank_padding,
            "largest_record": sql.largest_record,
            "auto_refresh_seconds": sql.auto_refresh_every.as_secs_f64(),
            "records_per_refresh": sql.records_per_refresh,
        },
    })
}

/// Changes what `patch` names and leaves the rest, or changes nothing.
///
/// # Errors
/// Names what is no setting, or no value of one.
pub(super) fn apply(settings: &mut Settings, patch: &Value) -> Result<(), String> {
    let mut changed = settings.clone();
    for (name, value) in fields("settings", patch)? {
        general(&mut changed, name, value)?;
    }
    *settings = changed;
    Ok(())
}

fn general(settings: &mut Settings, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "lag" => settings.lag = read(name, value)?,
        "latency_scale" => settings.latency_scale = scale(name, value)?,
        "throttling" => settings.throttling = read(name, value)?,
        "check_signatures" => settings.check_signatures = read(name, value)?,
        "sts_endpoint_serves_redshift" => settings.sts_endpoint_serves_redshift = read(name, value)?,
        "redshift_service_principal" => settings.redshift_service_principal = read(name, value)?,
        "redshift_sends_source_context" => settings.redshift_sends_source_context = read(name, value)?,
        "resolver_action_needed" => settings.resolver_action_needed = read(name, value)?,
        "quotas" => {
            for (name, value) in fields(name, value)? {
                quota(&mut settings.quotas, name, value)?;
            }
        }
        "sql" => {
            for (name, value) in fields(name, value)? {
                switch(&mut settings.sql, name, value)?;
            }
        }
        _ => return Err(format!("there is no setting `{name}` that can be changed")),
    }
    Ok(())
}

fn quota(quotas: &mut Quotas, name: &str, value: &Value) -> Result<(), String> {
    let quota = match name {
        "vpcs" => &mut quotas.vpcs,
        "addresses" => &mut quotas.addresses,
        "nat_gateways_per_zone" => &mut quotas.nat_gateways_per_zone,
        "resolver_endpoints" => &mut quotas.resolver_endpoints,
        "serverless_clusters" => &mut quotas.serverless_clusters,
        _ => return Err(format!("there is no quota `{name}`")),
    };
    *quota = read(name, value)?;
    Ok(())
}

fn switch(sql: &mut SqlSwitches, name: &str, value: &Value) -> Result<(), String> {
    match name {
        "duplicate_keys" => sql.duplicate_keys = read(name, value)?,
        "guarded_parse" => sql.guarded_parse = read(name, value)?,
        "connects_at" => sql.connects_at = read(name, value)?,
        "cascade_drops_streaming_views" => sql.cascade_drops_streaming_views = read(name, value)?,
        "streaming_ddl_in_transaction" => sql.streaming_ddl_in_transaction = read(name, value)?,
        "blank_padding" => sql.blank_padding = read(name, value)?,
        "largest_record" => sql.largest_record = read(name, value)?,
        "auto_refresh_seconds" => sql.auto_refresh_every = Duration::from_secs_f64(scale(name, value)?),
        "records_per_refresh" => sql.records_per_refresh = read(name, value)?,
        _ => return Err(format!("there is no switch `{name}` of SQL")),
    }
    Ok(())
}

fn fields<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{name} must be an object"))
}

fn read<T: DeserializeOwned>(name: &str, value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|cause| format!("{name}: {cause}"))
}

/// A factor or a number of seconds: from 0 to a million.
fn scale(name: &str, value: &Value) -> Result<f64, String> {
    let number: f64 = read(name, value)?;
    if (0.0..=1e6).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{name} is {number} and must be between 0 and 1000000"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another value than the one that is shown.
    fn other(value: &Value) -> Value {
        match value {
            Value::Bool(on) => json!(!on),
            Value::Number(number) if number.is_f64() => json!(0.5),
            Value::Number(_) => json!(3),
            Value::String(text) => match text.as_str() {
                "refused" => json!("last-wins"),
                "lazy" => json!("eager"),
                "create-view" => json!("refresh"),
                _ => json!("redshift-serverless.amazonaws.com"),
            },
            Value::Object(fields) => {
                let changed = fields.iter().map(|(name, value)| (name.clone(), other(value)));
                Value::Object(changed.collect())
            }
            other => panic!("no other value than {other}"),
        }
    }

    #[test]
    fn everything_that_is_shown_can_be_changed_and_shows_the_change() {
        let mut settings = Settings::default();
        let mut shown = show(&settings);
        let fixed = shown.as_object_mut().unwrap().shift_remove("fixed").unwrap();
        let wanted = other(&shown);
        apply(&mut settings, &wanted).unwrap();
        let mut shown = show(&settings);
        assert_eq!(shown.as_object_mut().unwrap().shift_remove("fixed"), Some(fixed));
        assert_eq!(shown, wanted);
    }

    #[test]
    fn what_is_no_setting_changes_nothing_and_is_named() {
        let mut settings = Settings::default();
        let before = show(&settings);
        for (wrong, named) in [
            (json!({ "lag": false, "laag": true }), "laag"),
            (json!({ "lag": "no" }), "lag"),
            (json!({ "latency_scale": -1 }), "latency_scale"),
            (json!({ "quotas": { "vpcs": 1, "moons": 2 } }), "moons"),
            (json!({ "sql": { "guarded_parse": "sometimes" } }), "sometimes"),
            (json!({ "fixed": { "seed": 1 } }), "fixed"),
            (json!([]), "settings"),
        ] {
            let why = apply(&mut settings, &wrong).unwrap_err();
            assert!(why.contains(named), "{wrong}: {why}");
            assert_eq!(show(&settings), before);
        }
    }
}
