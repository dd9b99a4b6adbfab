//! Looks at a live warehouse and names what keeps it from reading the stream.

use crate::drift::{Comparison, compare_view};
use crate::objects::Catalog;
use crate::query::{ExternalSchemaRow, ViewRow};
use crate::serverless::{Observed, attached_roles};
use crate::statements::create_view;
use crate::{StreamingSpec, ViewSpec};
use aws_sdk_redshiftserverless::types::{Namespace, NamespaceStatus, Workgroup, WorkgroupStatus};
use std::collections::BTreeMap;
use xacct_converge::{Finding, Report, Severity};
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
    if holds {
        report.pass(name)
    } else {
        report.find(finding())
    }
}

fn namespace_links(report: &mut Report, namespace: &Namespace, expected: &Expected) {
    let available = namespace.status() == Some(&NamespaceStatus::Available);
    let state = namespace.status().map_or("none", NamespaceStatus::as_str);
    link(report, NAMESPACE, available, || {
        Finding::error(
            NAMESPACE,
            "the namespace is not AVAILABLE",
            "wait, or look at the namespace in the console",
        )
        .with_evidence(format!("state {state}"))
    });
    let Some(role) = &expected.role else { return };
    let roles = attached_roles(namespace);
    let arrived = roles
        .iter()
        .any(|(arn, in_sync)| arn == role.as_str() && *in_sync);
    link(report, ROLE, arrived, || {
        let what = format!("the role {role} is not attached to the namespace and in sync");
        let seen = roles
            .iter()
            .map(|(arn, in_sync)| format!("{arn} (in sync: {in_sync})"));
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
        Finding::error(
            WORKGROUP,
            "the workgroup is not AVAILABLE",
            "wait, or look at the workgroup in the console",
        )
        .with_evidence(format!("state {state}"))
    });
    link(
        report,
        ROUTING,
        workgroup.enhanced_vpc_routing() == Some(true),
        || {
            let what = "enhanced VPC routing is off: Redshift's packets leave through the internet and never reach private brokers";
            Finding::error(ROUTING, what, "turn enhanced VPC routing on, or deploy again")
        },
    );
    link(
        report,
        PUBLIC,
        workgroup.publicly_accessible() != Some(true),
        || {
            Finding::error(
                PUBLIC,
                "the workgroup is publicly accessible",
                "turn public access off, or deploy again",
            )
        },
    );
    let stands = holds_all(workgroup.subnet_ids(), &expected.subnets)
        && holds_all(workgroup.security_group_ids(), &expected.groups);
    link(report, NETWORK, stands, || {
        let what = "the workgroup does not stand in the subnets and security groups of the pipeline";
        Finding::error(NETWORK, what, "give it these subnets and groups, or deploy again")
            .with_evidence(format!("subnets {}", workgroup.subnet_ids().join(", ")))
            .with_evidence(format!(
                "security groups {}",
                workgroup.security_group_ids().join(", ")
            ))
    });
}

fn holds_all(seen: &[String], expected: &[String]) -> bool {
    expected.iter().all(|id| seen.contains(id))
}

/// External schema, views and what stands beside them, from the catalog. `chain`
/// is the list of roles that the schema should name, `location` the cluster ARN or
/// the brokers.
#[must_use]
pub fn objects(catalog: &Catalog, spec: &StreamingSpec, chain: &str, location: &str) -> Report {
    let mut report = Report::default();
    schema_links(&mut report, catalog, spec, chain, location);
    for view in &spec.views {
        view_links(&mut report, catalog, spec, view);
    }
    report
}

