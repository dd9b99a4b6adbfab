//! Where an external schema reads from, and how it authenticates.
//!
//! Only what Redshift documents can be written. `FROM MSK` with addresses and
//! mutual TLS with a cluster ARN have no published form and no constructor here.

use super::broker::BrokerList;
use super::literal::quoted;
use super::role::IamRole;
use crate::text::checked_name;
use serde::{Deserialize, Serialize};
use std::fmt;
use xacct_types::{Arn, ClusterArn, Invalid, Region, SecretArn};

/// The source of an external schema: the part behind `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamSource {
    /// Kinesis data streams of an account and region.
    Kinesis(KinesisSource),
    /// An MSK cluster, named by its ARN.
    Msk(MskSource),
    /// A Kafka cluster, named by the addresses of its brokers.
    Kafka(KafkaSource),
}

/// `FROM KINESIS`: every stream that the last role of the chain may read.
///
/// The grammar has no place for an account: the streams are those of the account
/// of the last role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KinesisSource {
    pub(super) region: Option<Region>,
    pub(super) role: IamRole,
}

impl KinesisSource {
    /// Streams of the warehouse's own region, read as `role`.
    #[must_use]
    pub fn new(role: impl Into<IamRole>) -> Self {
        Self {
            region: None,
            role: role.into(),
        }
    }

    /// Reads the streams of another region.
    #[must_use]
    pub fn in_region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }
}

/// `FROM MSK … CLUSTER_ARN`: Redshift asks the MSK API for the brokers, so the
/// last role needs `kafka:GetBootstrapBrokers` and the warehouse a way to that API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MskSource {
    pub(super) cluster: ClusterArn,
    pub(super) authentication: MskAuthentication,
}

/// How `FROM MSK … CLUSTER_ARN` authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MskAuthentication {
    None(Option<IamRole>),
    Iam(IamRole),
}

impl MskSource {
    /// IAM authentication: the only one that MSK Serverless accepts.
    #[must_use]
    pub fn iam(cluster: ClusterArn, role: impl Into<IamRole>) -> Self {
        Self {
            cluster,
            authentication: MskAuthentication::Iam(role.into()),
        }
    }

    /// No authentication, which a provisioned cluster may allow. The role, where
    /// given, asks for the brokers.
    ///
    /// # Errors
    /// [`Invalid`] for a serverless cluster: it accepts IAM only.
    pub fn unauthenticated(cluster: ClusterArn, role: Option<IamRole>) -> Result<Self, Invalid> {
        if is_serverless(&cluster) {
            let why = "is serverless, and MSK Serverless accepts only IAM authentication";
            return Err(Invalid::new("cluster ARN", cluster.as_str(), why));
        }
        Ok(Self {
            cluster,
            authentication: MskAuthentication::None(role),
        })
    }

    /// The cluster.
    #[must_use]
    pub fn cluster(&self) -> &ClusterArn {
        &self.cluster
    }
}

/// The UUID of a serverless cluster ends in `-s` and a number.
fn is_serverless(cluster: &ClusterArn) -> bool {
    let last = cluster.uuid().rsplit('-').next().unwrap_or("");
    let number = last.strip_prefix('s').unwrap_or("");
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// `FROM KAFKA … URI`: MSK, Confluent Cloud or brokers of one's own, by address.
///
/// AWS recommends this form today; it needs no MSK API at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSource {
    pub(super) brokers: BrokerList,
    pub(super) authentication: KafkaAuthentication,
}

/// How `FROM KAFKA` authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KafkaAuthentication {
    None,
    Iam(IamRole),
    Mtls(IamRole, Certificate),
}

impl KafkaSource {
    /// IAM authentication, which only MSK understands (Kafka 2.7.1 or newer).
    ///
    /// # Errors
    /// [`Invalid`] for Confluent Cloud, or where a broker of MSK is named with a
    /// port that does not speak SASL/IAM.
    pub fn iam(brokers: BrokerList, role: impl Into<IamRole>) -> Result<Self, Invalid> {
        refuse_confluent(&brokers)?;
        expect_ports(&brokers, "IAM", &[9098, 9198, 20098])?;
        Ok(Self {
            brokers,
            authentication: KafkaAuthentication::Iam(role.into()),
        })
    }

