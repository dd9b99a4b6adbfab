//! Tags: on create, and by CreateTags, DeleteTags and DescribeTags.

use serde_json::{Value, json};

use super::list::{self, Row};
use super::params::Params;
use super::state::{State, Tags};
use crate::world::{ApiError, Call, Reply};

/// Most tags on one resource.
const QUOTA: usize = 50;

/// The tags that a create call asks for.
///
/// # Errors
/// `InvalidParameterValue` for another resource type, a reserved or doubled key or one that is too long.
pub(crate) fn requested(p: Params<'_>, resource_type: &str) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for specification in p.items("TagSpecification") {
        let found = specification.required("ResourceType")?;
        if found != resource_type {
            let text = format!("'{found}' is not a valid taggable resource type for this operation.");
            return Err(ApiError::bad("InvalidParameterValue", text));
        }
        read(specification, &mut tags)?;
    }
    Ok(tags)
}

fn read(p: Params<'_>, tags: &mut Tags) -> Result<(), ApiError> {
    let refuse = |text: String| Err(ApiError::bad("InvalidParameterValue", text));
    for tag in p.items("Tag") {
        let key = tag.required("Key")?;
        let value = tag.text("Value").unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return refuse(format!(
                "Tag keys starting with 'aws:' are reserved for internal use: {key}"
            ));
        }
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return refuse(format!(
                "Tag '{key}' exceeds the length limit of 128 (key) or 256 (value) characters"
            ));
        }
        if tags.insert(key.clone(), value).is_some() {
            return refuse(format!("Duplicate tag key '{key}' specified."));
        }
    }
    if tags.len() > QUOTA {
        return Err(ApiError::bad(
            "TagLimitExceeded",
            format!("The maximum number of tags is {QUOTA}"),
        ));
    }
    Ok(())
}

/// `tagSet` of a resource.
pub(crate) fn set(state: &State, id: &str) -> Value {
    state
        .tags_of(id)
        .map(|tags| {
            tags.iter()
                .map(|(key, value)| json!({ "key": key, "value": value }))
                .collect()
        })
        .unwrap_or_default()
}

/// What kind of resource an id belongs to, as filters and DescribeTags name it.
pub(crate) fn resource_type(id: &str) -> &'static str {
    match id.split('-').next().unwrap_or_default() {
        "vpc" => "vpc",
        "subnet" => "subnet",
        "rtb" => "route-table",
        "igw" => "internet-gateway",
        "eipalloc" => "elastic-ip",
        "nat" => "natgateway",
        "sg" => "security-group",
        "sgr" => "security-group-rule",
        "acl" => "network-acl",
        "eni" => "network-interface",
        "vpce" => "vpc-endpoint",
        "pcx" => "vpc-peering-connection",
        _ => "unknown",
    }
}

/// `CreateTags`.
pub(crate) fn create(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let ids = p.list("ResourceId");
    let mut added = Tags::new();
    read(p, &mut added)?;
    for id in &ids {
        check_exists(call, id)?;
    }
    let state = &mut call.account().ec2;
    for id in ids {
        let tags = state.tags.entry(id).or_default();
        tags.extend(added.clone());
        if tags.len() > QUOTA {
            return Err(ApiError::bad(
                "TagLimitExceeded",
                format!("The maximum number of tags is {QUOTA}"),
            ));
        }
    }
    Ok(json!({ "return": true }))
}

/// `DeleteTags`: without values any value goes, without keys every tag goes; what is not there is no error.
pub(crate) fn delete(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let named: Vec<(String, Option<String>)> = p
        .items("Tag")
        .into_iter()
        .filter_map(|tag| {
            Some((
                tag.text("Key")?,
                tag.0.get("Value").and_then(Value::as_str).map(str::to_owned),
            ))
        })
        .collect();
    let state = &mut call.account().ec2;
    for id in p.list("ResourceId") {
        let Some(tags) = state.tags.get_mut(&id) else {
            continue;
        };
        tags.retain(|key, value| {
            let hit = named
                .iter()
                .any(|(name, wanted)| name == key && wanted.as_ref().is_none_or(|one| one == value));
            !(hit || named.is_empty())
        });
    }
    Ok(json!({ "return": true }))
}

/// `DescribeTags`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let state = &call.here_account().ec2;
    let mut rows = Vec::new();
    for (id, tags) in &state.tags {
        for (key, value) in tags {
            let kind = resource_type(id);
            let xml = json!({ "resourceId": id, "resourceType": kind, "key": key, "value": value });
            rows.push(
                Row::new(format!("{id}/{key}"), xml)
                    .field("resource-id", id)
                    .field("resource-type", kind)
                    .field("key", key)
                    .field("value", value),
            );
        }
    }
    list::answer(call, p, "tagSet", None, rows)
}

fn check_exists(call: &Call<'_>, id: &str) -> Result<(), ApiError> {
    let sight = super::sight::Sight::of(call);
    let state = &call.here_account().ec2;
    match resource_type(id) {
        "vpc" => sight.find(&state.vpcs, id).map(drop),
        "subnet" => sight.find(&state.subnets, id).map(drop),
        "route-table" => sight.find(&state.route_tables, id).map(drop),
        "internet-gateway" => sight.find(&state.internet_gateways, id).map(drop),
        "elastic-ip" => sight.find(&state.addresses, id).map(drop),
        "natgateway" => sight.find(&state.nat_gateways, id).map(drop),
        "security-group" => sight.find(&state.security_groups, id).map(drop),
        "network-acl" => sight.find(&state.network_acls, id).map(drop),
        "network-interface" => sight.find(&state.enis, id).map(drop),
        "vpc-endpoint" => sight.find(&state.endpoints, id).map(drop),
        "vpc-peering-connection" => super::peering::find(call, id).map(drop),
        "security-group-rule" => {
            let known = state
                .security_groups
                .values()
                .flat_map(|group| &group.rules)
                .any(|rule| rule.id == id);
            let text = format!("The security group rule ID '{id}' does not exist");
            if known {
                Ok(())
            } else {
                Err(ApiError::bad("InvalidSecurityGroupRuleId.NotFound", text))
            }
        }
        _ => Err(ApiError::bad("InvalidID", format!("The ID '{id}' is not valid"))),
    }
}
