//! Lag right to the record, stalls told at once, and what a user lacks before anything is sent.

use crate::support::{ACCOUNT, World, spec, spec_of};
use futures_util::StreamExt;
use redshift_streaming::data::DataApi;
use redshift_streaming::health::{Condition, Slo, Stall};
use redshift_streaming::preflight::preflight;
use redshift_streaming::query::Lag;
use redshift_streaming::{Inputs, StreamingSpec, ddl::IamRole, statements};
use std::collections::BTreeMap;
use std::time::Duration;
use xacct_sim::kafka::NewRecord;
use xacct_types::{EndOffsets, TopicFuture};

/// The ends as the cluster has them.
struct Ends<'a>(&'a World);

impl EndOffsets for Ends<'_> {
    fn end_offsets(&self) -> TopicFuture<'_, BTreeMap<i32, i64>> {
        Box::pin(async { Ok(ends(self.0)) })
    }
}

fn ends(world: &World) -> BTreeMap<i32, i64> {
    let ends = world
        .sim
        .kafka(|store| store.end_offsets(&world.cluster, "testtopic"))
        .unwrap();
    (0..).zip(ends).collect()
}

fn produce(world: &World, partition: i32, count: usize, value: &'static str) {
    let record = NewRecord {
        timestamp_ms: 1_800_000_000_000,
        key: None,
        value: Some(value.into()),
        headers: Vec::new(),
    };
    let records = vec![record; count];
    world
        .sim
        .kafka(|store| store.append(&world.cluster, "testtopic", partition, records, 0))
        .unwrap();
}

fn by_hand(payload: &str) -> StreamingSpec {
    spec_of(
        "broker = \"address\"",
        &format!("payload = \"{payload}\"\nauto_refresh = false"),
    )
}

#[test]
fn lag_at_a_barrier_is_right_to_the_record_while_a_producer_runs() {
    let world = World::new();
    world.sim.run(async {
        world.deploy(&by_hand("json")).await.unwrap();
        let warehouse = world.warehouse().await;
        let producing = async {
            for n in 0..400_usize {
                produce(&world, i32::try_from(n % 3).unwrap(), 1 + n % 4, "{}");
                world.context().sleep(Duration::from_millis(50)).await;
            }
        };
        let measuring = async {
            for _ in 0..5 {
                warehouse.refresh("myview1").await.unwrap();
                let landed = warehouse
                    .ask(&redshift_streaming::query::progress(&"myview1".parse().unwrap()))
                    .await;
                // The barrier: the ends as they are now, and what lies behind the last scan.
                let barrier = ends(&world);
                let lag = warehouse
                    .lag_behind("myview1", &Fixed(barrier.clone()))
                    .await
                    .unwrap();
                let landed = landed.unwrap();
                for (partition, end) in &barrier {
                    let next = landed
                        .iter()
                        .find(|p| p.partition_id == *partition)
                        .map_or(0, |p| p.last_offset + 1);
                    let behind = lag.partitions[partition].records;
                    assert_eq!(
                        i64::try_from(behind).unwrap(),
                        end - next,
                        "partition {partition}"
                    );
                }
                let rows = i64::try_from(warehouse.count("myview1").await.unwrap()).unwrap();
                let all: i64 = barrier.values().sum();
                assert_eq!(
                    i64::try_from(lag.records()).unwrap(),
                    all - rows,
                    "every landed record is a row"
                );
                world.context().sleep(Duration::from_secs(2)).await;
            }
        };
        tokio::join!(producing, measuring);
        warehouse.refresh("myview1").await.unwrap();
        let lag = warehouse.lag_behind("myview1", &Ends(&world)).await.unwrap();
        assert_eq!(lag.records(), 0, "nothing is produced any more");
        assert!(lag.within(Duration::ZERO));
    });
}

/// The ends at a barrier.
struct Fixed(BTreeMap<i32, i64>);

