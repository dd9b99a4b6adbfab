//! The workgroup: compute inside private subnets, with enhanced VPC routing.

use super::{BUSY, NamespaceOut, Serverless, TAG, WORKGROUP, taken};
use aws_sdk_redshiftserverless::operation::update_workgroup::builders::UpdateWorkgroupFluentBuilder;
use aws_sdk_redshiftserverless::types::{ConfigParameter, NamespaceStatus, Workgroup, WorkgroupStatus};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use xacct_converge::{
    Context, Decision, Failure, Inputs, Needs, Ready, Reason, Resource, Settled, Timing, Value,
};
use xacct_types::{SecurityGroupId, SubnetId, Tags};

/// A workgroup that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WorkgroupOut {
    /// Its name.
    pub name: String,
    /// Its ARN, which holds its id and not its name.
    pub arn: String,
    /// Its id.
    pub id: String,
    /// The endpoint for SQL clients inside the network, `host:port`.
    pub endpoint: Option<String>,
}

impl WorkgroupOut {
    pub(super) fn of(seen: &Workgroup) -> Self {
        let endpoint = seen.endpoint().and_then(|endpoint| {
            Some(format!(
                "{}:{}",
                endpoint.address()?,
                endpoint.port().unwrap_or(5439)
            ))
        });
        Self {
            name: seen.workgroup_name().unwrap_or_default().to_owned(),
            arn: seen.workgroup_arn().unwrap_or_default().to_owned(),
            id: seen.workgroup_id().unwrap_or_default().to_owned(),
            endpoint,
        }
    }
}

pub(super) struct WorkgroupResource {
    pub(super) service: Serverless,
    pub(super) seen: Option<Workgroup>,
    pub(super) tags: Option<Tags>,
    pub(super) namespace: Value<NamespaceOut>,
    pub(super) subnets: Vec<Value<SubnetId>>,
    pub(super) groups: Vec<Value<SecurityGroupId>>,
    pub(super) after: Vec<Ready>,
}

/// The configuration parameter that lets identifiers keep their case.
const CASE: &str = "enable_case_sensitive_identifier";

fn sorted<T: ToString>(list: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut list: Vec<String> = list.into_iter().map(|item| item.to_string()).collect();
    list.sort();
    list
}

/// Whether the workgroup lets identifiers keep their case now.
fn case_sensitive(seen: &Workgroup) -> bool {
    let mut parameters = seen.config_parameters().iter();
    parameters.any(|p| p.parameter_key() == Some(CASE) && p.parameter_value() == Some("true"))
}

impl WorkgroupResource {
    fn reasons(&self, seen: &Workgroup, known: &Inputs<'_>) -> Vec<Reason> {
        let spec = &self.service.spec;
        let mut reasons = Vec::new();
        let capacity = seen.base_capacity().unwrap_or_default();
        if u32::try_from(capacity) != Ok(spec.base_capacity) {
            reasons.push(Reason::differs("base capacity", capacity, spec.base_capacity));
        }
        if seen.enhanced_vpc_routing() != Some(true) {
            reasons.push(Reason::differs("enhanced VPC routing", "off", "on"));
        }
        if seen.publicly_accessible() == Some(true) {
            reasons.push(Reason::differs("publicly accessible", "yes", "no"));
        }
        if spec.case_sensitive != case_sensitive(seen) {
            reasons.push(Reason::differs(CASE, case_sensitive(seen), spec.case_sensitive));
        }
        compare(
            &mut reasons,
            "security groups",
            seen.security_group_ids(),
            known.all_known(&self.groups),
        );
        compare(
            &mut reasons,
            "subnets",
            seen.subnet_ids(),
            known.all_known(&self.subnets),
        );
        reasons
    }

    fn parameters(&self) -> Vec<ConfigParameter> {
        let parameter = ConfigParameter::builder().parameter_key(CASE);
        let on = self.service.spec.case_sensitive.to_string();
        vec![parameter.parameter_value(on).build()]
    }

    /// One kind of change; the service takes one a call.
    fn change(&self, reason: &Reason, inputs: &Inputs<'_>) -> Result<UpdateWorkgroupFluentBuilder, Failure> {
        let spec = &self.service.spec;
        let update = self
            .service
            .client
            .update_workgroup()
            .workgroup_name(&spec.workgroup);
        Ok(match reason.attribute.as_str() {
            "base capacity" => update.base_capacity(i32::try_from(spec.base_capacity).unwrap_or(i32::MAX)),
            "enhanced VPC routing" => update.enhanced_vpc_routing(true),
            "publicly accessible" => update.publicly_accessible(false),
            "security groups" => update.set_security_group_ids(Some(sorted(inputs.get_all(&self.groups)?))),
            "subnets" => update.set_subnet_ids(Some(sorted(inputs.get_all(&self.subnets)?))),
            _ => update.set_config_parameters(Some(self.parameters())),
        })
    }

