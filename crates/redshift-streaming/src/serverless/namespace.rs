//! The namespace: database, managed admin password, attached roles.

use super::{BUSY, NAMESPACE, Serverless, TAG, taken};
use aws_sdk_redshiftserverless::types::{Namespace, NamespaceStatus};
use serde::{Deserialize, Serialize};
use xacct_converge::{
    Class, Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value,
};
use xacct_types::{RoleArn, SecretArn, Tags};

/// A namespace that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamespaceOut {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The first database.
    pub database: String,
    /// The secret with the managed admin password; all DDL is sent with it.
    pub admin_secret: Option<SecretArn>,
    /// The default role.
    pub default_role: Option<String>,
}

impl NamespaceOut {
    pub(super) fn of(seen: &Namespace) -> Self {
        Self {
            name: seen.namespace_name().unwrap_or_default().to_owned(),
            arn: seen.namespace_arn().unwrap_or_default().to_owned(),
            database: seen.db_name().unwrap_or("dev").to_owned(),
            admin_secret: seen
                .admin_password_secret_arn()
                .and_then(|arn| SecretArn::new(arn).ok()),
            default_role: seen.default_iam_role_arn().map(str::to_owned),
        }
    }
}

pub(super) struct NamespaceResource {
    pub(super) service: Serverless,
    pub(super) seen: Option<Namespace>,
    pub(super) tags: Option<Tags>,
    pub(super) role: Option<Value<RoleArn>>,
}

/// One attached role, as the service writes it: a string
/// `IamRole(applyStatus=in-sync, iamRoleArn=arn:…)` whose fields come in any order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AttachedRole<'a> {
    pub(super) arn: &'a str,
    pub(super) in_sync: bool,
}

/// Reads an attached role in the service's form or as a bare ARN.
pub(super) fn attached(text: &str) -> AttachedRole<'_> {
    let after = |key: &str| {
        let start = text.find(key)? + key.len();
        let rest = &text[start..];
        Some(rest[..rest.find([',', ')', ' ']).unwrap_or(rest.len())].trim())
    };
    let status = after("applyStatus=");
    AttachedRole {
        arn: after("iamRoleArn=").unwrap_or(text),
        in_sync: status.is_none_or(|s| s == "in-sync"),
    }
}

impl NamespaceResource {
    /// What differs between the namespace and what is wanted.
    fn reasons(&self, seen: &Namespace, role: Option<&RoleArn>) -> Vec<Reason> {
        let Some(role) = role else { return Vec::new() };
        let mut reasons = Vec::new();
        if !seen
            .iam_roles()
            .iter()
            .any(|text| attached(text).arn == role.as_str())
        {
            reasons.push(Reason::missing("attached role", role));
        }
        match seen.default_iam_role_arn() {
            Some(default) if default == role.as_str() => {}
            Some(default) => reasons.push(Reason::differs("default role", default, role)),
            None => reasons.push(Reason::missing("default role", role)),
        }
        reasons
    }
}

/// Whether the namespace can be used and all its roles have arrived.
pub(super) fn settled(seen: &Namespace) -> bool {
    seen.status() == Some(&NamespaceStatus::Available)
        && seen.iam_roles().iter().all(|text| attached(text).in_sync)
}

impl Resource for NamespaceResource {
    type Output = NamespaceOut;

