//! The external schema, the views, and what stands beside them.

use super::{Case, Stage, judge_all, nothing};
use crate::world::World;
use redshift_streaming::data::DataApi;
use xacct::{PipelineSpec, explain};

/// Runs SQL as the owner of the views.
fn sql(stage: &Stage, text: &str) {
    let of = &stage.outputs.warehouse;
    let config = stage.world.sim.sdk_config(crate::world::WAREHOUSE);
    let api = DataApi::new(
        &config,
        &of.workgroup.name,
        &of.database,
        of.namespace.admin_secret.clone(),
    );
    let cx = xacct_converge::Context::new(xacct_converge::smithy::ConfigClock::of(&config), 1);
    let ran = stage.world.sim.run(async { api.run(&cx, "by hand", text).await });
    ran.map(drop)
        .unwrap_or_else(|error| panic!("{text}: {}", explain(&error)));
}

pub(super) const CASES: &[Case] = &[
    Case {
        what: "auto refresh is switched off",
        change: |s| sql(s, "ALTER MATERIALIZED VIEW myview1 AUTO REFRESH NO"),
        plan: r#"
            ~ warehouse/view/myview1 (Redshift::MaterializedView)
            auto refresh: false → true
        "#,
        writes: r#"
            warehouse sql: ALTER MATERIALIZED VIEW "public"."myview1"
            warehouse sql: REFRESH MATERIALIZED VIEW "public"."myview1"
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the view is dropped",
        change: |s| sql(s, "DROP MATERIALIZED VIEW myview1"),
        plan: r#"
            + warehouse/view/myview1 (Redshift::MaterializedView)
        "#,
        writes: r#"
            warehouse sql: CREATE MATERIALIZED VIEW "public"."myview1"
            warehouse sql: REFRESH MATERIALIZED VIEW "public"."myview1"
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the view is made with another select",
        change: |s| {
            sql(s, "DROP MATERIALIZED VIEW myview1");
            sql(
                s,
                "CREATE MATERIALIZED VIEW public.myview1 AUTO REFRESH YES AS SELECT kafka_partition, kafka_offset FROM mskschema.testtopic",
            );
        },
        plan: r#"
            -/+ warehouse/view/myview1 (Redshift::MaterializedView)  destroys data
            select: SELECT kafka_partition, kafka_offset FROM mskschema.testtopic → SELECT "kafka_partition", "kafka_offset", "kafka_timestamp_type", "kafka_timestamp", "kafka_key", "kafka_headers", "refresh_time", "kafka_value" AS "raw" FROM "mskschema"."testtopic"
        "#,
        writes: r#"
            warehouse sql: CREATE MATERIALIZED VIEW "public"."myview1"
            warehouse sql: DROP MATERIALIZED VIEW IF
            warehouse sql: REFRESH MATERIALIZED VIEW "public"."myview1"
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the schema reads through another chain of roles",
        change: |s| {
            let role = s.outputs.warehouse.role.to_string();
            sql(s, &format!("ALTER EXTERNAL SCHEMA mskschema IAM_ROLE '{role}'"));
        },
        plan: r#"
            ~ warehouse/external-schema (Redshift::ExternalSchema)
            IAM_ROLE: arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1 → arn:aws:iam::222222222222:role/clicks-warehouse-role-ap-south-1,arn:aws:iam::111111111111:role/clicks-source-role-ap-south-1
        "#,
        writes: r#"
            warehouse sql: ALTER EXTERNAL SCHEMA "mskschema"
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the schema is dropped with its view",
        change: |s| sql(s, "DROP SCHEMA mskschema CASCADE"),
        plan: r#"
            + warehouse/external-schema (Redshift::ExternalSchema)
            + warehouse/view/myview1 (Redshift::MaterializedView)
        "#,
        writes: r#"
            warehouse sql: CREATE EXTERNAL SCHEMA "mskschema"
            warehouse sql: CREATE MATERIALIZED VIEW "public"."myview1"
            warehouse sql: REFRESH MATERIALIZED VIEW "public"."myview1"
        "#,
        afterwards: nothing,
    },
    Case {
        what: "the quarantine is dropped",
        change: |s| sql(s, "DROP VIEW bad"),
        plan: r#"
            + warehouse/quarantine/bad (Redshift::View)
        "#,
        writes: r#"
            warehouse sql: CREATE VIEW "public"."bad" AS
        "#,
        afterwards: nothing,
    },
];

#[test]
fn what_somebody_changes_in_the_database_is_put_back() {
    let text = crate::world::TUTORIAL.to_owned()
        + "[[view]]\nname = \"myview1\"\ntopic = \"testtopic\"\nquarantine = \"bad\"\n";
    let world = World::new().with_spec(PipelineSpec::from_toml(&text).unwrap());
    judge_all(CASES, Stage::of(world));
}
