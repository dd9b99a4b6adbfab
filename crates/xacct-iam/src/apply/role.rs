//! A role as a resource of a graph.

use super::Seen;
use super::api::{ALREADY_EXISTS, Api};
use crate::outputs::RoleOut;
use crate::plan::{self, BOUNDARY, DESCRIPTION, MANAGED, MAX_SESSION, PATH, POLICY, RoleState, TAG, TRUST};
use crate::policy::PolicyDocument;
use crate::spec::RoleSpec;
use std::collections::BTreeSet;
use std::time::Duration;
use xacct_converge::{
    Context, Decision, Failure, Inputs, Needs, Reason, Resource, Settled, Timing, Value, What,
};
use xacct_types::{Owner, RoleArn, Tags};

/// How long IAM may need until a new role is known as a principal. The same
/// refusal is final if the principal does not exist, so this must end; it is
/// what Terraform's provider allows.
const PRINCIPAL_PATIENCE: Duration = Duration::from_secs(120);
/// How long a name may stay taken by a role that was just removed.
const NAME_PATIENCE: Duration = Duration::from_secs(120);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(3);
/// How long after its creation a role is taken to be usable everywhere. Public
/// reports speak of 10 to 30 seconds until it can be assumed; who uses it
/// first has to bear the rest.
const PROPAGATION: Duration = Duration::from_secs(10);

/// One role.
pub(super) struct RoleNode {
    pub(super) api: Api,
    pub(super) owner: Owner,
    pub(super) resource: &'static str,
    pub(super) spec: RoleSpec,
    /// The ARN that path and name make.
    pub(super) arn: RoleArn,
    pub(super) trust: Value<PolicyDocument>,
    /// Names of the inline policies that the role should have.
    pub(super) policies: BTreeSet<String>,
    pub(super) found: Option<RoleState>,
}

impl RoleNode {
    fn output(state: &RoleState) -> RoleOut {
        RoleOut::new(state.arn.clone(), &state.unique_id)
    }

    fn name(&self) -> &str {
        self.spec.name.as_str()
    }

    async fn look(&self, cx: &Context) -> Result<Seen, Failure> {
        let state = self.api.describe(self.name(), cx).await?;
        Ok(Seen::of(state, &self.owner, self.resource))
    }

    /// Makes `call` again while IAM does not know the principal yet.
    async fn until_known<T, F, Fut>(&self, cx: &Context, mut call: F) -> Result<T, Failure>
    where
        F: FnMut() -> Fut + Send,
        Fut: Future<Output = Result<T, Failure>> + Send,
    {
        let start = cx.now();
        loop {
            let refusal = match call().await {
                Err(failure) if is_unknown_principal(&failure) => failure,
                other => return other,
            };
            if cx.since(start) + PAUSE > PRINCIPAL_PATIENCE {
                return Err(refusal);
            }
            let reason = "IAM to know the principal of the trust policy".to_owned();
            cx.tell(What::Waiting { reason });
            cx.sleep(PAUSE).await;
        }
    }

    /// What a taken name means: ours after all, worth waiting for, or somebody else's.
    async fn after_refusal(&self, refusal: Failure, cx: &Context) -> Result<Option<RoleOut>, Failure> {
        match self.look(cx).await? {
            Seen::Ours(state) => Ok(Some(Self::output(&state))),
            Seen::Foreign(arn) => Err(taken(&arn).with_source(refusal)),
            Seen::Nothing => Ok(None),
        }
    }
}

/// The refusal that ends by itself if the principal was made a moment ago; it
/// has no code of its own.
fn is_unknown_principal(failure: &Failure) -> bool {
    failure.is_code(&["MalformedPolicyDocument"]) && failure.message().contains("Invalid principal in policy")
}

fn taken(arn: &RoleArn) -> Failure {
    let message = format!(
        "the role {arn} exists and does not carry this pipeline's tags: \
         give the pipeline another name or its roles a prefix"
    );
    Failure::terminal("iam:CreateRole", message).with_code(Some(ALREADY_EXISTS))
}

impl Resource for RoleNode {
    type Output = RoleOut;

