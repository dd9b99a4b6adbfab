//! The forward rule, and its association with the warehouse's VPC.

use crate::blueprint::DNS_PORT;
use crate::outputs::{ResolverEndpointInfo, VpcInfo};
use crate::site::{IN_USE, Site, Usable, gone_is_fine, pick, unreadable};
use aws_sdk_route53resolver::types::{
    ResolverRule, ResolverRuleAssociation, ResolverRuleAssociationStatus as Association, ResolverRuleConfig,
    ResolverRuleStatus as Status, RuleTypeOption, TargetAddress,
};
use std::net::Ipv4Addr;
use std::time::Duration;
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::{ResolverEndpointId, ResolverRuleId};

const ABSENT: &str = "ResourceNotFoundException";
const ROUNDS: usize = 4;
/// How long another update of the rule is waited for, and how often.
const UPDATE_PATIENCE: Duration = Duration::from_secs(600);
const UPDATE_PAUSE: Duration = Duration::from_secs(10);

/// A rule that forwards the domain to the inbound endpoint's addresses.
pub(crate) struct RuleNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    pub(crate) domain: String,
    pub(crate) outbound: Usable<ResolverEndpointInfo>,
    pub(crate) inbound: Usable<ResolverEndpointInfo>,
}

fn id(rule: &ResolverRule) -> Option<ResolverRuleId> {
    rule.id()?.parse().ok()
}

/// Addresses and ports that a rule forwards to, sorted.
pub(crate) fn targets(rule: &ResolverRule) -> Vec<(Ipv4Addr, u16)> {
    let read = |target: &TargetAddress| {
        let port = target
            .port()
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or(DNS_PORT);
        Some((target.ip()?.parse().ok()?, port))
    };
    let mut found: Vec<(Ipv4Addr, u16)> = rule.target_ips().iter().filter_map(read).collect();
    found.sort_unstable();
    found
}

fn shown(targets: &[(Ipv4Addr, u16)]) -> String {
    let shown: Vec<String> = targets.iter().map(|(ip, port)| format!("{ip}:{port}")).collect();
    shown.join(", ")
}

/// A domain without the dot that Resolver adds.
pub(crate) fn domain(rule: &ResolverRule) -> String {
    rule.domain_name()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_ascii_lowercase()
}

impl RuleNode {
    fn resource(&self) -> String {
        self.site.side.name("resolver-rule")
    }

    /// Ours by the id of the creating request, which names our VPC.
    fn is_ours(&self, rule: &ResolverRule, vpc: &VpcInfo) -> bool {
        let prefix = self.site.creator_prefix(&self.resource(), vpc.id.as_str());
        let created = rule
            .creator_request_id()
            .is_some_and(|id| id.starts_with(&prefix));
        created && rule.status != Some(Status::Deleting)
    }

    fn differences(&self, rule: &ResolverRule, known: &Inputs<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let found = targets(rule);
        match self
            .inbound
            .known(known)
            .filter(|inbound| !inbound.addresses.is_empty())
        {
            Some(inbound) => {
                let wanted: Vec<_> = inbound.addresses.iter().map(|ip| (*ip, DNS_PORT)).collect();
                if found != wanted {
                    reasons.push(Reason::differs("targets", shown(&found), shown(&wanted)));
                }
            }
            None => reasons.push(Reason::follows("targets", shown(&found))),
        }
        let endpoint = rule.resolver_endpoint_id().unwrap_or("none");
        match self.outbound.known(known) {
            Some(outbound) if outbound.id.as_str() == endpoint => {}
            Some(outbound) => reasons.push(Reason::differs("endpoint", endpoint, outbound.id)),
            None => reasons.push(Reason::follows("endpoint", endpoint)),
        }
        reasons
    }

