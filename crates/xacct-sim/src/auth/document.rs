//! Policy documents: reading, checking as IAM checks them on save, and matching a single statement.
//!
//! Error texts are the ones that IAM puts behind `MalformedPolicyDocument`.

use serde_json::Value;

use super::condition::{Condition, Context, scalars};
use super::pattern::{arn_like, like_ignoring_case, substitute};

/// What kind of document is being read; the two differ in what a statement must and must not have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DocumentKind {
    /// Attached to a user or role: needs resources, has no principal.
    Identity,
    /// The trust policy of a role: needs principals, has no resource, only STS actions.
    Trust,
}

/// A parsed policy with its text as given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// What was sent.
    pub(crate) text: String,
    pub(crate) statements: Vec<Statement>,
}

/// A list of patterns, or the complement of one (`NotAction`, `NotResource`, `NotPrincipal`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Listed<T> {
    pub(crate) inverted: bool,
    pub(crate) items: Vec<T>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) allow: bool,
    pub(crate) actions: Listed<String>,
    pub(crate) resources: Option<Listed<String>>,
    pub(crate) principals: Option<Listed<PrincipalPattern>>,
    pub(crate) conditions: Vec<Condition>,
    /// Where it stands in the document, from 0.
    pub(crate) index: usize,
}

/// One principal named by a trust policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PrincipalPattern {
    /// `*`: anyone.
    Anyone,
    /// A whole account, `arn:P:iam::A:root`: delegates to that account's identity policies.
    Account(String),
    /// A user or role by its unique id, which is how IAM stores an ARN given for one.
    Entity(String),
    /// An assumed-role session by ARN.
    Session(String),
    /// An ARN given and not yet resolved to an id.
    Arn(String),
    /// `redshift.amazonaws.com` and the like.
    Service(String),
    /// A federated identity; kept, never matched.
    Federated(String),
}

/// How closely a trust policy names the one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PrincipalMatch {
    /// Through its account: the account's identity policies must allow as well.
    Account,
    /// By itself.
    Direct,
}

/// Who asks, as a trust policy sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asker<'a> {
    Service(&'a str),
    Principal {
        account: &'a str,
        unique_id: Option<&'a str>,
        session_arn: Option<&'a str>,
    },
}

impl Document {
    /// Reads and checks a document.
    ///
    /// # Errors
    /// IAM's text for what is wrong with it.
    pub(crate) fn parse(text: &str, kind: DocumentKind) -> Result<Document, String> {
        let broken = match kind {
            DocumentKind::Identity => "Syntax errors in policy.",
            DocumentKind::Trust => "This policy contains invalid Json",
        };
        let value: Value = serde_json::from_str(text).map_err(|_| broken.to_owned())?;
        let object = value.as_object().ok_or(broken)?;
        for (key, value) in object {
            match key.as_str() {
                "Version" if !matches!(value.as_str(), Some("2012-10-17" | "2008-10-17")) => {
                    return Err("Policy document must be version 2012-10-17 or greater.".to_owned());
                }
                "Version" | "Id" | "Statement" => {}
                _ => return Err("Syntax errors in policy.".to_owned()),
            }
        }
        if kind == DocumentKind::Identity
            && object.get("Version").and_then(Value::as_str) != Some("2012-10-17")
        {
            return Err("Policy document must be version 2012-10-17 or greater.".to_owned());
        }
        let statements = match object.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return Err("Syntax errors in policy.".to_owned()),
        };
        if statements.is_empty() {
            return Err("Syntax errors in policy.".to_owned());
        }
        let statements = statements
            .into_iter()
            .enumerate()
            .map(|(index, s)| Statement::parse(s, index, kind))
            .collect::<Result<Vec<_>, _>>()?;
        unique_sids(&statements)?;
        Ok(Document {
            text: text.to_owned(),
            statements,
        })
    }
}

fn unique_sids(statements: &[Statement]) -> Result<(), String> {
    let mut sids: Vec<&str> = statements.iter().filter_map(|s| s.sid.as_deref()).collect();
    sids.sort_unstable();
    if sids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
    }
    Ok(())
}

