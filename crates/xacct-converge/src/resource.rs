//! What a domain crate implements: one kind of resource.

use crate::value::{Inputs, Needs};
use crate::{Context, Decision, Failure, Reason};
use std::future::Future;
use std::time::Duration;

/// One resource of a graph.
///
/// # Protocol
/// [`plan`](Self::plan) compares what was read with what is wanted and makes no
/// call. Then, for a resource that is missing, [`create`](Self::create) makes
/// **one** call that brings it into being; where the answer to that call is
/// lost, [`recover`](Self::recover) looks for what it may have made before
/// another try. [`configure`](Self::configure) brings everything that can be
/// changed later to what is wanted; it must be repeatable. Last,
/// [`settle`](Self::settle) is polled until the resource is usable.
///
/// # Guarantees asked of implementations
/// Everything that `create` makes can be found again by `plan` of a later run
/// (tags in the creating call, or a derived name), so a process that is killed
/// at any call leaves nothing that the next run does not see.
pub trait Resource: Send + Sync + 'static {
    /// What dependents read: ids, addresses.
    type Output: Clone + Send + Sync + 'static;

    /// The kind as people know it, for example `ec2:Vpc`.
    fn kind(&self) -> &'static str;

    /// Everything that must be there first.
    fn needs(&self) -> Needs;

    /// What exists and what has to change. Pure: no call, no clock.
    fn plan(&self, known: &Inputs<'_>) -> Decision<Self::Output>;

    /// Makes the resource with one call.
    ///
    /// # Errors
    /// [`Failure`]; one that may have had its effect is followed by `recover`.
    fn create(
        &self,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + Send;

    /// Looks for what a `create` whose answer was lost may have made. Not
    /// needed where creating twice makes one.
    ///
    /// # Errors
    /// [`Failure`] of the look-up.
    fn recover(
        &self,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> impl Future<Output = Result<Option<Self::Output>, Failure>> + Send {
        let _ = (inputs, cx);
        async { Ok(None) }
    }

    /// Brings everything that can be changed to what is wanted. Called after
    /// `create` (with no reasons) and for an update (with the plan's reasons).
    ///
    /// # Errors
    /// [`Failure`]; calling again must be harmless.
    fn configure(
        &self,
        current: Self::Output,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + Send {
        let _ = (reasons, inputs, cx);
        async { Ok(current) }
    }

    /// Looks once whether the resource is usable.
    ///
    /// # Errors
    /// [`Failure`], also for a resource that went into a failed state.
    fn settle(
        &self,
        current: &Self::Output,
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> impl Future<Output = Result<Settled<Self::Output>, Failure>> + Send {
        let _ = (inputs, cx);
        let current = current.clone();
        async { Ok(Settled::Ready(current)) }
    }

    /// Asks for the removal. What is gone already is no error.
    ///
    /// # Errors
    /// [`Failure`]; class `Busy` is tried again for as long as [`Timing::patience`].
    fn delete(
        &self,
        current: &Self::Output,
        cx: &Context,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Looks once whether the removal is complete.
    ///
    /// # Errors
    /// [`Failure`] of the look-up.
    fn gone(
        &self,
        current: &Self::Output,
        cx: &Context,
    ) -> impl Future<Output = Result<bool, Failure>> + Send {
        let _ = (current, cx);
        async { Ok(true) }
    }

    /// How long it usually takes.
    fn timing(&self) -> Timing {
        Timing::default()
    }

    /// Whether it cannot be removed while resources that need it exist, as most
    /// of AWS. SQL objects and topics can.
    fn is_held_by_dependents(&self) -> bool {
        true
    }

    /// Whether removing it loses data that cannot be made again.
    fn holds_data(&self) -> bool {
        false
    }
}

/// What one look at a settling resource showed.
#[derive(Debug, Clone)]
pub enum Settled<T> {
    /// Usable; the output may hold more than before (addresses, endpoints).
    Ready(T),
    /// Not yet, and what it waits for, for people.
    Waiting(String),
}

/// Usual durations, for the critical path, the polling and the patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From the creating call to usable.
    pub create: Duration,
    /// From the deleting call to gone.
    pub delete: Duration,
    /// When to give up waiting for either.
    pub patience: Duration,
}

impl Timing {
    /// Usual seconds to create and to delete, and a patience of 20 minutes.
    #[must_use]
    pub const fn seconds(create: u64, delete: u64) -> Self {
        Self {
            create: Duration::from_secs(create),
            delete: Duration::from_secs(delete),
            patience: Duration::from_secs(1200),
        }
    }

    /// Another patience.
    #[must_use]
    pub const fn patience(mut self, seconds: u64) -> Self {
        self.patience = Duration::from_secs(seconds);
        self
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self::seconds(1, 1)
    }
}
