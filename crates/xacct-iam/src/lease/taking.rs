//! Who holds a lease, and how it is taken.

use super::calls::{ALREADY_EXISTS, ServerTime};
use super::held::Lease;
use super::name::LeaseName;
use super::{SIGHT, TERM};
use aws_sdk_iam::Client;
use aws_types::SdkConfig;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xacct_converge::smithy::control_plane;
use xacct_converge::{Class, Context, Failure, What};

/// Between two tries while something is not visible yet.
const PAUSE: Duration = Duration::from_secs(2);
/// How long somebody's role that cannot be read is waited for.
const UNSEEN: Duration = Duration::from_secs(120);

/// Who holds or wants a lease, as the role's description says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// For people: the ARN whose credentials make the calls.
    pub who: String,
    /// Tells two runs of the same `who` apart.
    pub run: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "held by {} for run {}", self.who, self.run)
    }
}

impl Holder {
    pub(super) fn read(text: &str) -> Self {
        let told = text.strip_prefix("held by ").unwrap_or(text);
        let (who, run) = told.rsplit_once(" for run ").unwrap_or((told, ""));
        Self {
            who: who.to_owned(),
            run: run.to_owned(),
        }
    }
}

/// A role of a lease that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseRole {
    /// Its place in the chain, from 1.
    pub number: u64,
    /// Its name.
    pub role: String,
    /// When IAM made it, in whole seconds.
    pub since: SystemTime,
    /// Who made it.
    pub holder: Holder,
    /// Whether it carries the pipeline's tags.
    pub ours: bool,
}

/// The lease could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Somebody else has it.
    #[error("{} has the lease {}", .0.holder.who, .0.role)]
    Busy(Box<LeaseRole>),
    /// A call failed.
    #[error("the lease could not be taken")]
    Failed(#[from] Failure),
}

/// What a list shows of a lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObservedLeases {
    /// The numbers of the roles, lowest first.
    pub numbers: Vec<u64>,
    /// The id that AWS gave the list's request: it tells this run from every other.
    pub request: String,
}

/// A lease in one account: looks, takes, waits.
#[derive(Debug, Clone)]
pub struct Leases {
    pub(super) client: Client,
    pub(super) name: LeaseName,
    pub(super) time: ServerTime,
}

/// What became of the wish to make one role.
pub(super) enum Claim {
    Made(LeaseRole),
    Other(LeaseRole),
    /// It is there and no read shows it: just made, or just removed.
    Unseen,
}

enum Attempt {
    Held(Box<Lease>),
    Busy(LeaseRole),
    Unseen,
}

