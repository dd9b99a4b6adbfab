//! The addresses of a resolver endpoint: one in each of its subnets.

use crate::outputs::SubnetInfo;
use crate::resolver::ResolverNode;
use crate::site::unreadable;
use aws_sdk_route53resolver::types::{IpAddressResponse, IpAddressStatus, IpAddressUpdate};
use std::collections::BTreeSet;
use std::time::Duration;
use xacct_converge::{Class, Context, Failure, Inputs, Reason, What};
use xacct_types::ResolverEndpointId;

/// The attribute of reasons that speak of addresses.
pub(crate) const ADDRESS: &str = "address";
/// How long a change of addresses is waited for, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(1200);
const PAUSE: Duration = Duration::from_secs(5);
/// Another change is under way.
const UPDATING: &[&str] = &["ResourceUnavailableException"];

/// Whether an address is there or on its way.
fn stays(address: &&IpAddressResponse) -> bool {
    let ends = [
        IpAddressStatus::Deleting,
        IpAddressStatus::Detaching,
        IpAddressStatus::RemapDetaching,
    ];
    address.status().is_none_or(|status| !ends.contains(status))
}

/// Subnets without an address, and addresses that no subnet asks for.
pub(crate) fn astray<'a>(
    wanted: &[SubnetInfo],
    found: &'a [IpAddressResponse],
) -> (Vec<SubnetInfo>, Vec<&'a IpAddressResponse>) {
    let mut left: BTreeSet<&str> = wanted.iter().map(|subnet| subnet.id.as_str()).collect();
    let mut extra = Vec::new();
    for address in found.iter().filter(stays) {
        if !left.remove(address.subnet_id().unwrap_or_default()) {
            extra.push(address);
        }
    }
    let missing = wanted.iter().filter(|subnet| left.contains(subnet.id.as_str()));
    (missing.cloned().collect(), extra)
}

/// What differs, for people.
pub(crate) fn reasons(wanted: &[SubnetInfo], found: &[IpAddressResponse]) -> Vec<Reason> {
    let (missing, extra) = astray(wanted, found);
    let missing = missing
        .iter()
        .map(|subnet| Reason::missing(ADDRESS, format!("one in {}", subnet.id)));
    let extra = extra.into_iter().map(|address| {
        let (ip, subnet) = (address.ip(), address.subnet_id());
        let shown = format!("{} in {}", ip.unwrap_or("one"), subnet.unwrap_or("no subnet"));
        Reason::extra(ADDRESS, shown)
    });
    missing.chain(extra).collect()
}

impl ResolverNode {
    /// Adds the addresses that are missing, then takes away the others: an
    /// endpoint always keeps two.
    pub(crate) async fn readdress(
        &self,
        id: &ResolverEndpointId,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<(), Failure> {
        let wanted: Result<Vec<SubnetInfo>, Failure> =
            self.subnets.iter().map(|subnet| subnet.get(inputs)).collect();
        let wanted = wanted?;
        let found = self.site.resolver_addresses(id.as_str(), cx).await?;
        for subnet in astray(&wanted, &found).0 {
            self.add_address(id, subnet.id.as_str(), cx).await?;
        }
        let found = self.attached_addresses(id, cx).await?;
        for address in astray(&wanted, &found).1 {
            let address = address
                .ip_id()
                .ok_or_else(|| unreadable("route53resolver:ListResolverEndpointIpAddresses"))?;
            self.take_address(id, address, cx).await?;
        }
        Ok(())
    }

    /// The addresses, once none of them is on its way.
    async fn attached_addresses(
        &self,
        id: &ResolverEndpointId,
        cx: &Context,
    ) -> Result<Vec<IpAddressResponse>, Failure> {
        let start = cx.now();
        loop {
            let found = self.site.resolver_addresses(id.as_str(), cx).await?;
            let attached = |address: &IpAddressResponse| address.status() == Some(&IpAddressStatus::Attached);
            if found.iter().filter(stays).all(attached) {
                return Ok(found);
            }
            if cx.since(start) > PATIENCE {
                let message = format!("still waiting for the addresses of {id} to be attached");
                return Err(Failure::terminal("wait", message));
            }
            let reason = "the resolver endpoint's addresses to be attached".to_owned();
            cx.tell(What::Waiting { reason });
            cx.sleep(PAUSE).await;
        }
    }

    pub(crate) async fn add_address(
        &self,
        id: &ResolverEndpointId,
        subnet: &str,
        cx: &Context,
    ) -> Result<(), Failure> {
        let address = IpAddressUpdate::builder().subnet_id(subnet).build();
        let request = self.site.resolver.associate_resolver_endpoint_ip_address();
        let request = request.resolver_endpoint_id(id.as_str()).ip_address(address);
        // Asked twice, it makes two; a second one is found and taken away by the next run.
        let call = cx
            .once("route53resolver:AssociateResolverEndpointIpAddress")
            .not_yet(UPDATING);
        call.run(|| request.clone().send()).await.map(drop)
    }

    pub(crate) async fn take_address(
        &self,
        id: &ResolverEndpointId,
        address: &str,
        cx: &Context,
    ) -> Result<(), Failure> {
        let address = IpAddressUpdate::builder().ip_id(address).build();
        let request = self.site.resolver.disassociate_resolver_endpoint_ip_address();
        let request = request.resolver_endpoint_id(id.as_str()).ip_address(address);
        let call = cx
            .idempotent("route53resolver:DisassociateResolverEndpointIpAddress")
            .not_yet(UPDATING);
        match call.run(|| request.clone().send()).await {
            Err(failure)
                if failure.class() == Class::Terminal && failure.is_code(&["ResourceNotFoundException"]) =>
            {
                Ok(())
            }
            answer => answer.map(drop),
        }
    }
}
