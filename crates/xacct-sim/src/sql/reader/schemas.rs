//! Schemas, and external schemas over streams.
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_EXTERNAL_SCHEMA.html>

use super::cursor::Cursor;
use crate::sql::error::{SqlError, SqlResult};
use crate::sql::statement::{Authentication, Roles, Service, Statement, StreamChanges, StreamOptions};

/// Most roles in a chain. <https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-chaining-roles.html>
const CHAIN: usize = 10;

/// Options as they stand; which of them a source may have is checked afterwards, because Redshift takes any order.
#[derive(Default)]
struct Options {
    region: Option<String>,
    roles: Option<Roles>,
    authentication: Option<Authentication>,
    authentication_arn: Option<String>,
    secret_arn: Option<String>,
    brokers: Option<Vec<String>>,
    cluster_arn: Option<String>,
}

pub(super) fn create_external(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_not_exists = c.if_not_exists();
    let name = c.identifier()?;
    c.expect("FROM")?;
    let source = match c.peek() {
        _ if c.take("KINESIS") => "KINESIS",
        _ if c.take("MSK") => "MSK",
        _ if c.take("KAFKA") => "KAFKA",
        _ => return c.unexpected(),
    };
    let options = stream_options(source, options(c)?)?;
    Ok(Statement::CreateExternalSchema {
        name,
        if_not_exists,
        options,
    })
}

fn options(c: &mut Cursor<'_>) -> SqlResult<Options> {
    let mut out = Options::default();
    while !c.at_end() {
        let fresh = match c.peek() {
            _ if c.take("REGION") => out.region.replace(c.string()?).is_none(),
            _ if c.take("IAM_ROLE") => out.roles.replace(roles(c)?).is_none(),
            _ if c.take("AUTHENTICATION") => out.authentication.replace(authentication(c)?).is_none(),
            _ if c.take("AUTHENTICATION_ARN") => out.authentication_arn.replace(c.string()?).is_none(),
            _ if c.take("SECRET_ARN") => out.secret_arn.replace(c.string()?).is_none(),
            _ if c.take("URI") => out.brokers.replace(brokers(&c.string()?)?).is_none(),
            _ if c.take("CLUSTER_ARN") => out.cluster_arn.replace(c.string()?).is_none(),
            _ => return c.unexpected(),
        };
        if !fresh {
            return Err(SqlError::new("conflicting or redundant options"));
        }
    }
    Ok(out)
}

fn roles(c: &mut Cursor<'_>) -> SqlResult<Roles> {
    if c.take("DEFAULT") {
        return Ok(Roles::Default);
    }
    let text = c.string()?;
    let chain: Vec<String> = text.split(',').map(str::to_owned).collect();
    if chain.len() > CHAIN {
        return Err(SqlError::new(format!(
            "Too many IAM roles in the role chain, at most {CHAIN} are allowed"
        )));
    }
    if let Some(bad) = chain.iter().find(|arn| !is_role_arn(arn)) {
        return Err(SqlError::new(format!("Invalid IAM role ARN \"{bad}\"")));
    }
    Ok(Roles::Chain(chain))
}

fn is_role_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws")
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty() && !name.contains(' ')))
}

fn authentication(c: &mut Cursor<'_>) -> SqlResult<Authentication> {
    match c.peek() {
        _ if c.take("NONE") => Ok(Authentication::None),
        _ if c.take("IAM") => Ok(Authentication::Iam),
        _ if c.take("MTLS") => Ok(Authentication::Mtls),
        _ => c.unexpected(),
    }
}

fn brokers(text: &str) -> SqlResult<Vec<String>> {
    text.split(',')
        .map(|broker| match broker.split_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(broker.to_owned()),
            _ => Err(SqlError::new(format!(
                "Invalid broker URI \"{broker}\", expected host:port"
            ))),
        })
        .collect()
}