    /// No authentication. Brokers of one's own must still speak TLS.
    ///
    /// # Errors
    /// [`Invalid`] for MSK Serverless and Confluent Cloud, or where a broker of MSK
    /// is named with a port that asks for authentication.
    pub fn unauthenticated(brokers: BrokerList) -> Result<Self, Invalid> {
        refuse_confluent(&brokers)?;
        refuse_serverless(&brokers)?;
        expect_ports(&brokers, "no", &[9092, 9094, 20092, 20094])?;
        Ok(Self {
            brokers,
            authentication: KafkaAuthentication::None,
        })
    }

    /// Mutual TLS with a certificate that `role` may fetch.
    ///
    /// # Errors
    /// [`Invalid`] for MSK Serverless, or where a broker of MSK is named with a port
    /// that does not speak mutual TLS.
    pub fn mtls(
        brokers: BrokerList,
        role: impl Into<IamRole>,
        certificate: Certificate,
    ) -> Result<Self, Invalid> {
        refuse_serverless(&brokers)?;
        expect_ports(&brokers, "mutual TLS", &[9094, 9194, 20094])?;
        Ok(Self {
            brokers,
            authentication: KafkaAuthentication::Mtls(role.into(), certificate),
        })
    }

    /// The brokers.
    #[must_use]
    pub fn brokers(&self) -> &BrokerList {
        &self.brokers
    }
}

fn refuse_confluent(brokers: &BrokerList) -> Result<(), Invalid> {
    if !brokers.is_confluent() {
        return Ok(());
    }
    let why = "is of Confluent Cloud, which Redshift reads only with mutual TLS";
    Err(Invalid::new("broker list", &brokers.to_string(), why))
}

fn refuse_serverless(brokers: &BrokerList) -> Result<(), Invalid> {
    if !brokers.is_msk_serverless() {
        return Ok(());
    }
    let why = "is of MSK Serverless, which accepts only IAM authentication";
    Err(Invalid::new("broker list", &brokers.to_string(), why))
}

/// MSK's ports say how they authenticate (Amazon MSK developer guide, "Port
/// information"); ports of other clusters say nothing.
fn expect_ports(brokers: &BrokerList, how: &str, ports: &[u16]) -> Result<(), Invalid> {
    let wrong = brokers.iter().find(|(_, port)| !ports.contains(port));
    match wrong {
        Some((_, port)) if brokers.is_msk() => {
            let why = format!("names port {port}, where MSK does not offer {how} authentication: {ports:?}");
            Err(Invalid::new("broker list", &brokers.to_string(), why))
        }
        _ => Ok(()),
    }
}

/// The client certificate of mutual TLS: exactly one of two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// `AUTHENTICATION_ARN`: fetched from ACM, which needs a way to the internet.
    Acm(CertificateArn),
    /// `SECRET_ARN`: a JSON secret with the keys `certificate` and `privateKey`.
    Secret(SecretArn),
}

/// The ARN of a certificate in AWS Certificate Manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateArn(String);

checked_name!(CertificateArn, "certificate ARN");

impl CertificateArn {
    fn check(value: &str) -> Result<(), String> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b":/_-".contains(&b);
        let kind = Arn::read(value)
            .is_some_and(|arn| arn.service == "acm" && arn.resource.starts_with("certificate/"));
        if kind && value.bytes().all(legal) {
            return Ok(());
        }
        Err(
            "is not the ARN of an ACM certificate, like arn:aws:acm:us-east-1:111111111111:certificate/UUID"
                .into(),
        )
    }
}

impl StreamSource {
    /// The role that the source is read as, where it needs one.
    #[must_use]
    pub fn role(&self) -> Option<&IamRole> {
        match self {
            Self::Kinesis(kinesis) => Some(&kinesis.role),
            Self::Msk(msk) => match &msk.authentication {
                MskAuthentication::None(role) => role.as_ref(),
                MskAuthentication::Iam(role) => Some(role),
            },
            Self::Kafka(kafka) => match &kafka.authentication {
                KafkaAuthentication::None => None,
                KafkaAuthentication::Iam(role) | KafkaAuthentication::Mtls(role, _) => Some(role),
            },
        }
    }

