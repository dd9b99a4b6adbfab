//! An account with a network, a cluster with a topic, and a role that may read it.

use redshift_streaming::StreamingSpec;
use redshift_streaming::data::DataApi;
use redshift_streaming::objects::{self, Catalog, Connection, ObjectHandles, Reading, Stream};
use redshift_streaming::serverless::{Observed, Serverless, ServerlessHandles, ServerlessSpec, Surroundings};
use redshift_streaming::warehouse::Warehouse;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Applied, ApplyError, Context, Graph, Planned, Report, Value};
use xacct_sim::kafka::NewRecord;
use xacct_sim::{Settings, Sim};
use xacct_types::{ClusterArn, Owner, PipelineName, RoleArn, SecurityGroupId, SubnetId};

pub(crate) const ACCOUNT: &str = "222222222222";

/// Seconds since 1970 at the beginning of every world, so that the same run shows the same dates.
const EPOCH: u64 = 1_800_000_000;

/// What somebody else has made, and our view of it.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) cluster: String,
    pub(crate) brokers: String,
    role: String,
    subnets: Vec<SubnetId>,
    group: String,
}

/// A graph of everything that this crate makes, and where its outputs are.
pub(crate) struct Draft {
    pub(crate) graph: Graph,
    pub(crate) serverless: ServerlessHandles,
    pub(crate) objects: ObjectHandles,
}

pub(crate) fn owner() -> Owner {
    Owner::new(PipelineName::new("clicks").unwrap())
}

/// The tutorial's objects, with everything that may stand beside a view.
pub(crate) fn spec() -> StreamingSpec {
    spec_of(
        "broker = \"address\"",
        "quarantine = \"bad\"\nreaders = [\"analyst\"]",
    )
}