    /// What it still waits for; `None` when workgroup and namespace are both available.
    async fn waiting(&self, cx: &Context) -> Result<Result<Workgroup, String>, Failure> {
        let Some(seen) = self.service.get_workgroup(cx).await? else {
            return Ok(Err("the workgroup to be visible".into()));
        };
        if seen.status() != Some(&WorkgroupStatus::Available) {
            let state = seen.status().map_or("no state", WorkgroupStatus::as_str);
            return Ok(Err(format!("the workgroup to be AVAILABLE (now {state})")));
        }
        // Making a workgroup puts its namespace into MODIFYING for a while.
        let namespace = self.service.get_namespace(cx).await?;
        let state = namespace.as_ref().and_then(|namespace| namespace.status());
        if state != Some(&NamespaceStatus::Available) {
            return Ok(Err("the namespace to be AVAILABLE again".into()));
        }
        Ok(Ok(seen))
    }
}

/// Adds a reason where two lists differ, or where what is wanted is not known yet.
fn compare<T: ToString>(reasons: &mut Vec<Reason>, what: &str, old: &[String], new: Option<Vec<T>>) {
    let old = sorted(old);
    match new.map(sorted) {
        Some(new) if new == old => {}
        Some(new) => reasons.push(Reason::differs(what, old.join(", "), new.join(", "))),
        None => reasons.push(Reason::follows(what, old.join(", "))),
    }
}

impl Resource for WorkgroupResource {
    type Output = WorkgroupOut;

    fn kind(&self) -> &'static str {
        "AWS::RedshiftServerless::Workgroup"
    }

    fn needs(&self) -> Needs {
        let needs = Needs::none()
            .value(&self.namespace)
            .values(&self.subnets)
            .values(&self.groups);
        needs.after_all(self.after.clone())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<WorkgroupOut> {
        let Some(seen) = &self.seen else {
            return Decision::create();
        };
        let settled = seen.status() == Some(&WorkgroupStatus::Available);
        let mut reasons = self.reasons(seen, known);
        reasons.extend(self.service.tag_reasons(self.tags.as_ref(), WORKGROUP));
        Decision::update(WorkgroupOut::of(seen), reasons).settled(settled)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<WorkgroupOut, Failure> {
        let (spec, tags) = (&self.service.spec, self.service.tags(WORKGROUP)?);
        let (subnets, groups) = (
            sorted(inputs.get_all(&self.subnets)?),
            sorted(inputs.get_all(&self.groups)?),
        );
        let namespace = inputs.get(&self.namespace)?;
        let capacity = i32::try_from(spec.base_capacity).unwrap_or(i32::MAX);
        let call = cx.once("redshift-serverless:CreateWorkgroup");
        let answer = call.run(|| {
            let create = self.service.client.create_workgroup();
            create
                .workgroup_name(&spec.workgroup)
                .namespace_name(&namespace.name)
                .base_capacity(capacity)
                .enhanced_vpc_routing(true)
                .publicly_accessible(false)
                .set_subnet_ids(Some(subnets.clone()))
                .set_security_group_ids(Some(groups.clone()))
                .set_config_parameters(spec.case_sensitive.then(|| self.parameters()))
                .set_tags(Some(tags.clone()))
                .send()
        });
        let answer = match answer.await {
            Ok(answer) => answer.workgroup,
            Err(failure) if taken(&failure) => self.service.observe(cx).await?.workgroup,
            Err(failure) => return Err(failure),
        };
        let none = || Failure::bug("the service made a workgroup and showed none");
        Ok(WorkgroupOut::of(&answer.ok_or_else(none)?))
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<WorkgroupOut>, Failure> {
        Ok(self
            .service
            .observe(cx)
            .await?
            .workgroup
            .as_ref()
            .map(WorkgroupOut::of))
    }

    async fn configure(
        &self,
        current: WorkgroupOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<WorkgroupOut, Failure> {
        self.service.retag(&current.arn, reasons, cx).await?;
        for reason in reasons.iter().filter(|reason| !reason.attribute.starts_with(TAG)) {
            let start = cx.now();
            while let Err(why) = self.waiting(cx).await? {
                if cx.since(start) > self.timing().patience {
                    return Err(Failure::terminal("wait", format!("still waiting for {why}")));
                }
                cx.sleep(Duration::from_secs(5)).await;
            }
            let update = self.change(reason, inputs)?;
            let call = cx.idempotent("redshift-serverless:UpdateWorkgroup").not_yet(BUSY);
            call.run(|| update.clone().send()).await?;
        }
        Ok(current)
    }

    async fn settle(
        &self,
        _: &WorkgroupOut,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<WorkgroupOut>, Failure> {
        Ok(match self.waiting(cx).await? {
            Ok(seen) => Settled::Ready(WorkgroupOut::of(&seen)),
            Err(why) => Settled::Waiting(why),
        })
    }

    async fn delete(&self, current: &WorkgroupOut, cx: &Context) -> Result<(), Failure> {
        let call = cx.idempotent("redshift-serverless:DeleteWorkgroup").busy(BUSY);
        let answer = call
            .run(|| {
                self.service
                    .client
                    .delete_workgroup()
                    .workgroup_name(&current.name)
                    .send()
            })
            .await;
        super::found(answer).map(|_| ())
    }

    async fn gone(&self, _: &WorkgroupOut, cx: &Context) -> Result<bool, Failure> {
        Ok(self.service.get_workgroup(cx).await?.is_none())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(150, 120).patience(7200)
    }
}
