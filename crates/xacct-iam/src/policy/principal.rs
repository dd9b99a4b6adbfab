//! The `Principal` element, and what the text of an AWS principal says.

use super::values::{OneOrMany, serialize_list};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;
use xacct_types::{AccountId, Arn, RoleArn};

/// Who is meant, by kind. `"Principal": "*"` is read as `{"AWS": "*"}`, which
/// AWS documents to mean the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Principals {
    /// ARNs, account ids, unique ids, or `*`.
    pub aws: Vec<String>,
    /// Service principals such as `redshift.amazonaws.com`.
    pub service: Vec<String>,
    /// Identity providers.
    pub federated: Vec<String>,
    /// Canonical user ids of S3.
    pub canonical_user: Vec<String>,
}

impl Principals {
    /// Exactly this role.
    #[must_use]
    pub fn role(role: &RoleArn) -> Self {
        Self {
            aws: vec![role.to_string()],
            ..Self::default()
        }
    }

    /// Service principals.
    #[must_use]
    pub fn services<S>(services: S) -> Self
    where
        S: IntoIterator,
        S::Item: Into<String>,
    {
        Self {
            service: services.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The same without one principal, by its kind as it stands in JSON.
    #[must_use]
    pub fn without(&self, kind: &str, name: &str) -> Self {
        let mut left = self.clone();
        let names = match kind {
            "AWS" => &mut left.aws,
            "Service" => &mut left.service,
            "Federated" => &mut left.federated,
            _ => &mut left.canonical_user,
        };
        names.retain(|other| other != name);
        left
    }

    /// Every principal with its kind as it stands in JSON.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let kinds = [
            ("AWS", &self.aws),
            ("Service", &self.service),
            ("Federated", &self.federated),
            ("CanonicalUser", &self.canonical_user),
        ];
        kinds
            .into_iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| (kind, name.as_str())))
    }
}

impl Serialize for Principals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Names<'a>(&'a [String]);
        impl Serialize for Names<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_list(self.0, serializer)
            }
        }
        let mut map = serializer.serialize_map(None)?;
        for (kind, names) in [
            ("AWS", &self.aws),
            ("Service", &self.service),
            ("Federated", &self.federated),
            ("CanonicalUser", &self.canonical_user),
        ] {
            if !names.is_empty() {
                map.serialize_entry(kind, &Names(names))?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Principals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PrincipalsVisitor)
    }
}

struct PrincipalsVisitor;

impl<'de> Visitor<'de> for PrincipalsVisitor {
    type Value = Principals;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"*\" or an object of AWS, Service, Federated or CanonicalUser")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Principals, E> {
        if value != "*" {
            let wrong = serde::de::Unexpected::Str(value);
            return Err(E::invalid_value(wrong, &self));
        }
        Ok(Principals {
            aws: vec!["*".to_owned()],
            ..Principals::default()
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Principals, A::Error> {
        let mut principals = Principals::default();
        let mut seen = Vec::new();
        while let Some(kind) = map.next_key::<String>()? {
            let names = match kind.as_str() {
                "AWS" => &mut principals.aws,
                "Service" => &mut principals.service,
                "Federated" => &mut principals.federated,
                "CanonicalUser" => &mut principals.canonical_user,
                _ => {
                    let known = &["AWS", "Service", "Federated", "CanonicalUser"];
                    return Err(A::Error::unknown_field(&kind, known));
                }
            };
            if seen.contains(&kind) {
                return Err(A::Error::custom(format_args!("duplicate key `{kind}`")));
            }
            let OneOrMany(read) = map.next_value()?;
            *names = read;
            seen.push(kind);
        }
        Ok(principals)
    }
}

/// What the text of an `AWS` principal says.
///
/// Source: IAM user guide, "AWS JSON policy elements: Principal" and "IAM identifiers".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AwsPrincipal {
    /// `*`: everybody.
    Anyone,
    /// An account, written as its id or as the ARN of its root.
    Account(AccountId),
    /// A role's ARN.
    Role(RoleArn),
    /// One session of a role: account, role name and session name.
    Session(AccountId, String, String),
    /// A user's ARN.
    User(String),
    /// A unique id such as `AROA…`: what AWS shows in place of the ARN once
    /// the role or user behind it is gone.
    UniqueId(String),
    /// Anything else, kept as it stands.
    Other(String),
}

impl AwsPrincipal {
    /// Reads the text of an `AWS` principal; nothing is refused.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if text == "*" {
            return Self::Anyone;
        }
        if let Ok(account) = AccountId::new(text) {
            return Self::Account(account);
        }
        if is_unique_id(text) {
            return Self::UniqueId(text.to_owned());
        }
        Self::read_arn(text).unwrap_or_else(|| Self::Other(text.to_owned()))
    }

    fn read_arn(text: &str) -> Option<Self> {
        let arn = Arn::read(text)?;
        let account = AccountId::new(arn.account).ok()?;
        match (arn.service, arn.resource) {
            ("iam", "root") => Some(Self::Account(account)),
            ("iam", resource) if resource.starts_with("role/") => RoleArn::new(text).ok().map(Self::Role),
            ("iam", resource) if resource.starts_with("user/") => Some(Self::User(text.to_owned())),
            ("sts", resource) => {
                let (role, session) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
                Some(Self::Session(account, role.to_owned(), session.to_owned()))
            }
            _ => None,
        }
    }
}

/// Unique ids are capital letters and digits behind a four-letter prefix
/// (IAM user guide, "Unique identifiers").
fn is_unique_id(text: &str) -> bool {
    const PREFIXES: [&str; 4] = ["AROA", "AIDA", "AGPA", "ANPA"];
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    text.len() >= 16 && PREFIXES.iter().any(|p| text.starts_with(p)) && text.bytes().all(legal)
}
