//! Security groups with their rules.

use crate::blueprint::{Direction, GroupPlan, GroupRole, RulePeer};
use crate::entries::{Entry, EntryPeer, entries};
use crate::outputs::VpcInfo;
use crate::site::{IN_USE, NOT_FOUND, Site, by, perhaps_ours, pick, steady, unreadable};
use aws_sdk_ec2::types::{IpPermission, ResourceType, SecurityGroup};
use std::collections::{BTreeMap, BTreeSet};
use xacct_converge::{Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value};
use xacct_types::SecurityGroupId;

/// A security group with exactly the planned rules.
pub(crate) struct GroupNode {
    pub(crate) site: Site,
    pub(crate) vpc: Value<VpcInfo>,
    pub(crate) plan: GroupPlan,
    /// The groups that its rules name.
    pub(crate) peers: BTreeMap<GroupRole, Value<SecurityGroupId>>,
}

impl GroupNode {
    fn resource(&self) -> String {
        self.plan.role.resource()
    }

    fn candidates(
        &self,
        all: &[SecurityGroup],
        vpc: Option<&VpcInfo>,
    ) -> (Option<SecurityGroup>, Vec<SecurityGroup>) {
        let resource = self.resource();
        let ours = all
            .iter()
            .filter(|group| self.site.owns(&group.tags, &resource))
            .cloned();
        let name = self.site.owner.name(&resource);
        pick(ours.collect(), |group| {
            let here = vpc.is_some_and(|vpc| group.vpc_id() == Some(vpc.id.as_str()));
            // Names are unique in a VPC, and this is the one that we give.
            let right = here && group.group_name() == Some(&name);
            let id = group.group_id().unwrap_or_default();
            (right, format!("{}{id}", u8::from(!here)))
        })
    }

    /// What the group should hold; entries whose group is not known yet name its role.
    fn wanted(&self, inputs: &Inputs<'_>) -> BTreeSet<Entry> {
        let peer = |peer: RulePeer| match peer {
            RulePeer::Block(block) => EntryPeer::Block(block.to_string()),
            RulePeer::Group(role) => {
                let known = self.peers.get(&role).and_then(|value| inputs.known(value));
                EntryPeer::Group(known.map_or_else(|| role.resource(), |id| id.to_string()))
            }
        };
        let rules = self.plan.rules.iter().map(|rule| Entry {
            direction: rule.direction,
            protocol: rule.protocol.as_str().to_owned(),
            from: i32::from(rule.port),
            to: i32::from(rule.port),
            peer: peer(rule.peer),
        });
        let default = self.plan.keeps_default_egress.then(Entry::everything_out);
        rules.chain(default).collect()
    }

    fn differences(&self, found: &BTreeSet<Entry>, wanted: &BTreeSet<Entry>) -> Vec<Reason> {
        let missing = wanted
            .difference(found)
            .map(|entry| Reason::missing("rule", entry));
        let extra = found.difference(wanted).map(|entry| Reason::extra("rule", entry));
        missing.chain(extra).collect()
    }

    /// Takes away what is too much, then adds what is missing.
    pub(crate) async fn bring(
        &self,
        id: &SecurityGroupId,
        found: &BTreeSet<Entry>,
        wanted: &BTreeSet<Entry>,
        cx: &Context,
    ) -> Result<(), Failure> {
        for direction in [Direction::Ingress, Direction::Egress] {
            let of = |entry: &&Entry| entry.direction == direction;
            let extra: Vec<IpPermission> = found
                .difference(wanted)
                .filter(of)
                .map(Entry::permission)
                .collect();
            let missing: Vec<IpPermission> = wanted
                .difference(found)
                .filter(of)
                .map(Entry::permission)
                .collect();
            if !extra.is_empty() {
                let revoke = |which| self.revoke(id, direction, which, cx);
                one_by_one_if(GONE, extra, revoke).await?;
            }
            if !missing.is_empty() {
                let authorize = |which| self.authorize(id, direction, which, cx);
                one_by_one_if(THERE, missing, authorize).await?;
            }
        }
        Ok(())
    }

    async fn revoke(
        &self,
        id: &SecurityGroupId,
        direction: Direction,
        which: Vec<IpPermission>,
        cx: &Context,
    ) -> Result<(), Failure> {
        let (ec2, which) = (&self.site.ec2, Some(which));
        match direction {
            Direction::Ingress => {
                let request = ec2
                    .revoke_security_group_ingress()
                    .group_id(id.as_str())
                    .set_ip_permissions(which);
                let call = cx.idempotent("ec2:RevokeSecurityGroupIngress").not_yet(NOT_FOUND);
                call.run(|| request.clone().send()).await.map(drop)
            }
            Direction::Egress => {
                let request = ec2
                    .revoke_security_group_egress()
                    .group_id(id.as_str())
                    .set_ip_permissions(which);
                let call = cx.idempotent("ec2:RevokeSecurityGroupEgress").not_yet(NOT_FOUND);
                call.run(|| request.clone().send()).await.map(drop)
            }
        }
    }

    async fn authorize(
        &self,
        id: &SecurityGroupId,
        direction: Direction,
        which: Vec<IpPermission>,
        cx: &Context,
    ) -> Result<(), Failure> {
        let (ec2, which) = (&self.site.ec2, Some(which));
        match direction {
            Direction::Ingress => {
                let request = ec2
                    .authorize_security_group_ingress()
                    .group_id(id.as_str())
                    .set_ip_permissions(which);
                let call = cx
                    .idempotent("ec2:AuthorizeSecurityGroupIngress")
                    .not_yet(NOT_FOUND);
                call.run(|| request.clone().send()).await.map(drop)
            }
            Direction::Egress => {
                let request = ec2
                    .authorize_security_group_egress()
                    .group_id(id.as_str())
                    .set_ip_permissions(which);
                let call = cx
                    .idempotent("ec2:AuthorizeSecurityGroupEgress")
                    .not_yet(NOT_FOUND);
                call.run(|| request.clone().send()).await.map(drop)
            }
        }
    }

