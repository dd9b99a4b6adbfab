//! Describe calls: ids, filters, pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde_json::{Value, json};

use super::params::Params;
use crate::world::{ApiError, Call, Reply};

/// One object of a Describe call, with the values that filters look at.
#[derive(Debug)]
pub(crate) struct Row {
    id: String,
    xml: Value,
    fields: Vec<(&'static str, String)>,
}

impl Row {
    pub(crate) fn new(id: impl Into<String>, xml: Value) -> Self {
        Self {
            id: id.into(),
            xml,
            fields: Vec::new(),
        }
    }

    /// A value that a filter of this name matches. Several values of one name are alternatives.
    #[must_use]
    pub(crate) fn field(mut self, name: &'static str, value: impl ToString) -> Self {
        self.fields.push((name, value.to_string()));
        self
    }

    /// Names that the operation filters by even if this object has no value for them.
    #[must_use]
    pub(crate) fn fields(mut self, name: &'static str, values: impl IntoIterator<Item = String>) -> Self {
        self.fields.extend(values.into_iter().map(|value| (name, value)));
        self
    }
}

/// How a Describe call is asked for certain ids.
pub(crate) struct Ids {
    /// Name of the parameter.
    pub param: &'static str,
    /// The error for an id that is not there.
    pub not_found: fn(&str) -> ApiError,
}

/// Filters every Describe call of the API knows, beyond those that rows name.
const KNOWN_FILTERS: &[&str] = &[
    "vpc-id",
    "subnet-id",
    "state",
    "cidr",
    "cidr-block",
    "owner-id",
    "is-default",
    "isDefault",
    "association.main",
    "association.subnet-id",
    "association.route-table-id",
    "association.route-table-association-id",
    "route.vpc-peering-connection-id",
    "route.state",
    "route.destination-cidr-block",
    "route.gateway-id",
    "route.nat-gateway-id",
    "route-table-id",
    "internet-gateway-id",
    "attachment.vpc-id",
    "attachment.state",
    "allocation-id",
    "association-id",
    "public-ip",
    "domain",
    "nat-gateway-id",
    "group-id",
    "group-name",
    "description",
    "ip-permission.cidr",
    "ip-permission.from-port",
    "ip-permission.to-port",
    "security-group-rule-id",
    "requester-vpc-info.vpc-id",
    "accepter-vpc-info.vpc-id",
    "requester-vpc-info.owner-id",
    "accepter-vpc-info.owner-id",
    "requester-vpc-info.cidr-block",
    "accepter-vpc-info.cidr-block",
    "status-code",
    "vpc-peering-connection-id",
    "service-name",
    "service-type",
    "vpc-endpoint-id",
    "vpc-endpoint-state",
    "vpc-endpoint-type",
    "network-interface-id",
    "requester-id",
    "requester-managed",
    "interface-type",
    "status",
    "availability-zone",
    "availability-zone-id",
    "availabilityZone",
    "availabilityZoneId",
    "private-ip-address",
    "addresses.private-ip-address",
    "network-acl-id",
    "default",
    "entry.cidr",
    "zone-id",
    "zone-name",
    "zone-type",
    "opt-in-status",
    "region-name",
    "resource-id",
    "resource-type",
    "key",
    "value",
    "default-for-az",
    "vpcId",
    "network-interface-owner-id",
    "instance-id",
    "dhcp-options-id",
    "cidr-block-association.cidr-block",
    "private-ip-address",
    "is-egress",
];

/// Answers a Describe call from all objects that the caller sees, in order.
///
/// # Errors
/// The `NotFound` of an id that is not there, `InvalidParameterValue` for an unknown filter or a page size out of
/// range, `InvalidNextToken` for a token that is not ours.
pub(crate) fn answer(call: &Call<'_>, p: Params<'_>, set: &str, ids: Option<Ids>, rows: Vec<Row>) -> Reply {
    let rows = match ids {
        Some(ids) => select(rows, &p.list(ids.param), ids.not_found)?,
        None => rows,
    };
    let mut kept = Vec::new();
    let filters = filters(p)?;
    for row in rows {
        if filters
            .iter()
            .all(|(name, values)| matches(call, &row, name, values))
        {
            kept.push(row);
        }
    }
    let (page, next) = page(p, kept)?;
    let mut result = json!({ set: page.into_iter().map(|row| row.xml).collect::<Vec<_>>() });
    if let (Some(next), Value::Object(fields)) = (next, &mut result) {
        fields.insert("nextToken".to_owned(), Value::String(next));
    }
    Ok(result)
}

fn select(rows: Vec<Row>, wanted: &[String], not_found: fn(&str) -> ApiError) -> Result<Vec<Row>, ApiError> {
    if wanted.is_empty() {
        return Ok(rows);
    }
    if let Some(absent) = wanted.iter().find(|id| !rows.iter().any(|row| row.id == **id)) {
        return Err(not_found(absent));
    }
    Ok(rows.into_iter().filter(|row| wanted.contains(&row.id)).collect())
}

fn filters(p: Params<'_>) -> Result<Vec<(String, Vec<String>)>, ApiError> {
    p.items("Filter")
        .into_iter()
        .map(|filter| {
            let name = filter.required("Name")?;
            let known = name.starts_with("tag:") || name == "tag-key" || name == "tag-value";
            if !known && !KNOWN_FILTERS.contains(&name.as_str()) {
                return Err(ApiError::bad(
                    "InvalidParameterValue",
                    format!("The filter '{name}' is invalid"),
                ));
            }
            Ok((name, filter.list("Value")))
        })
        .collect()
}

fn matches(call: &Call<'_>, row: &Row, name: &str, values: &[String]) -> bool {
    let hit = |found: &str| values.iter().any(|pattern| glob(pattern, found));
    let tags = call.here_account().ec2.tags_of(&row.id);
    match name {
        "tag-key" => tags.is_some_and(|tags| tags.keys().any(|key| hit(key))),
        "tag-value" => tags.is_some_and(|tags| tags.values().any(|value| hit(value))),
        _ => match name.strip_prefix("tag:") {
            Some(key) => tags
                .and_then(|tags| tags.get(key))
                .is_some_and(|value| hit(value)),
            None => row
                .fields
                .iter()
                .any(|(field, found)| *field == name && hit(found)),
        },
    }
}

/// EC2 filter values: `*` stands for any run of characters, `?` for one, `\` takes a character as it is.
fn glob(pattern: &str, text: &str) -> bool {
    fn run(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|skip| run(rest, &text[skip..])),
            ['?', rest @ ..] => !text.is_empty() && run(rest, &text[1..]),
            ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
                text.first() == Some(literal) && run(rest, &text[1..])
            }
        }
    }
    run(
        &pattern.chars().collect::<Vec<_>>(),
        &text.chars().collect::<Vec<_>>(),
    )
}

