//! `--bench`: this crate against what is written today and against librdkafka alone.
//!
//! Alternating triples in one run on one broker with one configuration, delivery confirmed in all. Ratios
//! are medians over the triples. Where the broker was the limit, and not a thread of this process, rates
//! say little and the ratios are those of CPU seconds.

pub(crate) mod allocations;
mod arms;
mod cluster;
mod gauges;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use msk_clickstream::{Action, ClickEvent, ClickstreamProducer, Page, ProducerBuilder, Quotas, Request};
use serde_json::json;

use crate::{ALLOCATOR, Failure};
use arms::{Idiom, Raw, Ready};
use cluster::Cluster;
use gauges::{Took, Watch, median, resident, waited_for_cpu};

/// A thread that is busy for this part of the time is the limit; if none is, the broker is.
const BUSY: f64 = 0.85;

/// How long sends are watched while tokens are renewed.
const WATCHED: Duration = Duration::from_secs(20);

/// Rounds of the three arms, by name of the topic.
const TOPICS: [&str; 3] = ["ours", "idiom", "raw"];

/// What the three arms took in one round, and encoding alone.
struct Round {
    ours: Took,
    idiom: Took,
    raw: Took,
    encoding: Duration,
}

/// Measures and writes the report.
pub(crate) async fn run(events: usize, rounds: usize, report: Option<&Path>) -> Result<(), Failure> {
    let cluster = Cluster::start();
    for topic in TOPICS.iter().chain(&["latency", "refresh"]) {
        cluster.make(topic).await?;
    }
    println!(
        "broker: {}; {events} events a round, {rounds} rounds",
        cluster.name()
    );
    print_configuration(&builder(&cluster, "ours")?);
    let bench = Bench::new(&cluster, events).await?;
    // Warm: connections, buffers, the broker's own compiler.
    bench.round().await?;
    let mut measured = Vec::new();
    for n in 0..rounds {
        let round = bench.round().await?;
        println!("{:>3}  {}", n + 1, bench.describe(&round));
        measured.push(round);
    }
    let allocations = bench.allocations().await?;
    let peak = bench.peak_memory().await?;
    let [p50, p99] = latency(&cluster).await?;
    let stall = refresh_stall(&cluster).await?;
    let expected = rounds as u64 + 3;
    let landed = cluster.landed("ours");
    let times = bench
        .events
        .iter()
        .map(|event| landed.get(&event.id.to_string()).copied().unwrap_or(0));
    let lost: u64 = times.clone().map(|times| expected.saturating_sub(times)).sum();
    let doubled: u64 = times.map(|times| times.saturating_sub(expected)).sum();
    let mut written = summarize(&measured, events);
    written["broker"] = json!(cluster.name());
    let more = json!({
        "p50_ms": p50, "p99_ms": p99, "max_refresh_stall_ms": stall,
        "allocations_per_event": allocations, "peak_memory_mb": peak,
        "lost": lost, "duplicated": doubled,
    });
    if let (Some(written), Some(more)) = (written.as_object_mut(), more.as_object()) {
        written.extend(more.clone());
    }
    let text = serde_json::to_string_pretty(&written)?;
    println!("{text}");
    if let Some(path) = report {
        std::fs::write(path, text)?;
    }
    if lost + doubled > 0 {
        return Err(format!("{lost} events were lost and {doubled} doubled").into());
    }
    Ok(())
}

fn builder(cluster: &Cluster, topic: &str) -> Result<ProducerBuilder, Failure> {
    // Paced like any other, at a rate that is never reached: the other arms are not paced.
    let quotas = Quotas::serverless()
        .with_partition_bytes(1 << 40)
        .with_cluster_bytes(1 << 40);
    Ok(ClickstreamProducer::builder(cluster.access(), "unused:9098", topic.parse()?).quotas(quotas))
}

/// The configuration of all three arms.
fn print_configuration(builder: &ProducerBuilder) {
    let config = builder.client_config();
    let mut all: Vec<(&str, &str)> = config
        .config_map()
        .iter()
        .map(|(name, value)| (*name, *value))
        .filter(|(name, _)| *name != "ssl.ca.pem")
        .collect();
    all.sort_unstable();
    let all: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    println!("configuration of all: {}", all.join(" "));
}

