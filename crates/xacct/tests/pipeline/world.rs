//! Two simulated accounts, a way to the brokers, and the pipeline between them.

use serde_json::{Value as Json, json};
use xacct::{Deployment, Error, Pipeline, PipelineSpec, explain};
use xacct_sim::{KafkaDoor, Sim, Standing};

pub(crate) const SOURCE: &str = "111111111111";
pub(crate) const WAREHOUSE: &str = "222222222222";
pub(crate) const REGION: &str = "ap-south-1";

pub(crate) const TUTORIAL: &str = r#"
name = "clicks"
region = "ap-south-1"
[source]
account = "111111111111"
[warehouse]
account = "222222222222"
"#;

pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) door: KafkaDoor,
    pub(crate) spec: PipelineSpec,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::standing(Standing::Inside, 7)
    }

    pub(crate) fn at(epoch: std::time::SystemTime, seed: u64) -> Self {
        let builder = Sim::builder().seed(seed).region(REGION).epoch(epoch);
        let sim = builder.account(SOURCE).account(WAREHOUSE).build();
        let door = sim.kafka_door(Standing::Inside).unwrap();
        Self {
            sim,
            door,
            spec: PipelineSpec::from_toml(TUTORIAL).unwrap(),
        }
    }

    pub(crate) fn standing(standing: Standing, seed: u64) -> Self {
        let sim = Sim::builder()
            .seed(seed)
            .region(REGION)
            .account(SOURCE)
            .account(WAREHOUSE)
            .build();
        let door = sim.kafka_door(standing).unwrap();
        Self {
            sim,
            door,
            spec: PipelineSpec::from_toml(TUTORIAL).unwrap(),
        }
    }

    pub(crate) fn with_spec(mut self, spec: PipelineSpec) -> Self {
        self.spec = spec;
        self
    }

    pub(crate) async fn pipeline(&self) -> Result<Pipeline, Error> {
        let configs = (self.sim.sdk_config(SOURCE), self.sim.sdk_config(WAREHOUSE));
        let pipeline = Pipeline::new(self.spec.clone(), configs.0, configs.1).await?;
        let (brokers, pem) = (self.door.bootstrap(), self.door.ca_pem().to_owned());
        Ok(pipeline.with_kafka_access(|access| access.with_bootstrap(brokers).with_ca_pem(pem)))
    }

    pub(crate) fn deploy(&self) -> Deployment {
        self.try_deploy()
            .unwrap_or_else(|error| panic!("{}", explain(&error)))
    }

    pub(crate) fn try_deploy(&self) -> Result<Deployment, Error> {
        self.sim.run(async { self.pipeline().await?.deploy().await })
    }

    pub(crate) fn destroy(&self) {
        let removed = self
            .sim
            .run(async { self.pipeline().await?.allow_data_loss().destroy().await });
        removed.unwrap_or_else(|error| panic!("{}", explain(&error)));
    }

    /// Calls a simulated service as the account itself.
    pub(crate) fn call(&self, account: &str, service: &str, operation: &str, params: Json) -> Json {
        let answer = self.sim.call(account, service, operation, params);
        answer.unwrap_or_else(|error| panic!("{service}:{operation}: {error:?}"))
    }

    pub(crate) fn ec2(&self, account: &str, operation: &str, params: Json) -> Json {
        self.call(account, "ec2", operation, params)
    }

    /// Both inventories, as text that can be compared and shown.
    pub(crate) fn inventories(&self) -> String {
        let of = |account| serde_json::to_string_pretty(&self.sim.inventory(account)).unwrap();
        format!("{}\n{}", of(SOURCE), of(WAREHOUSE))
    }

    /// Sends `records` through the Kafka protocol, in real time.
    pub(crate) fn produce(&self, deployment: &Deployment, records: Vec<Vec<u8>>) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let producer = deployment.producer().await.unwrap();
            let sent = records.len() as u64;
            let records = records.into_iter().map(|payload| (None, payload));
            let summary = producer.send_all_bytes(futures_util::stream::iter(records)).await;
            assert_eq!((summary.delivered, summary.failed.len()), (sent, 0));
            producer.close(std::time::Duration::from_secs(10)).await;
        });
    }

    /// The calls that changed something since `from` (a position in the call log).
    pub(crate) fn writes_since(&self, from: usize) -> Vec<String> {
        let log = self.sim.call_log();
        let writes = log[from..].iter().filter(|entry| !entry.read_only);
        writes
            .map(|entry| format!("{} {}:{}", entry.account, entry.service, entry.operation))
            .collect()
    }
}

/// A filter of EC2.
pub(crate) fn filter(name: &str, value: &str) -> Json {
    json!({ "Filter": [{ "Name": name, "Value": [value] }] })
}
