//! Filters and pages of list operations, and tags.

use serde_json::{Value, json};

use super::{invalid_parameter, required, tags_of, text};
use crate::placement::texts;
use crate::world::{ApiError, Call, Reply};

/// Filters items and cuts a page. `known` maps filter names, in lower case and without underscores (the API takes both
/// `HostVPCId` and `HOST_VPC_ID`), to members.
pub(super) fn answer(params: &Value, member: &str, items: Vec<Value>, known: &[(&str, &str)]) -> Reply {
    let mut kept = items;
    for filter in params
        .get("Filters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = text(filter, "Name").unwrap_or_default();
        let plain = name.replace('_', "").to_ascii_lowercase();
        let field = known
            .iter()
            .find(|(filter, _)| *filter == plain)
            .map(|(_, field)| *field);
        let field =
            field.ok_or_else(|| invalid_parameter("Filters", format!("The filter '{name}' is invalid")))?;
        let wanted = texts(filter.get("Values"));
        kept.retain(|item| matches(item.get(field), &wanted));
    }
    let size = params
        .get("MaxResults")
        .and_then(Value::as_u64)
        .map_or(100, |size| usize::try_from(size).unwrap_or(100))
        .clamp(1, 100);
    let start: usize = text(params, "NextToken")
        .and_then(|token| token.parse().ok())
        .unwrap_or_default();
    let page: Vec<&Value> = kept.iter().skip(start).take(size).collect();
    let next = start + page.len();
    let mut reply = json!({ member: page, "MaxResults": size });
    if next < kept.len() {
        reply["NextToken"] = json!(next.to_string());
    }
    Ok(reply)
}

fn matches(found: Option<&Value>, wanted: &[String]) -> bool {
    match found {
        Some(Value::String(text)) => wanted.iter().any(|one| one == text),
        Some(Value::Number(number)) => wanted.iter().any(|one| *one == number.to_string()),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .any(|item| wanted.iter().any(|one| one == item)),
        _ => false,
    }
}

fn tagged<'a>(
    call: &'a mut Call<'_>,
    params: &Value,
) -> Result<&'a mut std::collections::BTreeMap<String, String>, ApiError> {
    let arn = required(params, "ResourceArn")?;
    let missing = || {
        ApiError::bad(
            "ResourceNotFoundException",
            format!("Resource '{arn}' does not exist."),
        )
        .with("ResourceType", "Resource")
    };
    call.account().resolver.tags.get_mut(arn).ok_or_else(missing)
}

pub(super) fn list_tags(call: &mut Call<'_>, params: &Value) -> Reply {
    let tags: Vec<Value> = tagged(call, params)?
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    Ok(json!({ "Tags": tags }))
}

pub(super) fn tag(call: &mut Call<'_>, params: &Value) -> Reply {
    let added = tags_of(params);
    tagged(call, params)?.extend(added);
    Ok(json!({}))
}

pub(super) fn untag(call: &mut Call<'_>, params: &Value) -> Reply {
    let keys = texts(params.get("TagKeys"));
    tagged(call, params)?.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}