/// The three arms, connected, and what they send.
struct Bench {
    ours: ClickstreamProducer,
    idiom: Idiom,
    raw: Raw,
    events: Vec<ClickEvent>,
    ready: Arc<Vec<Ready>>,
}

impl Bench {
    async fn new(cluster: &Cluster, count: usize) -> Result<Self, Failure> {
        let events: Vec<ClickEvent> = (0..count).map(event).collect();
        let ready = events.iter().map(|event| {
            let payload = serde_json::to_vec(event)?;
            Ok((event.visitor.clone().into_bytes(), payload))
        });
        let ready: Vec<Ready> = ready.collect::<Result<_, serde_json::Error>>()?;
        let bytes: usize = ready.iter().map(|(_, payload)| payload.len()).sum();
        println!("{} bytes an event on average", bytes / count.max(1));
        let context = cluster.access().context().await?;
        let config = builder(cluster, "ours")?.client_config();
        Ok(Self {
            ours: builder(cluster, "ours")?.connect().await?,
            idiom: Idiom::new(&config, context.clone(), "idiom")?,
            raw: Raw::new(&config, context, "raw")?,
            events,
            ready: Arc::new(ready),
        })
    }

    async fn round(&self) -> Result<Round, Failure> {
        let watch = Watch::start();
        arms::ours(&self.ours, &self.events).await?;
        let ours = watch.stop();
        let watch = Watch::start();
        self.idiom.send(&self.events).await?;
        let idiom = watch.stop();
        let (raw, ready) = (self.raw.clone(), Arc::clone(&self.ready));
        let watch = Watch::start();
        tokio::task::spawn_blocking(move || raw.send(&ready)).await??;
        let raw = watch.stop();
        let watch = Watch::start();
        let mut buffer = Vec::new();
        for event in &self.events {
            buffer.clear();
            serde_json::to_writer(&mut buffer, event)?;
            std::hint::black_box(&buffer);
        }
        Ok(Round {
            ours,
            idiom,
            raw,
            encoding: watch.stop().cpu,
        })
    }

    fn describe(&self, round: &Round) -> String {
        let one = |name: &str, took: &Took| {
            let rate = self.events.len() as f64 / took.wall.as_secs_f64() / 1_000.0;
            format!("{name} {rate:.0} k/s {:.2} cpu-s", took.cpu.as_secs_f64())
        };
        [
            one("ours", &round.ours),
            one("idiom", &round.idiom),
            one("raw", &round.raw),
        ]
        .join("   ")
    }

    async fn allocations(&self) -> Result<f64, Failure> {
        ALLOCATOR.start();
        arms::ours(&self.ours, &self.events).await?;
        Ok(ALLOCATOR.stop() as f64 / self.events.len() as f64)
    }

    /// What sending needs beyond what was there before, in megabytes.
    async fn peak_memory(&self) -> Result<f64, Failure> {
        let (peak, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let before = resident();
        let looking = {
            let (peak, done) = (Arc::clone(&peak), Arc::clone(&done));
            std::thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    peak.fetch_max(resident(), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(2));
                }
            })
        };
        arms::ours(&self.ours, &self.events).await?;
        done.store(true, Ordering::Relaxed);
        looking.join().map_err(|_| "the look at the memory broke off")?;
        let grown = peak.load(Ordering::Relaxed).saturating_sub(before);
        // What an earlier round left allocated is in use again and does not show as growth.
        let whole = resident().max(before + grown);
        println!(
            "memory: {} MB in all, {} MB more while sending",
            whole >> 20,
            grown >> 20
        );
        Ok(whole as f64 / 1e6)
    }
}

/// An event like those of a shop, about 400 bytes as JSON.
fn event(n: usize) -> ClickEvent {
    let mut request = Request::default();
    request.method = Some("GET".to_owned());
    request.status = Some(200);
    request.bytes = Some(n as u64 % 50_000);
    request.user_agent =
        Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned());
    let page = Page::new(format!("/shop/item/{}?colour=blue", n % 10_007))
        .with_referrer("https://example.org/search");
    ClickEvent::new(
        SystemTime::now(),
        format!("visitor-{:06}", n % 50_021),
        Action::PageView,
    )
    .with_session(format!("session-{:08}", n % 70_001))
    .with_page(page)
    .with_request(request)
}

