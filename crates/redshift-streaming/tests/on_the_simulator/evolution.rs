//! A view that is changed keeps every record, wherever its evolution is killed.

use crate::support::{World, spec_without_views};
use redshift_streaming::evolve::{Evolution, Evolved, evolve};
use redshift_streaming::{StreamingSpec, ViewSpec, create_view, statements};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use xacct_converge::explain;
use xacct_sim::fault::{Rule, Verdict};
use xacct_sim::kafka::NewRecord;

/// A view over a topic of its own, with everything beside it.
fn view(name: &str, payload: &str) -> StreamingSpec {
    let mut spec = spec_without_views();
    let text = format!(
        "name = \"{name}\"\ntopic = \"{name}\"\npayload = \"{payload}\"\nparsed = \"{name}_parsed\"\n\
         quarantine = \"{name}_quarantine\"\nreaders = [\"analyst\"]"
    );
    spec.views = vec![toml::from_str::<ViewSpec>(&text).unwrap()];
    spec
}

/// A record as the plain views show it.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    kafka_partition: i64,
    kafka_offset: i64,
    content: Option<String>,
}

/// What was produced into a topic so far: what the plain views are to show.
#[derive(Default)]
struct Produced(BTreeMap<(i64, i64), Option<String>>);

impl Produced {
    /// A few records into each partition; every third is no JSON.
    fn some(&mut self, world: &World, topic: &str, count: usize) {
        world.sim.kafka(|store| {
            for n in 0..count {
                let partition = n % 2;
                let number = self.0.len();
                let good = number % 3 != 2;
                let value = if good {
                    format!("{{\"n\":{number}}}")
                } else {
                    format!("broken {number}")
                };
                let record = NewRecord {
                    timestamp_ms: 1_800_000_000_000,
                    key: None,
                    value: Some(value.into()),
                    headers: Vec::new(),
                };
                let index = i32::try_from(partition).unwrap();
                let offset = store
                    .append(&world.cluster, topic, index, vec![record], 0)
                    .unwrap();
                let content = good.then(|| number.to_string());
                self.0
                    .insert((i64::try_from(partition).unwrap(), offset), content);
            }
        });
    }

    fn expected(&self) -> Vec<Shown> {
        let shown = |((partition, offset), content): (&(i64, i64), &Option<String>)| Shown {
            kafka_partition: *partition,
            kafka_offset: *offset,
            content: content.clone(),
        };
        self.0.iter().map(shown).collect()
    }
}

/// Every record that the two plain views on top show.
async fn shown(world: &World, name: &str) -> Vec<Shown> {
    let warehouse = world.warehouse().await;
    let sql = format!(
        "SELECT kafka_partition, kafka_offset, payload.n::varchar AS content FROM {name}_parsed \
         UNION ALL SELECT kafka_partition, kafka_offset, NULL::varchar AS content FROM {name}_quarantine"
    );
    let mut rows: Vec<Shown> = warehouse.query(&sql).await.unwrap();
    rows.sort();
    rows
}

async fn make(world: &World, spec: &StreamingSpec) {
    let inputs = redshift_streaming::Inputs::new(redshift_streaming::ddl::IamRole::Default)
        .with_bootstrap(world.brokers.parse().unwrap());
    for statement in statements(spec, &inputs).unwrap().into_iter().skip(1) {
        world.sql(&[&statement.to_string()]).await;
    }
}

/// Evolves until it is killed or ends; none where it was killed.
async fn disturbed(world: &World, spec: &StreamingSpec, rule: Rule) -> Option<Evolved> {
    let evolution = Evolution::of(spec, &spec.views[0]).unwrap();
    let (api, cx) = (world.api().await, world.context());
    let guard = world.sim.fault(rule);
    let evolving = std::pin::pin!(evolve(&api, &cx, &evolution));
    let killed = std::pin::pin!(world.sim.killed());
    let ended = tokio::select! {
        ended = evolving => Some(ended.unwrap_or_else(|error| panic!("{}", explain(&error)))),
        () = killed => None,
    };
    drop(guard);
    world.sim.revive();
    ended
}

fn submitted(verdict: Verdict, number: u64) -> Rule {
    Rule::new(verdict)
        .service("redshift-data")
        .operation("ExecuteStatement")
        .nth(number)
}