impl EndOffsets for Fixed {
    fn end_offsets(&self) -> TopicFuture<'_, BTreeMap<i32, i64>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[test]
fn a_view_that_was_never_refreshed_is_behind_by_everything() {
    let lag = Lag::between(&[], &[(0, 3), (1, 0)].into());
    assert_eq!(lag.records(), 3);
    assert!(!lag.within(Duration::from_secs(1_000_000)));
}

#[test]
fn a_view_that_stalls_is_told_by_the_first_look_after_it() {
    let world = World::new();
    world.sim.run(async {
        let spec = spec_of("broker = \"address\"", "payload = \"json-unguarded\"");
        world.deploy(&spec).await.unwrap();
        let warehouse = world.warehouse().await;
        let slo = Slo::within(Duration::from_secs(30)).every(Duration::from_secs(20));
        let ends = Ends(&world);
        let mut changes = std::pin::pin!(warehouse.watch("myview1", &ends, slo));
        assert_eq!(changes.next().await.unwrap().unwrap(), Condition::Fresh);
        produce(&world, 0, 1, "broken");
        let before = world.sim.now();
        let told = changes.next().await.unwrap().unwrap();
        assert!(
            matches!(&told, Condition::Stalled(Stall::Failing { status }) if status.contains("JSON")),
            "{told:?}"
        );
        assert!(
            world.sim.now() - before < Duration::from_secs(25),
            "one look: {:?}",
            world.sim.now() - before
        );
    });
}

#[test]
fn a_view_whose_refresh_was_turned_off_is_told_and_one_that_is_gone_too() {
    let world = World::new();
    world.sim.run(async {
        let spec = spec_of("broker = \"address\"", "");
        world.deploy(&spec).await.unwrap();
        world.context().sleep(Duration::from_secs(30)).await;
        let warehouse = world.warehouse().await;
        let ends = Ends(&world);
        assert_eq!(warehouse.health("myview1", &ends).await.unwrap().stalled, None);
        world
            .sql(&["ALTER MATERIALIZED VIEW myview1 AUTO REFRESH NO"])
            .await;
        let health = warehouse.health("myview1", &ends).await.unwrap();
        assert_eq!(health.stalled, Some(Stall::NotRefreshed));
        world.sql(&["DROP MATERIALIZED VIEW myview1"]).await;
        let health = warehouse.health("myview1", &ends).await.unwrap();
        assert_eq!(health.stalled, Some(Stall::Gone));
    });
}

#[test]
fn what_was_quarantined_is_replayed_and_what_has_landed_is_archived() {
    let world = World::new();
    world.sim.run(async {
        world.deploy(&by_hand("json")).await.unwrap();
        produce(&world, 1, 2, "{}");
        produce(&world, 1, 2, "broken");
        let warehouse = world.warehouse().await;
        warehouse.refresh("myview1").await.unwrap();
        let bad = warehouse.replay("myview1_quarantine", 1, 0..=9).await.unwrap();
        let places: Vec<i64> = bad.iter().map(|record| record.kafka_offset).collect();
        assert_eq!(places, [2, 3]);
        assert_eq!(
            bad[0].raw.as_deref().unwrap().to_lowercase(),
            "62726f6b656e",
            "broken"
        );
        for round in 0..3_u64 {
            warehouse.archive("myview1", "kept").await.unwrap();
            assert_eq!(warehouse.count("kept").await.unwrap(), 4 + round);
            assert_eq!(warehouse.count("myview1").await.unwrap(), 0);
            produce(&world, 1, 1, "{}");
            warehouse.refresh("myview1").await.unwrap();
        }
    });
}

async fn workgroup(world: &World) -> String {
    let observed = world.serverless().observe(&world.context()).await.unwrap();
    observed.usable().unwrap().1.name
}

/// Nothing but queries was sent.
fn assert_only_reads(world: &World, before: usize) {
    for entry in &world.sim.call_log()[before..] {
        let text = entry.params.to_string().to_uppercase();
        for word in ["CREATE ", "ALTER ", "DROP ", "GRANT ", "REFRESH "] {
            assert!(!text.contains(&format!("\"{word}")), "{text}");
        }
    }
}

#[test]
fn what_a_user_lacks_is_found_before_the_first_statement_with_the_mend() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        world.sql(&["DROP SCHEMA mskschema"]).await;
        let (cx, spec) = (world.context(), spec());
        let name = workgroup(&world).await;
        let before = world.sim.call_log().len();
        // A fresh database refuses DDL to an IAM identity.
        let identity = DataApi::new(&world.sim.sdk_config(ACCOUNT), &name, "dev", None);
        let report = preflight(&identity, &cx, &spec).await.unwrap();
        assert!(report.names("warehouse/database/create"), "{report}");
        let mend = &report.findings[0].mend;
        assert!(
            mend.contains("GRANT CREATE ON DATABASE \"dev\" TO \"IAM"),
            "{mend}"
        );
        // The admin lacks nothing.
        let admin = world.api().await;
        assert!(preflight(&admin, &cx, &spec).await.unwrap().holds());
        // A caller that may not read the admin's secret.
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
            "Action": ["redshift-data:*", "redshift-serverless:*"], "Resource": "*" }] });
        let keys = world
            .sim
            .create_user_with_policy(ACCOUNT, "poor", &policy)
            .unwrap();
        let secret = admin.secret().cloned();
        let poor = DataApi::new(&world.sim.sdk_config_for(keys), &name, "dev", secret.clone());
        let report = preflight(&poor, &cx, &spec).await.unwrap();
        assert!(report.names("warehouse/credentials"), "{report}");
        let mend = &report.findings[0].mend;
        assert!(
            mend.contains(&format!("secretsmanager:GetSecretValue on {}", secret.unwrap())),
            "{mend}"
        );
        assert_only_reads(&world, before);
        // A view that belongs to somebody else.
        world.deploy(&spec).await.unwrap();
        world.sql(&["ALTER TABLE public.myview1 OWNER TO analyst"]).await;
        let before = world.sim.call_log().len();
        let report = preflight(&admin, &cx, &spec).await.unwrap();
        assert!(report.names("warehouse/view/myview1/owner"), "{report}");
        assert!(report.findings[0].mend.contains("OWNER TO"), "{report}");
        assert_only_reads(&world, before);
    });
}

