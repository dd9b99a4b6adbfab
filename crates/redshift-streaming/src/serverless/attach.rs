//! The roles that tenants attach to a namespace which they share.
//!
//! The service takes the whole list of a namespace's roles, so one node keeps all
//! of them: it adds to the list what is missing and takes from it what is to go,
//! and never touches a role that it does not name.

use super::namespace::{attached, settled};
use super::{BUSY, Serverless, ServerlessHandles};
use aws_sdk_redshiftserverless::types::Namespace;
use xacct_converge::{
    Context, Decision, Failure, Graph, Handle, Inputs, Needs, Reason, Resource, Settled, Timing, Value,
};
use xacct_types::RoleArn;

/// The name under which the attachments stand in plans.
const ATTACHMENTS: &str = "warehouse/attached-roles";

/// The roles that were attached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttachedRoles {
    /// Their ARNs.
    pub roles: Vec<RoleArn>,
}

impl Serverless {
    /// Adds to `graph` that `roles` are attached to the namespace, none of them as
    /// its default. Removing the node detaches exactly these.
    pub fn attach(
        &self,
        graph: &mut Graph,
        seen: Option<&Namespace>,
        handles: &ServerlessHandles,
        roles: Vec<Value<RoleArn>>,
    ) -> Handle<AttachedRoles> {
        let node = AttachNode {
            service: self.clone(),
            seen: seen.cloned(),
            roles,
            after: Needs::none().after_all([handles.namespace.settled(), handles.workgroup.settled()]),
        };
        graph.add(ATTACHMENTS, node)
    }
}

struct AttachNode {
    service: Serverless,
    seen: Option<Namespace>,
    roles: Vec<Value<RoleArn>>,
    after: Needs,
}

/// The ARNs that a namespace has.
fn arns(namespace: Option<&Namespace>) -> Vec<String> {
    let roles = namespace.into_iter().flat_map(Namespace::iam_roles);
    roles.map(|text| attached(text).arn.to_owned()).collect()
}

impl AttachNode {
    /// Writes the list that `change` makes of the one that is there.
    async fn write(
        &self,
        change: impl Fn(&mut Vec<String>) + Send + Sync,
        cx: &Context,
    ) -> Result<(), Failure> {
        let Some(seen) = self.service.get_namespace(cx).await? else {
            return Ok(());
        };
        let before = arns(Some(&seen));
        let mut roles = before.clone();
        change(&mut roles);
        if roles == before {
            return Ok(());
        }
        let name = &self.service.spec.namespace;
        let call = cx.idempotent("redshift-serverless:UpdateNamespace").not_yet(BUSY);
        call.run(|| {
            let update = self.service.client.update_namespace().namespace_name(name);
            update.set_iam_roles(Some(roles.clone())).send()
        })
        .await
        .map(|_| ())
    }

    async fn attach(&self, roles: &[RoleArn], cx: &Context) -> Result<(), Failure> {
        let add = |list: &mut Vec<String>| {
            for role in roles {
                if !list.iter().any(|arn| arn == role.as_str()) {
                    list.push(role.to_string());
                }
            }
        };
        self.write(add, cx).await
    }
}

impl Resource for AttachNode {
    type Output = AttachedRoles;

    fn kind(&self) -> &'static str {
        "RedshiftServerless::AttachedRoles"
    }

    fn needs(&self) -> Needs {
        self.after.clone().values(&self.roles)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<AttachedRoles> {
        let there = arns(self.seen.as_ref());
        let wanted: Vec<Option<RoleArn>> = self.roles.iter().map(|role| known.known(role)).collect();
        let here = |role: &RoleArn| there.iter().any(|arn| arn == role.as_str());
        let found: Vec<RoleArn> = wanted
            .iter()
            .flatten()
            .filter(|role| here(role))
            .cloned()
            .collect();
        if found.is_empty() && !self.roles.is_empty() {
            return Decision::create();
        }
        let missing = wanted.iter().filter_map(|role| match role {
            Some(role) if here(role) => None,
            Some(role) => Some(Reason::missing("attached role", role)),
            None => Some(Reason::missing("attached role", "one that is made first")),
        });
        let reasons: Vec<Reason> = missing.collect();
        let arrived = self.seen.as_ref().is_some_and(settled);
        Decision::update(AttachedRoles { roles: found }, reasons).settled(arrived)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<AttachedRoles, Failure> {
        let roles = inputs.get_all(&self.roles)?;
        self.attach(&roles, cx).await?;
        Ok(AttachedRoles { roles })
    }

    async fn configure(
        &self,
        current: AttachedRoles,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<AttachedRoles, Failure> {
        if reasons.is_empty() {
            return Ok(current);
        }
        self.create(inputs, cx).await
    }

    async fn settle(
        &self,
        current: &AttachedRoles,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<AttachedRoles>, Failure> {
        let seen = self.service.get_namespace(cx).await?;
        Ok(if seen.as_ref().is_some_and(settled) {
            Settled::Ready(current.clone())
        } else {
            Settled::Waiting("the namespace to take its roles".into())
        })
    }

    async fn delete(&self, current: &AttachedRoles, cx: &Context) -> Result<(), Failure> {
        let take =
            |list: &mut Vec<String>| list.retain(|arn| !current.roles.iter().any(|r| r.as_str() == arn));
        self.write(take, cx).await
    }

    async fn gone(&self, _: &AttachedRoles, cx: &Context) -> Result<bool, Failure> {
        let seen = self.service.get_namespace(cx).await?;
        Ok(seen.as_ref().is_none_or(settled))
    }

    fn timing(&self) -> Timing {
        Timing::seconds(8, 8).patience(3600)
    }
}
