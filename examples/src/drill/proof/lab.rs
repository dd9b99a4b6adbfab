//! A deployed pipeline in a simulator, changed by hand and looked at by both judges.

use super::change::{Call, Mutant, Step};
use super::{Judged, Verdict};
use crate::drill::{Ground, Trouble};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;
use xacct::Deployment;
use xacct::net::outputs::{LinkOutputs, NetworkOutputs};
use xacct::net::proof::{Answer, Question, Report, Severity};
use xacct_sim::Sim;
use xacct_sim::probe::{Open, Standpoint};

/// Until everybody sees a change: longer than anything that becomes visible late.
const SETTLED: Duration = Duration::from_secs(1_200);

/// A simulator with a deployed pipeline.
pub struct Lab {
    /// The accounts.
    pub sim: Sim,
    /// What was deployed.
    pub deployment: Deployment,
    /// The internet gateway of each account's VPC, made where there was none: a target that leads astray.
    pub astray: BTreeMap<String, String>,
}

impl Lab {
    /// Deploys what stands on `ground`.
    ///
    /// # Errors
    /// What the deployment says.
    pub fn deploy(ground: &Ground) -> Result<Self, Trouble> {
        let sim = ground.world(7).build();
        let deployment = sim.run(async { ground.pipeline(&sim).await?.deploy().await })?;
        let mut lab = Self {
            sim,
            deployment,
            astray: BTreeMap::new(),
        };
        for account in ground.accounts() {
            let gateway = lab.gateway(&account)?;
            lab.astray.insert(account, gateway);
        }
        lab.wait();
        Ok(lab)
    }

    fn gateway(&self, account: &str) -> Result<String, Trouble> {
        let vpc = self.network(account).vpc.id.to_string();
        let filter = json!({ "Filter": [{ "Name": "attachment.vpc-id", "Value": [vpc] }] });
        let found = self.call(account, "ec2", "DescribeInternetGateways", filter)?;
        if let Some(id) = found["internetGatewaySet"][0]["internetGatewayId"].as_str() {
            return Ok(id.to_owned());
        }
        let made = self.call(account, "ec2", "CreateInternetGateway", json!({}))?;
        let id = text(&made["internetGateway"]["internetGatewayId"])?;
        let attach = json!({ "InternetGatewayId": id, "VpcId": vpc });
        self.call(account, "ec2", "AttachInternetGateway", attach)?;
        Ok(id)
    }

    /// The network's outputs.
    #[must_use]
    pub fn link(&self) -> &LinkOutputs {
        &self.deployment.outputs().network
    }

    /// The network of an account.
    #[must_use]
    pub fn network(&self, account: &str) -> &NetworkOutputs {
        let link = self.link();
        if link.source.vpc.account.as_str() == account {
            &link.source
        } else {
            &link.warehouse
        }
    }

    /// The source's account, then the warehouse's.
    #[must_use]
    pub fn accounts(&self) -> [&str; 2] {
        let link = self.link();
        [
            link.source.vpc.account.as_str(),
            link.warehouse.vpc.account.as_str(),
        ]
    }

