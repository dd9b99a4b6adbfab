//! Subnets and security groups as other services look at them when they are asked to place something.

use std::collections::BTreeSet;

use crate::clock::SimTime;
use crate::ec2;
use crate::world::Call;

/// A subnet that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedSubnet {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// Zone id, the same in every account.
    pub(crate) zone_id: String,
    /// Addresses that it can still give.
    pub(crate) free: u64,
}

/// Why something cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misplaced {
    NoSubnet(String),
    NoGroup(String),
    /// Subnets of more than one VPC.
    SeveralVpcs,
    /// A security group of another VPC.
    GroupElsewhere {
        group: String,
        vpc: String,
    },
    /// A zone that the service does not offer.
    UnsupportedZone(String),
}

/// Where something stands: subnets of one VPC and security groups of the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<PlacedSubnet>,
    pub(crate) groups: Vec<String>,
}

impl Placement {
    /// Distinct zones.
    pub(crate) fn zones(&self) -> usize {
        self.subnets
            .iter()
            .map(|subnet| subnet.zone_id.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// Ids that had to be there: prerequisites for the timeline.
    pub(crate) fn prerequisites(&self) -> Vec<String> {
        self.subnets
            .iter()
            .map(|subnet| subnet.id.clone())
            .chain(self.groups.iter().cloned())
            .collect()
    }
}

/// Checks subnets and groups of the caller's account for a service (by signing name). Without groups the VPC's default
/// group is taken, as all services do.
///
/// # Errors
/// What does not fit; each service has its own words for it.
pub(crate) fn check(
    call: &Call<'_>,
    service: &str,
    subnet_ids: &[String],
    groups: &[String],
) -> Result<Placement, Misplaced> {
    let state = &call.here_account().ec2;
    let mut subnets = Vec::new();
    for id in subnet_ids {
        let subnet =
            ec2::subnet::ready(state, id, call.now).ok_or_else(|| Misplaced::NoSubnet(id.clone()))?;
        subnets.push(PlacedSubnet {
            id: id.clone(),
            vpc: subnet.vpc.clone(),
            zone_id: subnet.zone_id.clone(),
            free: ec2::subnet::free_addresses(state, subnet, call.now),
        });
    }
    let vpc = subnets
        .first()
        .map(|subnet| subnet.vpc.clone())
        .ok_or_else(|| Misplaced::NoSubnet(String::new()))?;
    if subnets.iter().any(|subnet| subnet.vpc != vpc) {
        return Err(Misplaced::SeveralVpcs);
    }
    let unsupported = ec2::zone::unsupported(&call.world.settings, service);
    if let Some(zone) = unsupported.filter(|zone| subnets.iter().any(|subnet| subnet.zone_id == *zone)) {
        return Err(Misplaced::UnsupportedZone(zone));
    }
    for id in groups {
        let group = state
            .security_groups
            .get(id)
            .ok_or_else(|| Misplaced::NoGroup(id.clone()))?;
        if group.vpc != vpc {
            return Err(Misplaced::GroupElsewhere {
                group: id.clone(),
                vpc,
            });
        }
    }
    let groups = match groups.is_empty() {
        false => groups.to_vec(),
        true => state
            .default_group(&vpc)
            .map(|group| group.id.clone())
            .into_iter()
            .collect(),
    };
    Ok(Placement { vpc, subnets, groups })
}

/// Texts of a JSON list, or none.
pub(crate) fn texts(value: Option<&serde_json::Value>) -> Vec<String> {
    let items = value.and_then(serde_json::Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// [`Call::begin`] with owned prerequisites.
pub(crate) fn begin(call: &mut Call<'_>, kind: &'static str, id: &str, needed: &[String]) -> SimTime {
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    call.begin(kind, id, &needed)
}
