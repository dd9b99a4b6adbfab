//! The whole pipeline with no AWS account: two simulated accounts are joined, real click
//! events go through a real Kafka protocol with IAM authentication, and come out as typed rows.

use clap::Parser;
use msk_clickstream::SendSummary;
use serde::Deserialize;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use xacct::{Deployment, Pipeline, PipelineSpec};
use xacct_examples::digest::Identities;
use xacct_examples::report::{ApiCalls, QuickstartReport, Verified};
use xacct_examples::stream::{self, Record, Records};
use xacct_examples::{fail, progress};
use xacct_sim::{KafkaDoor, Sim, Standing};

const SOURCE: &str = "111111111111";
const WAREHOUSE: &str = "222222222222";
const REGION: &str = "ap-south-1";

/// Deploys the click-stream pipeline into two simulated AWS accounts, sends events through
/// it, and shows what arrives. Nothing leaves this machine.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which kind of stream is deployed; this release has one.
    #[arg(long, default_value = "msk", value_parser = ["msk"])]
    source: String,
    /// Sends these lines as they are (NDJSON; a line that is no JSON is kept aside, not lost).
    #[arg(long, conflicts_with = "access_log")]
    events: Option<PathBuf>,
    /// Sends the requests of a web server's log (Common or Combined Log Format).
    #[arg(long)]
    access_log: Option<PathBuf>,
    /// Sends at most this many events; without a file, how many are made up (default 1000).
    #[arg(long)]
    count: Option<usize>,
    /// Everything random derives from it: ids, latencies, made-up events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes figures as JSON to this file.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Shows no progress.
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(error.as_ref()),
    }
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to people"
)]
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "the report tells real time")]
    let started = Instant::now();
    let Records { records, broken } = events(arguments)?;
    for line in &broken {
        eprintln!("not sent: {line}");
    }
    let sim = Sim::builder()
        .seed(arguments.seed)
        .region(REGION)
        .account(SOURCE)
        .account(WAREHOUSE)
        .build();
    let door = sim.kafka_door(Standing::Inside)?;

    let begun = sim.now();
    let deployment = sim.run(deploy(&sim, &door, arguments))?;
    let virtual_time = sim.now() - begun;
    let critical_path = sim.critical_path();
    let api_calls = sim.api_calls();
    println!(
        "deployed in {:.0} simulated seconds ({:.0} is the least possible), {} calls",
        virtual_time.as_secs_f64(),
        critical_path.as_secs_f64(),
        api_calls.read + api_calls.write
    );

    let summary = produce(&deployment, &records)?;
    for failure in &summary.failed {
        eprintln!("not delivered: {failure}");
    }
    println!(
        "produced {} events through Kafka with IAM authentication",
        summary.delivered
    );

    let view = deployment.outputs().warehouse.views[0].name.clone();
    let arrived = sim.run(read(&deployment, &view))?;
    let verified = sim.run(deployment.verify())?;
    show(&view, &arrived);
    if !verified.holds() {
        println!("{verified}");
    }

    let report = QuickstartReport {
        source: arguments.source.clone(),
        produced: summary.delivered,
        rows: arrived.rows,
        quarantined: arrived.quarantined,
        skipped: arrived.skipped,
        sent_digest: sent_digest(&records),
        read_digest: arrived.digest.clone(),
        resources: deployment.resources(),
        api_calls: ApiCalls {
            read: api_calls.read,
            write: api_calls.write,
            by_service: api_calls.by_service,
        },
        virtual_seconds: virtual_time.as_secs_f64(),
        critical_path_seconds: critical_path.as_secs_f64(),
        wall_seconds: started.elapsed().as_secs_f64(),
        verify: Verified {
            passed: verified.passed.len(),
            failed: verified.failed(),
            findings: serde_json::to_value(&verified.findings)?,
        },
        outputs: serde_json::to_value(deployment.outputs())?,
    };
    if let Some(path) = &arguments.report {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(holds(&report, &summary))
}

fn events(arguments: &Arguments) -> std::io::Result<Records> {
    match (&arguments.events, &arguments.access_log) {
        (Some(path), _) => stream::lines(path, arguments.count),
        (_, Some(path)) => stream::access_log(path, arguments.count),
        _ => stream::made_up(arguments.count.unwrap_or(1000), arguments.seed),
    }
}