fn stream_options(source: &str, o: Options) -> SqlResult<StreamOptions> {
    let missing = |what: &str| {
        SqlError::new(format!(
            "{what} must be specified for external schema from {source}"
        ))
    };
    let excess = |what: &str| {
        Err(SqlError::new(format!(
            "{what} is not supported for external schema from {source}"
        )))
    };
    let service = match source {
        "KINESIS" => {
            if o.authentication.is_some() || o.brokers.is_some() || o.cluster_arn.is_some() {
                return excess("AUTHENTICATION, URI or CLUSTER_ARN");
            }
            Service::Kinesis { region: o.region }
        }
        "MSK" => match (o.cluster_arn, o.brokers) {
            (Some(cluster_arn), None) => Service::Msk { cluster_arn },
            (None, Some(_)) => return excess("URI"),
            (Some(_), Some(_)) => return Err(SqlError::new("conflicting or redundant options")),
            (None, None) => return Err(missing("CLUSTER_ARN")),
        },
        _ => match o.brokers {
            Some(brokers) if o.cluster_arn.is_none() => Service::Kafka { brokers },
            Some(_) => return excess("CLUSTER_ARN"),
            None => return Err(missing("URI")),
        },
    };
    let is_kinesis = source == "KINESIS";
    let authentication = match o.authentication {
        Some(found) => found,
        None if is_kinesis => Authentication::Iam,
        None => return Err(missing("AUTHENTICATION")),
    };
    let arns = usize::from(o.authentication_arn.is_some()) + usize::from(o.secret_arn.is_some());
    match authentication {
        Authentication::Mtls if source == "MSK" => return excess("AUTHENTICATION mtls"),
        Authentication::Mtls if arns != 1 => {
            return Err(SqlError::new(
                "exactly one of AUTHENTICATION_ARN and SECRET_ARN must be specified for AUTHENTICATION mtls",
            ));
        }
        Authentication::None | Authentication::Iam if arns != 0 => {
            return Err(SqlError::new(
                "AUTHENTICATION_ARN and SECRET_ARN are only supported for AUTHENTICATION mtls",
            ));
        }
        _ => {}
    }
    let roles = o.roles.unwrap_or(Roles::None);
    if roles == Roles::None && authentication != Authentication::None {
        return Err(missing("IAM_ROLE"));
    }
    Ok(StreamOptions {
        service,
        roles,
        authentication,
        authentication_arn: o.authentication_arn,
        secret_arn: o.secret_arn,
    })
}

pub(super) fn alter_external(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = c.identifier()?;
    if c.at_end() || c.is_word(0, "CLUSTER_ARN") || c.is_word(0, "REGION") {
        return c.unexpected();
    }
    let o = options(c)?;
    let changes = StreamChanges {
        roles: o.roles,
        authentication: o.authentication,
        authentication_arn: o.authentication_arn,
        secret_arn: o.secret_arn,
        brokers: o.brokers,
    };
    Ok(Statement::AlterExternalSchema { name, changes })
}

pub(super) fn create(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_not_exists = c.if_not_exists();
    if c.take("AUTHORIZATION") {
        let owner = c.identifier()?;
        return Ok(Statement::CreateSchema {
            name: owner.clone(),
            if_not_exists,
            owner: Some(owner),
        });
    }
    let name = c.identifier()?;
    let owner = if c.take("AUTHORIZATION") {
        Some(c.identifier()?)
    } else {
        None
    };
    Ok(Statement::CreateSchema {
        name,
        if_not_exists,
        owner,
    })
}

pub(super) fn alter(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let name = c.identifier()?;
    let mut rename = None;
    let mut owner = None;
    if c.take("RENAME TO") {
        rename = Some(c.identifier()?);
    } else {
        c.expect("OWNER TO")?;
        owner = Some(c.identifier()?);
    }
    Ok(Statement::AlterSchema { name, rename, owner })
}

pub(super) fn drop(c: &mut Cursor<'_>) -> SqlResult<Statement> {
    let if_exists = c.if_exists();
    let names = c.list(Cursor::identifier)?;
    let cascade = c.cascade();
    Ok(Statement::DropSchema {
        names,
        if_exists,
        cascade,
    })
}