    fn kind(&self) -> &'static str {
        "AWS::IAM::Role"
    }

    fn needs(&self) -> Needs {
        Needs::none().value(&self.trust)
    }

    fn plan(&self, known: &Inputs<'_>) -> Decision<RoleOut> {
        let Some(found) = &self.found else {
            return Decision::create();
        };
        let current = Self::output(found);
        if found.arn != self.arn {
            // Names are unique whatever the path, and a path cannot be changed.
            return Decision::replace(current, vec![Reason::differs(PATH, &found.arn, &self.arn)]);
        }
        let trust = known.known(&self.trust);
        let mut reasons = plan::role(&self.spec, trust.as_ref(), found);
        reasons.extend(plan::foreign_policies(&self.policies, found));
        reasons.extend(plan::foreign_attachments(found));
        Decision::update(current, reasons)
    }

    async fn create(&self, inputs: &Inputs<'_>, cx: &Context) -> Result<RoleOut, Failure> {
        let trust = inputs.get(&self.trust)?;
        let start = cx.now();
        loop {
            let made = self
                .until_known(cx, || self.api.create(&self.spec, &trust, cx))
                .await;
            let refusal = match made {
                Ok((arn, unique_id)) => {
                    let made_at = Some(cx.now());
                    return Ok(RoleOut {
                        made_at,
                        ..RoleOut::new(arn, unique_id)
                    });
                }
                Err(failure) if failure.is_code(&[ALREADY_EXISTS]) => failure,
                Err(failure) => return Err(failure),
            };
            let message = refusal.to_string();
            if let Some(ours) = self.after_refusal(refusal, cx).await? {
                return Ok(ours);
            }
            if cx.since(start) + PAUSE > NAME_PATIENCE {
                return Err(Failure::terminal("iam:CreateRole", message));
            }
            let reason = format!("the name {} to become free", self.name());
            cx.tell(What::Waiting { reason });
            cx.sleep(PAUSE).await;
        }
    }

    async fn recover(&self, _: &Inputs<'_>, cx: &Context) -> Result<Option<RoleOut>, Failure> {
        Ok(self.look(cx).await?.ours().map(Self::output))
    }

    async fn configure(
        &self,
        current: RoleOut,
        reasons: &[Reason],
        inputs: &Inputs<'_>,
        cx: &Context,
    ) -> Result<RoleOut, Failure> {
        let differs = |attribute: &str| reasons.iter().any(|reason| reason.attribute == attribute);
        if differs(TRUST) {
            let trust = inputs.get(&self.trust)?;
            self.until_known(cx, || self.api.put_trust(self.name(), &trust, cx))
                .await?;
        }
        if differs(DESCRIPTION) || differs(MAX_SESSION) {
            self.api.update(&self.spec, cx).await?;
        }
        if let (true, Some(boundary)) = (differs(BOUNDARY), &self.spec.permission_boundary) {
            self.api.put_boundary(self.name(), boundary.as_str(), cx).await?;
        }
        let wrong = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix(TAG).zip(reason.new.clone()));
        let tags: Tags = wrong.map(|(key, value)| (key.to_owned(), value)).collect();
        if !tags.is_empty() {
            self.api.tag(self.name(), &tags, cx).await?;
        }
        let foreign = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix(POLICY));
        for policy in foreign {
            self.api.delete_policy(self.name(), policy, cx).await?;
        }
        let attached = reasons
            .iter()
            .filter_map(|reason| reason.attribute.strip_prefix(MANAGED));
        for policy in attached {
            self.api.detach(self.name(), policy, cx).await?;
        }
        Ok(current)
    }

    async fn settle(
        &self,
        current: &RoleOut,
        _: &Inputs<'_>,
        cx: &Context,
    ) -> Result<Settled<RoleOut>, Failure> {
        let waiting = |what: &str| Ok(Settled::Waiting(what.to_owned()));
        // Whatever a look would show: it is too early.
        if current.made_at.is_some_and(|made| cx.since(made) < PROPAGATION) {
            return waiting("IAM to make the role known everywhere");
        }
        let Some(state) = self.api.describe(self.name(), cx).await? else {
            return waiting("the role to become visible");
        };
        if !plan::dead_principals(&state.trust).is_empty() {
            return waiting("IAM to know the principal of the trust policy");
        }
        Ok(Settled::Ready(current.clone()))
    }

    async fn delete(&self, current: &RoleOut, cx: &Context) -> Result<(), Failure> {
        match self.api.read(current.arn.name(), cx).await? {
            // Read again: what others hung on it since must come off too.
            Some(state) if self.owner.owns(&state.tags, self.resource) => self.api.delete(&state, cx).await,
            _ => Ok(()),
        }
    }

    async fn gone(&self, _: &RoleOut, cx: &Context) -> Result<bool, Failure> {
        Ok(self.look(cx).await?.ours().is_none())
    }

    fn timing(&self) -> Timing {
        Timing::seconds(10, 2).patience(300)
    }
}
