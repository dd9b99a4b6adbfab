//! `ExecuteStatement` and `BatchExecuteStatement`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::params::{self, bounded, not_found, required, text, validation};
use super::sessions::{self, Session};
use super::statement::{Ending, Part, Statement};
use super::{Token, read};
use crate::clock::SimTime;
use crate::sql::lexer;
use crate::world::{ApiError, Call, CallerKind, Reply};

/// How long a client token is remembered. <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-calling.html>
const TOKEN_KEPT: Duration = Duration::from_secs(8 * 3_600);
/// Most statements that run at a time.
const ACTIVE: usize = 500;

pub(super) fn execute(call: &mut Call<'_>, given: &Value) -> Reply {
    let sql = required(given, "Sql")?;
    params::check_size(sql.len())?;
    // A text of several statements runs as one transaction; if it cannot be cut, the whole is the statement that fails.
    let texts = match lexer::split(sql) {
        Ok(texts) if !texts.is_empty() => texts.into_iter().map(str::to_owned).collect(),
        _ => vec![sql.to_owned()],
    };
    submit(call, given, texts, false, true)
}

pub(super) fn batch_execute(call: &mut Call<'_>, given: &Value) -> Reply {
    let texts = params::statements(given)?;
    let atomic = match text(given, "ExecutionMode") {
        None | Some("TRANSACTION") => true,
        Some("AUTO_COMMIT") => false,
        Some(other) => return Err(validation(format!("{other} is no ExecutionMode"))),
    };
    submit(call, given, texts, true, atomic)
}

fn submit(call: &mut Call<'_>, given: &Value, texts: Vec<String>, batch: bool, atomic: bool) -> Reply {
    let wait = params::wait(given)?;
    let token = bounded(given, "ClientToken", 64)?;
    let name = bounded(given, "StatementName", 2_048)?;
    let parameters = params::parameters(given)?;
    if text(given, "ResultFormat").is_some_and(|format| format != "JSON") {
        return Err(ApiError::not_modelled("redshift-data", "results as CSV"));
    }
    if let Some(token) = &token
        && let Some(id) = replayed(call, token, given)?
    {
        return answer(call, &id, wait);
    }
    let (session_id, connection) = connect(call, given)?;
    let active = call
        .account()
        .data
        .statements
        .values()
        .filter(|statement| statement.is_active())
        .count();
    if active >= ACTIVE {
        return Err(ApiError::bad(
            "ActiveStatementsExceededException",
            format!("Active statements exceeded the allowed quota ({ACTIVE})."),
        ));
    }
    let id = call.new_uuid();
    let statement = statement(call, id.clone(), texts, connection, session_id);
    let statement = Statement {
        name,
        batch,
        atomic,
        parameters,
        ..statement
    };
    let now = call.now;
    let data = &mut call.account().data;
    data.statements.insert(id.clone(), statement);
    data.order.push(id.clone());
    if let Some(token) = token {
        let used = Token {
            statement: id.clone(),
            request: request_of(given),
            at: now,
        };
        data.tokens.insert(token, used);
    }
    answer(call, &id, wait)
}

/// The statement that was submitted with the same token, if it is remembered.
fn replayed(call: &mut Call<'_>, token: &str, given: &Value) -> Result<Option<String>, ApiError> {
    let now = call.now;
    let tokens = &mut call.account().data.tokens;
    tokens.retain(|_, used| now < used.at + TOKEN_KEPT);
    match tokens.get(token) {
        None => Ok(None),
        Some(used) if used.request == request_of(given) => Ok(Some(used.statement.clone())),
        Some(_) => Err(validation(
            "The client token was used before with other parameters.",
        )),
    }
}

/// What makes two requests the same.
fn request_of(given: &Value) -> String {
    let mut request = given.clone();
    if let Value::Object(fields) = &mut request {
        fields.shift_remove("ClientToken");
        fields.shift_remove("WaitTimeSeconds");
    }
    request.to_string()
}

