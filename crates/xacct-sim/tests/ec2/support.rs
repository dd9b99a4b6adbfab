//! What the tests of EC2 share.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
use xacct_sim::Sim;

pub(crate) const A: &str = "111111111111";
pub(crate) const B: &str = "222222222222";

pub(crate) fn sim() -> Sim {
    Sim::builder()
        .seed(7)
        .region("ap-south-1")
        .account(A)
        .account(B)
        .build()
}

/// Retries, as a deployer must, what is not visible yet.
pub(crate) async fn patient<
    T,
    E: ProvideErrorMetadata + std::fmt::Debug,
    F: Future<Output = Result<T, E>>,
>(
    mut call: impl FnMut() -> F,
) -> T {
    for _ in 0..100 {
        match call().await {
            Ok(found) => return found,
            Err(error) if error.code().is_some_and(|code| code.contains("NotFound")) => {
                pause(1).await;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("still not found after 100 s")
}

pub(crate) async fn vpc(ec2: &Client, cidr: &str, name: &str) -> String {
    let tag = Tag::builder().key("Name").value(name).build();
    let tags = TagSpecification::builder()
        .resource_type(ResourceType::Vpc)
        .tags(tag)
        .build();
    let made = ec2
        .create_vpc()
        .cidr_block(cidr)
        .tag_specifications(tags)
        .send()
        .await
        .unwrap();
    let id = made.vpc.unwrap().vpc_id.unwrap();
    patient(|| ec2.describe_vpcs().vpc_ids(&id).send()).await;
    // One good read does not mean that the next call sees it.
    pause(2).await;
    id
}

pub(crate) async fn subnet(ec2: &Client, vpc: &str, cidr: &str) -> String {
    let made = patient(|| ec2.create_subnet().vpc_id(vpc).cidr_block(cidr).send()).await;
    let id = made.subnet.unwrap().subnet_id.unwrap();
    patient(|| ec2.describe_subnets().subnet_ids(&id).send()).await;
    id
}

/// Lets virtual time pass.
#[expect(
    clippy::disallowed_methods,
    reason = "tests run on the simulator's own runtime"
)]
pub(crate) async fn pause(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
