//! One deployer at a time.

use crate::control::Run;
use crate::error::Error;
use crate::pipeline::Pipeline;
use crate::spec::PipelineSpec;
use std::sync::Arc;
use std::time::Duration;
use xacct_converge::Context;
use xacct_iam::lease::{Holder, Lease, LeaseError, LeaseName, Leases, ObservedLeases, SIGHT};
use xacct_net::Side;

/// What a deployment or a removal does while another one of the same pipeline is
/// under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenBusy {
    /// Waits for this long, telling for whom, and ends in [`Error::Busy`] then.
    Wait(Duration),
    /// Ends in [`Error::Busy`] at once.
    Refuse,
}

impl Default for WhenBusy {
    /// Waits for 20 minutes: longer than the 15 for which one that died without a
    /// word keeps others out.
    fn default() -> Self {
        Self::Wait(Duration::from_secs(20 * 60))
    }
}

impl PipelineSpec {
    /// The lease on the whole pipeline.
    pub(crate) fn lease_name(&self) -> LeaseName {
        LeaseName::new(self.owner(), &self.region, Side::Warehouse.as_str())
    }
}

impl Pipeline {
    fn leases(&self) -> Leases {
        Leases::new(&self.warehouse, self.spec.lease_name())
    }

    /// Who has the lease now, or left it behind.
    pub(crate) async fn observe_leases(&self, cx: &Context) -> Result<ObservedLeases, Error> {
        let cx = cx.on("lease");
        let observed = Box::pin(self.leases().observe(&cx)).await;
        observed.map_err(|source| Error::Read {
            what: "the lease",
            source,
        })
    }

    /// Takes the lease, and waits for it as far as the user wants.
    pub(crate) async fn take_lease(&self, observed: &ObservedLeases, run: &Run) -> Result<Arc<Lease>, Error> {
        let patience = match self.when_busy {
            WhenBusy::Wait(limit) => limit,
            WhenBusy::Refuse => Duration::ZERO,
        };
        let holder = Holder {
            who: self.caller.clone(),
            run: observed.request.clone(),
        };
        let (own, cx) = (run.own.on("lease"), run.cx.on("lease"));
        let leases = self.leases();
        let taken = Box::pin(leases.acquire(&holder, observed, patience, &own, &cx)).await;
        match taken {
            Ok(lease) => Ok(Arc::new(lease)),
            Err(LeaseError::Failed(source)) => Err(Error::Lease(source)),
            Err(busy) => Err(Error::Busy(Box::new(busy))),
        }
    }

    /// Gives the lease back after `outcome`. Where something went wrong, what was
    /// made last is given the time to become visible to whoever comes next.
    pub(crate) async fn give_back<T>(
        &self,
        lease: &Lease,
        outcome: Result<T, Error>,
        run: &Run,
    ) -> Result<T, Error> {
        if let (Err(_), Some(since)) = (&outcome, lease.since_last_write()) {
            run.own.sleep(SIGHT.saturating_sub(since)).await;
        }
        let released = Box::pin(lease.release()).await;
        let done = outcome?;
        released.map_err(Error::Lease)?;
        Ok(done)
    }
}
