//! A cluster from plan to removal on the simulator, undisturbed and disturbed.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use msk_serverless::{ClientVpc, Cluster, ClusterOut, ClusterSpec, Quotas};
use serde_json::{Value as Json, json};
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{ApplyError, Change, Context, Graph, Planned, Reason, Value, explain};
use xacct_sim::Sim;
use xacct_sim::fault::{Rule, Verdict};
use xacct_types::{Owner, PipelineName, SecurityGroupId, SubnetId};

const ACCOUNT: &str = "111111111111";

/// An account with a private network of three zones, and our view of it.
struct World {
    sim: Sim,
    subnets: Vec<SubnetId>,
    groups: Vec<SecurityGroupId>,
}

impl World {
    fn new() -> Self {
        let builder = Sim::builder().region("ap-south-1").account(ACCOUNT).lag(false);
        let sim = builder.settings(|settings| settings.zones = 3).build();
        let ec2 = |operation: &str, params: Json| sim.call(ACCOUNT, "ec2", operation, params).unwrap();
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let vpc = text(&ec2("CreateVpc", json!({ "CidrBlock": "172.16.0.0/16" }))["vpc"]["vpcId"]);
        let names = json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": "true" } });
        ec2("ModifyVpcAttribute", names);
        let subnet = |zone: u8| {
            let (zone_id, block) = (format!("aps1-az{zone}"), format!("172.16.{zone}.0/24"));
            let params = json!({ "VpcId": vpc, "AvailabilityZoneId": zone_id, "CidrBlock": block });
            SubnetId::new(text(&ec2("CreateSubnet", params)["subnet"]["subnetId"])).unwrap()
        };
        let subnets = (1..=3).map(subnet).collect();
        let params = json!({ "VpcId": vpc, "GroupName": "brokers", "GroupDescription": "brokers" });
        let group = text(&ec2("CreateSecurityGroup", params)["groupId"]);
        let groups = vec![SecurityGroupId::new(group).unwrap()];
        Self { sim, subnets, groups }
    }

    fn cluster(&self) -> Cluster {
        let config = self.sim.sdk_config(ACCOUNT);
        Cluster::new(&config, owner(), ClusterSpec::of(&owner()))
    }

    fn context(&self) -> Context {
        Context::new(ConfigClock::of(&self.sim.sdk_config(ACCOUNT)), 1)
    }

    async fn graph(&self) -> (Graph, xacct_converge::Handle<ClusterOut>) {
        let cluster = self.cluster();
        let observed = cluster.observe(&self.context()).await.unwrap();
        let mut graph = Graph::new();
        let (subnets, groups) = (self.subnets.clone(), self.groups.clone());
        let handle = cluster.declare(&mut graph, &observed, Value::known(subnets), Value::known(groups));
        (graph, handle)
    }

    async fn plan(&self) -> Planned {
        self.graph().await.0.plan()
    }

    async fn deploy(&self) -> Result<ClusterOut, ApplyError> {
        let (graph, handle) = self.graph().await;
        let applied = graph.apply(graph.plan(), &self.context()).await?;
        Ok(applied.get(handle).unwrap())
    }

    async fn destroy(&self) {
        let (graph, _) = self.graph().await;
        let planned = graph.plan_removal();
        graph.remove(planned, &self.context()).await.unwrap();
    }

    /// Runs `work` while a rule is in force; gives up where the rule kills the
    /// caller, panics unless the rule hit.
    async fn disturbed<T>(&self, operation: &str, verdict: Verdict, work: impl Future<Output = T>) {
        let guard = self.sim.fault(Rule::new(verdict.clone()).operation(operation));
        let work = std::pin::pin!(work);
        let killed = std::pin::pin!(self.sim.killed());
        tokio::select! {
            _ = work => {}
            () = killed => {}
        }
        assert_eq!(guard.hits(), 1, "{operation} was not spoiled by {verdict:?}");
        drop(guard);
        self.sim.revive();
    }

    /// A cluster that somebody else made, with these tags.
    fn somebody_makes(&self, name: &str, tags: Json) -> String {
        let iam = json!({ "sasl": { "iam": { "enabled": true } } });
        let vpc = json!({ "subnetIds": &self.subnets[..2], "securityGroupIds": self.groups });
        let serverless = json!({ "vpcConfigs": [vpc], "clientAuthentication": iam });
        let params = json!({ "clusterName": name, "tags": tags, "serverless": serverless });
        let made = self
            .sim
            .call(ACCOUNT, "kafka", "CreateClusterV2", params)
            .unwrap();
        made["clusterArn"].as_str().unwrap_or_default().to_owned()
    }

    /// Successful writes that came through the door.
    fn writes(&self) -> usize {
        let log = self.sim.call_log();
        log.iter().filter(|entry| !entry.read_only).count()
    }
}

fn owner() -> Owner {
    Owner::new(PipelineName::new("clicks").unwrap())
}