impl Statement {
    fn parse(value: &Value, index: usize, kind: DocumentKind) -> Result<Statement, String> {
        let syntax = || "Syntax errors in policy.".to_owned();
        let object = value.as_object().ok_or_else(syntax)?;
        const KNOWN: [&str; 9] = [
            "Sid",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "NotPrincipal",
            "Condition",
        ];
        if object.keys().any(|key| !KNOWN.contains(&key.as_str())) {
            return Err(syntax());
        }
        let sid = object
            .get("Sid")
            .and_then(Value::as_str)
            .filter(|sid| !sid.is_empty())
            .map(str::to_owned);
        let allow = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(syntax()),
        };
        let actions =
            listed(object, "Action", "NotAction")?.ok_or("Policy statement must contain actions.")?;
        check_actions(&actions, kind)?;
        let resources = listed(object, "Resource", "NotResource")?;
        check_resources(resources.as_ref(), kind)?;
        let principals = principals(object)?;
        match (kind, &principals) {
            (DocumentKind::Identity, Some(_)) => {
                return Err("Policy document should not specify a principal.".to_owned());
            }
            (DocumentKind::Trust, None) => return Err("Missing required field Principal".to_owned()),
            _ => {}
        }
        let conditions = object
            .get("Condition")
            .map(Condition::parse_block)
            .transpose()?
            .unwrap_or_default();
        Ok(Statement {
            sid,
            allow,
            actions,
            resources,
            principals,
            conditions,
            index,
        })
    }

    /// Whether the statement speaks of this action.
    pub(crate) fn covers_action(&self, action: &str) -> bool {
        self.actions
            .items
            .iter()
            .any(|pattern| like_ignoring_case(pattern, action))
            != self.actions.inverted
    }

    /// Whether the statement speaks of this resource; a trust policy's statements speak of the role they stand on.
    pub(crate) fn covers_resource(&self, resource: &str, context: &Context) -> bool {
        let Some(resources) = &self.resources else {
            return true;
        };
        let lookup = |key: &str| context.get(key).and_then(|values| values.first().cloned());
        let named = resources
            .items
            .iter()
            .any(|pattern| substitute(pattern, &lookup).is_some_and(|pattern| arn_like(&pattern, resource)));
        named != resources.inverted
    }

    /// The first condition that does not hold, if any.
    pub(crate) fn failing_condition(&self, context: &Context) -> Option<&Condition> {
        self.conditions.iter().find(|condition| !condition.holds(context))
    }

    /// How the statement names the asker; `None` if it does not.
    pub(crate) fn covers_principal(&self, asker: &Asker<'_>) -> Option<PrincipalMatch> {
        let principals = self.principals.as_ref()?;
        let best = principals
            .items
            .iter()
            .filter_map(|pattern| pattern.matches(asker))
            .max();
        match principals.inverted {
            false => best,
            true => best.is_none().then_some(PrincipalMatch::Direct),
        }
    }

    /// `Sid`, or the number of the statement, for explanations.
    pub(crate) fn label(&self) -> String {
        self.sid
            .clone()
            .unwrap_or_else(|| format!("statement {}", self.index + 1))
    }
}

impl PrincipalPattern {
    fn matches(&self, asker: &Asker<'_>) -> Option<PrincipalMatch> {
        let direct = |yes: bool| yes.then_some(PrincipalMatch::Direct);
        match (self, asker) {
            (PrincipalPattern::Service(name), Asker::Service(asking)) => direct(name == asking),
            (PrincipalPattern::Anyone, Asker::Principal { .. }) => Some(PrincipalMatch::Direct),
            (PrincipalPattern::Account(id), Asker::Principal { account, .. }) => {
                (id == account).then_some(PrincipalMatch::Account)
            }
            (PrincipalPattern::Entity(id), Asker::Principal { unique_id, .. }) => {
                direct(*unique_id == Some(id.as_str()))
            }
            (PrincipalPattern::Session(arn), Asker::Principal { session_arn, .. }) => {
                direct(*session_arn == Some(arn.as_str()))
            }
            _ => None,
        }
    }
}

fn listed(
    object: &serde_json::Map<String, Value>,
    plain: &str,
    inverted: &str,
) -> Result<Option<Listed<String>>, String> {
    let syntax = || "Syntax errors in policy.".to_owned();
    match (object.get(plain), object.get(inverted)) {
        (Some(_), Some(_)) => Err(syntax()),
        (Some(value), None) => Ok(Some(Listed {
            inverted: false,
            items: scalars(value).ok_or_else(syntax)?,
        })),
        (None, Some(value)) => Ok(Some(Listed {
            inverted: true,
            items: scalars(value).ok_or_else(syntax)?,
        })),
        (None, None) => Ok(None),
    }
}

fn check_actions(actions: &Listed<String>, kind: DocumentKind) -> Result<(), String> {
    if actions.items.is_empty() {
        return Err("Policy statement must contain actions.".to_owned());
    }
    for action in actions.items.iter().filter(|action| *action != "*") {
        let Some((vendor, _)) = action.split_once(':') else {
            return Err(
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.".to_owned(),
            );
        };
        if vendor.is_empty() || !vendor.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(format!("Vendor {vendor} is not valid"));
        }
        if kind == DocumentKind::Trust && !vendor.eq_ignore_ascii_case("sts") {
            return Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned());
        }
    }
    Ok(())
}

fn check_resources(resources: Option<&Listed<String>>, kind: DocumentKind) -> Result<(), String> {
    match (kind, resources) {
        (DocumentKind::Trust, Some(_)) => Err("Has prohibited field Resource".to_owned()),
        (DocumentKind::Trust, None) => Ok(()),
        (DocumentKind::Identity, None) => Err("Policy statement must contain resources.".to_owned()),
        (DocumentKind::Identity, Some(list)) if list.items.is_empty() => {
            Err("Policy statement must contain resources.".to_owned())
        }
        (DocumentKind::Identity, Some(list)) => list
            .items
            .iter()
            .try_for_each(|resource| check_resource(resource)),
    }
}

