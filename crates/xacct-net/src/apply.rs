//! Two networks as one thing: observe, plan, deploy, remove.

use crate::observe::{Seen, Usage};
use crate::outputs::LinkOutputs;
use crate::plan::{LinkHandles, declare_link};
use crate::site::Site;
use crate::spec::{Link, Side};
use aws_types::SdkConfig;
use futures_util::try_join;
use xacct_converge::{ApplyError, Context, Failure, Graph, Plan, Planned};
use xacct_types::Owner;

/// A link in two accounts.
#[derive(Clone)]
pub struct Networks {
    link: Link,
    source: Site,
    warehouse: Site,
}

impl std::fmt::Debug for Networks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Networks")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

/// What was read of both accounts.
#[derive(Clone)]
pub struct Observed {
    source: Site,
    warehouse: Site,
}

impl Observed {
    pub(crate) fn site(&self, side: Side) -> &Site {
        match side {
            Side::Source => &self.source,
            Side::Warehouse => &self.warehouse,
        }
    }
}

/// Why a link could not be deployed, removed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// What there is could not be read; nothing was changed.
    #[error("the networks could not be read")]
    Observe(#[source] Failure),
    /// A resource could not be brought to the wanted state.
    #[error("the networks could not be brought to the wanted state")]
    Apply(#[source] Box<ApplyError>),
    /// The graph that was applied gave no outputs.
    #[error("the outputs of the networks are incomplete")]
    Outputs(#[source] Failure),
}

impl LinkError {
    /// Whether running again may succeed without anything being mended.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Observe(failure) | Self::Outputs(failure) => failure.is_retryable(),
            Self::Apply(error) => error.is_retryable(),
        }
    }

    /// Whether the failed call changed nothing.
    #[must_use]
    pub const fn has_no_side_effects(&self) -> bool {
        match self {
            Self::Observe(_) | Self::Outputs(_) => true,
            Self::Apply(error) => error.has_no_side_effects(),
        }
    }
}

impl Networks {
    /// A link owned by `owner`, in the accounts that these configurations lead to.
    ///
    /// `generation` goes into idempotency tokens and must be new for every
    /// deployment that changes something: AWS remembers tokens of what is gone.
    #[must_use]
    pub fn new(
        link: Link,
        owner: &Owner,
        generation: u64,
        source: &SdkConfig,
        warehouse: &SdkConfig,
    ) -> Self {
        let site = |side, config| Site::new(side, link.region.clone(), config, owner, generation);
        Self {
            source: site(Side::Source, source),
            warehouse: site(Side::Warehouse, warehouse),
            link,
        }
    }

    /// The link.
    #[must_use]
    pub const fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn site(&self, side: Side) -> &Site {
        match side {
            Side::Source => &self.source,
            Side::Warehouse => &self.warehouse,
        }
    }

    /// Reads what there is in both accounts: list calls only, filtered by our tags,
    /// the results filtered again here.
    ///
    /// # Errors
    /// [`Failure`] names the call.
    pub async fn observe(&self, cx: &Context) -> Result<Observed, Failure> {
        let (on_source, on_warehouse) = (cx.on("source"), cx.on("warehouse"));
        let (source, warehouse): (Seen, Seen) = try_join!(
            self.source.observe(&self.link.source, true, &on_source),
            self.warehouse.observe(&self.link.warehouse, true, &on_warehouse),
        )?;
        Ok(Observed {
            source: self.source.seeing(source),
            warehouse: self.warehouse.seeing(warehouse),
        })
    }

    /// Counts what quotas limit: source first, then warehouse.
    ///
    /// # Errors
    /// [`Failure`] names the call.
    pub async fn usage(&self, cx: &Context) -> Result<[Usage; 2], Failure> {
        let (on_source, on_warehouse) = (cx.on("source"), cx.on("warehouse"));
        let (source, warehouse) =
            try_join!(self.source.usage(&on_source), self.warehouse.usage(&on_warehouse))?;
        Ok([source, warehouse])
    }

    /// The graph of the link as it was observed.
    #[must_use]
    pub fn declare(&self, observed: &Observed) -> (Graph, LinkHandles) {
        let mut graph = Graph::new();
        let handles = declare_link(&mut graph, &self.link, observed);
        (graph, handles)
    }

    async fn graph(&self, cx: &Context) -> Result<(Graph, LinkHandles), LinkError> {
        let observed = self.observe(cx).await.map_err(LinkError::Observe)?;
        Ok(self.declare(&observed))
    }

    /// What a deployment would do. Makes read calls only.
    ///
    /// # Errors
    /// [`LinkError::Observe`].
    pub async fn plan(&self, cx: &Context) -> Result<Plan, LinkError> {
        Ok(self.graph(cx).await?.0.plan().plan)
    }

    /// Brings both networks to the wanted state, whatever state they are in.
    ///
    /// # Guarantees
    /// Running it again finishes what a killed run began, and changes nothing where
    /// everything is as wanted. Nothing without this pipeline's tags is touched.
    ///
    /// # Errors
    /// [`LinkError`] names the resource and the call.
    pub async fn deploy(&self, cx: &Context) -> Result<LinkOutputs, LinkError> {
        let (graph, handles) = self.graph(cx).await?;
        let planned: Planned = graph.plan();
        let applied = graph
            .apply(planned, cx)
            .await
            .map_err(|error| LinkError::Apply(Box::new(error)))?;
        handles.outputs(&applied).map_err(LinkError::Outputs)
    }

    /// Takes both networks away, dependents first, waiting for interfaces that linger.
    ///
    /// # Guarantees
    /// Running it again finishes what a killed run began; what is gone is no error.
    ///
    /// # Errors
    /// [`LinkError`] names the resource that would not go.
    pub async fn remove(&self, cx: &Context) -> Result<(), LinkError> {
        let (graph, _) = self.graph(cx).await?;
        graph
            .remove(graph.plan_removal(), cx)
            .await
            .map_err(|error| LinkError::Apply(Box::new(error)))
    }
}