    fn addresses(&self, inputs: &Inputs<'_>) -> Result<Vec<TargetAddress>, Failure> {
        let target = |ip: &Ipv4Addr| {
            TargetAddress::builder()
                .ip(ip.to_string())
                .port(i32::from(DNS_PORT))
                .build()
        };
        Ok(self.inbound.get(inputs)?.addresses.iter().map(target).collect())
    }

    async fn ask(&self, round: usize, inputs: &Inputs<'_>, cx: &Context) -> Result<ResolverRule, Failure> {
        let (vpc, outbound) = (inputs.get(&self.vpc)?, self.outbound.get(inputs)?);
        let resource = self.resource();
        let request = self
            .site
            .resolver
            .create_resolver_rule()
            .rule_type(RuleTypeOption::Forward);
        let request = request.creator_request_id(self.site.creator_id(&resource, vpc.id.as_str(), round));
        let request = request
            .name(self.site.owner.name(&resource))
            .domain_name(&self.domain);
        let request = request.resolver_endpoint_id(outbound.id.as_str());
        let request = request.set_target_ips(Some(self.addresses(inputs)?));
        let request = request.set_tags(Some(self.site.resolver_tags(&resource)?));
        let call = cx.once("route53resolver:CreateResolverRule");
        let call = call.not_yet(&[ABSENT, "ResourceUnavailableException"]);
        let answer = call.run(|| request.clone().send()).await?;
        answer
            .resolver_rule
            .ok_or_else(|| unreadable("route53resolver:CreateResolverRule"))
    }

