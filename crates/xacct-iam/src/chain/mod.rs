//! A chain of roles as one question: may this service, through these roles, do that?
//!
//! Redshift takes `IAM_ROLE 'first,second'`: the service assumes the first
//! role, each role assumes the next, and the last one acts. Every hop needs
//! both sides: the trust policy of the role that is assumed, and the identity
//! policies of the role that assumes it.
//!
//! ```
//! use xacct_iam::chain::{Chain, Goal, RoleView};
//! use xacct_iam::policy::PolicyDocument;
//! use xacct_iam::trust;
//!
//! let pipeline = "clicks".parse()?;
//! let warehouse = "arn:aws:iam::222222222222:role/warehouse".parse()?;
//! let reader = "arn:aws:iam::111111111111:role/reader".parse()?;
//! let topic = "arn:aws:kafka:ap-south-1:111111111111:topic/clicks/8ecca3e4-s1/testtopic";
//!
//! let first = RoleView::planned(&warehouse, PolicyDocument::new([trust::warehouse(&pipeline, &[])]))
//!     .granting("assume", PolicyDocument::from_grants([&trust::assume_grant(&reader)])?);
//! // The tutorial's mistake: the reader still trusts ec2.amazonaws.com.
//! let second = RoleView::planned(&reader, trust::of_services(&pipeline, ["ec2.amazonaws.com"]));
//!
//! let proof = Chain::new("redshift.amazonaws.com", first)
//!     .then(second)
//!     .prove(&[Goal::new("kafka-cluster:ReadData", topic)]);
//! let broken = proof.first_failure().expect("the chain is broken");
//! assert_eq!(
//!     broken.to_string(),
//!     "arn:aws:iam::222222222222:role/warehouse cannot assume arn:aws:iam::111111111111:role/reader: \
//!      denied because no trust policy allows it (statement XacctclicksTrustServices of trust policy reader \
//!      is for ec2.amazonaws.com)"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod mend;
mod proof;

pub use mend::Mend;
pub use proof::{Break, ChainProof, Link, Outcome, Step};

use crate::evaluate::{
    Attached, Caller, Context, Decision, Policies, PolicyKind, Request, RoleCaller, ServiceCaller, evaluate,
};
use crate::policy::PolicyDocument;
use std::collections::BTreeMap;
use xacct_types::{AccountId, Grant, RoleArn};

/// A role as a plan makes it or as AWS describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleView {
    /// The role's ARN.
    pub arn: RoleArn,
    /// The role's unique id; `None` while it is only planned.
    pub unique_id: Option<String>,
    /// Its trust policy.
    pub trust: PolicyDocument,
    /// Its inline and attached policies by name.
    pub policies: BTreeMap<String, PolicyDocument>,
    /// Its permissions boundary, by ARN, with the document.
    pub boundary: Option<(String, PolicyDocument)>,
}

impl RoleView {
    /// A role that is to be: it has no unique id and no policies yet.
    #[must_use]
    pub fn planned(arn: &RoleArn, trust: PolicyDocument) -> Self {
        Self {
            arn: arn.clone(),
            unique_id: None,
            trust,
            policies: BTreeMap::new(),
            boundary: None,
        }
    }

    /// Says which unique id AWS gave to the role.
    #[must_use]
    pub fn with_unique_id(mut self, id: impl Into<String>) -> Self {
        self.unique_id = Some(id.into());
        self
    }

    /// Adds an identity policy.
    #[must_use]
    pub fn granting(mut self, name: &str, document: PolicyDocument) -> Self {
        self.policies.insert(name.to_owned(), document);
        self
    }

    /// Sets the permissions boundary.
    #[must_use]
    pub fn bounded_by(mut self, arn: &str, document: PolicyDocument) -> Self {
        self.boundary = Some((arn.to_owned(), document));
        self
    }

    /// The role as somebody who calls, in a session whose name is not known.
    fn caller(&self) -> Caller {
        Caller::Role(RoleCaller {
            arn: self.arn.clone(),
            unique_id: self.unique_id.clone(),
            session: None,
        })
    }

    /// What the role brings to every request that it makes.
    fn as_caller(&self) -> Policies<'_> {
        let attached = self
            .policies
            .iter()
            .map(|(name, document)| Attached::new(PolicyKind::Identity, name, document));
        let policies = Policies::identity(attached);
        match &self.boundary {
            Some((arn, document)) => policies.with(Attached::new(PolicyKind::Boundary, arn, document)),
            None => policies,
        }
    }
}

/// What the last role of a chain is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Goal {
    /// The action.
    pub action: String,
    /// The resource's ARN; a `*` in it stands for a name that is not known.
    pub resource: String,
    /// The keys of the request.
    pub context: Context,
    /// The resource's own policy, if it has one, with a name.
    pub resource_policy: Option<(String, PolicyDocument)>,
    /// Who owns the resource, where its ARN does not say.
    pub owner: Option<AccountId>,
}

