//! Many tenants over shared networks, clusters and workgroups.

use crate::world::{REGION, SOURCE, WAREHOUSE, World};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use xacct::fleet::{Fleet, FleetOutputs, FleetQuotas, FleetSpec, Tenant};
use xacct::types::{TopicAdmin, TopicFuture, TopicName, TopicSettings, TopicState};
use xacct::{Error, PipelineSpec, explain};
use xacct_sim::{Entry, Outcome, Sim, Standing};

fn name(number: usize) -> String {
    format!("t{number:03}")
}

fn spec(tenants: impl IntoIterator<Item = usize>) -> FleetSpec {
    let ids = (SOURCE.parse().unwrap(), WAREHOUSE.parse().unwrap());
    let shared = PipelineSpec::new("shop".parse().unwrap(), REGION.parse().unwrap(), ids.0, ids.1);
    let tenants = tenants
        .into_iter()
        .map(|number| Tenant::new(name(number).parse().unwrap()));
    tenants.fold(FleetSpec::new(shared), FleetSpec::with_tenant)
}

async fn fleet(world: &World, spec: FleetSpec) -> Result<Fleet, Error> {
    let configs = (world.sim.sdk_config(SOURCE), world.sim.sdk_config(WAREHOUSE));
    let fleet = Fleet::new(spec, configs.0, configs.1).await?;
    Ok(fleet.with_topic_admin(Arc::new(Inside(world.sim.clone()))))
}

/// Administers the topics of whichever cluster the brokers' names belong to.
struct Inside(Sim);

impl Inside {
    fn cluster(&self, bootstrap: &str) -> String {
        let call = |operation: &str, params| self.0.call(SOURCE, "kafka", operation, params);
        let all = call("ListClustersV2", json!({})).unwrap();
        let arns = all["clusterInfoList"].as_array().unwrap().iter();
        let mut arns = arns.map(|cluster| cluster["clusterArn"].as_str().unwrap().to_owned());
        let brokers = |arn: &String| call("GetBootstrapBrokers", json!({ "clusterArn": arn }));
        // A cluster that is still being made has none.
        arns.find(|arn| brokers(arn).is_ok_and(|seen| seen["bootstrapBrokerStringSaslIam"] == bootstrap))
            .unwrap()
    }
}

impl TopicAdmin for Inside {
    fn describe<'a>(&'a self, at: &'a str, names: &'a [TopicName]) -> TopicFuture<'a, Vec<TopicState>> {
        let cluster = self.cluster(at);
        let state = |name: &TopicName| {
            let found = self.0.kafka(|store| {
                let mut topics = store.topics(&cluster);
                let found = topics.find(|(topic, _)| *topic == name.as_str());
                found.map(|(_, topic)| topic.partitions.len() as u32)
            });
            found.map(|partitions| TopicState::new(name.clone(), partitions))
        };
        let found = names.iter().filter_map(state).collect();
        Box::pin(async { Ok(found) })
    }

    fn create<'a>(&'a self, at: &'a str, topic: &'a TopicSettings) -> TopicFuture<'a, ()> {
        let (cluster, name) = (self.cluster(at), topic.name.as_str());
        let made = self
            .0
            .kafka(|store| store.create_topic(&cluster, name, topic.partitions as usize, BTreeMap::new()));
        made.unwrap();
        Box::pin(async { Ok(()) })
    }

    fn delete<'a>(&'a self, at: &'a str, name: &'a TopicName) -> TopicFuture<'a, ()> {
        let cluster = self.cluster(at);
        self.0
            .kafka(|store| store.delete_topic(&cluster, name.as_str()))
            .unwrap();
        Box::pin(async { Ok(()) })
    }

    fn end_offsets<'a>(&'a self, _: &'a str, _: &'a TopicName) -> TopicFuture<'a, BTreeMap<i32, i64>> {
        Box::pin(async { Ok(BTreeMap::new()) })
    }
}

fn deploy(world: &World, spec: FleetSpec) -> FleetOutputs {
    let done = world.sim.run(async { fleet(world, spec).await?.deploy().await });
    done.unwrap_or_else(|error| panic!("{}", explain(&error)))
}

fn remove(world: &World, spec: FleetSpec, tenants: &[&str]) -> xacct::Plan {
    let done = world
        .sim
        .run(async { fleet(world, spec).await?.remove(tenants).await });
    done.unwrap_or_else(|error| panic!("{}", explain(&error)))
}

/// Calls since `from`: those that read, those that write, those that were throttled.
fn counted(world: &World, from: usize) -> (usize, usize, Vec<String>) {
    let log = world.sim.call_log();
    let throttled = |entry: &&Entry| match &entry.outcome {
        Outcome::Failed { code, .. } => ["hrottl", "RequestLimit", "TooManyRequests"]
            .iter()
            .any(|part| code.contains(part)),
        _ => false,
    };
    let calls = &log[from..];
    let reads = calls.iter().filter(|entry| entry.read_only).count();
    let named = |entry: &Entry| format!("{} {}:{}", entry.account, entry.service, entry.operation);
    (
        reads,
        calls.len() - reads,
        calls.iter().filter(throttled).map(named).collect(),
    )
}