    /// `none`, `iam` or `mtls`; nothing for Kinesis.
    #[must_use]
    pub fn authentication(&self) -> Option<&'static str> {
        match self {
            Self::Kinesis(_) => None,
            Self::Msk(msk) => Some(match msk.authentication {
                MskAuthentication::None(_) => "none",
                MskAuthentication::Iam(_) => "iam",
            }),
            Self::Kafka(kafka) => Some(match kafka.authentication {
                KafkaAuthentication::None => "none",
                KafkaAuthentication::Iam(_) => "iam",
                KafkaAuthentication::Mtls(..) => "mtls",
            }),
        }
    }

    /// The kind that `svv_external_schemas.eskind` shows: 9 for Kinesis, 10 for Kafka.
    #[must_use]
    pub fn catalog_kind(&self) -> i64 {
        match self {
            Self::Kinesis(_) => 9,
            Self::Msk(_) | Self::Kafka(_) => 10,
        }
    }
}

impl From<KinesisSource> for StreamSource {
    fn from(source: KinesisSource) -> Self {
        Self::Kinesis(source)
    }
}

impl From<MskSource> for StreamSource {
    fn from(source: MskSource) -> Self {
        Self::Msk(source)
    }
}

impl From<KafkaSource> for StreamSource {
    fn from(source: KafkaSource) -> Self {
        Self::Kafka(source)
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acm(arn) => write!(f, "AUTHENTICATION_ARN {}", quoted(arn.as_str())),
            Self::Secret(arn) => write!(f, "SECRET_ARN {}", quoted(arn.as_str())),
        }
    }
}

// The clauses stand in the order of AWS's own examples: IAM_ROLE,
// AUTHENTICATION, URI or CLUSTER_ARN, then the certificate.
impl fmt::Display for StreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keyword = match self {
            Self::Kinesis(_) => "KINESIS",
            Self::Msk(_) => "MSK",
            Self::Kafka(_) => "KAFKA",
        };
        write!(f, "FROM {keyword}")?;
        if let Self::Kinesis(KinesisSource {
            region: Some(region), ..
        }) = self
        {
            write!(f, " REGION {}", quoted(region.as_str()))?;
        }
        if let Some(role) = self.role() {
            write!(f, " IAM_ROLE {role}")?;
        }
        if let Some(authentication) = self.authentication() {
            write!(f, " AUTHENTICATION {authentication}")?;
        }
        match self {
            Self::Kinesis(_) => Ok(()),
            Self::Msk(msk) => write!(f, " CLUSTER_ARN {}", quoted(msk.cluster.as_str())),
            Self::Kafka(kafka) => {
                write!(f, " URI {}", quoted(&kafka.brokers.to_string()))?;
                match &kafka.authentication {
                    KafkaAuthentication::Mtls(_, certificate) => write!(f, " {certificate}"),
                    _ => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brokers(text: &str) -> BrokerList {
        BrokerList::new(text).unwrap()
    }

    const SERVERLESS: &str = "boot-a1.c3.kafka-serverless.ap-south-1.amazonaws.com:9098";

    #[test]
    fn a_serverless_cluster_is_never_read_without_iam() {
        let arn = "arn:aws:kafka:ap-south-1:111111111111:cluster/c/00000000-0000-0000-0000-000000000000-s1";
        let refusal = MskSource::unauthenticated(ClusterArn::new(arn).unwrap(), None).unwrap_err();
        assert!(
            refusal.why.contains("accepts only IAM authentication"),
            "{refusal}"
        );
        assert!(KafkaSource::unauthenticated(brokers(SERVERLESS)).is_err());
    }

    #[test]
    fn a_port_that_speaks_another_language_is_refused() {
        let list = brokers("b-1.c.abc.c2.kafka.us-east-1.amazonaws.com:9092");
        let refusal = KafkaSource::iam(list, IamRole::Default).unwrap_err();
        assert!(refusal.why.contains("names port 9092"), "{refusal}");
    }

    #[test]
    fn ports_of_other_clusters_are_their_own_business() {
        assert!(KafkaSource::unauthenticated(brokers("kafka.example.com:443")).is_ok());
    }

    #[test]
    fn confluent_cloud_is_read_with_mutual_tls_only() {
        let list = brokers("pkc-1.us-east-1.aws.confluent.cloud:9092");
        assert!(KafkaSource::iam(list.clone(), IamRole::Default).is_err());
        let certificate = Certificate::Acm(
            CertificateArn::new("arn:aws:acm:us-east-1:111111111111:certificate/a").unwrap(),
        );
        assert!(KafkaSource::mtls(list, IamRole::Default, certificate).is_ok());
    }
}