/// One evolution killed at its statement `number`; whether there was such a statement.
async fn killed_at(world: &World, verdict: &Verdict, number: u64) -> bool {
    let name = format!(
        "v{number}_{}",
        if *verdict == Verdict::KillBefore {
            "before"
        } else {
            "behind"
        }
    );
    world.topic(&name);
    let (old, new) = (view(&name, "json"), view(&name, "json-once"));
    let mut produced = Produced::default();
    produced.some(world, &name, 12);
    make(world, &old).await;
    let warehouse = world.warehouse().await;
    warehouse.refresh(&name).await.unwrap();
    // Part of what was landed is in the stream no more.
    world
        .sim
        .kafka(|store| store.expire(&world.cluster, &name, 0, 3))
        .unwrap();
    produced.some(world, &name, 4);
    let ended = disturbed(world, &new, submitted(verdict.clone(), number)).await;
    // Records go on arriving, and the old view may refresh itself.
    produced.some(world, &name, 4);
    world.context().sleep(Duration::from_secs(30)).await;
    produced.some(world, &name, 2);
    let last = disturbed(world, &new, submitted(Verdict::KillBefore, u64::MAX))
        .await
        .unwrap();
    assert_eq!(last.gaps, [], "{name}");
    warehouse.refresh(&name).await.unwrap();
    assert_eq!(
        shown(world, &name).await,
        produced.expected(),
        "{name}: {:?}",
        last.steps
    );
    let kept = create_view(&new, &new.views[0]).unwrap();
    let found = warehouse
        .ask(&redshift_streaming::query::definition(kept.name()))
        .await
        .unwrap();
    assert!(found[0].definition.contains("AS \"payload\""), "{name}");
    // Out of the way of the cases that follow, which all share one warehouse.
    world
        .sql(&[
            &format!("DROP VIEW {name}_parsed"),
            &format!("DROP VIEW {name}_quarantine"),
            &format!("DROP MATERIALIZED VIEW {name}"),
        ])
        .await;
    ended.is_none()
}

/// The statements of an evolution that nobody kills, queries among them.
async fn undisturbed(world: &World) -> Vec<String> {
    let name = "whole";
    world.topic(name);
    make(world, &view(name, "json")).await;
    let before = world.sim.call_log().len();
    disturbed(
        world,
        &view(name, "json-once"),
        submitted(Verdict::KillBefore, u64::MAX),
    )
    .await
    .unwrap();
    let sent = world.sim.call_log().split_off(before).into_iter();
    let statements = sent.filter(|entry| entry.operation == "ExecuteStatement");
    statements
        .map(|entry| entry.params["Sql"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn an_evolution_killed_at_any_statement_and_called_again_loses_and_doubles_nothing() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let mut points = Vec::new();
        for (number, sql) in (1..).zip(undisturbed(&world).await) {
            // In a query and behind it is the same place.
            let query = sql.starts_with("SELECT");
            let verdicts = [Verdict::KillBefore, Verdict::KillAfter];
            for verdict in verdicts.iter().take(if query { 1 } else { 2 }) {
                assert!(killed_at(&world, verdict, number).await, "{verdict:?} {number}");
                let start: String = sql.chars().take(90).collect();
                points.push(format!("{verdict:?} {number}: {start}"));
            }
        }
        println!("killed at {} points:\n{}", points.len(), points.join("\n"));
        assert!(points.len() >= 40, "{}", points.len());
    });
}

#[test]
fn a_view_evolves_again_and_again_and_back() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let (name, mut produced) = ("again", Produced::default());
        world.topic(name);
        make(&world, &view(name, "json")).await;
        for payload in ["json-once", "text", "json", "json-once"] {
            produced.some(&world, name, 6);
            world.warehouse().await.refresh(name).await.unwrap();
            produced.some(&world, name, 6);
            let evolved = disturbed(
                &world,
                &view(name, payload),
                submitted(Verdict::KillBefore, u64::MAX),
            )
            .await;
            assert!(
                evolved.is_some_and(|evolved| evolved.gaps.is_empty()),
                "{payload}"
            );
            assert_eq!(shown(&world, name).await, produced.expected(), "{payload}");
        }
    });
}