async fn deploy(sim: &Sim, door: &KafkaDoor, arguments: &Arguments) -> Result<Deployment, xacct::Error> {
    let spec = PipelineSpec::from_toml(include_str!("specs/tutorial.toml"))?;
    let pipeline = Pipeline::new(spec, sim.sdk_config(SOURCE), sim.sdk_config(WAREHOUSE)).await?;
    let (brokers, certificates) = (door.bootstrap(), door.ca_pem().to_owned());
    let pipeline = pipeline
        .with_seed(arguments.seed)
        .with_kafka_access(|access| access.with_bootstrap(brokers).with_ca_pem(certificates))
        .on_event(progress::sink(arguments.quiet));
    pipeline.deploy().await
}

/// Sends over real sockets, in real time.
fn produce(deployment: &Deployment, records: &[Record]) -> Result<SendSummary, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let producer = deployment.producer().await?;
        let records = records
            .iter()
            .map(|record| (record.key.clone(), record.payload.clone()));
        let summary = producer.send_all_bytes(futures_util::stream::iter(records)).await;
        producer.close(Duration::from_secs(30)).await;
        Ok(summary)
    })
}

/// What came out of the view.
#[derive(Debug, Default)]
struct Arrived {
    rows: u64,
    quarantined: u64,
    skipped: u64,
    digest: String,
    samples: Vec<Sample>,
}

/// A typed row: SUPER navigation in the query, a struct in Rust.
#[derive(Debug, Deserialize)]
struct Sample {
    visitor: Option<String>,
    path: Option<String>,
    occurred_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Landed {
    raw: Option<String>,
}

async fn read(deployment: &Deployment, view: &str) -> Result<Arrived, xacct::Error> {
    let warehouse = deployment.warehouse();
    warehouse.refresh(view).await?;
    let tally = warehouse.tally(view).await?;
    let landed: Vec<Landed> = warehouse.query(&format!("SELECT raw FROM {view}")).await?;
    let samples = format!(
        "SELECT payload.visitor::varchar AS visitor, payload.page.path::varchar AS path, \
         payload.occurred_at::varchar AS occurred_at FROM {view}_parsed \
         ORDER BY kafka_partition, kafka_offset LIMIT 5"
    );
    Ok(Arrived {
        rows: tally.rows,
        quarantined: tally.quarantined,
        skipped: tally.skipped,
        digest: read_digest(&landed),
        samples: warehouse.query(&samples).await?,
    })
}

fn sent_digest(records: &[Record]) -> String {
    let mut all = Identities::default();
    records.iter().for_each(|record| all.add_bytes(&record.payload));
    all.finish()
}

/// VARBYTE comes back as hexadecimal text.
fn read_digest(landed: &[Landed]) -> String {
    let mut all = Identities::default();
    for row in landed {
        let raw = row.raw.as_deref().unwrap_or_default();
        all.add_bytes(&hex::decode(raw).unwrap_or_default());
    }
    all.finish()
}

#[expect(clippy::print_stdout, reason = "an example talks to people")]
fn show(view: &str, arrived: &Arrived) {
    let Arrived {
        rows,
        quarantined,
        skipped,
        samples,
        ..
    } = arrived;
    println!("select count(*) from {view}: {rows} rows, {quarantined} not JSON, {skipped} skipped");
    for sample in samples {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        println!(
            "  {}  {}  {}",
            text(&sample.occurred_at),
            text(&sample.visitor),
            text(&sample.path)
        );
    }
}

/// Whether everything that this program promises came true.
#[expect(clippy::print_stderr, reason = "an example talks to people")]
fn holds(report: &QuickstartReport, summary: &SendSummary) -> bool {
    let landed = report.rows + report.quarantined + report.skipped;
    let promises = [
        (report.produced > 0, "there is something to send"),
        (summary.failed.is_empty(), "every event is delivered"),
        (
            landed == report.produced,
            "rows, quarantined and skipped add up to what was produced",
        ),
        (
            report.skipped > 0 || report.sent_digest == report.read_digest,
            "what was read is what was sent",
        ),
        (report.verify.failed == 0, "every link of the pipeline holds"),
        (
            report.virtual_seconds <= 1.05 * report.critical_path_seconds,
            "waiting costs at most 5 %",
        ),
    ];
    for (_, promise) in promises.iter().filter(|(kept, _)| !kept) {
        eprintln!("does not hold: {promise}");
    }
    promises.iter().all(|(kept, _)| *kept)
}
