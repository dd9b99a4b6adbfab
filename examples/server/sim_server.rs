//! The simulator on loopback ports: for boto3, the AWS CLI and any AWS SDK, and for any Kafka client.

use clap::Parser;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use xacct_sim::{HttpDoorOptions, KafkaDoorOptions, Sim, Standing};
use xacct_sim_server::first_line;

/// Simulates AWS accounts on this machine until it is told to stop (Ctrl-C or SIGTERM).
///
/// The first line of output is JSON: the endpoint URL for every service, the administrators' keys, and where Kafka
/// clients connect. docs/simulator.md lists what is modelled and the simulator's own resources under /_sim/.
#[derive(Debug, Parser)]
struct Arguments {
    /// The port for AWS SDKs and CLIs; 0 takes any that is free.
    #[arg(long, default_value_t = 4599)]
    port: u16,
    /// The port for Kafka clients; 0 takes any that is free.
    #[arg(long, default_value_t = 0)]
    kafka_port: u16,
    /// How many times faster than AWS everything is done. The clock itself keeps wall time.
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// Everything random derives from it: keys, ids, durations.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The one region that is simulated.
    #[arg(long, default_value = "ap-south-1")]
    region: String,
    /// The account of the stream.
    #[arg(long, default_value = "111111111111", value_parser = account)]
    source: String,
    /// The account of the warehouse.
    #[arg(long, default_value = "222222222222", value_parser = account)]
    warehouse: String,
    /// One more account. Can be given several times.
    #[arg(long, value_parser = account)]
    account: Vec<String>,
    /// Shows what was made at once instead of a little later.
    #[arg(long)]
    no_lag: bool,
    /// Never throttles.
    #[arg(long)]
    no_throttling: bool,
    /// Where the certificate authority that Kafka clients must trust is written; without it, a file that is removed
    /// at the end.
    #[arg(long)]
    ca_file: Option<PathBuf>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.001..=1e6).contains(&speed) => Ok(speed),
        _ => Err("a number between 0.001 and 1000000".to_owned()),
    }
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id has twelve digits".to_owned())
    }
}

#[expect(clippy::print_stderr, reason = "an example talks to people")]
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(cause) = error.source() {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let roles = roles(arguments)?;
    let mut sim = Sim::builder()
        .seed(arguments.seed)
        .region(&arguments.region)
        .lag(!arguments.no_lag)
        .throttling(!arguments.no_throttling)
        .wall_clock(1.0)
        .latency_scale(1.0 / arguments.speed);
    for (id, _) in &roles {
        sim = sim.account(id);
    }
    let sim = sim.build();
    let door = sim.http_door_with(&HttpDoorOptions::new().port(arguments.port))?;
    let kafka = sim.kafka_door_with(
        Standing::Inside,
        &KafkaDoorOptions::new().port(arguments.kafka_port),
    )?;
    let temporary = tempfile::Builder::new()
        .prefix("sim_server-ca-")
        .suffix(".pem")
        .tempfile()?;
    let authority: &Path = arguments.ca_file.as_deref().unwrap_or(temporary.path());
    std::fs::write(authority, kafka.ca_pem())?;

    let signals = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    signals.block_on(async {
        // Listened for before anybody knows that the server is there.
        let stop = Stop::new()?;
        say(&first_line(&sim, &door, &kafka, authority, &roles))?;
        stop.requested().await
    })?;
    door.close();
    Ok(())
}

/// The accounts, and what each is for.
fn roles(arguments: &Arguments) -> Result<Vec<(String, &'static str)>, Box<dyn Error>> {
    let mut roles = vec![
        (arguments.source.clone(), "source"),
        (arguments.warehouse.clone(), "warehouse"),
    ];
    roles.extend(arguments.account.iter().map(|id| (id.clone(), "other")));
    let mut ids: Vec<&String> = roles.iter().map(|(id, _)| id).collect();
    ids.sort();
    if ids.windows(2).any(|two| two[0] == two[1]) {
        return Err("every account must have an id of its own".into());
    }
    Ok(roles)
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Ctrl-C and, where there is one, SIGTERM.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn requested(mut self) -> std::io::Result<()> {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        Ok(())
    }
}

#[cfg(not(unix))]
impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn requested(self) -> std::io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
