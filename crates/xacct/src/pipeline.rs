//! The one call.

use crate::collect;
use crate::control::Runs;
use crate::deployment::Deployment;
use crate::draft::Depth;
use crate::error::Error;
use crate::lease::WhenBusy;
use crate::spec::PipelineSpec;
use aws_types::SdkConfig;
use msk_clickstream::{KafkaAccess, KafkaTopicAdmin};
use redshift_streaming::serverless::FinalSnapshot;
use std::sync::Arc;
use std::time::Duration;
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Change, Context, Plan, Report, Sink};
use xacct_iam::account::Identity;
use xacct_net::Side;
use xacct_types::{AccountId, TopicAdmin};

/// A pipeline between two accounts: planned, deployed, verified, removed.
///
/// # Guarantees
/// There is no state file. Everything that is made carries the pipeline's tags
/// or a name that derives from it, in the very call that makes it, so that a
/// process that is killed anywhere is followed by a `deploy()` that goes on
/// from there, and `destroy()` finds all of it. What does not carry them is
/// never changed.
///
/// Of several processes that change one pipeline, one does and the others wait
/// for it ([`when_busy`](Self::when_busy)): they meet in a lease, an IAM role in the
/// warehouse's account that is there while something is changed, and gone after.
///
/// # Credentials
/// One [`SdkConfig`] for each account, with rights of its own;
/// [`Account::assume`](crate::Account::assume) makes one from a role. Credentials
/// that expire on the way are asked of their provider again; where that fails,
/// the error is one from which `deploy()` goes on.
#[derive(Clone)]
pub struct Pipeline {
    pub(crate) spec: PipelineSpec,
    pub(crate) source: SdkConfig,
    pub(crate) warehouse: SdkConfig,
    pub(crate) access: KafkaAccess,
    /// Whose credentials the warehouse's are.
    pub(crate) caller: String,
    admin: Option<Arc<dyn TopicAdmin>>,
    pub(crate) sink: Sink,
    seed: u64,
    pub(crate) allowed: Allowed,
    pub(crate) when_busy: WhenBusy,
    pub(crate) on_failure: OnFailure,
    pub(crate) deadline: Option<Duration>,
    pub(crate) runs: Arc<Runs>,
    pub(crate) final_snapshot: Option<FinalSnapshot>,
}

/// What may be destroyed, if the plan says so.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allowed {
    pub(crate) replace: bool,
    pub(crate) data_loss: bool,
}

