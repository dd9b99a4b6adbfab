//! What a fleet's deployment would do, and what it would use up.

use super::Fleet;
use super::cell::{reading, unresolved};
use super::quotas::{QuotaUse, Usage};
use crate::error::Error;
use redshift_streaming::serverless;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use xacct_converge::{Change, Context, Plan};
use xacct_net::{Networks, Side};

/// What a deployment of a fleet would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FleetPlan {
    /// Every step, of all cells and tenants; names begin with `cell-<n>/`.
    pub plan: Plan,
    /// The tenants of each cell, in the order of the specification.
    pub cells: BTreeMap<u32, Vec<String>>,
    /// Every quota that the plan adds to.
    pub quotas: Vec<QuotaUse>,
}

impl FleetPlan {
    /// The quotas that would be passed.
    pub fn exceeded(&self) -> impl Iterator<Item = &QuotaUse> {
        self.quotas.iter().filter(|used| used.is_exceeded())
    }
}

impl fmt::Display for FleetPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (cell, tenants) in &self.cells {
            writeln!(f, "cell {cell}: {} tenants", tenants.len())?;
        }
        for used in &self.quotas {
            let mark = if used.is_exceeded() { "!" } else { " " };
            writeln!(f, "{mark} {used}")?;
        }
        write!(f, "{}", self.plan)
    }
}

/// What both accounts have of what the plan would add to.
pub(super) async fn usage(fleet: &Fleet, plan: &Plan, cx: &Context) -> Result<Usage, Error> {
    let mut usage = Usage::new();
    if plan.steps.iter().all(|step| step.change != Change::Create) {
        return Ok(usage);
    }
    let made = |kind: &str| {
        let mut steps = plan.steps.iter();
        steps.any(|step| step.kind == kind && step.change == Change::Create)
    };
    let (source, warehouse) = (&fleet.pipeline.source, &fleet.pipeline.warehouse);
    if made("AWS::EC2::VPC") || made("AWS::Route53Resolver::ResolverEndpoint") || made("AWS::EC2::EIP") {
        let link = fleet.spec.shared.link().resolve().map_err(unresolved)?;
        let owner = fleet.spec.cell_owner(1).map_err(unresolved)?;
        let networks = Networks::new(link, &owner, 0, source, warehouse);
        let counted = reading("the networks", Box::pin(networks.usage(cx))).await?;
        for (side, counts) in Side::BOTH.into_iter().zip(counted) {
            usage.insert((side, "AWS::EC2::VPC"), counts.vpcs);
            usage.insert((side, "AWS::EC2::InternetGateway"), counts.internet_gateways);
            usage.insert((side, "AWS::EC2::EIP"), counts.addresses);
            let endpoints = "AWS::Route53Resolver::ResolverEndpoint";
            usage.insert((side, endpoints), counts.resolver_endpoints);
        }
    }
    if made("AWS::RedshiftServerless::Namespace") {
        let on = cx.on("warehouse");
        let count = serverless::usage(warehouse, &on);
        let (namespaces, workgroups) = reading("the warehouses", Box::pin(count)).await?;
        usage.insert(
            (Side::Warehouse, "AWS::RedshiftServerless::Namespace"),
            namespaces,
        );
        usage.insert(
            (Side::Warehouse, "AWS::RedshiftServerless::Workgroup"),
            workgroups,
        );
    }
    if made("AWS::IAM::Role") {
        for (side, config) in [(Side::Source, source), (Side::Warehouse, warehouse)] {
            let on = cx.on(side.as_str());
            let count = xacct_iam::account::roles(config, &on);
            let count = reading("the number of roles", Box::pin(count)).await?;
            usage.insert((side, "AWS::IAM::Role"), count);
        }
    }
    Ok(usage)
}
