//! Somebody changes something: the plan says exactly that, a deployment puts it back.

use crate::support::{World, spec, spec_of};
use serde_json::json;
use xacct_converge::{Change, Plan, explain};

/// The steps that do something: resource, sign, whether data is lost.
fn changes(plan: &Plan) -> Vec<(String, &'static str, bool)> {
    let sign = |change: &Change| match change {
        Change::Create => "+",
        Change::Update(_) => "~",
        Change::Replace(_) => "-/+",
        _ => "?",
    };
    plan.changes()
        .map(|step| (step.resource.clone(), sign(&step.change), step.destroys_data))
        .collect()
}

const SCHEMA: &str = "warehouse/external-schema";
const VIEW: &str = "warehouse/view/myview1";
const BAD: &str = "warehouse/quarantine/bad";
const READER: &str = "warehouse/view/myview1/reader/analyst";
const PARSED: &str = "warehouse/parsed/myview1_parsed";
const PARSED_READER: &str = "warehouse/view/myview1_parsed/reader/analyst";

type Step = (&'static str, &'static str, bool);

/// What is done by hand, as SQL, and what the plan says to it.
const BY_HAND: &[(&[&str], &[Step])] = &[
    (
        &["ALTER EXTERNAL SCHEMA mskschema IAM_ROLE default"],
        &[(SCHEMA, "~", false)],
    ),
    (
        &[
            "ALTER EXTERNAL SCHEMA mskschema URI 'boot-other.c1.kafka-serverless.ap-south-1.amazonaws.com:9098'",
        ],
        &[(SCHEMA, "~", false)],
    ),
    // The views go along, the plain one over them stays.
    (
        &["DROP SCHEMA mskschema CASCADE"],
        &[(SCHEMA, "+", false), (VIEW, "+", false), (READER, "+", false)],
    ),
    (
        &["DROP MATERIALIZED VIEW myview1"],
        &[(VIEW, "+", false), (READER, "+", false)],
    ),
    (
        &[
            "DROP MATERIALIZED VIEW myview1",
            "CREATE MATERIALIZED VIEW myview1 AUTO REFRESH YES AS SELECT kafka_offset, kafka_value AS raw FROM mskschema.testtopic",
        ],
        &[(VIEW, "-/+", true), (READER, "+", false)],
    ),
    (
        &["ALTER MATERIALIZED VIEW myview1 AUTO REFRESH NO"],
        &[(VIEW, "~", false)],
    ),
    (&["DROP VIEW bad"], &[(BAD, "+", false)]),
    // A grant goes with its view.
    (
        &["DROP VIEW myview1_parsed"],
        &[(PARSED, "+", false), (PARSED_READER, "+", false)],
    ),
    (
        &[
            "DROP VIEW bad",
            "CREATE VIEW public.bad AS SELECT kafka_offset FROM public.myview1 WITH NO SCHEMA BINDING",
        ],
        &[(BAD, "-/+", false)],
    ),
    (
        &["REVOKE SELECT ON public.myview1 FROM analyst"],
        &[(READER, "+", false)],
    ),
    // What is none of ours.
    (
        &[
            "CREATE USER bi PASSWORD DISABLE",
            "GRANT SELECT ON public.myview1 TO bi",
        ],
        &[],
    ),
    (
        &["CREATE VIEW public.report AS SELECT count(*) AS n FROM public.myview1"],
        &[],
    ),
];

#[test]
fn what_is_changed_by_hand_is_put_back_and_nothing_else() {
    for (by_hand, expected) in BY_HAND {
        let (world, spec) = (World::new(), spec());
        world.sim.run(async {
            world.empty_warehouse().await;
            world.produce(&["{}", "broken", "[1]"]);
            world.deploy(&spec).await.unwrap();
            world.sql(by_hand).await;
            let planned = world.plan(&spec).await;
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, sign, lost)| (name.to_string(), *sign, *lost))
                .collect();
            assert_eq!(changes(&planned.plan), expected, "{by_hand:?}\n{}", planned.plan);
            world
                .deploy(&spec)
                .await
                .unwrap_or_else(|error| panic!("{by_hand:?}: {}", explain(&error)));
            let again = world.plan(&spec).await.plan;
            assert!(again.is_empty(), "{by_hand:?}\n{again}");
            let warehouse = world.warehouse().await;
            warehouse.refresh("myview1").await.unwrap();
            let tally = warehouse.tally("myview1").await.unwrap();
            assert_eq!((tally.rows, tally.quarantined), (2, 1), "{by_hand:?}");
            assert!(world.verify(&spec).await.holds());
        });
    }
}

#[test]
fn a_schema_that_was_dropped_alone_takes_the_use_of_its_view_along() {
    // Whether CASCADE takes streaming views along is not documented.
    let world = World::with(|settings| settings.sql.cascade_drops_streaming_views = false);
    let spec = spec();
    world.sim.run(async {
        world.empty_warehouse().await;
        world.deploy(&spec).await.unwrap();
        world.sql(&["DROP SCHEMA mskschema CASCADE"]).await;
        let plan = world.plan(&spec).await.plan;
        assert_eq!(changes(&plan)[1], (VIEW.to_owned(), "-/+", true), "{plan}");
        assert!(world.verify(&spec).await.names(SCHEMA) && world.verify(&spec).await.names(VIEW));
        world.deploy(&spec).await.unwrap();
        assert!(world.plan(&spec).await.plan.is_empty());
        assert!(world.verify(&spec).await.holds());
    });
}

