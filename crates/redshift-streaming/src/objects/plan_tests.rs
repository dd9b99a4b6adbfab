//! What a plan says to every kind of drift, from the catalog alone.

use super::*;
use crate::ddl::Statement;
use crate::query::{DefinedRow, ExternalSchemaRow, ReaderOfRow, ViewRow};
use crate::serverless::{NamespaceOut, WorkgroupOut};
use crate::statements::{create_quarantine, create_view};
use aws_types::SdkConfig;
use xacct_converge::{Change, Plan};

const SCHEMA: &str = "warehouse/external-schema";
const VIEW: &str = "warehouse/view/myview1";
const BAD: &str = "warehouse/quarantine/bad";
const READER: &str = "warehouse/view/myview1/reader/IAMR:Analyst";
const CLUSTER: &str =
    "arn:aws:kafka:ap-south-1:111111111111:cluster/c/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
const ROLES: [&str; 2] = [
    "arn:aws:iam::222222222222:role/a",
    "arn:aws:iam::111111111111:role/b",
];
const BROKERS: &str = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098";

fn spec(schema: &str) -> StreamingSpec {
    let view = "name = \"myview1\"\ntopic = \"testtopic\"\npayload = \"json-once\"\nquarantine = \"bad\"\nreaders = [\"IAMR:Analyst\"]";
    toml::from_str(&format!(
        "database = \"dev\"\nschema = {schema}\n[[view]]\n{view}"
    ))
    .unwrap()
}

fn by_cluster() -> StreamingSpec {
    spec("{ name = \"mskschema\" }")
}

fn by_address() -> StreamingSpec {
    spec("{ name = \"mskschema\", broker = \"address\" }")
}

fn cluster() -> Stream {
    Stream::Cluster(Value::known(ClusterArn::new(CLUSTER).unwrap()))
}

fn brokers() -> Stream {
    Stream::Brokers(Value::known(BROKERS.to_owned()))
}

fn options(location: (&str, &str)) -> String {
    let (key, place) = location;
    serde_json::json!({ "IAM_ROLE": ROLES.join(","), "AUTHENTICATION": "iam", key: place }).to_string()
}

/// Everything of `spec` as it should be.
fn catalog(spec: &StreamingSpec, options: String) -> Catalog {
    let view = &spec.views[0];
    let created = create_view(spec, view).unwrap();
    let quarantine = create_quarantine(view, &created).unwrap().unwrap();
    let defined = |name: &str, statement: Statement| DefinedRow {
        name: name.into(),
        owner: "admin".into(),
        asker: "admin".into(),
        definition: Some(format!("{statement};")),
    };
    let row = |name: &str| ViewRow {
        schema_name: "public".into(),
        name: name.into(),
        owner: "admin".into(),
        is_stale: "f".into(),
        state: 1,
        autorefresh: "t".into(),
    };
    let schema = ExternalSchemaRow {
        schema_name: "mskschema".into(),
        kind: 10,
        owner: 101,
        options: Some(options),
    };
    let reader = ReaderOfRow {
        relation_name: "myview1".into(),
        identity_name: "IAMR:Analyst".into(),
        identity_type: "user".into(),
    };
    Catalog {
        schemas: vec![schema],
        views: vec![row("myview1")],
        definitions: vec![
            defined("bad", quarantine.into()),
            defined("myview1", created.into()),
        ],
        readers: vec![reader],
    }
}

fn connection() -> Connection {
    let namespace = NamespaceOut {
        name: "clicks-namespace".into(),
        arn: "arn:aws:redshift-serverless:ap-south-1:222222222222:namespace/1".into(),
        database: "dev".into(),
        admin_secret: None,
        default_role: None,
    };
    let workgroup = WorkgroupOut {
        name: "clicks-workgroup".into(),
        arn: "arn:aws:redshift-serverless:ap-south-1:222222222222:workgroup/1".into(),
        id: "1".into(),
        endpoint: None,
    };
    Connection {
        config: SdkConfig::builder().build(),
        database: "dev".into(),
        namespace: Value::known(namespace),
        workgroup: Value::known(workgroup),
        outlives: None,
    }
}

fn plan_with(spec: &StreamingSpec, catalog: &Catalog, reading: Reading, mut graph: Graph) -> Plan {
    declare(&mut graph, &connection(), catalog, spec, reading, |_| Vec::new());
    graph.plan().plan
}

fn reading(stream: Stream) -> Reading {
    let roles = ROLES
        .iter()
        .map(|role| Value::known(RoleArn::new(*role).unwrap()));
    Reading {
        stream,
        roles: roles.collect(),
        after: Vec::new(),
    }
}