impl Goal {
    /// An action on a resource that has no policy of its own.
    #[must_use]
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Context::of_a_future_call(),
            resource_policy: None,
            owner: None,
        }
    }

    /// Every action of a grant on every resource of it, in requests that meet
    /// the grant's conditions with the first value of each.
    #[must_use]
    pub fn all_of(grant: &Grant) -> Vec<Self> {
        let context = grant
            .conditions
            .iter()
            .fold(Context::of_a_future_call(), |context, condition| {
                context.set(&condition.key, condition.values.first().cloned())
            });
        let pairs = grant
            .actions
            .iter()
            .flat_map(|action| grant.resources.iter().map(move |resource| (action, resource)));
        pairs
            .map(|(action, resource)| Self {
                context: context.clone(),
                ..Self::new(action, resource)
            })
            .collect()
    }

    /// Sets the resource's own policy.
    #[must_use]
    pub fn with_resource_policy(mut self, name: &str, document: PolicyDocument) -> Self {
        self.resource_policy = Some((name.to_owned(), document));
        self
    }
}

/// A service and the roles that it goes through, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    service: ServiceCaller,
    external_id: Option<String>,
    roles: Vec<RoleView>,
}

impl Chain {
    /// `service` assumes `first`.
    #[must_use]
    pub fn new(service: impl Into<String>, first: RoleView) -> Self {
        let service = ServiceCaller {
            name: service.into(),
            region: None,
        };
        Self {
            service,
            external_id: None,
            roles: vec![first],
        }
    }

    /// The region that the service acts in; regional principals require it.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        self.service.region = Some(region.to_owned());
        self
    }

    /// The external id that the service passes on the first hop: for Redshift,
    /// the ARN of the database user. It is not documented to be passed on later
    /// hops and is therefore undecided there.
    #[must_use]
    pub fn with_external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// The last role so far assumes `next`.
    #[must_use]
    pub fn then(mut self, next: RoleView) -> Self {
        self.roles.push(next);
        self
    }

    /// The roles, first to last.
    #[must_use]
    pub fn roles(&self) -> &[RoleView] {
        &self.roles
    }

    /// Evaluates every hop and every goal, also behind one that is broken, so
    /// that one look shows all there is to mend.
    #[must_use]
    pub fn prove(&self, goals: &[Goal]) -> ChainProof {
        let mut steps = Vec::new();
        let mut by: Option<&RoleView> = None;
        for role in &self.roles {
            steps.push(self.hop(by, role));
            by = Some(role);
        }
        if let Some(last) = by {
            steps.extend(goals.iter().map(|goal| act(last, goal)));
        }
        ChainProof { steps }
    }

    fn hop(&self, by: Option<&RoleView>, role: &RoleView) -> Step {
        let trust = Attached::new(PolicyKind::Trust, role.arn.name(), &role.trust);
        let (caller, policies, context) = match by {
            Some(by) => (by.caller(), by.as_caller(), later_hop()),
            None => (
                Caller::Service(self.service.clone()),
                Policies::none(),
                self.first_hop(),
            ),
        };
        let link = Link::Assume {
            by: by.map_or_else(|| self.service.name.clone(), |by| by.arn.to_string()),
            role: role.arn.clone(),
        };
        if let Some(by) = by.filter(|by| by.arn.partition() != role.arn.partition()) {
            let (from, to) = (by.arn.partition(), role.arn.partition());
            let outcome = Outcome::Broken(Break::OtherPartition { from, to });
            return Step::new(link, outcome, vec![Mend::UseOnePartition]);
        }
        let request = Request::new(caller, "sts:AssumeRole", role.arn.as_str()).in_context(context);
        let decision = evaluate(&request, &policies.with(trust));
        let mends = mend::assume(&decision, &self.service.name, by, role);
        Step::new(link, outcome(decision), mends)
    }

    /// No page of AWS says that Redshift sends `aws:SourceAccount` or
    /// `aws:SourceArn`, nor that it does not.
    fn first_hop(&self) -> Context {
        let context = Context::of_a_future_call()
            .undecided("aws:SourceAccount")
            .undecided("aws:SourceArn");
        match &self.external_id {
            Some(id) => context.set("sts:ExternalId", [id.as_str()]),
            None => context,
        }
    }
}

fn later_hop() -> Context {
    Context::of_a_future_call().undecided("sts:ExternalId")
}

fn act(role: &RoleView, goal: &Goal) -> Step {
    let mut policies = role.as_caller();
    if let Some((name, document)) = &goal.resource_policy {
        policies = policies.with(Attached::new(PolicyKind::Resource, name, document));
    }
    if let Some(owner) = &goal.owner {
        policies = policies.resource_of(owner.clone());
    }
    let request = Request::new(role.caller(), &goal.action, &goal.resource).in_context(goal.context.clone());
    let decision = evaluate(&request, &policies);
    let link = Link::Act {
        role: role.arn.clone(),
        action: goal.action.clone(),
        resource: goal.resource.clone(),
    };
    let mends = mend::act(&decision, role, goal);
    Step::new(link, outcome(decision), mends)
}

fn outcome(decision: Decision) -> Outcome {
    match decision {
        Decision::Allowed(by) => Outcome::Holds(by),
        Decision::Denied(denial) => Outcome::Broken(Break::Denied(denial)),
        Decision::Undecided(doubts) => Outcome::Undecided(doubts),
    }
}