impl Leases {
    /// The lease `name` in the account of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig, name: LeaseName) -> Self {
        let time = ServerTime::default();
        let config = aws_sdk_iam::config::Builder::from(&control_plane(config)).interceptor(time.clone());
        Self {
            client: Client::from_conf(config.build()),
            name,
            time,
        }
    }

    /// Lists the lease's roles. Makes one call that reads.
    ///
    /// # Errors
    /// [`Failure`] of the call.
    pub async fn observe(&self, cx: &Context) -> Result<ObservedLeases, Failure> {
        let (numbers, request) = self.list(cx).await?;
        // An emulator may give its requests no ids.
        let moment = || format!("{:?}", cx.now().duration_since(UNIX_EPOCH).unwrap_or_default());
        Ok(ObservedLeases {
            numbers,
            request: request.unwrap_or_else(moment),
        })
    }

    /// Takes the lease, and waits for whoever has it for as long as `patience`,
    /// telling for whom. `observed` is what was seen before: what of it dead
    /// holders left is removed at the end. `own` is the context of the calls that
    /// renew and release, which go on where those of `cx` are stopped.
    ///
    /// # Errors
    /// [`LeaseError::Busy`] names who has it; [`LeaseError::Failed`] where a call
    /// failed, or somebody else's role has the name.
    pub async fn acquire(
        &self,
        holder: &Holder,
        observed: &ObservedLeases,
        patience: Duration,
        own: &Context,
        cx: &Context,
    ) -> Result<Lease, LeaseError> {
        let start = cx.now();
        let mut waits_for = None;
        loop {
            let other = match self.attempt(holder, observed, own, cx).await? {
                Attempt::Held(lease) => return Ok(*lease),
                Attempt::Busy(other) => other,
                Attempt::Unseen if cx.since(start) < UNSEEN.max(patience) => {
                    cx.sleep(PAUSE).await;
                    continue;
                }
                Attempt::Unseen => return Err(unseen(&self.name.role(1)).into()),
            };
            if waits_for.as_ref() != Some(&other) {
                let reason = format!("{} to finish, who has the lease {}", other.holder.who, other.role);
                cx.tell(What::Waiting { reason });
                waits_for = Some(other.clone());
            }
            self.wait(&other, start, patience, cx).await?;
        }
    }

    /// Waits until `other` is gone or over.
    async fn wait(
        &self,
        other: &LeaseRole,
        start: SystemTime,
        patience: Duration,
        cx: &Context,
    ) -> Result<(), LeaseError> {
        loop {
            let waited = cx.since(start);
            if waited >= patience {
                return Err(LeaseError::Busy(Box::new(other.clone())));
            }
            let step = (waited / 10).clamp(PAUSE, Duration::from_secs(15));
            let over = self.left(other, cx) + Duration::from_secs(1);
            cx.sleep(step.min(over).min(patience - waited)).await;
            let now = self.get(other.number, cx).await?;
            if now.is_none_or(|now| now != *other || self.left(&now, cx).is_zero()) {
                return Ok(());
            }
        }
    }

    /// How long a role has still to hold the lease, by the service's time.
    pub(super) fn left(&self, role: &LeaseRole, cx: &Context) -> Duration {
        let now = self.time.at(cx.now());
        (role.since + TERM).duration_since(now).unwrap_or_default()
    }

    async fn attempt(
        &self,
        holder: &Holder,
        observed: &ObservedLeases,
        own: &Context,
        cx: &Context,
    ) -> Result<Attempt, Failure> {
        let mut over: Vec<LeaseRole> = Vec::new();
        for number in 1.. {
            let sent = cx.now();
            match self.claim(number, holder, cx).await? {
                Claim::Made(role) if self.stand(&over, cx).await? => {
                    let left = over.iter().map(|role| role.number);
                    let left = left.chain(observed.numbers.iter().copied()).collect();
                    let lease = Lease::new(self.clone(), role, sent, left, own);
                    return Ok(Attempt::Held(Box::new(lease)));
                }
                Claim::Made(role) => {
                    self.delete(role.number, cx).await?;
                    return Ok(Attempt::Unseen);
                }
                Claim::Unseen => return Ok(Attempt::Unseen),
                Claim::Other(role) if !role.ours => return Err(taken(&role)),
                Claim::Other(role) if self.left(&role, cx).is_zero() => over.push(role),
                Claim::Other(role) => return Ok(Attempt::Busy(role)),
            }
        }
        Ok(Attempt::Unseen)
    }

    /// Whether the chain that was found to be over is still there: a release that
    /// was going on meanwhile would have removed it.
    async fn stand(&self, over: &[LeaseRole], cx: &Context) -> Result<bool, Failure> {
        if over.is_empty() {
            return Ok(true);
        }
        cx.sleep(SIGHT).await;
        for role in over {
            if self.get(role.number, cx).await?.as_ref() != Some(role) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Wants to make role `number`. A lost answer is looked for: the role's
    /// description says whose it is.
    pub(super) async fn claim(&self, number: u64, holder: &Holder, cx: &Context) -> Result<Claim, Failure> {
        let begun = cx.now();
        loop {
            let failure = match self.create(number, holder, cx).await {
                Ok(role) => return Ok(Claim::Made(role)),
                Err(failure) => failure,
            };
            let lost = failure.class() == Class::Ambiguous;
            if !lost && !failure.is_code(&[ALREADY_EXISTS]) {
                return Err(failure);
            }
            match self.get(number, cx).await? {
                Some(role) if role.holder == *holder => return Ok(Claim::Made(role)),
                Some(role) => return Ok(Claim::Other(role)),
                None if !lost => return Ok(Claim::Unseen),
                None if cx.since(begun) > cx.patience().faults => return Err(failure),
                None => cx.sleep(PAUSE).await,
            }
        }
    }
}

fn taken(role: &LeaseRole) -> Failure {
    let message = format!(
        "the role {} exists and does not carry this pipeline's tags: give the pipeline another name",
        role.role
    );
    Failure::terminal("iam:CreateRole", message).with_code(Some(ALREADY_EXISTS))
}

fn unseen(role: &str) -> Failure {
    let message = format!("the role {role} is said to exist, and reads do not show it");
    Failure::new("iam:CreateRole", Class::NotYet, message)
}
