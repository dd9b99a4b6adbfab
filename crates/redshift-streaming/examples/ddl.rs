//! Prints the SQL of a pipeline's spec file, one statement a line, and asks no AWS.
//!
//! ```text
//! cargo run -p redshift-streaming --no-default-features --example ddl -- --spec FILE
//! ```
//!
//! A file without views has the tutorial's: `myview1` over its first topic. A
//! spec does not say which roles read the stream or which cluster it is in: those
//! exist only after deployment. Flags say them; where they do not, the roles are
//! those that a deployment would make, and the rest are placeholders of the right
//! form:
//!
//! | what | placeholder |
//! |---|---|
//! | roles | `arn:aws:iam::WAREHOUSE:role/NAME-warehouse-role-REGION`, then `arn:aws:iam::SOURCE:role/NAME-source-role-REGION` |
//! | cluster | `arn:aws:kafka:REGION:SOURCE:cluster/NAME-cluster/00000000-0000-0000-0000-000000000000-s1` |
//! | brokers | `boot-00000000.c1.kafka-serverless.REGION.amazonaws.com:9098` |

use clap::Parser;
use redshift_streaming::ddl::{BrokerList, DatabaseName, RoleChain};
use redshift_streaming::{Inputs, SchemaSpec, StreamingSpec, ViewSource, ViewSpec, statements};
use serde::Deserialize;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use xacct_types::{AccountId, ClusterArn, PipelineName, Region, RoleArn, TopicName};

/// Prints the SQL of a pipeline's spec file, one statement a line.
#[derive(Parser)]
struct Arguments {
    /// The spec file: TOML, or JSON if it ends in .json.
    #[arg(long)]
    spec: PathBuf,
    /// A role of the chain; give it once for each role, in order.
    #[arg(long = "role-arn")]
    roles: Vec<RoleArn>,
    /// The MSK cluster.
    #[arg(long)]
    cluster_arn: Option<ClusterArn>,
    /// The brokers, host:port separated by commas.
    #[arg(long)]
    bootstrap: Option<BrokerList>,
}

/// The sections of a pipeline's file that SQL depends on; others are not looked at.
#[derive(Deserialize)]
struct PipelineFile {
    name: PipelineName,
    region: Region,
    source: SourceSection,
    warehouse: WarehouseSection,
    #[serde(default = "tutorial_schema")]
    schema: SchemaSpec,
    #[serde(default, rename = "view")]
    views: Vec<ViewSpec>,
}

#[derive(Deserialize)]
struct SourceSection {
    account: AccountId,
    #[serde(default)]
    cluster: ClusterSection,
    #[serde(default, rename = "topic")]
    topics: Vec<TopicSection>,
}

#[derive(Deserialize)]
struct TopicSection {
    name: TopicName,
}

#[derive(Deserialize, Default)]
struct ClusterSection {
    arn: Option<ClusterArn>,
}

#[derive(Deserialize)]
struct WarehouseSection {
    account: AccountId,
    #[serde(default = "tutorial_database")]
    database: DatabaseName,
}

#[expect(clippy::expect_used, reason = "the names are legal")]
fn tutorial_schema() -> SchemaSpec {
    SchemaSpec::new("mskschema".parse().expect("a legal name"))
}

#[expect(clippy::expect_used, reason = "the name is legal")]
fn tutorial_database() -> DatabaseName {
    "streaming".parse().expect("a legal name")
}

/// The views of a file, or the one that a deployment makes where it names none.
fn views(file: &PipelineFile) -> Result<Vec<ViewSpec>, Box<dyn Error>> {
    if !file.views.is_empty() {
        return Ok(file.views.clone());
    }
    let topic = match file.source.topics.first() {
        Some(topic) => topic.name.clone(),
        None => TopicName::new("testtopic")?,
    };
    Ok(vec![ViewSpec::new("myview1".parse()?, ViewSource::Topic(topic))])
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = format!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                text.push_str(&format!(": {inner}"));
                cause = inner.source();
            }
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(&arguments.spec)
        .map_err(|e| format!("cannot read {}: {e}", arguments.spec.display()))?;
    let json = arguments.spec.extension().is_some_and(|e| e == "json");
    let file: PipelineFile = if json {
        serde_json::from_str(&text)?
    } else {
        toml::from_str(&text)?
    };
    let (inputs, views) = (inputs(arguments, &file)?, views(&file)?);
    let mut spec = StreamingSpec::new(file.warehouse.database, file.schema);
    spec.views = views;
    let mut out = std::io::stdout().lock();
    for statement in statements(&spec, &inputs)? {
        writeln!(out, "{statement}")?;
    }
    Ok(())
}

fn inputs(arguments: &Arguments, file: &PipelineFile) -> Result<Inputs, Box<dyn Error>> {
    let (name, region) = (&file.name, &file.region);
    let partition = region.partition();
    let role = |account, side| {
        let name = format!("{name}-{side}-role-{region}");
        RoleArn::predict(partition, account, "/", &name)
    };
    let roles = match arguments.roles.as_slice() {
        [] => vec![
            role(&file.warehouse.account, "warehouse")?,
            role(&file.source.account, "source")?,
        ],
        given => given.to_vec(),
    };
    let cluster = arguments.cluster_arn.clone().or(file.source.cluster.arn.clone());
    let cluster = match cluster {
        Some(cluster) => cluster,
        None => ClusterArn::new(format!(
            "arn:{partition}:kafka:{region}:{}:cluster/{name}-cluster/00000000-0000-0000-0000-000000000000-s1",
            file.source.account
        ))?,
    };
    let bootstrap = match &arguments.bootstrap {
        Some(bootstrap) => bootstrap.clone(),
        None => BrokerList::new(format!(
            "boot-00000000.c1.kafka-serverless.{region}.{}:9098",
            partition.dns_suffix()
        ))?,
    };
    Ok(Inputs::new(RoleChain::new(roles)?)
        .with_cluster(cluster)
        .with_bootstrap(bootstrap))
}
