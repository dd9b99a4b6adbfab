//! Everything there is, and what a handler works with.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::clock::SimTime;
use crate::settings::Settings;
use crate::timeline::{Span, Timeline};
use crate::{data, dispatch, ec2, fault, iam, kafka, limits, log, msk, resolver, sample, serverless};

/// What a service answers: its result by wire names, or an error.
pub type Reply = Result<Value, ApiError>;

/// All accounts and what they share.
#[derive(Debug, Default)]
pub struct World {
    pub(crate) settings: Settings,
    /// By 12-digit id.
    pub(crate) accounts: BTreeMap<String, AccountState>,
    /// Topics and records of every cluster.
    pub(crate) kafka: kafka::KafkaStore,
    pub(crate) timeline: Timeline,
    pub(crate) log: log::CallLog,
    pub(crate) faults: fault::Rules,
    pub(crate) buckets: limits::Buckets,
    /// Keys of each account's administrator, by access key id; keys of users and sessions are IAM's and STS's.
    pub(crate) administrators: BTreeMap<String, AdministratorKey>,
    /// Why a statement failed, by statement id.
    pub(crate) explanations: BTreeMap<String, String>,
    pub(crate) counters: BTreeMap<String, u64>,
    /// Whether what the present call makes is to fail.
    pub(crate) doom: bool,
    /// Every permission that was needed, each once, in the order of first need; kept only where the settings ask for it.
    pub(crate) needed: crate::auth::audit::Audit,
    /// Set by a handler whose answer is to be held back.
    pub(crate) wait: Option<dispatch::Wait>,
}

/// The built-in key of an account's administrator.
#[derive(Debug, Clone)]
pub(crate) struct AdministratorKey {
    pub account: String,
    pub secret: String,
}

/// One account in the simulated region.
#[derive(Debug, Clone, Default)]
pub struct AccountState {
    pub(crate) id: String,
    pub(crate) ec2: ec2::State,
    pub(crate) iam: iam::State,
    pub(crate) resolver: resolver::State,
    pub(crate) msk: msk::State,
    pub(crate) serverless: serverless::State,
    pub(crate) data: data::State,
}

/// What sort of principal calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// The account itself; used by [`crate::Sim::call`]. Always allowed, cannot assume roles.
    Root,
    /// The account's built-in administrator: allowed everything that identity policies can allow.
    Administrator,
    /// An IAM user.
    User {
        /// Friendly name.
        name: String,
    },
    /// A session of a role.
    AssumedRole {
        /// Friendly name of the role.
        role: String,
        /// Session name.
        session: String,
    },
}

/// Who calls, resolved from the access key of the `Authorization` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub account: String,
    /// `arn:aws:iam::A:user/x`, `arn:aws:sts::A:assumed-role/R/S` or `arn:aws:iam::A:root`.
    pub principal_arn: String,
    pub kind: CallerKind,
    /// Access key the request was signed with; empty for direct calls.
    pub access_key: String,
}

impl Caller {
    /// The account itself.
    pub(crate) fn root(partition: &str, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            principal_arn: format!("arn:{partition}:iam::{account}:root"),
            kind: CallerKind::Root,
            access_key: String::new(),
        }
    }

    /// The account's built-in administrator.
    pub(crate) fn administrator(partition: &str, account: &str, access_key: &str) -> Self {
        Self {
            account: account.to_owned(),
            principal_arn: format!("arn:{partition}:iam::{account}:user/administrator"),
            kind: CallerKind::Administrator,
            access_key: access_key.to_owned(),
        }
    }
}

/// One call in the hands of a service.
pub(crate) struct Call<'a> {
    pub world: &'a mut World,
    pub caller: &'a Caller,
    pub now: SimTime,
    pub request_id: String,
}

impl Call<'_> {
    /// The caller's account, to change.
    pub(crate) fn account(&mut self) -> &mut AccountState {
        let id = self.caller.account.clone();
        self.world
            .accounts
            .entry(id.clone())
            .or_insert_with(|| AccountState {
                id,
                ..AccountState::default()
            })
    }

    /// The caller's account, to read.
    pub(crate) fn here_account(&self) -> &AccountState {
        &self.world.accounts[&self.caller.account]
    }

    /// The caller's account id.
    pub(crate) fn account_id(&self) -> &str {
        &self.caller.account
    }

    /// A new id such as `vpc-0123456789abcdef0`: seeded, and never given twice.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        let account = self.caller.account.clone();
        self.world.new_id(&account, prefix)
    }

    /// A new UUID: seeded, and never given twice.
    pub(crate) fn new_uuid(&mut self) -> String {
        let account = self.caller.account.clone();
        self.world.new_uuid(&account)
    }

    pub(crate) fn partition(&self) -> &'static str {
        self.world.settings.partition()
    }

    pub(crate) fn region(&self) -> &str {
        &self.world.settings.region
    }

    /// Starts an asynchronous change: samples its duration, records it with the ids it could not have started
    /// without, and returns when it is done.
    pub(crate) fn begin(&mut self, kind: &'static str, id: &str, prerequisites: &[&str]) -> SimTime {
        let account = self.caller.account.clone();
        self.world.begin(self.now, &account, kind, id, prerequisites)
    }

    /// A sampled duration that is nobody's prerequisite (visibility windows and the like).
    pub(crate) fn sample(&self, kind: &str, name: &str) -> Duration {
        sample::duration(&self.world.settings, &self.caller.account, kind, name)
    }

    /// When something made now becomes visible: now, unless the simulator lags.
    pub(crate) fn visible_at(&self, kind: &str, name: &str) -> SimTime {
        if self.world.settings.lag {
            self.now + self.sample(kind, name)
        } else {
            self.now
        }
    }
}