/// Objects with more in the schema and in the view.
pub(crate) fn spec_of(schema: &str, view: &str) -> StreamingSpec {
    let text = format!(
        "database = \"dev\"\n[schema]\nname = \"mskschema\"\n{schema}\n\
         [[view]]\nname = \"myview1\"\ntopic = \"testtopic\"\n{view}"
    );
    toml::from_str(&text).unwrap()
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let builder = Sim::builder().region("ap-south-1").account(ACCOUNT).lag(false);
        let epoch = UNIX_EPOCH + Duration::from_secs(EPOCH);
        let sim = builder.epoch(epoch).settings(change).build();
        let nothing = String::new;
        let mut world = Self {
            sim,
            cluster: nothing(),
            brokers: nothing(),
            role: nothing(),
            subnets: Vec::new(),
            group: nothing(),
        };
        world.network();
        world.cluster();
        world.role();
        world.topic("testtopic");
        world
    }

    pub(crate) fn call(&self, service: &str, operation: &str, params: Json) -> Json {
        let answer = self.sim.call(ACCOUNT, service, operation, params);
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    fn ec2(&self, operation: &str, params: Json) -> Json {
        self.call("ec2", operation, params)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.sim.clock().advance(Duration::from_secs(seconds));
    }

    /// Three private subnets with a NAT gateway, and one group whose members reach each other.
    fn network(&mut self) {
        let vpc = text(&self.ec2("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }))["vpc"]["vpcId"]);
        self.ec2(
            "ModifyVpcAttribute",
            json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } }),
        );
        let table = self.table(&vpc);
        for (at, zone) in ["aps1-az1", "aps1-az2", "aps1-az4"].iter().enumerate() {
            let asked =
                json!({ "VpcId": vpc, "CidrBlock": format!("10.0.{at}.0/24"), "AvailabilityZoneId": zone });
            let subnet = text(&self.ec2("CreateSubnet", asked)["subnet"]["subnetId"]);
            self.ec2(
                "AssociateRouteTable",
                json!({ "RouteTableId": table, "SubnetId": subnet }),
            );
            self.subnets.push(SubnetId::new(subnet).unwrap());
        }
        self.nat(&vpc, &table);
        let asked = json!({ "VpcId": vpc, "GroupName": "all", "GroupDescription": "all" });
        self.group = text(&self.ec2("CreateSecurityGroup", asked)["groupId"]);
        let rule = json!({ "IpProtocol": "tcp", "FromPort": 9098, "ToPort": 9098, "IpRanges": [{ "CidrIp": "10.0.0.0/16" }] });
        self.ec2(
            "AuthorizeSecurityGroupIngress",
            json!({ "GroupId": self.group, "IpPermissions": [rule] }),
        );
    }

    fn table(&self, vpc: &str) -> String {
        text(&self.ec2("CreateRouteTable", json!({ "VpcId": vpc }))["routeTable"]["routeTableId"])
    }

    fn nat(&self, vpc: &str, private: &str) {
        let made = self.ec2("CreateInternetGateway", json!({}));
        let gateway = text(&made["internetGateway"]["internetGatewayId"]);
        self.ec2(
            "AttachInternetGateway",
            json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
        );
        let asked = json!({ "VpcId": vpc, "CidrBlock": "10.0.100.0/24", "AvailabilityZoneId": "aps1-az1" });
        let public = text(&self.ec2("CreateSubnet", asked)["subnet"]["subnetId"]);
        let table = self.table(vpc);
        self.ec2(
            "AssociateRouteTable",
            json!({ "RouteTableId": table, "SubnetId": public }),
        );
        let all = "0.0.0.0/0";
        self.ec2(
            "CreateRoute",
            json!({ "RouteTableId": table, "DestinationCidrBlock": all, "GatewayId": gateway }),
        );
        let address = text(&self.ec2("AllocateAddress", json!({}))["allocationId"]);
        let made = self.ec2(
            "CreateNatGateway",
            json!({ "SubnetId": public, "AllocationId": address }),
        );
        let nat = text(&made["natGateway"]["natGatewayId"]);
        self.pass(600);
        self.ec2(
            "CreateRoute",
            json!({ "RouteTableId": private, "DestinationCidrBlock": all, "NatGatewayId": nat }),
        );
    }

    fn cluster(&mut self) {
        let network = json!({ "subnetIds": self.subnets, "securityGroupIds": [self.group] });
        let iam = json!({ "sasl": { "iam": { "enabled": true } } });
        let asked = json!({ "clusterName": "stream", "serverless": { "vpcConfigs": [network], "clientAuthentication": iam } });
        self.cluster = text(&self.call("kafka", "CreateClusterV2", asked)["clusterArn"]);
        self.pass(3_600);
        let brokers = self.call(
            "kafka",
            "GetBootstrapBrokers",
            json!({ "clusterArn": self.cluster }),
        );
        self.brokers = text(&brokers["bootstrapBrokerStringSaslIam"]);
    }

    fn role(&mut self) {
        self.role = self.make_role("warehouse");
    }

    /// A role that Redshift may assume and that may read the cluster.
    pub(crate) fn make_role(&self, name: &str) -> String {
        let principal = json!({ "Service": "redshift.amazonaws.com" });
        let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }] });
        let asked = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
        let arn = text(&self.call("iam", "CreateRole", asked)["Role"]["Arn"]);
        let actions = ["kafka-cluster:*", "kafka:GetBootstrapBrokers"];
        let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
        let asked = json!({ "RoleName": name, "PolicyName": "read", "PolicyDocument": policy.to_string() });
        self.call("iam", "PutRolePolicy", asked);
        self.pass(120);
        arn
    }

    pub(crate) fn topic(&self, name: &str) {
        let made = self
            .sim
            .kafka(|store| store.create_topic(&self.cluster, name, 3, BTreeMap::new()));
        made.unwrap();
    }

    pub(crate) fn produce(&self, values: &[&str]) {
        self.sim.kafka(|store| {
            for (at, value) in (0..).zip(values) {
                let record = NewRecord {
                    timestamp_ms: 1_800_000_000_000 + at,
                    key: None,
                    value: Some(value.to_string().into()),
                    headers: Vec::new(),
                };
                let partition = i32::try_from(at % 3).unwrap();
                store
                    .append(
                        &self.cluster,
                        "testtopic",
                        partition,
                        vec![record],
                        1_800_000_000_000,
                    )
                    .unwrap();
            }
        });
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(ConfigClock::of(&self.sim.sdk_config(ACCOUNT)), 1)
    }

    pub(crate) fn serverless(&self) -> Serverless {
        let spec = ServerlessSpec::of(&owner(), "dev").with_base_capacity(8);
        Serverless::new(&self.sim.sdk_config(ACCOUNT), owner(), spec)
    }

    /// As the admin user, once the warehouse is there.
    pub(crate) async fn api(&self) -> DataApi {
        self.api_of(&self.serverless().observe(&self.context()).await.unwrap())
            .unwrap()
    }

    fn api_of(&self, observed: &Observed) -> Option<DataApi> {
        let (namespace, workgroup) = observed.usable()?;
        Some(DataApi::new(
            &self.sim.sdk_config(ACCOUNT),
            workgroup.name,
            "dev",
            namespace.admin_secret,
        ))
    }

    pub(crate) async fn warehouse(&self) -> Warehouse {
        Warehouse::new(self.api().await, self.context())
    }

    /// Somebody runs SQL as the admin.
    pub(crate) async fn sql(&self, texts: &[&str]) {
        let (api, cx) = (self.api().await, self.context());
        for text in texts {
            api.run(&cx, "by hand", text).await.unwrap();
        }
    }

    fn reading(&self, spec: &StreamingSpec) -> Reading {
        let stream = match spec.schema.broker {
            redshift_streaming::Broker::ClusterArn => {
                Stream::Cluster(ClusterArn::new(self.cluster.clone()).unwrap().into())
            }
            redshift_streaming::Broker::Address => Stream::Brokers(self.brokers.clone().into()),
        };
        let role = Value::known(RoleArn::new(self.role.clone()).unwrap());
        Reading {
            stream,
            roles: vec![role],
            after: Vec::new(),
        }
    }

    /// Reads and declares.
    pub(crate) async fn draft(&self, spec: &StreamingSpec) -> Draft {
        let (serverless, cx) = (self.serverless(), self.context());
        let observed = serverless.observe(&cx).await.unwrap();
        let catalog = match self.api_of(&observed) {
            Some(api) => Catalog::read(&api, true, &cx).await.unwrap(),
            None => Catalog::default(),
        };
        let mut graph = Graph::new();
        let around = Surroundings {
            role: Some(RoleArn::new(self.role.clone()).unwrap().into()),
            subnets: self.subnets.iter().cloned().map(Value::known).collect(),
            groups: vec![SecurityGroupId::new(self.group.clone()).unwrap().into()],
            after: Vec::new(),
        };
        let handles = serverless.declare(&mut graph, &observed, around);
        let connection = Connection {
            config: self.sim.sdk_config(ACCOUNT),
            database: "dev".into(),
            namespace: handles.namespace.ready(),
            workgroup: handles.workgroup.ready(),
            outlives: None,
        };
        let objects = objects::declare(
            &mut graph,
            &connection,
            &catalog,
            spec,
            self.reading(spec),
            |_| Vec::new(),
        );
        Draft {
            graph,
            serverless: handles,
            objects,
        }
    }

    pub(crate) async fn plan(&self, spec: &StreamingSpec) -> Planned {
        self.draft(spec).await.graph.plan()
    }

    pub(crate) async fn deploy(&self, spec: &StreamingSpec) -> Result<(Draft, Applied), ApplyError> {
        let draft = self.draft(spec).await;
        let applied = draft.graph.apply(draft.graph.plan(), &self.context()).await?;
        Ok((draft, applied))
    }

    pub(crate) async fn destroy(&self, spec: &StreamingSpec) {
        let graph = self.draft(spec).await.graph;
        graph.remove(graph.plan_removal(), &self.context()).await.unwrap();
    }

    pub(crate) async fn verify(&self, spec: &StreamingSpec) -> Report {
        let catalog = Catalog::read(&self.api().await, true, &self.context())
            .await
            .unwrap();
        let location = match spec.schema.broker {
            redshift_streaming::Broker::ClusterArn => &self.cluster,
            redshift_streaming::Broker::Address => &self.brokers,
        };
        redshift_streaming::verify::objects(&catalog, spec, &self.role, location)
    }

    /// The warehouse alone, with a user who reads, as it is before any object of ours.
    pub(crate) async fn empty_warehouse(&self) {
        let draft = self.draft(&spec_without_views()).await;
        draft
            .graph
            .apply(draft.graph.plan(), &self.context())
            .await
            .unwrap();
        self.sql(&["CREATE USER analyst PASSWORD DISABLE"]).await;
    }
}

/// Only the schema, so that a reader can be made before the view that names him.
pub(crate) fn spec_without_views() -> StreamingSpec {
    let mut spec = spec();
    spec.views.clear();
    spec
}
