//! The in-process door: an HTTP client for SDK configurations that never touches a socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::clock::SimTime;
use crate::dispatch::{self, Arrival, Ending, Served};
use crate::sample;
use crate::sim::{Shared, Sim};
use crate::wire::{Request, Response};

/// How long a client without a read timeout waits for an answer that never comes.
const SILENCE: Duration = Duration::from_secs(60);

/// Configuration for SDK clients: credentials, in-process HTTP, the simulator's clock and sleep.
pub(crate) fn sdk_config(sim: &Sim, credentials: Credentials) -> SdkConfig {
    let region = sim.region();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Door {
            shared: Arc::clone(&sim.shared),
            calls: Arc::default(),
        })
        .time_source(sim.shared.clock.clone())
        .sleep_impl(SharedAsyncSleep::new(ExactSleep))
        .build()
}

#[derive(Debug, Clone)]
struct Door {
    shared: Arc<Shared>,
    /// Calls so far: names the sampled latency of each.
    calls: Arc<AtomicU64>,
}

impl HttpClient for Door {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            door: self.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}

#[derive(Debug, Clone)]
struct Connector {
    door: Door,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.exchange(request).await })
    }
}

impl Connector {
    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let shared = &self.door.shared;
        let request = read(request)?;
        let half = latency(shared, &self.door.calls, &request) / 2;
        let sent_at = depart(shared, half).await;
        shared
            .recording
            .note(shared, sent_at, || Arrival::Http(request.clone()));
        let served = dispatch::serve(&mut shared.lock(), shared.clock.now(), &request);
        let served = wait_for(shared, served).await;
        let silence = self.read_timeout.unwrap_or(SILENCE);
        match come_back(shared, half, &served.ending, silence).await {
            Return::Whole => write(served.response),
            Return::Lost => Err(ConnectorError::io("connection reset by peer".into())),
            Return::Silent => Err(ConnectorError::timeout(
                "no answer within the read timeout".into(),
            )),
        }
    }
}

/// The answer once nothing holds it back any more. A caller who dies on the way is dead for every call.
pub(crate) async fn wait_for(shared: &Shared, mut served: Served) -> Served {
    if served.ending == Ending::Killed {
        shared.killed.send_replace(true);
    }
    while let Some(held) = served.held.take() {
        sleep(held.wait.until.saturating_sub(shared.clock.now())).await;
        rest(shared).await;
        served = dispatch::resume(&mut shared.lock(), shared.clock.now(), held);
    }
    served
}

/// The time of the next call, there and back: 50 to 200 ms as a rule. `calls` counts those of one door.
pub(crate) fn latency(shared: &Shared, calls: &AtomicU64, request: &Request) -> Duration {
    let number = calls.fetch_add(1, Ordering::Relaxed).to_string();
    let access_key = request.scope().map(|scope| scope.access_key).unwrap_or_default();
    sample::duration(&shared.lock().settings, &access_key, "api", &number)
}

/// What came back to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    Whole,
    /// The connection broke.
    Lost,
    /// Nothing came until the caller gave up.
    Silent,
}

/// The way there; gives when it began.
pub(crate) async fn depart(shared: &Shared, half: Duration) -> SimTime {
    rest(shared).await;
    let sent_at = shared.clock.now();
    sleep(half).await;
    rest(shared).await;
    sent_at
}

/// The way back.
pub(crate) async fn come_back(shared: &Shared, half: Duration, ending: &Ending, silence: Duration) -> Return {
    sleep(half).await;
    rest(shared).await;
    let came = match ending {
        Ending::Answered | Ending::Killed => Return::Whole,
        Ending::Late(by) => {
            sleep(*by).await;
            Return::Whole
        }
        Ending::Lost => Return::Lost,
        Ending::Silent => {
            sleep(silence).await;
            Return::Silent
        }
    };
    rest(shared).await;
    came
}

/// The run's own clock: virtual in a run, the wall's in a door with sockets.
#[expect(
    clippy::disallowed_methods,
    reason = "this is what the configured sleep does, too"
)]
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(whole_milliseconds(duration)).await;
}

/// Tokio's timers count milliseconds from a start that differs by fractions of one from run to run. Durations of whole
/// milliseconds end in the same order every time.
fn whole_milliseconds(duration: Duration) -> Duration {
    let rest = duration.subsec_nanos() % 1_000_000;
    if rest == 0 {
        return duration;
    }
    duration + Duration::from_nanos(u64::from(1_000_000 - rest))
}

/// Tokio's sleep in whole milliseconds.
#[derive(Debug)]
struct ExactSleep;

impl AsyncSleep for ExactSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(sleep(duration))
    }
}

/// Hangs for ever while the caller is dead: nobody is left who could see an answer.
async fn rest(shared: &Shared) {
    if *shared.killed.borrow() {
        std::future::pending::<()>().await;
    }
}

fn read(request: HttpRequest) -> Result<Request, ConnectorError> {
    let body = request
        .body()
        .bytes()
        .ok_or_else(|| ConnectorError::user("streaming bodies are not modelled".into()))?;
    let uri: http::Uri = request
        .uri()
        .parse()
        .map_err(|cause: http::uri::InvalidUri| ConnectorError::user(cause.into()))?;
    let mut headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    // The SDK signs the host but leaves the header to the HTTP client.
    if !headers.iter().any(|(name, _)| name == "host") {
        let host = uri
            .authority()
            .map(|authority| authority.as_str().to_owned())
            .unwrap_or_default();
        headers.push(("host".to_owned(), host));
    }
    Ok(Request {
        method: request.method().to_owned(),
        host: uri.host().unwrap_or_default().to_owned(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.to_vec(),
    })
}

fn write(response: Response) -> Result<HttpResponse, ConnectorError> {
    let mut built = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        built = built.header(name, value);
    }
    let built = built
        .body(SdkBody::from(response.body))
        .map_err(|cause| ConnectorError::user(cause.into()))?;
    HttpResponse::try_from(built).map_err(|cause| ConnectorError::user(cause.into()))
}
