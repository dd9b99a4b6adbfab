//! The way of one request: read, authenticate, limits, faults, authorize, handle, log.

use std::time::Duration;

use serde_json::Value;

use crate::clock::SimTime;
use crate::fault::{Target, Verdict};
use crate::log::{self, Entry, Outcome};
use crate::wire::{self, Parsed, Request, Response};
use crate::world::{ApiError, Call, Caller, Reply, World};
use crate::{auth, data, ec2, iam, kafka, msk, resolver, serverless, sts};

/// What comes in: a request of an SDK, or one of an administrator of topics.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    Http(Request),
    Brokers(ToBrokers),
}

/// A request to the brokers, past their sockets.
#[derive(Debug, Clone)]
pub(crate) struct ToBrokers {
    pub access_key: String,
    pub operation: String,
    pub params: Value,
}

/// The answer, and what becomes of it on the way back.
#[derive(Debug)]
pub(crate) struct Served {
    pub response: Response,
    pub ending: Ending,
    /// The service holds its answer back; `response` is what it would say now.
    pub held: Option<Held>,
}

/// What becomes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Answered,
    Late(Duration),
    /// Not delivered; the client sees its own timeout.
    Silent,
    /// The connection breaks before the answer.
    Lost,
    /// The caller is dead.
    Killed,
}

/// What a handler leaves in [`World::wait`] to hold its answer back: at `until` this operation answers in its place.
#[derive(Debug, Clone)]
pub(crate) struct Wait {
    pub until: SimTime,
    pub operation: String,
    pub params: Value,
}

/// A call whose answer is held back.
#[derive(Debug)]
pub(crate) struct Held {
    pub wait: Wait,
    caller: Caller,
    parsed: Parsed,
    request_id: String,
    /// Its entry in the log.
    seq: u64,
}

/// Serves one request of an administrator of topics.
pub(crate) fn serve_brokers(world: &mut World, now: SimTime, asked: &ToBrokers) -> (Reply, Ending) {
    let request_id = world.new_uuid("requests");
    let caller = match kafka::admin::caller(world, now, &asked.access_key) {
        Ok(caller) => caller,
        Err(refusal) => return (Err(refusal), Ending::Answered),
    };
    let parsed = Parsed {
        service: kafka::admin::SERVICE.to_owned(),
        operation: asked.operation.clone(),
        params: asked.params.clone(),
    };
    let (reply, ending) = judge_and_handle(world, now, &caller, &parsed, &request_id);
    record(world, now, &caller, &parsed, &reply, &ending);
    (reply, ending)
}

/// Serves one HTTP request.
pub(crate) fn serve(world: &mut World, now: SimTime, request: &Request) -> Served {
    let mut served = answer(world, now, request);
    served.response.headers.push(date(world, now));
    served
}

/// The header with the service's time, which every AWS service sends.
fn date(world: &World, now: SimTime) -> (String, String) {
    let at = aws_smithy_types::DateTime::from_millis(world.settings.unix_millis(now));
    // The format has no fractions.
    let whole = aws_smithy_types::DateTime::from_secs(at.secs());
    let text = whole.fmt(aws_smithy_types::date_time::Format::HttpDate);
    ("date".to_owned(), text.unwrap_or_default())
}

fn answer(world: &mut World, now: SimTime, request: &Request) -> Served {
    let scope_service = request.scope().map(|scope| scope.service).unwrap_or_default();
    let request_id = world.new_uuid("requests");
    let refused = |service: &str, error: &ApiError| {
        let response = wire::render_refusal(service, request, &request_id, error);
        Served {
            response,
            ending: Ending::Answered,
            held: None,
        }
    };
    let parsed = match wire::parse(request) {
        Ok(parsed) => parsed,
        Err(error) => return refused(&scope_service, &error),
    };
    let caller = match admit(world, now, request) {
        Ok(caller) => caller,
        Err(error) => return refused(&parsed.service, &error),
    };
    world.wait = None;
    let (reply, ending) = judge_and_handle(world, now, &caller, &parsed, &request_id);
    let seq = record(world, now, &caller, &parsed, &reply, &ending);
    let wait = world.wait.take().filter(|_| ending == Ending::Answered);
    let response = render(&parsed, &request_id, &reply);
    let held = wait.map(|wait| Held {
        wait,
        caller,
        parsed,
        request_id,
        seq,
    });
    Served {
        response,
        ending,
        held,
    }
}

/// Asks again for an answer that was held back.
pub(crate) fn resume(world: &mut World, now: SimTime, held: Held) -> Served {
    let Held {
        wait,
        caller,
        parsed,
        request_id,
        seq,
    } = held;
    let mut call = Call {
        world,
        caller: &caller,
        now,
        request_id: request_id.clone(),
    };
    let reply = handle(&mut call, &parsed.service, &wait.operation, &wait.params);
    world.log.amend(seq, outcome(&reply, &Ending::Answered));
    let mut response = render(&parsed, &request_id, &reply);
    response.headers.push(date(world, now));
    let wait = world.wait.take();
    let held = wait.map(|wait| Held {
        wait,
        caller,
        parsed,
        request_id,
        seq,
    });
    Served {
        response,
        ending: Ending::Answered,
        held,
    }
}