fn schema_links(report: &mut Report, catalog: &Catalog, spec: &StreamingSpec, chain: &str, location: &str) {
    let name = spec.schema.name.as_str();
    let Some(schema) = catalog.schema(&spec.schema.name) else {
        let what = format!("there is no external schema {name}");
        report.find(Finding::error(SCHEMA, what, "deploy again"));
        return;
    };
    let options = options_of(schema);
    let roles = options.get("IAM_ROLE").map_or("unknown", String::as_str);
    let right = roles == "unknown" || roles == chain;
    link(report, SCHEMA, right, || {
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
        let mend = "deploy again, allowing that the schema and its views are made anew";
        let finding = Finding::error("warehouse/external-schema/stream", what, mend);
        report.find(
            finding
                .with_evidence(format!("{places:?}"))
                .with_evidence(format!("should be {location}")),
        );
    }
}

/// The options of a schema that are text, by key in upper case.
fn options_of(schema: &ExternalSchemaRow) -> BTreeMap<String, String> {
    let read: Option<serde_json::Value> = schema
        .options
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let entries = read
        .as_ref()
        .and_then(serde_json::Value::as_object)
        .into_iter()
        .flatten();
    let texts = entries.filter_map(|(key, value)| Some((key.to_uppercase(), value.as_str()?.to_owned())));
    texts.collect()
}

fn is_place(value: &str) -> bool {
    value.contains(":kafka:") || value.contains(".kafka-serverless.")
}

fn view_links(report: &mut Report, catalog: &Catalog, spec: &StreamingSpec, view: &ViewSpec) {
    let place = format!("warehouse/view/{}", view.name.as_str());
    let Some(seen) = catalog.view_row(&view.name) else {
        missing(report, &place, "there is no such materialized view");
        return;
    };
    link(report, &place, !seen.is_broken(), || {
        let what = "the view can no longer be refreshed and must be made anew";
        let mend = "deploy again, allowing the loss of what the stream no longer has";
        Finding::error(place.as_str(), what, mend).with_evidence(format!("state {}", seen.state))
    });
    owner_link(report, catalog, seen, &place);
    definition_link(report, catalog, spec, view, &place);
    beside_links(report, catalog, view, &place);
}

/// Only the owner may refresh a view: somebody else's stays as it is.
fn owner_link(report: &mut Report, catalog: &Catalog, seen: &ViewRow, place: &str) {
    let Some(user) = catalog.asker() else { return };
    let owner = format!("{place}/owner");
    link(report, &owner, seen.owner == user, || {
        let what = format!(
            "the view belongs to {}, and only its owner may refresh it",
            seen.owner
        );
        let mend = "send SQL with the secret of its owner, or drop the view and deploy again";
        Finding::error(owner.as_str(), what, mend).with_evidence(format!("SQL is sent as {user}"))
    });
}

fn definition_link(
    report: &mut Report,
    catalog: &Catalog,
    spec: &StreamingSpec,
    view: &ViewSpec,
    place: &str,
) {
    let Ok(wanted) = create_view(spec, view) else {
        return;
    };
    let kept = catalog
        .defined(&view.name)
        .and_then(|seen| seen.definition.as_deref());
    let definition = format!("{place}/definition");
    match compare_view(&wanted, kept, &[]) {
        Comparison::Same => report.pass(definition),
        // What cannot be read proves nothing.
        Comparison::Unsure(_) => {}
        Comparison::Differs(differences) => {
            let mend =
                "deploy again, or change the specification; the plan says whether what has landed is kept";
            let finding = Finding::error(
                definition,
                "the view selects something else than was asked for",
                mend,
            );
            report.find(
                differences
                    .iter()
                    .map(ToString::to_string)
                    .fold(finding, Finding::with_evidence),
            );
        }
    }
}

/// The plain views on top and the readers.
fn beside_links(report: &mut Report, catalog: &Catalog, view: &ViewSpec, place: &str) {
    let plain = [
        (
            "parsed",
            view.parsed_name(),
            "there is no such view of what is JSON",
        ),
        (
            "quarantine",
            view.quarantine_name(),
            "there is no such view of what is not JSON",
        ),
    ];
    for (kind, name, what) in plain {
        let Ok(Some(name)) = name else { continue };
        let plain = format!("warehouse/{kind}/{}", name.as_str());
        match catalog.defined(&name) {
            Some(_) => report.pass(plain),
            None => missing(report, &plain, what),
        }
    }
    for user in &view.readers {
        let reader = format!("{place}/reader/{}", user.as_str());
        link(report, &reader, catalog.may_read(&view.name, user), || {
            let what = format!("{} may not read the view", user.as_str());
            Finding::error(reader.as_str(), what, "deploy again: the privilege is granted")
        });
    }
    let asked = |name: &str| {
        view.readers
            .iter()
            .any(|user| user.as_str().eq_ignore_ascii_case(name))
    };
    let owner = catalog
        .view_row(&view.name)
        .map(|seen| seen.owner.as_str())
        .unwrap_or_default();
    let others = catalog
        .readers_of(&view.name)
        .map(|seen| seen.identity_name.as_str());
    let others: Vec<&str> = others.filter(|name| !asked(name) && *name != owner).collect();
    if !others.is_empty() {
        let what = format!("the view is also readable by {}", others.join(", "));
        let mend = "name them as readers, or revoke what they were granted; a deployment leaves it alone";
        report.find(Finding::new(
            Severity::Note,
            format!("{place}/readers"),
            what,
            mend,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddl::Statement;
    use crate::query::{DefinedRow, ReaderOfRow};

    fn spec() -> StreamingSpec {
        let text = "database = \"dev\"\nschema = { name = \"mskschema\" }\n[[view]]\nname = \"myview1\"\n\
                    topic = \"testtopic\"\npayload = \"json-once\"\nquarantine = \"bad\"\nreaders = [\"analyst\"]";
        toml::from_str(text).unwrap()
    }

    const CLUSTER: &str =
        "arn:aws:kafka:ap-south-1:111111111111:cluster/c/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
    const CHAIN: &str = "arn:aws:iam::222222222222:role/a,arn:aws:iam::111111111111:role/b";

    /// Everything as it should be.
    fn catalog() -> Catalog {
        let spec = spec();
        let view = create_view(&spec, &spec.views[0]).unwrap();
        let quarantine = crate::create_quarantine(&spec.views[0], &view).unwrap().unwrap();
        let defined = |name: &str, statement: Statement| DefinedRow {
            name: name.into(),
            owner: "admin".into(),
            asker: "admin".into(),
            definition: Some(statement.to_string()),
        };
        let schemas = vec![ExternalSchemaRow {
            schema_name: "mskschema".into(),
            kind: 10,
            owner: 101,
            options: Some(serde_json::json!({ "IAM_ROLE": CHAIN, "CLUSTER_ARN": CLUSTER }).to_string()),
        }];
        let views = vec![ViewRow {
            schema_name: "public".into(),
            name: "myview1".into(),
            owner: "admin".into(),
            is_stale: "f".into(),
            state: 1,
            autorefresh: "t".into(),
        }];
        let definitions = vec![defined("bad", quarantine.into()), defined("myview1", view.into())];
        let readers = vec![ReaderOfRow {
            relation_name: "myview1".into(),
            identity_name: "analyst".into(),
            identity_type: "user".into(),
        }];
        Catalog {
            schemas,
            views,
            definitions,
            readers,
        }
    }

    fn look(change: impl FnOnce(&mut Catalog)) -> Report {
        let mut catalog = catalog();
        change(&mut catalog);
        objects(&catalog, &spec(), CHAIN, CLUSTER)
    }

    #[test]
    fn objects_that_are_as_asked_for_hold() {
        let report = look(|_| ());
        assert!(report.holds() && report.findings.is_empty(), "{report}");
        assert_eq!(
            report.passed,
            [
                "warehouse/external-schema",
                "warehouse/view/myview1",
                "warehouse/view/myview1/owner",
                "warehouse/view/myview1/definition",
                "warehouse/quarantine/bad",
                "warehouse/view/myview1/reader/analyst",
            ]
        );
    }

    #[test]
    fn every_broken_link_is_named() {
        type Break = fn(&mut Catalog);
        let cases: &[(&str, Break)] = &[
            (SCHEMA, |c| c.schemas.clear()),
            (SCHEMA, |c| {
                c.schemas[0].options = Some(r#"{"IAM_ROLE":"default"}"#.into())
            }),
            ("warehouse/external-schema/stream", |c| {
                c.schemas[0].options =
                    Some(serde_json::json!({ "CLUSTER_ARN": CLUSTER.replace("/c/", "/d/") }).to_string());
            }),
            ("warehouse/view/myview1", |c| c.views.clear()),
            ("warehouse/view/myview1", |c| c.views[0].state = 103),
            ("warehouse/view/myview1/owner", |c| {
                c.views[0].owner = "IAMR:Somebody".into()
            }),
            ("warehouse/view/myview1/definition", |c| {
                let kept = c.definitions[1].definition.take().unwrap_or_default();
                c.definitions[1].definition = Some(kept.replace("\"kafka_key\", ", ""));
            }),
            ("warehouse/quarantine/bad", |c| drop(c.definitions.remove(0))),
            ("warehouse/view/myview1/reader/analyst", |c| c.readers.clear()),
        ];
        for (named, change) in cases {
            let report = look(change);
            assert!(report.names(named), "{named}\n{report}");
            assert_eq!(report.failed(), 1, "{named}\n{report}");
        }
    }

    #[test]
    fn a_reader_that_nobody_asked_for_is_a_note() {
        let report = look(|catalog| {
            let mut other = catalog.readers[0].clone();
            other.identity_name = "bi".into();
            catalog.readers.push(other);
        });
        assert!(report.holds());
        assert_eq!(report.findings[0].link, "warehouse/view/myview1/readers");
    }
}
