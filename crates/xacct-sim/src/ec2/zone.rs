//! Availability zones. Names are shuffled per account, ids are not; one zone of four is not offered by every service.

use serde_json::json;

use super::list::{self, Row};
use super::params::Params;
use crate::sample;
use crate::settings::Settings;
use crate::world::{ApiError, Call, Reply};

/// Short form of region names in zone ids (docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html).
const SHORT: &[(&str, &str)] = &[
    ("us-east-1", "use1"),
    ("us-east-2", "use2"),
    ("us-west-1", "usw1"),
    ("us-west-2", "usw2"),
    ("us-gov-west-1", "usgw1"),
    ("us-gov-east-1", "usge1"),
    ("ap-south-1", "aps1"),
    ("ap-south-2", "aps2"),
    ("ap-southeast-1", "apse1"),
    ("ap-southeast-2", "apse2"),
    ("ap-northeast-1", "apne1"),
    ("ap-northeast-2", "apne2"),
    ("ap-northeast-3", "apne3"),
    ("eu-west-1", "euw1"),
    ("eu-west-2", "euw2"),
    ("eu-west-3", "euw3"),
    ("eu-central-1", "euc1"),
    ("eu-north-1", "eun1"),
    ("ca-central-1", "cac1"),
    ("sa-east-1", "sae1"),
    ("cn-north-1", "cnn1"),
    ("cn-northwest-1", "cnnw1"),
];

/// Ids of all zones of the region, such as `aps1-az1`.
pub(crate) fn ids(settings: &Settings) -> Vec<String> {
    let region = settings.region.as_str();
    let short = SHORT
        .iter()
        .find(|(name, _)| *name == region)
        .map_or(region, |(_, short)| short);
    (1..=settings.zones)
        .map(|number| format!("{short}-az{number}"))
        .collect()
}

/// The zone that a service (by signing name) does not offer, in regions of four zones or more.
pub(crate) fn unsupported(settings: &Settings, service: &str) -> Option<String> {
    let ids = ids(settings);
    let refused = matches!(service, "redshift-serverless" | "kafka" | "route53resolver");
    (refused && ids.len() >= 4).then(|| ids[ids.len() - 2].clone())
}

/// (name, id) of every zone as the account sees them, ordered by name.
pub(crate) fn names(settings: &Settings, account: &str) -> Vec<(String, String)> {
    let mut ids = ids(settings);
    ids.sort_by_key(|id| sample::bits(settings.seed, &["zone", account, id]));
    ids.into_iter()
        .zip(b'a'..)
        .map(|(id, letter)| (format!("{}{}", settings.region, char::from(letter)), id))
        .collect()
}

/// The account's name for a zone.
pub(crate) fn name_of(settings: &Settings, account: &str, zone_id: &str) -> String {
    names(settings, account)
        .into_iter()
        .find(|(_, id)| id == zone_id)
        .map(|(name, _)| name)
        .unwrap_or_default()
}

/// The zone that a call asks for by name or id; the first by name if it leaves the choice to EC2.
pub(crate) fn chosen(call: &Call<'_>, p: Params<'_>) -> Result<String, ApiError> {
    let names = names(&call.world.settings, call.account_id());
    let wanted_name = p.text("AvailabilityZone");
    let wanted_id = p.text("AvailabilityZoneId");
    let found = names.iter().find(|(name, id)| {
        wanted_name.as_ref().is_none_or(|wanted| wanted == name)
            && wanted_id.as_ref().is_none_or(|wanted| wanted == id)
    });
    found.map(|(_, id)| id.clone()).ok_or_else(|| {
        let wanted = wanted_name.or(wanted_id).unwrap_or_default();
        let all: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let text = format!(
            "Value ({wanted}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {}.",
            all.join(", ")
        );
        ApiError::bad("InvalidParameterValue", text)
    })
}

/// `DescribeAvailabilityZones`.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let (wanted_names, wanted_ids) = (p.list("ZoneName"), p.list("ZoneId"));
    let zones = names(&call.world.settings, call.account_id());
    for wanted in wanted_names.iter().chain(&wanted_ids) {
        if !zones.iter().any(|(name, id)| name == wanted || id == wanted) {
            return Err(ApiError::bad(
                "InvalidParameterValue",
                format!("Invalid availability zone: [{wanted}]"),
            ));
        }
    }
    let rows = zones
        .into_iter()
        .filter(|(name, _)| wanted_names.is_empty() || wanted_names.contains(name))
        .filter(|(_, id)| wanted_ids.is_empty() || wanted_ids.contains(id))
        .map(|(name, id)| row(call.region(), &name, &id))
        .collect();
    list::answer(call, p, "availabilityZoneInfo", None, rows)
}

fn row(region: &str, name: &str, id: &str) -> Row {
    let xml = json!({
        "zoneName": name, "zoneId": id, "zoneState": "available", "regionName": region, "zoneType": "availability-zone",
        "optInStatus": "opt-in-not-required", "groupName": region, "networkBorderGroup": region, "messageSet": [],
    });
    Row::new(name, xml)
        .field("zone-name", name)
        .field("zone-id", id)
        .field("state", "available")
        .field("zone-type", "availability-zone")
        .field("opt-in-status", "opt-in-not-required")
        .field("region-name", region)
}
