//! An SDK's HTTP client that goes through a socket: what every other language's SDK does.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Configuration for SDK clients that call `endpoint` once and give up after two seconds without an answer.
pub(crate) fn config(endpoint: &str, credentials: Credentials, headers: &[(&str, &str)]) -> SdkConfig {
    let headers = headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("ap-south-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(Relay { headers })
        .build()
}

/// Opens a connection for each call, and adds headers that are not signed.
#[derive(Debug, Clone)]
struct Relay {
    headers: Vec<(String, String)>,
}

impl HttpClient for Relay {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Relay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let relay = self.clone();
        HttpConnectorFuture::new(async move {
            match tokio::time::timeout(Duration::from_secs(2), relay.exchange(request)).await {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(cause)) => Err(ConnectorError::io(cause.into())),
                Err(_) => Err(ConnectorError::timeout("no answer".into())),
            }
        })
    }
}

impl Relay {
    async fn exchange(self, request: HttpRequest) -> std::io::Result<HttpResponse> {
        let uri: http::Uri = request.uri().parse().unwrap();
        let authority = uri.authority().unwrap().as_str();
        let body = request.body().bytes().unwrap();
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let mut head = format!("{} {target} HTTP/1.1\r\nhost: {authority}\r\n", request.method());
        let signed = request
            .headers()
            .iter()
            .filter(|(name, _)| !["host", "content-length"].contains(name));
        for (name, value) in signed {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        ));
        let mut stream = TcpStream::connect(authority).await?;
        stream.write_all(&[head.as_bytes(), body].concat()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        understand(&answer)
    }
}

fn understand(answer: &[u8]) -> std::io::Result<HttpResponse> {
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let mut lines = head.lines();
    let status: u16 = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let mut response = http::Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    let response = response.body(SdkBody::from(&answer[end + 4..])).unwrap();
    Ok(HttpResponse::try_from(response).unwrap())
}
