//! Operation → permissions: the table made concrete for one call.

mod arns;
mod special;
mod table;

use serde_json::Value;

use super::condition::Context;
use super::policy::Refusal;
use crate::world::{ApiError, Caller, World};

/// One permission that a call needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Required {
    pub(crate) action: String,
    /// An ARN, or `*` for actions without resources.
    pub(crate) resource: String,
    /// Condition keys that AWS sets for this action.
    pub(crate) context: Context,
}

/// Everything that a call needs; `None` if the table does not know the operation.
pub(crate) fn required(
    world: &World,
    caller: &Caller,
    service: &str,
    operation: &str,
    params: &Value,
) -> Option<Vec<Required>> {
    let row = table::find(service, operation)?;
    let place = arns::Place {
        world,
        account: &caller.account,
        params,
    };
    let tags = requested_tags(params);
    let own = format!("{service}:{operation}");
    let wanted = |need: &&table::Need| need.when.is_none_or(|parameter| !is_empty(params.get(parameter)));
    let more = row.more.iter().filter(wanted).map(|need| (need.action, need.on));
    let mut all = Vec::new();
    for (action, templates) in std::iter::once((own.as_str(), row.on)).chain(more) {
        let resources = templates.iter().flat_map(|template| place.expand(template));
        // What a service does elsewhere in its caller's name does not carry the tags of the request.
        let tags: &[_] = if action.starts_with(&format!("{service}:")) {
            &tags
        } else {
            &[]
        };
        all.extend(resources.map(|resource| make(&place, action, resource, tags)));
    }
    if world.settings.optional_resources_count {
        let resources = row.optional.iter().flat_map(|template| place.expand(template));
        all.extend(resources.map(|resource| make(&place, &own, resource, &tags)));
    }
    special::add(&place, service, operation, &mut all);
    Some(all)
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}

fn make(
    place: &arns::Place<'_>,
    action: &str,
    resource: String,
    request_tags: &[(String, String)],
) -> Required {
    let mut context = Context::new();
    // EC2 knows the tags of a request only for what is to be made (EC2 user guide, "Grant permission to tag Amazon EC2
    // resources during creation": other resources stand in statements of their own).
    let is_ec2 = action.starts_with("ec2:");
    let to_be_made = !is_ec2 || resource.ends_with("/*") || action == "ec2:CreateTags";
    for (key, value) in request_tags.iter().filter(|_| to_be_made) {
        context.set(&format!("aws:RequestTag/{key}"), value);
        context.push("aws:TagKeys", key);
    }
    for (key, value) in place.tags_of(&resource) {
        context.set(&format!("aws:ResourceTag/{key}"), &value);
        if is_ec2 {
            context.set(&format!("ec2:ResourceTag/{key}"), &value);
        }
        if action.starts_with("iam:") {
            context.set(&format!("iam:ResourceTag/{key}"), &value);
        }
    }
    if resource != "*" {
        context.set(
            "aws:ResourceAccount",
            resource
                .split(':')
                .nth(4)
                .filter(|id| !id.is_empty())
                .unwrap_or(place.account),
        );
    }
    if is_ec2 {
        context.set("ec2:Region", &place.world.settings.region);
        if let Some(vpc) = place.vpc_of(&resource) {
            context.set("ec2:Vpc", vpc);
        }
        if let Some((requester, accepter)) = place.ends_of(&resource) {
            context.set("ec2:RequesterVpc", requester);
            context.set("ec2:AccepterVpc", accepter);
        }
    }
    Required {
        action: action.to_owned(),
        resource,
        context,
    }
}

/// The tags that a request brings, however its service spells them.
fn requested_tags(params: &Value) -> Vec<(String, String)> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let pair = |tag: &Value| {
        let key = text(tag.get("Key").or_else(|| tag.get("key")))?;
        Some((
            key,
            text(tag.get("Value").or_else(|| tag.get("value"))).unwrap_or_default(),
        ))
    };
    let lists = ["Tags", "tags", "Tag"]
        .into_iter()
        .filter_map(|name| params.get(name));
    let specifications = params.get("TagSpecification").and_then(Value::as_array);
    let nested = specifications
        .into_iter()
        .flatten()
        .filter_map(|one| one.get("Tag"));
    let mut tags: Vec<(String, String)> = Vec::new();
    for list in lists.chain(nested) {
        match list {
            Value::Array(items) => tags.extend(items.iter().filter_map(pair)),
            Value::Object(map) => tags.extend(
                map.iter()
                    .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))),
            ),
            _ => {}
        }
    }
    for name in ["TagKeys", "tagKeys"] {
        let keys = params
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        tags.extend(keys.map(|key| (key.to_owned(), String::new())));
    }
    tags
}

impl Required {
    /// The refusal in the service's own words.
    pub(crate) fn refused(&self, service: &str, caller: &Caller, refusal: &Refusal) -> ApiError {
        if service == "route53resolver" && self.action.starts_with("ec2:") {
            let name = kebab(self.action.trim_start_matches("ec2:"));
            return ApiError::bad(
                "AccessDeniedException",
                format!("[RSLVR-02309] You don't have a permission to call ec2:{name}"),
            );
        }
        let message = format!(
            "User: {} is not authorized to perform: {} on resource: {} {}",
            caller.principal_arn, self.action, self.resource, refusal.said
        );
        ApiError::access_denied(service, message)
    }
}

/// `DescribeVpcs` as `describe-vpcs`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_once_and_every_table_names_its_source() {
        for table in table::TABLES {
            assert!(table.source.contains("https://"), "{}", table.service);
            let mut operations: Vec<&str> = table.rows.iter().map(|row| row.operation).collect();
            operations.sort_unstable();
            assert!(
                operations.windows(2).all(|pair| pair[0] != pair[1]),
                "{}",
                table.service
            );
        }
    }

    #[test]
    fn actions_are_written_in_kebab_case_where_resolver_quotes_them() {
        assert_eq!(kebab("DescribeVpcs"), "describe-vpcs");
    }
}
