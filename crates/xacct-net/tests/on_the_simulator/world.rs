//! Two simulated accounts and our view of them.

use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Context, Plan, Report, explain};
use xacct_net::live::Ends;
use xacct_net::outputs::LinkOutputs;
use xacct_net::proof::Options;
use xacct_net::{Egress, LinkError, LinkSpec, Networks};
use xacct_sim::Sim;
use xacct_types::{Owner, PipelineName};

pub(crate) const SOURCE: &str = "111111111111";
pub(crate) const WAREHOUSE: &str = "222222222222";

/// A simulator, and the link that is deployed in it.
pub(crate) struct World {
    pub(crate) sim: Sim,
    pub(crate) spec: LinkSpec,
    pub(crate) pipeline: &'static str,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_seed(7)
    }

    pub(crate) fn with_seed(seed: u64) -> Self {
        let builder = Sim::builder().seed(seed).region("ap-south-1");
        Self {
            sim: builder.account(SOURCE).account(WAREHOUSE).build(),
            spec: LinkSpec::new("ap-south-1".parse().unwrap()),
            pipeline: "clicks",
        }
    }

    pub(crate) fn egress(mut self, egress: Egress) -> Self {
        self.spec.warehouse.egress = Some(egress);
        self
    }

    pub(crate) fn networks(&self, generation: u64) -> Networks {
        let owner = Owner::new(PipelineName::new(self.pipeline).unwrap());
        let (source, warehouse) = (self.sim.sdk_config(SOURCE), self.sim.sdk_config(WAREHOUSE));
        Networks::new(
            self.spec.resolve().unwrap(),
            &owner,
            generation,
            &source,
            &warehouse,
        )
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(ConfigClock::of(&self.sim.sdk_config(SOURCE)), 1)
    }

    pub(crate) fn try_deploy(&self, generation: u64) -> Result<LinkOutputs, LinkError> {
        let networks = self.networks(generation);
        self.sim
            .run(async move { networks.deploy(&self.context()).await })
    }

    pub(crate) fn deploy(&self) -> LinkOutputs {
        let done = self.try_deploy(1);
        done.unwrap_or_else(|error| panic!("{}", explain(&error)))
    }

    pub(crate) fn plan(&self) -> Plan {
        let networks = self.networks(2);
        self.sim
            .run(async move { networks.plan(&self.context()).await })
            .unwrap()
    }

    pub(crate) fn try_remove(&self) -> Result<(), LinkError> {
        let networks = self.networks(3);
        self.sim
            .run(async move { networks.remove(&self.context()).await })
    }

    pub(crate) fn remove(&self) {
        let done = self.try_remove();
        done.unwrap_or_else(|error| panic!("{}", explain(&error)));
    }

    pub(crate) fn verify(&self, outputs: &LinkOutputs) -> Report {
        let networks = self.networks(4);
        let options = Options {
            kafka_api: self.spec.warehouse.egress != Some(Egress::StsEndpoint),
            ..Options::default()
        };
        let verified = async {
            networks
                .verify(outputs, &Ends::default(), &options, &self.context())
                .await
        };
        self.sim.run(verified).unwrap()
    }

    pub(crate) fn ec2(&self, account: &str, operation: &str, params: Json) -> Json {
        let answer = self.sim.call(account, "ec2", operation, params);
        answer.unwrap_or_else(|error| panic!("{operation}: {} {}", error.code, error.message))
    }

    pub(crate) fn resolver(&self, operation: &str, params: Json) -> Json {
        let answer = self.sim.call(WAREHOUSE, "route53resolver", operation, params);
        answer.unwrap_or_else(|error| panic!("{operation}: {} {}", error.code, error.message))
    }

    /// Lets time pass until everybody sees what was changed by hand.
    pub(crate) fn wait(&self) {
        let cx = self.context();
        self.sim
            .run(async move { cx.sleep(Duration::from_secs(120)).await });
    }

    /// Both accounts as they are: one line a resource, without physical ids.
    pub(crate) fn inventory(&self) -> BTreeSet<String> {
        let of = |account| serde_json::to_value(self.sim.inventory(account)).unwrap();
        let (source, warehouse) = (of(SOURCE), of(WAREHOUSE));
        let both = [&source, &warehouse]
            .into_iter()
            .flat_map(|one| one["resources"].as_array().unwrap());
        both.map(|resource| sorted(resource).to_string()).collect()
    }

    /// How many writing calls were made so far.
    pub(crate) fn writes(&self) -> usize {
        let log = self.sim.call_log();
        log.iter().filter(|entry| !entry.read_only).count()
    }

    pub(crate) fn reads(&self) -> usize {
        let log = self.sim.call_log();
        log.iter().filter(|entry| entry.read_only).count()
    }
}

/// The same value with its lists sorted: they stand in the order of physical ids.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(sorted).collect();
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        Json::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), sorted(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Fails with what one inventory has and the other lacks.
pub(crate) fn assert_same(found: &BTreeSet<String>, wanted: &BTreeSet<String>, what: &str) {
    let (extra, missing): (Vec<_>, Vec<_>) = (
        found.difference(wanted).collect(),
        wanted.difference(found).collect(),
    );
    assert!(
        extra.is_empty() && missing.is_empty(),
        "{what}: extra {extra:#?}, missing {missing:#?}"
    );
}