fn plan(spec: &StreamingSpec, catalog: &Catalog, stream: Stream) -> Plan {
    plan_with(spec, catalog, reading(stream), Graph::new())
}

/// The steps that do something: resource, sign, attributes of the reasons, whether data is lost.
fn changes(plan: &Plan) -> Vec<(&str, &'static str, Vec<&str>, bool)> {
    let described = plan.changes().map(|step| {
        let (sign, reasons) = match &step.change {
            Change::Create => ("+", &[][..]),
            Change::Update(reasons) => ("~", &reasons[..]),
            Change::Replace(reasons) => ("-/+", &reasons[..]),
            _ => ("?", &[][..]),
        };
        let attributes = reasons.iter().map(|reason| reason.attribute.as_str()).collect();
        (step.resource.as_str(), sign, attributes, step.destroys_data)
    });
    described.collect()
}

/// The plan for objects of which one thing was changed.
fn drift(change: impl FnOnce(&mut Catalog)) -> Plan {
    let spec = by_cluster();
    let mut catalog = catalog(&spec, options(("CLUSTER_ARN", CLUSTER)));
    change(&mut catalog);
    plan(&spec, &catalog, cluster())
}

#[test]
fn objects_that_are_as_asked_for_are_left_alone() {
    assert!(drift(|_| ()).is_empty());
    let address = by_address();
    let catalog = catalog(&address, options(("URI", BROKERS)));
    assert!(plan(&address, &catalog, brokers()).is_empty());
}

#[test]
fn an_empty_database_gets_everything_in_order() {
    let plan = plan(&by_cluster(), &Catalog::default(), cluster());
    let names: Vec<&str> = plan.steps.iter().map(|step| step.resource.as_str()).collect();
    assert_eq!(names, [SCHEMA, VIEW, BAD, READER]);
    assert!(plan.steps.iter().all(|step| step.change == Change::Create));
    assert_eq!(plan.steps[1].after, [SCHEMA]);
    assert_eq!(plan.steps[3].after, [VIEW]);
}

#[test]
fn each_kind_of_drift_is_put_right_and_nothing_else() {
    type Case = (
        fn(&mut Catalog),
        &'static [(&'static str, &'static str, &'static [&'static str], bool)],
    );
    let cases: &[Case] = &[
        // A role is altered, and nothing is made anew.
        (
            |c| c.schemas[0].options = Some(options(("CLUSTER_ARN", CLUSTER)).replace("role/a", "role/old")),
            &[(SCHEMA, "~", &["IAM_ROLE"], false)],
        ),
        // Another cluster cannot be altered: the views go too.
        (
            |c| c.schemas[0].options = Some(options(("CLUSTER_ARN", &CLUSTER.replace("/c/", "/d/")))),
            &[
                (SCHEMA, "-/+", &["CLUSTER_ARN"], false),
                (VIEW, "-/+", &["external schema"], true),
                (READER, "+", &[], false),
            ],
        ),
        (
            |c| c.schemas[0].kind = 9,
            &[
                (SCHEMA, "-/+", &["kind"], false),
                (VIEW, "-/+", &["external schema"], true),
                (READER, "+", &[], false),
            ],
        ),
        // By address instead of by cluster.
        (
            |c| c.schemas[0].options = Some(options(("URI", BROKERS))),
            &[
                (SCHEMA, "-/+", &["source"], false),
                (VIEW, "-/+", &["external schema"], true),
                (READER, "+", &[], false),
            ],
        ),
        // A schema that was dropped takes the use of its views along.
        (
            |c| c.schemas.clear(),
            &[
                (SCHEMA, "+", &[], false),
                (VIEW, "-/+", &["external schema"], true),
                (READER, "+", &[], false),
            ],
        ),
        // Options that cannot be read are no reason for anything.
        (|c| c.schemas[0].options = Some("hidden".into()), &[]),
        // A view that was dropped.
        (
            |c| {
                c.views.clear();
                c.definitions.remove(1);
                c.readers.clear();
            },
            &[(VIEW, "+", &[], false), (READER, "+", &[], false)],
        ),
        // A view that selects something else.
        (
            |c| {
                let kept = c.definitions[1].definition.take().unwrap_or_default();
                c.definitions[1].definition = Some(kept.replace("\"kafka_headers\", ", ""));
            },
            // Its rows are kept.
            &[(VIEW, "~", &["select", "history"], false)],
        ),
        // The same select in other words.
        (
            |c| {
                let kept = c.definitions[1].definition.take().unwrap_or_default();
                c.definitions[1].definition =
                    Some(kept.replace('"', "").to_lowercase().replace(", ", "\n ,"));
            },
            &[],
        ),
        // A definition that cannot be read changes nothing.
        (
            |c| {
                c.definitions[1].definition =
                    Some("SELECT derived.col FROM mv_tbl__myview1__0 derived".into())
            },
            &[],
        ),
        (|c| c.definitions[1].definition = None, &[]),
        // A view that Redshift can no longer refresh.
        (
            |c| c.views[0].state = 103,
            &[(VIEW, "-/+", &["state"], true), (READER, "+", &[], false)],
        ),
        (
            |c| c.views[0].autorefresh = "f".into(),
            &[(VIEW, "~", &["auto refresh"], false)],
        ),
        // What stands beside the view.
        (|c| drop(c.definitions.remove(0)), &[(BAD, "+", &[], false)]),
        (
            |c| {
                c.definitions[0].definition =
                    Some("CREATE VIEW public.bad AS SELECT 1 AS n FROM public.myview1".into())
            },
            &[(BAD, "-/+", &["select"], false)],
        ),
        (|c| c.readers.clear(), &[(READER, "+", &[], false)]),
        // Whoever else may read is none of ours.
        (
            |c| {
                let mut other = c.readers[0].clone();
                other.identity_name = "bi".into();
                c.readers.push(other);
            },
            &[],
        ),
        // Names come back in the case that the catalog keeps.
        (|c| c.views[0].name = "MyView1".into(), &[]),
    ];
    for (n, (change, expected)) in cases.iter().enumerate() {
        let plan = drift(change);
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, sign, why, lost)| (*name, *sign, why.to_vec(), *lost))
            .collect();
        assert_eq!(changes(&plan), expected, "case {n}\n{plan}");
    }
}

