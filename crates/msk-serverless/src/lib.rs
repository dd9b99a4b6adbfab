//! Amazon MSK Serverless: a cluster, its topics, and who may do what with them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`spec`] | what is asked for, and everything that can be checked without AWS |
//! | [`plan`] | what was read, what stands against it, what has to change; pure |
//! | `apply` | the calls to MSK |
//! | [`outputs`] | ARN, bootstrap brokers, topics |
//! | [`verify`] | which links of a cluster and its topics hold |
//! | [`error`] | what can be wrong with a specification |
//! | [`cluster`] (feature `aws`) | the cluster as a resource |
//! | [`topics`] | topics as resources, made by whoever reaches the brokers |
//! | [`quotas`] | what an account and a cluster take |
//! | [`grants`] | the permissions of readers, producers and topic makers |
//!
//! Without the feature `aws` the crate compiles no SDK: specifications, grants,
//! topics, plans and checks remain.
//!
//! A whole program, on the simulator:
//!
#![cfg_attr(feature = "aws", doc = "```")]
#![cfg_attr(not(feature = "aws"), doc = "```text")]
//! use msk_serverless::{Cluster, ClusterSpec, Quotas};
//! use xacct_converge::{Context, Graph, Value, smithy::ConfigClock};
//! use xacct_types::{Owner, PipelineName};
//!
//! # use serde_json::json;
//! # fn network(sim: &xacct_sim::Sim) -> Result<(Vec<xacct_types::SubnetId>, Vec<xacct_types::SecurityGroupId>), Box<dyn std::error::Error>> {
//! #     let ec2 = |operation: &str, params| sim.call("111111111111", "ec2", operation, params);
//! #     let vpc = ec2("CreateVpc", json!({ "CidrBlock": "172.16.0.0/16" }))?["vpc"]["vpcId"].clone();
//! #     ec2("ModifyVpcAttribute", json!({ "VpcId": vpc, "EnableDnsHostnames": { "Value": "true" } }))?;
//! #     let mut subnets = Vec::new();
//! #     for zone in 1..=2 {
//! #         let block = format!("172.16.{zone}.0/24");
//! #         let made = ec2("CreateSubnet", json!({ "VpcId": vpc, "AvailabilityZoneId": format!("aps1-az{zone}"), "CidrBlock": block }))?;
//! #         subnets.push(made["subnet"]["subnetId"].as_str().unwrap_or_default().parse()?);
//! #     }
//! #     let made = ec2("CreateSecurityGroup", json!({ "VpcId": vpc, "GroupName": "brokers", "GroupDescription": "brokers" }))?;
//! #     Ok((subnets, vec![made["groupId"].as_str().unwrap_or_default().parse()?]))
//! # }
//! # let sim = xacct_sim::Sim::builder().region("ap-south-1").account("111111111111").lag(false).settings(|s| s.zones = 3).build();
//! # let (subnets, groups) = network(&sim)?;
//! # sim.run(async {
//! let config = sim.sdk_config("111111111111"); // or aws_config::load_from_env().await
//! let cx = Context::new(ConfigClock::of(&config), 1);
//! let owner = Owner::new(PipelineName::new("clicks")?);
//! let cluster = Cluster::new(&config, owner.clone(), ClusterSpec::of(&owner));
//! cluster.spec().check(&"ap-south-1".parse()?, &[], &Quotas::default())?;
//!
//! // Plan: what is there, and what has to change.
//! let observed = cluster.observe(&cx).await?;
//! assert!(observed.findings(cluster.spec(), &Quotas::default()).is_empty());
//! let mut graph = Graph::new();
//! let handle = cluster.declare(&mut graph, &observed, Value::known(subnets.clone()), Value::known(groups.clone()));
//! let planned = graph.plan();
//! assert_eq!(planned.plan.to_string().lines().next(), Some("  + cluster (AWS::MSK::ServerlessCluster)"));
//!
//! // Apply: minutes of waiting, which the simulator's clock jumps over.
//! let made = graph.apply(planned, &cx).await?.get(handle).ok_or("no output")?;
//! assert!(made.bootstrap_host().is_some_and(|host| host.ends_with("kafka-serverless.ap-south-1.amazonaws.com")));
//! assert!(cluster.verify(None, &cx).await?.holds());
//!
//! // Remove: from what is there then, not from what was remembered.
//! let observed = cluster.observe(&cx).await?;
//! let mut graph = Graph::new();
//! cluster.declare(&mut graph, &observed, Value::known(subnets), Value::known(groups));
//! graph.remove(graph.plan_removal(), &cx).await?;
//! assert!(cluster.observe(&cx).await?.cluster.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "aws")]
mod apply;
#[cfg(feature = "aws")]
pub mod cluster;
pub mod error;
pub mod grants;
pub mod outputs;
pub mod permissions;
pub mod plan;
pub mod quotas;
pub mod spec;
pub mod topics;
pub mod verify;

#[cfg(feature = "aws")]
pub use cluster::Cluster;
pub use error::{SpecError, SpecErrors};
pub use grants::{Brokers, ClusterScope};
pub use outputs::{ClusterOut, TopicOut};
pub use plan::{ClientVpc, Observed, Seen, State};
pub use quotas::Quotas;
pub use spec::ClusterSpec;
pub use topics::{ObservedTopics, OnRemoval, Topics};