    async fn read(&self, id: &SecurityGroupId, cx: &Context) -> Result<Option<SecurityGroup>, Failure> {
        let found = self.site.groups(vec![by("group-id", id.as_str())], cx).await?;
        Ok(found
            .into_iter()
            .find(|group| group.group_id() == Some(id.as_str())))
    }
}

/// A rule that is to go is gone; one that is to come is there. What was read may be older than that, after a call whose
/// answer was lost or a run that was killed; the refusal is not.
const GONE: &str = "InvalidPermission.NotFound";
const THERE: &str = "InvalidPermission.Duplicate";

/// Makes the change for all rules with one call, or, as one refused with `code` spoils the batch, one after the other.
async fn one_by_one_if<F, Fut>(code: &str, which: Vec<IpPermission>, change: F) -> Result<(), Failure>
where
    F: Fn(Vec<IpPermission>) -> Fut + Send,
    Fut: Future<Output = Result<(), Failure>> + Send,
{
    match change(which.clone()).await {
        Err(failure) if failure.is_code(&[code]) => {}
        result => return result,
    }
    for one in which {
        match change(vec![one]).await {
            Err(failure) if failure.is_code(&[code]) => {}
            result => result?,
        }
    }
    Ok(())
}

fn id(group: &SecurityGroup) -> Option<SecurityGroupId> {
    group.group_id()?.parse().ok()
}

impl Resource for GroupNode {
    type Output = SecurityGroupId;

    fn kind(&self) -> &'static str {
        "AWS::EC2::SecurityGroup"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.vpc).values(self.peers.values())
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<SecurityGroupId> {
        let vpc = known.known(&self.vpc);
        let (chosen, surplus) = self.candidates(&self.site.seen.groups, vpc.as_ref());
        let surplus = surplus.iter().filter_map(id).collect();
        let Some((group, id)) = chosen.and_then(|group| Some((group.clone(), id(&group)?))) else {
            return Decision::create().with_surplus(surplus);
        };
        let decision = if vpc.is_some_and(|vpc| group.vpc_id() == Some(vpc.id.as_str())) {
            let mut reasons = self.differences(&entries(&group), &self.wanted(known));
            reasons.extend(self.site.tag_reasons(&group.tags, &self.resource()));
            Decision::update(id, reasons)
        } else {
            Decision::replace(id, vec![Reason::follows("vpc", group.vpc_id().unwrap_or("none"))])
        };
        decision.with_surplus(surplus)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<SecurityGroupId, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let resource = self.resource();
        let request = self.site.ec2.create_security_group().vpc_id(vpc.id.as_str());
        let request = request
            .group_name(self.site.owner.name(&resource))
            .description(self.plan.role.description());
        let request = request.tag_specifications(self.site.tagged(ResourceType::SecurityGroup, &resource));
        let call = cx.once("ec2:CreateSecurityGroup").not_yet(NOT_FOUND);
        match call.run(|| request.clone().send()).await {
            Ok(answer) => {
                let id = answer.group_id.as_deref().and_then(|id| id.parse().ok());
                id.ok_or_else(|| unreadable("ec2:CreateSecurityGroup"))
            }
            Err(failure) => Err(perhaps_ours(failure, "InvalidGroup.Duplicate")),
        }
    }

    async fn recover(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<Option<SecurityGroupId>, Failure> {
        let vpc = inputs.get(&self.vpc)?;
        let mut all = self.site.groups(self.site.named(&self.resource()), cx).await?;
        all.retain(|group| group.vpc_id() == Some(vpc.id.as_str()));
        Ok(self.candidates(&all, Some(&vpc)).0.as_ref().and_then(id))
    }

    async fn configure(
        &self,
        current: SecurityGroupId,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<SecurityGroupId, Failure> {
        self.site.retag(current.as_str(), reasons, cx).await?;
        let wanted = self.wanted(inputs);
        let seen = self
            .site
            .seen
            .groups
            .iter()
            .find(|group| group.group_id() == Some(current.as_str()));
        let found = match seen.filter(|_| !reasons.is_empty()) {
            Some(group) => entries(group),
            None => BTreeSet::from([Entry::everything_out()]),
        };
        self.bring(&current, &found, &wanted, cx).await?;
        Ok(current)
    }

    async fn settle(
        &self,
        current: &SecurityGroupId,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<SecurityGroupId>, Failure> {
        let wanted = self.wanted(inputs);
        let look = || async {
            let found = self.read(current, cx).await?;
            Ok(found.is_some_and(|group| entries(&group) == wanted))
        };
        Ok(if steady(cx, look).await? {
            Settled::Ready(current.clone())
        } else {
            Settled::Waiting("the security group's rules to be visible".into())
        })
    }

    async fn delete(&self, current: &SecurityGroupId, cx: &Context) -> Result<(), Failure> {
        let request = self.site.ec2.delete_security_group().group_id(current.as_str());
        let call = cx.idempotent("ec2:DeleteSecurityGroup").busy(IN_USE);
        let result = call.run(|| request.clone().send()).await;
        self.site
            .unless_blocked(result, "group-id", current.as_str(), cx)
            .await
    }

    fn timing(&self) -> Timing {
        Timing::seconds(2, 1).patience(2700)
    }
}
