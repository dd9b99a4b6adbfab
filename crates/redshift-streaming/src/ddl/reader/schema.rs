//! Reads the statements of external schemas.

use super::ReadError;
use super::cursor::Cursor;
use crate::ddl::broker::BrokerList;
use crate::ddl::external_schema::{
    AlterExternalSchema, CreateExternalSchema, DropSchema, SchemaAuthentication, SchemaOption,
};
use crate::ddl::role::{IamRole, RoleChain};
use crate::ddl::source::{Certificate, CertificateArn, KafkaSource, KinesisSource, MskSource, StreamSource};
use crate::ddl::statement::Statement;
use sqlparser::tokenizer::Token;
use xacct_types::{ClusterArn, Invalid, Region, RoleArn, SecretArn};

/// The options behind the source keyword, in any order, each at most once.
#[derive(Default)]
struct Options {
    region: Option<Region>,
    role: Option<IamRole>,
    authentication: Option<Authentication>,
    brokers: Option<BrokerList>,
    cluster: Option<ClusterArn>,
    certificate: Option<Certificate>,
}

#[derive(Clone, Copy, PartialEq)]
enum Authentication {
    None,
    Iam,
    Mtls,
}

pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let if_not_exists = cursor.eat(&["IF", "NOT", "EXISTS"]);
    let name = cursor.identifier()?;
    cursor.keyword("FROM")?;
    let source = source(cursor)?;
    let schema = CreateExternalSchema::new(name, source);
    Ok(if if_not_exists {
        schema.if_not_exists().into()
    } else {
        schema.into()
    })
}

fn source(cursor: &mut Cursor<'_>) -> Result<StreamSource, ReadError> {
    if cursor.eat(&["KINESIS"]) {
        return kinesis(options(cursor)?).map_err(|e| cursor.refused("options of KINESIS", e));
    }
    if cursor.eat(&["MSK"]) {
        return msk(options(cursor)?).map_err(|e| cursor.refused("options of MSK", e));
    }
    if cursor.eat(&["KAFKA"]) {
        return kafka(options(cursor)?).map_err(|e| cursor.refused("options of KAFKA", e));
    }
    Err(cursor.expected("KINESIS, MSK or KAFKA"))
}

fn combination(what: &str, why: &str) -> Invalid {
    Invalid::new("external schema", what, why)
}

fn kinesis(options: Options) -> Result<StreamSource, Invalid> {
    let Options {
        region,
        role: Some(role),
        authentication: None,
        brokers: None,
        cluster: None,
        certificate: None,
    } = options
    else {
        return Err(combination("FROM KINESIS", "takes REGION and IAM_ROLE only"));
    };
    let source = KinesisSource::new(role);
    Ok(match region {
        Some(region) => source.in_region(region).into(),
        None => source.into(),
    })
}

fn msk(options: Options) -> Result<StreamSource, Invalid> {
    let Options {
        region: None,
        role,
        authentication: Some(authentication),
        brokers: None,
        cluster: Some(cluster),
        certificate: None,
    } = options
    else {
        return Err(combination(
            "FROM MSK",
            "takes IAM_ROLE, AUTHENTICATION and CLUSTER_ARN only",
        ));
    };
    match (authentication, role) {
        (Authentication::Iam, Some(role)) => Ok(MskSource::iam(cluster, role).into()),
        (Authentication::Iam, None) => Err(combination("FROM MSK", "needs an IAM_ROLE to use IAM")),
        (Authentication::None, role) => Ok(MskSource::unauthenticated(cluster, role)?.into()),
        (Authentication::Mtls, _) => Err(combination(
            "FROM MSK",
            "has no mutual TLS with a cluster ARN: use FROM KAFKA with URI",
        )),
    }
}

fn kafka(options: Options) -> Result<StreamSource, Invalid> {
    let Options {
        region: None,
        role,
        authentication: Some(authentication),
        brokers: Some(brokers),
        cluster: None,
        certificate,
    } = options
    else {
        return Err(combination(
            "FROM KAFKA",
            "takes IAM_ROLE, AUTHENTICATION, URI and a certificate only",
        ));
    };
    let source = match (authentication, role, certificate) {
        (Authentication::None, None, None) => KafkaSource::unauthenticated(brokers)?,
        (Authentication::Iam, Some(role), None) => KafkaSource::iam(brokers, role)?,
        (Authentication::Mtls, Some(role), Some(certificate)) => {
            KafkaSource::mtls(brokers, role, certificate)?
        }
        (Authentication::None, ..) => {
            return Err(combination(
                "FROM KAFKA",
                "takes neither role nor certificate without authentication",
            ));
        }
        (Authentication::Iam, ..) => {
            return Err(combination(
                "FROM KAFKA",
                "takes an IAM_ROLE and no certificate with IAM",
            ));
        }
        (Authentication::Mtls, ..) => {
            return Err(combination(
                "FROM KAFKA",
                "needs an IAM_ROLE and a certificate with mutual TLS",
            ));
        }
    };
    Ok(source.into())
}

