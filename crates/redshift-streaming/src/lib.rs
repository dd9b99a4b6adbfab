//! Amazon Redshift streaming ingestion, typed: every statement that reads a Kafka topic or a
//! Kinesis stream into a warehouse, and the warehouse that runs it.
//!
//! ```
//! use redshift_streaming::ddl::{CreateExternalSchema, CreateMaterializedView, Identifier, IamRole};
//! use redshift_streaming::ddl::{KafkaSource, Landing, QualifiedName};
//! use xacct_types::TopicName;
//!
//! let schema = Identifier::new("clicks_ext")?;
//! let brokers = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098".parse()?;
//! let source = KafkaSource::iam(brokers, IamRole::Default)?;
//! println!("{};", CreateExternalSchema::new(schema.clone(), source));
//!
//! let landing = Landing::kafka(schema, &TopicName::new("clicks")?);
//! let view = CreateMaterializedView::new(QualifiedName::parse("public.clicks")?, landing);
//! println!("{};", view.auto_refresh(true));
//! # Ok::<(), xacct_types::Invalid>(())
//! ```
//!
//! **Why not `format!`?** A role of another account, a policy's ARN instead of a role's, a port
//! that does not speak IAM, a topic with a quote in its name, a record that is not JSON: as text
//! each of them is found by Redshift, at the first refresh or at three in the morning. Here the
//! first four do not compile or do not construct, and the fifth lands as bytes and is told apart
//! by the views on top, so that `rows + quarantined + skipped` is what was produced.
//!
//! | module | what it holds | needs AWS |
//! |---|---|---|
//! | [`ddl`] | statements as trees, their rendering, and the reader that reads them back | no |
//! | [`StreamingSpec`], [`statements`](fn@statements) | what a file asks for, and the statements that follow | no |
//! | [`query`], [`drift`] | typed queries; what the catalog says against what is wanted | no |
//! | `serverless`, `data` | namespace and workgroup; statements followed to their end, rows as serde types | yes |
//! | `objects` | schema, views, readers as resources of a plan | yes |
//! | `preflight`, `verify` | what a user lacks, before; which links of a live warehouse hold, after | yes |
//! | `evolve` | another select under a view, no record lost or doubled | yes |
//! | `warehouse`, `health` | refresh, count, query, archive; lag in records, stalls, replay | yes |
//!
//! With `default-features = false` the crate is pure: it compiles no SDK and no runtime.
//!
//! # A whole program
//!
//! A namespace, a workgroup, an external schema and a view, planned, made, used and removed;
//! here on the simulator, in an account that has a network, a cluster and a role already.
//!
#![cfg_attr(feature = "aws", doc = "```")]
#![cfg_attr(not(feature = "aws"), doc = "```text")]
//! use redshift_streaming::objects::{self, Catalog, Connection, Reading, Stream};
//! use redshift_streaming::serverless::{Serverless, ServerlessSpec, Surroundings};
//! use redshift_streaming::{StreamingSpec, data::DataApi, warehouse::Warehouse};
//! use xacct_converge::{Context, Graph, Value, smithy::ConfigClock};
//! use xacct_types::{Owner, PipelineName};
//!
//! # use serde_json::{Value as Json, json};
//! # use std::time::Duration;
//! # struct Account { sim: xacct_sim::Sim, subnets: Vec<xacct_types::SubnetId>, group: xacct_types::SecurityGroupId,
//! #     role: xacct_types::RoleArn, brokers: String, cluster: String }
//! # type Fallible<T> = Result<T, Box<dyn std::error::Error>>;
//! # fn account() -> Fallible<Account> {
//! #     let sim = xacct_sim::Sim::builder().region("ap-south-1").account("222222222222").lag(false).build();
//! #     let call = |service: &str, operation: &str, params: Json| sim.call("222222222222", service, operation, params);
//! #     let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
//! #     let vpc = text(&call("ec2", "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }))?["vpc"]["vpcId"]);
//! #     call("ec2", "ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": true } }))?;
//! #     let mut subnets = Vec::new();
//! #     for (at, zone) in ["aps1-az1", "aps1-az2", "aps1-az4"].iter().enumerate() {
//! #         let block = format!("10.0.{at}.0/24");
//! #         let made = call("ec2", "CreateSubnet", json!({ "VpcId": vpc, "CidrBlock": block, "AvailabilityZoneId": zone }))?;
//! #         subnets.push(text(&made["subnet"]["subnetId"]).parse()?);
//! #     }
//! #     let group = text(&call("ec2", "CreateSecurityGroup", json!({ "VpcId": vpc, "GroupName": "g", "GroupDescription": "g" }))?["groupId"]);
//! #     let rule = json!({ "IpProtocol": "tcp", "FromPort": 443, "ToPort": 9098, "IpRanges": [{ "CidrIp": "10.0.0.0/16" }] });
//! #     call("ec2", "AuthorizeSecurityGroupIngress", json!({ "GroupId": group, "IpPermissions": [rule] }))?;
//! #     call("ec2", "CreateVpcEndpoint", json!({ "VpcEndpointType": "Interface", "VpcId": vpc, "SubnetId": subnets,
//! #         "SecurityGroupId": [group], "ServiceName": "com.amazonaws.ap-south-1.sts" }))?;
//! #     let network = json!({ "subnetIds": subnets, "securityGroupIds": [group] });
//! #     let iam = json!({ "sasl": { "iam": { "enabled": true } } });
//! #     let made = call("kafka", "CreateClusterV2", json!({ "clusterName": "c", "serverless": { "vpcConfigs": [network], "clientAuthentication": iam } }))?;
//! #     let cluster = text(&made["clusterArn"]);
//! #     let statement = |body: Json| json!({ "Version": "2012-10-17", "Statement": [body] }).to_string();
//! #     let trust = statement(json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "redshift.amazonaws.com" } }));
//! #     let role = text(&call("iam", "CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust }))?["Role"]["Arn"]);
//! #     let read = statement(json!({ "Effect": "Allow", "Action": "kafka-cluster:*", "Resource": "*" }));
//! #     call("iam", "PutRolePolicy", json!({ "RoleName": "r", "PolicyName": "read", "PolicyDocument": read }))?;
//! #     sim.clock().advance(Duration::from_secs(3_600));
//! #     let brokers = text(&call("kafka", "GetBootstrapBrokers", json!({ "clusterArn": cluster }))?["bootstrapBrokerStringSaslIam"]);
//! #     sim.kafka(|store| store.create_topic(&cluster, "clicks", 1, Default::default()))?;
//! #     Ok(Account { subnets, group: group.parse()?, role: role.parse()?, brokers, cluster, sim })
//! # }
//! # fn produce(of: &Account, value: &'static str) -> Fallible<()> {
//! #     let record = xacct_sim::kafka::NewRecord { timestamp_ms: 0, key: None, value: Some(value.into()), headers: Vec::new() };
//! #     of.sim.kafka(|store| store.append(&of.cluster, "clicks", 0, vec![record], 0))?;
//! #     Ok(())
//! # }
//! # let of = account()?;
//! # of.sim.run(async {
//! let config = of.sim.sdk_config("222222222222"); // or aws_config::load_from_env().await
//! let cx = Context::new(ConfigClock::of(&config), 1);
//! let owner = Owner::new(PipelineName::new("clicks")?);
//! let spec: StreamingSpec = toml::from_str(
//!     r#"
//!     database = "dev"
//!     schema = { name = "kafka", broker = "address" }
//!     [[view]]
//!     name = "landed"
//!     topic = "clicks"
//!     "#,
//! )?;
//! let asked = ServerlessSpec::of(&owner, "dev").with_base_capacity(8);
//! asked.check(&"ap-south-1".parse()?)?;
//! let serverless = Serverless::new(&config, owner, asked);
//!
//! // What is there, and what it takes to get to what was asked for.
//! let draft = async || {
//!     let seen = serverless.observe(&cx).await?;
//!     let mut catalog = Catalog::default();
//!     if let Some((namespace, workgroup)) = seen.usable() {
//!         let api = DataApi::new(&config, workgroup.name, "dev", namespace.admin_secret);
//!         catalog = Catalog::read(&api, true, &cx).await?;
//!     }
//!     let mut graph = Graph::new();
//!     let around = Surroundings {
//!         role: Some(of.role.clone().into()),
//!         subnets: of.subnets.iter().cloned().map(Value::known).collect(),
//!         groups: vec![of.group.clone().into()],
//!         after: Vec::new(),
//!     };
//!     let made = serverless.declare(&mut graph, &seen, around);
//!     let (namespace, workgroup) = (made.namespace.ready(), made.workgroup.ready());
//!     let connection = Connection { config: config.clone(), database: "dev".into(), namespace, workgroup, outlives: None };
//!     let stream = Stream::Brokers(of.brokers.clone().into());
//!     let reading = Reading { stream, roles: vec![of.role.clone().into()], after: Vec::new() };
//!     objects::declare(&mut graph, &connection, &catalog, &spec, reading, |_| Vec::new());
//!     Ok::<_, Box<dyn std::error::Error>>(graph)
//! };
//!
//! let graph = draft().await?;
//! let plan = graph.plan();
//! assert_eq!(plan.plan.changes().count(), 6, "namespace, workgroup, schema, view and two on top");
//! graph.apply(plan, &cx).await?;
//! assert!(draft().await?.plan().plan.is_empty(), "a second run has nothing to do");
//!
//! // Records land as bytes; what is JSON becomes rows, what is not is kept, and all is counted.
//! # produce(&of, r#"{"name":{"first":"Ann"}}"#)?;
//! # produce(&of, "not JSON")?;
//! let (namespace, workgroup) = serverless.observe(&cx).await?.usable().ok_or("not usable")?;
//! let api = DataApi::new(&config, workgroup.name, "dev", namespace.admin_secret);
//! let warehouse = Warehouse::new(api, cx.clone());
//! warehouse.refresh("landed").await?;
//! let tally = warehouse.tally("landed").await?;
//! assert_eq!((tally.rows, tally.quarantined, tally.skipped), (1, 1, 0));
//!
//! // Everything goes again, the workgroup before the namespace.
//! let graph = draft().await?;
//! graph.remove(graph.plan_removal(), &cx).await?;
//! assert!(serverless.observe(&cx).await?.namespace.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What AWS leaves open
//!
//! Marked where it matters, and never promised: whether `DROP SCHEMA … CASCADE` takes streaming
//! views along, whether session options for JSON reach an auto refresh, what `esoptions` shows
//! for streams besides the role, what a refresh does when its first offset has expired, whether
//! `CASE WHEN CAN_JSON_PARSE(v) THEN JSON_PARSE(v) END` guards inside a streaming view, what
//! `CAN_JSON_PARSE` says of an attribute that stands twice, and whether `LIKE` takes a
//! materialized view. The defaults hold whatever the answers about JSON are: the simulator
//! has switches for them, and the tests run under all their settings.

#[cfg(feature = "aws")]
pub mod data;
pub mod ddl;
pub mod drift;
#[cfg(feature = "aws")]
pub mod evolve;
#[cfg(feature = "aws")]
pub mod health;
#[cfg(feature = "aws")]
pub mod objects;
pub mod permissions;
#[cfg(feature = "aws")]
pub mod preflight;
pub mod query;
#[cfg(feature = "aws")]
pub mod serverless;
mod spec;
mod statements;
mod text;
#[cfg(feature = "aws")]
pub mod verify;
#[cfg(feature = "aws")]
pub mod warehouse;

pub use spec::{Broker, SchemaSpec, StreamingSpec, ViewPayload, ViewSource, ViewSpec};
pub use statements::{
    Inputs, StatementsError, VIEW_SCHEMA, create_parsed, create_quarantine, create_schema, create_view,
    grants, in_view_schema, statements,
};
