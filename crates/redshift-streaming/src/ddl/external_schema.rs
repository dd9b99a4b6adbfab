//! `CREATE`, `ALTER` and `DROP` of external schemas.

use super::broker::BrokerList;
use super::ident::Identifier;
use super::literal::quoted;
use super::role::IamRole;
use super::source::{Certificate, StreamSource};
use std::fmt;

/// `CREATE EXTERNAL SCHEMA`.
///
/// A cluster by its ARN, read through two accounts:
/// ```
/// use redshift_streaming::ddl::{CreateExternalSchema, Identifier, MskSource, RoleChain};
/// use xacct_types::{ClusterArn, RoleArn};
///
/// let roles = RoleChain::new([
///     RoleArn::new("arn:aws:iam::222222222222:role/warehouse")?,
///     RoleArn::new("arn:aws:iam::111111111111:role/stream")?,
/// ])?;
/// let cluster = ClusterArn::new(
///     "arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1",
/// )?;
/// let schema = CreateExternalSchema::new(Identifier::new("mskschema")?, MskSource::iam(cluster, roles));
/// assert_eq!(
///     schema.to_string(),
///     "CREATE EXTERNAL SCHEMA \"mskschema\" FROM MSK \
///      IAM_ROLE 'arn:aws:iam::222222222222:role/warehouse,arn:aws:iam::111111111111:role/stream' \
///      AUTHENTICATION iam \
///      CLUSTER_ARN 'arn:aws:kafka:ap-south-1:111111111111:cluster/clicks/8ecca3e4-7e5a-4152-a212-ab7f9cde97be-s1'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// By address, with mutual TLS:
/// ```
/// use redshift_streaming::ddl::{Certificate, CreateExternalSchema, Identifier, IamRole, KafkaSource};
/// use xacct_types::SecretArn;
///
/// let certificate = Certificate::Secret(SecretArn::new(
///     "arn:aws:secretsmanager:us-east-1:111111111111:secret:kafka-AbCdEf",
/// )?);
/// let source = KafkaSource::mtls("kafka.example.com:9094".parse()?, IamRole::Default, certificate)?;
/// let schema = CreateExternalSchema::new(Identifier::new("clicks_ext")?, source).if_not_exists();
/// assert_eq!(
///     schema.to_string(),
///     "CREATE EXTERNAL SCHEMA IF NOT EXISTS \"clicks_ext\" FROM KAFKA IAM_ROLE default \
///      AUTHENTICATION mtls URI 'kafka.example.com:9094' \
///      SECRET_ARN 'arn:aws:secretsmanager:us-east-1:111111111111:secret:kafka-AbCdEf'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
///
/// Kinesis:
/// ```
/// use redshift_streaming::ddl::{CreateExternalSchema, Identifier, IamRole, KinesisSource};
///
/// let source = KinesisSource::new(IamRole::Default).in_region("us-east-1".parse()?);
/// let schema = CreateExternalSchema::new(Identifier::new("schema_stream")?, source);
/// assert_eq!(
///     schema.to_string(),
///     r#"CREATE EXTERNAL SCHEMA "schema_stream" FROM KINESIS REGION 'us-east-1' IAM_ROLE default"#
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateExternalSchema {
    name: Identifier,
    if_not_exists: bool,
    source: StreamSource,
}

impl CreateExternalSchema {
    /// A schema that reads from `source`.
    #[must_use]
    pub fn new(name: Identifier, source: impl Into<StreamSource>) -> Self {
        Self {
            name,
            if_not_exists: false,
            source: source.into(),
        }
    }

    /// Makes an existing schema no error. Redshift does not compare: a schema of
    /// other options stays as it is, silently.
    #[must_use]
    pub fn if_not_exists(mut self) -> Self {
        self.if_not_exists = true;
        self
    }

    /// The schema's name.
    #[must_use]
    pub fn name(&self) -> &Identifier {
        &self.name
    }

    /// What it reads from.
    #[must_use]
    pub fn source(&self) -> &StreamSource {
        &self.source
    }
}

impl fmt::Display for CreateExternalSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CREATE EXTERNAL SCHEMA ")?;
        if self.if_not_exists {
            f.write_str("IF NOT EXISTS ")?;
        }
        write!(f, "{} {}", self.name, self.source)
    }
}

