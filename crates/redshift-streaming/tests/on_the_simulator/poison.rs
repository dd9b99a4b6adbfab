//! One record in a hundred is broken, in every way there is: nothing blocks, and all adds up.

use crate::support::{World, spec_without_views};
use redshift_streaming::{Inputs, ViewSpec, ddl::IamRole, statements, warehouse::Tally};
use serde::Deserialize;
use std::collections::BTreeSet;
use xacct_sim::kafka::NewRecord;
use xacct_sim::{DuplicateKeys, GuardedParse};

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Row,
    Quarantined,
    Skipped,
    /// JSON that names an attribute twice: what Redshift says of it is not documented.
    Duplicate,
}

/// The largest record that the simulated Redshift takes in these tests.
const LARGEST: usize = 4_096;

/// Every kind of broken record.
fn broken() -> Vec<(Option<Vec<u8>>, Fate)> {
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    vec![
        (bytes("not JSON"), Fate::Quarantined),
        (bytes(""), Fate::Quarantined),
        (None, Fate::Quarantined),
        (bytes("{\"a\":1"), Fate::Quarantined),
        (bytes("{\"a\":1}}"), Fate::Quarantined),
        (bytes("{'a':1}"), Fate::Quarantined),
        (bytes("{\"a\":1,}"), Fate::Quarantined),
        (bytes("\u{feff}{\"a\":1}"), Fate::Quarantined),
        (Some(vec![0xff, 0xfe, b'{', b'}']), Fate::Quarantined),
        (Some(vec![0; 16]), Fate::Quarantined),
        (bytes("NaN"), Fate::Quarantined),
        (bytes("{\"a\":1,\"a\":2}"), Fate::Duplicate),
        (
            bytes(&format!("{{\"a\":\"{}\"}}", "x".repeat(LARGEST))),
            Fate::Skipped,
        ),
        (bytes(&"y".repeat(LARGEST + 1)), Fate::Skipped),
    ]
}

/// `count` records of which one in a hundred is broken, with their fates.
fn records(count: usize) -> Vec<(Option<Vec<u8>>, Fate)> {
    let broken = broken();
    (0..count)
        .map(|n| match n % 100 {
            37 => broken[n / 100 % broken.len()].clone(),
            _ => (
                Some(format!("{{\"n\":{n},\"name\":{{\"first\":\"Ann\"}}}}").into_bytes()),
                Fate::Row,
            ),
        })
        .collect()
}

fn produce(world: &World, topic: &str, records: &[(Option<Vec<u8>>, Fate)]) {
    world.sim.kafka(|store| {
        for (n, (value, _)) in records.iter().enumerate() {
            let record = NewRecord {
                timestamp_ms: 1_800_000_000_000,
                key: None,
                value: value.clone().map(Into::into),
                headers: Vec::new(),
            };
            let partition = i32::try_from(n % 3).unwrap();
            store
                .append(&world.cluster, topic, partition, vec![record], 0)
                .unwrap();
        }
    });
}

async fn make(world: &World, name: &str, payload: &str) {
    let mut spec = spec_without_views();
    let text = format!("name = \"{name}\"\ntopic = \"{name}\"\n{payload}");
    spec.views = vec![toml::from_str::<ViewSpec>(&text).unwrap()];
    let inputs = Inputs::new(IamRole::Default).with_bootstrap(world.brokers.parse().unwrap());
    for statement in statements(&spec, &inputs).unwrap().into_iter().skip(1) {
        world.sql(&[&statement.to_string()]).await;
    }
}

#[derive(Debug, Deserialize)]
struct Quarantined {
    kafka_partition: i64,
    kafka_offset: i64,
    raw: Option<String>,
    reason: String,
}