#[test]
fn a_cluster_is_planned_made_kept_and_removed() {
    let world = World::new();
    let before = world.sim.inventory(ACCOUNT);
    world.sim.run(async {
        let planned = world.plan().await;
        assert_eq!(
            planned.plan.to_string().lines().next(),
            Some("  + cluster (AWS::MSK::ServerlessCluster)")
        );
        let out = world.deploy().await.unwrap();
        assert!(out.bootstrap.unwrap().ends_with(".amazonaws.com:9098"));

        let (writes, calls) = (world.writes(), world.sim.call_log().len());
        assert!(world.plan().await.plan.is_empty());
        world.deploy().await.unwrap();
        assert_eq!(world.writes(), writes);
        assert_eq!(
            world.sim.call_log().len() - calls,
            4,
            "two looks of two calls each"
        );
        world.destroy().await;
    });
    assert_eq!(world.sim.inventory(ACCOUNT), before);
}

#[test]
fn waiting_costs_little_more_than_the_cluster_itself_takes() {
    let world = World::new();
    let start = world.sim.now();
    world.sim.run(async { world.deploy().await.unwrap() });
    let (took, least) = (world.sim.now() - start, world.sim.critical_path_since(start));
    assert!(
        took.as_secs_f64() <= 1.05 * least.as_secs_f64() + 2.0,
        "{took:?} for {least:?}"
    );
}

#[test]
fn what_verify_says_follows_from_what_it_reads() {
    let world = World::new();
    world.sim.run(async {
        let expected = ClientVpc::new(&world.subnets, &world.groups);
        let cx = world.context();
        let missing = world.cluster().verify(Some(&expected), &cx).await.unwrap();
        assert!(missing.names("cluster"));
        world.deploy().await.unwrap();
        let report = world.cluster().verify(Some(&expected), &cx).await.unwrap();
        assert!(report.holds(), "{report}");
        let elsewhere = ClientVpc::new(&[SubnetId::new("subnet-0").unwrap()], &world.groups);
        let report = world.cluster().verify(Some(&elsewhere), &cx).await.unwrap();
        assert!(
            report.names("cluster/subnets") && report.failed() == 1,
            "{report}"
        );
    });
}

#[test]
fn a_look_alike_of_another_pipeline_is_reported_and_survives_everything() {
    let world = World::new();
    world.somebody_makes(
        "clicks-cluster",
        json!({ "xacct:pipeline": "orders", "xacct:resource": "cluster" }),
    );
    let before = world.sim.inventory(ACCOUNT);
    world.sim.run(async {
        let cluster = world.cluster();
        let observed = cluster.observe(&world.context()).await.unwrap();
        let findings = observed.findings(cluster.spec(), &Quotas::default());
        assert!(
            findings[0].what.contains("belongs to the pipeline orders"),
            "{findings:?}"
        );

        let error = world.deploy().await.unwrap_err();
        assert!(
            explain(&error).contains("the name clicks-cluster is taken by"),
            "{}",
            explain(&error)
        );
        world.destroy().await;
    });
    assert_eq!(world.sim.inventory(ACCOUNT), before);
}

#[test]
fn a_creation_whose_answer_is_lost_makes_one_cluster() {
    let world = World::new();
    world.sim.run(async {
        let rule = Rule::new(Verdict::LoseResponse).operation("CreateClusterV2");
        let _guard = world.sim.fault(rule);
        world.deploy().await.unwrap();
    });
    let made = |entry: &&xacct_sim::Entry| entry.operation == "CreateClusterV2";
    assert_eq!(world.sim.call_log().iter().filter(made).count(), 1);
}

#[test]
fn a_deployer_killed_after_the_creation_is_followed_by_one_that_waits_for_it() {
    let world = World::new();
    world.sim.run(async {
        let rule = Rule::new(Verdict::KillAfter).operation("CreateClusterV2");
        let guard = world.sim.fault(rule);
        let deploy = std::pin::pin!(world.deploy());
        let killed = std::pin::pin!(world.sim.killed());
        tokio::select! {
            ended = deploy => panic!("not killed: {ended:?}"),
            () = killed => {}
        }
        drop(guard);
        world.sim.revive();
        let planned = world.plan().await;
        assert_eq!(
            (planned.plan.changes().count(), planned.plan.is_empty()),
            (0, false)
        );
        assert!(world.deploy().await.unwrap().bootstrap.is_some());
    });
}

#[test]
fn a_cluster_that_somebody_removes_is_waited_for_and_made_anew() {
    let world = World::new();
    world.sim.run(async {
        let first = world.deploy().await.unwrap();
        world
            .sim
            .call(
                ACCOUNT,
                "kafka",
                "DeleteCluster",
                json!({ "clusterArn": first.arn }),
            )
            .unwrap();
        let planned = world.plan().await;
        let step = &planned.plan.steps[0];
        assert_eq!(
            step.change,
            Change::Replace(vec![Reason::differs("state", "DELETING", "ACTIVE")])
        );
        assert!(!step.destroys_data, "it is lost already");
        let second = world.deploy().await.unwrap();
        assert_ne!(first.arn, second.arn);
        assert_eq!(first.name, second.name);
    });
}

