//! The rules by which policies of all kinds come to one answer.

use super::caller::Caller;
use super::context::Context;
use super::decision::{Decision, Denial, PolicyKind};
use super::layer::{Allow, Denies, Layer};
use super::principal::Reach;
use super::statement::Asked;
use crate::policy::PolicyDocument;
use xacct_types::{AccountId, Arn};

/// What somebody wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// The action, such as `sts:AssumeRole`.
    pub action: String,
    /// The ARN of the resource, or `*` for actions that know none.
    pub resource: String,
    /// The keys that conditions look at; those that follow from the caller are added.
    pub context: Context,
}

impl Request {
    /// A request with an empty context.
    #[must_use]
    pub fn new(caller: Caller, action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            caller,
            action: action.into(),
            resource: resource.into(),
            context: Context::new(),
        }
    }

    /// Sets the context.
    #[must_use]
    pub fn in_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }
}

/// A document and what it is to the request.
#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    /// What the policy is to the request.
    pub kind: PolicyKind,
    /// A name for the answer.
    pub name: &'a str,
    /// The document.
    pub document: &'a PolicyDocument,
}

impl<'a> Attached<'a> {
    /// Names a document.
    #[must_use]
    pub const fn new(kind: PolicyKind, name: &'a str, document: &'a PolicyDocument) -> Self {
        Self { kind, name, document }
    }
}

/// Every policy that speaks to a request.
#[derive(Debug, Clone, Default)]
pub struct Policies<'a> {
    attached: Vec<Attached<'a>>,
    owner: Option<AccountId>,
}

impl<'a> Policies<'a> {
    /// No policy at all: everything is denied.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The caller's identity policies.
    #[must_use]
    pub fn identity(attached: impl IntoIterator<Item = Attached<'a>>) -> Self {
        attached.into_iter().fold(Self::none(), Self::with)
    }

    /// Adds a policy of any kind.
    #[must_use]
    pub fn with(mut self, attached: Attached<'a>) -> Self {
        self.attached.push(attached);
        self
    }

    /// Says who owns the resource, where its ARN does not.
    #[must_use]
    pub fn resource_of(mut self, account: AccountId) -> Self {
        self.owner = Some(account);
        self
    }

    fn of(&self, kind: PolicyKind) -> Vec<Attached<'a>> {
        self.attached.iter().copied().filter(|a| a.kind == kind).collect()
    }

    fn owner(&self, resource: &str) -> Option<AccountId> {
        let from_arn = || AccountId::new(Arn::read(resource)?.account).ok();
        self.owner.clone().or_else(from_arn)
    }
}

const KINDS: [PolicyKind; 5] = [
    PolicyKind::Identity,
    PolicyKind::Boundary,
    PolicyKind::Session,
    PolicyKind::Resource,
    PolicyKind::Trust,
];

/// Decides a request.
///
/// # Guarantees
/// - A statement with the effect `Deny` that applies decides, whatever else stands anywhere.
/// - Adding a statement that allows never takes an allowed request away, and the
///   order of statements and policies never matters.
/// - Where the answer depends on something unknown it is [`Decision::Undecided`].
#[must_use]
pub fn evaluate(request: &Request, policies: &Policies<'_>) -> Decision {
    let context = request.context.with_caller(&request.caller);
    let asked = Asked {
        request,
        context: &context,
    };
    let denies = all_denies(policies, &asked);
    if let Some(statement) = denies.sure {
        return Decision::Denied(Denial::Explicit(statement));
    }
    match (allow(policies, &asked), denies.doubts) {
        (Allow::No(lacks), _) => Decision::Denied(Denial::Implicit(lacks)),
        (Allow::Yes(by), doubts) if doubts.is_empty() => Decision::Allowed(by),
        (Allow::Yes(_), doubts) => Decision::Undecided(doubts),
        (Allow::Unknown(mut doubts), more) => {
            doubts.extend(more);
            Decision::Undecided(doubts)
        }
    }
}

fn all_denies(policies: &Policies<'_>, asked: &Asked<'_>) -> Denies {
    let mut all = Denies::default();
    for kind in KINDS {
        let attached = policies.of(kind);
        let layer = Layer {
            kind,
            attached: &attached,
        };
        let denies = layer.denies(asked);
        all.sure = all.sure.or(denies.sure);
        all.doubts.extend(denies.doubts);
    }
    all
}

