//! Amazon Resource Names: the general form, and the kinds that must not be mixed up.

use crate::text::checked_text;
use crate::{AccountId, Fault, Invalid, Partition, Region, TopicName};
use serde::{Deserialize, Serialize};

/// An ARN split into its six parts, borrowed from the text it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// For example `iam` or `kafka`.
    pub service: &'a str,
    /// Empty for global services.
    pub region: &'a str,
    /// Twelve digits, or empty.
    pub account: &'a str,
    /// Everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits `text` at its first five colons; `None` if it is no ARN.
    ///
    /// ```
    /// let arn = xacct_types::Arn::read("arn:aws:iam::111111111111:role/reader").unwrap();
    /// assert_eq!((arn.service, arn.resource), ("iam", "role/reader"));
    /// ```
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let (partition, service) = (parts.next()?, parts.next()?);
        let (region, account) = (parts.next()?, parts.next()?);
        let resource = parts.next()?;
        let known = !partition.is_empty() && !service.is_empty() && !resource.is_empty();
        known.then_some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

/// What every ARN of ours must be before its kind is looked at.
fn read_checked<'a>(value: &'a str, kind: &str, example: &str) -> Result<Arn<'a>, Fault> {
    let legal = |c: char| c.is_ascii_alphanumeric() || ":/_+=.@-".contains(c);
    let arn = Arn::read(value).ok_or_else(|| {
        let why = format!("is not an ARN: write the ARN of the {kind}, like {example}");
        Fault::at(value, breaks_at(value), why)
    })?;
    if let Some(at) = value.find(|c| !legal(c)) {
        let why = "holds a character that no ARN of this kind has";
        return Err(Fault::at(value, at, why));
    }
    if !matches!(arn.partition, "aws" | "aws-cn" | "aws-us-gov") {
        let why = format!("names the partition {}, which is not supported", arn.partition);
        return Err(Fault::at(value, part(value, 1), why));
    }
    if AccountId::new(arn.account).is_err() {
        let why = "has no 12-digit account id in its fifth part";
        return Err(Fault::at(value, part(value, 4), why));
    }
    Ok(arn)
}

/// Where the `n`-th part of an ARN begins, counted from 0; the end where there are fewer.
fn part(value: &str, n: usize) -> usize {
    let colons = value.match_indices(':').map(|(at, _)| at + 1);
    std::iter::once(0).chain(colons).nth(n).unwrap_or(value.len())
}

/// Where a text stops being an ARN: its start, an empty part that must not be, or its end.
fn breaks_at(value: &str) -> usize {
    if !value.starts_with("arn:") {
        return 0;
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let empty = [1, 2, 5]
        .into_iter()
        .find(|&n| parts.get(n).is_none_or(|part| part.is_empty()));
    empty.map_or(value.len(), |n| part(value, n))
}

/// Refuses an ARN of another kind and says which kind it is.
fn expect_kind(value: &str, arn: Arn<'_>, service: &str, prefix: &str, kind: &str) -> Result<(), Fault> {
    if arn.service == service && arn.resource.starts_with(prefix) {
        return Ok(());
    }
    let found = arn.resource.split(['/', ':']).next().unwrap_or(arn.resource);
    let at = if arn.service == service { 5 } else { 2 };
    let why = format!(
        "is the ARN of a {found} of {}: the ARN of a {kind} belongs here",
        arn.service
    );
    Err(Fault::at(value, part(value, at), why))
}

/// The region in the fourth part.
fn expect_region(value: &str, arn: Arn<'_>) -> Result<(), Fault> {
    let checked = Region::new(arn.region);
    checked
        .map(|_| ())
        .map_err(|bad| Fault::at(value, part(value, 3), bad.why))
}

fn partition_of(text: &str) -> Partition {
    match Arn::read(text).map_or("aws", |arn| arn.partition) {
        "aws-cn" => Partition::China,
        "aws-us-gov" => Partition::GovCloud,
        _ => Partition::Aws,
    }
}

macro_rules! arn_parts {
    ($name:ident) => {
        impl $name {
            fn parts(&self) -> Arn<'_> {
                // The constructor has read it; the fallback is never met.
                Arn::read(&self.0).unwrap_or(Arn {
                    partition: "aws",
                    service: "",
                    region: "",
                    account: "",
                    resource: "",
                })
            }

            /// The account that owns the resource.
            #[must_use]
            pub fn account(&self) -> AccountId {
                AccountId::unchecked(self.parts().account)
            }

            /// The partition of the resource.
            #[must_use]
            pub fn partition(&self) -> Partition {
                partition_of(&self.0)
            }
        }
    };
}

