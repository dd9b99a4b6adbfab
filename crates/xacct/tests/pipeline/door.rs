//! An HTTP client that counts calls before they go out, for tests that switch between deployers.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::sync::Arc;
use tokio::sync::watch;
use xacct::SdkConfig;

/// Counts the calls of one deployer.
#[derive(Debug, Clone)]
pub(crate) struct Counter(Arc<watch::Sender<u64>>);

impl Counter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// The same configuration, with every call counted before it goes out.
    pub(crate) fn counted(&self, config: &SdkConfig) -> SdkConfig {
        let client = Counted {
            inner: config.http_client().expect("the simulator's"),
            counter: self.clone(),
        };
        config.to_builder().http_client(client).build()
    }

    /// Waits until call number `n` (from 1) goes out.
    pub(crate) async fn reached(&self, n: u64) {
        let mut seen = self.0.subscribe();
        // The sender lives as long as `self`.
        let _ = seen.wait_for(|count| *count >= n).await;
    }

    /// How many calls went out.
    pub(crate) fn count(&self) -> u64 {
        *self.0.borrow()
    }
}

#[derive(Debug)]
struct Counted {
    inner: SharedHttpClient,
    counter: Counter,
}

impl HttpClient for Counted {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Wire {
            inner: self.inner.http_connector(settings, components),
            counter: self.counter.clone(),
        })
    }
}

#[derive(Debug)]
struct Wire {
    inner: SharedHttpConnector,
    counter: Counter,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, counter) = (self.inner.clone(), self.counter.clone());
        HttpConnectorFuture::new(async move {
            counter.0.send_modify(|count| *count += 1);
            inner.call(request).await
        })
    }
}