/// The names of resources of one kind in an account.
fn inventory(world: &World, account: &str) -> Vec<String> {
    let all = serde_json::to_value(world.sim.inventory(account)).unwrap();
    let text = serde_json::to_string_pretty(&all).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn three_tenants_share_what_one_needs_and_each_reads_its_own_topic() {
    let world = World::new();
    let outputs = deploy(&world, spec(1..=3));
    assert_eq!(outputs.cells.len(), 1);
    let tenants = &outputs.tenants;
    assert_eq!(tenants["t002"].topics[0].name.as_str(), "t002");
    assert_eq!(tenants["t002"].views[0].name, "t002_events");
    let from = world.sim.call_log().len();
    deploy(&world, spec(1..=3));
    assert_eq!(world.writes_since(from), Vec::<String>::new());
}

#[test]
fn a_tenant_that_goes_leaves_the_others_as_they_were_and_the_last_one_takes_everything() {
    let world = World::new();
    let empty = world.inventories();
    deploy(&world, spec([1]));
    let alone = (inventory(&world, SOURCE), inventory(&world, WAREHOUSE));
    deploy(&world, spec([1, 2]));
    assert_ne!((inventory(&world, SOURCE), inventory(&world, WAREHOUSE)), alone);
    remove(&world, spec([1, 2]), &["t002"]);
    assert_eq!((inventory(&world, SOURCE), inventory(&world, WAREHOUSE)), alone);
    // Somebody who knows nothing of the first tenant removes the second once more.
    remove(&world, spec([2]), &["t002"]);
    assert_eq!((inventory(&world, SOURCE), inventory(&world, WAREHOUSE)), alone);
    remove(&world, spec([1]), &["t001"]);
    assert_eq!(world.inventories(), empty);
}

#[test]
fn a_quota_is_named_by_the_plan_and_nothing_is_begun() {
    let world = World::new();
    let few = FleetQuotas::default();
    let one_each = {
        let mut quotas = few;
        quotas.roles_per_namespace = 1;
        quotas
    };
    let (plan, refusal) = world.sim.run(async {
        let fleet = fleet(&world, spec(1..=6)).await.unwrap().with_quotas(one_each);
        (fleet.plan().await.unwrap(), fleet.deploy().await.err().unwrap())
    });
    let named: Vec<String> = plan.exceeded().map(|used| used.quota.clone()).collect();
    let expected = [
        "VPCs of the source account",
        "resolver endpoints of the source account",
        "VPCs of the warehouse account",
        "internet gateways of the warehouse account",
        "Elastic IP addresses of the warehouse account",
        "resolver endpoints of the warehouse account",
    ];
    assert_eq!(named, expected);
    assert!(explain(&refusal).contains("limit 5"), "{}", explain(&refusal));
    assert_eq!(world.writes_since(0), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_fleet_is_said_before_any_call() {
    let world = World::new();
    let mut bad = spec([1, 1]);
    bad.tenants.push(Tenant::new("cell-9".parse().unwrap()));
    bad.tenants
        .push(Tenant::new("a-name-that-is-too-long".parse().unwrap()));
    let refusal = world.sim.run(async { fleet(&world, bad).await.err().unwrap() });
    let text = explain(&refusal);
    for said in ["belongs to t001 already", "begins with cell-", "1 to 24"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(world.sim.call_log().len(), 0);
}

/// What a hundred tenants cost, and what binds. All limits are counts.
fn hundred(raised: bool) {
    let world = World::standing(Standing::Inside, 7);
    let quotas = || {
        let mut quotas = FleetQuotas::default();
        if raised {
            quotas.roles_per_namespace = 200;
        }
        quotas
    };
    world.sim.configure(|settings| {
        if raised {
            settings.quotas.roles_per_namespace = 200;
        }
    });
    let (outputs, pace) = world.sim.run(async {
        let fleet = fleet(&world, spec(1..=100)).await.unwrap().with_quotas(quotas());
        let outputs = fleet.deploy().await;
        let outputs = outputs.unwrap_or_else(|error| panic!("{}", explain(&error)));
        (outputs, fleet.pace().binding())
    });
    assert_eq!(outputs.tenants.len(), 100);
    assert_eq!(outputs.cells.len(), if raised { 1 } else { 2 });
    let (reads, writes, throttled) = counted(&world, 0);
    assert_eq!(
        throttled,
        Vec::<String>::new(),
        "the pace keeps below every bucket"
    );
    assert!(reads < 1_200 && writes < 1_300, "{reads} reads, {writes} writes");
    let binding: Vec<&str> = pace.iter().map(|bucket| bucket.api.as_str()).collect();
    for api in [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "kafka-admin",
        "redshift-data:ExecuteStatement",
    ] {
        assert!(binding.contains(&api), "{api} makes nobody wait: {pace:?}");
    }
    let from = world.sim.call_log().len();
    world.sim.run(async {
        let fleet = fleet(&world, spec(1..=100)).await.unwrap().with_quotas(quotas());
        fleet.deploy().await.unwrap();
    });
    let (reads, writes, throttled) = counted(&world, from);
    assert_eq!((writes, throttled.len()), (0, 0));
    assert!(reads <= 45 * outputs.cells.len(), "{reads}");
}

#[test]
fn a_hundred_tenants_under_default_quotas_take_two_cells() {
    hundred(false);
}

#[test]
fn a_hundred_tenants_under_raised_quotas_take_one_cell() {
    hundred(true);
}

#[test]
fn a_further_tenant_of_a_cell_costs_no_read_call() {
    let mut reads = BTreeMap::new();
    for tenants in [1, 10] {
        let world = World::new();
        deploy(&world, spec(1..=tenants));
        let from = world.sim.call_log().len();
        deploy(&world, spec(1..=tenants));
        reads.insert(tenants, counted(&world, from).0);
    }
    assert_eq!(reads[&1], reads[&10]);
    assert!(reads[&1] <= 45, "{reads:?}");
}
