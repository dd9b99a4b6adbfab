//! The one call.

use crate::collect;
use crate::deployment::Deployment;
use crate::draft::{Depth, Draft};
use crate::error::Error;
use crate::spec::PipelineSpec;
use aws_types::SdkConfig;
use msk_clickstream::{KafkaAccess, KafkaTopicAdmin};
use std::sync::Arc;
use xacct_converge::smithy::ConfigClock;
use xacct_converge::{Change, Context, Finding, Plan, Planned, Report, Sink};
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
    admin: Option<Arc<dyn TopicAdmin>>,
    sink: Sink,
    seed: u64,
    allowed: Allowed,
}

/// What a deployment may destroy, if its plan says so.
#[derive(Debug, Clone, Copy, Default)]
struct Allowed {
    replace: bool,
    data_loss: bool,
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
            admin: None,
            sink,
            seed: 1,
            allowed: Allowed::default(),
        };
        Box::pin(pipeline.check_accounts()).await?;
        Ok(pipeline)
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

    /// Lets a deployment replace resources that hold data which cannot be made
    /// again: the cluster, a topic, a view. Implies [`allow_replace`](Self::allow_replace).
    #[must_use]
    pub const fn allow_data_loss(mut self) -> Self {
        self.allowed = Allowed {
            replace: true,
            data_loss: true,
        };
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
        Ok(Box::pin(self.draft(Depth::Everything, &cx))
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
    /// after a failure, a kill or a dropped future goes on from there.
    ///
    /// # Errors
    /// [`Error::Preflight`] with every finding before anything is changed;
    /// [`Error::Apply`] with the resource and the call that failed.
    pub async fn deploy(&self) -> Result<Deployment, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(Depth::Everything, &cx)).await?;
        Box::pin(self.carry_out(draft, &cx)).await
    }

    /// Carries out exactly `plan`, or nothing if something has moved since.
    ///
    /// # Errors
    /// [`Error::Moved`] says what would be done now; else as [`Pipeline::deploy`].
    pub async fn apply(&self, plan: &Plan) -> Result<Deployment, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(Depth::Everything, &cx)).await?;
        let now = draft.graph.plan().plan;
        if now != *plan {
            return Err(Error::Moved(format!(
                "what there is has changed since; the plan would be now:\n{now}"
            )));
        }
        Box::pin(self.carry_out(draft, &cx)).await
    }

    /// The deployment that exists, without changing anything.
    ///
    /// # Errors
    /// [`Error::Moved`] where the pipeline is not complete; [`Error::Read`].
    pub async fn current(&self) -> Result<Deployment, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(Depth::Everything, &cx)).await?;
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
    /// not touched. The events in the cluster and the rows of the views are lost.
    ///
    /// # Errors
    /// [`Error::Remove`] with the resource that would not go.
    pub async fn destroy(&self) -> Result<Plan, Error> {
        let cx = self.context();
        let draft = Box::pin(self.draft(Depth::Resources, &cx)).await?;
        let planned = draft.graph.plan_removal();
        let plan = planned.plan.clone();
        Box::pin(draft.graph.remove(planned, &cx))
            .await
            .map_err(|error| Error::Remove(Box::new(error)))?;
        Ok(plan)
    }

    /// What [`destroy`](Self::destroy) would remove now. Makes only calls that read.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub async fn plan_removal(&self) -> Result<Plan, Error> {
        let cx = self.context();
        Ok(Box::pin(self.draft(Depth::Resources, &cx))
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

    async fn carry_out(&self, draft: Draft, cx: &Context) -> Result<Deployment, Error> {
        let planned = draft.graph.plan();
        self.check_allowed(&planned, &draft)?;
        let applied = Box::pin(draft.graph.apply(planned, cx))
            .await
            .map_err(|error| Error::Apply(Box::new(error)))?;
        let outputs = collect::outputs(&self.spec, &draft, &applied)?;
        Ok(Deployment::new(self.clone(), outputs, draft.graph.len()))
    }

    /// Refuses what would destroy something and was not allowed, or cannot be done
    /// while other resources stand on it.
    fn check_allowed(&self, planned: &Planned, draft: &Draft) -> Result<(), Error> {
        let mut report = Report::default();
        for (name, dependent) in planned.stuck(&draft.graph) {
            let what = format!("can only be made anew, and {dependent} stands on it");
            let mend = "give the field its old value, or destroy the pipeline and deploy again";
            report.find(Finding::error(name, what, mend));
        }
        for step in planned.plan.changes() {
            let Change::Replace(reasons) = &step.change else {
                continue;
            };
            let mend = match (step.destroys_data, self.allowed) {
                (true, Allowed { data_loss: false, .. }) => {
                    "allow the loss of data, or give the field its old value"
                }
                (false, Allowed { replace: false, .. }) => {
                    "allow replacements, or give the field its old value"
                }
                _ => continue,
            };
            let finding = Finding::error(&step.resource, "would be removed and made anew", mend);
            let seen = reasons.iter().map(ToString::to_string);
            report.find(seen.fold(finding, Finding::with_evidence));
        }
        if report.holds() {
            Ok(())
        } else {
            Err(Error::Preflight(report))
        }
    }

    pub(crate) fn context(&self) -> Context {
        Context::new(ConfigClock::of(&self.source), self.seed).with_sink(self.sink.clone())
    }

    pub(crate) fn topic_admin(&self) -> Arc<dyn TopicAdmin> {
        self.admin
            .clone()
            .unwrap_or_else(|| Arc::new(KafkaTopicAdmin::new(self.access.clone())))
    }

    async fn check_accounts(&self) -> Result<(), Error> {
        let cx = self.context();
        let sides = [
            (Side::Source, &self.source, &self.spec.source.account),
            (Side::Warehouse, &self.warehouse, &self.spec.warehouse.account),
        ];
        let checks = sides.map(|(side, config, expected)| check_account(side, config, expected, &cx));
        futures_util::future::try_join_all(checks).await.map(|_| ())
    }
}

async fn check_account(
    side: Side,
    config: &SdkConfig,
    expected: &AccountId,
    cx: &Context,
) -> Result<(), Error> {
    let checked = xacct_iam::account::check(config, expected, cx).await;
    checked.map(|_| ()).map_err(|source| Error::Identity {
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
