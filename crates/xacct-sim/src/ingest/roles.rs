//! From the namespace's role to the credentials that read the stream.

use serde_json::Value;

use super::{Ingestion, refused, timed_out};
use crate::auth::pattern::{arn_like, like_ignoring_case};
use crate::iam::assume_chain;
use crate::net::reach;
use crate::sql::statement::{Authentication, Roles, StreamOptions};
use crate::sql::stream::StreamFailure;
use crate::world::Caller;

/// Who reads: the last role of the chain; nobody where the schema has no role.
pub(super) type Reader = Option<Caller>;

impl Ingestion<'_> {
    /// Assumes the roles of an external schema.
    pub(super) fn assume(&mut self, options: &StreamOptions) -> Result<Reader, StreamFailure> {
        let chain = match &options.roles {
            Roles::Chain(chain) => chain.clone(),
            Roles::Default => vec![self.default_role()?],
            Roles::None if options.authentication == Authentication::None => return Ok(None),
            Roles::None => {
                return Err(refused(
                    "IAM_ROLE is required",
                    "the external schema names no role",
                ));
            }
        };
        let Some(first) = chain.first() else {
            return Err(refused(
                "IAM_ROLE is required",
                "the external schema names no role",
            ));
        };
        if !self.namespace.role_in_sync(first, self.now) {
            let attached = self.namespace.iam_roles.contains(first);
            let state = if attached {
                "attached but not in-sync yet"
            } else {
                "not attached"
            };
            let cause = format!("role {first} is {state} on namespace {}", self.namespace.name);
            return Err(refused(
                format!("The requested role {first} is not associated to cluster"),
                cause,
            ));
        }
        self.reach_sts(&chain)?;
        let reader = self.walk(&chain)?;
        self.passed.extend(chain);
        Ok(Some(reader))
    }

    fn default_role(&self) -> Result<String, StreamFailure> {
        self.namespace.default_iam_role.clone().ok_or_else(|| {
            refused(
                "There is no default IAM role associated to cluster",
                format!("namespace {} has no default role", self.namespace.name),
            )
        })
    }

    fn reach_sts(&self, chain: &[String]) -> Result<(), StreamFailure> {
        for from in self.senders() {
            reach::aws_endpoint(self.world, self.now, &from, "sts").map_err(|blocked| {
                timed_out(format!(
                    "STS cannot be reached from {}: {}",
                    from.subnet_id, blocked.why
                ))
            })?;
            if let Some(policy) = reach::endpoint_policy(self.world, self.now, &from, "sts") {
                for role in chain {
                    if !endpoint_allows(policy, "sts:AssumeRole", role) {
                        let cause =
                            format!("the VPC endpoint for STS does not allow sts:AssumeRole on {role}");
                        return Err(not_authorized(role, cause));
                    }
                }
            }
        }
        Ok(())
    }

    /// Assumes one role after the other; the error names the first that fails.
    fn walk(&self, chain: &[String]) -> Result<Caller, StreamFailure> {
        // Either principal may be the one that Redshift Serverless uses; a list in the settings means that any will do.
        let principals = self
            .world
            .settings
            .redshift_service_principal
            .split(',')
            .map(str::trim);
        let mut failure = not_authorized(&chain[0], "no service principal is set".to_owned());
        for principal in principals {
            match (1..=chain.len())
                .map(|length| {
                    assume_chain(self.world, self.now, principal, &chain[..length])
                        .map_err(|why| (length, why))
                })
                .collect::<Result<Vec<_>, _>>()
            {
                Ok(mut sessions) => {
                    if let Some(last) = sessions.pop() {
                        return Ok(last.caller);
                    }
                }
                Err((length, why)) => failure = not_authorized(&chain[length - 1], why),
            }
        }
        Err(failure)
    }
}

fn not_authorized(role: &str, cause: String) -> StreamFailure {
    refused(format!("Not authorized to get credentials of role {role}"), cause)
}

/// Whether the policy of an interface endpoint lets a call through. Conditions and principals of endpoint policies are not
/// judged.
pub(super) fn endpoint_allows(policy: &str, action: &str, resource: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(policy) else {
        return false;
    };
    let statements = many(&document["Statement"]);
    let speaks = |statement: &Value| {
        let actions = many(&statement["Action"])
            .into_iter()
            .filter_map(Value::as_str)
            .any(|pattern| like_ignoring_case(pattern, action));
        let resources = many(&statement["Resource"])
            .into_iter()
            .filter_map(Value::as_str)
            .any(|pattern| pattern == "*" || arn_like(pattern, resource));
        actions && resources
    };
    let effect = |wanted: &str| {
        statements
            .iter()
            .filter(|statement| statement["Effect"] == wanted)
            .any(|statement| speaks(statement))
    };
    effect("Allow") && !effect("Deny")
}

fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint_allows;

    #[test]
    fn an_endpoint_policy_lets_through_what_it_names() {
        let open = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
        let narrow = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":["sts:Assume*"],"Resource":"arn:aws:iam::1:role/a"}}"#;
        assert!(endpoint_allows(open, "sts:AssumeRole", "arn:aws:iam::1:role/b"));
        assert!(endpoint_allows(narrow, "sts:AssumeRole", "arn:aws:iam::1:role/a"));
        assert!(!endpoint_allows(
            narrow,
            "sts:AssumeRole",
            "arn:aws:iam::1:role/b"
        ));
    }
}