/// Where and as whom the statement runs; a new session, if one is wanted.
fn connect(call: &mut Call<'_>, given: &Value) -> Result<(Option<String>, Session), ApiError> {
    let keep_alive = sessions::keep_alive(given)?;
    if let Some((id, session)) = sessions::named(call, given)? {
        return Ok((Some(id), session));
    }
    if text(given, "ClusterIdentifier").is_some() {
        return Err(ApiError::not_modelled("redshift-data", "provisioned clusters"));
    }
    if text(given, "DbUser").is_some() {
        return Err(validation("DbUser is not supported with WorkgroupName"));
    }
    let Some(wanted) = text(given, "WorkgroupName") else {
        return Err(validation(
            "Either ClusterIdentifier or WorkgroupName must be specified",
        ));
    };
    let database = required(given, "Database")?.to_owned();
    let secret = text(given, "SecretArn").map(str::to_owned);
    let now = call.now;
    let (workgroup, admin) = {
        let state = &call.here_account().serverless;
        let found = state
            .workgroup(wanted)
            .filter(|workgroup| workgroup.runs_statements(now));
        let Some(workgroup) = found else {
            return Err(validation("Redshift endpoint doesn't exist in this region."));
        };
        let namespace = state.namespace_of(workgroup);
        let admin = namespace.map(|namespace| {
            (
                namespace.admin_secret_arn.clone(),
                namespace.admin_username.clone(),
            )
        });
        (workgroup.name.clone(), admin.unwrap_or_default())
    };
    let user = match &secret {
        None => user_of(&call.caller.kind),
        Some(arn) if admin.0.as_ref() == Some(arn) => admin.1,
        Some(_) => {
            return Err(not_found(
                "Secrets Manager can't find the specified secret.",
                secret.as_deref().unwrap_or_default(),
            ));
        }
    };
    let keep = keep_alive.unwrap_or_default();
    let session = Session {
        workgroup,
        database,
        user,
        secret,
        settings: BTreeMap::new(),
        keep_alive: keep,
        expires_at: now + keep,
    };
    let id = if keep.is_zero() {
        None
    } else {
        Some(sessions::open(call, session.clone())?)
    };
    Ok((id, session))
}

/// The database user that an IAM identity maps to.
/// <https://docs.aws.amazon.com/redshift/latest/mgmt/generating-iam-credentials-overview.html>
fn user_of(kind: &CallerKind) -> String {
    match kind {
        CallerKind::Root => "IAM:root".to_owned(),
        CallerKind::Administrator => "IAM:administrator".to_owned(),
        CallerKind::User { name } => format!("IAM:{name}"),
        CallerKind::AssumedRole { role, .. } => format!("IAMR:{role}"),
    }
}

/// A statement with its times: seeded, by its number in the account.
fn statement(
    call: &mut Call<'_>,
    id: String,
    texts: Vec<String>,
    connection: Session,
    session: Option<String>,
) -> Statement {
    let number = call.account().data.order.len();
    let now = call.now;
    let total: Duration = texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let kind = if text.trim_start().to_ascii_lowercase().starts_with("refresh") {
                "redshift.refresh"
            } else {
                "redshift.statement"
            };
            call.sample(kind, &format!("{number}:{at}"))
        })
        .sum();
    let parts = texts
        .into_iter()
        .map(|text| Part {
            text,
            ending: call.world.doom.then(broken),
            result: None,
            rows: -1,
            query: 0,
            ended_at: SimTime::ZERO,
        })
        .collect();
    Statement {
        id,
        name: None,
        batch: false,
        atomic: true,
        parts,
        parameters: BTreeMap::new(),
        workgroup: connection.workgroup,
        database: connection.database,
        user: connection.user,
        secret: connection.secret,
        session,
        created_at: now,
        picked_at: now + total / 10,
        started_at: now + total / 5,
        due: now + total,
        failing: call.world.doom,
        ending: None,
        updated_at: now,
    }
}

/// How a statement ends that the warehouse breaks off.
fn broken() -> Ending {
    Ending::Failed("ERROR: The compute node has failed".to_owned())
}

/// The answer to a submission, after the wait that was asked for.
fn answer(call: &mut Call<'_>, id: &str, wait: Option<u64>) -> Reply {
    let reply = submitted(call, id)?;
    read::hold(
        call,
        id,
        wait,
        "DescribeStatement",
        json!({ "Id": id, "Submitted": true }),
    );
    Ok(reply)
}

/// What `ExecuteStatement` returns.
pub(super) fn submitted(call: &mut Call<'_>, id: &str) -> Reply {
    let (now, settings) = (call.now, call.world.settings.clone());
    let Some(statement) = call.account().data.statements.get(id) else {
        return Err(not_found("Query does not exist.", id));
    };
    let mut out = json!({
        "Id": id,
        "CreatedAt": settings.unix_seconds(statement.created_at),
        "Database": statement.database,
        "WorkgroupName": statement.workgroup,
        "DbUser": statement.user,
        "Status": statement.status(now),
        "HasResultSet": statement.has_result(),
    });
    for (name, value) in [
        ("SecretArn", &statement.secret),
        ("SessionId", &statement.session),
    ] {
        if let Some(value) = value {
            out[name] = json!(value);
        }
    }
    Ok(out)
}