/// One page. Without `MaxResults` everything fits on it.
fn page(p: Params<'_>, mut rows: Vec<Row>) -> Result<(Vec<Row>, Option<String>), ApiError> {
    if let Some(token) = p.text("NextToken") {
        let bad = || ApiError::bad("InvalidNextToken", "The token is invalid.");
        let bytes = URL_SAFE.decode(&token).map_err(|_| bad())?;
        let last = String::from_utf8(bytes)
            .map_err(|_| bad())?
            .strip_prefix("after:")
            .map(str::to_owned)
            .ok_or_else(bad)?;
        rows.retain(|row| row.id > last);
    }
    rows.sort_by(|a, b| a.id.cmp(&b.id));
    let Some(size) = p.number("MaxResults")? else {
        return Ok((rows, None));
    };
    if !(5..=1000).contains(&size) {
        let text = format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value between 5 and 1000."
        );
        return Err(ApiError::bad("InvalidParameterValue", text));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if rows.len() <= size {
        return Ok((rows, None));
    }
    rows.truncate(size);
    let next = rows
        .last()
        .map(|row| URL_SAFE.encode(format!("after:{}", row.id)));
    Ok((rows, next))
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn filter_values_know_stars_and_question_marks_and_escapes() {
        for (pattern, text, expected) in [
            ("a*c", "abbc", true),
            ("a?c", "abc", true),
            ("a?c", "abbc", false),
            ("*", "", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("Name", "name", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