#[test]
fn deploying_at_once_after_a_removal_works() {
    let world = World::new();
    world.sim.run(async {
        let first = world.deploy().await.unwrap();
        world.destroy().await;
        let second = world.deploy().await.unwrap();
        assert_ne!(first.arn, second.arn);
    });
}

#[test]
fn a_tag_that_somebody_changes_is_put_back_and_nothing_else() {
    let world = World::new();
    world.sim.run(async {
        let out = world.deploy().await.unwrap();
        let change = json!({ "resourceArn": out.arn, "tags": { "Name": "mine" } });
        world.sim.call(ACCOUNT, "kafka", "TagResource", change).unwrap();
        let planned = world.plan().await;
        let expected = Change::Update(vec![Reason::differs("tag Name", "mine", "clicks-cluster")]);
        assert_eq!(planned.plan.steps[0].change, expected);
        let writes = world.writes();
        world.deploy().await.unwrap();
        assert_eq!(world.writes(), writes + 1);
        assert!(world.plan().await.plan.is_empty());
    });
}

#[test]
fn an_existing_cluster_is_used_and_outlives_the_pipeline() {
    let world = World::new();
    let arn = world.somebody_makes("theirs", json!({}));
    let before = world.sim.inventory(ACCOUNT);
    world.sim.run(async {
        let config = world.sim.sdk_config(ACCOUNT);
        let theirs = Cluster::new(&config, owner(), ClusterSpec::existing(arn.parse().unwrap()));
        let cx = world.context();
        let observed = theirs.observe(&cx).await.unwrap();
        let mut graph = Graph::new();
        let handle = theirs.declare(&mut graph, &observed, Value::known(vec![]), Value::known(vec![]));
        let applied = graph.apply(graph.plan(), &cx).await.unwrap();
        assert!(
            applied.get(handle).unwrap().bootstrap.is_some(),
            "waited until it was usable"
        );
        graph.remove(graph.plan_removal(), &cx).await.unwrap();
    });
    assert_eq!(world.sim.inventory(ACCOUNT), before);
    assert_eq!(world.writes(), 0);
}

/// Every fault that a call can meet.
fn faults() -> Vec<Verdict> {
    use Verdict::{KillAfter, KillBefore, LoseResponse, ServerError, Throttle, Timeout};
    vec![
        KillBefore,
        KillAfter,
        LoseResponse,
        Throttle,
        ServerError,
        Timeout,
    ]
}

#[test]
fn a_deployment_disturbed_at_any_call_and_run_again_ends_like_an_undisturbed_one() {
    let undisturbed = World::new();
    undisturbed.sim.run(async { undisturbed.deploy().await.unwrap() });
    let expected = undisturbed.sim.inventory(ACCOUNT);
    for operation in ["CreateClusterV2", "DescribeClusterV2", "GetBootstrapBrokers"] {
        for fault in faults() {
            let world = World::new();
            world.sim.run(async {
                world
                    .disturbed(operation, fault.clone(), async {
                        let (graph, _) = world.graph().await;
                        graph.apply(graph.plan(), &world.context()).await.map(|_| ())
                    })
                    .await;
                world.deploy().await.unwrap();
                assert!(world.plan().await.plan.is_empty());
            });
            assert_eq!(world.sim.inventory(ACCOUNT), expected, "{operation} {fault:?}");
        }
    }
}

#[test]
fn a_removal_disturbed_at_any_call_and_run_again_leaves_nothing() {
    for operation in ["ListClustersV2", "DeleteCluster", "DescribeClusterV2"] {
        for fault in faults() {
            let world = World::new();
            let before = world.sim.inventory(ACCOUNT);
            world.sim.run(async {
                world.deploy().await.unwrap();
                world.disturbed(operation, fault.clone(), world.destroy()).await;
                world.destroy().await;
            });
            assert_eq!(world.sim.inventory(ACCOUNT), before, "{operation} {fault:?}");
        }
    }
}

#[test]
fn futures_can_be_sent_to_another_thread() {
    fn can_be_sent<T: Send>(_: &T) {}
    let world = World::new();
    let (cluster, cx) = (world.cluster(), world.context());
    can_be_sent(&cluster.observe(&cx));
    can_be_sent(&cluster.verify(None, &cx));
}

#[test]
fn a_denied_creation_names_the_resource_and_the_call() {
    let world = World::new();
    let error = world.sim.run(async {
        let _guard = world
            .sim
            .fault(Rule::new(Verdict::AccessDenied).operation("CreateClusterV2"));
        world.deploy().await.unwrap_err()
    });
    assert_eq!(error.resource, "cluster");
    assert_eq!(error.failure().operation(), "kafka:CreateClusterV2");
    assert!(!error.is_retryable() && error.has_no_side_effects());
}