macro_rules! arn_region {
    ($name:ident) => {
        impl $name {
            /// The region of the resource.
            ///
            /// # Errors
            /// [`Invalid`] where the ARN's region is not a region code.
            pub fn region(&self) -> Result<Region, Invalid> {
                Region::new(self.parts().region)
            }
        }
    };
}

/// The ARN of an IAM role; the ARN of anything else is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleArn(String);

impl RoleArn {
    fn check(value: &str) -> Result<(), Fault> {
        let arn = read_checked(value, "role", "arn:aws:iam::111111111111:role/reader")?;
        expect_kind(value, arn, "iam", "role/", "role")?;
        let name = arn.resource.rsplit('/').next().unwrap_or("");
        if name.is_empty() || name.len() > 64 || !arn.region.is_empty() {
            let at = if arn.region.is_empty() {
                value.len() - name.len()
            } else {
                part(value, 3)
            };
            let why = "does not end in a role name of 1 to 64 characters";
            return Err(Fault::at(value, at, why));
        }
        Ok(())
    }

    /// The ARN that a role of this account, path and name has or will have.
    ///
    /// IAM forms it from these parts alone, so it is known before the role is.
    ///
    /// # Errors
    /// [`Invalid`] where path or name hold characters that IAM refuses.
    pub fn predict(
        partition: Partition,
        account: &AccountId,
        path: &str,
        name: &str,
    ) -> Result<Self, Invalid> {
        Self::new(format!("arn:{partition}:iam::{account}:role{path}{name}"))
    }

    /// The role's name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

checked_text!(RoleArn, "role ARN");
arn_parts!(RoleArn);

/// The ARN of an Amazon MSK cluster, provisioned or serverless.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterArn(String);

impl ClusterArn {
    fn check(value: &str) -> Result<(), Fault> {
        let example =
            "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";
        let arn = read_checked(value, "cluster", example)?;
        expect_kind(value, arn, "kafka", "cluster/", "cluster")?;
        let named = arn.resource.split('/').collect::<Vec<_>>();
        if named.len() != 3 || named.iter().any(|part| part.is_empty()) {
            return Err(Fault::at(
                value,
                part(value, 5),
                "does not end in cluster/NAME/UUID",
            ));
        }
        expect_region(value, arn)
    }

    /// The cluster's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts().resource.split('/').nth(1).unwrap_or("")
    }

    /// The cluster's UUID; that of a serverless cluster ends in `-s` and a number.
    #[must_use]
    pub fn uuid(&self) -> &str {
        self.parts().resource.split('/').nth(2).unwrap_or("")
    }

    /// The ARN of a topic as IAM policies name it; `*` stands for all.
    #[must_use]
    pub fn topic(&self, topic: &str) -> String {
        self.part("topic", topic)
    }

    /// The ARN of a topic whose name is checked.
    #[must_use]
    pub fn topic_arn(&self, topic: &TopicName) -> String {
        self.topic(topic.as_str())
    }

    /// The ARN of a consumer group as IAM policies name it.
    #[must_use]
    pub fn group(&self, group: &str) -> String {
        self.part("group", group)
    }

    fn part(&self, kind: &str, name: &str) -> String {
        let arn = self.parts();
        let (cluster, uuid) = (self.name(), self.uuid());
        format!(
            "arn:{}:kafka:{}:{}:{kind}/{cluster}/{uuid}/{name}",
            arn.partition, arn.region, arn.account
        )
    }
}

checked_text!(ClusterArn, "cluster ARN");
arn_parts!(ClusterArn);
arn_region!(ClusterArn);

/// The ARN of a Kinesis data stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamArn(String);