fn summarize(rounds: &[Round], events: usize) -> serde_json::Value {
    let of = |pick: fn(&Round) -> &Took| {
        let rate = median(
            rounds
                .iter()
                .map(|round| events as f64 / pick(round).wall.as_secs_f64()),
        );
        let cpu = median(rounds.iter().map(|round| pick(round).cpu.as_secs_f64()));
        (rate, cpu)
    };
    let ratio = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let busiest = ratio(|round| round.ours.busiest.as_secs_f64() / round.ours.wall.as_secs_f64());
    let broker_bound = busiest < BUSY;
    let by_rate = [
        ratio(|round| round.idiom.wall.as_secs_f64() / round.ours.wall.as_secs_f64()),
        ratio(|round| round.raw.wall.as_secs_f64() / round.ours.wall.as_secs_f64()),
    ];
    let by_cpu = [
        ratio(|round| round.idiom.cpu.as_secs_f64() / round.ours.cpu.as_secs_f64()),
        ratio(|round| round.raw.cpu.as_secs_f64() / round.ours.cpu.as_secs_f64()),
    ];
    let decisive = if broker_bound { by_cpu } else { by_rate };
    let (ours, idiom, raw) = (of(|r| &r.ours), of(|r| &r.idiom), of(|r| &r.raw));
    json!({
        "events_per_second": ours.0, "cpu_seconds": ours.1,
        "idiom_per_second": idiom.0, "idiom_cpu_seconds": idiom.1,
        "raw_per_second": raw.0, "raw_cpu_seconds": raw.1,
        "ratio_to_idiom": decisive[0], "ratio_to_raw": decisive[1],
        "pairs": rounds.len(), "broker_bound": broker_bound,
        "events_per_round": events, "busiest_thread": busiest,
        "rate_to_idiom": by_rate[0], "rate_to_raw": by_rate[1],
        "cpu_to_idiom": by_cpu[0], "cpu_to_raw": by_cpu[1],
        "encoding_cpu_seconds": median(rounds.iter().map(|round| round.encoding.as_secs_f64())),
        "cpu_over_raw_and_encoding": ratio(|round| {
            round.ours.cpu.as_secs_f64() / (round.raw.cpu + round.encoding).as_secs_f64()
        }),
    })
}

/// Percentiles of `send`, one event every two milliseconds, linger included.
async fn latency(cluster: &Cluster) -> Result<[f64; 2], Failure> {
    let producer = builder(cluster, "latency")?.connect().await?;
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    let mut sending = tokio::task::JoinSet::new();
    for n in 0..2_000 {
        tick.tick().await;
        let producer = producer.clone();
        sending.spawn(async move {
            let start = Instant::now();
            producer
                .send(&event(n))
                .await
                .map(|_| start.elapsed().as_secs_f64() * 1e3)
        });
    }
    let mut all = Vec::new();
    while let Some(end) = sending.join_next().await {
        all.push(end??);
    }
    all.sort_by(f64::total_cmp);
    Ok([all[all.len() / 2], all[all.len() * 99 / 100]])
}

/// The longest that putting an event into the buffer took while credentials lived for ten seconds and
/// tokens were renewed all the time; without what the thread waited for a CPU, in milliseconds.
async fn refresh_stall(cluster: &Cluster) -> Result<f64, Failure> {
    let access = cluster.short_lived(Duration::from_secs(10));
    let producer = ClickstreamProducer::builder(access, "unused:9098", "refresh".parse()?)
        .connect()
        .await?;
    let sending = move || {
        let (start, mut longest, mut pending) = (Instant::now(), Duration::ZERO, Vec::new());
        while start.elapsed() < WATCHED {
            let event = event(pending.len());
            let (waited, sent) = (waited_for_cpu(), Instant::now());
            pending.push(producer.try_send(&event)?);
            let took = sent.elapsed();
            longest = longest.max(took.saturating_sub(waited_for_cpu().saturating_sub(waited)));
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok::<_, Failure>((longest, pending))
    };
    let (longest, pending) = tokio::task::spawn_blocking(sending).await??;
    for pending in pending {
        pending.await?;
    }
    Ok(longest.as_secs_f64() * 1e3)
}