    fn kind(&self) -> &'static str {
        "AWS::RedshiftServerless::Namespace"
    }

    fn needs(&self) -> Needs {
        Needs::none().values(&self.role)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<NamespaceOut> {
        let Some(seen) = &self.seen else {
            return Decision::create();
        };
        let role = self.role.as_ref().and_then(|role| known.known(role));
        let mut reasons = self.reasons(seen, role.as_ref());
        reasons.extend(self.service.tag_reasons(self.tags.as_ref(), NAMESPACE));
        Decision::update(NamespaceOut::of(seen), reasons).settled(settled(seen))
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<NamespaceOut, Failure> {
        let role = self.role.as_ref().map(|role| inputs.get(role)).transpose()?;
        let role = role.map(|role| role.to_string());
        let (spec, tags) = (&self.service.spec, self.service.tags(NAMESPACE)?);
        let call = cx.once("redshift-serverless:CreateNamespace");
        let answer = call.run(|| {
            let create = self.service.client.create_namespace();
            create
                .namespace_name(&spec.namespace)
                .db_name(&spec.database)
                .manage_admin_password(true)
                .set_iam_roles(role.clone().map(|role| vec![role]))
                .set_default_iam_role_arn(role.clone())
                .set_tags(Some(tags.clone()))
                .send()
        });
        let answer = match answer.await {
            Ok(answer) => answer.namespace,
            Err(failure) if taken(&failure) => self.service.observe(cx).await?.namespace,
            Err(failure) => return Err(failure),
        };
        let none = || Failure::bug("the service made a namespace and showed none");
        Ok(NamespaceOut::of(&answer.ok_or_else(none)?))
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<NamespaceOut>, Failure> {
        Ok(self
            .service
            .observe(cx)
            .await?
            .namespace
            .as_ref()
            .map(NamespaceOut::of))
    }

    async fn configure(
        &self,
        current: NamespaceOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<NamespaceOut, Failure> {
        self.service.retag(&current.arn, reasons, cx).await?;
        let only_tags = reasons.iter().all(|reason| reason.attribute.starts_with(TAG));
        let Some(role) = self.role.as_ref().filter(|_| !only_tags) else {
            return Ok(current);
        };
        let role = inputs.get(role)?;
        let seen = self.service.get_namespace(cx).await?;
        // The service takes the whole list and wants the default in it.
        let others = seen
            .iter()
            .flat_map(Namespace::iam_roles)
            .map(|text| attached(text).arn.to_owned());
        let mut roles: Vec<String> = others.filter(|arn| arn != role.as_str()).collect();
        roles.push(role.to_string());
        let call = cx.idempotent("redshift-serverless:UpdateNamespace");
        call.not_yet(BUSY)
            .run(|| {
                let update = self
                    .service
                    .client
                    .update_namespace()
                    .namespace_name(&current.name);
                update
                    .set_iam_roles(Some(roles.clone()))
                    .default_iam_role_arn(role.as_str())
                    .send()
            })
            .await?;
        Ok(current)
    }

    async fn settle(
        &self,
        _: &NamespaceOut,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<NamespaceOut>, Failure> {
        let Some(seen) = self.service.get_namespace(cx).await? else {
            return Ok(Settled::Waiting("the namespace to be visible".into()));
        };
        let out = NamespaceOut::of(&seen);
        if settled(&seen) && out.admin_secret.is_some() {
            return Ok(Settled::Ready(out));
        }
        let state = seen.status().map_or("no state", NamespaceStatus::as_str);
        Ok(Settled::Waiting(format!(
            "the namespace to be AVAILABLE with its roles in sync (now {state})"
        )))
    }

    async fn delete(&self, current: &NamespaceOut, cx: &Context) -> Result<(), Failure> {
        let snapshot = self.service.final_snapshot.as_ref();
        let name = snapshot.map(|snapshot| snapshot.name.clone());
        let days = snapshot.and_then(|snapshot| i32::try_from(snapshot.days?).ok());
        let call = cx.idempotent("redshift-serverless:DeleteNamespace").busy(BUSY);
        let answer = call
            .run(|| {
                let delete = self
                    .service
                    .client
                    .delete_namespace()
                    .namespace_name(&current.name);
                delete
                    .set_final_snapshot_name(name.clone())
                    .set_final_snapshot_retention_period(days)
                    .send()
            })
            .await;
        match super::found(answer) {
            // The snapshot's name is taken, which no waiting mends.
            Err(failure) if taken(&failure) => Err(failure.classed(Class::Terminal)),
            answer => answer.map(|_| ()),
        }
    }

    async fn gone(&self, _: &NamespaceOut, cx: &Context) -> Result<bool, Failure> {
        Ok(self.service.get_namespace(cx).await?.is_none())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(5, 20).patience(3600)
    }

    fn holds_data(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attached_role_is_read_in_either_order_of_its_fields() {
        let arn = "arn:aws:iam::222222222222:role/warehouse";
        for (text, in_sync) in [
            (format!("IamRole(applyStatus=in-sync, iamRoleArn={arn})"), true),
            (format!("IamRole(iamRoleArn={arn}, applyStatus=adding)"), false),
            (arn.to_owned(), true),
        ] {
            assert_eq!(attached(&text), AttachedRole { arn, in_sync }, "{text}");
        }
    }
}