fn check_resource(resource: &str) -> Result<(), String> {
    if resource == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    if parts[0] != "arn" || parts.len() < 2 {
        return Err(format!("Resource {resource} must be in ARN format or \"*\"."));
    }
    if parts
        .get(1)
        .is_some_and(|partition| !partition.starts_with("aws") && *partition != "*")
    {
        return Err(format!(
            "Partition \"{}\" is not valid for resource \"{resource}\".",
            parts[1]
        ));
    }
    if parts.len() < 6 && !resource.ends_with('*') {
        return Err(format!("Resource {resource} must be in ARN format or \"*\"."));
    }
    Ok(())
}

fn principals(object: &serde_json::Map<String, Value>) -> Result<Option<Listed<PrincipalPattern>>, String> {
    let (value, inverted) = match (object.get("Principal"), object.get("NotPrincipal")) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err("Syntax errors in policy.".to_owned()),
    };
    let mut items = Vec::new();
    match value {
        Value::String(text) if text == "*" => items.push(PrincipalPattern::Anyone),
        Value::Object(kinds) => {
            for (kind, names) in kinds {
                for name in scalars(names).ok_or("Syntax errors in policy.")? {
                    items.push(principal(kind, &name)?);
                }
            }
        }
        _ => return Err(format!("Invalid principal in policy: {value}")),
    }
    Ok(Some(Listed { inverted, items }))
}

fn principal(kind: &str, name: &str) -> Result<PrincipalPattern, String> {
    let invalid = || format!("Invalid principal in policy: \"{kind}\":\"{name}\"");
    match kind {
        "Service" if name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn") => {
            Ok(PrincipalPattern::Service(name.to_owned()))
        }
        "Federated" => Ok(PrincipalPattern::Federated(name.to_owned())),
        "AWS" if name == "*" => Ok(PrincipalPattern::Anyone),
        "AWS" if is_account_id(name) => Ok(PrincipalPattern::Account(name.to_owned())),
        "AWS" if name.starts_with("AROA") || name.starts_with("AIDA") => {
            Ok(PrincipalPattern::Entity(name.to_owned()))
        }
        "AWS" => {
            let parts: Vec<&str> = name.splitn(6, ':').collect();
            let [_, _, service, _, account, resource] = parts[..] else {
                return Err(invalid());
            };
            if !name.starts_with("arn:aws") || !is_account_id(account) || name.contains(['*', '?']) {
                return Err(invalid());
            }
            match (service, resource) {
                ("iam", "root") => Ok(PrincipalPattern::Account(account.to_owned())),
                ("iam", _) if resource.starts_with("role/") || resource.starts_with("user/") => {
                    Ok(PrincipalPattern::Arn(name.to_owned()))
                }
                ("sts", _) if resource.starts_with("assumed-role/") => {
                    Ok(PrincipalPattern::Session(name.to_owned()))
                }
                _ => Err(invalid()),
            }
        }
        _ => Err(invalid()),
    }
}

/// Whether the text is a 12-digit account id.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Result<Document, String> {
        Document::parse(text, DocumentKind::Identity)
    }

    #[test]
    fn what_iam_refuses_on_save_is_refused_with_its_text() {
        let cases = [
            (r#"{"#, "Syntax errors in policy."),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*"}}"#,
                "Policy statement must contain resources.",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}"#,
                "Policy statement must contain actions.",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"go","Resource":"*"}}"#,
                "must be prefaced by a vendor",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"vpc"}}"#,
                "must be in ARN format",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#,
                "must be version 2012-10-17",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*","Principal":"*"}}"#,
                "should not specify a principal",
            ),
        ];
        for (text, expected) in cases {
            assert!(identity(text).unwrap_err().contains(expected), "{text}");
        }
    }

    #[test]
    fn a_policy_arn_or_a_wildcard_is_no_principal() {
        for arn in [
            "arn:aws:iam::111111111111:policy/p",
            "arn:aws:iam::111111111111:role/*",
            "arn:aws:iam::1:role/r",
            "someone",
        ] {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{arn}"}}}}}}"#
            );
            let error = Document::parse(&text, DocumentKind::Trust).unwrap_err();
            assert_eq!(error, format!("Invalid principal in policy: \"AWS\":\"{arn}\""));
        }
    }

    #[test]
    fn not_action_and_not_resource_invert() {
        let document = identity(
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","NotAction":"iam:*","NotResource":"arn:aws:ec2:*:*:vpc/*"}}"#,
        )
        .unwrap();
        let statement = &document.statements[0];
        assert!(statement.covers_action("ec2:CreateVpc") && !statement.covers_action("iam:CreateRole"));
        assert!(!statement.covers_resource("arn:aws:ec2:r:1:vpc/vpc-1", &Context::new()));
    }
}