#[test]
fn brokers_of_a_schema_by_address_are_altered() {
    let spec = by_address();
    let catalog = catalog(&spec, options(("URI", &BROKERS.replace("boot-a1", "boot-b2"))));
    let plan = plan(&spec, &catalog, brokers());
    assert_eq!(changes(&plan), [(SCHEMA, "~", vec!["URI"], false)]);
}

/// A resource that has still to be made and gives a text.
struct Later;

impl xacct_converge::Resource for Later {
    type Output = String;

    fn kind(&self) -> &'static str {
        "test:Later"
    }

    fn needs(&self) -> Needs {
        Needs::none()
    }

    fn plan(&self, _: &Inputs<'_>) -> xacct_converge::Decision<String> {
        xacct_converge::Decision::create()
    }

    async fn create(
        &self,
        _: &Inputs<'_>,
        _: &xacct_converge::Context,
    ) -> Result<String, xacct_converge::Failure> {
        Ok(String::new())
    }

    async fn delete(&self, _: &String, _: &xacct_converge::Context) -> Result<(), xacct_converge::Failure> {
        Ok(())
    }
}

#[test]
fn a_cluster_that_is_made_anew_takes_the_schema_and_its_views_along() {
    let (spec, mut graph) = (by_cluster(), Graph::new());
    let later = graph.add("cluster", Later).ready();
    let arn = later.map(|_| ClusterArn::new(CLUSTER).unwrap());
    let catalog = catalog(&spec, options(("CLUSTER_ARN", CLUSTER)));
    let plan = plan_with(&spec, &catalog, reading(Stream::Cluster(arn)), graph);
    let found = changes(&plan);
    assert_eq!(found[1], (SCHEMA, "-/+", vec!["CLUSTER_ARN"], false));
    assert_eq!(found[2], (VIEW, "-/+", vec!["external schema"], true));
}

#[test]
fn a_role_that_is_made_anew_costs_no_data() {
    let (spec, mut graph) = (by_cluster(), Graph::new());
    let later = graph.add("role", Later).ready();
    let arn = later.map(|_| RoleArn::new(ROLES[0]).unwrap());
    let catalog = catalog(&spec, options(("CLUSTER_ARN", CLUSTER)));
    let reading = Reading {
        roles: vec![arn],
        ..reading(cluster())
    };
    let plan = plan_with(&spec, &catalog, reading, graph);
    assert_eq!(changes(&plan)[1..], [(SCHEMA, "~", vec!["IAM_ROLE"], false)]);
}

#[test]
fn views_of_somebody_else_over_the_schema_are_seen() {
    let spec = by_cluster();
    let mut catalog = catalog(&spec, options(("CLUSTER_ARN", CLUSTER)));
    let mut other = catalog.definitions[1].clone();
    other.name = "theirs".into();
    let text = other.definition.take().unwrap_or_default();
    other.definition = Some(text.replace("myview1", "theirs"));
    catalog.definitions.push(other);
    assert_eq!(catalog.views_over(&spec.schema.name), ["myview1", "theirs"]);
}
