//! DescribeConfigs and IncrementalAlterConfigs, for topics.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_request::AlterConfigsResource as ReplacingResource;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse as ReplacedResource;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::super::frame::WireFault;
use super::super::settings::{check_changes, effective_settings};
use super::{Asked, code_of, text};

/// Resource type of a topic in the protocol.
const TOPIC: i8 = 2;
/// Where a value comes from: the topic itself, or the default.
const FROM_TOPIC: i8 = 1;
const FROM_DEFAULT: i8 = 5;
/// Operations of an incremental change that a serverless topic can take.
const SET: i8 = 0;
const DELETE: i8 = 1;

type Refused = (ResponseError, String);

pub(super) fn describe(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: DescribeConfigsRequest = asked.body()?;
    let mut response = DescribeConfigsResponse::default();
    for resource in request.resources {
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        response.results.push(match settings_of(asked, &resource) {
            Ok(configs) => result.with_configs(configs),
            Err((error, why)) => result
                .with_error_code(error.code())
                .with_error_message(Some(text(why))),
        });
    }
    asked.reply::<DescribeConfigsRequest>(&response)
}

fn settings_of(
    asked: &Asked<'_>,
    resource: &DescribeConfigsResource,
) -> Result<Vec<DescribeConfigsResourceResult>, Refused> {
    let name = resource.resource_name.as_str();
    let action = "kafka-cluster:DescribeTopicDynamicConfiguration";
    let cluster = permitted(asked, resource.resource_type, name, action)?;
    let given = asked
        .broker
        .estate
        .store(|store, _| store.topic(&cluster, name).map(|topic| topic.settings.clone()))
        .ok_or((
            ResponseError::UnknownTopicOrPartition,
            format!("topic `{name}` does not exist"),
        ))?;
    let wanted = resource.configuration_keys.as_ref();
    let entries = effective_settings(&given)
        .into_iter()
        .filter(|(key, ..)| wanted.is_none_or(|keys| keys.iter().any(|wanted| wanted.as_str() == *key)));
    Ok(entries
        .map(|(key, value, is_default)| {
            DescribeConfigsResourceResult::default()
                .with_name(text(key))
                .with_value(Some(text(value)))
                .with_config_source(if is_default { FROM_DEFAULT } else { FROM_TOPIC })
        })
        .collect())
}

pub(super) fn alter(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: IncrementalAlterConfigsRequest = asked.body()?;
    let mut response = IncrementalAlterConfigsResponse::default();
    for resource in request.resources {
        let outcome = change(asked, &resource, request.validate_only);
        let result = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name);
        response.responses.push(match outcome {
            Ok(()) => result,
            Err((error, why)) => result
                .with_error_code(error.code())
                .with_error_message(Some(text(why))),
        });
    }
    asked.reply::<IncrementalAlterConfigsRequest>(&response)
}

fn change(asked: &Asked<'_>, resource: &AlterConfigsResource, validate_only: bool) -> Result<(), Refused> {
    let name = resource.resource_name.as_str();
    let action = "kafka-cluster:AlterTopicDynamicConfiguration";
    let cluster = permitted(asked, resource.resource_type, name, action)?;
    let mut changes = BTreeMap::new();
    for config in &resource.configs {
        let value = match config.config_operation {
            SET => config.value.as_ref().map(ToString::to_string),
            DELETE => None,
            _ => {
                let why = format!("{} takes neither append nor subtract", config.name);
                return Err((ResponseError::InvalidConfig, why));
            }
        };
        changes.insert(config.name.to_string(), value);
    }
    if validate_only {
        return Ok(());
    }
    let changed = asked
        .broker
        .estate
        .store(|store, _| store.alter_settings(&cluster, name, &changes));
    changed.map_err(|error| (code_of(&error), error.to_string()))
}

/// AlterConfigs, the older way: settings that are not named return to their defaults.
pub(super) fn replace(asked: &Asked<'_>) -> Result<Bytes, WireFault> {
    let request: AlterConfigsRequest = asked.body()?;
    let mut response = AlterConfigsResponse::default();
    for resource in request.resources {
        let outcome = replace_all(asked, &resource, request.validate_only);
        let result = ReplacedResource::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name);
        response.responses.push(match outcome {
            Ok(()) => result,
            Err((error, why)) => result
                .with_error_code(error.code())
                .with_error_message(Some(text(why))),
        });
    }
    asked.reply::<AlterConfigsRequest>(&response)
}

fn replace_all(asked: &Asked<'_>, resource: &ReplacingResource, validate_only: bool) -> Result<(), Refused> {
    let name = resource.resource_name.as_str();
    let action = "kafka-cluster:AlterTopicDynamicConfiguration";
    let cluster = permitted(asked, resource.resource_type, name, action)?;
    let given: BTreeMap<String, String> = resource
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    let replaced = asked.broker.estate.store(|store, _| {
        let present = match store.topic(&cluster, name) {
            Some(topic) => &topic.settings,
            None => return store.alter_settings(&cluster, name, &BTreeMap::new()),
        };
        let dropped = present
            .keys()
            .filter(|key| !given.contains_key(*key))
            .map(|key| (key.clone(), None));
        let changed = given
            .iter()
            .filter(|(key, value)| present.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), Some(value.clone())));
        let changes: BTreeMap<_, _> = dropped.chain(changed).collect();
        match validate_only {
            true => check_changes(&changes),
            false => store.alter_settings(&cluster, name, &changes),
        }
    });
    replaced.map_err(|error| (code_of(&error), error.to_string()))
}

/// The cluster of a topic whose settings the client may use. Brokers of a serverless cluster show
/// theirs to nobody.
fn permitted(asked: &Asked<'_>, kind: i8, name: &str, action: &str) -> Result<String, Refused> {
    let denied = |error| (error, "Authorization failed.".to_owned());
    if kind != TOPIC {
        return Err(denied(ResponseError::ClusterAuthorizationFailed));
    }
    asked.permitted(name, action).map_err(denied)
}
