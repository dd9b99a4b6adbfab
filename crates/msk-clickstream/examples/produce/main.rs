//! Sends events from a file, standard input or an access log into a topic.
//!
//! ```text
//! produce --brokers boot-….kafka-serverless.eu-west-1.amazonaws.com:9098 --topic clicks --access-log access.log
//! tail -f events.ndjson | produce --brokers … --topic clicks --events -
//! ```
//!
//! Without a broker list `--bench` measures this crate against the usual way and against librdkafka alone, on
//! a broker that `scripts/kafka-broker` has installed or on the simulator:
//!
//! ```text
//! cargo run --release -p msk-clickstream --example produce -- --bench --report report.json
//! ```
//!
//! Lines of NDJSON are sent as they are, keyed by their `visitor` if they have one. Ctrl-C stops reading;
//! what was read is still delivered. Exits with 1 unless every event was.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a program for a terminal that measures"
)]

mod bench;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser};
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use msk_clickstream::{
    AccessLog, BrokenLine, ClickstreamProducer, Compression, KafkaAccess, KafkaTopicAdmin, SendSummary,
};
use xacct_types::{TopicAdmin, TopicName, TopicSettings};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[global_allocator]
static ALLOCATOR: bench::allocations::Counting = bench::allocations::Counting::new();

/// Sends events into a topic of an MSK cluster.
#[derive(Debug, Parser)]
struct Options {
    /// Broker list, as MSK gives it for IAM.
    #[arg(long, required_unless_present = "bench")]
    brokers: Option<String>,
    /// Topic; must be there unless --create is given.
    #[arg(long, required_unless_present = "bench")]
    topic: Option<TopicName>,
    /// Makes the topic with this many partitions if it is not there.
    #[arg(long, value_name = "PARTITIONS")]
    create: Option<u32>,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    identity: Identity,
    /// Compresses with Zstandard in place of LZ4.
    #[arg(long)]
    zstd: bool,
    /// Measures instead.
    #[arg(long, conflicts_with_all = ["brokers", "topic", "create"])]
    bench: bool,
    /// Where --bench writes its report, as JSON.
    #[arg(long, value_name = "FILE", requires = "bench")]
    report: Option<PathBuf>,
    /// Events of each way in each round of --bench.
    #[arg(long, default_value_t = 200_000, value_name = "EVENTS")]
    round: usize,
    /// Rounds of --bench.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
}

#[derive(Debug, Args)]
#[group(required = false, multiple = false)]
struct Source {
    /// Events, one JSON object a line; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// A web server's log in Combined Log Format.
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Identity {
    /// Profile of the AWS configuration files.
    #[arg(long)]
    profile: Option<String>,
    /// Region of the cluster, if the configuration names another or none.
    #[arg(long)]
    region: Option<String>,
    /// Certificate authorities (PEM) to trust in place of the system's, for brokers that are not Amazon's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Connects without TLS and identity, to a local broker.
    #[arg(long, conflicts_with_all = ["profile", "region", "ca"])]
    plaintext: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {}", chain(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Sends everything; `false` if some of it was not delivered.
async fn run(options: Options) -> Result<bool, Failure> {
    if options.bench {
        bench::run(
            options.round.max(1),
            options.rounds.max(1),
            options.report.as_deref(),
        )
        .await?;
        return Ok(true);
    }
    let (Some(brokers), Some(topic)) = (&options.brokers, &options.topic) else {
        return Err("--brokers and --topic say where to".into());
    };
    let access = options.identity.access().await?;
    if let Some(partitions) = options.create {
        let topic = TopicSettings::new(topic.clone(), partitions);
        KafkaTopicAdmin::new(access.clone())
            .create(brokers, &topic)
            .await?;
    }
    let compression = if options.zstd {
        Compression::Zstd
    } else {
        Compression::Lz4
    };
    let producer = ClickstreamProducer::builder(access, brokers, topic.clone())
        .compression(compression)
        .connect()
        .await?;
    let progress = ProgressBar::new_spinner().with_style(style()?);
    let (summary, broken) = send(&producer, &options.source, &progress).await?;
    let left = producer.close(Duration::from_secs(30)).await;
    progress.finish();
    for line in &broken {
        eprintln!("not sent: {line}");
    }
    for failure in summary.failed.iter().chain(&left.failed).take(10) {
        eprintln!("not delivered: {}", chain(failure));
    }
    let lost = summary.failed.len() + left.failed.len() + left.unanswered;
    println!(
        "{} delivered, {lost} not delivered, {} lines not sent",
        summary.delivered,
        broken.len()
    );
    Ok(lost == 0 && broken.is_empty())
}

async fn send(
    producer: &ClickstreamProducer,
    source: &Source,
    progress: &ProgressBar,
) -> Result<(SendSummary, Vec<BrokenLine>), Failure> {
    let interrupted = async {
        // Without a handler there is no way to stop early; sending goes on.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let mut broken = Vec::new();
    if let Some(path) = &source.access_log {
        let log = AccessLog::new(BufReader::new(File::open(path)?));
        let events = log.filter_map(|line| line.map_err(|line| broken.push(line)).ok());
        let events = stream::iter(events)
            .inspect(|_| progress.inc(1))
            .take_until(Box::pin(interrupted));
        let summary = producer.send_all(events).await;
        return Ok((summary, broken));
    }
    let path = source.events.as_deref().ok_or("no source of events")?;
    let mut unreadable = None;
    let lines = lines(path)?.map_while(|line| line.map_err(|error| unreadable = Some(error)).ok());
    let records = lines
        .filter(|line| !line.is_empty())
        .map(|line| (visitor(&line), line));
    let records = stream::iter(records)
        .inspect(|_| progress.inc(1))
        .take_until(Box::pin(interrupted));
    let summary = producer.send_all_bytes(records).await;
    match unreadable {
        Some(error) => Err(error.into()),
        None => Ok((summary, broken)),
    }
}

fn lines(path: &Path) -> Result<Box<dyn Iterator<Item = std::io::Result<Vec<u8>>>>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock().split(b'\n')));
    }
    Ok(Box::new(BufReader::new(File::open(path)?).split(b'\n')))
}

/// The visitor of an event, which keeps its events in order.
fn visitor(line: &[u8]) -> Option<Vec<u8>> {
    let event: serde_json::Value = serde_json::from_slice(line).ok()?;
    Some(event.get("visitor")?.as_str()?.as_bytes().to_vec())
}

impl Identity {
    async fn access(&self) -> Result<KafkaAccess, Failure> {
        if self.plaintext {
            return Ok(KafkaAccess::plaintext());
        }
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(aws_config::Region::new(region.clone()));
        }
        let access = KafkaAccess::iam(&loader.load().await)?;
        Ok(match &self.ca {
            Some(path) => access.with_ca_pem(std::fs::read_to_string(path)?),
            None => access,
        })
    }
}

fn style() -> Result<ProgressStyle, Failure> {
    Ok(ProgressStyle::with_template(
        "{spinner} {human_pos} events, {per_sec}, {elapsed}",
    )?)
}

/// An error with its causes, each said once.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