/// What becomes of what a deployment made before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// It stays, and the next deployment goes on from there.
    #[default]
    Keep,
    /// It is removed, and nothing else: what was there before stays, and what was
    /// changed in place stays changed. A deployment that was stopped, ran into its
    /// deadline or lost its lease keeps what it made.
    Rollback,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl Pipeline {
    /// A pipeline of `spec` between the accounts that `source` and `warehouse` reach.
    ///
    /// Checks everything that can be known: the specification, and with one
    /// `GetCallerIdentity` each that the credentials belong to its accounts.
    ///
    /// # Errors
    /// [`Error::Spec`] with everything that is wrong with the specification;
    /// [`Error::WrongRegion`]; [`Error::Brokers`] where the source's configuration
    /// has no credentials to sign with; [`Error::Identity`] where credentials belong
    /// to another account or nobody could say to which. Nothing was changed.
    pub async fn new(spec: PipelineSpec, source: SdkConfig, warehouse: SdkConfig) -> Result<Self, Error> {
        let spec = spec.checked()?;
        check_region(Side::Source, &spec, &source)?;
        check_region(Side::Warehouse, &spec, &warehouse)?;
        let access = KafkaAccess::iam(&source).map_err(|error| Error::Brokers(error.into()))?;
        let sink: Sink = Arc::new(|_| ());
        let pipeline = Self {
            spec,
            source,
            warehouse,
            access,
            caller: String::new(),
            admin: None,
            sink,
            seed: 1,
            allowed: Allowed::default(),
            when_busy: WhenBusy::default(),
            on_failure: OnFailure::default(),
            deadline: None,
            runs: Arc::default(),
            final_snapshot: None,
        };
        Box::pin(pipeline.checked_accounts()).await
    }

    /// Tells `sink` what happens: what is made, what it waits for, how long is
    /// left. The sink must return at once; it cannot stall the deployment
    /// otherwise.
    #[must_use]
    pub fn on_event(mut self, sink: Sink) -> Self {
        self.sink = sink;
        self
    }

    /// Reaches the brokers another way than their addresses say: through a
    /// tunnel, with another certificate authority.
    #[must_use]
    pub fn with_kafka_access(mut self, change: impl FnOnce(KafkaAccess) -> KafkaAccess) -> Self {
        self.access = change(self.access);
        self
    }

    /// Lets somebody else make the topics.
    #[must_use]
    pub fn with_topic_admin(mut self, admin: Arc<dyn TopicAdmin>) -> Self {
        self.admin = Some(admin);
        self
    }

    /// Another seed for the jitter of retries. The same seed against the same
    /// answers makes the same calls.
    #[must_use]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Lets a deployment remove resources and make them anew where they cannot be
    /// changed in place. Without it such a plan is refused.
    #[must_use]
    pub const fn allow_replace(mut self) -> Self {
        self.allowed.replace = true;
        self
    }

    /// Lets resources be replaced or removed that hold data which cannot be made
    /// again: the cluster, a topic, the namespace, a view. Without it
    /// [`destroy`](Self::destroy) of a pipeline that has one of them is refused.
    /// Implies [`allow_replace`](Self::allow_replace).
    #[must_use]
    pub const fn allow_data_loss(mut self) -> Self {
        self.allowed = Allowed {
            replace: true,
            data_loss: true,
        };
        self
    }

    /// What happens while another process changes the same pipeline. Default: it is
    /// waited for, 20 minutes at most.
    #[must_use]
    pub const fn when_busy(mut self, when_busy: WhenBusy) -> Self {
        self.when_busy = when_busy;
        self
    }

    /// What becomes of what a deployment made before it failed. Default: it stays.
    #[must_use]
    pub const fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Takes a snapshot of the warehouse's namespace before [`destroy`](Self::destroy)
    /// removes it. `days` is how long AWS keeps it; without them it stays until
    /// somebody deletes it. The name must be free.
    #[must_use]
    pub fn with_final_snapshot(mut self, name: impl Into<String>, days: Option<u32>) -> Self {
        let name = name.into();
        self.final_snapshot = Some(FinalSnapshot { name, days });
        self
    }

    /// What was asked for.
    #[must_use]
    pub const fn spec(&self) -> &PipelineSpec {
        &self.spec
    }

    /// What a deployment would do now. Makes only calls that read.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Preflight`].
    pub async fn plan(&self) -> Result<Plan, Error> {
        let cx = self.context();
        Ok(Box::pin(self.draft(Depth::Everything, 0, &cx))
            .await?
            .graph
            .plan()
            .plan)
    }

    /// Brings everything to the wanted state, whatever state it is in, and
    /// returns when the views have been refreshed once.
    ///
    /// # Guarantees
    /// A second call on an unchanged pipeline makes no call that writes. A call
    /// after a failure, a kill or a dropped future goes on from there; after a kill
    /// or a dropped future it waits until the lease that was left is over, 15 minutes
    /// after it was taken.
    ///
    /// # Errors
    /// [`Error::Preflight`] with every finding before anything is changed;
    /// [`Error::Apply`] with the resource and the call that failed;
    /// [`Error::Busy`] with who changes the pipeline now.
    pub async fn deploy(&self) -> Result<Deployment, Error> {
        Box::pin(self.bring_about(None)).await
    }

    /// Carries out exactly `plan`, or nothing if something has moved since.
    ///
    /// # Errors
    /// [`Error::Moved`] says what would be done now; else as [`Pipeline::deploy`].
    pub async fn apply(&self, plan: &Plan) -> Result<Deployment, Error> {
        Box::pin(self.bring_about(Some(plan))).await
    }

    /// The deployment that exists, without changing anything.
    ///
    /// # Errors
    /// [`Error::Moved`] where the pipeline is not complete; [`Error::Read`].
    pub async fn current(&self) -> Result<Deployment, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(Depth::Everything, 0, &cx)).await?;
        let planned = draft.graph.plan();
        if planned
            .plan
            .changes()
            .filter(|step| !draft.waits(&step.resource))
            .any(|step| matches!(step.change, Change::Create | Change::Replace(_)))
        {
            let plan = &planned.plan;
            return Err(Error::Moved(format!(
                "the pipeline is not complete; a deployment would do:\n{plan}"
            )));
        }
        let outputs = collect::outputs(&self.spec, &draft, &planned.existing())?;
        Ok(Deployment::new(self.clone(), outputs, draft.graph.len()))
    }

    /// Removes everything that the pipeline made, dependents first, and nothing else.
    ///
    /// # Guarantees
    /// Safe to kill and to run again. What does not carry the pipeline's tags is
    /// not touched. The events in the cluster and the rows of the views are lost, so
    /// it is refused until [`allow_data_loss`](Self::allow_data_loss) is said.
    ///
    /// # Errors
    /// [`Error::Preflight`] with everything that holds data, before anything is
    /// changed; [`Error::Remove`] with the resource that would not go;
    /// [`Error::Busy`] with who changes the pipeline now.
    pub async fn destroy(&self) -> Result<Plan, Error> {
        Box::pin(self.take_away()).await
    }

    /// What [`destroy`](Self::destroy) would remove now. Makes only calls that read.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn plan_removal(&self) -> Result<Plan, Error> {
        let cx = self.context();
        Ok(Box::pin(self.draft(Depth::Resources, 0, &cx))
            .await?
            .graph
            .plan_removal()
            .plan)
    }

    /// Looks at the live accounts, with calls that read, and proves that packets,
    /// names, roles and SQL work, or names every link that does not.
    ///
    /// # Errors
    /// [`Error::Read`] where something could not be looked at.
    pub async fn verify(&self) -> Result<Report, Error> {
        Box::pin(crate::verify::verify(self, &self.context())).await
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(ConfigClock::of(&self.source), self.seed).with_sink(self.sink.clone())
    }

    pub(crate) fn topic_admin(&self) -> Arc<dyn TopicAdmin> {
        self.admin
            .clone()
            .unwrap_or_else(|| Arc::new(KafkaTopicAdmin::new(self.access.clone())))
    }

    async fn checked_accounts(mut self) -> Result<Self, Error> {
        let cx = self.context();
        let (source, warehouse) = (&self.spec.source.account, &self.spec.warehouse.account);
        let (_, caller) = futures_util::try_join!(
            check_account(Side::Source, &self.source, source, &cx),
            check_account(Side::Warehouse, &self.warehouse, warehouse, &cx),
        )?;
        self.caller = caller.arn;
        Ok(self)
    }
}

async fn check_account(
    side: Side,
    config: &SdkConfig,
    expected: &AccountId,
    cx: &Context,
) -> Result<Identity, Error> {
    let checked = xacct_iam::account::check(config, expected, cx).await;
    checked.map_err(|source| Error::Identity {
        side,
        source: Box::new(source),
    })
}

fn check_region(side: Side, spec: &PipelineSpec, config: &SdkConfig) -> Result<(), Error> {
    let found = config.region().map(ToString::to_string).unwrap_or_default();
    if found == spec.region.as_str() {
        return Ok(());
    }
    Err(Error::WrongRegion {
        side,
        expected: spec.region.to_string(),
        found,
    })
}
