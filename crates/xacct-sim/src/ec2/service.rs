//! Which services can be had through interface endpoints, and in which zones; and the DHCP options of every VPC.

use serde_json::{Value, json};

use super::endpoint::SERVICES;
use super::list::{self, Row};
use super::params::Params;
use super::zone;
use crate::world::{ApiError, Call, Reply};

/// The DHCP options that every VPC has here, because no operation that makes others is modelled.
pub(crate) const DEFAULT_OPTIONS: &str = "dopt-default";

/// `DescribeVpcEndpointServices`. A service that does not stand in a zone offers no endpoint there.
pub(crate) fn describe(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let wanted = p.list("ServiceName");
    let names: Vec<String> = SERVICES
        .iter()
        .map(|service| format!("com.amazonaws.{}.{service}", call.region()))
        .collect();
    if let Some(absent) = wanted.iter().find(|name| !names.contains(name)) {
        let text = format!("The Vpc Endpoint Service '{absent}' does not exist");
        return Err(ApiError::bad("InvalidServiceName", text));
    }
    let rows: Vec<Row> = SERVICES
        .iter()
        .zip(&names)
        .filter(|(_, name)| wanted.is_empty() || wanted.contains(name))
        .map(|(service, name)| row(call, service, name))
        .collect();
    list::answer(call, p, "serviceDetailSet", None, rows)
}

fn row(call: &Call<'_>, service: &str, name: &str) -> Row {
    let settings = &call.world.settings;
    let refused = zone::unsupported(settings, service);
    let zones: Vec<(String, String)> = zone::names(settings, call.account_id())
        .into_iter()
        .filter(|(_, id)| Some(id) != refused.as_ref())
        .collect();
    let (zone_names, ids): (Vec<Value>, Vec<Value>) = zones
        .into_iter()
        .map(|(name, id)| (json!(name), json!(id)))
        .unzip();
    let xml = json!({
        "serviceName": name, "serviceType": [{ "serviceType": "Interface" }], "owner": "amazon", "acceptanceRequired": false,
        "availabilityZoneSet": zone_names, "availabilityZoneIdSet": ids, "vpcEndpointPolicySupported": true,
    });
    Row::new(name, xml)
        .field("service-name", name)
        .field("service-type", "Interface")
}

/// `DescribeDhcpOptions`.
pub(crate) fn describe_dhcp_options(call: &mut Call<'_>, p: Params<'_>) -> Reply {
    let servers = json!({ "key": "domain-name-servers", "valueSet": [{ "value": "AmazonProvidedDNS" }] });
    let xml = json!({ "dhcpOptionsId": DEFAULT_OPTIONS, "dhcpConfigurationSet": [servers], "ownerId": call.account_id() });
    let row = Row::new(DEFAULT_OPTIONS, xml).field("dhcp-options-id", DEFAULT_OPTIONS);
    list::answer(call, p, "dhcpOptionsSet", None, vec![row])
}
