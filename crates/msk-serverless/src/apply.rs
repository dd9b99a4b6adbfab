//! The calls to MSK, one function each, and the way from the SDK's types to ours.

use crate::plan::{ClientVpc, Seen, State};
use aws_sdk_kafka::Client;
use aws_sdk_kafka::types::{
    Cluster, ClusterState, ClusterType, Iam, ServerlessClientAuthentication, ServerlessRequest,
    ServerlessSasl, VpcConfig,
};
use aws_types::SdkConfig;
use std::collections::BTreeSet;
use xacct_converge::smithy::control_plane;
use xacct_converge::{Class, Context, Failure};
use xacct_types::{ClusterArn, SecurityGroupId, SubnetId, Tags};

const NOT_FOUND: &str = "NotFoundException";
pub(crate) const CONFLICT: &str = "ConflictException";
const BAD_REQUEST: &str = "BadRequestException";

/// MSK's control plane in one account and region.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
}

/// What a new cluster is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewCluster {
    pub(crate) name: String,
    pub(crate) subnets: Vec<SubnetId>,
    pub(crate) groups: Vec<SecurityGroupId>,
    pub(crate) tags: Tags,
}

impl Api {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(&control_plane(config)),
        }
    }

    /// All clusters of the account in the region, with their tags.
    pub(crate) async fn list(&self, cx: &Context) -> Result<Vec<Seen>, Failure> {
        let (mut clusters, mut next) = (Vec::new(), None);
        loop {
            let page = cx
                .read("kafka:ListClustersV2")
                .run(|| {
                    let request = self.client.list_clusters_v2().max_results(100);
                    request.set_next_token(next.clone()).send()
                })
                .await?;
            for cluster in page.cluster_info_list.unwrap_or_default() {
                clusters.push(seen(cluster, "kafka:ListClustersV2")?);
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(clusters);
            }
        }
    }

    /// One cluster; `None` if there is none.
    pub(crate) async fn describe(&self, arn: &ClusterArn, cx: &Context) -> Result<Option<Seen>, Failure> {
        let answer = cx
            .read("kafka:DescribeClusterV2")
            .run(|| self.client.describe_cluster_v2().cluster_arn(arn.as_str()).send())
            .await;
        match answer {
            Ok(answer) => answer
                .cluster_info
                .map(|cluster| seen(cluster, "kafka:DescribeClusterV2"))
                .transpose(),
            Err(failure) if failure.is_code(&[NOT_FOUND]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The brokers for IAM clients of a usable cluster; `None` while MSK does not know them yet.
    pub(crate) async fn brokers(&self, arn: &ClusterArn, cx: &Context) -> Result<Option<String>, Failure> {
        let answer = cx
            .read("kafka:GetBootstrapBrokers")
            .busy(&[CONFLICT])
            .run(|| {
                self.client
                    .get_bootstrap_brokers()
                    .cluster_arn(arn.as_str())
                    .send()
            })
            .await;
        match answer {
            Ok(answer) => Ok(answer
                .bootstrap_broker_string_sasl_iam
                .filter(|list| !list.is_empty())),
            Err(failure) if failure.class() == Class::Busy => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Asks for a cluster. MSK takes no token; the name is unique instead.
    pub(crate) async fn create(&self, new: &NewCluster, cx: &Context) -> Result<ClusterArn, Failure> {
        let answer = cx
            .once("kafka:CreateClusterV2")
            .run(|| {
                self.client
                    .create_cluster_v2()
                    .cluster_name(&new.name)
                    .set_tags(Some(new.tags.clone().into_iter().collect()))
                    .serverless(serverless(&new.subnets, &new.groups))
                    .send()
            })
            .await?;
        read_arn(answer.cluster_arn, "kafka:CreateClusterV2")
    }

    /// Puts tags on a cluster; others stay.
    pub(crate) async fn tag(&self, arn: &ClusterArn, tags: &Tags, cx: &Context) -> Result<(), Failure> {
        cx.idempotent("kafka:TagResource")
            .run(|| {
                self.client
                    .tag_resource()
                    .resource_arn(arn.as_str())
                    .set_tags(Some(tags.clone().into_iter().collect()))
                    .send()
            })
            .await
            .map(|_| ())
    }

    /// Asks for the removal. One that goes away already, or is gone, is no
    /// error; one that cannot go yet is class `Busy`.
    pub(crate) async fn delete(&self, arn: &ClusterArn, cx: &Context) -> Result<(), Failure> {
        let answer = cx
            .idempotent("kafka:DeleteCluster")
            .run(|| self.client.delete_cluster().cluster_arn(arn.as_str()).send())
            .await;
        let failure = match answer {
            Ok(_) => return Ok(()),
            Err(failure) if failure.is_code(&[NOT_FOUND]) => return Ok(()),
            Err(failure) if failure.is_code(&[CONFLICT, BAD_REQUEST]) => failure,
            Err(failure) => return Err(failure),
        };
        match self.describe(arn, cx).await?.map(|seen| seen.state) {
            None | Some(State::Deleting) => Ok(()),
            Some(State::Creating | State::Working) => Err(failure.classed(Class::Busy)),
            // It left the state that the refusal speaks of before it was looked at.
            Some(_) if failure.is_code(&[CONFLICT]) || failure.message().contains("while it is in") => {
                Err(failure.classed(Class::Busy))
            }
            Some(_) => Err(failure),
        }
    }
}

fn serverless(subnets: &[SubnetId], groups: &[SecurityGroupId]) -> ServerlessRequest {
    let vpc = VpcConfig::builder()
        .set_subnet_ids(Some(subnets.iter().map(ToString::to_string).collect()))
        .set_security_group_ids(Some(groups.iter().map(ToString::to_string).collect()))
        .build();
    let sasl = ServerlessSasl::builder()
        .iam(Iam::builder().enabled(true).build())
        .build();
    ServerlessRequest::builder()
        .vpc_configs(vpc)
        .client_authentication(ServerlessClientAuthentication::builder().sasl(sasl).build())
        .build()
}

fn read_arn(arn: Option<String>, operation: &str) -> Result<ClusterArn, Failure> {
    let unreadable = |text: &str| Failure::new(operation, Class::Ambiguous, text);
    let text = arn.ok_or_else(|| unreadable("the answer names no cluster"))?;
    ClusterArn::new(text)
        .map_err(|invalid| unreadable("the answer's ARN cannot be read").with_source(invalid))
}

fn seen(cluster: Cluster, operation: &str) -> Result<Seen, Failure> {
    let serverless = cluster.serverless.as_ref();
    let iam_auth = serverless
        .and_then(|s| {
            s.client_authentication
                .as_ref()?
                .sasl
                .as_ref()?
                .iam
                .as_ref()?
                .enabled
        })
        .unwrap_or(false);
    let client_vpcs = serverless
        .map(|s| s.vpc_configs().iter().map(client_vpc).collect())
        .unwrap_or_default();
    Ok(Seen {
        state: cluster.state.as_ref().map_or(State::Unknown, state),
        state_reason: cluster.state_info.as_ref().and_then(|info| {
            let parts = [info.code.as_deref(), info.message.as_deref()];
            let text = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
            (!text.is_empty()).then_some(text)
        }),
        serverless: cluster.cluster_type == Some(ClusterType::Serverless),
        iam_auth,
        client_vpcs,
        tags: cluster.tags.unwrap_or_default().into_iter().collect(),
        bootstrap: None,
        arn: read_arn(cluster.cluster_arn, operation)?,
    })
}

fn client_vpc(config: &VpcConfig) -> ClientVpc {
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    ClientVpc {
        subnets: set(config.subnet_ids()),
        groups: set(config.security_group_ids()),
    }
}

fn state(state: &ClusterState) -> State {
    match state {
        ClusterState::Creating => State::Creating,
        ClusterState::Active => State::Active,
        ClusterState::Healing
        | ClusterState::Maintenance
        | ClusterState::RebootingBroker
        | ClusterState::Updating => State::Working,
        ClusterState::Deleting => State::Deleting,
        ClusterState::Failed => State::Failed,
        _ => State::Unknown,
    }
}