    pub(crate) async fn update(
        &self,
        rule: &ResolverRuleId,
        outbound: &ResolverEndpointId,
        targets: Vec<TargetAddress>,
        cx: &Context,
    ) -> Result<(), Failure> {
        let config = ResolverRuleConfig::builder().resolver_endpoint_id(outbound.as_str());
        let config = config.set_target_ips(Some(targets)).build();
        let request = self
            .site
            .resolver
            .update_resolver_rule()
            .resolver_rule_id(rule.as_str())
            .config(config);
        let start = cx.now();
        loop {
            let call = cx.idempotent("route53resolver:UpdateResolverRule");
            let call = call.not_yet(&[ABSENT, "ResourceUnavailableException"]);
            match call.run(|| request.clone().send()).await {
                Ok(_) => return Ok(()),
                // Somebody else's update of a rule in use takes minutes.
                Err(failure)
                    if failure.message().contains("RSLVR-00705") && cx.since(start) < UPDATE_PATIENCE =>
                {
                    cx.sleep(UPDATE_PAUSE).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn read(&self, id: &ResolverRuleId, cx: &Context) -> Result<Option<ResolverRule>, Failure> {
        let request = self
            .site
            .resolver
            .get_resolver_rule()
            .resolver_rule_id(id.as_str());
        match cx
            .read("route53resolver:GetResolverRule")
            .run(|| request.clone().send())
            .await
        {
            Ok(answer) => Ok(answer.resolver_rule),
            Err(failure) if failure.is_code(&[ABSENT]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

impl Resource for RuleNode {
    type Output = ResolverRuleId;

    fn kind(&self) -> &'static str {
        "AWS::Route53Resolver::ResolverRule"
    }

    fn needs(&self) -> Needs {
        Needs::none()
            .value(&self.vpc)
            .value(self.outbound.awaited())
            .value(self.inbound.awaited())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<ResolverRuleId> {
        let Some(vpc) = known.known(&self.vpc) else {
            return Decision::create();
        };
        let ours = self
            .site
            .seen
            .rules
            .iter()
            .filter(|rule| self.is_ours(rule, &vpc));
        let associated = |rule: &ResolverRule| {
            self.site
                .seen
                .associations
                .iter()
                .any(|a| a.resolver_rule_id() == rule.id())
        };
        let (chosen, surplus) = pick(ours.collect(), |rule| {
            (associated(rule), rule.id.clone().unwrap_or_default())
        });
        let surplus = surplus.into_iter().filter_map(id).collect();
        let Some((rule, id)) = chosen.and_then(|rule| Some((rule, id(rule)?))) else {
            return Decision::create().with_surplus(surplus);
        };
        let decision = if domain(rule) == self.domain {
            Decision::update(id, self.differences(rule, known))
        } else {
            let reason = Reason::differs("domain", domain(rule), &self.domain);
            Decision::replace(id, vec![reason])
        };
        decision
            .settled(rule.status == Some(Status::Complete))
            .with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<ResolverRuleId, Failure> {
        let mut refused = None;
        for round in 0..ROUNDS {
            match self.ask(round, inputs, cx).await {
                Ok(rule) => return id(&rule).ok_or_else(|| unreadable("route53resolver:CreateResolverRule")),
                Err(failure) if failure.is_code(&["ResourceExistsException"]) => {
                    if let Some(found) = self.recover(inputs, cx).await? {
                        return Ok(found);
                    }
                    refused.get_or_insert(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(refused.unwrap_or_else(|| unreadable("route53resolver:CreateResolverRule")))
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<ResolverRuleId>, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let all = self.site.rules(cx).await?;
        let ours = all.iter().filter(|rule| self.is_ours(rule, &vpc));
        Ok(ours.min_by_key(|rule| rule.id.clone()).and_then(id))
    }

    async fn configure(
        &self,
        current: ResolverRuleId,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<ResolverRuleId, Failure> {
        if reasons.is_empty() {
            return Ok(current);
        }
        let outbound = self.outbound.get(inputs)?.id;
        self.update(&current, &outbound, self.addresses(inputs)?, cx)
            .await?;
        Ok(current)
    }

    async fn settle(
        &self,
        current: &ResolverRuleId,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<ResolverRuleId>, Failure> {
        let Some(rule) = self.read(current, cx).await? else {
            return Ok(Settled::Waiting("the rule to be visible".into()));
        };
        match rule.status {
            Some(Status::Complete) => Ok(Settled::Ready(current.clone())),
            Some(Status::Failed) => {
                let said = rule.status_message().unwrap_or("no message");
                Err(Failure::terminal(
                    "route53resolver:CreateResolverRule",
                    format!("{current} failed: {said}"),
                ))
            }
            _ => Ok(Settled::Waiting("the rule to be complete".into())),
        }
    }

    async fn delete(&self, current: &ResolverRuleId, cx: &Context) -> Result<(), Failure> {
        let request = self
            .site
            .resolver
            .delete_resolver_rule()
            .resolver_rule_id(current.as_str());
        let call = cx.idempotent("route53resolver:DeleteResolverRule").busy(IN_USE);
        gone_is_fine(call.run(|| request.clone().send()).await)
    }

    async fn gone(&self, current: &ResolverRuleId, cx: &Context) -> Result<bool, Failure> {
        Ok(self.read(current, cx).await?.is_none())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(2, 5).patience(900)
    }
}

/// An association and what it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssociationInfo {
    id: String,
    rule: String,
    vpc: String,
}

impl AssociationInfo {
    pub(crate) fn read(association: &ResolverRuleAssociation) -> Option<Self> {
        Some(Self {
            id: association.id.clone()?,
            rule: association.resolver_rule_id.clone()?,
            vpc: association.vpc_id.clone()?,
        })
    }
}

/// The rule serves a VPC.
pub(crate) struct AssociationNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    pub(crate) rule: Usable<ResolverRuleId>,
}

impl AssociationNode {
    fn is_ours(association: &ResolverRuleAssociation, rule: &ResolverRuleId) -> bool {
        let ending = [Association::Deleting, Association::Failed];
        let usable = association
            .status
            .as_ref()
            .is_none_or(|status| !ending.contains(status));
        association.resolver_rule_id() == Some(rule.as_str()) && usable
    }

    async fn read(&self, id: &str, cx: &Context) -> Result<Option<ResolverRuleAssociation>, Failure> {
        let request = self
            .site
            .resolver
            .get_resolver_rule_association()
            .resolver_rule_association_id(id);
        let call = cx.read("route53resolver:GetResolverRuleAssociation");
        match call.run(|| request.clone().send()).await {
            Ok(answer) => Ok(answer.resolver_rule_association),
            Err(failure) if failure.is_code(&[ABSENT]) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

impl Resource for AssociationNode {
    type Output = AssociationInfo;

    fn kind(&self) -> &'static str {
        "AWS::Route53Resolver::ResolverRuleAssociation"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.vpc).value(self.rule.awaited())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<AssociationInfo> {
        let Some(rule) = self.rule.known(known) else {
            return Decision::create();
        };
        let found = self
            .site
            .seen
            .associations
            .iter()
            .find(|a| Self::is_ours(a, &rule));
        match found.and_then(|a| Some((a.status.clone(), AssociationInfo::read(a)?))) {
            Some((status, info)) => Decision::keep(info).settled(status == Some(Association::Complete)),
            None => Decision::create(),
        }
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<AssociationInfo, Failure> {
        let (vpc, rule) = (inputs.get(&self.vpc)?, self.rule.get(inputs)?);
        let request = self
            .site
            .resolver
            .associate_resolver_rule()
            .vpc_id(vpc.id.as_str());
        let request = request.resolver_rule_id(rule.as_str());
        let request = request.name(
            self.site
                .owner
                .name(&self.site.side.name("resolver-rule-association")),
        );
        let call = cx.once("route53resolver:AssociateResolverRule");
        let call = call.not_yet(&[ABSENT, "ResourceUnavailableException"]);
        match call.run(|| request.clone().send()).await {
            Ok(answer) => {
                let made = answer
                    .resolver_rule_association
                    .as_ref()
                    .and_then(AssociationInfo::read);
                made.ok_or_else(|| unreadable("route53resolver:AssociateResolverRule"))
            }
            // A refused first answer may have been a success, and the second try then
            // meets our own association.
            Err(failure)
                if failure.is_code(&["ResourceExistsException"])
                    || failure.message().contains("RSLVR-00802") =>
            {
                self.recover(inputs, cx).await?.ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<AssociationInfo>, Failure> {
        let (vpc, rule) = (inputs.get(&self.vpc)?, self.rule.get(inputs)?);
        let all = self.site.rule_associations(vpc.id.as_str(), cx).await?;
        Ok(all
            .iter()
            .find(|a| Self::is_ours(a, &rule))
            .and_then(AssociationInfo::read))
    }

    async fn settle(
        &self,
        current: &AssociationInfo,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<AssociationInfo>, Failure> {
        let found = self.read(&current.id, cx).await?;
        match found.as_ref().and_then(|association| association.status.clone()) {
            Some(Association::Complete) => Ok(Settled::Ready(current.clone())),
            Some(Association::Failed) => {
                let said = found
                    .as_ref()
                    .and_then(|a| a.status_message())
                    .unwrap_or("no message");
                let message = format!("the association failed: {said}");
                Err(Failure::terminal(
                    "route53resolver:AssociateResolverRule",
                    message,
                ))
            }
            _ => Ok(Settled::Waiting("the rule to serve the VPC".into())),
        }
    }

    async fn delete(&self, current: &AssociationInfo, cx: &Context) -> Result<(), Failure> {
        let request = self.site.resolver.disassociate_resolver_rule();
        let request = request.vpc_id(&current.vpc).resolver_rule_id(&current.rule);
        let call = cx.idempotent("route53resolver:DisassociateResolverRule");
        gone_is_fine(call.run(|| request.clone().send()).await)
    }

    async fn gone(&self, current: &AssociationInfo, cx: &Context) -> Result<bool, Failure> {
        Ok(self.read(&current.id, cx).await?.is_none())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(60, 60).patience(1200)
    }
}