#[test]
fn records_that_expired_before_anybody_read_them_are_told_as_a_gap() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let (name, mut produced) = ("late", Produced::default());
        world.topic(name);
        let mut old = view(name, "json");
        old.views[0].auto_refresh = false;
        make(&world, &old).await;
        produced.some(&world, name, 4);
        world.warehouse().await.refresh(name).await.unwrap();
        produced.some(&world, name, 8);
        world
            .sim
            .kafka(|store| store.expire(&world.cluster, name, 1, 5))
            .unwrap();
        let evolved = disturbed(
            &world,
            &view(name, "text"),
            submitted(Verdict::KillBefore, u64::MAX),
        )
        .await;
        let gaps = evolved.unwrap().gaps;
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        let [gap] = gaps.as_slice() else {
            panic!("{gaps:?}")
        };
        assert_eq!(
            (gap.partition.as_str(), gap.last.as_str(), gap.first.as_str()),
            ("1", "1", "5")
        );
    });
}

#[test]
fn a_select_that_redshift_refuses_moves_nothing() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let (name, mut produced) = ("refused", Produced::default());
        world.topic(name);
        make(&world, &view(name, "json")).await;
        produced.some(&world, name, 6);
        world.warehouse().await.refresh(name).await.unwrap();
        world
            .sim
            .configure(|settings| settings.sql.guarded_parse = xacct_sim::GuardedParse::Refused);
        let new = view(name, "json-once");
        let evolution = Evolution::of(&new, &new.views[0]).unwrap();
        let error = evolve(&world.api().await, &world.context(), &evolution)
            .await
            .unwrap_err();
        assert!(
            explain(&error).contains("CASE over JSON_PARSE"),
            "{}",
            explain(&error)
        );
        assert_eq!(shown(&world, name).await, produced.expected());
        assert_eq!(world.warehouse().await.count(name).await.unwrap(), 6);
    });
}

#[test]
fn a_changed_view_is_planned_as_an_evolution_and_a_deployment_keeps_its_rows() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let (name, mut produced) = ("testtopic", Produced::default());
        world.deploy(&view(name, "json")).await.unwrap();
        produced.some(&world, name, 9);
        world.warehouse().await.refresh(name).await.unwrap();
        world
            .sim
            .kafka(|store| store.expire(&world.cluster, name, 0, 2))
            .unwrap();
        let new = view(name, "json-once");
        let plan = world.plan(&new).await.plan;
        assert!(!plan.changes().any(|step| step.destroys_data), "{plan}");
        assert!(plan.to_string().contains("kept in a table"), "{plan}");
        world.deploy(&new).await.unwrap();
        assert_eq!(shown(&world, name).await, produced.expected());
        let again = world.plan(&new).await.plan;
        assert!(again.is_empty(), "{again}");
        assert!(world.verify(&new).await.holds());
    });
}

/// Deploys until it is killed or ends.
async fn deployed(world: &World, spec: &StreamingSpec, rule: Rule) {
    let guard = world.sim.fault(rule);
    let deploying = std::pin::pin!(world.deploy(spec));
    let killed = std::pin::pin!(world.sim.killed());
    tokio::select! {
        ended = deploying => drop(ended.unwrap_or_else(|error| panic!("{}", explain(&error)))),
        () = killed => (),
    }
    drop(guard);
    world.sim.revive();
}

#[test]
fn a_deployment_killed_in_the_middle_of_an_evolution_is_finished_by_the_next() {
    let world = World::new();
    world.sim.run(async {
        world.empty_warehouse().await;
        let (name, mut produced) = ("testtopic", Produced::default());
        world.deploy(&view(name, "json")).await.unwrap();
        for (round, number) in (12..30).step_by(2).enumerate() {
            produced.some(&world, name, 3);
            world.warehouse().await.refresh(name).await.unwrap();
            let new = view(name, if round % 2 == 0 { "json-once" } else { "json" });
            deployed(&world, &new, submitted(Verdict::KillAfter, number)).await;
            produced.some(&world, name, 2);
            let plan = world.plan(&new).await.plan;
            assert!(!plan.changes().any(|step| step.destroys_data), "{number}: {plan}");
            world.deploy(&new).await.unwrap();
            world.warehouse().await.refresh(name).await.unwrap();
            assert_eq!(
                shown(&world, name).await,
                produced.expected(),
                "killed at {number}"
            );
            let again = world.plan(&new).await.plan;
            assert!(again.is_empty(), "{number}: {again}");
        }
    });
}