fn allow(policies: &Policies<'_>, asked: &Asked<'_>) -> Allow {
    let caller = asked.request.caller.account();
    let Some(caller) = caller else {
        // A service has no identity policies: the resource's own policy decides.
        return resource_side(policies, asked, &[Reach::Direct]);
    };
    let owner = policies.owner(&asked.request.resource);
    if owner.is_some_and(|owner| owner != caller) {
        let any = [Reach::Account, Reach::Entity, Reach::Direct];
        return identity_side(policies, asked).and(resource_side(policies, asked, &any));
    }
    within_account(policies, asked)
}

/// Identity policies, cut by boundary and session policies.
fn identity_side(policies: &Policies<'_>, asked: &Asked<'_>) -> Allow {
    layer(policies, PolicyKind::Identity, asked).and(cuts(policies, asked))
}

/// Boundary and session policies: where there are none, nothing is cut.
fn cuts(policies: &Policies<'_>, asked: &Asked<'_>) -> Allow {
    let mut allowed = Allow::Yes(Vec::new());
    for kind in [PolicyKind::Boundary, PolicyKind::Session] {
        if !policies.of(kind).is_empty() {
            allowed = allowed.and(layer(policies, kind, asked));
        }
    }
    allowed
}

fn layer(policies: &Policies<'_>, kind: PolicyKind, asked: &Asked<'_>) -> Allow {
    let attached = policies.of(kind);
    let layer = Layer {
        kind,
        attached: &attached,
    };
    layer.allows(asked, None)
}

/// The resource's own policy, for principals of these reaches.
fn resource_side(policies: &Policies<'_>, asked: &Asked<'_>, reaches: &[Reach]) -> Allow {
    let trust = policies.of(PolicyKind::Trust);
    let (kind, attached) = match trust.is_empty() {
        false => (PolicyKind::Trust, trust),
        true => (PolicyKind::Resource, policies.of(PolicyKind::Resource)),
    };
    let layer = Layer {
        kind,
        attached: &attached,
    };
    let mut nearest: Option<Allow> = None;
    for reach in reaches {
        let allow = layer.allows(asked, Some(*reach));
        nearest = Some(match nearest {
            None => allow,
            // The same layer asked again: the lack that came nearest is enough.
            Some(Allow::No(a)) => match allow {
                Allow::No(b) => Allow::No(nearest_lack(a, b)),
                better => better,
            },
            Some(better) => better.or(allow),
        });
    }
    nearest.unwrap_or_else(|| layer.allows(asked, None))
}

fn nearest_lack(a: Vec<super::Lack>, b: Vec<super::Lack>) -> Vec<super::Lack> {
    let stage = |lacks: &[super::Lack]| {
        let stages = lacks.iter().filter_map(|lack| lack.nearest.as_ref());
        stages.map(|near| near.why.stage()).max()
    };
    if stage(&b) > stage(&a) { b } else { a }
}

/// One allow is enough, but a trust policy must allow itself.
fn within_account(policies: &Policies<'_>, asked: &Asked<'_>) -> Allow {
    let identity = layer(policies, PolicyKind::Identity, asked);
    let must_allow = !policies.of(PolicyKind::Trust).is_empty();
    let has_resource_policy = must_allow || !policies.of(PolicyKind::Resource).is_empty();
    if !has_resource_policy {
        return identity.and(cuts(policies, asked));
    }
    let direct = resource_side(policies, asked, &[Reach::Direct]);
    let entity = resource_side(policies, asked, &[Reach::Entity]);
    let by_identity = match must_allow {
        true => identity.and(resource_side(policies, asked, &[Reach::Account])),
        false => identity,
    };
    // Named through its role, the caller is still cut by boundary and session.
    let granted = match (by_identity, entity) {
        (Allow::No(lacks), Allow::No(other)) if must_allow => Allow::No(reasons(lacks, other)),
        (by_identity, entity) => by_identity.or(entity),
    };
    match (direct, granted.and(cuts(policies, asked))) {
        (Allow::No(_), through_entity) => through_entity,
        (direct, through_entity) => direct.or(through_entity),
    }
}

/// One reason for the trust policy, the nearest, and those of the identity side.
fn reasons(by_identity: Vec<super::Lack>, entity: Vec<super::Lack>) -> Vec<super::Lack> {
    let (trust, identity): (Vec<_>, Vec<_>) = by_identity
        .into_iter()
        .partition(|lack| lack.kind == PolicyKind::Trust);
    // The trust policy delegates to the account: only the identity side is missing.
    if trust.is_empty() {
        return identity;
    }
    nearest_lack(trust, entity)
}