/// The default view over 2,800 records under one setting of what AWS leaves open.
async fn adds_up(world: &World, name: &str) {
    world.topic(name);
    let all = records(2_800);
    make(world, name, "").await;
    let warehouse = world.warehouse().await;
    for part in all.chunks(700) {
        produce(world, name, part);
        warehouse
            .refresh(name)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let count = |fate: Fate| all.iter().filter(|(_, found)| *found == fate).count() as u64;
    let twice = count(Fate::Duplicate);
    // JSON is JSON to whoever reads it with `json_parse_dedup_attributes`, as `query` and
    // `tally` do; to others the guard decides, and they are never lost.
    let tally = warehouse.tally(name).await.unwrap();
    let expected = (
        count(Fate::Row) + twice,
        count(Fate::Quarantined),
        count(Fate::Skipped),
    );
    assert_eq!((tally.rows, tally.quarantined, tally.skipped), expected, "{name}");
    assert_eq!(sum(tally), all.len() as u64, "{name}");
    assert!(twice == 2 && count(Fate::Skipped) == 4 && count(Fate::Quarantined) == 22);

    // What is parsed can be read whatever is among it, and the rest stands with place and reason.
    let parsed: Vec<serde_json::Value> = warehouse
        .query(&format!("SELECT payload FROM {name}_parsed"))
        .await
        .unwrap();
    assert_eq!(parsed.len() as u64, tally.rows, "{name}");
    let kept: Vec<Quarantined> = warehouse
        .query(&format!("SELECT * FROM {name}_quarantine"))
        .await
        .unwrap();
    assert_eq!(kept.len() as u64, tally.quarantined, "{name}");
    let places: BTreeSet<(i64, i64)> = kept
        .iter()
        .map(|row| (row.kafka_partition, row.kafka_offset))
        .collect();
    assert_eq!(places.len(), kept.len(), "{name}: each at a place of its own");
    for row in &kept {
        let expected = if row.raw.is_none() { "no value" } else { "not JSON" };
        assert_eq!(row.reason, expected, "{name}: {row:?}");
    }
    let skipped = warehouse.scan_errors(name, 100).await.unwrap();
    assert_eq!(skipped.len() as u64, tally.skipped, "{name}");
}

fn sum(tally: Tally) -> u64 {
    tally.rows + tally.quarantined + tally.skipped
}

#[test]
fn one_broken_record_in_a_hundred_adds_up_under_every_setting_that_aws_leaves_open() {
    let world = World::with(|settings| settings.sql.largest_record = LARGEST);
    world.sim.run(async {
        world.empty_warehouse().await;
        for (n, guard) in [GuardedParse::Lazy, GuardedParse::Eager, GuardedParse::Refused]
            .into_iter()
            .enumerate()
        {
            for (m, duplicates) in [
                DuplicateKeys::Refused,
                DuplicateKeys::PassGuardThenFail,
                DuplicateKeys::LastWins,
            ]
            .into_iter()
            .enumerate()
            {
                world.sim.configure(|settings| {
                    settings.sql.guarded_parse = guard;
                    settings.sql.duplicate_keys = duplicates;
                });
                adds_up(&world, &format!("v{n}{m}")).await;
            }
        }
    });
}

#[test]
fn the_unguarded_view_of_the_tutorial_is_blocked_by_one_record_for_good() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        world.topic("unguarded");
        make(
            &world,
            "unguarded",
            "payload = \"json-unguarded\"\nauto_refresh = false",
        )
        .await;
        let warehouse = world.warehouse().await;
        let row = |n: usize| (Some(format!("{{\"n\":{n}}}").into_bytes()), Fate::Row);
        produce(&world, "unguarded", &[row(0), row(1), row(2)]);
        warehouse.refresh("unguarded").await.unwrap();
        assert_eq!(warehouse.count("unguarded").await.unwrap(), 3);
        produce(
            &world,
            "unguarded",
            &[row(3), (Some(b"not JSON".to_vec()), Fate::Quarantined), row(5)],
        );
        for _ in 0..3 {
            let refusal = warehouse.refresh("unguarded").await.unwrap_err().to_string();
            assert!(refusal.contains("JSON parsing error"), "{refusal}");
            produce(&world, "unguarded", &[row(6)]);
        }
        assert_eq!(
            warehouse.count("unguarded").await.unwrap(),
            3,
            "nothing behind it has landed"
        );
    });
}

#[test]
fn a_view_that_parses_as_it_lands_holds_only_where_the_guard_does() {
    // Which is why it is not the default.
    let world = World::with(|settings| settings.sql.duplicate_keys = DuplicateKeys::PassGuardThenFail);
    world.sim.run(async {
        world.empty_warehouse().await;
        world.topic("once");
        make(&world, "once", "payload = \"json-once\"\nauto_refresh = false").await;
        produce(
            &world,
            "once",
            &[(Some(b"{\"a\":1,\"a\":2}".to_vec()), Fate::Duplicate)],
        );
        let refusal = world
            .warehouse()
            .await
            .refresh("once")
            .await
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("JSON parsing error"), "{refusal}");
    });
}
