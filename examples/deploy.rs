//! Plans, deploys, verifies and removes a pipeline in two AWS accounts.

use aws_config::BehaviorVersion;
use clap::{Parser, ValueEnum};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use xacct::{Account, OnFailure, Part, Partial, Pipeline, PipelineSpec, SdkConfig, WhenBusy};
use xacct_examples::{fail, progress};

/// Deploys the pipeline of a specification file into two AWS accounts, in one run.
///
/// Credentials come from profiles, as the AWS CLI has them; a role can be assumed on top.
#[derive(Debug, Parser)]
struct Arguments {
    /// The specification, TOML or JSON (examples/specs shows every field).
    #[arg(long)]
    spec: PathBuf,
    /// What to do.
    #[arg(value_enum, default_value = "deploy")]
    command: Command,
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
    /// The external id that both roles ask for.
    #[arg(long)]
    external_id: Option<String>,
    /// Sends every call here instead of AWS, for example to the simulator.
    #[arg(long)]
    endpoint_url: Option<String>,
    /// Only these parts: network, iam, cluster, warehouse. With deploy, plan and destroy.
    #[arg(long, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<Part>,
    /// Lets resources be removed and made anew where they cannot be changed in place.
    #[arg(long)]
    allow_replace: bool,
    /// Lets a cluster, a topic or a view be replaced, with everything in it, and the pipeline be destroyed.
    #[arg(long)]
    allow_data_loss: bool,
    /// Takes a snapshot of the warehouse under this name before it is destroyed.
    #[arg(long)]
    final_snapshot: Option<String>,
    /// Removes what a deployment made before it failed.
    #[arg(long)]
    rollback: bool,
    /// Ends at once where another process changes the pipeline, instead of waiting for it.
    #[arg(long)]
    no_wait: bool,
    /// Stops after this many seconds; running again goes on.
    #[arg(long)]
    deadline: Option<u64>,
    /// Prints JSON and shows no progress.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Command {
    /// Brings everything to the wanted state.
    Deploy,
    /// Says what a deployment would do, and does nothing.
    Plan,
    /// Proves that packets, names, roles and SQL work, or names what does not.
    Verify,
    /// Prints every id, ARN and name.
    Outputs,
    /// Prints every generated IAM policy as one JSON object, name → document.
    Policies,
    /// Removes everything that the pipeline made.
    Destroy,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(error.as_ref()),
    }
}

#[expect(clippy::print_stdout, reason = "an example talks to people")]
async fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let spec = read(&arguments.spec)?;
    if arguments.command == Command::Policies {
        println!("{}", serde_json::to_string_pretty(&spec.policies()?)?);
        return Ok(true);
    }
    let source = account(
        arguments,
        &spec,
        &arguments.source_profile,
        &arguments.source_role_arn,
    )
    .await?;
    let warehouse = account(
        arguments,
        &spec,
        &arguments.warehouse_profile,
        &arguments.warehouse_role_arn,
    )
    .await?;
    let pipeline = Pipeline::new(spec, source, warehouse).await?;
    let pipeline = pipeline.on_event(progress::sink(arguments.json));
    let pipeline = if arguments.allow_replace {
        pipeline.allow_replace()
    } else {
        pipeline
    };
    let pipeline = if arguments.allow_data_loss {
        pipeline.allow_data_loss()
    } else {
        pipeline
    };
    let pipeline = ending(arguments, pipeline);
    let json = arguments.json;
    if !arguments.only.is_empty() {
        let parts = pipeline.only(arguments.only.iter().copied());
        return only(&parts, arguments.command, json).await;
    }
    match arguments.command {
        Command::Deploy => print(json, pipeline.deploy().await?.outputs(), None),
        Command::Plan => {
            let plan = pipeline.plan().await?;
            print(json, &plan, Some(plan.to_string()))
        }
        Command::Verify => {
            let report = pipeline.verify().await?;
            print(json, &report, Some(report.to_string()))?;
            Ok(report.holds())
        }
        Command::Outputs => print(json, pipeline.current().await?.outputs(), None),
        Command::Destroy => {
            let plan = pipeline.destroy().await?;
            print(json, &plan, Some(plan.to_string()))
        }
        Command::Policies => Ok(true),
    }
}

/// The verbs that parts of a pipeline have.
async fn only(parts: &Partial, command: Command, json: bool) -> Result<bool, Box<dyn Error>> {
    let plan = match command {
        Command::Deploy => parts.deploy().await?,
        Command::Plan => parts.plan().await?,
        Command::Destroy => parts.destroy().await?,
        _ => return Err("--only goes with deploy, plan and destroy".into()),
    };
    print(json, &plan, Some(plan.to_string()))
}

/// How a run ends if nothing goes as it should. The first interrupt stops it in order, the second one at once.
fn ending(arguments: &Arguments, mut pipeline: Pipeline) -> Pipeline {
    if arguments.rollback {
        pipeline = pipeline.on_failure(OnFailure::Rollback);
    }
    if arguments.no_wait {
        pipeline = pipeline.when_busy(WhenBusy::Refuse);
    }
    if let Some(name) = &arguments.final_snapshot {
        pipeline = pipeline.with_final_snapshot(name, None);
    }
    if let Some(seconds) = arguments.deadline {
        pipeline = pipeline.with_deadline(Duration::from_secs(seconds));
    }
    let interrupted = pipeline.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            let again = interrupted.is_stopping();
            interrupted.stop();
            // What only reads has nothing to finish.
            if again || !interrupted.is_stopping() {
                std::process::exit(130);
            }
        }
    });
    pipeline
}

fn read(path: &PathBuf) -> Result<PipelineSpec, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let json = path.extension().is_some_and(|extension| extension == "json");
    Ok(if json {
        PipelineSpec::from_json(&text)?
    } else {
        PipelineSpec::from_toml(&text)?
    })
}

/// One side's configuration: profile, then role.
async fn account(
    arguments: &Arguments,
    spec: &PipelineSpec,
    profile: &Option<String>,
    role: &Option<String>,
) -> Result<SdkConfig, Box<dyn Error>> {
    let region = aws_config::Region::new(spec.region.to_string());
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &arguments.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    let config = loader.load().await;
    let Some(role) = role else { return Ok(config) };
    let session = format!("xacct-{}", spec.name);
    let account = Account::assume(
        &config,
        &role.parse()?,
        arguments.external_id.as_deref(),
        &session,
    )?;
    Ok(account.into_config())
}

#[expect(clippy::print_stdout, reason = "an example talks to people")]
fn print<T: serde::Serialize>(json: bool, value: &T, text: Option<String>) -> Result<bool, Box<dyn Error>> {
    match text {
        Some(text) if !json => print!("{text}"),
        _ => println!("{}", serde_json::to_string_pretty(value)?),
    }
    Ok(true)
}
