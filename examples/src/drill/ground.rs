//! The ground on which a drill is held: two simulated accounts and a specification between them.

use super::Trouble;
use super::brokers::SimulatedAdmin;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xacct::{Pipeline, PipelineSpec};
use xacct_sim::{Inventory, Sim, SimBuilder};

/// Where simulated time begins: 1 January 2026, so that every drill of a seed is the same.
const BEGINNING: Duration = Duration::from_secs(1_767_225_600);

/// A specification and the accounts that it names.
#[derive(Debug, Clone)]
pub struct Ground {
    spec: PipelineSpec,
}

impl Ground {
    /// The ground of a specification.
    pub fn new(spec: PipelineSpec) -> Self {
        Self { spec }
    }

    /// The ground of a specification file, or of the tutorial's.
    ///
    /// # Errors
    /// The file cannot be read, or says what cannot be deployed.
    pub fn read(file: Option<&Path>) -> Result<Self, Trouble> {
        let spec = match file {
            Some(file) => PipelineSpec::from_toml(&std::fs::read_to_string(file)?)?,
            None => PipelineSpec::from_toml(include_str!("../../specs/tutorial.toml"))?,
        };
        Ok(Self::new(spec))
    }

    /// What is deployed.
    pub fn spec(&self) -> &PipelineSpec {
        &self.spec
    }

    /// The accounts, each once: the source's, the warehouse's.
    pub fn accounts(&self) -> Vec<String> {
        let (source, warehouse) = (&self.spec.source.account, &self.spec.warehouse.account);
        let mut accounts = vec![source.to_string(), warehouse.to_string()];
        accounts.dedup();
        accounts
    }

    /// A simulator with the accounts of the specification, nothing in them, and the beginning of time.
    pub fn world(&self, seed: u64) -> SimBuilder {
        let builder = Sim::builder().seed(seed).region(self.spec.region.to_string());
        let builder = builder.epoch(epoch());
        self.accounts()
            .into_iter()
            .fold(builder, |builder, account| builder.account(account))
    }

    /// The pipeline in `sim`, as the administrators of both accounts, with topics made without sockets.
    ///
    /// # Errors
    /// As [`Pipeline::new`].
    pub async fn pipeline(&self, sim: &Sim) -> Result<Pipeline, xacct::Error> {
        let (source, warehouse) = (
            self.spec.source.account.as_str(),
            self.spec.warehouse.account.as_str(),
        );
        let configs = (sim.sdk_config(source), sim.sdk_config(warehouse));
        let pipeline = Pipeline::new(self.spec.clone(), configs.0, configs.1).await?;
        let (access_key, _) = sim.administrator_key(source);
        Ok(pipeline.with_topic_admin(Arc::new(SimulatedAdmin(sim.brokers(access_key)))))
    }

    /// Everything that is in the accounts.
    pub fn inventories(&self, sim: &Sim) -> Vec<Inventory> {
        let accounts = self.accounts();
        accounts.iter().map(|account| sim.inventory(account)).collect()
    }
}

fn epoch() -> SystemTime {
    UNIX_EPOCH + BEGINNING
}