#[test]
fn a_schema_by_cluster_instead_of_by_address_is_made_anew_with_its_views() {
    let world = World::new();
    let (by_address, by_cluster) = (
        spec(),
        spec_of("", "quarantine = \"bad\"\nreaders = [\"analyst\"]"),
    );
    world.sim.run(async {
        world.empty_warehouse().await;
        world.deploy(&by_address).await.unwrap();
        let plan = world.plan(&by_cluster).await.plan;
        let expected = [
            (SCHEMA.to_owned(), "-/+", false),
            (VIEW.to_owned(), "-/+", true),
            (READER.to_owned(), "+", false),
        ];
        assert_eq!(changes(&plan), expected, "{plan}");
        world.deploy(&by_cluster).await.unwrap();
        assert!(world.plan(&by_cluster).await.plan.is_empty());
        assert!(world.verify(&by_cluster).await.holds());
        assert!(
            world
                .verify(&by_address)
                .await
                .names("warehouse/external-schema/stream")
        );
    });
}

#[test]
fn a_view_of_somebody_else_over_the_schema_keeps_it_from_being_dropped() {
    let world = World::new();
    let (by_address, by_cluster) = (spec(), spec_of("", ""));
    world.sim.run(async {
        world.empty_warehouse().await;
        world.deploy(&by_address).await.unwrap();
        world
            .sql(&["CREATE MATERIALIZED VIEW theirs AS SELECT kafka_offset FROM mskschema.testtopic"])
            .await;
        let error = world.deploy(&by_cluster).await.err().unwrap();
        assert!(
            explain(&error).contains("not of this pipeline read it: theirs"),
            "{}",
            explain(&error)
        );
        assert!(
            world.plan(&by_address).await.plan.is_empty(),
            "nothing was dropped"
        );
    });
}

#[test]
fn a_bound_view_on_top_keeps_a_changed_view_from_being_evolved() {
    let world = World::new();
    let (before, after) = (
        spec_of("broker = \"address\"", ""),
        spec_of("broker = \"address\"", "payload = \"text\""),
    );
    world.sim.run(async {
        world.deploy(&before).await.unwrap();
        world
            .sql(&["CREATE VIEW public.report AS SELECT count(*) AS n FROM public.myview1"])
            .await;
        let plan = world.plan(&after).await.plan;
        assert_eq!(
            changes(&plan),
            [(VIEW.to_owned(), "~", false), (PARSED.to_owned(), "+", false)][..1],
            "{plan}"
        );
        let error = world.deploy(&after).await.err().unwrap();
        assert!(
            explain(&error).contains("is read by report"),
            "{}",
            explain(&error)
        );
        assert!(world.plan(&before).await.plan.is_empty());
    });
}

#[test]
fn what_is_added_to_the_specification_later_is_made_later() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        world.deploy(&spec_of("broker = \"address\"", "")).await.unwrap();
        let plan = world.plan(&spec()).await.plan;
        assert_eq!(
            changes(&plan),
            [
                (BAD.to_owned(), "+", false),
                (READER.to_owned(), "+", false),
                (PARSED_READER.to_owned(), "+", false)
            ],
            "{plan}"
        );
        world.deploy(&spec()).await.unwrap();
        assert!(world.plan(&spec()).await.plan.is_empty());
    });
}

#[test]
fn a_view_that_belongs_to_another_user_is_named() {
    let (world, spec) = (World::new(), spec());
    world.sim.run(async {
        world.empty_warehouse().await;
        world.deploy(&spec).await.unwrap();
        world.sql(&["ALTER TABLE public.myview1 OWNER TO analyst"]).await;
        let report = world.verify(&spec).await;
        assert!(report.names("warehouse/view/myview1/owner"), "{report}");
        let error = world.warehouse().await.refresh("myview1").await.unwrap_err();
        assert!(error.to_string().contains("must be owner"), "{error}");
    });
}

#[test]
fn a_workgroup_that_was_opened_is_closed_again_and_nothing_else() {
    let (world, spec) = (World::new(), spec_of("", ""));
    world.sim.run(async {
        world.deploy(&spec).await.unwrap();
        let opened = json!({ "workgroupName": "clicks-workgroup", "publiclyAccessible": true });
        world.call("redshift-serverless", "UpdateWorkgroup", opened);
        world.context().sleep(std::time::Duration::from_secs(1_800)).await;
        let plan = world.plan(&spec).await.plan;
        assert_eq!(
            changes(&plan),
            [("warehouse/workgroup".to_owned(), "~", false)],
            "{plan}"
        );
        world.deploy(&spec).await.unwrap();
        assert!(world.plan(&spec).await.plan.is_empty());
    });
}
