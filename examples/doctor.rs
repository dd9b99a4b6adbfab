//! Says what is broken in a pipeline that somebody else built.

use aws_config::BehaviorVersion;
use clap::Parser;
use std::error::Error;
use std::process::ExitCode;
use xacct::types::ClusterArn;
use xacct::{Account, Patient, SdkConfig, doctor};
use xacct_examples::fail;

/// Looks at a cluster in one account and a workgroup in another, with calls that read, and names every broken link
/// between them.
#[derive(Debug, Parser)]
struct Arguments {
    /// The MSK cluster.
    #[arg(long)]
    cluster_arn: String,
    /// The Redshift Serverless workgroup.
    #[arg(long)]
    workgroup: String,
    /// What the external schema says behind IAM_ROLE: role ARNs with commas. Found out where nothing is said.
    #[arg(long, value_delimiter = ',')]
    iam_role: Vec<String>,
    /// A topic that should be read; several times for several.
    #[arg(long)]
    topic: Vec<String>,
    /// The AWS profile of the stream's account.
    #[arg(long)]
    source_profile: Option<String>,
    /// The AWS profile of the warehouse's account.
    #[arg(long)]
    warehouse_profile: Option<String>,
    /// A role to assume in the stream's account.
    #[arg(long)]
    source_role_arn: Option<String>,
    /// A role to assume in the warehouse's account.
    #[arg(long)]
    warehouse_role_arn: Option<String>,
    /// Sends every call here instead of AWS, for example to the simulator.
    #[arg(long)]
    endpoint_url: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(error.as_ref()),
    }
}

/// Whether nothing is broken.
#[expect(clippy::print_stdout, reason = "an example talks to people")]
async fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let cluster: ClusterArn = arguments.cluster_arn.parse()?;
    let region = cluster.region()?.to_string();
    let topics = arguments.topic.iter().map(|topic| topic.parse());
    let patient = Patient::new(cluster, &arguments.workgroup)
        .through(arguments.iam_role.iter().map(|role| role.trim().to_owned()))
        .reading(topics.collect::<Result<Vec<_>, _>>()?);
    let source = account(
        arguments,
        &region,
        &arguments.source_profile,
        &arguments.source_role_arn,
    )
    .await?;
    let warehouse = account(
        arguments,
        &region,
        &arguments.warehouse_profile,
        &arguments.warehouse_role_arn,
    )
    .await?;
    let report = doctor(&patient, &source, &warehouse).await?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print!("{report}"),
    }
    Ok(report.holds())
}

async fn account(
    arguments: &Arguments,
    region: &str,
    profile: &Option<String>,
    role: &Option<String>,
) -> Result<SdkConfig, Box<dyn Error>> {
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).region(aws_config::Region::new(region.to_owned()));
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &arguments.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let Some(role) = role else { return Ok(config) };
    Ok(Account::assume(&config, &role.parse()?, None, "xacct-doctor")?.into_config())
}