impl World {
    /// The state of an account that exists.
    pub(crate) fn account(&self, id: &str) -> Option<&AccountState> {
        self.accounts.get(id)
    }

    /// The same world once more, without the rules in force: those belong to who made them.
    pub(crate) fn copy(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            accounts: self.accounts.clone(),
            kafka: self.kafka.clone(),
            timeline: self.timeline.clone(),
            log: self.log.clone(),
            faults: fault::Rules::default(),
            buckets: self.buckets.clone(),
            administrators: self.administrators.clone(),
            explanations: self.explanations.clone(),
            counters: self.counters.clone(),
            doom: false,
            needed: self.needed.clone(),
            wait: None,
        }
    }

    /// See [`Call::begin`].
    pub(crate) fn begin(
        &mut self,
        now: SimTime,
        account: &str,
        kind: &'static str,
        id: &str,
        prerequisites: &[&str],
    ) -> SimTime {
        let done = now + sample::duration(&self.settings, account, kind, id);
        self.timeline.record(Span {
            kind,
            id: id.to_owned(),
            begun: now,
            done,
            prerequisites: prerequisites.iter().map(|id| (*id).to_owned()).collect(),
        });
        done
    }

    /// See [`Call::new_id`]. Ids count per account and prefix, so accounts do not disturb each other.
    pub(crate) fn new_id(&mut self, account: &str, prefix: &str) -> String {
        format!(
            "{prefix}-{}",
            hex::encode(&self.fresh(account, prefix)[..9])[..17].to_owned()
        )
    }

    /// See [`Call::new_uuid`].
    pub(crate) fn new_uuid(&mut self, account: &str) -> String {
        let text = hex::encode(&self.fresh(account, "uuid")[..16]);
        format!(
            "{}-{}-4{}-a{}-{}",
            &text[..8],
            &text[8..12],
            &text[13..16],
            &text[17..20],
            &text[20..32]
        )
    }

    /// 32 seeded bytes, different at each call.
    pub(crate) fn fresh(&mut self, account: &str, what: &str) -> [u8; 32] {
        let counter = self.counters.entry(format!("{account}/{what}")).or_default();
        *counter += 1;
        sample::digest(self.settings.seed, &["id", account, what, &counter.to_string()])
    }
}

/// An error as a service answers it; rendered in the service's wire format.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Error code, such as `InvalidVpcID.NotFound`.
    pub code: String,
    /// Text for people.
    pub message: String,
    /// Further members of the error (JSON protocols).
    pub fields: Box<Map<String, Value>>,
}

impl ApiError {
    /// An error with a status, a code and a text.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            fields: Box::default(),
        }
    }

    /// HTTP 400, the status of most refusals.
    pub fn bad(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// Adds a member to the error (JSON protocols).
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The loud refusal of what the simulator does not model.
    pub fn not_modelled(service: &str, what: &str) -> Self {
        Self::new(
            501,
            "NotModelled",
            format!("xacct-sim does not model {service} {what}"),
        )
    }

    /// HTTP 500 in the service's words.
    pub fn server_error(service: &str) -> Self {
        let code = match service {
            "ec2" => "InternalError",
            "iam" | "sts" => "ServiceFailure",
            "route53resolver" => "InternalServiceErrorException",
            "kafka" => "InternalServerErrorException",
            "kafka-cluster" => "UnknownServerError",
            _ => "InternalServerException",
        };
        Self::new(500, code, "An internal error has occurred")
    }

    /// "Access denied" in the service's words.
    pub fn access_denied(service: &str, message: impl Into<String>) -> Self {
        match service {
            "ec2" => Self::new(
                403,
                "UnauthorizedOperation",
                format!(
                    "You are not authorized to perform this operation. {}",
                    message.into()
                ),
            ),
            "iam" | "sts" => Self::new(403, "AccessDenied", message),
            "kafka" => Self::new(403, "AccessDeniedException", message),
            "kafka-cluster" => Self::new(403, "TopicAuthorizationFailed", message),
            _ => Self::new(400, "AccessDeniedException", message),
        }
    }
}