impl StreamArn {
    fn check(value: &str) -> Result<(), Fault> {
        let arn = read_checked(
            value,
            "stream",
            "arn:aws:kinesis:us-east-1:111111111111:stream/clicks",
        )?;
        expect_kind(value, arn, "kinesis", "stream/", "stream")?;
        expect_region(value, arn)
    }

    /// The stream's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts().resource.split('/').nth(1).unwrap_or("")
    }
}

checked_text!(StreamArn, "stream ARN");
arn_parts!(StreamArn);
arn_region!(StreamArn);

/// The ARN of a Secrets Manager secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretArn(String);

impl SecretArn {
    fn check(value: &str) -> Result<(), Fault> {
        // Names of managed secrets hold an exclamation mark: redshift!namespace-admin.
        let plain = value.replace('!', "-");
        let arn = read_checked(
            &plain,
            "secret",
            "arn:aws:secretsmanager:us-east-1:111111111111:secret:name-AbCdEf",
        )?;
        expect_kind(value, arn, "secretsmanager", "secret:", "secret")
    }
}

checked_text!(SecretArn, "secret ARN");
arn_parts!(SecretArn);
arn_region!(SecretArn);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLUSTER: &str =
        "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1";

    #[test]
    fn a_policy_arn_is_refused_where_a_role_arn_belongs() {
        let refusal = RoleArn::new("arn:aws:iam::111111111111:policy/reader")
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("is the ARN of a policy of iam"), "{refusal}");
        assert!(refusal.contains("the ARN of a role belongs here"), "{refusal}");
    }

    #[test]
    fn a_role_arn_knows_its_account_and_name_behind_a_path() {
        let role = RoleArn::new("arn:aws:iam::222222222222:role/service-role/reader").unwrap();
        assert_eq!(role.account().as_str(), "222222222222");
        assert_eq!(role.name(), "reader");
    }

    #[test]
    fn what_is_wrong_with_an_arn_is_said_with_its_place() {
        for (text, position) in [
            ("", 1),
            ("role/reader", 1),
            ("arn", 1),
            ("arn:aws:iam", 12),
            ("arn::iam::111111111111:role/a", 5),
            ("arn:aws:::111111111111:role/a", 9),
            ("arn:aws:iam::111111111111:", 27),
            ("arn:aws-mars:iam::111111111111:role/a", 5),
            ("arn:aws:iam::11111111111:role/a", 14),
            ("arn:aws:iam::111111111111:policy/a", 27),
            ("arn:aws:s3::111111111111:role/a", 9),
            ("arn:aws:iam::111111111111:role/ä", 32),
            ("arn:aws:iam::111111111111:role/a/", 34),
            ("arn:aws:iam:eu-west-1:111111111111:role/a", 13),
        ] {
            let refusal = RoleArn::new(text).unwrap_err();
            assert_eq!(refusal.position, Some(position), "{text}: {refusal}");
        }
    }

    #[test]
    fn quotes_and_blanks_never_enter_an_arn() {
        for bad in [
            "arn:aws:iam::111111111111:role/a'b",
            "arn:aws:iam::111111111111:role/a b",
            "arn:aws:iam::111111111111:role/a,b",
        ] {
            assert!(RoleArn::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn topics_and_groups_are_named_as_policies_name_them() {
        let cluster = ClusterArn::new(CLUSTER).unwrap();
        assert_eq!(
            cluster.topic("testtopic"),
            "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1/testtopic"
        );
        assert!(cluster.group("*").ends_with("-s1/*"));
        assert_eq!(cluster.region().unwrap().as_str(), "ap-south-1");
    }

    #[test]
    fn the_name_of_a_managed_secret_may_hold_an_exclamation_mark() {
        assert!(
            SecretArn::new("arn:aws:secretsmanager:us-east-1:111111111111:secret:redshift!ns-admin-AbCdEf")
                .is_ok()
        );
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_never_lets_a_quote_through(text in ".{0,80}") {
            if let Ok(role) = RoleArn::new(text.clone()) {
                prop_assert!(!role.as_str().contains(['\'', '"', '\\', ',', ' ', ';']));
            }
        }
    }
}
