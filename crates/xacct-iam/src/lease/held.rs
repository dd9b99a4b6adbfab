//! A lease that is held: every call passes it, and it is given back last.

use super::taking::{Claim, Holder, LeaseRole, Leases};
use super::{RENEW, STOP, TERM};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use xacct_converge::{Class, Context, Effect, Failure, Gate, What};

/// Between two tries to renew.
const AGAIN: Duration = Duration::from_secs(15);
/// How long a removal that finds no role is doubted after the role was made.
const YOUNG: Duration = Duration::from_secs(60);

/// A lease that is held. It is a [`Gate`] for every call that is made under it.
///
/// Dropping it without [`release`](Self::release) is what a dead process does:
/// others wait until it is over.
#[derive(Debug)]
pub struct Lease {
    leases: Leases,
    cx: Context,
    holder: Holder,
    number: u64,
    /// Numbers that were there before.
    left: Vec<u64>,
    state: Mutex<State>,
    renewing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct State {
    /// Our roles, oldest first; never empty.
    own: Vec<LeaseRole>,
    /// When the call that made the newest was begun, by our clock.
    sent: SystemTime,
    /// Not before this is the next renewal tried.
    next: SystemTime,
    /// Who took over.
    lost: Option<String>,
    /// The last call that may have changed something.
    wrote: Option<SystemTime>,
}

impl Lease {
    pub(super) fn new(
        leases: Leases,
        role: LeaseRole,
        sent: SystemTime,
        left: Vec<u64>,
        cx: &Context,
    ) -> Self {
        Self {
            number: number(&role),
            holder: role.holder.clone(),
            leases,
            cx: cx.clone(),
            left,
            state: Mutex::new(State {
                own: vec![role],
                sent,
                next: sent + RENEW,
                lost: None,
                wrote: None,
            }),
            renewing: tokio::sync::Mutex::new(()),
        }
    }

    /// The lease's number for idempotency tokens: the second in which IAM made its
    /// role, and the role's place in the chain. No other lease ever has it, while
    /// the places in the chain begin anew after every release.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Time since the last call that may have changed something; `None` if there was none.
    #[must_use]
    pub fn since_last_write(&self) -> Option<Duration> {
        self.state().wrote.map(|at| self.cx.since(at))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn check(&self, effect: Effect) -> Result<(), Failure> {
        if self.cx.now() >= self.state().next {
            // Whoever comes meanwhile goes on: there is time until `STOP`.
            if let Ok(_turn) = self.renewing.try_lock() {
                self.renew().await;
            }
        }
        self.stand(effect)
    }

    /// Whether the lease is still ours beyond doubt.
    fn stand(&self, effect: Effect) -> Result<(), Failure> {
        let mut state = self.state();
        if let Some(who) = &state.lost {
            return Err(lost(&format!("{who} has taken over the lease")));
        }
        if self.cx.since(state.sent) >= STOP {
            return Err(lost("the lease could not be renewed in time"));
        }
        if effect != Effect::Read {
            state.wrote = Some(self.cx.now());
        }
        Ok(())
    }

    /// Makes the next role of the chain. What fails is tried again by a later call.
    async fn renew(&self) {
        let sent = self.cx.now();
        let top = self.state().own.last().cloned();
        let Some(top) = top else { return };
        let mut patience = self.cx.patience().clone();
        (patience.faults, patience.throttled) = (AGAIN, AGAIN);
        // Whoever renews waits meanwhile, and it is tried again.
        let cx = self.cx.clone().with_patience(patience);
        let claim = self.leases.claim(top.number + 1, &self.holder, &cx).await;
        let claim = match claim {
            // Older than our own: left by somebody who died releasing it.
            Ok(Claim::Other(old)) if old.ours && old.since < top.since => {
                match self.leases.delete(old.number, &cx).await {
                    Ok(_) => self.leases.claim(old.number, &self.holder, &cx).await,
                    Err(failure) => Err(failure),
                }
            }
            other => other,
        };
        let mut state = self.state();
        state.next = self.cx.now() + AGAIN;
        let why = match claim {
            Ok(Claim::Made(role)) => {
                state.own.push(role);
                (state.sent, state.next) = (sent, sent + RENEW);
                return;
            }
            Ok(Claim::Other(role)) => {
                state.lost = Some(role.holder.who);
                return;
            }
            Ok(Claim::Unseen) => "the next role of the lease is not visible".to_owned(),
            Err(failure) => failure.to_string(),
        };
        drop(state);
        let operation = "iam:CreateRole".to_owned();
        self.cx.tell(What::Retried { operation, why });
    }

    /// Gives the lease back: removes its roles and what dead holders left.
    ///
    /// # Errors
    /// [`Failure`] of a call, or because the lease was lost before. What is left is
    /// removed by whoever takes the lease next.
    pub async fn release(&self) -> Result<(), Failure> {
        let own = self.state().own.clone();
        let mut numbers: Vec<u64> = own.iter().map(|role| role.number).collect();
        numbers.extend(&self.left);
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            self.stand(Effect::Read)?;
            match own.iter().find(|role| role.number == number) {
                Some(role) => self.remove_own(role).await?,
                None => self.remove_left(number, own.first()).await?,
            }
        }
        Ok(())
    }

    /// One that a read does not show yet cannot be removed yet either.
    async fn remove_own(&self, role: &LeaseRole) -> Result<(), Failure> {
        let begun = self.cx.now();
        while !self.leases.delete(role.number, &self.cx).await? {
            let age = TERM.saturating_sub(self.leases.left(role, &self.cx));
            if age > YOUNG || self.cx.since(begun) > YOUNG {
                return Ok(());
            }
            self.cx.sleep(Duration::from_secs(2)).await;
        }
        Ok(())
    }

    /// What is older than our first role, or over, nobody holds any more.
    async fn remove_left(&self, number: u64, first: Option<&LeaseRole>) -> Result<(), Failure> {
        let Some(role) = self.leases.get(number, &self.cx).await? else {
            return Ok(());
        };
        let older = first.is_some_and(|first| role.since < first.since);
        if role.ours && (older || self.leases.left(&role, &self.cx).is_zero()) {
            self.leases.delete(number, &self.cx).await?;
        }
        Ok(())
    }
}

impl Gate for Lease {
    fn pass(&self, effect: Effect) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
        Box::pin(self.check(effect))
    }
}

fn number(role: &LeaseRole) -> u64 {
    let since = role.since.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() * 1000 + role.number % 1000
}

fn lost(why: &str) -> Failure {
    let message = format!("{why}; nothing more is changed by this run");
    Failure::new("lease", Class::Terminal, message).with_code(Some("LeaseLost"))
}