fn render(parsed: &Parsed, request_id: &str, reply: &Reply) -> Response {
    match reply {
        Ok(result) => wire::render(&parsed.service, &parsed.operation, request_id, result),
        Err(error) => wire::render_error(&parsed.service, request_id, error),
    }
}

/// Resolves the caller and refuses what this simulator is not: another region.
fn admit(world: &World, now: SimTime, request: &Request) -> Result<Caller, ApiError> {
    let caller = auth::authenticate(world, now, request)?;
    let scope = request.scope();
    let region = scope.as_ref().map_or("", |scope| scope.region.as_str());
    let global = scope
        .as_ref()
        .is_some_and(|scope| matches!(scope.service.as_str(), "iam" | "sts"));
    if !global && region != world.settings.region {
        return Err(ApiError::not_modelled("region", region));
    }
    Ok(caller)
}

fn judge_and_handle(
    world: &mut World,
    now: SimTime,
    caller: &Caller,
    parsed: &Parsed,
    request_id: &str,
) -> (Reply, Ending) {
    let Parsed {
        service,
        operation,
        params,
    } = parsed;
    let number = world.log.len() as u64;
    let target = Target {
        account: &caller.account,
        service,
        operation,
        params,
        number,
        seed: world.settings.seed,
    };
    let verdict = world.faults.judge(&target);
    match &verdict {
        Some(Verdict::Timeout) => return (not_delivered(), Ending::Silent),
        Some(Verdict::KillBefore) => return (not_delivered(), Ending::Killed),
        Some(verdict) => {
            if let Some(error) = verdict.error(service) {
                return (Err(error), Ending::Answered);
            }
        }
        None => {}
    }
    world.doom = verdict == Some(Verdict::Doom);
    let reply = limit_and_handle(world, now, caller, parsed, request_id);
    world.doom = false;
    let ending = match verdict {
        Some(Verdict::KillAfter) => Ending::Killed,
        Some(Verdict::LoseResponse) => Ending::Lost,
        Some(Verdict::Delay(by)) => Ending::Late(by),
        _ => Ending::Answered,
    };
    (reply, ending)
}

/// What the log keeps of a call that never reached the service; nobody gets it as an answer.
fn not_delivered() -> Reply {
    Err(ApiError::new(
        0,
        "NotDelivered",
        "the call did not reach the service",
    ))
}

fn limit_and_handle(
    world: &mut World,
    now: SimTime,
    caller: &Caller,
    parsed: &Parsed,
    request_id: &str,
) -> Reply {
    let Parsed {
        service,
        operation,
        params,
    } = parsed;
    if world.settings.throttling {
        world
            .buckets
            .take(now, &caller.account, (service, operation), params)?;
    }
    // The brokers ask for permissions of their own, one by one.
    if service != kafka::admin::SERVICE {
        auth::authorize(world, now, caller, service, operation, params)?;
    }
    let mut call = Call {
        world,
        caller,
        now,
        request_id: request_id.to_owned(),
    };
    handle(&mut call, service, operation, params)
}

/// Hands a call to its service.
pub(crate) fn handle(call: &mut Call<'_>, service: &str, operation: &str, params: &Value) -> Reply {
    // Statements that are due come before anything that changes what they see.
    data::settle(call.world, call.now);
    match service {
        "ec2" => ec2::handle(call, operation, params),
        "iam" => iam::handle(call, operation, params),
        "sts" => sts::handle(call, operation, params),
        "route53resolver" => resolver::handle(call, operation, params),
        "kafka" => msk::handle(call, operation, params),
        "redshift-serverless" => serverless::handle(call, operation, params),
        "redshift-data" => data::handle(call, operation, params),
        kafka::admin::SERVICE => kafka::admin::handle(call, operation, params),
        _ => Err(ApiError::not_modelled(service, operation)),
    }
}

/// Writes the call into the log and gives its number.
fn record(
    world: &mut World,
    now: SimTime,
    caller: &Caller,
    parsed: &Parsed,
    reply: &Reply,
    ending: &Ending,
) -> u64 {
    world.log.push(Entry {
        seq: 0,
        account: caller.account.clone(),
        service: parsed.service.clone(),
        operation: parsed.operation.clone(),
        params: log::ordered(&parsed.params),
        outcome: outcome(reply, ending),
        read_only: log::is_read_only(&parsed.service, &parsed.operation, &parsed.params),
        at: now,
    })
}

fn outcome(reply: &Reply, ending: &Ending) -> Outcome {
    match (reply, ending) {
        (Err(error), _) if error.status == 0 => Outcome::NotDelivered,
        (Ok(result), Ending::Lost | Ending::Killed) => Outcome::AnswerLost(result.clone()),
        (Ok(result), _) => Outcome::Ok(result.clone()),
        (Err(error), _) => {
            let (code, message) = (error.code.clone(), error.message.clone());
            Outcome::Failed {
                status: error.status,
                code,
                message,
            }
        }
    }
}