#[test]
fn the_columns_of_an_event_type_are_read_typed_through_every_view() {
    use redshift_streaming::ddl::{QualifiedName, TypedView};
    use xacct_types::{Attribute, AttributeKind, EventType};

    struct Login;
    impl EventType for Login {
        const ATTRIBUTES: &'static [Attribute] = &[
            Attribute::new(&["at"], AttributeKind::Timestamp),
            Attribute::new(&["user", "name"], AttributeKind::Text(64)),
            Attribute::new(&["tries"], AttributeKind::Integer),
            Attribute::new(&["extra"], AttributeKind::Json),
        ];
    }
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let mut spec = spec();
        spec.views[0].readers.clear();
        let inputs = Inputs::new(IamRole::Default).with_bootstrap(world.brokers.parse().unwrap());
        for statement in statements(&spec, &inputs).unwrap().into_iter().skip(1) {
            world.sql(&[&statement.to_string()]).await;
        }
        let typed = TypedView::of::<Login>(QualifiedName::parse("public.myview1_parsed").unwrap()).unwrap();
        world
            .sql(&[&typed
                .create(QualifiedName::parse("public.logins").unwrap())
                .to_string()])
            .await;
        produce(
            &world,
            0,
            1,
            r#"{"at":"2026-01-02T03:04:05.25Z","user":{"name":"Ann"},"tries":2,"extra":[1]}"#,
        );
        produce(&world, 0, 1, "broken");
        let warehouse = world.warehouse().await;
        warehouse.refresh("myview1").await.unwrap();
        let rows: Vec<serde_json::Value> = warehouse.query("SELECT * FROM logins").await.unwrap();
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(
            (&rows[0]["user_name"], &rows[0]["tries"]),
            (&"Ann".into(), &2.into())
        );
        assert!(
            rows[0]["at"].as_str().unwrap().starts_with("2026-01-02 03:04:05"),
            "{rows:?}"
        );
        assert_eq!(rows[0]["extra"], serde_json::json!([1]));
    });
}