/// `ALTER EXTERNAL SCHEMA`: at least one option, changed in place.
///
/// Redshift offers it for schemas `FROM MSK` and `FROM KAFKA`, not for Kinesis,
/// and not for the cluster's ARN; those are dropped and made again.
///
/// ```
/// use redshift_streaming::ddl::{AlterExternalSchema, Identifier, IamRole, SchemaOption};
/// use xacct_types::RoleArn;
///
/// let role = RoleArn::new("arn:aws:iam::222222222222:role/new")?;
/// let alter = AlterExternalSchema::new(Identifier::new("clicks_ext")?, SchemaOption::Role(role.into()))
///     .and(SchemaOption::Brokers("kafka.example.com:9094".parse()?));
/// assert_eq!(
///     alter.to_string(),
///     "ALTER EXTERNAL SCHEMA \"clicks_ext\" IAM_ROLE 'arn:aws:iam::222222222222:role/new' \
///      URI 'kafka.example.com:9094'"
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlterExternalSchema {
    name: Identifier,
    role: Option<IamRole>,
    authentication: Option<SchemaAuthentication>,
    brokers: Option<BrokerList>,
}

/// One option that `ALTER EXTERNAL SCHEMA` can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaOption {
    /// `IAM_ROLE`.
    Role(IamRole),
    /// `AUTHENTICATION`, with the certificate that mutual TLS needs.
    Authentication(SchemaAuthentication),
    /// `URI`.
    Brokers(BrokerList),
}

/// An authentication to change to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaAuthentication {
    /// No authentication.
    None,
    /// IAM.
    Iam,
    /// Mutual TLS with this certificate.
    Mtls(Certificate),
}

impl AlterExternalSchema {
    /// Changes one option.
    #[must_use]
    pub fn new(name: Identifier, change: SchemaOption) -> Self {
        let unchanged = Self {
            name,
            role: None,
            authentication: None,
            brokers: None,
        };
        unchanged.and(change)
    }

    /// Changes a further option; the same option again replaces the first.
    #[must_use]
    pub fn and(mut self, change: SchemaOption) -> Self {
        match change {
            SchemaOption::Role(role) => self.role = Some(role),
            SchemaOption::Authentication(authentication) => self.authentication = Some(authentication),
            SchemaOption::Brokers(brokers) => self.brokers = Some(brokers),
        }
        self
    }

    /// The schema's name.
    #[must_use]
    pub fn name(&self) -> &Identifier {
        &self.name
    }
}

impl fmt::Display for AlterExternalSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALTER EXTERNAL SCHEMA {}", self.name)?;
        if let Some(role) = &self.role {
            write!(f, " IAM_ROLE {role}")?;
        }
        match &self.authentication {
            None => {}
            Some(SchemaAuthentication::None) => f.write_str(" AUTHENTICATION none")?,
            Some(SchemaAuthentication::Iam) => f.write_str(" AUTHENTICATION iam")?,
            Some(SchemaAuthentication::Mtls(_)) => f.write_str(" AUTHENTICATION mtls")?,
        }
        if let Some(brokers) = &self.brokers {
            write!(f, " URI {}", quoted(&brokers.to_string()))?;
        }
        if let Some(SchemaAuthentication::Mtls(certificate)) = &self.authentication {
            write!(f, " {certificate}")?;
        }
        Ok(())
    }
}

/// `DROP SCHEMA`. Without [`cascade`](Self::cascade) Redshift refuses while
/// anything depends on the schema.
///
/// ```
/// use redshift_streaming::ddl::{DropSchema, Identifier};
///
/// let drop = DropSchema::new(Identifier::new("mskschema")?);
/// assert_eq!(drop.to_string(), r#"DROP SCHEMA "mskschema""#);
/// assert_eq!(
///     drop.if_exists().cascade().to_string(),
///     r#"DROP SCHEMA IF EXISTS "mskschema" CASCADE"#
/// );
/// # Ok::<(), xacct_types::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropSchema {
    name: Identifier,
    more: Vec<Identifier>,
    if_exists: bool,
    cascade: bool,
}

impl DropSchema {
    /// Drops the schema if nothing depends on it.
    #[must_use]
    pub fn new(name: Identifier) -> Self {
        Self {
            name,
            more: Vec::new(),
            if_exists: false,
            cascade: false,
        }
    }

    /// Drops a further schema with it.
    #[must_use]
    pub fn and(mut self, name: Identifier) -> Self {
        self.more.push(name);
        self
    }

    /// Makes a missing schema no error.
    #[must_use]
    pub fn if_exists(mut self) -> Self {
        self.if_exists = true;
        self
    }

    /// Drops what depends on the schema too. Users rely on this to take streaming
    /// views in other schemas along; AWS does not document that it does.
    #[must_use]
    pub fn cascade(mut self) -> Self {
        self.cascade = true;
        self
    }

    /// The schema's name.
    #[must_use]
    pub fn name(&self) -> &Identifier {
        &self.name
    }
}

impl fmt::Display for DropSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DROP SCHEMA ")?;
        if self.if_exists {
            f.write_str("IF EXISTS ")?;
        }
        write!(f, "{}", self.name)?;
        self.more.iter().try_for_each(|name| write!(f, ", {name}"))?;
        if self.cascade {
            f.write_str(" CASCADE")?;
        }
        Ok(())
    }
}
