//! Looks at a live warehouse and names what keeps it from reading the stream.

use crate::StreamingSpec;
use crate::objects::{Catalog, SeenView, options_of};
use crate::serverless::{Observed, attached_roles};
use aws_sdk_redshiftserverless::types::{Namespace, NamespaceStatus, Workgroup, WorkgroupStatus};
use xacct_converge::{Finding, Report};
use xacct_types::RoleArn;

/// The links that [`service`] looks at.
const NAMESPACE: &str = "warehouse/namespace";
const ROLE: &str = "warehouse/namespace/role";
const DEFAULT_ROLE: &str = "warehouse/namespace/default-role";
const WORKGROUP: &str = "warehouse/workgroup";
const ROUTING: &str = "warehouse/workgroup/enhanced-vpc-routing";
const PUBLIC: &str = "warehouse/workgroup/public";
const NETWORK: &str = "warehouse/workgroup/network";
const SCHEMA: &str = "warehouse/external-schema";

/// What a workgroup should stand in.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The role that is attached and default.
    pub role: Option<RoleArn>,
    /// Subnet ids.
    pub subnets: Vec<String>,
    /// Security group ids.
    pub groups: Vec<String>,
}

/// Namespace and workgroup, from what was read.
#[must_use]
pub fn service(seen: &Observed, expected: &Expected) -> Report {
    let mut report = Report::default();
    match &seen.namespace {
        Some(namespace) => namespace_links(&mut report, namespace, expected),
        None => missing(&mut report, NAMESPACE, "there is no namespace"),
    }
    match &seen.workgroup {
        Some(workgroup) => workgroup_links(&mut report, workgroup, expected),
        None => missing(&mut report, WORKGROUP, "there is no workgroup"),
    }
    report
}

fn missing(report: &mut Report, link: &str, what: &str) {
    report.find(Finding::error(link, what, "deploy again"));
}

/// Records a link: it holds, or it was seen otherwise.
fn link(report: &mut Report, name: &str, holds: bool, finding: impl FnOnce() -> Finding) {
    if holds { report.pass(name) } else { report.find(finding()) }
}

fn namespace_links(report: &mut Report, namespace: &Namespace, expected: &Expected) {
    let available = namespace.status() == Some(&NamespaceStatus::Available);
    let state = namespace.status().map_or("none", NamespaceStatus::as_str);
    link(report, NAMESPACE, available, || {
        Finding::error(NAMESPACE, "the namespace is not AVAILABLE", "wait, or look at the namespace in the console")
            .with_evidence(format!("state {state}"))
    });
    let Some(role) = &expected.role else { return };
    let roles = attached_roles(namespace);
    let arrived = roles.iter().any(|(arn, in_sync)| arn == role.as_str() && *in_sync);
    link(report, ROLE, arrived, || {
        let what = format!("the role {role} is not attached to the namespace and in sync");
        let seen = roles.iter().map(|(arn, in_sync)| format!("{arn} (in sync: {in_sync})"));
        let finding = Finding::error(ROLE, what, "attach the role, or deploy again");
        seen.fold(finding, Finding::with_evidence)
    });
    let default = namespace.default_iam_role_arn().unwrap_or("none");
    if default == role.as_str() {
        report.pass(DEFAULT_ROLE);
    } else {
        let what = format!("the default role of the namespace is {default}, not {role}");
        let mend = "set the default role, or deploy again; schemas that name the chain do not need it";
        report.find(Finding::warning(DEFAULT_ROLE, what, mend));
    }
}

fn workgroup_links(report: &mut Report, workgroup: &Workgroup, expected: &Expected) {
    let available = workgroup.status() == Some(&WorkgroupStatus::Available);
    let state = workgroup.status().map_or("none", WorkgroupStatus::as_str);
    link(report, WORKGROUP, available, || {
        Finding::error(WORKGROUP, "the workgroup is not AVAILABLE", "wait, or look at the workgroup in the console")
            .with_evidence(format!("state {state}"))
    });
    link(report, ROUTING, workgroup.enhanced_vpc_routing() == Some(true), || {
        let what = "enhanced VPC routing is off: Redshift's packets leave through the internet and never reach private brokers";
        Finding::error(ROUTING, what, "turn enhanced VPC routing on, or deploy again")
    });
    link(report, PUBLIC, workgroup.publicly_accessible() != Some(true), || {
        Finding::error(PUBLIC, "the workgroup is publicly accessible", "turn public access off, or deploy again")
    });
    let stands = holds_all(workgroup.subnet_ids(), &expected.subnets)
        && holds_all(workgroup.security_group_ids(), &expected.groups);
    link(report, NETWORK, stands, || {
        let what = "the workgroup does not stand in the subnets and security groups of the pipeline";
        Finding::error(NETWORK, what, "give it these subnets and groups, or deploy again")
            .with_evidence(format!("subnets {}", workgroup.subnet_ids().join(", ")))
            .with_evidence(format!("security groups {}", workgroup.security_group_ids().join(", ")))
    });
}

fn holds_all(seen: &[String], expected: &[String]) -> bool {
    expected.iter().all(|id| seen.contains(id))
}

/// External schema and views, from the catalog. `chain` is the list of roles
/// that the schema should name, `location` the cluster ARN or the brokers.
#[must_use]
pub fn objects(catalog: &Catalog, spec: &StreamingSpec, chain: &str, location: &str) -> Report {
    let mut report = Report::default();
    let name = spec.schema.name.as_str();
    let Some(schema) = catalog.schemas.iter().find(|seen| seen.schemaname.eq_ignore_ascii_case(name)) else {
        let what = format!("there is no external schema {name}");
        report.find(Finding::error(SCHEMA, what, "deploy again"));
        return report;
    };
    let options = options_of(schema);
    let roles = options.get("IAM_ROLE").map_or("unknown", String::as_str);
    let right = roles == "unknown" || roles == chain;
    link(&mut report, SCHEMA, right, || {
        let what = "the external schema names other roles than the pipeline's, first the attached one";
        Finding::error(SCHEMA, what, "deploy again: the schema is altered")
            .with_evidence(format!("IAM_ROLE {roles}"))
            .with_evidence(format!("should be {chain}"))
    });
    // Which keys the options of a stream have is not documented beyond IAM_ROLE, so
    // the location is judged only where a value looks like one.
    let places: Vec<&String> = options.values().filter(|value| is_place(value)).collect();
    if !places.is_empty() && !places.iter().any(|place| place.as_str() == location) {
        let what = "the external schema reads another cluster";
        let finding = Finding::error("warehouse/external-schema/stream", what, "drop the schema and its views, then deploy again");
        report.find(finding.with_evidence(format!("{places:?}")).with_evidence(format!("should be {location}")));
    }
    spec.views.iter().for_each(|view| view_link(&mut report, catalog, view.name.as_str()));
    report
}

fn is_place(value: &str) -> bool {
    value.contains(":kafka:") || value.contains(".kafka-serverless.")
}

fn view_link(report: &mut Report, catalog: &Catalog, name: &str) {
    let place = format!("warehouse/view/{name}");
    let seen: Option<&SeenView> = catalog.views.iter().find(|seen| seen.name.eq_ignore_ascii_case(name));
    match seen {
        None => missing(report, &place, "there is no such materialized view"),
        Some(view) if view.is_broken() => {
            let what = "the view can no longer be refreshed and must be made anew";
            let state = view.state.unwrap_or_default();
            let finding = Finding::error(place, what, "deploy again, allowing the loss of what the stream no longer has");
            report.find(finding.with_evidence(format!("state {state}")));
        }
        Some(_) => report.pass(place),
    }
}