fn options(cursor: &mut Cursor<'_>) -> Result<Options, ReadError> {
    let mut options = Options::default();
    while option(cursor, &mut options)? {}
    Ok(options)
}

/// Reads one option; false where none follows.
fn option(cursor: &mut Cursor<'_>, options: &mut Options) -> Result<bool, ReadError> {
    if options.region.is_none() && cursor.eat(&["REGION"]) {
        options.region = Some(cursor.checked("a region", |text| Region::new(text))?);
    } else if options.role.is_none() && cursor.eat(&["IAM_ROLE"]) {
        options.role = Some(role(cursor)?);
    } else if options.authentication.is_none() && cursor.eat(&["AUTHENTICATION"]) {
        options.authentication = Some(authentication(cursor)?);
    } else if options.brokers.is_none() && cursor.eat(&["URI"]) {
        options.brokers = Some(cursor.checked("addresses of brokers", |text| BrokerList::new(text))?);
    } else if options.cluster.is_none() && cursor.eat(&["CLUSTER_ARN"]) {
        options.cluster = Some(cursor.checked("the ARN of a cluster", |text| ClusterArn::new(text))?);
    } else if options.certificate.is_none() && cursor.eat(&["AUTHENTICATION_ARN"]) {
        let arn = cursor.checked("the ARN of a certificate", |text| CertificateArn::new(text))?;
        options.certificate = Some(Certificate::Acm(arn));
    } else if options.certificate.is_none() && cursor.eat(&["SECRET_ARN"]) {
        let arn = cursor.checked("the ARN of a secret", |text| SecretArn::new(text))?;
        options.certificate = Some(Certificate::Secret(arn));
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn authentication(cursor: &mut Cursor<'_>) -> Result<Authentication, ReadError> {
    for (word, kind) in [
        ("NONE", Authentication::None),
        ("IAM", Authentication::Iam),
        ("MTLS", Authentication::Mtls),
    ] {
        if cursor.eat(&[word]) {
            return Ok(kind);
        }
    }
    Err(cursor.expected("none, iam or mtls"))
}

fn role(cursor: &mut Cursor<'_>) -> Result<IamRole, ReadError> {
    if cursor.eat(&["DEFAULT"]) {
        return Ok(IamRole::Default);
    }
    cursor.checked("default or the ARNs of roles", |text| {
        let roles = text.split(',').map(RoleArn::new).collect::<Result<Vec<_>, _>>()?;
        Ok(RoleChain::new(roles)?.into())
    })
}

pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let name = cursor.identifier()?;
    let options = options(cursor)?;
    if options.region.is_some() || options.cluster.is_some() {
        let why = combination("ALTER EXTERNAL SCHEMA", "changes neither REGION nor CLUSTER_ARN");
        return Err(cursor.refused("IAM_ROLE, AUTHENTICATION or URI", why));
    }
    let authentication = match (options.authentication, options.certificate) {
        (None, None) => None,
        (Some(Authentication::None), None) => Some(SchemaAuthentication::None),
        (Some(Authentication::Iam), None) => Some(SchemaAuthentication::Iam),
        (Some(Authentication::Mtls), Some(arn)) => Some(SchemaAuthentication::Mtls(arn)),
        _ => return Err(cursor.expected("mtls together with a certificate")),
    };
    let changes = [
        options.role.map(SchemaOption::Role),
        authentication.map(SchemaOption::Authentication),
        options.brokers.map(SchemaOption::Brokers),
    ];
    let mut changes = changes.into_iter().flatten();
    let Some(first) = changes.next() else {
        return Err(cursor.expected("IAM_ROLE, AUTHENTICATION or URI"));
    };
    Ok(changes
        .fold(AlterExternalSchema::new(name, first), AlterExternalSchema::and)
        .into())
}

pub(super) fn drop(cursor: &mut Cursor<'_>) -> Result<Statement, ReadError> {
    let if_exists = cursor.eat(&["IF", "EXISTS"]);
    let mut drop = DropSchema::new(cursor.identifier()?);
    while cursor.eat_symbol(&Token::Comma) {
        drop = drop.and(cursor.identifier()?);
    }
    if if_exists {
        drop = drop.if_exists();
    }
    if cursor.eat(&["CASCADE"]) {
        drop = drop.cascade();
    } else {
        cursor.eat(&["RESTRICT"]);
    }
    Ok(drop.into())
}