    /// The other account.
    #[must_use]
    pub fn other<'a>(&'a self, account: &str) -> &'a str {
        let [source, warehouse] = self.accounts();
        if source == account { warehouse } else { source }
    }

    /// The addresses of the brokers.
    #[must_use]
    pub fn brokers(&self) -> Vec<Ipv4Addr> {
        self.sim
            .broker_addresses(self.deployment.outputs().source.cluster.arn.as_str())
    }

    /// Calls a service as the account itself.
    ///
    /// # Errors
    /// What the service answers.
    pub fn call(&self, account: &str, service: &str, operation: &str, params: Json) -> Result<Json, Trouble> {
        let answer = self.sim.call(account, service, operation, params);
        answer.map_err(|error| format!("{operation}: {} {}", error.code, error.message).into())
    }

    fn wait(&self) {
        // The simulator's own runtime: virtual time jumps.
        #[expect(clippy::disallowed_methods, reason = "this is the simulator's clock")]
        self.sim.run(async { tokio::time::sleep(SETTLED).await });
    }

    /// Makes a change, asks both judges, and takes it back.
    ///
    /// # Errors
    /// Where the change cannot be made or taken back.
    pub fn judge(&self, mutant: &Mutant) -> Result<Judged, Trouble> {
        let mut memory = BTreeMap::new();
        let named = |error: Trouble| -> Trouble { format!("{}: {error}", mutant.name).into() };
        self.carry_out(&mutant.steps, &mut memory).map_err(named)?;
        let judged = self.look(&mutant.name)?;
        self.carry_out(&mutant.undo, &mut memory).map_err(named)?;
        Ok(judged)
    }

    /// # Errors
    /// Where one of the judges finds that the unchanged network does not work.
    pub fn expect_working(&self, when: &str) -> Result<(), Trouble> {
        let judged = self.look("the network as deployed")?;
        if judged.agrees() && !judged.walk.0.contains(['-', '~']) {
            return Ok(());
        }
        Err(format!("{when} the network does not work: {judged:?}").into())
    }

    fn look(&self, name: &str) -> Result<Judged, Trouble> {
        let report = self.sim.run(self.deployment.prove())?;
        let findings = report.findings();
        Ok(Judged {
            name: name.to_owned(),
            proof: verdict_of(&report),
            walk: self.walk(&report),
            findings: findings.iter().map(ToString::to_string).collect(),
        })
    }

    fn carry_out(&self, steps: &[Step], memory: &mut BTreeMap<&'static str, String>) -> Result<(), Trouble> {
        for step in steps {
            match step {
                Step::Wait => self.wait(),
                Step::Call(call) => self.carry_out_call(call, memory)?,
            }
        }
        self.wait();
        Ok(())
    }

    fn carry_out_call(
        &self,
        call: &Call,
        memory: &mut BTreeMap<&'static str, String>,
    ) -> Result<(), Trouble> {
        let params = self.resolved(&call.account, &call.params, memory)?;
        let answer = self.call(&call.account, call.service, call.operation, params)?;
        if let Some((name, pointer)) = call.keep {
            let value = answer
                .pointer(pointer)
                .ok_or_else(|| format!("{} gave no {pointer}", call.operation))?;
            memory.insert(name, text(value)?);
        }
        Ok(())
    }

    /// Parameters with what is only known now: `@name` is what an earlier call gave, `@routes-of:<subnet>` and
    /// `@acl-of:<subnet>` are the subnet's associations.
    fn resolved(
        &self,
        account: &str,
        params: &Json,
        memory: &BTreeMap<&'static str, String>,
    ) -> Result<Json, Trouble> {
        let one = |value: &Json| self.resolved(account, value, memory);
        Ok(match params {
            Json::String(name) if name.starts_with('@') => Json::String(self.look_up(account, name, memory)?),
            Json::Array(items) => Json::Array(items.iter().map(one).collect::<Result<_, _>>()?),
            Json::Object(fields) => {
                let resolved = fields.iter().map(|(key, value)| Ok((key.clone(), one(value)?)));
                Json::Object(resolved.collect::<Result<_, Trouble>>()?)
            }
            other => other.clone(),
        })
    }

    fn look_up(
        &self,
        account: &str,
        name: &str,
        memory: &BTreeMap<&'static str, String>,
    ) -> Result<String, Trouble> {
        let (operation, set, id, subnet) = match name.split_once(':') {
            Some(("@routes-of", subnet)) => (
                "DescribeRouteTables",
                "routeTableSet",
                "routeTableAssociationId",
                subnet,
            ),
            Some((_, subnet)) => (
                "DescribeNetworkAcls",
                "networkAclSet",
                "networkAclAssociationId",
                subnet,
            ),
            None => {
                let known = memory.get(name.trim_start_matches('@'));
                return known
                    .cloned()
                    .ok_or_else(|| format!("nothing is known of {name}").into());
            }
        };
        let found = self.call(account, "ec2", operation, json!({}))?;
        let all = found[set].as_array().into_iter().flatten();
        let associations = all.flat_map(|one| one["associationSet"].as_array().into_iter().flatten());
        let mut ours = associations.filter(|association| association["subnetId"] == subnet);
        text(
            &ours
                .next()
                .ok_or_else(|| format!("{subnet} has no association"))?[id],
        )
    }

    /// What the simulator's own walk says to the questions that the proof was asked.
    fn walk(&self, report: &Report) -> Verdict {
        let link = self.link();
        let [source, warehouse] = self.accounts();
        let redshift = standpoints(&link.warehouse, warehouse, link.workgroup_group.as_str());
        let clients = standpoints(&link.source, source, link.client_group.as_str());
        let brokers = self.brokers();
        let reaches = |from: &[Standpoint]| {
            let mut all = from
                .iter()
                .flat_map(|from| brokers.iter().map(move |ip| (from, *ip)));
            letter(all.all(|(from, ip)| self.sim.probe_tcp(from, ip, 9098).is_ok()))
        };
        let api = |service| {
            letter(
                redshift
                    .iter()
                    .all(|from| self.sim.probe_service(from, service).is_ok()),
            )
        };
        let host = self
            .deployment
            .outputs()
            .source
            .cluster
            .bootstrap_host()
            .unwrap_or_default();
        let name = match self
            .sim
            .probe_name(warehouse, link.warehouse.vpc.id.as_str(), host)
        {
            Open::All => '+',
            Open::Some(_) => '~',
            Open::None(_) => '-',
        };
        let asked = report.answer(Question::RedshiftReachesKafkaApi).is_some();
        let kafka = if asked { api("kafka") } else { '.' };
        Verdict(
            [reaches(&redshift), name, api("sts"), kafka, reaches(&clients)]
                .iter()
                .collect(),
        )
    }
}

fn letter(open: bool) -> char {
    if open { '+' } else { '-' }
}

fn standpoints(network: &NetworkOutputs, account: &str, group: &str) -> Vec<Standpoint> {
    let subnets = network.private_subnets.iter();
    subnets
        .map(|subnet| Standpoint {
            account: account.to_owned(),
            subnet: subnet.id.to_string(),
            groups: vec![group.to_owned()],
        })
        .collect()
}

fn verdict_of(report: &Report) -> Verdict {
    let questions = [
        Question::RedshiftReachesBrokers,
        Question::RedshiftResolvesBrokers,
        Question::RedshiftReachesSts,
        Question::RedshiftReachesKafkaApi,
        Question::ProducerReachesBrokers,
    ];
    let of = |answer: &Answer| {
        let worst = answer.findings.iter().map(|finding| finding.severity).max();
        match worst {
            Some(Severity::Broken) => '-',
            Some(Severity::Degraded) => '~',
            _ => '+',
        }
    };
    Verdict(
        questions
            .iter()
            .map(|question| report.answer(*question).map_or('.', of))
            .collect(),
    )
}

/// A value that is a text.
pub(super) fn text(value: &Json) -> Result<String, Trouble> {
    let found = value.as_str().map(str::to_owned);
    found.ok_or_else(|| format!("expected a text, found {value}").into())
}
